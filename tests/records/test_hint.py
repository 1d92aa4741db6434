"""What was probably meant."""

from __future__ import annotations

import pytest

from goldbridge.records.hint import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "meant"),
    [("uper", "upper"), ("UPPER", "upper"), ("page-size", "page_size"), ("pagesize", "page_size"), ("xyz", "")],
)
def test_the_nearest_name(name: str, meant: str) -> None:
    assert nearest(name, ["upper", "lower", "page_size"]) == meant


def test_the_order_of_the_known_names_does_not_matter() -> None:
    names = ["alpha1", "alpha2", "alpha3"]
    assert nearest("alpha", names) == nearest("alpha", names[::-1]) == nearest("alpha", set(names))


def test_the_tail_of_a_message() -> None:
    assert did_you_mean("uper", ["upper", "lower"]) == "; did you mean 'upper'?"
    assert did_you_mean("xyz", ["upper", "lower"]) == "; there are lower, upper"
    assert did_you_mean("xyz", ["upper"]) == "; there is upper"
    assert did_you_mean("xyz", []) == ""
    assert did_you_mean("xyz", ["upper", "lower"], at_most=1) == ""
