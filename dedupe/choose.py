"""Chooses the pairs whose answers teach most, and says when there is little left to learn.

Three kinds of questions take turns. `unsure`: pairs whose decision more labels may turn round, many of a kind before
few, and no two alike in a row. `auto` and `no`: pairs drawn blindly from what joins unasked and from what is left
apart, so that the two bands are measured and not only believed. The draw is one fixed order of the pairs, so that what
was answered so far is a fair sample at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import NamedTuple

import numpy as np

from dedupe.learn import Belief, Bools, Floats, Ints, Pairs

UNSURE, AUTO, NO = "unsure", "auto", "no"
TURNS = (UNSURE, AUTO, UNSURE, UNSURE, AUTO, UNSURE, NO, UNSURE, AUTO, UNSURE)
"""Of ten questions six teach, three test the auto band and one what is left apart."""
ENOUGH_CHANGE = 0.01
ENOUGH_RIGHT = 0.95
_SIGMAS = 1.645
_ONCE = 0.2
"""What a pair alike to one that was asked is worth beside one that is not, before the covariance says the rest."""
_DIGITS = 9


class Thresholds(NamedTuple):
    """Ten-thousandths of a bit; bounds are inclusive."""

    auto: int
    even: int
    review: int


@dataclass(frozen=True)
class Pool:
    """Pairs that may be asked about, each standing for `stands_for` of the table. `left` and `right` number records;
    `kinds` are equal for pairs alike (the same levels, the same evidence); `turn` is the fixed order of the draw."""

    pairs: Pairs
    left: Ints
    right: Ints
    stands_for: Floats
    kinds: Ints
    turn: Ints

    @property
    def size(self) -> int:
        return len(self.left)

    def spread(self, belief: Belief) -> Floats:
        """How far the odds of each pair may be off: the same for all of a kind, and asked once for each."""
        found: Floats = belief.spread(self._one_of_each)[self.kinds]
        return found

    @cached_property
    def _one_of_each(self) -> Pairs:
        return self.pairs.take(np.unique(self.kinds, return_index=True)[1].astype(np.int64))


class Question(NamedTuple):
    """A pair of the pool, and why it is asked: unsure, auto or no."""

    at: int
    why: str


def choose(pool: Pool, belief: Belief, bands: Thresholds, answered: Bools, number: int, asked: Ints) -> Question | None:
    """The next question after `number` answers; None when every pair was answered. `answered` marks pairs of the pool,
    `asked` counts answers per kind of pair."""
    open_ = ~answered
    if not open_.any():
        return None
    weights = pool.pairs.weigh(belief.model.weights)
    wanted = TURNS[number % len(TURNS)]
    groups = {
        AUTO: open_ & (weights >= bands.auto),
        NO: open_ & (weights < bands.review) & (weights >= bands.review - (bands.auto - bands.review)),
    }
    if wanted in groups:
        at = np.flatnonzero(groups[wanted])
        if len(at):
            return Question(int(at[pool.turn[at].argmin()]), wanted)
    worth = np.where(open_, np.round(_worth(pool, belief, asked), _DIGITS), -1.0)
    best = np.flatnonzero(worth == worth.max())
    return Question(int(best[pool.turn[best].argmin()]), UNSURE)


def _worth(pool: Pool, belief: Belief, asked: Ints) -> Floats:
    """How much an answer may turn round: how likely the decision turns, how much one label tells, how many pairs are
    alike (by the square root: a crowd is not everything), less for a kind that was asked already."""
    odds, spread = belief.odds(pool.pairs), pool.spread(belief)
    chance = 1 / (1 + np.exp2(-odds))
    told = spread**2 / (spread**2 + 1 / np.maximum(np.log(2) ** 2 * chance * (1 - chance), 1e-9))
    crowd = np.bincount(pool.kinds, weights=pool.stands_for)[pool.kinds]
    found: Floats = turns(odds, spread) * told * np.sqrt(crowd) / (1 + asked[pool.kinds] / _ONCE)
    return found


def turns(odds: Floats, spread: Floats) -> Floats:
    """The chance that the truth about the weights lies on the other side of even than is believed."""
    away = np.abs(odds) / np.maximum(spread, 1e-9)
    # The normal tail (Zelen and Severo): numpy has no error function.
    step = 1 / (1 + 0.2316419 * away)
    series = step * (
        0.319381530 + step * (-0.356563782 + step * (1.781477937 + step * (-1.821255978 + step * 1.330274429)))
    )
    found: Floats = np.exp(-(away**2) / 2) / sqrt(2 * np.pi) * series
    return found


class Standing(NamedTuple):
    """Where the labelling stands. `change`: the share of the pairs joined by the best guess that may still turn round.
    `tested` of the pairs that join unasked were drawn blindly and answered, `right` of them same; `least` is the share
    of the band that is right with 95 % certainty."""

    labels: int
    change: float
    tested: int
    right: int
    least: float

    @property
    def settled(self) -> bool:
        return self.change <= ENOUGH_CHANGE

    @property
    def tested_enough(self) -> bool:
        return self.least >= ENOUGH_RIGHT

    @property
    def enough(self) -> bool:
        return self.settled and self.tested_enough


def standing(pool: Pool, belief: Belief, labels: int, tested: int, right: int, band: int) -> Standing:
    """`band` is how many pairs join unasked, in the whole table."""
    odds, spread = belief.odds(pool.pairs), pool.spread(belief)
    turning = float((turns(odds, spread) * pool.stands_for).sum())
    joined = float((pool.stands_for / (1 + np.exp2(-odds))).sum())
    least = 1.0 if not band or tested >= band == right else at_least(right, tested)
    return Standing(labels, turning / max(joined, 1.0), tested, right, least)


def at_least(right: int, tested: int) -> float:
    """The share that is right with 95 % certainty, by Wilson's interval; 0 before the first test."""
    if not tested:
        return 0.0
    share, square = right / tested, _SIGMAS**2
    middle = share + square / (2 * tested)
    width = _SIGMAS * sqrt(share * (1 - share) / tested + square / (4 * tested * tested))
    return max(0.0, (middle - width) / (1 + square / tested))
