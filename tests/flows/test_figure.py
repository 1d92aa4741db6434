"""Figures of many values: the same whatever their order, and however they are put together."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.figure import Tally, read


def tally(values: list[Any]) -> Tally:
    made = Tally()
    for value in values:
        made.add(read(value)[1])
    return made


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["3", 1, 2.5], {"filled": 3, "min": "1", "max": "3", "sum": "6.5"}),
        (["2026-01-02", "2025-12-31"], {"filled": 2, "min": "2025-12-31", "max": "2026-01-02", "sum": "0"}),
        ([date(2026, 1, 2)], {"filled": 1, "min": "2026-01-02", "max": "2026-01-02", "sum": "0"}),
        (["0571", "1"], {"filled": 2, "sum": "1"}),  # a code is no number, so the two have no smallest
        ([True, ["a"]], {"filled": 2, "sum": "0"}),
        ([float("nan"), 1], {"filled": 2, "sum": "1"}),
        ([Decimal("0.1")] * 3, {"filled": 3, "min": "0.1", "max": "0.1", "sum": "0.3"}),
    ],
)  # fmt: skip
def test_what_a_field_holds(values: list[Any], told: dict[str, Any]) -> None:
    assert tally(values).as_json(sums=True) == told
    assert tally(values[::-1]).as_json(sums=True) == told


@given(st.lists(st.sampled_from([1, "2", "2001-01-02", "x", True, 0.5, "2002-01-02"])), st.data())
def test_two_parts_make_the_whole(values: list[Any], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(values)))
    parts = tally(values[:at]) + tally(values[at:])
    assert parts.as_json(sums=True) == tally(values).as_json(sums=True)
