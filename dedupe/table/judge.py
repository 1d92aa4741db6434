"""The two judges: one over columns with trained weights, one over parsed companies with rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dedupe.block import block_of, keys, label_of
from dedupe.evidence import Part
from dedupe.learn import Pairs
from dedupe.prepare import Prepared
from dedupe.rule import Bands
from dedupe.score import Match, Scale
from dedupe.table.edge import Coverage, Met, Shared
from dedupe.table.frame import Column, Ints
from dedupe.table.lesson import Candidates
from dedupe.table.pairing import Key
from dedupe.table.resolution import Model

EVERY_PAIR = "every pair"
_BATCH = 20_000


def _back(order: Sequence[int]) -> Ints:
    back = np.empty(len(order), dtype=np.int64)
    back[np.array(order, dtype=np.int64)] = np.arange(len(order))
    return back


def _candidates(back: Ints, met: Met) -> Candidates:
    """The pairs that met as rows of the input, the first of those that one stands for."""
    rows = np.zeros(int(back.max(initial=-1)) + 1, dtype=np.int64)
    rows[back[::-1]] = np.arange(len(back))[::-1]
    return Candidates(rows[met.left], rows[met.right], met.weights, met.vetoed)


def _ranks(back: Ints, fresh: NDArray[np.bool_]) -> Ints:
    """`fresh` marks rows in content order that differ from the one before."""
    return np.cumsum(fresh).astype(np.int64)[back]


class ColumnJudge:
    """Weighs rows column by column, many pairs at once. `chosen` are the keys that were taken, with their cap; none of
    them when every pair was compared."""

    def __init__(
        self,
        order: Sequence[int],
        columns: Sequence[Column],
        weights: Sequence[Sequence[int]],
        bands: Bands,
        chosen: Sequence[Key],
        cap: int,
        met: Met,
    ) -> None:
        self._back, self._columns, self._weights = _back(order), columns, weights
        self._bands, self._chosen, self._cap, self._met = bands, chosen, cap, met

    def matches(self, left: Sequence[int], right: Sequence[int]) -> Iterator[Match]:
        for start in range(0, len(left), _BATCH):
            one = self._back[np.array(left[start : start + _BATCH], dtype=np.int64)]
            two = self._back[np.array(right[start : start + _BATCH], dtype=np.int64)]
            yield from self._batch(one, two)

    def spread(self, rows: Ints) -> None:
        """Judge other rows from here on: each by the one of ours that stands for it."""
        self._back = self._back[rows]

    def candidates(self) -> Candidates:
        return _candidates(self._back, self._met)

    def grades(self, left: Ints, right: Ints) -> Pairs:
        one, two = self._back[left], self._back[right]
        levels = np.zeros((len(left), len(self._columns)), dtype=np.int8)
        rare = np.zeros(len(left), dtype=np.int64)
        for at, column in enumerate(self._columns):
            levels[:, at] = column.levels(one, two)
            rare += column.rare(levels[:, at], one, two)
        return Pairs(levels, rare)

    def ranks(self) -> Ints:
        codes = np.array([column.codes for column in self._columns])
        fresh = np.ones(codes.shape[1], dtype=np.bool_)
        fresh[1:] = (codes[:, 1:] != codes[:, :-1]).any(axis=0)
        return _ranks(self._back, fresh)

    def tables(self) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(table) for table in self._weights)

    def weighing(self, weights: Sequence[Sequence[int]], bands: Bands) -> ColumnJudge:
        """The same judge with other weights and bands."""
        found = ColumnJudge((), self._columns, weights, bands, self._chosen, self._cap, self._met)
        found._back = self._back
        return found

    def _batch(self, one: Ints, two: Ints) -> Iterator[Match]:
        found: list[list[Part]] = [[] for _ in range(len(one))]
        for column, table in zip(self._columns, self._weights, strict=True):
            levels = column.levels(one, two)
            rare = column.rare(levels, one, two).tolist()
            for at, level in enumerate(levels.tolist()):
                if level >= 0:
                    found[at].append(Part(column.name, column.kind.labels[level], table[level] + rare[at]))
        for parts in found:
            weight = sum(part.weight for part in parts)
            yield Match(weight, self._bands.of(weight), tuple(parts))

    def shared(self, a: int, b: int) -> list[Shared]:
        if not self._chosen:
            return [Shared(EVERY_PAIR, len(self._back))]
        one, two = int(self._back[a]), int(self._back[b])
        found = []
        for key in self._chosen:
            if key.rows is None:
                code = key.codes[one]
                common = [int(code)] if code >= 0 and code == key.codes[two] else []
            else:
                common = np.intersect1d(key.codes[key.rows == one], key.codes[key.rows == two]).tolist()
            for code in common:
                rows = int((key.codes == code).sum())
                found.append(Shared(key.label, rows, rows > self._cap))
        return found

    def compared(self, a: int, b: int) -> bool:
        one, two = int(self._back[a]), int(self._back[b])
        return not self._chosen or one == two or self._met(one, two)

    def coverage(self, left: Ints, right: Ints) -> list[Coverage]:
        if not self._chosen:
            size = len(self._back)
            return [Coverage(EVERY_PAIR, size * (size - 1) // 2, len(left), len(left))]
        one, two = self._back[left], self._back[right]
        agree = np.stack([_agree(key, one, two) for key in self._chosen])
        alone = agree & (agree.sum(axis=0) == 1)
        return [
            Coverage(key.label, key.pairs, int(agree[at].sum()), int(alone[at].sum()))
            for at, key in enumerate(self._chosen)
        ]


def _agree(key: Key, one: Ints, two: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    if key.rows is None:
        return key.agree(one, two)
    under: dict[int, set[int]] = {}
    for row, code in zip(key.rows.tolist(), key.codes.tolist(), strict=True):
        under.setdefault(row, set()).add(code)
    nothing: set[int] = set()
    return np.array(
        [
            not under.get(a, nothing).isdisjoint(under.get(b, nothing))
            for a, b in zip(one.tolist(), two.tolist(), strict=True)
        ],
        dtype=bool,
    )


class RuleJudge:
    """Weighs rows by rules, one pair at a time; `prepared` are the rows in content order."""

    def __init__(self, order: Sequence[int], model: Model, prepared: Sequence[Prepared], met: Met) -> None:
        self._back, self._model, self._prepared, self._met = _back(order), model, prepared, met

    def matches(self, left: Sequence[int], right: Sequence[int]) -> Iterator[Match]:
        scale = Scale(*self._model)
        for a, b in zip(left, right, strict=True):
            yield scale.match(self._prepared[self._back[a]], self._prepared[self._back[b]])

    def candidates(self) -> Candidates:
        return _candidates(self._back, self._met)

    def grades(self, left: Ints, right: Ints) -> Pairs:
        """Rules weigh a pair as a whole: it has no levels that a weight could be moved on."""
        weights = [match.weight for match in self.matches(left.tolist(), right.tolist())]
        return Pairs(np.zeros((len(weights), 0), dtype=np.int8), np.array(weights, dtype=np.int64))

    def ranks(self) -> Ints:
        said = [record[:3] for record in self._prepared]
        fresh = np.array([not at or said[at] != said[at - 1] for at in range(len(said))], dtype=np.bool_)
        return _ranks(self._back, fresh)

    def tables(self) -> tuple[tuple[int, ...], ...]:
        return ()

    def weighing(self, weights: Sequence[Sequence[int]], bands: Bands) -> RuleJudge:
        """The same judge with other bands; the weights are the rules' own."""
        rules = replace(self._model.rules, bands=bands)
        found = RuleJudge((), Model(rules, self._model.statistics), self._prepared, self._met)
        found._back = self._back
        return found

    def _keys(self, row: int) -> list[str]:
        return keys(*self._model, self._prepared[row])

    def shared(self, a: int, b: int) -> list[Shared]:
        common = sorted({*self._keys(int(self._back[a]))} & {*self._keys(int(self._back[b]))})
        if not common:
            return []
        counts = Counter(key for row in range(len(self._prepared)) for key in self._keys(row) if key in common)
        return [Shared(key, counts[key], counts[key] > self._model.rules.limits.block) for key in common]

    def compared(self, a: int, b: int) -> bool:
        return self._met(int(self._back[a]), int(self._back[b]))

    def coverage(self, left: Ints, right: Ints) -> list[Coverage]:
        held = [self._keys(row) for row in range(len(self._prepared))]
        counts = Counter(key for found in held for key in found)
        pairs: Counter[str] = Counter()
        for key, count in counts.items():
            if count <= self._model.rules.limits.block:
                pairs[block_of(key)] += count * (count - 1) // 2
        matches: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        for a, b in zip(self._back[left].tolist(), self._back[right].tolist(), strict=True):
            labels = {block_of(key) for key in set(held[a]).intersection(held[b])}
            matches.update(labels)
            if len(labels) == 1:
                alone.update(labels)
        blocks = [label_of(parts) for parts in self._model.rules.blocks]
        return [Coverage(block, pairs[block], matches[block], alone[block]) for block in blocks if pairs[block]]
