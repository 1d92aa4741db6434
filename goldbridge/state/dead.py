"""Dead letters: records set aside with their reason, one per flow and record, replayable.

Putting the same record again raises its attempts and keeps the first time; when the record applies later it is cleared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.errors import GoldbridgeError, Mark
from goldbridge.ports import Json

Stage = Literal["read", "map", "resolve", "write"]


class Letter(NamedTuple):
    """`system`/`stream`/`key`: the source record, or target/object/subject for a write. `rule` is file, line, column."""

    system: str
    stream: str
    key: str
    stage: Stage
    code: str
    message: str
    error_class: str = "Reject"
    field: str = ""
    rule: Mark | None = None
    payload_src: Json = None
    payload_out: Json = None


class DeadLetter(NamedTuple):
    id: int
    flow: str
    system: str
    stream: str
    key: str
    stage: Stage
    code: str
    message: str
    error_class: str
    fingerprint: str
    field: str
    rule: Mark | None
    payload_src: Json
    payload_out: Json
    attempts: int
    first_at: str
    last_at: str
    run: int


def letter(
    error: GoldbridgeError, system: str, stream: str, key: str, stage: Stage, *, source: Json = None, out: Json = None
) -> Letter:
    """A letter made of the error that a record met."""
    raise NotImplementedError


def put(conn: Connection, flow: str, letters: Sequence[Letter], run: int) -> None:
    """Set records aside, or again."""
    raise NotImplementedError


def clear(conn: Connection, flow: str, system: str, stream: str, keys: Collection[str]) -> int:
    """These records applied after all; returns how many letters went."""
    raise NotImplementedError


def list_letters(
    conn: Connection,
    *,
    flow: str = "",
    system: str = "",
    stream: str = "",
    code: str = "",
    fingerprint: str = "",
    after: int = 0,
    limit: int = 100,
    payloads: bool = False,
) -> list[DeadLetter]:
    """Letters by ascending id after `after`; payloads only when asked for."""
    raise NotImplementedError


def load(conn: Connection, ids: Collection[int]) -> dict[int, DeadLetter]:
    """Letters by id, with payloads."""
    raise NotImplementedError


def groups(conn: Connection, flow: str = "") -> list[tuple[str, str, str, int]]:
    """(fingerprint, code, an example message, count), most frequent first: one cause each."""
    raise NotImplementedError


def count(conn: Connection) -> Mapping[tuple[str, str], int]:
    """(flow, code) -> number of letters."""
    raise NotImplementedError


def redacted(payload: Json, field: str = "") -> Json:
    """The payload's shape without its content: every value but that of `field` becomes its kind and length."""
    raise NotImplementedError
