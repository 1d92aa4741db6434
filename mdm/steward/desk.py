"""What every act of a steward stands on: who decides and on what rules, the records concerned, the decision written.

A decision is bound to records. The golden records that it is about are looked at in one place here, so that an id
which was merged away or retired is refused with what became of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.settings.setting import SecondPerson
from goldbridge.state import crosswalk, decision, golden, landing
from goldbridge.state.audit import Audit
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Record
from mdm.core import Core, speaks
from mdm.identity import write_id
from mdm.resolution import Outcome


@dataclass(frozen=True, slots=True)
class Steward:
    """Who decides, on what rules, and where it is written down. `four_eyes` says which kinds need a second person."""

    name: str
    core: Core
    audit: Audit
    run: int = 0
    four_eyes: Mapping[str, SecondPerson] = field(default_factory=dict)

    @property
    def entity(self) -> str:
        return self.core.entity.name


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision: its number, and what it changed. With `approval` nothing changed yet: that task asks a second
    person."""

    decision: int
    outcome: Outcome
    approval: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The golden records that an act is about, and their records that stand for themselves, by golden id."""

    heads: Mapping[int, Golden]
    own: Mapping[int, Sequence[Record]]

    @property
    def home(self) -> dict[int, int]:
        """Record -> golden id."""
        return {record.id: id for id, records in self.own.items() for record in records}

    @property
    def records(self) -> dict[int, Record]:
        return {record.id: record for records in self.own.values() for record in records}


def look(conn: Connection, ids: Sequence[int]) -> Look:
    """These golden records; raises `Reject` MDM011 for an id that is not active."""
    wanted = list(dict.fromkeys(ids))
    found = golden.load(conn, wanted)
    for id in wanted:
        active(conn, id, found.get(id))
    return Look(found, own_records(conn, wanted))


def active(conn: Connection, id: int, held: Golden | None) -> None:
    """Raises `Reject` MDM011, with what became of it, for a golden record that is none any more."""
    if held is None or held.state != "active":
        raise Reject("MDM011", _not_active(conn, id, held))


def _not_active(conn: Connection, id: int, held: Golden | None) -> str:
    """What became of a golden record, for somebody who decided on what it was."""
    shown = write_id(held.entity if held else "golden", id)
    if held is None:
        return f"golden record {shown} was never issued; check the id"
    if held.state == "redirected":
        heirs = ", ".join(write_id(held.entity, heir) for heir in golden.resolve(conn, [id])[id].ids)
        return (
            f"golden record {shown} is redirected to {heirs}; look at that with `goldbridge golden show`, then decide"
        )
    return f"golden record {shown} is {held.state}: none of its records lives, so there is nothing to change"


def look_at_records(conn: Connection, records: Sequence[int]) -> Look:
    """The golden records that these records belong to; raises `Reject` MDM024 for a record that belongs to none."""
    homes = crosswalk.golden_of(conn, records)
    for record in records:
        if record not in homes:
            name = names(conn, [record]).get(record, str(record))
            raise Reject("MDM024", f"{name} belongs to no golden record: it is gone, or not mastered yet")
    return look(conn, [homes[record] for record in records])


def own_records(conn: Connection, ids: Collection[int]) -> dict[int, list[Record]]:
    """Golden id -> its live records that stand for themselves (answers and published rows follow those)."""
    members = crosswalk.members(conn, ids)
    records = landing.load(conn, {id for part in members.values() for id in part})
    return {
        id: [records[r] for r in members.get(id, ()) if speaks(records[r]) and records[r].anchor is None] for id in ids
    }


def told(conn: Connection, look: Look, *records: int) -> dict[int, int]:
    """Where these records, and those that moved since the look, were then."""
    now = crosswalk.golden_of(conn, list(look.home))
    return {record: home for record, home in look.home.items() if record in records or now.get(record) != home}


def anchor(records: Sequence[Record]) -> int:
    """The record that stands for a golden record in an assertion: its oldest."""
    return min(records, key=_seniority).id


def _seniority(record: Record) -> tuple[int, str, str, str, int]:
    return (record.first_run, record.system, record.stream, record.key, record.incarnation)


def names(conn: Connection, records: Collection[int]) -> dict[int, str]:
    """Record -> SYSTEM.STREAM/KEY, as people write it."""
    return {r.id: name(r) for r in landing.load(conn, records).values()}


def name(record: Record) -> str:
    return f"{record.system}.{record.stream}/{record.key}"


def write_down(
    conn: Connection,
    who: Steward,
    kind: str,
    judgement: str,
    payload: Mapping[str, Any],
    heads: Mapping[int, Golden],
    reason: str,
    asked: int | None = None,
) -> int:
    """Keep a decision as proposed, with the versions it was made on, and its line in the audit; returns its number."""
    number = decision.add(
        conn,
        kind=kind,
        judgement=judgement,
        payload=dict(payload),
        proposer=who.name,
        base_versions={str(id): head.version for id, head in heads.items()},
        reason=reason,
        task=asked,
    )
    who.audit.append(conn, who.name, kind, f"decision:{number}", dict(payload))
    return number


def applied(conn: Connection, number: int, approver: str, inverse: Mapping[str, Any]) -> None:
    """The decision is in force. `inverse` is what its undo does, all of it optional: `assertions` and `overrides` it
    added, `revoked` and `revoked_overrides` it set aside, `before`: record -> golden id, `records`: what else to
    resolve again."""
    made = decision.load(conn, [number])[number]
    decision.advance(conn, number, "applied", version=made.version, approver=approver, inverse=dict(inverse))


def as_text(before: Mapping[int, int]) -> dict[str, int]:
    """Record -> golden id as a document keeps it."""
    return {str(record): id for record, id in sorted(before.items())}
