"""Publish: brings golden records to one object of a target system, and writes only what differs.

Whatever changed since the flow last looked is mapped, its references are resolved through the crosswalk, and compared
field by field with the write ledger. An unresolved reference parks the record until its parent is there; one that the
model does not require is written in a second phase, so that records that refer to each other can be written at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from flows.condition import Condition
from flows.delivering import Target, deliver
from flows.echo import EDITED
from flows.running import Running
from goldbridge.ports import Json
from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, cursor, dead, delivery, golden, landing, ledger, outbox, relation
from goldbridge.state.delivery import Delivery, Order, Settlement
from goldbridge.state.document import digest
from goldbridge.state.golden import Golden
from mdm.child import asked_about
from mdm.hierarchy import dropped_of
from mdm.identity import write_id

BATCH = 500


def publish(
    run: Running, target: Target, entity: Entity, condition: Condition | None = None, *, source: str = ""
) -> None:
    """Queue what changed, then deliver. `source` limits an unmastered entity to the goldens of one stream."""
    queued = unpark(run, target, entity, condition)
    queued += _queue_changes(run, target, entity, condition, source)
    deliver(run, target, queued)


def _queue_changes(run: Running, target: Target, entity: Entity, condition: Condition | None, source: str) -> list[int]:
    """Walk the outbox from where this flow left it; another mapping or condition starts from the beginning."""
    place = f"outbox:{target.mapping.revision}"
    if condition is not None:
        place += f":{digest(condition.source)[:8]}"
    queued: list[int] = []
    seen: set[int] = set()
    for walk in _walks(target, entity, place):
        while True:
            with run.page() as conn:
                events = _events(conn, run, target, walk)
                if not events:
                    break
                fresh = _meant(conn, entity, walk, events) - seen
                seen |= fresh
                queued += queue(conn, run, target, entity, _of_source(conn, fresh, source), condition)
                cursor.advance(conn, run.flow, str(events[-1].seq), "", run.id, partition=walk.place)
            run.progress.advance(len(fresh))
    return queued


class _Walk(NamedTuple):
    """One way through the outbox: which events, and whose golden records they are about.

    All but the first begin at the newest event when they are new, since that one looks at every golden record.
    """

    place: str
    kind: Literal["golden", "record"]
    about: Literal["itself", "children", "rows"]
    entities: Collection[str]


def _walks(target: Target, entity: Entity, place: str) -> list[_Walk]:
    """Where the others start is noted before anything is mapped; so they come first."""
    parents = sorted({entity.fields[field].reference for field in target.mapping.resolve_from.values()})
    walks = [_Walk(f"{place}:rows", "record", "rows", [entity.name]), _Walk(place, "golden", "itself", [entity.name])]
    return [_Walk(f"{place}:parents", "golden", "children", parents), *walks] if parents else walks


def _events(conn: Connection, run: Running, target: Target, walk: _Walk) -> list[outbox.Event]:
    left = cursor.load(conn, run.flow, walk.place)
    if left is None and walk.about != "itself":
        cursor.advance(conn, run.flow, str(outbox.head(conn)), "", run.id, partition=walk.place)
        return []
    after = int(left.value) if left is not None and left.value else 0
    rows = {"system": target.system, "stream": target.stream.name} if walk.about == "rows" else {}
    return outbox.read(conn, after, kind=walk.kind, entities=walk.entities, limit=BATCH, **rows)


def _meant(conn: Connection, entity: Entity, walk: _Walk, events: Sequence[outbox.Event]) -> set[int]:
    """The golden records that these events give reason to look at."""
    if walk.about == "rows":
        # Somebody edited a row of ours: is it still what the golden record says?
        edited = {event.subject for event in events if event.event == EDITED}
        return set(crosswalk.golden_of(conn, edited).values())
    ids = _with_heirs(conn, {event.subject for event in events})
    return ids if walk.about == "itself" else _children(conn, entity, ids)


def _with_heirs(conn: Connection, ids: Collection[int]) -> set[int]:
    """These golden records and those that the redirected ones among them lead to, which now answer for their rows."""
    return {*ids, *(heir for way in golden.resolve(conn, ids).values() for heir in way.ids)}


def _children(conn: Connection, entity: Entity, parents: Collection[int]) -> set[int]:
    """The golden records whose records hang on records of these: their row may have to be moved to another parent."""
    members = {id for ids in crosswalk.members(conn, parents).values() for id in ids}
    related = relation.touching(conn, members, kinds=[f"{entity.name}_of"])
    return set(crosswalk.golden_of(conn, {one.child for one in related}).values())


def of_source(conn: Connection, goldens: Iterable[Golden], source: str) -> set[int]:
    """Those golden records that have, or were founded by, a record of `system.stream`."""
    found = list(goldens)
    members = crosswalk.members(conn, [g.id for g in found])
    records = landing.origins(conn, {g.founder for g in found} | {id for ids in members.values() for id in ids})
    return {
        g.id
        for g in found
        if any(
            f"{records[id].system}.{records[id].stream}" == source
            for id in (g.founder, *members.get(g.id, ()))
            if id in records
        )
    }


def _of_source(conn: Connection, goldens: Collection[int], source: str) -> list[int]:
    if not source:
        return sorted(goldens)
    return sorted(of_source(conn, golden.load(conn, goldens, lineage=False).values(), source))


def queue(
    conn: Connection, run: Running, target: Target, entity: Entity, ids: Iterable[int], condition: Condition | None
) -> list[int]:
    """Decide for each golden record what is to be written, and queue it; counts every one of them.

    Returns the deliveries that are new. An order that was queued or sent before in the same words is none.
    """
    goldens = golden.load(conn, list(ids), lineage=False)
    active = [g for g in goldens.values() if g.state == "active" and (condition is None or condition(g.values))]
    active.sort(key=lambda g: g.id)
    gone = [g for g in goldens.values() if g.state == "retired"]
    run.counters.add({"filtered": len(goldens) - len(active) - len(gone)})
    orders, letters = _orders(conn, run, target, entity, active)
    orders += _deactivations(conn, run, target, entity, gone)
    dead.put(conn, run.flow, letters, run.id)
    told = {*(order.external_id for order in orders), *(letter.key for letter in letters)}
    _release(conn, run, target, {write_id(entity.name, id) for id in goldens} - told)
    queued = delivery.enqueue(conn, run.flow, orders, run.id)
    run.counters.add({"pending": len(queued), "unchanged": len(orders) - len(queued)})
    return queued


def _release(conn: Connection, run: Running, target: Target, quiet: Collection[str]) -> None:
    """Nothing is to be written for these any more: whatever could not be mapped or written before is settled."""
    if not dead.clear(conn, run.flow, target.system, target.stream.name, quiet):
        return
    after = 0
    while refused := delivery.list_deliveries(
        conn, target=target.system, object=target.stream.name, states=["dead"], after=after, limit=BATCH
    ):
        after = refused[-1].id
        delivery.settle(conn, [Settlement(i.id, "superseded") for i in refused if i.external_id in quiet])


def _orders(
    conn: Connection, run: Running, target: Target, entity: Entity, active: list[Golden]
) -> tuple[list[Order], list[dead.Letter]]:
    """What is to be written for these golden records, and what cannot be mapped; the others are counted here."""
    object = target.stream.name
    ids = [g.id for g in active]
    rows, blocked, late = referring_rows(conn, target, entity, active)
    batch = target.mapping.apply(rows)
    published = crosswalk.published(conn, ids, target.system, object)
    there = crosswalk.keys_of(conn, ids, target.system, object)
    keys = {g: published.get(g) or next(iter(there.get(g, ())), "") for g in ids}
    entries = ledger.load(conn, target.system, object, [key for key in keys.values() if key])
    withheld = target.restraint.withheld(conn, active, keys, entries) if target.restraint else {}
    orders: list[Order] = []
    letters: list[dead.Letter] = []
    fates: dict[str, int] = {}
    for index, record in enumerate(active):
        fate, key = batch.fates[index], keys[record.id]
        external = write_id(entity.name, record.id)
        if record.id in withheld and withheld[record.id] is None:
            fates["filtered"] = fates.get("filtered", 0) + 1
        elif record.id in blocked:
            orders.append(_order(target, entity, record, external, key, {}, blocked[record.id]))
        elif fate == "dead":
            letters.append(dead.letter(batch.errors[index], target.system, object, external, "map", source=rows[index]))
            fates["dead"] = fates.get("dead", 0) + 1
        elif fate == "filtered":
            fates["filtered"] = fates.get("filtered", 0) + 1
        else:
            values = batch.values[index] or {}
            if target.stream.external_id:
                values[target.stream.external_id] = external
            news = _news(values, entries.get(key))
            for name in withheld.get(record.id) or ():
                news.pop(name, None)
            if news.keys() - {target.stream.external_id if key and target.restraint else None}:
                order = _order(target, entity, record, external, key, news, late.get(record.id, ""))
                orders.append(order._replace(late=True))
            else:
                fates["unchanged"] = fates.get("unchanged", 0) + 1
    run.counters.add(fates)
    return orders, letters


def _news(values: Mapping[str, Json], entry: ledger.Entry | None) -> dict[str, Json]:
    """The fields that differ from what we last wrote; a field that was never written and has no value is no news."""
    if entry is None:
        return {name: value for name, value in values.items() if value is not None}
    return {
        name: value
        for name, value in values.items()
        if not entry.unchanged({name: value}) and not (value is None and name not in entry.fields)
    }


def _order(
    target: Target, entity: Entity, record: Golden, external: str, key: str, after: Mapping[str, Json], blocked: str
) -> Order:
    return Order(
        target=target.system,
        object=target.stream.name,
        subject=record.id,
        version=record.version,
        op="update" if key else "create",
        external_id=external,
        after=after,
        key=key,
        entity=entity.name,
        blocked_by=blocked,
        again=True,  # it differs from what the ledger knows the row to show
    )


def _deactivations(conn: Connection, run: Running, target: Target, entity: Entity, gone: list[Golden]) -> list[Order]:
    """A golden record without live sources is deactivated where we published it, never deleted."""
    entries = ledger.by_subject(conn, target.system, target.stream.name, [g.id for g in gone])
    keys = [entry.key for found in entries.values() for entry in found]
    known = landing.find(conn, target.system, target.stream.name, keys)
    records = landing.load(conn, known.values())
    alive = {key for key, id in known.items() if records[id].state == "live"}
    orders = []
    for record in gone:
        rows = [entry.key for entry in entries.get(record.id, ()) if entry.key in alive]
        if not rows:
            run.counters.add({"filtered": 1})
            continue
        orders.append(
            Order(
                target.system, target.stream.name, record.id, record.version, "deactivate",
                write_id(entity.name, record.id), {}, key=rows[0], entity=entity.name,
            )
        )  # fmt: skip
    return orders


def resolved_rows(
    conn: Connection, target: Target, entity: Entity, active: list[Golden]
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """The rows of `referring_rows`, and which of them cannot be written before their parent is there."""
    rows, blocked, _ = referring_rows(conn, target, entity, active)
    return rows, blocked


def referring_rows(
    conn: Connection, target: Target, entity: Entity, active: list[Golden]
) -> tuple[list[dict[str, Any]], dict[int, str], dict[int, str]]:
    """Golden values ready for the outgoing mapping, each reference replaced by the key its parent has in the target.

    A reference may lead to several objects (an account or a partner): one that leads nowhere is null. A record with a
    reference that leads nowhere at all is blocked by the parent, which is named; one whose side nobody knows by the
    question about it. Where the model does not require the reference, the record is written and told of its parent
    later: whom that concerns comes last.
    """
    late: dict[int, str] = {}
    rows = [{**g.values, "id": write_id(entity.name, g.id)} for g in active]
    wanted = {(target.mapping.resolve_from[name], object) for name, object in target.mapping.resolves.items()}
    blocked = asked_about(conn, [g.id for g in active]) if entity.parent else {}
    if not wanted:
        return rows, blocked, late
    parents = _parents(conn, entity, active, {field for field, _ in wanted})
    found = {
        object: crosswalk.keys_of(
            conn, {id for by in parents.values() for id in by.values() if id}, target.system, object
        )
        for _, object in wanted
    }
    dropped = dropped_of(conn, [g.id for g in active]) if entity.relations else set()
    for record, row in zip(active, rows, strict=True):
        for field in sorted({field for field, _ in wanted}):
            said = record.values.get(field)
            if not isinstance(said, dict):
                continue
            if (record.id, entity.fields[field].relation) in dropped:
                row[field] = None  # it would lead back to itself
                continue
            parent = parents[record.id].get(field)
            keys = {
                object: next(iter(found[object].get(parent, ())), None) if parent else None
                for name, object in wanted
                if name == field
            }
            row[field] = keys
            if not any(keys.values()):
                needed = entity.fields[field].required or entity.fields[field].relation
                (blocked if needed else late)[record.id] = f"{said['ref']}/{said['key']}"
    return rows, blocked, late


def _parents(
    conn: Connection, entity: Entity, active: list[Golden], fields: Collection[str]
) -> dict[int, dict[str, int | None]]:
    """Golden id -> reference field -> golden id of the parent, None where the crosswalk does not know it."""
    asked: dict[str, set[str]] = {}
    for record in active:
        for field in fields:
            said = record.values.get(field)
            if isinstance(said, dict):
                asked.setdefault(said["ref"], set()).add(str(said["key"]))
    known = {
        (ref, key): parent
        for ref, keys in asked.items()
        for key, parent in crosswalk.resolve_keys(conn, *_ends(ref), keys).items()
    }
    return {
        record.id: {
            field: known.get((said["ref"], str(said["key"])))
            for field in fields
            if isinstance(said := record.values.get(field), dict)
        }
        for record in active
    }


def unpark(run: Running, target: Target, entity: Entity, condition: Condition | None = None) -> list[int]:
    """Look again at records that waited for a parent: those whose parent is there now are queued anew, and those that
    are not to be published any more wait no longer. Returns the deliveries that are new."""
    after = 0
    queued: list[int] = []
    while True:
        with run.page() as conn:
            parked = delivery.list_deliveries(
                conn, target=target.system, object=target.stream.name, states=["parked"], after=after, limit=BATCH
            )
            if not parked:
                return queued
            after = parked[-1].id
            mine = {item.subject: item for item in parked if item.flow == run.flow}
            goldens = list(golden.load(conn, list(mine)).values())
            active = [g for g in goldens if g.state == "active" and (condition is None or condition(g.values))]
            _, blocked, late = referring_rows(conn, target, entity, active)
            waits = blocked | {id: parent for id, parent in late.items() if _is_second(mine[id])}
            freed = [g.id for g in goldens if g.id not in waits]
            run.counters.add({"pending": len(waits)})
            delivery.settle(conn, [Settlement(mine[id].id, "superseded") for id in freed])
            queued += queue(conn, run, target, entity, freed, condition)


def _is_second(item: Delivery) -> bool:
    """Whether the row is there already, and only waits to be told of its parent."""
    return item.op == "update" and not item.after


def _ends(ref: str) -> tuple[str, str]:
    """`system.stream` in its two parts."""
    system, _, stream = ref.partition(".")
    return system, stream
