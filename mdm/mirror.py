"""Golden records of entities that are not mastered: one per source record, or one per business number.

Nothing is matched here. Records that carry the same hard identifier (a contract's number in the CRM and in the OA) are
one by declaration; the survivorship rules decide between them as everywhere, and ids last as everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Connection

from dedupe.cluster import clusters_of
from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, landing, match
from goldbridge.state.landing import Record
from mdm.child import relate
from mdm.core import Core, speaks
from mdm.index import identifiers
from mdm.resolution import Outcome, Scope, house


def mirror(conn: Connection, core: Core, records: Collection[int], cause: str, run: int) -> Outcome:
    """Bring the golden records of these source records up to date."""
    loaded = landing.load(conn, records)
    speaking = {id: record for id, record in loaded.items() if speaks(record)}
    match.replace_identifiers(
        conn, {id: identifiers(core.entity, speaking[id]) if id in speaking else () for id in loaded}
    )
    relate(conn, core.entity, speaking, list(loaded))
    scope = _gather(conn, core.entity, loaded)
    outcome = house(conn, core, scope, _groups(core.entity, scope.records), cause, run)
    outcome.records = len(loaded)
    return outcome


def _gather(conn: Connection, entity: Entity, seeds: Collection[int]) -> Scope:
    """Close `seeds` under common numbers, common golden records and anchors."""
    inside: dict[int, Record] = {}
    current: dict[int, int] = {}
    fresh = set(seeds)
    while fresh:
        loaded = {id: r for id, r in landing.load(conn, fresh).items() if r.entity == entity.name}
        inside.update(loaded)
        homes = crosswalk.golden_of(conn, loaded)
        current.update(homes)
        reached = {id for ids in crosswalk.members(conn, set(homes.values())).values() for id in ids}
        reached.update(id for ids in landing.anchored(conn, loaded).values() for id in ids)
        reached.update(record.anchor for record in loaded.values() if record.anchor is not None)
        numbers: dict[str, set[str]] = defaultdict(set)
        for record in loaded.values():
            for name, value in _numbers(entity, record):
                numbers[name].add(value)
        for name, values in sorted(numbers.items()):
            reached.update(id for ids in match.holders(conn, name, values, hard=True).values() for id in ids)
        fresh = reached - inside.keys() - fresh
    return Scope(inside, [], [], current)


def _numbers(entity: Entity, record: Record) -> Iterator[tuple[str, str]]:
    """What makes this record one with others: (field, value) of its valid hard identifiers."""
    if speaks(record) and record.anchor is None:
        yield from ((found.type, found.value) for found in identifiers(entity, record) if _is_proof(found))


def _is_proof(found: match.Identifier) -> bool:
    return found.strength == "hard" and found.valid


def _groups(entity: Entity, records: Mapping[int, Record]) -> tuple[tuple[int, ...], ...]:
    """The records that stand for themselves, those with a number in common together; each group and all sorted."""
    own = [id for id in sorted(records) if speaks(records[id]) and records[id].anchor is None]
    holder: dict[tuple[str, str], int] = {}
    pairs = [(holder.setdefault(number, id), id) for id in own for number in _numbers(entity, records[id])]
    return clusters_of(own, pairs)
