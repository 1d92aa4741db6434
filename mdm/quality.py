"""How good the data of each source is, and that of the golden records beside it: shares of rules kept, by record too.

A rule passes, fails, or does not ask (a validity of what is not there, another system's rule). A score is the passed
weight over the asked weight; shares are kept as two whole numbers, so that the sum over pages is what it was whole.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from goldbridge.clock import iso
from goldbridge.mapping.value import ABSENT
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Record
from mdm.criterion import form, says
from mdm.quality_rule import QualityRule

GOLDEN = "golden records"
"""Where the golden records stand among the sources."""
OF_GOLDEN = frozenset({"present", "expr"})
"""What can be asked of a golden record; the rest is about what a source did."""


class Share(NamedTuple):
    """How many were asked, and how many of them passed."""

    asked: int = 0
    passed: int = 0

    @property
    def value(self) -> float | None:
        """None when nobody was asked."""
        return self.passed / self.asked if self.asked else None


class Poor(NamedTuple):
    """A record with a low score, in 0..1, and the rules it broke."""

    score: float
    source: str
    key: str
    golden: int
    broken: tuple[str, ...]


@dataclass(slots=True)
class Measure:
    """Rule -> source -> how many passed; source -> records and summed scores; the records that need work most."""

    entity: str
    shares: dict[str, dict[str, Share]] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    goldens: dict[str, int] = field(default_factory=dict)
    """Source -> the golden records that its records belong to; golden records: how many there are."""
    scores: dict[str, Share] = field(default_factory=dict)
    """Source -> asked and passed weight."""
    worst: list[Poor] = field(default_factory=list)

    def duplicates(self, source: str) -> float | None:
        """Share of a source's records that stand beside another one of it in a golden record."""
        count = self.records.get(source, 0)
        return None if not count else 1 - self.goldens.get(source, 0) / count

    def as_json(self) -> dict[str, Any]:
        """What a run keeps of it, to compare later runs with."""
        return {
            "entity": self.entity,
            "records": self.records,
            "goldens": self.goldens,
            "scores": {source: list(share) for source, share in sorted(self.scores.items())},
            "rules": {
                rule: {source: list(share) for source, share in sorted(by.items())} for rule, by in self.shares.items()
            },
        }


class Meter:
    """Sees every golden record with its source records once, in any order; then tells."""

    def __init__(
        self, entity: str, rules: Sequence[QualityRule], now: datetime, *, worst: int = 0, of: str = ""
    ) -> None:
        """Remembers the `worst` records, of all sources or of those within `of` (see `within`)."""
        self._rules, self._worst, self._of = rules, worst, of
        self._since = {rule.name: iso(now - timedelta(days=rule.days)) for rule in rules if rule.days}
        self._found = Measure(entity, {rule.name: {} for rule in rules})
        self._heap: list[tuple[float, tuple[str, str], Poor]] = []

    def see(self, golden: Golden, records: Sequence[Record]) -> None:
        """One golden record and the live records behind it."""
        self._count(GOLDEN, 1, 1)
        self._weigh(GOLDEN, [(rule, _kept(rule, golden.values)) for rule in self._rules if rule.kind in OF_GOLDEN])
        of: dict[str, list[Record]] = {}
        for record in records:
            of.setdefault(f"{record.system}.{record.stream}", []).append(record)
        for source, some in of.items():
            self._count(source, len(some), 1)
            for record in some:
                verdicts = list(self._verdicts(record, golden, len(some)))
                self._weigh(source, verdicts)
                if self._worst and within(source, self._of):
                    self._remember(source, record, golden.id, verdicts)

    def measure(self) -> Measure:
        """What was seen; the worst records first, equally bad ones by source and key."""
        self._found.worst = [poor for _, _, poor in sorted(self._heap, key=lambda each: (-each[0], _place(each[2])))]
        return self._found

    def _count(self, source: str, records: int, goldens: int) -> None:
        found = self._found
        found.records[source] = found.records.get(source, 0) + records
        found.goldens[source] = found.goldens.get(source, 0) + goldens

    def _weigh(self, source: str, verdicts: Sequence[tuple[QualityRule, bool | None]]) -> None:
        for rule, passed in verdicts:
            if passed is not None:
                by = self._found.shares[rule.name]
                by[source] = _add(by.get(source), 1, passed)
                self._found.scores[source] = _add(self._found.scores.get(source), rule.weight, passed)

    def _verdicts(self, record: Record, golden: Golden, twins: int) -> Iterator[tuple[QualityRule, bool | None]]:
        values = record.canonical or {}
        for rule in self._rules:
            if rule.systems and record.system not in rule.systems:
                continue
            match rule.kind:
                case "valid":
                    yield rule, _valid(rule, values, record.notes)
                case "agrees":
                    yield rule, _agrees(rule, values, golden.values)
                case "changed_within":
                    yield rule, (record.event_at or record.received_at) >= self._since[rule.name]
                case "unique":
                    yield rule, twins == 1
                case _:
                    yield rule, _kept(rule, values)

    def _remember(
        self, source: str, record: Record, golden: int, verdicts: Sequence[tuple[QualityRule, bool | None]]
    ) -> None:
        asked = sum(rule.weight for rule, passed in verdicts if passed is not None)
        broken = [rule for rule, passed in verdicts if passed is False]
        if not broken:
            return
        score = 1 - sum(rule.weight for rule in broken) / asked
        poor = Poor(score, source, record.key, golden, tuple(rule.name for rule in broken))
        entry = (-score, _back(_place(poor)), poor)
        if len(self._heap) < self._worst:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)


def within(source: str, of: str) -> bool:
    """Whether SYSTEM.STREAM is `of`: that very stream, one of that system, or anything when nothing is named."""
    return not of or source == of or source.startswith(f"{of}.")


class _Back(tuple[str, ...]):
    """Text that sorts the other way round: of equally bad records the heap gives up the last one."""

    __slots__ = ()

    def __lt__(self, other: tuple[str, ...]) -> bool:
        return tuple.__gt__(self, other)


def _back(place: tuple[str, str]) -> Any:
    return _Back(place)


def _place(poor: Poor) -> tuple[str, str]:
    return (poor.source, poor.key)


def _add(share: Share | None, weight: int, passed: bool) -> Share:
    asked, good = share or (0, 0)
    return Share(asked + weight, good + weight * passed)


def _kept(rule: QualityRule, values: Mapping[str, Any]) -> bool | None:
    """`present` and `expr`. An expression that has nothing to say (a field has no value) does not ask."""
    if rule.expression is None:
        return any(says(_at(values, path)) for path in rule.paths)
    result = rule.expression.evaluate(tuple(values.get(name, ABSENT) for name in rule.expression.reads))
    return result if isinstance(result, bool) else None


def _valid(rule: QualityRule, values: Mapping[str, Any], notes: Mapping[str, Any]) -> bool | None:
    """Whether what is said is valid; a record that says nothing is not asked."""
    told = [path[0] for path in rule.paths if says(values.get(path[0])) or "invalid" in notes.get(path[0], {})]
    return all("invalid" not in notes.get(name, {}) for name in told) if told else None


def _agrees(rule: QualityRule, values: Mapping[str, Any], golden: Mapping[str, Any]) -> bool | None:
    """Whether the record says what survived; of a many-valued field every item must have survived."""
    pairs = [(_at(values, path), _at(golden, path)) for path in rule.paths]
    told = [(said, kept) for said, kept in pairs if says(said) and says(kept)]
    return all(_same(said, kept) for said, kept in told) if told else None


def _same(said: Any, kept: Any) -> bool:
    if isinstance(said, list) and isinstance(kept, list):
        there = {form(item) for item in kept}
        return all(form(item) in there for item in said)
    return form(said) == form(kept)


def _at(values: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = values
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
