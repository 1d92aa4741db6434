"""Plain forms: what is left of a value when nobody knows a parser for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe import plain


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("Barbar&#225;, D.", "barbara d"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("O'Brien-Smith", "o brien smith"),
        ("體積", "体积"),
        ("が", "が"),  # a mark that makes another letter stays
        ("N/A", ""),
        ("无", ""),
        ("...", ""),
    ],
)
def test_words(raw: str, found: str) -> None:
    assert plain.words(raw) == found


def test_compact() -> None:
    assert plain.compact("AB-12 / 3") == "ab123"
    assert plain.compact("null") == ""


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("2024-03-01", "20240301"),
        ("2024年3月1日", "20240301"),
        ("1853-01-81", "18530181"),  # no date of the calendar keeps its digits
        ("soon", ""),
    ],
)
def test_day(raw: str, found: str) -> None:
    assert plain.day(raw) == found


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("1,234,567.50", "1234567.5"),
        ("+007", "7"),
        ("-0.0", "0"),
        ("-12.30", "-12.3"),
        ("１００", "100"),
        ("1e5", ""),
        ("12 apples", ""),
        ("1,23", ""),
        ("", ""),
    ],
)
def test_quantity(raw: str, found: str) -> None:
    assert plain.quantity(raw) == found


@pytest.mark.parametrize("clean", [plain.words, plain.compact, plain.day, plain.quantity])
@given(raw=st.text(max_size=30))
def test_a_plain_form_is_plain_already(clean: Callable[[str], str], raw: str) -> None:
    found = clean(raw)
    assert clean(found) in (found, "")  # what is left may be a placeholder
