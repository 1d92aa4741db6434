"""Finds golden records that have two rows in one object that we write to, and asks a steward about them.

Two published golden records that merge leave two rows in the target, and so does a person who types a row beside
ours. We keep one of them up to date and never touch the other: which one a sales person works with, only people know.
The question goes away by itself when one of the rows does.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from goldbridge.state import crosswalk, landing, task
from goldbridge.state.document import digest
from goldbridge.state.landing import Record
from goldbridge.state.task import NewTask
from mdm.identity import write_id
from mdm.lane import lane

KIND = "duplicate_in_target"
"""Which of two rows of one golden record goes? Answered in the target, by merging or removing one of them."""


def open_duplicates(conn: Connection, entity: str, goldens: Collection[int], records: Collection[int] = ()) -> int:
    """Open a question per superfluous row of these golden records, withdraw those that went away.

    `records` are those that may have left: questions about them are looked at too. Returns how many are open.
    """
    asked: list[NewTask] = []
    looked_at = set(records)
    for (system, stream), members in sorted(crosswalk.homes(conn, goldens).items()):
        looked_at.update(id for ids in members.values() for id in ids)
        several = {golden: ids for golden, ids in members.items() if len(ids) > 1}
        # Only where we write: a source may hold one company as often as it likes.
        kept = crosswalk.published(conn, several, system, stream)
        known = landing.load(conn, {id for golden in kept for id in several[golden]})
        for golden, key in sorted(kept.items()):
            rows = {known[id].key: known[id] for id in several[golden] if known[id].state == "live"}
            asked += [_question(entity, golden, rows[key], rows[other]) for other in sorted(rows) if other != key]
    opened = set(task.open_tasks(conn, asked))
    touching = task.touching(conn, looked_at)
    task.withdraw(conn, [t.id for t in touching if t.kind == KIND and t.id not in opened], "one of the rows is gone")
    return len(opened)


def _question(entity: str, golden: int, kept: Record, other: Record) -> NewTask:
    object = f"{kept.system}.{kept.stream}"
    payload: dict[str, Any] = {
        "golden": write_id(entity, golden),
        "object": object,
        "kept": kept.key,
        "other": other.key,
        "reason": f"two rows in {object}; merge or remove one of them there",
        "labels": [_label(kept), _label(other)],
    }
    evidence = digest(payload)
    return NewTask(KIND, [kept.id, other.id], payload, entity, lane(KIND), priority=1, evidence_hash=evidence)


def _label(record: Record) -> dict[str, Any]:
    return {
        "source": f"{record.system}.{record.stream}",
        "key": record.key,
        "name": (record.canonical or {}).get("name"),
    }
