"""The list of transforms that `via:` knows, and the general ones: text and lists.

Values of the trade (amounts, times, codes) are in functions_value.py, what companies are described by in
functions_party.py. A transform is pure; changing what one returns means raising `EDITION`, because records already
landed were mapped by the old one.
"""

from __future__ import annotations

import json as json_text
import re
from collections.abc import Mapping
from typing import Any

from goldbridge.mapping.functions_party import PARTY
from goldbridge.mapping.functions_value import VALUE
from goldbridge.mapping.quick import fold
from goldbridge.mapping.transform import Argument, Function, Listing, Sample, Transform
from goldbridge.mapping.value import Invalid, Texts, has_value, marked, plain_text
from goldbridge.mapping.whole import Whole, always, folded
from goldbridge.text.fold import fold_width

EDITION = 1
"""Part of every mapping's revision."""

TEXT = Listing()

TEXT.add(
    "trim",
    str.strip,
    "Cut blanks off both ends, full-width and non-breaking ones too.",
    whole=always,
    samples=(Sample("　上海示例有限公司 ", "上海示例有限公司"), Sample(" ", "")),
)
TEXT.add(
    "upper",
    str.upper,
    "Capital letters.",
    whole=always,
    samples=(Sample("91310000ma1fl0xt4t", "91310000MA1FL0XT4T"),),
)
TEXT.add(
    "lower",
    str.lower,
    "Small letters.",
    whole=always,
    samples=(Sample("Info@Example.COM", "info@example.com"),),
)
TEXT.add(
    "fold_width",
    fold,
    "Full-width letters, digits and brackets become half-width, invisible characters go; Roman numerals stay.",
    whole=folded,
    samples=(Sample("上海示例（集团）有限公司Ａ", "上海示例(集团)有限公司A"), Sample("基金Ⅱ期", "基金Ⅱ期")),
)

_blanks = re.compile(r"\s+")


@TEXT(samples=(Sample("Example  Trading　Ltd", "Example Trading Ltd"),))
def collapse(text: str) -> str:
    """Every run of blanks becomes one blank."""
    return _blanks.sub(" ", text)


_not_digits = re.compile(r"[^0-9]+")


@TEXT(samples=(Sample("(0571) 8765-4321", "057187654321"), Sample("１２３", "123"), Sample("无", "")))
def digits(text: str) -> str:
    """Only the digits, full-width ones as plain ones."""
    return text if text.isdecimal() and text.isascii() else _not_digits.sub("", fold_width(text))


_BLANK_WORDS = """
    无 暂无 没有 空 未知 不详 未填 未填写 待补充 待定 不清楚
    na n/a n.a. none null nil nan unknown undefined empty tbd #n/a #null! (null) <null> [null] \\n
    / \\ . 。 ? ？ * … ...
"""
_MARKERS = frozenset(_BLANK_WORDS.split())
_dashes = re.compile(r"[-‐‑‒–—―−－_=~～·]+")


def _is_blank(text: str) -> bool:
    text = text.strip()
    return not text or (len(text) <= 9 and (text.lower() in _MARKERS or _dashes.fullmatch(text) is not None))


# A text that begins with none of these is none of the words.
_STARTS = frozenset(
    [*(word[0] for word in _MARKERS), *(word[0].upper() for word in _MARKERS), *"-‐‑‒–—―−－_=~～·"]
    + [chr(code) for code in range(0x3001) if chr(code).isspace()]
)


def _nothing_said(function: Function) -> Whole:
    def whole(texts: Texts, *markers: str | list[str]) -> list[str]:
        if markers:
            return [function(text, *markers) for text in texts]
        return marked([function(text) if text[0] in _STARTS else text for text in texts])

    return whole


@TEXT(
    whole=_nothing_said,
    argument=Argument("further markers", "texts", required=False),
    samples=(Sample("-", ""), Sample("无", ""), Sample("N/A", ""), Sample("0", "0"), Sample("同上", "", "同上")),
)
def blank(text: str, markers: str | list[str] = "") -> str:
    """What people type to say "nothing" (-, 无, 暂无, N/A, null, ...) becomes empty; further markers may be named."""
    if not markers and len(text) > 9 and not (text[0].isspace() or text[-1].isspace()):
        return text  # too long for any of the words
    if _is_blank(text) or (markers and text.strip() in ([markers] if isinstance(markers, str) else markers)):
        return ""
    return text


@TEXT(argument=Argument("length", "integer"), samples=(Sample("上海示例有限公司", "上海示例", 4),))
def truncate(text: str, length: int) -> str:
    """At most so many characters."""
    return text[:length].rstrip() if len(text) > length else text


@TEXT(argument=Argument("length", "integer"), samples=(Sample("571", "0571", 4), Sample("33011", "033011", 6)))
def pad(text: str, length: int) -> str:
    """Zeros in front up to a length: what a spreadsheet took from a code."""
    return text.rjust(length, "0")


@TEXT(argument=Argument("text", "text"), samples=(Sample("10086", "C-10086", "C-"),))
def prefix(text: str, before: str) -> str:
    """A text in front."""
    return before + text


@TEXT(argument=Argument("text", "text"), samples=(Sample("300", "300万元", "万元"),))
def suffix(text: str, after: str) -> str:
    """A text behind."""
    return text + after


@TEXT(
    argument=Argument("beginnings", "texts"),
    samples=(Sample("客户:甲公司", "甲公司", "客户:"), Sample("甲公司", "甲公司", ["客户:", "客户："])),
)
def strip_prefix(text: str, beginnings: str | list[str]) -> str:
    """Take one of these beginnings off, if it is there."""
    for beginning in [beginnings] if isinstance(beginnings, str) else beginnings:
        if text.startswith(beginning):
            return text[len(beginning) :]
    return text


@TEXT(
    argument=Argument("endings", "texts"),
    samples=(Sample("甲公司(停用)", "甲公司", "(停用)"), Sample("甲公司", "甲公司", ["(停用)", "(作废)"])),
)
def strip_suffix(text: str, endings: str | list[str]) -> str:
    """Take one of these endings off, if it is there."""
    for ending in [endings] if isinstance(endings, str) else endings:
        if text.endswith(ending):
            return text[: -len(ending)]
    return text


@TEXT(argument=Argument("replacements", "table"), samples=(Sample("甲；乙", "甲;乙", {"；": ";"}),))
def replace(text: str, table: Mapping[str, str]) -> str:
    """Replace texts by texts, in the order written."""
    for old, new in table.items():
        text = text.replace(old, new)
    return text


@TEXT(
    argument=Argument("separators", "texts"),
    gives="list",
    samples=(Sample("甲; 乙;;丙", ["甲", "乙", "丙"], ";"), Sample("甲、乙/丙", ["甲", "乙", "丙"], ["、", "/"])),
)
def split(text: str, separators: str | list[str]) -> list[str]:
    """Cut into a list at a separator (or several); parts are trimmed, empty ones go. Later transforms take each
    part."""
    parts = [text]
    for separator in [separators] if isinstance(separators, str) else separators:
        parts = [piece for part in parts for piece in part.split(separator)]
    return [part for part in map(str.strip, parts) if part]


@TEXT(takes="list", gives="any", samples=(Sample(["甲", "乙"], "甲"), Sample([], "")))
def first(items: list[Any]) -> Any:
    """The first value of a list."""
    return next((item for item in items if has_value(item)), "")


@TEXT(takes="list", gives="any", samples=(Sample(["甲", "乙"], "乙"),))
def last(items: list[Any]) -> Any:
    """The last value of a list."""
    return next((item for item in reversed(items) if has_value(item)), "")


@TEXT(takes="list", gives="list", samples=(Sample(["b", "a", "b"], ["a", "b", "b"]),))
def sort(items: list[Any]) -> list[Any]:
    """The list in order of its texts, for sources that give it in a different order each time."""
    return sorted(items, key=str)


@TEXT(
    takes="list",
    argument=Argument("separator", "text"),
    samples=(Sample(["甲", "乙"], "甲;乙", ";"), Sample([1, 2], "1,2", ",")),
)
def concat(items: list[Any], separator: str) -> str | Invalid:
    """The values of a list as one text."""
    texts = [plain_text(item) for item in items if has_value(item)]
    wrong = next((text for text in texts if isinstance(text, Invalid)), None)
    return wrong or separator.join(map(str, texts))


@TEXT(
    takes="list",
    gives="list",
    argument=Argument("member", "text"),
    samples=(Sample([{"Name": "甲", "ChangeDate": "2015-03-01"}, {"Name": ""}], ["甲"], "Name"),),
)
def pluck(items: list[Any], member: str) -> list[Any]:
    """One member of each group in a list."""
    found = [item.get(member) for item in items if isinstance(item, dict)]
    return [value for value in found if has_value(value)]


@TEXT(gives="any", samples=(Sample('["甲","乙"]', ["甲", "乙"]), Sample("{", Invalid("the text is not JSON"))))
def json(text: str) -> Any:
    """What a JSON text inside a text says; integers beyond 64 bits and decimals stay text."""
    if len(text) > 1_000_000:
        return Invalid("a JSON text of more than a million characters")
    try:
        return json_text.loads(text, parse_float=str, parse_int=_whole, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Invalid("the text is not JSON")


def _whole(text: str) -> int | str:
    return int(text) if len(text) < 19 else text


def _no_number(text: str) -> Any:
    raise ValueError(text)


TRANSFORMS: Mapping[str, Transform] = {**TEXT.all, **VALUE.all, **PARTY.all}
"""Every transform by name."""
