"""Columns of a Parquet file: each type, and what its values become."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from connectors.file.value import clock_time, duration, fraction, number, whole
from goldbridge.errors import Mark, Misconfigured

if TYPE_CHECKING:
    import polars

Convert = Callable[[Any], Any]
_UNITS: Mapping[str, int] = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


class Readable(NamedTuple):
    """The type to ask the library for, and what then becomes of a value; nothing, when it is as it should be.

    Times are asked for as the numbers they are stored as, because Python knows no nanoseconds.
    """

    type: Any
    convert: Convert | None = None

    def values(self, series: polars.Series) -> list[Any]:
        told = (series if series.dtype == self.type else series.cast(self.type)).to_list()
        return told if self.convert is None else _each(self.convert, told)


def readable(name: str, kind: Any, where: str) -> Readable:
    """How to read a column; raises `Misconfigured` for a type that has no meaning outside of the program it is from."""
    found = _readable(kind)
    if found is None:
        text = f"{where}: column '{name}' is of the type {kind}, which is not read; write it as text, or leave it out"
        raise Misconfigured.one("CON336", text, Mark("config/sources.yaml"))
    return found


def _readable(kind: Any) -> Readable | None:
    import polars as pl

    if kind in (pl.Boolean, pl.String, pl.Null, pl.Categorical, pl.Enum):
        return Readable(kind)
    if kind.is_integer():
        small = kind in (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)
        return Readable(kind, None if small else whole)
    if kind == pl.Float64:
        return Readable(kind, _number)
    if kind.is_float():  # by way of text, since 0.1 in few bits is 0.10000000149 in many
        return Readable(pl.String, lambda text: _number(float(text)))
    if kind.is_decimal():
        return Readable(kind, _decimal)
    if kind == pl.Binary:
        return Readable(kind, lambda value: b64encode(value).decode("ascii"))
    if kind == pl.Date:
        return Readable(pl.Int32, _date)
    if kind == pl.Time:
        return Readable(pl.Int64, clock_time)
    if kind == pl.Datetime:
        zone = ZoneInfo(kind.time_zone) if kind.time_zone else None
        return Readable(pl.Int64, partial(_datetime, unit=_UNITS[kind.time_unit], zone=zone))
    if kind == pl.Duration:
        return Readable(pl.Int64, partial(duration, unit=_UNITS[kind.time_unit]))
    return _nested(kind)


def _nested(kind: Any) -> Readable | None:
    import polars as pl

    if kind in (pl.List, pl.Array):
        inner = _readable(kind.inner)
        if inner is None:
            return None
        return Readable(pl.List(inner.type), partial(_each, inner.convert) if inner.convert else None)
    if kind != pl.Struct:
        return None
    fields = {field.name: _readable(field.dtype) for field in kind.fields}
    known = {name: each for name, each in fields.items() if each is not None}
    if len(known) < len(fields):
        return None
    converts = {name: each.convert for name, each in known.items() if each.convert}
    return Readable(
        pl.Struct({name: each.type for name, each in known.items()}), partial(_struct, converts) if converts else None
    )


def _each(convert: Convert, values: list[Any]) -> list[Any]:
    return [None if value is None else convert(value) for value in values]


def _struct(converts: Mapping[str, Convert], value: dict[str, Any]) -> dict[str, Any]:
    for name, convert in converts.items():
        if value[name] is not None:
            value[name] = convert(value[name])
    return value


def _number(value: float) -> str | None:
    if math.isfinite(value):
        return number(value)
    return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _date(days: int) -> str:
    try:
        return date.fromordinal(_EPOCH_DAY + days).isoformat()
    except (ValueError, OverflowError):
        return f"{days} days since 1970-01-01"  # outside of the years 1 to 9999


def _datetime(count: int, unit: int, zone: ZoneInfo | None) -> str:
    seconds, part = divmod(count, unit)
    try:
        at = _EPOCH + timedelta(seconds=seconds)
        text = (at.astimezone(zone) if zone else at).isoformat()
    except OverflowError:
        return f"{count} / {unit} s since 1970-01-01T00:00:00Z"
    return text[:19] + fraction(part, unit) + (text[19:] if zone else "")
