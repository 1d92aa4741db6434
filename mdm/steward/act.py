"""How an act becomes a decision: looked at, written down, and carried out, or left to a second person.

An act is plain data (its payload is kept with the decision), so that what was proposed yesterday is carried out today
exactly as it was meant, or returned when what it was about has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from sqlalchemy import Connection

from goldbridge.errors import Halt
from goldbridge.state import crosswalk, decision, golden, task
from mdm.resolution import Outcome, resolve
from mdm.steward import proposal
from mdm.steward.desk import Decided, Look, Steward, applied, as_text, write_down
from mdm.steward.view import View, unchanged


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did: the assertions and overrides it added and set aside, where each record was before, what else is
    to be resolved again when it is undone, and what changed."""

    outcome: Outcome
    before: Mapping[int, int] = field(default_factory=dict)
    assertions: Sequence[int] = ()
    revoked: Sequence[int] = ()
    overrides: Sequence[int] = ()
    revoked_overrides: Sequence[int] = ()
    records: Sequence[int] = ()


OF_VALUES = frozenset({"pin", "suppress", "release", "place", "undo", "choose"})
"""What can be decided about records that are not mastered: their values, not what they belong to."""


class Act(Protocol):
    """One thing that a steward can do. `look` refuses what cannot be done, before anything is written."""

    kind: ClassVar[str]

    @property
    def judgement(self) -> str: ...

    def payload(self) -> dict[str, Any]: ...

    def look(self, conn: Connection, who: Steward, reason: str) -> Look: ...

    def sides(self, look: Look) -> list[list[int]]:
        """The groups of records between which it decides."""
        ...

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done: ...


def decide(
    conn: Connection,
    who: Steward,
    act: Act,
    *,
    reason: str = "",
    asked: int | None = None,
    seen: View | None = None,
) -> Decided:
    """Make an act a decision. `asked` is the task that it answers, `seen` what its author was shown.

    Raises `Halt` FLW035 for records that are not mastered, `Reject` MDM023 when what was shown has changed, and
    whatever the act refuses. Where the rules ask for a second person the decision is only proposed.
    """
    golden.turn(conn, who.entity)
    if who.core.matching is None and act.kind not in OF_VALUES:
        raise Halt("FLW035", f"{who.entity} is not mastered: hard identifiers join its records, not stewards")
    unchanged(conn, who.entity, seen)
    found = act.look(conn, who, reason)
    proposal.not_twice(conn, list(found.home))
    why = proposal.second_person(conn, who, act.kind, act.sides(found), found)
    number = write_down(conn, who, act.kind, act.judgement, act.payload(), found.heads, reason, asked)
    proposal.forget_returned(conn, found)
    if why:
        return Decided(number, Outcome(), proposal.propose(conn, who, number, act.kind, found, why, reason))
    return Decided(number, carry_out(conn, who, act, found, number, reason, asked, who.name).outcome)


def carry_out(
    conn: Connection,
    who: Steward,
    act: Act,
    found: Look,
    number: int,
    reason: str,
    asked: int | None,
    approver: str,
) -> Done:
    """Do what was decided, and settle the question that it answers."""
    closed = None
    if asked is not None:
        # Closed before anything moves: the resolution that follows withdraws open questions that no longer arise.
        held = task.load(conn, [asked])[asked]
        if held.state not in task.CLOSED:  # a question that a run withdrew while its answer waited for approval
            closed = task.resolve(conn, asked, version=held.version, resolution=act.judgement)
    done = act.carry_out(conn, who, found, number, reason)
    inverse: dict[str, Any] = {"assertions": list(done.assertions), "revoked": list(done.revoked)}
    inverse["before"] = as_text(done.before)
    for name in ("overrides", "revoked_overrides", "records"):
        if said := list(getattr(done, name)):
            inverse[name] = said
    applied(conn, number, approver, inverse)
    if asked is not None and closed is not None:
        task.link(conn, asked, version=closed.version, decision=number)
    return done


def settled(
    conn: Connection,
    who: Steward,
    number: int,
    whole: Sequence[int],
    seeds: Sequence[int],
    **how: Any,
) -> tuple[Outcome, list[int]]:
    """Resolve, and hold together what the act says is one golden record where the rules alone would tear it.

    Two records with different official numbers do not stay together by evidence: who merges their golden records means
    all of it. Returns what changed, and the ids of the holds, if any were needed.
    """
    cause = f"decision:{number}"
    nested = conn.begin_nested()
    outcome = resolve(conn, who.core, seeds, cause, who.run, basis="steward", **how)
    if is_one(conn, whole):
        nested.commit()
        return outcome, []
    nested.rollback()
    said = "held together by the decision"
    holds = [decision.Assertion("hold_same", whole[0], other, "system", said, decision=number) for other in whole[1:]]
    held = decision.add_assertions(conn, holds)
    return resolve(conn, who.core, seeds, cause, who.run, basis="steward", **how), held


def is_one(conn: Connection, records: Sequence[int]) -> bool:
    """Whether these records share one golden record."""
    return len(set(crosswalk.golden_of(conn, records).values())) <= 1
