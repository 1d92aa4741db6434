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
from goldbridge.text.fold import fold_width, simplify
from goldbridge.text.gazetteer import CONTESTED, Place, Walk, entries_at, lies_in, settle, walk


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
    r"P\. ?R\. ?CHINA|CHINA|CN(?=[ ,\u4e00-\u9fff])|\((?=[^)]{0,12}\)?[\u4e00-\u9fff])|\))+",
    re.IGNORECASE,
)
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
    body = fold_width(text).strip()
    if " " in body or "\n" in body or "\t" in body:
        body = _blanks.sub("", body)
    if is_placeholder(body):
        return _nothing("", "empty")
    key = simplify(body)
    if len(key) != len(body):
        body = key
    lead = _lead.match(key)
    start = lead.end() if lead else 0
    found = walk(key, start)
    if found and len(found.names) == 1 and found.shorts and not _believed(key, found):
        found = None
    if found is None or (found.shorts == len(found.names) == 1):
        found = _scan(key, start, found)
    if found is None:
        return _with_street(_nothing(body[start:], _why_none(key[start:])))
    once = found
    if found.odd:
        found = _restart(key, found)
    if found.odd:
        return _with_street(
            _nothing(body[start:], f"{found.odd} does not lie in {found.names[-1]}")._replace(ambiguous=True)
        )
    found = _deepen(key, found)
    places, former = _candidates(found)
    division, choices = settle(places)
    if division is None and hint:
        division, choices = _hinted(choices, hint)
    again = _said_again(key, found.end, division)
    repeated = body[once.end if once.names == found.names else found.end : again]
    after = _after.match(body, again)
    rest = body[after.end() if after else again :]
    if division is None:
        return _with_street(_ambiguous(rest, choices, found.names[-1]))
    reason = ""
    if former:
        reason = f"{found.names[-1]} is a former name"
        if division.level < min(place.level for place in found.places):
            reason = f"{found.names[-1]} is a former name that no one county has taken over"
    return _with_street(_settled(division, rest, reason)._replace(repeated=repeated))


def _restart(key: str, found: Walk) -> Walk:
    """The walk from the contradiction on, where it only starts over from a wider name: 东莞 广东省东莞市."""
    again = walk(key, key.find(found.odd, found.end))
    if again and not again.odd and {place.code for place in again.places} & {place.code for place in found.places}:
        return again
    if again and not again.odd and any(lies_in(place, found.places) for place in again.places):
        return again
    return found


def _said_again(key: str, end: int, division: Division | None) -> int:
    """Where the names end when the same division is named once more: 上海市青浦区 上海青浦新市镇."""
    gap = _after.match(key, end)
    again = walk(key, gap.end() if gap else end) if division else None
    if again is None or again.odd or division is None or (again.shorts and len(again.names) < 2):
        return end
    return again.end if division.code in {place.code for place in again.places} else end


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
    if found.names[0] in CONTESTED:
        return True
    if min((place.level for place in found.places if not place.until or len(found.places) == 1), default=3) < 3:
        return True
    if len({place.code for place in found.places}) > 1:
        return False
    return bool(_addressed.match(key, found.end))


def _candidates(found: Walk) -> tuple[tuple[Place, ...], bool]:
    """The readings to settle among, and whether only former names are left."""
    places = found.places
    if found.shorts == len(found.names) == 1 and found.names[0] not in CONTESTED:
        now = [place for place in places if not place.until]
        top = min((place.level for place in now), default=0)
        best = tuple(place for place in now if place.level == top)
        if now and top < 3 and len(best) == 1:
            return best, False
    now_codes = {place.code for place in places if not place.until}
    if len(found.names) == 1 and now_codes and min(place.level for place in places) == 3:
        recent = tuple(place for place in places if place.until >= _RECENT and place.code not in now_codes)
        if recent:
            return tuple(place._replace(until=0) for place in places if not place.until or place in recent), False
    return places, not now_codes


def _scan(key: str, start: int, first: Walk | None) -> Walk | None:
    """The best walk from any later place in a text that begins with something else: a name, a greeting, a company.

    Only whole names may begin it, or two names in a row; a later find must agree with a shortened name at the start.
    """
    best = first
    for at in range(start + (1 if first is None else first.end - start), min(len(key) - 1, _FAR)):
        if best is not None and best is not first and at < best.end:
            continue
        found = walk(key, at)
        if found is None or found.odd or (found.shorts and len(found.names) < 2):
            continue
        if first is not None and not any(lies_in(place, first.places) for place in found.places):
            if first.end - first.start > 0 and found.places[0].level == 3:
                continue
            if not (len(found.names) > 1 and not found.shorts):
                continue
        if best is None or best is first or _depth(found) > _depth(best):
            best = found
    return best


def _depth(found: Walk) -> int:
    return max(place.level for place in found.places)


def _deepen(key: str, found: Walk) -> Walk:
    """Look further on for the county of a city that is known: 杭州市文三路90号(西湖区)."""
    top = min(place.level for place in found.places)
    if top == 3 or not _deeper.search(key, found.end):
        return found
    for at in range(found.end, min(len(key) - 1, _FAR)):
        for entry in entries_at(key, at):
            if entry.short or entry.form[-1] not in "市区县旗" or _part_of_word(key, at + len(entry.form)):
                continue
            inside = tuple(place for place in entry.places if lies_in(place, found.places))
            if inside and (top == 2 or min(place.level for place in inside) == 3):
                return found._replace(places=inside, names=(*found.names, entry.form))
    return found


_word = re.compile(r"块|域|间|场|政|[大小中]?[路街道厦桥]|医院|大学|法院|公安|税务|[东南西北中]路")


def _part_of_word(key: str, end: int) -> bool:
    return bool(_word.match(key, end))


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


def _with_street(address: Address) -> Address:
    """The address with town, road and number read out of its rest."""
    rest, at, town = address.rest, 0, ""
    match = _town.match(rest)
    if match:
        town, at = match[1], match.end()
    zones = _zones.match(rest, at)
    if zones:
        at = zones.end()
    match = _road.search(rest, at)
    if not match:
        return address._replace(town=town) if town else address
    number = _number.match(rest, match.end())
    road = match[1].rpartition("镇")[2] if "镇" in match[1][1:-1] else match[1]
    return address._replace(town=town, road=road, number=number[1] if number else "")
