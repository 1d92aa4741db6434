"""Questions for stewards. Of one kind and subject at most one task is open; news goes into the one that is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json

TaskState = Literal["open", "deferred", "done", "withdrawn"]


class NewTask(NamedTuple):
    """`subject`: record ids in any order; `payload`: what the console shows; `evidence_hash` changes when the case does."""

    kind: str
    subject: Sequence[int]
    payload: Json
    entity: str = ""
    queue: str = "default"
    priority: int = 0
    evidence_hash: str = ""
    due_at: str = ""


class Task(NamedTuple):
    id: int
    kind: str
    entity: str
    subject: list[int]
    payload: Json
    queue: str
    priority: int
    assignee: str
    due_at: str
    state: TaskState
    version: int
    evidence_hash: str
    created_at: str
    changed_at: str
    resolution: str
    decision: int | None


class Comment(NamedTuple):
    id: int
    task: int
    author: str
    text: str
    at: str


def open_tasks(conn: Connection, tasks: Sequence[NewTask]) -> list[int]:
    """Open tasks, or bring the open ones with the same kind and subject up to date; returns ids in order.

    A deferred task comes back when its evidence changed. Opening the same again writes nothing.
    """
    raise NotImplementedError


def load(conn: Connection, ids: Collection[int]) -> dict[int, Task]:
    raise NotImplementedError


def list_tasks(
    conn: Connection,
    *,
    states: Collection[TaskState] = ("open",),
    kinds: Collection[str] = (),
    queue: str = "",
    entity: str = "",
    assignee: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Task]:
    """Tasks by priority (highest first), then age. `open` includes deferred tasks whose time has come."""
    raise NotImplementedError


def touching(conn: Connection, records: Collection[int]) -> list[Task]:
    """Unresolved tasks whose subject holds any of these records."""
    raise NotImplementedError


def update(
    conn: Connection,
    id: int,
    *,
    version: int,
    assignee: str | None = None,
    priority: int | None = None,
    queue: str | None = None,
    state: Literal["open", "deferred"] | None = None,
    due_at: str | None = None,
) -> Task:
    """Change how a task is handled; raises `Reject` STA033 when somebody else changed it since `version`."""
    raise NotImplementedError


def resolve(conn: Connection, id: int, *, version: int, resolution: str, decision: int | None = None) -> Task:
    """Close a task with its answer; raises `Reject` STA033 naming the first answer when it is closed already."""
    raise NotImplementedError


def reopen(conn: Connection, id: int) -> Task:
    """Open a closed task again (its decision was undone); if a newer task asks the same, that one is returned."""
    raise NotImplementedError


def withdraw(conn: Connection, ids: Collection[int], reason: str) -> int:
    """Close tasks whose question went away; returns how many were open."""
    raise NotImplementedError


def unassign(conn: Connection, assignee: str) -> int:
    """Return a person's unresolved tasks to the pool."""
    raise NotImplementedError


def comment(conn: Connection, task: int, author: str, text: str) -> int:
    """Add a comment; returns its id."""
    raise NotImplementedError


def comments(conn: Connection, task: int) -> list[Comment]:
    """A task's comments, oldest first."""
    raise NotImplementedError


def count(conn: Connection) -> Mapping[tuple[str, str, str], int]:
    """(queue, kind, state) -> number of tasks."""
    raise NotImplementedError
