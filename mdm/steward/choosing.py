"""Choosing between what several systems say of a field: the word of one of them stands, until somebody edits it anew.

The chosen values lie over the records like pins. The flow that asked takes them off again when a side says something
newer; the undo of the decision takes them off and asks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import crosswalk, decision, golden, task
from goldbridge.state.decision import Override
from mdm.override import seen_of
from mdm.steward.act import Done, decide
from mdm.steward.answering import asks, not_answered
from mdm.steward.desk import Decided, Look, Steward, look
from mdm.steward.pinning import anchor_of, beneath_of, resolved, value_of

KIND = "two_way"
"""Which of two systems is right? Asked when people edited the same field in both."""


@dataclass(frozen=True, slots=True)
class Choose:
    """Show these values of a golden record, which its systems disagree about."""

    golden: int
    values: Mapping[str, Any]
    side: str = ""
    kind: ClassVar[str] = "choose"

    @property
    def judgement(self) -> str:
        return self.side or "another value"

    def payload(self) -> dict[str, Any]:
        return {"golden": self.golden, "values": dict(self.values), "side": self.side}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(**payload)

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM011 for an id that is not active."""
        return look(conn, [self.golden])

    def sides(self, look: Look) -> list[list[int]]:
        return [[record.id for record in records] for records in look.own.values()]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        records = look.own[self.golden]
        held = [pin for pin in decision.active_overrides(conn, [r.id for r in records]) if pin.field in self.values]
        replaced = [pin.id for pin in held]
        decision.revoke_overrides(conn, replaced, by=number)
        made = decision.add_overrides(
            conn,
            [
                Override(
                    anchor_of(look.heads[self.golden], records, name), name, "suppress" if value is None else "set",
                    who.name, value=value, policy="until_source_changes",
                    seen_hash=seen_of(beneath_of(conn, who.core, self.golden, records, name)), reason=reason,
                    approved_by=who.name, decision=number,
                )
                for name, value in sorted(self.values.items())
            ],
        )  # fmt: skip
        anchors = sorted({record.id for record in records})
        outcome = resolved(conn, who, anchors, number)
        return Done(outcome, overrides=made, revoked_overrides=replaced, records=anchors)


def asked_of(conn: Connection, number: int) -> task.Task:
    """The task, when it asks which system is right; raises `Reject` MDM014 otherwise."""
    return asks(conn, number, KIND, "which system is right", "sides")


def choose(
    conn: Connection,
    who: Steward,
    number: int,
    side: str,
    *,
    others: Mapping[str, str] | None = None,
    reason: str = "",
    version: int | None = None,
) -> Decided:
    """Answer the question with the words of one side; `others` (field -> side) says where another one is right.

    A value that no side says is written `=VALUE` instead of a side's name. Raises `Reject` STA033 when somebody else
    answered first, MDM014 for another question, MDM087 for a side that says nothing there.
    """
    golden.turn(conn, who.entity)
    asked = asked_of(conn, number)
    not_answered(conn, asked, version)
    homes = set(crosswalk.golden_of(conn, asked.subject).values())
    if len(homes) != 1:
        raise Reject("MDM087", f"task {number}: its records belong to {len(homes)} golden records by now; look again")
    fields: Mapping[str, Any] = asked.payload["fields"]
    for name in others or {}:
        if name not in fields:
            raise Reject("MDM087", f"task {number} does not ask about '{name}'; it asks about {', '.join(fields)}")
    values = {
        name: _word(who, name, said["said"], (others or {}).get(name) or side, number) for name, said in fields.items()
    }
    return decide(conn, who, Choose(homes.pop(), values, side), reason=reason, asked=number)


def _word(who: Steward, field: str, said: Mapping[str, Any], side: str, number: int) -> Any:
    if side.startswith("="):
        return value_of(who.core.entity, field, side[1:], "UTC") if side[1:].strip() else None
    found = [place for place in said if side in (place, place.partition(".")[0])]
    if len(found) != 1:
        raise Reject(
            "MDM087",
            f"task {number}: of '{field}' there are the words of {', '.join(sorted(said))}; name one of them, "
            f"or write a value of your own as '=VALUE'",
        )
    return said[found[0]]
