"""Stewards' pins and suppressions in a resolution: whose they are, which of them ends, and which raises a question.

An override is bound to its anchor record and shows wherever that record is. It is weighed against what the sources
alone would show: one that waits for a source to agree retires when it does, one that was made against another value
than the sources say now is put to a steward, and so are two that meet in one golden record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from goldbridge.ports import Json
from goldbridge.state import decision, document, landing, override, task
from goldbridge.state.landing import Record
from goldbridge.state.task import NewTask
from mdm.claim import Claimant, Override, item_of
from mdm.core import Core
from mdm.identity import write_id
from mdm.lane import lane
from mdm.pinned import showing
from mdm.survivorship import Survived, survive

CHALLENGED = "pin_challenged"
"""Is this value still right? Asked when the sources say something else than when it was pinned (E48)."""

CONFLICT = "pin_conflict"
"""Which of two pinned values is right? Asked when they meet in one golden record (E51)."""

KINDS = (CHALLENGED, CONFLICT)


def in_force(conn: Connection, records: Iterable[int]) -> dict[int, list[Override]]:
    """Anchor record -> its active overrides; nearly always empty."""
    return by_anchor(decision.active_overrides(conn, list(records)))


def by_anchor(overrides: Iterable[decision.Override]) -> dict[int, list[Override]]:
    """Overrides as the rules see them, by the record that they are anchored at."""
    found: dict[int, list[Override]] = {}
    for pin in overrides:
        found.setdefault(pin.anchor, []).append(_as_rule(pin))
    return found


def _as_rule(pin: decision.Override) -> Override:
    return Override(
        pin.id, pin.anchor, pin.field, pin.mode, pin.value, pin.at, item=pin.item, policy=pin.policy, seen=pin.seen_hash
    )


def of_members(pins: Mapping[int, Sequence[Override]], members: Iterable[Claimant]) -> list[Override]:
    """The overrides that travel with these records (E50)."""
    return [pin for member in members for pin in pins.get(member.record, ())] if pins else []


def seen_of(value: Any, item: str = "") -> str:
    """What the sources say about a field as a short digest; of one item only whether they have it."""
    return document.digest(has_item(value, item) if item else value)


def has_item(value: Any, item: str) -> bool:
    return isinstance(value, list) and any(item_of(one) == item for one in value)


def agrees(pin: Override, value: Any) -> bool:
    """Whether the sources alone would show what the steward asked for (E49)."""
    if pin.item:
        return has_item(value, pin.item) == (pin.mode == "set")
    return (value == pin.value) if pin.mode == "set" else value in (None, [], {})


def retires(pin: Override, value: Any) -> bool:
    """An override that waits for a source to agree ends when one does."""
    return pin.policy == "until_source_agrees" and agrees(pin, value)


def challenged(pin: Override, value: Any) -> bool:
    """Whether the sources say something else than when a steward decided against them (E48)."""
    return pin.policy == "until_source_changes" and seen_of(value, pin.item) != pin.seen and not agrees(pin, value)


def meeting(pins: Sequence[Override]) -> dict[str, list[Override]]:
    """Field -> overrides of it that contradict each other (E51)."""
    by_field: dict[str, list[Override]] = {}
    for pin in sorted(pins, key=Override.approval):
        by_field.setdefault(pin.field, []).append(pin)
    return {name: mine for name, mine in sorted(by_field.items()) if _contradict(mine)}


def _contradict(pins: Sequence[Override]) -> bool:
    whole = {document.dump([pin.mode, pin.value]) for pin in pins if not pin.item}
    if len(whole) > 1 or (whole and any(pin.item for pin in pins)):
        return True
    said: dict[str, set[str]] = {}
    for pin in pins:
        said.setdefault(pin.item, set()).add(pin.mode)
    return any(len(modes) > 1 for modes in said.values())


@dataclass(slots=True)
class Weighing:
    """The overrides of one resolution: lays them over what survives, and remembers what comes of it."""

    core: Core
    pins: Mapping[int, Sequence[Override]]
    now: str
    ended: set[int] = field(default_factory=set)
    tasks: list[NewTask] = field(default_factory=list)

    def survive(
        self, golden: int, members: Sequence[Claimant], followers: Sequence[Claimant], records: Mapping[int, Record]
    ) -> Survived:
        """The golden view of these records under the overrides that still hold."""
        said = [*members, *followers]
        mine = of_members(self.pins, members)
        survived = survive(self.core.entity, self.core.survivorship, said, mine, now=self.now)
        if not mine:
            return survived
        over = {
            pin.id for pin in mine if pin.field in survived.beneath and retires(pin, survived.beneath[pin.field][0])
        }
        if over:
            self.ended |= over
            mine = [pin for pin in mine if pin.id not in over]
            survived = survive(self.core.entity, self.core.survivorship, said, mine, now=self.now)
        self._ask(golden, mine, survived, records)
        return survived

    def _ask(self, golden: int, pins: Sequence[Override], survived: Survived, records: Mapping[int, Record]) -> None:
        by_anchor: dict[int, list[tuple[Override, Any]]] = {}
        for pin in showing(pins).values():
            value, _ = survived.beneath.get(pin.field, (None, {}))
            if pin.field in survived.beneath and challenged(pin, value):
                by_anchor.setdefault(pin.anchor, []).append((pin, value))
        shown = write_id(self.core.entity.name, golden)
        for anchor, told in sorted(by_anchor.items()):
            names = ", ".join(sorted({pin.field for pin, _ in told}))
            reason = f"the sources say something else about {names} of {shown} than when it was pinned"
            advice = "; keep it with `goldbridge golden pin` again, or let it go with `goldbridge golden release`"
            said = [{**_told(pin), "sources_say": value} for pin, value in told]
            self.tasks.append(self._task(CHALLENGED, [anchor], shown, said, reason + advice, records))
        for name, met in meeting(pins).items():
            reason = f"{len(met)} overrides of {name} meet in {shown}; the one approved first shows until you decide"
            advice = ": pin the right one with `goldbridge golden pin`, or `goldbridge golden release` the others"
            anchors = [pin.anchor for pin in met]
            self.tasks.append(
                self._task(CONFLICT, anchors, shown, [_told(pin) for pin in met], reason + advice, records)
            )

    def _task(
        self, kind: str, anchors: Sequence[int], shown: str, told: Json, reason: str, records: Mapping[int, Record]
    ) -> NewTask:
        labels = [_label(records[id]) for id in sorted(set(anchors)) if id in records]
        payload = {"golden": shown, "overrides": told, "reason": reason, "labels": labels}
        return NewTask(
            kind, anchors, payload, entity=self.core.entity.name, queue=lane(kind), priority=1,
            evidence_hash=document.digest(told),
        )  # fmt: skip

    def settle(self, conn: Connection, records: Collection[int], *, always: bool = False) -> int:
        """Close what came to its end, ask what there is to ask, withdraw what is settled; returns the open questions.

        `always`: also where no override is left, because a steward has just let it go.
        """
        if not (self.pins or always):
            return 0
        override.retire(conn, self.ended)
        opened = task.open_tasks(conn, _merged(self.tasks))
        gone = [t.id for t in task.touching(conn, records) if t.kind in KINDS and t.id not in opened]
        task.withdraw(conn, gone, "the overrides it asks about are settled")
        return len(set(opened))


def _merged(tasks: Sequence[NewTask]) -> list[NewTask]:
    """Of one kind and subject there is one task: conflicts of several fields between the same records are one case."""
    found: dict[tuple[str, tuple[int, ...]], NewTask] = {}
    for one in tasks:
        place = (one.kind, tuple(sorted(set(one.subject))))
        held = found.get(place)
        if held is not None:
            told = [*held.payload["overrides"], *one.payload["overrides"]]
            payload = {
                **held.payload,
                "overrides": told,
                "reason": f"{held.payload['reason']}; {one.payload['reason']}",
            }
            one = held._replace(payload=payload, evidence_hash=document.digest(told))
        found[place] = one
    return list(found.values())


def _told(pin: Override) -> dict[str, Any]:
    told: dict[str, Any] = {"override": pin.id, "field": pin.field, "mode": pin.mode, "since": pin.approved_at}
    if pin.item:
        told["item"] = pin.item
    elif pin.mode == "set":
        told["value"] = pin.value
    return told


def _label(record: Record) -> dict[str, Any]:
    values = record.canonical or {}
    return {"source": f"{record.system}.{record.stream}", "key": record.key, "name": values.get("name")}


def close(conn: Connection, pins: Iterable[decision.Override]) -> None:
    """Take overrides out of the questions about them, when they end outside of a resolution that has any."""
    over = {pin.id: pin.anchor for pin in pins}
    asked = [t for t in task.touching(conn, set(over.values())) if t.kind in KINDS]
    settled = [t.id for t in asked if _about(t.payload) & set(over)]
    task.withdraw(conn, settled, "the overrides it asks about are settled")


def _about(payload: Json) -> set[int]:
    return {each["override"] for each in (payload or {}).get("overrides", ())}


def records_of(conn: Connection, entity: str, systems: Collection[str]) -> list[int]:
    """All live records of these systems: what a change of their standing touches."""
    return [r.id for name in sorted(systems) for r in landing.scan_all(conn, entity=entity, system=name)]
