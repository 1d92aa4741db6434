"""`goldbridge serve` and `run` as processes: one hub per state, one run per flow, and a clean end on a signal."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from goldbridge.clock import SYSTEM
from goldbridge.state import landing
from goldbridge.state import run as runs
from goldbridge.state.engine import open_store
from goldbridge.state.run import Run
from tests.flows.bench import Bench, row

ROOT = Path(__file__).resolve().parents[2]
ROWS = 60_000


def until(what: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait until it is so; fail when it does not become so."""
    end = SYSTEM.monotonic() + within_s
    while not what():
        assert SYSTEM.monotonic() < end, "it did not happen in time"
        SYSTEM.wait(0.02)


@contextmanager
def started(bench: Bench, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A goldbridge process on the bench; killed when the test leaves it behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "goldbridge", *arguments, "--project", str(bench.root)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def ended(process: subprocess.Popen[str], within_s: float = 30.0) -> tuple[int, str]:
    """Exit status and what was said on stderr."""
    try:
        _, err = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGUSR1)
        SYSTEM.wait(1.0)
        process.kill()
        pytest.fail(f"still there after {within_s} s:\n{process.communicate()[1]}")
    return process.returncode, err


def ask(bench: Bench, *arguments: str) -> tuple[int, str]:
    with started(bench, *arguments) as process:
        return ended(process)


@contextmanager
def locked(bench: Bench, system: str) -> Iterator[None]:
    """Nobody reads the system's database meanwhile: a run that tries waits. What the table looks like is asked before a
    run begins, so the flow must have run once in its process."""
    conn = sqlite3.connect(bench.database(system), isolation_level=None)
    conn.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        conn.rollback()
        conn.close()


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str) -> Bench:
    bench = Bench(tmp_path / "project", sqlite_url, SYSTEM)
    bench.put("crm", row("C00000", "杭州甲机械有限公司"))
    bench.edit("flows.yaml", "crm: {ingest: crm.account}", "crm: {ingest: crm.account, every: 1 s}")
    return bench


def known(bench: Bench, flow: str = "") -> list[Run]:
    """The runs in the state, oldest first, as another process sees them."""
    store = open_store(f"sqlite:///{state_file(bench)}", migrate=False)
    try:
        with store.read() as conn:
            return runs.list_runs(conn, flow=flow, limit=1000)[::-1]
    finally:
        store.close()


def under_way(bench: Bench) -> list[Run]:
    return [run for run in known(bench, "crm") if run.state == "running"]


def state_file(bench: Bench) -> Path:
    return bench.root.parent / "state" / "state.sqlite"


def test_serve_runs_flows_until_it_is_told_to_end(bench: Bench) -> None:
    with started(bench, "serve") as serve:
        until(lambda: len([run for run in known(bench, "crm") if run.state == "done"]) >= 2)
        serve.send_signal(signal.SIGTERM)
        status, said = ended(serve)
    assert status == 143
    assert "flow 'erp' has neither `every` nor `cron`; it runs only at the start" in said
    assert "serving 1 schedules" in said
    assert "stopping at the end of this page; once more ends at once\n" in said
    assert said.endswith("stopped\n")
    assert {run.state for run in known(bench)} == {"done"}


def test_f64_a_second_serve_on_one_state_names_the_first(bench: Bench) -> None:
    with started(bench, "serve") as first:
        until(lambda: known(bench, "parties"))
        status, said = ask(bench, "serve")
        assert status == 75
        (line,) = said.splitlines()
        assert re.match(rf"STA005 .*state\.sqlite: process {first.pid} \(since .*\) serves this state already; ", line)
        assert ask(bench, "status")[0] == 0
        first.send_signal(signal.SIGINT)
        assert ended(first)[0] == 130
    with started(bench, "serve") as next_one:
        before = len(known(bench))
        until(lambda: len(known(bench)) > before)
        next_one.send_signal(signal.SIGTERM)
        assert ended(next_one)[0] == 143


@pytest.fixture
def long_bench(bench: Bench) -> Bench:
    """A flow of some seconds, 60 pages of it, once, and nothing after it."""
    bench.edit("flows.yaml", "crm: {ingest: crm.account, every: 1 s}", "crm: {ingest: crm.account, every: 1 h}")
    bench.edit("flows.yaml", "after: [crm, erp]}", "after: [crm, erp], enabled: false}")
    (bench.root / "mappings/crm/account.yaml").write_text(
        "mapping: crm.account\ntarget: party\nkey: ID\nfields:\n  name: {from: NAME, via: [blank]}\n"
        "  role: {value: customer}\ndrop: [AT, GONE, CODE, TEL, ADDRESS]\n",
        encoding="utf-8",
    )
    times = (f"2026-02-01 {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}" for i in range(ROWS))
    bench.put("crm", *(row(f"C{i:05}", f"甲{i}", at=at) for i, at in enumerate(times)))
    return bench


@contextmanager
def frozen(bench: Bench, process: subprocess.Popen[str]) -> Iterator[None]:
    """The process holds still between two of its transactions, whatever it is doing."""
    while True:
        process.send_signal(signal.SIGSTOP)
        conn = sqlite3.connect(state_file(bench), isolation_level=None, timeout=0)
        try:
            conn.execute("BEGIN IMMEDIATE")
            conn.rollback()
            break
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
        finally:
            conn.close()
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_f56_a_flow_that_serve_is_running_is_not_run_twice(long_bench: Bench) -> None:
    with started(long_bench, "serve") as serve:
        until(lambda: any(run.counters.get("read", 0) for run in known(long_bench, "crm")))
        with frozen(long_bench, serve):
            assert under_way(long_bench)
            status, said = ask(long_bench, "run", "crm")
            assert ask(long_bench, "run", "erp")[0] == 0  # another flow is free
        assert status == 75
        assert re.fullmatch(rf"STA010 flow crm is already running by \S+:{serve.pid}:\w+ since \S+\n", said)
        serve.send_signal(signal.SIGTERM)
        assert ended(serve)[0] == 143


def landed(bench: Bench) -> int:
    store = open_store(f"sqlite:///{state_file(bench)}", migrate=False)
    try:
        with store.read() as conn:
            return sum(1 for _ in landing.scan_all(conn))
    finally:
        store.close()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("command", [["serve"], ["run", "crm"]], ids=["serve", "run"])
def test_f5_a_long_flow_stops_within_seconds_says_where_and_resumes(
    long_bench: Bench, command: list[str], number: signal.Signals, status: int
) -> None:
    with started(long_bench, *command) as process:
        until(lambda: any(run.counters.get("read", 0) for run in known(long_bench, "crm")))
        process.send_signal(number)
        told = SYSTEM.monotonic()
        found, said = ended(process)
        assert SYSTEM.monotonic() - told < 10
    assert found == status
    (run,) = known(long_bench, "crm")
    assert run.state == "interrupted"
    assert 0 < run.counters["read"] < ROWS
    where = rf"stopped by {number.name} after {run.counters['read']} records at cursor 2026-02-01 \d\d:\d\d:\d\d"
    assert re.search(rf"^FLW061 flow crm: {where}; the next run resumes there$", said, re.MULTILINE)
    assert landed(long_bench) == run.counters["read"]

    if command == ["run", "crm"] and number == signal.SIGTERM:
        assert ask(long_bench, "run", "crm")[0] == 0  # at once: the lease was given back
        assert known(long_bench, "crm")[-1].counters["read"] < ROWS
        assert landed(long_bench) == ROWS


def test_a_flow_that_cannot_reach_the_end_of_its_page_is_left_at_the_second_signal(bench: Bench) -> None:
    with started(bench, "serve") as serve:
        until(lambda: known(bench, "parties"))
        with locked(bench, "crm"):
            until(lambda: any(run.heartbeat_at > run.started_at for run in under_way(bench)))  # it has begun to read
            serve.send_signal(signal.SIGTERM)
            assert serve.stderr is not None
            while not serve.stderr.readline().startswith("stopping"):
                pass
            serve.send_signal(signal.SIGTERM)
            assert ended(serve)[0] == 143
    assert under_way(bench)  # as after a crash: the next run finds it lost


def test_flw062_serve_needs_a_schedule(bench: Bench) -> None:
    bench.edit("flows.yaml", ", every: 1 s", "")
    status, said = ask(bench, "serve")
    assert status == 2
    assert "FLW062 no enabled flow has `every` or `cron`" in said
