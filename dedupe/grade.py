"""Grades of likeness for values that no parser knows: a kind cuts a similarity into levels, best first.

Each kind has weights that serve untrained, and how often a true match is expected on each level, which anchors the
training. A last level, one past the list of cuts, means: different. Missing values have no level: they say nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log2, sqrt

from dedupe import plain, similarity
from dedupe.bit import bits
from dedupe.similarity import FULL, Ints, Measure

Rarity = Callable[[str], float]
"""Bits of surprise in meeting a word: log2(1 + values / values with that word)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of plain value is cleaned, measured and graded.

    `cuts` are lower bounds of the similarity per level, best first; `labels` has one more entry, for "different".
    `weights` are ten-thousandths of a bit per level; `matches` is the share of true matches expected per level.
    `fuzzy` is the last level on which a rare value still counts for more than a common one, by half. `chance` is how
    often two values of strangers are equal, where a table is too small to show it.
    """

    name: str
    clean: Callable[[str], str]
    measure: Measure
    measures: Callable[[Sequence[str], Sequence[str]], Ints]
    cuts: tuple[int, ...]
    labels: tuple[str, ...]
    weights: tuple[int, ...]
    matches: tuple[float, ...]
    fuzzy: int
    chance: float
    worded: bool = False
    """Long text: the words in common count by their rarity beside the likeness of the letters."""

    def level(self, similar: int) -> int:
        """The first level whose cut `similar` reaches."""
        return bisect_left(self.cuts, -similar, key=lambda cut: -cut)


def _bits(*values: float) -> tuple[int, ...]:
    return tuple(bits(value) for value in values)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "name", plain.words, similarity.name, similarity.names,
            (FULL, 9400, 8800, 8000, 7000),
            ("equal", "nearly equal", "close", "similar", "alike", "different"),
            _bits(8, 7, 5, 2, -0.5, -3), (0.75, 0.08, 0.06, 0.04, 0.03, 0.04), fuzzy=2, chance=0.003,
        ),
        Kind(
            "person", plain.words, similarity.person, similarity.each(similarity.person),
            (FULL, 9400, 8800, 8000, 7000),
            ("equal", "nearly equal", "close", "fits", "alike", "different"),
            _bits(8, 7, 5, 3, -1, -10), (0.75, 0.08, 0.06, 0.04, 0.03, 0.04), fuzzy=2, chance=0.003,
        ),
        Kind(
            "reference", plain.compact, similarity.category, similarity.each(similarity.category),
            (FULL,), ("equal", "different"), _bits(10, -4), (0.9, 0.1), fuzzy=0, chance=0.001,
        ),
        Kind(
            "code", plain.compact, similarity.code, similarity.codes,
            (FULL, 8700, 7400, 6000),
            ("equal", "one slip", "close", "alike", "different"),
            _bits(10, 8, 4, 0, -4), (0.75, 0.1, 0.05, 0.04, 0.06), fuzzy=1, chance=0.002,
        ),
        Kind(
            "date", plain.day, similarity.code, similarity.codes,
            (FULL, 8700, 7400, 6000),
            ("equal", "one slip", "close", "alike", "different"),
            _bits(10, 5, 1, -2, -4), (0.75, 0.1, 0.05, 0.04, 0.06), fuzzy=0, chance=0.001,
        ),
        Kind(
            "number", plain.quantity, similarity.number, similarity.each(similarity.number),
            (FULL, 9900, 9500, 8000),
            ("equal", "within 1 %", "within 5 %", "within 20 %", "different"),
            _bits(6, 4, 2, 0, -3), (0.75, 0.08, 0.05, 0.05, 0.07), fuzzy=0, chance=0.02,
        ),
        Kind(
            "category", plain.compact, similarity.category, similarity.each(similarity.category),
            (FULL,), ("equal", "different"), _bits(2, -3), (0.9, 0.1), fuzzy=0, chance=0.3,
        ),
        Kind(
            "text", plain.words, similarity.phrase, similarity.phrases,
            (FULL, 9000, 8000, 7000, 6000, 4500, 3000),
            ("equal", "nearly equal", "very close", "close", "similar", "alike", "related", "different"),
            _bits(12, 11, 9, 7, 5, 3, 1, -5), (0.5, 0.15, 0.12, 0.08, 0.06, 0.04, 0.03, 0.02),
            fuzzy=0, chance=0.0005, worded=True,
        ),
    )
}  # fmt: skip

_ENOUGH = 7000
"""Letters alone prove likeness from here on; below, any two sentences share many letters."""


@lru_cache(1 << 17)
def tokens(text: str) -> tuple[str, ...]:
    """The distinct words of a plain text in order; a text without blanks in a script that writes none gives pairs of
    characters instead."""
    found = text.split()
    if any(not word.isascii() and len(word) > 3 for word in found):
        found = [part for word in found for part in (_pairs(word) if not word.isascii() else (word,))]
    return tuple(sorted(set(found)))


def _pairs(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))]


def cosine(a: str, b: str, rarity: Rarity) -> int:
    """The words two texts share, weighed by rarity, in ten-thousandths."""
    one, two = tokens(a), tokens(b)
    if not one or not two:
        return 0
    other = set(two)
    # Summed in alphabetical order: a float sum depends on its order, a match weight must not.
    shared = sum(rarity(word) ** 2 for word in one if word in other)
    norms = sqrt(sum(rarity(word) ** 2 for word in one)) * sqrt(sum(rarity(word) ** 2 for word in two))
    return min(int(shared / norms * FULL + 1e-6), FULL - 1) if norms else 0


def similar(kind: Kind, a: str, b: str, rarity: Rarity) -> int:
    """Likeness of two plain values of this kind, in ten-thousandths."""
    if a == b:
        return FULL
    letters = kind.measure(a, b)
    if not kind.worded:
        return letters
    return max(letters if letters >= _ENOUGH else 0, cosine(a, b, rarity))


def similar_many(kind: Kind, left: Sequence[str], right: Sequence[str], rarity: Rarity) -> Ints:
    """The same for many pairs at once: equal integers."""
    import numpy as np

    letters = kind.measures(left, right)
    if not kind.worded:
        return letters
    shared = np.fromiter(
        (cosine(a, b, rarity) for a, b in zip(left, right, strict=True)), dtype=np.int64, count=len(left)
    )
    return np.maximum(np.where(letters >= _ENOUGH, letters, 0), shared)


def surprise(total: int, count: int) -> float:
    """Bits of surprise in a word that `count` of `total` values hold."""
    return log2(1 + total / count) if count else log2(1 + total)


def word_facet(facet: str) -> str:
    """Where the words of a text facet are counted."""
    return f"{facet} word"


def plain_kind(name: str) -> Kind:
    """The kind that grades values of a comparison without a parser of its own."""
    return KINDS[{"set": "name", "identifier": "code"}.get(name, name)]
