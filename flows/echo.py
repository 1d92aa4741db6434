"""Tells our own writes from a human's edits when a target system is read back.

A row that we keep up to date in a target is no witness of its own: what we wrote there must not come back as a claim.
Such a row is anchored to a record of its golden record and follows it; only fields that differ from what we wrote
remain as its claims.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from goldbridge.mapping import Mapping
from goldbridge.state import crosswalk, landing, ledger
from goldbridge.state.landing import Change, StreamRef


def drop_echoes(conn: Connection, ref: StreamRef, mapping: Mapping, changes: Sequence[Change]) -> None:
    """Anchor rows that we wrote and take from their canonical values whatever only repeats our writes."""
    entries = ledger.load(conn, ref.system, ref.stream, [change.key for change in changes])
    if not entries:
        return
    ours = [change for change in changes if change.key in entries and change.canonical is not None]
    homes = crosswalk.golden_of(conn, [change.id for change in ours])
    members = crosswalk.members(conn, set(homes.values()))
    records = landing.load(conn, {id for ids in members.values() for id in ids})
    for change in ours:
        home = homes.get(change.id)
        others = [
            records[id] for id in members.get(home, ()) if id != change.id and records[id].anchor is None
        ] if home is not None else []  # fmt: skip
        if not others:
            continue  # the row is the only witness: it speaks for itself
        senior = min(others, key=lambda r: (r.first_run, r.system, r.stream, r.key, r.incarnation))
        change.anchor = senior.id
        foreign = entries[change.key].foreign(change.raw)
        assert change.canonical is not None
        change.canonical = {
            field: value for field, value in change.canonical.items() if mapping.inputs(field) & foreign.keys()
        }
