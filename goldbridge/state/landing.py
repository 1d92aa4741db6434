"""What the sources last said: one row per source record, one appended version per difference.

A page is landed in three steps inside one transaction: `changed` compares it with what is stored (one SELECT), the flow
maps the differences, `save` keeps them and appends one outbox event per visible change. Nothing is written for a record
that did not change, except its sighting in a full compare.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, case, func, select, text, update
from sqlalchemy import delete as delete_from

from goldbridge.errors import Reject
from goldbridge.ports import Json
from goldbridge.state import document, outbox, record
from goldbridge.state.bulk import Insert, one_of
from goldbridge.state.engine import now
from goldbridge.state.outbox import NewEvent
from goldbridge.state.record import (
    LIVE,
    Fate,
    Head,
    RawRow,
    Record,
    RecordState,
    StreamRef,
    Version,
    anchored,
    count,
    find,
    ids,
    last_runs,
    load,
    names,
    origins,
    place,
    record_id,
    scan,
    scan_all,
    streams,
    version_ids,
    versions,
)
from goldbridge.state.tables import sighting, source_record, source_version

__all__ = [
    "LIVE", "Arrival", "Change", "Compared", "Fate", "Head", "Late", "RawRow", "Record", "RecordState", "StreamRef",
    "Version", "again", "anchored", "changed", "close_generation", "count", "delete", "find", "ids", "keep_late",
    "last_runs", "load", "missing", "names", "origins", "outdated", "overwritten", "place", "record_id", "save", "scan",
    "scan_all", "set_aside", "set_state", "streams", "sweep", "version_ids", "versions",
]  # fmt: skip

KEY_LIMIT = 500


class Arrival(NamedTuple):
    """One row as the source gave it; `event_at` is when it says the row changed (ISO UTC), if it does."""

    key: str
    raw: RawRow
    event_at: str = ""


@dataclass(slots=True)
class Change:
    """A record that differs from what is stored (or was mapped by another revision); the flow fills the second half.

    `raw_changed` is False when only the mapping is newer: then no source version is appended. `claimed_at` is set when
    the claims are older than the row: the times (event, receipt) that they keep.
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
    claimed_at: tuple[str, str] | None = None

    def reborn(self, ref: StreamRef) -> Change:
        """The same row as the first version of the key's next incarnation (the key now names somebody else)."""
        number = record_id(ref.system, ref.stream, self.key, self.incarnation + 1)
        return replace(self, id=number, incarnation=self.incarnation + 1, raw_changed=True)


class Late(NamedTuple):
    """A row that was true before the one that is held: it belongs into the history and changes nothing."""

    before: Head
    raw: RawRow
    raw_text: str
    event_at: str


@dataclass(slots=True)
class Compared:
    """A page against the store. `same` counts the rows that did not change, by the fate their record has.

    `read` = len(changes) + sum(same) + len(rejected) + len(late); a key that came twice in the page counts once more
    under `same` as applied (the last row wins).
    """

    changes: list[Change] = field(default_factory=list)
    same: dict[str, int] = field(default_factory=dict)
    late: list[Late] = field(default_factory=list)
    rejected: list[tuple[Arrival, Reject]] = field(default_factory=list)


_record = source_record.c
_ROW = (
    "id", "system", "stream", "entity", "key", "incarnation", "state", "fate", "version", "newest", "raw_at",
    "raw_hash", "canonical_hash", "mapping_rev", "first_run", "event_at", "received_at", "anchor", "canonical", "notes",
)  # fmt: skip
_NEVER = frozenset({"id", "system", "stream", "key", "incarnation", "first_run"})
_TIMES = frozenset({"event_at", "received_at"})
_CLAIM = frozenset({"canonical", "canonical_hash", "notes"})


def _upsert(kept: frozenset[str]) -> Insert:
    return Insert(source_record, _ROW, conflict=("id",), update=[name for name in _ROW if name not in _NEVER | kept])


_write = {
    # (the row differs, the record's claim is replaced): a dead letter keeps its claim, a new mapping keeps the times.
    (True, True): _upsert(frozenset()),
    (True, False): _upsert(_CLAIM),
    (False, True): _upsert(_TIMES),
    (False, False): _upsert(_TIMES | _CLAIM),
}
_append = Insert(source_version, ("id", "record", "before", "seq", "op", "raw", "event_at", "received_at", "run"))
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('goldbridge.landing'), hashtext(:stream))")
_TAKE = text("SELECT nextval(pg_get_serial_sequence('source_version', 'id')) FROM generate_series(1, :count)")
_see = Insert(sighting, ("generation", "record"), conflict=("generation", "record"))


def changed(
    conn: Connection,
    ref: StreamRef,
    arrivals: Sequence[Arrival],
    *,
    volatile: Collection[str] = (),
    generation: int = 0,
    mapping_rev: str = "",
    since: str = "",
    partial: bool = False,
    dated: bool = False,
) -> Compared:
    """Compare a page with the store. `generation` > 0 notes the sighting of every row (full compare).

    `partial` rows hold only what changed: what they leave out stays as it is held (E52). With `dated`, rows were told
    rather than looked up, and one that is older than what is held comes back under `late` (E60).

    With `since` (the `place` when the page was asked for) rows that another run landed since are left as they are: what
    we hold may be older (F59).

    Rows that cannot be stored come back under `rejected` (STA020, STA021). A stored record whose mapping revision
    differs from `mapping_rev` (when one is given) is a change even though its row is the same.
    """
    _lock(conn, ref)
    compared = Compared()
    # Of two rows of one key in a page the last one counts: of dated ones that is the newest, wherever it stands.
    page = _distinct(sorted(arrivals, key=lambda row: row.event_at) if dated else arrivals, compared)
    heads = record.heads(conn, ref.system, ref.stream, page)
    ignored, place_then = frozenset(volatile), int(since or 0)
    encode, digest_of = document.encode, document.digest_of
    seen: list[int] = []
    living = [head.id for head in heads.values() if head.state == "live"] if partial or dated else []
    held = record.content(conn, living, raw=partial)
    for key, arrival in page.items():
        raw = arrival.raw
        known = held.get(heads[key].id) if held and key in heads else None
        told_late = dated and known is not None and is_late(arrival.event_at, known[0])
        if partial and known is not None and not told_late:
            raw = completed(known[1], raw)
        try:
            encoded = encode(raw)
            raw_hash = digest_of(encode(_without(raw, ignored)) if ignored else encoded)
        except (TypeError, ValueError) as error:
            compared.rejected.append((arrival, Reject("STA021", f"{_name(ref, key)}: the row is not JSON: {error}")))
            continue
        before = heads.get(key)
        if before is None:
            incarnation, number, raw_changed = 0, record_id(ref.system, ref.stream, key), True
        else:
            incarnation, number = before.incarnation, before.id
            raw_changed = before.raw_hash != raw_hash or before.state != "live"
            overtaken = since and before.newest > place_then
            if overtaken or (not raw_changed and (not mapping_rev or before.mapping_rev == mapping_rev)):
                compared.same[before.fate] = compared.same.get(before.fate, 0) + 1
                seen.append(number)
                continue
        seen.append(number)
        if told_late and before is not None and raw_changed:
            compared.late.append(Late(before, raw, encoded.decode(), arrival.event_at))
            continue
        compared.changes.append(
            Change(number, key, incarnation, raw, encoded.decode(), raw_hash, arrival.event_at, raw_changed, before)
        )
    if generation:
        _see(conn, [(generation, number) for number in seen])
    return compared


def is_late(event_at: str, held_at: str) -> bool:
    """Whether a row was true before the one that is held; who does not say when, is never late."""
    return bool(event_at) and event_at < held_at


def completed(held: RawRow | None, row: RawRow) -> RawRow:
    """A row that holds only what changed, with the rest of what is held."""
    return {**(held or {}), **row}


def keep_late(conn: Connection, late: Sequence[Late], run: int, *, received_at: str = "", partial: bool = False) -> int:
    """Put rows into their records' histories without changing the records; returns how many were not there yet.

    A `partial` one is completed with what was true just before it.
    """
    at = received_at or now(conn)
    fresh: list[tuple[Late, str]] = []
    for one in late:
        log = versions(conn, one.before.id)
        raw = one.raw
        if partial:
            earlier = [(entry.event_at, entry.seq, entry.raw) for entry in log if entry.raw is not None]
            past = [entry for entry in earlier if entry[0] <= one.event_at]
            raw = completed(max(past, key=lambda entry: entry[:2])[2] if past else None, raw)
        if not any(entry.raw == raw and entry.event_at == one.event_at for entry in log):
            fresh.append((one, document.dump(raw) if partial else one.raw_text))
    places = list(_places(conn, len(fresh)))
    rows = [
        (place, one.before.id, one.before.newest, one.before.version, "late", text, one.event_at, at, run)
        for place, (one, text) in zip(places, fresh, strict=True)
    ]
    _append(conn, rows)
    if rows:
        moved = update(source_record).where(_record.id == bindparam("which")).values(newest=bindparam("place"))
        conn.execute(moved, [{"which": row[1], "place": row[0]} for row in rows])
    return len(fresh)


def _lock(conn: Connection, ref: StreamRef) -> None:
    """Two runs that land the same record must not both start from what it was before."""
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK, {"stream": f"{ref.system}\x01{ref.stream}"})


def _distinct(arrivals: Sequence[Arrival], compared: Compared) -> dict[str, Arrival]:
    """The page by key, the last row of a key winning; what has no usable key is rejected."""
    page: dict[str, Arrival] = {}
    repeated = 0
    for arrival in arrivals:
        key = arrival.key
        if not key or len(key) > KEY_LIMIT or not document.storable(key):
            compared.rejected.append((arrival, _bad_key(key)))
            continue
        repeated += key in page
        page[key] = arrival
    if repeated:
        compared.same["applied"] = repeated
    return page


def _bad_key(key: str) -> Reject:
    if not key:
        why = "the row has no key"
    elif len(key) > KEY_LIMIT:
        why = f"its key has {len(key)} characters, {KEY_LIMIT} is the limit"
    else:
        why = "its key holds a NUL or half of a surrogate pair"
    return Reject("STA020", f"record {document.visible(key)[:60]!r}: {why}; correct the source or the stream's `key`")


def _without(raw: RawRow, ignored: frozenset[str]) -> RawRow:
    return {name: value for name, value in raw.items() if name not in ignored}


def _name(ref: StreamRef, key: str) -> str:
    return f"{ref.system} {ref.stream} {key}"


def save(
    conn: Connection,
    ref: StreamRef,
    changes: Sequence[Change],
    run: int,
    *,
    mapping_rev: str = "",
    received_at: str = "",
) -> list[int]:
    """Keep the changes: upsert records, append versions where the row differs, append outbox events.

    A run gives `received_at` as its own start, so that the order of pages within it decides nothing (E18).

    Returns the ids of records with a *visible* change, in page order: another canonical document, or it came or went. A
    dead letter keeps the record's last good canonical document. Without a mapping the row itself is what is visible.
    """
    at = received_at or now(conn)
    outlived = [change.before.id for change in changes if change.before and change.before.id != change.id]
    set_state(conn, outlived, "deleted", run)
    places = _places(conn, sum(change.raw_changed for change in changes))
    rows: dict[tuple[bool, bool], list[tuple[Any, ...]]] = {how: [] for how in _write}
    versions: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    visible: list[int] = []
    system, stream, entity = ref
    for change in changes:
        id, before, raw_changed = change.id, change.before, change.raw_changed
        if before is not None and before.id != id:
            before = None
        replaced = change.fate != "dead"
        canonical = document.encode(change.canonical) if replaced and change.canonical is not None else None
        shown = _claim_hash(change, canonical, before)
        event = _event(before, shown)
        version, newest, raw_at = (before.version, before.newest, before.raw_at) if before else (0, 0, 0)
        if raw_changed or event:
            version += 1
        if raw_changed:
            op = "restore" if before and before.state != "live" else "full"
            raw_at = next(places)
            versions.append((raw_at, id, newest, version, op, change.raw_text, change.event_at, at, run))
            newest = raw_at
        if event:
            events.append(("record", id, entity, version, event, system, stream, None, run, at))
            visible.append(id)
        event_at, received = change.claimed_at or (change.event_at, at)
        rows[raw_changed, replaced].append(
            (id, system, stream, entity, change.key, change.incarnation, "live", change.fate, version, newest, raw_at,
             change.raw_hash, shown, mapping_rev, run, event_at, received, change.anchor,
             canonical and canonical.decode(), document.dump(change.notes) if change.notes else None)
        )  # fmt: skip
    for how, write in _write.items():
        write(conn, sorted(rows[how]))  # by id, as the table lies: each of its pages is gone to once
    _append(conn, versions)
    outbox.append_rows(conn, events)
    return visible


def _places(conn: Connection, count: int) -> Iterator[int]:
    """The next `count` places in the log of versions."""
    if not count:
        return iter(())
    if conn.dialect.name == "postgresql":
        return iter(conn.execute(_TAKE, {"count": count}).scalars().all())
    start = int(place(conn)) + 1
    return iter(range(start, start + count))


def _claim_hash(change: Change, canonical: bytes | None, before: Head | None) -> str:
    """What others can see of the record after this change, as a hash; empty when it is nothing."""
    if change.fate == "dead":
        return before.canonical_hash if before else ""
    if canonical is not None:
        return document.digest_of(canonical)
    return change.raw_hash if change.fate == "applied" else ""


def _event(before: Head | None, shown: str) -> str:
    """What happened to the visible part of a record; empty when nothing did."""
    live = before is not None and before.state == "live"
    if before is None or not live:
        if not shown:
            return ""
        return "created" if before is None else "restored"
    if before.canonical_hash == shown:
        return ""
    if not shown:
        return "filtered"
    return "changed" if before.canonical_hash else "created"


def delete(conn: Connection, ref: StreamRef, keys: Sequence[str], run: int, *, event_at: str = "") -> list[int]:
    """Tombstone the live records behind `keys`; unknown and deleted ones are ignored. Returns their ids."""
    heads = record.heads(conn, ref.system, ref.stream, set(keys))
    return set_state(
        conn, [heads[key].id for key in dict.fromkeys(keys) if key in heads], "deleted", run, event_at=event_at
    )


def set_state(
    conn: Connection, records: Sequence[int], state: RecordState, run: int, *, event_at: str = ""
) -> list[int]:
    """Move records to another state (a source goes off, a steward reopens); returns those that moved."""
    at = now(conn)
    columns = ("id", "version", "newest", "entity", "system", "stream", "canonical_hash")
    query = select(*(_record[name] for name in columns)).where(one_of(_record.id, records), _record.state != state)
    found = {row.id: row for row in conn.execute(query)} if records else {}
    moved = [number for number in dict.fromkeys(records) if number in found]
    if not moved:
        return []
    op, event = ("restore", "restored") if state == "live" else ("delete", state)
    places = dict(zip(moved, _places(conn, len(moved)), strict=True))
    closed = update(source_record).where(_record.id == bindparam("which"))
    closed = closed.values(state=state, version=_record.version + 1, newest=bindparam("place"))
    conn.execute(closed, [{"which": number, "place": place} for number, place in places.items()])
    _append(
        conn,
        [
            (place, number, found[number].newest, found[number].version + 1, op, None, event_at, at, run)
            for number, place in places.items()
        ],
    )
    outbox.append(
        conn,
        [
            NewEvent("record", number, row.entity, row.version + 1, event, row.system, row.stream)
            for number in moved
            if (row := found[number]).canonical_hash
        ],
        run,
    )
    return moved


def _unseen(ref: StreamRef, generation: int, before: str) -> Any:
    sighted = select(sighting.c.record).where(sighting.c.generation == generation, sighting.c.record == _record.id)
    return and_(_record.newest <= int(before), ~sighted.exists())


def _living(ref: StreamRef) -> Any:
    return and_(_record.system == ref.system, _record.stream == ref.stream, _record.state == "live")


def missing(conn: Connection, ref: StreamRef, generation: int, *, before: str) -> tuple[int, int]:
    """(live records this generation has not seen, live records); what came after place `before` counts as seen."""
    unseen = func.coalesce(func.sum(case((_unseen(ref, generation, before), 1), else_=0)), 0)
    row = conn.execute(select(unseen, func.count()).where(_living(ref))).one()
    return int(row[0]), int(row[1])


def sweep(conn: Connection, ref: StreamRef, generation: int, run: int, *, before: str, limit: int = 1000) -> list[int]:
    """Tombstone up to `limit` of the records `missing` counts; an empty list means done. The brake is the flow's."""
    query = select(_record.id).where(_living(ref), _unseen(ref, generation, before)).order_by(_record.key).limit(limit)
    return set_state(conn, list(conn.execute(query).scalars()), "deleted", run)


def close_generation(conn: Connection, generation: int) -> None:
    """Forget the sightings of a full compare that is over."""
    conn.execute(delete_from(sighting).where(sighting.c.generation == generation))


def outdated(conn: Connection, ref: StreamRef, mapping_rev: str, *, after: int = -1, limit: int = 1000) -> list[Change]:
    """Live records last mapped by another revision, as changes to map again and `save`; by ascending id."""
    query = _stored().where(_record.mapping_rev != mapping_rev)
    return _again(conn, record.paged(query, "", ref.system, ref.stream, ("live",), (), after).limit(limit))


def set_aside(conn: Connection, ref: StreamRef, records: Collection[int]) -> list[Change]:
    """Those of these records that are live dead letters, as changes to map again and `save`, by ascending id."""
    _lock(conn, ref)
    query = _stored().where(one_of(_record.id, records), _record.state == "live", _record.fate == "dead")
    return _again(conn, query.order_by(_record.id))


def overwritten(conn: Connection, ref: StreamRef, keys: Collection[str]) -> None:
    """We wrote to these rows: what is held of them is what they were, and whatever is read next is news.

    Otherwise somebody who puts back what stood there before our write, and does it before that was read, goes unseen.
    """
    if keys:
        rows = (_record.system == ref.system, _record.stream == ref.stream, one_of(_record.key, keys))
        conn.execute(update(source_record).where(*rows, _record.state == "live").values(raw_hash=""))


def again(conn: Connection, records: Collection[int]) -> list[Change]:
    """Those of these records that are live, as changes to `save` with other claims; by ascending id."""
    if not records:
        return []
    return _again(conn, _stored().where(one_of(_record.id, records), _record.state == "live").order_by(_record.id))


def _stored() -> Select[Any]:
    query = select(*record.HEAD, _record.event_at, _record.anchor, source_version.c.raw)
    return query.select_from(source_record.join(source_version, record.CURRENT))


def _again(conn: Connection, query: Select[Any]) -> list[Change]:
    changes = []
    for *head, event_at, anchor, raw in conn.execute(query):
        before = Head(*head)
        change = Change(before.id, before.key, before.incarnation, raw, "", before.raw_hash, event_at, False, before)
        change.anchor = anchor
        changes.append(change)
    return changes
