"""Children of golden records: on which record of its parent each hangs, and what a merge that is split leaves open.

A child hangs on the row that its source names. That row follows its company through merges and splits, and the child
with it. Only a row that we wrote ourselves stands for a golden record as a whole: a child that came while it stood for
two companies which are apart by now belongs to either, and nobody can tell but a person (E80). Until they do, it waits:
it is matched and published under neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, decision, golden, landing, relation, task
from goldbridge.state.decision import Override
from goldbridge.state.document import digest
from goldbridge.state.landing import Record
from goldbridge.state.relation import Relation
from goldbridge.state.task import NewTask
from mdm.core import speaks
from mdm.identity import write_id
from mdm.lane import lane

KIND = "late_child"
"""To which of these does this child belong? Asked of one that came while they were one golden record (E80)."""

PLACED = "steward"


def end_of(reference: Any) -> int | None:
    """The record that a reference names."""
    if not isinstance(reference, dict) or not reference.get("key"):
        return None
    system, _, stream = str(reference["ref"]).partition(".")
    return landing.record_id(system, stream, str(reference["key"]))


def placements(conn: Connection, entity: Entity, records: Collection[int]) -> dict[tuple[int, str], Override]:
    """(record, reference field) -> what a steward said about it; nearly always empty."""
    fields = {field.name for field in entity.fields.values() if field.type == "reference"}
    return {(one.anchor, one.field): one for one in decision.active_overrides(conn, records) if one.field in fields}


def relate(conn: Connection, entity: Entity, live: Mapping[int, Record], records: Collection[int]) -> None:
    """Keep which record each of these hangs on, so that a parent that moves finds its children."""
    if not entity.parent:
        return
    placed = placements(conn, entity, live)
    claims, said = [], []
    for id, record in live.items():
        for field in entity.fields.values():
            if field.type != "reference" or field.relation:
                continue
            own, pin = end_of((record.canonical or {}).get(field.name)), placed.get((id, field.name))
            to = end_of(pin.value) if pin is not None else own
            kind = f"{entity.name}_of"
            if own is not None:
                over = pin.at if pin is not None and to != own else ""
                claims.append(Relation(kind, id, own, since=record.received_at, until=over))
            if pin is not None and to is not None:
                said.append(Relation(kind, id, to, PLACED, since=pin.at))
    relation.replace(conn, records, claims)
    relation.replace(conn, records, said, basis=PLACED)


def waiting(conn: Connection, records: Collection[int]) -> dict[int, int]:
    """Record -> the open question to which side it belongs; nearly always empty."""
    return {record: one.id for one in task.touching(conn, records) if one.kind == KIND for record in one.subject}


def asked_about(conn: Connection, goldens: Collection[int]) -> dict[int, str]:
    """Golden id -> what it waits for, for golden records of children whose side nobody knows."""
    home = {record: id for id, records in crosswalk.members(conn, goldens).items() for record in records}
    return {home[record]: f"task {number}" for record, number in sorted(waiting(conn, home).items()) if record in home}


def settle(conn: Connection, children: Collection[int]) -> int:
    """Ask to which side these children belong where nobody can tell, withdraw what is clear by now; returns how many
    questions are open."""
    if not children:
        return 0
    late = doubts(conn, children)
    opened = set(task.open_tasks(conn, list(_questions(conn, late))))
    clear = [one.id for one in task.touching(conn, children) if one.kind == KIND and one.id not in opened]
    task.withdraw(conn, clear, "it is clear by now where it belongs")
    return len(opened)


def settle_below(conn: Connection, rows: Collection[int]) -> int:
    """The same for all that hangs on these rows of parents, when they or those beside them were merged or split."""
    return settle(conn, {line.child for line in relation.below(conn, crosswalk.ours(conn, rows))})


Sides = dict[int, list[int]]
"""Golden id -> its records that were in the row's golden record when the child came."""


def doubts(conn: Connection, children: Collection[int]) -> dict[int, tuple[Relation, Sides]]:
    """Child -> the relation that may lead to either of several golden records by now, and those."""
    lines = [line for line in relation.above(conn, children) if line.basis == "source"]
    ours = crosswalk.parted(conn, crosswalk.ours(conn, {line.parent for line in lines}))
    doubtful = [line for line in lines if line.parent in ours]
    then = dict(_members_then(conn, doubtful))
    now = crosswalk.golden_of(conn, {record for members in then.values() for record in members})
    apart = {line: members for line, members in then.items() if len({now[one] for one in members if one in now}) > 1}
    known = landing.load(conn, {record for members in apart.values() for record in members})
    told = _told_by_others(conn, apart)
    found: dict[int, tuple[Relation, Sides]] = {}
    for line, members in sorted(apart.items()):
        sides: Sides = {}
        for one in members:
            if one in now and speaks(known[one]) and known[one].anchor is None:
                sides.setdefault(now[one], []).append(one)
        if len(sides) > 1 and line.child not in told:
            found.setdefault(line.child, (line, sides))
    return found


def _members_then(conn: Connection, lines: Iterable[Relation]) -> Iterator[tuple[Relation, list[int]]]:
    """Each relation with the records of its row's golden record when it was first read."""
    at: dict[str, list[Relation]] = {}
    for line in lines:
        at.setdefault(line.since, []).append(line)
    for since, some in sorted(at.items()):
        home = crosswalk.golden_of(conn, {line.parent for line in some}, as_of=since)
        members = crosswalk.members(conn, set(home.values()), as_of=since)
        for line in some:
            yield line, members.get(home.get(line.parent, 0), [])


def _told_by_others(conn: Connection, lines: Collection[Relation]) -> set[int]:
    """Those of these children that another record of their golden record places: the old CRM has the contract too."""
    home = crosswalk.golden_of(conn, {line.child for line in lines})
    members = crosswalk.members(conn, set(home.values()))
    beside = {one for records in members.values() for one in records}
    above = [
        line for line in relation.above(conn, beside - {line.child for line in lines}) if line.kind.endswith("_of")
    ]
    ours = crosswalk.ours(conn, {line.parent for line in above})
    clear = {line.child for line in above if line.parent not in ours}
    return {child for child, id in home.items() if not clear.isdisjoint(members.get(id, ()))}


def field_of(record: Record, parent: int) -> str:
    """The field in which a child names this parent, "" when it does not."""
    return next((name for name, value in (record.canonical or {}).items() if end_of(value) == parent), "")


def _questions(conn: Connection, late: Mapping[int, tuple[Relation, Sides]]) -> Iterator[NewTask]:
    if not late:
        return
    known = landing.load(conn, {*late, *(line.parent for line, _ in late.values())})
    heads = golden.load(conn, {id for _, sides in late.values() for id in sides})
    names = landing.names(
        conn, {one for _, sides in late.values() for ids in sides.values() for one in ids} | set(known)
    )
    for child, (line, sides) in sorted(late.items()):
        told = [
            {
                "golden": write_id(heads[id].entity, id),
                "name": heads[id].values.get("name"),
                "records": sorted(names[one] for one in records),
            }
            for id, records in sorted(sides.items())
        ]
        record = known[child]
        payload: dict[str, Any] = {
            "row": names[line.parent],
            "field": field_of(record, line.parent),
            "sides": told,
            "reason": f"it came while {names[line.parent]} stood for {len(told)} companies that are apart now; "
            f"to which does it belong?",
            "labels": [_label(record)],
        }
        yield NewTask(KIND, [child], payload, record.entity, lane(KIND), 2, digest(told))


def _label(record: Record) -> dict[str, Any]:
    values = record.canonical or {}
    name = values.get("name") or values.get("number")
    return {"source": f"{record.system}.{record.stream}", "key": record.key, "name": name}


def hanging(conn: Connection, records: Sequence[int]) -> dict[str, tuple[list[int], int]]:
    """Kind of relation -> golden records of the children that hang on these records, and how many wait for a side."""
    lines = [line for line in relation.below(conn, records) if line.basis in ("source", PLACED)]
    home = crosswalk.golden_of(conn, {line.child for line in lines})
    held = waiting(conn, home)
    found: dict[str, tuple[set[int], set[int]]] = {}
    for line in lines:
        if line.child in home:
            sure, unsure = found.setdefault(line.kind, (set(), set()))
            (unsure if line.child in held else sure).add(home[line.child])
    return {kind: (sorted(sure - unsure), len(unsure)) for kind, (sure, unsure) in sorted(found.items())}


def broken(conn: Connection) -> Iterator[str]:
    """E80: of every child that may belong to either of several golden records, somebody is asked; over the store."""
    children = set(relation.children_of_ours(conn))
    late = set(doubts(conn, children))
    unresolved = task.list_tasks(conn, states=("open", "deferred"), kinds=[KIND], limit=1_000_000)
    asked = {record for one in unresolved for record in one.subject}
    for name in sorted(landing.names(conn, late - asked).values()):
        yield f"E80 {name} may belong to either of several golden records, and nobody is asked"
    for name in sorted(landing.names(conn, asked - late).values()):
        yield f"E80 it is clear where {name} belongs, and somebody is asked"
