"""Thresholds from what mistakes cost: a wrong merge and a missed duplicate, each against a minute of a steward.

A pair joins unasked where asking costs more than the wrong merges that asking would have spared; it is a question where
the duplicates that it would find are worth the minute. Between the two it is worth asking.
"""

from __future__ import annotations

from math import log2
from typing import NamedTuple

import numpy as np

from dedupe.bit import BIT, bits
from dedupe.choose import Thresholds
from dedupe.learn import Bools, Floats, Learned, loss

LEAST_COST = 1.01
"""A mistake that costs no more than the question about it is never worth asking."""
_SLOPES = np.round(np.arange(0.30, 1.001, 0.01), 2)
_TRUSTED = 0.25
"""How far the odds may well be from what they say, as a factor, before labels have shown anything (a deviation)."""


class Trust(NamedTuple):
    """How much of the odds to believe, from 0.3 to 1: of those for one, and of those for two."""

    above: float = 1.0
    below: float = 1.0


WHOLE = Trust()


def trusted(learned: Learned) -> Trust:
    """What the labels that were drawn blindly bear out. Those that were asked because the model wavered would only show
    that it does. A missed duplicate says nothing about merges, nor the other way round."""
    if learned.few:
        return WHOLE
    sides = (learned.blind & (learned.odds >= 0), learned.blind & (learned.odds < 0))
    return Trust(*(slope(learned.odds[side], learned.same[side]) for side in sides))


def slope(odds: Floats, same: Bools) -> float:
    """How much of the odds to believe, from 0.3 to 1: what fits labels that were held out. Odds that claim too much
    make for wider bands; those that claim too little do not make for bolder ones."""
    costs = [
        float(loss(odds * each, same).sum()) * np.log(2) + ((1 - each) / _TRUSTED) ** 2 / 2 for each in _SLOPES.tolist()
    ]
    # From the top: of equals the one that believes most.
    return float(_SLOPES[len(costs) - 1 - int(np.argmin(np.round(costs[::-1], 9)))])


def bands(
    even: int, before: Thresholds, trust: Trust, wrong_merge: float | None = None, missed: float | None = None
) -> Thresholds:
    """The bands around `even`: as far from it as costs in minutes say, else as far as they were `before`; further
    where only part of the odds is to be believed."""
    above = (before.auto - before.even) / BIT if wrong_merge is None else _distance(wrong_merge)
    below = (before.even - before.review) / BIT if missed is None else _distance(missed)
    auto = even + bits(max(above, 0.0) / trust.above)
    return Thresholds(auto, even, even - bits(max(below, 0.0) / trust.below))


def _distance(minutes: float) -> float:
    return log2(max(minutes, LEAST_COST) - 1)


def minutes(distance: int) -> float:
    """What a mistake must cost for the border of a band to lie so far from even, in ten-thousandths of a bit."""
    return float(1 + 2 ** (distance / BIT))
