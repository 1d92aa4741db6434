"""Administrative divisions of China (GB/T 2260): the table as of 2026 and what became of former codes and names.

Digits nest: PPCCDD is province, city, county, 00 pads. Municipalities stand in as their own city; counties directly
under a province (CC = 90: 济源市, 石河子市) carry the province's name where a city's would be, as in the ministry's
table; 东莞, 中山, 儋州 and 嘉峪关 are cities without counties.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from goldbridge.text.table import rows

EDITION = "2026-09"
"""State of the table; kept beside stored codes, because codes change every year."""

MUNICIPALITIES = ("11", "12", "31", "50")


class Division(NamedTuple):
    """One division by its names from the province down; a level it does not reach is ""."""

    code: str
    province: str
    city: str
    county: str

    @property
    def name(self) -> str:
        return self.county or self.city or self.province

    @property
    def level(self) -> int:
        """1 province, 2 city, 3 county."""
        return 1 if self.code.endswith("0000") else 2 if self.code.endswith("00") else 3


class Change(NamedTuple):
    """One event: the division that was `old_code` and `old_name` (in `old_city`) has been `new_code`, `new_name`.

    `kind` is code, rename, dissolve, upgrade, create, or reuse (the code alone went to another division).
    """

    year: int
    kind: str
    level: int
    old_code: str
    old_name: str
    old_city: str
    new_code: str
    new_name: str


@cache
def table() -> dict[str, Division]:
    """All current divisions by code, in code order."""
    names = dict(rows("divisions.csv"))
    found = {}
    for code, name in names.items():
        province = names[code[:2] + "0000"]
        if code.endswith("0000"):
            found[code] = Division(code, province, "", "")
        elif code.endswith("00"):
            found[code] = Division(code, province, name, "")
        else:
            found[code] = Division(code, province, names.get(code[:4] + "00", province), name)
    return found


@cache
def changes() -> tuple[Change, ...]:
    """All change events, the earliest first."""
    return tuple(
        Change(int(year), kind, int(level), *rest) for year, kind, level, *rest in rows("division_changes.csv")
    )


@cache
def corrections() -> dict[tuple[int | str, ...], str]:
    """(level, province digits, old city, old name) -> current code, where the events are silent or wrong."""
    return {(int(level), *where): code for level, *where, code in rows("division_corrections.csv")}


def by_code(code: str) -> Division | None:
    """The current division of a six-digit code (two or four digits are padded; nine and twelve are cut)."""
    code = code.strip()
    if not (code.isascii() and code.isdecimal()) or len(code) not in (2, 4, 6, 9, 12):
        return None
    return table().get(code.ljust(6, "0")[:6])


def city_code(code: str) -> str:
    """The code under which a region's city is known: 330110 -> 330100, 110105 -> 110000, 419001 -> 419001 itself;
    "" for a province or an unknown code."""
    if code[:2] in MUNICIPALITIES and code[:2] + "0000" in table():
        return code[:2] + "0000"
    if code.endswith("0000") or not code:
        return ""
    if code[2:4] == "90":
        return code if code in table() else ""
    city = code[:4] + "00"
    return city if city in table() else ""


def containing(code: str) -> Division | None:
    """The smallest current division that the digits of any code, current or not, certainly lie in.

    For the region digits of registering offices: 330199 is nowhere, but in Hangzhou.
    """
    for size in (6, 4, 2):
        found = by_code(code[:size].ljust(6, "0"))
        if found and (size < 6 or len(code) >= 6):
            return found
    return None


@lru_cache(1 << 13)
def current(code: str, year: int | None = None) -> Division | None:
    """What became of the division that carried `code` at the end of `year` (of any year: the last that carried it).

    None when nothing certain is known. A division dissolved into several gives the city they lie in.
    """
    now = table().get(code)
    if year is None:
        if now:
            return now
        names = [(event.year, event.old_name) for event in _departures().get(code, ())]
        if not names:
            return None
        last, name = max(names)
        return _follow(code, name, last)
    name = _name_in(code, year)
    if not name:
        return now if now and not _departures().get(code) else None
    if now and now.name == name and not any(e.year > year and e.old_name == name for e in _departures().get(code, ())):
        return now
    return _follow(code, name, year)


def _name_in(code: str, year: int) -> str:
    """Which division carried a code at the end of a year."""
    arrivals = [(e.year, e.new_name) for e in changes() if e.new_code == code and e.year <= year]
    leaving = [(e.year, e.old_name) for e in _departures().get(code, ()) if e.year > year]
    if leaving:
        return min(leaving)[1]
    if arrivals:
        return max(arrivals)[1]
    gone = [(e.year, e.old_name) for e in _departures().get(code, ()) if e.year == year]
    now = table().get(code)
    return now.name if now else gone[0][1] if gone else ""


@cache
def _departures() -> dict[str, list[Change]]:
    """Old code -> the events in which a name left it."""
    found: dict[str, list[Change]] = {}
    for event in changes():
        if event.old_code:
            found.setdefault(event.old_code, []).append(event)
    return found


def _follow(code: str, name: str, year: int) -> Division | None:
    target = successor(code, name, year)
    return table().get(target) if target else None


@cache
def _moves() -> dict[tuple[str, str], list[Change]]:
    """(old code, old name) -> the events that say where that division went."""
    found: dict[tuple[str, str], list[Change]] = {}
    for event in changes():
        if event.old_code and event.new_code and event.kind not in ("reuse", "create") and _credible(event):
            found.setdefault((event.old_code, event.old_name), []).append(event)
    return found


_EVERYWHERE = (
    "郊区 城区 市郊区 市中区 矿区 新城区 市区 东城区 西城区 南城区 北城区 铁西区 铁东区 河西区 河东区 新市区 城北区 "
    "城南区 城东区 城西区 桥东区 桥西区 太平区 东山区 南山区 北山区 新华区 和平区 东区 西区 南区 北区 新区"
)
COMMON = frozenset(_EVERYWHERE.split())
"""County names that many cities have, or had: they mean nothing without their city."""


def _credible(event: Change) -> bool:
    """The events compare yearly tables by name: a 郊区 that one city lost and another gained is then called a move."""
    before, after = event.old_code[:2], event.new_code[:2]
    if before != after and (before, after) not in {("51", "50"), ("44", "46")}:
        return False
    if event.old_name not in COMMON or event.old_code[:4] == event.new_code[:4]:
        return True
    city = table().get(event.new_code[:4] + "00")
    return city is not None and stem(city.name) == stem(event.old_city)


_ethnic = re.compile(
    "(?:(?:蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔"
    "|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|普米|塔吉克|怒|鄂温克|保安|裕固|独龙|鄂伦春|各)族|蒙古|哈萨克|柯尔克孜|塔吉克|锡伯|维吾尔)+$"
)
_ENDINGS = (
    ("特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "林区", "特区", "新区", "矿区"),
    ("省", "市", "县", "区", "州", "盟", "旗"),
)


@lru_cache(1 << 13)
def stem(name: str) -> str:
    """What people say for a full name: 余杭区 -> 余杭, 景宁畲族自治县 -> 景宁; "" where one character is left."""
    for endings in _ENDINGS:
        for ending in endings:
            bare = name.removesuffix(ending)
            if bare == name:
                continue
            if ending[0] == "自" or bare[-1:] == "族":
                plain = _ethnic.sub("", bare)
                bare = plain if len(plain) > 1 else bare.removesuffix("族")
            if len(bare) > 1:
                return bare
    return ""


def successor(code: str, name: str, year: int = 0) -> str:
    """The current code of the division called `name` under the former `code`; "" when the events do not say."""
    current_table = table()
    seen = set()
    while (code, name) not in seen:
        seen.add((code, name))
        found = current_table.get(code)
        if found and found.name == name:
            return code
        fixed = corrections().get((_level(code), code[:2], _old_city(code, name), name))
        if fixed:
            return fixed
        later = (
            e for e in _moves().get((code, name), ()) if e.year >= year and (e.new_code, e.new_name) != (code, name)
        )
        event = next(later, None)
        if event is None:
            break
        code, name, year = event.new_code, event.new_name, event.year
    if name in COMMON:
        return ""
    for by_form, form in ((_by_name(), name), (_by_stem(), stem(name))):
        same = by_form.get((code[:2], form), [])
        if form and len(same) == 1:
            return same[0]
    return ""


@cache
def _by_name() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for code, division in table().items():
        found.setdefault((code[:2], division.name), []).append(code)
    return found


@cache
def _by_stem() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for code, division in table().items():
        found.setdefault((code[:2], stem(division.name)), []).append(code)
    return found


def city_called(province: str, name: str) -> str:
    """The code of the city that has the stem of `name` in a province (two digits), or ""."""
    wanted = stem(name)
    cities = [code for code in _by_stem().get((province, wanted), ()) if code.endswith("00")] if wanted else []
    return cities[0] if len(cities) == 1 else ""


def _level(code: str) -> int:
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def _old_city(code: str, name: str) -> str:
    return next((event.old_city for event in _departures().get(code, ()) if event.old_name == name), "")
