"""A second person approves or rejects what was proposed; what they approve is carried out as it was proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import decision, golden, task
from mdm.steward import proposal
from mdm.steward.act import Act, carry_out
from mdm.steward.choosing import Choose
from mdm.steward.desk import Decided, Steward
from mdm.steward.joining import Merge, Same
from mdm.steward.parting import Different, Move, Split
from mdm.steward.pinning import Pin, Release, Suppress
from mdm.steward.placing import Place
from mdm.steward.qualifying import Qualify
from mdm.steward.undoing import Undo

ACTS: dict[str, Any] = {
    act.kind: act for act in (Merge, Split, Move, Same, Different, Undo, Pin, Suppress, Release, Place, Qualify, Choose)
}
"""Kind -> the act that reads itself from a decision's payload."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A proposal that was not applied, because what it is about has changed; `task` tells its author."""

    decision: int
    changed: list[str]
    task: int


def proposed(conn: Connection, number: int) -> tuple[task.Task, decision.Decision]:
    """The task of a proposal, and the decision; raises `Reject` MDM014 for any other task, STA033 for a closed one."""
    asked = task.load(conn, [number]).get(number)
    if asked is None or asked.kind != proposal.KIND:
        raise Reject("MDM014", f"task {number} asks for no approval; `goldbridge tasks --lane approvals` lists those")
    if asked.state in task.CLOSED:
        raise task.taken(asked, None)
    return asked, decision.load(conn, [asked.payload["decision"]])[asked.payload["decision"]]


def approve(conn: Connection, who: Steward, number: int, *, reason: str = "") -> Decided | Returned:
    """Apply a proposal, or return it to its author when what it is about has changed (E44).

    Raises `Reject` MDM026 for the author (E43), and whatever the act itself refuses by now.
    """
    golden.turn(conn, who.entity)
    asked, made = proposed(conn, number)
    proposal.not_own(who, made)
    who.audit.append(conn, who.name, "approve", f"decision:{made.id}", {"reason": reason})
    changed = proposal.overtaken(conn, who, asked)
    task.resolve(conn, number, version=asked.version, resolution="returned" if changed else "approved",
                 decision=made.id)  # fmt: skip
    if reason:
        task.comment(conn, number, who.name, reason)
    if changed:
        decision.advance(conn, made.id, "returned", version=made.version, approver=who.name)
        return Returned(made.id, changed, proposal.hand_back(conn, who, made, asked, changed))
    act = read_act(made.kind, made.payload)
    author = replace(who, name=made.proposer)
    found = act.look(conn, author, made.reason)
    return Decided(made.id, carry_out(conn, author, act, found, made.id, made.reason, made.task, who.name).outcome)


def read_act(kind: str, payload: Mapping[str, Any]) -> Act:
    """The act that a decision was written down for."""
    act: Act = ACTS[kind].read(payload)
    return act


def reject(conn: Connection, who: Steward, number: int, *, reason: str = "") -> int:
    """Refuse a proposal (its author may take it back the same way); returns the decision's number."""
    asked, made = proposed(conn, number)
    task.resolve(conn, number, version=asked.version, resolution="rejected", decision=made.id)
    if reason:
        task.comment(conn, number, who.name, reason)
    who.audit.append(conn, who.name, "reject", f"decision:{made.id}", {"reason": reason})
    decision.advance(conn, made.id, "refused", version=made.version, approver=who.name)
    return made.id
