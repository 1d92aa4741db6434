"""What a database says about itself: its tables and views, their columns, keys and references."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from connectors.base import RawRow, Stream
from connectors.sql.config import SqlStream
from connectors.sql.database import Database
from connectors.sql.table import Table
from goldbridge.records.declared import DeclaredField

MOST = 2000
"""Tables that are named at most: an ERP has tens of thousands."""


def tables(database: Database) -> list[str]:
    """Tables and views of the user's own schema, in order of their names."""
    with database.reading() as conn:
        found = sa.inspect(conn)
        names = {*found.get_table_names(), *found.get_view_names()}
    return sorted(names)[:MOST]


def declared(database: Database, stream: str, table: str) -> list[DeclaredField]:
    """The columns of one table: types as the database writes them, comments as labels, foreign keys as references."""
    schema, _, name = table.rpartition(".")
    with database.reading() as conn:
        found = sa.inspect(conn)
        try:
            columns = found.get_columns(name, schema=schema or None)
            keys = found.get_pk_constraint(name, schema=schema or None).get("constrained_columns") or []
            links = found.get_foreign_keys(name, schema=schema or None)
        except sa.exc.NoSuchTableError:
            text = f"stream '{stream}': there is no table '{table}' for this user"
            raise database.misconfigured("CON074", text) from None
    refers = {
        link["constrained_columns"][0]: link["referred_table"]
        for link in links
        if len(link["constrained_columns"]) == 1
    }
    return [
        DeclaredField(
            column["name"],
            type=str(column["type"]),
            label=str(column.get("comment") or ""),
            key=[column["name"]] == list(keys),
            required=not column.get("nullable", True),
            refers=str(refers.get(column["name"], "")),
        )
        for column in columns
    ]


def peek(database: Database, name: str, limit: int) -> Sequence[RawRow]:
    """Some rows of a table that is no stream yet, in no order."""
    columns = declared(database, name, name)
    key = next((each.name for each in columns if each.key), columns[0].name)
    table = Table(database, Stream(name, key=key), SqlStream.model_validate({"table": name, "key": key}))
    with database.reading() as conn:
        rows = conn.execute(table.select().limit(limit)).fetchall()
    return [table.shown(row) for row in rows]
