"""Times as this API writes them in answers, and as its query language wants them: without quotes, in UTC, with Z."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = "1970-01-01T00:00:00.000Z"


def literal(at: datetime) -> str:
    """A time as text that sorts in time order and may stand in a query: `2026-03-02T03:04:05.000Z`."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def normalised(text: str) -> str:
    """A time of an answer (`...+0000`) or of a window as a literal."""
    return literal(parsed(text))


def parsed(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def shifted(text: str, seconds: float) -> str:
    return max(EPOCH, literal(parsed(text) + timedelta(seconds=seconds)))


def start_of(day: str, zone: ZoneInfo, days: int = 0) -> datetime:
    """Midnight of a day (and so many later) where the source is."""
    return datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), zone)
