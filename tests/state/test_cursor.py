"""Cursors never move back by themselves; backfills skip what is done."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldbridge.errors import Halt
from goldbridge.state import cursor
from goldbridge.state.cursor import Partition
from goldbridge.state.engine import Store
from tests.state.samples import land


def test_a_cursor_is_where_it_was_left(store: Store) -> None:
    with store.begin() as conn:
        assert cursor.load(conn, "crm") is None
        cursor.advance(conn, "crm", "2026-03-01 08:00:00", "C1", 5, bound="2026-03-02")
        cursor.advance(conn, "crm", "2026-03-01 08:00:00", "C2", 6, bound="2026-03-02")
        cursor.advance(conn, "crm", "17", "", 6, partition="outbox")
        held = cursor.load(conn, "crm")
        other = cursor.load(conn, "crm", "outbox")
    assert held == cursor.Cursor(
        "crm", "", "2026-03-01 08:00:00", "C2", "", "2026-03-02", 0, "", False, 6, "2026-03-01T08:00:00.000000Z"
    )
    assert other is not None
    assert other.value == "17"


@pytest.mark.parametrize(
    ("at", "to"),
    [(("10", ""), ("9", "")), (("b", ""), ("a", "")), (("5", "C10"), ("5", "C1")), (("5", "10"), ("5", "9"))],
)
def test_a_cursor_that_goes_back_is_refused(store: Store, at: tuple[str, str], to: tuple[str, str]) -> None:
    with store.begin() as conn:
        cursor.advance(conn, "crm", *at, 1)
        with pytest.raises(Halt, match="back") as caught:
            cursor.advance(conn, "crm", *to, 2)
        assert caught.value.code == "STA013"
        held = cursor.load(conn, "crm")
        assert held is not None
        assert (held.value, held.tie) == at
        cursor.reset(conn, "crm", 3, value=to[0], tie=to[1])
        held = cursor.load(conn, "crm")
        assert held is not None
        assert (held.value, held.tie) == to


def test_numbers_go_on_past_the_next_power_of_ten(store: Store) -> None:
    with store.begin() as conn:
        for value in ("8", "9", "10", "1700000000000"):
            cursor.advance(conn, "crm", value, "", 1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, 200).map(str), min_size=1, max_size=8))
def test_the_stored_cursor_only_rises(store: Store, values: list[str]) -> None:
    with store.begin() as conn:
        cursor.reset(conn, "crm", 1)
        highest = 0
        for value in values:
            if int(value) < highest:
                with pytest.raises(Halt):
                    cursor.advance(conn, "crm", value, "", 1)
            else:
                cursor.advance(conn, "crm", value, "", 1)
                highest = int(value)
            held = cursor.load(conn, "crm")
            assert held is not None
            assert int(held.value) == highest


def test_a_full_compare_that_was_cut_off_goes_on_under_its_number(store: Store) -> None:
    with store.begin() as conn:
        cursor.advance(conn, "crm", "5", "", 1)
        first = cursor.begin_generation(conn, "crm", 7)
        assert first == (7, "0")
        land(conn, ["C1", "C2"])
        assert cursor.begin_generation(conn, "crm", 8) == first
        cursor.end_generation(conn, "crm")
        assert cursor.begin_generation(conn, "crm", 9) == (9, "2")
        assert cursor.begin_generation(conn, "new flow", 10)[0] == 10
        held = cursor.load(conn, "crm")
        assert held is not None
        assert held.value == "5"


def test_f4_finished_intervals_of_a_backfill_stay_finished(store: Store) -> None:
    months = [Partition(f"2026-0{n}", f"2026-0{n}-01", f"2026-0{n + 1}-01") for n in range(1, 5)]
    with store.begin() as conn:
        assert cursor.plan(conn, "backfill", months[:3], 1) == 3
        cursor.advance(conn, "backfill", "2026-01-09", "C9", 1, partition="2026-01", bound="2026-02-01")
        cursor.complete(conn, "backfill", "2026-01", 1)
        cursor.complete(conn, "backfill", "2026-03", 1)
        assert cursor.plan(conn, "backfill", months, 2) == 1
        assert [(one.partition, one.done) for one in cursor.partitions(conn, "backfill")] == [
            ("2026-01", True),
            ("2026-02", False),
            ("2026-03", True),
            ("2026-04", False),
        ]
        assert cursor.contiguous(conn, "backfill") == "2026-02-01"
        cursor.complete(conn, "backfill", "2026-02", 2)
        assert cursor.contiguous(conn, "backfill") == "2026-04-01"
        assert cursor.contiguous(conn, "other") == ""
        cursor.advance(conn, "backfill", "live", "", 1)
        assert cursor.drop(conn, "backfill") == 4
        assert cursor.load(conn, "backfill") is not None
