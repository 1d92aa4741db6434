"""How good a clustering is against a known truth, counted in pairs.

Pairs are counted by group sizes, never listed, so that a million rows and a cluster of thousands cost nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple


class PairMetrics(NamedTuple):
    """Counts of pairs, and what follows from them; ratios are 1.0 when there was nothing to find."""

    true_pairs: int
    found_pairs: int
    right_pairs: int

    @property
    def precision(self) -> float:
        return self.right_pairs / self.found_pairs if self.found_pairs else 1.0

    @property
    def recall(self) -> float:
        return self.right_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        total = self.true_pairs + self.found_pairs
        return 2 * self.right_pairs / total if total else 1.0


def pair_metrics(
    truth: Sequence[Hashable], found: Sequence[Hashable], *, sources: Sequence[Hashable] | None = None
) -> PairMetrics:
    """Compare two labellings of the same rows, position by position; with `sources`, only pairs across sources count.

    A row whose true label is None is left out. Raises ValueError when the lengths differ.
    """
    if len(truth) != len(found) or (sources is not None and len(sources) != len(truth)):
        raise ValueError("truth, found and sources must have one label per row")
    rows = [index for index, label in enumerate(truth) if label is not None]
    true_labels = [truth[index] for index in rows]
    found_labels = [found[index] for index in rows]
    both = list(zip(true_labels, found_labels, strict=True))
    counted = [_pairs(true_labels), _pairs(found_labels), _pairs(both)]
    if sources is not None:
        inside = [sources[index] for index in rows]
        counted[0] -= _pairs(zip(true_labels, inside, strict=True))
        counted[1] -= _pairs(zip(found_labels, inside, strict=True))
        counted[2] -= _pairs(zip(both, inside, strict=True))
    return PairMetrics(*counted)


def pair_metrics_of_groups(truth: dict[Hashable, Hashable], clusters: Iterable[Iterable[Hashable]]) -> PairMetrics:
    """The same for clusters given as groups of ids; an id in no cluster is alone, one without truth is left out."""
    label: dict[Hashable, Hashable] = {}
    for number, members in enumerate(clusters):
        for member in members:
            label[member] = number
    ids = list(truth)
    return pair_metrics([truth[key] for key in ids], [label.get(key, ("alone", key)) for key in ids])


def _pairs(labels: Iterable[Hashable]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(labels).values())
