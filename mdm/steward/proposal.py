"""Four eyes: which decisions wait for a second person, and what becomes of those that do.

A proposal keeps the golden records as its author saw them. Who approves approves exactly that: when anything of it has
changed meanwhile, the proposal goes back to its author and nothing is applied (E43, E44).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection

from dedupe.bit import BIT
from goldbridge.errors import Reject
from goldbridge.state import match, task
from goldbridge.state.decision import Decision
from goldbridge.state.task import NewTask, Task
from mdm.identity import write_id
from mdm.lane import lane
from mdm.steward.desk import Look, Steward
from mdm.steward.publication import published
from mdm.steward.view import View, changes, view_of

KIND = "approval"
"""May this decision be applied? Asked of anybody but its author."""

RETURNED = "returned"
"""Your proposal is about something that changed: look again. Asked of its author."""


def second_person(conn: Connection, who: Steward, kind: str, sides: Sequence[Sequence[int]], look: Look) -> str:
    """Why the settings want a second person for this decision, "" when they do not."""
    rule = who.four_eyes.get(kind)
    if rule is None or (rule.entities and who.entity not in rule.entities):
        return ""
    said = [f"{kind} needs a second person"]
    if len(look.home) < rule.records:
        return ""
    if rule.records > 1:
        said.append(f"it concerns {len(look.home)} records")
    if rule.published:
        there = published(conn, look.heads)
        if not there:
            return ""
        said.append(f"published in {', '.join(sorted({one.object for one in there}))}")
    if rule.over_bits is not None or rule.under_bits is not None:
        weight = heaviest(conn, who, sides) / BIT
        if rule.over_bits is not None and weight < rule.over_bits:
            return ""
        if rule.under_bits is not None and weight >= rule.under_bits:
            return ""
        said.append(f"the evidence weighs {weight:.1f} bits")
    return "; ".join(said)


def heaviest(conn: Connection, who: Steward, sides: Sequence[Sequence[int]]) -> int:
    """The weight of the strongest edge between two of the sides, 0 when there is none."""
    side = {record: index for index, records in enumerate(sides) for record in records}
    edges = match.edges_touching(conn, who.core.rev, side, explained=False)
    across = [e.weight for e in edges if e.a in side and e.b in side and side[e.a] != side[e.b]]
    return max(across, default=0)


def propose(conn: Connection, who: Steward, number: int, kind: str, look: Look, why: str, reason: str) -> int:
    """Ask a second person about a decision; returns the task."""
    view = view_of(conn, list(look.heads))
    records = look.records
    payload = {
        "decision": number,
        "act": kind,
        "proposer": who.name,
        "said": reason,
        "reason": f"{kind} by {who.name} (decision {number}): {why}",
        "goldens": [write_id(who.entity, id) for id in sorted(look.heads)],
        "view": _as_json(view),
        "labels": [_label(records[id]) for id in sorted(records)[:8]],
    }
    asked = NewTask(KIND, sorted(records), payload, entity=who.entity, queue=lane(KIND), priority=1)
    return task.open_tasks(conn, [asked])[0]


def not_twice(conn: Connection, records: Collection[int]) -> None:
    """Raises `Reject` MDM025 while another decision on these records waits for its approval."""
    for open_ in task.touching(conn, records):
        if open_.kind == KIND:
            said = open_.payload
            raise Reject(
                "MDM025",
                f"decision {said['decision']} ({said['act']} by {said['proposer']}) on these records waits for a "
                f"second person; approve or reject it first: goldbridge tasks {open_.id}",
            )


def not_own(who: Steward, made: Decision) -> None:
    """Raises `Reject` MDM026 when somebody approves what they proposed themselves (E43)."""
    if who.name == made.proposer:
        raise Reject(
            "MDM026", f"decision {made.id} is your own proposal; somebody else has to approve it, or you reject it"
        )


def overtaken(conn: Connection, who: Steward, asked: Task) -> list[str]:
    """What changed since the decision was proposed, a sentence each (E44)."""
    return list(changes(conn, who.entity, _from_json(asked.payload["view"])))


def hand_back(conn: Connection, who: Steward, made: Decision, asked: Task, changed: Sequence[str]) -> int:
    """Tell the author of a proposal that it is about something else by now; returns the task."""
    reason = f"decision {made.id} ({made.kind}) was returned, because {'; '.join(changed)}"
    payload = {**asked.payload, "reason": reason, "returned_by": who.name}
    back = NewTask(RETURNED, asked.subject, payload, entity=asked.entity, queue=lane(RETURNED), priority=1)
    (number,) = task.open_tasks(conn, [back])
    held = task.load(conn, [number])[number]
    task.update(conn, number, version=held.version, assignee=made.proposer)
    return number


def forget_returned(conn: Connection, look: Look) -> None:
    """A new decision on these records answers what was returned."""
    back = [one.id for one in task.touching(conn, list(look.home)) if one.kind == RETURNED]
    task.withdraw(conn, back, "decided anew")


def _as_json(view: View) -> dict[str, Any]:
    return {"at": view.at, "goldens": {str(id): list(seen) for id, seen in view.goldens.items()}}


def _from_json(said: Any) -> View:
    return View({int(id): (seen[0], seen[1]) for id, seen in said["goldens"].items()}, said["at"])


def _label(record: Any) -> dict[str, Any]:
    values = record.canonical or {}
    return {"source": f"{record.system}.{record.stream}", "key": record.key, "name": values.get("name")}
