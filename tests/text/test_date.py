"""Dates and times: one meaning on every machine, or none."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.date import parse_date, parse_datetime


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01",
        "2026/3/1",
        "2026.3.1",
        "20260301",
        "2026年3月1日",
        "2026年3月1号",
        "２０２６年３月１日",
        "二〇二六年三月一日",
        "民国115年3月1日",
        "1 Mar 2026",
        "1st March 2026",
        "Mar 1, 2026",
        "Sun, 01 Mar 2026",
        "1.3.2026",
        "2026-03-01T23:59:59+08:00",
        "2026-03-01 00:00:00",
        "1772323200000",
        "/Date(1772323200000)/",
    ],
)
def test_one_day_in_many_spellings(text):
    assert parse_date(text) == date(2026, 3, 1)


@pytest.mark.parametrize(
    "text", ["03/04/2026", "2026-02-30", "2026-3", "0000-00-00", "长期", "", "无", "2026-03-01x", "26-3-1"]
)
def test_what_may_mean_two_days_or_none_is_refused(text):
    assert parse_date(text) is None


def test_day_and_month_are_told_apart_where_they_can():
    assert parse_date("13/04/2026") == parse_date("04/13/2026") == date(2026, 4, 13)
    assert parse_date("04/04/2026") == date(2026, 4, 4)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01 08:00:00", "2026-03-01T00:00:00"),
        ("2026-03-01T08:00:00+08:00", "2026-03-01T00:00:00"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00"),
        ("2026-03-01T00:00:00.123456789Z", "2026-03-01T00:00:00.123456"),
        ("2026-03-01T08:00:00+0800", "2026-03-01T00:00:00"),
        ("20260301080000", "2026-03-01T00:00:00"),
        ("20260301080000123", "2026-03-01T00:00:00.123000"),
        ("2026年3月1日 下午3点30分", "2026-03-01T07:30:00"),
        ("2026-3-1 3:05 PM", "2026-03-01T07:05:00"),
        ("2026-03-01 12:05 AM", "2026-02-28T16:05:00"),
        ("2026-03-01 24:00", "2026-03-01T16:00:00"),
        ("2026-03-01", "2026-02-28T16:00:00"),
        ("1772323200", "2026-03-01T00:00:00"),
        ("1772323200000", "2026-03-01T00:00:00"),
        ("/Date(1772323200000+0800)/", "2026-03-01T00:00:00"),
        ("Sun, 01 Mar 2026 08:00:00 GMT", "2026-03-01T08:00:00"),
        ("1986-05-04 00:30:00", "1986-05-03T16:30:00"),
        ("1986-07-01 08:00:00", "1986-06-30T23:00:00"),
    ],
)
def test_moments(text, moment):
    assert parse_datetime(text) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_the_zone_is_the_callers_and_must_exist():
    assert parse_datetime("2026-03-01 08:00:00", "Europe/Berlin").hour == 7
    with pytest.raises(ZoneInfoNotFoundError):
        parse_datetime("2026-03-01 08:00:00", "Asia/Nowhere")


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2099, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_iso_text_reads_back(moment):
    assert parse_datetime(moment.isoformat()) == moment
    assert parse_datetime(moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")) == moment
    assert parse_date(moment.isoformat()) == moment.date()


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.text("0123456789-/.:年月日 TZ+上午", max_size=25)
)
def test_never_raises(text):
    parse_date(text)
    found = parse_datetime(text)
    assert found is None or found.tzinfo is UTC
