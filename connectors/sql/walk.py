"""The questions of a walk over (cursor, key), and the walk itself.

Everything is compared and sorted as the column does it itself, so that an index serves: `WHERE` and `ORDER BY` then
agree on every server, whatever its collation. What a collation takes for equal (`a` and `A`) would be cut apart by the
end of a page; where the catalogue does not rule that out, the rows that equal the last one are asked for as well.

A tie is `pages:key`: the pages read at this cursor count up, since a position must grow for the hub, which does not
know how the database sorts keys.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from connectors.base import Page, Position
from connectors.sql.column import Column
from connectors.sql.database import Database
from connectors.sql.table import Table
from goldbridge.errors import Halt

_ROW_VALUES = frozenset({"postgresql", "sqlite"})
"""Databases that find the place of `(a, b) > (x, y)` in an index."""
_FLOOR = {
    # Zero dates sort before everything, and a strict server refuses to be asked for what comes after one.
    "mysql": "1000-01-01 00:00:00",
    "mariadb": "1000-01-01 00:00:00",
    # `-infinity`, and the years before Christ.
    "postgresql": "0001-01-01 00:00:00",
}
_TWINS = 1000
"""Rows that may be equal for the database; more say that the key is none."""
_TIE = re.compile(r"(\d{6}):(.*)", re.DOTALL)


class Place(NamedTuple):
    """Where a walk is: the values that the driver gave for cursor and key of the last row."""

    cursor: Any
    key: Any = None


@dataclass(frozen=True, slots=True)
class Questions:
    """The statements over one table; `dialect` decides how they are spelt."""

    select: sa.Select[Any]
    key: Column
    cursor: Column | None
    dialect: str

    def by_key(self, last: Any, limit: int, *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """Rows in the order of their keys; `last` is the key of the page before."""
        key = self.key.expression
        query = self.select.where(*where) if where else self.select
        beyond = key.is_not(None) if last is None else key > self.key.bind(last)
        return query.where(beyond).order_by(key).limit(limit)

    def by_cursor(self, after: Place | None, until: Any, limit: int) -> sa.Select[Any]:
        """Rows in the order of (cursor, key), after a place and up to `until`, both met by an index."""
        assert self.cursor is not None
        cursor, key = self.cursor.expression, self.key.expression
        query = self.select.where(key.is_not(None))
        if after is not None:
            query = query.where(self._beyond(after))
        elif (floor := self.floor) is not None:
            query = query.where(cursor >= floor)
        else:
            query = query.where(cursor.is_not(None))
        if until is not None:
            query = query.where(cursor <= self.cursor.bind(until))
        return query.order_by(cursor, key).limit(limit)

    def _beyond(self, after: Place) -> sa.ColumnElement[bool]:
        """Spelt out where the database does not compare rows, or compares them without an index."""
        assert self.cursor is not None
        cursor, key = self.cursor.expression, self.key.expression
        at = self.cursor.bind(after.cursor)
        since: sa.ColumnElement[bool] = cursor >= at
        if after.key is None:
            return since
        if self.dialect in _ROW_VALUES:
            bound = sa.tuple_(after.cursor, after.key, types=[cursor.type, key.type])
            return sa.tuple_(cursor, key) > bound
        same = sa.and_(cursor == at, key > self.key.bind(after.key))
        return sa.and_(since, sa.or_(cursor > at, same))

    def twins(self, at: Place, limit: int, *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """Rows that the database takes for equal to the last one."""
        query = self.select.where(self.key.expression == self.key.bind(at.key), *where)
        if self.cursor is not None and at.cursor is not None:
            query = query.where(self.cursor.expression == self.cursor.bind(at.cursor))
        return query.limit(limit)

    def keyless(self, *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return (
            sa.select(sa.func.count())
            .select_from(self.key.expression.table)
            .where(self.key.expression.is_(None), *where)
        )

    @property
    def floor(self) -> Any:
        """The first cursor that a walk can start from, where a column may hold what is none."""
        if self.cursor is None or self.cursor.family not in ("local", "moment", "date") or self.dialect not in _FLOOR:
            return None
        return self.cursor.from_position(_FLOOR[self.dialect], "UTC")


class Walk:
    """Reads one table page by page."""

    def __init__(self, database: Database, table: Table, page_size: int) -> None:
        self._database, self._table, self._size = database, table, page_size
        self.ask = Questions(table.select(), table.key, table.cursor, database.dialect)
        self._told_apart = table.distinct(table.key)

    def keys(self, *where: sa.ColumnElement[bool]) -> Iterator[Page]:
        """Rows by their key alone; such pages have no position."""
        last: Any = None
        while True:
            rows = self._fetch(self.ask.by_key(last, self._size, *where))
            if not rows:
                return
            full = len(rows) == self._size
            before, last = last, self._table.raw(rows[-1], self._table.key)
            if full:
                self._moved(before, last)
                rows = self._with_twins(rows, Place(None, last), *where)
            yield self._table.page(rows)
            if not full:
                return

    def cursors(self, after: Place | None, step: int, until: Any) -> Iterator[Page]:
        """Rows by (cursor, key); every page says where it ends."""
        table, cursor = self._table, self._table.cursor
        assert cursor is not None
        while True:
            rows = self._fetch(self.ask.by_cursor(after, until, self._size))
            if not rows:
                return
            full = len(rows) == self._size
            place = Place(table.raw(rows[-1], cursor), table.raw(rows[-1], table.key))
            if full:
                self._moved(after, place)
                rows = self._with_twins(rows, place)
            step = step + 1 if after is not None and after.cursor == place.cursor else 1
            after = place
            page = table.page(rows)
            page.at = Position(cursor.position(place.cursor), f"{step:06d}:{table.key.position(place.key)}")
            yield page
            if not full:
                return

    def keyless(self, *where: sa.ColumnElement[bool]) -> int:
        """Rows without a key: nothing tells them apart, so they are counted and named together."""
        if not self._table.key.expression.nullable:
            return 0
        with self._database.reading() as conn:
            return int(conn.execute(self.ask.keyless(*where)).scalar_one())

    def _fetch(self, query: sa.Select[Any]) -> list[Sequence[Any]]:
        with self._database.reading() as conn:
            return list(conn.execute(query).all())

    def _with_twins(self, rows: list[Sequence[Any]], at: Place, *where: sa.ColumnElement[bool]) -> list[Sequence[Any]]:
        """The page with all rows that equal its last one: the next page starts after every one of them."""
        if self._told_apart:
            return rows
        twins = self._fetch(self.ask.twins(at, _TWINS + 1, *where))
        if len(twins) > _TWINS:
            text = f"more than {_TWINS} rows are equal in '{self._table.key.name}' for the database"
            raise self._stuck(f"{text}; give `key` a column that tells rows apart")
        here = Counter(map(repr, rows))
        return rows + [row for row in twins if not here[repr(row)]]

    def _moved(self, before: Any, after: Any) -> None:
        if before == after:
            cursor = self._table.cursor
            raise self._stuck(
                f"a page ends where it began: '{(cursor or self._table.key).name}' is finer than its driver can say; "
                "read it through a view that cuts it to microseconds"
            )

    def _stuck(self, why: str) -> Halt:
        return Halt("CON376", f"{self._database.system} {self._table.stream.name}: {why}")


def split_tie(tie: str) -> tuple[int, str]:
    """(pages read at this cursor, key) of a position's tie; one of an earlier version is the key alone."""
    found = _TIE.fullmatch(tie)
    return (int(found.group(1)), found.group(2)) if found else (0, tie)
