"""One run of one flow: its lease, its counters, its way to the end.

Schedulers only trigger. The lease is taken here, every transaction of the run proves its fence, and the counters must
add up before the run counts as done. A run that stops halfway leaves its cursor where the last page was committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from goldbridge import log
from goldbridge.errors import AlreadyRunning, GoldbridgeError
from goldbridge.ports import Progress
from goldbridge.state import delivery
from goldbridge.state import run as runs
from goldbridge.state.engine import Store
from goldbridge.state.run import Counters, Lease, RunKind


class Silent:
    """Nobody watches."""

    def advance(self, done: int, total: int | None = None) -> None:
        return None


@dataclass(slots=True)
class Running:
    """What every step of a run needs: where it writes, under which fence, what it has counted."""

    flow: str
    store: Store
    lease: Lease
    id: int
    started_at: str
    progress: Progress
    counters: Counters = field(default_factory=Counters)
    completeness: str = ""
    message: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    log: Any = None

    @contextmanager
    def page(self) -> Iterator[Connection]:
        """One write transaction of this run: proves the fence first, notes progress last."""
        with self.store.begin() as conn:
            runs.check_fence(conn, self.lease)
            yield conn
            runs.beat(conn, self.id, self.counters)

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
    holder = runs.holder()
    with store.begin() as conn:
        lease = runs.acquire(conn, flow, holder=holder)
        id = runs.begin(conn, lease, kind, fingerprint)
        delivery.disown(conn, flow, lease.fence)
        opened = runs.load(conn, id)
    run = Running(flow, store, lease, id, opened.started_at if opened else "", progress or Silent())
    run.log = log.get("flow").bind(flow=flow, run=id)
    try:
        yield run
        _finish(run, "done")
        run.log.info(
            "run done",
            **{
                name: getattr(run.counters, name)
                for name in ("read", "applied", "unchanged", "filtered", "dead", "pending")
            },
            **run.counters.other,
            **({"completeness": run.completeness} if run.completeness else {}),
        )
    except AlreadyRunning:
        raise
    except KeyboardInterrupt:
        run.message = "interrupted; the next run resumes where this one stopped"
        _finish(run, "interrupted")
        raise
    except GoldbridgeError as error:
        run.message = log.redact(str(error))
        _finish(run, "halted")
        raise
    except BaseException as error:
        run.message = log.redact(f"{type(error).__name__}: {error}")
        _finish(run, "failed")
        raise


def _finish(run: Running, state: runs.RunState) -> None:
    with run.store.begin() as conn:
        runs.finish(
            conn, run.id, state, run.counters, completeness=run.completeness, message=run.message, detail=run.detail
        )
        runs.release(conn, run.lease)
