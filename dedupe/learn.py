"""Learns from labels: what people said about pairs moves the weights that the table alone gave, as far as it must.

The unsupervised weights are where everything starts: a weight moves away from them by what labels pay for (a normal
prior), so that few labels change little. Weights stay monotone over their levels and come back as fixed-point bits.
Whether labels help is judged on pairs that were held out, never on those that were learned from; pairs that share a
record are held out together. The order of the labels and of the rows does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.bit import BIT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SHIFT_BITS = 2.5
"""How far the weight at which a match is as likely as not may well lie from where it was thought (a deviation)."""
LEVEL_BITS = 1.0
"""The same for the weight of one level of one column."""
FOLDS = 10
FEWEST = 10
"""Labels below this number, or without both answers, are not learned from."""
LEAST_GAIN = 0.02
"""Bits per label that a way to use labels must gain on others to be worth a change."""
_NOISE = 0.01
"""People press the wrong key: one label in a hundred is taken for an accident when models are compared."""
_LN2 = float(np.log(2))
_ROUNDS = 600
_CLOSE_ENOUGH = 1e-7


class Model(NamedTuple):
    """`weights` per column and level, in ten-thousandths of a bit; none where the weights are not to be moved. `even`
    is the weight at which a match is as likely as not."""

    weights: tuple[tuple[int, ...], ...]
    even: int


class Pairs(NamedTuple):
    """Pairs as they are weighed: a level per column (-1: one side says nothing), and `fixed`, what no weight decides
    (how rare a value is; the whole weight where rules give it)."""

    levels: NDArray[np.int8]
    fixed: Ints

    def take(self, at: NDArray[np.bool_] | Ints) -> Pairs:
        return Pairs(self.levels[at], self.fixed[at])

    def weigh(self, weights: Sequence[Sequence[int]]) -> Ints:
        """The match weights: integers, as everywhere."""
        total = self.fixed.copy()
        for at, table in enumerate(weights):
            total += np.array([*table, 0], dtype=np.int64)[self.levels[:, at].astype(np.int64)]
        return total


class Examples(NamedTuple):
    """Labelled pairs in an order of their own content; pairs of one `group` share a record. `blind` are those that were
    not chosen for what a model believed of them: only they say how far its odds can be trusted."""

    pairs: Pairs
    same: Bools
    groups: Ints
    blind: Bools

    def take(self, at: NDArray[np.bool_] | Ints) -> Examples:
        return Examples(self.pairs.take(at), self.same[at], self.groups[at], self.blind[at])


def examples(pairs: Pairs, same: Bools, left: Ints, right: Ints, blind: Bools | None = None) -> Examples:
    """`left` and `right` are numbers of the records, equal for records of equal content."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    drawn = np.ones(len(same), dtype=np.bool_) if blind is None else blind
    order = np.lexsort((drawn, same, high, low))
    groups = _groups(low[order].tolist(), high[order].tolist())
    return Examples(pairs.take(order), same[order], groups, drawn[order])


def _groups(left: Sequence[int], right: Sequence[int]) -> Ints:
    """Pairs that hang together by records, numbered in the order of the pairs."""
    parent: dict[int, int] = {}

    def root(record: int) -> int:
        while parent.setdefault(record, record) != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for one, other in zip(left, right, strict=True):
        a, b = root(one), root(other)
        parent[max(a, b)] = min(a, b)
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(root(one), len(numbers)) for one in left], dtype=np.int64)


class Belief(NamedTuple):
    """What is believed after some labels: the model, and how unsure its parameters are (a covariance, in bits)."""

    model: Model
    unsure: Floats

    def odds(self, pairs: Pairs) -> Floats:
        """Bits for or against each pair being one."""
        return _bits_of(pairs.weigh(self.model.weights) - self.model.even)

    def spread(self, pairs: Pairs) -> Floats:
        """How far, in bits, the odds may be off because too few labels say otherwise: a standard deviation."""
        rows = _design(self.model, pairs)
        found: Floats = np.sqrt(np.maximum(((rows @ self.unsure) * rows).sum(axis=1), 0.0))
        return found


def believe(start: Model, taught: Examples, *, move_weights: bool = True) -> Belief:
    """The most plausible model after these labels."""
    base = start if move_weights else Model((), start.even)
    fixed = taught.pairs if move_weights else _settled(start, taught.pairs)
    rows, offset = _design(base, fixed), _bits_of(fixed.weigh(base.weights) - base.even)
    target = taught.same.astype(np.float64)
    scale = _scale(base)
    moved = _climb(base, rows, offset, target, scale)
    chance = _chance(offset + rows @ moved)
    precise = rows.T @ (rows * (_LN2**2 * chance * (1 - chance))[:, None])
    unsure = np.linalg.inv(precise + np.diag(1 / scale**2)).astype(np.float64)
    if not move_weights:
        return Belief(Model(start.weights, start.even - round(float(moved[0]) * BIT)), _widened(unsure, start))
    return Belief(_moved(start, moved), unsure)


def _settled(start: Model, pairs: Pairs) -> Pairs:
    """The same pairs for a model whose weights do not move."""
    return Pairs(np.zeros((len(pairs.fixed), 0), dtype=np.int8), pairs.weigh(start.weights))


def _widened(unsure: Floats, start: Model) -> Floats:
    size = 1 + sum(map(len, start.weights))
    found = np.zeros((size, size))
    found[0, 0] = unsure[0, 0]
    return found


def _scale(start: Model) -> Floats:
    return np.array([SHIFT_BITS, *([LEVEL_BITS] * sum(map(len, start.weights)))])


def _design(start: Model, pairs: Pairs) -> Floats:
    """One row per pair: 1, and a 1 for the level of each column."""
    size = len(pairs.fixed)
    rows = np.zeros((size, 1 + sum(map(len, start.weights))))
    rows[:, 0] = 1.0
    at = 1
    for column, table in enumerate(start.weights):
        grades = pairs.levels[:, column].astype(np.int64)
        known = np.flatnonzero(grades >= 0)
        rows[known, at + grades[known]] = 1.0
        at += len(table)
    return rows


def _climb(start: Model, rows: Floats, offset: Floats, target: Floats, scale: Floats) -> Floats:
    """Fast projected gradient descent on the penalised log loss; the result keeps the weights monotone."""
    curve = _LN2**2 / 4 * float((rows**2).sum(axis=0).max(initial=1.0)) * (len(start.weights) + 1)
    step = 1 / (curve + float((1 / scale**2).max()))
    falling = _Falling(start.weights)
    moved = np.zeros(len(scale))
    ahead, pace = moved, 1.0
    for _ in range(_ROUNDS):
        slope = _LN2 * (rows.T @ (_chance(offset + rows @ ahead) - target)) + ahead / scale**2
        then = falling(ahead - step * slope)
        quicker = (1 + sqrt(1 + 4 * pace * pace)) / 2
        ahead = then + (pace - 1) / quicker * (then - moved)
        change = float(np.abs(then - moved).max(initial=0.0))
        moved, pace = then, quicker
        if change < _CLOSE_ENOUGH:
            break
    return moved


class _Falling:
    """Makes of a change the nearest one after which no weight rises from a level to the next."""

    def __init__(self, weights: Sequence[Sequence[int]]) -> None:
        ends = [1, *(1 + sum(map(len, weights[: at + 1])) for at in range(len(weights)))]
        self._tables = list(pairwise(ends))
        self._before = np.array([0, *chain.from_iterable(weights)], dtype=np.float64) / BIT
        self._inside = np.ones(len(self._before) - 1, dtype=np.bool_)
        self._inside[[start - 1 for start, end in self._tables if start < end]] = False

    def __call__(self, moved: Floats) -> Floats:
        wanted = self._before + moved
        rises = np.flatnonzero((wanted[1:] > wanted[:-1]) & self._inside) + 1
        if not len(rises):
            return moved
        found = moved.copy()
        for start, end in self._tables:
            if np.any((start < rises) & (rises < end)):
                found[start:end] = pooled(wanted[start:end].tolist()) - self._before[start:end]
        return found


def pooled(values: Sequence[float]) -> Floats:
    """The nearest values (least squares) that never rise."""
    pools: list[tuple[float, int]] = []
    for value in values:
        total, count = float(value), 1
        while pools and pools[-1][0] / pools[-1][1] < total / count:
            more, levels = pools.pop()
            total, count = total + more, count + levels
        pools.append((total, count))
    return np.array([total / count for total, count in pools for _ in range(count)])


def _moved(start: Model, moved: Floats) -> Model:
    weights = []
    at = 1
    for table in start.weights:
        change = moved[at : at + len(table)].tolist()
        fresh = [weight + round(each * BIT) for weight, each in zip(table, change, strict=True)]
        for level in range(1, len(fresh)):  # a ten-thousandth that rounding turned round
            fresh[level] = min(fresh[level], fresh[level - 1])
        weights.append(tuple(fresh))
        at += len(table)
    return Model(tuple(weights), start.even - round(float(moved[0]) * BIT))


def _bits_of(weights: Ints) -> Floats:
    return np.clip(weights / BIT, -40.0, 40.0)


def _chance(odds: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp2(-np.clip(odds, -60, 60)))
    return found


def loss(odds: Floats, same: Bools) -> Floats:
    """Bits of surprise at each label; bounded, because one of a hundred is an accident."""
    chance = _NOISE + (1 - 2 * _NOISE) * _chance(odds)
    found: Floats = -np.log2(np.where(same, chance, 1 - chance))
    return found


class Trial(NamedTuple):
    """How a way to learn did on pairs that it had not seen: bits of surprise and wrong decisions over all labels, and
    by how much it beat the unlabelled model, with the error of that figure."""

    name: str
    surprise: float
    wrong: int
    gain: float
    error: float

    @property
    def helps(self) -> bool:
        """By more than chance would give away: a standard error."""
        return self.gain > self.error > 0


class Learned(NamedTuple):
    """`choice` is kept, threshold or weights: what moved. `trials` say how each did on held-out labels; `odds` are the
    chosen one's held-out bits per label, `same` and `blind` what is known of it. `proven` says whether the choice did
    better by more than chance would give away."""

    choice: str
    belief: Belief
    trials: tuple[Trial, ...]
    odds: Floats
    same: Bools
    blind: Bools
    reason: str = ""
    few: bool = False
    """Too few labels to learn from, so that nothing was tried."""

    @property
    def proven(self) -> bool:
        return any(trial.name == self.choice and trial.helps for trial in self.trials)


def certain(start: Model) -> Belief:
    """A model as if nothing could be learned about it."""
    return Belief(start, np.zeros((1 + sum(map(len, start.weights)),) * 2))


KEPT, THRESHOLD, WEIGHTS = "kept", "threshold", "weights"


def learn(start: Model, taught: Examples) -> Learned:
    """Try how much of the model labels should move: nothing, the threshold, or the weights too; take what did best on
    held-out labels, and nothing when nothing did better, or only with more wrong decisions.

    Questions are chosen where the model wavers, which makes held-out labels harder for what was learned than for what
    was there before: the trial errs on the side of leaving things as they are.
    """
    kept = certain(start)
    before = kept.odds(taught.pairs)
    trials = [_trial(KEPT, before, before, taught)]
    why = _too_few(taught)
    if why:
        return Learned(KEPT, kept, tuple(trials), before, taught.same, taught.blind, why, few=True)
    held = {KEPT: before}
    for name in (THRESHOLD, WEIGHTS) if start.weights else (THRESHOLD,):
        held[name] = _held_out(start, taught, move_weights=name == WEIGHTS)
        trials.append(_trial(name, held[name], before, taught))
    enough = LEAST_GAIN * len(taught.same)
    better = [trial for trial in trials[1:] if trial.gain > enough and trial.wrong <= trials[0].wrong]
    if not better:
        why = "on labels held out nothing did better"
        return Learned(KEPT, kept, tuple(trials), before, taught.same, taught.blind, why)
    best = min(better, key=lambda trial: trial.surprise)
    belief = believe(start, taught, move_weights=best.name == WEIGHTS)
    why = "" if best.helps else "on labels held out they did better, but by no more than chance may give"
    return Learned(best.name, belief, tuple(trials), held[best.name], taught.same, taught.blind, why)


def _too_few(taught: Examples) -> str:
    count, same = len(taught.same), int(taught.same.sum())
    if count < FEWEST:
        return f"{count} labels are too few to learn from; {FEWEST} are the least"
    if same in (0, count):
        return f"all {count} labels say {'same' if same else 'different'}: nothing tells the two apart"
    if len(np.unique(taught.groups)) < 2:
        return "all labels hang together by their records: none can be held out"
    return ""


def folds(taught: Examples) -> Ints:
    """Per label the fold in which it is held out; groups stay together, and both answers are spread."""
    first: dict[int, tuple[bool, int]] = {}
    for at, (group, same) in enumerate(zip(taught.groups.tolist(), taught.same.tolist(), strict=True)):
        first.setdefault(group, (same, at))
    order = sorted(first, key=lambda group: first[group])
    fold = {group: at % FOLDS for at, group in enumerate(order)}
    return np.array([fold[group] for group in taught.groups.tolist()], dtype=np.int64)


def _held_out(start: Model, taught: Examples, *, move_weights: bool) -> Floats:
    found = np.zeros(len(taught.same))
    fold = folds(taught)
    for number in np.unique(fold).tolist():
        out = fold == number
        belief = believe(start, taught.take(~out), move_weights=move_weights)
        found[out] = belief.odds(taught.pairs.take(out))
    return found


def _trial(name: str, odds: Floats, before: Floats, taught: Examples) -> Trial:
    mine, theirs = loss(odds, taught.same), loss(before, taught.same)
    gains = np.bincount(taught.groups, weights=theirs - mine)
    error = float(sqrt(len(gains)) * gains.std(ddof=1)) if len(gains) > 1 else 0.0
    wrong = int(((odds >= 0) != taught.same).sum())
    return Trial(name, float(mine.sum()), wrong, float((theirs - mine).sum()), error)
