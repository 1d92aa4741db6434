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
from dedupe.name import Name, likeness_of_brands
from dedupe.prepare import Names, Prepared
from dedupe.rule import Rules
from dedupe.statistic import Statistics

_STRANGERS = (
    worth.BRAND_DIFFERENT
    + bits(max(worth.CITY.most, worth.PROVINCE.most))
    + worth.PLACE_COUNTY
    + worth.COUNTRY_EQUAL
    + worth.CONTACT_MOST_RELATED
)
"""The most that two records of different brands can weigh when no number speaks for them."""

_ASIDE = frozenset(("organisation", "address", "phone", "online", "country"))


def hopeless(rules: Rules, statistics: Statistics, a: Prepared, b: Prepared) -> bool:
    """Whether the pair is certainly a `no`; False says nothing."""
    return Screen(rules, statistics, a).spares(b.slots)


class Screen:
    """One record before many: what of it can speak for another one is looked up once."""

    def __init__(self, rules: Rules, statistics: Statistics, asked: Prepared) -> None:
        self._names: tuple[Name, ...] = ()
        self._place = -1
        self._numbers: list[tuple[int, frozenset[str]]] = []
        self._others: list[int] = []
        self._idle = (statistics.bands or rules.bands).review <= _STRANGERS
        for at, (comparison, slot) in enumerate(zip(rules.comparisons, asked.slots, strict=True)):
            if slot is None:
                continue
            if comparison.kind == "organisation":
                self._place, self._names = at, slot.names
            elif comparison.kind == "identifier":
                self._numbers.append((at, frozenset(slot.valid)))
            elif comparison.kind not in _ASIDE:
                self._others.append(at)

    def spares(self, slots: Sequence[Any]) -> bool:
        """Whether the record with these slots (as prepared, or as `feature.parse` reads them) is certainly a `no`."""
        if self._idle or self._place < 0 or slots[self._place] is None:
            return False
        for at in self._others:
            if slots[at] is not None:
                return False
        for at, valid in self._numbers:
            slot = slots[at]
            if slot is not None and not (valid and slot[1] and valid.isdisjoint(slot[1])):
                return False
        found = slots[self._place]
        for right in found.names if isinstance(found, Names) else map(Name._make, found):
            for left in self._names:
                if left.latin != right.latin or (left.words and right.words):
                    return False
                # As the scales hold them: sorted, for likeness may depend on who stands first.
                if likeness_of_brands(*((left, right) if left <= right else (right, left))) != "different":
                    return False
        return True
