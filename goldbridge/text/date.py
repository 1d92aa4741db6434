"""Dates and times as systems and people write them, read the same on every machine.

What may mean two days (03/04/2026) is refused, not guessed. Times without an offset are local times of a named zone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from goldbridge.text.fold import fold_width
from goldbridge.text.money import numeral

_NAMES = (
    "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|"
    "oct october|nov november|dec december"
)
_MONTHS = {name: number for number, names in enumerate(_NAMES.split("|"), 1) for name in names.split()}
_month = "|".join(sorted(_MONTHS, key=len, reverse=True))
_year_first = re.compile(r"(\d{4})([-/.年]) ?(\d{1,2})(?:\2|月) ?(\d{1,2})[日号]?(?![\d])")
_compact = re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d)")
_compact_time = re.compile(r"(\d{4})(\d{2})(\d{2})[T ]?(\d{2})(\d{2})(\d{2})(?:\.?(\d{3,6}))?(?=Z|[+-]\d{2}:?\d{2}|$)")
_day_first = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)")
_day_month = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?[ -]({_month})\.?,?[ -](\d{{4}})(?!\d)", re.IGNORECASE)
_month_day = re.compile(rf"({_month})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})(?!\d)", re.IGNORECASE)
_republic = re.compile(r"民国 ?(\d{1,3}|元)年 ?(\d{1,2})月 ?(\d{1,2})日?")
_chinese = re.compile(
    r"([零〇一二三四五六七八九○Ｏ]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十廿]{1,3})[日号]?"
)
_odata = re.compile(r"/?Date\((-?\d{1,16})(?:[+-]\d{4})?\)/?")
_epoch = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?")
_weekday = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? ", re.IGNORECASE)
_time = re.compile(
    r"[T ,]*(?:星期.|周[一二三四五六日天]|\((?:星期|周)?.\))? *(?P<noon>上午|中午|下午|晚上|凌晨|早上|am|pm)? *"
    r"(?P<hour>\d{1,2})(?:[:：时点] ?(?P<minute>\d{1,2}))?"
    r"(?:[:：分] ?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"[分秒时点整]* *(?P<half>am|pm|a\.m\.|p\.m\.)?"
    r" *(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?(?: ?\(?(?:[A-Z]{2,5}|中国标准时间|北京时间)\)?)?",
    re.IGNORECASE,
)


@lru_cache(1 << 14)
def parse_date(text: str, zone: str = "Asia/Shanghai") -> date | None:
    """The calendar day as written (an offset behind it does not move it), or None.

    A count of seconds or milliseconds since 1970 is the day it was then in `zone`.
    """
    found = _split(text)
    if found:
        return found[0]
    moment = _moment(fold_width(text).strip())
    return moment.astimezone(_zone(zone)).date() if moment and 1 < moment.year < 9999 else None


@lru_cache(1 << 14)
def parse_datetime(text: str, zone: str = "Asia/Shanghai") -> datetime | None:
    """The moment in UTC; `zone` (IANA name) is where a text without an offset was written. A day alone is its midnight.

    A local time that occurred twice is the first of the two. Raises ZoneInfoNotFoundError for an unknown zone.
    """
    local = _zone(zone)
    folded = fold_width(text).strip()
    moment = _moment(folded)
    if moment:
        return moment
    found = _split(folded)
    if not found:
        return None
    day, rest = found
    if not rest:
        return _utc(datetime(day.year, day.month, day.day, tzinfo=local))
    match = _time.fullmatch(rest)
    if not match:
        return None
    return _utc(_at(day, match, local))


def _utc(at: datetime | None) -> datetime | None:
    """The same moment in UTC; None at the far ends of the calendar, where the shift has no date."""
    try:
        return at.astimezone(UTC) if at else None
    except OverflowError:
        return None


def _at(day: date, match: re.Match[str], local: tzinfo) -> datetime | None:
    hour, minute, second = int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0)
    half = (match["noon"] or match["half"] or "").lower().replace(".", "")
    if half in ("下午", "晚上", "pm") and hour < 12:
        hour += 12
    elif half in ("凌晨", "上午", "早上", "am") and hour == 12:
        hour = 0
    extra = timedelta(0)
    if hour == 24 and minute == second == 0:
        hour, extra = 0, timedelta(days=1)
    if second == 60:
        second, extra = 59, timedelta(seconds=1)
    micro = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    written = (match["zone"] or "").upper()
    try:
        at = datetime(day.year, day.month, day.day, hour, minute, second, micro, tzinfo=_offset(written) or local)
        return at + extra
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> tzinfo | None:
    if not text:
        return None
    if text in ("Z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if text[0] == "-" else shift) if shift < timedelta(hours=24) else None


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _moment(text: str) -> datetime | None:
    """Texts that count from 1970: seconds, milliseconds, OData's /Date(...)/, and 14 digits in a row are not those."""
    match = _odata.fullmatch(text)
    if match:
        return _since_1970(int(match[1]) * 1000)
    if _epoch.fullmatch(text):
        whole, _, fraction = text.partition(".")
        scale = 1_000_000 if len(whole) == 10 else 1000
        micro = int(whole) * scale + (int(fraction[:6].ljust(6, "0")) if scale == 1_000_000 and fraction else 0)
        return _since_1970(micro)
    return None


def _since_1970(microseconds: int) -> datetime | None:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return None


def _split(text: str) -> tuple[date, str] | None:
    """The day at the start of a text, and what follows it (nothing, or something that reads as a time)."""
    text = _weekday.sub("", fold_width(text).strip())
    if not text or len(text) > 60:
        return None
    match = _compact_time.fullmatch(text) or _compact_time.match(text)
    if match:
        day = _day(match[1], match[2], match[3])
        rest = f"{match[4]}:{match[5]}:{match[6]}" + (f".{match[7]}" if match[7] else "") + text[match.end() :]
        return (day, rest) if day else None
    for pattern, order in _PATTERNS:
        match = pattern.match(text)
        if match:
            rest = text[match.end() :].strip(" ,")
            if rest and not _time.fullmatch(rest):
                return None
            day = order(match)
            return (day, rest) if day else None
    return None


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _either(match: re.Match[str]) -> date | None:
    """12/31/2026 and 31.12.2026; 03/04/2026 could be both unless written with dots, which nobody does month first."""
    first, sign, second = int(match[1]), match[2], int(match[3])
    if sign == "." or first > 12 or first == second:
        return _day(match[4], second, first)
    return _day(match[4], first, second) if second > 12 else None


def _spelled(match: re.Match[str]) -> date | None:
    year = numeral(match[1].replace("○", "零").replace("Ｏ", "零"))
    month, day = numeral(match[2]), numeral(match[3])
    return _day(int(year), int(month), int(day)) if year and month and day else None


_PATTERNS = (
    (_year_first, lambda match: _day(match[1], match[3], match[4])),
    (_compact, lambda match: _day(match[1], match[2], match[3])),
    (_republic, lambda match: _day(1912 if match[1] == "元" else int(match[1]) + 1911, match[2], match[3])),
    (_chinese, _spelled),
    (_day_first, _either),
    (_day_month, lambda match: _day(match[3], _MONTHS[match[2].lower()], match[1])),
    (_month_day, lambda match: _day(match[3], _MONTHS[match[1].lower()], match[2])),
)
