"""Pairs of Chinese names that `dedupe.bound` would spare, by the hundred thousand at once.

Most pairs that meet under a few characters have nothing else in common, and it costs less to see that from sets of
characters, packed into numbers, than to look at the names. What these cannot rule out is looked at; what is spared here
would be spared there, always: a test compares them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dedupe.bound import ASIDE, STRANGERS
from dedupe.name import Name
from dedupe.prepare import Names, Prepared
from dedupe.rule import Rules
from dedupe.sound import sound
from dedupe.statistic import Statistics
from dedupe.table.frame import Ints

Bits = NDArray[np.uint64]
Flags = NDArray[np.bool_]
_BATCH = 200_000
_WIDE = 4
"""Characters of the beginning of a text that are compared."""


class Sieve:
    """The names of a table, packed."""

    def __init__(self, rules: Rules, statistics: Statistics, prepared: Sequence[Prepared]) -> None:
        at = next((at for at, each in enumerate(rules.comparisons) if each.kind == "organisation"), -1)
        names = [_only(record, at) for record in prepared]
        self._known = np.array([name is not None for name in names], dtype=np.bool_)
        if (statistics.bands or rules.bands).review <= STRANGERS:
            self._known[:] = False
        known = [name or _NOBODY for name in names]
        self._core, self._full, self._whole, self._brand = (
            _Text([getattr(name, part) for name in known]) for part in ("core", "full", "whole", "brand")
        )
        self._sound = _hashes([sound(name.brand) for name in known])
        self._trade = _hashes([name.trade for name in known])
        self._spoken = np.array([bool(name.trade) for name in known], dtype=np.bool_)
        self._formal = np.array([bool(name.form) for name in known], dtype=np.bool_)
        self._others = [
            np.array([record.slots[at] is not None for record in prepared], dtype=np.bool_)
            for at, each in enumerate(rules.comparisons)
            if each.kind not in ASIDE
        ]

    def spares(self, left: Ints, right: Ints) -> Flags:
        """Which of the pairs are certainly a `no`; False says nothing."""
        found = np.zeros(len(left), dtype=np.bool_)
        for start in range(0, len(left), _BATCH):
            part = slice(start, start + _BATCH)
            found[part] = self._batch(left[part], right[part])
        return found

    def _batch(self, left: Ints, right: Ints) -> Flags:
        apart = self._known[left] & self._known[right]
        for other in self._others:
            apart &= ~(other[left] & other[right])
        at = np.flatnonzero(apart)
        apart[at] = ~self._may_be_like(left[at], right[at])
        return apart

    def _may_be_like(self, a: Ints, b: Ints) -> Flags:
        """Whatever `name.likeness_of_brands` calls something else than different, and more."""
        core, full, brand = self._core, self._full, self._brand
        both_two = (brand.sizes[a] == 2) & (brand.sizes[b] == 2)
        near = _near(brand.sets, a, b)
        found: Flags = self._sound[a] == self._sound[b]
        found |= (brand.sets[a] == brand.sets[b]) & (brand.starts[a] == brand.starts[b])
        found |= near & (np.minimum(brand.sizes[a], brand.sizes[b]) >= 3)
        found |= near & both_two & (self._trade[a] == self._trade[b]) & self._spoken[a]
        found |= _near(core.sets, a, b) | _near(full.sets, a, b)
        found |= (full.sets[a] & ~_LEVELS) == (full.sets[b] & ~_LEVELS)
        found |= (core.sets[a] & ~_LEVELS) == (core.sets[b] & ~_LEVELS)
        found |= self._begins(a, b) | self._begins(b, a) | self._within(a, b) | self._within(b, a)
        return found

    def _begins(self, a: Ints, b: Ints) -> Flags:
        """Whether `b` may begin with the brand of `a`."""
        core, whole, brand = self._core, self._whole, self._brand
        either = core.begins(b, brand, a) | core.begins(b, whole, a) | whole.begins(b, brand, a)
        said = self._formal[a] & self._formal[b] & self._spoken[a] & self._spoken[b]
        return np.where(said, core.begins(b, core, a), either)

    def _within(self, a: Ints, b: Ints) -> Flags:
        """Whether the characters of the shorter `a` may stand in `b`, or at its end."""
        core = self._core
        held: Flags = (core.sets[a] & ~core.sets[b]) == 0
        sizes = core.sizes[a]
        enough = (sizes >= 3) | ((sizes >= 2) & ~self._formal[a])
        held &= enough & (sizes <= core.sizes[b])
        return held


_NOBODY = Name("\0", "\0", "\0", "", "", "", "", "", "", False, "", False, "\0")


def _only(record: Prepared, at: int) -> Name | None:
    """The only name of a record, where it is Chinese."""
    slot = record.slots[at] if at >= 0 else None
    if not isinstance(slot, Names) or len(slot.names) != 1 or slot.names[0].latin:
        return None
    return slot.names[0]


def _hashes(texts: Sequence[str]) -> Ints:
    return np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts))


def _near(sets: Bits, a: Ints, b: Ints) -> Flags:
    """Whether one slip could make one text of the other: at most two kinds of characters differ."""
    apart = sets[a] ^ sets[b]
    apart &= apart - _ONE
    found: Flags = (apart & (apart - _ONE)) == 0
    return found


_ONE = np.uint64(1)


class _Text:
    """Texts as their lengths, their first characters and the set of their characters, many kinds to a bit."""

    def __init__(self, texts: Sequence[str]) -> None:
        texts = [text or "\0" for text in texts]
        codes = np.array(memoryview("".join(texts).encode("utf-32-le", "surrogatepass")).cast("I"), dtype=np.uint32)
        self.sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        begins = np.cumsum(self.sizes) - self.sizes
        self.sets: Bits = np.bitwise_or.reduceat(_bit(codes), begins) if texts else np.zeros(0, np.uint64)
        self.starts: Bits = np.zeros(len(texts), dtype=np.uint64)
        for at in range(_WIDE):
            held = np.flatnonzero(self.sizes > at)
            character = codes[begins[held] + at].astype(np.uint64) & np.uint64(0xFFFF)
            self.starts[held] |= character << np.uint64(16 * at)

    def begins(self, at: Ints, other: _Text, by: Ints) -> Flags:
        """Whether these texts may begin with those of another column."""
        mask = _MASKS[np.minimum(other.sizes[by], _WIDE)]
        found: Flags = (self.starts[at] & mask) == other.starts[by]
        return found


_MASKS = np.array([(1 << (16 * size)) - 1 for size in range(_WIDE + 1)], dtype=np.uint64)


def _bit(codes: NDArray[np.uint32]) -> Bits:
    return _ONE << ((codes ^ (codes >> np.uint32(6))) & np.uint32(63)).astype(np.uint64)


_LEVELS = np.bitwise_or.reduce(_bit(np.array(list(map(ord, "省市县区")), dtype=np.uint32)))
"""The characters that come and go in the names of places."""
