"""The names of divisions: every current and former one, whole or shortened, with what it may lie in, and the one
division that readings of a name settle to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from goldbridge.text.division import COMMON, Division, changes, city_called, corrections, stem, successor, table
from goldbridge.text.fold import simplify


class Place(NamedTuple):
    """One reading of a name: the division it means today, and the names of all it has ever been part of.

    `name` is the full name it was read as; `until` is 0 for a current name, else the year it went out of use.
    """

    name: str
    level: int
    code: str
    above: frozenset[str]
    until: int


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Names read one after the other, the widest first, and the readings left of the narrowest.

    `shorts` says how many of the names were short, `top` is the widest level among the readings, `odd` a name that
    stands behind and contradicts them. What follows from a path is worked out once, for most texts share theirs.
    """

    places: tuple[Place, ...]
    names: tuple[str, ...]
    shorts: int
    top: int
    odd: str = ""


def path_of(places: tuple[Place, ...], names: tuple[str, ...], shorts: int) -> Path:
    return Path(places, names, shorts, min(place.level for place in places))


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A form under which places are written: whole (余杭区) or short (余杭), and the path that it begins.

    `vague` are former names that many cities had: 新区 was a district of 唐山 once.
    """

    form: str
    short: bool
    places: tuple[Place, ...]
    path: Path
    vague: bool


_ALIASES = {
    "内蒙": "150000",
    "广西省": "450000",
    "广西自治区": "450000",
    "西藏省": "540000",
    "宁夏省": "640000",
    "宁夏自治区": "640000",
    "新疆省": "650000",
    "新疆自治区": "650000",
    "新疆维吾尔族自治区": "650000",
    "内蒙古省": "150000",
    "香港特区": "810000",
    "澳门特区": "820000",
    "新疆生产建设兵团": "650000",
    "上海直辖市": "310000",
    "北京直辖市": "110000",
    "天津直辖市": "120000",
    "重庆直辖市": "500000",
    "锡盟": "152500",
}

CONTESTED = frozenset({"朝阳", "兴安"})
"""City names that are also the names of counties at least as well known; other cities win over their namesakes."""


class _Past(NamedTuple):
    """A former name: what it means today, the last year of the change, whether its successor is known for certain."""

    known: bool
    year: int
    code: str


def _past() -> tuple[dict[tuple[str, int, str, str], _Past], dict[str, set[str]]]:
    """Former names by (name, level, province, stem of the city), and for each current code all it was ever part of.

    One name may occur twice in one city's past (港闸区): the last that is known counts.
    """
    now = table()
    found: dict[tuple[str, int, str, str], _Past] = {}
    above: dict[str, set[str]] = {}

    def note(name: str, level: int, province: str, city: str, past: _Past) -> None:
        names = above.setdefault(past.code, set())
        names.update((city, now[province + "0000"].province) if city else (now[province + "0000"].province,))
        if now[past.code].name != name or now[past.code].level != level:
            key = (name, level, province, stem(city))
            found[key] = max(found.get(key, past), past)

    for event in changes():
        if event.old_code and event.kind not in ("reuse", "create"):
            province = event.old_code[:2]
            code = successor(event.old_code, event.old_name)
            known = bool(code)
            code = code or city_called(province, event.old_city)
            if code:
                note(event.old_name, event.level, province, event.old_city, _Past(known, event.year, code))
    for (level, digits, city, name), code in corrections().items():
        key = (str(name), int(level), str(digits), stem(str(city)))
        year = found[key].year if key in found else 2000
        note(str(name), int(level), str(digits), str(city), _Past(True, year + 1, code))
    return found, above


def _places() -> list[Place]:
    past, above = _past()
    found: dict[tuple[str, int, str], Place] = {}
    for division in table().values():
        names = {division.province, division.city} | above.get(division.code, set())
        if division.city and division.level == 3:
            names |= above.get(division.code[:4] + "00", set())
        own = {division.name} if not (division.level == 3 and division.city == division.name) else set()
        found[division.name, division.level, division.code] = Place(
            division.name, division.level, division.code, frozenset(names - own), 0
        )
    for (name, level, _, _), (_, year, code) in past.items():
        division = table()[code]
        names = {division.province, division.city, *above.get(code, ())}
        if division.level == 2:
            names.add(division.name)
        if level < 3:
            names = {division.province, *(n for n in names if n.endswith(("省", "自治区")))}
        place = found.get((name, level, code))
        if place is None or 0 < place.until < year:
            found[name, level, code] = Place(name, level, code, frozenset(names - {name}), year)
    return list(found.values())


@cache
def index() -> dict[str, tuple[Entry, ...]]:
    """First two characters -> the entries that begin with them, longest first."""
    places = _places()
    whole: dict[str, list[Place]] = {}
    short: dict[str, list[Place]] = {}
    by_code: dict[str, Place] = {place.code: place for place in places if not place.until}
    for place in places:
        for form in {place.name, simplify(place.name)}:
            whole.setdefault(form, []).append(place)
        for form in _halves(place):
            (whole if form[-1] == place.name[-1] else short).setdefault(form, []).append(place)
    for form, code in _ALIASES.items():
        (whole if form[-1] in "省区团市州盟" else short).setdefault(form, []).append(by_code[code])
    found: dict[str, list[Entry]] = {}
    for forms, is_short in ((whole, False), (short, True)):
        for form, read in forms.items():
            if not is_short or form not in whole:
                found.setdefault(form[:2], []).append(_entry(form, is_short, read))
    return {start: tuple(sorted(entries, key=lambda entry: -len(entry.form))) for start, entries in found.items()}


def _entry(form: str, short: bool, read: list[Place]) -> Entry:
    places = _plainest(read) if short else tuple(dict.fromkeys(read))
    vague = form in COMMON and all(place.until for place in places)
    return Entry(form, short, places, path_of(places, (form,), int(short)), vague)


def _plainest(read: list[Place]) -> tuple[Place, ...]:
    """The readings of a short name without those of a longer name in the same city: 井陉 is 井陉县, not 井陉矿区."""
    least: dict[str, int] = {}
    for place in read:
        if not place.until and place.level == 3:
            least[place.code[:4]] = min(least.get(place.code[:4], 99), len(place.name))
    kept = (place for place in read if place.until or place.level < 3 or len(place.name) == least[place.code[:4]])
    return tuple(dict.fromkeys(kept))


def _halves(place: Place) -> list[str]:
    """The shortened forms of a name: 恩施州 and 恩施, 景宁县 and 景宁."""
    short = stem(place.name)
    if not short:
        return []
    forms = [short, simplify(short)]
    if "自治" in place.name and place.name[-1] in "州县旗":
        forms.append(short + place.name[-1])
    if place.name == "前郭尔罗斯蒙古族自治县":
        forms += ["前郭", "前郭县"]
    return list(dict.fromkeys(forms))


def entries_at(text: str, at: int) -> list[Entry]:
    """The entries whose form stands at a place in a text, longest first."""
    found = index().get(text[at : at + 2])
    return [entry for entry in found if text.startswith(entry.form, at)] if found else []


def lies_in(place: Place, above: tuple[Place, ...]) -> bool:
    """Whether a reading lies, or has lain, in one of the readings of the wider name before it."""
    for outer in above:
        if outer.level >= place.level:
            continue
        if outer.name in place.above:
            return True
        division = table()[outer.code]
        if division.level == outer.level and division.name in place.above:
            return True
    return False


def settle(places: tuple[Place, ...]) -> tuple[Division | None, tuple[Division, ...]]:
    """The one division that readings mean, or None with the candidates: current names win over former ones, and a
    division wins over what lies in it under the same name (吉林省 over 吉林市)."""
    now = table()
    if len(places) == 1:
        return now[places[0].code], (now[places[0].code],)
    codes = {place.code for place in places if not place.until} or {place.code for place in _latest(places)}
    if len(codes) > 1:
        codes = {code for code in codes if not any(other != code and _contains(other, code) for other in codes)}
    found = tuple(now[code] for code in sorted(codes))
    return (found[0], found) if len(found) == 1 else (None, found)


def _latest(places: tuple[Place, ...]) -> list[Place]:
    """Former names without those that a later former name of the same city has taken the place of."""
    last: dict[str, int] = {}
    for place in places:
        last[place.code[:4]] = max(last.get(place.code[:4], 0), place.until)
    return [place for place in places if place.until == last[place.code[:4]]]


def _contains(outer: str, inner: str) -> bool:
    return inner.startswith(outer[:2] if outer.endswith("0000") else outer[:4] if outer.endswith("00") else outer)
