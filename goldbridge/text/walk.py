"""Finds division names in text, one after the other from the widest to the narrowest.

A walk keeps every reading that is consistent, so that 吉林吉林 and 巢湖市居巢区 settle themselves, and what stays
ambiguous is known to be.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from goldbridge.text.gazetteer import Entry, Path, Place, entries_at, index, lies_in, path_of


class Walk(NamedTuple):
    """What a walk found: text[start:end] was read."""

    path: Path
    start: int
    end: int


# What stands between two levels and means nothing: separators, and the fillers of statistical tables.
_between = re.compile(
    r"(?:[\s,/\\|>·.、;:_-]|(?<=[市\s,/|>-])市辖区|(?<=[市\s,/|>-])县(?=[^\s,])(?![城道前])|省直辖县级行政区划|自治区直辖县级行政区划"
    r"|省直辖行政单位|省属虚拟市|省直管县?级?市?(?=[\u4e00-\u9fff]{2,4}市))+"
)
# A short name followed by one of these is part of another name: 南京路, 西湖大道, 朝阳门, 四川大学, 花桥镇. The first
# line only asks for a character that any of them begins with.
_other = re.compile(
    r"(?=[东西南北中新老大内外前后上下一二三四五六七八九十第\d支路街道干巷弄胡里公高国省桥区立门寺祠庙塔花广饭酒宾小家医学机站车码村苑银商市宫湖山江"
    r"河侧段镇乡苏]|[^\s,]{1,2}新村)(?:街道|镇|乡(?!镇企)|苏木|"
    r"[东西南北中新老大内外前后上下]{0,2}(?:[一二三四五六七八九十]|第[一二三四五六七八九十]|\d{1,2})?"
    r"(?:[大支]?路|大?街|大道|[支干]道|道\d|巷|弄|胡同|里弄|公路|高速|国道|省道|[一二三四五六]环|桥|区块|立交|门[内外东西南北大]|门\d|寺|祠|庙|塔|公园|花园|"
    r"广场|大厦|大楼|饭店|酒店|宾馆|小区|家园|医院|学院|大学|中学|小学|机场|[东南西北]?站|车站|码头|[^\s,]{0,2}新村|村\d|村委|"
    r"花苑|苑\d|银行|商城|商厦|商场|市场|市集|宫|湖路|山路|江路|河路|侧|段))"
)
# In the name of an organisation only these: 杭州银行 and 上海宾馆 are named after their city, 南京路步行街 is not.
_path = re.compile(
    r"(?=[东西南北中一二三四五六七八九十路街大巷弄胡门寺祠庙塔宫桥区])[东西南北中]?[一二三四五六七八九十]?(?:路(?=步行街|商|店|支行|社区|街道|小学|中学|幼儿园|派出所|菜场|\d|[一二三四五六七八九十]+号|$)"
    r"|街(?!道)|大道|巷|弄|胡同|[一二三四五六]环|门[内外]?|[寺祠庙塔宫桥]|区块)"
)
_FILLED = frozenset("市县省自")
"""What such a filler begins with, beside signs."""
_MOUNTAINS = frozenset("山岭岛")
_FEATURES = _MOUNTAINS | frozenset("湖泉")
_market = re.compile(r"场(?![口坝镇])")
_block = re.compile(r"块|域|间[^,\s]{0,2}$|属|别")
_CUTS = frozenset("场块域间属别")
"""What may stand behind a whole name and make another word of it."""
_CITY_PARTS = ("市南区", "市北区", "市中区")


def walk(text: str, at: int = 0, *, of_name: bool = False) -> Walk | None:
    """Read division names from `at` on; None when none stands there. `of_name` says that the text is an
    organisation's name and not an address."""
    is_other = (_path if of_name else _other).match
    best: Path | None = None
    best_end = 0
    for entry in index().get(text[at : at + 2], ()):
        form, path = entry.form, entry.path
        if not text.startswith(form, at):
            continue
        end = at + len(form)
        if entry.short:
            if is_other(text, end) and not _continues(text, end, entry.places):
                break  # a shorter name here would cut a longer word in two: 大兴 of 大兴安岭路
            if of_name and path.top == 3 and text[end : end + 1] in _MOUNTAINS:
                continue  # 栖霞山 is a mountain, 栖霞 a town
        elif form[-1] == "市" and text.startswith("场", end) and _market.match(text, end):
            continue
        if entry.vague:
            continue
        whole = not (entry.short or _splits(text, end, entry.places))
        if path.top < 3:
            path, end = _descend(text, path, end, of_name)
        if best is None or (end, -path.shorts) > (best_end, -best.shorts):
            best, best_end = path, end
        if whole:
            break
    return Walk(best, at, best_end) if best else None


def _splits(text: str, end: int, places: tuple[Place, ...]) -> bool:
    """Whether the 市 before `end` belongs to what follows: 青岛市北区 is 青岛 and 市北区."""
    if not text.startswith(_CITY_PARTS, end - 1):
        return False
    return any(lies_in(place, places) for entry in entries_at(text, end - 1) for place in entry.places)


def _continues(text: str, at: int, places: tuple[Place, ...]) -> bool:
    """Whether the next name lies in these places: 唐山路南 is 路南区 of 唐山, though 唐山路 could be a road."""
    if min(place.level for place in places) == 3:
        return False
    for entry in entries_at(text, at):
        if any(lies_in(place, places) for place in entry.places):
            return not (entry.short and _other.match(text, at + len(entry.form)))
    return False


def _descend(text: str, path: Path, end: int, of_name: bool) -> tuple[Path, int]:
    """The path with all names that follow from `end` on, and where the last of them ends."""
    while path.top < 3 and not path.odd:
        follows = text[end : end + 1]
        gap = _between.match(text, end) if follows in _FILLED or not follows.isalnum() else None
        step = _step(text, gap.end() if gap else end, path, of_name)
        if step is None:
            break
        path, end = step[0], step[1] or end
    return path, end


def _step(text: str, at: int, path: Path, of_name: bool) -> tuple[Path, int] | None:
    """The path with the next name and where that ends, or None when no name follows that fits; 0 where the name is odd
    and not read."""
    is_other = (_path if of_name else _other).match
    odd = ""
    for entry in index().get(text[at : at + 2], ()):
        form = entry.form
        if not text.startswith(form, at):
            continue
        end = at + len(form)
        read = _read(path, entry)
        if entry.short:
            if is_other(text, end) and not (read.inside and _continues(text, end, read.inside)):
                break
            if of_name and text[end : end + 1] in _FEATURES:
                continue  # 白云山 is a mountain, 白云 a district
        elif text[end : end + 1] in _CUTS and _cuts(text, end, form):
            continue
        if read.path is None:
            odd = form if read.odd and not is_other(text, end) else odd
        elif entry.short or not (read.deeper and _splits(text, end, read.path.places)):
            return read.path, end
    return (_against(path, odd), 0) if odd else None


@lru_cache(1 << 14)
def _against(path: Path, odd: str) -> Path:
    return replace(path, odd=odd)


def _cuts(text: str, end: int, form: str) -> bool:
    """Whether what follows makes another word of a whole name: 上海市场, 沙坪坝区域."""
    return bool((form[-1] == "市" and _market.match(text, end)) or _block.match(text, end))


class _Read(NamedTuple):
    """A path with one name more: the readings of the name that lie `inside`, the path that both make (`deeper`, or the
    same division said again), or whether the name contradicts it."""

    inside: tuple[Place, ...]
    path: Path | None
    deeper: bool
    odd: bool


@lru_cache(1 << 14)
def _read(path: Path, entry: Entry) -> _Read:
    inside = tuple(place for place in entry.places if lies_in(place, path.places))
    left = inside
    if entry.short and all(place.until for place in inside) and _shares(entry.places, path.places):
        left = ()  # 上海上海 says the city twice, though 上海县 lay in it
    deeper = bool(left)
    left = left or tuple(place for place in path.places if _shares((place,), entry.places))
    first = entry.places[0]
    odd = not entry.short and first.level < 3 and not first.until
    grown = path_of(left, (*path.names, entry.form), path.shorts + entry.short) if left else None
    return _Read(inside, grown, deeper, odd)


def _shares(some: tuple[Place, ...], others: tuple[Place, ...]) -> bool:
    """Whether two sets of readings mean one division."""
    return any(place.code == other.code for place in some for other in others)
