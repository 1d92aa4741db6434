"""One database: its driver, its sessions, and its errors as ours.

A connection is taken for one question (or one batch of writes) and given back: nothing stays locked, and no transaction
stays open, between two pages. Sessions are alike on every server: UTC, strict about what is written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

import sqlalchemy as sa

from connectors.base import Context
from connectors.sql.config import SqlConfig
from connectors.sql.failure import meaning, told
from connectors.sql.value import Undecoded, loads
from goldbridge.errors import GoldbridgeError, Halt, Mark, Misconfigured, OutcomeUnknown, Reject, Retry

T = TypeVar("T")

_DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql", "oracle": "oracledb", "mssql": "pyodbc"}
_INSTALL = {
    "pymysql": "pip install 'goldbridge[mysql]'",
    "pyodbc": "pip install pyodbc (and Microsoft's ODBC driver)",
    "oracledb": "pip install oracledb",
}
_SESSION = {
    # A column's TIMESTAMP is a moment, and shown in the session's zone; without strictness what is too long is cut.
    "mysql": ("SET time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",),
    "mariadb": ("SET time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",),
    "oracle": ("ALTER SESSION SET TIME_ZONE = '+00:00' NLS_COMP = BINARY NLS_SORT = BINARY",),
}
_NOW: dict[str, Callable[[], sa.ColumnElement[Any]]] = {
    "postgresql": lambda: sa.func.clock_timestamp(),
    "mysql": lambda: sa.func.utc_timestamp(sa.literal_column("6")),
    "mariadb": lambda: sa.func.utc_timestamp(sa.literal_column("6")),
    "mssql": lambda: sa.func.sysutcdatetime(),
    "oracle": lambda: sa.func.sys_extract_utc(sa.literal_column("systimestamp")),
}


class Database:
    """What the connector asks and tells; whatever the driver raises leaves as one of the four."""

    def __init__(self, config: SqlConfig, context: Context) -> None:
        self._config, self._context = config, context

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @property
    def system(self) -> str:
        return self._context.system

    @cached_property
    def engine(self) -> sa.Engine:
        try:
            url = sa.make_url(self._config.url.get_secret_value())
            backend = url.get_backend_name()
            if "+" not in url.drivername and backend in _DRIVERS:
                url = url.set(drivername=f"{backend}+{_DRIVERS[backend]}")
            if backend == "sqlite":
                # Not `rwc`: a mistyped path is an error here, not a new empty database.
                mode = "rw" if self._config.writes == "enabled" else "ro"
                url = sa.make_url(f"sqlite:///file:{url.database}?mode={mode}&uri=true")
            size = {} if url.database == ":memory:" else {"pool_size": self._config.threads, "max_overflow": 4}
            engine = sa.create_engine(
                url, pool_pre_ping=True, json_deserializer=loads, connect_args=self._deadlines(url), **size
            )
        except ModuleNotFoundError as error:
            raise self._no_driver(str(error.name)) from None
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
            raise self.misconfigured("CON070", f"the database URL cannot be used: {error}") from None
        sa.event.listen(engine, "connect", self._greet)
        return engine

    def _no_driver(self, module: str) -> Misconfigured:
        how = _INSTALL.get(module, f"pip install {module}")
        return self.misconfigured("CON370", f"the driver '{module}' is not installed; {how}")

    def _deadlines(self, url: sa.URL) -> dict[str, Any]:
        """Options of the driver that keep one call from lasting for ever; what the URL says goes first."""
        seconds = max(1, math.ceil(self._config.timeout_s))
        known: dict[str, dict[str, Any]] = {
            "sqlite": {"timeout": self._config.timeout_s},
            "psycopg": {
                "connect_timeout": max(2, seconds),
                "tcp_user_timeout": seconds * 1000,
                "client_encoding": "utf8",  # a database without a charset would send bytes for text
            },
            "pymysql": {"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds},
            "pyodbc": {"timeout": seconds},
            "oracledb": {"tcp_connect_timeout": seconds},
        }
        _, _, driver = url.drivername.partition("+")
        options = known.get(driver or url.get_backend_name(), {})
        return {name: value for name, value in options.items() if name not in url.query}

    def _greet(self, raw: Any, _: Any) -> None:
        """A new connection, before anything is asked."""
        driver = self.engine.dialect.driver
        if self.dialect == "sqlite":
            raw.text_factory = _text
        elif driver == "psycopg":
            _lenient_times(raw)
        elif driver == "oracledb":
            raw.call_timeout = math.ceil(self._config.timeout_s * 1000)
        elif driver == "pyodbc":
            raw.timeout = math.ceil(self._config.timeout_s)
        if statements := _SESSION.get(self.dialect):
            cursor = raw.cursor()
            for statement in statements:
                cursor.execute(statement)
            cursor.close()

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()

    def now(self) -> datetime:
        """The server's time or ours, whichever is earlier: neither clock may make the hub look ahead."""
        ours = self._context.clock.now()
        if self.dialect not in _NOW:
            return ours
        with self.reading() as conn:
            theirs: Any = conn.execute(sa.select(_NOW[self.dialect]())).scalar_one()
        if isinstance(theirs, str):
            theirs = datetime.fromisoformat(theirs)
        moment: datetime = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        return min(moment, ours)

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection for one question."""
        return self._session(writing=False)

    def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """`work` in one transaction; `OutcomeUnknown` when it was asked to commit and the answer never came."""
        with self._session(writing=True) as conn:
            done = work(conn)
            try:
                conn.commit()
            except sa.exc.DBAPIError as error:
                if error.connection_invalidated or meaning(error, self.dialect) in ("lost", "timeout"):
                    text = f"{self._where()}: the connection broke while the batch was committed ({told(error)})"
                    raise OutcomeUnknown("CON371", f"{text}; it is read back") from None
                raise
            return done

    def rehearse(self, statement: sa.Executable) -> None:
        """A statement in a transaction that is rolled back."""
        with self._session(writing=True) as conn:
            conn.execute(statement)
            conn.rollback()

    @contextmanager
    def _session(self, *, writing: bool) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect() as conn:
                if self.dialect == "postgresql":
                    # In the transaction, not in the session: behind a pooler a session is everybody's.
                    mode = "" if writing else "SET TRANSACTION READ ONLY; "
                    limit = math.ceil(self._config.timeout_s * 1000)
                    conn.exec_driver_sql(f"{mode}SET LOCAL statement_timeout = {limit}")
                yield conn
        except sa.exc.DBAPIError as error:
            raise self._translate(error, writing=writing) from None
        except sa.exc.TimeoutError as error:
            raise Retry("CON377", f"{self._where()}: no connection became free: {error}") from None
        except UnicodeDecodeError as error:
            text = f"{self._where()} holds text that is not in its charset ({error.reason}); see its page"
            raise Halt("CON378", text) from None

    def _where(self) -> str:
        return f"{self.system}: {self.engine.url.render_as_string(hide_password=True)}"

    def _translate(self, error: sa.exc.DBAPIError, *, writing: bool) -> GoldbridgeError:
        text, where = told(error), self._where()
        match meaning(error, self.dialect):
            case "credentials":
                return Halt("CON072", f"{where} refused the credentials ({text}); correct the secret behind `url`")
            case "no database":
                return Halt("CON071", f"{where} does not exist ({text}); correct `url` in config/sources.yaml")
            case "unreachable" | "lost":
                return Retry("CON073", f"{where} cannot be reached ({text}); is it running, is the host right?")
            case "lock":
                return Retry(
                    "CON372", f"{where}: somebody else holds a lock ({text}); nothing was written, tried again"
                )
            case "timeout":
                advice = "it is tried again; when it stays slow, add an index on (cursor, key) or raise `timeout_s`"
                return Retry("CON377", f"{where}: no answer within {self._config.timeout_s:g} s ({text}); {advice}")
            case "charset" if not writing:
                return Halt("CON378", f"{where} holds text that is not in its charset ({text}); see its page")
            case "record" | "charset" if writing:
                return Reject("CON373", f"{self.system}: the database refuses the row: {text}")
            case "denied" if writing:
                return self.misconfigured("CON374", f"the database refuses to be written to: {text}")
        does = "written to" if writing else "read"
        return self.misconfigured("CON374" if writing else "CON077", f"the database refuses to be {does}: {text}")

    def misconfigured(self, code: str, message: str) -> Misconfigured:
        return Misconfigured.one(code, f"{self.system}: {message}", Mark("config/sources.yaml"))


def _text(raw: bytes) -> str | bytes:
    """SQLite takes any bytes for text; what is none must not stop the page it stands on."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return Undecoded(raw)


def _lenient_times(raw: Any) -> None:
    """PostgreSQL's `infinity` and years before Christ have no place in Python's types: they stay text."""
    import psycopg
    from psycopg.adapt import Loader
    from psycopg.pq import Format

    def lenient(known: Any) -> type[Loader]:
        class Lenient(Loader):
            def __init__(self, oid: int, connection: Any = None) -> None:
                super().__init__(oid, connection)
                self._load = known(oid, connection).load

            def load(self, data: Any) -> Any:
                try:
                    return self._load(data)
                except psycopg.DataError:
                    return bytes(data).decode()

        return Lenient

    for name in ("date", "timestamp", "timestamptz"):
        oid = raw.adapters.types[name].oid
        if known := raw.adapters.get_loader(oid, Format.TEXT):
            raw.adapters.register_loader(oid, lenient(known))
