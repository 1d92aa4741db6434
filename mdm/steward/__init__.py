"""What stewards do to golden records. Each act is one decision, bound to records and reversible.

A merge asserts that records are the same, a split that they are different; nothing is moved by hand. The resolution
that follows moves it, and would do so again in a rebuild. Whoever decides on what has changed since is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from mdm.steward.act import decide
from mdm.steward.answering import answer, question
from mdm.steward.approving import Returned, approve, reject
from mdm.steward.desk import Decided, Steward
from mdm.steward.joining import Merge, Same
from mdm.steward.parting import Different, Move, Split, companions
from mdm.steward.undoing import Undo, in_force, stack
from mdm.steward.view import View

__all__ = [
    "Decided", "Returned", "Steward", "View", "answer", "approve", "companions", "different", "in_force", "merge",
    "move", "question", "reject", "same", "split", "stack", "undo", "undo_stack",
]  # fmt: skip


def merge(
    conn: Connection,
    who: Steward,
    goldens: Sequence[int],
    *,
    reason: str = "",
    survivor: int | None = None,
    seen: View | None = None,
) -> Decided:
    """Assert that these golden records are one; the oldest id survives unless `survivor` names another."""
    return decide(conn, who, Merge(goldens, survivor), reason=reason, seen=seen)


def split(
    conn: Connection,
    who: Steward,
    home: int,
    *groups: Sequence[int],
    reason: str = "",
    seen: View | None = None,
) -> Decided:
    """Assert that each of these groups of records is another company than the rest of golden record `home`.

    Assertions that say otherwise are set aside with the decision (and come back with its undo); the rest is held
    together as it stands.
    """
    return decide(conn, who, Split(home, groups), reason=reason, seen=seen)


def move(
    conn: Connection,
    who: Steward,
    records: Sequence[int],
    target: int,
    *,
    reason: str = "",
    seen: View | None = None,
) -> Decided:
    """Assert that these records of one golden record belong to another."""
    return decide(conn, who, Move(records, target), reason=reason, seen=seen)


def same(conn: Connection, who: Steward, a: int, b: int, *, reason: str = "", seen: View | None = None) -> Decided:
    """Assert that two records are one; their golden records follow."""
    return decide(conn, who, Same(a, b), reason=reason, seen=seen)


def different(
    conn: Connection,
    who: Steward,
    a: int,
    b: int,
    *,
    until_evidence_changes: bool = False,
    reason: str = "",
    seen: View | None = None,
) -> Decided:
    """Assert that two records are not one, for good or until what they are matched on changes."""
    return decide(conn, who, Different(a, b, until_evidence_changes), reason=reason, seen=seen)


def undo(conn: Connection, who: Steward, number: int, *, reason: str = "", seen: View | None = None) -> Decided:
    """Take a decision back: its assertions go, what it set aside returns, and every id returns to where it was."""
    return decide(conn, who, Undo(number), reason=reason, seen=seen)


def undo_stack(conn: Connection, who: Steward, number: int, *, reason: str = "") -> list[Decided]:
    """Take a decision back with all that build on it, the newest first; each is an undo of its own (E28).

    When the settings want a second person for one of them, it ends there: the rest would build on what still stands.
    """
    done: list[Decided] = []
    for one in stack(conn, number):
        done.append(undo(conn, who, one, reason=reason))
        if done[-1].approval is not None:
            break
    return done
