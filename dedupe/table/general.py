"""Deduplicates or links a general table: encode, block, train, weigh, cluster.

The result does not depend on the order of the rows: work is done in the order of their content, and equal rows are
interchangeable.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from dedupe.bit import bits
from dedupe.grade import KINDS, Kind, word_facet
from dedupe.rule import Bands, Comparison, Rules
from dedupe.statistic import Statistics
from dedupe.table import linkage, pairing, twin
from dedupe.table.edge import Met, banded, edges
from dedupe.table.frame import Column, Ints, Levels, implied_by_others, made_of_others, weigh
from dedupe.table.judge import ColumnJudge
from dedupe.table.resolution import NOTHING_ASKED, Model, Quiet, Resolution, Wish, content_order, in_order, place
from dedupe.table.training import Trained, strangers, train
from goldbridge.ports import Progress

_ALL_PAIRS = 1_500_000
"""Up to this many pairs a table needs no blocking."""
_UNSEEN = bits(-3)
"""What a pair that no key proposed counts for inside a cluster."""
_SURE = bits(30)
_BELIEVED = 20_000
_MANY_BY_CHANCE = 1
_FAR_MORE = 3
_BUDGET = 80


def resolve(
    cells: Mapping[str, Sequence[str]],
    kinds: Mapping[str, str],
    *,
    sources: Sequence[str] | None = None,
    one_to_one: bool = False,
    progress: Progress | None = None,
    wish: Wish = NOTHING_ASKED,
    plan: type[Work] | None = None,
) -> Resolution:
    """Find the rows that mean the same thing.

    `cells` maps column names to their values, all of one length; `kinds` says for the columns that count which of
    `grade.KINDS` they are. With `sources` (one word per row) only rows of different sources can match, each row at
    most once when `one_to_one`. Raises `Undecided` when the columns cannot tell the rows apart. `plan` does the work
    where it is not done here.
    """
    plan = plan or Work
    watch = progress or Quiet()
    names = [name for name in cells if name in kinds]
    size = len(cells[names[0]]) if names else 0
    if size < 2:
        return Resolution(list(range(size)), [None] * size, [True] * size, method="trained")
    order = content_order([cells[name] for name in names], sources)
    stand_in = twin.stand_ins([cells[name] for name in names], order) if sources is None else None
    if stand_in is not None:
        kept = [row for row, first in enumerate(stand_in) if first == row]
        fewer = {name: [cells[name][row] for row in kept] for name in names}
        return twin.expand(resolve(fewer, kinds, progress=progress, wish=wish, plan=plan), kept, stand_in)
    columns = [plan.encode(name, KINDS[kinds[name]], (cells[name][row] for row in order)) for name in names]
    origin = _codes([sources[row] for row in order]) if sources is not None else None
    watch.advance(1, 6)
    work = plan(columns, size, origin, one_to_one, wish)
    left, right, report = work.candidates()
    watch.advance(2, 6)
    trained, weights = work.train(left, right)
    work.check(left, right, weights, trained)
    watch.advance(1, 6)
    left, right, weights = work.close(left, right, weights, trained)
    watch.advance(1, 6)
    cautious = work.unsure()
    bands = wish.bands(trained.even + _CLEAR + (_CAUTION if cautious else 0), trained.even - _DOUBT)
    even = min(max(trained.even, bands.review), bands.auto) if wish != NOTHING_ASKED else trained.even
    labels = work.cluster(left, right, weights, even, 0)
    # A higher threshold cuts clusters of average linkage, so that only pairs inside them can still matter.
    inside = labels[left] == labels[right]
    auto = work.cluster(left[inside], right[inside], weights[inside], even, bands.auto - even)
    watch.advance(1, 6)
    found = _resolution(order, columns, work, left, right, weights, labels, trained, report, bands, even)
    found.auto_labels = in_order(order, auto)
    found.cautious = cautious
    found.single = one_to_one and origin is not None
    found.edges = edges(order, left, right, weights, banded(weights, bands))
    found.judge = ColumnJudge(
        order,
        work.columns,
        trained.weights,
        bands,
        work.chosen,
        work.cap,
        Met(size, left, right, weights),
    )
    return found


def _codes(values: Sequence[str]) -> Ints:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


class Undecided(ValueError):
    """The columns cannot tell the rows apart: any answer would be a guess."""


class Work:
    """One run over one encoded table; where another place does part of it, that part is a method of its own."""

    def __init__(self, columns: Sequence[Column], size: int, origin: Ints | None, one_to_one: bool, wish: Wish) -> None:
        self.size, self.origin, self.one_to_one, self.wish = size, origin, one_to_one, wish
        self.chosen: list[pairing.Key] = []
        self.cap = min(200, max(60, size // 50))
        self.dropped = made_of_others(columns, size)
        self.dropped += implied_by_others([column for column in columns if column not in self.dropped], size)
        self.columns = [column for column in columns if column not in self.dropped and column.filled]
        self.blocked_on = [column for column in columns if column.filled]
        self.all_pairs, self.most = self._possible()
        self.by_chance = [strangers(column, size) for column in self.columns] if size > 1 else []

    def _possible(self) -> tuple[int, int | None]:
        if self.origin is None:
            return self.size * (self.size - 1) // 2, None
        counts = np.bincount(self.origin) if self.size else np.zeros(0, np.int64)
        across = (self.size**2 - int((counts**2).sum())) // 2
        return across, self.size - int(counts.max(initial=0)) if self.one_to_one else None

    def candidates(self) -> tuple[Ints, Ints, pairing.Report]:
        size = self.size
        if self.all_pairs <= _ALL_PAIRS and not self.wish.block:
            left, right = (each.astype(np.int64) for each in np.triu_indices(size, 1))
            if self.origin is not None:
                across = self.origin[left] != self.origin[right]
                left, right = left[across], right[across]
            return left, right, pairing.Report(keys=[("all pairs", len(left))])
        keys = pairing.combine(self.blocked_on, every=bool(self.wish.block))
        words = [pairing.rare_words(column) for column in self.blocked_on if column.kind.worded]
        splitters = sorted(self.blocked_on, key=lambda column: (column.chance, column.name))
        if self.wish.block:
            self.chosen = pairing.named(self.wish.block, [*keys, *words])
            return self.propose(self.chosen, self.cap, splitters)
        first = words + pairing.choose_first(keys, size, 8 * size)
        left, right, report = self.propose(first, 60, splitters)
        trained, weights = self.train(left, right)
        believed = np.flatnonzero(trained.probability(weights) > 0.9)
        if len(believed) > _BELIEVED:
            believed = believed[np.linspace(0, len(believed) - 1, _BELIEVED).astype(np.int64)]
        chosen = words + pairing.choose(keys, left[believed], right[believed], size, _BUDGET * size)
        if len(chosen) == len(words):
            self.chosen, self.cap = first, 60
            return left, right, report
        self.chosen = chosen
        return self.propose(chosen, self.cap, splitters)

    @staticmethod
    def encode(name: str, kind: Kind, cells: Iterable[str]) -> Column:
        return Column.encode(name, kind, cells)

    def propose(
        self, keys: Sequence[pairing.Key], cap: int, splitters: Sequence[Column]
    ) -> tuple[Ints, Ints, pairing.Report]:
        return pairing.propose(keys, self.size, cap, splitters, self.origin)

    def grade(self, left: Ints, right: Ints) -> tuple[list[Levels], Ints]:
        levels = [column.levels(left, right) for column in self.columns]
        rare = np.zeros(len(left), dtype=np.int64)
        for column, grade in zip(self.columns, levels, strict=True):
            rare += column.rare(grade, left, right)
        return levels, rare

    def train(self, left: Ints, right: Ints) -> tuple[Trained, Ints]:
        levels, rare = self.grade(left, right)
        trained = train(
            self.columns, levels, rare, left, right,
            by_chance=self.by_chance, all_pairs=self.all_pairs, most=self.most,
        )  # fmt: skip
        trained = trained.told([column.name for column in self.columns], self.wish.weights, self.wish.guess)
        return trained, weigh(levels, rare, trained.weights)

    def check(self, left: Ints, right: Ints, weights: Ints, trained: Trained) -> None:
        """Refuse what the columns do not support.

        Where rows agree in everything by chance (people by first name and town), the training may take the rows of
        one town for one person: then it believes in many more matches than there are pairs that agree.
        """
        by_chance = self.all_pairs * math.prod(column.chance for column in self.columns)
        if by_chance < _MANY_BY_CHANCE:
            return
        agree = np.ones(len(left), dtype=bool)
        for column in self.columns:
            agree &= column.levels(left, right) <= column.kind.fuzzy
        believed = float(trained.probability(weights).sum())
        if believed > _FAR_MORE * int(agree.sum()):
            raise Undecided(
                f"the columns cannot tell rows apart: by chance alone {by_chance:,.0f} pairs of rows would agree in "
                f"all of them, and {int(agree.sum()):,} do; compare one more (a phone, an address, a date)"
            )

    def close(self, left: Ints, right: Ints, weights: Ints, trained: Trained) -> tuple[Ints, Ints, Ints]:
        """Weigh the pairs that no key proposed but a common partner does, so that clusters are judged by evidence."""
        if self.origin is not None and self.one_to_one:
            return left, right, weights
        likely = weights >= trained.even
        one, two = pairing.closure(left[likely], right[likely], self.size, 60)
        fresh = np.setdiff1d(one * self.size + two, left * self.size + right, assume_unique=True)
        one, two = fresh // self.size, fresh % self.size
        if self.origin is not None:
            across = self.origin[one] != self.origin[two]
            one, two = one[across], two[across]
        levels, rare = self.grade(one, two)
        more = weigh(levels, rare, trained.weights)
        return np.r_[left, one], np.r_[right, two], np.r_[weights, more]

    def unsure(self) -> str:
        """Why the weights deserve less trust than usual, "" when they do not."""
        if self.size < _FEW_ROWS:
            return f"{self.size} rows are few to learn from"
        if len(self.columns) < 3:
            return "two columns are compared" if len(self.columns) == 2 else "one column is compared"
        return ""

    def cluster(self, left: Ints, right: Ints, weights: Ints, even: int, threshold: int) -> Ints:
        """Clusters that hold together by so much over the even weight."""
        sure = max(_SURE, threshold)
        balance = np.clip(weights - even, -_SURE, sure)
        if self.origin is not None and self.one_to_one:
            return linkage.one_to_one(self.size, left, right, balance, threshold=threshold)
        near = balance > 2 * _UNSEEN
        return linkage.average(self.size, left[near], right[near], balance[near], unseen=_UNSEEN, threshold=threshold)


_DOUBT = bits(3)
"""Pairs within this distance below the even weight are worth a person's look."""
_CLEAR = bits(7)
"""Above the even weight: about one in a hundred of the pairs at its edge is wrong. What is clear joins unasked."""
_CAUTION = bits(3)
"""More of it where the weights deserve less trust."""
_FEW_ROWS = 100


def _resolution(
    order: Sequence[int], columns: Sequence[Column], work: Work, left: Ints, right: Ints, weights: Ints,
    labels: Ints, trained: Trained, report: pairing.Report, bands: Bands, even: int,
) -> Resolution:  # fmt: skip
    filled = np.zeros(work.size, dtype=np.int64)
    for column in columns:
        filled += column.codes >= 0
    inside = labels[left] == labels[right]
    placed = place(order, labels, left, right, weights, filled)
    return Resolution(
        *placed[:3],
        method="trained",
        pairs_compared=len(left),
        found_pairs=placed.found_pairs,
        expected_right=float(trained.probability(weights[inside]).sum()),
        doubtful=int(((weights >= bands.review) & ~inside).sum()),
        threshold=even,
        even=even,
        bands=bands,
        blocking=report,
        left_out_columns=tuple(column.name for column in work.dropped),
        model=_model(work.columns, trained, bands),
    )


def _model(columns: Sequence[Column], trained: Trained, bands: Bands) -> Model:
    """What was learned, in the form in which any pair of rows can be weighed again later."""
    comparisons = tuple(Comparison(column.name, column.kind.name, (column.name,)) for column in columns)
    rules = Rules(
        entity="row",
        comparisons=comparisons,
        blocks=tuple((column.name,) for column in columns),
        vetoes=frozenset(),
        bands=bands,
    )
    counts = {column.name: _repeated(zip(column.values, column.counts.tolist(), strict=True)) for column in columns}
    counts |= {word_facet(column.name): _repeated(column.words.items()) for column in columns if column.kind.worded}
    return Model(
        rules,
        Statistics(
            records=len(columns[0].codes) if columns else 0,
            counts=counts,
            totals={column.name: column.filled for column in columns},
            squares={column.name: column.squares for column in columns},
            weights={column.name: table for column, table in zip(columns, trained.weights, strict=True)},
        ),
    )


def _repeated(counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    return {value: count for value, count in counted if count > 1}
