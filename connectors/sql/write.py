"""Writes a batch of rows in one transaction: what is new is inserted, what is there is changed where it differs.

No upsert of the database's own: MySQL's fires on every unique index there is and would write over a stranger's row, and
SQL Server's MERGE lets two writers insert the same. A unique index on our id decides here: of two who insert one is
refused, looks again, and finds the other's row. When a batch is refused nothing of it is there; each row is then tried
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa

from connectors.base import RawRow, Write, WriteResult
from connectors.sql.column import Column
from connectors.sql.database import Database
from connectors.sql.table import Table
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry

_ASKED = 500
"""Ids per question: below the limits of all (Oracle 1000 in a list, SQL Server 2100 and old SQLite 999 parameters)."""


class TableWriter:
    """Writes to one table; made for a batch and thrown away."""

    def __init__(self, database: Database, table: Table, zone: str | None) -> None:
        self._database, self._table, self._zone = database, table, zone
        self._where = f"{database.system} {table.stream.name}"
        self._own = table.column(table.stream.external_id or table.stream.key)
        if not table.unique(self._own):
            raise database.misconfigured(
                "CON374",
                f"stream '{table.stream.name}': '{self._own.name}' carries our id and has no unique index, "
                "so a repeated write would make a second row; create one",
            )
        self._flag = table.column(table.stream.deleted[0]) if table.stream.deleted else None

    def rehearse(self) -> None:
        """Ask for both kinds of writing on no row at all; `Misconfigured` when the user may not."""
        table, own = self._table.table, self._own.expression
        nothing = sa.select(own).where(sa.false())
        for statement in (
            table.insert().from_select([own.name], nothing),
            table.update().where(sa.false()).values({own.name: own}),
        ):
            with suppress(Reject):  # a server that misses a value which no row would need has let us in all the same
                self._database.rehearse(statement)

    def read_back(self, external_ids: Sequence[str]) -> dict[str, RawRow]:
        """Rows by our id as a reader shows them; one that is flagged as deleted counts as gone."""
        found: dict[str, RawRow] = {}
        query = self._table.select().add_columns(self._own.expression.label("our_id"))
        for some in _chunks([self._own.to_write(id, self._zone) for id in external_ids]):
            with self._database.reading() as conn:
                rows = conn.execute(query.where(self._own.expression.in_(some))).all()
            for row in rows:
                shown = self._table.shown(row)
                if not self._table.stream.is_deleted(shown):
                    found[str(self._own.read(row[-1]))] = shown
        # A collation that ignores case finds more than was asked for.
        return {id: found[id] for id in external_ids if id in found}

    def write(self, batch: Sequence[Write]) -> list[WriteResult]:
        """One result per write; what concerns the whole target is raised while nothing was written yet."""
        self._check(batch)
        once = {write.external_id: write for write in reversed(batch)}
        results = self._together(list(reversed(once.values())))
        later = "an earlier write of this batch has the same id"
        told = [results.pop(write.external_id, None) for write in batch]
        return [
            result or WriteResult(write.external_id, "retry", message=later)
            for write, result in zip(batch, told, strict=True)
        ]

    def _together(self, writes: Sequence[Write]) -> dict[str, WriteResult]:
        try:
            return self._database.transact(lambda conn: _Batch(self, conn).settle(writes))
        except Reject as error:
            if len(writes) == 1:
                return self._again(writes[0], error)
        results: dict[str, WriteResult] = {}
        for write in writes:
            try:
                results |= self._together([write])
            except OutcomeUnknown as error:
                results[write.external_id] = self._failed(write, "unknown", error)
            except (Retry, Halt, Misconfigured) as error:
                if not any(each.outcome in ("written", "unknown") for each in results.values()):
                    raise
                results[write.external_id] = self._failed(write, "retry", error)
        return results

    def _again(self, write: Write, first: Reject) -> dict[str, WriteResult]:
        """A second look at a row that was refused: it may be there by now, put there by somebody else."""
        if write.op == "create":
            try:
                return self._database.transact(lambda conn: _Batch(self, conn).settle([write]))
            except Reject as error:
                first = error
        return {write.external_id: self._failed(write, "rejected", first)}

    def _failed(self, write: Write, outcome: Any, error: GoldbridgeError) -> WriteResult:
        field = error.field if isinstance(error, Reject) else None
        return WriteResult(write.external_id, outcome, write.key, error.code, error.message, field)

    def _check(self, batch: Sequence[Write]) -> None:
        known = self._table.columns
        for name in sorted({name for write in batch for name in write.values if name not in known}):
            close = get_close_matches(name, known, 1)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(sorted(known))}"
            raise self._database.misconfigured(
                "CON374", f"stream '{self._table.stream.name}': the table has no column '{name}' to write; {hint}"
            )


class _Batch:
    """One transaction over some writes."""

    def __init__(self, writer: TableWriter, conn: sa.Connection) -> None:
        self._writer, self._conn = writer, conn
        self._table = writer._table
        self._own, self._key, self._flag = writer._own, writer._table.key, writer._flag
        self._sql = self._table.table

    def settle(self, writes: Sequence[Write]) -> dict[str, WriteResult]:
        results: dict[str, WriteResult] = {}
        new: dict[str, dict[str, Any]] = {}
        rows = self._rows(writes)
        for write in writes:
            id = write.external_id
            try:
                row = rows.get(id)
                if row is None and write.op == "create":
                    new[id] = self._named(self._values(write, id))
                else:
                    results[id] = self._change(write, row)
            except Reject as error:
                results[id] = self._writer._failed(write, "rejected", error)
        for group in _grouped(new.values()):
            self._conn.execute(self._sql.insert(), group)
        keys = self._keys(list(new))
        results |= {id: WriteResult(id, "written", keys.get(id)) for id in new}
        return results

    def _rows(self, writes: Sequence[Write]) -> dict[str, Mapping[str, Any]]:
        """The rows as they are now, by our id: by their key when it is known, by our id otherwise."""
        names = {name for write in writes for name in write.values} | {self._own.name, self._key.name}
        columns = [self._table.columns[name] for name in sorted(names | ({self._flag.name} if self._flag else set()))]
        found: dict[str, Mapping[str, Any]] = {}
        for column, asked in (
            (self._key, {write.key: write.external_id for write in writes if write.key}),
            (self._own, {write.external_id: write.external_id for write in writes}),
        ):
            select = sa.select(*(each.expression.label(each.name) for each in columns))
            for some in _chunks([self._bound(column, text) for text in asked]):
                query = select.where(column.expression.in_(some))
                for row in self._conn.execute(query).mappings():
                    id = asked.get(str(column.read(row[column.name])))
                    if id is not None:
                        found.setdefault(id, dict(row))
        return found

    def _bound(self, column: Column, text: str) -> Any:
        return column.to_write(text, self._writer._zone)

    def _values(self, write: Write, id: str) -> dict[str, Any]:
        values = {name: self._value(self._table.columns[name], given) for name, given in write.values.items()}
        return {**values, self._own.name: self._bound(self._own, id)}

    def _value(self, column: Column, given: Any) -> Any:
        bound = column.to_write(given, self._writer._zone)
        # For Oracle an empty text is none: said here, so that a row is not taken for changed for ever.
        return None if bound == "" and self._writer._database.dialect == "oracle" else bound

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self._table.columns[name].expression.name: value for name, value in values.items()}

    def _change(self, write: Write, row: Mapping[str, Any] | None) -> WriteResult:
        """Change a row that is there; nothing is sent when it shows the values already."""
        id = write.external_id
        if row is None:
            if write.op == "deactivate":
                return WriteResult(id, "written", write.key, message="nothing to deactivate")
            text = f"{self._writer._where} {id}: no row carries this id or key any more; create it anew"
            raise Reject("CON379", text)
        key = str(self._key.read(row[self._key.name]))
        values = self._deactivation(id) if write.op == "deactivate" else self._values(write, id)
        if self._own.name == self._key.name:
            values.pop(self._own.name, None)  # a row that is known by its key keeps it
        self._revive(write, row, values)
        changed = {name: value for name, value in values.items() if not _same(row[name], value)}
        if changed:
            there = self._key.expression == self._key.bind(row[self._key.name])
            done = self._conn.execute(self._sql.update().where(there).values(self._named(changed)))
            if done.rowcount == 0:
                raise Reject("CON379", f"{self._writer._where} {id}: its row vanished meanwhile; create it anew")
        return WriteResult(id, "written", key)

    def _deactivation(self, id: str) -> dict[str, Any]:
        if self._flag is None:
            text = f"{self._writer._where} {id}: a row is never deleted; name the column that says so under `deleted`"
            raise Reject("CON379", text)
        return {self._flag.name: self._bound(self._flag, self._table.deleted_as)}

    def _revive(self, write: Write, row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        if self._flag is None or write.op == "deactivate" or self._flag.name in values:
            return
        if self._table.stream.is_deleted({self._flag.name: self._flag.read(row[self._flag.name])}):
            text = f"{self._writer._where} {write.external_id}: its row is flagged as deleted in '{self._flag.name}'"
            raise Reject("CON379", f"{text}; let the mapping write that column too", field=self._flag.name)

    def _keys(self, ids: Sequence[str]) -> dict[str, str]:
        """The keys of rows just inserted; asked for, since not every driver tells the keys of many at once."""
        if self._key.name == self._own.name:
            return {id: id for id in ids}
        found: dict[str, str] = {}
        for some in _chunks([self._bound(self._own, id) for id in ids]):
            query = sa.select(self._own.expression, self._key.expression).where(self._own.expression.in_(some))
            rows = self._conn.execute(query).all()
            found |= {str(self._own.read(own)): str(self._key.read(key)) for own, key in rows}
        return found


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), _ASKED):
        yield values[start : start + _ASKED]


def _grouped(rows: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Rows that set the same columns travel together."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(row)
    return groups.values()


def _same(there: Any, wanted: Any) -> bool:
    return bool(there == wanted) and isinstance(there, bool) == isinstance(wanted, bool)
