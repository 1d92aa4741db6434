"""Organisation names as evidence: the parsed parts are compared, each for what it proves.

Names alone cannot settle much, and similarity of whole names settles nothing: a branch and its head office, two
numbered funds, two namesakes differ in one character. So the brand counts by its rarity, the trade tells companies of
one brand apart, and place, branch, number and kind are part of the identity.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA, Indel

from dedupe import plain
from dedupe.sound import alike, sound
from goldbridge.text.fold import fold_width, is_key, is_settled, match_form
from goldbridge.text.legal_form import DESCRIPTIVE
from goldbridge.text.organisation import Organisation, parse_organisation
from goldbridge.text.walk import walk
from goldbridge.text.word_latin import name_words


class Name(NamedTuple):
    """One parsed name. `core` is brand and trade; `region` the code in the name, "" when it names none."""

    full: str
    core: str
    brand: str
    trade: str
    region: str
    form: str
    kind: str
    branch: str
    branch_kind: str
    group: bool
    mark: str
    latin: bool
    whole: str
    """The core, with the region in front where that may be part of it."""
    region_text: str = ""
    role: str = "name"
    """name, short or former: which of a record's names this is."""
    words: tuple[str, ...] = ()
    """In Latin letters: the words of brand and trade, as they are compared."""


# A remark typed behind a whole legal name: 示例有限公司(勿删), 示例有限公司-王经理. Branches stand there too and stay.
_remark = re.compile(r"^(.{4,}?公司)\s*(?:[-_/*#,;|]+|\()(?!.*(?:[分支]|办事处|代表处|店|厂|部|合伙))[^公]{1,12}\)?$")

# The numerals of cheques stand for plain ones in the names of funds: 壹号, 贰期.
_numeral = re.compile("[壹贰叁肆伍陆柒捌玖拾]+(?=[号期])")
_PLAIN_NUMERALS = str.maketrans("壹贰叁肆伍陆柒捌玖拾", "一二三四五六七八九十")


def _office(text: str) -> tuple[str, str]:
    """A branch as people shorten it (示例电机上海办, 示例贸易上海嘉定分): the name before it and the place."""
    if len(text) < 6:
        return text, ""
    for size in (5, 4, 3, 2):
        at = len(text) - 1 - size
        if at < 2:
            continue
        found = walk(text, at)
        if found and found.end == len(text) - 1:
            return text[:at], text[at:-1]
    return text, ""


# Signs that people put beside a name to flag it.
_flags = re.compile("[★☆▲△◆◇●○■□※√×✓✔]+")


@lru_cache(1 << 17)
def read_name(text: str, role: str = "name") -> Name | None:
    """Parse one name for comparison; None when nothing that could name an organisation is left."""
    if not is_settled(text):
        text = _flags.sub("", fold_width(text))
    text = text.strip()
    if "号" in text or "期" in text:
        text = _numeral.sub(lambda match: match[0].translate(_PLAIN_NUMERALS), text)
    if "公司" in text and not text.endswith("公司"):
        remark = _remark.match(text)
        text = remark[1] if remark else text
    text, office = _office(text) if text[-1:] in ("办", "分") else (text, "")
    found = parse_organisation(text)
    latin = found.script == "latin"
    full, brand, trade, core = text, found.brand, found.trade, found.core
    if latin:
        full, brand, trade, core = map(_without_accents, (full, brand, trade, core))
    elif not is_key(text):
        full, brand, trade = match_form(full), match_form(brand), match_form(trade)
    core = core or brand + trade
    if not core:
        return None
    region, region_words = _folded_region(found.region_text) if found.region_text else ("", "")
    return Name(
        full,
        core,
        brand or core,
        trade,
        found.region,
        found.form,
        found.kind,
        branch_key(found.branch or office),
        found.branch_kind or ("办事处" if office else ""),
        (found.group or found.form == "集团") and not latin,  # in letters it is a word of the name like others
        found.number_mark,
        latin,
        # In a name without a form a county read at its head may as well be the brand (海康威视).
        core if found.form or not region else region + core,
        region_words,
        role,
        _words(found) if latin else (),
    )


@lru_cache(1 << 14)
def _folded_region(text: str) -> tuple[str, str]:
    """A region as it is compared, and the same without the words for province, city, county."""
    folded = match_form(text)
    return folded, _without_levels(folded)


def _words(found: Organisation) -> tuple[str, ...]:
    """The name of a country is a word like others, for the houses of one company in two countries are two; and so is
    a form that says what something is: the fund of a bank is not the bank."""
    country = "" if found.region else found.region_text
    kind = found.form if found.form in DESCRIPTIVE else ""
    words = name_words(f"{found.brand if found.brand != country else ''} {found.trade} {kind} {country}")
    return (*words, found.number_mark) if found.number_mark else words


def read_placed(text: str, role: str, towns: tuple[tuple[str, str], ...]) -> Name | None:
    """Parse a name with the towns of the record's own address in mind, as (name without its level, region code).

    A town may stand where no parser expects one (诚鹏珠海机械有限公司); whose address is there, means that town.
    """
    name = read_name(text, role)
    if name is None or name.region:
        return name
    for town, region in towns:
        at = name.core.find(town)
        if at > 0 and len(name.core) - len(town) >= 3:
            again = read_name(fold_width(text).replace(town, "", 1), role)
            if again is not None:
                return again._replace(region=region, region_text=town, full=name.full)
    return name


def unit(name: Name) -> str:
    """What a name says but for region and form: two records with one unit are one company or namesakes."""
    return "/".join((name.core, name.mark, name.branch, name.branch_kind, "group" if name.group else ""))


def also_called(text: str) -> tuple[str, ...]:
    """Names that a name carries in brackets: a former one, one in another script."""
    found = parse_organisation(text)
    return tuple(filter(None, (found.former, found.alias)))


def _without_accents(text: str) -> str:
    found = plain.compact(text)
    return found if found.isascii() else match_form(found)


def _without_levels(text: str) -> str:
    """A place, or a name with places in it, without the words for province, city, county."""
    return text.translate(_NO_LEVELS)


_NO_LEVELS = dict.fromkeys(map(ord, "省市县区"))


def exchanged(a: Name, b: Name) -> bool:
    """Whether two long names differ by two neighbours that changed places while typing.

    Not in a brand of two: 大华 and 华大 are two brands more often than one typed badly.
    """
    if len(a.full) < 8 or a.full == b.full or _turned(a, b):
        return False
    return sorted(a.full) == sorted(b.full) and OSA.distance(a.full, b.full, score_cutoff=1) == 1


def _turned(a: Name, b: Name) -> bool:
    return len(a.brand) == 2 and a.brand != b.brand and a.brand == b.brand[::-1]


_series = re.compile("[0-9零〇一二三四五六七八九十ivxⅰ-ⅿ]([期号])")


def series(name: Name) -> str:
    """What the numbers of a name count: the first phase (一期) of a fund is not its number one (一号)."""
    return "".join(_series.findall(name.full)) if name.mark else ""


def registered_elsewhere(a: Name, b: Name) -> str:
    """How the regions in two whole names set them apart: "another place", "another level" or "".

    浙江天成 and 杭州天成 are two companies of one town, registered at two levels, and so are 长沙市天成 and 长沙县天成.
    A name that says both (浙江杭州天成) may be either; a short name may be anything. What a group, or the house of a
    whole country (示例(中国)), calls by a town is another company of the family.
    """
    if not all(name.form or name.kind == "individual" or _is_public(name) for name in (a, b)):
        return ""
    if brand_read_as_place(a, b) or brand_read_as_place(b, a):
        return ""
    if a.region != b.region and (_house_of(a) != _house_of(b) or _HOME in (a.region_text, b.region_text)):
        return "another place"
    if not (a.region and b.region):
        return ""
    held = a.region_text in b.region_text or b.region_text in a.region_text
    if a.region == b.region:
        here, there = ("", "") if held else (_locality(a), _locality(b))
        return "another place" if here and there and not (here in there or there in here) else ""
    if a.region_text == b.region_text:
        levels = {_typed_region(name)[-1:] for name in (a, b)}
        return "another level" if len(levels) == 2 and levels <= set(_LEVELS) else ""
    one, two = (region.rstrip("0").ljust(2, "0") for region in (a.region, b.region))
    if not (one.startswith(two) or two.startswith(one)):
        return "another place"
    return "" if held else "another level"


_HOME = "中国"
_LEVELS = "省市县区"


def brand_read_as_place(name: Name, other: Name) -> bool:
    """Whether a county without its level was read at the head of a name, and it begins the other's brand (海康威视)."""
    text = name.region_text
    begins = bool(text) and name.region != other.region and other.core.startswith(text + name.brand)
    return begins and _typed_region(name) == text


def _typed_region(name: Name) -> str:
    """The region as it stands in the name, with its levels: 嘉兴市南湖区建设街道."""
    found = re.search(f"[{_LEVELS}]?".join((*map(re.escape, name.region_text), "")), name.full)
    return found[0] if found else ""


def _locality(name: Name) -> str:
    """A zone or township behind the region: 工业园 in 苏州工业园区, 团旺镇 in 莱阳市团旺镇."""
    text = _typed_region(name)
    found = walk(text, 0) if text else None
    return _without_levels(text[found.end :]) if found else ""


def _house_of(name: Name) -> str:
    """The town behind the word for a group: 武汉 in 示例集团武汉有限公司 is one of its companies."""
    if not name.region_text or not ("集团" in name.full or "控股" in name.full):
        return ""
    full = _without_levels(name.full)
    return name.region_text if any(word + name.region_text in full for word in ("集团", "控股")) else ""


_public = re.compile("(?:中心|院|局|所|站|委员会|协会|学|校|馆|政府|委|办公室)$")


def _is_public(name: Name) -> bool:
    """A body whose place is most of its name: 茂名市疾病预防控制中心."""
    return name.kind == "public" or bool(not name.form and len(name.core) >= 4 and _public.search(name.core))


def branch_key(text: str) -> str:
    """Place and number of a branch without the words that come and go: 杭州市第一 and 杭州第一 are one."""
    if not text:
        return ""
    key = match_form(text)
    for ending in ("分公司", "分店", "分行", "支行", "分部", "分厂"):
        key = key.removesuffix(ending)
    return "".join(each for each in key if each not in "市省区县第")


def subsequence(short: str, long: str) -> bool:
    """Whether the characters of `short` stand in `long` in this order, as those of most short names do."""
    rest = iter(long)
    return all(character in rest for character in short)


def likeness_of_brands(a: Name, b: Name) -> str:
    """How two brands (with what stands around them) relate: equal, sound, slip, another character, start,
    end, short, different, or for
    two scripts transliterated or other script."""
    if a.latin != b.latin:
        return _across_scripts(a, b)
    if a.brand == b.brand or a.core == b.core or a.full == b.full:
        return "equal"  # the border between brand and trade is a guess: 海康 + 威视数字 may be 海康威视 + 数字
    if a.latin:
        return _latin_likeness(a, b)
    if len(a.brand) == len(b.brand) and alike(a.brand, b.brand):
        return "sound"
    if min(len(a.brand), len(b.brand)) >= 3 and OSA.distance(a.brand, b.brand, score_cutoff=1) == 1:
        return "another character"  # 天一达 and 天一通 are two brands more often than one typed badly
    if min(len(a.core), len(b.core)) >= 5 and OSA.distance(a.core, b.core, score_cutoff=1) == 1:
        return "slip" if a.trade != b.trade else "slip of two" if len(a.brand) == len(b.brand) == 2 else "slip"
    if _without_levels(a.full) == _without_levels(b.full) or _without_levels(a.core) == _without_levels(b.core):
        return "equal"
    if _turned(a, b):
        return "slip of two" if a.trade and a.trade == b.trade else "different"
    more = len(a.full) - len(b.full)
    if (more == 0 and len(a.full) >= 8 and sorted(a.full) == sorted(b.full)) or (
        more in (-1, 1) and min(len(a.full), len(b.full)) >= 8
        and OSA.distance(a.full, b.full, score_cutoff=1) == 1
        and not (a.form and b.form and a.trade and a.trade == b.trade)
    ):  # fmt: skip
        return "slip"  # characters exchanged or doubled, perhaps in the place, so that it was not read as one
    if _begins(a, b) or _begins(b, a):
        return "start"
    short, long = (a, b) if (len(a.core), a.core) <= (len(b.core), b.core) else (b, a)
    if len(short.core) >= 3 and 2 <= len(long.core) - len(short.core) <= 4 and long.core.endswith(short.core):
        return "end"  # a place that was not read as one stands in front
    if len(short.core) >= 5 and len(short.core) >= 0.7 * len(long.core) and subsequence(short.core, long.core):
        return "end"  # a few characters got lost
    if len(short.core) >= 2 and not short.form and subsequence(short.core, long.core):
        return "short"
    if len(a.brand) == len(b.brand) == 2 and a.trade and a.trade == b.trade and OSA.distance(a.brand, b.brand) == 1:
        return "slip of two"
    return "different"


def _begins(short: Name, long: Name) -> bool:
    """Whether one name begins with what may be the other's brand.

    Two whole names with a trade each say where their brands end: 天成科技 and 天成达科技 are two.
    """
    if short.form and long.form and short.trade and long.trade:
        return long.core.startswith(short.core)
    return long.core.startswith((short.brand, short.whole)) or long.whole.startswith(short.brand)


def other_rest(a: Name, b: Name) -> bool:
    """Whether one of two names has a trade, and the other, in which none was read, has not one character of it behind
    the brand in common: 琰帛穆物流 and 琰帛穆供应链管禹."""
    if bool(a.trade) == bool(b.trade):
        return False
    one, two = (a, b) if a.trade else (b, a)
    rest = two.core[len(one.brand) :]
    return two.core.startswith(one.brand) and len(rest) > 1 and not set(rest) & set(one.trade)


def _across_scripts(a: Name, b: Name) -> str:
    latin, chinese = (a, b) if a.latin else (b, a)
    spelled = sound(chinese.brand)
    heard = sound(latin.core)
    return "transliterated" if len(spelled) >= 4 and heard.startswith(spelled) else "other script"


def _latin_likeness(a: Name, b: Name) -> str:
    near = max(OSA.normalized_similarity(a.core, b.core), Indel.normalized_similarity(a.core, b.core))
    if near >= 0.9:
        return "slip"
    short, long = sorted((a.core, b.core), key=lambda core: (len(core), core))
    return "start" if len(short) >= 5 and long.startswith(short) else "different"


# Words that people take one for the other at the end of a trade.
_SAME = (("技术", "科技"), ("商贸", "贸易"), ("经贸", "贸易"), ("货运", "运输"), ("制造", "制品"))


def _general(trade: str) -> str:
    for word, meant in _SAME:
        if trade.endswith(word):
            return trade.removesuffix(word) + meant
    return trade


def likeness_of_trades(a: Name, b: Name) -> str:
    """equal, part, close, different, or "" when one name says no trade."""
    one, two = a.trade, b.trade
    if not one or not two:
        return ""
    if one == two:
        return "equal"
    if not a.latin and _general(one) == _general(two):
        return "close"
    short, long = sorted((one, two), key=lambda trade: (len(trade), trade))
    if subsequence(short, long):
        return "part"
    if len(one) == len(two) and not a.latin and sound(one) == sound(two):
        return "close"
    if OSA.distance(one, two) == 1 and len(short) >= 3:
        return "close"
    return "different"
