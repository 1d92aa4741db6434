"""What the map knows: names of places old and new, and which doors exist on which road.

Reads an address the way a map service does: region names from left to right, each inside the one before; a road that
carries a place's name is a road; what could be in several cities gives several answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from goldbridge.simulators.world.address import Address
from goldbridge.simulators.world.division import Division, city_point, divisions, old_counties, point_at, short_name
from goldbridge.simulators.world.script import reading, simplified

MAX_CANDIDATES = 10

_ROAD_AFTER = re.compile(
    r"(?:[东西南北中]|[一二三四五六七八九十]+|\d+)?(?:路|街|大道|大街|巷|弄|广场|大厦|村|镇|乡|街道)"
)
_ROAD = re.compile(
    r"([一-龥]{1,12}?(?:大道|大街|路|街(?!道)|巷|弄))(?:(?:NO\.?|№)?(\d{1,5}(?:-\d{1,4})?)(?:号|#|弄|$|(?=[^\d层楼室栋幢座])))?"
)
_TOWN = re.compile(r"([一-龥]{2,8}?(?:街道|镇|乡))")
_ZONE = re.compile(
    r"([一-龥]{0,12}?(?:开发区|产业园区|工业园区|产业集聚区|集中区|物流园区|产业园|科技园|保税区|高新区))(?!街道)"
)
_VILLAGE = re.compile(r"([一-龥]{1,8}?(?:村|墩|湾)(?!村|湾))(?:(\d{1,5})号?)?")
_BUILDING = re.compile(
    r"([一-龥]{2,10}(?:大厦|广场|中心|软件园|创业园|孵化器|科创园|智慧谷|总部基地|写字楼|汽车城|市场|商贸城|五金城))"
)
_NOISE = re.compile(r"^(?:中国|中华人民共和国|地址|公司|收货|送货|注册|办公|[:：,，.\s])+")
_BLANKS = re.compile(r"[\s,，;；、]+")


class Region(NamedTuple):
    """What a name can mean: a level (0 province, 1 city, 2 county) and the code it has there."""

    level: int
    code: str


@dataclass(slots=True)
class Finding:
    """One place an address can mean. `place` is None when only province or city is known, `code` says which."""

    code: str
    place: Division | None
    town: str
    street: str
    number: str
    level: str
    point: str
    formatted: str


@cache
def _names() -> dict[str, list[Region]]:
    """Every name of a region, with and without its kind, old county names included."""
    names: dict[str, set[Region]] = {}

    def add(name: str, region: Region) -> None:
        if len(name) >= 2:
            names.setdefault(name, set()).add(region)

    for place in divisions().values():
        for name in {place.province, short_name(place.province)}:
            add(name, Region(0, place.code[:2] + "0000"))
        if not place.municipality:
            for name in {place.city_name, short_name(place.city_name)}:
                add(name, Region(1, place.city_code))
        if place.county:
            for name in {place.county, short_name(place.county)}:
                add(name, Region(2, place.code))
    for olds in old_counties().values():
        for old in olds:
            for name in {old.name, short_name(old.name)}:
                add(name, Region(2, old.code))
    return {name: sorted(regions) for name, regions in names.items()}


@cache
def _full_names() -> frozenset[str]:
    """Names that say their kind; only those may stand alone when they name a county."""
    names = {place.county for place in divisions().values()} | {place.city_name for place in divisions().values()}
    return frozenset(names | {old.name for olds in old_counties().values() for old in olds})


_LONGEST = 12


class Gazetteer:
    """Answers where an address is; knows the doors of the world's companies."""

    def __init__(self, addresses: Iterable[Address]) -> None:
        self._doors: dict[tuple[str, str], set[str]] = {}
        for address in addresses:
            if address.road:
                self._doors.setdefault((address.road, address.number), set()).add(address.place.code)

    def find(self, text: str, city: str = "") -> list[Finding]:
        """Every place the text can mean, the likeliest first; empty when it names no place at all.

        `city` (name, code or telephone area code) is a hint for text that does not name its city.
        """
        clean = _BLANKS.sub("", simplified(unicodedata.normalize("NFKC", text)))
        clean = _NOISE.sub("", clean)
        regions, rest = _read_regions(clean)
        hint = find_city(city) if city else ""
        if not regions and hint:
            regions = [Region(1, hint)]
        elif hint and len(regions) > 1:
            regions = [region for region in regions if _contains(hint, region.code)] or regions
        detail = _read_detail(rest)
        if not regions:
            regions = [Region(2, code) for code in sorted(self._doors.get((detail.road, detail.number), ()))]
            if not detail.number:
                return []
        found: list[Finding] = []
        for region in regions[:MAX_CANDIDATES]:
            found += self._locate(region, detail)
        return found[:MAX_CANDIDATES]

    def _locate(self, region: Region, detail: _Detail) -> list[Finding]:
        """A region with its detail; a door that stands in one county of a named city settles the county."""
        if region.level < 2 and detail.road and detail.number:
            codes = sorted(
                code for code in self._doors.get((detail.road, detail.number), ()) if _contains(region.code, code)
            )
            if codes:
                return [_finding(Region(2, code), detail) for code in codes]
        return [_finding(region, detail)]


class _Detail(NamedTuple):
    town: str
    zone: str
    village: str
    road: str
    number: str
    building: str
    rest: str


def find_city(hint: str) -> str:
    """The code of a city given as name, pinyin, code or telephone area code; empty for all else, e.g. 昆山市."""
    for region in _names().get(hint, ()):
        if region.level == 1 or (region.level == 0 and region.code[:2] in ("11", "12", "31", "50")):
            return region.code
    for place in divisions().values():
        if hint in (place.city_code, place.area_code) or (place.municipality and hint == place.code[:2] + "0100"):
            return place.city_code
    return _spelled_cities().get(hint.lower(), "")


@cache
def _spelled_cities() -> dict[str, str]:
    """City by its name in pinyin; the first one where two sound alike."""
    spelled: dict[str, str] = {}
    for place in divisions().values():
        spelled.setdefault(reading(short_name(place.city_name)), place.city_code)
    return spelled


def _contains(outer: str, inner: str) -> bool:
    """Whether the region `inner` lies in `outer`."""
    if outer.endswith("0000"):
        return inner[:2] == outer[:2]
    if outer.endswith("00"):
        return inner[:4] == outer[:4]
    return inner == outer


def _read_regions(text: str) -> tuple[list[Region], str]:
    """The regions a text names (several when the name is not unique), and what follows them."""
    at, skipped = 0, 0
    chosen: list[Region] = []
    while at < len(text):
        step = _match(text, at, chosen)
        if step is None:
            if chosen or skipped >= 6:
                break
            at += 1
            skipped += 1
            continue
        name, regions = step
        chosen, at = regions, at + len(name)
        if len(regions) > 1 or regions[0].level == 2:
            tail = _same_again(text, at, regions)
            return chosen, text[at + tail :]
    return (chosen, text[at:]) if chosen else ([], text)


def _same_again(text: str, at: int, regions: list[Region]) -> int:
    """A county-level city named twice in a row (仙桃市仙桃市): how much to leave out."""
    if len(regions) == 1 and (place := divisions().get(regions[0].code)) and text.startswith(place.county, at):
        return len(place.county)
    return 0


def _match(text: str, at: int, chosen: list[Region]) -> tuple[str, list[Region]] | None:
    """The longest region name at a position that fits inside what was named before."""
    for length in range(min(_LONGEST, len(text) - at), 1, -1):
        name = text[at : at + length]
        regions = _names().get(name)
        if regions is None:
            continue
        bare = name not in _full_names() and not name.endswith(("省", "自治区"))
        if bare and _ROAD_AFTER.match(text, at + length):
            continue
        fitting = _fitting(regions, chosen, bare)
        if fitting:
            return name, fitting
    return None


def _fitting(regions: list[Region], chosen: list[Region], bare: bool) -> list[Region]:
    if chosen:
        inside = [
            region for region in regions if region.level >= chosen[0].level and _contains(chosen[0].code, region.code)
        ]
        deeper = [region for region in inside if region.level > chosen[0].level]
        return _highest(deeper) or [region for region in inside if region == chosen[0]]
    if bare:
        return _highest([region for region in regions if region.level < 2])
    return _highest(regions)


def _highest(regions: list[Region]) -> list[Region]:
    """Only the highest level a name stands for: 吉林 the province before 吉林 the city."""
    return [region for region in regions if region.level == regions[0].level] if regions else []


def _read_detail(rest: str) -> _Detail:
    zone = town = village = road = number = building = ""
    left = rest
    if found := _ZONE.match(left):
        zone, left = found[1], left[found.end() :]
    if found := _TOWN.match(left):
        town, left = found[1], left[found.end() :]
    if found := _ROAD.match(left):
        road, number, left = found[1], found[2] or "", left[found.end() :]
    elif found := _VILLAGE.match(left):
        village, number, left = found[1], found[2] or "", left[found.end() :]
    if found := _BUILDING.match(left):
        building = found[1]
    return _Detail(town, zone, village, road, number, building, rest)


def _finding(region: Region, detail: _Detail) -> Finding:
    place = divisions().get(region.code)
    holder = place or next(each for each in divisions().values() if _contains(region.code, each.code))
    if detail.number:
        level = "门牌号"
    elif detail.building:
        level = "兴趣点"
    elif detail.road:
        level = "道路"
    elif detail.village:
        level = "村庄"
    elif detail.town:
        level = "乡镇"
    elif detail.zone:
        level = "开发区"
    else:
        level = "区县" if region.level == 2 else ("省" if region.level == 0 and not holder.municipality else "市")
    where = detail.road or detail.village or detail.town or detail.building
    point = point_at(holder, where, detail.number) if place or where else city_point(region.code)
    prefix = _prefix(region, holder)
    return Finding(region.code, place, detail.town, detail.road, detail.number, level, point, prefix + detail.rest)


def _prefix(region: Region, holder: Division) -> str:
    if region.level == 0:
        return holder.province
    if region.level == 1:
        return holder.province + (holder.city_name if holder.city_name != holder.province else "")
    return holder.province + holder.city + holder.county
