"""The match weight of two records: bits of evidence added up, with every part on show.

A pure function of the rules, the frozen statistics and the two records, and symmetric. The parts of an explanation add
up to the weight exactly. Evidence that says the same thing twice is cut before it is added, not after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from dedupe import evidence as worth
from dedupe.evidence import Part
from dedupe.evidence_contact import Contact, balanced
from dedupe.evidence_name import Naming
from dedupe.evidence_place import placed
from dedupe.evidence_value import graded, identified, out_of_place
from dedupe.fact import conflict
from dedupe.prepare import Names, Prepared, names_of
from dedupe.rule import Rules
from dedupe.statistic import Statistics


class Match(NamedTuple):
    """A judged pair. `band` is auto, review or no; a vetoed pair is never auto. The parts add up to `weight`."""

    weight: int
    band: str
    parts: tuple[Part, ...] = ()
    vetoes: tuple[str, ...] = ()

    def parts_json(self) -> list[list[Any]]:
        """The explanation as plain data: [comparison, level, weight]."""
        return [list(part) for part in self.parts]


def score(rules: Rules, statistics: Statistics, a: Prepared, b: Prepared) -> Match:
    """Judge whether two records are the same."""
    return Scale(rules, statistics).match(a, b)


class Scale:
    """Rules and statistics, ready to weigh many pairs."""

    def __init__(self, rules: Rules, statistics: Statistics) -> None:
        self._rules, self._statistics = rules, statistics
        self._bands = statistics.bands or rules.bands
        self._naming, contact = Naming(statistics), Contact(statistics)
        self._contact: dict[str, Callable[[Any, Any], Part]] = {
            "phone": contact.phone, "online": contact.online, "address": contact.address,
        }  # fmt: skip
        self._of_companies = any(comparison.kind == "organisation" for comparison in rules.comparisons)

    def match(self, a: Prepared, b: Prepared) -> Match:
        """The judgement of one pair."""
        parts = self._parts(a, b)
        weight = sum([part[2] for part in parts])
        vetoes = conflict(self._rules.vetoes, a.facts, b.facts)
        band = self._bands.of(weight)
        if vetoes:
            band = "review" if band != "no" and _worth_a_question(vetoes, parts) else "no"
        return Match(weight, band, parts, vetoes)

    def _parts(self, a: Prepared, b: Prepared) -> tuple[Part, ...]:
        contact: list[Part] = []
        other: list[Part] = []
        names: tuple[Names, Names] | None = None
        land, weight = "", 0
        for comparison, one, two in zip(self._rules.comparisons, a.slots, b.slots, strict=True):
            if one is None or two is None:
                continue
            kind = comparison.kind
            if kind == "organisation":
                names = one, two
            elif kind in self._contact:
                part = self._contact[kind](one, two)
                if part.level:
                    contact.append(part)
            elif kind == "country":
                weight = worth.COUNTRY_EQUAL if one == two else worth.COUNTRY_DIFFERENT
                land = one if one == two else ""
            elif kind == "identifier":
                other.append(identified(self._statistics, comparison, one, two))
            else:
                other.append(graded(self._statistics, comparison, one, two))
        named = self._naming.best(names[0].names, names[1].names, land) if names else []
        if weight:
            named = _in_country(named, weight)
        named.extend(placed(self._statistics, a, b, named, contact))
        if contact and self._of_companies:
            contact = balanced(named, contact)
        if names:
            named.extend(self._naming.registered(named, names[0].names, names[1].names))
        other.extend(out_of_place(a, b, named))
        other.extend(_uncorroborated(a, b, named, [*contact, *other]))
        return tuple([part for part in (*named, *contact, *other) if part.level])


def _worth_a_question(vetoes: Iterable[str], parts: Iterable[Part]) -> bool:
    """A vetoed pair reaches a steward only when a wrong number or a renamed group is likely: same name *and* the same
    way to reach them (E05, E07). Branches and funds are what they say."""
    return set(vetoes) <= {"different_hard_id", "group_marker"} and any(
        part.comparison in ("phone", "online", "address") and part.weight > 0 for part in parts
    )


def _in_country(named: list[Part], weight: int) -> list[Part]:
    """The names and the country: in another one, the name in common is more often that of a relative."""
    if weight > 0:
        return [*named, Part("country", "equal", weight if named else 0)]
    most = {"brand": worth.WORDS_MOST_PART, "words": 0}
    kept = [part._replace(weight=min(part.weight, most.get(part.comparison, part.weight))) for part in named]
    return [*kept, Part("country", "different", weight)]


def _uncorroborated(a: Prepared, b: Prepared, named: list[Part], said: list[Part]) -> list[Part]:
    """Where everything else that both records say contradicts, a name alone does not join them unasked: it is as
    likely a namesake's. A name in letters has no place in it that tells namesakes apart: there it weighs less."""
    if not named or any(part.weight > 0 for part in said):
        return []
    against = [part for part in said if part.weight < 0]
    elsewhere = [part for part in named if part.comparison == "place" and part.weight < 0]
    agreed = sum(part.weight for part in named if part.comparison != "place")
    if not all(any(name.words for name in names_of(record)) for record in (a, b)):
        agreed += sum(part.weight for part in named if part.comparison == "place") + sum(p.weight for p in said)
        weight = min(0, worth.ASKED - agreed) if len(against) > 1 else 0
    else:
        against += elsewhere
        more = (len(against) - 1) * worth.NOTHING_AGREES_MORE
        weight = min(0, worth.NAME_ALONE - agreed) + worth.NOTHING_AGREES + more if against else 0
    return [Part("namesakes", "nothing else agrees", weight)] if weight else []
