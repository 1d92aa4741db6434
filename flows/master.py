"""Master: matches changed records and brings their golden records up to date.

The outbox says which records changed. Their keys and edges are renewed in batches, then every connected component they
touch is resolved; the cursor moves last, so that a run that dies is simply done again, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from dedupe.rule import Rules
from flows import rules
from flows.lapse import lapsed
from flows.running import Running
from goldbridge.records.model import Entity
from goldbridge.settings.project import Project
from goldbridge.state import crosswalk, cursor, outbox, relation, ruleset
from goldbridge.state.ruleset import Ruleset
from mdm.core import Core
from mdm.index import reindex
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
    """The rules of an entity that are in force, with their frozen statistics.

    An entity that never had any gets those of the files, with statistics of what is landed now: a score never depends
    on what else arrives later. Edits of the files wait for a review; until then the run says that they wait.
    """
    with run.page() as conn:
        active = ruleset.active(conn)
        if active is None or "survivorship" not in active.document.get(name, {}):
            active = _first(conn, project, name, active)
            run.log.info("ruleset activated", entity=name, revision=active.rev)
        waiting = rules.edited(project, name, active.document[name])
        core = rules.core_of(project, active, name)
    if waiting:
        files = " and ".join(waiting)
        verb = "ask" if len(waiting) > 1 else "asks"
        note = (
            f"{files} {verb} for other rules of {name} than are in force (revision {active.rev}); "
            "see what they would do: goldbridge rules diff"
        )
        run.message = "; ".join(filter(None, (run.message, note)))
        run.log.warning("edited rules wait for a review", entity=name, files=files, revision=active.rev)
    return core


def _first(conn: Connection, project: Project, name: str, active: Ruleset | None) -> Ruleset:
    """Put the rules that the files ask for in force, where there is nothing to compare them with.

    States from before survivorship was kept with a revision get it added; their matching rules stay as they are.
    """
    document = dict(active.document) if active else {}
    frozen = dict(active.statistics) if active else {}
    wanted = rules.asked(project, name)
    if name in document:
        document[name] = {**document[name], "survivorship": wanted["survivorship"]}
    else:
        document[name] = {**wanted, "since": rules.next_since(conn)}
        frozen[name] = rules.freeze(conn, project.model.entities[name], Rules.from_json(wanted["rules"]))
    rev = ruleset.add(conn, document, frozen, "system")
    ruleset.activate(conn, rev, "system")
    return ruleset.load(conn, rev)


def rules_in_force(conn: Connection, project: Project, survivorship: SurvivorshipRules, name: str) -> Core:
    """The rules under which this entity was last mastered; what a steward's decision is resolved with.

    Raises `Halt` FLW035 when the entity was never mastered, or never is.
    """
    return rules.in_force(conn, project, name, survivorship)


def place(core: Core) -> str:
    """Where the master flows have left the outbox for an entity, under the edges of these rules."""
    return f"master:{core.entity.name}:{core.rev}"


def _master_entity(run: Running, core: Core) -> None:
    here = place(core)
    records, until = _changed_records(run, core.entity, here)
    children, parents_until = _children_of_changed_parents(run, core.entity, f"{here}:parents")
    dirty = sorted(records | children)
    for batch in _batches(dirty, INDEX_BATCH):
        with run.page() as conn:
            edges = reindex(conn, core, batch)
        run.count(edges=edges)
        run.progress.advance(len(batch))
    outcome = Outcome()
    with run.store.read() as conn:
        over = lapsed(conn, core)
    for batch in _batches(sorted({*dirty, *over.records}), RESOLVE_BATCH):
        seeds = [id for id in batch if id not in outcome.touched]
        if seeds:
            with run.page() as conn:
                outcome.add(resolve(conn, core, seeds, f"run:{run.id}", run.id))
    with run.page() as conn:
        cursor.advance(conn, CONSUMER, str(until), "", run.id, partition=here)
        cursor.advance(conn, CONSUMER, str(parents_until), "", run.id, partition=f"{here}:parents")
        over.remember(conn, run.id)
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
