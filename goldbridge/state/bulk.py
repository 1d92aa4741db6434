"""Many rows in one statement, on both databases, without SQLAlchemy's work per row.

SQLite gets `executemany` on prepared tuples, dozens of rows to a statement. PostgreSQL gets one JSON array per column
and zips them into rows on the server: the client's whole work is one call of orjson per column. Lists of keys travel as
one JSON parameter on both, so that one compiled statement serves pages of any size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Table,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

BATCH = 5_000
_ROWS, _VALUES = 48, 999
"""Rows and values in a statement of SQLite: starting one costs as much as a short row. Every build takes 999 values."""


class one_of(FunctionElement[bool]):  # noqa: N801  it reads as an operator
    """`column IN (values)` for any number of values, which travel as one JSON array."""

    name = "one_of"
    inherit_cache = True
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], values: Collection[int] | Collection[str]) -> None:
        super().__init__(column, literal(orjson.dumps(list(values)).decode()))

    def self_group(self, against: OperatorType | None = None) -> Any:
        """A condition as it stands: compared with 1, as SQLAlchemy would write it, no index could serve it."""
        return self


class none_of(one_of):  # noqa: N801
    """`column NOT IN (values)`."""

    name = "none_of"
    inherit_cache = True


@compiles(one_of, "sqlite")
def _one_of_sqlite(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    test = "NOT IN" if isinstance(element, none_of) else "IN"
    return f"{column} {test} (SELECT value FROM json_each({values}))"  # noqa: S608  compiled clauses


@compiles(one_of, "postgresql")
def _one_of_postgresql(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    kind = _type(next(iter(element.clauses)).type)
    test = "<> ALL" if isinstance(element, none_of) else "= ANY"
    return f"{column} {test} (ARRAY(SELECT json_array_elements_text(CAST({values} AS json))::{kind}))"


def _type(of: TypeEngine[Any]) -> str:
    return "bigint" if isinstance(of, BigInteger | Integer) else "text"


def fixed(value: str) -> ColumnElement[str]:
    """A constant of ours written into the statement: only then can a partial index that names it be used."""
    return literal_column(f"'{value}'")


class Insert:
    """INSERT of tuples in the order of `columns`; documents come as text.

    `conflict` names the unique columns that make a row the same one; then `update` lists what the new row overwrites
    (nothing: the old row stays). A partial unique index needs its condition in `where`.
    """

    def __init__(
        self,
        table: Table,
        columns: Sequence[str],
        *,
        conflict: Sequence[str] = (),
        update: Sequence[str] | None = None,
        where: str = "",
    ) -> None:
        self._table, self._columns = table, tuple(columns)
        self._conflict, self._update, self._where = tuple(conflict), tuple(update or ()), where
        self._sql: dict[str, str] = {}
        self._at_once = max(1, min(_ROWS, _VALUES // len(self._columns)))

    def __call__(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        for start in range(0, len(rows), BATCH):
            self._insert(conn, rows[start : start + BATCH])

    def _insert(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        if conn.dialect.name == "sqlite":
            size = self._at_once
            whole = len(rows) - len(rows) % size
            # SQLAlchemy's own way keeps the rows in a reference cycle until the next collection of garbage.
            with closing(conn.connection.cursor()) as cursor:
                if whole:
                    together = [tuple(chain.from_iterable(rows[at : at + size])) for at in range(0, whole, size)]
                    cursor.executemany(self._statement(conn.dialect, size), together)
                if whole < len(rows):
                    cursor.executemany(self._statement(conn.dialect), rows[whole:])
        else:
            sql = self._statement(conn.dialect)
            conn.exec_driver_sql(sql, tuple(orjson.dumps(column).decode() for column in zip(*rows, strict=True)))

    def _statement(self, dialect: Dialect, rows: int = 1) -> str:
        """The statement for so many rows at once; for any number on PostgreSQL."""
        known = f"{dialect.name} {rows}"
        if known not in self._sql:
            self._sql[known] = self._compile(dialect, rows)
        return self._sql[known]

    def _compile(self, dialect: Dialect, rows: int) -> str:
        quote = dialect.identifier_preparer.quote
        names = [quote(name) for name in self._columns]
        into = f"INSERT INTO {quote(self._table.name)} ({', '.join(names)})"
        if dialect.name == "sqlite":
            row = f"({', '.join('?' * len(names))})"
            sql = f"{into} VALUES {', '.join([row] * rows)}"
        else:
            types = [_type(self._table.c[name].type) for name in self._columns]
            casts = ", ".join(f"x.c{at}::{kind}" for at, kind in enumerate(types))
            arrays = ", ".join(["json_array_elements_text(%s::json)"] * len(names))
            aliases = ", ".join(f"c{at}" for at in range(len(names)))
            sql = f"{into} SELECT {casts} FROM ROWS FROM ({arrays}) AS x({aliases})"  # noqa: S608
        if self._conflict:
            target = ", ".join(map(quote, self._conflict))
            where = f" WHERE {self._where}" if self._where else ""
            sets = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in self._update)
            sql += f" ON CONFLICT ({target}){where} DO " + (f"UPDATE SET {sets}" if sets else "NOTHING")
        return sql


def fetch(conn: Connection, sql: Mapping[str, str], values: tuple[Any, ...] = ()) -> list[Any]:
    """The rows of a fixed statement, by dialect: for questions asked thousands of times a minute, of which SQLAlchemy's
    own part would cost more than what SQLite does."""
    if conn.dialect.name != "sqlite":
        return list(conn.exec_driver_sql(sql[conn.dialect.name], values).tuples())
    with closing(conn.connection.cursor()) as cursor:
        return list(cursor.execute(sql["sqlite"], values).fetchall())


def group(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """(key, value) pairs as key -> values in the order met."""
    grouped: dict[int, list[int]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    return grouped


def distinct(conn: Connection, column: ColumnElement[str], *where: ColumnElement[bool]) -> list[str]:
    """The different values of a column, in order, one jump in its index each: for few values in many rows.

    `where` fixes the columns before it in the index.
    """
    found: list[str] = []
    query = select(func.min(column)).where(*where)
    value = conn.execute(query).scalar()
    while value is not None:
        found.append(value)
        value = conn.execute(query.where(column > value)).scalar()
    return found
