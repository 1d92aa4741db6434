"""Makes golden records anew from what is given: landed records, what stewards said, the rules in force.

The index (keys, features, identifiers, edges, relations) is renewed record by record without trusting what it holds,
then everything is resolved again. Ids come from the crosswalk: they are promises that others remember, and the same
clusters keep them. Where the store is right nothing is written; where it was damaged it is right afterwards (G7).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from goldbridge.records.model import Entity
from goldbridge.state import feature, landing
from mdm.core import Core
from mdm.index import reindex
from mdm.mirror import mirror
from mdm.resolution import Outcome, resolve

BATCH = 1000


def batches(conn: Connection, entity: str) -> Iterator[list[int]]:
    """Ids of all records of an entity, dead ones too: they must be gone from the index."""
    after = -1
    while batch := landing.ids(conn, entity, after=after, limit=BATCH):
        after = batch[-1]
        yield batch


def renew(conn: Connection, core: Core, records: Collection[int]) -> int:
    """Put these records into the index as if it had never seen them; returns how many edges they have."""
    feature.forget(conn, list(records))
    return reindex(conn, core, records)


def resolve_again(conn: Connection, core: Core, records: Sequence[int], done: Collection[int], run: int) -> Outcome:
    """Resolve what hangs on these records, except what is `done`; for entities without rules, mirror them."""
    seeds = [id for id in records if id not in done]
    if not seeds:
        return Outcome()
    if core.matching is None:
        return mirror(conn, core, seeds, "rebuild", run)
    return resolve(conn, core, seeds, "rebuild", run)


def parents_first(entities: Mapping[str, Entity]) -> list[Entity]:
    """Entities in an order in which every parent comes before its children: a child matches on its parent's golden."""
    placed: dict[str, Entity] = {}
    waiting = dict(entities)
    while waiting:
        ready = [e for e in waiting.values() if not e.parent or e.parent in placed or e.parent not in entities]
        for entity in ready or list(waiting.values()):
            placed[entity.name] = entity
            waiting.pop(entity.name, None)
    return list(placed.values())


def everything(conn: Connection, cores: Sequence[Core], run: int = 0, *, indexed: bool = False) -> Outcome:
    """All of it in one transaction, for a state beside that nobody else uses; `indexed` when the index is there."""
    outcome = Outcome()
    for core in cores:
        entity = core.entity.name
        if core.matching is not None and not indexed:
            for batch in batches(conn, entity):
                renew(conn, core, batch)
        for batch in batches(conn, entity):
            outcome.add(resolve_again(conn, core, batch, outcome.touched, run))
    return outcome
