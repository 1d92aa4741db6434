"""sql: what is asked of servers that no test can start here, as SQLAlchemy's dialects spell it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite

from connectors.sql.column import Column, describe
from connectors.sql.failure import Meaning, meaning
from connectors.sql.table import _shown
from connectors.sql.walk import Place, Questions
from connectors.sql.write import _ASKED

_MODULES: dict[str, Any] = {
    "mssql": mssql, "oracle": oracle, "mysql": mysql, "postgresql": postgresql, "sqlite": sqlite,
}  # fmt: skip
DIALECTS: dict[str, sa.Dialect] = {name: module.dialect() for name, module in _MODULES.items()}
AT = datetime(2026, 2, 1, 8)  # noqa: DTZ001 - by the clock on the wall


def questions(name: str, at: Any = None, key: Any = None) -> Questions:
    """`Order` is a word of every dialect's, `UpdatedAt` has capitals that count."""
    table = sa.Table(
        "Order", sa.MetaData(), sa.Column("ID", key or sa.String(20)), sa.Column("UpdatedAt", at or sa.DateTime()),
        schema="dbo" if name == "mssql" else None,
    )  # fmt: skip
    columns = {column.name: describe(column, name, column.name) for column in table.columns}
    return Questions(sa.select(table), columns["ID"], columns["UpdatedAt"], name)


def text(name: str, query: Any) -> str:
    compiled = query.compile(dialect=DIALECTS[name], compile_kwargs={"literal_binds": False})
    return " ".join(str(compiled).split())


def test_a_page_of_sql_server() -> None:
    assert text("mssql", questions("mssql").by_cursor(Place(AT, "K1"), AT, 500)) == (
        'SELECT TOP __[POSTCOMPILE_param_1] dbo.[Order].[ID], dbo.[Order].[UpdatedAt] FROM dbo.[Order] '
        'WHERE dbo.[Order].[ID] IS NOT NULL AND dbo.[Order].[UpdatedAt] >= :UpdatedAt_1 AND '
        '(dbo.[Order].[UpdatedAt] > :UpdatedAt_2 OR dbo.[Order].[UpdatedAt] = :UpdatedAt_3 '
        'AND dbo.[Order].[ID] > :ID_1) AND dbo.[Order].[UpdatedAt] <= :UpdatedAt_4 '
        'ORDER BY dbo.[Order].[UpdatedAt], dbo.[Order].[ID]'
    )  # fmt: skip


def test_a_page_of_oracle() -> None:
    assert text("oracle", questions("oracle").by_cursor(Place(AT, "K1"), AT, 500)) == (
        'SELECT "Order"."ID", "Order"."UpdatedAt" FROM "Order" WHERE "Order"."ID" IS NOT NULL '
        'AND "Order"."UpdatedAt" >= :UpdatedAt_1 AND ("Order"."UpdatedAt" > :UpdatedAt_2 OR '
        '"Order"."UpdatedAt" = :UpdatedAt_3 AND "Order"."ID" > :ID_1) AND "Order"."UpdatedAt" <= :UpdatedAt_4 '
        'ORDER BY "Order"."UpdatedAt", "Order"."ID" FETCH FIRST __[POSTCOMPILE_param_1] ROWS ONLY'
    )


def test_a_page_of_mysql() -> None:
    assert text("mysql", questions("mysql").by_cursor(Place(AT, "K1"), None, 500)) == (
        "SELECT `Order`.`ID`, `Order`.`UpdatedAt` FROM `Order` WHERE `Order`.`ID` IS NOT NULL "
        "AND `Order`.`UpdatedAt` >= %s AND (`Order`.`UpdatedAt` > %s OR `Order`.`UpdatedAt` = %s "
        "AND `Order`.`ID` > %s) ORDER BY `Order`.`UpdatedAt`, `Order`.`ID` LIMIT %s"
    )


@pytest.mark.parametrize("name", ["postgresql", "sqlite"])
def test_rows_are_compared_whole_where_an_index_serves_that(name: str) -> None:
    said = text(name, questions(name).by_cursor(Place(AT, "K1"), None, 500))
    assert '("Order"."UpdatedAt", "Order"."ID") > (' in said


@pytest.mark.parametrize("name", DIALECTS)
def test_the_other_questions_have_a_limit_in_every_dialect(name: str) -> None:
    ask = questions(name)
    for query in (ask.by_key(None, 7), ask.by_key("K1", 7), ask.twins(Place(AT, "K1"), 7), ask.by_cursor(None, AT, 7)):
        said = text(name, query)
        assert {"mssql": "TOP ", "oracle": "FETCH FIRST "}.get(name, " LIMIT ") in said
        assert name == "sqlite" or "OFFSET" not in said  # it always says one, of nothing
    assert text(name, ask.keyless()).endswith("IS NULL")


@pytest.mark.parametrize("kind", [mssql.DATETIME(), mssql.SMALLDATETIME()])
def test_sql_server_compares_a_datetime_with_one_of_its_own_precision(kind: Any) -> None:
    """The driver sends microseconds; .003333 of the column would come after the .003 that was read from it."""
    said = text("mssql", questions("mssql", at=kind).by_cursor(Place(AT, "K1"), None, 5))
    named = type(kind).__name__
    assert said.count(f"AS {named})") == 3
    assert "CAST(" not in text(
        "mssql", questions("mssql", at=_MODULES["mssql"].DATETIME2(6)).by_cursor(Place(AT, "K1"), None, 5)
    )


def test_sql_server_is_asked_for_nvarchar_in_its_own_words() -> None:
    """A literal without N'' would turn into question marks; a bound value is typed by its column."""
    ask = questions("mssql", key=sa.NVARCHAR(20))
    query = ask.by_key("甲", 5).compile(dialect=DIALECTS["mssql"], compile_kwargs={"literal_binds": True})
    assert "> N'甲'" in str(query)


def test_oracle_says_small_names_in_capitals() -> None:
    dialect = _MODULES["oracle"].dialect()
    dialect.requires_name_normalize = True
    assert _shown(dialect, "cust_id") == "CUST_ID"
    assert _shown(dialect, "UpdatedAt") == "UpdatedAt"
    assert _shown(DIALECTS["postgresql"], "cust_id") == "cust_id"


def test_a_number_of_oracle_is_never_a_float() -> None:
    column: Any = sa.Column("N", _MODULES["oracle"].NUMBER())
    found: Column = describe(column, "oracle", "N")
    assert found.family == "decimal"
    assert column.type.asdecimal


def test_a_question_asks_for_fewer_ids_than_any_server_takes() -> None:
    assert _ASKED * 2 < 1000 + 1  # old SQLite's parameters; Oracle's lists, SQL Server's 2100


class Odbc(Exception):
    """As pyodbc tells: a state, and words with the server's number in them."""


class Ora(Exception):
    """As oracledb tells."""


MS = "[Microsoft][ODBC Driver 18 for SQL Server]"
ERRORS: list[tuple[str, Exception, Meaning]] = [
    ("mssql", Odbc("28000", f"[28000] {MS}Login failed for user 'hub'. (18456) (SQLDriverConnect)"), "credentials"),
    ("mssql", Odbc("42000", f"[42000] {MS}Cannot open database \"x\" (4060) (SQLDriverConnect)"), "no database"),
    ("mssql", Odbc("42000", f"[42000] {MS}The SELECT permission was denied (229) (SQLExecDirectW)"), "denied"),
    ("mssql", Odbc("40001", f"[40001] {MS}Transaction was deadlocked (1205) (SQLExecDirectW)"), "lock"),
    ("mssql", Odbc("42000", f"[42000] {MS}Lock request time out (1222) (SQLExecDirectW)"), "lock"),
    ("mssql", Odbc("23000", f"[23000] {MS}Cannot insert duplicate key (2627) (SQLExecDirectW)"), "record"),
    ("mssql", Odbc("42000", f"[42000] {MS}String or binary data would be truncated (2628) (x)"), "record"),
    ("mssql", Odbc("HYT00", f"[HYT00] {MS}Query timeout expired (0) (x)"), "timeout"),
    ("mssql", Odbc("08S01", f"[08S01] {MS}Communication link failure (0)"), "lost"),
    ("oracle", Ora("ORA-01017: invalid username/password; logon denied"), "credentials"),
    ("oracle", Ora("DPY-6001: Service \"x\" is not registered with the listener"), "unreachable"),
    ("oracle", Ora("ORA-01031: insufficient privileges"), "denied"),
    ("oracle", Ora("ORA-00060: deadlock detected while waiting for resource"), "lock"),
    ("oracle", Ora("ORA-00054: resource busy and acquire with NOWAIT specified"), "lock"),
    ("oracle", Ora("ORA-00001: unique constraint (HUB.UQ) violated"), "record"),
    ("oracle", Ora("ORA-12899: value too large for column"), "record"),
    ("oracle", Ora("ORA-20001: said by a trigger"), "record"),
    ("oracle", Ora("ORA-03113: end-of-file on communication channel"), "lost"),
    ("oracle", Ora("DPY-4011: the database or network closed the connection"), "lost"),
    ("oracle", Ora("DPY-4024: call timeout of 1000 ms exceeded"), "timeout"),
    ("postgresql", Ora("connection failed: 致命错误: 用户 \"hub\" Password 认证失败"), "credentials"),
    ("postgresql", Ora("connection failed: 致命错误: 数据库 \"crn\" 不存在"), "no database"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "cause", "expected"), ERRORS, ids=[f"{d}-{e.args[-1][-40:]}" for d, e, _ in ERRORS]
)
def test_what_their_errors_mean(dialect: str, cause: Exception, expected: Meaning) -> None:
    assert meaning(sa.exc.DatabaseError("SELECT 1", None, cause), dialect) == expected
