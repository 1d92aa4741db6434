"""Folds the many ways to type one text into one: width, brackets, script, case.

`fold_width` is safe for names that are kept; `simplify` and `match_form` are for keys that are compared and thrown
away, because simplifying changes the meaning of about one registered name in two hundred (乾, 昇).
All three are idempotent.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any
from unicodedata import category, is_normalized, normalize

from goldbridge.text.table import lines

_MEMO = 1 << 16

# Brackets that people use for the same purpose as round ones; quotes and book-title marks are left alone.
_BRACKETS = str.maketrans("〔〕【】〖〗〘〙❨❩❲❳⟮⟯⦅⦆⁅⁆", "()()()()()()()()()")
_bracket = re.compile("[〔〕【】〖〗〘〙❨❩❲❳⟮⟯⦅⦆⁅⁆]")

# NFKC would turn Ⅱ into the letters II, and then fund Ⅱ reads like fund 11: Roman numerals are cut out and put back.
_roman = re.compile("([\u2160-\u217f]+)")

# Control and format characters that nobody sees. Joiners are letters' business in Arabic and Indic scripts.
_invisible = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0100-\U000e01ef]|(?<![\u0600-\u0dff])[\u200c\u200d]"
)


# Printable ASCII and the Chinese characters that everybody uses: what is made of these alone needs no folding.
_plain = re.compile("[ -~\u4e00-\u9fa5]*")


def fold_width(text: str) -> str:
    """Full-width to half-width (NFKC), brackets to round ones, invisible characters dropped, Roman numerals kept."""
    return text if _plain.fullmatch(text) else _folded(text)


@lru_cache(_MEMO)
def _folded(text: str) -> str:
    if _invisible.search(text):
        text = _invisible.sub("", text)
    if not is_normalized("NFKC", text):
        text = "".join(part if index % 2 else normalize("NFKC", part) for index, part in enumerate(_roman.split(text)))
    return text.translate(_BRACKETS) if _bracket.search(text) else text


@cache
def _traditional() -> re.Pattern[str]:
    # All of the supplementary planes are asked about: a class with single ones of them is searched one by one.
    common = "".join(each for each in "".join(lines("traditional.txt")) if each <= "\uffff")
    return re.compile(f"[{common}\U00020000-\U0003ffff]")


def is_settled(text: str) -> bool:
    """Whether folding its width and simplifying its script certainly leave a text as it is, as they do most."""
    return _settled().fullmatch(text) is not None


@cache
def _settled() -> re.Pattern[str]:
    return re.compile(f"[ -~{_simple()}]*")


@cache
def _simple() -> str:
    """The Chinese characters that everybody uses and no conversion changes, as ranges of a class."""
    changed = sorted(ord(each) for each in "".join(lines("traditional.txt")) if "\u4e00" <= each <= "\u9fa5")
    gaps = pairwise((0x4DFF, *changed, 0x9FA6))
    return "".join(f"{chr(before + 1)}-{chr(after - 1)}" for before, after in gaps if after - before > 1)


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional to simplified script, for match keys only; most texts have nothing to convert and return at once."""
    return _simplified(text) if _traditional().search(text) else text


@lru_cache(_MEMO)
def _simplified(text: str) -> str:
    # Converted until nothing changes: a phrase rule may keep a character (乾縣 -> 乾县) that the same text, typed
    # in simplified script, would lose; both must end in one key.
    for _ in range(4):
        before, text = text, _converter().convert(text)
        if text == before:
            break
    return text


class _Kept(dict[int, str | None]):
    """A translation table that learns: letters, digits, marks and + stay, punctuation, blanks and signs go."""

    def __missing__(self, code: int) -> str | None:
        kept = chr(code) if code == 0x2B or category(chr(code))[0] in "LNM" else None
        self[code] = kept
        return kept


_kept = _Kept()


def is_key(text: str) -> bool:
    """Whether a text is its own match form for certain, and so is every part of it."""
    return _keys().fullmatch(text) is not None


@cache
def _keys() -> re.Pattern[str]:
    return re.compile(f"[0-9a-z{_simple()}]*")


def match_form(text: str) -> str:
    """The key under which two spellings of one text meet: folded, simplified, casefolded, no punctuation, no blanks."""
    return text if is_key(text) else _match_form(text)


@lru_cache(_MEMO)
def _match_form(text: str) -> str:
    if text.isascii():
        return text.lower().translate(_kept)
    text = fold_width(text).casefold()
    if not text.isalnum():
        text = text.translate(_kept)
    text = simplify(text)  # last, for phrases decide (沈默) and punctuation must not part them
    return text if text.isascii() else fold_width(text)  # what casefolding took apart (İ) is put together again
