"""Arguments of transforms, and what a transform does with values that are not text."""

from __future__ import annotations

from typing import Any

import pytest

from goldbridge.mapping.transform import Argument, Listing, Sample, is_zone
from goldbridge.mapping.value import Invalid


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("integer", [1, 80], [0, -1, True, "3", 1.5, None]),
        ("text", ["x"], ["", 1, None, ["x"]]),
        ("texts", ["x", ["x", "y"]], ["", [], ["x", 1], 5, None]),
        ("zone", ["Asia/Shanghai", "UTC"], ["Mars/Base", "", 8, None, "../etc"]),
        ("choice", ["a", "b"], ["c", None, 1]),
        ("table", [{"a": "b"}, {"a": ""}], [{}, {"": "b"}, {"a": 1}, "a", None]),
    ],
)
def test_an_argument_fits_or_says_what_is_wanted(kind: Any, good: list[Any], bad: list[Any]) -> None:
    argument = Argument("thing", kind, choices=("a", "b"))
    assert [argument.problem(value) for value in good] == [""] * len(good)
    for value in bad:
        assert ("thing" in argument.problem(value)) or kind == "zone"
        assert argument.problem(value) != ""


def test_zones_are_those_the_system_knows() -> None:
    assert is_zone("Asia/Shanghai")
    assert not is_zone("Asia/Shanghia")
    assert not is_zone("/etc/passwd")


def test_a_listing_takes_name_and_text_from_the_function() -> None:
    listing = Listing()

    @listing(samples=(Sample("a", "A"),))
    def upper_(text: str) -> str:
        """Capital
        letters."""
        return text.upper()

    assert list(listing.all) == ["upper"]
    assert listing.all["upper"].about == "Capital letters."
    assert upper_("b") == "B"


def test_items_of_a_list_are_taken_one_by_one() -> None:
    listing = Listing()
    listing.add("double", lambda text: [text, text] if text != "x" else Invalid("no x"), "Twice.")
    step = listing.all["double"].bind()
    found = step.on_any(["a", "", None, 1, "x", {"g": 1}, Invalid("before")])
    assert [item if isinstance(item, str) else item.reason for item in found] == [
        "a", "a", "1", "1", "no x", "a group, where one value was expected", "before",
    ]  # fmt: skip


def test_a_step_is_shown_with_its_argument() -> None:
    listing = Listing()
    listing.add("cut", lambda text, length: text[:length], "Cut.", argument=Argument("length", "integer"))
    assert str(listing.all["cut"].bind(3)) == "cut: 3"
    assert listing.all["cut"].bind(3).on_text("abcdef") == "abc"
