"""Chance that is the same on every machine.

Only `random.random()` is used, the one method whose sequence Python promises to keep; everything else is built on it.
Each concern (and each company) gets dice of its own from (seed, path), so that a new feature does not reshuffle the
rest of the world.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


def fingerprint(*path: object) -> int:
    """64 bits that depend on nothing but the text of `path`."""
    return int.from_bytes(blake2b("\0".join(map(str, path)).encode(), digest_size=8).digest(), "big")


class Weighted(Generic[T]):
    """Values with relative weights, prepared for many draws."""

    def __init__(self, pairs: Iterable[tuple[T, float]]) -> None:
        kept = [(value, weight) for value, weight in pairs if weight > 0]
        self.values = [value for value, _ in kept]
        self._sums = list(accumulate(weight for _, weight in kept))
        self._last = len(kept) - 1

    def at(self, fraction: float) -> T:
        return self.values[min(bisect(self._sums, fraction * self._sums[-1]), self._last)]


class Dice:
    """A source of chance named by its seed and path."""

    __slots__ = ("random",)

    def __init__(self, *path: object) -> None:
        self.random = random.Random(fingerprint(*path)).random  # noqa: S311 - repeatable on purpose

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self.random() * len(values))]

    def skewed(self, values: Sequence[T], power: float = 2.0) -> T:
        """The front of the list more often than its end."""
        return values[int(len(values) * self.random() ** power)]

    def weighted(self, table: Weighted[T]) -> T:
        return table.at(self.random())

    def digits(self, count: int) -> str:
        return "".join([str(int(self.random() * 10)) for _ in range(count)])
