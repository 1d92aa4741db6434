"""Relations between golden records of one entity: who owns whom, whose branch it is, who it was before.

They follow the surviving values, so that survivorship ranks them and a pin corrects them; they are kept between
records, so that a merge or a split moves them. A golden record never leads back to itself: of the relations that would
close a circle (a branch merged with its head office), one is dropped, nobody follows it, and a steward is asked. Which
one is a function of what is there: what a steward pinned stays before what sources say, then the smaller record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection

from goldbridge.records.field import RELATIONS
from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, decision, golden, landing, relation, task
from goldbridge.state.document import digest
from goldbridge.state.golden import Golden
from goldbridge.state.relation import Relation
from goldbridge.state.task import NewTask
from mdm.identity import write_id
from mdm.lane import lane

KIND = "relation_dropped"
"""Which of these relations is wrong? Asked of one that would lead back to where it starts (E82)."""

KEPT, DROPPED = "golden", "dropped"
FAMILIES = (frozenset({"parent_of", "branch_of"}), frozenset({"formerly"}))
"""Kinds that may not lead in a circle together: a branch of one's own subsidiary is one as well."""


class Edge(NamedTuple):
    """A relation between golden records: `child` hangs on `parent`; `pinned` says that a steward said so."""

    child: int
    parent: int
    line: Relation
    pinned: bool = False


def circular(edges: Collection[Edge]) -> set[Relation]:
    """The relations without which none of the others leads back to where it starts."""
    dropped: set[Relation] = set()
    for family in FAMILIES:
        up: dict[int, set[int]] = {}
        mine = [edge for edge in edges if edge.line.kind in family]
        for edge in sorted(mine, key=lambda one: (not one.pinned, one.line.kind, one.line.child, one.line.parent)):
            if _leads(up, edge.parent, edge.child):
                dropped.add(edge.line)
            else:
                up.setdefault(edge.child, set()).add(edge.parent)
    return dropped


def _leads(up: Mapping[int, Collection[int]], start: int, end: int) -> bool:
    """Whether one comes from `start` up to `end`."""
    seen, fresh = {start}, [start]
    while fresh:
        at = fresh.pop()
        if at == end:
            return True
        above = [one for one in up.get(at, ()) if one not in seen]
        seen.update(above)
        fresh.extend(above)
    return False


def said(entity: Entity, heads: Iterable[Golden]) -> list[Relation]:
    """The relations that survived in these golden records, from the record that each rests on."""
    found = []
    for head in heads:
        for field, kind in entity.relations.items():
            value, line = head.values.get(field), head.lineage.get(field)
            if head.state != "active" or not isinstance(value, dict) or not isinstance(line, dict):
                continue
            if value.get("key") and "record" in line:
                system, _, stream = value["ref"].partition(".")
                parent = landing.record_id(system, stream, str(value["key"]))
                found.append(Relation(kind, line["record"], parent))
    return found


def settle(conn: Connection, entity: Entity, heads: Sequence[Golden], records: Collection[int]) -> int:
    """Keep the relations of golden records that were made anew, of which `records` are all; returns open questions."""
    if not entity.relations:
        return 0
    wanted, held = said(entity, heads), relation.above(conn, records, kinds=RELATIONS)
    if not (wanted or held):  # who hangs on nobody is in no circle
        return 0
    away = {one[:3] for one in held if one.basis == DROPPED}
    relation.replace(conn, records, [one for one in wanted if one[:3] in away], basis=DROPPED)
    relation.replace(conn, records, [one for one in wanted if one[:3] not in away], basis=KEPT)
    edges = _around(conn, entity, {head.id for head in heads})
    dropped = circular(edges)
    relation.rebase(conn, [one for one in dropped if one.basis == KEPT], DROPPED)
    relation.rebase(conn, [e.line for e in edges if e.line.basis == DROPPED and e.line not in dropped], KEPT)
    opened = task.open_tasks(conn, _questions(conn, entity, [edge for edge in edges if edge.line in dropped]))
    ends = {*records, *(end for edge in edges for end in (edge.line.child, edge.line.parent))}
    over = [one.id for one in task.touching(conn, ends) if one.kind == KIND and one.id not in opened]
    task.withdraw(conn, over, "nothing leads in a circle any more")
    return len(opened)


def _around(conn: Connection, entity: Entity, goldens: Collection[int]) -> list[Edge]:
    """Every relation that may lead back to one of these golden records, or that was dropped.

    Whoever is in a circle is above itself, so it is enough to go up: a branch of a group of ten thousand costs no more.
    """
    lines: set[Relation] = set()
    home: dict[int, int] = {}
    seen: set[int] = set()
    home.update(crosswalk.golden_of(conn, {line.child for line in relation.all_dropped(conn)}))
    fresh = {*goldens, *home.values()}
    while fresh:
        seen |= fresh
        members = {record: id for id, ids in crosswalk.members(conn, fresh).items() for record in ids}
        home.update(members)
        above = relation.above(conn, members, kinds=RELATIONS)
        lines.update(above)
        home.update(crosswalk.golden_of(conn, {line.parent for line in above} - home.keys()))
        fresh = {home[line.parent] for line in above if line.parent in home} - seen
    pins = decision.active_overrides(conn, {line.child for line in lines})
    pinned = {(pin.anchor, entity.relations[pin.field]) for pin in pins if pin.field in entity.relations}
    return [
        Edge(home[line.child], home[line.parent], line, (line.child, line.kind) in pinned)
        for line in sorted(lines)
        if line.child in home and line.parent in home
    ]


def _questions(conn: Connection, entity: Entity, edges: Sequence[Edge]) -> list[NewTask]:
    known = landing.load(conn, {end for edge in edges for end in (edge.line.child, edge.line.parent)})
    fields = {kind: name for name, kind in entity.relations.items()}
    asked = []
    for edge in edges:
        child, parent = (write_id(entity.name, id) for id in (edge.child, edge.parent))
        what = f"{edge.line.kind}: {child} would lead back to itself"
        if edge.child != edge.parent:
            what = f"{edge.line.kind}: {child} leads to {parent}, and that leads back"
        field = fields.get(edge.line.kind, edge.line.kind)
        payload: dict[str, Any] = {
            "relation": edge.line.kind,
            "goldens": [child, parent],
            "reason": f"{what}; the relation is dropped until you take the merge back, or correct it: "
            f"goldbridge golden suppress {child} {field}",
            "labels": [_label(known[end]) for end in (edge.line.child, edge.line.parent)],
        }
        ends = [edge.line.child, edge.line.parent]
        asked.append(NewTask(KIND, ends, payload, entity.name, lane(KIND), 1, digest(payload)))
    return asked


def _label(record: landing.Record) -> dict[str, Any]:
    values = record.canonical or {}
    return {"source": f"{record.system}.{record.stream}", "key": record.key, "name": values.get("name")}


@dataclass(slots=True)
class Branch:
    """A golden record in its hierarchy; `kind` is how it hangs on the one above, `below` what hangs on it."""

    golden: int
    kind: str
    below: list[Branch]


def upwards(conn: Connection, id: int, kinds: Collection[str] = FAMILIES[0]) -> list[list[tuple[str, int]]]:
    """What a golden record hangs on, step by step to the top: per step each (kind, golden id)."""
    steps: list[list[tuple[str, int]]] = []
    seen, fresh = {id}, [id]
    while fresh:
        found = sorted({(kind, up) for kind, _, up in _next(conn, fresh, kinds, up=True) if up not in seen})
        if found:
            steps.append(found)
        fresh = sorted({up for _, up in found})
        seen.update(fresh)
    return steps


def tree(conn: Connection, id: int, depth: int = 20) -> list[Branch]:
    """The hierarchies of owners and head offices that a golden record is in, each from its top."""
    ways = upwards(conn, id)
    above = {up for step in ways for _, up in step}
    not_top = {child for _, child, _ in _next(conn, above, FAMILIES[0], up=True)} if above else set()
    tops = [Branch(top, "", []) for top in sorted(above - not_top)] or [Branch(id, "", [])]
    seen = {top.golden for top in tops}
    fresh = {top.golden: [top] for top in tops}
    for _ in range(depth):
        hanging: dict[int, list[Branch]] = {}
        for kind, child, parent in _next(conn, list(fresh), FAMILIES[0], up=False):
            for place in fresh[parent]:
                made = Branch(child, kind, [])
                place.below.append(made)
                hanging.setdefault(child, []).append(made)
        fresh = {child: made for child, made in hanging.items() if child not in seen}
        seen |= fresh.keys()
        if not fresh:
            break
    return tops


def _next(
    conn: Connection, goldens: Collection[int], kinds: Collection[str], *, up: bool
) -> list[tuple[str, int, int]]:
    """(kind, child, parent) of the kept relations that lead from these golden records up, or to them."""
    members = {record for ids in crosswalk.members(conn, goldens).values() for record in ids}
    lines = (relation.above if up else relation.below)(conn, members, kinds=kinds)
    lines = [line for line in lines if line.basis == KEPT]
    home = crosswalk.golden_of(conn, {end for line in lines for end in (line.child, line.parent)})
    return sorted(
        {
            (line.kind, home[line.child], home[line.parent])
            for line in lines
            if line.child in home and line.parent in home
        }
    )


def heads_of(conn: Connection, branches: Iterable[Branch]) -> dict[int, Golden]:
    """The golden records in these hierarchies."""
    ids: set[int] = set()
    waiting = list(branches)
    while waiting:
        one = waiting.pop()
        ids.add(one.golden)
        waiting.extend(one.below)
    return golden.load(conn, ids)


def dropped_of(conn: Connection, goldens: Collection[int]) -> set[tuple[int, str]]:
    """(golden id, kind) of the relations of these golden records that nobody follows."""
    home = {record: id for id, records in crosswalk.members(conn, goldens).items() for record in records}
    return {(home[one.child], one.kind) for one in relation.above(conn, home, kinds=RELATIONS) if one.basis == DROPPED}


def broken(conn: Connection) -> Iterable[str]:
    """E82: no kept relation leads in a circle, and of each that was dropped somebody is asked; over the whole store."""
    kept = relation.of_kinds(conn, RELATIONS, KEPT)
    wrong = circular([Edge(child, parent, line) for line, child, parent in kept])
    dropped = relation.of_kinds(conn, RELATIONS, DROPPED)
    asked = task.list_tasks(conn, states=("open", "deferred"), kinds=[KIND], limit=1_000_000)
    open_ = {tuple(one.subject) for one in asked}
    unasked = [one for one in dropped if tuple(sorted({one[0].child, one[0].parent})) not in open_]
    heads = golden.load(conn, {id for _, *ids in (*kept, *dropped) for id in ids if wrong or unasked})
    for line, child, parent in kept:
        if line in wrong:
            ids = " and ".join(write_id(heads[id].entity, id) for id in dict.fromkeys((child, parent)))
            yield f"E82 {line.kind} leads {ids} in a circle"
    for line, child, _ in unasked:
        yield f"E82 {line.kind} of {write_id(heads[child].entity, child)} is dropped, and nobody is asked"
