"""What the records of an entity look like as a whole: how often values occur, which say nothing, what was trained.

Statistics are counted once per ruleset revision and frozen with it: a score depends on the rules, on these numbers and
on the two records, never on what else arrived meanwhile. Everything is plain integers and text, ready for JSON.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from dedupe.bit import bits, log_ratio
from dedupe.grade import surprise
from dedupe.rule import Bands, Rules

_MOST = bits(4)
_LEAST = bits(-8)
_POPULATION = 2000
"""Records of an imagined population that every table is mixed with: ten records cannot show how rare a value is."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """`counts[facet][value]` for values met more than once; `totals[facet]` all values met, `squares[facet]` the sum
    of the squared counts. `hubs[facet]` are values shared by so many that they prove nothing; `crowded[key]` says how
    often a blocking key over its cap was split. `weights` replaces a comparison's shipped weights; `bands` the rules'.
    """

    records: int = 0
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    squares: Mapping[str, int] = field(default_factory=dict)
    hubs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    crowded: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    bands: Bands | None = None

    def count(self, facet: str, value: str) -> int:
        """How many records hold the value; 1 for one that was never seen."""
        return self.counts.get(facet, {}).get(value, 1)

    def is_hub(self, facet: str, value: str) -> bool:
        return value in self.hubs.get(facet, ())

    def frequency_bits(self, facet: str, value: str) -> int:
        """How much more (or less) than an average value of its facet this one proves when two records share it."""
        return frequency_bits(self.count(facet, value), self.totals.get(facet, 0), self.squares.get(facet, 0))

    def rarity_bits(self, facet: str, value: str, expected: float, most: float) -> int:
        """What sharing this value proves, at most `most` bits; `expected` is the share of records of an imagined
        population that hold a value of this facet, for tables too small to tell."""
        return _rarity(self.count(facet, value), self.totals.get(facet, 0), expected, most)

    def word_bits(self, facet: str, word: str) -> float:
        """Bits of surprise in a word of a long text."""
        return surprise(self.totals.get(facet, 0), self.count(word_facet(facet), word))

    def as_json(self) -> dict[str, Any]:
        """Plain data in a fixed order."""
        return {
            "records": self.records,
            "counts": {facet: dict(sorted(values.items())) for facet, values in sorted(self.counts.items())},
            "totals": dict(sorted(self.totals.items())),
            "squares": dict(sorted(self.squares.items())),
            "hubs": {facet: sorted(values) for facet, values in sorted(self.hubs.items())},
            "crowded": dict(sorted(self.crowded.items())),
            "weights": {name: list(values) for name, values in sorted(self.weights.items())},
            "bands": [self.bands.auto, self.bands.review, self.bands.margin] if self.bands else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Statistics:
        """The inverse of `as_json`."""
        return cls(
            records=data["records"],
            counts=data["counts"],
            totals=data["totals"],
            squares=data["squares"],
            hubs={facet: frozenset(values) for facet, values in data["hubs"].items()},
            crowded=data["crowded"],
            weights={name: tuple(values) for name, values in data["weights"].items()},
            bands=Bands(*data["bands"]) if data["bands"] else None,
        )


def word_facet(facet: str) -> str:
    """Where the words of a text facet are counted."""
    return f"{facet} word"


@lru_cache(1 << 15)
def frequency_bits(count: int, total: int, squares: int) -> int:
    """log2 of the average chance that two records share a value by accident over the chance for this value."""
    if not total or not squares:
        return 0
    return max(_LEAST, min(_MOST, log_ratio(squares, total * count)))


@lru_cache(1 << 15)
def _rarity(count: int, total: int, expected: float, most: float) -> int:
    share = (count + _POPULATION * expected) / (total + _POPULATION)
    return min(bits(most), log_ratio(1, share))


class Census:
    """Counts facets of records; the values met once are forgotten at the end, which is most of them."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._names: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def add(self, facet: str, value: str) -> None:
        self._counts[facet][value] += 1

    def share(self, facet: str, value: str, name: str) -> None:
        """`name` is one of those that share the value; beyond the fan-out limit it becomes a hub."""
        self._counts[facet][value] += 1
        self._names[facet][value].add(name)

    def hubs(self, limit: int) -> dict[str, frozenset[str]]:
        """Values that more than `limit` different names share."""
        found = {
            facet: frozenset(value for value, names in values.items() if len(names) > limit)
            for facet, values in self._names.items()
        }
        return {facet: values for facet, values in found.items() if values}

    def counts(self) -> dict[str, dict[str, int]]:
        return {
            facet: {value: count for value, count in values.items() if count > 1}
            for facet, values in self._counts.items()
        }

    def totals(self) -> dict[str, int]:
        return {facet: values.total() for facet, values in self._counts.items()}

    def squares(self) -> dict[str, int]:
        return {facet: sum(count * count for count in values.values()) for facet, values in self._counts.items()}


def crowded(rules: Rules, keys: Iterable[Iterable[str]], split: Mapping[str, int]) -> dict[str, int]:
    """`split` with the keys added that are over the cap; one more level of splitting for each round."""
    counts: Counter[str] = Counter()
    for each in keys:
        counts.update(each)
    found = dict(split)
    for key, count in counts.items():
        if count > rules.limits.block:
            stem, _, extra = key.partition("|")
            found[stem] = max(found.get(stem, 0), extra.count("|") + 2 if extra else 1)
    return found
