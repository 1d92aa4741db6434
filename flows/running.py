"""One run of one flow: its lease, its counters, its way to the end.

Schedulers only trigger. The lease is taken here and kept while the run lives, every transaction of the run proves its
fence, and the counters must add up before the run counts as done. A run that stops halfway leaves its cursor where the
last page was committed; one that is told to stop does so after the page it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from flows.heartbeat import Heartbeat
from flows.stop import CODE, StoppableClock, Stopped
from goldbridge import log
from goldbridge.errors import GoldbridgeError
from goldbridge.ports import Progress
from goldbridge.state import cursor, delivery
from goldbridge.state import run as runs
from goldbridge.state.engine import Store
from goldbridge.state.run import Counters, Lease, RunKind

if TYPE_CHECKING:
    from flows.filing import Filing

LEASE_S = 60.0
"""How long a flow stays locked after its process died without a word."""


class Silent:
    """Nobody watches."""

    def advance(self, done: int, total: int | None = None) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Watched:
    """Progress is a sign of life, and a moment to ask whether to go on."""

    run: Running
    inner: Progress

    def advance(self, done: int, total: int | None = None) -> None:
        self.run.heart.sign()
        self.inner.advance(done, total)
        self.run.heed_stop()


@dataclass(slots=True)
class Running:
    """What every step of a run needs: where it writes, under which fence, what it has counted."""

    flow: str
    store: Store
    lease: Lease
    id: int
    started_at: str
    heart: Heartbeat
    progress: Progress = field(default_factory=Silent)
    counters: Counters = field(default_factory=Counters)
    completeness: str = ""
    message: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    log: Any = None
    filing: Filing | None = None
    enlist: Callable[[Connection, Sequence[tuple[int, str]]], int] | None = None
    """Gives golden records of a cutover, as (golden id, entity), their waves; returns how many have one now."""
    erasing: bytes = b""
    """The key of the ledger of what was erased and must not be read again; without one nothing is held back."""

    @contextmanager
    def page(self) -> Iterator[Connection]:
        """One write transaction of this run: proves the fence first, notes progress last.

        Raises `Stopped` after the commit when the process was told to stop: what was done outside (an answer, a write)
        is kept before the run ends.
        """
        with self.heart.turn, self.store.begin() as conn:
            runs.check_fence(conn, self.lease)
            yield conn
            runs.beat(conn, self.id, self.counters)
            runs.check_fence(conn, self.lease)  # a page that took longer than the lease must not leave an expired one
        self.heart.sign()
        self.heed_stop()

    def heed_stop(self) -> None:
        """Raises `Stopped` when the process was told to stop."""
        clock = self.store.clock
        if isinstance(clock, StoppableClock) and clock.stopped:
            raise Stopped(f"told to stop by {clock.reason}")

    def file(self, conn: Connection, entity: str, records: Sequence[int]) -> None:
        """Let records that changed be found, in the transaction that changed them."""
        if self.filing is not None:
            self.filing.file(conn, entity, records)

    def count(self, **others: int) -> None:
        """Add to the counters that are not fates (written, versions, tasks, ...)."""
        for name, number in others.items():
            if number:
                self.counters.other[name] = self.counters.other.get(name, 0) + number


@contextmanager
def running(
    store: Store, flow: str, kind: RunKind, fingerprint: str, progress: Progress | None = None
) -> Iterator[Running]:
    """Take the lease, open a run, close both whatever happens.

    Raises `AlreadyRunning` when another process holds the flow.
    """
    with store.begin() as conn:
        lease = runs.acquire(conn, flow, holder=runs.holder(), ttl_s=LEASE_S)
        id = runs.begin(conn, lease, kind, fingerprint)
        delivery.disown(conn, flow, lease.fence)
        opened = runs.load(conn, id)
    bound = log.get("flow").bind(flow=flow, run=id)
    heart = Heartbeat(store, lease, bound)
    run = Running(flow, store, lease, id, opened.started_at if opened else "", heart, log=bound)
    run.progress = Watched(run, progress or Silent())
    try:
        with heart:
            yield run
        _finish(run, "done")
        run.log.info(
            "run done",
            read=run.counters.read,
            **run.counters.fates(),
            **run.counters.other,
            **({"completeness": run.completeness} if run.completeness else {}),
        )
    except KeyboardInterrupt:
        run.message = "interrupted; the next run resumes where this one stopped"
        _close(run, "interrupted")
        raise
    except GoldbridgeError as error:
        if error.code == CODE:
            run.message = _where(run, kind)
            _close(run, "interrupted")
            raise Stopped(f"flow {flow}: {run.message}") from None
        run.message = log.redact(str(error))
        _close(run, "halted")
        raise
    except BaseException as error:
        run.message = log.redact(f"{type(error).__name__}: {error}")
        _close(run, "failed")
        raise


def _where(run: Running, kind: RunKind) -> str:
    """What a stopped run got done, and who takes it up."""
    clock = run.store.clock
    by = clock.reason if isinstance(clock, StoppableClock) else "its process"
    done = f"stopped by {by} after {run.counters.read} records"
    if kind == "full_compare":
        return f"{done}; the next full compare takes it up"
    with run.store.read() as conn:
        held = [cursor.load(conn, run.flow), *cursor.partitions(conn, run.flow)]
    # Positions in the outbox (they carry a colon) mean nothing to a person.
    moved = [one for one in held if one is not None and one.run == run.id and ":" not in one.partition]
    at = next((f" at cursor {one.value}" for one in moved if one.value), "")
    return f"{done}{at}; {'the same backfill' if kind == 'backfill' else 'the next run'} resumes there"


def _close(run: Running, state: runs.RunState) -> None:
    """Close a run that did not reach its end; a state that cannot be written to must not hide why it ended."""
    try:
        _finish(run, state)
    except GoldbridgeError as error:
        run.log.warning("run not closed; its lease runs out by itself", reason=str(error))


def _finish(run: Running, state: runs.RunState) -> None:
    with run.store.begin() as conn:
        runs.finish(
            conn, run.id, state, run.counters, completeness=run.completeness, message=run.message, detail=run.detail
        )
        runs.release(conn, run.lease)
