"""The durable matching index: blocking keys, identifiers and scored edges of source records. Rows only, no rules.

An edge connects a < b under one ruleset revision; its weight is an integer in ten-thousandths of a bit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, and_, delete, select

from goldbridge.errors import Halt
from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, none_of, one_of
from goldbridge.state.tables import identifier, match_edge, match_key

Band = Literal["auto", "review", "no"]


class Edge(NamedTuple):
    """A scored pair; `parts` explains the weight, `vetoes` name what forbids joining."""

    a: int
    b: int
    weight: int
    band: Band
    parts: Json = None
    vetoes: Sequence[str] = ()


class Identifier(NamedTuple):
    """A value that names somebody, e.g. ("credit_code", "91..."); soft and invalid ones are evidence only."""

    record: int
    type: str
    value: str
    strength: Literal["hard", "soft"]
    valid: bool


class Candidate(NamedTuple):
    """Two records that share a blocking key; `record` is the one asked for."""

    record: int
    other: int
    key: str


_keys, _edges, _named = match_key.c, match_edge.c, identifier.c
_add_keys = Insert(match_key, ("entity", "key", "record"), conflict=("entity", "key", "record"))
_add_named = Insert(identifier, Identifier._fields)
_add_edges = Insert(match_edge, ("rev", "a", "b", "weight", "band", "parts", "vetoes"))
SCORED: tuple[Band, ...] = ("auto", "review")


def replace_keys(conn: Connection, entity: str, keys: Mapping[int, Collection[str]]) -> int:
    """Make these the blocking keys of these records (none: forget them); returns how many rows changed."""
    if not keys:
        return 0
    held = {
        (row.key, row.record)
        for row in conn.execute(
            select(_keys.key, _keys.record).where(one_of(_keys.record, keys), _keys.entity == entity)
        )
    }
    wanted = {(key, record) for record, found in keys.items() for key in found}
    gone, new = held - wanted, wanted - held
    if gone:
        # Few records lose keys; a statement per record keeps the parameters small.
        by_record: dict[int, list[str]] = {}
        for key, record in sorted(gone):
            by_record.setdefault(record, []).append(key)
        for record, lost in by_record.items():
            conn.execute(
                delete(match_key).where(_keys.record == record, _keys.entity == entity, one_of(_keys.key, lost))
            )
    _add_keys(conn, [(entity, key, record) for key, record in sorted(new)])
    return len(gone) + len(new)


def replace_identifiers(conn: Connection, identifiers: Mapping[int, Collection[Identifier]]) -> int:
    """Make these the identifiers of these records; returns how many rows changed."""
    if not identifiers:
        return 0
    held = {found for row in identifiers_of(conn, identifiers).values() for found in row}
    wanted = {found for row in identifiers.values() for found in row}
    stale = {found.record for found in held ^ wanted}
    if not stale:
        return 0
    conn.execute(delete(identifier).where(one_of(_named.record, stale)))
    rows = {(found.record, found.type, found.value): found for found in wanted if found.record in stale}
    _add_named(conn, [(*found[:4], int(found.valid)) for _, found in sorted(rows.items())])
    return len(held ^ wanted)


def replace_edges(conn: Connection, rev: int, records: Collection[int], edges: Sequence[Edge]) -> None:
    """Drop every edge touching `records` under `rev`, then store `edges` (a, b in either order)."""
    if records:
        for end in (_edges.a, _edges.b):
            conn.execute(delete(match_edge).where(_edges.rev == rev, one_of(end, records)))
    rows = {}
    for edge in edges:
        low, high = sorted((edge.a, edge.b))
        parts = None if edge.parts is None else document.dump(edge.parts)
        vetoes = document.dump(list(edge.vetoes)) if edge.vetoes else None
        rows[low, high] = (rev, low, high, edge.weight, edge.band, parts, vetoes)
    _add_edges(conn, [row for _, row in sorted(rows.items())])


def candidates(conn: Connection, entity: str, records: Collection[int], *, cap: int = 0) -> list[Candidate]:
    """Pairs by shared keys, sorted by (record, other, key); keys of more than `cap` records are left out (0: none)."""
    if not records:
        return []
    mine, theirs = match_key.alias(), match_key.alias()
    shared = and_(theirs.c.entity == mine.c.entity, theirs.c.key == mine.c.key)
    query = select(mine.c.record, theirs.c.record, mine.c.key).select_from(mine.join(theirs, shared))
    query = query.where(one_of(mine.c.record, records), mine.c.entity == entity, theirs.c.record != mine.c.record)
    if cap:
        hubs = _hubs(conn, entity, select(_keys.key).where(one_of(_keys.record, records), _keys.entity == entity), cap)
        query = query.where(none_of(mine.c.key, hubs)) if hubs else query
    return sorted(Candidate(*row) for row in conn.execute(query).all())


def lookup(conn: Connection, entity: str, keys: Collection[str], *, cap: int = 0) -> dict[str, list[int]]:
    """Key -> records that have it, sorted: the question of search-before-create."""
    if not keys:
        return {}
    query = select(_keys.key, _keys.record).where(_keys.entity == entity, one_of(_keys.key, keys))
    if cap:
        hubs = _hubs(conn, entity, select(_keys.key).where(_keys.entity == entity, one_of(_keys.key, keys)), cap)
        query = query.where(none_of(_keys.key, hubs)) if hubs else query
    found: dict[str, list[int]] = {}
    for key, record in conn.execute(query.order_by(_keys.key, _keys.record)).all():
        found.setdefault(key, []).append(record)
    return found


def _hubs(conn: Connection, entity: str, asked: Select[Any], cap: int) -> list[str]:
    """Those of the asked keys that more than `cap` records share; counting stops just past the cap."""
    crowd = match_key.alias()
    past = (
        select(crowd.c.record)
        .where(crowd.c.entity == entity, crowd.c.key == _keys.key)
        .offset(cap)
        .limit(1)
        .correlate(match_key)
    )
    return sorted(set(conn.execute(asked.where(past.exists())).scalars()))


def keys_of(conn: Connection, records: Collection[int]) -> dict[int, list[str]]:
    """Record -> its blocking keys, sorted."""
    found: dict[int, list[str]] = {}
    if records:
        for record, key in conn.execute(select(_keys.record, _keys.key).where(one_of(_keys.record, records))).all():
            found.setdefault(record, []).append(key)
    return {record: sorted(keys) for record, keys in sorted(found.items())}


def identifiers_of(conn: Connection, records: Collection[int]) -> dict[int, list[Identifier]]:
    """Record -> its identifiers, sorted."""
    found: dict[int, list[Identifier]] = {}
    if records:
        query = select(*(_named[name] for name in Identifier._fields)).where(one_of(_named.record, records))
        for *row, valid in conn.execute(query):
            found.setdefault(row[0], []).append(Identifier._make([*row, bool(valid)]))
    return {record: sorted(row) for record, row in sorted(found.items())}


def holders(conn: Connection, type: str, values: Collection[str], *, hard: bool = False) -> dict[str, list[int]]:
    """Identifier value -> records that have it, sorted; `hard=True` takes only valid hard ones."""
    if not values:
        return {}
    query = select(_named.value, _named.record).where(_named.type == type, one_of(_named.value, values))
    if hard:
        query = query.where(_named.strength == "hard", _named.valid == 1)
    found: dict[str, list[int]] = {}
    for value, record in conn.execute(query.order_by(_named.value, _named.record)):
        found.setdefault(value, []).append(record)
    return found


def edges_touching(
    conn: Connection,
    rev: int,
    records: Collection[int],
    *,
    bands: Collection[Band] = SCORED,
    explained: bool = True,
) -> list[Edge]:
    """Edges with at least one end in `records`, by (a, b); without their parts when nobody will read them."""
    if not records:
        return []
    found: dict[tuple[int, int], Edge] = {}
    for end in (_edges.a, _edges.b):
        query = select(_edges.a, _edges.b, _edges.weight, _edges.band, _edges.vetoes)
        query = query.add_columns(_edges.parts) if explained else query
        query = query.where(_edges.rev == rev, one_of(end, records), _edges.band.in_(sorted(bands)))
        for a, b, weight, band, vetoes, *parts in conn.execute(query).all():
            found[a, b] = Edge(a, b, weight, band, parts[0] if parts else None, tuple(vetoes or ()))
    return [edge for _, edge in sorted(found.items())]


def parts_of(conn: Connection, rev: int, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], Json]:
    """What explains the weight of these edges, by (a, b) with a < b."""
    if not pairs:
        return {}
    wanted = set(pairs)
    query = select(_edges.a, _edges.b, _edges.parts)
    query = query.where(
        _edges.rev == rev, one_of(_edges.a, {a for a, _ in pairs}), one_of(_edges.b, {b for _, b in pairs})
    )
    return {(a, b): parts for a, b, parts in conn.execute(query) if (a, b) in wanted}


def component(
    conn: Connection,
    rev: int,
    seeds: Collection[int],
    *,
    bands: Collection[Band] = SCORED,
    known: Collection[int] = (),
    explained: bool = True,
    limit: int = 100_000,
) -> tuple[set[int], list[Edge]]:
    """Everything connected to `seeds` through edges: the records, and the edges among them by (a, b).

    Records that are `known` already are reached but not gone on from. Raises `Halt` STA035 past `limit` records.
    """
    reached, fresh = set(seeds), set(seeds)
    edges: dict[tuple[int, int], Edge] = {}
    while fresh:
        touched = edges_touching(conn, rev, fresh, bands=bands, explained=explained)
        edges.update(((edge.a, edge.b), edge) for edge in touched)
        ends = {end for edge in touched for end in (edge.a, edge.b)} - reached
        reached |= ends
        fresh = ends.difference(known)
        if len(reached) > limit:
            raise Halt(
                "STA035",
                f"more than {limit} records hang together under ruleset {rev}, reached from record {min(seeds)}; "
                "a key or identifier that everybody shares is missing from the block list",
            )
    return reached, [edge for _, edge in sorted(edges.items())]


def drop_revision(conn: Connection, rev: int) -> int:
    """Forget the edges of a retired revision."""
    return conn.execute(delete(match_edge).where(_edges.rev == rev)).rowcount
