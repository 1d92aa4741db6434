"""Copies what golden records are made of into another state, so that they can be made anew beside the ones in use.

Only what cannot be recomputed goes along: what sources said, what stewards said, the rules, and which ids were issued
to whom (ids are promises to other systems, and the order of runs that gave them is written nowhere else). Golden
records arrive as bare ids, without values and lineage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, literal, select, type_coerce

from goldbridge.state import tables
from goldbridge.state.bulk import BATCH, Insert
from goldbridge.state.column import Doc

GIVEN: tuple[Table, ...] = (
    tables.source_record, tables.assertion, tables.override, tables.ruleset, tables.golden_record,
    tables.golden_redirect, tables.membership, tables.party_role, tables.relation, tables.run,
)  # fmt: skip
"""What is enough to make golden records anew."""

LOG: tuple[Table, ...] = (tables.source_version, tables.decision)
"""What a state needs besides to be worked with."""

_MADE = {("golden_record", "values"), ("golden_record", "lineage")}


def copy_given(source: Connection, target: Connection, *, log: bool = False) -> int:
    """Copy everything given into an empty state; returns how many source records there are."""
    count = 0
    for table in (*GIVEN, *(LOG if log else ())):
        copied = copy_table(source, target, table)
        count = copied if table is tables.source_record else count
    return count


def copy_table(source: Connection, target: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    """Copy rows as they are, documents as the text they are stored as; returns how many."""
    write = Insert(table, [column.name for column in table.c])
    count = 0
    for rows in _pages(source, table, where):
        write(target, rows)
        count += len(rows)
    return count


def _pages(source: Connection, table: Table, where: Sequence[ColumnElement[bool]]) -> Iterator[list[tuple[Any, ...]]]:
    query = select(*(_column(table, column) for column in table.c)).where(*where)
    found = source.execute(query, execution_options={"stream_results": True, "yield_per": BATCH})
    for part in found.partitions(BATCH):
        yield [tuple(row) for row in part]


def _column(table: Table, column: ColumnElement[Any]) -> ColumnElement[Any]:
    if (table.name, column.name) in _MADE:
        return literal("{}").label(column.name)
    return type_coerce(column, Text).label(column.name) if isinstance(column.type, Doc) else column
