"""From edges and assertions to golden records: cluster what was touched, keep the ids, let values survive.

Proposal = f(edges, assertions) over whole connected components; what is applied is the difference to what is there.
Merging and parting never move data: they close and open rows of the crosswalk. Whatever the rules refuse or doubt
becomes a task for a steward; a question that no longer arises is withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from dedupe.cluster import Assertion, Clustering, Edge, Node, cluster
from goldbridge.ports import Json
from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, decision, golden, landing, match
from goldbridge.state.crosswalk import Move
from goldbridge.state.engine import now
from goldbridge.state.golden import Golden, Redirect
from goldbridge.state.landing import Record
from mdm import child, hierarchy
from mdm.claim import Claimant
from mdm.core import Core, claimant, speaks
from mdm.double import held_apart
from mdm.duplicate import open_duplicates
from mdm.evidence import lapse
from mdm.identity import Assignment, Issued, assign
from mdm.index import prepared
from mdm.override import Weighing, by_anchor
from mdm.qualification import Qualifying, steps_of
from mdm.review import open_reviews
from mdm.told import aliases


@dataclass(slots=True)
class Outcome:
    """What a resolution changed, for counters and messages."""

    records: int = 0
    clusters: int = 0
    moved: int = 0
    rehomed: int = 0
    created: int = 0
    redirected: int = 0
    retired: int = 0
    versions: int = 0
    tasks: int = 0
    goldens: list[int] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)

    def add(self, other: Outcome) -> None:
        for name in ("records", "clusters", "moved", "created", "redirected", "retired", "versions", "tasks"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.goldens.extend(other.goldens)
        self.touched |= other.touched


@dataclass(frozen=True, slots=True)
class Scope:
    """A closed part of the candidate graph: no edge, assertion or membership leads out of it."""

    records: dict[int, Record]
    edges: list[match.Edge]
    assertions: list[decision.Assertion]
    current: dict[int, int]


def resolve(
    conn: Connection,
    core: Core,
    seeds: Collection[int],
    cause: str,
    run: int,
    *,
    restore: Mapping[int, int] | None = None,
    chosen: Mapping[int, int] | None = None,
    basis: crosswalk.Basis = "auto",
) -> Outcome:
    """Recompute everything that `seeds` touch and apply the difference.

    `restore` and `chosen` (record -> golden id) come from an undone decision and from a steward's choice of survivor.
    Raises `Reject` DED020 when assertions contradict each other, naming the chain.
    """
    golden.turn(conn, core.entity.name)
    scope = gather(conn, core, seeds)
    own = {id: r for id, r in scope.records.items() if speaks(r) and r.anchor is None}
    if core.entity.parent:
        if basis == "steward":
            child.relate(conn, core.entity, own, list(scope.records))
        scope.assertions[:] = held_apart(conn, core.entity, own, scope.edges, scope.assertions, scope.current)
    if any(said.lapse == "on_evidence_change" for said in scope.assertions):
        lapse(conn, core, prepared(conn, core, own), scope.assertions)
    clustering = propose(conn, core, own, scope)
    outcome = house(conn, core, scope, clustering.clusters, cause, run, restore=restore, chosen=chosen, basis=basis)
    outcome.tasks += open_reviews(conn, core, scope.records, scope.edges, scope.assertions, clustering, outcome.goldens)
    return outcome


def house(
    conn: Connection,
    core: Core,
    scope: Scope,
    groups: Sequence[Sequence[int]],
    cause: str,
    run: int,
    *,
    restore: Mapping[int, int] | None = None,
    chosen: Mapping[int, int] | None = None,
    basis: crosswalk.Basis = "auto",
) -> Outcome:
    """Give every group of records of the scope its golden record: ids that last, surviving values, the crosswalk."""
    clusters = [[claimant(scope.records[id]) for id in ids] for ids in groups]
    assignment = assign(clusters, scope.current, _issued(conn, scope), restore=restore, chosen=chosen)
    outcome = Outcome(records=len(scope.records), clusters=len(clusters), touched=set(scope.records))
    _apply(conn, core, scope, clusters, assignment, cause, run, basis, outcome)
    outcome.tasks += open_duplicates(conn, core.entity.name, assignment.ids, scope.records)
    if core.entity.parent:
        outcome.tasks += child.settle(conn, list(scope.records))
    if outcome.rehomed:
        outcome.tasks += child.settle_below(conn, list(scope.records))
    return outcome


def gather(conn: Connection, core: Core, seeds: Collection[int]) -> Scope:
    """Close `seeds` under edges, active assertions, common golden records and anchors."""
    inside: set[int] = set()
    homes: set[int] = set()
    loaded: dict[int, Record] = {}
    edges: dict[tuple[int, int], match.Edge] = {}
    assertions: dict[int, decision.Assertion] = {}
    current: dict[int, int] = {}
    fresh = set(seeds)
    while fresh:
        inside |= fresh
        reached, found = match.component(conn, core.rev, fresh, bands=["auto"], known=inside, explained=False)
        edges.update(((edge.a, edge.b), edge) for edge in found)
        for said in decision.active_assertions(conn, fresh):
            assertions[said.id] = said
            reached |= {said.a, said.b}
        here = crosswalk.golden_of(conn, fresh)
        current.update(here)
        for members in crosswalk.members(conn, set(here.values()) - homes).values():
            reached.update(members)
        homes.update(here.values())
        for answers in landing.anchored(conn, fresh).values():
            reached.update(answers)
        new = landing.load(conn, fresh)
        loaded.update(new)
        reached.update(r.anchor for r in new.values() if r.anchor is not None)
        fresh = reached - inside
    doubtful = match.edges_touching(conn, core.rev, inside, bands=["review"], explained=False)
    edges.update(((edge.a, edge.b), edge) for edge in doubtful)
    records = {id: r for id, r in sorted(loaded.items()) if r.entity == core.entity.name}
    return Scope(records, [edges[pair] for pair in sorted(edges)], list(assertions.values()), current)


def propose(conn: Connection, core: Core, own: Mapping[int, Record], scope: Scope) -> Clustering:
    """The clusters that rules and stewards together ask for."""
    assert core.matching is not None
    known = prepared(conn, core, own)
    nodes = [Node(id, known[id].facts, f"{own[id].system}.{own[id].stream}") for id in sorted(own)]
    said = [a for a in scope.assertions if a.a in own and a.b in own]
    return cluster(
        nodes,
        [Edge(e.a, e.b, e.weight, e.band, tuple(e.vetoes)) for e in scope.edges if e.a in own and e.b in own],
        [Assertion(a.a, a.b, a.id) for a in said if a.kind.endswith("same")],
        [Assertion(a.a, a.b, a.id) for a in said if a.kind.endswith("different")],
        core.matching.limits,
        bands=core.matching.bands,
        vetoes=core.matching.vetoes,
        fresh=frozenset(id for id in own if id not in scope.current),
    )


def _issued(conn: Connection, scope: Scope) -> dict[int, Issued]:
    """Every golden id that these records have, had or founded, with the seniority of its founder."""
    ids = set(scope.current.values())
    for founded in golden.founded(conn, list(scope.records)).values():
        ids.update(founded)
    heads = golden.heads(conn, ids)
    founders = landing.load(conn, {founder for _, founder in heads.values()} - set(scope.records))
    known = {**founders, **scope.records}
    return {id: Issued(state, claimant(known[founder]).seniority()) for id, (state, founder) in heads.items()}


def _apply(
    conn: Connection,
    core: Core,
    scope: Scope,
    clusters: Sequence[Sequence[Claimant]],
    assignment: Assignment,
    cause: str,
    run: int,
    basis: crosswalk.Basis,
    outcome: Outcome,
) -> None:
    place = {c.record: id for id, cluster in zip(assignment.ids, clusters, strict=True) for c in cluster}
    place.update(aliases(scope.records, scope.assertions, place))
    _follow_aliases(scope, assignment, place)
    answers = _followers(scope, place)
    goldens = golden.load(conn, {*assignment.ids, *assignment.redirects, *assignment.retired})
    outcome.created = sum(id not in goldens for id in assignment.ids)
    recalled = [id for id in assignment.ids if id in goldens and goldens[id].state != "active"]
    if recalled:
        golden.recall(conn, recalled, cause, run)
        goldens.update(golden.load(conn, recalled))
    said = decision.active_overrides(conn, list(scope.records))
    weighing = Weighing(core, by_anchor(said), now(conn))
    roles = Qualifying(core, steps_of(said))
    changed: list[Golden] = []
    for id, members in zip(assignment.ids, clusters, strict=True):
        record = goldens.get(id) or _founded(core.entity, id, assignment)
        followers = answers.get(id, [])
        survived = weighing.survive(id, members, followers, scope.records)
        record.state = "active"
        record.values, record.lineage = survived.values, dict(survived.lineage)
        roles.stand(id, members, followers, record.values, record.lineage)
        changed.append(record)
        place.update((answer.record, id) for answer in followers)
    for id in (*assignment.redirects, *assignment.retired):
        goldens[id].state = "redirected" if id in assignment.redirects else "retired"
        changed.append(goldens[id])
    outcome.versions = len(golden.save(conn, changed, cause, run, details=_travels(scope, place)))
    outcome.moved = crosswalk.move(conn, _moves(scope, place, basis), cause, run)
    outcome.rehomed = sum(place.get(record, home) != home for record, home in scope.current.items())
    outcome.redirected, outcome.retired = len(assignment.redirects), len(assignment.retired)
    outcome.goldens = list(assignment.ids)
    redirects = [_redirect(old, new, scope, place) for old, new in assignment.redirects.items()]
    golden.redirect(conn, redirects, cause, run)
    outcome.tasks += weighing.settle(conn, scope.records, always=basis == "steward")
    outcome.tasks += roles.settle(conn, scope.records)
    outcome.tasks += hierarchy.settle(conn, core.entity, changed, list(scope.records))


def _follow_aliases(scope: Scope, assignment: Assignment, place: Mapping[int, int]) -> None:
    """A golden record whose last record was merged into another's by its source leads there; it is not retired."""
    for old in list(assignment.retired):
        heirs = {place[record] for record, home in scope.current.items() if home == old and record in place}
        if heirs:
            assignment.retired.remove(old)
            assignment.redirects[old] = sorted(heirs)


def _followers(scope: Scope, place: Mapping[int, int]) -> dict[int, list[Claimant]]:
    """Golden id -> the records about its records, which go where their anchors go, or stay when the anchor is gone."""
    found: dict[int, list[Claimant]] = {}
    alive = set(place.values())
    for record in scope.records.values():
        if record.anchor is None or not speaks(record):
            continue
        home = _home_of_anchor(record, scope, place)
        if home in alive:
            found.setdefault(home, []).append(claimant(record))
    return found


def _home_of_anchor(record: Record, scope: Scope, place: Mapping[int, int]) -> int:
    """Where the anchor is: an answer may hang on a row of ours that itself hangs on a source record."""
    seen = {record.id}
    at = record.anchor
    while at is not None and at not in place and at not in seen and at in scope.records:
        seen.add(at)
        at = scope.records[at].anchor
    home = place.get(at) if at is not None else None
    return home if home is not None else scope.current.get(record.id, 0)


def _founded(entity: Entity, id: int, assignment: Assignment) -> Golden:
    founder, counter = assignment.founders[id]
    return Golden(id=id, entity=entity.name, founder=founder.record, counter=counter)


def _travels(scope: Scope, place: Mapping[int, int]) -> dict[int, Json]:
    """What the event of a golden record says beside its version: which records came from where, and left to where."""
    found: dict[int, dict[str, dict[str, list[int]]]] = {}
    for record, old in sorted(scope.current.items()):
        new = place.get(record)
        if new is not None and new != old:
            found.setdefault(new, {}).setdefault("came", {}).setdefault(str(old), []).append(record)
            found.setdefault(old, {}).setdefault("left", {}).setdefault(str(new), []).append(record)
    return dict(found)


def _moves(scope: Scope, place: Mapping[int, int], basis: crosswalk.Basis) -> list[Move]:
    """Where each record of the scope is now to be, and only for those that move."""
    return [Move(id, place.get(id), basis) for id in sorted(scope.records) if scope.current.get(id) != place.get(id)]


def _redirect(old: int, new: Sequence[int], scope: Scope, place: Mapping[int, int]) -> Redirect:
    members: dict[int, list[int]] = {id: [] for id in new}
    for record, home in sorted(scope.current.items()):
        if home == old and place.get(record) in members:
            members[place[record]].append(record)
    return Redirect(old, members)
