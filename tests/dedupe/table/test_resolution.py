"""A result over rows in the order of their content comes back in the order of the input."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedupe.table.edge import Edges
from dedupe.table.frame import Ints
from dedupe.table.resolution import Resolution, content_order, place


def ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def test_rows_are_worked_on_in_the_order_of_their_content() -> None:
    assert content_order([["b", "a", "a"], ["1", "2", "1"]], None) == [2, 1, 0]
    assert content_order([["a", "a"]], ["y", "x"]) == [1, 0]
    assert content_order([], None) == []


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=8), st.integers(0, 99))
def test_the_content_in_that_order_is_the_same_for_any_order_of_rows(rows: list[tuple[str, str]], seed: int) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))

    def content(table: list[tuple[str, str]]) -> list[tuple[str, str]]:
        cells = [[a for a, _ in table], [b for _, b in table]]
        return [table[row] for row in content_order(cells, None)]

    assert content(shuffled) == content(rows) == sorted(rows)


def test_labels_weights_and_golden_rows_come_back_in_place() -> None:
    # Rows 0, 1, 3 of the work are one; row 1 has most cells. The input had them in the order 3, 2, 1, 0.
    found = place(
        [3, 2, 1, 0], ints([0, 0, 2, 0]), ints([0, 0, 1]), ints([1, 3, 2]), ints([9, 4, 7]), ints([1, 2, 2, 1])
    )
    assert found.labels == [0, 1, 0, 0]
    assert found.weights == [4, None, 9, 9]
    assert found.golden == [False, True, True, False]
    assert found.found_pairs == 3


def test_the_row_closest_to_the_others_stands_for_them_where_as_many_cells_are_filled() -> None:
    found = place([0, 1, 2], ints([0, 0, 0]), ints([0, 0, 1]), ints([1, 2, 2]), ints([1, 2, 9]), ints([1, 1, 1]))
    assert found.golden == [False, False, True]  # 2 + 9 against 1 + 9 and 1 + 2
    assert found.weights == [2, 9, 9]


def test_nothing_to_place() -> None:
    assert place([], ints([]), ints([]), ints([]), ints([]), ints([])) == ([], [], [], 0)


def test_a_question_is_what_did_not_join_unasked_and_can_still_be_one() -> None:
    left, right = np.array([0, 0, 2, 4]), np.array([1, 2, 3, 5])
    edges = Edges(left, right, np.array([9, 3, 3, 3]), np.array([2, 1, 1, 1], dtype=np.int8))
    found = Resolution(
        [0, 0, 0, 1, 2, 2], [None] * 6, [True] * 6, "trained", auto_labels=[0, 0, 1, 2, 3, 4], edges=edges
    )
    assert found.questions().tolist() == [False, True, True, True]
    found.single = True
    assert found.questions().tolist() == [False, False, True, True]
