"""Rows that stand in a table many times over, cell by cell: one of them is compared for all.

Thousands of equal rows under one key are more pairs than anybody can compare, and nothing is learned from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dedupe.bit import bits, log_ratio
from dedupe.table.edge import Edges, banded
from dedupe.table.frame import Ints
from dedupe.table.judge import ColumnJudge
from dedupe.table.resolution import Resolution

MANY = 20
_CLEAR = bits(7)
"""Over the weight at which two rows are as likely one as two when each has about one partner. What the others were
learned with may lie higher: without their twins they may have no partner at all."""


def stand_ins(cells: Sequence[Sequence[str]], order: Sequence[int]) -> list[int] | None:
    """For each row the one that stands for it, its first twin where more than `MANY` are equal, else itself; None where
    there are no such rows. `order` has equal rows side by side."""
    found = list(range(len(order)))
    changed = False
    start = 0
    for at in range(1, len(order) + 1):
        if at < len(order) and all(each[order[at]] == each[order[start]] for each in cells):
            continue
        if at - start > MANY and any(each[order[start]] for each in cells):
            changed = True
            first = min(order[start:at])
            for row in order[start:at]:
                found[row] = first
        start = at
    return found if changed else None


def expand(inner: Resolution, kept: Sequence[int], stand_in: Sequence[int]) -> Resolution:
    """The result over the `kept` rows as one over all: twins join the row that stands for them, if it says enough to
    match itself."""
    place = {row: at for at, row in enumerate(kept)}
    at = [place[row] for row in stand_in]
    twins = [row for row, first in enumerate(stand_in) if first != row]
    judge = inner.judge
    if not isinstance(judge, ColumnJudge):
        return inner
    judge.spread(np.array(at, dtype=np.int64))
    firsts = [stand_in[row] for row in twins]
    own = [match.weight for match in judge.matches(firsts, twins)]
    clear = log_ratio(len(at), 2) + _CLEAR
    labels, auto = _labels(inner.labels, at), _labels(inner.auto_labels, at)
    weights = [inner.weights[each] for each in at]
    for row, first, weight in zip(twins, firsts, own, strict=True):
        if weight < min(inner.even, clear):
            labels[row] = -1 - row
            weights[row] = None
        else:
            weights[first] = weights[row] = max(weight, weights[first] or weight)
        if weight < min(inner.bands.auto, clear):
            auto[row] = -1 - row
    golden = [inner.golden[each] and stand_in[row] == row for row, each in enumerate(at)]
    counts = Counter(labels).values()
    return replace(
        inner,
        labels=_numbered(labels),
        auto_labels=_numbered(auto),
        weights=weights,
        golden=[mark or labels[row] < 0 for row, mark in enumerate(golden)],
        found_pairs=sum(count * (count - 1) // 2 for count in counts),
        expected_right=None,
        edges=_edges(inner, kept, firsts, twins, own),
    )


def _labels(labels: Sequence[int], at: Sequence[int]) -> list[int]:
    return [labels[each] for each in at]


def _numbered(labels: Sequence[int]) -> list[int]:
    numbers: dict[int, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels]


def _edges(
    inner: Resolution, kept: Sequence[int], firsts: Sequence[int], twins: Sequence[int], own: Sequence[int]
) -> Edges:
    rows: Ints = np.array(kept, dtype=np.int64)
    mine = np.array(own, dtype=np.int64)
    bands = banded(mine, inner.bands)
    more = bands > 0
    made = Edges(
        np.r_[rows[inner.edges.left], np.array(firsts, dtype=np.int64)[more]],
        np.r_[rows[inner.edges.right], np.array(twins, dtype=np.int64)[more]],
        np.r_[inner.edges.weights, mine[more]],
        np.r_[inner.edges.bands, bands[more]],
    )
    low, high = np.minimum(made.left, made.right), np.maximum(made.left, made.right)
    order = np.lexsort((high, low))
    return Edges(low[order], high[order], made.weights[order], made.bands[order])
