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
from goldbridge.text.fold import fold_width, match_form, simplify
from goldbridge.text.gazetteer import CONTESTED, Place, Walk, entries_at, settle, walk
from goldbridge.text.legal_form import chinese_form, kind_without_form, leading_form
from goldbridge.text.number import mark_of, without_ordinals
from goldbridge.text.table import lines
from goldbridge.text.trade import first_word, split


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


class _Name:
    """A name on the way: `text` as typed (folded) and `key` in simplified script, always of one length."""

    __slots__ = ("key", "text")

    def __init__(self, text: str, key: str) -> None:
        self.text, self.key = text, key

    def cut(self, start: int, end: int) -> _Name:
        return _Name(self.text[start:end], self.key[start:end])

    def without(self, start: int, end: int) -> _Name:
        return _Name(self.text[:start] + self.text[end:], self.key[:start] + self.key[end:])


class _Notes:
    """What the brackets of a name said."""

    __slots__ = ("alias", "branch", "former", "group", "note", "office", "place", "place_text")

    def __init__(self) -> None:
        self.alias = self.former = self.note = self.office = self.place_text = ""
        self.branch: Branch | None = None
        self.place: Division | None = None
        self.group = False


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
    folded = _edges.sub("", fold_width(text))
    if not _cjk.search(folded):
        from goldbridge.text.organisation_latin import parse_latin

        return parse_latin(text, folded)
    if " " in folded or "\t" in folded or "\n" in folded:
        folded = _blank.sub("", folded)
    key = simplify(folded)
    if len(key) != len(folded):
        folded = key
    upper = key.upper()
    return _parse(text, _Name(folded, upper if len(upper) == len(key) else key))


def _parse(original: str, name: _Name) -> Organisation:
    notes = _Notes()
    if "(" in name.key or ")" in name.key:
        name = _read_brackets(name, notes)
    branch = notes.branch
    if branch is None:
        found = find_branch(name.key)
        if found:
            branch, end = found
            name = name.cut(0, end)
    form, kind = "", ""
    lead, size = leading_form(name.key)
    if lead:
        form, kind, name = lead, "company", name.cut(size, len(name.key))
    whole = name.key
    found_form = chinese_form(name.key) if not form else None
    if found_form and (found_form.canonical != "店" or not _is_trade_shop(name.key)):
        form, kind = found_form.canonical, found_form.kind
        notes.group = notes.group or name.key.startswith("集团公司", found_form.start)
        name = name.cut(0, found_form.start)
    group = notes.group or _GROUP in name.key
    if group:
        name = _without_group(name) if _GROUP in name.key else name
        if not form:
            form, kind = _GROUP, "company"
    if not kind or kind == "individual":
        plain_kind = kind_without_form(whole)
        kind = plain_kind if not kind or plain_kind == "public" else kind
    name = _trimmed(name)
    region, region_text, name = _region(name, notes)
    if notes.office and branch is None:
        branch = Branch(notes.office, "分所")
    number = mark_of(name.key)
    if number:
        for start, end in reversed(without_ordinals(name.key)):
            name = name.without(start, end)
    brand, trade = _brand_and_trade(name, region_text, region)
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


def _is_trade_shop(key: str) -> bool:
    """书店, 酒店, 饭店 and 药店 are trades, not shops of one."""
    return key.endswith(("书店", "酒店", "饭店", "药店", "旅店")) and not key.endswith("图书店")


def _trimmed(name: _Name) -> _Name:
    if name.key[:1].isalnum() and name.key[-1:].isalnum():
        return name
    start, end = 0, len(name.key)
    while start < end and not (name.key[start].isalnum() or name.key[start] == "("):
        start += 1
    while end > start and not (name.key[end - 1].isalnum() or name.key[end - 1] in ")+"):
        end -= 1
    return name.cut(start, end) if end - start != len(name.key) else name


def _without_group(name: _Name) -> _Name:
    at = name.key.rfind(_GROUP)
    start, end = at, at + len(_GROUP)
    for word in ("企业", "控股"):
        if name.key.endswith(word, 0, start) and start > len(word) + 1 and end == len(name.key) and word == "企业":
            start -= len(word)
    return name.without(start, end)


def _read_brackets(name: _Name, notes: _Notes) -> _Name:
    """Take out every bracket whose content is understood; what is not stays as part of the name, without brackets."""
    position = 0
    while True:
        match = _bracket.search(name.key, position)
        if not match:
            break
        inner = match[1].strip()
        start, end = match.span()
        if _is_form(name.key, inner, end) and start > 0:
            position = end
        elif _understood(name, match.start(1), match.end(1), inner, notes, start):
            name = name.without(start, end)
            position = start
        else:
            if name.key.endswith(")", 0, end):
                name = name.without(end - 1, end)
            name = name.without(start, start + 1)
            position = max(start - 1, 0)
    if ")" in name.key and "(" not in name.key:
        for at in range(len(name.key) - 1, -1, -1):
            if name.key[at] == ")":
                name = name.without(at, at + 1)
    return name


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


def _understood(name: _Name, start: int, end: int, inner: str, notes: _Notes, bracket: int) -> bool:
    if not inner:
        return True
    typed = name.text[start:end].strip()
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
        whole = find_branch(name.key[:bracket] + inner)
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
        division, _ = settle(_likely(found))
        if notes.place is None:
            notes.place, notes.place_text = division, typed
        return True
    if inner in _COUNTRIES:
        notes.place_text = notes.place_text or typed
        return True
    return False


def _likely(found: Walk) -> tuple[Place, ...]:
    """The readings to settle among: for a short name a city wins over the counties of that name (西安), a county-level
    city over a quarter (海城)."""
    if len(found.places) == 1 or not found.shorts or len(found.names) > 1:
        return found.places
    now = tuple(place for place in found.places if not place.until)
    if not now:
        return found.places
    top = min(place.level for place in now)
    best = tuple(place for place in now if place.level == top)
    towns = tuple(place for place in best if place.name[-1] == "市")
    return towns if len(towns) == 1 else best


def _region(name: _Name, notes: _Notes) -> tuple[Division | None, str, _Name]:
    """The region, how it was typed, and the name without it.

    Where a bracket names another place than the head does, the bracket is where the company is registered, and in the
    name of a law firm its office: 北京大成(上海)律师事务所.
    """
    key = name.key
    found = None if _never.match(key) else walk(key, 0, of_name=True)
    found = _backed(key, found) if found else None
    division = settle(_likely(found))[0] if found else None
    if found and not division and not found.shorts and notes.place is None:
        return None, name.text[: found.end], _trimmed(name.cut(found.end, len(key)))  # 朝阳区: one of two
    if found and division:
        end = found.end
        behind = _zone.match(key, end) or (_township.match(key, end) if division.level == 3 else None)
        if behind and len(key) > behind.end() + 1:
            end = behind.end()
        text, rest = name.text[:end], _trimmed(name.cut(end, len(key)))
        if notes.place is None or notes.place.code.startswith(_digits(division)):
            return notes.place or division, text, rest
        if rest.key.endswith(("律师", "会计师", "税务师")):
            notes.office = simplify(_short(notes.place_text))
            return division, text, rest
        if split(rest.key) == 0:
            return notes.place, notes.place_text, name  # 黄山(泰州)科技: nothing else is left for a brand
        notes.note = notes.note or text
        return notes.place, notes.place_text, rest
    if notes.place is not None or notes.place_text:
        return notes.place, notes.place_text, name
    tail = _tail(key)
    if tail is not None:
        at, places = tail
        division, _ = settle(places)
        if division:
            return division, name.text[at:], name.cut(0, at)
    return None, "", name


def _digits(division: Division) -> str:
    """The leading digits that all codes inside a division share."""
    return division.code[: division.level * 2]


def _backed(key: str, found: Walk) -> Walk | None:
    """The walk with names given back that are rather the brand: a short county name needs a brand behind it, and
    everyday words (东方, 新华) are no counties at the head of a name."""
    likely = _likely(found)
    if found.end == len(key):
        # Nothing is left for a brand: 大连 alone is a brand, 上海浦东 is Shanghai's 浦东.
        return None if len(found.names) == 1 else _back_one(found)
    last = found.names[-1]
    if found.shorts == len(found.names) == 1 and last in CONTESTED:
        return None
    if found.shorts == 0 or max(place.level for place in likely) < 3 or likely[0].name == last:
        return found
    rest = key[found.end :]
    at = split(rest)
    has_brand = at >= 2
    if len(found.names) > 1:
        return found if has_brand else _back_one(found)
    return found if has_brand and last not in _everyday() and _town_like(found) else None


def _town_like(found: Walk) -> bool:
    """Whether a short name is, or was, that of a town or county of its own (昆山市, 余杭县), not of a quarter."""
    likely = _likely(found)
    return any(place.name[-1] in "市县旗" for place in found.places) and len({place.code for place in likely}) == 1


def _back_one(found: Walk) -> Walk | None:
    """The walk without its last name."""
    end = found.end - len(found.names[-1])
    names = found.names[:-1]
    if not names:
        return None
    text = "".join(names)
    shorter = walk(text, 0, of_name=True)
    return shorter._replace(end=end) if shorter and shorter.end == len(text) else None


def _tail(key: str) -> tuple[int, tuple[Place, ...]] | None:
    """A city or province right before the legal form: 博世汽车部件苏州(有限公司)."""
    for size in (4, 3, 2):
        at = len(key) - size
        if at < 3:
            continue
        for entry in entries_at(key, at):
            if len(entry.form) != size or (entry.short and at < 4 and split(key[:at]) == at):
                continue
            places = tuple(place for place in entry.places if place.level < 3 and not place.until)
            if places:
                return at, places
    return None


def _brand_and_trade(name: _Name, region_text: str, region: Division | None) -> tuple[str, str]:
    key, text = name.key, name.text
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
    if region_text:
        # 上海电气, 杭州银行: where nothing but a trade follows the region, both together are the brand.
        word = first_word(key)
        if name.key != region_text:
            return _short(region_text) + text[: len(word)], text[len(word) :]
    word = first_word(key)
    return text[: len(word)], text[len(word) :]


_suffix = re.compile(r"(?<=..)(?:特别行政区|自治区|自治州|[省市])$")


def _short(region_text: str) -> str:
    return _suffix.sub("", region_text)
