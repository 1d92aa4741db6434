"""What a driver's errors mean, as data per database: by number or state, since their words come in many languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa

from goldbridge.log import redact

Meaning = Literal[
    "credentials", "no database", "denied", "lock", "timeout", "lost", "record", "charset", "unreachable", "other"
]

_MYSQL: Mapping[Meaning, frozenset[int]] = {
    "credentials": frozenset({1045, 1698, 3118, 3955}),
    "no database": frozenset({1049}),
    "denied": frozenset({1044, 1142, 1143, 1227, 1290, 1370, 1836}),
    "lock": frozenset({1205, 1213, 3572}),
    "timeout": frozenset({1969, 3024}),
    "lost": frozenset({1053, 1927, 2006, 2013, 2014, 2055, 4031}),
    "unreachable": frozenset({1040, 1129, 1203, 2002, 2003, 2005, 2026}),
    "record": frozenset(
        {1048, 1062, 1216, 1217, 1264, 1265, 1292, 1364, 1366, 1406, 1411, 1451, 1452, 1586, 1644, 1690, 3819, 4025}
    ),
}
_MSSQL: Mapping[Meaning, frozenset[int]] = {
    "credentials": frozenset({18452, 18456, 18470, 18487, 18488}),
    "no database": frozenset({4060, 911}),
    "denied": frozenset({229, 230, 262, 916}),
    "lock": frozenset({1204, 1205, 1222}),
    "record": frozenset({220, 241, 242, 245, 248, 515, 547, 2601, 2627, 2628, 3609, 8114, 8115, 8152, 50000}),
}
_ORACLE: Mapping[Meaning, frozenset[int]] = {
    "credentials": frozenset({1005, 1017, 28000, 28001}),
    "no database": frozenset({12505, 12514}),
    "denied": frozenset({1031, 1045, 41900}),
    "lock": frozenset({54, 60, 8177, 30006}),
    "timeout": frozenset({1013, 4024}),
    "lost": frozenset({28, 1012, 1033, 1089, 3113, 3114, 3135, 4011}),
    "unreachable": frozenset({6005, 6001, 12154, 12170, 12541, 12545}),
    "record": frozenset({1, 1400, 1407, 1438, 1722, 1830, 1840, 1841, 1843, 1847, 1858, 1861, 2290, 2291, 2292, 12899})
    | frozenset(range(20000, 21000)),
}
_SQLITE: Mapping[Meaning, frozenset[int]] = {
    "no database": frozenset({11, 14, 26}),
    "denied": frozenset({3, 8, 23}),
    "lock": frozenset({5, 6}),
    "record": frozenset({18, 19, 20}),
}
_STATES: tuple[tuple[str, Meaning], ...] = (
    ("28", "credentials"), ("3D000", "no database"), ("42501", "denied"), ("25006", "denied"),
    ("40001", "lock"), ("40P01", "lock"), ("55P03", "lock"), ("57014", "timeout"), ("HYT", "timeout"),
    ("22021", "charset"), ("22P05", "charset"),
    ("57P", "lost"), ("08", "lost"), ("53300", "unreachable"), ("22", "record"), ("23", "record"), ("P0001", "record"),
)  # fmt: skip
"""The beginnings of SQLSTATEs; PostgreSQL has all of them, ODBC some."""
_WORDS: tuple[tuple[str, Meaning], ...] = (
    ("too many connections", "unreachable"), ("连接太多", "unreachable"), ("连接过多", "unreachable"),
    ("password", "credentials"), ("authentication", "credentials"), ("认证", "credentials"), ("口令", "credentials"),
    ("role ", "credentials"), ("角色", "credentials"), ("does not exist", "no database"), ("不存在", "no database"),
)  # fmt: skip
"""PostgreSQL gives no state to a connection that it refuses, only words, in the server's language."""


def meaning(error: sa.exc.DBAPIError, dialect: str) -> Meaning:
    """Who has to act on an error of the driver, and how."""
    cause: Any = error.orig
    found: Meaning = "other"
    if dialect == "sqlite":
        found = _numbered(_SQLITE, getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    elif dialect in ("mysql", "mariadb"):
        number = cause.args[0] if cause.args and isinstance(cause.args[0], int) else 0
        found = _numbered(_MYSQL, number)
        if found == "lost" and "timed out" in str(cause):
            found = "timeout"
    elif dialect == "oracle":
        told = re.search(r"\b(?:ORA|DPY)-(\d+)", str(cause))
        found = _numbered(_ORACLE, int(told.group(1))) if told else "other"
    else:
        found = _by_state(cause, dialect)
    if found == "other" and isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
        return "record"
    if error.connection_invalidated and found in ("other", "unreachable"):
        return "lost"
    return "unreachable" if found == "other" and isinstance(error, sa.exc.OperationalError) else found


def _by_state(cause: Any, dialect: str) -> Meaning:
    numbers = re.findall(r"\((\d{2,5})\)", str(cause)) if dialect == "mssql" else []
    for number in numbers:
        if (found := _numbered(_MSSQL, int(number))) != "other":
            return found
    state = getattr(cause, "sqlstate", None) or (str(cause.args[0]) if dialect == "mssql" and cause.args else "")
    for begin, told in _STATES:
        if state.startswith(begin):
            return told
    lowered = str(cause).lower()
    return next((told for word, told in _WORDS if word in lowered), "other") if not state else "other"


def _numbered(table: Mapping[Meaning, frozenset[int]], number: int) -> Meaning:
    return next((told for told, numbers in table.items() if number in numbers), "other")


def told(error: sa.exc.DBAPIError) -> str:
    """What the driver says, on one line; the statement and its values stay out."""
    cause: Any = error.orig
    # pymysql's errors are (number, words); a tuple's brackets and quotes are nobody's message.
    numbered = len(cause.args) == 2 and isinstance(cause.args[0], int)
    text = f"{cause.args[1]} [{cause.args[0]}]" if numbered else str(cause)
    return (redact(text).strip() or type(cause).__name__).splitlines()[0]
