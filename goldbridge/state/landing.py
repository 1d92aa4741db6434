"""What the sources last said: one row per source record, one appended version per difference.

A page is landed in three steps inside one transaction: `changed` compares it with what is stored (one SELECT), the flow
maps the differences, `save` keeps them and appends one outbox event per visible change. Nothing is written for a record
that did not change, except its sighting in a full compare.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.ports import Json

RawRow = dict[str, Any]
Fate = Literal["applied", "filtered", "dead", "pending"]
RecordState = Literal["live", "deleted", "withdrawn", "erased"]


class StreamRef(NamedTuple):
    """Where records come from and what they are."""

    system: str
    stream: str
    entity: str


class Arrival(NamedTuple):
    """One row as the source gave it; `event_at` is when it says the row changed (ISO UTC), empty when it does not say."""

    key: str
    raw: RawRow
    event_at: str = ""


class Head(NamedTuple):
    """What was stored of a record before this page."""

    id: int
    key: str
    incarnation: int
    state: RecordState
    fate: Fate
    version: int
    raw_version: int
    raw_hash: str
    canonical_hash: str
    mapping_rev: str


@dataclass(slots=True)
class Change:
    """A record that differs from what is stored (or was mapped by another revision); the flow fills the second half.

    `raw_changed` is False when only the mapping is newer: then no source version is appended.
    """

    id: int
    key: str
    incarnation: int
    raw: RawRow
    raw_text: str
    raw_hash: str
    event_at: str
    raw_changed: bool
    before: Head | None
    canonical: dict[str, Json] | None = None
    notes: dict[str, Json] | None = None
    fate: Fate = "applied"
    anchor: int | None = None

    def reborn(self, ref: StreamRef) -> Change:
        """The same row as the first version of the key's next incarnation (the key now names somebody else)."""
        raise NotImplementedError


@dataclass(slots=True)
class Compared:
    """A page against the store. `same` counts the rows that did not change, by the fate their record has.

    `read` = len(changes) + sum(same) + len(rejected); a key that came twice in the page counts once more under `same`
    (the last row wins).
    """

    changes: list[Change] = field(default_factory=list)
    same: dict[str, int] = field(default_factory=dict)
    rejected: list[tuple[Arrival, Reject]] = field(default_factory=list)


@dataclass(slots=True)
class Record:
    """A stored source record. `canonical` is None when it was never mapped; `raw` only when asked for."""

    id: int
    system: str
    stream: str
    entity: str
    key: str
    incarnation: int
    state: RecordState
    fate: Fate
    version: int
    first_run: int
    event_at: str
    received_at: str
    mapping_rev: str
    anchor: int | None
    canonical: dict[str, Json] | None
    notes: dict[str, Json]
    raw: RawRow | None = None


class Version(NamedTuple):
    """One entry of a record's history; `raw` is None for a deletion and after an erase."""

    record: int
    seq: int
    op: Literal["full", "delete", "restore"]
    raw: RawRow | None
    event_at: str
    received_at: str
    run: int


def record_id(system: str, stream: str, key: str, incarnation: int = 0) -> int:
    """The 63-bit number of a source record, computed from what names it."""
    raise NotImplementedError


def changed(
    conn: Connection,
    ref: StreamRef,
    arrivals: Sequence[Arrival],
    *,
    volatile: Collection[str] = (),
    generation: int = 0,
    mapping_rev: str = "",
) -> Compared:
    """Compare a page with the store. `generation` > 0 notes the sighting of every row (full compare).

    Rows without a usable key come back under `rejected` (STA020). A stored record whose mapping revision differs from
    `mapping_rev` (when one is given) is a change even though its row is the same.
    """
    raise NotImplementedError


def save(conn: Connection, ref: StreamRef, changes: Sequence[Change], run: int, *, mapping_rev: str = "") -> list[int]:
    """Keep the changes: upsert records, append versions where the row differs, append outbox events.

    Returns the ids of records with a *visible* change, in page order: another canonical document, state or fate. A dead
    letter keeps the record's last good canonical document. Without a mapping the row itself is what is visible.
    """
    raise NotImplementedError


def delete(conn: Connection, ref: StreamRef, keys: Sequence[str], run: int, *, event_at: str = "") -> list[int]:
    """Tombstone the live records behind `keys`; unknown and deleted ones are ignored. Returns their ids."""
    raise NotImplementedError


def set_state(conn: Connection, records: Sequence[int], state: RecordState, run: int) -> list[int]:
    """Move records to another state (a source goes off, a steward reopens); returns those that moved."""
    raise NotImplementedError


def missing(conn: Connection, ref: StreamRef, generation: int, *, before: str) -> tuple[int, int]:
    """(live records this generation has not seen, live records) of a stream; rows received since `before` count as seen."""
    raise NotImplementedError


def sweep(conn: Connection, ref: StreamRef, generation: int, run: int, *, before: str, limit: int = 1000) -> list[int]:
    """Tombstone up to `limit` of the records `missing` counts; an empty list means done. The brake is the flow's."""
    raise NotImplementedError


def close_generation(conn: Connection, generation: int) -> None:
    """Forget the sightings of a full compare that is over."""
    raise NotImplementedError


def load(conn: Connection, records: Collection[int], *, raw: bool = False) -> dict[int, Record]:
    """Records by id; unknown ids are left out."""
    raise NotImplementedError


def find(conn: Connection, system: str, stream: str, keys: Collection[str]) -> dict[str, int]:
    """Key -> id of its newest incarnation, deleted or not."""
    raise NotImplementedError


def scan(
    conn: Connection,
    *,
    entity: str = "",
    system: str = "",
    stream: str = "",
    states: Collection[RecordState] = ("live",),
    after: int = 0,
    limit: int = 1000,
    raw: bool = False,
) -> list[Record]:
    """The next `limit` records by ascending id after `after`; an empty list means the end."""
    raise NotImplementedError


def scan_all(
    conn: Connection, *, entity: str = "", system: str = "", stream: str = "", raw: bool = False
) -> Iterator[Record]:
    """Every live record, read in batches."""
    raise NotImplementedError


def outdated(conn: Connection, ref: StreamRef, mapping_rev: str, *, after: int = 0, limit: int = 1000) -> list[Change]:
    """Live records last mapped by another revision, as changes to map again and `save`; ascending by id after `after`."""
    raise NotImplementedError


def anchored(conn: Connection, records: Collection[int]) -> dict[int, list[int]]:
    """Record -> live records that describe it (answers of look-ups), sorted."""
    raise NotImplementedError


def versions(conn: Connection, record: int) -> list[Version]:
    """A record's whole history, oldest first."""
    raise NotImplementedError


def count(conn: Connection) -> Mapping[tuple[str, str, str, str, str], int]:
    """(system, stream, entity, state, fate) -> number of records."""
    raise NotImplementedError
