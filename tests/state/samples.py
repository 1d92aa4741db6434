"""Small things that many tests of the state need: landed records and golden records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from goldbridge.state import landing
from goldbridge.state.golden import Golden, golden_id
from goldbridge.state.landing import Arrival, StreamRef, record_id

CRM = StreamRef("legacy_crm", "account", "party")
NEW = StreamRef("new_crm", "AccountObj", "party")
RUN = 1


def land(
    conn: Connection,
    rows: Mapping[str, Mapping[str, Any]] | Sequence[str],
    *,
    ref: StreamRef = CRM,
    run: int = RUN,
    mapped: bool = True,
    fates: Mapping[str, landing.Fate] | None = None,
    mapping_rev: str = "",
    **options: Any,
) -> list[int]:
    """Land rows by key, mapped to themselves; returns the ids with a visible change."""
    by_key = rows if isinstance(rows, Mapping) else {key: {"name": key} for key in rows}
    arrivals = [Arrival(key, dict(row)) for key, row in by_key.items()]
    compared = landing.changed(conn, ref, arrivals, mapping_rev=mapping_rev, **options)
    for change in compared.changes:
        change.fate = (fates or {}).get(change.key, "applied")
        change.canonical = dict(change.raw) if mapped and change.fate == "applied" else None
    return landing.save(conn, ref, compared.changes, run, mapping_rev=mapping_rev)


def number(key: str, ref: StreamRef = CRM, incarnation: int = 0) -> int:
    """The id of a record by its key."""
    return record_id(ref.system, ref.stream, key, incarnation)


def golden(key: str, counter: int = 0, **values: Any) -> Golden:
    """A new golden record founded by the record `key`."""
    founder = number(key)
    return Golden(golden_id(founder, counter), "party", founder, counter, values=values)
