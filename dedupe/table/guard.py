"""Which rows of a table join: the guard of `dedupe.cluster`, asked only about rows that an edge ties to another one.

Rows of different components never join whatever the guard says, so that each component comes out as it would of the
whole table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dedupe.cluster import Edge, Node, cluster
from dedupe.fact import Facts
from dedupe.prepare import Prepared
from dedupe.rule import Rules
from dedupe.table.frame import Ints


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


def joined(
    rules: Rules,
    prepared: Sequence[Prepared],
    left: Ints,
    right: Ints,
    weights: Ints,
    sure: NDArray[np.bool_],
    relatives: NDArray[np.bool_],
    kept: Ints | None = None,
) -> Ints:
    """A label per row, the smallest row of its cluster: `sure` edges join, `relatives` never stay together, and rows
    of one label in `kept` are together already."""
    size = len(prepared)
    moved = np.zeros(0, np.int64) if kept is None else np.flatnonzero(kept != np.arange(size))
    firsts = moved if kept is None else kept[moved]
    homes = components(size, np.r_[left[sure], firsts], np.r_[right[sure], moved])
    apart = relatives & (homes[left] == homes[right])
    rows = np.unique(np.concatenate([left[sure], right[sure], firsts, moved]))
    edges = zip(left[sure].tolist(), right[sure].tolist(), weights[sure].tolist(), strict=True)
    labels = np.arange(size, dtype=np.int64)
    for members in clusters(
        rules,
        {row: prepared[row].facts for row in rows.tolist()},
        [Edge(a, b, weight, "auto") for a, b, weight in edges],
        zip(left[apart].tolist(), right[apart].tolist(), strict=True),
        zip(firsts.tolist(), moved.tolist(), strict=True),
    ):
        labels[list(members)] = members[0]
    return labels


def clusters(
    rules: Rules,
    facts: Mapping[int, Facts],
    edges: Iterable[Edge],
    relatives: Iterable[tuple[int, int]],
    same: Iterable[tuple[int, int]],
) -> list[tuple[int, ...]]:
    """The clusters of several rows, each in order."""
    found = cluster(
        [Node(row, each) for row, each in facts.items()],
        edges,
        same=same,
        different=relatives,
        limits=rules.limits,
        bands=rules.bands,
        vetoes=rules.vetoes,
        weak=False,
    )
    return [members for members in found.clusters if len(members) > 1]
