"""F10 - F12: how long to wait."""

from __future__ import annotations

import random
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.http import wait
from tests.http.server import NOON


def test_f10_seconds() -> None:
    assert wait.retry_after("7", None, NOON) == 7.0
    assert wait.retry_after(" 0.5 ", None, NOON) == 0.5
    assert wait.retry_after(None, None, NOON) is None


def test_f11_a_date_is_measured_by_the_servers_clock() -> None:
    server_at = NOON - timedelta(minutes=9)  # our clock is nine minutes fast
    until = format_datetime(server_at + timedelta(seconds=30), usegmt=True)
    assert wait.retry_after(until, server_at, NOON) == 30.0
    assert wait.retry_after(until, None, NOON) == 0.0


@pytest.mark.parametrize("value", ["soon", "", "nan", "Mon, 99 Xyz"])
def test_nonsense_is_no_answer(value: str) -> None:
    assert wait.retry_after(value, None, NOON) is None


def test_a_wait_is_capped() -> None:
    assert wait.retry_after("99999999", None, NOON) == wait.LONGEST_S
    assert wait.retry_after("-5", None, NOON) == 0.0


@given(st.integers(1, 60), st.integers())
def test_f12_full_jitter_stays_between_nothing_and_the_doubled_wait(tries: int, seed: int) -> None:
    drawn = wait.backoff(tries, random.Random(seed).random)
    assert 0 <= drawn <= min(wait.CAP_S, wait.BASE_S * 2**tries)


@given(st.floats(0, 3600), st.floats(0, 1))
def test_f10_jitter_never_shortens_what_was_asked(seconds: float, drawn: float) -> None:
    assert seconds <= wait.jitter(seconds, lambda: drawn) <= seconds + 1
