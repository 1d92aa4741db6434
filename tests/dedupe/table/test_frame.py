"""A table as integer codes gives the same levels and weights as its pairs one at a time."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.bit import share
from dedupe.grade import KINDS, similar
from dedupe.statistic import frequency_bits
from dedupe.table.frame import MISSING, Column, Ints, implied_by_others, made_of_others, weigh
from tests.dedupe.table.people import Cells, Maker, people

KIND_OF = {"name": "name", "born": "date", "phone": "code", "town": "name", "province": "category", "postcode": "code"}


def encoded(cells: Cells) -> list[Column]:
    return [Column.encode(name, KINDS[KIND_OF.get(name, "name")], values) for name, values in cells.items()]


def names(columns: list[Column]) -> list[str]:
    return [column.name for column in columns]


def test_values_are_cleaned_and_numbered_once() -> None:
    column = Column.encode("name", KINDS["name"], ["Anna", "", "ANNA ", "Bob", "N/A"])
    assert column.codes.tolist() == [0, MISSING, 0, 1, MISSING]
    assert column.values == ("anna", "bob")
    assert column.counts.tolist() == [2, 1]
    assert (column.filled, column.squares) == (3, 5)
    assert column.chance == pytest.approx(2 / 6)
    assert Column.encode("x", KINDS["name"], ["", ""]).chance == 0


WORDS = st.sampled_from(
    ["", "anna smith", "smith anna", "ana smith", "bob", "bobb", "12", "13.0", "2024-03-01", "海康威视"]
)


@settings(max_examples=60)
@given(st.sampled_from(sorted(KINDS)), st.lists(WORDS, min_size=2, max_size=8))
def test_levels_and_rarity_are_those_of_a_pair_alone(kind_name: str, cells: list[str]) -> None:
    kind = KINDS[kind_name]
    column = Column.encode("c", kind, cells)
    left, right = (each.astype(np.int64) for each in np.triu_indices(len(cells), 1))
    levels = column.levels(left, right)
    rare = column.rare(levels, left, right)
    for at, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        one, two = kind.clean(cells[a]) if cells[a] else "", kind.clean(cells[b]) if cells[b] else ""
        if not one or not two:
            assert (levels[at], rare[at]) == (MISSING, 0)
            continue
        level = kind.level(similar(kind, one, two, column.rarity))
        assert levels[at] == level
        bits = [
            frequency_bits(int(column.counts[column.values.index(each)]), column.filled, column.squares)
            for each in (one, two)
        ]
        assert rare[at] == (bits[0] if level == 0 else share(min(bits), 2) if level <= kind.fuzzy else 0)


def test_missing_cells_add_nothing() -> None:
    levels = [np.array([0, MISSING, 1], dtype=np.int8), np.array([MISSING, MISSING, 0], dtype=np.int8)]
    rare: Ints = np.array([5, 0, 0], dtype=np.int64)
    assert weigh(levels, rare, [(100, -7), (30, -3)]).tolist() == [105, 0, 23]


def test_a_whole_beside_its_parts_is_left_out() -> None:
    cells, _ = people(60, 0)
    whole = {
        "full": cells["name"],
        "first": [name.split()[0] for name in cells["name"]],
        "last": [name.split()[1] for name in cells["name"]],
        "town": cells["town"],
    }
    assert names(made_of_others(encoded(whole), 60)) == ["full"]
    del whole["last"]
    assert names(made_of_others(encoded(whole), 60)) == []  # half of it is said nowhere else


def placed(count: int, again: int) -> Cells:
    """People with a town, its province and its postcode."""
    cells, _ = people(count, again)
    cells["province"] = [town[0] for town in cells["town"]]
    cells["postcode"] = [str(10_000 + 7 * sum(map(ord, town))) for town in cells["town"]]
    return cells


@pytest.mark.parametrize("again", [0, 40])
def test_what_follows_from_another_column_is_left_out(again: int) -> None:
    cells = placed(240, again)
    rows = len(cells["name"])
    assert names(implied_by_others(encoded(cells), rows)) in (
        ["town", "province"],
        ["province", "town"],
        ["province", "postcode"],
    )
    cells, _ = people(240, again)
    assert implied_by_others(encoded(cells), rows) == []


def test_columns_that_agree_because_the_rows_are_duplicates_are_kept() -> None:
    make = Maker(5)
    who = [(make.name(), make.phone(), make.day(), make.word()) for _ in range(40)]
    cells: Cells = {"name": [], "phone": [], "born": [], "town": []}
    for _ in range(8):
        for one in who:
            for column, value in zip(cells.values(), one, strict=True):
                column.append(value)
    assert implied_by_others(encoded(cells), 320) == []


def test_what_is_left_out_does_not_depend_on_the_order_of_the_columns() -> None:
    cells = placed(240, 20)
    rows = len(cells["name"])
    expected = set(names(implied_by_others(encoded(cells), rows)))
    for seed in range(4):
        order = random.Random(seed).sample(list(cells), len(cells))
        assert set(names(implied_by_others(encoded({name: cells[name] for name in order}), rows))) == expected


def test_two_columns_are_never_left_out() -> None:
    cells = placed(240, 0)
    assert implied_by_others(encoded({"town": cells["town"], "province": cells["province"]}), 240) == []
