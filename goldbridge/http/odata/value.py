"""Values on the wire of OData V2 and V4, as text that is safe to keep, and back.

Both versions mean the same types and write them differently: V2 has `/Date(ms)/`, `PT10H20M30S` and quotes around
decimals, V4 has ISO text and numbers. Read, everything becomes ISO text, and decimals and 64-bit integers stay text,
so that no amount and no id ever passes through a binary float.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
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
_LINKS = ("@odata.navigationLink", "@odata.associationLink", "@odata.context", "@odata.editLink")
_AS_IT_IS = _WHOLE | {"Edm.String", "Edm.Boolean", "Edm.Guid", "Edm.Date"}
TIMES = frozenset({"Edm.DateTime", "Edm.DateTimeOffset"})
INTEGERS = _WHOLE | {"Edm.Int64"}


def decode(value: Json, kind: str = "") -> Json:
    """A value as it came, in the notation we keep; nested records lose their links and keep their values."""
    if isinstance(value, str):
        return _time(value, kind) if _is_time(value, kind) else value
    if isinstance(value, dict):
        if isinstance(value.get("results"), list):
            return [decode(item) for item in value["results"]]
        return {name: decode(item) for name, item in value.items() if not (_is_link(name) or _is_deferred(item))}
    if isinstance(value, list):
        return [decode(item) for item in value]
    if kind in _TEXTUAL and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def decode_rows(rows: Iterable[Mapping[str, Json]], kinds: Mapping[str, str]) -> list[dict[str, Json]]:
    """Records with their values by their types; an ETag, wherever it stood, under `@odata.etag`.

    What has to be looked at is decided once for all rows with the same names: times, exact numbers and what the
    metadata does not know; the rest is copied as a whole.
    """
    found = []
    names: tuple[str, ...] = ()
    links: list[str] = []
    looked_at: list[tuple[str, str]] = []
    for row in rows:
        if (own := tuple(row)) != names:
            names, links = own, [name for name in own if _is_link(name)]
            seen = [(name, kinds.get(name, "")) for name in own if name not in links]
            looked_at = [(name, kind) for name, kind in seen if kind not in _AS_IT_IS]
        kept = dict(row)
        for name in links:
            del kept[name]
        for name, kind in looked_at:
            value = kept[name]
            if isinstance(value, str):
                if _is_time(value, kind):
                    kept[name] = _time(value, kind)
            elif _is_deferred(value):
                del kept[name]
            elif value is not None:
                kept[name] = decode(value, kind)
        about = row.get("__metadata")
        if isinstance(about, dict) and about.get("etag"):
            kept[ETAG] = str(about["etag"])
        found.append(kept)
    return found


def _is_link(name: str) -> bool:
    """What leads elsewhere instead of saying something: it changes without the record."""
    return name == "__metadata" or name.endswith(_LINKS)


def _is_deferred(value: Json) -> bool:
    """A link in place of the records it leads to."""
    return isinstance(value, dict) and "__deferred" in value


def _is_time(value: str, kind: str) -> bool:
    """Whether this is in the notation for times of V2."""
    return value.startswith("/Date(") or kind == "Edm.Time"


@lru_cache(maxsize=4096)  # most are days, and of a page of records many are of the same day
def _time(value: str, kind: str) -> str:
    """A time of V2 as ISO text; what only looks like one stays as it is."""
    if ticks := _TICKS.fullmatch(value):
        return _moment(int(ticks[1]), zoned=kind == "Edm.DateTimeOffset" or ticks[2] is not None)
    if kind == "Edm.Time" and (span := _SPAN.fullmatch(value)):
        return f"{int(span[2] or 0):02d}:{int(span[3] or 0):02d}:{int(span[4] or 0):02d}{span[5] or ''}"
    return value


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
