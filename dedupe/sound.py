"""How Chinese text sounds, for names typed by ear: pinyin without tones, the usual confusions folded."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

# Sounds that half the country does not tell apart: zh/z, ch/c, sh/s, and -ng/-n at the end of a syllable.
_initial = re.compile(r"^([zcs])h")
_final = re.compile(r"(?<=[aei])ng$")


@cache
def _library() -> Any:
    # Imported on first need: it loads its dictionary for a quarter of a second.
    import pypinyin

    return pypinyin


@lru_cache(1 << 14)
def _syllable(character: str) -> str:
    found = _library().lazy_pinyin(character)
    return _final.sub("n", _initial.sub(r"\1", found[0])) if found else character


@lru_cache(1 << 16)
def sound(text: str) -> str:
    """Syllables without tones, one per character, joined by blanks; letters and digits stay as they are.

    Each character has its commonest reading, whatever stands beside it: two spellings must meet, not be read well.
    """
    return text if text.isascii() else " ".join(_syllable(character) for character in text)
