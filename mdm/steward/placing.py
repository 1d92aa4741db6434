"""Place: to which golden record children belong, where their source names a row that stood for several.

It is an override of the child's reference, anchored at the child: it travels with the record that it names, so that a
later merge or split of the parents moves the child as well, and it is challenged when its source names another row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import decision, golden, task
from goldbridge.state.decision import Override
from goldbridge.state.landing import Record
from mdm import child
from mdm.identity import write_id
from mdm.override import seen_of
from mdm.steward import desk
from mdm.steward.act import Done, decide
from mdm.steward.answering import asks, not_answered
from mdm.steward.desk import Decided, Look, Steward, look_at_records
from mdm.steward.pinning import beneath_of, resolved
from mdm.steward.view import View


@dataclass(frozen=True, slots=True)
class Place:
    """These children (records) belong to this golden record."""

    children: Sequence[int]
    parent: int
    kind: ClassVar[str] = "place"
    judgement: ClassVar[str] = "place"

    def payload(self) -> dict[str, Any]:
        return {"children": sorted(set(self.children)), "parent": self.parent}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(payload["children"], payload["parent"])

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM011 for a parent that is not active, MDM024 for a child without a golden record, MDM086
        for one that cannot hang on this parent."""
        desk.look(conn, [self.parent])
        found = look_at_records(conn, list(self.children))
        for one in self.children:
            self._field(conn, who, found.records.get(one))
        return found

    def _field(self, conn: Connection, who: Steward, record: Record | None) -> str:
        """The field that says on whom the child hangs: the one in doubt, else the one that leads to its parent."""
        head = golden.load(conn, [self.parent])[self.parent]
        fields = {f.name for f in who.core.entity.fields.values() if f.reference == head.entity and not f.many}
        if record is not None:
            doubt = child.doubts(conn, [record.id]).get(record.id)
            asked = child.field_of(record, doubt[0].parent) if doubt is not None else who.core.entity.parent_field
            if asked in fields:
                return asked
        shown = desk.name(record) if record is not None else "that record"
        raise Reject("MDM086", f"{shown} cannot hang on {write_id(head.entity, head.id)}: no field of it leads there")

    def sides(self, look: Look) -> list[list[int]]:
        return [[record.id for record in records] for records in look.own.values()]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        there = self._reference(conn)
        said, replaced = [], []
        for one in sorted(set(self.children)):
            home, record = look.home[one], look.records[one]
            field = self._field(conn, who, record)
            held = [pin for pin in decision.active_overrides(conn, [one]) if pin.field == field]
            replaced += [pin.id for pin in held]
            beneath = beneath_of(conn, who.core, home, look.own[home], field)
            said.append(
                Override(
                    one, field, "set", who.name, value=there, policy="until_source_changes",
                    seen_hash=seen_of(beneath), reason=reason, approved_by=who.name, decision=number,
                )
            )  # fmt: skip
        decision.revoke_overrides(conn, replaced, by=number)
        made = decision.add_overrides(conn, said)
        anchors = sorted(set(self.children))
        outcome = resolved(conn, who, anchors, number)
        return Done(outcome, overrides=made, revoked_overrides=replaced, records=anchors)

    def _reference(self, conn: Connection) -> dict[str, str]:
        """The parent as a child names it: by the record that stands for it, which later merges and splits move."""
        own = desk.own_records(conn, [self.parent])[self.parent]
        oldest = {record.id: record for record in own}[desk.anchor(own)]
        return {"ref": f"{oldest.system}.{oldest.stream}", "key": oldest.key}


def side_of(conn: Connection, number: int) -> task.Task:
    """The task, when it asks to which side a child belongs; raises `Reject` MDM014 otherwise."""
    return asks(conn, number, child.KIND, "for a side", "children")


def put(
    conn: Connection,
    who: Steward,
    number: int,
    parent: int,
    *,
    reason: str = "",
    version: int | None = None,
    seen: View | None = None,
) -> Decided:
    """Answer to which golden record a child belongs. Raises `Reject` STA033 when somebody else answered first."""
    golden.turn(conn, who.entity)
    asked = side_of(conn, number)
    not_answered(conn, asked, version)
    return decide(conn, who, Place(asked.subject, parent), reason=reason, asked=number, seen=seen)
