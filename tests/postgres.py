"""Databases for tests, lent and taken back: to make one takes PostgreSQL as long as many a test takes.

A database that a test changed in more than its rows (a table, a trigger, a right, a statistic, a setting) is not lent
again, and neither is one whose seed rows are others than those it came with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, LiteralString

import psycopg
from psycopg import sql

_OWN: LiteralString = "NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
_SHAPE: LiteralString = f"""
WITH own AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname {_OWN})
SELECT (SELECT string_agg(concat_ws(' ', nspname, nspacl::text), ',' ORDER BY nspname) FROM pg_namespace
        WHERE nspname NOT LIKE 'pg_temp%' AND nspname NOT LIKE 'pg_toast%'),
       (SELECT string_agg(concat_ws(' ', relname, relkind, relnatts, relchecks, relacl::text), ',' ORDER BY relname)
        FROM own),
       (SELECT string_agg(concat_ws(' ', tgname, tgenabled), ',' ORDER BY tgname) FROM pg_trigger),
       (SELECT string_agg(concat_ws(' ', conname, convalidated), ',' ORDER BY conname) FROM pg_constraint
        WHERE conrelid IN (SELECT oid FROM own)),
       (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_type),
       (SELECT count(*) FROM pg_statistic WHERE starelid IN (SELECT oid FROM own)),
       (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database())
"""
_WRITTEN: LiteralString = f"""
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname {_OWN} AND pg_relation_size(c.oid) > 0
"""
_ALONE: LiteralString = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Databases:
    """Copies of `template_state` on one server."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._names, self._free = count(), list[str]()
        with psycopg.connect(database(uri, "template_state"), autocommit=True) as conn:
            conn.execute("VACUUM FULL")  # so that a table without rows has no pages, here and in every copy
            conn.execute("DELETE FROM pg_statistic WHERE starelid >= 16384")
            self._seeded = {name: _rows(conn, name) for name in _written(conn)}
            self._shape = conn.execute(_SHAPE).fetchone()

    @contextmanager
    def lend(self) -> Iterator[str]:
        """The URL of a database as it was migrated, with no row of anybody else's."""
        name = self._free.pop() if self._free else self._make()
        yield database(self.uri, name)
        if self._is_clean(name):
            self._free.append(name)
        else:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def _make(self) -> str:
        name = f"state_{next(self._names)}"
        self._run("CREATE DATABASE {} TEMPLATE template_state STRATEGY file_copy", name)
        return name

    def _is_clean(self, name: str) -> bool:
        """Take its rows out; False when something else was changed."""
        with psycopg.connect(database(self.uri, name), autocommit=True) as conn:
            conn.execute(_ALONE)
            if conn.execute(_SHAPE).fetchone() != self._shape:
                return False
            written = _written(conn)
            if any(_rows(conn, table) != rows for table, rows in self._seeded.items()):
                return False
            if left := [table for table in written if table not in self._seeded]:
                tables = sql.SQL(", ").join(sql.Identifier(*table) for table in left)
                conn.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
            return True

    def _run(self, command: LiteralString, name: str) -> None:
        with psycopg.connect(self.uri, autocommit=True) as conn:
            conn.execute(sql.SQL(command).format(sql.Identifier(name)))


def database(uri: str, name: str) -> str:
    """The same server, another database."""
    return uri.replace("/postgres?", f"/{name}?")


def _written(conn: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    return [(schema, name) for schema, name in conn.execute(_WRITTEN).fetchall()]


def _rows(conn: psycopg.Connection[Any], table: tuple[str, str]) -> list[Any]:
    return conn.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(*table))).fetchall()
