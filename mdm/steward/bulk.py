"""Many questions answered at once: each answer is a decision of its own, with an undo of its own (E46).

An item that cannot be decided is reported and touches no other; a program that dies in the middle has decided what it
reported so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from goldbridge.errors import GoldbridgeError
from goldbridge.state.engine import Store
from mdm.steward.answering import answer, question
from mdm.steward.desk import Steward

Desk = Callable[[Connection, str], Steward]
"""Who decides about an entity, on a connection."""


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one task: its decision (with `approval`: a task that asks a second person), or why it was not
    decided. An answer `unsure` decides nothing, and is no error."""

    task: int
    decision: int | None = None
    approval: int | None = None
    code: str = ""
    message: str = ""

    @property
    def done(self) -> bool:
        return not self.code


def answer_all(store: Store, desk: Desk, tasks: Sequence[int], judgement: str, *, reason: str = "") -> Iterator[Item]:
    """Answer these tasks one after the other, each in a transaction of its own, and tell of each when it is done."""
    for number in dict.fromkeys(tasks):
        yield _one(store, desk, number, judgement, reason)


def _one(store: Store, desk: Desk, number: int, judgement: str, reason: str) -> Item:
    def work(conn: Connection) -> Item:
        entity = question(conn, number).entity
        decided = answer(conn, desk(conn, entity), number, judgement, reason=reason)
        return Item(number) if decided is None else Item(number, decided.decision, decided.approval)

    try:
        return store.transact(work)
    except GoldbridgeError as error:
        return Item(number, code=error.code, message=error.message)
