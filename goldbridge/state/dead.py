"""Dead letters: records set aside with their reason, one per flow and record, replayable.

Putting the same record again raises its attempts and keeps the first time; when the record applies later it is cleared.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, select

from goldbridge.errors import GoldbridgeError, Mark, Reject
from goldbridge.log import redact
from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, distinct, one_of
from goldbridge.state.engine import now
from goldbridge.state.tables import dead_letter

Stage = Literal["read", "map", "resolve", "write"]


class Letter(NamedTuple):
    """`system`/`stream`/`key`: the source record; target/object/external id for a write. `rule`: its place."""

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
    """A stored letter; equal fingerprints mean one cause."""

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


_row = dead_letter.c
_FIELDS = (
    "flow", "system", "stream", "key", "stage", "code", "message", "error_class", "fingerprint", "field", "rule_file",
    "rule_line", "rule_column", "payload_src", "payload_out", "attempts", "first_at", "last_at", "run",
)  # fmt: skip
_PLACE = ("flow", "system", "stream", "key")
_put = Insert(
    dead_letter, _FIELDS, conflict=_PLACE, update=[name for name in _FIELDS if name not in (*_PLACE, "first_at")]
)
_PAYLOADS = ("payload_src", "payload_out")
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


def letter(
    error: GoldbridgeError, system: str, stream: str, key: str, stage: Stage, *, source: Json = None, out: Json = None
) -> Letter:
    """A letter made of the error that a record met."""
    field, mark = (error.field or "", error.mark) if isinstance(error, Reject) else ("", None)
    kind = type(error).__name__
    return Letter(system, stream, key, stage, error.code, error.message, kind, field, mark, source, out)


def put(conn: Connection, flow: str, letters: Sequence[Letter], run: int) -> None:
    """Set records aside, or again."""
    if not letters:
        return
    at = now(conn)
    named = {(one.system, one.stream, _key(one)): one for one in letters}
    held: dict[tuple[str, str, str], tuple[int, str]] = {}
    for system, stream in {name[:2] for name in named}:
        keys = [name[2] for name in named if name[:2] == (system, stream)]
        query = select(_row.key, _row.attempts, _row.first_at).where(_row.flow == flow, _row.system == system)
        for key, attempts, first_at in conn.execute(query.where(_row.stream == stream, one_of(_row.key, keys))):
            held[system, stream, key] = (attempts, first_at)
    rows = []
    for name, one in named.items():
        attempts, first_at = held.get(name, (0, at))
        rule = one.rule or Mark("")
        message = document.visible(redact(one.message))
        cause = _fingerprint(flow, one)
        what = (one.stage, one.code, message, one.error_class, cause, document.visible(one.field), *rule)
        payloads = (_payload(one.payload_src), _payload(one.payload_out))
        rows.append((flow, *name, *what, *payloads, attempts + 1, first_at, at, run))
    _put(conn, rows)


def _key(one: Letter) -> str:
    """The key as a text column can hold it; rows without one are told apart by their content."""
    if one.key:
        return document.visible(one.key)[:500]
    return f"?{document.digest([one.payload_src, one.message])[:12]}"


def _payload(value: Json) -> str | None:
    return None if value is None else document.dump(value)


def _fingerprint(flow: str, one: Letter) -> str:
    """Equal for letters with one cause: the message counts without its quoted values and numbers."""
    rule = str(one.rule) if one.rule else ""
    return document.digest([flow, one.stage, one.code, one.field, rule, _VARYING.sub("?", one.message)])[:16]


def clear(conn: Connection, flow: str, system: str, stream: str, keys: Collection[str]) -> int:
    """These records applied after all; returns how many letters went."""
    if not keys:
        return 0
    named = [document.visible(key)[:500] for key in keys]
    return conn.execute(delete(dead_letter).where(*_of(flow, system, stream), one_of(_row.key, named))).rowcount


def drop(conn: Connection, ids: Collection[int]) -> int:
    """These letters have nothing to say any more; returns how many went."""
    return conn.execute(delete(dead_letter).where(one_of(_row.id, ids))).rowcount if ids else 0


def unread(conn: Connection, flow: str, system: str, stream: str) -> set[str]:
    """The keys of records that could not even be read."""
    query = select(_row.key).where(*_of(flow, system, stream), _row.stage == "read")
    return set(conn.execute(query).scalars())


def outlive(
    conn: Connection, flow: str, system: str, stream: str, run: int, keys: Collection[str] | None = None
) -> int:
    """Drop what could not be read before this run: these records were read now; without `keys`, the whole stream was,
    and what was not met again is gone or was set right."""
    before = (*_of(flow, system, stream), _row.stage == "read", _row.run < run)
    if keys is not None:
        before = (*before, one_of(_row.key, [document.visible(key)[:500] for key in keys]))
    return conn.execute(delete(dead_letter).where(*before)).rowcount


def _of(flow: str, system: str, stream: str) -> tuple[ColumnElement[bool], ...]:
    return (_row.flow == flow, _row.system == system, _row.stream == stream)


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
    query = _select(payloads).where(_row.id > after)
    filters = {"flow": flow, "system": system, "stream": stream, "code": code, "fingerprint": fingerprint}
    query = query.where(*[_row[name] == value for name, value in filters.items() if value])
    return [_letter(row) for row in conn.execute(query.order_by(_row.id).limit(limit))]


def load(conn: Connection, ids: Collection[int], *, payloads: bool = True) -> dict[int, DeadLetter]:
    """Letters by id, with payloads unless told otherwise."""
    if not ids:
        return {}
    found = [_letter(row) for row in conn.execute(_select(payloads).where(one_of(_row.id, ids)).order_by(_row.id))]
    return {one.id: one for one in found}


def about(conn: Connection, system: str, stream: str, key: str) -> list[DeadLetter]:
    """Every flow's letter about one record, without payloads."""
    query = _select(False).where(_row.system == system, _row.stream == stream, _row.key == document.visible(key)[:500])
    return [_letter(row) for flow in flows(conn) for row in conn.execute(query.where(_row.flow == flow))]


def flows(conn: Connection) -> list[str]:
    """The flows that have letters."""
    return distinct(conn, _row.flow)


def streams(conn: Connection, system: str, key: str) -> list[str]:
    """The streams (or objects) of a system in which a record of this key was set aside."""
    named = document.visible(key)[:500]
    found: set[str] = set()
    for flow in flows(conn):
        for stream in distinct(conn, _row.stream, _row.flow == flow, _row.system == system):
            query = select(_row.id).where(*_of(flow, system, stream), _row.key == named)
            found |= {stream} if conn.execute(query).first() else set()
    return sorted(found)


def places(
    conn: Connection, *, flow: str = "", code: str = "", ids: Collection[int] | None = None
) -> dict[tuple[str, str, str], list[int]]:
    """(flow, system, stream) -> the ids of its letters, ascending; `ids` takes only those of them."""
    place = (_row.flow, _row.system, _row.stream)
    filters = {"flow": flow, "code": code}
    query = select(*place, _row.id).where(*[_row[name] == value for name, value in filters.items() if value])
    if ids is not None:
        query = query.where(one_of(_row.id, ids))
    found: dict[tuple[str, str, str], list[int]] = {}
    for name, system, stream, id in conn.execute(query.order_by(_row.id)):
        found.setdefault((name, system, stream), []).append(id)
    return found


def _select(payloads: bool) -> Select[Any]:
    columns = [_row.id, *(_row[name] for name in _FIELDS if payloads or name not in _PAYLOADS)]
    return select(*columns)


def _letter(row: Row[Any]) -> DeadLetter:
    held = dict(row._mapping)
    rule = Mark(held.pop("rule_file"), held.pop("rule_line"), held.pop("rule_column"))
    held.setdefault("payload_src", None)
    held.setdefault("payload_out", None)
    return DeadLetter(rule=rule if rule.file else None, **held)


def groups(conn: Connection, flow: str = "", *, code: str = "") -> list[tuple[str, str, str, int]]:
    """(fingerprint, code, an example message, count), most frequent first: one cause each."""
    many = func.count()
    query = select(_row.fingerprint, _row.code, func.min(_row.message), many).group_by(_row.fingerprint, _row.code)
    if flow:
        query = query.where(_row.flow == flow)
    if code:
        query = query.where(_row.code == code)
    found = conn.execute(query.order_by(many.desc(), _row.fingerprint))
    return [(cause, code, message, number) for cause, code, message, number in found]


def count(conn: Connection) -> Mapping[tuple[str, str], int]:
    """(flow, code) -> number of letters."""
    found = conn.execute(select(_row.flow, _row.code, func.count()).group_by(_row.flow, _row.code))
    return {(flow, code): number for flow, code, number in found}


def redacted(payload: Json, field: str = "") -> Json:
    """The payload's shape without its content: every value but that of `field` becomes its kind and length."""
    if isinstance(payload, dict):
        return {
            name: _plain(value) if field and name == field else redacted(value, field)
            for name, value in payload.items()
        }
    if isinstance(payload, list):
        return [redacted(value, field) for value in payload]
    if isinstance(payload, str):
        return f"text of {len(payload)}" if payload else "empty text"
    if payload is None or isinstance(payload, bool):
        return payload
    return "number"


def _plain(value: Json) -> Json:
    return redact(value) if isinstance(value, str) else value
