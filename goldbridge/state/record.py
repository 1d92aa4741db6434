"""Source records as they are stored, and every way of reading them. `landing` writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, func, select

from goldbridge.ports import Json
from goldbridge.state.bulk import distinct, group, one_of
from goldbridge.state.tables import source_record, source_version

RawRow = dict[str, Any]
Fate = Literal["applied", "filtered", "dead", "pending"]
RecordState = Literal["live", "deleted", "withdrawn", "erased"]
LIVE: tuple[RecordState, ...] = ("live",)


class StreamRef(NamedTuple):
    """Where records come from and what they are."""

    system: str
    stream: str
    entity: str


class Head(NamedTuple):
    """What was stored of a record before this page.

    `version` rises with every change; `newest` and `raw_at` are places in the log of versions: of the last entry, and
    of the row that is current. `canonical_hash` stands for what others can see of a live record: empty when nothing is.
    """

    id: int
    key: str
    incarnation: int
    state: RecordState
    fate: Fate
    version: int
    newest: int
    raw_at: int
    raw_hash: str
    canonical_hash: str
    mapping_rev: str


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
    op: Literal["full", "delete", "restore", "late"]
    raw: RawRow | None
    event_at: str
    received_at: str
    run: int


class Origin(NamedTuple):
    """Where a record comes from, without what it says."""

    id: int
    system: str
    stream: str
    key: str
    incarnation: int
    anchor: int | None
    first_run: int
    received_at: str


def record_id(system: str, stream: str, key: str, incarnation: int = 0) -> int:
    """The 63-bit number of a source record, computed from what names it."""
    named = f"{system}\0{stream}\0{key}\0{incarnation}".encode()
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big") >> 1


_record = source_record.c
HEAD = tuple(_record[name] for name in Head._fields)
_NOTES = list(Record.__dataclass_fields__).index("notes")
_RECORD = tuple(_record[name] for name in Record.__dataclass_fields__ if name != "raw")


CURRENT = source_version.c.id == _record.raw_at


def _select(raw: bool) -> Select[Any]:
    if not raw:
        return select(*_RECORD)
    return select(*_RECORD, source_version.c.raw).select_from(source_record.outerjoin(source_version, CURRENT))


def _records(conn: Connection, query: Select[Any]) -> list[Record]:
    found = []
    for row in conn.execute(query).all():
        values: list[Any] = list(row)
        values[_NOTES] = values[_NOTES] or {}
        found.append(Record(*values))
    return found


def load(conn: Connection, records: Collection[int], *, raw: bool = False) -> dict[int, Record]:
    """Records by id; unknown ids are left out."""
    if not records:
        return {}
    return {
        record.id: record
        for record in _records(conn, _select(raw).where(one_of(_record.id, records)).order_by(_record.id))
    }


def origins(conn: Connection, records: Collection[int]) -> dict[int, Origin]:
    """Where records come from, by id; unknown ids are left out. What they say is not read."""
    if not records:
        return {}
    query = select(*(_record[name] for name in Origin._fields)).where(one_of(_record.id, records))
    return {row[0]: Origin._make(row) for row in conn.execute(query).all()}


def paged(
    query: Select[Any],
    entity: str,
    system: str,
    stream: str,
    states: Collection[str],
    fates: Collection[str],
    after: int,
) -> Select[Any]:
    # The concatenation keeps the database from walking the key index and sorting the whole stream for every batch.
    filters = [(_record.entity, entity), (_record.system.concat(""), system), (_record.stream.concat(""), stream)]
    query = query.where(_record.id > after, *[column == value for column, value in filters if value])
    if states:
        query = query.where(_record.state.in_(sorted(states)))
    if fates:
        query = query.where(_record.fate.in_(sorted(fates)))
    return query.order_by(_record.id)


def scan(
    conn: Connection,
    *,
    entity: str = "",
    system: str = "",
    stream: str = "",
    states: Collection[RecordState] = LIVE,
    fates: Collection[Fate] = (),
    after: int = 0,
    limit: int = 1000,
    raw: bool = False,
) -> list[Record]:
    """The next `limit` records by ascending id after `after`; an empty list means the end. Start with `after=-1`."""
    return _records(conn, paged(_select(raw), entity, system, stream, states, fates, after).limit(limit))


def ids(conn: Connection, entity: str, *, after: int = -1, limit: int = 1000) -> list[int]:
    """The next ids of an entity's records in any state, ascending; an empty list means the end."""
    query = select(_record.id).where(_record.entity == entity, _record.id > after).order_by(_record.id).limit(limit)
    return list(conn.execute(query).scalars())


def scan_all(
    conn: Connection,
    *,
    entity: str = "",
    system: str = "",
    stream: str = "",
    states: Collection[RecordState] = LIVE,
    raw: bool = False,
) -> Iterator[Record]:
    """Every record, read in batches."""
    after = -1
    while batch := scan(conn, entity=entity, system=system, stream=stream, states=states, after=after, raw=raw):
        yield from batch
        after = batch[-1].id


def heads(conn: Connection, system: str, stream: str, keys: Collection[str]) -> dict[str, Head]:
    """Key -> the head of its newest incarnation."""
    if not keys:
        return {}
    query = select(*HEAD).where(_record.system == system, _record.stream == stream, one_of(_record.key, keys))
    found: dict[str, Head] = {}
    for head in map(Head._make, conn.execute(query).all()):
        known = found.get(head.key)
        if known is None or known.incarnation < head.incarnation:
            found[head.key] = head
    return found


def content(conn: Connection, records: Collection[int], *, raw: bool = False) -> dict[int, tuple[str, RawRow | None]]:
    """Record -> when its present content was true by its source, and that content where it is asked for."""
    if not records:
        return {}
    columns = (_record.id, _record.event_at, *((source_version.c.raw,) if raw else ()))
    query = select(*columns).where(one_of(_record.id, records))
    if raw:
        query = query.select_from(source_record.outerjoin(source_version, CURRENT))
    return {row[0]: (row[1], row[2] if raw else None) for row in conn.execute(query)}


def find(conn: Connection, system: str, stream: str, keys: Collection[str]) -> dict[str, int]:
    """Key -> id of its newest incarnation, deleted or not."""
    newest = heads(conn, system, stream, keys)
    return {key: newest[key].id for key in keys if key in newest}


def streams(conn: Connection, system: str) -> list[str]:
    """The streams of a system of which anything was ever landed."""
    return distinct(conn, _record.stream, _record.system == system)


def names(conn: Connection, records: Collection[int]) -> dict[int, str]:
    """Record -> what people call it: SYSTEM.STREAM/KEY, with the incarnation of a key that named others before."""
    return {
        id: f"{one.system}.{one.stream}/{one.key}{f'#{one.incarnation}' if one.incarnation else ''}"
        for id, one in origins(conn, records).items()
    }


def last_runs(conn: Connection, records: Collection[int]) -> dict[int, int]:
    """Record -> the run that changed it last; a change of the mapping alone does not count."""
    if not records:
        return {}
    query = select(_record.id, source_version.c.run).where(one_of(_record.id, records))
    found = conn.execute(query.select_from(source_record.join(source_version, source_version.c.id == _record.newest)))
    return {row[0]: row[1] for row in found}


def anchored(conn: Connection, records: Collection[int]) -> dict[int, list[int]]:
    """Record -> live records that describe it (answers of look-ups), sorted."""
    if not records:
        return {}
    query = select(_record.anchor, _record.id).where(one_of(_record.anchor, records), _record.state == "live")
    return group((row[0], row[1]) for row in conn.execute(query.order_by(_record.id)).all())


def versions(conn: Connection, record: int) -> list[Version]:
    """A record's whole history, oldest first."""
    chain = version_ids(record_ids=[record])
    query = select(*(source_version.c[name] for name in Version._fields)).where(source_version.c.id.in_(chain))
    return [Version(*row) for row in conn.execute(query.order_by(source_version.c.id)).all()]


def place(conn: Connection) -> str:
    """Where the log of versions stands now: what is landed later lies behind it, whatever any clock says."""
    return str(conn.execute(select(func.coalesce(func.max(source_version.c.id), 0))).scalar_one())


def version_ids(record_ids: Collection[int]) -> Select[tuple[int]]:
    """The places in the log of all versions of these records, followed from the newest back to the first."""
    newest = select(_record.newest.label("id")).where(one_of(_record.id, record_ids))
    chain = newest.cte("chain", recursive=True)
    older = select(source_version.c.before).join(chain, source_version.c.id == chain.c.id)
    chain = chain.union(older.where(source_version.c.before > 0))
    return select(chain.c.id)


def count(conn: Connection) -> Mapping[tuple[str, str, str, str, str], int]:
    """(system, stream, entity, state, fate) -> number of records."""
    parts = (_record.system, _record.stream, _record.entity, _record.state, _record.fate)
    return {tuple(row[:5]): row[5] for row in conn.execute(select(*parts, func.count()).group_by(*parts))}
