"""A table as integer codes: every column's distinct values are cleaned once and compared once per distinct pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dedupe.grade import Kind, similar_many, surprise, tokens
from dedupe.similarity import FULL
from dedupe.statistic import frequency_bits

Ints = NDArray[np.int64]
Levels = NDArray[np.int8]
MISSING = -1


@dataclass(frozen=True)
class Column:
    """One compared column: `codes[row]` points into `values`, -1 where the cell says nothing."""

    name: str
    kind: Kind
    codes: Ints
    values: tuple[str, ...]

    @classmethod
    def encode(cls, name: str, kind: Kind, cells: Iterable[str]) -> Column:
        """Clean and number the cells; values are numbered in the order in which they appear."""
        raw: dict[str, int] = {}
        numbers: dict[str, int] = {}
        codes = []
        for cell in cells:
            code = raw.get(cell)
            if code is None:
                value = kind.clean(cell) if cell else ""
                code = raw[cell] = numbers.setdefault(value, len(numbers)) if value else MISSING
            codes.append(code)
        return cls(name, kind, np.array(codes, dtype=np.int64), tuple(numbers))

    @cached_property
    def counts(self) -> Ints:
        """How many rows hold each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values)).astype(np.int64)

    @cached_property
    def filled(self) -> int:
        return int(self.counts.sum())

    @cached_property
    def squares(self) -> int:
        return int((self.counts * self.counts).sum())

    @property
    def chance(self) -> float:
        """The chance that two different rows which both have a value have the same one."""
        filled = self.filled
        return (self.squares - filled) / (filled * (filled - 1)) if filled > 1 else 0.0

    @cached_property
    def frequency(self) -> Ints:
        """Per value: what sharing it proves beyond sharing an average one, in ten-thousandths of a bit."""
        total, squares = self.filled, self.squares
        return np.array([frequency_bits(count, total, squares) for count in self.counts.tolist()], dtype=np.int64)

    @cached_property
    def words(self) -> dict[str, int]:
        """In how many rows each word of a text column stands."""
        found: dict[str, int] = {}
        for value, count in zip(self.values, self.counts.tolist(), strict=True):
            for word in tokens(value):
                found[word] = found.get(word, 0) + count
        return found

    def rarity(self, word: str) -> float:
        """Bits of surprise in a word of this column."""
        return surprise(self.filled, self.words.get(word, 1))

    def levels(self, left: Ints, right: Ints) -> Levels:
        """The level of each pair of rows; -1 where one of the two says nothing."""
        found = np.full(len(left), MISSING, dtype=np.int8)
        one, two = self.codes[left], self.codes[right]
        both = np.flatnonzero((one >= 0) & (two >= 0))
        if not len(both):
            return found
        one, two = one[both], two[both]
        size = len(self.values)
        distinct, back = np.unique(np.minimum(one, two) * size + np.maximum(one, two), return_inverse=True)
        low, high = distinct // size, distinct % size
        likeness = np.where(low == high, FULL, 0)
        cuts = np.array(self.kind.cuts[::-1], dtype=np.int64)
        other = np.flatnonzero(low != high)
        if len(other) and len(cuts) > 1:
            likeness[other] = similar_many(self.kind, self._texts(low[other]), self._texts(high[other]), self.rarity)
        graded = len(cuts) - np.searchsorted(cuts, likeness, side="right")
        found[both] = graded.astype(np.int8)[back]
        return found

    def _texts(self, codes: Ints) -> list[str]:
        return [self.values[code] for code in codes.tolist()]

    def rare(self, levels: Levels, left: Ints, right: Ints) -> Ints:
        """Ten-thousandths of a bit per pair for the frequency of the values, on equal and nearly equal levels.

        The same arithmetic as `dedupe.evidence_value.rare_bits`, one pair at a time.
        """
        found = np.zeros(len(levels), dtype=np.int64)
        exact = np.flatnonzero(levels == 0)
        found[exact] = self.frequency[self.codes[left[exact]]]
        near = np.flatnonzero((levels > 0) & (levels <= self.kind.fuzzy))
        if len(near):
            one, two = self.frequency[self.codes[left[near]]], self.frequency[self.codes[right[near]]]
            found[near] = _half(np.minimum(one, two))
        return found


def weigh(levels: Sequence[Levels], rare: Ints, weights: Sequence[Sequence[int]]) -> Ints:
    """The match weight per pair: a weight per column and level, and what `rare` adds. Missing cells add nothing."""
    total = rare.copy()
    for column, table in zip(levels, weights, strict=True):
        total += np.array([*table, 0], dtype=np.int64)[column.astype(np.int64)]
    return total


def _half(values: Ints) -> Ints:
    """Half, rounded towards zero, as `dedupe.bit.share` does."""
    halved: Ints = np.where(values >= 0, values // 2, -((-values) // 2))
    return halved


def made_of_others(columns: Sequence[Column], rows: int) -> list[Column]:
    """Columns that only repeat what other columns say (`full name` beside `first name` and `surname`).

    Evidence counted twice ruins a model; the parts are kept because they say which part differs. Judged on a sample
    of rows spread over the table.
    """
    sample = np.unique(np.linspace(0, rows - 1, min(rows, 2000)).astype(np.int64)) if rows else np.zeros(0, np.int64)
    said = {column.name: _words_of(column, sample) for column in columns}
    left = [column for column in columns if column.kind.name in ("name", "person", "text", "code")]
    found: list[Column] = []
    # The longest columns first: a whole is dropped in favour of its parts, never the other way round.
    for column in sorted(left, key=lambda each: (-_mean_words(said[each.name]), each.name)):
        others = [each for each in columns if each is not column and each not in found]
        parts = [each for each in others if _holds(said[column.name], said[each.name])]
        if parts and _covered(said[column.name], [said[each.name] for each in parts]):
            found.append(column)
    return found


_FEW = 50
_SELDOM = 0.2
_ALWAYS = 0.95
_VARIED = 0.7


def implied_by_others(columns: Sequence[Column], rows: int) -> list[Column]:
    """Columns that follow from another one (the province from the city): two that say one thing are one piece of
    evidence, or the rows of one town become one person.

    Equal values that come from duplicates are no such rule: there the column that tells rows apart best agrees, too.
    """
    filled = [column for column in columns if 2 * column.filled >= rows]
    if len(filled) < 3:
        return []
    telling = min(filled, key=lambda column: (column.chance, column.name))
    found: list[Column] = []
    for column in sorted(columns, key=lambda each: (each.chance, each.name)):
        if column is telling or column in found:
            continue
        left, right = _within(column)
        if _agree(telling, left, right, telling.kind.fuzzy, _SELDOM):
            continue
        found += [
            other
            for other in columns
            if other not in (telling, column, *found)
            and column.chance <= other.chance <= _VARIED
            and _agree(other, left, right, 0, _ALWAYS)
        ]
    return found


def _within(column: Column) -> tuple[Ints, Ints]:
    """Pairs of rows with equal values, far apart in the order of the rows, each row in one or two."""
    rows = np.argsort(column.codes, kind="stable")
    rows = rows[column.codes[rows] >= 0]
    counts = column.counts[column.codes[rows]]
    at = np.arange(len(rows)) - np.repeat(np.cumsum(column.counts) - column.counts, column.counts)
    first = np.flatnonzero(at + counts // 2 < counts)
    first = first[counts[first] > 1]
    return rows[first], rows[first + counts[first] // 2]


def _agree(column: Column, left: Ints, right: Ints, level: int, share: float) -> bool:
    """Whether this share of the pairs reaches the level; a few pairs prove nothing."""
    levels = column.levels(left, right)
    known = levels[levels >= 0]
    return len(known) >= _FEW and float((known <= level).mean()) >= share


def _words_of(column: Column, sample: Ints) -> list[frozenset[str]]:
    return [
        frozenset(column.values[code].split()) if code >= 0 else frozenset() for code in column.codes[sample].tolist()
    ]


def _mean_words(said: Sequence[frozenset[str]]) -> float:
    return sum(map(len, said)) / max(1, sum(map(bool, said)))


_NEARLY_ALL = 0.95
_MOST = 0.6


def _holds(whole: Sequence[frozenset[str]], part: Sequence[frozenset[str]]) -> bool:
    """Whether nearly every row has the part's words in the whole."""
    pairs = [(one, two) for one, two in zip(whole, part, strict=True) if one and two]
    return len(pairs) >= 20 and sum(two <= one for one, two in pairs) >= _NEARLY_ALL * len(pairs)


def _covered(whole: Sequence[frozenset[str]], parts: Sequence[Sequence[frozenset[str]]]) -> bool:
    """Whether the parts together say most of the whole's words; a middle name left over is worth less than the harm."""
    total = sum(map(len, whole))
    said = sum(len(words & frozenset().union(*(part[at] for part in parts))) for at, words in enumerate(whole))
    return total > 0 and said >= _MOST * total
