"""Being told to stop: waits end at once, a page is kept, and the run says where it stopped."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from flows.hub import Hub
from flows.runner import Options, run_flow
from flows.running import running
from flows.stop import StoppableClock, Stopped
from goldbridge.errors import Retry
from goldbridge.http import Budget
from goldbridge.settings.project import load_project
from goldbridge.state import cursor, landing
from goldbridge.state import run as runs
from goldbridge.state.engine import open_store
from tests.flows.bench import Bench, row


@pytest.fixture
def clock() -> StoppableClock:  # type: ignore[override]
    return StoppableClock()


def test_a_wait_for_a_rate_limit_ends_with_the_word(clock: StoppableClock) -> None:
    budget = Budget(clock, "crm")
    budget.pause(300)
    threading.Timer(0.05, clock.stop, ["SIGTERM"]).start()
    with pytest.raises(Retry, match="told to stop by SIGTERM while waiting") as caught:
        budget.take()
    assert caught.value.code == "FLW061"
    with pytest.raises(Retry):
        clock.wait(0)


def test_a_clock_nobody_stopped_waits(clock: StoppableClock) -> None:
    clock.wait(0.01)
    assert not clock.stopped


class StopAfter:
    """Progress that tells its process to stop after so many pages."""

    def __init__(self, clock: StoppableClock, pages: int) -> None:
        self.clock, self.left = clock, pages

    def advance(self, done: int, total: int | None = None) -> None:
        self.left -= 1
        if self.left == 0:
            self.clock.stop("SIGTERM")


@pytest.fixture
def many(tmp_path: Path, store_url: str, clock: StoppableClock) -> Bench:
    """Three thousand rows, a second apart: three pages."""
    bench = Bench(tmp_path / "project", store_url, clock)
    times = [f"2026-02-01 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}" for i in range(3000)]
    bench.put("crm", *(row(f"{i:04}", f"甲{i}", at=at) for i, at in enumerate(times)))
    return bench


def landed(bench: Bench) -> int:
    with bench.hub() as hub, hub.store.read() as conn:
        return sum(1 for _ in landing.scan_all(conn))


def test_f5_a_flow_stops_after_its_page_and_the_next_run_resumes(many: Bench, clock: StoppableClock) -> None:
    with many.hub() as hub:
        with pytest.raises(Stopped) as caught:
            run_flow(hub, "crm", StopAfter(clock, 1))
        with hub.store.read() as conn:
            (last,) = runs.list_runs(conn, flow="crm")
            left = cursor.load(conn, "crm")
            lease = runs.lease_of(conn, "crm")
    assert left is not None
    where = f"stopped by SIGTERM after 1000 records at cursor {left.value}; the next run resumes there"
    assert str(caught.value) == f"FLW061 flow crm: {where}"
    assert (last.state, last.message, last.counters["read"]) == ("interrupted", where, 1000)
    assert lease is not None
    assert not lease[1]  # given back at once, not left to run out
    assert landed(many) == 1000

    many.clock = StoppableClock()
    (result,) = many.run("crm")
    assert result.counters.read < 3000
    assert landed(many) == 3000


def test_a_full_compare_that_stops_says_who_takes_it_up(many: Bench, clock: StoppableClock) -> None:
    with (
        many.hub() as hub,
        pytest.raises(Stopped, match="after 2000 records; the next full compare takes it up"),
    ):
        run_flow(hub, "crm", StopAfter(clock, 2), Options(full=True))


def test_what_a_page_wrote_is_kept_when_the_word_comes_during_it(store_url: str, clock: StoppableClock) -> None:
    store = open_store(store_url, clock)

    def write() -> None:
        with running(store, "crm", "live", "") as run, run.page() as conn:
            clock.stop("SIGTERM")
            cursor.advance(conn, "crm", "5", "", run.id)

    with pytest.raises(Stopped):
        write()
    with store.read() as conn:
        left = cursor.load(conn, "crm")
    store.close()
    assert left is not None
    assert left.value == "5"


def test_a_flow_that_waits_stops_at_once(store_url: str, clock: StoppableClock) -> None:
    store = open_store(store_url, clock)
    threading.Timer(0.05, clock.stop, ["SIGINT"]).start()
    with (
        pytest.raises(Stopped, match="flow crm: stopped by SIGINT after 0 records; the next run resumes there"),
        running(store, "crm", "live", ""),
    ):
        clock.wait(300)
    store.close()


def test_a_stopped_hub_starts_nothing(sqlite_bench: Bench, clock: StoppableClock) -> None:
    sqlite_bench.put("crm", row("1", "甲"))
    clock.stop("SIGTERM")
    with Hub(load_project(sqlite_bench.root), clock) as hub, pytest.raises(Stopped):
        run_flow(hub, "crm")
    assert landed(sqlite_bench) == 0
