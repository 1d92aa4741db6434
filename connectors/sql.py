"""sql: reads tables and views of any database that SQLAlchemy speaks to.

Rows are walked by (cursor, key) inside a closed window whose upper bound is the largest cursor at the start of the run.
Rows without a cursor value cannot be placed on that walk, so they are read on every run, by key. The position never
trusts a tie: the next run reads the last cursor value again, since a row may have been committed late within it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.base import PROVEN, ConnectorConfig, Context, Page, Pages, Position, RawRow, Reader, Stream, Window
from goldbridge.errors import Halt, Mark, Misconfigured, Retry
from goldbridge.log import redact


class SqlStream(BaseModel):
    """One table or view as a stream."""

    model_config = ConfigDict(extra="forbid")
    table: str = Field(description="table or view, optionally `schema.table`")
    key: str = Field(description="column that identifies a row")
    cursor: str | None = Field(None, description="column that grows with every change; without it every run reads all")
    fields: tuple[str, ...] | None = Field(None, description="columns to read; all of them when left out")
    volatile: tuple[str, ...] = Field((), description="columns whose change alone does not count as a change")
    deleted: dict[str, list[str]] = Field(
        default_factory=dict, max_length=1, description="flag column and the values that mean deleted"
    )


class SqlConfig(ConnectorConfig):
    """A database and the tables to read from it."""

    url: SecretStr = Field(description="SQLAlchemy URL, by secret reference when it holds a password")
    streams: dict[str, SqlStream] = Field(description="the tables to read, by the names their streams get")
    page_size: int = Field(1000, ge=1, le=50_000, description="rows per query")


class Sql(Reader[SqlConfig]):
    kind = "sql"
    config_model = SqlConfig

    def __init__(self, config: SqlConfig, context: Context) -> None:
        super().__init__(config, context)
        self._tables: dict[str, sa.Table] = {}

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: _stream(name, entry) for name, entry in self.config.streams.items()}

    @cached_property
    def _engine(self) -> sa.Engine:
        try:
            url = sa.make_url(self.config.url.get_secret_value())
            if url.drivername == "postgresql":
                url = url.set(drivername="postgresql+psycopg")
            options: dict[str, Any] = {}
            if url.get_backend_name() == "sqlite":
                # Opened read-only: a mistyped path is an error here, not a new empty database.
                url = sa.make_url(f"sqlite:///file:{url.database}?mode=ro&uri=true")
                options["connect_args"] = {"timeout": self.config.timeout_s}
            return sa.create_engine(url, pool_pre_ping=True, **options)
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as error:
            raise self._misconfigured("CON070", f"the database URL cannot be used: {error}") from None

    def probe(self) -> str:
        with self._connect() as conn:
            conn.execute(sa.text("select 1"))
        return f"{self._engine.dialect.name} answers"

    def close(self) -> None:
        if "_engine" in self.__dict__:
            self._engine.dispose()

    def bound(self, stream: Stream) -> str | None:
        if stream.cursor is None:
            return None
        column = self._column(self._table(stream), stream.cursor, stream)
        with self._connect() as conn:
            top = conn.execute(sa.select(sa.func.max(column))).scalar()
        return None if top is None else str(_json_safe(self._held_back(top)))

    def rewind(self, stream: Stream, start: Position) -> Position:
        return Position(_shift(start.cursor, -self.config.overlap_s) if self.config.overlap_s else start.cursor)

    def fields(self, stream: Stream) -> frozenset[str] | None:
        return stream.fields or frozenset(self._table(stream).columns.keys())

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        whole_day = f"{until} 23:59:59.999999" if until and len(until) == 10 else until
        return Window(Position(after) if after else None, whole_day)

    def read(self, stream: Stream, window: Window) -> Pages:
        table = self._table(stream)
        columns = self._columns(table, stream)
        key = self._column(table, stream.key, stream)
        if stream.cursor is None:
            yield from self._walk_keys(stream, sa.select(*columns), key)
            return PROVEN
        cursor = self._column(table, stream.cursor, stream)
        yield from self._walk_keys(stream, sa.select(*columns).where(cursor.is_(None)), key)
        yield from self._walk_cursor(stream, sa.select(*columns), cursor, key, window)
        return PROVEN

    def _walk_keys(self, stream: Stream, query: sa.Select[Any], key: sa.Column[Any]) -> Iterator[Page]:
        last: Any = None
        while True:
            page = query if last is None else query.where(key > last)
            found = self._fetch(page.order_by(key).limit(self.config.page_size))
            if not found:
                return
            last = found[-1][stream.key]
            yield Page([_safe_row(row) for row in found])
            if len(found) < self.config.page_size:
                return

    def _walk_cursor(
        self, stream: Stream, query: sa.Select[Any], cursor: sa.Column[Any], key: sa.Column[Any], window: Window
    ) -> Iterator[Page]:
        if window.end is not None:
            query = query.where(cursor <= self._bind(stream, cursor, window.end))
        after: tuple[Any, Any] | None = None
        if window.start is not None:
            tie = self._bind(stream, key, window.start.tie) if window.start.tie else None
            after = (self._bind(stream, cursor, window.start.cursor), tie)
        while True:
            page = query if after is None else query.where(_beyond(cursor, key, *after))
            found = self._fetch(page.where(cursor.is_not(None)).order_by(cursor, key).limit(self.config.page_size))
            if not found:
                return
            after = (found[-1][cursor.name], found[-1][key.name])
            rows = [_safe_row(row) for row in found]
            yield Page(rows, stream.position(rows[-1]))
            if len(found) < self.config.page_size:
                return

    def _fetch(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._connect() as conn:
            return [dict(row) for row in conn.execute(query).mappings()]

    @contextmanager
    def _connect(self) -> Iterator[sa.Connection]:
        """A connection for one question; whatever the driver says meanwhile leaves as ours."""
        try:
            with self._engine.connect() as conn:
                yield conn
        except sa.exc.OperationalError as error:
            raise self._unreachable(error) from None
        except sa.exc.DBAPIError as error:
            raise self._misconfigured("CON077", f"the database refuses to be read: {_told(error)}") from None

    def _unreachable(self, error: sa.exc.DBAPIError) -> Exception:
        text = _told(error)
        where = f"{self.context.system}: {self._engine.url.render_as_string(hide_password=True)}"
        lowered = text.lower()
        if "password" in lowered or "access denied" in lowered or "authentication" in lowered:
            return Halt("CON072", f"{where} refused the credentials ({text}); correct the secret behind `url`")
        if "unable to open" in lowered or "does not exist" in lowered:
            return Halt("CON071", f"{where} does not exist ({text}); correct `url` in config/sources.yaml")
        return Retry("CON073", f"{where} cannot be reached ({text}); is it running, is the host right?")

    def _table(self, stream: Stream) -> sa.Table:
        if stream.name not in self._tables:
            entry = self.config.streams[stream.name]
            schema, _, name = entry.table.rpartition(".")
            with self._connect() as conn:
                try:
                    table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=conn)
                except sa.exc.NoSuchTableError:
                    raise self._misconfigured(
                        "CON074", f"stream '{stream.name}': there is no table '{entry.table}' for this user"
                    ) from None
            self._tables[stream.name] = table
        return self._tables[stream.name]

    def _columns(self, table: sa.Table, stream: Stream) -> list[sa.Column[Any]]:
        wanted = stream.fields
        if wanted is None:
            return list(table.columns)
        needed = wanted | {stream.key} | ({stream.cursor} if stream.cursor else set())
        return [self._column(table, name, stream) for name in sorted(needed)]

    def _column(self, table: sa.Table, name: str, stream: Stream) -> sa.Column[Any]:
        if name not in table.columns:
            known = ", ".join(sorted(table.columns.keys()))
            raise self._misconfigured(
                "CON075", f"stream '{stream.name}': table '{table.name}' has no column '{name}'; it has {known}"
            )
        return table.columns[name]

    def _bind(self, stream: Stream, column: sa.Column[Any], text: str) -> Any:
        """The text of a position as a value of the column's own type."""
        try:
            kind = column.type.python_type
        except NotImplementedError:
            return text
        try:
            if kind is datetime:
                return datetime.fromisoformat(text)
            if kind is date:
                return date.fromisoformat(text[:10])
            if kind in (int, float, Decimal):
                return kind(text)
        except (ValueError, ArithmeticError):
            raise Halt(
                "CON076",
                f"{self.context.system} {stream.name}: the position '{text}' does not fit column '{column.name}' "
                f"({column.type}), so it cannot be read from there; read everything instead, with --full",
            ) from None
        return text

    def _held_back(self, top: Any) -> Any:
        delay = self.config.safety_delay_s
        if not delay:
            return top
        if isinstance(top, datetime):
            return top - timedelta(seconds=delay)
        return _shift(top, -delay) if isinstance(top, str) else top

    def _misconfigured(self, code: str, message: str) -> Misconfigured:
        return Misconfigured.one(code, f"{self.context.system}: {message}", Mark("config/sources.yaml"))


def _told(error: sa.exc.DBAPIError) -> str:
    """What the driver says, on one line; the statement and its values stay out."""
    return (redact(str(error.orig)).strip() or type(error.orig).__name__).splitlines()[0]


def _stream(name: str, entry: SqlStream) -> Stream:
    flag = next(iter(entry.deleted.items()), None)
    return Stream(
        name,
        key=entry.key,
        cursor=entry.cursor,
        walk="keyset" if entry.cursor else "full",
        fields=frozenset(entry.fields) if entry.fields else None,
        volatile=entry.volatile,
        deleted=(flag[0], frozenset(flag[1])) if flag else None,
    )


def _beyond(cursor: sa.Column[Any], key: sa.Column[Any], at: Any, tie: Any) -> sa.ColumnElement[bool]:
    """Rows after (at, tie); without a tie, the rows of that cursor value too. Spelt out since not every database
    compares row values."""
    if tie is None:
        return sa.and_(cursor >= at)
    return sa.or_(cursor > at, sa.and_(cursor == at, key > tie))


def _safe_row(row: dict[str, Any]) -> RawRow:
    return {name: _json_safe(value) for name, value in row.items()}


def _json_safe(value: Any) -> Any:
    """Decimals, times and bytes as text; integers beyond 64 bits too, since JSON readers round them."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, float):
        return repr(value)
    return str(value)


def _shift(text: str, seconds: float) -> str:
    """A time written as text, moved, in the notation it had; other cursors (numbers) stay as they are."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    moved = at + timedelta(seconds=seconds)
    return moved.isoformat(sep="T" if "T" in text else " ", timespec="auto" if "." in text else "seconds")
