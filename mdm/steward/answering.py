"""Answers to questions: a task is settled by a judgement, which becomes a decision when it binds anything."""

from __future__ import annotations

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import crosswalk, golden, task
from mdm.review import KIND, WEAK
from mdm.steward.act import Act, decide
from mdm.steward.desk import Decided, Steward, look
from mdm.steward.joining import Merge, Same
from mdm.steward.parting import Different, Split, side
from mdm.steward.proposal import not_twice
from mdm.steward.view import View


def question(conn: Connection, number: int) -> task.Task:
    """The task, when it asks whether two records are one; raises `Reject` MDM014 otherwise."""
    asked = task.load(conn, [number]).get(number)
    if asked is None or asked.kind not in (KIND, WEAK):
        reason = f": {asked.payload['reason']}" if asked is not None and asked.payload.get("reason") else ""
        raise Reject(
            "MDM014",
            f"task {number} does not ask whether two records are one{reason}; `goldbridge tasks` lists those that do",
        )
    return asked


def asks(conn: Connection, number: int, kind: str, what: str, lane: str) -> task.Task:
    """A task of this kind, which asks `what`; raises `Reject` MDM014 for another one, with the lane to look in."""
    asked = task.load(conn, [number]).get(number)
    if asked is None or asked.kind != kind:
        raise Reject("MDM014", f"task {number} does not ask {what}; `goldbridge tasks --lane {lane}` lists those")
    return asked


def answer(
    conn: Connection,
    who: Steward,
    number: int,
    judgement: str,
    *,
    reason: str = "",
    version: int | None = None,
    seen: View | None = None,
) -> Decided | None:
    """Settle a task: `same` merges, `different` keeps apart for good, `unsure` closes the question undecided.

    `version` is that of the task as its answerer saw it. Raises `Reject` STA033 when somebody else answered first,
    MDM014 for a task about anything but two records.
    """
    golden.turn(conn, who.entity)
    asked = question(conn, number)
    not_answered(conn, asked, version)
    not_twice(conn, asked.subject)
    if judgement == "unsure":
        task.resolve(conn, number, version=asked.version, resolution=judgement)
        return None
    return decide(conn, who, act_for(conn, who, asked, judgement), reason=reason, asked=number, seen=seen)


def not_answered(conn: Connection, asked: task.Task, version: int | None) -> None:
    """Raises `Reject` STA033, with the first answer, for a task that is closed or is not what was seen (E41)."""
    if asked.state in task.CLOSED or (version is not None and version != asked.version):
        raise task.taken(asked, version)


def act_for(conn: Connection, who: Steward, asked: task.Task, judgement: str) -> Act:
    """What an answer does: it merges, parts along the pair, or only binds later runs."""
    homes = crosswalk.golden_of(conn, asked.subject)
    a, b = asked.subject
    if judgement == "same":
        return Merge([homes[a], homes[b]]) if homes.get(a) != homes.get(b) else Same(a, b)
    if homes.get(a) != homes.get(b) or a not in homes:
        return Different(a, b)
    return Split(homes[a], [side(conn, who, look(conn, [homes[a]]), a, b)])
