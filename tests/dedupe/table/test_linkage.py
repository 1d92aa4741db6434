"""From weighed pairs to clusters: average linkage, and one to one."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.table.frame import Ints
from dedupe.table.linkage import average, one_to_one

Weighed = dict[tuple[int, int], int]


def ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def arrays(weighed: Weighed) -> tuple[Ints, Ints, Ints]:
    return ints([a for a, _ in weighed]), ints([b for _, b in weighed]), ints(list(weighed.values()))


def joined(rows: int, weighed: Weighed, unseen: int = -3) -> list[int]:
    labels: list[int] = average(rows, *arrays(weighed), unseen=unseen).tolist()
    return labels


def test_a_chain_of_lucky_pairs_does_not_swallow_the_table() -> None:
    assert joined(4, {(0, 1): 9, (1, 2): 1, (2, 3): 9}) == [0, 0, 2, 2]  # across: 1 - 3 - 3 - 3
    assert joined(3, {(0, 1): 9, (1, 2): 4}) == [0, 0, 0]  # 4 - 3 is still for it
    assert joined(3, {(0, 1): 9, (1, 2): 2}) == [0, 0, 2]


def test_the_threshold_is_inclusive() -> None:
    assert average(2, *arrays({(0, 1): 5}), unseen=0, threshold=5).tolist() == [0, 0]
    assert average(2, *arrays({(0, 1): 4}), unseen=0, threshold=5).tolist() == [0, 1]


def test_no_pairs_no_clusters() -> None:
    assert joined(3, {}) == [0, 1, 2]
    assert one_to_one(3, *arrays({})).tolist() == [0, 1, 2]


WEIGHED = st.dictionaries(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]),
    st.integers(-20, 40),
    max_size=25,
)


@settings(max_examples=150)
@given(WEIGHED, st.integers(0, 2**32))
def test_the_order_of_pairs_does_not_matter(weighed: Weighed, seed: int) -> None:
    pairs = list(weighed)
    shuffled = {pair: weighed[pair] for pair in random.Random(seed).sample(pairs, len(pairs))}
    assert joined(10, shuffled) == joined(10, weighed)
    assert one_to_one(10, *arrays(shuffled)).tolist() == one_to_one(10, *arrays(weighed)).tolist()


@settings(max_examples=150)
@given(WEIGHED)
def test_every_join_was_worth_it(weighed: Weighed) -> None:
    labels = joined(10, weighed)
    assert all(label <= row and labels[label] == label for row, label in enumerate(labels))
    for label in set(labels):
        members = [row for row in range(10) if labels[row] == label]
        if len(members) == 2:
            assert weighed.get((members[0], members[1]), -3) >= 0
    # Two clusters left apart are worth less together than the threshold.
    groups = {label: [row for row in range(10) if labels[row] == label] for label in set(labels)}
    for one, two in combinations(groups.values(), 2):
        across = [(min(a, b), max(a, b)) for a in one for b in two]
        if any(pair in weighed for pair in across):
            assert sum(weighed.get(pair, -3) for pair in across) // len(across) < 0


@settings(max_examples=150)
@given(WEIGHED)
def test_one_to_one_takes_the_heaviest_first_and_each_row_once(weighed: Weighed) -> None:
    labels = one_to_one(10, *arrays(weighed)).tolist()
    found = {(label, row) for row, label in enumerate(labels) if label != row}
    assert found <= {pair for pair, weight in weighed.items() if weight >= 0}
    used = [row for pair in found for row in pair]
    assert len(used) == len(set(used))
    # Whatever was left out met a row that was taken by a pair at least as heavy.
    for pair, weight in weighed.items():
        if weight >= 0 and pair not in found:
            assert any(weighed[other] >= weight for other in found if set(other) & set(pair))
