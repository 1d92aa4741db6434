"""How the queue is handled: who works on a question, until when, what is said about it, and when it comes back.

None of it decides anything about golden records. Whoever acts on a question that somebody else changed meanwhile is
told, as with an answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import task
from goldbridge.state.engine import now
from goldbridge.state.task import Task
from mdm.lane import LANES, lane
from mdm.steward.desk import Steward
from mdm.steward.proposal import RETURNED


def open_one(conn: Connection, number: int) -> Task:
    """A task that can still be handled; raises `Reject` MDM014 when there is none, STA033 when it is closed."""
    held = task.load(conn, [number]).get(number)
    if held is None:
        raise Reject("MDM014", f"there is no task {number}; `goldbridge tasks` lists those that are open")
    if held.state in task.CLOSED:
        raise task.taken(held, None)
    return held


def assign(conn: Connection, who: Steward, number: int, to: str, *, version: int | None = None) -> Task:
    """Give a task to somebody, "" to the pool."""
    return _update(conn, who, number, version, "assign", assignee=to)


def due(conn: Connection, who: Steward, number: int, at: str, *, version: int | None = None) -> Task:
    """Say until when a task is to be answered (ISO UTC), "" for no date."""
    return _update(conn, who, number, version, "due", due_at=at)


def defer(conn: Connection, who: Steward, number: int, until: str, *, version: int | None = None) -> Task:
    """Put a task aside until then; it comes back earlier when its evidence changes (E47).

    Raises `Reject` MDM029 for a time that is over.
    """
    if until <= now(conn):
        raise Reject("MDM029", f"task {number} cannot be put aside until {until}, which is over; name a time to come")
    return _update(conn, who, number, version, "defer", state="deferred", due_at=until)


def resume(conn: Connection, who: Steward, number: int, *, version: int | None = None) -> Task:
    """Take a task up again that was put aside."""
    return _update(conn, who, number, version, "resume", state="open", due_at="")


def comment(conn: Connection, who: Steward, number: int, text: str) -> int:
    """Say something about a task; returns the comment's number."""
    open_one(conn, number)
    return task.comment(conn, number, who.name, text)


def close(conn: Connection, who: Steward, number: int, *, reason: str = "") -> Task:
    """Lay aside a task that only told something; raises `Reject` MDM014 for one that asks."""
    held = open_one(conn, number)
    if held.kind != RETURNED:
        raise Reject(
            "MDM014", f"task {number} asks something; answer it, or put it aside with `goldbridge tasks defer`"
        )
    if reason:
        task.comment(conn, number, who.name, reason)
    return task.resolve(conn, number, version=held.version, resolution="read")


def leave(conn: Connection, who: Steward, name: str) -> int:
    """Somebody left: their open tasks return to the pool; their decisions, and their name on them, stay (E45)."""
    returned = task.unassign(conn, name)
    who.audit.append(conn, who.name, "leave", f"steward:{name}", {"tasks": returned})
    return returned


def _update(conn: Connection, who: Steward, number: int, version: int | None, act: str, **values: str) -> Task:
    held = open_one(conn, number)
    seen = held.version if version is None else version
    changed = task.update(conn, number, version=seen, **values)  # type: ignore[arg-type]  # the names are its own
    who.audit.append(conn, who.name, act, f"task:{number}", dict(values))
    return changed


def lanes(conn: Connection) -> dict[str, int]:
    """Lane -> open questions in it, in the order in which they cost; lanes without any are left out."""
    found = dict.fromkeys(LANES, 0)
    for (queue, kind, state), number in task.count(conn).items():
        if state == "open":
            name = lane(kind) if queue == "default" else queue
            found[name] = found.get(name, 0) + number
    return {name: number for name, number in found.items() if number}


def weighing(
    conn: Connection, which: Mapping[str, object], least: int | None, most: int | None, limit: int
) -> Iterator[Task]:
    """The open tasks that fit, those with a weight in the bounds (ten-thousandths of a bit) when there are bounds."""
    offset, found = 0, 0
    while found < limit and (page := task.list_tasks(conn, limit=500, offset=offset, **which)):  # type: ignore[arg-type]
        offset += len(page)
        for one in page:
            weight = one.payload.get("weight")
            if (least is not None and (weight is None or weight < least)) or (
                most is not None and (weight is None or weight > most)
            ):
                continue
            yield one
            found += 1
            if found >= limit:
                return


def named(conn: Connection, numbers: Collection[int]) -> dict[int, Task]:
    """Tasks by number, whatever their state."""
    return task.load(conn, numbers)
