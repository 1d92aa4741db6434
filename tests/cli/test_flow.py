"""`goldbridge backfill` as a process that is killed or told to stop in the middle of a chunk."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from goldbridge.clock import SYSTEM
from goldbridge.state import cursor, landing
from goldbridge.state import run as runs
from goldbridge.state.engine import open_store
from tests.cli.test_serve import ask, ended, started, state_file, until
from tests.flows.bench import Bench, row

EACH = 8_000
DAYS = ("2026-02-01", "2026-02-02", "2026-02-03")
WORDS = ("backfill", "crm", "--from", DAYS[0], "--to", DAYS[-1], "--chunk-days", "1")
MAPPING = """
mapping: crm.account
target: party
key: ID
fields:
  name: {from: NAME, via: [blank]}
  role: {value: customer}
drop: [AT, GONE, CODE, TEL, ADDRESS]
"""


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str) -> Bench:
    """Three days of eight pages each."""
    bench = Bench(tmp_path / "project", sqlite_url, SYSTEM)
    bench.write("mappings/crm/account.yaml", MAPPING)
    for day in DAYS:
        times = (f"{day} {i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}" for i in range(EACH))
        bench.put("crm", *(row(f"{day}-{i:05}", f"甲{i}", at=at) for i, at in enumerate(times)))
    return bench


class Seen:
    """What the state says: the chunks that are done, how far the second one is, what is landed."""

    def __init__(self, bench: Bench) -> None:
        store = open_store(f"sqlite:///{state_file(bench)}", migrate=False)
        with store.read() as conn:
            parts = cursor.partitions(conn, "crm:backfill")
            left = cursor.load(conn, "crm", f"{DAYS[1]}..{DAYS[1]}")
            self.done = [part.partition[:10] for part in parts if part.done]
            self.second = left.value if left is not None else ""
            self.landed = [(record.key, record.version) for record in landing.scan_all(conn)]
            self.runs = [run.state for run in runs.list_runs(conn, flow="crm")][::-1]
        store.close()


def begun(bench: Bench) -> bool:
    """Whether the second chunk has landed a page."""
    with sqlite3.connect(state_file(bench)) as conn:
        query = "SELECT value FROM cursor WHERE flow = 'crm' AND partition = ?"
        found = conn.execute(query, [f"{DAYS[1]}..{DAYS[1]}"]).fetchone()
    conn.close()
    return bool(found and found[0])


@contextmanager
def in_the_second_chunk(bench: Bench) -> Iterator[subprocess.Popen[str]]:
    with started(bench, *WORDS) as process:
        until(lambda: begun(bench))
        yield process


def resumed(bench: Bench, before: Seen) -> None:
    """The same command reads what is left of the second chunk and the third, once."""
    with started(bench, *WORDS, "--json") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    result = json.loads(out)
    left = len(DAYS) * EACH - len(before.landed)
    assert (result["read"], result["applied"]) == (left, left)
    assert result["detail"] == {"chunks": 3, "resumed": 1, "done": 3}
    after = Seen(bench)
    assert after.done == list(DAYS)
    assert sorted(after.landed) == [(f"{day}-{i:05}", 1) for day in DAYS for i in range(EACH)]


def test_f4_a_backfill_that_is_killed_keeps_its_chunks_and_resumes(bench: Bench) -> None:
    with in_the_second_chunk(bench) as process:
        process.kill()
        process.communicate()
    before = Seen(bench)
    assert before.done == [DAYS[0]]
    assert EACH < len(before.landed) < 2 * EACH
    assert len(before.landed) % 1000 == 0  # whole pages
    assert before.runs == ["done", "running"]

    status, said = ask(bench, *WORDS)  # nobody gave the lease back
    assert status == 75
    assert re.match(rf"STA010 flow crm is already running by \S+:{process.pid}:", said)
    with sqlite3.connect(state_file(bench)) as conn:
        conn.execute("UPDATE flow_lease SET expires_ms = 0")  # a minute later
    conn.close()
    resumed(bench, before)
    assert Seen(bench).runs == ["done", "lost", "done", "done"]


def test_ctrl_c_ends_a_backfill_after_its_page_and_the_same_command_resumes_at_once(bench: Bench) -> None:
    with in_the_second_chunk(bench) as process:
        process.send_signal(signal.SIGINT)
        status, said = ended(process)
    assert status == 130
    before = Seen(bench)
    assert before.done == [DAYS[0]]
    assert EACH < len(before.landed) < 2 * EACH
    where = rf"after {len(before.landed) - EACH} records at cursor {before.second}; the same backfill resumes there"
    assert re.search(rf"^FLW061 flow crm: stopped by SIGINT {where}$", said, re.MULTILINE)
    resumed(bench, before)
