"""Opens the state: SQLite for one process with nothing to install, PostgreSQL for more than one.

Writers begin with the write lock in hand (BEGIN IMMEDIATE), one at a time per process on SQLite; readers never wait.
Driver errors leave as ours: a lock that does not come, a full disk, a lost connection each say what to do.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from goldbridge.clock import SYSTEM, Clock, iso
from goldbridge.errors import AlreadyRunning, Halt, Mark, Misconfigured, Retry
from goldbridge.log import get
from goldbridge.state import instance
from goldbridge.state.failure import translate
from goldbridge.state.schema import current, upgrade

T = TypeVar("T")
_log = get("state")
# Bigger pages and rarer checkpoints write each page of a random index less often; page_size counts for new files only.
_PRAGMAS = (
    "page_size=8192",
    "journal_mode=WAL",
    "wal_autocheckpoint=4000",
    "synchronous=FULL",
    "temp_store=MEMORY",
    "cache_size=-16384",
)
_LOCK_ADVICE = "end it, or let it do the work: `goldbridge status` works beside it"


class Store:
    """An open state. `begin()` for a write transaction, `read()` for a consistent view, `transact()` to retry."""

    def __init__(self, url: URL, clock: Clock, state_dir: Path | None, busy_s: float) -> None:
        self.clock = clock
        self.dialect: Literal["sqlite", "postgresql"] = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
        self.path = Path(cast(str, url.database)) if self.dialect == "sqlite" else None
        self.state_dir = state_dir or (self.path.parent if self.path else None)
        self.engine: Engine = (
            _sqlite(url, clock, busy_s) if self.dialect == "sqlite" else _postgresql(url, clock, busy_s)
        )
        self._writer = threading.Lock()
        self._busy_s = busy_s
        self._open = threading.local()
        self._claim: IO[str] | None = None
        self._raised = False

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One write transaction: commits at the end, rolls back on any error. Not to be nested in one thread."""
        if getattr(self._open, "writing", False):
            raise Halt("STA003", "this thread has a write transaction open already; end it before beginning another")
        turn = self.dialect == "sqlite"
        if turn and not self._writer.acquire(timeout=self._busy_s):
            raise Retry("STA006", "another thread of this process keeps the write lock; the work is tried again")
        self._open.writing = True
        try:
            with self._translated(), self.engine.connect() as plain:
                conn = plain.execution_options(writes=True)
                with conn.begin():
                    if not self._raised:
                        instance.raise_epoch(conn)
                    yield conn
                self._raised = True
                if instance.take_touched(conn):
                    self._remember(conn)
        finally:
            self._open.writing = False
            if turn:
                self._writer.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view for reading; never waits for writers."""
        options: dict[str, Any] = {"writes": False}
        if self.dialect == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._translated(), self.engine.connect() as plain:
            conn = plain.execution_options(**options)
            with conn.begin():
                yield conn

    def transact(self, work: Callable[[Connection], T], *, tries: int = 5) -> T:
        """Run `work` in a write transaction, again when the database asks for it (restart, deadlock, lock)."""
        for attempt in range(1, tries + 1):
            try:
                with self.begin() as conn:
                    return work(conn)
            except Retry as error:
                if attempt == tries or not error.code.startswith("STA"):
                    raise
                _log.warning("transaction tried again", attempt=attempt, error=str(error))
                self.clock.wait(0.1 * 2**attempt)
        raise AssertionError("unreachable")

    def migrate(self) -> None:
        """Bring the tables to this version; raises `Halt` STA004 when they belong to a newer one."""
        with self._translated(), self.engine.connect() as plain:
            conn = plain.execution_options(writes=True)
            with conn.begin():
                upgrade(conn)

    def claim(self) -> None:
        """Become the only serving hub on this state until `close`; raises `AlreadyRunning` STA005 naming the other's
        pid.

        Only `serve` claims: single runs and short commands work beside it, kept apart by leases. On PostgreSQL several
        hubs may serve one state, and the leases alone decide.
        """
        if self.path is None or self._claim:
            return
        path = self.path.with_name(self.path.name + ".lock")
        handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = handle.read().strip()
            handle.close()
            raise AlreadyRunning(
                "STA005", f"{self.path}: {_holder(other)} serves this state already; {_LOCK_ADVICE}"
            ) from None
        handle.truncate(0)
        json.dump({"pid": os.getpid(), "since": iso(self.clock.now())}, handle)
        handle.flush()
        self._claim = handle

    @property
    def verify_required(self) -> bool:
        """Whether the state was restored from a backup: targets must be read back before they are written to."""
        with self.read() as conn:
            return "verify_required" in instance.read_meta(conn)

    def verified(self) -> None:
        """Targets were read back after a restore; normal writing may go on."""
        with self.begin() as conn:
            instance.forget_meta(conn, "verify_required")
            instance.raise_epoch(conn)

    def identity(self) -> tuple[str, int]:
        """(instance id, epoch): what a marker in a target system remembers of us."""
        with self.read() as conn:
            known = instance.read_meta(conn)
        return known["instance"], int(known["epoch"])

    def scrub(self) -> None:
        """Let erased bytes leave the files too; called after the transaction of an erase."""
        with self._translated(), self.engine.connect() as plain:
            conn = plain.execution_options(isolation_level="AUTOCOMMIT")
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if self.dialect == "sqlite" else "VACUUM")

    def close(self) -> None:
        """Give everything back; safe to call twice."""
        if self._claim:
            self._claim.truncate(0)
            self._claim.close()
            self._claim = None
        self.engine.dispose()

    def settle(self, *, adopt: bool = False) -> None:
        """Check that the state is ours and not older than it should be; `adopt` makes a copy a state of its own."""
        with self._translated(), self.engine.connect() as plain:
            conn = plain.execution_options(writes=True)
            with conn.begin():
                if not current(conn):  # an empty database that nobody has made a state yet
                    return
                if adopt:
                    instance.adopt(conn)
                instance.settle(conn, instance.place_of(self.path) if self.path else None, self._marker)

    @property
    def _marker(self) -> Path | None:
        if self.state_dir is None:
            return None
        return self.state_dir / f"{self.path.name if self.path else 'postgresql'}.epoch"

    def _remember(self, conn: Connection) -> None:
        if self._marker is not None:
            with conn.begin():
                instance.write_marker(self._marker, conn)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            ours = translate(error, self.path)
            if ours is None:
                raise
            raise ours from error


def open_store(
    url: str,
    clock: Clock = SYSTEM,
    *,
    state_dir: Path | None = None,
    busy_s: float = 30.0,
    migrate: bool = True,
    adopt: bool = False,
) -> Store:
    """Open `sqlite:///path` or `postgresql://...`, creating and migrating it when needed.

    `state_dir` is where lock, marker and key files live (default: beside the SQLite file). Raises `Misconfigured`
    STA001 for a URL that is neither, `Halt` STA002 for a state that was copied from elsewhere (unless it is to
    `adopt` it).
    """
    store = Store(_parse(url), clock, state_dir, busy_s)
    try:
        if migrate:
            store.migrate()
        store.settle(adopt=adopt)
    except BaseException:
        store.close()
        raise
    return store


def now(conn: Connection) -> str:
    """The store's clock as ISO text."""
    clock: Clock = conn.get_execution_options()["clock"]
    return iso(clock.now())


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is not None and parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite")
    if parsed is not None and parsed.get_backend_name() in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise Misconfigured.one(
        "STA001",
        "the state's URL must be `sqlite:///path/of/a/file` or `postgresql://user@host/database`",
        Mark("state_url"),
    )


def _sqlite(url: URL, clock: Clock, busy_s: float) -> Engine:
    path = Path(cast(str, url.database))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise Halt(
            "STA009", f"{path}: cannot be opened ({error.strerror}); check the folder, its owner and its mode"
        ) from error
    engine = create_engine(
        url,
        connect_args={"timeout": busy_s, "isolation_level": None, "cached_statements": 256},
        execution_options={"clock": clock},
    )

    def prepare(connection: Any, _: Any) -> None:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").close()

    def start(conn: Connection) -> None:
        writes = conn.get_execution_options().get("writes", False)
        conn.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", start)
    return engine


def _postgresql(url: URL, clock: Clock, busy_s: float) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        connect_args={"connect_timeout": max(2, int(busy_s)), "options": f"-c lock_timeout={int(busy_s * 1000)}"},
        execution_options={"clock": clock},
    )


def _holder(found: str) -> str:
    try:
        known = json.loads(found)
        return f"process {known['pid']} (since {known['since']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
