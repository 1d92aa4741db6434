"""F2, F3: killed with SIGKILL again and again while it reads, a flow loses nothing and lands nothing twice.

Each kind of connector reads from its own other side, over real sockets, in a process of its own; the places of the
kills are drawn from a seed among everything the process asks of its database. The connectors that are not here are cut
in process, page by page, by the suite ("a killed run goes on at its page").
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from goldbridge.clock import SYSTEM
from goldbridge.simulators.kit.limit import Limiter
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.state import landing, outbox
from goldbridge.state.engine import open_store
from goldbridge.state.tables import flow_lease, source_version
from tests.conformance.peers.dynamics import DynamicsModifiedPeer, DynamicsPeer
from tests.conformance.peers.fxiaoke import FxiaokePeer
from tests.conformance.peers.kingdee import KingdeePeer
from tests.conformance.peers.odata import OdataPeer
from tests.conformance.peers.rest import RestPeer, RestTokenPeer
from tests.conformance.peers.salesforce import SalesforcePeer
from tests.conformance.pretend import Pretend
from tests.conformance.victim import FLOW

ROWS, KILLS = 40, 4
ROOT = Path(__file__).parents[2]
Source = tuple[str, dict[str, Any], str, set[str]]
"""kind, entry of sources.yaml, stream, and the keys that are there."""


class Victim:
    """The process that is killed: one that imports, and forks a child for each job."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.conformance.victim"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1
        )
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        self._out, self._in = self._process.stdout, self._process.stdin
        assert self._out.readline() == "ready\n"

    def land(self, source: Source, state: str, die_at: int | None = None) -> dict[str, Any]:
        kind, entry, stream, _ = source
        tokens = str(Path(state.removeprefix("sqlite:///")).parents[1])
        job = {"kind": kind, "entry": entry, "stream": stream, "state": state, "tokens": tokens, "die_at": die_at}
        self._in.write(json.dumps(job) + "\n")
        answer: dict[str, Any] = json.loads(self._out.readline())
        return answer

    def close(self) -> None:
        self._in.close()
        self._process.wait()
        self._out.close()


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    made = Victim()
    yield made
    made.close()


def database(folder: Path, _: ExitStack) -> Source:
    engine = sa.create_engine(f"sqlite:///{folder / 'crm.sqlite'}")
    keys = [f"C{number:03}" for number in range(ROWS)]
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TABLE t (id TEXT PRIMARY KEY, at TEXT)"))
        rows = [{"id": key, "at": f"2026-03-01 08:00:{number // 3:02}"} for number, key in enumerate(keys)]
        conn.execute(sa.text("INSERT INTO t VALUES (:id, :at)"), rows)
    streams = {"account": {"table": "t", "key": "id", "cursor": "at"}}
    entry = {"connector": "sql", "url": str(engine.url), "zone": "Asia/Shanghai", "page_size": 3, "streams": streams}
    engine.dispose()
    return "sql", entry, "account", set(keys)


def folder_of_files(folder: Path, _: ExitStack) -> Source:
    keys = [f"C{number:03}" for number in range(ROWS)]
    (folder / "c.csv").write_text("ID,NAME\n" + "".join(f"{key},甲\n" for key in keys), encoding="utf-8")
    os.utime(folder / "c.csv", (0, 0))  # nobody writes it any more
    streams = {"customers": {"path": "c.csv", "key": "ID"}}
    entry = {"connector": "file", "root": str(folder), "page_size": 3, "streams": streams}
    return "file", entry, "customers", set(keys)


def pretend(kind: type[Pretend]) -> Callable[[Path, ExitStack], Source]:
    """The peer of the suite, behind a real socket; limits are for those who share its clock."""

    def source(_: Path, stack: ExitStack) -> Source:
        peer = kind()
        peer.add(ROWS)
        peer.clock.advance((SYSTEM.now() - peer.clock.now()).total_seconds())  # the child's clock is the machine's
        peer.sim.limiter = Limiter(peer.sim.clock, {})
        url = stack.enter_context(Loopback(peer.sim.app))
        budget = {"calls": 10_000, "per_s": 1}
        entry = {"connector": peer.kind.kind, "base_url": "http://127.0.0.1", **peer.settings, **peer.small_pages}
        return peer.kind.kind, _at(url, {**entry, "budget": budget}), peer.stream, set(peer.keys())

    source.__name__ = kind.__name__.removesuffix("Peer")
    return source


def _at(url: str, value: Any) -> Any:
    """The same settings for the host that listens."""
    if isinstance(value, dict):
        return {name: _at(url, each) for name, each in value.items()}
    return value.replace("http://127.0.0.1", url, 1) if isinstance(value, str) else value


SOURCES = (
    database,
    folder_of_files,
    *map(
        pretend,
        (
            *(RestPeer, RestTokenPeer, OdataPeer, FxiaokePeer, SalesforcePeer, KingdeePeer),
            *(DynamicsPeer, DynamicsModifiedPeer),
        ),
    ),
)


@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_f2_f3_killed_again_and_again_it_loses_nothing_and_lands_nothing_twice(
    make: Callable[[Path, ExitStack], Source], victim: Victim, sqlite_template: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        source = make(tmp_path, stack)
        dry = victim.land(source, _state(sqlite_template, tmp_path / "dry"))
        assert (dry.get("error"), dry["status"], dry.get("applied")) == (None, 0, ROWS)
        state = _state(sqlite_template, tmp_path / "killed")
        chance = random.Random(make.__name__)
        for place in sorted(chance.sample(range(2, dry["ticks"]), KILLS)):
            died = victim.land(source, state, die_at=place)
            assert "error" not in died, died["error"]
            assert died["signal"] in (signal.SIGKILL, 0)  # what is left to do may be shorter than that
            _check(state, source[3], whole=not died["signal"])
        last = victim.land(source, state)
        assert (last.get("error"), last["status"]) == (None, 0)
        _check(state, source[3], whole=True)


def _state(template: Path, folder: Path) -> str:
    folder.mkdir(mode=0o700)
    shutil.copyfile(template, folder / "state.sqlite")
    return f"sqlite:///{folder / 'state.sqlite'}"


def _check(state: str, keys: set[str], *, whole: bool) -> None:
    """What is there is there once: one record, one version, one event each. Then the dead process's lease runs out."""
    store = open_store(state)
    try:
        with store.read() as conn:
            found = [(one.id, one.key) for one in landing.scan_all(conn)]
            there = [key for _, key in found]
            assert len(there) == len(set(there))
            assert set(there) == keys if whole else set(there) <= keys
            assert conn.execute(sa.select(sa.func.count()).select_from(source_version)).scalar_one() == len(there)
            events = sorted(event.subject for event in outbox.read(conn, limit=10**6))
            assert events == sorted(id for id, _ in found)
        with store.begin() as conn:
            conn.execute(flow_lease.update().where(flow_lease.c.flow == FLOW).values(expires_ms=0))
    finally:
        store.close()
