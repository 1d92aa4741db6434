"""The kinds of columns that tables have, alike on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Index, Integer, Text, text
from sqlalchemy.types import TypeDecorator

from goldbridge.ports import Json
from goldbridge.state import document


class Doc(TypeDecorator[Json]):
    """A JSON document in a TEXT column; NULL stands for no document."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str | None:
        return None if value is None else document.dump(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Json]:
        # Not process_result_value: it is asked through two more calls, for every document that is ever read.
        return document.load


# PostgreSQL's own collations sort by language; here text sorts by code point, as in SQLite and Python.
_plain = Text().with_variant(Text(collation="C"), "postgresql")
_counted = BigInteger().with_variant(Integer, "sqlite")


def counted(name: str = "id") -> Column[Any]:
    """A key that the database counts."""
    return Column(name, _counted, primary_key=True, autoincrement=True)


def number(name: str, *, key: bool = False, null: bool = False) -> Column[Any]:
    """A whole number of up to 63 bits, also for flags (0, 1)."""
    return Column(name, BigInteger, primary_key=key, nullable=null, autoincrement=False)


def words(name: str, *, key: bool = False) -> Column[Any]:
    """Text, sorted by code point; never null."""
    return Column(name, _plain, primary_key=key, nullable=False)


def doc(name: str) -> Column[Any]:
    """A JSON document, or null."""
    return Column(name, Doc, nullable=True)


def partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of the rows that a condition names."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))
