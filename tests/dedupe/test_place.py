"""Places agree or contradict each other by city; a county and a province only help."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.place import NOWHERE, Place, city_code, city_of, compare, place_of


@pytest.mark.parametrize(
    ("region", "city", "code"),
    [
        ("330106", "3301", "330100"),  # a district of a city
        ("330100", "3301", "330100"),  # the city
        ("330000", "", ""),  # a province is in no city
        ("310115", "3100", "310000"),  # a municipality is one city, whatever the district
        ("310000", "3100", "310000"),
        ("500101", "5000", "500000"),
        ("429004", "429004", "429004"),  # a county straight under its province is its own city
        ("429000", "", ""),
        ("", "", ""),
        ("3301", "", ""),
    ],
)
def test_the_city_of_a_region(region: str, city: str, code: str) -> None:
    assert city_of(region) == city
    assert city_code(region) == code


def test_a_place_gathers_what_all_its_regions_say() -> None:
    assert place_of("330106", "", "330000") == Place(frozenset({"33"}), frozenset({"3301"}), frozenset({"330106"}))
    assert place_of("310000") == Place(frozenset({"31"}), frozenset({"3100"}), frozenset())
    assert place_of("", "") == NOWHERE


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        (("330106",), ("330106",), "county"),
        (("330106",), ("330108",), "other county"),
        (("330106",), ("330100",), "city"),
        (("330100",), ("330200",), "conflict"),
        (("330106",), ("330000",), "province"),
        (("330000",), ("330000",), "province"),
        (("330106",), ("310000",), "conflict"),
        (("330000",), ("320000",), "conflict"),
        (("310115",), ("310000",), "city"),
        (("330106", "310000"), ("310115",), "city"),  # a record with two places is at home in both
        (("330106", "310104"), ("310115",), "other county"),
        ((), ("330106",), ""),
        ((), (), ""),
    ],
)
def test_compare(left: tuple[str, ...], right: tuple[str, ...], level: str) -> None:
    assert compare(place_of(*left), place_of(*right)) == level


REGIONS = st.lists(st.sampled_from(["330000", "330100", "330106", "330108", "330200", "310000", "310115", "429004"]))


@given(REGIONS, REGIONS)
def test_comparing_is_symmetric_and_a_place_agrees_with_itself(one: list[str], two: list[str]) -> None:
    a, b = place_of(*one), place_of(*two)
    assert compare(a, b) == compare(b, a)
    assert compare(a, a) in ("county", "city", "province", "")
    assert place_of(*one, *two) == place_of(*two, *one)
