"""Chinese addresses: which division, which road, which number.

The divisions come from a walk over every current and former name (gazetteer); what a text leaves open is refused, not
guessed: 鼓楼区 alone is in four cities. Names that went out of use give the division of today, and `reason` says so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from goldbridge.text.code import is_placeholder
from goldbridge.text.division import MUNICIPALITIES, Division
from goldbridge.text.fold import fold_width, is_settled, simplify
from goldbridge.text.gazetteer import CONTESTED, Entry, Path, Place, index, lies_in, path_of, settle
from goldbridge.text.walk import Walk, walk


class Address(NamedTuple):
    """The parts of an address. `province`, `city`, `county` are the names of today, "" where the text does not settle
    them; `region` is the deepest six-digit code among them. `rest` is the text behind the divisions, `town` (街道, 镇,
    乡), `road` and `number` are read out of it. `ambiguous` says that the text names divisions but not which;
    `reason` says why a level is missing, or which former name was read. `repeated` is what stood between the divisions
    and `rest` and only said the same divisions once more."""

    province: str
    city: str
    county: str
    region: str
    rest: str
    road: str
    number: str
    ambiguous: bool
    reason: str
    town: str = ""
    repeated: str = ""


_blanks = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_lead = re.compile(
    r"(?:[^\w(]|\d{6}(?!\d)|[^:]{0,12}(?:地址|住所|位于|寄往|送至|地点|所在地|场所|邮编)[^:\u4e00-\u9fff]{0,2}:|"
    r"地址(?=[\u4e00-\u9fff])|坐落于|坐落|位于|中华人民共和国|中国大?陆?(?![\u4e00-\u9fff]{0,4}(?:路|街|大厦))|"
    r"(?i:P\. ?R\. ?CHINA|CHINA)|(?i:CN)(?=[ ,\u4e00-\u9fff])|\((?=[^)]{0,12}\)?[\u4e00-\u9fff])|\))+"
)
_LEADS = frozenset("地坐位中PpCc")
"""The letters that a lead may begin with, where it does not end in a colon."""
_after = re.compile(r"[\s,/\\|>·.、;:)_-]+")
_deeper = re.compile(r"[市区县旗州盟]")
# What must follow a shortened county name that stands alone before it is believed: 昆山花桥镇, 义乌北苑街道.
_addressed = re.compile(
    r"[\u4e00-\u9fff]{1,8}(?:街道|镇|乡|村|大道|大街|路|街|开发区|工业园|产业园|科技园|高新区|园区|新区)|经济|高新|工业|开发"
)
_FAR = 300
"""How many characters of a text are searched for a division; an address stands near the start."""
_RECENT = 2005
"""A county name that went out of use after this year still stands for the former county in many an address."""


@lru_cache(1 << 14)
def parse_address(text: str, hint: str = "") -> Address:
    """Read one address. `hint` is a region code known from elsewhere (a company's name, its credit code): it settles
    what the text leaves ambiguous, and never contradicts it."""
    settled = is_settled(text)
    body = (text if settled else fold_width(text)).strip()
    if " " in body or "\n" in body or "\t" in body:
        body = _blanks.sub("", body)
    if is_placeholder(body):
        return _nothing("", "empty")
    key = body if settled else simplify(body)
    if len(key) != len(body):
        body = key
    lead = _lead.match(key) if key[0] in _LEADS or ":" in key or not key[0].isalpha() else None
    start = lead.end() if lead else 0
    found = walk(key, start)
    if found and len(found.path.names) == 1 and found.path.shorts and not _believed(key, found):
        found = None
    if found is None or (found.path.shorts == len(found.path.names) == 1):
        found = _scan(key, start, found)
    if found is None:
        return _with_street(_nothing(body[start:], _why_none(key[start:])))
    once = found
    if found.path.odd:
        found = _restart(key, found)
    path = found.path
    if path.odd:
        reason = f"{path.odd} does not lie in {path.names[-1]}"
        return _with_street(_nothing(body[start:], reason)._replace(ambiguous=True))
    if path.top < 3:
        path = _deepen(key, found)
    division, choices, reason = _meaning(path)
    if division is None and hint:
        division, choices = _hinted(choices, hint)
        if reason and division:
            reason = _former(path, division)
    again = _said_again(key, found.end, division)
    repeated = body[once.end if once.path.names == path.names else found.end : again]
    after = None if body[again : again + 1].isalnum() else _after.match(body, again)
    rest = body[after.end() if after else again :]
    if division is None:
        return _with_street(_ambiguous(rest, choices, path.names[-1]))
    return _with_street(_settled(division, rest, reason), repeated)


@lru_cache(1 << 14)
def _meaning(path: Path) -> tuple[Division | None, tuple[Division, ...], str]:
    """The division that a path means, or the candidates, and what is to be said about a former name."""
    places, former = _candidates(path)
    division, choices = settle(places)
    return division, choices, _former(path, division) if former else ""


def _former(path: Path, division: Division | None) -> str:
    lost = division is not None and division.level < path.top
    return f"{path.names[-1]} is a former name" + (" that no one county has taken over" if lost else "")


def _restart(key: str, found: Walk) -> Walk:
    """The walk from the contradiction on, where it only starts over from a wider name: 东莞 广东省东莞市."""
    again = walk(key, key.find(found.path.odd, found.end))
    if again is None or again.path.odd:
        return found
    before, places = found.path.places, again.path.places
    if {place.code for place in places} & {place.code for place in before}:
        return again
    return again if any(lies_in(place, before) for place in places) else found


def _said_again(key: str, end: int, division: Division | None) -> int:
    """Where the names end when the same division is named once more: 上海市青浦区 上海青浦新市镇."""
    if division is None:
        return end
    gap = None if key[end : end + 1].isalnum() else _after.match(key, end)
    again = walk(key, gap.end() if gap else end)
    if again is None or again.path.odd or (again.path.shorts and len(again.path.names) < 2):
        return end
    return again.end if division.code in {place.code for place in again.path.places} else end


def _nothing(rest: str, reason: str) -> Address:
    return Address("", "", "", "", rest, "", "", False, reason)


def _settled(division: Division, rest: str, reason: str) -> Address:
    city = division.city
    if not city and division.code[:2] in MUNICIPALITIES:
        city = division.province
    if not reason and division.level == 1 and not city:
        reason = "no city named"
    return Address(division.province, city, division.county, division.code, rest, "", "", False, reason)


def _why_none(text: str) -> str:
    return "no division named" if re.search(r"[\u3400-\u9fff]", text) else "not a Chinese address"


def _ambiguous(rest: str, choices: tuple[Division, ...], name: str) -> Address:
    """What all candidates have in common, and who they are."""
    provinces = {choice.province for choice in choices}
    cities = {(choice.code[:4], choice.city) for choice in choices}
    province = provinces.pop() if len(provinces) == 1 else ""
    city, region = "", choices[0].code[:2] + "0000" if province else ""
    if province and len(cities) == 1:
        digits, city = cities.pop()
        region = digits + "00" if city and digits[2:] != "90" else region
    where = "、".join((choice.city or choice.province) + choice.county for choice in choices[:6])
    return Address(province, city, "", region, rest, "", "", True, f"{name} may be {where}")


def _hinted(choices: tuple[Division, ...], hint: str) -> tuple[Division | None, tuple[Division, ...]]:
    for size in (6, 4, 2):
        if len(hint) >= size and (size == 2 or hint[size - 2 : size] != "00"):
            near = tuple(choice for choice in choices if choice.code.startswith(hint[:size]))
            if len(near) == 1:
                return near[0], near
    return None, choices


def _believed(key: str, found: Walk) -> bool:
    """Whether a shortened name that stands alone at the start is one: cities are, counties need an address behind."""
    certain = _certain(found.path)
    return bool(_addressed.match(key, found.end)) if certain is None else certain


@lru_cache(1 << 14)
def _certain(path: Path) -> bool | None:
    if path.names[0] in CONTESTED:
        return True
    if min((place.level for place in path.places if not place.until or len(path.places) == 1), default=3) < 3:
        return True
    return False if len({place.code for place in path.places}) > 1 else None


def _candidates(path: Path) -> tuple[tuple[Place, ...], bool]:
    """The readings to settle among, and whether only former names are left."""
    places = path.places
    if path.shorts == len(path.names) == 1 and path.names[0] not in CONTESTED:
        now = [place for place in places if not place.until]
        top = min((place.level for place in now), default=0)
        best = tuple(place for place in now if place.level == top)
        if now and top < 3 and len(best) == 1:
            return best, False
    now_codes = {place.code for place in places if not place.until}
    if len(path.names) == 1 and now_codes and path.top == 3:
        recent = tuple(place for place in places if place.until >= _RECENT and place.code not in now_codes)
        if recent:
            return tuple(place._replace(until=0) for place in places if not place.until or place in recent), False
    return places, not now_codes


def _scan(key: str, start: int, first: Walk | None) -> Walk | None:
    """The best walk from any later place in a text that begins with something else: a name, a greeting, a company.

    Only whole names may begin it, or two names in a row; a later find must agree with a shortened name at the start.
    """
    best = first
    entries = index()
    for at in range(start + (1 if first is None else first.end - start), min(len(key) - 1, _FAR)):
        if key[at : at + 2] not in entries or (best is not None and best is not first and at < best.end):
            continue
        found = walk(key, at)
        if found is None or found.path.odd or (found.path.shorts and len(found.path.names) < 2):
            continue
        path = found.path
        if first is not None and not any(lies_in(place, first.path.places) for place in path.places):
            if path.places[0].level == 3:
                continue
            if not (len(path.names) > 1 and not path.shorts):
                continue
        if best is None or best is first or _depth(found) > _depth(best):
            best = found
    return best


def _depth(found: Walk) -> int:
    return max(place.level for place in found.path.places)


def _deepen(key: str, found: Walk) -> Path:
    """The county of a city that is known, where it stands further on: 杭州市文三路90号(西湖区)."""
    if not _deeper.search(key, found.end):
        return found.path
    entries = index()
    for at in range(found.end, min(len(key) - 1, _FAR)):
        for entry in entries.get(key[at : at + 2], ()):
            end = at + len(entry.form)
            if entry.short or entry.form[-1] not in "市区县旗" or not key.startswith(entry.form, at):
                continue
            path = None if _word.match(key, end) else _inside(found.path, entry)
            if path:
                return path
    return found.path


@lru_cache(1 << 14)
def _inside(path: Path, entry: Entry) -> Path | None:
    """The path that a name further on makes deeper, if it does: a county, or anything in a city."""
    inside = tuple(place for place in entry.places if lies_in(place, path.places))
    deeper = path_of(inside, (*path.names, entry.form), path.shorts) if inside else None
    return deeper if deeper and (path.top == 2 or deeper.top == 3) else None


_word = re.compile(r"块|域|间|场|政|[大小中]?[路街道厦桥]|医院|大学|法院|公安|税务|[东南西北中]路")


_town = re.compile(
    r"[^\d\s,()]{0,12}?(?:开发区|工业园|园区|新区|高新区)?([\u4e00-\u9fff]{1,7}?(?:街道|镇|苏木|乡))(?!\w?[路街道巷])"
)
_zones = re.compile(
    r"(?:[^\d,()]{0,14}?(?:开发区|工业园区?|产业园区?|科技园区?|高新区|新区|园区|保税区|自贸区|自由贸易试验区|工业区|集聚区|办事处|街道办))+"
)
_road = re.compile(
    r"([\u4e00-\u9fffA-Z0-9·-]{1,12}?(?:大道|大街|公路|高速|国道|省道|县道|胡同|街(?!道)|路(?!口|桥)|巷|道(?=\d|[东西南北中段]|$)|里(?=\d)|弄(?=\d)|线(?=\d))"
    r"(?:[东西南北中](?:[一二三四五六七八九十]?[路段街巷]|段)|[一二三四五六七八九十](?:段|路|街|巷))?)"
)
_number = re.compile(
    r"[^\d,()]{0,6}?((?:[甲乙丙丁附临特]?\d{1,5}(?:-\d{1,4})?(?:弄\d{1,4}(?=号))?))(?=[号弄幢栋#]|$|\D)"
)


def _with_street(address: Address, repeated: str = "") -> Address:
    """The address with town, road and number read out of its rest."""
    rest, at, town, road, number = address.rest, 0, "", "", ""
    if "镇" in rest or "乡" in rest or "街道" in rest or "苏木" in rest:
        match = _town.match(rest)
        if match:
            town, at = match[1], match.end()
    if "区" in rest or "园" in rest or "办" in rest:
        zones = _zones.match(rest, at)
        at = zones.end() if zones else at
    match = _road.search(rest, at)
    if match:
        road = match[1].rpartition("镇")[2] if "镇" in match[1][1:-1] else match[1]
        found = _number.match(rest, match.end())
        number = found[1] if found else ""
    if not (road or town or repeated):
        return address
    return Address(*address[:5], road, number, address.ambiguous, address.reason, town, repeated)
