"""Pairs that need no scales: what their best evidence could weigh stays below a question.

Most records that meet under a loose key (the first character of a name, a town) are strangers with two brands. Their
weight has an upper bound that costs a look at the brands; only those beyond it are weighed. A pair that is spared would
have been a `no`, always: a test weighs every spared pair.
"""

from __future__ import annotations

from dedupe import evidence as worth
from dedupe.bit import bits
from dedupe.name import likeness_of_brands
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
    if (statistics.bands or rules.bands).review <= _STRANGERS:
        return False
    named = False
    for comparison, one, two in zip(rules.comparisons, a.slots, b.slots, strict=True):
        if one is None or two is None:
            continue
        if comparison.kind == "organisation":
            if not _strangers(one, two):
                return False
            named = True
        elif comparison.kind == "identifier":
            if not (one.valid and two.valid and set(one.valid).isdisjoint(two.valid)):
                return False
        elif comparison.kind not in _ASIDE:
            return False
    return named


def _strangers(one: Names, two: Names) -> bool:
    """Whether no name of one has anything of a brand in common with any name of the other."""
    for left in one.names:
        for right in two.names:
            if left.latin != right.latin or (left.words and right.words):
                return False
            if likeness_of_brands(*((left, right) if left <= right else (right, left))) != "different":
                return False
    return True
