"""What is to be written to target systems, one row per version of a subject and target object.

States: ready, inflight, unknown, done, parked, dead, superseded; only declared transitions happen. Of one subject at
most one row waits and at most one is under way; a newer version replaces the one that waits. What was under way when its
run died is `unknown` and must be read back before it is sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json
from goldbridge.state.run import Lease

DeliveryState = Literal["ready", "inflight", "unknown", "done", "parked", "dead", "superseded"]
Op = Literal["create", "update", "deactivate"]

TRANSITIONS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    "ready": frozenset({"inflight", "parked", "superseded", "dead"}),
    "parked": frozenset({"ready", "superseded", "dead"}),
    "inflight": frozenset({"done", "ready", "parked", "dead", "unknown"}),
    "unknown": frozenset({"done", "ready", "dead", "superseded"}),
    "dead": frozenset({"ready", "superseded"}),
    "done": frozenset(),
    "superseded": frozenset(),
}


class Order(NamedTuple):
    """A write somebody wants. `subject`: golden (or record) id; `after`: target field -> value; `before`: what we last wrote."""

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


class Delivery(NamedTuple):
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


def enqueue(conn: Connection, flow: str, orders: Sequence[Order], run: int) -> list[int]:
    """Queue writes; an order with `blocked_by` is parked. Returns the ids of the new rows.

    An older version that still waits is superseded; an order that is not newer than what waits, is under way or is done
    is dropped.
    """
    raise NotImplementedError


def claim(conn: Connection, lease: Lease, target: str, object: str, *, limit: int, run: int) -> list[Delivery]:
    """Take up to `limit` ready deliveries whose time has come, oldest first, and mark them inflight under our fence.

    Subjects with a row under way (or unknown) are left alone. Commit before calling the target.
    """
    raise NotImplementedError


def settle(conn: Connection, settlements: Sequence[Settlement]) -> None:
    """Record results. Raises `Halt` STA014 for a transition that is not declared; nothing is settled then."""
    raise NotImplementedError


def disown(conn: Connection, flow: str, fence: int) -> int:
    """Mark what runs of this flow with another fence left inflight as unknown; called right after the lease is taken."""
    raise NotImplementedError


def unknown(conn: Connection, target: str, object: str, *, limit: int = 500) -> list[Delivery]:
    """Deliveries whose outcome must be read back, oldest first."""
    raise NotImplementedError


def unpark(conn: Connection, blocked_by: Collection[str]) -> int:
    """What the parked deliveries waited for is there: make them ready."""
    raise NotImplementedError


def retry_dead(conn: Connection, ids: Collection[int]) -> int:
    """Make dead deliveries ready again (replay); those with a newer row become superseded (F71)."""
    raise NotImplementedError


def load(conn: Connection, ids: Collection[int]) -> dict[int, Delivery]:
    raise NotImplementedError


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
    raise NotImplementedError


def count(conn: Connection) -> Mapping[tuple[str, str, DeliveryState], int]:
    """(target, object, state) -> number of deliveries."""
    raise NotImplementedError


def prune(conn: Connection, before: str) -> int:
    """Drop done and superseded rows last changed before `before`."""
    raise NotImplementedError
