"""Merge, and *same*: that golden records, or two records, are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import decision, match
from goldbridge.state.decision import Assertion
from mdm.identity import write_id
from mdm.resolution import resolve
from mdm.steward.act import Done, settled
from mdm.steward.contradiction import holds_between, same_is_free, unopposed
from mdm.steward.desk import Look, Steward, anchor, look, look_at_records, told


@dataclass(frozen=True, slots=True)
class Merge:
    """These golden records are one; the oldest id survives unless `survivor` names another."""

    goldens: Sequence[int]
    survivor: int | None = None
    kind: ClassVar[str] = "merge"
    judgement: ClassVar[str] = "same"

    def payload(self) -> dict[str, Any]:
        return {"goldens": list(self.goldens), "survivor": self.survivor}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(payload["goldens"], payload["survivor"])

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM011 for an id that is not active, MDM012 for fewer than two, MDM017 for a survivor that
        is none of them, MDM018 when a steward's *different* stands against it, MDM027 when it needs a reason."""
        ids = list(dict.fromkeys(self.goldens))
        if len(ids) < 2:
            raise Reject("MDM012", "a merge needs two different golden records or more; those named are one")
        found = look(conn, ids)
        if self.survivor is not None and self.survivor not in ids:
            among = ", ".join(write_id(who.entity, id) for id in ids)
            raise Reject(
                "MDM017",
                f"{write_id(who.entity, self.survivor)} cannot survive: it is none of those to merge ({among})",
            )
        unopposed(conn, found)
        reason_given(conn, who, found, reason)
        return found

    def sides(self, look: Look) -> list[list[int]]:
        return [[record.id for record in records] for records in look.own.values()]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        before = look.home
        anchors = [anchor(look.own[id]) for id in dict.fromkeys(self.goldens)]
        holds = holds_between(conn, look)
        decision.revoke_assertions(conn, holds, by=number)
        said = [Assertion("same", anchors[0], other, who.name, reason, decision=number) for other in anchors[1:]]
        assertions = decision.add_assertions(conn, said)
        chosen = dict.fromkeys(before, self.survivor) if self.survivor is not None else None
        whole = [anchors[0], *(record for record in before if record != anchors[0])]
        outcome, held = settled(conn, who, number, whole, list(before), chosen=chosen)
        return Done(outcome, before, [*assertions, *held], holds)


def reason_given(conn: Connection, who: Steward, look: Look, reason: str) -> None:
    """Raises `Reject` MDM027 when different official numbers are joined and nobody says why (E05)."""
    if reason.strip():
        return
    for field in who.core.entity.fields.values():
        if field.identifier != "hard":
            continue
        held: dict[int, set[str]] = {}
        for record, found in match.identifiers_of(conn, list(look.home)).items():
            values = {one.value for one in found if one.type == field.name and one.strength == "hard" and one.valid}
            if values:
                held.setdefault(look.home[record], set()).update(values)
        if len(held) > 1 and not set.intersection(*held.values()):
            numbers = ", ".join(sorted(set().union(*held.values())))
            raise Reject("MDM027", f"they hold different {field.name} ({numbers}); say why they are one, with --reason")


@dataclass(frozen=True, slots=True)
class Same:
    """Two records are one, whatever golden records they are in; what hangs on either follows the rules."""

    a: int
    b: int
    kind: ClassVar[str] = "same"
    judgement: ClassVar[str] = "same"

    def payload(self) -> dict[str, Any]:
        return {"records": [self.a, self.b]}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(*payload["records"])

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM022 when what was said before makes them different."""
        _two(self.a, self.b)
        same_is_free(conn, self.a, self.b)
        found = look_at_records(conn, [self.a, self.b])
        reason_given(conn, who, found, reason)
        return found

    def sides(self, look: Look) -> list[list[int]]:
        return [[self.a], [self.b]]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        holds = holds_between(conn, look)
        decision.revoke_assertions(conn, holds, by=number)
        said = Assertion("same", self.a, self.b, who.name, reason, decision=number)
        assertions = decision.add_assertions(conn, [said])
        cause = f"decision:{number}"
        outcome = resolve(conn, who.core, list(look.home), cause, who.run, basis="steward")
        return Done(outcome, told(conn, look, self.a, self.b), assertions, holds)


def _two(a: int, b: int) -> None:
    if a == b:
        raise Reject("MDM012", "a record is the same as itself; name two")
