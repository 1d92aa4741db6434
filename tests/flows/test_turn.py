"""Two ticks for one flow: which of them is work, and which has been done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.running import running
from flows.turn import taken_care_of
from goldbridge.clock import FrozenClock
from goldbridge.state.engine import Store
from goldbridge.state.run import RunKind


def run(store: Store, clock: FrozenClock, kind: RunKind, seconds: float = 60) -> None:
    with running(store, "crm", kind, ""):
        clock.advance(seconds)


@pytest.mark.parametrize(
    ("under_way", "full", "started_before_s", "taken"),
    [
        ("live", False, 0, True),  # two hubs, one tick
        ("live", False, 60, False),  # may have read past what the tick is for
        ("live", True, 0, False),  # does not find deletes
        ("full_compare", False, 0, True),
        ("full_compare", True, 0, True),
        ("full_compare", True, 60, False),  # may have died; asked again when it ended
        ("backfill", False, 0, False),
    ],
)
def test_a_run_under_way_does_the_work_of_a_tick_it_started_with(
    sqlite_store: Store, clock: FrozenClock, under_way: RunKind, full: bool, started_before_s: int, taken: bool
) -> None:
    with running(sqlite_store, "crm", under_way, ""):
        clock.advance(started_before_s + 1)
        since = clock.now()
        assert taken_care_of(sqlite_store, "crm", full=full, since=since) is taken


def test_a_full_compare_that_ended_after_the_tick_stands_for_it(sqlite_store: Store, clock: FrozenClock) -> None:
    since = clock.now() + timedelta(seconds=30)
    run(sqlite_store, clock, "full_compare", 60)
    assert taken_care_of(sqlite_store, "crm", full=True, since=since)
    assert not taken_care_of(sqlite_store, "crm", full=False, since=since)
    assert not taken_care_of(sqlite_store, "crm", full=True, since=clock.now() + timedelta(seconds=30))


def test_a_run_that_failed_did_nobodys_work(sqlite_store: Store, clock: FrozenClock) -> None:
    since = clock.now()
    with pytest.raises(ZeroDivisionError), running(sqlite_store, "crm", "live", ""):
        raise ZeroDivisionError
    assert not taken_care_of(sqlite_store, "crm", full=False, since=since)


def test_a_flow_that_never_ran_is_free(sqlite_store: Store, clock: FrozenClock) -> None:
    assert not taken_care_of(sqlite_store, "crm", full=False, since=clock.now())
