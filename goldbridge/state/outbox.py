"""Append-only events, one per visible change of a golden or source record, in the transaction of the change.

`seq` rises in commit order (PostgreSQL writers take a short lock for it), so that a consumer who keeps the last seq it
has seen misses nothing. Consumers keep their place in `cursor`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, delete, func, select, text

from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert
from goldbridge.state.engine import now
from goldbridge.state.tables import outbox

Kind = Literal["record", "golden"]

_FIELDS = ("kind", "subject", "entity", "version", "event", "system", "stream", "detail", "run", "at")
_add = Insert(outbox, _FIELDS)


class NewEvent(NamedTuple):
    """`event`: created, changed, deleted, restored, redirected, retired, erased; `version`: the subject's after it."""

    kind: Kind
    subject: int
    entity: str
    version: int
    event: str
    system: str = ""
    stream: str = ""
    detail: Json = None


class Event(NamedTuple):
    """A stored event; `at` is when it was appended (ISO UTC)."""

    seq: int
    kind: Kind
    subject: int
    entity: str
    version: int
    event: str
    system: str
    stream: str
    detail: Json
    run: int
    at: str


def append(conn: Connection, events: Sequence[NewEvent], run: int) -> None:
    """Add events in the given order."""
    if not events:
        return
    at = now(conn)
    append_rows(
        conn,
        [(*event[:7], None if event.detail is None else document.dump(event.detail), run, at) for event in events],
    )


def append_rows(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """The same for rows in the table's order (kind, ..., detail as text, run, at): the bulk path of landing."""
    if not rows:
        return
    if conn.dialect.name == "postgresql":
        # Without it a slow writer could commit a seq below what a consumer has already passed.
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('goldbridge.outbox'))"))
    _add(conn, rows)


def read(
    conn: Connection,
    after: int = 0,
    *,
    kind: Kind | None = None,
    entities: Collection[str] = (),
    system: str = "",
    stream: str = "",
    limit: int = 1000,
) -> list[Event]:
    """The next events after seq `after`, oldest first."""
    query = select(outbox).where(outbox.c.seq > after)
    if kind is not None:
        query = query.where(outbox.c.kind == kind)
    if entities:
        query = query.where(outbox.c.entity.in_(sorted(entities)))
    if system:
        query = query.where(outbox.c.system == system)
    if stream:
        query = query.where(outbox.c.stream == stream)
    return [Event(*row) for row in conn.execute(query.order_by(outbox.c.seq).limit(limit)).all()]


def head(conn: Connection) -> int:
    """The newest seq; 0 when there is none."""
    return int(conn.execute(select(func.coalesce(func.max(outbox.c.seq), 0))).scalar_one())


def prune(conn: Connection, until: int) -> int:
    """Drop events up to and including `until` (every consumer is past it), but never the newest; returns how many."""
    newest = select(func.max(outbox.c.seq)).scalar_subquery()
    return conn.execute(delete(outbox).where(outbox.c.seq <= until, outbox.c.seq < newest)).rowcount
