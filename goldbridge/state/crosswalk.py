"""Which source record belongs to which golden record, now and at any time: the crosswalk.

At most one row per record is open. Several records of one system may belong to one golden record; of those that we
wrote ourselves (`ours`) exactly one per golden record and target object is the `published` one, which later writes go
to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from goldbridge.errors import Halt
from goldbridge.state.bulk import Insert, fixed, group, one_of
from goldbridge.state.engine import now
from goldbridge.state.record import names
from goldbridge.state.tables import membership, source_record

Basis = Literal["auto", "steward", "seed", "our_write"]


class Move(NamedTuple):
    """Put a record under a golden record; `golden=None` closes its membership (the record is gone)."""

    record: int
    golden: int | None
    basis: Basis = "auto"


class Membership(NamedTuple):
    """One row of the crosswalk's history; `tx_to` is empty while it is open."""

    record: int
    golden: int
    basis: Basis
    ours: bool
    published: bool
    cause: str
    tx_from: str
    tx_to: str
    run: int


_FIELDS = (
    "record", "golden", "system", "stream", "basis", "ours", "published", "cause", "run", "tx_from", "tx_to",
)  # fmt: skip
_row = membership.c
_is_open = _row.tx_to == fixed("")
_add = Insert(membership, _FIELDS)


def move(conn: Connection, moves: Sequence[Move], cause: str, run: int) -> int:
    """Close and open rows so that each record is where `moves` says; a move that changes nothing writes nothing.

    Returns how many memberships changed. `cause` names the decision, rule or run behind it. Raises `Halt` STA022 for a
    record that is not in the landing store.
    """
    wanted = {move.record: move for move in moves}
    if not wanted:
        return 0
    at = now(conn)
    query = select(*(_row[name] for name in ("record", "golden", "basis", "ours"))).where(_is_open)
    held = {row.record: row for row in conn.execute(query.where(one_of(_row.record, wanted))).all()}
    changes = [move for move in wanted.values() if _differs(move, held.get(move.record))]
    if not changes:
        return 0
    named = _names(conn, [move.record for move in changes])
    was_ours = _ever_ours(conn, [move.record for move in changes if move.record not in held])
    closing = [move.record for move in changes if move.record in held]
    if closing:
        closed = update(membership).where(_is_open, one_of(_row.record, closing))
        conn.execute(closed.values(tx_to=at, published=0))
    rows = []
    for move in changes:
        if move.golden is None:
            continue
        before = held.get(move.record)
        ours = move.basis == "our_write" or (bool(before.ours) if before else move.record in was_ours)
        system, stream = named[move.record]
        rows.append((move.record, move.golden, system, stream, move.basis, int(ours), 0, cause, run, at, ""))
    _add(conn, rows)
    touched = {move.golden for move in changes if move.golden is not None} | {held[record].golden for record in closing}
    _publish(conn, touched)
    return len(changes)


def _differs(move: Move, held: Row[Any] | None) -> bool:
    if held is None or move.golden is None:
        return (held is None) != (move.golden is None)
    # Our own write proves a membership that a rule or a steward had found: from then on the row is ours.
    return held.golden != move.golden or (move.basis == "our_write" and not held.ours)


def _names(conn: Connection, records: Collection[int]) -> dict[int, tuple[str, str]]:
    query = select(source_record.c.id, source_record.c.system, source_record.c.stream)
    found = {row[0]: (row[1], row[2]) for row in conn.execute(query.where(one_of(source_record.c.id, records))).all()}
    for record in records:
        if record not in found:
            raise Halt("STA022", f"record {record} has no landed row; land it before it joins a golden record")
    return found


def _ever_ours(conn: Connection, records: Collection[int]) -> set[int]:
    if not records:
        return set()
    query = select(_row.record).where(one_of(_row.record, records), _row.ours == 1)
    return set(conn.execute(query).scalars())


def _publish(conn: Connection, goldens: Collection[int]) -> None:
    """Per golden record and target object one of our rows is the published one: the one that was, else the first."""
    query = select(_row.seq, _row.golden, _row.system, _row.stream, _row.published, _row.record)
    query = query.where(_is_open, _row.ours == 1, one_of(_row.golden, goldens))
    chosen: dict[tuple[int, str, str], Row[Any]] = {}
    for row in sorted(conn.execute(query), key=lambda row: (-row.published, row.record)):
        chosen.setdefault((row.golden, row.system, row.stream), row)
    promoted = [row.seq for row in chosen.values() if not row.published]
    if promoted:
        conn.execute(update(membership).where(one_of(_row.seq, promoted)).values(published=1))


def members(conn: Connection, goldens: Collection[int], *, as_of: str = "") -> dict[int, list[int]]:
    """Golden id -> its record ids, sorted; goldens without members are left out."""
    if not goldens:
        return {}
    query = select(_row.golden, _row.record).where(_at(as_of), one_of(_row.golden, goldens))
    return group((row[0], row[1]) for row in conn.execute(query.order_by(_row.record)).all())


def ours(conn: Connection, records: Collection[int]) -> set[int]:
    """Those of these records that are rows we wrote ourselves: what hangs on one of them hangs on its golden record."""
    if not records:
        return set()
    query = select(_row.record).where(_is_open, _row.ours == 1, one_of(_row.record, records))
    return set(conn.execute(query).scalars())


def parted(conn: Connection, records: Collection[int]) -> set[int]:
    """Those of these records that ever shared a golden record which somebody has left since."""
    if not records:
        return set()
    ever = conn.execute(select(_row.record, _row.golden).where(one_of(_row.record, records))).all()
    left = select(_row.golden).where(one_of(_row.golden, {row.golden for row in ever}), _row.tx_to != "")
    gone = set(conn.execute(left.distinct()).scalars())
    return {row.record for row in ever if row.golden in gone}


def homes(conn: Connection, goldens: Collection[int]) -> dict[tuple[str, str], dict[int, list[int]]]:
    """(system, stream) -> golden id -> its record ids there, sorted."""
    found: dict[tuple[str, str], dict[int, list[int]]] = {}
    if goldens:
        query = select(_row.system, _row.stream, _row.golden, _row.record).where(_is_open, one_of(_row.golden, goldens))
        for system, stream, golden, record in conn.execute(query.order_by(_row.record)).all():
            found.setdefault((system, stream), {}).setdefault(golden, []).append(record)
    return found


def homeless(conn: Connection, entity: str, *, limit: int = 100) -> list[tuple[str, str, str]]:
    """(system, stream, key) of live, mapped records of an entity that belong to no golden record: the first of them."""
    record = source_record.c
    query = select(record.system, record.stream, record.key).where(
        record.entity == entity, record.state == "live", record.canonical.is_not(None), record.fate != "filtered",
        ~select(_row.record).where(_row.record == record.id, _is_open).exists(),
    )  # fmt: skip
    return [(row[0], row[1], row[2]) for row in conn.execute(query.order_by(record.id).limit(limit))]


def golden_of(conn: Connection, records: Collection[int], *, as_of: str = "") -> dict[int, int]:
    """Record id -> golden id; records without an open membership are left out."""
    if not records:
        return {}
    query = select(_row.record, _row.golden).where(_at(as_of), one_of(_row.record, records))
    return {row[0]: row[1] for row in conn.execute(query.order_by(_row.seq)).all()}


def _at(as_of: str) -> ColumnElement[bool]:
    """Rows open now, or rows that were open just after `as_of`."""
    if not as_of:
        return _is_open
    return and_(_row.tx_from <= as_of, or_(_is_open, _row.tx_to > as_of))


def resolve_keys(
    conn: Connection, system: str, stream: str, keys: Collection[str], *, closed: bool = False
) -> dict[str, int]:
    """Key -> golden id of the key's newest incarnation.

    `closed=True` falls back to the last golden record of one that is gone.
    """
    if not keys:
        return {}
    record = source_record.c
    query = select(record.key, record.incarnation, _row.golden, _row.seq)
    query = query.select_from(source_record.join(membership, _row.record == record.id))
    query = query.where(record.system == system, record.stream == stream, one_of(record.key, keys))
    if not closed:
        query = query.where(_is_open)
    found = sorted(conn.execute(query), key=lambda row: (row.incarnation, row.seq))
    return {row.key: row.golden for row in found}


def keys_of(conn: Connection, goldens: Collection[int], system: str, stream: str) -> dict[int, list[str]]:
    """Golden id -> keys of its live records in one stream: the published one first, then by key."""
    grouped: dict[int, list[str]] = {}
    for row in _live(conn, goldens, system, stream):
        grouped.setdefault(row.golden, []).append(row.key)
    return grouped


def published(conn: Connection, goldens: Collection[int], system: str, stream: str) -> dict[int, str]:
    """Golden id -> the key of the target row that we keep up to date; goldens without one are left out."""
    return {row.golden: row.key for row in _live(conn, goldens, system, stream) if row.published}


def _live(conn: Connection, goldens: Collection[int], system: str, stream: str) -> Sequence[Row[Any]]:
    if not goldens:
        return []
    record = source_record.c
    query = select(_row.golden, _row.published, record.key, record.incarnation)
    query = query.select_from(membership.join(source_record, _row.record == record.id))
    query = query.where(_is_open, one_of(_row.golden, goldens), _row.system == system, _row.stream == stream)
    found = conn.execute(query.where(record.state == "live")).all()
    return sorted(found, key=lambda row: (-row.published, row.key, row.incarnation))


def moved_since(conn: Connection, golden: int, at: str) -> tuple[list[int], list[int]]:
    """The records that joined a golden record after `at` and are still there, and those that left it since."""
    query = select(_row.record, _row.tx_from, _row.tx_to).where(_row.golden == golden)
    rows = conn.execute(query.where(or_(_row.tx_from > at, _row.tx_to > at)).order_by(_row.seq)).all()
    here = set(conn.execute(select(_row.record).where(_is_open, _row.golden == golden)).scalars())
    were = set(conn.execute(select(_row.record).where(_at(at), _row.golden == golden)).scalars())
    touched = dict.fromkeys(row.record for row in rows)
    return [one for one in touched if one in here - were], [one for one in touched if one in were - here]


def history(conn: Connection, records: Collection[int]) -> list[Membership]:
    """All rows of these records, oldest first."""
    if not records:
        return []
    query = select(*(_row[name] for name in Membership._fields)).where(one_of(_row.record, records))
    found = conn.execute(query.order_by(_row.seq))
    return [Membership._make([*row[:3], bool(row.ours), bool(row.published), *row[5:]]) for row in found]


def published_rows(conn: Connection, goldens: Collection[int]) -> dict[int, list[str]]:
    """Golden id -> the target rows that we keep up to date for it, as SYSTEM.OBJECT/KEY, sorted."""
    if not goldens:
        return {}
    query = select(_row.golden, _row.record).where(_is_open, _row.published == 1, one_of(_row.golden, goldens))
    pairs = [(row[0], row[1]) for row in conn.execute(query)]
    named = names(conn, {record for _, record in pairs})
    found: dict[int, list[str]] = {}
    for golden, record in pairs:
        found.setdefault(golden, []).append(named[record])
    return {golden: sorted(rows) for golden, rows in found.items()}


def of_entity(conn: Connection, entity: str) -> Iterator[tuple[int, int]]:
    """(record, golden id) of every open membership of an entity, by record."""
    record = source_record.c
    query = select(_row.record, _row.golden).select_from(membership.join(source_record, _row.record == record.id))
    query = query.where(_is_open, record.entity == entity).order_by(_row.record)
    for row in conn.execute(query, execution_options={"stream_results": True, "yield_per": 10_000}):
        yield row[0], row[1]
