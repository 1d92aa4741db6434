"""Undo: a decision's assertions go, what it set aside returns, and every id returns to where it was.

What later decisions build on is taken back after those, newest first, when one asks for the whole stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import crosswalk, decision, golden, landing, task
from mdm.mirror import mirror
from mdm.resolution import resolve
from mdm.steward.act import Done
from mdm.steward.desk import Look, Steward, own_records


@dataclass(frozen=True, slots=True)
class Undo:
    """Take a decision back."""

    decision: int
    kind: ClassVar[str] = "undo"
    judgement: ClassVar[str] = "undo"

    def payload(self) -> dict[str, Any]:
        return {"decision": self.decision}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(payload["decision"])

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM015 for a decision that is not in force, MDM016 naming later ones that build on it."""
        made = in_force(conn, self.decision)
        not_built_on(conn, self.decision)
        homes = set(crosswalk.golden_of(conn, _touched(made)).values())
        heads = {id: head for id, head in golden.load(conn, homes).items() if head.state == "active"}
        return Look(heads, own_records(conn, list(heads)))

    def sides(self, look: Look) -> list[list[int]]:
        return [[record.id for record in records] for records in look.own.values()]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        made = in_force(conn, self.decision)
        inverse: dict[str, Any] = dict(made.inverse or {})
        before = {int(record): id for record, id in inverse.get("before", {}).items()}
        decision.revoke_assertions(conn, _left(conn, self.decision, inverse.get("assertions", [])), by=number)
        decision.restore_assertions(conn, inverse.get("revoked", []))
        decision.revoke_overrides(conn, inverse.get("overrides", []), by=number)
        decision.restore_overrides(conn, inverse.get("revoked_overrides", []))
        if made.task is not None:
            task.reopen(conn, made.task)  # before the resolution, which takes up what is open instead of asking it anew
        seeds = sorted(_touched(made))
        cause = f"decision:{number}"
        if who.core.matching is None:  # hard identifiers join these records; only overrides are decided about them
            outcome = mirror(conn, who.core, seeds, cause, who.run)
        else:
            outcome = resolve(conn, who.core, seeds, cause, who.run, restore=before, basis="steward")
        decision.advance(conn, self.decision, "undone", version=made.version, undone_by=number)
        return Done(outcome)


def _left(conn: Connection, number: int, assertions: list[int]) -> list[int]:
    """What a decision said, and what the system made of it since (a hold in place of what lapsed)."""
    said = decision.load_assertions(conn, assertions).values()
    ends = {end for one in said for end in (one.a, one.b)}
    return [*assertions, *(one.id for one in decision.active_assertions(conn, ends) if one.decision == number)]


def in_force(conn: Connection, number: int) -> decision.Decision:
    """A decision that can be taken back; raises `Reject` MDM015 otherwise."""
    made = decision.load(conn, [number]).get(number)
    if made is None:
        why = "there is none of this number"
    elif made.undone_by is not None:
        why = f"decision {made.undone_by} took it back already"
    elif made.kind == "undo":
        why = "it took another one back; decide anew instead"
    elif made.state != "applied":
        why = f"it is {made.state}"
    else:
        return made
    raise Reject("MDM015", f"decision {number} cannot be undone: {why}")


def entity_of(conn: Connection, number: int) -> str:
    """The entity that a decision is about, "" when there is no such decision."""
    made = decision.load(conn, [number]).get(number)
    if made is None:
        return ""
    heads = golden.load(conn, [int(id) for id in made.base_versions])
    found = [head.entity for head in heads.values()]
    found += [record.entity for record in landing.load(conn, _touched(made)).values()] if not found else []
    return found[0] if found else "party"


def not_built_on(conn: Connection, number: int) -> None:
    """Raises `Reject` MDM016 naming the later decisions that build on this one (E28)."""
    later = blockers(conn, number)
    if later:
        names = ", ".join(map(str, later))
        raise Reject(
            "MDM016",
            f"decision {number} cannot be undone before the later ones that build on it: {names}; "
            f"take all of them back with: goldbridge golden undo {number} --stack",
        )


def blockers(conn: Connection, number: int) -> list[int]:
    """Applied decisions after this one that touch its records, by number."""
    made = decision.load(conn, [number])[number]
    records = _moved(made)
    found, after = [], number
    while batch := decision.list_decisions(conn, states=["applied"], after=after, limit=200):
        after = batch[-1].id
        found += [
            other.id for other in batch if other.kind != "undo" and (_moved(other) & records or replaces(other, made))
        ]
    return found


def replaces(later: decision.Decision, made: decision.Decision) -> bool:
    """Whether a later decision set aside an override that this one made: its own undo would bring that back."""
    mine = set((made.inverse or {}).get("overrides", ()))
    return not mine.isdisjoint((later.inverse or {}).get("revoked_overrides", ()))


def stack(conn: Connection, number: int) -> list[int]:
    """This decision and all that build on it, those that build on them too: the newest first."""
    found: set[int] = set()
    fresh = {in_force(conn, number).id}
    while fresh:
        found |= fresh
        fresh = {later for one in fresh for later in blockers(conn, one)} - found
    return sorted(found, reverse=True)


def _moved(made: decision.Decision) -> set[int]:
    return {int(record) for record in (made.inverse or {}).get("before", {})}


def _touched(made: decision.Decision) -> set[int]:
    return _moved(made) | {int(record) for record in (made.inverse or {}).get("records", ())}
