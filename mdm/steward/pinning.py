"""Pin, suppress and release: what a steward says over the sources about one field, or one item of a field with many.

An override is anchored at a record and travels with it: at the one whose value it corrects, unless its author names
another. A new one replaces those it would stand beside; the decision remembers them, so that its undo restores them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.records.model import Entity, Field, coerce, flaw
from goldbridge.state import decision, landing
from goldbridge.state.decision import Override
from goldbridge.state.engine import now
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Record
from goldbridge.state.override import NAMED
from mdm.asked import canonical
from mdm.claim import item_of
from mdm.core import Core, claimant, speaks
from mdm.identity import write_id
from mdm.mirror import mirror
from mdm.override import agrees, in_force, of_members, seen_of
from mdm.resolution import Outcome, resolve
from mdm.steward.act import Done
from mdm.steward.desk import Look, Steward, anchor, look, name
from mdm.survivorship import survive


@dataclass(frozen=True, slots=True)
class Pin:
    """Show this value, whatever the sources say. `item` names one item of a field with many values."""

    golden: int
    field: str
    value: Any
    policy: str = "until_source_changes"
    item: str = ""
    anchor: int | None = None
    kind: ClassVar[str] = "pin"
    mode: ClassVar[Any] = "set"

    @property
    def judgement(self) -> str:
        return self.kind

    def payload(self) -> dict[str, Any]:
        return {
            "golden": self.golden, "field": self.field, "value": self.value, "policy": self.policy, "item": self.item,
            "anchor": self.anchor,
        }  # fmt: skip

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(**payload)

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM011 for an id that is not active, MDM080 for a field that cannot be overridden, MDM082 for
        an anchor that is none of its records, MDM083 when there is nothing to override."""
        found = look(conn, [self.golden])
        overridable(who.core.entity, self.field)
        records = found.own[self.golden]
        if self.anchor is not None and self.anchor not in {record.id for record in records}:
            shown = write_id(who.entity, self.golden)
            raise Reject(
                "MDM082", f"that record is none of {shown}; `goldbridge golden show {shown}` lists its records"
            )
        held = _held(conn, records, self.field)
        if self.item and any(not pin.item for pin in held):
            whole = next(pin for pin in held if not pin.item)
            raise Reject(
                "MDM083",
                f"all of {self.field} is {_PAST[whole.mode]} by decision {whole.decision}; release that first: "
                f"goldbridge golden release {write_id(who.entity, self.golden)} {self.field}",
            )
        self._worth_saying(conn, who, records, held)
        return found

    def _worth_saying(
        self, conn: Connection, who: Steward, records: Sequence[Record], held: Sequence[Override]
    ) -> None:
        """Who waits for the sources to say what they say already waits for nothing."""
        beneath = beneath_of(conn, who.core, self.golden, records, self.field)
        mine = in_force_as(self, 0)
        if self.policy == "until_source_agrees" and agrees(mine, beneath):
            raise Reject(
                "MDM083",
                f"the sources agree already about {self.field}; there is nothing to wait for (--until forever?)",
            )
        if self.mode == "suppress" and agrees(mine, beneath) and not held:
            what = f"'{self.item}' in {self.field}" if self.item else self.field
            raise Reject("MDM083", f"no source says anything about {what}, so there is nothing to hide")

    def sides(self, look: Look) -> list[list[int]]:
        return [[record.id for record in records] for records in look.own.values()]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        records = look.own[self.golden]
        held = _held(conn, records, self.field)
        replaced = [pin.id for pin in held if not self.item or pin.item == self.item]
        place = self.anchor if self.anchor is not None else anchor_of(look.heads[self.golden], records, self.field)
        beneath = beneath_of(conn, who.core, self.golden, records, self.field)
        decision.revoke_overrides(conn, replaced, by=number)
        (made,) = decision.add_overrides(
            conn,
            [
                Override(
                    place, self.field, self.mode, who.name, value=self.value, item=self.item, policy=self.policy,
                    seen_hash=seen_of(beneath, self.item), reason=reason, approved_by=who.name, decision=number,
                )
            ],
        )  # fmt: skip
        anchors = sorted({place, *(pin.anchor for pin in held)})
        outcome = resolved(conn, who, anchors, number)
        return Done(outcome, overrides=[made], revoked_overrides=replaced, records=anchors)


@dataclass(frozen=True, slots=True)
class Suppress(Pin):
    """Show no value of this field, or not this one item, whatever the sources say."""

    value: Any = None
    kind: ClassVar[str] = "suppress"
    mode: ClassVar[Any] = "suppress"


@dataclass(frozen=True, slots=True)
class Release:
    """Let the sources speak again about a field (or one item of it)."""

    golden: int
    field: str
    item: str = ""
    kind: ClassVar[str] = "release"
    judgement: ClassVar[str] = "release"

    def payload(self) -> dict[str, Any]:
        return {"golden": self.golden, "field": self.field, "item": self.item}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(**payload)

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM011 for an id that is not active, MDM080 for an unknown field, MDM084 if nothing holds."""
        found = look(conn, [self.golden])
        overridable(who.core.entity, self.field)
        if not self._mine(conn, found):
            shown = write_id(who.entity, self.golden)
            what = f"'{self.item}' in {self.field}" if self.item else self.field
            raise Reject(
                "MDM084",
                f"nothing is pinned or hidden about {what} of {shown}; `goldbridge golden history` says what was",
            )
        return found

    def _mine(self, conn: Connection, found: Look) -> list[Override]:
        held = _held(conn, found.own[self.golden], self.field)
        return [pin for pin in held if not self.item or pin.item == self.item]

    def sides(self, look: Look) -> list[list[int]]:
        return [[record.id for record in records] for records in look.own.values()]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        mine = self._mine(conn, look)
        decision.revoke_overrides(conn, [pin.id for pin in mine], by=number)
        anchors = sorted({pin.anchor for pin in mine})
        outcome = resolved(conn, who, anchors, number)
        return Done(outcome, revoked_overrides=[pin.id for pin in mine], records=anchors)


_PAST = {"set": "pinned", "suppress": "hidden"}


def in_force_as(act: Pin, at: int) -> Any:
    """The act as survivorship would see it."""
    from mdm.claim import Override as Rule

    return Rule(at, act.anchor or 0, act.field, act.mode, act.value, "", item=act.item, policy=act.policy)


def overridable(entity: Entity, name: str) -> Field:
    """The field; raises `Reject` MDM080 for one that there is not, or that no steward can say anything about."""
    found = entity.fields.get(name)
    if found is not None and name != "role":
        return found
    whole = name.partition(".")[0]
    if name == "role" or name == "roles":
        why = "roles come from the objects a record stands in, so they cannot be pinned"
    elif whole in entity.fields:
        why = f"'{whole}' survives whole; pin all of it"
    else:
        known = ", ".join(sorted(each for each in entity.fields if each != "role"))
        why = f"{entity.name} has no field '{name}'; there are {known}"
    raise Reject("MDM080", why)


def value_of(entity: Entity, name: str, text: str, zone: str) -> Any:
    """What somebody typed as the canonical value of a field; raises `Reject` MDM081 for what is none."""
    found = overridable(entity, name)
    one = replace(found, many=False) if found.many else found
    try:
        if found.type in ("phone", "address", "credit_code", "lei", "email"):
            said = canonical(entity, {name: text})[name]
            value = said[0] if found.many and isinstance(said, list) else said
        else:
            value = coerce(one, _parsed(one, text), zone=zone)
    except (Reject, LookupError, TypeError, ValueError) as error:
        why = error.message if isinstance(error, Reject) else f"'{text}' is no {found.type}"
        raise Reject("MDM081", f"{name}: {why}") from None
    wrong = flaw(one, value)
    if value in (None, "", [], {}) or wrong:
        raise Reject("MDM081", f"{name}: '{text}' is no {found.type}{f' ({wrong})' if wrong else ''}")
    return value


def _parsed(field: Field, text: str) -> Any:
    """Groups are typed as JSON, references as SYSTEM.STREAM/KEY or as JSON, everything else as it is."""
    ref, slash, key = text.strip().partition("/")
    if field.type == "reference" and slash and "." in ref and not ref.startswith("{"):
        return {"ref": ref, "key": key}
    if field.is_group or field.type == "reference":
        import orjson

        return orjson.loads(text)
    if field.type == "boolean":
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    return text.strip()


def policy_of(text: str, day_end: str = "") -> str:
    """`forever`, `changes` or `agrees` as a policy; `day_end` is the moment that a written date stands for."""
    named = {"forever": NAMED[0], "changes": NAMED[1], "agrees": NAMED[2]}
    if text in named or day_end:
        return named.get(text) or day_end
    raise Reject("MDM081", f"'{text}' is no end of a pin; write forever, changes, agrees, or a date such as 2026-12-31")


def item_named(entity: Entity, name: str, value: Any) -> str:
    """What names the value inside its field: "" where the field holds one."""
    return item_of(value) if overridable(entity, name).many else ""


def anchor_of(head: Golden, records: Sequence[Record], field: str) -> int:
    """The record whose value an override corrects; the oldest one where that is none of its own."""
    line = head.lineage.get(field)
    won = line.get("record") if isinstance(line, dict) else None
    return won if won in {record.id for record in records} else anchor(records)


def beneath_of(conn: Connection, core: Core, golden: int, records: Sequence[Record], field: str) -> Any:
    """What the sources alone would show of a field."""
    from goldbridge.state import crosswalk

    members = landing.load(conn, crosswalk.members(conn, [golden]).get(golden, []))
    said = [claimant(record) for record in members.values() if speaks(record)]
    rules = {name: rule for name, rule in core.survivorship.items() if name == field or _together(core, name, field)}
    return survive(core.entity, rules, said, now=now(conn)).values.get(field)


def _together(core: Core, name: str, field: str) -> bool:
    group = core.survivorship[field].group
    return bool(group) and core.survivorship[name].group == group


def _held(conn: Connection, records: Sequence[Record], field: str) -> list[Override]:
    return [pin for pin in decision.active_overrides(conn, [record.id for record in records]) if pin.field == field]


def resolved(conn: Connection, who: Steward, anchors: Sequence[int], number: int) -> Outcome:
    """Resolve again what an override touches; records of entities that are not mastered are mirrored."""
    if who.core.matching is None:
        return mirror(conn, who.core, anchors, f"decision:{number}", who.run)
    return resolve(conn, who.core, anchors, f"decision:{number}", who.run, basis="steward")


def shown_of(conn: Connection, head: Golden, records: Sequence[Record], field: str) -> list[str]:
    """The overrides that hold on a field of a golden record, a sentence each."""
    names = {record.id: name(record) for record in records}
    said = []
    for pin in _held(conn, records, field):
        what = pin.item or (str(pin.value) if pin.mode == "set" else "")
        said.append(f"{_PAST[pin.mode]} {what} by {pin.author} on {names.get(pin.anchor, '')} ({pin.policy})")
    return said


__all__ = ["Pin", "Release", "Suppress", "in_force", "item_named", "of_members", "policy_of", "value_of"]
