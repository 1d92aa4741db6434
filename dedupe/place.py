"""Where a record says it is, as comparable codes: the city decides, the county and the province help.

Region codes are the six digits of GB/T 2260. A municipality counts as one city; a county that stands directly under
its province counts as its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from goldbridge.text.division import MUNICIPALITIES


class Place(NamedTuple):
    """All regions a record names: province codes (2 digits), city codes (4 or 6), county codes (6)."""

    provinces: frozenset[str] = frozenset()
    cities: frozenset[str] = frozenset()
    counties: frozenset[str] = frozenset()


NOWHERE = Place()


def city_of(region: str) -> str:
    """The code of the city a region lies in, "" for a province alone or no region."""
    if len(region) < 6:
        return ""
    if region[:2] in MUNICIPALITIES:
        return region[:2] + "00"
    if region[2:4] == "90":
        return region if region[4:] != "00" else ""
    return region[:4] if region[2:4] != "00" else ""


def city_code(region: str) -> str:
    """The six-digit code of the city a region lies in, "" where there is none."""
    return city_of(region).ljust(6, "0") if city_of(region) else ""


@lru_cache(1 << 14)
def place_of(*regions: str) -> Place:
    """The place of several region codes taken together; equal regions share one, for a table has few."""
    known = [region for region in regions if region]
    return _shared(
        Place(
            frozenset(region[:2] for region in known),
            frozenset(city for region in known if (city := city_of(region))),
            frozenset(region for region in known if not region.endswith("00")),
        )
    )


@lru_cache(1 << 14)
def together(*places: Place) -> Place:
    """The place of a record that names several."""
    if len(places) == 1:
        return places[0]
    return _shared(Place(*(frozenset().union(*group) for group in zip(*places, strict=True))))


@lru_cache(1 << 14)
def _shared(place: Place) -> Place:
    return place


def compare(left: Place, right: Place) -> str:
    """How far two places agree: county, other county (of one city), city, province, conflict, or "" when one of them
    says nothing."""
    if left.cities and right.cities:
        shared = left.cities & right.cities
        if not shared:
            return "conflict"
        if left.counties & right.counties:
            return "county"
        # A county of another city, where a record names two, says nothing about this one.
        both = all(any(city_of(county) in shared for county in place.counties) for place in (left, right))
        return "other county" if both else "city"
    if left.provinces and right.provinces:
        return "province" if left.provinces & right.provinces else "conflict"
    return ""
