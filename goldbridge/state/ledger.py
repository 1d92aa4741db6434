"""What we wrote to each target row, per field, as hashes: how an echo of our own write is told from a human edit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, one_of
from goldbridge.state.engine import now
from goldbridge.state.tables import write_ledger

SEEN = "seen"
"""Beside the hash of a field that we only looked at: it counts as known, and is still its people's own word."""


class Written(NamedTuple):
    """One write: `fields` as we sent them, `answered` as the target showed them afterwards (trimmed, normalised).

    With `seen` nothing was written: this is what the row showed when we first took notice of it.
    """

    key: str
    subject: int
    version: int
    fields: Mapping[str, Json]
    answered: Mapping[str, Json] | None = None
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """The ledger of one target row; `fields`: name -> hashes that count as ours."""

    key: str
    subject: int
    version: int
    fields: Mapping[str, tuple[str, ...]]
    at: str

    def foreign(self, row: Mapping[str, Json]) -> dict[str, Json]:
        """The fields of an inbound row that are not echoes of our writes; fields we never wrote are foreign."""
        return {name: value for name, value in row.items() if field_hash(value) not in self.fields.get(name, ())}

    def only_seen(self) -> frozenset[str]:
        """The fields that we never wrote and know all the same."""
        return frozenset(name for name, hashes in self.fields.items() if SEEN in hashes)

    def unchanged(self, fields: Mapping[str, Json]) -> bool:
        """Whether these fields are what we wrote last, so that writing them again would change nothing."""
        return all(field_hash(value) in self.fields.get(name, ())[:1] for name, value in fields.items())


def field_hash(value: Json) -> str:
    """16 hex digits of one value."""
    return blake2b(document.encode(value), digest_size=8).hexdigest()


_row = write_ledger.c
_FIELDS = ("target", "object", "key", "subject", "version", "fields", "at")
_put = Insert(
    write_ledger, _FIELDS, conflict=("target", "object", "key"), update=("subject", "version", "fields", "at")
)


def note(conn: Connection, target: str, object: str, written: Sequence[Written]) -> None:
    """Record writes; fields not written this time keep what was noted before."""
    if not written:
        return
    held = load(conn, target, object, {one.key for one in written})
    fields = {key: dict(entry.fields) for key, entry in held.items()}
    rows = {}
    at = now(conn)
    for one in written:
        noted = fields.setdefault(one.key, {})
        answered = one.answered or {}
        for name, value in one.fields.items():
            hashes = [field_hash(value)]
            if name in answered and (seen := field_hash(answered[name])) != hashes[0]:
                hashes.append(seen)
            noted[name] = (*hashes, SEEN) if one.seen else tuple(hashes)
        rows[one.key] = (target, object, one.key, one.subject, one.version, document.dump(noted), at)
    _put(conn, list(rows.values()))


def answered(conn: Connection, target: str, object: str, rows: Mapping[str, Mapping[str, Json]]) -> int:
    """The target shows these values for what we wrote (it trimmed or normalised them): they count as ours from now on.

    Returns how many fields differed from what we had sent (F42).
    """
    held = load(conn, target, object, rows)
    changed, different = [], 0
    for key, entry in held.items():
        noted = dict(entry.fields)
        for name, value in rows[key].items():
            seen = field_hash(value)
            if name in noted and seen not in noted[name]:
                noted[name] = (noted[name][0], seen)
                different += 1
        if noted != entry.fields:
            changed.append((target, object, key, entry.subject, entry.version, document.dump(noted), entry.at))
    _put(conn, changed)
    return different


def load(conn: Connection, target: str, object: str, keys: Collection[str]) -> dict[str, Entry]:
    """Target key -> its ledger; rows we never wrote are left out."""
    if not keys:
        return {}
    return {entry.key: entry for entry in _load(conn, target, object, one_of(_row.key, keys))}


def by_subject(conn: Connection, target: str, object: str, subjects: Collection[int]) -> dict[int, list[Entry]]:
    """Golden id -> ledgers of the target rows written for it (compensation after a split)."""
    found: dict[int, list[Entry]] = {}
    if subjects:
        for entry in _load(conn, target, object, one_of(_row.subject, subjects)):
            found.setdefault(entry.subject, []).append(entry)
    return found


def _load(conn: Connection, target: str, object: str, which: ColumnElement[bool]) -> list[Entry]:
    query = select(_row.key, _row.subject, _row.version, _row.fields, _row.at)
    found = conn.execute(query.where(_row.target == target, _row.object == object, which)).all()
    return [
        Entry(key, subject, version, {name: tuple(hashes) for name, hashes in fields.items()}, at)
        for key, subject, version, fields, at in sorted(found, key=lambda row: row[0])
    ]
