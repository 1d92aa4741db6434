"""Checks the invariants of the golden store on what is stored, set by set, and names the first break of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from sqlalchemy import Connection

from goldbridge.records.model import Model
from goldbridge.state import crosswalk, decision, golden, landing
from goldbridge.state.golden import Golden
from goldbridge.state.landing import Record
from mdm.core import speaks
from mdm.identity import write_id

BATCH = 1000


def violations(conn: Connection, model: Model) -> list[str]:
    """Every broken invariant as a sentence; an empty list is what one wants to see."""
    found = list(_memberships(conn, model))
    for entity in model.entities.values():
        found.extend(_clusters(conn, model, entity.name))
    found.extend(_redirects(conn, model))
    return found


def _memberships(conn: Connection, model: Model) -> Iterator[str]:
    """G1: a live record that was mapped has exactly one open membership (at most one is the store's own law)."""
    for entity in model.entities:
        for system, stream, key in crosswalk.homeless(conn, entity):
            yield f"G1 {system}.{stream}/{key} belongs to no golden record"


def _clusters(conn: Connection, model: Model, entity: str) -> Iterator[str]:
    after = 0
    while batch := golden.scan(conn, entity, after=after, limit=BATCH):
        after = batch[-1].id
        members = crosswalk.members(conn, [g.id for g in batch])
        records = landing.load(conn, {id for ids in members.values() for id in ids})
        said = decision.active_assertions(conn, records)
        same = {frozenset((a.a, a.b)) for a in said if a.kind.endswith("same")}
        different = [(a.a, a.b, a.id) for a in said if a.kind.endswith("different")]
        home = {id: g for g, ids in members.items() for id in ids}
        for a, b, number in different:
            if a in home and home.get(a) == home.get(b):
                yield f"G2 {write_id(entity, home[a])} joins two records that assertion {number} keeps apart"
        for record in batch:
            mine = [records[id] for id in members.get(record.id, ()) if id in records]
            yield from _hard_ids(model, record, mine, same)
            yield from _lineage(record, mine)
            if not any(speaks(r) for r in mine):
                yield f"E35 {write_id(entity, record.id)} is active without a live record"


def _hard_ids(model: Model, record: Golden, members: list[Record], same: set[frozenset[int]]) -> Iterator[str]:
    """G3: no two different valid hard ids of one type, unless a *same* assertion covers the pair."""
    for field in model.entities[record.entity].fields.values():
        if field.identifier != "hard":
            continue
        holders: dict[str, list[int]] = defaultdict(list)
        for member in members:
            value = (member.canonical or {}).get(field.name)
            if value and "invalid" not in member.notes.get(field.name, {}):
                holders[str(value)].append(member.id)
        for (_, left), (_, right) in combinations(sorted(holders.items()), 2):
            if not same:
                yield f"G3 {write_id(record.entity, record.id)} holds {len(holders)} different {field.name}"
                return
            if not any({a, b} & pair for a in left for b in right for pair in same):
                yield f"G3 {write_id(record.entity, record.id)} holds {len(holders)} different {field.name}"
                return


def _lineage(record: Golden, members: list[Record]) -> Iterator[str]:
    """G6: every golden value names a winner that is live and a member, or an override."""
    live = {member.id for member in members if speaks(member)}
    for name in record.values:
        line = record.lineage.get(name)
        if not isinstance(line, dict):
            yield f"G6 {write_id(record.entity, record.id)}.{name} has no lineage"
            continue
        winners = {id for item in line.get("items", ()) for id in item} if "items" in line else {line.get("record")}
        winners |= set((line.get("completed_by") or {}).values())
        if "override" not in line and not winners <= live:
            yield f"G6 {write_id(record.entity, record.id)}.{name} rests on a record that is gone"


def _redirects(conn: Connection, model: Model) -> Iterator[str]:
    """G4, G5: every id ever issued leads, in one hop, to active ids or to a retired one."""
    for entity in model.entities:
        after = 0
        while batch := golden.scan(conn, entity, states=["redirected"], after=after, limit=BATCH):
            after = batch[-1].id
            leads = golden.resolve(conn, [g.id for g in batch])
            ends = golden.load(conn, {id for way in leads.values() for id in way.ids})
            for record in batch:
                way = leads.get(record.id)
                if way is None or not way.ids or any(ends[id].state == "redirected" for id in way.ids):
                    yield f"G4 {write_id(entity, record.id)} leads nowhere"
