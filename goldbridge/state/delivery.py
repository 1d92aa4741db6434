"""What is to be written to target systems, one row per version of a subject and target object.

States: ready, inflight, unknown, done, parked, dead, superseded; only declared transitions happen. Of one subject at
most one row waits and at most one is under way; a newer version replaces the one that waits. What was under way when
its run died is `unknown` and must be read back before it is sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from goldbridge.errors import Halt
from goldbridge.log import redact
from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, distinct, fixed, one_of
from goldbridge.state.engine import now
from goldbridge.state.instance import raise_epoch
from goldbridge.state.ownership import writable
from goldbridge.state.run import Lease
from goldbridge.state.tables import delivery

DeliveryState = Literal["ready", "inflight", "unknown", "done", "parked", "dead", "superseded"]
Op = Literal["create", "update", "deactivate"]

TRANSITIONS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    "ready": frozenset({"inflight", "parked", "superseded", "dead"}),
    "parked": frozenset({"ready", "superseded", "dead"}),
    "inflight": frozenset({"done", "ready", "parked", "dead", "unknown", "superseded"}),
    "unknown": frozenset({"done", "ready", "dead", "superseded"}),
    "dead": frozenset({"ready", "superseded"}),
    "done": frozenset(),
    "superseded": frozenset(),
}


class Order(NamedTuple):
    """A wanted write. `subject`: golden or record id; `after`: target field -> value; `before`: what we last wrote.

    `again`: the row was changed since, so this may be sent although the last thing that was sent is the same. `late`:
    it does not wait for what it is blocked by; the row is told of that in a second phase.
    """

    target: str
    object: str
    subject: int
    version: int
    op: Op
    external_id: str
    after: Mapping[str, Json]
    before: Mapping[str, Json] | None = None
    key: str = ""
    entity: str = ""
    blocked_by: str = ""
    again: bool = False
    late: bool = False


class Delivery(NamedTuple):
    """A stored delivery; `fence` is that of the run that claimed it last, `not_before` ISO UTC."""

    id: int
    flow: str
    target: str
    object: str
    subject: int
    entity: str
    version: int
    op: Op
    external_id: str
    key: str
    after: dict[str, Json]
    before: dict[str, Json] | None
    state: DeliveryState
    attempts: int
    not_before: str
    blocked_by: str
    fence: int
    code: str
    message: str
    created_at: str
    changed_at: str
    run: int


class Settlement(NamedTuple):
    """What became of a delivery that was under way. `ready` = try again, not before `not_before`."""

    id: int
    state: DeliveryState
    key: str = ""
    code: str = ""
    message: str = ""
    not_before: str = ""
    blocked_by: str = ""


_row = delivery.c
_FIELDS = tuple(name for name in Delivery._fields if name != "id")
_add = Insert(delivery, _FIELDS)
_WAITING = (fixed("ready"), fixed("parked"))
_UNDER_WAY = (fixed("inflight"), fixed("unknown"))


def enqueue(conn: Connection, flow: str, orders: Sequence[Order], run: int) -> list[int]:
    """Queue writes; an order with `blocked_by` is parked. Returns the ids of the new rows.

    An older version that still waits (or is dead) is superseded. An order is dropped when a newer version was queued or
    sent already, or the same version with the same content.
    """
    at = now(conn)
    made: list[int] = []
    for (target, object), some in _by_object(orders).items():
        newest = {order.subject: order for order in sorted(some, key=lambda order: order.version)}
        heads = _heads(conn, target, object, newest)
        fresh = [order for order in newest.values() if not _known(order, heads.get(order.subject))]
        if not fresh:
            continue
        subjects = [order.subject for order in fresh]
        _supersede(conn, target, object, subjects, at)
        rows = []
        for order in fresh:
            state = "parked" if order.blocked_by and not order.late else "ready"
            before = None if order.before is None else document.dump(order.before)
            content = (order.op, order.external_id, order.key, document.dump(order.after), before)
            place = (flow, target, object, order.subject, order.entity, order.version)
            rows.append((*place, *content, state, 0, "", order.blocked_by, 0, "", "", at, at, run))
        _add(conn, rows)
        query = select(_row.id).where(_row.target == target, _row.object == object, one_of(_row.subject, subjects))
        made += conn.execute(query.where(_row.state.in_(_WAITING)).order_by(_row.id)).scalars()
    return made


def _by_object(orders: Sequence[Order]) -> dict[tuple[str, str], list[Order]]:
    grouped: dict[tuple[str, str], list[Order]] = {}
    for order in orders:
        grouped.setdefault((order.target, order.object), []).append(order)
    return grouped


def _heads(conn: Connection, target: str, object: str, subjects: Collection[int]) -> dict[int, Row[Any]]:
    """Subject -> its newest row that was not superseded."""
    query = select(_row.id, _row.subject, _row.version, _row.op, _row.after, _row.blocked_by, _row.state)
    query = query.where(_row.target == target, _row.object == object, one_of(_row.subject, subjects))
    return {row.subject: row for row in conn.execute(query.where(_row.state != "superseded").order_by(_row.id)).all()}


def _known(order: Order, head: Row[Any] | None) -> bool:
    if head is None or order.version > head.version:
        return False
    if order.version < head.version:
        return True
    if order.again and head.state == "done":
        return False
    return (order.op, order.after, order.blocked_by) == (head.op, head.after, head.blocked_by)


def _supersede(conn: Connection, target: str, object: str, subjects: Collection[int], at: str) -> None:
    older = (_row.target == target, _row.object == object, one_of(_row.subject, subjects))
    replaced = update(delivery).where(*older, _row.state.in_((*_WAITING, fixed("dead"))))
    conn.execute(replaced.values(state="superseded", changed_at=at))


def claim(conn: Connection, lease: Lease, target: str, object: str, *, limit: int, run: int) -> list[Delivery]:
    """Take up to `limit` ready deliveries whose time has come, oldest first, and mark them inflight under our fence.

    Subjects with a row under way (or unknown) are left alone, and those whose owner in a cutover does not let copies go
    to this target wait. Commit before calling the target.
    """
    at = now(conn)
    other = delivery.alias()
    busy = select(other.c.id).where(
        other.c.target == _row.target,
        other.c.object == _row.object,
        other.c.subject == _row.subject,
        other.c.state.in_(_UNDER_WAY),
    )
    query = select(delivery).where(_row.target == target, _row.object == object, _row.state == fixed("ready"))
    query = query.where(_row.not_before <= at, ~busy.exists(), writable()).order_by(_row.id).limit(limit)
    rows = conn.execute(query.with_for_update(skip_locked=True, of=delivery)).all()
    if not rows:
        return []
    taken = update(delivery).where(one_of(_row.id, [row.id for row in rows]))
    marks: dict[str, Any] = {
        "state": "inflight",
        "flow": lease.flow,
        "fence": lease.fence,
        "changed_at": at,
        "run": run,
    }
    conn.execute(taken.values(**marks, attempts=_row.attempts + 1))
    raise_epoch(conn)
    return [_delivery(row)._replace(**marks, attempts=row.attempts + 1) for row in rows]


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery._make([*row[:10], row.after or {}, *row[11:]])


def settle(conn: Connection, settlements: Sequence[Settlement]) -> None:
    """Record results. Raises `Halt` STA014 for a transition that is not declared; nothing is settled then.

    What should be tried again although a newer version waits already is superseded by it.
    """
    if not settlements:
        return
    at = now(conn)
    ids = [one.id for one in settlements]
    query = select(_row.id, _row.state, _row.target, _row.object, _row.subject, _row.key).where(one_of(_row.id, ids))
    held = {row.id: row for row in conn.execute(query.with_for_update()).all()}
    for one in settlements:
        row = held.get(one.id)
        if row is None or one.state not in TRANSITIONS[row.state]:
            where = f"{row.target} {row.object} subject {row.subject}: " if row else ""
            raise Halt(
                "STA014",
                f"{where}delivery {one.id} cannot go from {row.state if row else 'nothing'} to {one.state}; "
                "nothing of this batch was settled, which is a bug: report it",
            )
    overtaken = _overtaken(conn, [held[one.id] for one in settlements if one.state in ("ready", "parked")])
    settled = update(delivery).where(_row.id == bindparam("which"))
    values = ("state", "key", "code", "message", "not_before", "blocked_by", "changed_at")
    conn.execute(
        settled.values({name: bindparam(f"new_{name}") for name in values}),
        [
            {
                "which": one.id,
                "new_state": "superseded" if one.id in overtaken else one.state,
                "new_key": one.key or held[one.id].key,
                "new_code": one.code,
                "new_message": document.visible(redact(one.message)),
                "new_not_before": one.not_before,
                "new_blocked_by": one.blocked_by,
                "new_changed_at": at,
            }
            for one in settlements
        ],
    )


def _overtaken(conn: Connection, rows: Sequence[Row[Any]]) -> set[int]:
    """Those rows whose subject has another one waiting."""
    if not rows:
        return set()
    query = select(_row.target, _row.object, _row.subject, _row.id)
    query = query.where(one_of(_row.subject, {row.subject for row in rows}), _row.state.in_(_WAITING))
    waiting = {tuple(found[:3]): found.id for found in conn.execute(query)}
    return {row.id for row in rows if waiting.get((row.target, row.object, row.subject), row.id) != row.id}


def disown(conn: Connection, flow: str, fence: int) -> int:
    """Mark what earlier runs of this flow left inflight as unknown; called right after the lease is taken."""
    lost = update(delivery).where(_row.flow == flow, _row.state == "inflight", _row.fence != fence)
    return conn.execute(lost.values(state="unknown", changed_at=now(conn))).rowcount


def unknown(conn: Connection, target: str, object: str, *, limit: int = 500) -> list[Delivery]:
    """Deliveries whose outcome must be read back, oldest first."""
    query = select(delivery).where(_row.target == target, _row.object == object, _row.state == fixed("unknown"))
    return [_delivery(row) for row in conn.execute(query.order_by(_row.id).limit(limit))]


def unpark(conn: Connection, blocked_by: Collection[str]) -> int:
    """What the parked deliveries waited for is there: make them ready."""
    if not blocked_by:
        return 0
    freed = update(delivery).where(_row.state == fixed("parked"), one_of(_row.blocked_by, blocked_by))
    return conn.execute(freed.values(state="ready", blocked_by="", changed_at=now(conn))).rowcount


def retry_dead(conn: Connection, ids: Collection[int]) -> int:
    """Make dead deliveries ready again (replay); those with a newer row become superseded (F71)."""
    if not ids:
        return 0
    newer = delivery.alias()
    overtaken = select(newer.c.id).where(
        newer.c.target == _row.target,
        newer.c.object == _row.object,
        newer.c.subject == _row.subject,
        newer.c.id > _row.id,
        newer.c.state.notin_(("superseded", "dead")),
    )
    dead = (one_of(_row.id, ids), _row.state == "dead")
    at = now(conn)
    conn.execute(update(delivery).where(*dead, overtaken.exists()).values(state="superseded", changed_at=at))
    again = update(delivery).where(*dead).values(state="ready", attempts=0, not_before="", changed_at=at)
    return conn.execute(again).rowcount


def load(conn: Connection, ids: Collection[int]) -> dict[int, Delivery]:
    """Deliveries by id; unknown ids are left out."""
    if not ids:
        return {}
    return {
        row.id: _delivery(row) for row in conn.execute(select(delivery).where(one_of(_row.id, ids)).order_by(_row.id))
    }


def list_deliveries(
    conn: Connection,
    *,
    target: str = "",
    object: str = "",
    states: Collection[DeliveryState] = (),
    subject: int | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Delivery]:
    """Deliveries by ascending id after `after`."""
    query = select(delivery).where(_row.id > after).order_by(_row.id).limit(limit)
    for column, value in ((_row.target, target), (_row.object, object)):
        if value:
            query = query.where(column == value)
    if states:
        query = query.where(_row.state.in_(sorted(states)))
    if subject is not None:
        query = query.where(_row.subject == subject)
    return [_delivery(row) for row in conn.execute(query)]


def of_subjects(conn: Connection, target: str, object: str, subjects: Collection[int]) -> dict[int, list[Delivery]]:
    """Subject -> all of its deliveries to one object, oldest first; subjects without one are left out."""
    found: dict[int, list[Delivery]] = {}
    if subjects:
        query = select(delivery).where(_row.target == target, _row.object == object, one_of(_row.subject, subjects))
        for item in sorted(map(_delivery, conn.execute(query)), key=lambda item: item.id):
            found.setdefault(item.subject, []).append(item)
    return found


def objects(conn: Connection) -> list[tuple[str, str]]:
    """Every (target, object) that was ever written to."""
    return [
        (target, object)
        for target in distinct(conn, _row.target)
        for object in distinct(conn, _row.object, _row.target == target)
    ]


def count(conn: Connection) -> Mapping[tuple[str, str, DeliveryState], int]:
    """(target, object, state) -> number of deliveries."""
    parts = (_row.target, _row.object, _row.state)
    found = conn.execute(select(*parts, func.count()).group_by(*parts))
    return {(target, object, state): number for target, object, state, number in found}


def prune(conn: Connection, before: str) -> int:
    """Drop done and superseded rows last changed before `before`; each subject keeps its newest row."""
    newer = delivery.alias()
    follows = select(newer.c.id).where(
        newer.c.target == _row.target,
        newer.c.object == _row.object,
        newer.c.subject == _row.subject,
        newer.c.id > _row.id,
        newer.c.state != "superseded",
    )
    old = delete(delivery).where(_row.state.in_(("done", "superseded")), _row.changed_at < before, follows.exists())
    return conn.execute(old).rowcount
