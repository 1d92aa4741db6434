"""Tells our own writes from a human's edits when a target system is read back.

What we wrote there must not come back as a claim of the target. A field that only repeats our write keeps whatever
the row claimed before we wrote it: nothing for a row that we made, a person's own word for a row that we adopted. Only
what differs from our writes is a new claim. A row that claims nothing new keeps the time of its claims too: our write
touched the row, and must not make a person's older word the most recent one. The ledger then holds what the row shows
now, so that the golden value is written again where the person's word does not prevail, and is not where it does.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any, NamedTuple

from sqlalchemy import Connection

from goldbridge.mapping import Mapping
from goldbridge.state import landing, ledger, outbox
from goldbridge.state.landing import Change, Record, StreamRef
from goldbridge.state.ledger import Entry, Written, field_hash
from goldbridge.state.outbox import NewEvent

EDITED = "edited"
"""The event of a row that shows something else than we wrote, even when nothing new is claimed: somebody insists."""


def drop_echoes(conn: Connection, ref: StreamRef, mapping: Mapping, changes: Sequence[Change], run: int) -> None:
    """Put back the earlier claims of rows that we write to, field by field, wherever the row repeats our write."""
    entries = ledger.load(conn, ref.system, ref.stream, [change.key for change in changes])
    ours = [change for change in changes if change.key in entries and change.canonical is not None]
    before = landing.load(conn, [change.id for change in ours], raw=True)
    edited: list[Written] = []
    noticed: list[_Edit] = []
    for change in ours:
        entry = entries[change.key]
        # An empty field that we never filled is nobody's statement; one that we filled and that is empty now is.
        foreign = {
            name
            for name, value in entry.foreign(change.raw).items()
            if value not in (None, "", []) or name in entry.fields
        }
        earlier = before.get(change.id)
        claims: dict[str, Any] = dict(earlier.canonical or {}) if earlier else {}
        said = change.canonical or {}
        # Only what we wrote before: a field that is all theirs must not be cleared because nobody else has it.
        shown = {name: change.raw.get(name) for name in sorted(foreign & entry.fields.keys())}
        if shown:
            edited.append(Written(change.key, entry.subject, entry.version, shown))
            noticed.append(_Edit(change, earlier, entry, shown.keys()))
        change.anchor = earlier.anchor if earlier else None
        told = _told(change, earlier, foreign, entry)
        new = {field for field in said if mapping.inputs(field) & told}
        if earlier is not None and not change.raw_changed:  # another mapping reads what they said in another way
            seen = entry.only_seen()
            new |= {name for name in said if mapping.inputs(name) & seen and not _is_carried(ref, earlier, name)}
        if earlier and all(said[field] == claims.get(field) for field in new):
            change.claimed_at = (earlier.event_at, earlier.received_at)
        change.canonical = claims | {field: said[field] for field in said if field in new}
        noted = {field: note for field, note in (earlier.notes if earlier else {}).items() if field not in new}
        change.notes = noted | {field: note for field, note in (change.notes or {}).items() if field in new}
    ledger.note(conn, ref.system, ref.stream, edited)
    outbox.append(conn, _events(ref, mapping, noticed), run)


class _Edit(NamedTuple):
    """A row that shows something else than we wrote in the `names` of its fields."""

    change: Change
    earlier: Record | None
    entry: Entry
    names: Set[str]


def _events(ref: StreamRef, mapping: Mapping, edits: Sequence[_Edit]) -> list[NewEvent]:
    """An event per edit: the canonical fields it touches, and what they were on that row before.

    A field whose row held our own write is not among the latter: it was what the golden record said at `version`.
    """
    rows = {e.change.id: e.earlier.raw for e in edits if e.earlier is not None and e.earlier.raw is not None}
    stood = dict(zip(rows, mapping.apply(list(rows.values())).values, strict=True))
    targets = {name.partition(".")[0] for name in mapping.fields}
    events = []
    for change, earlier, entry, names in edits:
        touched = sorted(name for name in targets if mapping.inputs(name) & names)
        before, raw = stood.get(change.id) or {}, rows.get(change.id) or {}
        was = {
            name: before.get(name)
            for name in touched
            if all(field_hash(raw.get(each)) in entry.fields.get(each, ()) for each in mapping.inputs(name) & names)
        }
        detail = {"fields": touched, "was": was, "version": entry.version}
        version = earlier.version if earlier else 0
        events.append(NewEvent("record", change.id, ref.entity, version, EDITED, ref.system, ref.stream, detail))
    return events


def _is_carried(ref: StreamRef, earlier: Record, field: str) -> bool:
    """Whether the claim is the word of another system, which this row is still to be told."""
    by = (earlier.notes.get(field) or {}).get("by")
    return bool(by) and by != f"{ref.system}.{ref.stream}"


def _told(change: Change, earlier: Record | None, foreign: Set[str], entry: Entry) -> Set[str]:
    """Those foreign fields that say something now: we wrote them and they show something else, or they changed.

    One that we never write and that stands as it stood is no news, also where it is one part of a value whose other
    parts we write: an address with our street and their point on the map is still the address that they claimed.
    """
    if earlier is None or earlier.raw is None or not change.raw_changed:
        return foreign
    stood = earlier.raw
    return {name for name in foreign if name in entry.fields or change.raw.get(name) != stood.get(name)}
