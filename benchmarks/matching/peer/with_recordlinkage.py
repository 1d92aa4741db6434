"""recordlinkage on one table: blocks, string comparisons, and its unsupervised classifier (ECM), as its guide shows.

python with_recordlinkage.py TABLE.csv LABELS.csv NAME
"""

from __future__ import annotations

import sys

import cleaned
import pandas as pd
import recordlinkage

BLOCKS = {
    "company": ("code", "phone", "email", "domain", "name", "address"),
    "febrl3": ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode"),
    "febrl4": ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode"),
    "fake1000": ("first_name", "surname", "dob", "email"),
    "hist50k": (("first_name", "surname"), ("surname", "dob"), ("first_name", "dob"), "postcode_fake"),
    "dblpacm": ("title", "authors", ("year", "venue")),
}
EXACT = ("phone", "email", "domain", "city", "state", "year", "venue", "gender", "occupation", "birth_place")
CUT = 0.85


def main(source: str, target: str, name: str) -> None:
    keys, rows, sources, _ = cleaned.read(source, name)
    table = pd.DataFrame(rows).replace("", None)
    if name == "hist50k":
        table = table.drop(columns=["full_name", "first_and_surname"])
    indexer = recordlinkage.Index()
    for block in BLOCKS[name]:
        indexer.block(list(block) if isinstance(block, tuple) else block)
    linked = len(set(sources)) > 1
    if linked:
        first = table[[each == "a" for each in sources]]
        second = table[[each == "b" for each in sources]]
        sides = (first, second)
    else:
        sides = (table,)
    pairs = indexer.index(*sides)
    compare = recordlinkage.Compare()
    for column in table.columns:
        if column in EXACT:
            compare.exact(column, column, label=column)
        else:
            compare.string(column, column, method="jarowinkler", threshold=CUT, label=column)
    levels = compare.compute(pairs, *sides)
    levels = levels.loc[:, levels.nunique() > 1]
    matches = recordlinkage.ECMClassifier(binarize=0.5).fit_predict(levels)
    cleaned.write(target, keys, matches, sources)


if __name__ == "__main__":
    main(*sys.argv[1:])
