"""How alike two plain values are, in ten-thousandths from 0 to 10,000: one pair at a time, or many pairs at once.

The scalar and the vectorised way run the same library code on the same text, so that a pair scored online and the
same pair scored in a batch of millions get the same integer. 10,000 means equal, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import isinf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA, Indel, JaroWinkler
from rapidfuzz.process import cpdist

from dedupe.sound import sound

FULL = 10_000
_HAIR = 1e-6
"""The batch form of a measure may differ from the single one in the last bit of a float; truncation must not see it."""
Ints = NDArray[np.int64]


def _int(similarity: float) -> int:
    return min(int(similarity * FULL + _HAIR), FULL - 1)


@lru_cache(1 << 16)
def sorted_words(text: str) -> str:
    """The words of `text` in alphabetical order: two spellings that only change the order of words are alike."""
    return " ".join(sorted(text.split())) if " " in text else text


def name(a: str, b: str) -> int:
    """Names of people, places, short names: Jaro-Winkler, the order of words ignored when that helps."""
    if a == b:
        return FULL
    best = JaroWinkler.normalized_similarity(a, b)
    if " " in a or " " in b:
        best = max(best, JaroWinkler.normalized_similarity(sorted_words(a), sorted_words(b)))
    return _int(best)


_TITLES = "总经理 经理 总监 主任 老师 先生 女士 小姐 师傅 会计 总 工 姐 哥 处 科长 厂长"
_CALLED = frozenset(_TITLES.split())


def person(a: str, b: str) -> int:
    """Names of people. Chinese ones are too short for counting letters: they are equal, sound alike, differ in one
    character of three, or one of them is a surname with a title (王总) that fits the other."""
    if a == b:
        return FULL
    if a.isascii() or b.isascii():
        return name(a, b)
    if sound(a) == sound(b):
        return 9500
    called = [text for text in (a, b) if text[1:] in _CALLED or text[2:] in _CALLED]
    if called:
        surnames = tuple(text[:1] if text[1:] in _CALLED else text[:2] for text in called)
        return 8000 if all(text.startswith(surname) for text in (a, b) for surname in surnames) else 0
    if a[0] == b[0] and len(a) == len(b) == 3 and OSA.distance(a, b) == 1:
        return 7000
    return 0


def code(a: str, b: str) -> int:
    """Codes and dates: the share of characters left after edits, exchanged neighbours counted as one edit."""
    return FULL if a == b else _int(OSA.normalized_similarity(a, b))


def category(a: str, b: str) -> int:
    """Equal or not."""
    return FULL if a == b else 0


def number(a: str, b: str) -> int:
    """Quantities as text: how far apart they are relative to the larger one."""
    if a == b:
        return FULL
    one, two = float(a), float(b)
    top = max(abs(one), abs(two))
    if isinf(top):
        return 0  # hundreds of digits are no quantity
    return max(0, _int(1 - abs(one - two) / top)) if top else FULL


def phrase(a: str, b: str) -> int:
    """Long text, letter by letter; the words' rarity is weighed elsewhere (`words`)."""
    if a == b:
        return FULL
    best = max(Indel.normalized_similarity(a, b), Indel.normalized_similarity(sorted_words(a), sorted_words(b)))
    return _int(best)


Measure = Callable[[str, str], int]


def _cpdist(left: Sequence[str], right: Sequence[str], scorer: Any) -> NDArray[np.float64]:
    found: NDArray[np.float64] = cpdist(left, right, scorer=scorer, dtype=np.float64, workers=1)
    return found


def _fixed(best: NDArray[np.float64], left: Sequence[str], right: Sequence[str]) -> Ints:
    scaled = np.minimum((best * FULL + _HAIR).astype(np.int64), FULL - 1)
    equal = np.fromiter((a == b for a, b in zip(left, right, strict=True)), dtype=bool, count=len(left))
    scaled[equal] = FULL
    return scaled


def _sorted_best(left: Sequence[str], right: Sequence[str], scorer: Any) -> Ints:
    best = _cpdist(left, right, scorer)
    blanks = np.fromiter((" " in a or " " in b for a, b in zip(left, right, strict=True)), dtype=bool, count=len(left))
    at = np.flatnonzero(blanks).tolist()
    if at:
        again = _cpdist([sorted_words(left[i]) for i in at], [sorted_words(right[i]) for i in at], scorer)
        best[at] = np.maximum(best[at], again)
    return _fixed(best, left, right)


def names(left: Sequence[str], right: Sequence[str]) -> Ints:
    return _sorted_best(left, right, JaroWinkler.normalized_similarity)


def codes(left: Sequence[str], right: Sequence[str]) -> Ints:
    return _fixed(_cpdist(left, right, OSA.normalized_similarity), left, right)


def phrases(left: Sequence[str], right: Sequence[str]) -> Ints:
    return _sorted_best(left, right, Indel.normalized_similarity)


def each(measure: Measure) -> Callable[[Sequence[str], Sequence[str]], Ints]:
    """A vectorised form for measures that are cheap anyway."""

    def many(left: Sequence[str], right: Sequence[str]) -> Ints:
        return np.fromiter((measure(a, b) for a, b in zip(left, right, strict=True)), dtype=np.int64, count=len(left))

    return many
