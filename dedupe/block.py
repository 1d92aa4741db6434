"""Blocking keys: what two records must have in common to be compared at all.

A key is text, the same for a record whenever and wherever it is made: the durable index and a batch in memory meet
under the same keys. A key that too many records share is split by a second part, never dropped in silence; the split
is frozen with the statistics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

from dedupe.facet import facets
from dedupe.prepare import Prepared
from dedupe.rule import Rules

if TYPE_CHECKING:
    from dedupe.statistic import Statistics

ROUNDS = 2
"""How often a key over its cap is split, at most."""
RAREST = 3
RARE = 10
"""Of the words of a name the rarest ones are keys, at most so many; those beside the first only while they are rare."""
LOOSE = frozenset(("token", "start", "letters", "outline"))
"""Blocks of words or letters alone, under which mostly strangers meet."""
_SPLITTERS = ("city", "trade", "road", "core", "phone", "party")


def keys(rules: Rules, statistics: Statistics, prepared: Prepared) -> list[str]:
    """The blocking keys of one record, sorted and distinct: `brand+city=海康威视/3301`."""
    return keys_of_facets(rules, statistics, facets(rules, prepared))


def keys_of_facets(rules: Rules, statistics: Statistics, offered: Mapping[str, Sequence[str]]) -> list[str]:
    """The same for a record whose facets are known already."""
    offers = telling(statistics, offered)
    found: set[str] = set()
    for parts in rules.blocks:
        label = label_of(parts)
        for values in product(*(offers.get(part, ()) for part in parts)):
            key = f"{label}={'/'.join(values)}"
            depth = statistics.crowded.get(key, 0)
            found.update(_split(key, parts, offers, depth) if depth else (key,))
    return sorted(found)


def telling(statistics: Statistics, offered: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """The facets without what is no key: values that many share, and the commoner words of a name."""
    offers = dict(offered)
    for facet, hubs in statistics.hubs.items():
        if facet in offers:
            offers[facet] = [value for value in offers[facet] if value not in hubs]
    if "token" in offers:
        counts = statistics.counts.get("token", {})
        ranked = sorted((counts.get(word, 1), word) for word in offers["token"])[:RAREST]
        offers["token"] = [word for at, (count, word) in enumerate(ranked) if not at or count <= RARE]
    return offers


def label_of(parts: Sequence[str]) -> str:
    """What a block is called in front of its keys."""
    return "+".join(parts)


def block_of(key: str) -> str:
    """What the block of a key is called."""
    return key.partition("=")[0]


def is_loose(key: str) -> bool:
    """Whether a key is one of letters and words alone."""
    return block_of(key) in LOOSE


def stem_of(key: str) -> str:
    """A key as it was before it was split."""
    return key.partition("|")[0]


def splitters(parts: Sequence[str], depth: int) -> list[str]:
    """The facets that split the keys of a block, in turn."""
    return [name for name in _SPLITTERS if name not in parts][:depth]


def _split(key: str, parts: Sequence[str], offers: Mapping[str, Sequence[str]], depth: int) -> Iterable[str]:
    """The key with `depth` more parts behind it; a record that does not have them keeps an empty place there."""
    for values in product(*(offers.get(name) or ("",) for name in splitters(parts, depth))):
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
