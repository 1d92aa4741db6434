"""What the records of an entity look like as a whole: how often values occur, which say nothing, what was trained.

Statistics are counted once per ruleset revision and frozen with it: a score depends on the rules, on these numbers and
on the two records, never on what else arrived meanwhile. Everything is plain integers and text, ready for JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from dedupe import census, evidence, key
from dedupe.bit import bits, log_ratio
from dedupe.evidence import Rare
from dedupe.facet import columns
from dedupe.grade import surprise, word_facet
from dedupe.key import Keys
from dedupe.prepare import Prepared
from dedupe.rule import Bands, Rules

_MOST = bits(4)
_LEAST = bits(-8)


@dataclass(frozen=True, slots=True)
class Statistics:
    """`counts[facet][value]` for values met more than once, of facets whose frequency counts; `totals[facet]` all
    values met, `squares[facet]` the sum of the squared counts. `hubs[facet]` are values shared by so many that they
    prove nothing; `crowded[key]` says how often a blocking key over its cap was split; `spread[unit]` in how many
    cities a name without region and form is at home, for those in several; `doubles[unit]` how many official numbers
    there are under it in one city, for those with several; `forms[words]` how many legal forms that are not written one
    for another a name in letters is known under, for those with several. `weights` replaces a comparison's shipped
    weights; `bands` the rules'.
    """

    records: int = 0
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    squares: Mapping[str, int] = field(default_factory=dict)
    hubs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    crowded: Mapping[str, int] = field(default_factory=dict)
    spread: Mapping[str, int] = field(default_factory=dict)
    doubles: Mapping[str, int] = field(default_factory=dict)
    forms: Mapping[str, int] = field(default_factory=dict)
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

    def rarity(self, rare: Rare, value: str) -> int:
        """What sharing this value proves: ten records cannot show how rare a value is, an imagined population helps."""
        total = self.totals.get(rare.facet, 0)
        return _rarity(self.count(rare.facet, value), total, rare.expected, rare.population, rare.most)

    def word_rarity(self, word: str, rare: Rare) -> int:
        """What it proves that two names share a word. The two names are counted themselves: only others say how
        common it is."""
        others = max(self.counts.get("token", {}).get(word, 1) - 2, 0)
        return _rarity(others + 1, self.totals.get("start", 0), rare.expected, rare.population, rare.most)

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
            "spread": dict(sorted(self.spread.items())),
            "doubles": dict(sorted(self.doubles.items())),
            "forms": dict(sorted(self.forms.items())),
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
            spread=data["spread"],
            doubles=data["doubles"],
            forms=data.get("forms", {}),
            weights={name: tuple(values) for name, values in data["weights"].items()},
            bands=Bands(*data["bands"]) if data["bands"] else None,
        )


@lru_cache(1 << 15)
def frequency_bits(count: int, total: int, squares: int) -> int:
    """log2 of the average chance that two records share a value by accident over the chance for this value."""
    if not total or not squares:
        return 0
    return max(_LEAST, min(_MOST, log_ratio(squares, total * count)))


@lru_cache(1 << 15)
def _rarity(count: int, total: int, expected: float, population: int, most: float) -> int:
    # One of the records that hold the value is the one asked about: it says nothing about the others.
    chance = (count - 1 + population * expected) / (total + population)
    return min(bits(most), log_ratio(1, chance))


_SHARED = ("phone", "email", "domain", "site")
"""Facets that say how to reach somebody: many may share a value, and then it proves nothing about any of them."""


def shared(rules: Rules) -> frozenset[str]:
    """The facets that many may share."""
    return frozenset((*_SHARED, *(item.name for item in rules.comparisons if item.kind == "identifier")))


def telling(rules: Rules) -> frozenset[str]:
    """The facets of which somebody asks how often a value occurs."""
    own = {item.name for item in rules.comparisons}
    return frozenset((*evidence.FACETS, *own, *map(word_facet, own), *shared(rules)))


def statistics(rules: Rules, prepared: Iterable[Prepared]) -> Statistics:
    """Count the facets of these records; hubs and crowded blocking keys follow from the rules' limits.

    The order of the records does not matter.
    """
    return count(rules, list(prepared))[0]


def count(rules: Rules, records: Sequence[Prepared]) -> tuple[Statistics, list[Keys]]:
    """The same, and the blocking keys of the records, which it takes to find the crowded ones."""
    offered = columns(rules, records, telling(rules))
    met = {facet: census.counted(column) for facet, column in offered.items() if len(column.hashes)}
    many, who = shared(rules), census.identities(records)
    hubs = {
        facet: census.shared_by_many(column, who, rules.limits.hub)
        for facet, column in offered.items()
        if facet in many
    }
    found = Statistics(
        len(records),
        {facet: counts for facet, (counts, _, _) in met.items() if counts},
        {facet: total for facet, (_, total, _) in met.items()},
        {facet: squares for facet, (_, _, squares) in met.items()},
        {facet: values for facet, values in hubs.items() if values},
        spread=census.spread(records),
        doubles=census.doubles(records),
        forms=census.forms(records),
    )
    return key.keys(rules, found, records, offered)
