"""Rows that are told rather than looked up: only what changed, and older than what is held."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from goldbridge.state import landing, outbox
from goldbridge.state.engine import Store
from goldbridge.state.landing import Arrival
from tests.state.samples import CRM, RUN, land, number

JAN, FEB, MAR = ("2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z", "2026-03-01T00:00:00.000000Z")


def tell(store: Store, *rows: tuple[str, dict[str, Any]], partial: bool = False) -> tuple[int, int]:
    """Land rows of C1 in one page; returns how many changed it and how many came late."""
    with store.begin() as conn:
        arrivals = [Arrival("C1", raw, at) for at, raw in rows]
        compared = landing.changed(conn, CRM, arrivals, dated=True, partial=partial, volatile=["at"])
        for change in compared.changes:
            change.canonical = dict(change.raw)
        landing.save(conn, CRM, compared.changes, RUN)
        return len(compared.changes), landing.keep_late(conn, compared.late, RUN)


def held(store: Store) -> dict[str, Any]:
    with store.read() as conn:
        return landing.load(conn, [number("C1")])[number("C1")].canonical or {}


def log(store: Store) -> list[tuple[str, str, Any]]:
    with store.read() as conn:
        return [(one.op, one.event_at, one.raw) for one in landing.versions(conn, number("C1"))]


def test_e52_what_a_partial_row_leaves_out_stays(store: Store) -> None:
    """Guard: goldbridge.state.landing:completed"""
    with store.begin() as conn:
        land(conn, {"C1": {"name": "甲", "phone": "1", "fax": "2"}}, partial=True)
        assert land(conn, {"C1": {"phone": "3", "fax": None}}, partial=True) == [number("C1")]
    assert held(store) == {"name": "甲", "phone": "3", "fax": None}
    with store.begin() as conn:
        assert land(conn, {"C1": {"phone": "3"}}, partial=True) == []  # it says nothing new
        assert len(landing.versions(conn, number("C1"))) == 2


def test_e52_a_row_that_comes_back_brings_only_what_it_holds(store: Store) -> None:
    """Guard: goldbridge.state.landing:set_state"""
    with store.begin() as conn:
        land(conn, {"C1": {"name": "甲", "phone": "1"}}, partial=True)
        landing.delete(conn, CRM, ["C1"], RUN)
        land(conn, {"C1": {"name": "乙"}}, partial=True)
    assert held(store) == {"name": "乙"}


def test_e60_an_older_row_goes_into_the_history_and_changes_nothing(store: Store) -> None:
    """Guard: goldbridge.state.landing:is_late"""
    assert tell(store, (FEB, {"name": "二月"})) == (1, 0)
    with store.read() as conn:
        events = len(outbox.read(conn))
    assert tell(store, (JAN, {"name": "一月"})) == (0, 1)
    assert held(store) == {"name": "二月"}
    assert log(store) == [("full", FEB, {"name": "二月"}), ("late", JAN, {"name": "一月"})]
    with store.read() as conn:
        assert len(outbox.read(conn)) == events
    assert tell(store, (JAN, {"name": "一月"})) == (0, 0)  # the same again is no news (E19)
    assert tell(store, (MAR, {"name": "三月"})) == (1, 0)
    assert [one[1] for one in log(store)] == [FEB, JAN, MAR]


def test_e60_a_touch_of_an_older_time_is_no_history(store: Store) -> None:
    """Guard: goldbridge.state.document:digest_of"""
    tell(store, (FEB, {"name": "甲", "at": "2"}))
    assert tell(store, (JAN, {"name": "甲", "at": "1"})) == (0, 0)
    assert len(log(store)) == 1


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
def test_e60_the_newest_wins_in_any_order(store: Store, order: tuple[int, ...]) -> None:
    """Guard: goldbridge.state.landing:is_late"""
    rows = [(JAN, {"name": "一月"}), (FEB, {"name": "二月"}), (MAR, {"name": "三月"})]
    for index in order:
        tell(store, rows[index])
    assert held(store) == {"name": "三月"}
    assert sorted(one[1] for one in log(store)) == [JAN, FEB, MAR]
    tell(store, *(rows[index] for index in order))
    assert held(store) == {"name": "三月"}


def test_an_undated_row_is_never_late(store: Store) -> None:
    tell(store, (FEB, {"name": "二月"}))
    assert tell(store, ("", {"name": "无日期"})) == (1, 0)
    assert held(store) == {"name": "无日期"}
