"""Finds division names in text: every current and former name, whole or shortened, with what it may lie in.

A walk reads one name after the other from the widest to the narrowest and keeps every reading that is consistent,
so that 吉林吉林 and 巢湖市居巢区 settle themselves, and what stays ambiguous is known to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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


class Entry(NamedTuple):
    """A form under which places are written: whole (余杭区) or short (余杭)."""

    form: str
    short: bool
    places: tuple[Place, ...]


class Walk(NamedTuple):
    """What a walk found: `places` are the readings left (of the narrowest name), text[start:end] was read.

    `names` are the forms read, widest first; `shorts` says how many of them were short; `odd` is a name that
    contradicts what stands before it.
    """

    places: tuple[Place, ...]
    start: int
    end: int
    names: tuple[str, ...]
    shorts: int
    odd: str = ""


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

# What stands between two levels and means nothing: separators, and the fillers of statistical tables.
_between = re.compile(
    r"(?:[\s,/\\|>·.、;:_-]|(?<=[市\s,/|>-])市辖区|(?<=[市\s,/|>-])县(?=[^\s,])(?![城道前])|省直辖县级行政区划|自治区直辖县级行政区划"
    r"|省直辖行政单位|省属虚拟市|省直管县?级?市?(?=[\u4e00-\u9fff]{2,4}市))+"
)
# A short name followed by one of these is part of another name: 南京路, 西湖大道, 朝阳门, 四川大学.
_other = re.compile(
    r"[东西南北中新老大内外前后上下]{0,2}(?:[一二三四五六七八九十]|第[一二三四五六七八九十]|\d{1,2})?"
    r"(?:[大支]?路|大?街|大道|[支干]道|道\d|巷|弄|胡同|里弄|公路|高速|国道|省道|[一二三四五六]环|桥|区块|立交|门[内外东西南北大]|门\d|寺|祠|庙|塔|公园|花园|"
    r"广场|大厦|大楼|饭店|酒店|宾馆|小区|家园|医院|学院|大学|中学|小学|机场|[东南西北]?站|车站|码头|[^\s,]{0,2}新村|村\d|村委|"
    r"花苑|苑\d|银行|商城|商厦|商场|市场|市集|宫|湖路|山路|江路|河路|侧|段)"
)
# In the name of an organisation only these: 杭州银行 and 上海宾馆 are named after their city, 南京路步行街 is not.
_path = re.compile(
    r"[东西南北中]?[一二三四五六七八九十]?(?:路(?=步行街|商|店|支行|社区|街道|小学|中学|幼儿园|派出所|菜场|\d|[一二三四五六七八九十]+号|$)"
    r"|街(?!道)|大道|巷|弄|胡同|[一二三四五六]环|门[内外]?|[寺祠庙塔宫桥]|区块)"
)
_feature = re.compile(r"[山岭岛]")
_lake = re.compile(r"[湖泉]")
_township = re.compile(r"(?:街道|镇|乡(?!镇企)|苏木)")
_market = re.compile(r"场(?![口坝镇])")
_block = re.compile(r"块|域|间[^,\s]{0,2}$|属|别")


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
                entry = Entry(form, is_short, _plainest(read) if is_short else tuple(dict.fromkeys(read)))
                found.setdefault(form[:2], []).append(entry)
    return {start: tuple(sorted(entries, key=lambda entry: -len(entry.form))) for start, entries in found.items()}


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


def walk(text: str, at: int = 0, *, shorts: bool = True, of_name: bool = False) -> Walk | None:
    """Read division names from `at` on; None when none stands there. `shorts` allows shortened names to begin,
    `of_name` says that the text is an organisation's name and not an address."""
    is_other = _is_other_name if of_name else _is_other
    best: Walk | None = None
    for entry in entries_at(text, at):
        end = at + len(entry.form)
        if entry.short and not shorts:
            continue
        if entry.short and is_other(text, end) and not _continues(text, end, entry.places):
            break  # a shorter name here would cut a longer word in two: 大兴 of 大兴安岭路
        if of_name and entry.short and _feature.match(text, end) and min(p.level for p in entry.places) == 3:
            continue  # 栖霞山 is a mountain, 栖霞 a town
        if not entry.short and entry.form[-1] == "市" and _market.match(text, end):
            continue
        if entry.form in COMMON and all(place.until for place in entry.places):
            continue  # 新区 was a district of 唐山 once
        found = _descend(text, Walk(entry.places, at, end, (entry.form,), int(entry.short)), is_other)
        if best is None or _rank(found) > _rank(best):
            best = found
        if not entry.short and not _splits(text, end, entry.places):
            break
    return best


def _splits(text: str, end: int, places: tuple[Place, ...]) -> bool:
    """Whether the 市 before `end` belongs to what follows: 青岛市北区 is 青岛 and 市北区."""
    if not text.startswith(("市南区", "市北区", "市中区"), end - 1):
        return False
    return any(lies_in(place, places) for entry in entries_at(text, end - 1) for place in entry.places)


def _rank(found: Walk) -> tuple[int, int]:
    return found.end, -found.shorts


def _continues(text: str, at: int, places: tuple[Place, ...]) -> bool:
    """Whether the next name lies in these places: 唐山路南 is 路南区 of 唐山, though 唐山路 could be a road."""
    if min(place.level for place in places) == 3:
        return False
    for entry in entries_at(text, at):
        if any(lies_in(place, places) for place in entry.places):
            return not (entry.short and _is_other(text, at + len(entry.form)))
    return False


def _is_other(text: str, end: int) -> bool:
    return bool(_other.match(text, end) or _township.match(text, end))


def _is_other_name(text: str, end: int) -> bool:
    return bool(_path.match(text, end))


def _descend(text: str, found: Walk, is_other: Callable[[str, int], bool]) -> Walk:
    while min(place.level for place in found.places) < 3:
        gap = _between.match(text, found.end)
        at = gap.end() if gap else found.end
        step = _step(text, at, found, is_other)
        if step is None:
            break
        found = step
        if found.odd:
            break
    return found


def _step(text: str, at: int, found: Walk, is_other: Callable[[str, int], bool]) -> Walk | None:
    """The walk with the next name read, or None when no name follows that fits."""
    odd = ""
    for entry in entries_at(text, at):
        end = at + len(entry.form)
        inside = tuple(place for place in entry.places if lies_in(place, found.places))
        if entry.short and is_other(text, end) and not (inside and _continues(text, end, inside)):
            break
        if is_other is _is_other_name and entry.short and (_feature.match(text, end) or _lake.match(text, end)):
            continue  # 白云山 is a mountain, 白云 a district
        if not entry.short and ((entry.form[-1] == "市" and _market.match(text, end)) or _block.match(text, end)):
            continue
        names, count = (*found.names, entry.form), found.shorts + entry.short
        if entry.short and all(place.until for place in inside) and _shares(entry.places, found.places):
            inside = ()  # 上海上海 says the city twice, though 上海县 lay in it
        if inside:
            if not entry.short and _splits(text, end, inside):
                continue
            return found._replace(places=inside, end=end, names=names, shorts=count)
        again = tuple(place for place in found.places if _shares((place,), entry.places))
        if again:
            return found._replace(places=again, end=end, names=names, shorts=count)
        first = entry.places[0]
        if not entry.short and first.level < 3 and not first.until and not is_other(text, end):
            odd = entry.form
    return found._replace(odd=odd) if odd else None


def _shares(some: tuple[Place, ...], others: tuple[Place, ...]) -> bool:
    """Whether two sets of readings mean one division."""
    return any(place.code == other.code for place in some for other in others)


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
