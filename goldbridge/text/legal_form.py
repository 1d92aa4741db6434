"""Legal forms of organisations: Chinese ones by suffix, all others by a table of words.

Canonical Chinese forms leave out what law does not part: 有限责任公司 is a 有限公司, a 集团 is marked elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from goldbridge.text.fold import fold_width
from goldbridge.text.table import by_ending, ending_of, lines, rows

_PUBLIC = re.compile(
    r"(?:人民政府|委员会|管委会|居委会|村委会|办公室|[^格]局|公安厅|[^餐展客歌舞营展]厅|检察院|法院|大学|学院|学校|中学|小学|"
    r"幼儿园|党校|医院|卫生院|卫生室|卫生服务中心|卫生服务站|防疫站|研究院|研究所|设计院|科学院|实验室|协会|学会|商会|联合会|"
    r"促进会|研究会|联谊会|理事会|基金会|工会|总会|出版社|杂志社|报社|电视台|广播电台|图书馆|博物馆|档案馆|文化馆|纪念馆|"
    r"美术馆|体育馆|科技馆|社区|教会|教堂|寺|庙|福利院|敬老院|派出所|税务所|监狱|部队|海关|支队|大队|人民团体|中心小学|"
    r"服务中心|管理中心|活动中心|管理处|管理所|管理站|工作站|监测站|气象站|居民小组|村民小组|业主大会)$"
)
_INDIVIDUAL = re.compile(
    r"(?:超市|便利店|饭店|餐馆|餐厅|面馆|酒楼|酒家|火锅|小吃|烧烤|药房|药店|诊所|门诊部|网吧|酒吧|茶楼|茶馆|旅馆|宾馆|客栈|"
    r"民宿|理发|美发|美容|美甲|照相馆|影楼|文具|水果|服装|童装|百货|五金|建材|干洗|洗衣|汽修|修理|驾校|养殖场|种植园|牧场|"
    r"林场|棋牌室|台球|KTV|馆|坊|屋|阁|轩|斋|行|部|室|站|堂|庄|吧|园|摊|铺)$"
)


class Form(NamedTuple):
    """A legal form found at the end of a name: where it begins, its canonical name, the kind of organisation."""

    start: int
    canonical: str
    kind: str


@cache
def _chinese() -> dict[str, tuple[str, str]]:
    """Ending -> canonical form, kind."""
    return {ending: (canonical, kind) for ending, canonical, kind in rows("legal_forms_chinese.csv")}


@cache
def _chinese_endings() -> dict[str, tuple[str, ...]]:
    return by_ending(_chinese())


_WORKS = ("化工厂", "电工厂", "重工厂", "精工厂", "木工厂", "军工厂", "轻工厂", "手工厂", "机工厂")
"""A 化工厂 is a 厂 for 化工, not a 工厂 for 化."""


def chinese_form(key: str) -> Form | None:
    """The legal form at the end of a name (folded, simplified), or None."""
    if key.endswith("有限公司"):  # two names in three
        size = 6 if key.endswith("股份有限公司") else 4
        return Form(len(key) - size, key[-size:], "company")
    ending = ending_of(key, _chinese_endings())
    if not ending:
        return None
    if ending == "工厂" and key.endswith(_WORKS):
        ending = "厂"
    return Form(len(key) - len(ending), *_chinese()[ending])


_LEADING_CJK = (
    ("株式会社", "株式会社"),
    ("有限会社", "有限会社"),
    ("合同会社", "合同会社"),
    ("주식회사", "株式会社"),
    ("유한회사", "有限会社"),
    ("(株)", "株式会社"),
    ("(주)", "株式会社"),
)


_LEADING_FIRST = frozenset(form[0] for form, _ in _LEADING_CJK)


def leading_form(key: str) -> tuple[str, int]:
    """A form that stands first (株式会社示例): canonical name and length, or ("", 0)."""
    if key[:1] not in _LEADING_FIRST:
        return "", 0
    for form, canonical in _LEADING_CJK:
        if key.startswith(form) and len(key) > len(form):
            return canonical, len(form)
    return "", 0


def kind_without_form(key: str) -> str:
    """The kind of an organisation whose name ends in no legal form: public, individual or other."""
    if _PUBLIC.search(key):
        return "public"
    return "individual" if _INDIVIDUAL.search(key) else "other"


_MARKLESS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d", "'": None, "’": None}
)


@lru_cache(1 << 15)
def plain(word: str) -> str:
    """A word as the table of forms spells it: casefolded, without marks and apostrophes."""
    word = word.casefold()
    if word.isascii():
        return word.replace("'", "") if "'" in word else word
    word = unicodedata.normalize("NFKD", word).translate(_MARKLESS)
    return "".join(
        character for character in word if not unicodedata.combining(character) or "\u0e00" <= character <= "\u0e7f"
    )


_MARKS = "\u0300-\u036f\u0590-\u05c7\u064b-\u065f\u0900-\u0dff\u0e31\u0e34-\u0e4e"
WORD = re.compile(rf"(?:[^\W_]+|[{_MARKS}])(?:[{_MARKS}]+[^\W_]*)*(?:['’/\"](?:[^\W_]+|[\u0e31\u0e34-\u0e4e])+)*|&")
"""A word of a name in any alphabet; S.p.A. is three, A/S and Moody's are one."""


@cache
def _table() -> dict[tuple[str, ...], str]:
    """Words of a form -> its canonical name."""
    found: dict[tuple[str, ...], str] = {}
    for form, canonical, _ in rows("legal_forms.csv"):
        words = tuple(plain(word) for word in WORD.findall(fold_width(form)))
        if words:
            found.setdefault(words, canonical)
    return found


@cache
def _sizes() -> dict[str, tuple[int, ...]]:
    """Last word of a form -> how many words such forms have, the longest first."""
    found: dict[str, set[int]] = {}
    for form in _table():
        found.setdefault(form[-1], set()).add(len(form))
    return {word: tuple(sorted(sizes, reverse=True)) for word, sizes in found.items()}


LEADING = {
    "pt": "PT",
    "ooo": "OOO",
    "ооо": "OOO",
    "ао": "AO",
    "оао": "AO",
    "зао": "AO",
    "пао": "AO",
    "тоо": "TOO",
    "тов": "TOV",
    "ип": "IP",
    "uab": "UAB",
    "sia": "SIA",
    "oy": "Oy",
    "stichting": "Stichting",
    "บริษัท": "Co Ltd",
    "osauhing": "OÜ",
    "aktsiaselts": "AS",
    "fondation": "Foundation",
    "fundacion": "Foundation",
    "stiftung": "Foundation",
    "cong ty tnhh": "TNHH",
    "cong ty co phan": "JSC",
}
"""Forms that stand before the name."""


def latin_form(tokens: list[str]) -> tuple[int, str]:
    """How many words at the end of a name are its legal form, and the canonical name; (0, "") for none. At least one
    word is left for the name."""
    for size in _sizes().get(tokens[-1], ()) if len(tokens) > 1 else ():
        canonical = _table().get(tuple(tokens[-size:])) if size < len(tokens) else None
        if canonical:
            return size, canonical
    return 0, ""


_LEADING_WORDS = frozenset(form.split()[0] for form in LEADING)


def leading_latin_form(tokens: list[str]) -> tuple[int, str]:
    """How many words at the start are a legal form, and the canonical name; (0, "") for none."""
    if not tokens or tokens[0] not in _LEADING_WORDS:
        return 0, ""
    for size in (4, 3, 1):
        if len(tokens) > size:
            canonical = LEADING.get(" ".join(tokens[:size]))
            if canonical:
                return size, canonical
    return 0, ""


DESCRIPTIVE = frozenset(("Fund", "Sub-Fund", "ETF", "Trust", "SP", "Branch"))
"""Forms that are words like others: X Fund and X Trust are two, and neither is X."""


@cache
def _groups() -> dict[str, frozenset[int]]:
    """Canonical form -> the lines of forms written one for another that it stands in."""
    found: dict[str, set[int]] = {}
    for number, line in enumerate(lines("legal_form_groups.txt")):
        for form in line.split(";"):
            found.setdefault(form.strip(), set()).add(number)
    return {form: frozenset(numbers) for form, numbers in found.items()}


_ANY_COMPANY = frozenset(("Co", "公司"))


def forms_agree(one: str, other: str) -> bool:
    """Whether people write one of these forms for the other; X Company may be any of them."""
    if one == other or one in _ANY_COMPANY or other in _ANY_COMPANY:
        return True
    nothing: frozenset[int] = frozenset()
    return not _groups().get(one, nothing).isdisjoint(_groups().get(other, nothing))


@cache
def form_words() -> dict[str, frozenset[str]]:
    """Canonical form -> all words that its spellings have, from three letters on, and each spelling as one word."""
    found: dict[str, set[str]] = {}
    for words, canonical in _table().items():
        found.setdefault(canonical, set()).update(("".join(words), *(word for word in words if len(word) > 2)))
    return {form: frozenset(words) for form, words in found.items()}
