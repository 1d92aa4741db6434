"""Which source wins a field, and why: a pure function of the claims, the rules and the stewards' overrides.

Law: the result depends on nothing else, in particular not on the order of arrival. Every ranking ends in the same
total order (event time, received time, system, stream, key, incarnation), so that two claims never tie. Inferred
values rank below asserted ones, invalid ones below valid ones, those of a source that went off below the rest,
whatever the rule says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from goldbridge.records.model import Entity
from mdm.claim import Claimant, Override
from mdm.criterion import among, form, grade, says
from mdm.pinned import lay
from mdm.survivorship_rule import FieldRule


class Survived(NamedTuple):
    """Golden values by field, and per field the lineage: rule, winning record and its version, challengers.

    `beneath` holds what the sources alone would show of each field that a steward overrides, with its lineage.
    """

    values: dict[str, Any]
    lineage: dict[str, dict[str, Any]]
    beneath: dict[str, tuple[Any, dict[str, Any]]]


def survive(
    entity: Entity,
    rules: Mapping[str, FieldRule],
    claimants: Iterable[Claimant],
    overrides: Sequence[Override] = (),
    *,
    now: str = "",
) -> Survived:
    """The golden view of these records; `now` (ISO UTC) tells which sources have gone off."""
    ordered = sorted(claimants, key=Claimant.seniority)
    values: dict[str, Any] = {}
    lineage: dict[str, dict[str, Any]] = {}
    groups: set[str] = set()
    for name, rule in rules.items():
        if name == "role":
            continue
        if rule.group:
            if rule.group not in groups:
                groups.add(rule.group)
                _choose_together(rule, ordered, _ended(rule, now), values, lineage)
            continue
        claims = [
            c for c in ordered if says(c.values.get(name)) or (rule.clears and not rule.union and clears(c, name))
        ]
        if not claims:
            continue
        if rule.union:
            values[name], lineage[name] = _unite(name, rule, claims, _ended(rule, now))
        else:
            value, lineage[name] = _choose(name, rule, claims, _ended(rule, now))
            if value is not None:
                values[name] = value
    beneath = lay(entity, overrides, ordered, values, lineage) if overrides else {}
    if entity.roles:
        _collect_roles(ordered, values, lineage)
    return Survived(values, lineage, beneath)


def clears(claim: Claimant, name: str) -> bool:
    """An explicit null: the source says that there is no value, which is not the same as saying nothing (E53)."""
    return name in claim.values and claim.values[name] is None


def falls_back(rule: FieldRule, winner: Claimant) -> bool:
    """The owner says nothing, so another source stands in for it until it does (E55)."""
    return rule.owner is not None and winner.system != rule.owner


def gone_off(end: str, now: str) -> bool:
    """Whether a source's end has come (E75)."""
    return end <= now


def together(rule: FieldRule, claim: Claimant) -> dict[str, Any]:
    """What a claim says about the fields of a group: of these it brings all it has, and nobody else adds to them."""
    return {name: claim.values[name] for name in rule.members if says(claim.values.get(name))}


def _ended(rule: FieldRule, now: str) -> frozenset[str]:
    """The systems that went off; nearly always none."""
    return frozenset(system for system, end in rule.ends.items() if gone_off(end, now)) if rule.ends else _NONE


_NONE: frozenset[str] = frozenset()


def _choose(
    name: str, rule: FieldRule, claims: Sequence[Claimant], ended: frozenset[str]
) -> tuple[Any, dict[str, Any]]:
    ranked = _rank(name, rule, claims, ended) if len(claims) > 1 else list(claims)
    # An answer about somebody's value completes that value; it competes on its own only where nobody else speaks.
    own = [c for c in ranked if not _inferred(name, c)] or ranked
    winner = own[0]
    value = winner.values[name]
    line: dict[str, Any] = {
        "rule": _reason(name, rule, winner, own, ended, inferred=len(own) < len(ranked)),
        "record": winner.record,
        "version": winner.version,
    }
    if falls_back(rule, winner):
        line["fallback"] = rule.owner
    if value is None:
        line["cleared"] = True
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


def _choose_together(
    rule: FieldRule,
    ordered: Sequence[Claimant],
    ended: frozenset[str],
    values: dict[str, Any],
    lineage: dict[str, dict[str, Any]],
) -> None:
    """The fields of a group from one claim, so that no golden record holds half of one source and half of another."""
    claims = []
    for claim in ordered:
        said = together(rule, claim)
        if said:
            notes = [claim.notes.get(name) or {} for name in said]
            wrong = [note["invalid"] for note in notes if "invalid" in note]
            merged: dict[str, Any] = {"invalid": wrong[0]} if wrong else {}
            if all(note.get("inferred") for note in notes):
                merged["inferred"] = True
            claims.append(replace(claim, values={rule.group: said}, notes={rule.group: merged}))
    if not claims:
        return
    _, line = _choose(rule.group, rule, claims, ended)
    line.pop("completed_by", None)
    winner = next(claim for claim in claims if claim.record == line["record"])
    for name, value in winner.values[rule.group].items():
        values[name], lineage[name] = value, {**line, "group": rule.group}


def _complete(
    name: str, winner: Claimant, value: dict[str, Any], ranked: Sequence[Claimant]
) -> tuple[dict[str, Any], dict[str, int]]:
    """A group survives whole; only an answer given about this very group may fill what it lacks."""
    whole = {part: item for part, item in value.items() if says(item)}
    by: dict[str, int] = {}
    for answer in ranked:
        if answer.anchor != winner.record or not _inferred(name, answer):
            continue
        said = answer.values[name] or {}
        if said.get("line") not in (None, "", value.get("line")):
            continue
        for part in sorted(said):
            if part not in whole and says(said[part]):
                whole[part] = said[part]
                by[part] = answer.record
    return whole, by


def _unite(
    name: str, rule: FieldRule, claims: Sequence[Claimant], ended: frozenset[str]
) -> tuple[list[Any], dict[str, Any]]:
    """Every item that any claim holds, the best claim's items first, each with the records that contribute it."""
    items: dict[bytes, tuple[Any, list[int]]] = {}
    for claim in _rank(name, rule, claims, ended):
        value = claim.values[name]
        for item in value if isinstance(value, list) else [value]:
            if says(item):
                items.setdefault(form(item), (item, []))[1].append(claim.record)
    return [item for item, _ in items.values()], {
        "rule": "union",
        "items": [sorted(set(records)) for _, records in items.values()],
    }


def _rank(name: str, rule: FieldRule, claims: Sequence[Claimant], ended: frozenset[str]) -> list[Claimant]:
    """Best first. Python's sort is stable, so the total order is laid down first and the criteria upon it."""
    ranked = sorted(claims, key=lambda c: (c.system, c.stream, c.key, c.incarnation))
    ranked.sort(key=lambda c: (c.event_at or "", c.received_at), reverse=True)
    others = among(name, rule.criteria, claims)
    ranked.sort(key=lambda claim: [grade(criterion, claim, others) for criterion in rule.criteria])
    if rule.owner is not None:
        ranked.sort(key=lambda claim: claim.system != rule.owner)
    ranked.sort(key=lambda claim: _standing(name, claim, ended))
    return ranked


def _standing(name: str, claim: Claimant, ended: frozenset[str]) -> tuple[bool, bool, bool]:
    """What no criterion can make good: guessed, wrong, or from a source that went off."""
    return _inferred(name, claim), _invalid(name, claim), claim.system in ended


def _inferred(name: str, claim: Claimant) -> bool:
    return bool(claim.notes.get(name, {}).get("inferred"))


def _invalid(name: str, claim: Claimant) -> bool:
    return "invalid" in claim.notes.get(name, {})


def _reason(
    name: str,
    rule: FieldRule,
    winner: Claimant,
    ranked: Sequence[Claimant],
    ended: frozenset[str],
    *,
    inferred: bool,
) -> str:
    """The first criterion that told the winner from the runner-up, as the steward will read it; `inferred`: the others
    were only inferred."""
    if len(ranked) == 1:
        return "asserted" if inferred else "only_claim"
    second = ranked[1]
    if _invalid(name, winner) != _invalid(name, second):
        return "validity"
    if (winner.system in ended) != (second.system in ended):
        return "source_ended"
    if rule.owner is not None and (winner.system == rule.owner) != (second.system == rule.owner):
        return "owner"
    others = among(name, rule.criteria, ranked)
    for criterion in rule.criteria:
        if grade(criterion, winner, others) != grade(criterion, second, others):
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
