"""The short ways give exactly what the general parsers give, wherever they give anything."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from goldbridge.clock import iso
from goldbridge.mapping.quick import fixed_line, fold, is_credit_code, is_email, utc_second, utc_text
from goldbridge.text.code import ALPHABET, check_character, parse_credit_code
from goldbridge.text.contact import parse_email
from goldbridge.text.date import parse_datetime
from goldbridge.text.fold import fold_width
from goldbridge.text.phone import parse_phone

names = st.text(st.sampled_from("上海示例集团（）()Ａａ１Ⅱ　 \u200b豈①㈱A-z0·"), max_size=20)


@settings(max_examples=300, deadline=None)
@given(names | st.text(max_size=12))
def test_fold_is_fold_width(text: str) -> None:
    assert fold(text) == fold_width(text)


bodies = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["91", "92", "93", "12", "52", "A1", "Z9", "99"]),
        st.sampled_from(["330110", "310115", "000000", "100000", "660000", "3301AB", "119999"]),
        st.text(st.sampled_from(ALPHABET + "IOa０"), min_size=9, max_size=9)
        | st.sampled_from(["111111111", "000000000", "MA2EXAMP5"]),
    ),
)


@settings(max_examples=300, deadline=None)
@given(body=bodies, end=st.sampled_from([*ALPHABET, "", "right"]))
@example(body="11111111111111111", end="right")
@example(body="91330110MA2EXAMP5", end="right")
def test_a_quickly_accepted_code_is_valid_and_unchanged(body: str, end: str) -> None:
    if end == "right":
        end = check_character(body) if all(character in ALPHABET for character in body) else "0"
    found = parse_credit_code(body + end)
    if is_credit_code(body + end):
        assert found is not None
        assert (found.valid, found.value) == (True, body + end)
    elif found is not None and found.valid and found.value == body + end:
        assert body.isdecimal() or body[8] * 3 in body  # only what the short way leaves to the general one


def test_the_usual_code_takes_the_short_way() -> None:
    assert is_credit_code("91330110MA2EXAMP5K")
    assert not is_credit_code("91330110MA2EXAMP50")
    assert not is_credit_code("91330110MA2EXAMP5k")


addresses = st.builds(
    "{}@{}".format,
    st.text(st.sampled_from("abz09._-+' A'"), min_size=1, max_size=12),
    st.text(st.sampled_from("abz09.-_"), min_size=1, max_size=14),
)


@settings(max_examples=400, deadline=None)
@given(addresses)
@example("info@example.com")
@example("a@b.c")
@example("a.@example.com")
def test_a_quickly_accepted_address_is_what_the_parser_finds(text: str) -> None:
    if is_email(text):
        assert parse_email(text) == text


def test_the_usual_address_takes_the_short_way() -> None:
    assert is_email("sales.hz-1@mail.example.com.cn")
    assert not is_email("Sales@example.com")
    assert not is_email(f"{'a' * 65}@example.com")


@settings(max_examples=400, deadline=None)
@given(st.from_regex(r"0[1-9][0-9]{1,3}-?[1-9][0-9]{5,8}", fullmatch=True))
@example("0571-87654321")
@example("010-62345678")
@example("0852-23456789")
def test_a_quick_fixed_line_is_what_the_parser_finds(text: str) -> None:
    quick = fixed_line(text)
    found = parse_phone(text)
    if quick is not None:
        assert found is not None
        assert found.text == quick


zones = st.sampled_from(
    ["Asia/Shanghai", "UTC", "America/New_York", "Asia/Kolkata", "Europe/London", "Pacific/Apia", "Australia/Lord_Howe"]
)


@settings(max_examples=300, deadline=None)
@given(
    at=st.datetimes(datetime(1980, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(microsecond=0)),  # noqa: DTZ001
    zone=zones,
    sign=st.sampled_from(" T"),
)
@example(at=datetime(1988, 4, 17, 2, 30), zone="Asia/Shanghai", sign=" ")  # noqa: DTZ001
@example(at=datetime(2011, 12, 30, 5, 0), zone="Pacific/Apia", sign=" ")  # noqa: DTZ001
def test_a_quick_local_time_is_what_the_parser_finds(at: datetime, zone: str, sign: str) -> None:
    text = at.strftime(f"%Y-%m-%d{sign}%H:%M:%S")
    quick = utc_second(text, zone)
    if quick is not None:
        found = parse_datetime(text, zone)
        assert found is not None
        assert iso(found) == quick


def test_the_usual_time_takes_the_short_way() -> None:
    assert utc_second("2026-03-01 02:00:00", "Asia/Shanghai") == "2026-02-28T18:00:00.000000Z"
    assert utc_second("2026-12-31T23:00:00", "America/New_York") == "2027-01-01T04:00:00.000000Z"
    assert utc_second("2026-02-30 02:00:00", "Asia/Shanghai") is None
    assert utc_second("2026-03-01 24:00:00", "Asia/Shanghai") is None


def test_utc_text_is_the_clocks_form() -> None:
    at = datetime(2026, 3, 1, 8, 0, 0, 5, tzinfo=UTC)
    assert utc_text(at) == iso(at)
