"""Master: matches changed records and brings their golden records up to date.

The outbox says which records changed. Their keys and edges are renewed in batches, then every connected component they
touch is resolved; the cursor moves last, so that a run that dies is simply done again, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from dedupe.rule import Rules, compile_rules
from dedupe.statistic import Statistics, statistics
from flows.running import Running
from goldbridge.errors import Halt
from goldbridge.records.model import Entity
from goldbridge.settings.project import Project
from goldbridge.state import crosswalk, cursor, landing, outbox, relation, ruleset
from mdm.core import Core, speaks
from mdm.index import prepared, reindex
from mdm.resolution import Outcome, resolve
from mdm.survivorship_rule import Rules as SurvivorshipRules

INDEX_BATCH = 1000
RESOLVE_BATCH = 2000
EVENTS = 5000
CONSUMER = "master"
"""Whose place in the outbox this is: all master flows share it, since they keep the same golden records."""


def master(run: Running, project: Project, survivorship: SurvivorshipRules, entities: Sequence[str]) -> None:
    """Master these entities, parents first, each with the active revision of its rules."""
    for name in entities:
        core = activate(run, project, survivorship, name)
        _master_entity(run, core)


def activate(run: Running, project: Project, survivorship: SurvivorshipRules, name: str) -> Core:
    """The compiled rules of an entity under the active ruleset revision.

    Rules that were edited, or the first records ever, make a new revision: statistics are taken from what is landed now
    and frozen with it, so that a score never depends on what else arrives later. Edges carry the revision in which
    their own entity's rules last changed.
    """
    entity = project.model.entities[name]
    rules = compile_rules(project.matching, name, entity.fields)
    memo: dict[int, Any] = {}
    with run.page() as conn:
        active = ruleset.active(conn)
        document = dict(active.document) if active else {}
        frozen = dict(active.statistics) if active else {}
        if name not in document or document[name]["rules"] != rules.as_json():
            since = max((part["since"] for part in document.values()), default=0) + 1
            blank = Core(entity, survivorship[name], rules, Statistics(), since, memo)
            population = {r.id: r for r in landing.scan_all(conn, entity=name) if speaks(r) and r.anchor is None}
            frozen[name] = statistics(rules, prepared(conn, blank, population).values()).as_json()
            document[name] = {"rules": rules.as_json(), "since": since}
            ruleset.activate(conn, ruleset.add(conn, document, frozen, "system"), "system")
            run.log.info("ruleset activated", entity=name, revision=since, records=len(population))
    return Core(entity, survivorship[name], rules, Statistics.from_json(frozen[name]), document[name]["since"], memo)


def rules_in_force(conn: Connection, project: Project, survivorship: SurvivorshipRules, name: str) -> Core:
    """The rules under which this entity was last mastered; what a steward's decision is resolved with.

    Raises `Halt` FLW035 when the entity was never mastered, or never is.
    """
    if not project.model.entities[name].mastered:
        raise Halt("FLW035", f"{name} is not mastered: hard identifiers join its records, not stewards")
    active = ruleset.active(conn)
    if active is None or name not in active.document:
        raise Halt("FLW035", f"no {name} was mastered yet; run a master flow first")
    part = active.document[name]
    return Core(
        project.model.entities[name],
        survivorship[name],
        Rules.from_json(part["rules"]),
        Statistics.from_json(active.statistics[name]),
        part["since"],
    )


def _master_entity(run: Running, core: Core) -> None:
    place = f"master:{core.entity.name}:{core.rev}"
    records, until = _changed_records(run, core.entity, place)
    children, parents_until = _children_of_changed_parents(run, core.entity, f"{place}:parents")
    dirty = sorted(records | children)
    for batch in _batches(dirty, INDEX_BATCH):
        with run.page() as conn:
            edges = reindex(conn, core, batch)
        run.count(edges=edges)
        run.progress.advance(len(batch))
    outcome = Outcome()
    for batch in _batches(dirty, RESOLVE_BATCH):
        seeds = [id for id in batch if id not in outcome.touched]
        if seeds:
            with run.page() as conn:
                outcome.add(resolve(conn, core, seeds, f"run:{run.id}", run.id))
    with run.page() as conn:
        cursor.advance(conn, CONSUMER, str(until), "", run.id, partition=place)
        cursor.advance(conn, CONSUMER, str(parents_until), "", run.id, partition=f"{place}:parents")
    run.counters.add({"applied": len(dirty)})
    run.count(
        golden_created=outcome.created, golden_versions=outcome.versions, moved=outcome.moved, tasks=outcome.tasks,
        redirected=outcome.redirected, retired=outcome.retired,
    )  # fmt: skip


def _changed_records(run: Running, entity: Entity, place: str) -> tuple[set[int], int]:
    """Source records of the entity with a visible change since this flow last looked, and how far it has looked."""
    found: set[int] = set()
    with run.store.read() as conn:
        left = cursor.load(conn, CONSUMER, place)
        after = int(left.value) if left is not None and left.value else 0
        while events := outbox.read(conn, after, kind="record", entities=[entity.name], limit=EVENTS):
            after = events[-1].seq
            found.update(event.subject for event in events)
    return found, after


def _children_of_changed_parents(run: Running, entity: Entity, place: str) -> tuple[set[int], int]:
    """Records that refer to a party whose golden record changed: what they match on is their parent's golden record."""
    if not entity.parent:
        return set(), 0
    found: set[int] = set()
    with run.store.read() as conn:
        left = cursor.load(conn, CONSUMER, place)
        after = int(left.value) if left is not None and left.value else 0
        while events := outbox.read(conn, after, kind="golden", entities=[entity.parent], limit=EVENTS):
            after = events[-1].seq
            members = crosswalk.members(conn, {event.subject for event in events})
            parents = {id for ids in members.values() for id in ids}
            found.update(r.child for r in relation.touching(conn, parents, kinds=[f"{entity.name}_of"]))
    return found, after


def _batches(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
