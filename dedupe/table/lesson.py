"""What of a resolved table can be asked about, and what labels on its rows say, in the form that learning takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dedupe.bit import bits
from dedupe.choose import Pool, Thresholds
from dedupe.learn import Examples, Ints, Model, Pairs, examples
from dedupe.table.resolution import Resolution

NEAR = bits(14)
"""Pairs that lie further below the even weight are left out of the pool, but for a few."""
MOST_NEAR, MOST_FAR = 50_000, 2_000
_SEED = 20_000_101


class Candidates(NamedTuple):
    """Pairs that were compared, in the order of the rows' content: row numbers of the input, their weights, and which
    of them a veto keeps apart."""

    left: Ints
    right: Ints
    weights: Ints
    vetoed: NDArray[np.bool_]


class Teachable(Protocol):
    """A judge whose pairs can be learned from."""

    def candidates(self) -> Candidates: ...

    def grades(self, left: Ints, right: Ints) -> Pairs:
        """Pairs of rows as they are weighed."""
        ...

    def ranks(self) -> Ints:
        """A number per row, equal for rows that say the same, in the order of their content."""
        ...

    def tables(self) -> tuple[tuple[int, ...], ...]:
        """The weights per column and level; none where rules weigh."""
        ...


def model(found: Resolution, judge: Teachable) -> Model:
    """What is believed before any label."""
    return Model(judge.tables(), found.even)


def thresholds(found: Resolution) -> Thresholds:
    return Thresholds(found.bands.auto, found.even, found.bands.review)


def pool(found: Resolution, judge: Teachable) -> Pool:
    """The pairs worth asking about: those near a decision and above, a sample where they are many, and a few far ones.

    Where each row joins one other at most, only pairs count that are the best of both their rows: whatever is said of
    another, its rows are taken already, and it would only teach that a second best is none.
    """
    left, right, weights, vetoed = judge.candidates()
    open_ = ~vetoed
    if found.single and len(left):
        open_ &= _best_of_both(left, right, np.where(vetoed, np.iinfo(np.int64).min, weights), len(found.labels))
    near = np.flatnonzero(open_ & (weights >= found.even - NEAR))
    far = np.flatnonzero(open_ & (weights < found.even - NEAR))
    random = np.random.default_rng(_SEED)
    some, more = _some(near, MOST_NEAR, random), _some(far, MOST_FAR, random)
    at = np.r_[some, more]
    stands_for = np.r_[
        np.full(len(some), len(near) / max(1, len(some))), np.full(len(more), len(far) / max(1, len(more)))
    ]
    pairs = judge.grades(left[at], right[at])
    return Pool(pairs, left[at], right[at], stands_for, _kinds(pairs), random.permutation(len(at)))


def _some(at: Ints, most: int, random: np.random.Generator) -> Ints:
    if len(at) <= most:
        return at
    chosen: Ints = np.sort(random.choice(at, most, replace=False))
    return chosen


def _best_of_both(left: Ints, right: Ints, weights: Ints, rows: int) -> NDArray[np.bool_]:
    best = np.full(rows, np.iinfo(np.int64).min)
    np.maximum.at(best, left, weights)
    np.maximum.at(best, right, weights)
    found: NDArray[np.bool_] = (weights >= best[left]) & (weights >= best[right])
    return found


def _kinds(pairs: Pairs) -> Ints:
    """Pairs alike: equal levels; where rules weigh, weights within half a bit."""
    rows = pairs.levels if pairs.levels.shape[1] else (pairs.fixed // bits(0.5))[:, None]
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    found: Ints = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return found


def taught(
    judge: Teachable, left: Sequence[int], right: Sequence[int], same: Sequence[bool], blind: Sequence[bool]
) -> Examples:
    """Labelled pairs of rows as examples."""
    one, two = np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
    ranks = judge.ranks()
    said, drawn = np.array(same, dtype=np.bool_), np.array(blind, dtype=np.bool_)
    return examples(judge.grades(one, two), said, ranks[one], ranks[two], drawn)
