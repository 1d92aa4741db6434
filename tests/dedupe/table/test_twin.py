"""Rows that stand in a table many times over: one is compared for all, and they come back together."""

from __future__ import annotations

from dedupe.table.general import resolve
from dedupe.table.twin import MANY, stand_ins
from tests.dedupe.table.people import people


def test_only_many_equal_rows_have_one_that_stands_for_them() -> None:
    cells = [["x"] * (MANY + 1) + ["y"] * MANY + [""] * 50]
    assert stand_ins(cells, range(len(cells[0]))) == [0] * (MANY + 1) + list(range(MANY + 1, len(cells[0])))
    assert stand_ins([["x"] * MANY], range(MANY)) is None


def test_twins_are_one_thing_and_the_others_are_found_as_before() -> None:
    cells, _ = people(300, 60)
    kinds = {"name": "name", "born": "date", "phone": "code", "town": "name"}
    before = resolve(cells, kinds)
    size = len(before.labels)
    many = {name: [*values, *[value] * 700] for (name, values), value in zip(
        cells.items(), ('zzyzx qoph', '1899-12-31', '777-000-1111', 'ypsilanti'), strict=True)}  # fmt: skip
    found = resolve(many, kinds)
    assert len(set(found.labels[size:])) == len(set(found.auto_labels[size:])) == 1
    assert found.labels[size] not in found.labels[:size]
    assert sum(found.golden[size:]) == 1
    assert found.found_pairs == before.found_pairs + 700 * 699 // 2
    groups = [sorted(row for row in range(size) if one[row] == label) for one in (before.labels, found.labels)
              for label in sorted(set(one[:size]))]  # fmt: skip
    assert groups[: len(groups) // 2] == groups[len(groups) // 2 :]
    assert found.judge is not None
    assert found.judge.compared(size, size + 5)
    assert set(zip(found.edges.left.tolist(), found.edges.right.tolist(), strict=True)) >= {
        (size, size + at) for at in range(1, 700)
    }
