"""One budget per tenant: windows, pauses, the day's quota through a restart (F10, F12, F13)."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Retry
from goldbridge.http import Budget, HttpFactory
from goldbridge.ports import Budget as BudgetPort
from tests.http.server import NOON, MemoryStore


def _taken(budget: Budget, clock: FrozenClock, count: int, endpoint: str = "") -> list[float]:
    times = []
    for _ in range(count):
        budget.take(endpoint)
        times.append(clock.monotonic())
    return times


@settings(max_examples=50)
@given(st.integers(1, 7), st.floats(0.2, 30), st.lists(st.floats(0, 10), max_size=40))
def test_no_window_ever_holds_more_than_the_limit(calls: int, per_s: float, gaps: list[float]) -> None:
    clock = FrozenClock(NOON)
    budget = Budget(clock, "demo", calls=calls, per_s=per_s)
    times = []
    for gap in gaps:
        clock.advance(gap)
        times += _taken(budget, clock, 3)
    for start in times:
        assert sum(start <= at < start + per_s for at in times) <= calls


def test_each_endpoint_has_its_own_window_and_the_pause_is_for_all() -> None:
    clock = FrozenClock(NOON)
    budget: BudgetPort = Budget(clock, "demo", calls=2, per_s=20)
    for endpoint in ("query", "create"):
        budget.take(endpoint)
        budget.take(endpoint)
    assert clock.monotonic() == 0
    budget.pause(50)
    budget.take("create")
    assert clock.monotonic() == 50


def test_threads_share_one_budget() -> None:
    clock = Clock()
    budget = Budget(clock, "demo", calls=5, per_s=0.05)
    taken: list[int] = []
    started = clock.monotonic()

    def work() -> None:
        for number in range(5):
            budget.take()
            taken.append(number)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40
    assert clock.monotonic() - started >= 7 * 0.05  # eight windows of five


def test_a_pause_longer_than_the_patience_is_handed_to_the_flow() -> None:
    budget = Budget(FrozenClock(NOON), "demo")
    budget.pause(300)
    with pytest.raises(Retry, match="wait 300 s") as caught:
        budget.take(patience_s=60)
    assert caught.value.code == "CON003"
    assert caught.value.after_s == 300


def test_f12_the_allowance_is_learned_and_grows_back() -> None:
    clock = FrozenClock(NOON)
    budget = Budget(clock, "demo", calls=8, per_s=1)
    budget.slow_down()
    budget.slow_down()
    _taken(budget, clock, 3)
    assert clock.monotonic() >= 1  # two a second now
    clock.advance(1000)
    at = clock.monotonic()
    _taken(budget, clock, 8)
    assert clock.monotonic() == at


def test_f13_the_days_quota_survives_a_restart_and_parks_until_midnight() -> None:
    clock, store = FrozenClock(NOON), MemoryStore()
    for _ in range(3):  # three processes, one after the other
        _taken(Budget(clock, "demo", daily=6, store=store), clock, 2)
    with pytest.raises(Halt, match="resume at 2026-03-02T16:00:00") as caught:
        Budget(clock, "demo", daily=6, store=store).take()
    assert caught.value.code == "CON004"
    assert clock.monotonic() == 0, "no call is waited for or burnt"
    clock.advance(12 * 3600 + 1)
    Budget(clock, "demo", daily=6, store=store).take()


def test_f13_a_killed_process_never_makes_the_count_fall_behind() -> None:
    clock, store = FrozenClock(NOON), MemoryStore()
    spent = 0
    while True:
        budget = Budget(clock, "demo", daily=1000, store=store)  # killed after every seventh call
        try:
            spent += len(_taken(budget, clock, 7))
        except Halt:
            break
    assert 0 < spent <= 1000


def test_f13_a_quota_the_vendor_reports_parks_others_go_on() -> None:
    clock, store = FrozenClock(datetime(2026, 3, 2, 15, 59, tzinfo=UTC)), MemoryStore()
    assert "2026-03-02T16:00:00" in str(Budget(clock, "demo", store=store).park())
    with pytest.raises(Halt):
        Budget(clock, "demo", store=store).take()
    Budget(clock, "other", store=store).take()
    clock.advance(timedelta(minutes=1).total_seconds())
    Budget(clock, "demo", store=store).take()


def test_a_factory_hands_out_one_budget_per_system() -> None:
    factory = HttpFactory(FrozenClock(NOON))
    assert factory.budget("a", calls=1) is factory.budget("a", calls=1)
    assert factory.budget("a", calls=1) is not factory.budget("b", calls=1)
    assert factory.budget("a", calls=1) is not factory.budget("a", calls=1, name="token")
