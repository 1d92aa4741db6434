"""Blocking keys: what two records must have in common to be compared at all.

A key is text, the same for a record whenever and wherever it is made: the durable index and a batch in memory meet
under the same keys. A key that too many records share is split by a second part, never dropped in silence; the split
is frozen with the statistics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

from dedupe.prepare import Prepared, facets
from dedupe.rule import Rules

if TYPE_CHECKING:
    from dedupe.statistic import Statistics

_SPLITTERS = ("city", "trade", "road", "core", "phone", "party")
_RAREST = 3
_RARE = 10
"""Of the words of a name the rarest ones are keys, at most so many; those beside the first only while they are rare."""


def keys(rules: Rules, statistics: Statistics, prepared: Prepared) -> list[str]:
    """The blocking keys of one record, sorted and distinct: `brand+city=海康威视/3301`."""
    return keys_of_facets(rules, statistics, facets(rules, prepared))


def keys_of_facets(rules: Rules, statistics: Statistics, offered: Mapping[str, Sequence[str]]) -> list[str]:
    """The same for a record whose facets are known already."""
    offers = {
        facet: tuple(value for value in values if not statistics.is_hub(facet, value))
        for facet, values in offered.items()
    }
    if "token" in offers:
        counts = statistics.counts.get("token", {})
        ranked = sorted((counts.get(word, 1), word) for word in offers["token"])[:_RAREST]
        offers["token"] = tuple(word for at, (count, word) in enumerate(ranked) if not at or count <= _RARE)
    found: set[str] = set()
    for parts in rules.blocks:
        label = "+".join(parts)
        for values in product(*(offers.get(part, ()) for part in parts)):
            key = f"{label}={'/'.join(values)}"
            depth = statistics.crowded.get(key, 0)
            found.update(_split(key, parts, offers, depth) if depth else (key,))
    return sorted(found)


def _split(key: str, parts: Sequence[str], offers: Mapping[str, Sequence[str]], depth: int) -> Iterable[str]:
    """The key with `depth` more parts behind it; a record that does not have them keeps an empty place there."""
    seconds = [name for name in _SPLITTERS if name not in parts][:depth]
    for values in product(*(offers.get(name) or ("",) for name in seconds)):
        yield "|".join((key, *values))


def candidate_pairs(keys_of: Mapping[Any, Iterable[str]], cap: int) -> tuple[list[tuple[Any, Any]], dict[str, int]]:
    """All pairs of ids that share a key, each once, a < b, sorted; and the keys over `cap` with their number of ids,
    whose pairs were left out."""
    under: dict[str, list[Any]] = {}
    for key_of in sorted(keys_of):
        for key in keys_of[key_of]:
            under.setdefault(key, []).append(key_of)
    over = {key: len(ids) for key, ids in under.items() if len(ids) > cap}
    pairs = {pair for key, ids in under.items() if len(ids) <= cap for pair in combinations(ids, 2)}
    return sorted(pairs), dict(sorted(over.items()))
