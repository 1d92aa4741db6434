"""Values on the wire of OData V2 and V4, as text that is safe to keep, and back.

Both versions mean the same types and write them differently: V2 has `/Date(ms)/`, `PT10H20M30S` and quotes around
decimals, V4 has ISO text and numbers. Read, everything becomes ISO text, and decimals and 64-bit integers stay text,
so that no amount and no id ever passes through a binary float.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from goldbridge.ports import Json

ETAG = "@odata.etag"
KEY = "@key"
_TICKS = re.compile(r"/Date\((-?\d+)([+-]\d+)?\)/")
_SPAN = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d+)?S)?)?")
_START = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_START = datetime(1970, 1, 1)  # noqa: DTZ001 - what is counted from it is written without a zone, or with Z
_TEXTUAL = frozenset({"Edm.Decimal", "Edm.Int64", "Edm.Double", "Edm.Single"})
_WHOLE = frozenset({"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32"})
TIMES = frozenset({"Edm.DateTime", "Edm.DateTimeOffset"})
INTEGERS = _WHOLE | {"Edm.Int64"}


def decode(value: Json, kind: str = "") -> Json:
    """A value as it came, in the notation we keep; nested records lose their links and keep their values."""
    if isinstance(value, str):
        if value.startswith("/Date(") and (ticks := _TICKS.fullmatch(value)):
            return _moment(int(ticks[1]), zoned=kind == "Edm.DateTimeOffset" or ticks[2] is not None)
        if kind == "Edm.Time" and (span := _SPAN.fullmatch(value)):
            return f"{int(span[2] or 0):02d}:{int(span[3] or 0):02d}:{int(span[4] or 0):02d}{span[5] or ''}"
        return value
    if isinstance(value, dict):
        if isinstance(value.get("results"), list):
            return [decode(item) for item in value["results"]]
        return {name: decode(item) for name, item in value.items() if not _is_link(name, item)}
    if isinstance(value, list):
        return [decode(item) for item in value]
    if kind in _TEXTUAL and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def decode_row(row: Mapping[str, Json], kinds: Mapping[str, str]) -> dict[str, Json]:
    """A record with its values by their types; its ETag, wherever it stood, under `@odata.etag`."""
    found: dict[str, Json] = {}
    for name, value in row.items():
        kind = type(value)
        plain = kind is str and value[:6] != "/Date(" and kinds.get(name) != "Edm.Time"
        if (plain or value is None or kind is bool) and "@" not in name:
            found[name] = value  # most values, at the price of a look
        elif not _is_link(name, value):
            found[name] = decode(value, kinds.get(name, ""))
    about = row.get("__metadata")
    if isinstance(about, dict) and about.get("etag"):
        found[ETAG] = str(about["etag"])
    return found


def _is_link(name: str, value: Json) -> bool:
    """What leads elsewhere instead of saying something: it changes without the record."""
    if name == "__metadata" or (isinstance(value, dict) and "__deferred" in value):
        return True
    return name.endswith(("@odata.navigationLink", "@odata.associationLink", "@odata.context", "@odata.editLink"))


def _moment(ms: int, *, zoned: bool) -> str:
    at = _NAIVE_START + timedelta(milliseconds=ms)
    text = at.isoformat(timespec="milliseconds" if ms % 1000 else "seconds")
    return text + "Z" if zoned else text


def encode(value: Json, kind: str, version: int) -> Json:
    """A value as the other side wants it in a body; raises ValueError with what is wrong with it."""
    if value is None or isinstance(value, dict | list):
        return value
    if kind == "Edm.Boolean":
        return _truth(value)
    if kind in _WHOLE:
        return int(str(value))
    if kind in ("Edm.Decimal", "Edm.Int64"):
        return _number(value)
    if kind in ("Edm.Double", "Edm.Single"):
        return float(_number(value))
    text = str(value)
    if version == 2 and kind in TIMES:
        ms = (_instant(text) - _START) // timedelta(milliseconds=1)
        return f"/Date({ms}{'+0000' if kind == 'Edm.DateTimeOffset' else ''})/"
    if kind == "Edm.Time":
        return _span(text)
    if kind == "Edm.Date":
        return date.fromisoformat(text[:10]).isoformat()
    if kind == "Edm.DateTimeOffset":
        return _zoned(text)
    return value if isinstance(value, bool | int) and not kind else text


def literal(value: Json, kind: str, version: int, zone: str | None = None) -> str:
    """A value as it stands in a filter or a key; raises ValueError. `zone` is that of times without an offset."""
    if value is None:
        return "null"
    text = str(value)
    if kind == "Edm.Boolean":
        return "true" if _truth(value) else "false"
    if kind in _WHOLE:
        return str(int(text))
    if kind in _TEXTUAL:
        return _number(value) + ({"Edm.Decimal": "M", "Edm.Int64": "L"}.get(kind, "") if version == 2 else "")
    if kind == "Edm.Guid":
        return f"guid'{text}'" if version == 2 else text
    if kind == "Edm.DateTime":
        at = _instant(text)
        naive = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if zone and _has_offset(text) else at
        return f"datetime'{_short(naive)}'"
    if kind == "Edm.DateTimeOffset":
        return f"datetimeoffset'{_zoned(text)}'" if version == 2 else _zoned(text)
    if kind == "Edm.Time":
        return f"time'{_span(text)}'"
    if kind == "Edm.Date":
        return text[:10]
    return "'" + text.replace("'", "''") + "'"


def _truth(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).casefold() in ("true", "false"):
        return str(value).casefold() == "true"
    raise ValueError("is neither true nor false")


def _number(value: Json) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("is no number") from None
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError("is no number")
    return f"{number:f}"


def _instant(text: str) -> datetime:
    """A time as text; one without an offset is taken as it stands."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _has_offset(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None


def _zoned(text: str) -> str:
    return _short(_instant(text).astimezone(UTC)) + "Z"


def _short(at: datetime) -> str:
    whole = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{at.microsecond:06d}".rstrip("0") if at.microsecond else whole


def _span(text: str) -> str:
    if text.startswith("P"):
        return text
    hours, minutes, seconds = [*text.split(":"), "0", "0"][:3]
    return f"PT{int(hours):02d}H{int(minutes):02d}M{seconds.zfill(2)}S"


def plain(value: Json) -> str:
    """A value as text, nothing for nothing."""
    return "" if value is None else str(value)
