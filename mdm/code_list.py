"""Codes that no list of the mapping knows: each becomes one question for whoever keeps the reference data.

The raw row keeps the code and the canonical value stays empty, so that no golden record shows a word that means nothing
(E69). One task per source, field and code, however many records carry it; it goes away when the mapping knows the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from goldbridge.ports import Json
from goldbridge.state import landing, task
from goldbridge.state.document import digest
from goldbridge.state.landing import Change, StreamRef, record_id
from goldbridge.state.task import NewTask, Task
from mdm.lane import lane

KIND = "unknown_code"
"""What does this code mean? Answered in the mapping's lookup or table."""


def codes_of(notes: Mapping[str, Json] | None) -> Iterator[tuple[str, str]]:
    """(field, code) of every value of a record that no list knows."""
    for name, note in (notes or {}).items():
        if isinstance(note, dict) and "unknown_code" in note:
            yield name, str(note["unknown_code"])


def open_codes(conn: Connection, ref: StreamRef, changes: Sequence[Change], revision: str) -> int:
    """Ask about the unknown codes of these records; asking the same again writes nothing."""
    found = {place for change in changes if change.notes for place in codes_of(change.notes)}
    fresh = found - set(_held(conn, ref)) if found else found
    return len(task.open_tasks(conn, [_question(ref, *place, revision) for place in sorted(fresh)]))


def withdraw_codes(conn: Connection, ref: StreamRef, revision: str) -> int:
    """Where the mapping is another than when it was asked, close the questions about codes that it knows by now."""
    held = {place: one for place, one in _held(conn, ref).items() if one.payload["mapping"] != revision}
    if not held:
        return 0
    records = landing.scan_all(conn, entity=ref.entity, system=ref.system, stream=ref.stream)
    left = {place for record in records for place in codes_of(record.notes)}
    task.open_tasks(conn, [_question(ref, *place, revision) for place in sorted(set(held) & left)])
    gone = [one.id for place, one in held.items() if place not in left]
    return task.withdraw(conn, gone, "the mapping knows the code")


def _held(conn: Connection, ref: StreamRef) -> dict[tuple[str, str], Task]:
    source = f"{ref.system}.{ref.stream}"
    asked = task.list_tasks(conn, states=["open", "deferred"], kinds=[KIND], entity=ref.entity, limit=10_000)
    return {(one.payload["field"], one.payload["code"]): one for one in asked if one.payload["source"] == source}


def _question(ref: StreamRef, field: str, code: str, revision: str) -> NewTask:
    source = f"{ref.system}.{ref.stream}"
    payload: dict[str, Any] = {
        "source": source,
        "field": field,
        "code": code,
        "mapping": revision,
        "reason": f"{source} says '{code}' for {field}, which no list knows; add it to the mapping's lookup or table",
    }
    # No record is the subject but the code itself, which is numbered like one.
    subject = record_id(ref.system, ref.stream, f"{field}={code}")
    return NewTask(KIND, [subject], payload, entity=ref.entity, queue=lane(KIND), evidence_hash=digest(payload))
