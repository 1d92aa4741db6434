"""What the records of an entity look like as a whole: how often values occur, which say nothing, what was trained.

Statistics are counted once per ruleset revision and frozen with it: a score depends on the rules, on these numbers and
on the two records, never on what else arrived meanwhile. Everything is plain integers and text, ready for JSON.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.bit import bits, log_ratio
from dedupe.block import keys_of_facets
from dedupe.evidence import Rare
from dedupe.grade import surprise, word_facet
from dedupe.name import unit
from dedupe.prepare import Names, Prepared, facets
from dedupe.rule import Bands, Rules
from goldbridge.text.legal_form import forms_agree

_MOST = bits(4)
_LEAST = bits(-8)


@dataclass(frozen=True, slots=True)
class Statistics:
    """`counts[facet][value]` for values met more than once; `totals[facet]` all values met, `squares[facet]` the sum
    of the squared counts. `hubs[facet]` are values shared by so many that they prove nothing; `crowded[key]` says how
    often a blocking key over its cap was split; `spread[unit]` in how many cities a name without region and form is at
    home, for those in several; `doubles[unit]` how many official numbers there are under it in one city, for those
    with several; `forms[words]` how many legal forms that are not written one for another a name in letters is known
    under, for those with several. `weights` replaces a comparison's shipped weights; `bands` the rules'.
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

    def rarity_bits(self, facet: str, value: str, expected: float, population: int, most: float) -> int:
        """What sharing this value proves, at most `most` bits. `expected` is the share of an imagined `population`
        that holds a value of this facet: ten records cannot show how rare a value is."""
        return _rarity(self.count(facet, value), self.totals.get(facet, 0), expected, population, most)

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


_SHARED = ("phone", "email", "domain", "site")
"""Facets that say how to reach somebody: many may share a value, and then it proves nothing about any of them."""


class Keys(NamedTuple):
    """The blocking keys of many records: a number per key (its hash), and the row that has it."""

    codes: NDArray[np.int64]
    rows: NDArray[np.int64]
    loose: NDArray[np.bool_]
    """Whether the key is one of letters and words alone, under which mostly strangers meet."""


def statistics(rules: Rules, prepared: Iterable[Prepared]) -> Statistics:
    """Count the facets of these records; hubs and crowded blocking keys follow from the rules' limits.

    The order of the records does not matter.
    """
    return count(rules, list(prepared))[0]


def count(rules: Rules, records: Sequence[Prepared]) -> tuple[Statistics, Keys]:
    """The same, and the blocking keys of the records, which it takes to find the crowded ones."""
    shared = {*_SHARED, *(item.name for item in rules.comparisons if item.kind == "identifier")}
    census = Census()
    offered = [facets(rules, record) for record in records]
    for number, (record, offers) in enumerate(zip(records, offered, strict=True)):
        name = _identity(record, number)
        for facet, values in offers.items():
            for value in values:
                if facet in shared:
                    census.share(facet, value, name)
                else:
                    census.add(facet, value)
    found = Statistics(
        len(records),
        census.counts(),
        census.totals(),
        census.squares(),
        census.hubs(rules.limits.hub),
        spread=_spread(records),
        doubles=_doubles(records),
        forms=_forms(records),
    )
    return _uncrowd(rules, offered, found)


def _spread(records: Iterable[Prepared]) -> dict[str, int]:
    """In how many cities each name is at home, for names in more than one: they have namesakes."""
    homes: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for slot in record.slots:
            if isinstance(slot, Names) and len(record.place.cities) == 1:
                for name in slot.names:
                    homes[unit(name)].update(record.place.cities)
    return {key: len(cities) for key, cities in homes.items() if len(cities) > 1}


def _doubles(records: Iterable[Prepared]) -> dict[str, int]:
    """Names under which several official numbers are known in one city: namesakes next door.

    A number that one record alone has, or that is also seen under another brand, may have been typed on the wrong
    record and counts for nobody.
    """
    brands: dict[tuple[str, str], set[str]] = defaultdict(set)
    held: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for record in records:
        names = next((slot.names for slot in record.slots if isinstance(slot, Names)), ())
        for number in record.facts.hard:
            for name in names:
                brands[number].add(name.brand)
                if name.form and name.role == "name":
                    for city in record.place.cities:
                        held[unit(name), city][number] += 1
    found: dict[str, int] = {}
    for (key, _), numbers in held.items():
        clean = sum(count > 1 and len(brands[number]) == 1 for number, count in numbers.items())
        if clean > 1:
            found[key] = max(found.get(key, 0), clean)
    return found


def _forms(records: Iterable[Prepared]) -> dict[str, int]:
    """Names in letters under which companies of several forms are known: X LLC and X LP."""
    held: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for slot in record.slots:
            if isinstance(slot, Names):
                for name in slot.names:
                    if name.words and name.form:
                        held["".join(name.words)].add(name.form)
    return {
        words: len(forms)
        for words, forms in held.items()
        if len(forms) > 1 and any(not forms_agree(one, other) for one in forms for other in forms)
    }


def _identity(record: Prepared, number: int) -> str:
    """Whom a record is about, roughly: records of one brand that share a phone are not many sharing it."""
    for slot in record.slots:
        if isinstance(slot, Names):
            return slot.names[0].brand
    return str(number)


_ROUNDS = 2


def _uncrowd(
    rules: Rules, offered: Sequence[Mapping[str, Sequence[str]]], found: Statistics
) -> tuple[Statistics, Keys]:
    """Split every key over the cap by a second one, and again by a third where that was not enough."""
    keys = _keys(rules, found, offered, range(len(offered)))
    for depth in range(1, _ROUNDS + 1):
        codes, counts = np.unique(keys.codes, return_counts=True)
        over = codes[counts > rules.limits.block]
        if not len(over):
            break
        crowd = set(over.tolist())
        rows = np.unique(keys.rows[np.isin(keys.codes, over)])
        stems = {
            key.partition("|")[0]
            for row in rows.tolist()
            for key in keys_of_facets(rules, found, offered[row])
            if hash(key) in crowd
        }
        stems = {stem for stem in stems if found.crowded.get(stem, 0) == depth - 1}
        if not stems:
            break
        found = replace(found, crowded={**found.crowded, **dict.fromkeys(stems, depth)})
        again, kept = _keys(rules, found, offered, rows.tolist()), ~np.isin(keys.rows, rows)
        keys = Keys(*(np.r_[old[kept], new] for old, new in zip(keys, again, strict=True)))
    return found, keys


def _keys(rules: Rules, found: Statistics, offered: Sequence[Mapping[str, Sequence[str]]], rows: Iterable[int]) -> Keys:
    codes, held, loose = array("q"), array("q"), array("b")
    for row in rows:
        for key in keys_of_facets(rules, found, offered[row]):
            codes.append(hash(key))
            held.append(row)
            loose.append(key.startswith(_LOOSE))
    return Keys(
        np.frombuffer(codes, dtype=np.int64),
        np.frombuffer(held, dtype=np.int64),
        np.frombuffer(loose, dtype=np.int8).astype(bool),
    )


_LOOSE = ("token=", "start=", "letters=", "outline=")
