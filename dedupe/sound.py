"""How text sounds, for names typed by ear: pinyin without tones, with the usual confusions folded.

A Chinese brand and the same brand in Latin letters (西博, Xibo) sound alike, so they meet under one key.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

# Sounds that half the country does not tell apart: zh/z, ch/c, sh/s, and -ng/-n. Folded in the joined text, so that
# the borders of syllables, which Latin spelling does not show, do not matter.
_initial = re.compile(r"([zcs])h")
_final = re.compile(r"(?<=[aei])ng")


@cache
def _library() -> Any:
    # Imported on first need: it loads its dictionary for a quarter of a second.
    import pypinyin

    return pypinyin


@lru_cache(1 << 14)
def _syllable(character: str) -> str:
    found = _library().lazy_pinyin(character)
    return str(found[0]) if found else character


@lru_cache(1 << 16)
def sound(text: str) -> str:
    """Letters and digits as they sound, lower case, without blanks: 海康 and Hai Kang are `haikan`.

    Each character has its commonest reading, whatever stands beside it: two spellings must meet, not be read well.
    """
    spelled = text if text.isascii() else "".join(map(_syllable, text))
    return _final.sub("n", _initial.sub(r"\1", "".join(filter(str.isalnum, spelled.lower()))))


def alike(a: str, b: str) -> bool:
    """Whether two texts sound the same; most that do not are known by how they begin or end."""
    if a and b:
        first, other = _edge(a[0], 0), _edge(b[0], 0)
        if first != other and first and other:
            return False
        last, other = _edge(a[-1], -1), _edge(b[-1], -1)
        if last != other and last and other:
            return False
    return sound(a) == sound(b)


@lru_cache(1 << 15)
def _edge(character: str, at: int) -> str:
    """The first or last letter that a text with this character at that end sounds like, -ng told as -n; "" when its
    neighbour decides (a bracket, an h behind a z)."""
    letter = sound(character)[at:][:1]
    return letter if not at else "n" if letter == "g" else "" if letter == "h" else letter
