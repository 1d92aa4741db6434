"""Cron's five fields, read once, with one meaning wherever a schedule runs.

The libraries that trigger flows disagree: one counts weekdays from Monday, one from Sunday, and when both a day of the
month and a weekday are given, cron means either while one of them means both. So the text is read here, and they are
given plain lists of numbers. A field is restricted when it leaves out a value, however it is written.
"""

from __future__ import annotations

import re
from calendar import monthrange
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?:(\*)|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:/(\d+))?")
_LEAP_YEAR = 2028


class Field(NamedTuple):
    """One of the five: its name for messages, its bounds, and words for its values."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, _MONTHS),
    Field("weekday", 0, 6, _WEEKDAYS),
)


class Cron(NamedTuple):
    """Values at which it fires; weekdays count from Sunday = 0."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @property
    def text(self) -> str:
        """The same schedule as numbers only, `*` where a field leaves nothing out."""
        return " ".join(_written(values, field) for values, field in zip(self, FIELDS, strict=True))

    @property
    def either_day(self) -> bool:
        """Whether a day is right by its date or by its weekday, because both are restricted."""
        return len(self.days) < 31 and len(self.weekdays) < 7


def parse_cron(text: str) -> Cron:
    """`0 3 * * 0`, `*/10 8-18 * * mon-fri`; raises ValueError saying which field is wrong, or that it never comes."""
    parts = text.lower().split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"it has {len(parts)} fields, not five")
    cron = Cron(*(_values(part, field) for part, field in zip(parts, FIELDS, strict=True)))
    longest = max(monthrange(_LEAP_YEAR, month)[1] for month in cron.months)
    if min(cron.days) <= longest:
        return cron
    if not cron.either_day:
        raise ValueError("that day never comes")
    return cron._replace(days=tuple(range(1, 32)))  # only the weekday can be right, and some readers of cron give up


def _values(text: str, field: Field) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{field.name} '{text}' is not understood")
        star, first, last, step = match.groups()
        if star:
            start, end = field.low, field.high
        else:
            start = _number(first, field)
            end = _number(last, field) if last else field.high if step else start
        if field.words is _WEEKDAYS and last and end == 0:
            end = 7  # fri-sun
        if start > end or step == "0":
            raise ValueError(f"{field.name} '{part}' is empty")
        found.update(range(start, end + 1, int(step or 1)))
    if field.words is _WEEKDAYS:
        found = {value % 7 for value in found}
    return tuple(sorted(found))


def _number(text: str, field: Field) -> int:
    if text in field.words:
        return field.words.index(text) + field.low
    highest = 7 if field.words is _WEEKDAYS else field.high  # 7 is Sunday too
    if not text.isdigit() or not field.low <= int(text) <= highest:
        raise ValueError(f"{field.name} '{text}' is not between {field.low} and {highest}")
    return int(text)


def _written(values: tuple[int, ...], field: Field) -> str:
    whole = len(values) == field.high - field.low + 1
    return "*" if whole else ",".join(map(str, values))
