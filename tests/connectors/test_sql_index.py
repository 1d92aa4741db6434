"""sql: a page costs what it holds, not what the table holds."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.sql.config import SqlStream
from connectors.sql.database import Database
from connectors.sql.table import Table
from connectors.sql.walk import Place, Questions
from tests.connectors.sql_bench import STREAM, Mariadb, Postgres, SqliteFile, connect, fill, moments

ROWS = 3000


def questions(server: Any, cursor: str | None) -> tuple[Questions, Database]:
    reader = connect(server.url, {**STREAM, "cursor": cursor})
    table = Table(reader._database, reader.streams["account"], SqlStream.model_validate({**STREAM, "cursor": cursor}))
    return Questions(table.select(), table.key, table.cursor, reader._database.dialect), reader._database


def make(server: Any, key: str) -> None:
    server.run(f"CREATE TABLE t_customer (id {key} PRIMARY KEY, name varchar(50), updated_at {moments(server, 0)})")
    server.run("CREATE INDEX t_customer_walk ON t_customer (updated_at, id)")
    fill(server, "t_customer", [(f"K{n:05}", "甲", f"2026-02-01 08:{n // 1000:02}:00") for n in range(ROWS)])


def page(ask: Questions, cursor: str | None) -> sa.Select[Any]:
    """A page in the middle of the second thousand, in the middle of a tie."""
    if cursor is None:
        return ask.by_key("K01500", 100)
    assert ask.cursor is not None
    at = ask.cursor.from_position("2026-02-01 08:01:00", None)
    return ask.by_cursor(Place(at, "K01500"), ask.cursor.from_position("2026-02-01 08:59:00", None), 100)


@pytest.mark.mariadb
@pytest.mark.parametrize("cursor", [None, "updated_at"])
@pytest.mark.parametrize("collation", ["utf8mb4_general_ci", "utf8mb4_bin"])
def test_mariadb_reads_no_more_rows_than_the_page_has(mariadb: Mariadb, collation: str, cursor: str | None) -> None:
    make(mariadb, f"varchar(40) CHARACTER SET utf8mb4 COLLATE {collation}")
    ask, database = questions(mariadb, cursor)
    with database.engine.connect() as conn:
        conn.exec_driver_sql("FLUSH STATUS")
        found = conn.execute(page(ask, cursor)).all()
        read = {name: int(count) for name, count in conn.exec_driver_sql("SHOW STATUS LIKE 'Handler_read%%'")}
    assert (len(found), found[0][0]) == (100, "K01501")
    assert sum(read.values()) < 250, read  # an entry of the index, and its row
    assert read["Handler_read_rnd_next"] == 0, read


@pytest.mark.postgres
@pytest.mark.parametrize("cursor", [None, "updated_at"])
def test_postgresql_finds_the_place_in_the_index(postgres_database: Postgres, cursor: str | None) -> None:
    make(postgres_database, "varchar(40)")
    postgres_database.run("ANALYZE t_customer")
    ask, database = questions(postgres_database, cursor)
    with database.engine.connect() as conn:
        query = page(ask, cursor)
        compiled = query.compile(database.engine, compile_kwargs={"render_postcompile": True})
        text = "EXPLAIN (ANALYZE, TIMING OFF) " + str(compiled)
        plan = "\n".join(row[0] for row in conn.exec_driver_sql(text, compiled.params))
    condition = r"Index Cond: \(+ROW\(updated_at, \(*id" if cursor else r"Index Cond: \(+id"
    assert re.search(condition, plan), plan
    assert "Sort" not in plan
    assert "Rows Removed" not in plan


@pytest.mark.parametrize("cursor", [None, "updated_at"])
def test_sqlite_finds_the_place_in_the_index(sqlite_file: SqliteFile, cursor: str | None) -> None:
    make(sqlite_file, "varchar(40)")
    ask, database = questions(sqlite_file, cursor)
    with database.engine.connect() as conn:
        compiled = page(ask, cursor).compile(database.engine, compile_kwargs={"literal_binds": True})
        plan = " ".join(row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}"))
    assert ("((updated_at,id)>(?,?)" in plan) == (cursor is not None), plan
    assert "USING INDEX" in plan
    assert "TEMP B-TREE" not in plan
