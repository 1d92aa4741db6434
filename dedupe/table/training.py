"""Weights learned from the table itself, without labels: how often matches and strangers agree, column by column.

How often strangers agree is counted on random pairs, never on candidates: candidates agree because a key chose them,
and weights that forget this break with the size of the table. How often matches agree comes from expectation
maximisation over the candidates, held to the kinds' shipped expectations where the table has little to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

from dedupe.bit import BIT
from dedupe.table.frame import Column, Ints, Levels, weigh

Floats = NDArray[np.float64]
_RANDOM_PAIRS = 400_000
_ROUNDS = 25
_TRAINING_PAIRS = 300_000
_IMAGINED = 200.0
_LEAST = 1e-7
_ANCHOR = 20.0
"""Imagined matches, spread as the kind expects, that are added to what the table shows."""


@dataclass(frozen=True)
class Trained:
    """`weights` per column and level; `prior` is the share of matches among all pairs of rows."""

    weights: tuple[tuple[int, ...], ...]
    prior: float

    @property
    def even(self) -> int:
        """The weight at which a match is as likely as not."""
        return round(log2((1 - self.prior) / self.prior) * BIT)

    def told(self, names: Sequence[str], weights: Mapping[str, tuple[int, ...]], even: int | None) -> Trained:
        """With the weights and the even weight that somebody gives instead."""
        tables = tuple(weights.get(name, table) for name, table in zip(names, self.weights, strict=True))
        return Trained(tables, self.prior if even is None else 1 / (1 + 2 ** (even / BIT)))

    def probability(self, weights: Ints) -> Floats:
        """The chance that a pair of this weight is a match."""
        odds = np.clip((weights - self.even) / BIT, -60, 60)
        found: Floats = 1 / (1 + np.exp2(-odds))
        return found


def strangers(column: Column, rows: int) -> Floats:
    """How often two rows that have nothing to do with each other reach each level."""
    random = np.random.default_rng(20_000_101)
    left = random.integers(0, rows, _RANDOM_PAIRS)
    right = random.integers(0, rows, _RANDOM_PAIRS)
    other = left != right
    found = column.levels(left[other], right[other])
    count = len(column.kind.labels)
    share = np.bincount(found[found >= 0], minlength=count).astype(np.float64) + 0.5 / count
    share /= share.sum()
    # Equality is rare and known exactly: every pair of rows was counted, not a sample. A small table is mixed with
    # imagined pairs of its kind, because a dozen rows cannot show how rare a value is.
    pairs = column.filled * (column.filled - 1) / 2
    equal = (column.chance * pairs + _IMAGINED * column.kind.chance) / (pairs + _IMAGINED)
    share[1:] *= (1 - equal) / share[1:].sum()
    share[0] = equal
    return np.maximum(share, _LEAST)


def train(
    columns: Sequence[Column],
    levels: Sequence[Levels],
    rare: Ints,
    left: Ints,
    right: Ints,
    *,
    by_chance: Sequence[Floats],
    all_pairs: int,
    most: int | None = None,
    prior: float | None = None,
) -> Trained:
    """Learn weights from the candidate pairs (left, right).

    `by_chance` comes from `strangers`; `all_pairs` is how many pairs the table has, candidates or not. `most` is given
    when each row matches at most one other: the number of possible matches; then only mutual best pairs count.
    """
    step = max(1, len(left) // _TRAINING_PAIRS) if most is None else 1
    part = slice(None, None, step)
    grades = [each[part] for each in levels]
    extra, one, two = rare[part], left[part], right[part]
    expected = [np.array(column.kind.matches) for column in columns]
    agree = list(expected)
    share = prior if prior is not None else max(min(len(left) * 0.1, all_pairs**0.5) / max(1, all_pairs), 1e-12)
    share = min(share, 0.5)
    trained = Trained(_weights(agree, by_chance), share)
    for _ in range(_ROUNDS):
        chance = trained.probability(weigh(grades, extra, trained.weights))
        if most is not None:
            chance = np.where(_mutual_best(weigh(grades, extra, trained.weights), one, two), chance, 0.0)
        matches = float(chance.sum()) * step
        if most is not None:
            matches = min(matches, most * 0.999)
        share = min(max(matches / max(1, all_pairs), 1e-12), 0.5)
        for at, grade in enumerate(grades):
            known = grade >= 0
            counted = np.bincount(grade[known], weights=chance[known], minlength=len(expected[at])).astype(np.float64)
            seen = counted + _ANCHOR * expected[at]
            agree[at] = seen / seen.sum()
        before = trained
        trained = Trained(_weights(agree, _without_matches(by_chance, agree, share)), share)
        if trained.weights == before.weights:
            break
    return trained


def _without_matches(by_chance: Sequence[Floats], agree: Sequence[Floats], share: float) -> list[Floats]:
    """How often strangers agree: what all pairs show, less what the matches among them contribute."""
    return [
        np.maximum((every - share * match) / (1 - share), 0.1 * every)
        for every, match in zip(by_chance, agree, strict=True)
    ]


def _weights(agree: Sequence[Floats], by_chance: Sequence[Floats]) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple(round(log2(ratio) * BIT) for ratio in _falling(match.tolist(), chance.tolist()))
        for match, chance in zip(agree, by_chance, strict=True)
    )


def _falling(match: Sequence[float], chance: Sequence[float]) -> list[float]:
    """The ratios of the two, never rising: closer values must not count for less than more distant ones.

    Levels that break the order are counted as one, by what both hold. To average their ratios instead would let a
    level that nobody reaches decide about one that every second pair does.
    """
    pools: list[tuple[float, float, int]] = []
    for one, other in zip(match, chance, strict=True):
        pool = (one, other, 1)
        while pools and pools[-1][0] * pool[1] < pool[0] * pools[-1][1]:
            before = pools.pop()
            pool = (before[0] + pool[0], before[1] + pool[1], before[2] + pool[2])
        pools.append(pool)
    return [one / other for one, other, levels in pools for _ in range(levels)]


def _mutual_best(weights: Ints, left: Ints, right: Ints) -> NDArray[np.bool_]:
    rows = int(max(left.max(initial=0), right.max(initial=0))) + 1
    best = np.full(rows, np.iinfo(np.int64).min)
    np.maximum.at(best, left, weights)
    np.maximum.at(best, right, weights)
    found: NDArray[np.bool_] = (weights >= best[left]) & (weights >= best[right])
    return found
