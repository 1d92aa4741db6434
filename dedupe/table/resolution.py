"""What became of the rows of a table, whichever way they were compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.rule import Bands, Rules
from dedupe.statistic import Statistics
from dedupe.table.edge import NO_EDGES, Edges, Judge
from dedupe.table.frame import Ints
from dedupe.table.pairing import Report

_NOTHING = np.iinfo(np.int64).min


class Model(NamedTuple):
    """The rules and trained statistics with which `dedupe.score` gives any pair of these rows the same weight again."""

    rules: Rules
    statistics: Statistics


class Wish(NamedTuple):
    """What somebody asks for instead of what would be chosen: bands in ten-thousandths of a bit (`guess` is the weight
    at which a match is as likely as not), blocking keys by the names under which they are reported, and per column
    the weights of its levels."""

    auto: int | None = None
    review: int | None = None
    block: tuple[str, ...] = ()
    guess: int | None = None
    weights: Mapping[str, tuple[int, ...]] = {}

    def bands(self, auto: int, review: int) -> Bands:
        """The bands with what was chosen where nothing is asked; a lone wish moves the other one out of its way."""
        if self.auto is not None:
            auto, review = self.auto, min(review, self.auto)
        if self.review is not None:
            auto, review = max(auto, self.review) if self.auto is None else auto, self.review
        return Bands(auto, review)


NOTHING_ASKED = Wish()


@dataclass
class Resolution:
    """The rows in the order of the input.

    `labels` are cluster numbers from 0 in order of first appearance. `weights` is the match weight of the best pair
    that ties a row to its cluster, None for a row alone. `golden` marks one row per cluster: the one with the most
    cells filled, then the one closest to the others, then the first by content. `expected_right` is how many of
    `found_pairs` the model itself believes; `doubtful` counts pairs left apart that a person should look at.

    `labels` is the best guess; `auto_labels` cut it down to what joins without a steward, so that every one of their
    clusters lies inside one of the guess. `even` is the weight from which the guess joins, `threshold` the one that it
    is told by; `cautious` says why the auto band lies higher than usual. `edges` are the pairs above the review band;
    `vetoed` is the heaviest pair that would be one of them but for a veto.
    """

    labels: list[int]
    weights: list[int | None]
    golden: list[bool]
    method: str
    pairs_compared: int = 0
    found_pairs: int = 0
    expected_right: float | None = None
    doubtful: int = 0
    threshold: int = 0
    blocking: Report = field(default_factory=Report)
    left_out_columns: tuple[str, ...] = ()
    model: Model | None = None
    auto_labels: list[int] = field(default_factory=list)
    bands: Bands = field(default_factory=Bands)
    even: int = 0
    cautious: str = ""
    edges: Edges = NO_EDGES
    judge: Judge | None = None
    vetoed: tuple[int, int] | None = None
    single: bool = False

    def __post_init__(self) -> None:
        if not self.auto_labels:
            self.auto_labels = list(range(len(self.labels)))

    def questions(self) -> NDArray[np.bool_]:
        """Per edge whether a person has to decide it: its rows did not join unasked, and none of them is taken where
        each may have one partner only (`single`)."""
        own = np.array(self.auto_labels, dtype=np.int64)
        left, right = own[self.edges.left], own[self.edges.right]
        asked: NDArray[np.bool_] = left != right
        if self.single and len(own):
            taken = np.bincount(own) > 1
            asked &= ~taken[left] & ~taken[right]
        return asked


class Quiet:
    """Nobody watches the progress."""

    def advance(self, done: int, total: int | None = None) -> None:
        pass


def content_order(cells: Sequence[Sequence[str]], sources: Sequence[str] | None) -> list[int]:
    """Row numbers in the order of the rows' content: work done in this order gives one result for any order of rows."""
    parts = [*cells, *([sources] if sources is not None else [])]
    size = len(parts[0]) if parts else 0
    return sorted(range(size), key=lambda row: tuple(part[row] for part in parts))


def in_order(order: Sequence[int], labels: Ints) -> list[int]:
    """Labels of rows in content order as numbers in the order of the input, from 0 by first appearance."""
    back = np.empty(len(labels), dtype=np.int64)
    back[np.array(order, dtype=np.int64)] = np.arange(len(labels))
    numbers: dict[int, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels[back].tolist()]


class Placed(NamedTuple):
    """Labels, weights and golden marks in the order of the input."""

    labels: list[int]
    weights: list[int | None]
    golden: list[bool]
    found_pairs: int


def place(order: Sequence[int], labels: Ints, left: Ints, right: Ints, weights: Ints, filled: Ints) -> Placed:
    """Turn a result over rows in content order (labels, weighed pairs, cells filled) back into the input's order."""
    size = len(labels)
    inside = labels[left] == labels[right]
    best = np.full(size, _NOTHING)
    total = np.zeros(size, dtype=np.int64)
    for end in (left[inside], right[inside]):
        np.maximum.at(best, end, weights[inside])
        np.add.at(total, end, weights[inside])
    golden = np.zeros(size, dtype=bool)
    ranked = np.lexsort((np.arange(size), -total, -filled, labels))
    first = np.r_[True, labels[ranked][1:] != labels[ranked][:-1]] if size else np.zeros(0, dtype=bool)
    golden[ranked[first]] = True
    back = np.empty(size, dtype=np.int64)
    back[np.array(order, dtype=np.int64)] = np.arange(size)
    numbers: dict[int, int] = {}
    counts = np.unique(labels, return_counts=True)[1]
    return Placed(
        [numbers.setdefault(label, len(numbers)) for label in labels[back].tolist()],
        [weight if weight > _NOTHING else None for weight in best[back].tolist()],
        golden[back].tolist(),
        int((counts * (counts - 1) // 2).sum()),
    )
