"""Names of organisations taken apart: region, brand, trade, legal form, branch, group, numbers.

A Chinese name is region + brand (字号) + trade + legal form, but the region may stand in brackets behind the brand or
before the form, place words may be the brand (邯郸市金湖...), and a branch carries its head's whole name. What a part
was read as is said; the name itself is never changed. Parts are in the script they were typed in: compare them through
`match_form`, as `core` (brand and trade, the match key without region and form) already is.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from goldbridge.text.branch import Branch, find_branch
from goldbridge.text.division import Division
from goldbridge.text.fold import fold_width, is_settled, match_form, simplify
from goldbridge.text.gazetteer import CONTESTED, Path, Place, entries_at, settle
from goldbridge.text.legal_form import chinese_form, kind_without_form, leading_form
from goldbridge.text.number import mark_of, without_ordinals
from goldbridge.text.table import lines
from goldbridge.text.trade import first_word, split
from goldbridge.text.walk import Walk, walk


class Organisation(NamedTuple):
    """The parts of a name; "" (False) for what it does not have.

    `region` is the code of the division the name begins with or carries in brackets, `region_text` how it was typed
    (also 中国 or a country). `form` is the canonical legal form. `branch` is a branch's place or number, `branch_kind`
    what it is (分公司, 支行, 店, branch ...). `number_mark` holds the numbers that part namesakes (第八, 二号, Ⅱ),
    in digits. `script` is cjk or latin, `kind` company, branch, cooperative, individual, public or other. `former` is
    a former name noted in brackets, `alias` a name in the other script, `note` any other remark in brackets.
    """

    original: str
    region: str
    region_text: str
    brand: str
    trade: str
    form: str
    branch: str
    branch_kind: str
    group: bool
    number_mark: str
    script: str
    kind: str
    core: str
    former: str = ""
    alias: str = ""
    note: str = ""


class _Notes:
    """What the brackets of a name said."""

    alias = former = note = office = place_text = ""
    branch: Branch | None = None
    place: Division | None = None
    group = False


_cjk = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_blank = re.compile(r"(?<=[\u3000-\u9fff\uac00-\ud7af)])\s+|\s+(?=[\u3000-\u9fff\uac00-\ud7af(])")
_edges = re.compile(r"^[\s\"'“”‘’*#,，.。、;:：\-_/\\|《》<>]+|[\s\"'“”‘’*#,，.。、;:：\-_/\\|《》<>]+$")
_bracket = re.compile(r"\(([^()]*)\)?")
_former = re.compile(r"(?:原名称?|原公司名称?|曾用名|前身为?|旧名称?|更名前|变更前|原系|原为|原)[为是]?[:：]?(.{2,})")
_renamed = re.compile(r"(?:现?已?更名为?|现名|现为|变更为|现)[:：]?(.{4,})")
_remark = re.compile(
    r"筹|筹建|个体工商户?|个体户?|中外合资|中外合作|外商独资|外资|外商投资|合资|独资|台港澳.*|港澳台.*|内资|国有.*|集体.*|民营|私营|自然人.*|"
    r"法人独资|一人.*|已?注销.*|已?吊销.*|已?停业.*|已?停用|作废|测试|重复|勿用|禁用|黑名单|临时|新|旧|老|总部|本部|总公司|母公司|直属|"
    r"客户|供应商|经销商|代理商?|月结|现结|开票|不开票|含税|暂停|待定|合并|.*证照.*|.*专用章?|上市.*|股票代码.*|[0-9A-Z]{6,20}"
)
_GROUP = "集团"
_LONGEST = 300
# Words that begin with the name of a city and are something else.
_never = re.compile(r"阿里(?:巴巴|云|健康|妈妈|地方)?(?!地区)|大理石|东方红|海南岛|中山大学")
# A zone or a township behind the region belongs to it: 苏州工业园区, 莱阳市团旺镇.
_zone = re.compile(
    r"(?:(?:经济技术|高新技术产业|高新技术|经济|高新|工业|综合保税|保税|自由贸易|自贸|旅游度假|临港)(?:开发区|园区|新区|试验区|区|度假区)"
    r"|开发区|新区|[\u4e00-\u9fff]{2}(?:新区|开发区|工业园区))(?=..)"
)
_township = re.compile(r"[\u4e00-\u9fff]{2,3}?(?:镇|乡|街道)(?=[\u4e00-\u9fff]{2})(?!镇)")
_HOMES = ("中国", "国家", "中华")


@cache
def _everyday() -> frozenset[str]:
    return frozenset(word for line in lines("brand_words.txt") for word in line.split())


@lru_cache(1 << 15)
def parse_organisation(text: str) -> Organisation:
    """Take a name apart; never fails, what cannot be a name (more than 300 characters) has only a `core`."""
    if len(text) > _LONGEST:
        script = "cjk" if _cjk.search(text) else "latin"
        core = match_form(text[:_LONGEST])
        return Organisation(text, "", "", "", "", "", "", "", False, "", script, "other", core)
    settled = is_settled(text)
    folded = text if settled else fold_width(text)
    if not (folded[:1].isalnum() and folded[-1:].isalnum()):
        folded = _edges.sub("", folded)
    if folded.isascii() or not _cjk.search(folded):
        from goldbridge.text.organisation_latin import parse_latin

        return parse_latin(text, folded)
    if " " in folded or "\t" in folded or "\n" in folded:
        folded = _blank.sub("", folded)
    key = folded if settled else simplify(folded)
    if len(key) != len(folded):
        folded = key
    upper = key.upper()
    return _parse(text, folded, upper if len(upper) == len(key) else key)


def _parse(original: str, text: str, key: str) -> Organisation:
    """Take apart `text` as typed (folded); `key` is the same in simplified script, and both are cut alike."""
    notes = _Notes()
    if "(" in key or ")" in key:
        text, key = _read_brackets(text, key, notes)
    branch = notes.branch
    if branch is None:
        found = find_branch(key)
        if found:
            branch, end = found
            text, key = text[:end], key[:end]
    kind = ""
    form, size = leading_form(key)
    if form:
        kind, text, key = "company", text[size:], key[size:]
    whole, group = key, notes.group
    found_form = chinese_form(key) if not form else None
    if found_form and (found_form.canonical != "店" or not _is_trade_shop(key)):
        start, form, kind = found_form
        group = group or key.startswith("集团公司", start)
        text, key = text[:start], key[:start]
    if _GROUP in key:
        group = True
        text, key = _without_group(text, key)
    if group and not form:
        form, kind = _GROUP, "company"
    if not kind or kind == "individual":
        plain_kind = kind_without_form(whole)
        kind = plain_kind if not kind or plain_kind == "public" else kind
    text, key = _trimmed(text, key)
    region, region_text, text, key = _region(text, key, notes)
    if notes.office and branch is None:
        branch = Branch(notes.office, "分所")
    number = mark_of(key)
    if number:
        for start, end in reversed(without_ordinals(key)):
            text, key = _without(text, key, start, end)
    brand, trade = _brand_and_trade(text, key, region_text)
    return Organisation(
        original,
        region.code if region else "",
        region_text,
        brand,
        trade,
        form,
        branch.text if branch else "",
        branch.kind if branch else "",
        group,
        number,
        "cjk",
        "branch" if branch else kind,
        match_form(brand + trade),
        notes.former,
        notes.alias,
        notes.note,
    )


def _without(text: str, key: str, start: int, end: int) -> tuple[str, str]:
    return text[:start] + text[end:], key[:start] + key[end:]


def _is_trade_shop(key: str) -> bool:
    """书店, 酒店, 饭店 and 药店 are trades, not shops of one."""
    return key.endswith(("书店", "酒店", "饭店", "药店", "旅店")) and not key.endswith("图书店")


def _trimmed(text: str, key: str) -> tuple[str, str]:
    if key[:1].isalnum() and key[-1:].isalnum():
        return text, key
    start, end = 0, len(key)
    while start < end and not (key[start].isalnum() or key[start] == "("):
        start += 1
    while end > start and not (key[end - 1].isalnum() or key[end - 1] in ")+"):
        end -= 1
    return text[start:end], key[start:end]


def _without_group(text: str, key: str) -> tuple[str, str]:
    start = key.rfind(_GROUP)
    end = start + len(_GROUP)
    if end == len(key) and start > 3 and key.endswith("企业", 0, start):
        start -= 2
    return _without(text, key, start, end)


def _read_brackets(text: str, key: str, notes: _Notes) -> tuple[str, str]:
    """Take out every bracket whose content is understood; what is not stays as part of the name, without brackets."""
    position = 0
    while match := _bracket.search(key, position):
        inner = match[1].strip()
        start, end = match.span()
        if _is_form(key, inner, end) and start > 0:
            position = end
        elif _understood(key, inner, text[match.start(1) : match.end(1)].strip(), notes, start):
            text, key = _without(text, key, start, end)
            position = start
        else:
            if key.endswith(")", 0, end):
                text, key = _without(text, key, end - 1, end)
            text, key = _without(text, key, start, start + 1)
            position = max(start - 1, 0)
    if ")" in key and "(" not in key:
        for at in range(len(key) - 1, -1, -1):
            if key[at] == ")":
                text, key = _without(text, key, at, at + 1)
    return text, key


def _is_form(key: str, inner: str, end: int) -> bool:
    return end == len(key) and inner in (
        "有限合伙",
        "普通合伙",
        "特殊普通合伙",
        "特殊的普通合伙",
        "个人独资",
        "株",
        "주",
    )


def _understood(key: str, inner: str, typed: str, notes: _Notes, bracket: int) -> bool:
    if not inner:
        return True
    if inner == _GROUP or (inner.endswith(_GROUP) and len(inner) <= 4):
        notes.group = True
        if inner != _GROUP and not _place(inner[:-2], notes, typed):
            notes.note = notes.note or typed
        return True
    if _place(inner, notes, typed):
        return True
    found = _former.fullmatch(inner)
    if found:
        notes.former = notes.former or typed[found.start(1) : found.end(1)]
        return True
    found = _renamed.fullmatch(inner)
    if found and bracket > 0:
        notes.note = notes.note or typed
        return True
    if _remark.fullmatch(inner) and bracket > 0:
        notes.note = notes.note or typed
        return True
    if bracket > 0 and not _cjk.search(inner) and re.search(r"[A-Z]{2}", inner) and " " in inner:
        notes.alias = notes.alias or typed
        return True
    if bracket > 0 and notes.branch is None:
        whole = find_branch(key[:bracket] + inner)
        if whole and whole[1] <= bracket:
            notes.branch = whole[0]
            return True
    return False


_WIDER = (
    "中国 国际 亚洲 亚太 远东 大中华 大中华区 全国 日本 韩国 美国 英国 德国 法国 新加坡 "
    "华东 华南 华北 华中 东北 西北 西南 长三角"
)
_COUNTRIES = frozenset(_WIDER.split())


def _place(inner: str, notes: _Notes, typed: str) -> bool:
    """Whether the content of a bracket is a place and nothing else; notes it."""
    found = walk(inner, 0, of_name=True)
    if found and found.end == len(inner):
        if notes.place is None:
            notes.place, notes.place_text = _sense(found.path).division, typed
        return True
    if inner in _COUNTRIES:
        notes.place_text = notes.place_text or typed
        return True
    return False


class _Sense(NamedTuple):
    """What a path means in a name: the `division`, if it is one. `county` says that a county's name without its level
    was read last, `town` that it is, or was, a town or county of its own (昆山市, 余杭县), not a quarter."""

    division: Division | None
    county: bool
    town: bool


@lru_cache(1 << 14)
def _sense(path: Path) -> _Sense:
    likely = _likely(path)
    county = path.shorts > 0 and max(place.level for place in likely) == 3 and likely[0].name != path.names[-1]
    town = any(place.name[-1] in "市县旗" for place in path.places) and len({place.code for place in likely}) == 1
    return _Sense(settle(likely)[0], county, town)


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


def _region(text: str, key: str, notes: _Notes) -> tuple[Division | None, str, str, str]:
    """The region, how it was typed, and the name without it.

    Where a bracket names another place than the head does, the bracket is where the company is registered, and in the
    name of a law firm its office: 北京大成(上海)律师事务所.
    """
    found = None if _never.match(key) else walk(key, of_name=True)
    found = _backed(key, found) if found else None
    place, division = notes.place, _sense(found.path).division if found else None
    if found and not division and not found.path.shorts and place is None:
        end = found.end
        return None, text[:end], *_trimmed(text[end:], key[end:])  # 朝阳区: one of two
    if found and division:
        end = found.end
        behind = _zone.match(key, end) if "区" in key else None
        if not behind and division.level == 3 and ("镇" in key or "乡" in key or "街道" in key):
            behind = _township.match(key, end)
        if behind and len(key) > behind.end() + 1:
            end = behind.end()
        head = text[:end]
        rest, rest_key = _trimmed(text[end:], key[end:])
        if place is None or place.code.startswith(_digits(division)):
            return place or division, head, rest, rest_key
        if rest_key.endswith(("律师", "会计师", "税务师")):
            notes.office = simplify(_short(notes.place_text))
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
    sense = _sense(path)
    if not sense.county:
        return found
    has_brand = split(key[found.end :]) >= 2
    if len(path.names) > 1:
        return found if has_brand else _back_one(found)
    return found if has_brand and last not in _everyday() and sense.town else None


def _back_one(found: Walk) -> Walk | None:
    """The walk without its last name."""
    names = found.path.names[:-1]
    if not names:
        return None
    text = "".join(names)
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


def _brand_and_trade(text: str, key: str, region_text: str) -> tuple[str, str]:
    if not key:
        return "", ""
    if key.startswith(_HOMES) and len(key) > 2:
        # 中国移动, 中国石油: the country and the first word are the brand together.
        rest = key[2:]
        at = split(rest)
        size = 2 + (len(first_word(rest)) if at == 0 else at)
        return text[:size], text[size:]
    at = split(key)
    if at:
        return text[:at], text[at:]
    word = first_word(key)
    if region_text and key != region_text:
        # 上海电气, 杭州银行: where nothing but a trade follows the region, both together are the brand.
        return _short(region_text) + text[: len(word)], text[len(word) :]
    return text[: len(word)], text[len(word) :]


_suffix = re.compile(r"(?<=..)(?:特别行政区|自治区|自治州|[省市])$")


def _short(region_text: str) -> str:
    return _suffix.sub("", region_text)
