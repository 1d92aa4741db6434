"""Which region the name of an organisation begins with, and where it ends: place words may be the brand.

What brackets said before decides too: 黄山(泰州)科技 is a company of 泰州.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from goldbridge.text.branch import Branch
from goldbridge.text.division import Division
from goldbridge.text.fold import simplify
from goldbridge.text.gazetteer import CONTESTED, Path, Place, entries_at, settle
from goldbridge.text.table import lines
from goldbridge.text.trade import split
from goldbridge.text.walk import Walk, walk


class Notes:
    """What the brackets of a name said."""

    alias = former = note = office = place_text = ""
    branch: Branch | None = None
    place: Division | None = None
    group = False


# Words that begin with the name of a city and are something else.
_never = re.compile(r"阿里(?:巴巴|云|健康|妈妈|地方)?(?!地区)|大理石|东方红|海南岛|中山大学")
# A zone or a township behind the region belongs to it: 苏州工业园区, 莱阳市团旺镇.
_zone = re.compile(
    r"(?:(?:经济技术|高新技术产业|高新技术|经济|高新|工业|综合保税|保税|自由贸易|自贸|旅游度假|临港)(?:开发区|园区|新区|试验区|区|度假区)"
    r"|开发区|新区|[\u4e00-\u9fff]{2}(?:新区|开发区|工业园区))(?=..)"
)
_township = re.compile(r"[\u4e00-\u9fff]{2,3}?(?:镇|乡|街道)(?=[\u4e00-\u9fff]{2})(?!镇)")


@cache
def _everyday() -> frozenset[str]:
    return frozenset(word for line in lines("brand_words.txt") for word in line.split())


def trimmed(text: str, key: str) -> tuple[str, str]:
    if key[:1].isalnum() and key[-1:].isalnum():
        return text, key
    start, end = 0, len(key)
    while start < end and not (key[start].isalnum() or key[start] == "("):
        start += 1
    while end > start and not (key[end - 1].isalnum() or key[end - 1] in ")+"):
        end -= 1
    return text[start:end], key[start:end]


class Sense(NamedTuple):
    """What a path means in a name: the `division`, if it is one. `county` says that a county's name without its level
    was read last, `town` that it is, or was, a town or county of its own (昆山市, 余杭县), not a quarter."""

    division: Division | None
    county: bool
    town: bool


@lru_cache(1 << 14)
def sense(path: Path) -> Sense:
    likely = _likely(path)
    county = path.shorts > 0 and max(place.level for place in likely) == 3 and likely[0].name != path.names[-1]
    town = any(place.name[-1] in "市县旗" for place in path.places) and len({place.code for place in likely}) == 1
    return Sense(settle(likely)[0], county, town)


def _likely(path: Path) -> tuple[Place, ...]:
    """The readings to settle among: for a short name a city wins over the counties of that name (西安), a county-level
    city over a quarter (海城)."""
    if len(path.places) == 1 or not path.shorts or len(path.names) > 1:
        return path.places
    now = tuple(place for place in path.places if not place.until)
    if not now:
        return path.places
    top = min(place.level for place in now)
    best = tuple(place for place in now if place.level == top)
    towns = tuple(place for place in best if place.name[-1] == "市")
    return towns if len(towns) == 1 else best


def find_region(text: str, key: str, notes: Notes) -> tuple[Division | None, str, str, str]:
    """The region, how it was typed, and the name without it.

    Where a bracket names another place than the head does, the bracket is where the company is registered, and in the
    name of a law firm its office: 北京大成(上海)律师事务所.
    """
    found = None if _never.match(key) else walk(key, of_name=True)
    found = _backed(key, found) if found else None
    place, division = notes.place, sense(found.path).division if found else None
    if found and not division and not found.path.shorts and place is None:
        end = found.end
        return None, text[:end], *trimmed(text[end:], key[end:])  # 朝阳区: one of two
    if found and division:
        end = found.end
        behind = _zone.match(key, end) if "区" in key else None
        if not behind and division.level == 3 and ("镇" in key or "乡" in key or "街道" in key):
            behind = _township.match(key, end)
        if behind and len(key) > behind.end() + 1:
            end = behind.end()
        head = text[:end]
        rest, rest_key = trimmed(text[end:], key[end:])
        if place is None or place.code.startswith(_digits(division)):
            return place or division, head, rest, rest_key
        if rest_key.endswith(("律师", "会计师", "税务师")):
            notes.office = simplify(short_region(notes.place_text))
            return division, head, rest, rest_key
        if split(rest_key) == 0:
            return place, notes.place_text, text, key  # 黄山(泰州)科技: nothing else is left for a brand
        notes.note = notes.note or head
        return place, notes.place_text, rest, rest_key
    if place is not None or notes.place_text:
        return place, notes.place_text, text, key
    at, division = _tail(key)
    if division:
        return division, text[at:], text[:at], key[:at]
    return None, "", text, key


def _digits(division: Division) -> str:
    """The leading digits that all codes inside a division share."""
    return division.code[: division.level * 2]


def _backed(key: str, found: Walk) -> Walk | None:
    """The walk with names given back that are rather the brand: a short county name needs a brand behind it, and
    everyday words (东方, 新华) are no counties at the head of a name."""
    path = found.path
    if found.end == len(key):
        # Nothing is left for a brand: 大连 alone is a brand, 上海浦东 is Shanghai's 浦东.
        return None if len(path.names) == 1 else _back_one(found)
    last = path.names[-1]
    if path.shorts == len(path.names) == 1 and last in CONTESTED:
        return None
    meant = sense(path)
    if not meant.county:
        return found
    has_brand = split(key[found.end :]) >= 2
    if len(path.names) > 1:
        return found if has_brand else _back_one(found)
    return found if has_brand and last not in _everyday() and meant.town else None


def _back_one(found: Walk) -> Walk | None:
    """The walk of several names without its last one."""
    text = "".join(found.path.names[:-1])
    shorter = walk(text, of_name=True)
    return shorter._replace(end=found.end - len(found.path.names[-1])) if shorter and shorter.end == len(text) else None


def _tail(key: str) -> tuple[int, Division | None]:
    """A city or province right before the legal form, and where it begins: 博世汽车部件苏州(有限公司)."""
    for size in (4, 3, 2):
        at = len(key) - size
        if at < 3:
            continue
        for entry in entries_at(key, at):
            if len(entry.form) != size or (entry.short and at < 4 and split(key[:at]) == at):
                continue
            places = tuple(place for place in entry.places if place.level < 3 and not place.until)
            if places:
                return at, settle(places)[0]
    return 0, None


_suffix = re.compile(r"(?<=..)(?:特别行政区|自治区|自治州|[省市])$")


def short_region(region_text: str) -> str:
    return _suffix.sub("", region_text)
