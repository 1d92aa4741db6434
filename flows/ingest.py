"""Ingest: reads a stream into the landing store and maps it, a page per transaction.

Read, compare hashes, map only what differs, keep it with its outbox events, move the cursor, prove the fence, commit.
Every row read ends as applied, unchanged, filtered or dead letter. A page that dies leaves nothing; the next run starts
at its beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection

from connectors.base import Page, Position, RawRow, Reader, Reading, Stream, Window
from flows.echo import drop_echoes
from flows.running import Running
from goldbridge.clock import Clock, iso
from goldbridge.errors import GoldbridgeError, Halt
from goldbridge.mapping import Mapping
from goldbridge.state import cursor, dead, golden, landing
from goldbridge.state.erase import suppressed
from goldbridge.state.landing import Arrival, Change, StreamRef
from goldbridge.text.date import parse_datetime
from mdm.code_list import open_codes, withdraw_codes
from mdm.told import merged, parted

PAGE = 1000
"""Small pages are joined up to this many rows per transaction."""

HOLD_S = 60.0
"""Small pages are not held back for longer, so that a slow source's run gives a sign of life, and keeps what it has."""

BRAKE_SHARE, BRAKE_ROWS = 0.05, 500
"""A full compare that misses more than this, whichever is fewer, waits for a person (SYNC: mass-delete brake)."""


def ingest(
    run: Running,
    reader: Reader,  # type: ignore[type-arg]
    stream: Stream,
    mapping: Mapping,
    *,
    zone: str,
    full: bool = False,
    window: Window | None = None,
    partition: str = "",
    allow_deletes: bool = False,
) -> None:
    """Read what is new (or everything, or one window of a backfill) and land it; `zone` is that of its naive times.

    Raises `Halt` FLW030 when a full compare would delete more than the brake lets pass.
    """
    system = reader.context.system
    ref = StreamRef(system, stream.name, mapping.target)
    generation, since = 0, ""
    with run.page() as conn:
        left = cursor.load(conn, run.flow, partition)
        unread = dead.unread(conn, run.flow, system, stream.name)
        if full:
            generation, since = cursor.begin_generation(conn, run.flow, run.id)
    whole = window is None and (full or stream.walk == "full")
    if window is None:
        window = _window(reader, stream, left, full)
    reading = Reading(reader.read(stream, window))
    end: Position | None = None
    done = run.counters.read
    for page in joined(reading, stream, run.store.clock):
        with run.page() as conn:
            _land(conn, run, ref, stream, mapping, page, zone, generation)
            if unread:
                _read_after_all(conn, run, ref, unread.intersection(map(stream.key_of, page.rows)))
            if page.at is not None and not full and not cursor.behind(left, page.at.cursor, page.at.tie):
                cursor.advance(conn, run.flow, page.at.cursor, page.at.tie, run.id, partition=partition)
        run.message = "; ".join(filter(None, (run.message, *page.notes)))
        end = page.at or end
        run.progress.advance(run.counters.read - done)
        done = run.counters.read
    verdict = reading.completeness
    proven = verdict is not None and verdict.proven
    run.completeness = "proven" if proven else f"unproven: {verdict.reason if verdict else 'stopped'}"
    remap(run, ref, mapping)
    if unread and whole and proven:
        with run.page() as conn:
            dead.outlive(conn, run.flow, system, stream.name, run.id)
    if full:
        if proven:
            _sweep(run, ref, generation, since, allow_deletes)
        with run.page() as conn:
            landing.close_generation(conn, generation)
            cursor.end_generation(conn, run.flow)
            if end is not None and proven:
                # Everything was met, wherever the cursor stood: also when the source was reset or its cursor retyped.
                cursor.reset(conn, run.flow, run.id, value=end.cursor, tie=end.tie)


def _window(reader: Reader, stream: Stream, left: cursor.Cursor | None, full: bool) -> Window:  # type: ignore[type-arg]
    start = None
    if left is not None and (left.value or left.tie) and not full:  # a first read may be left with a tie alone
        start = reader.rewind(stream, Position(left.value, left.tie))
    return Window(start, reader.bound(stream))


def joined(pages: Iterator[Page], stream: Stream, clock: Clock) -> Iterator[Page]:
    """Pages joined up to PAGE rows, so that an API's small pages do not cost a transaction each.

    A page lands its rows before its deletes, so a row that comes after its own delete starts a new one. When reading
    fails, what a position covers is still handed on: the next run starts behind it.
    """
    held: Page | None = None
    since = 0.0
    try:
        for page in pages:
            if held is not None and held.gone and not set(held.gone).isdisjoint(map(stream.key_of, page.rows)):
                yield held
                held = None
            if held is None:
                held, since = page, clock.monotonic()
            else:
                held.rows.extend(page.rows)
                held.rejects.extend(page.rejects)
                held.notes.extend(page.notes)
                held.gone, held.at = held.gone + page.gone, page.at or held.at
            if len(held.rows) >= PAGE or clock.monotonic() - since > HOLD_S:
                yield held
                held = None
    except GoldbridgeError:
        if held is not None and held.at is not None:
            yield held
        raise
    if held is not None:
        yield held


def _land(
    conn: Connection,
    run: Running,
    ref: StreamRef,
    stream: Stream,
    mapping: Mapping,
    page: Page,
    zone: str,
    generation: int,
) -> None:
    kin = _kin(stream, mapping, page.rows)
    if any(kin.values()):
        golden.turn(conn, ref.entity)  # before anything else is locked: a steward may be deciding about the same pair
    present = [row for row in page.rows if not stream.is_deleted(row)]
    flagged = [stream.key_of(row) for row in page.rows if stream.is_deleted(row)]
    _, fates = land_rows(conn, run, ref, stream, mapping, present, zone=zone, generation=generation)
    run.counters.add(fates)
    gone = landing.delete(conn, ref, [*flagged, *page.gone], run.id)
    run.file(conn, ref.entity, gone)
    if any(kin.values()):
        run.count(told=merged(conn, ref, kin["merged_into"], run.id) + parted(conn, ref, kin["split_from"], run.id))
    # A row flagged as deleted counts as applied when that is news, and as filtered when we never had it or knew.
    run.counters.add({"applied": min(len(gone), len(flagged)), "filtered": max(len(flagged) - len(gone), 0)})
    run.count(deleted=len(gone))
    if page.rejects:
        letters = [dead.letter(error, ref.system, ref.stream, key, "read") for key, error in page.rejects]
        dead.put(conn, run.flow, letters, run.id)
        run.counters.add({"dead": len(letters)})


def _kin(stream: Stream, mapping: Mapping, rows: Sequence[RawRow]) -> dict[str, dict[str, str]]:
    """What these rows say about other records of their stream: own key -> the other's, by the mapping's key for it."""
    found: dict[str, dict[str, str]] = {}
    for key, name in (("merged_into", mapping.merged_into), ("split_from", mapping.split_from)):
        said = {stream.key_of(row): row.get(name) for row in rows} if name else {}
        found[key] = {own: str(other) for own, other in said.items() if own and other not in (None, "")}
    return found


def _read_after_all(conn: Connection, run: Running, ref: StreamRef, keys: Collection[str]) -> None:
    """Records that could not be read before were read now; one that cannot be mapped keeps its letter."""
    if keys:
        records = landing.load(conn, landing.find(conn, ref.system, ref.stream, keys).values())
        settled = [record.key for record in records.values() if record.fate != "dead"]
        dead.outlive(conn, run.flow, ref.system, ref.stream, run.id, settled)


def land_rows(
    conn: Connection,
    run: Running,
    ref: StreamRef,
    stream: Stream,
    mapping: Mapping,
    rows: Sequence[RawRow],
    *,
    zone: str,
    generation: int = 0,
) -> tuple[list[int], dict[str, int]]:
    """Land and map rows; returns the ids of the records with a visible change, and how many rows met which fate.

    Rows of records that were erased are filtered: their source may still have them, we must not.
    """
    barred = suppressed(conn, run.erasing, *ref[:2], [stream.key_of(row) for row in rows]) if run.erasing else set()
    kept = [row for row in rows if stream.key_of(row) not in barred] if barred else rows
    compared = landing.changed(
        conn,
        ref,
        [Arrival(stream.key_of(row), row, _event_at(stream, row, zone, run.started_at)) for row in kept],
        volatile=_volatile(stream),
        generation=generation,
        mapping_rev=mapping.revision,
        partial=stream.partial,
        dated=stream.changed_at is not None,
    )
    changed, fates = keep(conn, run, ref, mapping, compared.changes)
    fates |= {"filtered": fates.get("filtered", 0) + len(rows) - len(kept)} if barred else {}
    if compared.late:
        late = landing.keep_late(conn, compared.late, run.id, received_at=run.started_at, partial=stream.partial)
        run.count(late=late)
        fates["applied"] = fates.get("applied", 0) + len(compared.late)
    for fate, number in compared.same.items():
        told = "unchanged" if fate == "applied" else fate
        fates[told] = fates.get(told, 0) + number
    if compared.rejected:
        letters = [dead.letter(error, ref.system, ref.stream, a.key, "read") for a, error in compared.rejected]
        dead.put(conn, run.flow, letters, run.id)
        fates["dead"] = fates.get("dead", 0) + len(letters)
    return changed, fates


def _volatile(stream: Stream) -> tuple[str, ...]:
    """The cursor says when a row was touched; a touch alone is no change."""
    touched = stream.cursor or stream.changed_at
    return (*stream.volatile, touched) if touched else stream.volatile


def _event_at(stream: Stream, row: RawRow, zone: str, latest: str) -> str:
    """When the source says the row changed, in UTC; empty when it does not say, and never in the future."""
    dated = stream.cursor or stream.changed_at
    said = row.get(dated) if dated else None
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    at = parse_datetime(said, zone) if isinstance(said, str) else None
    return min(iso(at), latest) if at is not None else ""


def keep(
    conn: Connection, run: Running, ref: StreamRef, mapping: Mapping, changes: Sequence[Change]
) -> tuple[list[int], dict[str, int]]:
    """Map the changes, save them, set aside or release their dead letters; returns visible changes and fates."""
    batch = mapping.apply([change.raw for change in changes])
    letters, clear = [], []
    for index, change in enumerate(changes):
        change.fate = batch.fates[index]
        change.canonical, change.notes = batch.values[index], batch.notes[index]
        if change.fate == "dead":
            letters.append(
                dead.letter(batch.errors[index], ref.system, ref.stream, change.key, "map", source=change.raw)
            )
        elif change.before is not None and change.before.fate == "dead":
            clear.append(change.key)
    drop_echoes(conn, ref, mapping, changes, run.id)
    changed = landing.save(conn, ref, changes, run.id, mapping_rev=mapping.revision, received_at=run.started_at)
    run.file(conn, ref.entity, changed)
    open_codes(conn, ref, changes, mapping.revision)
    dead.put(conn, run.flow, letters, run.id)
    dead.clear(conn, run.flow, ref.system, ref.stream, clear)
    fates: dict[str, int] = {}
    for change in changes:
        fates[change.fate] = fates.get(change.fate, 0) + 1
    return changed, fates


def remap(run: Running, ref: StreamRef, mapping: Mapping) -> None:
    """Map again what an earlier revision of the mapping left behind, from the stored rows and without the source."""
    after = 0
    while True:
        with run.page() as conn:
            changes = landing.outdated(conn, ref, mapping.revision, after=after, limit=PAGE)
            if not changes:
                withdraw_codes(conn, ref, mapping.revision)
                return
            after = changes[-1].id
            changed, _ = keep(conn, run, ref, mapping, changes)
            run.count(remapped=len(changes), changed_by_mapping=len(changed))


def _sweep(run: Running, ref: StreamRef, generation: int, since: str, allow: bool) -> None:
    with run.page() as conn:
        gone, live = landing.missing(conn, ref, generation, before=since)
    if gone > min(live * BRAKE_SHARE, BRAKE_ROWS) and not allow:
        raise Halt(
            "FLW030",
            f"{ref.system} {ref.stream}: {gone} of {live} records are missing from the source, more than the brake "
            f"lets pass; nothing was deleted. If they are really gone, run the flow again with --allow-deletes",
        )
    while True:
        with run.page() as conn:
            swept = landing.sweep(conn, ref, generation, run.id, before=since)
            run.file(conn, ref.entity, swept)
            run.count(deleted=len(swept))
        if not swept:
            return
