"""Which source wins a field, and why: a pure function of the claims, the rules and the stewards' overrides.

Law: the result depends on nothing else, in particular not on the order of arrival. Every ranking ends in the same
total order (event time, received time, system, stream, key, incarnation), so that two claims never tie. Inferred
values rank below asserted ones, invalid ones below valid ones, whatever the rule says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from goldbridge.records.model import Entity
from mdm.claim import Claimant, Override
from mdm.survivorship_rule import Criterion, FieldRule


class Survived(NamedTuple):
    """Golden values by field, and per field the lineage: rule, winning record and its version, challengers."""

    values: dict[str, Any]
    lineage: dict[str, dict[str, Any]]


def survive(
    entity: Entity, rules: Mapping[str, FieldRule], claimants: Iterable[Claimant], overrides: Sequence[Override] = ()
) -> Survived:
    """The golden view of these records."""
    ordered = sorted(claimants, key=Claimant.seniority)
    pins = {pin.field: pin for pin in sorted(overrides, key=lambda pin: (pin.approved_at, pin.id), reverse=True)}
    values: dict[str, Any] = {}
    lineage: dict[str, dict[str, Any]] = {}
    for name, rule in rules.items():
        if name == "role":
            continue
        if name in pins:
            pin = pins[name]
            lineage[name] = {"rule": "override", "override": pin.id, "record": pin.anchor}
            if pin.mode == "set":
                values[name] = pin.value
            continue
        claims = [c for c in ordered if _says(c.values.get(name))]
        if not claims:
            continue
        if rule.union:
            values[name], lineage[name] = _unite(name, rule, claims)
        else:
            values[name], lineage[name] = _choose(name, rule, claims)
    if entity.roles:
        _collect_roles(ordered, values, lineage)
    return Survived(values, lineage)


def _says(value: Any) -> bool:
    """A value that may win: absent, null and empty never beat a real one, and an empty group is no group."""
    if isinstance(value, dict):
        return any(_says(part) for part in value.values())
    return value is not None and value != "" and value != []


def _choose(name: str, rule: FieldRule, claims: Sequence[Claimant]) -> tuple[Any, dict[str, Any]]:
    ranked = _rank(name, rule, claims) if len(claims) > 1 else list(claims)
    # An answer about somebody's value completes that value; it competes on its own only where nobody else speaks.
    own = [c for c in ranked if not _inferred(name, c)] or ranked
    winner = own[0]
    value = winner.values[name]
    line: dict[str, Any] = {
        "rule": _reason(name, rule, winner, own, inferred=len(own) < len(ranked)),
        "record": winner.record,
        "version": winner.version,
    }
    if winner.notes.get(name, {}).get("inferred"):
        line["inferred"] = True
    if "invalid" in winner.notes.get(name, {}):
        line["invalid"] = winner.notes[name]["invalid"]
    if isinstance(value, dict):
        value, completed = _complete(name, winner, value, ranked)
        if completed:
            line["completed_by"] = completed
    challengers = sorted({c.record for c in ranked if c.values[name] != winner.values[name] and c in own})
    if challengers:
        line["challengers"] = challengers
    return value, line


def _complete(
    name: str, winner: Claimant, value: dict[str, Any], ranked: Sequence[Claimant]
) -> tuple[dict[str, Any], dict[str, int]]:
    """A group survives whole; only an answer given about this very group may fill what it lacks."""
    whole = {part: item for part, item in value.items() if _says(item)}
    by: dict[str, int] = {}
    for answer in ranked:
        if answer.anchor != winner.record or not _inferred(name, answer):
            continue
        said = answer.values[name]
        if said.get("line") not in (None, "", value.get("line")):
            continue
        for part in sorted(said):
            if part not in whole and _says(said[part]):
                whole[part] = said[part]
                by[part] = answer.record
    return whole, by


def _unite(name: str, rule: FieldRule, claims: Sequence[Claimant]) -> tuple[list[Any], dict[str, Any]]:
    """Every item that any claim holds, the best claim's items first, each with the records that contribute it."""
    items: dict[bytes, tuple[Any, list[int]]] = {}
    for claim in _rank(name, rule, claims):
        value = claim.values[name]
        for item in value if isinstance(value, list) else [value]:
            if _says(item):
                items.setdefault(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), (item, []))[1].append(claim.record)
    return [item for item, _ in items.values()], {
        "rule": "union",
        "items": [sorted(set(records)) for _, records in items.values()],
    }


def _rank(name: str, rule: FieldRule, claims: Sequence[Claimant]) -> list[Claimant]:
    """Best first. Python's sort is stable, so the total order is laid down first and the criteria upon it."""
    ranked = sorted(claims, key=lambda c: (c.system, c.stream, c.key, c.incarnation))
    ranked.sort(key=lambda c: (c.event_at or "", c.received_at), reverse=True)
    counts = _systems_per_value(name, claims) if any(c.kind == "quorum" for c in rule.criteria) else {}
    ranked.sort(key=lambda claim: [_grade(criterion, name, claim, counts) for criterion in rule.criteria])
    if rule.owner is not None:
        ranked.sort(key=lambda claim: claim.system != rule.owner)
    ranked.sort(key=lambda claim: (_inferred(name, claim), "invalid" in claim.notes.get(name, {})))
    return ranked


def _grade(criterion: Criterion, name: str, claim: Claimant, counts: Mapping[bytes, int]) -> Any:
    """How good a claim is under one criterion; smaller is better."""
    value = claim.values[name]
    match criterion.kind:
        case "validity":
            return "invalid" in claim.notes.get(name, {})
        case "source_rank":
            return criterion.args.index(claim.system) if claim.system in criterion.args else len(criterion.args)
        case "recency":
            return _Newest(claim.event_at or "")
        case "quorum":
            return -counts[_form(value)]
        case "longest":
            return -len(str(value))
        case "most_complete":
            return -sum(_says(part) for part in value.values()) if isinstance(value, dict) else 0
        case _:  # most_restrictive
            return criterion.args.index(str(value)) if str(value) in criterion.args else len(criterion.args)


class _Newest(str):
    """Text that sorts the other way round, so that the newest time comes first and an undated one last."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

    def __gt__(self, other: str) -> bool:
        return str.__lt__(self, other)


def _systems_per_value(name: str, claims: Sequence[Claimant]) -> Counter[bytes]:
    """How many systems (not records: one source repeating itself is one voice) hold each value."""
    return Counter(form for form, _ in {(_form(c.values[name]), c.system) for c in claims})


def _form(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _inferred(name: str, claim: Claimant) -> bool:
    return bool(claim.notes.get(name, {}).get("inferred"))


def _reason(name: str, rule: FieldRule, winner: Claimant, ranked: Sequence[Claimant], *, inferred: bool) -> str:
    """The first criterion that told the winner from the runner-up, as the steward will read it; `inferred`: the others
    were only inferred."""
    if len(ranked) == 1:
        return "asserted" if inferred else "only_claim"
    second = ranked[1]
    if ("invalid" in winner.notes.get(name, {})) != ("invalid" in second.notes.get(name, {})):
        return "validity"
    if rule.owner is not None and (winner.system == rule.owner) != (second.system == rule.owner):
        return "owner"
    counts = _systems_per_value(name, ranked)
    for criterion in rule.criteria:
        if _grade(criterion, name, winner, counts) != _grade(criterion, name, second, counts):
            return criterion.kind
    return "total_order"


def _collect_roles(ordered: Sequence[Claimant], values: dict[str, Any], lineage: dict[str, dict[str, Any]]) -> None:
    held: dict[str, list[int]] = {}
    for claim in ordered:
        role = claim.values.get("role")
        for name in role if isinstance(role, list) else [role]:
            if name:
                held.setdefault(name, []).append(claim.record)
    values["roles"] = sorted(held)
    lineage["roles"] = {"rule": "union", "items": [sorted(held[name]) for name in sorted(held)]}
