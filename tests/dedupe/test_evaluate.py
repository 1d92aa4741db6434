"""Pairs are counted, never listed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.evaluate import PairMetrics, pair_metrics, pair_metrics_of_groups


def test_counts_by_hand() -> None:
    found = pair_metrics(["a", "a", "a", "b", "b"], [1, 1, 2, 2, 2])
    assert found == PairMetrics(true_pairs=4, found_pairs=4, right_pairs=2)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)


def test_rows_without_truth_are_left_out() -> None:
    assert pair_metrics(["a", None, "a"], [1, 1, 1]) == PairMetrics(1, 1, 1)


def test_only_pairs_across_sources() -> None:
    found = pair_metrics(["a", "a", "a"], [1, 1, 1], sources=["x", "x", "y"])
    assert found == PairMetrics(2, 2, 2)


def test_nothing_to_find_is_perfect() -> None:
    found = pair_metrics(["a", "b"], [1, 2])
    assert (found.precision, found.recall, found.f1) == (1.0, 1.0, 1.0)


def test_labels_must_fit() -> None:
    with pytest.raises(ValueError, match="one label per row"):
        pair_metrics(["a"], [1, 2])


def test_groups() -> None:
    assert pair_metrics_of_groups({1: "a", 2: "a", 3: "b"}, [[1, 2, 9], [3]]) == PairMetrics(1, 1, 1)
    assert pair_metrics_of_groups({1: "a", 2: "a"}, [[1]]) == PairMetrics(1, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_equals_listing_every_pair(labels: list[tuple[int, int]]) -> None:
    truth, found = [a for a, _ in labels], [b for _, b in labels]
    pairs = [(i, j) for i in range(len(labels)) for j in range(i)]
    expected = PairMetrics(
        sum(truth[i] == truth[j] for i, j in pairs),
        sum(found[i] == found[j] for i, j in pairs),
        sum(truth[i] == truth[j] and found[i] == found[j] for i, j in pairs),
    )
    assert pair_metrics(truth, found) == expected
