"""Matches misspelt names of real companies with the shipped rules, by name and country alone, and prints one table.

FILE is a CSV with the columns lei, country and legal_name, of real legal entities. So many are drawn as the first
source; the second has the same ones and one in twenty new ones, under other keys, every second one misspelt as people
misspell from memory. Nothing is looked up, no weight is trained; the LEI is the truth and never compared.

    python -m benchmarks.company_names FILE [--rows 2000 8000] [--seed 1] [--without-country] [--skip companies.csv]
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from dedupe.block import candidate_pairs, keys
from dedupe.cluster import Edge, Node, cluster
from dedupe.evaluate import pair_metrics
from dedupe.prepare import prepare
from dedupe.rule import compile_rules
from dedupe.score import score
from dedupe.statistic import statistics
from tests.e2e.misspell import misspell

Row = dict[str, str]


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.company_names")
    options.add_argument("file", type=Path)
    options.add_argument("--rows", type=int, nargs="+", default=[2000, 8000])
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--without-country", action="store_true")
    options.add_argument("--skip", type=Path, help="a file of the same form whose companies are left out")
    chosen = options.parse_args()
    known = {row["lei"] for row in read(chosen.skip)} if chosen.skip else set()
    rows = [row for row in read(chosen.file) if row["lei"] not in known]
    fields = ("name",) if chosen.without_country else ("name", "country")
    print(f"{'rows':>6}{'P':>8}{'R':>8}{'F1':>8}{'asked':>7}{'right':>7}{'pairs':>9}{'CPU s':>7}")
    for size in chosen.rows:
        measure(rows, size, chosen.seed, fields)


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measure(rows: Sequence[Row], size: int, seed: int, fields: Sequence[str]) -> None:
    """Match two sources of `size` companies and print a line."""
    dice = Random(seed)
    drawn = dice.sample(list(rows), min(len(rows), size + size // 20))
    first = [(row["lei"], row["legal_name"], row["country"]) for row in drawn[:size]]
    second = [
        (lei, misspell(name, dice) if place % 2 else name, country)
        for place, (lei, name, country) in enumerate((row["lei"], row["legal_name"], row["country"]) for row in drawn)
    ]
    records = first + second
    start = time.process_time()
    rules = compile_rules(None, "party", dict.fromkeys(fields, "text"))
    prepared = [prepare(rules, {"name": name, "country": country}) for _, name, country in records]
    counted = statistics(rules, prepared)
    keyed = {place: keys(rules, counted, one) for place, one in enumerate(prepared)}
    pairs, _ = candidate_pairs(keyed, len(records))
    judged = ((a, b, score(rules, counted, prepared[a], prepared[b])) for a, b in pairs)
    edges = [Edge(a, b, found.weight, found.band, found.vetoes) for a, b, found in judged if found.band != "no"]
    nodes = [Node(place, one.facts) for place, one in enumerate(prepared)]
    found = cluster(nodes, edges, limits=rules.limits, bands=rules.bands, vetoes=rules.vetoes)
    used = time.process_time() - start
    home = {member: number for number, members in enumerate(found.clusters) for member in members}
    truth = [lei for lei, *_ in records]
    figures = pair_metrics(truth, [home[place] for place in range(len(records))])
    asked = [edge for edge in edges if home[edge.a] != home[edge.b]]
    right = sum(truth[edge.a] == truth[edge.b] for edge in asked)
    print(
        f"{size:6}{figures.precision:8.4f}{figures.recall:8.4f}{figures.f1:8.4f}{len(asked):7}{right:7}{len(pairs):9}"
        f"{used:7.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
