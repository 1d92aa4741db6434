"""Keeps the durable matching index of an entity: blocking keys, identifiers and scored edges of changed records.

A record's edges depend only on the frozen rules and on the two records they join; so indexing some records again, in
any order and any batches, leaves the index that a full run would make.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from dedupe.block import keys as block
from dedupe.prepare import Prepared, prepare
from dedupe.score import score
from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, landing, match, relation
from goldbridge.state.landing import Record
from mdm.core import Core, speaks

MEMO = 50_000
"""Prepared records kept during a run; when more come, all are forgotten and made again as they are asked for."""


def reindex(conn: Connection, core: Core, records: Collection[int]) -> int:
    """Bring keys, identifiers and edges of these records up to date; returns how many edges they have now."""
    assert core.matching is not None
    assert core.statistics is not None
    loaded = landing.load(conn, records)
    mine = prepared(conn, core, {id: r for id, r in loaded.items() if speaks(r) and r.anchor is None})
    entity = core.entity.name
    match.replace_keys(
        conn,
        entity,
        {id: block(core.matching, core.statistics, mine[id]) if id in mine else () for id in records},
    )
    match.replace_identifiers(
        conn, {id: identifiers(core.entity, loaded[id]) if id in mine else () for id in records if id in loaded}
    )
    relate(conn, core.entity, {id: loaded[id] for id in mine}, records)
    pairs = {
        (min(c.record, c.other), max(c.record, c.other)) for c in match.candidates(conn, entity, list(mine), cap=0)
    }
    others = {id for pair in pairs for id in pair} - set(mine)
    known = {**mine, **prepared(conn, core, landing.load(conn, others))}
    edges = []
    for a, b in sorted(pairs):
        scored = score(core.matching, core.statistics, known[a], known[b])
        if scored.band != "no":
            edges.append(match.Edge(a, b, scored.weight, _band(scored.band), scored.parts_json(), tuple(scored.vetoes)))
    match.replace_edges(conn, core.rev, records, edges)
    return len(edges)


def _band(name: str) -> match.Band:
    return "auto" if name == "auto" else "review"


def relate(conn: Connection, entity: Entity, live: Mapping[int, Record], records: Collection[int]) -> None:
    """Keep which record each of these hangs on, so that a parent that moves finds its children."""
    if not entity.parent:
        return
    found = []
    for id, record in live.items():
        for field in entity.fields.values():
            said = (record.canonical or {}).get(field.name)
            if field.type == "reference" and isinstance(said, dict) and said.get("key"):
                system, _, stream = said["ref"].partition(".")
                parent = landing.record_id(system, stream, str(said["key"]))
                found.append(relation.Relation(f"{entity.name}_of", id, parent))
    relation.replace(conn, list(records), found)


def prepared(conn: Connection, core: Core, records: Mapping[int, Record]) -> dict[int, Prepared]:
    """The records as the matching rules see them, references resolved to golden records."""
    assert core.matching is not None
    parents = _parents(conn, core.entity, records)
    if len(core.memo) > MEMO:
        core.memo.clear()
    found: dict[int, Prepared] = {}
    for id, record in records.items():
        above = parents.get(id, {})
        stamp = (record.version, record.mapping_rev, above)
        held = core.memo.get(id)
        if held is None or held[0] != stamp:
            cleaned = prepare(core.matching, with_parents(record.canonical or {}, above), id=id)
            held = core.memo[id] = (stamp, cleaned)
        found[id] = held[1]
    return found


def with_parents(values: Mapping[str, Any], parents: Mapping[str, int]) -> dict[str, Any]:
    """Canonical values with each reference replaced by the golden record it leads to, as text."""
    return {**values, **{field: str(golden) for field, golden in parents.items()}}


def _parents(conn: Connection, entity: Entity, records: Mapping[int, Record]) -> dict[int, dict[str, int]]:
    """Record -> reference field -> golden id, for the references that resolve."""
    fields = [field.name for field in entity.fields.values() if field.type == "reference"]
    wanted: dict[tuple[str, str], set[str]] = {}
    for record in records.values():
        for name in fields:
            said = (record.canonical or {}).get(name)
            if isinstance(said, dict) and said.get("key"):
                system, _, stream = said["ref"].partition(".")
                wanted.setdefault((system, stream), set()).add(said["key"])
    resolved = {
        (system, stream, key): golden
        for (system, stream), keys in wanted.items()
        for key, golden in crosswalk.resolve_keys(conn, system, stream, keys).items()
    }
    found: dict[int, dict[str, int]] = {}
    for id, record in records.items():
        for name in fields:
            said = (record.canonical or {}).get(name)
            if isinstance(said, dict) and said.get("key"):
                system, _, stream = said["ref"].partition(".")
                if (system, stream, said["key"]) in resolved:
                    found.setdefault(id, {})[name] = resolved[(system, stream, said["key"])]
    return found


def identifiers(entity: Entity, record: Record) -> list[match.Identifier]:
    """What names a record, by the model: hard and soft identifiers, each with its validity."""
    values = record.canonical or {}
    found = []
    for field in entity.fields.values():
        if not field.identifier:
            continue
        said = values.get(field.name)
        for item in said if isinstance(said, list) else [said]:
            if item:
                valid = "invalid" not in record.notes.get(field.name, {})
                found.append(match.Identifier(record.id, field.name, str(item), field.identifier, valid))
    return found
