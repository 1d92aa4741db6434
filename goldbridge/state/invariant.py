"""Questions to the whole golden store that find what must not be there, each in a few statements over all rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, Text, and_, exists, func, or_, select, type_coerce

from goldbridge.state import document
from goldbridge.state.bulk import fixed, one_of
from goldbridge.state.tables import golden_record, golden_redirect, golden_version, identifier, membership, outbox
from goldbridge.state.tables import source_record as source

_head, _way, _row, _of = golden_record.c, golden_redirect.c, membership.c, source.c
_open = _row.tx_to == fixed("")
_leads = _way.tx_to == fixed("")
_speaks = and_(_of.state == "live", _of.canonical.is_not(None), _of.fate != "filtered")
PAGE = 5_000

Entities = dict[int, str]


def in_several(conn: Connection, entity: str, limit: int) -> list[int]:
    """Records with more than one open membership."""
    query = select(_row.record).where(_open).group_by(_row.record).having(func.count() > 1).order_by(_row.record)
    several = list(conn.execute(query.limit(limit)).scalars())
    if not several:
        return []
    return list(conn.execute(select(_of.id).where(one_of(_of.id, several), _of.entity == entity)).scalars())


def spoken_for(conn: Connection, records: Collection[int]) -> dict[int, int]:
    """Record -> golden id, of those that speak."""
    if not records:
        return {}
    query = select(_row.record, _row.golden).select_from(membership.join(source, _row.record == _of.id))
    return {row[0]: row[1] for row in conn.execute(query.where(_open, _speaks, one_of(_row.record, records)))}


def entities(conn: Connection, goldens: Collection[int]) -> Entities:
    """Golden id -> entity."""
    if not goldens:
        return {}
    return {row[0]: row[1] for row in conn.execute(select(_head.id, _head.entity).where(one_of(_head.id, goldens)))}


def hard_values(conn: Connection, entity: str) -> dict[tuple[int, str], dict[str, list[int]]]:
    """(golden id, type) -> value -> records, of golden records with several valid hard identifiers of one type."""
    named = identifier.c
    valid = and_(named.strength == "hard", named.valid == 1, _open, _of.entity == entity, _of.state == "live")
    joined = identifier.join(membership, _row.record == named.record).join(source, _of.id == named.record)
    several = (
        select(_row.golden, named.type)
        .select_from(joined)
        .where(valid)
        .group_by(_row.golden, named.type)
        .having(func.count(named.value.distinct()) > 1)
    )
    pairs = {(row[0], row[1]) for row in conn.execute(several)}
    found: dict[tuple[int, str], dict[str, list[int]]] = {}
    if pairs:
        query = select(_row.golden, named.type, named.value, named.record).select_from(joined).where(valid)
        for id, type, value, record in conn.execute(query.where(one_of(_row.golden, {id for id, _ in pairs}))):
            if (id, type) in pairs:
                found.setdefault((id, type), {}).setdefault(value, []).append(record)
    return found


def values(conn: Connection, entity: str) -> Iterator[tuple[int, Any, Any, set[int]]]:
    """(golden id, values, lineage, its records that speak) of every active golden record."""
    after = -1
    texts = (type_coerce(_head["values"], Text), type_coerce(_head.lineage, Text))
    while True:
        query = select(_head.id, *texts).where(_head.entity == entity, _head.state == "active", _head.id > after)
        page = conn.execute(query.order_by(_head.id).limit(PAGE)).all()
        if not page:
            return
        query = select(_row.golden, _row.record).select_from(membership.join(source, _row.record == _of.id))
        query = query.where(_open, _speaks, _row.golden > after, _row.golden <= page[-1][0], _of.entity == entity)
        live: dict[int, set[int]] = {}
        for id, record in conn.execute(query):
            live.setdefault(id, set()).add(record)
        for id, held, lineage in page:
            yield id, document.load(held), document.load(lineage), live.get(id, set())
        after = page[-1][0]


def lifeless(conn: Connection, entity: str, limit: int) -> list[int]:
    """Active golden records without a record that speaks."""
    members = select(_row.record).select_from(membership.join(source, _row.record == _of.id))
    alive = members.where(_open, _row.golden == _head.id, _speaks).exists()
    query = select(_head.id).where(_head.entity == entity, _head.state == "active", ~alive).order_by(_head.id)
    return list(conn.execute(query.limit(limit)).scalars())


def lost(conn: Connection, limit: int) -> list[tuple[str, int]]:
    """Redirected golden records that lead nowhere, or to what was never issued."""
    target = golden_record.alias()
    somewhere = exists().where(_leads, _way.from_id == _head.id, _way.to_id == target.c.id)
    return _pairs(conn, select(_head.entity, _head.id).where(_head.state == "redirected", ~somewhere), limit)


def never_issued(conn: Connection, limit: int) -> list[int]:
    """Golden ids of open memberships that no golden record has."""
    query = select(_row.golden).select_from(membership.outerjoin(golden_record, _head.id == _row.golden))
    query = query.where(_open, _head.id.is_(None)).distinct().order_by(_row.golden)
    return list(conn.execute(query.limit(limit)).scalars())


def two_hops(conn: Connection, limit: int) -> list[tuple[str, int]]:
    """Golden records that lead to one that leads on, or that lead on although they are active."""
    target = golden_record.alias()
    joined = golden_redirect.join(golden_record, _head.id == _way.from_id).join(target, target.c.id == _way.to_id)
    wrong = or_(target.c.state == "redirected", _head.state == "active")
    return _pairs(conn, select(_head.entity, _head.id).select_from(joined).where(_leads, wrong).distinct(), limit)


def links(conn: Connection) -> list[tuple[int, int]]:
    """(id, the id it was merged into directly) of everything that leads elsewhere now."""
    return [(row[0], row[1]) for row in conn.execute(select(_way.from_id, _way.direct).where(_leads))]


def gaps(conn: Connection, limit: int) -> list[tuple[str, int]]:
    """Golden records whose versions are not 1, 2, ... up to the one they are at."""
    made = golden_version.c
    per_id = select(made.id, func.count().label("n"), func.max(made.version).label("top")).group_by(made.id)
    counted = per_id.subquery()
    query = select(_head.entity, _head.id).select_from(golden_record.outerjoin(counted, counted.c.id == _head.id))
    wrong = or_(counted.c.n.is_(None), counted.c.n != _head.version, counted.c.top != _head.version)
    return _pairs(conn, query.where(wrong), limit)


def events_off(conn: Connection, limit: int) -> list[tuple[int, int, int]]:
    """(golden id, version, events) of versions without exactly one event; events of no version count as well.

    The outbox is pruned from its start: versions from before its first event are not asked about.
    """
    said, made = outbox.c, golden_version.c
    first = conn.execute(select(said.seq, said.at).order_by(said.seq).limit(1)).one_or_none()
    found, counts = np.unique(
        _array(conn, select(said.subject, said.version).where(said.kind == "golden")), axis=0, return_counts=True
    )
    query = select(made.id, made.version)
    versions = _array(conn, query)
    asked = _array(conn, query.where(made.tx_from > first.at)) if first is not None and first.seq > 1 else versions
    doubtful = (counts > 1) | ~_isin(found, versions)
    wrong = {
        (int(id), int(version)): int(n) for (id, version), n in zip(found[doubtful], counts[doubtful], strict=True)
    }
    wrong |= {(int(id), int(version)): 0 for id, version in asked[~_isin(asked, found)]}
    return [(id, version, n) for (id, version), n in sorted(wrong.items())][:limit]


def _array(conn: Connection, query: Select[Any]) -> Any:
    rows = [tuple(row) for row in conn.execute(query)]
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def _isin(rows: Any, among: Any) -> Any:
    """Which of `rows` are among the others, compared as pairs."""
    kind = np.dtype([("id", np.int64), ("version", np.int64)])
    return np.isin(np.ascontiguousarray(rows).view(kind).ravel(), np.ascontiguousarray(among).view(kind).ravel())


def _pairs(conn: Connection, query: Select[Any], limit: int) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in conn.execute(query.order_by(_head.id).limit(limit))]
