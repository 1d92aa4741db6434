"""Weights learned without labels: falling, whole, and no way for a column of few values to take the table over."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.bit import BIT
from dedupe.grade import KINDS
from dedupe.table.frame import Column, Ints, weigh
from dedupe.table.training import Trained, _falling, strangers, train
from tests.dedupe.table.people import people

SHARES = st.lists(st.tuples(st.floats(1e-6, 1), st.floats(1e-6, 1)), min_size=1, max_size=8)


@given(SHARES)
def test_levels_that_break_the_order_are_counted_as_one(levels: list[tuple[float, float]]) -> None:
    match, chance = [one for one, _ in levels], [other for _, other in levels]
    found = _falling(match, chance)
    assert len(found) == len(levels)
    assert all(one >= two or one == pytest.approx(two) for one, two in pairwise(found))
    # What all levels hold together is kept: the ratios average to what matches have for each stranger.
    assert sum(ratio * other for ratio, other in zip(found, chance, strict=True)) == pytest.approx(sum(match))


def test_a_level_that_nobody_reaches_does_not_decide_about_one_that_many_do() -> None:
    # One of thirty strangers is equal, nearly none is nearly equal: together one of thirty.
    assert _falling([0.75, 0.15, 0.1], [0.033, 1e-6, 0.967]) == pytest.approx(
        [0.9 / 0.033, 0.9 / 0.033, 0.1 / 0.967], rel=1e-3
    )
    assert _falling([0.8, 0.2], [0.1, 0.9]) == pytest.approx([8, 2 / 9])


def learn(cells: dict[str, list[str]], kinds: dict[str, str]) -> tuple[Trained, list[Column]]:
    """Train on all pairs of a table."""
    columns = [Column.encode(name, KINDS[kinds[name]], values) for name, values in cells.items()]
    size = len(columns[0].codes)
    left, right = (each.astype(np.int64) for each in np.triu_indices(size, 1))
    levels = [column.levels(left, right) for column in columns]
    rare: Ints = np.zeros(len(left), dtype=np.int64)
    for column, grade in zip(columns, levels, strict=True):
        rare += column.rare(grade, left, right)
    trained = train(
        columns, levels, rare, left, right,
        by_chance=[strangers(column, size) for column in columns], all_pairs=len(left),
    )  # fmt: skip
    return trained, columns


KIND_OF = {"name": "name", "born": "date", "phone": "code", "town": "name"}


def test_weights_fall_with_the_levels_and_the_share_of_matches_is_found() -> None:
    cells, truth = people(150, 40)
    trained, _ = learn(cells, KIND_OF)
    for table in trained.weights:
        assert all(isinstance(weight, int) for weight in table)
        assert list(table) == sorted(table, reverse=True)
        assert table[0] > 0 > table[-1]
    matches = trained.prior * len(truth) * (len(truth) - 1) / 2
    assert 30 < matches < 50
    # A column of many values proves more than one of twelve.
    born, town = trained.weights[1], trained.weights[3]
    assert born[0] > town[0] + 2 * BIT


def test_training_is_the_same_again() -> None:
    cells, _ = people(60, 20)
    assert learn(cells, KIND_OF)[0] == learn(cells, KIND_OF)[0]


def test_a_probability_is_a_half_where_a_match_is_as_likely_as_not() -> None:
    trained = Trained(((1,),), 0.001)
    even = np.array([trained.even, trained.even + BIT, trained.even - BIT, 10**9, -(10**9)], dtype=np.int64)
    assert trained.probability(even).tolist() == pytest.approx([1 / 2, 2 / 3, 1 / 3, 1, 0], abs=1e-4)


def test_how_often_strangers_agree_is_exact_for_equality() -> None:
    column = Column.encode("town", KINDS["category"], ["a"] * 500 + ["b"] * 500)
    equal, different = strangers(column, 1000)
    assert equal == pytest.approx(0.4995, abs=1e-4)
    assert equal + different == pytest.approx(1)


def test_a_dozen_rows_borrow_from_pairs_imagined() -> None:
    """Two equal names among four say little about how rare a name is."""
    small = strangers(Column.encode("name", KINDS["name"], ["anna", "anna", "bob", "carl"]), 4)
    assert small[0] < 1 / 6 / 10


@pytest.mark.parametrize("towns", [5, 30])
def test_rows_of_one_town_are_not_taken_for_one_person(towns: int) -> None:
    cells, _ = people(300, 30, seed=towns)
    rows = len(cells["name"])
    two = {
        "name": cells["name"],
        "town": [f"town{len(name) * 7 % towns}{at % towns}" for at, name in enumerate(cells["name"])],
    }
    trained, columns = learn(two, KIND_OF)
    left, right = (each.astype(np.int64) for each in np.triu_indices(rows, 1))
    levels = [column.levels(left, right) for column in columns]
    apart = (levels[0] == len(columns[0].kind.labels) - 1) & (levels[1] == 0)
    assert apart.sum() > 100
    found = weigh(levels, np.zeros(len(left), dtype=np.int64), trained.weights)
    assert int(found[apart].max()) < trained.even
