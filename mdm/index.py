"""Keeps the durable matching index of an entity: blocking keys, identifiers and scored edges of changed records.

A record is filed (keys, features, identifiers) in the transaction that lands it, once there are rules; its edges are
scored when it is mastered. They depend only on the frozen rules and on the two records they join; so indexing some
records again, in any order and any batches, leaves the index that a full run would make.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from dedupe.block import keys as block
from dedupe.bound import Screen
from dedupe.feature import pack, unpack
from dedupe.prepare import Prepared, prepare
from dedupe.score import score
from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, feature, landing, match
from goldbridge.state.landing import Record
from mdm.child import placements, relate, settle, waiting
from mdm.core import Core, speaks

MEMO = 50_000
"""Prepared records kept during a run; when more come, all are forgotten and made again as they are asked for."""


def file(conn: Connection, core: Core, records: Collection[int]) -> dict[int, Prepared]:
    """Bring keys, features, identifiers and parents of these records up to date; returns those that may be matched.

    What was filed already under these rules from the same state of the record is read, not made again.
    """
    assert core.matching is not None
    assert core.statistics is not None
    loaded = landing.load(conn, records)
    live = {id: r for id, r in loaded.items() if speaks(r) and r.anchor is None}
    relate(conn, core.entity, live, records)
    if core.entity.parent:
        settle(conn, list(live))
    above = parents(conn, core.entity, {id: r.canonical or {} for id, r in live.items()})
    stamps = {id: _stamp(record, above.get(id)) for id, record in live.items()}
    held = _filed(conn, core, live, stamps)
    fresh = {id: record for id, record in live.items() if id not in held}
    mine = {**held, **_prepared(core, fresh, above)}
    gone = [id for id in records if id not in live]
    match.replace_keys(
        conn,
        core.entity.name,
        {**{id: block(core.matching, core.statistics, mine[id]) for id in fresh}, **dict.fromkeys(gone, ())},
    )
    feature.forget(conn, gone)
    feature.put(conn, [feature.Feature(id, core.rev, stamps[id], pack(mine[id])) for id in fresh])
    match.replace_identifiers(
        conn, {id: identifiers(core.entity, loaded[id]) if id in live else () for id in records if id in loaded}
    )
    return mine


def _stamp(record: Record, parents: Mapping[str, int] | None) -> str:
    """The state of a record that its features were made from."""
    return f"{record.version} {record.mapping_rev} {sorted((parents or {}).items()) or ''}"


def _filed(conn: Connection, core: Core, live: Mapping[int, Record], stamps: Mapping[int, str]) -> dict[int, Prepared]:
    """Those that are filed as they are now."""
    assert core.matching is not None
    held: dict[int, Prepared] = {}
    for id, row in feature.load(conn, core.rev, live).items():
        if row.stamp == stamps[id] and (found := unpack(core.matching, row.features, id)) is not None:
            held[id] = found
    return held


def reindex(conn: Connection, core: Core, records: Collection[int]) -> int:
    """Bring keys, features, identifiers and edges of these records up to date; returns how many edges they have."""
    assert core.matching is not None
    assert core.statistics is not None
    mine = file(conn, core, records)
    found = match.candidates(conn, core.entity.name, list(mine), cap=0)
    pairs = {(min(c.record, c.other), max(c.record, c.other)) for c in found}
    known = {**mine, **recall(conn, core, {id for pair in pairs for id in pair} - set(mine))}
    edges = []
    screens = {id: Screen(core.matching, core.statistics, known[id]) for id in {a for a, _ in pairs}}
    for a, b in sorted(pairs):
        if screens[a].spares(known[b].slots):
            continue
        scored = score(core.matching, core.statistics, known[a], known[b])
        if scored.band != "no":
            edges.append(match.Edge(a, b, scored.weight, _band(scored.band), scored.parts_json(), tuple(scored.vetoes)))
    match.replace_edges(conn, core.rev, records, edges)
    return len(edges)


def recall(conn: Connection, core: Core, records: Collection[int]) -> dict[int, Prepared]:
    """Records that are in the index, as they were filed; those filed under other rules are prepared again."""
    assert core.matching is not None
    known: dict[int, Prepared] = {}
    for id, row in feature.load(conn, core.rev, records).items():
        if (found := unpack(core.matching, row.features, id)) is not None:
            known[id] = found
    left = set(records) - set(known)
    return {**known, **prepared_again(conn, core, left)} if left else known


def prepared_again(conn: Connection, core: Core, records: Collection[int]) -> dict[int, Prepared]:
    """Records that are in the index without features of these rules: they are made from what is landed."""
    return prepared(conn, core, landing.load(conn, records))


def _band(name: str) -> match.Band:
    return "auto" if name == "auto" else "review"


def prepared(conn: Connection, core: Core, records: Mapping[int, Record]) -> dict[int, Prepared]:
    """The records as the matching rules see them, references resolved to golden records."""
    return _prepared(core, records, parents(conn, core.entity, {id: r.canonical or {} for id, r in records.items()}))


def _prepared(
    core: Core, records: Mapping[int, Record], parents: Mapping[int, Mapping[str, int]]
) -> dict[int, Prepared]:
    assert core.matching is not None
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


def parents(conn: Connection, entity: Entity, records: Mapping[int, Mapping[str, Any]]) -> dict[int, dict[str, int]]:
    """Record -> reference field -> golden id, for the references in these canonical values that resolve.

    Where a steward placed a child counts before what its source says; one whose side nobody knows has no parent.
    """
    fields = [field.name for field in entity.fields.values() if field.type == "reference"]
    placed = placements(conn, entity, records) if entity.parent else {}
    lost = waiting(conn, records) if entity.parent else {}
    wanted: dict[tuple[str, str], set[str]] = {}
    asked: list[tuple[int, str, tuple[str, str, str]]] = []
    for id, values in records.items():
        for name in fields:
            pin = placed.get((id, name))
            said = values.get(name) if pin is None else pin.value
            if isinstance(said, dict) and said.get("key") and id not in lost:
                system, _, stream = said["ref"].partition(".")
                wanted.setdefault((system, stream), set()).add(said["key"])
                asked.append((id, name, (system, stream, said["key"])))
    resolved = {
        (system, stream, key): golden
        for (system, stream), keys in wanted.items()
        for key, golden in crosswalk.resolve_keys(conn, system, stream, keys).items()
    }
    found: dict[int, dict[str, int]] = {}
    for id, name, place in asked:
        if place in resolved:
            found.setdefault(id, {})[name] = resolved[place]
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
