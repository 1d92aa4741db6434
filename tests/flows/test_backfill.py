"""A range of days read again, chunk by chunk: what is done stays done, and what is known writes nothing."""

from __future__ import annotations

import json

import pytest

from flows.backfill import backfill
from flows.stop import StoppableClock, Stopped
from goldbridge.state import cursor, landing
from tests.bad_input.desk import hear
from tests.flows.bench import Bench, row

DAYS = ("2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02", "2026-02-03")
RANGE = ("2026-01-31", "2026-02-02")


def fill(bench: Bench, each: int = 2) -> None:
    """Some records a day, the last of a day in its last second."""
    for day in DAYS:
        bench.put("crm", *(row(f"{day}-{n:04}", f"甲{n}", at=f"{day} 23:59:59" if n == 0 else f"{day} 0{n % 9}:00:00")
                           for n in range(each)))  # fmt: skip


def keys(bench: Bench) -> list[str]:
    with bench.hub() as hub, hub.store.read() as conn:
        return sorted(record.key for record in landing.scan_all(conn))


def expected(*days: str, each: int = 2) -> list[str]:
    return [f"{day}-{n:04}" for day in sorted(days) for n in range(each)]


def test_the_days_are_inclusive_and_the_live_cursor_stays(bench: Bench) -> None:
    fill(bench)
    with bench.hub() as hub:
        result = backfill(hub, "crm", *RANGE, days=1)
    assert (result.counters.read, result.counters.applied, result.completeness) == (6, 6, "proven")
    assert result.detail == {"chunks": 3, "resumed": 0, "done": 3}
    assert keys(bench) == expected(*DAYS[1:4])
    with bench.hub() as hub, hub.store.read() as conn:
        assert cursor.load(conn, "crm") is None or cursor.load(conn, "crm").value == ""  # type: ignore[union-attr]
    (live,) = bench.run("crm")
    assert (live.counters.read, live.counters.unchanged, live.counters.applied) == (10, 6, 4)


def test_done_is_done_until_it_is_told_to_begin_anew(sqlite_bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench = sqlite_bench
    fill(bench)
    words = ("backfill", "crm", "--from", RANGE[0], "--to", RANGE[1], "--chunk-days", "2")
    assert hear(bench.root, capsys, *words).out == "crm: 6 read = 6 applied; proven\n"
    said = hear(bench.root, capsys, *words)
    assert said.out == "crm: 0 read; proven; 2 of 2 chunks were done before; --restart reads them again\n"
    # A longer range reads only what is new in it.
    assert hear(bench.root, capsys, *words[:-3], "2026-02-03", *words[-2:]).out.startswith("crm: 4 read = ")
    bench.put("crm", row(f"{RANGE[0]}-0000", "改", at=f"{RANGE[0]} 23:59:59"))
    said = hear(bench.root, capsys, *words, "--restart")
    assert (said.status, said.out) == (0, "crm: 6 read = 1 applied, 5 unchanged; proven\n")


class StopAfter:
    """Progress that tells its process to stop after so many pages."""

    def __init__(self, clock: StoppableClock, pages: int) -> None:
        self.clock, self.left = clock, pages

    def advance(self, done: int, total: int | None = None) -> None:
        self.left -= bool(done)
        if self.left == 0:
            self.clock.stop("SIGINT")


def test_a_backfill_that_is_stopped_resumes_in_the_chunk_where_it_stopped(bench: Bench) -> None:
    fill(bench, each=1500)  # two pages a day
    bench.clock = clock = StoppableClock()
    with bench.hub() as hub, pytest.raises(Stopped, match="; the same backfill resumes there"):
        backfill(hub, "crm", *RANGE, days=1, progress=StopAfter(clock, 3))
    assert len(keys(bench)) == 2500
    bench.clock = StoppableClock()
    with bench.hub() as hub:
        result = backfill(hub, "crm", *RANGE, days=1)
    assert result.detail == {"chunks": 3, "resumed": 1, "done": 3}
    assert (result.counters.read, result.counters.applied) == (2000, 2000)
    assert keys(bench) == expected(*DAYS[1:4], each=1500)


@pytest.mark.parametrize(
    ("start", "until", "message"),
    [
        ("2026-13-01", "2026-01-31", "--from '2026-13-01' is not a date; write it as 2025-01-31"),
        ("2026-01-01", "gestern", "--to 'gestern' is not a date; write it as 2025-01-31"),
        ("2026-03-01", "2026-01-01", "--from 2026-03-01 is after --to 2026-01-01"),
    ],
)
def test_flw070_a_range_that_is_none(
    sqlite_bench: Bench, capsys: pytest.CaptureFixture[str], start: str, until: str, message: str
) -> None:
    said = hear(sqlite_bench.root, capsys, "backfill", "crm", "--from", start, "--to", until)
    assert (said.status, said.error) == (2, f"command line: FLW070 {message}")


def test_flw071_a_flow_that_reads_nothing(
    sqlite_bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sqlite_bench.root)
    said = hear(sqlite_bench.root, capsys, "backfill", "parties", "--from", "2026-01-01", "--to", "2026-01-31")
    assert said.status == 2
    assert said.error == ("flows.yaml:5:12: FLW071 flow 'parties' reads no stream; backfill an ingest or sync flow")


def test_a_chunk_that_needs_a_person_says_so(sqlite_bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    sqlite_bench.put("crm", row("1", None, at="2026-02-01 08:00:00"))
    said = hear(sqlite_bench.root, capsys, "backfill", "crm", "--from", DAYS[0], "--to", DAYS[-1], "--json")
    assert said.status == 1
    assert (json.loads(said.out)["read"], json.loads(said.out)["dead"]) == (1, 1)
