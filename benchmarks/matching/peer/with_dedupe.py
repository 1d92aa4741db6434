"""dedupe 3 on one table: it must be taught, so that its questions are answered from the truth, fifty of them.

python with_dedupe.py TABLE.csv LABELS.csv NAME
"""

from __future__ import annotations

import random
import sys
from typing import Any

import cleaned

import dedupe
from dedupe import variables

ANSWERS = 50
EXACT = ("phone", "email", "domain", "city", "state", "year", "venue", "gender", "occupation")


def main(source: str, target: str, name: str) -> None:
    random.seed(1)
    keys, rows, sources, truth = cleaned.read(source, name)
    if name == "hist50k":
        rows = [{k: v for k, v in row.items() if k not in ("full_name", "first_and_surname")} for row in rows]
    fields = [
        variables.Exact(each, has_missing=True) if each in EXACT else variables.String(each, has_missing=True)
        for each in rows[0]
    ]
    records: dict[int, dict[str, Any]] = {
        at: {k: v or None for k, v in row.items()} | {"truth": truth[at]} for at, row in enumerate(rows)
    }
    linked = len(set(sources)) > 1
    if linked:
        sides = [{at: row for at, row in records.items() if sources[at] == side} for side in "ab"]
        linker = dedupe.RecordLink(fields, num_cores=1)
        linker.prepare_training(*sides)
        teach(linker)
        pairs = [(int(a), int(b)) for (a, b), _ in linker.join(*sides, threshold=0.5, constraint="one-to-one")]
    else:
        matcher = dedupe.Dedupe(fields, num_cores=1)
        matcher.prepare_training(records)
        teach(matcher)
        groups = [list(map(int, members)) for members, _ in matcher.partition(records, 0.5)]
        pairs = [(group[0], other) for group in groups for other in group[1:]]
    cleaned.write(target, keys, pairs, sources)


def teach(matcher: Any) -> None:
    """Answer its questions."""
    for _ in range(ANSWERS):
        for pair in matcher.uncertain_pairs():
            same = pair[0]["truth"] == pair[1]["truth"]
            matcher.mark_pairs({"match": [pair] if same else [], "distinct": [] if same else [pair]})
    matcher.train()


if __name__ == "__main__":
    main(*sys.argv[1:])
