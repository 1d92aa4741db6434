"""Fields that two sides of a two-way flow say different things about: a question per golden record, with every word.

While the question is open no side is written in these fields, so that each keeps what its people typed; the golden
record keeps what was agreed last. The answer is a decision of a steward, and its undo opens the question again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from goldbridge.ports import Json
from goldbridge.state import crosswalk, task
from goldbridge.state.document import digest
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Record
from goldbridge.state.task import NewTask, Task
from mdm.identity import write_id
from mdm.lane import lane
from mdm.steward.choosing import KIND

Words = Mapping[str, Any]
"""What each side says: system.stream -> value."""


def disputed(conn: Connection, goldens: Collection[int]) -> dict[int, dict[str, Any]]:
    """Golden id -> the fields in dispute, each with its base, what each side said, and why."""
    return {home: dict(one.payload["fields"]) for home, one in _open(conn, goldens).items()}


def _open(conn: Connection, goldens: Collection[int]) -> dict[int, Task]:
    members = crosswalk.members(conn, goldens)
    home = {record: golden for golden, records in members.items() for record in records}
    asked = [one for one in task.touching(conn, home) if one.kind == KIND]
    return {home[record]: one for one in asked for record in one.subject if record in home}


def put(
    conn: Connection, flow: str, heads: Mapping[int, Golden], fields: Mapping[int, Json], rows: Sequence[Record]
) -> int:
    """Bring the questions about these golden records in line with the fields in dispute; returns how many are new."""
    held = _open(conn, fields)
    sides: dict[int, list[Record]] = {}
    homes = crosswalk.golden_of(conn, [row.id for row in rows])
    for row in rows:
        sides.setdefault(homes.get(row.id, 0), []).append(row)
    asked, over = [], []
    for golden, said in sorted(fields.items()):
        if said:
            subject = held[golden].subject if golden in held else [row.id for row in sides.get(golden, ())]
            asked.append(_question(flow, heads[golden], subject, sides.get(golden, ()), said))
        elif golden in held:
            over.append(held[golden].id)
    task.withdraw(conn, over, "the sides say the same now")
    task.open_tasks(conn, asked)
    return sum(bool(said) and golden not in held for golden, said in fields.items())


def _question(flow: str, head: Golden, subject: Sequence[int], rows: Iterable[Record], said: Json) -> NewTask:
    why = sorted({one["reason"] for one in said.values()})
    payload = {
        "flow": flow,
        "golden": write_id(head.entity, head.id),
        "fields": said,
        "reason": f"{', '.join(sorted(said))}: {'; '.join(why)}",
        "labels": [{"source": f"{r.system}.{r.stream}", "key": r.key, "name": head.values.get("name")} for r in rows],
    }
    return NewTask(KIND, subject, payload, entity=head.entity, queue=lane(KIND), priority=1, evidence_hash=digest(said))
