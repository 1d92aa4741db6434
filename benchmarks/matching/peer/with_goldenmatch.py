"""goldenmatch on one table: its automatic configuration, which it advises, on cleaned columns.

python with_goldenmatch.py TABLE.csv LABELS.csv NAME
"""

from __future__ import annotations

import csv
import itertools
import sys
import tempfile
from pathlib import Path

import cleaned
import goldenmatch


def main(source: str, target: str, name: str) -> None:
    keys, rows, sources, _ = cleaned.read(source, name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cleaned.csv"
        with file.open("w", encoding="utf-8", newline="") as out:
            table = csv.DictWriter(out, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
        groups = members_of(goldenmatch.dedupe(str(file)))
    if len(set(sources)) > 1:
        groups = [members for members in groups if {sources[row] for row in members} == {"a", "b"}]
    cleaned.write(target, keys, itertools.chain.from_iterable(itertools.pairwise(group) for group in groups), sources)


def members_of(found: goldenmatch.DedupeResult) -> list[list[int]]:
    """The rows of each cluster."""
    return [sorted(cluster["members"]) for cluster in found.clusters.values()]


if __name__ == "__main__":
    main(*sys.argv[1:])
