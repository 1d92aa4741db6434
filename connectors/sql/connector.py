"""sql: reads tables and views of any database that SQLAlchemy speaks to, and writes tables that carry our id.

Rows are walked by (cursor, key) inside a closed window whose upper bound is the largest cursor at the start of the
run, never later than the database's clock. Rows that have no place on that walk (without a cursor, or with one that
lies in the future) are read on every run, by key. The position never trusts a tie: the next run reads the last cursor
value again, since a row may have been committed late within it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from connectors.base import (
    PROVEN,
    Context,
    Page,
    Pages,
    Position,
    RawRow,
    Reader,
    Stream,
    Window,
    Write,
    Writer,
    WriteResult,
)
from connectors.sql import catalogue, moment
from connectors.sql.column import Column
from connectors.sql.config import SqlConfig, SqlStream
from connectors.sql.database import Database
from connectors.sql.table import Table
from connectors.sql.walk import Place, Walk, split_tie
from connectors.sql.write import TableWriter
from goldbridge.errors import Halt, Reject
from goldbridge.records.declared import DeclaredField

_FINER = frozenset({"mssql", "oracle"})
"""Databases whose times are finer than Python's: what the driver cuts off must still lie inside a window."""
_BOOLEANS = ("true", "false")
_AHEAD = timedelta(hours=14)
"""How far a clock on the wall may be ahead of UTC when nobody says which zone it hangs in."""


class Sql(Reader[SqlConfig], Writer[SqlConfig]):
    kind = "sql"
    config_model = SqlConfig

    def __init__(self, config: SqlConfig, context: Context) -> None:
        super().__init__(config, context)
        self._database = Database(config, context)
        self._tables: dict[str, Table] = {}

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        return {name: _stream(name, entry, self.config) for name, entry in self.config.streams.items()}

    def probe(self) -> str:
        """Whether the database lets us in; where writing is switched on, whether it lets us write (nothing is)."""
        with self._database.reading() as conn:
            conn.execute(sa.select(sa.literal(1)))
        said = f"{self._database.dialect} answers"
        written = [stream for stream in self.streams.values() if stream.writable]
        if self.config.writes != "enabled" or not written:
            return said
        for stream in written:
            self._writer(stream).rehearse()
        return f"{said}; may write {', '.join(stream.name for stream in written)}"

    def objects(self) -> Sequence[str]:
        return catalogue.tables(self._database)

    def describe(self, name: str) -> Sequence[DeclaredField]:
        entry = self.config.streams.get(name)
        return catalogue.declared(self._database, name, entry.table if entry else name)

    def peek(self, name: str, limit: int) -> Sequence[RawRow]:
        return catalogue.peek(self._database, name, limit)

    def close(self) -> None:
        self._database.close()

    def fields(self, stream: Stream) -> frozenset[str] | None:
        return stream.fields or frozenset(self._table(stream).columns)

    # Reading

    def bound(self, stream: Stream) -> str | None:
        """The largest cursor there is, but nothing later than the database's clock less the safety delay."""
        column = self._table(stream).cursor
        if column is None:
            return None
        top = self._top(column)
        if top is None:
            return None
        limit = self._limit(column, top, self.config.safety_delay_s)
        if limit is not None:
            return column.position(limit)
        if isinstance(top, datetime) and self._database.dialect in _FINER:
            top += timedelta(microseconds=1)
        return column.position(top)

    def rewind(self, stream: Stream, start: Position) -> Position:
        return Position(moment.shift(start.cursor, -self.config.overlap_s) if self.config.overlap_s else start.cursor)

    def slice(self, stream: Stream, after: str | None, until: str | None) -> Window:
        whole_day = f"{until} 23:59:59.999999" if until and len(until) == 10 else until
        return Window(Position(after) if after else None, whole_day)

    def read(self, stream: Stream, window: Window) -> Pages:
        table = self._table(stream)
        walk = Walk(self._database, table, self.config.page_size)
        if table.cursor is None:
            yield from self._keyless(table, walk)
            yield from walk.keys()
            return PROVEN
        yield from self._unplaced(table.cursor, walk, window)
        until = None if window.end is None else self._from_position(stream, table.cursor, window.end)
        after, step = self._start(stream, table, window.start)
        cursor = table.cursor.expression
        fresh = [] if after is None else [sa.or_(cursor.is_(None), cursor >= table.cursor.bind(after.cursor))]
        yield from self._keyless(table, walk, *fresh)
        yield from walk.cursors(after, step, until)
        return PROVEN

    def _unplaced(self, column: Column, walk: Walk, window: Window) -> Iterator[Page]:
        """Rows that the walk over cursors cannot meet, or must not, since it would never come back before them."""
        yield from walk.keys(column.expression.is_(None))
        if walk.ask.floor is not None:
            yield from walk.keys(column.expression < walk.ask.floor)
        if window.end is not None and (top := self._top(column)) is not None:
            limit = self._limit(column, top, 0.0)
            if limit is not None:
                yield from walk.keys(column.expression > column.bind(limit))

    def _keyless(self, table: Table, walk: Walk, *where: sa.ColumnElement[bool]) -> Iterator[Page]:
        if count := walk.keyless(*where):
            place = f"{table.table.name} without {table.key.name}"
            text = f"{self.context.system} {table.stream.name}: {count} rows have no '{table.key.name}'"
            yield Page([], rejects=[(place, Reject("CON375", f"{text} and cannot be told apart; fill it there"))])

    def _start(self, stream: Stream, table: Table, start: Position | None) -> tuple[Place | None, int]:
        if start is None or not start.cursor:
            return None, 0
        assert table.cursor is not None
        step, key = split_tie(start.tie)
        tie = self._from_position(stream, table.key, key) if key else None
        return Place(self._from_position(stream, table.cursor, start.cursor), tie), step

    def _from_position(self, stream: Stream, column: Column, text: str) -> Any:
        try:
            return column.from_position(text, self.config.zone)
        except (ValueError, ArithmeticError):
            raise Halt(
                "CON076",
                f"{self.context.system} {stream.name}: the position '{text}' does not fit column '{column.name}' "
                f"({column.expression.type}), so it cannot be read from there; read everything instead, with --full",
            ) from None

    def _top(self, column: Column) -> Any:
        with self._database.reading() as conn:
            return conn.execute(sa.select(sa.func.max(column.expression))).scalar()

    def _limit(self, column: Column, top: Any, delay_s: float) -> Any:
        """The latest time to read up to, when `top` lies beyond it; None when it does not, or is no time."""
        at = column.moment(top)
        if at is None:
            return None
        delay = timedelta(seconds=delay_s)
        limit = moment.wall(self._database.now(), at.tzinfo, self.config.zone) - delay
        if at.tzinfo is None and self.config.zone is None:
            # Nobody knows what the clock on this wall says now: the newest row stands in for it.
            limit += _AHEAD + delay
            limit = min(limit, at - delay) if delay else limit
        return None if at <= limit else column.at(limit, top)

    def _table(self, stream: Stream) -> Table:
        if stream.name not in self._tables:
            entry = self.config.streams[stream.name]
            self._tables[stream.name] = Table(self._database, stream, entry, self.config.latin1_holds)
        return self._tables[stream.name]

    # Writing

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        if self.config.writes != "enabled":
            raise self._database.misconfigured(
                "CON374", "writing is switched off; set `writes: enabled` to let flows write here"
            )
        return self._writer(stream).write(batch) if batch else []

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> Mapping[str, RawRow]:
        return self._writer(stream).read_back(external_ids)

    def _writer(self, stream: Stream) -> TableWriter:
        return TableWriter(self._database, self._table(stream), self.config.zone)


def _stream(name: str, entry: SqlStream, config: SqlConfig) -> Stream:
    flag = next(iter(entry.deleted.items()), None)
    return Stream(
        name,
        key=entry.key,
        cursor=entry.cursor,
        walk="keyset" if entry.cursor else "full",
        fields=frozenset(entry.fields) if entry.fields else None,
        volatile=entry.volatile,
        # A database's boolean is shown as `true`, which Python writes with a capital.
        deleted=(flag[0], frozenset(flag[1]) | {each.capitalize() for each in flag[1] if each in _BOOLEANS})
        if flag
        else None,
        writable=entry.external_id is not None,
        external_id=entry.external_id,
        natural_key=entry.external_id,
        write_batch=config.write_batch,
    )
