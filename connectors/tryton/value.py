"""Tryton's typed JSON: times, dates and decimals travel as objects with a `__class__`; here they become text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from goldbridge.clock import iso
from goldbridge.ports import Json


def unwrap(value: Json) -> Json:
    """A value as JSON-safe data: times as ISO text in UTC, dates as ISO text, decimals as plain text."""
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get("__class__"):
        case None:
            return {name: unwrap(item) for name, item in value.items()}
        case "datetime":
            return iso(datetime(**_parts(value), tzinfo=UTC))
        case "date":
            return f"{value['year']:04d}-{value['month']:02d}-{value['day']:02d}"
        case "time":
            return f"{value['hour']:02d}:{value['minute']:02d}:{value['second']:02d}.{value['microsecond']:06d}"
        case "Decimal":
            return f"{Decimal(str(value['decimal'])):f}"
        case "timedelta":
            return str(timedelta(seconds=float(value["seconds"])).total_seconds())
        case "bytes":
            return value["base64"]
        case _:
            return {name: unwrap(item) for name, item in value.items() if name != "__class__"}


def _parts(value: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(item) for name, item in value.items() if name != "__class__"}


def wrap_time(text: str) -> dict[str, Any]:
    """ISO text as Tryton's datetime (UTC, no zone); raises ValueError for what is no time."""
    at = datetime.fromisoformat(text)
    at = at.astimezone(UTC) if at.tzinfo else at
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(at, name) for name in names}}
