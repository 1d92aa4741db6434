"""A table or view as a stream: which columns it has, how its rows are shown, and whether its key tells rows apart."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from connectors.base import Page, RawRow, Stream
from connectors.sql.column import Column, describe
from connectors.sql.config import SqlStream
from connectors.sql.database import Database
from connectors.sql.value import Undecoded
from goldbridge.errors import Halt, Reject


class Table:
    """What is read from the database's catalogue once, and everything that follows from it."""

    def __init__(self, database: Database, stream: Stream, entry: SqlStream, holds: str | None = None) -> None:
        self.stream, self._database = stream, database
        self.table = self._reflect(entry)
        own = {stream.key, stream.cursor, entry.external_id}
        charsets = self._charsets()
        self.columns: dict[str, Column] = {}
        for found in self.table.columns:
            name = _shown(database.engine.dialect, found.name)
            # A key is compared with what the database sends: it is never looked at through another charset.
            kept = None if name in own else holds
            self.columns[name] = describe(found, database.dialect, name, charsets.get(found.name), kept)
        self.key = self.column(stream.key)
        self.cursor = self.column(stream.cursor) if stream.cursor else None
        self.selected = self._selected()
        self._at = {column.name: at for at, column in enumerate(self.selected)}
        self.deleted_as = next(iter(entry.deleted.values()), ["1"])[0] if entry.deleted else ""

    def _reflect(self, entry: SqlStream) -> sa.Table:
        schema, _, name = entry.table.rpartition(".")
        with self._database.reading() as conn, warnings.catch_warnings():
            warnings.simplefilter("ignore", sa.exc.SAWarning)  # a type it does not know is read as the driver gives it
            try:
                return sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=conn)
            except sa.exc.NoSuchTableError:
                raise self._database.misconfigured(
                    "CON074", f"stream '{self.stream.name}': there is no table '{entry.table}' for this user"
                ) from None

    def _charsets(self) -> Mapping[str, str]:
        """What MySQL says its text columns are in; a view has no other way of telling."""
        if self._database.dialect not in ("mysql", "mariadb"):
            return {}
        query = sa.text(
            "SELECT column_name, character_set_name FROM information_schema.columns "
            "WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name"
        )
        with self._database.reading() as conn:
            rows = conn.execute(query, {"schema": self.table.schema, "name": self.table.name})
            return {str(name): str(charset or "") for name, charset in rows}

    def column(self, name: str) -> Column:
        if name not in self.columns:
            known = ", ".join(sorted(self.columns))
            raise self._database.misconfigured(
                "CON075",
                f"stream '{self.stream.name}': table '{self.table.name}' has no column '{name}'; it has {known}",
            )
        return self.columns[name]

    def _selected(self) -> Sequence[Column]:
        wanted = self.stream.fields
        if wanted is None:
            return list(self.columns.values())
        flag = {self.stream.deleted[0]} if self.stream.deleted else set()
        needed = wanted | {self.stream.key} | flag | ({self.stream.cursor} if self.stream.cursor else set())
        return [self.column(name) for name in sorted(needed)]

    def select(self) -> sa.Select[Any]:
        return sa.select(*(column.query for column in self.selected))

    def raw(self, row: Sequence[Any], column: Column) -> Any:
        """The driver's value of a key or cursor: what the next page is asked for with."""
        found = row[self._at[column.name]]
        if isinstance(found, Undecoded):
            text = f"{self._database.system} {self.stream.name}: column '{column.name}' holds text that is not UTF-8"
            raise Halt("CON378", f"{text} ({found.hex()}), and rows are told apart by it; correct it there")
        return found

    def shown(self, row: Sequence[Any]) -> RawRow:
        """A row as a reader shows it, without what cannot be shown."""
        found: RawRow = {}
        for column, raw in zip(self.selected, row, strict=False):
            with suppress(ValueError):
                found[column.name] = column.read(raw)
        return found

    def page(self, rows: Sequence[Sequence[Any]]) -> Page:
        """Rows as they are shown; one that cannot be is set aside, with the column that is to blame."""
        page = Page([])
        for row in rows:
            shown: RawRow = {}
            try:
                for column, raw in zip(self.selected, row, strict=True):
                    shown[column.name] = column.read(raw)
                page.rows.append(shown)
            except ValueError as error:
                key = str(self.key.read(self.raw(row, self.key)))
                text = f"{self._database.system} {self.stream.name} {key}: column '{column.name}' {error}"
                page.rejects.append((key, Reject("CON375", text, field=column.name)))
        return page

    def unique(self, column: Column) -> bool:
        """Whether the catalogue promises that no two rows are equal here, by the database's own comparison."""
        return any(names == [column.expression.name] for names in self._uniques)

    @cached_property
    def _uniques(self) -> Sequence[Sequence[str | None]]:
        """The columns of the primary key and of each unique index over all rows."""
        indexes = (
            [getattr(each, "name", None) for each in index.expressions]
            for index in self.table.indexes
            if index.unique and index.dialect_kwargs.get("postgresql_where") is None
        )
        constraints = (
            [each.name for each in constraint.columns]
            for constraint in self.table.constraints
            if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
        )
        return [*indexes, *constraints, *self._sqlite_uniques()]

    def _sqlite_uniques(self) -> Iterable[Sequence[str]]:
        """What SQLite makes of `varchar(40) UNIQUE`, which SQLAlchemy does not find in the table's text."""
        if self._database.dialect != "sqlite":
            return []
        query = sa.text(
            "SELECT l.name, i.name FROM pragma_index_list(:table) l, pragma_index_info(l.name) i "
            'WHERE l."unique" AND NOT l.partial ORDER BY l.name, i.seqno'
        )
        found: dict[str, list[str]] = {}
        with self._database.reading() as conn:
            for index, name in conn.execute(query, {"table": self.table.name}):
                found.setdefault(index, []).append(name)
        return found.values()

    def distinct(self, column: Column) -> bool:
        """Whether two texts that differ are never equal for the database, be it by collation or by a unique index."""
        if column.family != "text" or self._database.dialect == "oracle" or self.unique(column):
            return True
        kind = column.expression.type
        ordinary = getattr(kind, "collation", None) is None and type(kind).__name__ != "CITEXT"
        return self._database.dialect == "postgresql" and ordinary


def _shown(dialect: sa.Dialect, name: str) -> str:
    """A column's name as the database's dictionary has it; SQLAlchemy writes Oracle's capitals small."""
    shown = dialect.denormalize_name(name) if dialect.requires_name_normalize else name
    return str(shown)
