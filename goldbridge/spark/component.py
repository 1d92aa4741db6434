"""Clusters in partitions: pairs that can meet form components, a component lies whole in one partition, and there the
guard of the local engine decides.

Rows of different components never join whatever the guard says, so that each part comes out as it would of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from dedupe.cluster import Edge
from dedupe.fact import Facts
from dedupe.feature import read_facts
from dedupe.rule import Rules
from dedupe.table import guard, linkage
from dedupe.table.edge import AUTO, REVIEW
from dedupe.table.frame import Ints
from dedupe.table.weighing import RELATIVES
from goldbridge.spark.frame import Batches, batch, column, fetched

Kernel = Callable[[Any], tuple[Ints, Ints]]
"""A whole partition of pairs, as one table, into rows and their labels."""


def guarded(spark: Any, pairs: Any, homes: Ints, kernel: Kernel) -> Ints:
    """Labels per row (the smallest row of its cluster), where `homes` are the components and `pairs` (`a`, `b` and what
    the kernel needs) what is known; pairs across components are left out."""
    there = spark.sparkContext.broadcast(homes)
    fields = ", ".join(f"{name} {kind}" for name, kind in pairs.dtypes)
    inside = pairs.mapInArrow(partial(_inside, there), f"{fields}, home long")
    found = inside.repartition("home").mapInArrow(partial(_labelled, kernel), "row long, label long")
    rows, names = fetched(found, "row", "label")
    labels = np.arange(len(homes), dtype=np.int64)
    labels[rows] = names
    return labels


def _inside(there: Any, batches: Batches) -> Iterator[Any]:
    import pyarrow as pa

    homes = there.value
    for each in batches:
        mine = homes[column(each, "a")]
        kept = pa.array(mine == homes[column(each, "b")])
        yield each.append_column("home", pa.array(mine)).filter(kept)


def _labelled(kernel: Kernel, batches: Batches) -> Iterator[Any]:
    import pyarrow as pa

    whole = list(batches)
    if whole:
        rows, labels = kernel(pa.Table.from_batches(whole))
        yield batch({"row": rows, "label": labels})


def _columns(table: Any) -> tuple[Ints, Ints, Ints, Ints]:
    """The rows of a partition in order, and its pairs as places among them with their weights."""
    left, right, weights = (table.column(name).to_numpy().astype(np.int64) for name in ("a", "b", "weight"))
    rows, places = np.unique(np.r_[left, right], return_inverse=True)
    order = np.lexsort((right, left))
    return rows, places[: len(left)][order], places[len(left) :][order], weights[order]


def average(unseen: int, threshold: int, table: Any) -> tuple[Ints, Ints]:
    """By mean weights; `weight` is the balance of a pair."""
    rows, left, right, weights = _columns(table)
    return rows, rows[linkage.average(len(rows), left, right, weights, unseen=unseen, threshold=threshold)]


def one_to_one(threshold: int, table: Any) -> tuple[Ints, Ints]:
    """Each row with one other at most."""
    rows, left, right, weights = _columns(table)
    return rows, rows[linkage.one_to_one(len(rows), left, right, weights, threshold=threshold)]


def by_rules(rules: Rules, kept: Any, even: int, table: Any) -> tuple[Ints, Ints]:
    """By automatic edges, the heaviest first, and vetoes across clusters. Pairs carry `band`, `vetoes` and the facts of
    both rows. Where `kept` (a broadcast) is given, rows of one label are together already, and questions of `even` bits
    count as answered with yes."""
    said = table.select(["a", "b", "weight", "band", "vetoes", "facts_a", "facts_b"]).to_pydict()
    nodes: dict[int, Facts] = {}
    for end in ("a", "b"):
        for row, text in zip(said[end], said[f"facts_{end}"], strict=True):
            if row not in nodes:
                nodes[row] = read_facts(text)
    said_edges = list(zip(*(said[name] for name in ("a", "b", "weight", "band", "vetoes")), strict=True))
    edges = [
        Edge(a, b, weight, "auto")
        for a, b, weight, band, vetoes in said_edges
        if band == AUTO or (band == REVIEW and kept is not None and not vetoes and weight >= even)
    ]
    relatives = [(a, b) for a, b, _, _, vetoes in said_edges if RELATIVES in vetoes.split(",")]
    same: list[tuple[int, int]] = []
    if kept is not None:
        labels = kept.value
        same = [(int(labels[row]), row) for row in sorted(nodes) if labels[row] != row]
    several = guard.clusters(rules, nodes, edges, relatives, same)
    rows = [row for members in several for row in members]
    firsts = [members[0] for members in several for _ in members]
    return np.array(rows, dtype=np.int64), np.array(firsts, dtype=np.int64)
