"""Numbers in names that part namesakes: 第八工程局, 三建, 二号基金, Ⅱ期 and II期.

三一, 一汽 and 七匹狼 are brands that look like numbers: a number counts only with the word that makes it one.
"""

from __future__ import annotations

import re
from unicodedata import normalize

from goldbridge.text.money import numeral

_number = "[零〇一二三四五六七八九十百壹贰叁肆伍陆柒捌玖拾]{1,4}|[0-9]{1,4}"
_mark = re.compile(
    rf"第({_number})"
    rf"|(?<=.)(?<![0-9一二三四五六七八九十])({_number})(?=[号期#](?!店|车|线|码|刊|货|望))"
    r"|(?<![一二三四五六七八九十第])([一二三四五六七八九十]{1,3})(?=(?:[局冶]|建(?![设筑材])|航局|化建|工程局|公司|分公司|厂|中$|小$))"
    r"|([\u2160-\u217f]+|(?<![A-Z0-9])[IVX]{1,5}(?=[期号]))"
)
_numeral = re.compile("[零〇一二三四五六七八九十百壹贰叁肆伍陆柒捌玖拾0-9\u2160-\u217fIVX]")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def mark_of(key: str) -> str:
    """The numbers of a name in digits, in their order, parted by commas; "" for none."""
    if not _numeral.search(key):
        return ""
    found = []
    for match in _mark.finditer(key):
        text = match[1] or match[2] or match[3]
        value = roman(match[4]) if match[4] else int(text) if text.isdecimal() else _chinese(text)
        if value is not None:
            found.append(str(value))
    return ",".join(found)


def without_ordinals(key: str) -> list[tuple[int, int]]:
    """The places of the numbers that stand apart from the brand (第八, 二号, Ⅱ期; not the 八 of 中建八局)."""
    found = []
    for match in _mark.finditer(key):
        if not match[3] and not (match[4] and roman(match[4]) is None):
            end = match.end() + (1 if key[match.end() : match.end() + 1] in ("号", "期", "#") else 0)
            found.append((match.start(), end))
    return found


def _chinese(text: str) -> int | None:
    value = numeral(text)
    return int(value) if value is not None else None


def roman(text: str) -> int | None:
    """The value of a Roman numeral, in letters or in the signs made for them (Ⅱ); None when it is not one."""
    letters = text.upper() if text.isascii() else normalize("NFKC", text).upper()
    if not letters or not _ROMAN.keys() >= set(letters):
        return None
    total = 0
    for at, letter in enumerate(letters):
        value = _ROMAN[letter]
        total += -value if at + 1 < len(letters) and _ROMAN[letters[at + 1]] > value else value
    return total if _written(total) == letters else None


def _written(value: int) -> str:
    text = ""
    for size, letters in (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
        (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ):  # fmt: skip
        text += letters * (value // size)
        value %= size
    return text
