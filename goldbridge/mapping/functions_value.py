"""Transforms for values of the trade: amounts, numbers, yes and no, days and times.

Amounts are decimals from text to text, never floats. Times come out in UTC, days as they were written.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from datetime import datetime as moment
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from goldbridge.mapping.quick import utc_second, utc_text
from goldbridge.mapping.transform import Argument, Listing, Sample
from goldbridge.mapping.value import Invalid, plain_text, shown
from goldbridge.mapping.whole import Form, integers, moments
from goldbridge.text.date import parse_date, parse_datetime
from goldbridge.text.fold import fold_width
from goldbridge.text.money import parse_money, plain

VALUE = Listing()

_EXACT = Context(prec=100)
"""Wide enough for every number that is let in: the usual 28 digits would round without a word."""

# Amounts that are written as they are kept; those below zero are few and go the other way.
_kept_amount = Form(r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{0,7}[1-9])?")
_plain_amount = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,8})?")
_CURRENCY = Argument("currency (ISO 4217)", "text", required=False)


@VALUE(
    whole=_kept_amount.kept,
    of_type="money",
    argument=_CURRENCY,
    samples=(
        Sample("1000万元人民币", "10000000"),
        Sample("￥3,000,000.00", "3000000"),
        Sample("叁佰万元整", "3000000"),
        Sample("100万美元", Invalid("an amount in USD, not in CNY")),
        Sample("100万美元", "1000000", "USD"),
        Sample("面议", Invalid("'面议' is no amount that is certain")),
    ),
)
def money(text: str, currency: str = "CNY") -> str | Invalid:
    """An amount with or without unit and currency as plain decimal text; another currency than CNY must be named."""
    if _plain_amount.fullmatch(text):
        return _short(text)
    found = parse_money(text, currency)
    if found is None:
        return Invalid(f"{shown(text)} is no amount that is certain", text)
    if found.currency != currency:
        return Invalid(f"an amount in {found.currency}, not in {currency}", text)
    return found.text


def _short(text: str) -> str:
    """Plain decimal text without needless zeros."""
    if text[0] not in "-0" and (text[-1] != "0" or "." not in text):
        return text
    return plain(Decimal(text))


_unit = re.compile("[^0-9.,\\s]")


@VALUE(
    of_type="money",
    samples=(
        Sample("300", "3000000"),
        Sample("0.07", "700"),
        Sample("1,200", "12000000"),
        Sample("300万元", "3000000"),
    ),
)
def wan(text: str) -> str | Invalid:
    """An amount in 万元 (10,000 yuan) as yuan; a text that names its own unit is read by that."""
    if _plain_amount.fullmatch(text):
        return plain(_EXACT.multiply(Decimal(text), Decimal(10_000)))
    amount: str | Invalid = money(text)
    if isinstance(amount, Invalid) or _unit.search(fold_width(text).lstrip("-")):
        return amount
    return plain(_EXACT.multiply(Decimal(amount), Decimal(10_000)))


@VALUE(samples=(Sample("3000000", "300"), Sample("700", "0.07")))
def to_wan(text: str) -> str | Invalid:
    """Yuan as 万元, for targets that count in them."""
    return _scaled(text, Decimal("0.0001"))


@VALUE(of_type="money", samples=(Sample("123456", "1234.56"), Sample("100", "1")))
def cents(text: str) -> str | Invalid:
    """An amount in 分 (cents) as yuan."""
    return _scaled(text, Decimal("0.01"))


def _scaled(text: str, factor: Decimal) -> str | Invalid:
    amount = number(text)
    return amount if isinstance(amount, Invalid) else plain(_EXACT.multiply(Decimal(amount), factor))


@VALUE(
    whole=_kept_amount.kept,
    samples=(Sample("1,200.50", "1200.5"), Sample("１２", "12"), Sample("十二", Invalid("'十二' is not a number"))),
)
def number(text: str) -> str | Invalid:
    """A number as plain decimal text, thousands separators gone."""
    if _plain_amount.fullmatch(text):
        return _short(text)
    bare = fold_width(text).strip()
    if re.fullmatch(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", bare):
        bare = bare.replace(",", "")
    if not re.fullmatch(r"[-+]?(?:[0-9]{1,40}\.?|[0-9]{0,40}\.[0-9]{1,20})", bare):
        return Invalid(f"{shown(text)} is not a number", text)
    return plain(Decimal(bare))


@VALUE(argument=Argument("places", "integer"), samples=(Sample("3000000", "3000000.00", 2), Sample("0.005", "0.01", 2)))
def decimals(text: str, places: int) -> str | Invalid:
    """A number with a fixed count of decimals (half up), for targets that keep it so and would show a difference."""
    found = number(text)
    if isinstance(found, Invalid):
        return found
    if places > 20:
        return Invalid(f"{places} decimals are more than an amount has", text)
    return f"{Decimal(found).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT):f}"


@VALUE(
    whole=integers,
    gives="any",
    of_type="integer",
    samples=(Sample("1,200", 1200), Sample("3.0", 3), Sample("3.5", Invalid("'3.5' is not a whole number"))),
)
def integer(text: str) -> int | Invalid:
    """A whole number."""
    if len(text) < 18 and text.isdecimal() and text.isascii():
        return int(text)
    found = number(text)
    if isinstance(found, Invalid) or "." in found or len(found) > 18:
        return Invalid(f"{shown(text)} is not a whole number", text)
    return int(found)


_YES = "true t yes y 1 on 是 有 真 对 启用 x √ ✓"
_NO = "false f no n 0 off 否 无 假 错 停用"
_TRUE, _FALSE = frozenset(_YES.split()), frozenset(_NO.split())


@VALUE(
    takes="any",
    gives="any",
    of_type="boolean",
    samples=(
        Sample("是", True),
        Sample("N", False),
        Sample(0, False),
        Sample("2", Invalid("'2' is neither yes nor no")),
    ),
)
def boolean(value: Any) -> bool | Invalid:
    """Yes or no: true, Y, 1, 是, 启用, ... or false, N, 0, 否, 停用, ..."""
    if isinstance(value, bool):
        return value
    text = plain_text(value)
    if isinstance(text, Invalid):
        return text
    word = fold_width(text).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return Invalid(f"{shown(text)} is neither yes nor no", text)


_ZONE = Argument("zone", "zone")
_ISO_DAY = r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
_iso_day, _usual_day = re.compile(_ISO_DAY), Form(_ISO_DAY)


@VALUE(
    whole=_usual_day.kept,
    of_type="date",
    samples=(
        Sample("2026/3/1", "2026-03-01"),
        Sample("2026年3月1日", "2026-03-01"),
        Sample("20260301", "2026-03-01"),
        Sample("2012-07-10T00:00:00", "2012-07-10"),
        Sample("03/04/2026", Invalid("'03/04/2026' is no date that is certain")),
    ),
)
def date(text: str) -> str | Invalid:
    """A day as it is written, as 2026-03-01; what may mean two days (03/04/2026) is not guessed."""
    if _iso_day.fullmatch(text):
        return text
    if text.isdecimal() and len(text) in (10, 13):
        return Invalid(f"{shown(text)} counts from 1970; use epoch_ms and local_date", text)
    found = parse_date(text)
    return found.isoformat() if found else Invalid(f"{shown(text)} is no date that is certain", text)


@VALUE(
    whole=moments,
    of_type="datetime",
    argument=_ZONE,
    samples=(
        Sample("2026-03-01 08:00:00", "2026-03-01T00:00:00.000000Z", "Asia/Shanghai"),
        Sample("2022-08-31T11:52Z", "2022-08-31T11:52:00.000000Z", "Asia/Shanghai"),
        Sample("昨天", Invalid("'昨天' is no time that is certain"), "Asia/Shanghai"),
    ),
)
def datetime(text: str, zone: str) -> str | Invalid:
    """A moment in UTC. A text without an offset is local time of the zone: the argument, else the source's `zone`."""
    quick = utc_second(text, zone)
    if quick is not None:
        return quick
    found = parse_datetime(text, zone)
    return utc_text(found) if found else Invalid(f"{shown(text)} is no time that is certain", text)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


_EPOCH = moment(1970, 1, 1, tzinfo=UTC)


@VALUE(
    of_type="datetime",
    samples=(
        Sample(1790000000000, "2026-09-21T14:13:20.000000Z"),
        Sample("1790000000123", "2026-09-21T14:13:20.123000Z"),
    ),
)
def epoch_ms(text: str) -> str | Invalid:
    """Milliseconds since 1970 as a moment."""
    return _since_1970(text, 1000)


@VALUE(of_type="datetime", samples=(Sample(1790000000, "2026-09-21T14:13:20.000000Z"),))
def epoch_s(text: str) -> str | Invalid:
    """Seconds since 1970 as a moment."""
    return _since_1970(text, 1_000_000)


def _since_1970(text: str, scale: int) -> str | Invalid:
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        return Invalid(f"{shown(text)} is no count since 1970", text)
    try:
        return utc_text(_EPOCH + timedelta(microseconds=int(text) * scale))
    except OverflowError:
        return Invalid(f"{shown(text)} is no count since 1970", text)


@VALUE(
    of_type="date",
    argument=_ZONE,
    samples=(Sample("2026-02-28T16:00:00.000000Z", "2026-03-01", "Asia/Shanghai"),),
)
def local_date(text: str, zone: str) -> str | Invalid:
    """The day that a moment falls on in a zone."""
    at = _moment(text, zone)
    return at if isinstance(at, Invalid) else at.astimezone(_zone(zone)).date().isoformat()


@VALUE(argument=_ZONE, samples=(Sample("2026-03-01T00:00:00.000000Z", "2026-03-01 08:00:00", "Asia/Shanghai"),))
def local_time(text: str, zone: str) -> str | Invalid:
    """A moment as local time of a zone, for targets that keep no offset."""
    at = _moment(text, zone)
    return at if isinstance(at, Invalid) else at.astimezone(_zone(zone)).strftime("%Y-%m-%d %H:%M:%S")


@VALUE(
    gives="any",
    argument=_ZONE,
    samples=(
        Sample("2026-03-01", 1772294400000, "Asia/Shanghai"),
        Sample("2026-02-28T16:00:00.000000Z", 1772294400000, "UTC"),
    ),
)
def to_epoch_ms(text: str, zone: str) -> int | Invalid:
    """A moment, or the midnight that starts a day in a zone, as milliseconds since 1970."""
    at = _moment(text, zone)
    return at if isinstance(at, Invalid) else (at - _EPOCH) // timedelta(milliseconds=1)


def _moment(text: str, zone: str) -> moment | Invalid:
    found = parse_datetime(text, zone)
    return found or Invalid(f"{shown(text)} is no time that is certain", text)
