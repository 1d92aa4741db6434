"""What a tap says, line by line: SCHEMA, RECORD, STATE and ACTIVATE_VERSION."""

from __future__ import annotations

from typing import Any, NamedTuple

from connectors.base import RawRow
from connectors.singer import exact
from goldbridge.errors import Halt, Mark, Misconfigured

_MOST_STATE = 1 << 20
"""A STATE stands in the state store with every page; in characters."""


class Schema(NamedTuple):
    stream: str
    schema: dict[str, Any]
    key: tuple[str, ...]


class Record(NamedTuple):
    """`flaw` is a field whose value cannot be used, and why."""

    stream: str
    row: RawRow
    version: int | str | None = None
    flaw: tuple[str, str] | None = None


class State(NamedTuple):
    text: str


class Version(NamedTuple):
    """Everything of the stream that has another version is gone."""

    stream: str
    version: int | str | None


Message = Schema | Record | State | Version


def parse(line: bytes, number: int, where: str) -> Message | None:
    """The message of one line, None for a blank one.

    Bytes that are no UTF-8 cost a record only, the one they are in. Raises `Halt` CON344 for a line that is no message,
    CON345 for a STATE that is too large, `Misconfigured` CON349 for a BATCH.
    """
    broken = False
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text, broken = line.decode("utf-8", "surrogateescape"), True
    if not text.strip():
        return None
    place = f"{where}: line {number} of the tap"
    try:
        said = exact.record(text)
    except (ValueError, RecursionError):
        raise _garbage(f"{place} is not JSON") from None
    if not isinstance(said, dict):
        raise _garbage(f"{place} is no object")
    kind = said.get("type")
    stream = said.get("stream")
    if broken and kind != "RECORD":
        raise _garbage(f"{place} is not UTF-8")
    if kind == "STATE":
        return _state(text, place) if "value" in said else _lacking(place, "STATE", "value")
    if kind not in ("RECORD", "SCHEMA", "ACTIVATE_VERSION", "BATCH"):
        raise _garbage(f"{place} is no Singer message: its type is {str(kind)[:40]!r}")
    if not isinstance(stream, str):
        return _lacking(place, kind, "stream")
    if kind == "RECORD":
        row = said.get("record")
        if not isinstance(row, dict):
            return _lacking(place, kind, "record")
        return Record(stream, row, said.get("version"), exact.flaw(row, text, broken=broken))
    if kind == "SCHEMA":
        schema, key = said.get("schema"), said.get("key_properties")
        if not isinstance(schema, dict):
            return _lacking(place, kind, "schema")
        return Schema(stream, schema, tuple(map(str, key)) if isinstance(key, list) else ())
    if kind == "ACTIVATE_VERSION":
        return Version(stream, said.get("version"))
    raise Misconfigured.one(
        "CON349",
        f"{where}: the tap sends BATCH messages, whose records are in files elsewhere; remove `batch_config` from its "
        "`config`, then it sends the records themselves",
        Mark("config/sources.yaml"),
    )


def _state(text: str, place: str) -> State:
    if len(text) > _MOST_STATE:
        raise Halt("CON345", f"{place} is a STATE of {len(text)} characters; {_MOST_STATE} is the limit")
    return State(exact.dump(exact.load(text)["value"]).decode())


def _lacking(place: str, kind: str, part: str) -> Message:
    raise _garbage(f"{place} is a {kind} without its {part}")


def _garbage(text: str) -> Halt:
    # The line itself is not repeated: it may hold a record, or a secret.
    return Halt("CON344", f"{text}. What came before it is kept; does the tap print something beside its messages?")
