"""Cron's five fields: one meaning, whoever runs the schedule."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cron import FIELDS, Cron, parse_cron
from flows.schedule import Schedule
from flows.scheduler import trigger


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0 3 * * 0", "0 3 * * 0"),
        ("0 3 * * 7", "0 3 * * 0"),
        ("0 3 * * SUN", "0 3 * * 0"),
        ("*/20 8-10 * * mon-fri", "0,20,40 8,9,10 * * 1,2,3,4,5"),
        ("5/25 0 1,15 jan-mar/2 *", "5,30,55 0 1,15 1,3 *"),
        ("0 0 * * fri-sun", "0 0 * * 0,5,6"),
        ("0-59 0-23 1-31 1-12 0-6", "* * * * *"),
    ],
)
def test_every_notation_means_numbers(text: str, same: str) -> None:
    assert parse_cron(text).text == same


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("3 o clock", "it has 3 fields, not five"),
        ("0 3 * * * *", "it has 6 fields, not five"),
        ("60 3 * * *", "minute '60' is not between 0 and 59"),
        ("0 3 * * 8", "weekday '8' is not between 0 and 7"),
        ("0 3 * foo *", "month 'foo' is not between 1 and 12"),
        ("0 9-5 * * *", "hour '9-5' is empty"),
        ("*/0 * * * *", "minute '*/0' is empty"),
        ("0 3 ? * *", "day of month '?' is not understood"),
        ("0 0 31 4,6 *", "that day never comes"),
    ],
)
def test_what_is_wrong_is_named(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse_cron(text)


def test_a_leap_day_comes_and_a_weekday_saves_a_date_that_does_not() -> None:
    assert parse_cron("0 0 29 2 *").days == (29,)
    assert parse_cron("0 0 31 2,4 1").text == "0 0 * 2,4 1"


MINUTES = st.integers(0, 5 * 366 * 1440)

subsets = st.tuples(
    *(
        st.sets(st.integers(field.low, field.high), min_size=1).map(lambda values: tuple(sorted(values)))
        for field in FIELDS
    )
)


def crons(values: tuple[tuple[int, ...], ...]) -> Cron | None:
    """The schedule with these values, None when it never comes."""
    try:
        return parse_cron(Cron(*values).text)
    except ValueError:
        return None


@given(subsets)
def test_its_own_text_reads_back_the_same(values: tuple[tuple[int, ...], ...]) -> None:
    cron = crons(values)
    assert cron is None or parse_cron(cron.text) == cron
    if cron is not None and cron.days == values[2]:
        assert cron == Cron(*values)


def fires(cron: Cron, at: datetime) -> bool:
    """Whether cron means this minute, by its man page."""
    date, weekday = at.day in cron.days, at.isoweekday() % 7 in cron.weekdays
    day = date or weekday if cron.either_day else date and weekday
    return day and at.minute in cron.minutes and at.hour in cron.hours and at.month in cron.months


def next_minute(cron: Cron, after: datetime) -> datetime | None:
    """The first minute after `after` in the next ten years, found by looking: days first, then minutes."""
    for days in range(3660):
        day = (after + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
        if not fires(cron, day.replace(hour=cron.hours[0], minute=cron.minutes[0])):
            continue
        for hour in cron.hours:
            for minute in cron.minutes:
                at = day.replace(hour=hour, minute=minute)
                if at > after:
                    return at
    return None


@given(subsets, MINUTES.map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)))
def test_the_scheduler_fires_when_cron_says(values: tuple[tuple[int, ...], ...], after: datetime) -> None:
    cron = crons(values)
    if cron is None:
        return
    found = trigger(Schedule("crm", cron=cron), UTC).get_next_fire_time(None, after + timedelta(seconds=1))
    assert found == next_minute(cron, after)
