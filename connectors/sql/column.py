"""A column as the connector uses it: how its values are read, shown, written to a position, and bound again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from connectors.sql import moment, value
from goldbridge.errors import Reject
from goldbridge.text.date import parse_date, parse_datetime

Family = Literal[
    "text", "whole", "decimal", "float", "flag", "date", "local", "moment", "time", "bytes", "json", "uuid", "other"
]
"""`local` is a time by the clock on the wall, `moment` one that every zone agrees on."""

_WORDS = {"true": True, "1": True, "t": True, "y": True, "false": False, "0": False, "f": False, "n": False}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. `read` makes of the driver's value what a row shows; it may raise `ValueError`."""

    name: str
    expression: sa.Column[Any]
    family: Family
    read: Callable[[Any], Any] = value.plain
    selected: sa.ColumnElement[Any] | None = None
    """What is selected in its place, where the driver would lose something."""
    utc: bool = False
    """The driver gives its moments without an offset, in UTC."""
    cast: bool = False
    """The driver sends finer times than the column holds: compared as they come, no row would equal itself."""

    @property
    def query(self) -> sa.ColumnElement[Any]:
        return self.expression if self.selected is None else self.selected.label(self.name)

    def position(self, raw: Any) -> str:
        """A cursor or a key as a position writes it."""
        return value.position(raw.replace(tzinfo=UTC) if self.utc and isinstance(raw, datetime) else raw)

    def from_position(self, text: str, zone: str | None) -> Any:
        """The text of a position as a value to compare with; raises `ValueError` when it is none of this column's."""
        match self.family:
            case "whole":
                return int(text)
            case "decimal":
                return Decimal(text)
            case "float":
                return float(text)
            case "local":
                return datetime.fromisoformat(text)
            case "moment":
                at = datetime.fromisoformat(text)
                at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone or "UTC"))).astimezone(UTC)
                return at.replace(tzinfo=None) if self.utc else at
            case "date":
                return date.fromisoformat(text[:10])
            case "bytes":
                return bytes.fromhex(text.removeprefix("0x"))
            case "uuid":
                return UUID(text)
        return text

    def moment(self, raw: Any) -> datetime | None:
        """A cursor as a time, if it is one."""
        if self.family in ("local", "moment", "date"):
            if isinstance(raw, datetime):
                return raw.replace(tzinfo=UTC) if self.utc else raw
            if isinstance(raw, date):
                return datetime(raw.year, raw.month, raw.day)  # noqa: DTZ001 - a day has no zone
            return datetime.max.replace(tzinfo=UTC if self.family == "moment" else None)  # `infinity`
        return moment.parse(raw) if isinstance(raw, str) else None

    def at(self, limit: datetime, like: Any) -> Any:
        """A time as this column holds it; one that holds times as text writes them as `like` is written."""
        if self.family == "date":
            return limit.date()
        if self.family in ("local", "moment"):
            return limit.replace(tzinfo=None) if self.utc else limit
        return moment.like(limit, str(like))

    def bind(self, bound: Any) -> Any:
        """A value to compare with, as it must be sent."""
        return sa.cast(sa.literal(bound, self.expression.type), self.expression.type) if self.cast else bound

    def to_write(self, given: Any, zone: str | None) -> Any:
        """A value of a record as the column takes it; raises `Reject` with the field's name."""
        if given is None:
            return None
        try:
            return self._to_write(given, zone)
        except (ValueError, ArithmeticError, TypeError):
            text = f"{self.name}: '{given}' is no value for a column of type {self.expression.type}"
            raise Reject("CON373", text, field=self.name) from None

    def _to_write(self, given: Any, zone: str | None) -> Any:
        text = given if isinstance(given, str) else str(given)
        match self.family:
            case "flag":
                return given if isinstance(given, bool) else _WORDS[text.strip().lower()]
            case "moment" | "local":
                return self._moment(text, zone)
            case "date":
                return _known(parse_date(text, zone or "UTC"))
            case "time":
                return time.fromisoformat(text)
            case "json":
                return value.loads(text) if isinstance(given, str) else given
            case "whole":
                return int(given)
            case "decimal":
                return Decimal(text)
            case "float":
                return float(text)
            case "bytes":
                return bytes.fromhex(text)
            case "uuid":
                return UUID(text)
            case "text":
                return json.dumps(given, ensure_ascii=False) if isinstance(given, dict | list) else text
        return given

    def _moment(self, text: str, zone: str | None) -> datetime:
        at: datetime = _known(parse_datetime(text, zone or "UTC"))
        if self.family == "local":
            return at.astimezone(ZoneInfo(zone or "UTC")).replace(tzinfo=None)
        return at.replace(tzinfo=None) if self.utc else at


def _known(found: Any) -> Any:
    if found is None:
        raise ValueError
    return found


def describe(
    column: sa.Column[Any], dialect: str, name: str, charset: str | None = None, holds: str | None = None
) -> Column:
    """A reflected column; `charset` is what MySQL says its text is in, `holds` what it really is in."""
    found = Column(name, column, _family(column.type))
    if dialect == "sqlite":
        return _sqlite(found)
    if dialect in ("mysql", "mariadb"):
        return _mysql(found, charset, holds)
    if dialect == "oracle" and isinstance(column.type, sa.Numeric):
        column.type.asdecimal = True  # a NUMBER without a scale would come as a float
    if dialect == "mssql" and type(column.type).__name__ in ("DATETIME", "SMALLDATETIME"):
        return replace(found, cast=True)
    return found


def _family(kind: sa.types.TypeEngine[Any]) -> Family:
    if isinstance(kind, sa.DateTime):
        return "moment" if kind.timezone else "local"
    if isinstance(kind, sa.Float) and not kind.asdecimal:
        return "float"
    # Oracle's NUMBER is both a whole number and a decimal one: the wider of the two holds it.
    table: tuple[tuple[Any, Family], ...] = (
        (sa.JSON, "json"), (sa.String, "text"), (sa.Numeric, "decimal"), (sa.Integer, "whole"),
        (sa.Boolean, "flag"), (sa.Date, "date"), (sa.Time, "time"), (sa.types._Binary, "bytes"),
        (sa.Uuid, "uuid"),
    )  # fmt: skip
    return next((family for each, family in table if isinstance(kind, each)), "other")


def _sqlite(found: Column) -> Column:
    """SQLite keeps what it was given, whatever the column says; a type that insists would stop at a surprise."""
    kind = found.expression.type
    if found.family in ("local", "moment", "date", "time"):
        found.expression.type = sa.types.NullType()
        return replace(found, family="text", read=_decoded)
    if found.family == "decimal":
        scale = getattr(kind, "scale", None)
        found.expression.type = sa.types.NullType()
        return replace(found, family="float", read=partial(_scaled, 10 if scale is None else scale))
    if found.family == "flag":
        found.expression.type = sa.types.NullType()
        return replace(found, read=_flagged)
    return replace(found, read=_decoded)


def _decoded(raw: Any) -> Any:
    if isinstance(raw, value.Undecoded):
        raise ValueError("holds text that is not UTF-8")
    return value.plain(raw)


def _flagged(raw: Any) -> Any:
    return bool(raw) if raw in (0, 1) else _decoded(raw)


def _scaled(scale: int, raw: Any) -> Any:
    """SQLite keeps a decimal as a float: to the places the column declares it is what was put in."""
    return f"{raw:.{scale}f}" if isinstance(raw, int | float) else _decoded(raw)


def _mysql(found: Column, charset: str | None, holds: str | None) -> Column:
    kind = found.expression.type
    if isinstance(kind, mysql.SET):
        found.expression.type = sa.String()
        return replace(found, family="text")
    if isinstance(kind, mysql.BIT):
        return replace(found, family="whole")
    if isinstance(kind, mysql.TIME):
        found.expression.type = sa.types.NullType()  # up to 838 hours, which no time of day can hold
        return replace(found, family="text")
    if isinstance(kind, sa.Float):
        found.expression.type = sa.Float(53)  # MySQL's own would be rounded to ten places
        return replace(found, family="float")
    if isinstance(kind, mysql.TIMESTAMP):
        return replace(found, family="moment", utc=True, read=_in_utc)
    if charset == "latin1" and found.family == "text":
        if holds is None:
            return replace(found, read=_not_doubled)
        bytes_ = sa.cast(found.expression, sa.LargeBinary)
        return replace(found, selected=bytes_, read=partial(_redecoded, holds))
    return found


def _in_utc(raw: Any) -> Any:
    return value.plain(raw.replace(tzinfo=UTC) if isinstance(raw, datetime) else raw)


def _not_doubled(raw: Any) -> Any:
    if isinstance(raw, str) and value.double_encoded(raw):
        raise ValueError("is latin1 and holds UTF-8 that was stored byte for byte; set `latin1_holds: utf-8`")
    return value.plain(raw)


def _redecoded(charset: str, raw: Any) -> Any:
    if raw is None or isinstance(raw, str):
        return raw
    try:
        return bytes(raw).decode(charset)
    except UnicodeDecodeError:
        raise ValueError(f"holds bytes that are not {charset}") from None
