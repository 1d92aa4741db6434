"""Leases with fences, and runs with counters that must add up.

Schedulers only trigger; the lease decides who runs. It is taken by database time with a fence that rises; every later
transaction of the run calls `check_fence`, which finds no row once somebody else took over, and the run aborts having
written nothing.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import BigInteger, Connection, bindparam, func, insert, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from goldbridge.clock import iso
from goldbridge.errors import AlreadyRunning, Halt
from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, fixed
from goldbridge.state.engine import now
from goldbridge.state.instance import raise_epoch
from goldbridge.state.tables import flow_lease
from goldbridge.state.tables import run as run_table

RunKind = Literal["live", "full_compare", "backfill", "replay", "verify", "rehearsal"]
RunState = Literal["running", "done", "halted", "failed", "interrupted", "lost"]


FATES = ("applied", "unchanged", "filtered", "dead", "pending")


class Lease(NamedTuple):
    """Who may write for a flow until the lease runs out; `fence` tells this holder from the ones before."""

    flow: str
    holder: str
    fence: int
    ttl_s: float


@dataclass(slots=True)
class Counters:
    """What became of every record read; `other` counts anything else (writes, echoes) outside the sum."""

    read: int = 0
    applied: int = 0
    unchanged: int = 0
    filtered: int = 0
    dead: int = 0
    pending: int = 0
    other: dict[str, int] = field(default_factory=dict)

    def add(self, fates: Mapping[str, int]) -> None:
        """Count `fates` (fate -> number) and as many records read."""
        for fate, number in fates.items():
            setattr(self, fate, getattr(self, fate) + number)
            self.read += number

    def fates(self) -> dict[str, int]:
        """What became of the records read."""
        return {fate: getattr(self, fate) for fate in FATES}

    def sum(self) -> int:
        """How many records are accounted for."""
        return sum(self.fates().values())

    def balanced(self) -> bool:
        """read = applied + unchanged + filtered + dead + pending."""
        return self.read == self.sum()

    def as_dict(self) -> dict[str, int]:
        """All counters by name, as they are stored."""
        return {"read": self.read, **self.fates(), **self.other}


class Run(NamedTuple):
    """A stored run; `fingerprint` is that of the configuration it was started with."""

    id: int
    flow: str
    kind: RunKind
    fingerprint: str
    fence: int
    state: RunState
    started_at: str
    heartbeat_at: str
    ended_at: str
    counters: dict[str, int]
    completeness: str
    message: str
    detail: Json


_lease, _run = flow_lease.c, run_table.c
_WORD = secrets.token_hex(4)


class _database_ms(FunctionElement[int]):  # noqa: N801  it reads as a value
    """The database's own time in milliseconds since 1970: no clock of ours, which may jump, decides who runs."""

    name = "database_ms"
    inherit_cache = True
    type = BigInteger()


@compiles(_database_ms, "sqlite")
def _sqlite_ms(element: _database_ms, compiler: SQLCompiler, **options: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(_database_ms, "postgresql")
def _postgresql_ms(element: _database_ms, compiler: SQLCompiler, **options: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"


def holder() -> str:
    """Who we are, for the lease: host, process id and a word that no other process has."""
    return f"{socket.gethostname()}:{os.getpid()}:{_WORD}"


def acquire(conn: Connection, flow: str, *, holder: str, ttl_s: float = 60.0) -> Lease:
    """Take the flow's lease when it is free or expired; raises `AlreadyRunning` STA010 naming the holder otherwise."""
    ttl = int(ttl_s * 1000)
    _first_lease(conn, [(flow, "", 0, 0, 0)])
    taken = (
        update(flow_lease)
        .where(_lease.flow == flow, _lease.expires_ms <= _database_ms())
        .values(holder=holder, fence=_lease.fence + 1, expires_ms=_database_ms() + ttl, acquired_ms=_database_ms())
        .returning(_lease.fence)
    )
    fence = conn.execute(taken).scalar_one_or_none()
    if fence is None:
        row = conn.execute(select(_lease.holder, _lease.acquired_ms).where(_lease.flow == flow)).one()
        since = iso(datetime.fromtimestamp(row.acquired_ms / 1000, UTC))
        raise AlreadyRunning("STA010", f"flow {flow} is already running by {row.holder} since {since}")
    return Lease(flow, holder, fence, ttl_s)


_first_lease = Insert(flow_lease, ("flow", "holder", "fence", "expires_ms", "acquired_ms"), conflict=("flow",))


# Built once: every page of every run proves its fence twice and notes its progress.
_PROLONGED = (
    update(flow_lease)
    .where(_lease.flow == bindparam("which"), _lease.fence == bindparam("nth"), _lease.holder == bindparam("whose"))
    .values(expires_ms=_database_ms() + bindparam("ttl_ms", type_=BigInteger))
)
_PROGRESS = (
    update(run_table)
    .where(_run.id == bindparam("which"))
    .values(heartbeat_at=bindparam("at"), counters=bindparam("counted", type_=_run.counters.type))
)


def check_fence(conn: Connection, lease: Lease) -> None:
    """Prove inside a transaction that we still hold the lease, and extend it; raises `Halt` STA011 when we do not."""
    held = {"whose": lease.holder, "which": lease.flow, "nth": lease.fence, "ttl_ms": int(lease.ttl_s * 1000)}
    if conn.execute(_PROLONGED, held).rowcount == 0:
        row = conn.execute(select(_lease.holder, _lease.fence).where(_lease.flow == lease.flow)).one_or_none()
        who = f"{row.holder or 'nobody'} (fence {row.fence})" if row else "nobody"
        raise Halt(
            "STA011",
            f"flow {lease.flow}: this run's lease (fence {lease.fence}) went to {who}; nothing of this page was kept. "
            "The process slept or hung past its lease; the other run carries on",
        )


def release(conn: Connection, lease: Lease) -> None:
    """Give the lease back; does nothing when it is no longer ours."""
    ours = (_lease.flow == lease.flow, _lease.fence == lease.fence, _lease.holder == lease.holder)
    conn.execute(update(flow_lease).where(*ours).values(holder="", expires_ms=0))


def lease_of(conn: Connection, flow: str) -> tuple[Lease, bool] | None:
    """The last lease of a flow and whether it still holds."""
    query = select(flow_lease, (_lease.expires_ms > _database_ms()).label("holds")).where(_lease.flow == flow)
    row = conn.execute(query).one_or_none()
    if row is None or row.fence == 0:
        return None
    return Lease(flow, row.holder, row.fence, (row.expires_ms - row.acquired_ms) / 1000), bool(row.holds)


def begin(conn: Connection, lease: Lease, kind: RunKind, fingerprint: str, detail: Json = None) -> int:
    """Open a run; runs of this flow that died without an end are marked lost. Returns the run id."""
    at = now(conn)
    died = update(run_table).where(_run.flow == lease.flow, _run.state == fixed("running"))
    conn.execute(died.values(state="lost", ended_at=at, message="the process ended without closing the run"))
    raise_epoch(conn)
    opened = insert(run_table).values(
        flow=lease.flow,
        kind=kind,
        fingerprint=fingerprint,
        fence=lease.fence,
        state="running",
        started_at=at,
        heartbeat_at=at,
        ended_at="",
        counters={},
        completeness="",
        message="",
        detail=detail,
    )
    return int(conn.execute(opened.returning(_run.id)).scalar_one())


def beat(conn: Connection, run: int, counters: Counters) -> None:
    """Note progress, with the page that made it."""
    conn.execute(_PROGRESS, {"which": run, "at": now(conn), "counted": counters.as_dict()})


def finish(
    conn: Connection,
    run: int,
    state: RunState,
    counters: Counters,
    *,
    completeness: str = "",
    message: str = "",
    detail: Json = None,
) -> None:
    """Close a run; `completeness` is proven, unproven: <why>, or empty.

    Raises `Halt` STA012 when a run that calls itself done does not add up.
    """
    if state == "done" and not counters.balanced():
        raise Halt(
            "STA012",
            f"run {run} read {counters.read} records but accounts for {counters.sum()} ({counters.fates()}); "
            "records were lost or counted twice, which is a bug: keep the state and report it",
        )
    at = now(conn)
    closed = {"state": state, "heartbeat_at": at, "ended_at": at, "counters": counters.as_dict()}
    closed |= {"completeness": completeness, "message": document.visible(message)}
    if detail is not None:
        closed["detail"] = detail
    conn.execute(update(run_table).where(_run.id == run).values(**closed))


def load(conn: Connection, run: int) -> Run | None:
    """One run, or None."""
    row = conn.execute(select(run_table).where(_run.id == run)).one_or_none()
    return None if row is None else Run(*row)


def list_runs(conn: Connection, *, flow: str = "", states: Collection[RunState] = (), limit: int = 50) -> list[Run]:
    """Runs, newest first."""
    query = select(run_table).order_by(_run.id.desc()).limit(limit)
    if flow:
        query = query.where(_run.flow == flow)
    if states:
        query = query.where(_run.state.in_(sorted(states)))
    return [Run(*row) for row in conn.execute(query)]


def latest(conn: Connection) -> dict[str, Run]:
    """Flow -> its newest run."""
    newest = select(func.max(_run.id)).group_by(_run.flow)
    return {
        row.flow: Run(*row) for row in conn.execute(select(run_table).where(_run.id.in_(newest)).order_by(_run.flow))
    }
