"""Official numbers, and values that no parser knows, as evidence."""

from __future__ import annotations

from typing import Any

from rapidfuzz.distance import OSA

from dedupe import evidence as worth
from dedupe.bit import share
from dedupe.evidence import Part
from dedupe.grade import plain_kind, similar
from dedupe.prepare import Identifiers, Prepared
from dedupe.rule import Comparison
from dedupe.statistic import Statistics


def identified(statistics: Statistics, comparison: Comparison, one: Identifiers, two: Identifiers) -> Part:
    """What the numbers of two records prove."""
    common = sorted(set(one.valid) & set(two.valid))
    if common:
        if all(statistics.is_hub(comparison.name, value) for value in common):
            return Part(comparison.name, "shared by many", 0)
        return Part(comparison.name, "equal", worth.HARD_EQUAL)
    if one.valid and two.valid:
        return Part(comparison.name, "different", worth.HARD_DIFFERENT)
    if set(one.inner) & set(two.inner):
        return Part(comparison.name, "same organisation code", worth.INNER_EQUAL)
    if one.other and two.other:
        return _unchecked(statistics, comparison, one.other, two.other)
    pairs = [(x, y) for x in (*one.valid, *one.soft) for y in (*two.valid, *two.soft)]
    if not pairs:
        return Part(comparison.name, "", 0)  # a company is known to the registers of two countries
    if any(x == y for x, y in pairs):
        return Part(comparison.name, "equal, fails its check", worth.SOFT_EQUAL)
    if any(len(x) > 8 and OSA.distance(x, y, score_cutoff=2) <= 2 for x, y in pairs):
        return Part(comparison.name, "nearly equal, fails its check", worth.SOFT_NEAR)
    return Part(comparison.name, "different, fails its check", worth.SOFT_FAR)


def _unchecked(statistics: Statistics, comparison: Comparison, one: tuple[str, ...], two: tuple[str, ...]) -> Part:
    """Numbers of a register whose check digits we do not know: a slip makes another number that looks right."""
    common = set(one) & set(two)
    if any(not statistics.is_hub(comparison.name, value) for value in common):
        return Part(comparison.name, "equal, without a check", worth.UNCHECKED_EQUAL)
    if common:
        return Part(comparison.name, "shared by many", 0)
    pairs = [(x, y) for x in one for y in two]
    if any(len(x) > 8 and OSA.distance(x, y, score_cutoff=1) <= 1 for x, y in pairs):
        return Part(comparison.name, "nearly equal, without a check", worth.UNCHECKED_NEAR)
    if any(x[:2] == y[:2] for x, y in pairs):
        return Part(comparison.name, "different, without a check", worth.UNCHECKED_DIFFERENT)
    return Part(comparison.name, "", 0)


def graded(statistics: Statistics, comparison: Comparison, one: Any, two: Any) -> Part:
    """What two values of a kind without a parser prove."""
    facet, kind = comparison.name, plain_kind(comparison.kind)
    pairs = [(x, y) for x in one for y in two] if comparison.kind == "set" else [(one, two)]
    weights = statistics.weights.get(facet, kind.weights)
    found = []
    for x, y in pairs:
        level = kind.level(similar(kind, x, y, lambda word: statistics.word_bits(facet, word)))
        found.append((weights[level] + rare_bits(statistics, comparison, level, x, y), -level))
    weight, level = max(found)
    return Part(facet, kind.labels[-level], weight)


def rare_bits(statistics: Statistics, comparison: Comparison, level: int, x: str, y: str) -> int:
    """What the frequency of two values adds on a level: all of it when equal, half of the commoner one when nearly."""
    if level == 0:
        return statistics.frequency_bits(comparison.name, x)
    if level <= plain_kind(comparison.kind).fuzzy:
        both = (statistics.frequency_bits(comparison.name, value) for value in (x, y))
        return share(min(both), 2)
    return 0


def out_of_place(a: Prepared, b: Prepared, named: list[Part]) -> list[Part]:
    """A credit code carries the region that issued it: beside another name elsewhere it is a stranger's."""
    if not (a.facts.hard and b.facts.hard):
        return []
    brand = next((part.level for part in named if part.comparison == "brand"), "equal")
    if brand in ("equal", "sound", "slip", "end", "equal with the trade", "transliterated"):
        return []
    for kind, number in sorted(set(a.facts.hard) & set(b.facts.hard)):
        strange = [bool(x.place.provinces) and number[2:4] not in x.place.provinces for x in (a, b)]
        if kind == "credit_code" and strange[0] != strange[1]:
            return [Part("credit_code_region", "at home for one of them", worth.HARD_FROM_ELSEWHERE)]
    return []
