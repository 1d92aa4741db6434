"""Times that are written as text: read, moved, and written again in the notation they had."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_COMPACT = re.compile(r"\d{14}")


def parse(text: str) -> datetime | None:
    """A time in ISO notation or as 14 digits; None for what is none, a bare number included."""
    try:
        if _COMPACT.fullmatch(text):
            return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - its zone is the system's, told apart elsewhere
        return None if text.isdigit() else datetime.fromisoformat(text)
    except ValueError:
        return None


def like(at: datetime, sample: str) -> str:
    """`at` as `sample` is written: its separator, its precision, with or without an offset."""
    if _COMPACT.fullmatch(sample):
        return at.strftime("%Y%m%d%H%M%S")
    if len(sample) == 10:
        return at.date().isoformat()
    precision = "auto" if "." in sample else "seconds"
    text = at.isoformat(sep="T" if "T" in sample else " ", timespec=precision)
    return text.removesuffix("+00:00") + "Z" if sample.endswith("Z") else text


def shift(text: str, seconds: float) -> str:
    """A time written as text, moved; other cursors (numbers) stay as they are."""
    at = parse(text)
    if at is None:
        return text
    moved = at + timedelta(seconds=seconds)
    # A day moved by less than a day is a time: it has to be said to the second.
    return moved.isoformat(sep=" ", timespec="seconds") if len(text) == 10 else like(moved, text)


def wall(moment: datetime, offset: tzinfo | None, zone: str | None) -> datetime:
    """A moment as a column tells time: with an offset, or by the clock on the wall of `zone` (UTC when unknown)."""
    if offset is not None:
        return moment.astimezone(offset)
    return moment.astimezone(ZoneInfo(zone or "UTC")).replace(tzinfo=None)
