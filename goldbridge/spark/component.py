"""Clusters in partitions: pairs that can meet form components, a component lies whole in one partition, and there the
guard of the local engine decides.

Rows of different components never join whatever the guard says, so that each part comes out as it would of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from dedupe import feature
from dedupe.cluster import Edge, Node, cluster
from dedupe.fact import EMPTY, Facts
from dedupe.rule import Rules
from dedupe.table import linkage
from dedupe.table.company import RELATIVES
from dedupe.table.edge import AUTO, REVIEW
from dedupe.table.frame import Ints
from goldbridge.spark.frame import Batches, batch, column, fetched

Kernel = Callable[[Any], tuple[Ints, Ints]]
"""A whole partition of pairs, as one table, into rows and their labels."""


def components(size: int, left: Ints, right: Ints) -> Ints:
    """Per row the smallest row that a chain of pairs leads to."""
    labels = np.arange(size, dtype=np.int64)
    while True:
        least = np.minimum(labels[left], labels[right])
        before = labels.copy()
        np.minimum.at(labels, left, least)
        np.minimum.at(labels, right, least)
        labels = labels[labels]
        if np.array_equal(labels, before):
            return labels


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


def together(size: int, labels: Ints) -> NDArray[np.bool_]:
    """Which rows are not alone."""
    found: NDArray[np.bool_] = np.bincount(labels, minlength=size)[labels] > 1
    return found


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
    edges = [
        Edge(a, b, weight, _band(band, kept is not None and not vetoes and weight >= even), _words(vetoes))
        for a, b, weight, band, vetoes in zip(
            *(said[name] for name in ("a", "b", "weight", "band", "vetoes")), strict=True
        )
    ]
    same: list[tuple[int, int]] = []
    if kept is not None:
        labels = kept.value
        same = [(int(labels[row]), row) for row in sorted(nodes) if labels[row] != row]
    found = cluster(
        [Node(row, nodes[row]) for row in sorted(nodes)],
        edges,
        same=same,
        different=[(edge.a, edge.b) for edge in edges if RELATIVES in edge.vetoes],
        limits=rules.limits,
        bands=rules.bands,
        vetoes=rules.vetoes,
    )
    several: Sequence[Sequence[int]] = [members for members in found.clusters if len(members) > 1]
    rows = [row for members in several for row in members]
    labels_ = [members[0] for members in several for _ in members]
    return np.array(rows, dtype=np.int64), np.array(labels_, dtype=np.int64)


def _band(band: int, likely: bool) -> str:
    return "auto" if band == AUTO or (band == REVIEW and likely) else "review" if band == REVIEW else "no"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def write_facts(facts: Facts) -> str:
    """What may forbid a join, as text; "" for nothing."""
    return "" if facts == EMPTY else orjson.dumps(feature._facts(facts)).decode()


def read_facts(text: str) -> Facts:
    """The inverse of `write_facts`."""
    return feature._read_facts(orjson.loads(text)) if text else EMPTY
