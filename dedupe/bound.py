"""Pairs that need no scales: what their best evidence could weigh stays below a question.

Most records that meet under a loose key (the first character of a name, a town) are strangers with two brands. Their
weight has an upper bound that costs a look at the brands; only those beyond it are weighed. A pair that is spared would
have been a `no`, always: a test weighs every spared pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dedupe import evidence as worth
from dedupe.bit import bits
from dedupe.evidence_name import Naming
from dedupe.evidence_value import graded, identified
from dedupe.name import Name
from dedupe.prepare import Identifiers, Names, Prepared
from dedupe.rule import Comparison, Rules
from dedupe.statistic import Statistics

STRANGERS = (
    worth.BRAND_DIFFERENT
    + bits(max(worth.CITY.most, worth.PROVINCE.most))
    + worth.PLACE_COUNTY
    + worth.COUNTRY_EQUAL
    + worth.CONTACT_MOST_RELATED
)
"""The most that two records of different brands can weigh when nothing else speaks for them."""

ASIDE = frozenset(("organisation", "address", "phone", "online", "country"))
"""Kinds of comparisons whose most is in the bound."""


def hopeless(rules: Rules, statistics: Statistics, a: Prepared, b: Prepared) -> bool:
    """Whether the pair is certainly a `no`; False says nothing."""
    return Screen(rules, statistics, a).spares(b.slots)


class Screen:
    """One record before many: what of it can speak for another one is looked up once."""

    def __init__(self, rules: Rules, statistics: Statistics, asked: Prepared) -> None:
        self._statistics, self._naming = statistics, Naming(statistics)
        self._names: tuple[Name, ...] = ()
        self._place = -1
        self._others: list[tuple[int, Comparison, Any]] = []
        self._room = (statistics.bands or rules.bands).review - STRANGERS
        for at, (comparison, slot) in enumerate(zip(rules.comparisons, asked.slots, strict=True)):
            if slot is None:
                continue
            if comparison.kind == "organisation":
                self._place, self._names = at, slot.names
            elif comparison.kind not in ASIDE:
                self._others.append((at, comparison, slot))

    def spares(self, slots: Sequence[Any]) -> bool:
        """Whether the record with these slots (as prepared, or as `feature.parse` reads them) is certainly a `no`."""
        if self._room <= 0 or self._place < 0 or slots[self._place] is None:
            return False
        found = slots[self._place]
        names = found.names if isinstance(found, Names) else tuple(map(Name._make, found))
        for right in names:
            for left in self._names:
                if left.latin != right.latin or not self._naming.are_apart(left, right):
                    return False
        room = self._room
        for at, comparison, own in self._others:
            slot = slots[at]
            if slot is not None:
                room -= max(0, self._most(comparison, own, slot))
                if room <= 0:
                    return False
        return True

    def _most(self, comparison: Comparison, own: Any, slot: Any) -> int:
        if comparison.kind == "identifier":
            other = slot if isinstance(slot, Identifiers) else Identifiers._make(slot)
            return identified(self._statistics, comparison, own, other).weight
        return graded(self._statistics, comparison, own, slot).weight
