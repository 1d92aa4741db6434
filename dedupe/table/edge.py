"""What was weighed, in the rows of the input, and a judge who tells of any two rows why they are together or apart.

The parts that a judge names add up to the weight exactly, and the weight is the one that decided: the same integers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedupe.rule import Bands
from dedupe.score import Match
from dedupe.table.frame import Ints

REVIEW, AUTO = 1, 2
"""Bands of an edge as numbers."""


class Edges(NamedTuple):
    """Pairs of rows (left < right) above the review band, sorted; `weights` in ten-thousandths of a bit."""

    left: Ints
    right: Ints
    weights: Ints
    bands: NDArray[np.int8]

    def band(self, at: int) -> str:
        return "auto" if self.bands[at] == AUTO else "review"


_NONE = np.zeros(0, dtype=np.int64)
NO_EDGES = Edges(_NONE, _NONE, _NONE, np.zeros(0, dtype=np.int8))


class Shared(NamedTuple):
    """A blocking key that two rows have in common, and how many rows lie under it. `left_out`: so many that it was
    split or left out, so that it may not have brought the two together."""

    key: str
    rows: int
    left_out: bool = False


class Coverage(NamedTuple):
    """A blocking key: pairs it proposes, matches (pairs inside clusters) among them, and matches that no other key
    has."""

    key: str
    pairs: int
    matches: int
    alone: int


class Judge(Protocol):
    """Tells of rows of the input why."""

    def matches(self, left: Sequence[int], right: Sequence[int]) -> Iterator[Match]:
        """Every pair weighed, with its parts."""
        ...

    def shared(self, a: int, b: int) -> list[Shared]:
        """The blocking keys that two rows have in common."""
        ...

    def compared(self, a: int, b: int) -> bool:
        """Whether the two met."""
        ...

    def coverage(self, left: Ints, right: Ints) -> list[Coverage]:
        """What each key does for these pairs; keys in the order in which they were taken."""
        ...


def edges(order: Sequence[int], left: Ints, right: Ints, weights: Ints, bands: NDArray[np.int8]) -> Edges:
    """Pairs of rows in content order as edges between rows of the input."""
    kept = bands > 0
    rows = np.array(order, dtype=np.int64)
    one, two = rows[left[kept]], rows[right[kept]]
    low, high = np.minimum(one, two), np.maximum(one, two)
    sorted_ = np.lexsort((high, low))
    return Edges(low[sorted_], high[sorted_], weights[kept][sorted_], bands[kept][sorted_])


def banded(weights: Ints, bands: Bands) -> NDArray[np.int8]:
    """The band of each weight as a number."""
    found: NDArray[np.int8] = (weights >= bands.review).astype(np.int8) + (weights >= bands.auto).astype(np.int8)
    return found


class Met:
    """Which pairs of rows in content order were compared, and what they weigh; sorted when somebody asks first.
    `vetoed` are those that no weight joins, none of them when left out."""

    def __init__(
        self, size: int, left: Ints, right: Ints, weights: Ints, vetoed: NDArray[np.bool_] | None = None
    ) -> None:
        self._size, self.left, self.right, self.weights = size, left, right, weights
        self.vetoed = np.zeros(len(left), dtype=np.bool_) if vetoed is None else vetoed
        self._pairs: Ints | None = None

    def __call__(self, a: int, b: int) -> bool:
        if self._pairs is None:
            self._pairs = np.sort(self.left * self._size + self.right)
        wanted = min(a, b) * self._size + max(a, b)
        at = int(np.searchsorted(self._pairs, wanted))
        return at < len(self._pairs) and int(self._pairs[at]) == wanted
