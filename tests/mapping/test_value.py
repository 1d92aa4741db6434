"""The four states, and numbers as text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.mapping.value import ABSENT, Invalid, decimal_text, has_value, plain_text, shown


@pytest.mark.parametrize("value", [None, ABSENT, "", [], {}])
def test_no_value(value: Any) -> None:
    assert not has_value(value)


@pytest.mark.parametrize("value", [0, 0.0, False, "0", " ", [0], {"a": None}, Invalid("x")])
def test_a_value(value: Any) -> None:
    assert has_value(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (13800138000, "13800138000"),
        (300.0, "300"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (1e21, "1000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (0.07 * 10000.0, "700"),
        (True, "true"),
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3"), "1000"),
        ("  x", "  x"),
    ],
)
def test_plain_text(value: Any, text: str) -> None:
    assert plain_text(value) == text


@pytest.mark.parametrize("value", [[1], {"a": 1}, float("nan"), float("inf"), Decimal("1E+2000"), b"x"])
def test_what_is_no_single_value(value: Any) -> None:
    assert isinstance(plain_text(value), Invalid)


@given(st.floats(-1e300, 1e300))
def test_a_number_written_out_is_the_number(number: float) -> None:
    text = decimal_text(number)
    assert isinstance(text, str)
    assert "e" not in text.lower()
    assert float(text) == pytest.approx(number, rel=1e-14)
    assert not text.endswith(".")
    assert "." not in text or not text.endswith("0")


def test_messages_show_little() -> None:
    assert shown("x" * 100) == f"'{'x' * 39}…'"
    assert shown({"secret": 1}) == "a group"
    assert shown([1]) == "a list"
    assert shown(5) == "5"
