"""Qualify: a steward moves a role on in its process, with the documents that the move asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import crosswalk, decision, landing
from mdm.core import speaks
from mdm.identity import write_id
from mdm.qualification import FIELD, facts_of, holds, kept
from mdm.qualification_rule import Process
from mdm.steward.act import Done
from mdm.steward.desk import Look, Steward, look
from mdm.steward.pinning import resolved


@dataclass(frozen=True, slots=True)
class Qualify:
    """Make a move of a role's process. `documents`: name -> where it is (a number, an address)."""

    golden: int
    role: str
    move: str
    documents: Mapping[str, str] = field(default_factory=dict)
    kind: ClassVar[str] = "qualify"

    @property
    def judgement(self) -> str:
        return self.move

    def payload(self) -> dict[str, Any]:
        return {"golden": self.golden, "role": self.role, "move": self.move, "documents": dict(self.documents)}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(**payload)

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM011 for an id that is not active, MDM078 for a move that cannot be made now."""
        found = look(conn, [self.golden])
        shown = write_id(who.entity, self.golden)
        process, state = self._where(who, found, shown)
        open_ = {move.name: move for move in process.open_to(state)}
        if self.move not in open_:
            known = process.move(self.move)
            why = f"{self.role} of {shown} is {state}" if known else f"{process.name} has no move '{self.move}'"
            raise Reject("MDM078", f"{why}; what can be done is: {', '.join(open_) or 'nothing'}")
        move = open_[self.move]
        if missing := [name for name in move.documents if not self.documents.get(name)]:
            says = " ".join(f"--document {name}=..." for name in missing)
            raise Reject("MDM078", f"{self.move} asks for documents that were not named: {says}")
        if not holds(move, facts_of(found.heads[self.golden].values, self._systems(conn))):
            why = f"{move.condition} does not hold"
            raise Reject("MDM078", f"{self.move} of {self.role} of {shown} is not allowed: {why}")
        return found

    def _where(self, who: Steward, found: Look, shown: str) -> tuple[Process, str]:
        process = who.core.qualification.get(self.role)
        state = (found.heads[self.golden].values.get(FIELD) or {}).get(self.role)
        if process is None:
            needs = ", ".join(who.core.qualification) or "none"
            raise Reject("MDM078", f"role '{self.role}' of {who.entity} needs no qualification; those that do: {needs}")
        if state is None:
            raise Reject("MDM078", f"{shown} is no {self.role}; its roles come from the objects its records stand in")
        return process, state

    def _systems(self, conn: Connection) -> set[str]:
        members = landing.load(conn, crosswalk.members(conn, [self.golden]).get(self.golden, []))
        return {record.system for record in members.values() if speaks(record)}

    def sides(self, look: Look) -> list[list[int]]:
        return [[record.id for record in records] for records in look.own.values()]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        process = who.core.qualification[self.role]
        move = process.move(self.move)
        assert move is not None
        # Said of every record that a state is kept at, so that no older word of another record holds it back.
        own = {record.id for records in look.own.values() for record in records}
        held = {
            one.anchor for one in decision.active_overrides(conn, own) if one.field == FIELD and one.item == self.role
        }
        line = look.heads[self.golden].lineage.get(FIELD) or {}
        rests_on = {anchor for anchors in line.get("items", ()) for anchor in anchors} & own
        anchors = sorted(held or rests_on or own)
        said = [
            kept(
                anchor, self.role, move.to, move.name, who.name,
                documents=self.documents, reason=reason, approved_by=who.name, decision=number,
            )
            for anchor in anchors
        ]  # fmt: skip
        made = decision.add_overrides(conn, said)
        return Done(resolved(conn, who, anchors, number), overrides=made, records=anchors)
