"""What other systems told us by webhook: kept before the sender is answered, read in order of arrival.

An event that comes again is recognised by its id. `seq` rises in commit order (PostgreSQL writers take a short lock for
it), so that a reader who keeps the last seq it has seen misses nothing. What was read is pruned after some time; the
newest version of each key stays known, so that an older one does not win either that was on its way for weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, select, text, update

from goldbridge.ports import Json, Kept, Part
from goldbridge.state import document
from goldbridge.state.bulk import Insert, distinct, one_of
from goldbridge.state.engine import now
from goldbridge.state.tables import inbox, inbox_count

if TYPE_CHECKING:
    from goldbridge.state.engine import Store

_row = inbox.c
_FIELDS = ("system", "event", "part", "kind", "stream", "key", "version", "problem", "content", "received_at")
_add = Insert(inbox, _FIELDS)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('goldbridge.inbox'))")
_RECORDS = ("record", "gone")
_READ = (*_RECORDS, "problem")
_OPEN = ("unclaimed", "problem")
WIPED: Mapping[str, Any] = {"kind": "wiped", "key": "", "version": "", "problem": "", "content": None}


class Tally(NamedTuple):
    """How often something happened at the door of a system, and when last (ISO UTC)."""

    number: int
    last_at: str


def put(conn: Connection, system: str, event: str, parts: Sequence[Part]) -> bool:
    """Keep an event; False when it was kept before, and nothing happened."""
    _lock(conn)
    if conn.execute(select(_row.seq).where(_row.system == system, _row.event == event).limit(1)).first():
        return False
    _append(conn, system, event, parts)
    return True


def _append(conn: Connection, system: str, event: str, parts: Sequence[Part], start: int = 0) -> None:
    at = now(conn)
    _add(
        conn,
        [
            (system, event, start + number, one.kind, one.stream, one.key, one.version, document.visible(one.problem),
             None if one.content is None else document.dump(one.content), at)
            for number, one in enumerate(parts)
        ],
    )  # fmt: skip


def _lock(conn: Connection) -> None:
    """Without it a slow writer could commit a seq below what a reader has already passed."""
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK)


def last(conn: Connection) -> int:
    """The newest seq of all systems; 0 when there is none."""
    return int(conn.execute(select(func.coalesce(func.max(_row.seq), 0))).scalar_one())


def place(conn: Connection, system: str, before: str) -> int:
    """The newest seq of a system that arrived before a moment (ISO UTC)."""
    found = select(func.max(_row.seq)).where(_row.system == system, _row.received_at < before)
    return int(conn.execute(found).scalar() or 0)


def page(conn: Connection, system: str, stream: str, after: int, until: int, limit: int) -> list[Kept]:
    """Records and problems of a stream in order of arrival."""
    query = select(*(_row[name] for name in Kept._fields)).where(*_of(system, stream), _row.kind.in_(_READ))
    query = query.where(_row.seq > after, _row.seq <= until).order_by(_row.seq).limit(limit)
    return [Kept(*row) for row in conn.execute(query)]


def newest(conn: Connection, system: str, stream: str, keys: Sequence[str], until: int) -> dict[str, int]:
    """Key -> seq of the newest version that arrived up to `until`; the later one of two equal versions."""
    if not keys:
        return {}
    rank = func.row_number().over(partition_by=_row.key, order_by=(_row.version.desc(), _row.seq.desc()))
    known = select(_row.key, _row.seq, rank.label("rank")).where(*_of(system, stream), one_of(_row.key, set(keys)))
    ranked = known.where(_row.seq <= until, _row.kind.in_(_RECORDS)).subquery()
    found = conn.execute(select(ranked.c.key, ranked.c.seq).where(ranked.c.rank == 1))
    return {row.key: row.seq for row in found}


def _of(system: str, stream: str) -> tuple[ColumnElement[bool], ...]:
    return (_row.system == system, _row.stream == stream)


def refile(conn: Connection, system: str, route: Callable[[Json], Sequence[Part]]) -> int:
    """Put what nobody waited for, or nobody understood, before `route` again; returns how many it takes now.

    They are kept anew, so that readers who have passed them meet them.
    """
    _lock(conn)
    query = select(_row.seq, _row.event, _row.part, _row.content).where(_row.system == system, _row.kind.in_(_OPEN))
    taken = 0
    for seq, event, _, content in conn.execute(query.order_by(_row.seq)).all():
        parts = route(content) if content is not None else []
        if not parts or any(one.kind in _OPEN for one in parts):
            continue
        newest_part = select(func.max(_row.part)).where(_row.system == system, _row.event == event)
        start = int(conn.execute(newest_part).scalar_one()) + 1
        conn.execute(delete(inbox).where(_row.seq == seq))
        _append(conn, system, event, parts, start)
        taken += 1
    return taken


def tally(conn: Connection, system: str, numbers: Mapping[str, int]) -> None:
    """Add to what happened at the door of a system."""
    at, count = now(conn), inbox_count.c
    for what, number in numbers.items():
        more = update(inbox_count).where(count.system == system, count.what == what)
        if conn.execute(more.values(number=count.number + number, last_at=at)).rowcount == 0:
            conn.execute(insert(inbox_count).values(system=system, what=what, number=number, last_at=at))


def tallies(conn: Connection, system: str) -> dict[str, Tally]:
    """What happened at the door of a system, and how often."""
    count = inbox_count.c
    query = select(count.what, count.number, count.last_at).where(count.system == system).order_by(count.what)
    return {what: Tally(number, at) for what, number, at in conn.execute(query)}


def last_at(conn: Connection, system: str, stream: str | None = None) -> str:
    """When something arrived last (ISO UTC); empty when nothing did."""
    query = select(_row.received_at).where(_row.system == system)
    if stream is not None:
        query = query.where(_row.stream == stream)
    return conn.execute(query.order_by(_row.seq.desc()).limit(1)).scalar() or ""


def streams(conn: Connection, system: str) -> list[str]:
    """The streams of which something arrived; of a hint it is the stream that it speaks of."""
    return [stream for stream in distinct(conn, _row.stream, _row.system == system) if stream]


def waiting(conn: Connection, system: str, stream: str, after: int) -> int:
    """How many records of a stream arrived after a place."""
    query = _count(*_of(system, stream), _row.kind.in_(_READ), _row.seq > after)
    return int(conn.execute(query).scalar_one())


def hints(conn: Connection, system: str, stream: str, since: str) -> int:
    """How many hints at a stream arrived since a moment (ISO UTC)."""
    query = _count(*_of(system, stream), _row.kind == "hint", _row.received_at >= since)
    return int(conn.execute(query).scalar_one())


def unclaimed(conn: Connection, system: str) -> int:
    """How many events nobody waits for."""
    return int(conn.execute(_count(*_of(system, ""), _row.kind == "unclaimed")).scalar_one())


def _count(*where: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(inbox).where(*where)


def prune(conn: Connection, system: str, stream: str, until: int, before: str) -> int:
    """Drop what is read (up to seq `until`) and arrived before a moment; returns how many rows lost their content.

    The newest version of each key keeps its place without its content.
    """
    old = (*_of(system, stream), _row.seq <= until, _row.received_at < before)
    other = inbox.alias()
    newer = and_(
        other.c.system == system,
        other.c.stream == stream,
        other.c.key == _row.key,
        other.c.kind.in_(_RECORDS),
        (other.c.version > _row.version) | and_(other.c.version == _row.version, other.c.seq > _row.seq),
    )
    spent = ~_row.kind.in_(_RECORDS) | select(other.c.seq).where(newer).exists()
    gone = conn.execute(delete(inbox).where(*old, spent)).rowcount
    emptied = conn.execute(update(inbox).where(*old, _row.content.is_not(None)).values(content=None)).rowcount
    return gone + emptied


def mentioned(conn: Connection, system: str, stream: str, key: str) -> list[ColumnElement[bool]]:
    """Conditions on rows that hold something of one record, wherever it was told: for an erase."""
    hints_at = and_(_row.stream == f"{system}.{stream}", _row.key == key, _row.kind == "hint")
    # Nobody knows what these are about: one that names the key is taken for one that is about it.
    named = _row.content.contains(document.dump(key)[1:-1], autoescape=True)
    return [
        and_(*_of(system, stream), _row.key == key),
        *(and_(_row.system == other, hints_at) for other in distinct(conn, _row.system)),
        and_(_row.system == system, _row.kind.in_(_OPEN), named),
    ]


class Inbox:
    """Implements `ports.Inbox` in transactions of its own: never call it while this thread holds one open."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, system: str, event: str, parts: Sequence[Part]) -> bool:
        with self._store.begin() as conn:
            return put(conn, system, event, parts)

    def last(self, system: str) -> int:
        with self._store.read() as conn:
            return last(conn)

    def place(self, system: str, before: str) -> int:
        with self._store.read() as conn:
            return place(conn, system, before)

    def page(self, system: str, stream: str, after: int, until: int, limit: int) -> list[Kept]:
        with self._store.read() as conn:
            return page(conn, system, stream, after, until, limit)

    def newest(self, system: str, stream: str, keys: Sequence[str], until: int) -> dict[str, int]:
        with self._store.read() as conn:
            return newest(conn, system, stream, keys, until)
