"""Leases with fences, and runs with counters that must add up.

Schedulers only trigger; the lease decides who runs. It is taken by database time with a fence that rises; every later
transaction of the run calls `check_fence`, which finds no row once somebody else took over, and the run aborts having
written nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json

RunKind = Literal["live", "full_compare", "backfill", "replay", "verify", "rehearsal"]
RunState = Literal["running", "done", "halted", "failed", "interrupted", "lost"]


class Lease(NamedTuple):
    flow: str
    holder: str
    fence: int
    ttl_s: float


@dataclass(slots=True)
class Counters:
    """What became of every record read; `other` counts anything else (written, echoes, ...) and is not part of the sum."""

    read: int = 0
    applied: int = 0
    unchanged: int = 0
    filtered: int = 0
    dead: int = 0
    pending: int = 0
    other: dict[str, int] = field(default_factory=dict)

    def add(self, fates: Mapping[str, int]) -> None:
        """Count `fates` (fate -> number) and as many records read."""
        raise NotImplementedError

    def balanced(self) -> bool:
        """read = applied + unchanged + filtered + dead + pending."""
        raise NotImplementedError


class Run(NamedTuple):
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


def holder() -> str:
    """Who we are, for the lease: host, process id and a word that no other process has."""
    raise NotImplementedError


def acquire(conn: Connection, flow: str, *, holder: str, ttl_s: float = 60.0) -> Lease:
    """Take the flow's lease when it is free or expired; raises `AlreadyRunning` STA010 naming the holder otherwise."""
    raise NotImplementedError


def check_fence(conn: Connection, lease: Lease) -> None:
    """Prove inside a transaction that we still hold the lease, and extend it; raises `Halt` STA011 when we do not."""
    raise NotImplementedError


def release(conn: Connection, lease: Lease) -> None:
    """Give the lease back; does nothing when it is no longer ours."""
    raise NotImplementedError


def lease_of(conn: Connection, flow: str) -> tuple[Lease, bool] | None:
    """The last lease of a flow and whether it still holds."""
    raise NotImplementedError


def begin(conn: Connection, lease: Lease, kind: RunKind, fingerprint: str, detail: Json = None) -> int:
    """Open a run; runs of this flow that died without an end are marked lost. Returns the run id."""
    raise NotImplementedError


def beat(conn: Connection, run: int, counters: Counters) -> None:
    """Note progress, with the page that made it."""
    raise NotImplementedError


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
    """Close a run; `completeness` is proven, unproven: <why>, or empty. Raises `Halt` STA012 when a finished run does not add up."""
    raise NotImplementedError


def load(conn: Connection, run: int) -> Run | None:
    raise NotImplementedError


def list_runs(conn: Connection, *, flow: str = "", states: Collection[RunState] = (), limit: int = 50) -> list[Run]:
    """Runs, newest first."""
    raise NotImplementedError


def latest(conn: Connection) -> dict[str, Run]:
    """Flow -> its newest run."""
    raise NotImplementedError
