"""Writes a table of companies as an old CRM exports them, with the true cluster of every row.

Three of five companies are Chinese, the others are at home in sixteen countries. Every fifth row is a duplicate: the
same company typed again (brackets and region moved, short and former names, full-width, traditional script, slips,
homophones, forms written in another way, spelt in Latin letters; numbers missing, wrong, in another format). Beside
them stand companies that are easily taken for one: namesakes in other towns, branches, groups and their companies,
numbered funds, tenants behind one switchboard. Brands and streets are composed from characters and syllables.

The same seed gives the same table on every machine. It is written row by row; a buffer mixes the rows, so that
duplicates do not stand together.

    python -m benchmarks.matching.company --rows 10000 --seed 1 --out companies.csv [--kinds kinds.csv]
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator
from pathlib import Path

from benchmarks.matching.company_abroad import abroad
from benchmarks.matching.company_china import china
from benchmarks.matching.company_row import Company, Row

HEADER = ("id", "name", "credit_code", "phone", "address", "city", "email", "contact", "cluster")
MIXED = 50_000
"""Rows held back at a time, of which the next one is drawn."""
CHINESE = 0.6
PARTNERS = ((0.81, 0), (0.95, 1), (0.99, 2), (1.0, 3))
"""How many more rows a company has, by a draw below the bound: a quarter of a row per company, a fifth of the rows."""


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.matching.company")
    options.add_argument("--rows", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--kinds", type=Path, help="write per row what was done to it, for a table of misses")
    chosen = options.parse_args()
    write(chosen.out, chosen.rows, chosen.seed, chosen.kinds)


def write(out: Path, rows: int, seed: int, kinds: Path | None = None) -> None:
    """The table, and beside it when asked for (id, what was done to the row)."""
    told = kinds.open("w", encoding="utf-8", newline="") if kinds else None
    with out.open("w", encoding="utf-8", newline="") as target:
        table = csv.writer(target, lineterminator="\n")
        table.writerow(HEADER)
        aside = csv.writer(told, lineterminator="\n") if told else None
        for number, (company, row) in enumerate(mixed(rows, seed), start=1):
            name = f"A{number:07d}"
            table.writerow((name, *row[:-1], company))
            if aside:
                aside.writerow((name, row.kinds))
    if told:
        told.close()


def mixed(rows: int, seed: int) -> Iterator[tuple[int, Row]]:
    """(company, row) in mixed order."""
    draw = random.Random(seed * 7919 + 1)
    held: list[tuple[int, Row]] = []
    for found in entries(rows, seed):
        if len(held) < MIXED:
            held.append(found)
            continue
        at = int(draw.random() * MIXED)
        yield held[at]
        held[at] = found
    draw.shuffle(held)
    yield from held


def entries(rows: int, seed: int) -> Iterator[tuple[int, Row]]:
    """(company, row), a company's rows one after the other; exactly so many rows."""
    draw = random.Random(seed)
    left = rows
    number = 0
    while True:
        for company in family(draw):
            number += 1
            for row in written(draw, company):
                if not left:
                    return
                left -= 1
                yield number, row


def family(draw: random.Random) -> list[Company]:
    """A company, and those that are easily taken for it."""
    return china(draw) if draw.random() < CHINESE else abroad(draw)


def written(draw: random.Random, company: Company) -> Iterator[Row]:
    """The rows of a company: as first typed, and again."""
    yield company.first(draw)
    chance = draw.random()
    for _ in range(next(count for bound, count in PARTNERS if chance < bound)):
        yield company.again(draw)


if __name__ == "__main__":
    main()
