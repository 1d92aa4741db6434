"""The scheduler on the real clock, with intervals of a second: order, overlap, full compares, trouble, the end."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from flows import scheduler as module
from flows.hub import Hub
from flows.scheduler import Scheduler
from flows.stop import StoppableClock
from goldbridge.clock import SYSTEM, FrozenClock
from goldbridge.errors import Mark, Misconfigured
from goldbridge.settings.project import load_project
from goldbridge.state import run as runs
from goldbridge.state.run import Run
from tests.flows.bench import Bench, row

Lines = list[MutableMapping[str, Any]]


def until(what: Callable[[], object], within_s: float = 20.0) -> None:
    """Wait until it is so; fail when it does not become so."""
    end = SYSTEM.monotonic() + within_s
    while not what():
        assert SYSTEM.monotonic() < end, "it did not happen in time"
        SYSTEM.wait(0.02)


class Serving:
    """A scheduler at work in a thread, as `goldbridge serve` has it in its process."""

    def __init__(self, hub: Hub, clock: StoppableClock, **options: Any) -> None:
        self.hub, self.clock = hub, clock
        self.scheduler = Scheduler(hub, clock, **options)
        self.late: list[str] | None = None
        self.unlock: Callable[[], object] = lambda: None
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        self.late = self.scheduler.run()

    def runs(self, flow: str = "") -> list[Run]:
        """Oldest first."""
        with self.hub.store.read() as conn:
            return runs.list_runs(conn, flow=flow, limit=1000)[::-1]

    def stop(self) -> None:
        self.clock.stop("SIGTERM")
        self.thread.join(30)
        assert not self.thread.is_alive()


@contextmanager
def serving(bench: Bench, *, lock: str = "", **options: Any) -> Iterator[Serving]:
    """A scheduler from start to stop. While the system `lock` is locked, a flow that reads it waits."""
    clock = StoppableClock()
    with Hub(load_project(bench.root), clock) as hub, ExitStack() as stack:
        served = Serving(hub, clock, **options)
        if lock:
            # What the table looks like is asked before a run begins; here it is the run itself that is to wait.
            reader, stream = hub.connections.reader(f"{lock}.{STREAMS[lock]}", Mark("flows.yaml"))
            reader.fields(stream)
            conn = stack.enter_context(closing(sqlite3.connect(bench.database(lock), isolation_level=None)))
            conn.execute("BEGIN EXCLUSIVE")
            served.unlock = conn.rollback
        served.thread.start()
        try:
            yield served
        finally:
            served.unlock()
            served.stop()


STREAMS = {"crm": "account", "erp": "partner"}


@pytest.fixture
def bench(sqlite_bench: Bench) -> Bench:
    sqlite_bench.put("crm", row("1", "杭州甲机械有限公司"))
    sqlite_bench.edit("flows.yaml", "crm: {ingest: crm.account}", "crm: {ingest: crm.account, every: 1 s}")
    return sqlite_bench


def test_everything_runs_once_in_order_and_then_by_its_schedule(bench: Bench) -> None:
    with serving(bench) as served:
        assert served.scheduler.jobs == ["crm"]
        until(lambda: len([run for run in served.runs("crm") if run.state == "done"]) == 3)
    done = [run.flow for run in served.runs()]
    assert done[:3] == ["crm", "erp", "parties"]
    assert set(done[3:]) == {"crm"}  # the others have no schedule
    assert served.late == []
    assert served.scheduler.stopped == []


def test_without_a_first_round_only_schedules_count(bench: Bench) -> None:
    with serving(bench, at_start=False) as served:
        until(lambda: served.runs("crm"))
    assert {run.flow for run in served.runs()} == {"crm"}


def test_f58_a_run_longer_than_its_interval_is_never_doubled_and_missed_ticks_are_one(bench: Bench) -> None:
    with capture_logs() as said, serving(bench, lock="crm", at_start=False) as served:
        until(lambda: len(left_out(said)) >= 2)
        assert len(served.runs("crm")) == 1
        served.unlock()
        until(lambda: served.runs("crm")[0].state == "done")
        released = SYSTEM.monotonic()
        until(lambda: len([run for run in served.runs("crm") if run.state == "done"]) >= 2)
        assert len(served.runs("crm")) <= 2 + (SYSTEM.monotonic() - released)
    assert left_out(said)[0]["reason"] == "its last run still goes on"
    found = served.runs("crm")
    assert all(before.ended_at <= after.started_at for before, after in pairwise(found))


def left_out(said: Lines) -> Lines:
    return [line for line in said if line["event"] == "tick left out"]


def test_ticks_during_the_first_round_do_not_break_its_order(bench: Bench) -> None:
    with serving(bench, lock="erp") as served:
        until(lambda: served.runs("erp"))
        since = SYSTEM.monotonic()
        until(lambda: SYSTEM.monotonic() > since + 1.5)  # longer than the interval of crm
        assert [run.flow for run in served.runs()] == ["crm", "erp"]
        served.clock.stop("SIGTERM")
    assert "parties" not in {run.flow for run in served.runs()}


def weekly(bench: Bench) -> None:
    """A full compare every Sunday; what the bench runs by itself happened more than a week ago."""
    bench.clock = FrozenClock(SYSTEM.now() - timedelta(days=8))
    bench.edit("flows.yaml", "every: 1 s", 'every: 1 s, full_compare: "0 3 * * 0"')


def test_a_full_compare_that_came_due_while_nobody_served_is_caught_up(bench: Bench) -> None:
    weekly(bench)
    bench.run("crm", full=True)
    with serving(bench) as served:
        assert served.scheduler.jobs == ["crm", "crm:full_compare"]
        until(lambda: len([run for run in served.runs("crm") if run.kind == "full_compare"]) == 2)


def test_a_full_compare_waits_for_its_first_date(bench: Bench) -> None:
    weekly(bench)
    with serving(bench) as served:
        until(lambda: len(served.runs("crm")) >= 2)
    assert {run.kind for run in served.runs("crm")} == {"live"}


def test_a_full_compare_that_was_cut_short_is_taken_up_at_the_next_start(bench: Bench) -> None:
    weekly(bench)
    with bench.hub() as hub, hub.store.begin() as conn:
        lease = runs.acquire(conn, "crm", holder="dead", ttl_s=0)
        runs.begin(conn, lease, "full_compare", "")
    with serving(bench) as served:
        until(lambda: [run for run in served.runs("crm") if run.kind == "full_compare" and run.state == "done"])


def test_a_full_compare_that_meets_another_run_comes_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.2)
    weekly(bench)
    bench.edit("flows.yaml", "every: 1 s", "every: 1 h")
    bench.run("crm", full=True)
    with bench.hub() as hub, hub.store.begin() as conn:
        lease = runs.acquire(conn, "crm", holder="elsewhere:1:x", ttl_s=60)
        runs.begin(conn, lease, "live", "")
    with capture_logs() as said, serving(bench, at_start=False) as served:
        until(lambda: [line for line in said if line["event"] == "tick put off"])
        assert len(served.runs("crm")) == 2
        with served.hub.store.begin() as conn:
            runs.release(conn, lease)
        until(lambda: len([run for run in served.runs("crm") if run.kind == "full_compare"]) == 2)
    (put_off,) = [line for line in said if line["event"] == "tick put off"]
    assert put_off["flow"] == "crm:full_compare"
    assert "already running by elsewhere:1:x" in put_off["reason"]


def test_a_broken_flow_stops_no_other(bench: Bench) -> None:
    bench.edit("flows.yaml", "erp: {ingest: erp.partner}", "erp: {ingest: erp.partner, every: 1 s}")
    bench.edit("config/secrets.env", "ERP_URL=", "ERP_ADDRESS=")
    with capture_logs() as said, serving(bench) as served:
        until(lambda: len([line for line in said if line["event"] == "flow halted" and line["flow"] == "erp"]) >= 2)
        until(lambda: len([run for run in served.runs("crm") if run.state == "done"]) >= 2)
    (code,) = {line["code"] for line in said if line["event"] == "flow halted"}
    assert code == "CFG007"


def test_a_flow_that_does_not_end_in_time_is_named(bench: Bench) -> None:
    with serving(bench, lock="crm", grace_s=0.1) as served:
        until(lambda: any(run.heartbeat_at > run.started_at for run in served.runs("crm")))  # it has begun to read
        served.stop()
        assert served.late == ["crm"]
        served.unlock()
        until(lambda: served.runs("crm")[0].state != "running")  # before its state goes away under it


def test_flw062_nothing_scheduled_is_nothing_to_serve(sqlite_bench: Bench) -> None:
    clock = StoppableClock()
    with Hub(load_project(sqlite_bench.root), clock) as hub, pytest.raises(Misconfigured) as caught:
        Scheduler(hub, clock)
    assert str(caught.value).startswith("flows.yaml: FLW062 no enabled flow has `every` or `cron`")
