"""sql: one clear error for each thing that can be wrong with an entry of sources.yaml, on each server."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import psycopg
import pytest

from connectors.sql import Sql
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, Retry
from tests.connectors.sql_bench import STREAM, Mariadb, Postgres, connect, pages


def said(connector: Sql) -> tuple[type, str, str]:
    """The class, the code and the words of what a run ends in; a driver's error must never come through."""
    try:
        pages(connector)
    except GoldbridgeError as error:
        connector.close()
        kind = next(each for each in (Retry, Halt, Misconfigured) if isinstance(error, each))
        return kind, error.code, error.message
    raise AssertionError("no error")


@pytest.mark.mariadb
class TestMariadb:
    def test_a_wrong_password(self, mariadb: Mariadb) -> None:
        kind, code, text = said(connect(mariadb.server.url(mariadb.database, password="a-wrong-word")))
        assert (kind, code) == (Halt, "CON072")
        assert re.fullmatch(
            r"crm: mysql\+pymysql://hub:\*\*\*@127.0.0.1:\d+/crm_\d+ refused the credentials \(Access denied for user "
            r"'hub'@'[^']+' \(using password: \[secret\]\) \[1045\]\); correct the secret behind `url`",
            text,
        )

    def test_a_database_that_is_not_there(self, mariadb: Mariadb) -> None:
        kind, code, text = said(connect(mariadb.server.url("crn")))
        assert (kind, code) == (Halt, "CON071")
        assert "/crn does not exist (Unknown database 'crn' [1049]); correct `url`" in text

    def test_a_port_that_nobody_listens_on(self, mariadb: Mariadb) -> None:
        kind, code, text = said(connect(mariadb.server.url(mariadb.database, port=9)))
        assert (kind, code) == (Retry, "CON073")
        assert "Connection refused" in text

    def test_a_host_that_is_not_there(self, mariadb: Mariadb) -> None:
        url = mariadb.server.url(mariadb.database).replace("127.0.0.1", "no-such-host.invalid")
        kind, code, text = said(connect(url))
        assert (kind, code) == (Retry, "CON073")
        assert "no-such-host.invalid" in text

    def test_a_table_a_column_and_a_right_that_are_not_there(self, mariadb: Mariadb) -> None:
        mariadb.run("CREATE TABLE t_customer (id integer PRIMARY KEY, updated_at datetime)")
        kind, code, text = said(connect(mariadb.url, {**STREAM, "table": "t_costumer"}))
        assert (kind, code) == (Misconfigured, "CON074")
        kind, code, text = said(connect(mariadb.url, {**STREAM, "cursor": "edited_at"}))
        assert (kind, code) == (Misconfigured, "CON075")
        assert "has no column 'edited_at'; it has id, updated_at" in text
        mariadb.run(
            "CREATE USER looks@'%' IDENTIFIED BY 'its-own-word'",
            f"GRANT INSERT ON {mariadb.database}.t_customer TO looks@'%'",
        )
        try:
            url = mariadb.server.url(mariadb.database, user="looks", password="its-own-word")
            kind, code, text = said(connect(url))
            assert (kind, code) == (Misconfigured, "CON077")
            assert "the database refuses to be read: SELECT command denied to user" in text
            kind, code, text = said(connect(mariadb.server.url("mysql", user="looks", password="its-own-word")))
            assert (kind, code) == (Misconfigured, "CON077")  # a database that is there, and not for this user
        finally:
            mariadb.run("DROP USER looks")

    def test_con377_a_question_that_takes_too_long(self, mariadb: Mariadb) -> None:
        mariadb.run(
            "CREATE TABLE t_customer (id integer PRIMARY KEY, updated_at datetime)",
            "INSERT INTO t_customer VALUES (1, '2026-02-01')",
            "CREATE VIEW slow AS SELECT id, updated_at, SLEEP(30) AS name FROM t_customer",
        )
        kind, code, text = said(connect(mariadb.url, {**STREAM, "table": "slow"}, timeout_s=1))
        assert (kind, code) == (Retry, "CON377")
        assert "no answer within 1 s" in text


@pytest.mark.postgres
class TestPostgres:
    def test_a_user_that_is_not_there(self, postgres_database: Postgres) -> None:
        kind, code, _ = said(connect(postgres_database.url.replace("://postgres:@", "://nobody:@")))
        assert (kind, code) == (Halt, "CON072")

    def test_a_database_that_is_not_there(self, postgres_database: Postgres) -> None:
        kind, code, text = said(connect(re.sub(r"/crm_\d+\?", "/crn?", postgres_database.url)))
        assert (kind, code) == (Halt, "CON071")
        assert 'database "crn" does not exist' in text

    def test_a_connection_that_an_administrator_ends(self, postgres_database: Postgres) -> None:
        postgres_database.run(
            "CREATE TABLE t_customer (id integer PRIMARY KEY, updated_at timestamp)",
            "INSERT INTO t_customer VALUES (1, '2026-02-01')",
            "CREATE VIEW mine AS SELECT id, updated_at, pg_terminate_backend(pg_backend_pid())::text AS name "
            "FROM t_customer",
        )
        kind, code, _ = said(connect(postgres_database.url, {**STREAM, "table": "mine"}))
        assert (kind, code) == (Retry, "CON073")

    def test_too_many_connections(self, postgres_database: Postgres) -> None:
        postgres_database.run("CREATE ROLE few LOGIN CONNECTION LIMIT 1")
        url = postgres_database.url.replace("://postgres:@", "://few:@")
        try:
            with psycopg.connect(url):
                kind, code, _ = said(connect(url))
            assert (kind, code) == (Retry, "CON073")
        finally:
            postgres_database.run("DROP ROLE few")


@pytest.mark.parametrize(
    ("url", "module", "how"),
    [
        ("mysql://u:p-of-u@127.0.0.1/x", "pymysql", "pip install 'goldbridge[mysql]'"),
        ("mariadb://u:p-of-u@127.0.0.1/x", "pymysql", "pip install 'goldbridge[mysql]'"),
        ("mssql://u:p-of-u@127.0.0.1/x", "pyodbc", "pip install pyodbc (and Microsoft's ODBC driver)"),
        ("oracle://u:p-of-u@127.0.0.1/x", "oracledb", "pip install oracledb"),
        ("mysql+mysqldb://u:p-of-u@127.0.0.1/x", "MySQLdb", "pip install MySQLdb"),
    ],
)
def test_con370_a_driver_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, url: str, module: str, how: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    kind, code, text = said(connect(url))
    assert (kind, code) == (Misconfigured, "CON370")
    assert text == f"crm: the driver '{module}' is not installed; {how}"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "crm.sqlite").write_text("id,name\n" * 400)
    kind, code, text = said(connect(f"sqlite:///{tmp_path / 'crm.sqlite'}"))
    assert (kind, code) == (Halt, "CON071")
    assert "file is not a database" in text
