"""Where two records say that they are, as evidence beside what their names and their ways of contact said."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import partial_ratio

from dedupe import evidence as worth
from dedupe import name as naming
from dedupe import place as placing
from dedupe.evidence import Part
from dedupe.evidence_contact import SHORT_ADDRESS
from dedupe.evidence_name import related
from dedupe.prepare import Prepared, Site, names_of
from dedupe.statistic import Statistics


def placed(statistics: Statistics, a: Prepared, b: Prepared, named: list[Part], contact: Sequence[Part]) -> list[Part]:
    """What the places of two records prove."""
    level = placing.compare(a.place, b.place)
    if not level:
        return _town(a, b, named)
    if level == "conflict":
        misread = _place_is_brand(a, b) or _place_is_brand(b, a)
        return [] if misread else [Part("place", level, worth.PLACE_CONFLICT)]
    if level == "other county":
        return [Part("place", level, worth.PLACE_OTHER_COUNTY)]
    if related(named) or any(part.comparison == "name_region" for part in named):
        return [Part("place", f"{level}, of relatives", 0)]
    doors = {part.level: part.weight for part in contact if part.comparison == "address"}
    if any(weight > 0 for weight in doors.values()):
        return [Part("place", f"{level}, said by the address", 0)]
    if any(weight == worth.SITE_DIFFERENT for weight in doors.values()):
        return [Part("place", f"{level}, another address", 0)]
    if level == "province":
        shared = min(a.place.provinces & b.place.provinces)
        return [Part("place", level, statistics.rarity(worth.PROVINCE, shared))]
    weight = statistics.rarity(worth.CITY, min(a.place.cities & b.place.cities))
    return [Part("place", level, weight + (worth.PLACE_COUNTY if level == "county" else 0))]


def _town(a: Prepared, b: Prepared, named: list[Part]) -> list[Part]:
    """Towns abroad are names only. A name in letters is taken once in a register, not once in the world: where the
    towns differ, it cannot join two records alone."""
    one, two = _towns(a), _towns(b)
    if not (one and two):
        return _town_beside(a, b, named, one or two)
    if _same_town(one, two):
        return [Part("place", "town", worth.TOWN_EQUAL if named else 0)]
    agreed = sum(part.weight for part in named)
    return [Part("place", "another town", min(worth.PLACE_CONFLICT, worth.NAMESAKES_ABROAD - agreed))]


def _town_beside(a: Prepared, b: Prepared, named: list[Part], town: str) -> list[Part]:
    """One record names its town, the other has a line of an address, in which it stands or not."""
    if not town:
        return []
    lines = [slot.rest for each in (a, b) for slot in each.slots if isinstance(slot, Site)]
    if len(lines) != 2:
        return []
    line = lines[0] if not _towns(a) else lines[1]
    if len(line) < SHORT_ADDRESS or len(town) < 4:
        return []
    if partial_ratio(town, line) >= 80:
        return [Part("place", "town", worth.TOWN_EQUAL if named else 0)]
    return [Part("place", "another town", worth.TOWN_NOT_SAID)]


def _towns(record: Prepared) -> str:
    return next((slot.abroad for slot in record.slots if isinstance(slot, Site)), "")


def _same_town(one: str, two: str) -> bool:
    """Munchen and Muenchen are one; so are a town with a word behind it and the town."""
    short, long = sorted((one, two), key=lambda town: (len(town), town))
    return long.startswith(short) or (len(short) > 3 and OSA.distance(one, two, score_cutoff=1) <= 1)


def _place_is_brand(one: Prepared, two: Prepared) -> bool:
    """Whether all that places a record is its name, and what was read there begins the other's brand."""
    if any(isinstance(slot, Site) and slot.place.provinces for slot in one.slots):
        return False
    return any(naming.brand_read_as_place(left, right) for left in names_of(one) for right in names_of(two))
