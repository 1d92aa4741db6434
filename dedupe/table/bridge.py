"""How the rows of a cluster hang together: the heaviest edges that tie it, and the weakest of them.

A maximum spanning forest has, between any two rows, the path whose weakest edge is as heavy as can be. That edge is the
bridge: what somebody has to doubt to doubt that the two are one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dedupe.table.edge import Edges
from dedupe.table.frame import Ints


class Step(NamedTuple):
    """One edge of a path."""

    a: int
    b: int
    weight: int


class Bridge(NamedTuple):
    """The weakest edge that a cluster needs."""

    cluster: int
    rows: int
    a: int
    b: int
    weight: int


def forest(labels: Sequence[int], edges: Edges) -> list[Step]:
    """The edges of a maximum spanning forest inside the clusters, heaviest first; ties by row numbers."""
    own = np.array(labels, dtype=np.int64)
    inside = np.flatnonzero(own[edges.left] == own[edges.right]) if len(edges.left) else np.zeros(0, np.int64)
    order = inside[np.lexsort((edges.right[inside], edges.left[inside], -edges.weights[inside]))]
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        top = row
        while parent.get(top, top) != top:
            top = parent[top]
        while parent.get(row, row) != top:
            parent[row], row = top, parent[row]
        return top

    found = []
    for a, b, weight in _rows(order, edges):
        one, two = root(a), root(b)
        if one != two:
            parent[max(one, two)] = min(one, two)
            found.append(Step(a, b, weight))
    return found


def _rows(order: Ints, edges: Edges) -> list[tuple[int, int, int]]:
    return list(
        zip(edges.left[order].tolist(), edges.right[order].tolist(), edges.weights[order].tolist(), strict=True)
    )


def path(tree: Sequence[Step], a: int, b: int) -> list[Step]:
    """The way from one row to another through a forest, in walking order; empty when there is none."""
    beside: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for step in tree:
        beside[step.a].append((step.b, step.weight))
        beside[step.b].append((step.a, step.weight))
    came: dict[int, Step | None] = {a: None}
    frontier = [a]
    while frontier and b not in came:
        following = []
        for row in frontier:
            for other, weight in beside[row]:
                if other not in came:
                    came[other] = Step(row, other, weight)
                    following.append(other)
        frontier = following
    found: list[Step] = []
    last = came.get(b)
    while last is not None:
        found.append(last)
        last = came[last.a]
    return found[::-1]


def bridges(labels: Sequence[int], tree: Sequence[Step], most: int) -> list[Bridge]:
    """The weakest bridge of each cluster, the weakest first, at most so many."""
    sizes: dict[int, int] = defaultdict(int)
    for label in labels:
        sizes[label] += 1
    weakest: dict[int, Step] = {}
    for step in tree:  # heaviest first: the last one of a cluster stays
        weakest[labels[step.a]] = step
    found = [Bridge(label, sizes[label], *step) for label, step in weakest.items()]
    return sorted(found, key=lambda bridge: (bridge.weight, bridge.a, bridge.b))[:most]
