"""The plain form of a value that no parser knows: what is compared when a column is only text, a code or a date.

Every function maps one raw text to its plain form, "" when it says nothing; they are pure and remembered, because
the values of a column repeat.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from unicodedata import normalize

from goldbridge.text.code import is_placeholder
from goldbridge.text.date import parse_date
from goldbridge.text.fold import fold_width, is_key, simplify

_MEMO = 1 << 17
_word = re.compile(r"[^\W_]+")
_accent = re.compile("[\u0300-\u036f]+")
_digits = re.compile(r"\d+")
_number = re.compile(r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?")


@lru_cache(_MEMO)
def words(text: str) -> str:
    """Letters and digits of any script in words, folded, without accents: `Barbar&#225;, D.` -> `barbara d`."""
    if is_key(text):
        return "" if is_placeholder(text) else text
    if not text.isascii() or "&" in text:
        text = simplify(fold_width(html.unescape(text)))
    if is_placeholder(text):
        return ""
    text = text.casefold()
    if not text.isascii():
        # Accents go: half the systems cannot keep them. Marks of other scripts stay, there they make another letter.
        text = normalize("NFC", _accent.sub("", normalize("NFKD", text)))
    if not text.isalnum():
        text = " ".join(_word.findall(text))
    return text


def compact(text: str) -> str:
    """A code: letters and digits only, no blanks."""
    if text.isascii() and "&" not in text:
        return "" if is_placeholder(text) else "".join(_word.findall(text.lower()))
    return words(text).replace(" ", "")


@lru_cache(_MEMO)
def day(text: str) -> str:
    """A date as eight digits; what is no date of the calendar (1853-01-81) keeps its digits, as typed."""
    found = parse_date(text)
    if found:
        return f"{found.year:04}{found.month:02}{found.day:02}"
    return "".join(_digits.findall(fold_width(text)))


@lru_cache(_MEMO)
def quantity(text: str) -> str:
    """A number without separators and needless zeros, "" for anything else."""
    folded = fold_width(text).strip()
    if not _number.fullmatch(folded):
        return ""
    whole, _, fraction = folded.replace(",", "").lstrip("+").partition(".")
    sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    fraction = fraction.rstrip("0")
    plain = (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
    return plain if plain == "0" else sign + plain
