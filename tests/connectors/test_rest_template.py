"""Templates, notations and dotted places: small parts with laws of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.rest.answer import dig, flag
from connectors.rest.cursor import falling
from connectors.rest.notation import Notation, trouble
from connectors.rest.template import Template, path, unknown

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds it
FORMATS = ["iso", "epoch_s", "epoch_ms", "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%SZ"]


@pytest.mark.parametrize(
    ("shape", "values", "filled"),
    [
        ("{limit}", {"limit": 5}, 5),
        ("n={limit}", {"limit": 5}, "n=5"),
        ("{a}-{b}", {"a": True, "b": [1, "x"]}, "true-1,x"),
        ({"a": "{a}", "b": "{b}", "c": 1}, {"b": None}, {"c": 1}),
        (["{a}", "{b}"], {"b": 0}, [0]),
        ("{{limit}} {x}", {"x": 1}, "{limit} 1"),
        ("{ items(first: {limit}) { id } }", {"limit": 3}, "{ items(first: 3) { id } }"),
        ({"r": "{values}"}, {"values": {"n": None}}, {"r": {"n": None}}),
        ("{after}", {}, None),
        ("no", {}, "no"),
    ],
)
def test_what_a_template_becomes(shape: Any, values: dict[str, Any], filled: Any) -> None:
    assert Template(shape).fill(values) == filled


def test_a_value_in_a_path_stays_one_step() -> None:
    assert path("/a/{key}/b").text({"key": "x/../y?z 甲"}) == "/a/x%2F..%2Fy%3Fz%20%E7%94%B2/b"


def test_an_unknown_placeholder_is_told_wherever_it_stands() -> None:
    assert unknown({"a": ["{limt}"]}, ("limit",)) == "unknown placeholder '{limt}'; did you mean '{limit}'?"
    assert unknown("{{limt}} {limit}", ("limit",)) == ""


@given(MOMENTS, st.sampled_from(FORMATS), st.sampled_from([None, "Asia/Shanghai"]))
def test_a_moment_survives_being_written_up_to_the_step(at: datetime, form: str, zone: str | None) -> None:
    zone = None if form.endswith("Z") else zone
    notation = Notation(form, zone)
    text = notation.write(at)
    assert notation.canonical(text) == text
    assert at - notation.moment(text) < notation.step
    assert at >= notation.moment(text)


@given(MOMENTS, MOMENTS, st.sampled_from(["iso", "epoch_s", "epoch_ms", "%Y-%m-%d %H:%M:%S"]))
def test_positions_sort_as_the_moments_do(one: datetime, other: datetime, form: str) -> None:
    notation = Notation(form)
    early, late = sorted((one, other))
    first, second = notation.write(early), notation.write(late)
    assert (int(first) <= int(second)) if first.lstrip("-").isdigit() else (first <= second)


def test_times_of_one_moment_have_one_spelling() -> None:
    notation = Notation("iso", "Asia/Shanghai")
    spelt = [
        "2026-03-01T08:00:00+08:00",
        "2026-03-01T00:00:00Z",
        "2026-03-01T08:00:00",
        "2026-03-01 00:00:00.000+00:00",
    ]
    assert {notation.canonical(text) for text in spelt} == {"2026-03-01T00:00:00.000000Z"}


def test_a_position_is_sent_in_the_format_of_the_question() -> None:
    rows, asked = Notation("iso"), Notation("epoch_ms")
    assert rows.sent("2026-03-01T00:00:00.123000Z", asked) == 1772323200123
    assert rows.sent("2026-03-01T00:00:00.123000Z", rows) == "2026-03-01T00:00:00.123000Z"
    assert Notation("number").sent("42", Notation("number")) == 42


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%H:%M", "%B %Y", "isoo", ""])
def test_formats_that_cannot_serve(form: str) -> None:
    assert trouble(form)


def test_dotted_places() -> None:
    data = {"a": [{"b": 1}, {"b": None}]}
    assert [dig(data, place) for place in ("a.0.b", "a.1.b", "a.2.b", "x.y", "a.b")] == [1, None, None, None, None]
    assert dig(data, "") is data


def test_flags_as_apis_write_them() -> None:
    assert [flag(value) for value in (True, 1, "true", "Y", "next")] == [True] * 5
    assert [flag(value) for value in (False, 0, "false", "N", "0", "", None, "No")] == [False] * 8


def test_keys_fall_as_numbers_or_as_text() -> None:
    assert [falling(keys) for keys in (["9", "10"], ["a9", "a10"], ["B", "a"], ["a", "B"], ["b", "a"])] == [
        False, True, False, False, True
    ]  # fmt: skip
