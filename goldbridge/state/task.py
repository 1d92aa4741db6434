"""Questions for stewards. Of one kind and subject at most one task is open; news goes into the one that is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select
from sqlalchemy import update as sql_update

from goldbridge.errors import Reject
from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, fixed, one_of
from goldbridge.state.engine import now
from goldbridge.state.tables import task as task_table
from goldbridge.state.tables import task_comment, task_record

TaskState = Literal["open", "deferred", "done", "withdrawn"]
OPEN: tuple[TaskState, ...] = ("open",)
CLOSED: tuple[TaskState, ...] = ("done", "withdrawn")


class NewTask(NamedTuple):
    """`subject`: record ids in any order; `payload`: what the console shows; `evidence_hash`: of the case."""

    kind: str
    subject: Sequence[int]
    payload: Json
    entity: str = ""
    queue: str = "default"
    priority: int = 0
    evidence_hash: str = ""
    due_at: str = ""


class Task(NamedTuple):
    """A stored task; `version` rises with every change, `resolution` is empty until it is closed."""

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
    """What somebody said about a task."""

    id: int
    task: int
    author: str
    text: str
    at: str


_row, _member = task_table.c, task_record.c
_UNRESOLVED = (fixed("open"), fixed("deferred"))
_FIELDS = tuple(name for name in task_table.c.keys() if name != "id")  # noqa: SIM118  a collection of columns
_open = Insert(task_table, _FIELDS, conflict=("kind", "subject_hash"), where="state IN ('open', 'deferred')")
_join = Insert(task_record, ("record", "task"), conflict=("record", "task"))


def open_tasks(conn: Connection, tasks: Sequence[NewTask]) -> list[int]:
    """Open tasks, or bring the open ones with the same kind and subject up to date; returns ids in order.

    A deferred task comes back when its evidence changed. Opening the same again writes nothing.
    """
    if not tasks:
        return []
    at = now(conn)
    names = [(task.kind, _subject_hash(task.subject)) for task in tasks]
    held = _unresolved(conn, names)
    rows = []
    for name, task in dict(zip(names, tasks, strict=True)).items():
        found = held.get(name)
        if found is not None:
            _refresh(conn, found, task, at)
            continue
        what = (task.kind, task.entity, document.dump(sorted(set(task.subject))), name[1], document.dump(task.payload))
        handling = (task.queue, task.priority, "", task.due_at, "open", 1, task.evidence_hash, at, at, "", None)
        rows.append((*what, *handling))
    if rows:
        _open(conn, rows)
        held = _unresolved(conn, names)
        _join(
            conn, [(record, held[name].id) for name, task in zip(names, tasks, strict=True) for record in task.subject]
        )
    return [held[name].id for name in names]


def unanswered(conn: Connection, tasks: Sequence[NewTask]) -> list[NewTask]:
    """Those that nobody closed as unsure on the same evidence."""
    if not tasks:
        return []
    query = select(_row.kind, _row.subject_hash, _row.evidence_hash).where(
        one_of(_row.subject_hash, {_subject_hash(task.subject) for task in tasks}),
        _row.state == "done",
        _row.resolution == "unsure",
    )
    closed = {tuple(row) for row in conn.execute(query)}
    return [task for task in tasks if (task.kind, _subject_hash(task.subject), task.evidence_hash) not in closed]


def _subject_hash(subject: Sequence[int]) -> str:
    return document.digest(sorted(set(subject)))


def _unresolved(conn: Connection, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Row[Any]]:
    query = select(task_table).where(
        one_of(_row.subject_hash, {name[1] for name in names}), _row.state.in_(_UNRESOLVED)
    )
    return {(row.kind, row.subject_hash): row for row in conn.execute(query).all()}


def _refresh(conn: Connection, held: Row[Any], task: NewTask, at: str) -> None:
    same_case = held.evidence_hash == task.evidence_hash
    if same_case and (held.payload == task.payload or task.evidence_hash):
        return
    values: dict[str, Any] = {"payload": task.payload, "evidence_hash": task.evidence_hash, "priority": task.priority}
    if not same_case:
        values["queue"] = task.queue
    if not same_case and held.state == "deferred":
        values |= {"state": "open", "due_at": task.due_at}
    conn.execute(
        sql_update(task_table).where(_row.id == held.id).values(**values, version=held.version + 1, changed_at=at)
    )


_TASK = tuple(_row[name] for name in Task._fields)


def _task(row: Row[Any]) -> Task:
    return Task(*row)


def load(conn: Connection, ids: Collection[int]) -> dict[int, Task]:
    """Tasks by id; unknown ids are left out."""
    if not ids:
        return {}
    return {row.id: _task(row) for row in conn.execute(select(*_TASK).where(one_of(_row.id, ids)).order_by(_row.id))}


def list_tasks(
    conn: Connection,
    *,
    states: Collection[TaskState] = OPEN,
    kinds: Collection[str] = (),
    queue: str = "",
    entity: str = "",
    assignee: str | None = None,
    priority: int | None = None,
    due_by: str = "",
    lane: tuple[str, Collection[str]] | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Task]:
    """Tasks by priority (highest first), then age. `open` includes deferred tasks whose time has come.

    `priority` is the least wanted, `due_by` leaves out what is due later or never; `lane` is a queue, and the kinds
    that belong to it where nobody put them into a queue of their own.
    """
    wanted: ColumnElement[bool] = _row.state.in_(sorted(states))
    if "open" in states:
        wanted = or_(wanted, and_(_row.state == "deferred", _row.due_at <= now(conn)))
    query = select(*_TASK).where(wanted)
    if kinds:
        query = query.where(_row.kind.in_(sorted(kinds)))
    if queue:
        query = query.where(_row.queue == queue)
    if entity:
        query = query.where(_row.entity == entity)
    if assignee is not None:
        query = query.where(_row.assignee == assignee)
    if priority is not None:
        query = query.where(_row.priority >= priority)
    if due_by:
        query = query.where(_row.due_at != "", _row.due_at <= due_by)
    if lane is not None:
        name, of_kind = lane
        query = query.where(or_(_row.queue == name, and_(_row.queue == "default", _row.kind.in_(sorted(of_kind)))))
    query = query.order_by(_row.priority.desc(), _row.id).limit(limit).offset(offset)
    return [_task(row) for row in conn.execute(query)]


def touching(conn: Connection, records: Collection[int]) -> list[Task]:
    """Unresolved tasks whose subject holds any of these records, by id."""
    if not records:
        return []
    query = select(*_TASK).select_from(task_record.join(task_table, _row.id == _member.task))
    query = query.where(one_of(_member.record, records), _row.state.in_(_UNRESOLVED))
    found = {row.id: _task(row) for row in conn.execute(query).all()}
    return [one for _, one in sorted(found.items())]


def _change(conn: Connection, id: int, version: int, values: Mapping[str, Any]) -> Task:
    """Set columns of a task that nobody changed since `version`; raises `Reject` STA033 otherwise."""
    changed = sql_update(task_table).where(_row.id == id, _row.version == version)
    changed = changed.values(**values, version=version + 1, changed_at=now(conn))
    row = conn.execute(changed.returning(*_TASK)).one_or_none()
    if row is None:
        raise _taken(load(conn, [id]).get(id), id, version)
    return _task(row)


def taken(held: Task, version: int | None) -> Reject:
    """What to say to somebody who acts on a task that is closed, or that was changed since they saw `version`."""
    return _taken(held, held.id, held.version if version is None else version)


def _taken(held: Task | None, id: int, version: int) -> Reject:
    if held is None:
        return Reject("STA032", f"task {id} does not exist; list the tasks again")
    answer = f"{held.state}{f' with {held.resolution!r}' if held.resolution else ''}"
    by = f" (decision {held.decision})" if held.decision else ""
    if held.version == version:
        return Reject("STA033", f"task {id} is closed already: {answer}{by}; look again")
    return Reject(
        "STA033",
        f"task {id} was changed since you looked (version {held.version}, you saw {version}): "
        f"it is {answer}{by}; look again",
    )


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
    given = {"assignee": assignee, "priority": priority, "queue": queue, "state": state, "due_at": due_at}
    held = load(conn, [id]).get(id)
    if held is None or held.state in CLOSED:
        raise _taken(held, id, version)
    return _change(conn, id, version, {name: value for name, value in given.items() if value is not None})


def resolve(conn: Connection, id: int, *, version: int, resolution: str, decision: int | None = None) -> Task:
    """Close a task with its answer; raises `Reject` STA033 naming the first answer when it is closed already."""
    held = load(conn, [id]).get(id)
    if held is None or held.state in CLOSED:
        raise _taken(held, id, version)
    return _change(conn, id, version, {"state": "done", "resolution": resolution, "decision": decision})


def link(conn: Connection, id: int, *, version: int, decision: int) -> Task:
    """Note which decision the answer to a closed task became."""
    return _change(conn, id, version, {"decision": decision})


def reopen(conn: Connection, id: int) -> Task:
    """Open a closed task again (its decision was undone); if a newer task asks the same, that one is returned."""
    row = conn.execute(select(task_table).where(_row.id == id)).one_or_none()
    if row is None:
        raise _taken(None, id, 0)
    newer = _unresolved(conn, [(row.kind, row.subject_hash)]).get((row.kind, row.subject_hash))
    if newer is not None:
        return load(conn, [newer.id])[newer.id]
    return _change(conn, id, row.version, {"state": "open", "resolution": "", "decision": None, "due_at": ""})


def withdraw(conn: Connection, ids: Collection[int], reason: str) -> int:
    """Close tasks whose question went away; returns how many were open."""
    if not ids:
        return 0
    closed = sql_update(task_table).where(one_of(_row.id, ids), _row.state.in_(_UNRESOLVED))
    values = {"state": "withdrawn", "resolution": reason, "version": _row.version + 1, "changed_at": now(conn)}
    return conn.execute(closed.values(**values)).rowcount


def unassign(conn: Connection, assignee: str) -> int:
    """Return a person's unresolved tasks to the pool."""
    theirs = sql_update(task_table).where(_row.assignee == assignee, _row.state.in_(_UNRESOLVED))
    return conn.execute(theirs.values(assignee="", version=_row.version + 1, changed_at=now(conn))).rowcount


def comment(conn: Connection, task: int, author: str, text: str) -> int:
    """Add a comment; returns its id."""
    said = insert(task_comment).values(task=task, author=author, text=document.visible(text), at=now(conn))
    return int(conn.execute(said.returning(task_comment.c.id)).scalar_one())


def comments(conn: Connection, task: int) -> list[Comment]:
    """A task's comments, oldest first."""
    query = select(task_comment).where(task_comment.c.task == task).order_by(task_comment.c.id)
    return [Comment(*row) for row in conn.execute(query)]


def count(conn: Connection) -> Mapping[tuple[str, str, str], int]:
    """(queue, kind, state) -> number of tasks."""
    parts = (_row.queue, _row.kind, _row.state)
    found = conn.execute(select(*parts, func.count()).group_by(*parts))
    return {(queue, kind, state): number for queue, kind, state, number in found}
