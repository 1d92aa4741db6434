"""The criteria of a survivorship rule: what each needs in YAML, and how good a claim is under it.

A grade is smaller the better, comparable with every other grade of the same criterion, and rests on the claims alone:
no clock, no order of arrival. Trust that decays counts age from the newest claim on the same field, so that nothing
changes by itself at midnight and a rebuild gives what was there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import orjson

from goldbridge.mapping.expression import Expression
from mdm.claim import Claimant

CRITERIA = (
    "validity", "source_rank", "recency", "quorum", "trust", "longest", "most_complete", "most_restrictive", "expr",
)  # fmt: skip
LISTING = ("source_rank", "most_restrictive")
"""Criteria that take a list, best first."""
SCALE = 10_000
"""Trust is counted in ten-thousandths of a point, in whole numbers, so that it is the same on every machine."""
EXPRESSION_NAMES = ("value", "system", "stream", "event_at", "record")
"""What `expr` may read: the claim's value, where it comes from, when it was true, and all values of its record."""


class Trust(NamedTuple):
    """Points of a claim of today, of an old one, and over how many days it falls from one to the other (0: never)."""

    at: int
    to: int
    over: int


@dataclass(frozen=True, slots=True)
class Criterion:
    """One step of a ranking; `args` are systems for source_rank and values for most_restrictive, best first, and the
    fields of the record that an expression reads."""

    kind: str
    args: tuple[str, ...] = ()
    trust: Mapping[str, Trust] = field(default_factory=dict)
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class Among:
    """What a claim is graded against: the other claims on the field, as far as a criterion asks for them."""

    name: str
    counts: Mapping[bytes, int] = field(default_factory=dict)
    newest: str = ""


def among(name: str, criteria: Sequence[Criterion], claims: Sequence[Claimant]) -> Among:
    """What these criteria need to know about all claims on a field."""
    kinds = {criterion.kind for criterion in criteria}
    return Among(
        name,
        systems_per_value(name, claims) if "quorum" in kinds else {},
        max((c.event_at or "" for c in claims), default="") if "trust" in kinds else "",
    )


def grade(criterion: Criterion, claim: Claimant, others: Among) -> Any:
    """How good a claim is under one criterion; smaller is better."""
    name = others.name
    value = claim.values[name]
    match criterion.kind:
        case "validity":
            return "invalid" in claim.notes.get(name, {})
        case "source_rank":
            return _place(criterion.args, claim.system)
        case "recency":
            return Newest(claim.event_at or "")
        case "quorum":
            return -others.counts[form(value)]
        case "trust":
            return -_trust(criterion.trust.get(claim.system), claim.event_at or "", others.newest)
        case "longest":
            return -len(str(value or ""))
        case "most_complete":
            return -sum(says(part) for part in value.values()) if isinstance(value, dict) else 0
        case "most_restrictive":
            return restriction(criterion.args, value)
        case _:  # expr
            return _worth(criterion, claim, value)


def says(value: Any) -> bool:
    """A value that may win: absent, null and empty never beat a real one, and an empty group is no group."""
    if isinstance(value, dict):
        return any(says(part) for part in value.values())
    return value is not None and value != "" and value != []


def restriction(args: tuple[str, ...], value: Any) -> Any:
    """How much a value binds: its place in the list, or without one the lowest amount, and true before false."""
    if args:
        return _place(args, str(value))
    if isinstance(value, bool):
        return Decimal(not value)
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal("Infinity")


def _place(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else len(names)


class Newest(str):
    """Text that sorts the other way round, so that the newest time comes first and an undated one last."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

    def __gt__(self, other: str) -> bool:
        return str.__lt__(self, other)


def systems_per_value(name: str, claims: Sequence[Claimant]) -> Counter[bytes]:
    """How many systems (not records: one source repeating itself is one voice) hold each value."""
    return Counter(value for value, _ in {(form(c.values[name]), c.system) for c in claims})


def form(value: Any) -> bytes:
    """A value as it is compared with others."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _trust(said: Trust | None, event_at: str, newest: str) -> int:
    """Ten-thousandths of a point: falling in a straight line with age; undated claims are as old as can be."""
    if said is None:
        return -1
    if not said.over:
        return said.at * SCALE
    days = (_day(newest) - _day(event_at)) if event_at else said.over
    return said.at * SCALE - (said.at - said.to) * SCALE * min(days, said.over) // said.over


def _day(at: str) -> int:
    return datetime.fromisoformat(at).toordinal()


def _worth(criterion: Criterion, claim: Claimant, value: Any) -> tuple[bool, float]:
    """What the expression gives: the larger number first, true before false; what gives neither comes last."""
    expression = criterion.expression
    assert expression is not None
    reads: dict[str, Any] = {
        "value": value, "system": claim.system, "stream": claim.stream, "event_at": claim.event_at or "",
        "record": {**dict.fromkeys(criterion.args), **claim.values},
    }  # fmt: skip
    found = expression.evaluate(tuple(reads[name] for name in expression.reads))
    if isinstance(found, int | float):
        return False, -float(found)
    return True, 0.0
