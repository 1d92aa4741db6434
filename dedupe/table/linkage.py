"""From weighed pairs of a table to clusters, guarded: a chain of lucky pairs must not swallow the table.

Plain connected components are never enough: on fifty thousand people of history they make one cluster of nearly
everybody. Here two clusters join while the mean weight over *all* pairs across is positive, where a pair that no
blocking key proposed counts as evidence against.
"""

from __future__ import annotations

import heapq

import numpy as np

from dedupe.table.frame import Ints


def average(rows: int, left: Ints, right: Ints, weights: Ints, *, unseen: int, threshold: int = 0) -> Ints:
    """Average linkage: join the two clusters with the highest mean weight while it reaches `threshold` (inclusive).

    Pairs are distinct, left < right; weights and `unseen` (for pairs that are not listed) are integers. Returns a label
    per row, the smallest row of its cluster. Ties are settled by row numbers, so the order of pairs does not matter.
    """
    a, b, w = left.tolist(), right.tolist(), weights.tolist()
    beside: dict[int, dict[int, tuple[int, int]]] = {}
    for one, two, weight in zip(a, b, w, strict=True):
        beside.setdefault(one, {})[two] = (weight, 1)
        beside.setdefault(two, {})[one] = (weight, 1)
    size = dict.fromkeys(beside, 1)
    parent = list(range(rows))
    heap = [(-weight, one, two) for one, two, weight in zip(a, b, w, strict=True) if weight >= threshold]
    heapq.heapify(heap)
    while heap:
        mean, one, two = heapq.heappop(heap)
        if one not in beside or two not in beside or two not in beside[one]:
            continue
        total, known = beside[one][two]
        across = size[one] * size[two]
        if (total + unseen * (across - known)) // across != -mean:
            continue  # an older entry: the clusters grew since
        # The smaller number survives, so labels do not depend on who had more neighbours.
        mine, theirs = beside[one], beside.pop(two)
        del mine[two]
        parent[two] = one
        size[one] += size.pop(two)
        for other, (weight, count) in theirs.items():
            if other == one:
                continue
            del beside[other][two]
            before = mine.get(other, (0, 0))
            mine[other] = beside[other][one] = (before[0] + weight, before[1] + count)
        for other, (weight, count) in mine.items():
            across = size[one] * size[other]
            mean = (weight + unseen * (across - count)) // across
            if mean >= threshold:
                heapq.heappush(heap, (-mean, one, other) if one < other else (-mean, other, one))
    labels = np.arange(rows, dtype=np.int64)
    for row in range(rows):
        labels[row] = labels[parent[row]] if parent[row] < row else row
    return labels


def one_to_one(rows: int, left: Ints, right: Ints, weights: Ints, *, threshold: int = 0) -> Ints:
    """Each row joins at most one other: the heaviest pair first, both ends are then taken. Labels as in `average`."""
    order = np.lexsort((right, left, -weights))
    labels = np.arange(rows, dtype=np.int64)
    taken = np.zeros(rows, dtype=bool)
    for at in order.tolist():
        if weights[at] < threshold:
            break
        one, two = left[at], right[at]
        if not taken[one] and not taken[two]:
            taken[one] = taken[two] = True
            labels[max(one, two)] = min(one, two)
    return labels
