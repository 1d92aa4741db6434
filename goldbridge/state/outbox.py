"""Append-only events, one per visible change of a golden or source record, in the transaction of the change.

`seq` rises in commit order (PostgreSQL writers take a short lock for it), so that a consumer who keeps the last seq it
has seen misses nothing. Consumers keep their place in `cursor`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json

Kind = Literal["record", "golden"]


class NewEvent(NamedTuple):
    """`event`: created, changed, deleted, restored, redirected, retired, erased ...; `version` of the subject after it."""

    kind: Kind
    subject: int
    entity: str
    version: int
    event: str
    system: str = ""
    stream: str = ""
    detail: Json = None


class Event(NamedTuple):
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
    raise NotImplementedError


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
    raise NotImplementedError


def head(conn: Connection) -> int:
    """The newest seq; 0 when there is none."""
    raise NotImplementedError


def prune(conn: Connection, until: int) -> int:
    """Drop events up to and including `until` (every consumer is past it); returns how many."""
    raise NotImplementedError
