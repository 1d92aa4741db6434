"""Opens the state: SQLite for one process with nothing to install, PostgreSQL for more than one.

Writers begin with the write lock in hand (BEGIN IMMEDIATE), one at a time per process on SQLite; readers never wait.
Driver errors leave as ours: a lock that does not come, a full disk, a lost connection each say what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

from sqlalchemy import Connection, Engine

from goldbridge.clock import SYSTEM, Clock

T = TypeVar("T")


class Store:
    """An open state. `begin()` for a write transaction, `read()` for a consistent view, `transact()` to retry."""

    engine: Engine
    clock: Clock
    dialect: Literal["sqlite", "postgresql"]

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One write transaction: commits at the end, rolls back on any error. Not to be nested in one thread."""
        raise NotImplementedError

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view for reading; never waits for writers."""
        raise NotImplementedError

    def transact(self, work: Callable[[Connection], T], *, tries: int = 5) -> T:
        """Run `work` in a write transaction, again when the database asks for it (restart, deadlock, lock)."""
        raise NotImplementedError

    def migrate(self) -> None:
        """Bring the tables to this version; raises `Halt` STA004 when they belong to a newer one."""
        raise NotImplementedError

    def claim(self) -> None:
        """Become the only serving hub on this state until `close`; raises `AlreadyRunning` STA005 naming the other's pid."""
        raise NotImplementedError

    @property
    def verify_required(self) -> bool:
        """Whether the state was restored from a backup: targets must be read back before anything is written to them."""
        raise NotImplementedError

    def verified(self) -> None:
        """Targets were read back after a restore; normal writing may go on."""
        raise NotImplementedError

    def close(self) -> None:
        """Give everything back; safe to call twice."""
        raise NotImplementedError


def open_store(
    url: str, clock: Clock = SYSTEM, *, state_dir: Path | None = None, busy_s: float = 30.0, migrate: bool = True
) -> Store:
    """Open `sqlite:///path` or `postgresql://...`, creating and migrating it when needed.

    `state_dir` is where lock, marker and key files live (default: beside the SQLite file). Raises `Misconfigured` STA001
    for a URL that is neither, `Halt` STA002 for a state that was copied from elsewhere.
    """
    raise NotImplementedError


def now(conn: Connection) -> str:
    """The store's clock as ISO text."""
    raise NotImplementedError
