"""What a golden record was, when, and why: each change of a value, each word of a steward, and any past state.

Two times are told of each change: when it was known here, and when it was true in the source (business time). A past
state is read along either: as it was known at a moment, or as it was true then by all that is known now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json
from goldbridge.state import crosswalk, decision, golden, landing, override
from goldbridge.state.golden import Golden, GoldenVersion
from goldbridge.state.landing import Record, Version
from mdm.claim import Claimant
from mdm.core import Core, claimant, speaks
from mdm.override import in_force, of_members
from mdm.survivorship import Survived, survive

Mapped = Callable[[Record, Json], tuple[Json, Json]]
"""A record and one of its raw rows -> the canonical document and its notes, as the mapping of today has them."""


class Change(NamedTuple):
    """One field's change. `source` is the record that won (SYSTEM.STREAM/KEY), `decision` the one that caused it;
    `valid_at` is when the source says that it changed, `known_at` when it was known here. `lineage` is the new one."""

    field: str
    before: Json
    after: Json
    rule: str
    source: str
    cause: str
    decision: int | None
    author: str
    reason: str
    valid_at: str
    known_at: str
    version: int
    lineage: Json


def changes(conn: Connection, id: int, field: str = "") -> list[Change]:
    """Every visible change of a golden record (or of one field of it), oldest first."""
    made = golden.history(conn, id)
    winners = {
        line["record"] for one in made for line in one.lineage.values() if isinstance(line, dict) and "record" in line
    }
    names = landing.names(conn, winners)
    logs = {record: landing.versions(conn, record) for record in sorted(winners)} if winners else {}
    decided = decision.load(conn, {number for one in made if (number := _decision(one.cause)) is not None})
    held: dict[str, Json] = {}
    found = []
    for one in made:
        for name in sorted({*one.values, *one.unset}):
            before, after = held.get(name), one.values.get(name)
            if not field or name == field:
                found.append(_change(one, name, before, after, names, logs, decided))
            held[name] = after
    return found


def _change(
    one: GoldenVersion,
    name: str,
    before: Json,
    after: Json,
    names: Mapping[int, str],
    logs: Mapping[int, list[Version]],
    decided: Mapping[int, decision.Decision],
) -> Change:
    line = one.lineage.get(name)
    line = line if isinstance(line, dict) else {}
    record = line.get("record")
    made = decided.get(_decision(one.cause) or 0)
    said = logs.get(record, []) if record is not None and "version" in line else []
    return Change(
        name, before, after, str(line.get("rule", "")), names.get(record, "") if record is not None else "", one.cause,
        made.id if made else None, made.proposer if made else "", made.reason if made else "",
        true_since(said, line.get("version", 0)), one.tx_from, one.version, line,
    )  # fmt: skip


def true_since(log: Iterable[Version], version: int) -> str:
    """The business time of a record's content at one of its versions, "" when the source does not say."""
    at = ""
    for entry in log:
        if entry.seq <= version and entry.op != "late":
            at = entry.event_at
    return at


def _decision(cause: str) -> int | None:
    kind, _, number = cause.partition(":")
    return int(number) if kind == "decision" and number.isdigit() else None


class Word(NamedTuple):
    """What a steward said about a field, and its end. `ended` tells why: a decision, the sources agree, its date."""

    field: str
    item: str
    mode: str
    value: Json
    policy: str
    author: str
    reason: str
    decision: int | None
    at: str
    ended_at: str
    ended: str
    record: str


def words(conn: Connection, id: int, field: str = "") -> list[Word]:
    """Pins and suppressions anchored at a record that is or was in this golden record, oldest first."""
    said = override.about_golden(conn, id, field)
    names = landing.names(conn, {pin.anchor for pin in said})
    return [
        Word(
            pin.field, pin.item, "pin" if pin.mode == "set" else "suppress", pin.value, pin.policy, pin.author,
            pin.reason, pin.decision, pin.at, pin.revoked_at, _ended(pin), names.get(pin.anchor, ""),
        )
        for pin in said
    ]  # fmt: skip


def _ended(pin: decision.Override) -> str:
    if not pin.revoked_at:
        return ""
    if pin.revoked_by is not None:
        return f"decision {pin.revoked_by}"
    return "the sources agree" if pin.policy == "until_source_agrees" else "its date"


def known_at(conn: Connection, id: int, at: str) -> tuple[Golden, list[int]] | None:
    """A golden record and its members as they were known at a moment, also one that is retired by now (E31)."""
    found = golden.as_of(conn, [id], at).get(id)
    return (found, crosswalk.members(conn, [id], as_of=at).get(id, [])) if found is not None else None


def true_at(conn: Connection, core: Core, head: Golden, at: str, mapped: Mapped) -> tuple[Survived, list[int]]:
    """What a golden record's present members said at a business time, by all that is known now (E60)."""
    members = crosswalk.members(conn, [head.id]).get(head.id, [])
    said: list[Claimant] = []
    for record in landing.load(conn, members).values():
        entry = content_at(landing.versions(conn, record.id), at)
        if entry is None or entry.raw is None:
            continue
        record.canonical, record.notes = mapped(record, entry.raw)
        record.event_at, record.received_at, record.state = entry.event_at, entry.received_at, "live"
        if speaks(record):
            said.append(claimant(record))
    pins = of_members(in_force(conn, members), [one for one in said if one.anchor is None])
    shown = [pin for pin in pins if pin.approved_at <= at]
    return survive(core.entity, core.survivorship, said, shown, now=at), [one.record for one in said]


def content_at(log: Collection[Version], at: str) -> Version | None:
    """The entry of a record's log that was true at a moment: of those that say when, the newest; never a later one.

    An entry without a business time counts from when it was received.
    """
    dated = [(entry.event_at or entry.received_at, place, entry) for place, entry in enumerate(log)]
    past = [each for each in dated if each[0] <= at]
    return max(past)[2] if past else None
