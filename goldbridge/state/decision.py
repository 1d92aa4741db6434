"""What stewards decided: decisions (the unit of undo), and the assertions and overrides they leave.

Everything is bound to source records, never to golden records or content. Nothing is deleted: a revoked row stays with
the decision that revoked it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, insert, or_, select, update

from goldbridge.errors import Halt, Reject
from goldbridge.ports import Json
from goldbridge.state.bulk import fixed, one_of
from goldbridge.state.engine import now
from goldbridge.state.tables import assertion, decision, override

AssertionKind = Literal["same", "different", "hold_same", "hold_different"]
DecisionState = Literal["proposed", "approved", "applied", "returned", "refused", "undone"]


class Assertion(NamedTuple):
    """Two records are (not) the same. `lapse`: never, on_evidence_change, or an ISO time. id 0: not stored yet."""

    kind: AssertionKind
    a: int
    b: int
    author: str
    reason: str = ""
    decision: int | None = None
    lapse: str = "never"
    evidence_hash: str = ""
    id: int = 0
    at: str = ""
    revoked_at: str = ""
    revoked_by: int | None = None


class Override(NamedTuple):
    """A value a steward set or hid; it travels with its anchor record. `item` names one item of a list field."""

    anchor: int
    field: str
    mode: Literal["set", "suppress"]
    author: str
    value: Json = None
    item: str = ""
    policy: str = "forever"
    seen_hash: str = ""
    reason: str = ""
    approved_by: str = ""
    decision: int | None = None
    id: int = 0
    at: str = ""
    revoked_at: str = ""
    revoked_by: int | None = None


class Decision(NamedTuple):
    """One unit of undo. `base_versions`: golden id (as text) -> version the steward saw. `inverse` undoes it."""

    id: int
    task: int | None
    kind: str
    judgement: str
    payload: Json
    base_versions: Mapping[str, int]
    reason: str
    proposer: str
    approver: str
    state: DecisionState
    inverse: Json
    created_at: str
    applied_at: str
    undone_by: int | None
    version: int


_said, _set, _made = assertion.c, override.c, decision.c
_ASSERTION = tuple(_said[name] for name in Assertion._fields)
_OVERRIDE = tuple(_set[name] for name in Override._fields)
_DECISION = tuple(_made[name] for name in Decision._fields)

TRANSITIONS: Mapping[DecisionState, frozenset[DecisionState]] = {
    "proposed": frozenset({"approved", "applied", "returned", "refused"}),
    "approved": frozenset({"applied", "returned", "refused"}),
    "returned": frozenset({"proposed", "refused"}),
    "applied": frozenset({"undone"}),
    "refused": frozenset(),
    "undone": frozenset(),
}


def _insert(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    if not rows:
        return []
    made = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return [int(id) for id in conn.execute(made, list(rows)).scalars()]


def _revoke(conn: Connection, table: Table, ids: Collection[int], by: int | None) -> int:
    if not ids:
        return 0
    active = update(table).where(one_of(table.c.id, ids), table.c.revoked_at == "")
    return conn.execute(active.values(revoked_at=now(conn), revoked_by=by)).rowcount


def _restore(conn: Connection, table: Table, ids: Collection[int]) -> int:
    if not ids:
        return 0
    revoked = update(table).where(one_of(table.c.id, ids), table.c.revoked_at != "")
    return conn.execute(revoked.values(revoked_at="", revoked_by=None)).rowcount


def _holding(conn: Connection, lapse: ColumnElement[str], *never: str) -> ColumnElement[bool]:
    """Whether a constraint still holds: it never lapses by itself, or its date lies ahead."""
    return or_(lapse.in_(never), lapse > now(conn))


def add_assertions(conn: Connection, assertions: Sequence[Assertion]) -> list[int]:
    """Store assertions (a and b in either order); returns their ids in order."""
    at = now(conn)
    rows = []
    for said in assertions:
        low, high = sorted((said.a, said.b))
        fields = said._asdict() | {"a": low, "b": high, "at": said.at or at}
        del fields["id"]
        rows.append(fields)
    return _insert(conn, assertion, rows)


def revoke_assertions(conn: Connection, ids: Collection[int], *, by: int | None) -> int:
    """Revoke active assertions on behalf of decision `by` (None: by the system); returns how many were active."""
    return _revoke(conn, assertion, ids, by)


def restore_assertions(conn: Connection, ids: Collection[int]) -> int:
    """Make revoked assertions active again (undo of the decision that revoked them)."""
    return _restore(conn, assertion, ids)


def active_assertions(conn: Connection, records: Collection[int] | None = None) -> list[Assertion]:
    """Active assertions touching any of `records` (all when None), by id; those whose date has passed are left out."""
    query = select(*_ASSERTION).where(
        _said.revoked_at == fixed(""), _holding(conn, _said.lapse, "never", "on_evidence_change")
    )
    if records is None:
        return [Assertion(*row) for row in conn.execute(query.order_by(_said.id))]
    if not records:
        return []
    found = {}
    for end in (_said.a, _said.b):
        found.update({row.id: Assertion(*row) for row in conn.execute(query.where(one_of(end, records)))})
    return [said for _, said in sorted(found.items())]


def every_assertion(conn: Connection, records: Collection[int]) -> list[Assertion]:
    """All that was ever said about any of these records, revoked or not, by id."""
    if not records:
        return []
    found = {}
    for end in (_said.a, _said.b):
        found.update({row.id: Assertion(*row) for row in conn.execute(select(*_ASSERTION).where(one_of(end, records)))})
    return [said for _, said in sorted(found.items())]


def load_assertions(conn: Connection, ids: Collection[int]) -> dict[int, Assertion]:
    """Assertions by id, revoked ones too."""
    if not ids:
        return {}
    return {
        row.id: Assertion(*row)
        for row in conn.execute(select(*_ASSERTION).where(one_of(_said.id, ids)).order_by(_said.id))
    }


def add_overrides(conn: Connection, overrides: Sequence[Override]) -> list[int]:
    """Store overrides; returns their ids in order."""
    at = now(conn)
    rows = []
    for one in overrides:
        fields = one._asdict() | {"at": one.at or at}
        del fields["id"]
        rows.append(fields)
    return _insert(conn, override, rows)


def revoke_overrides(conn: Connection, ids: Collection[int], *, by: int | None) -> int:
    """Revoke active overrides; returns how many were active."""
    return _revoke(conn, override, ids, by)


def restore_overrides(conn: Connection, ids: Collection[int]) -> int:
    """Make revoked overrides active again."""
    return _restore(conn, override, ids)


def active_overrides(conn: Connection, records: Collection[int] | None = None) -> list[Override]:
    """Active overrides anchored at any of `records` (all when None) whose date has not passed, by id."""
    named = ("forever", "until_source_changes", "until_source_agrees")
    query = (
        select(*_OVERRIDE).where(_set.revoked_at == fixed(""), _holding(conn, _set.policy, *named)).order_by(_set.id)
    )
    if records is not None:
        if not records:
            return []
        query = query.where(one_of(_set.anchor, records))
    return [Override(*row) for row in conn.execute(query)]


def load_overrides(conn: Connection, ids: Collection[int]) -> dict[int, Override]:
    """Overrides by id, revoked ones too."""
    if not ids:
        return {}
    return {
        row.id: Override(*row) for row in conn.execute(select(*_OVERRIDE).where(one_of(_set.id, ids)).order_by(_set.id))
    }


def add(
    conn: Connection,
    *,
    kind: str,
    judgement: str,
    payload: Json,
    proposer: str,
    task: int | None = None,
    base_versions: Mapping[str, int] | None = None,
    reason: str = "",
    state: DecisionState = "proposed",
) -> int:
    """Store a decision; returns its id."""
    at = now(conn)
    fields: dict[str, Any] = {"task": task, "kind": kind, "judgement": judgement, "payload": payload, "reason": reason}
    fields |= {"base_versions": dict(base_versions or {}), "proposer": proposer, "approver": "", "state": state}
    fields |= {"inverse": None, "created_at": at, "applied_at": at if state == "applied" else "", "undone_by": None}
    return _insert(conn, decision, [fields | {"version": 1}])[0]


def load(conn: Connection, ids: Collection[int]) -> dict[int, Decision]:
    """Decisions by id."""
    if not ids:
        return {}
    return {
        row.id: Decision(*row)
        for row in conn.execute(select(*_DECISION).where(one_of(_made.id, ids)).order_by(_made.id))
    }


def list_decisions(
    conn: Connection,
    *,
    states: Collection[DecisionState] = (),
    task: int | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Decision]:
    """Decisions by ascending id after `after`."""
    query = select(*_DECISION).where(_made.id > after).order_by(_made.id).limit(limit)
    if states:
        query = query.where(_made.state.in_(sorted(states)))
    if task is not None:
        query = query.where(_made.task == task)
    return [Decision(*row) for row in conn.execute(query)]


def advance(
    conn: Connection,
    id: int,
    state: DecisionState,
    *,
    version: int,
    approver: str | None = None,
    inverse: Json = None,
    undone_by: int | None = None,
) -> Decision:
    """Move a decision on along the declared transitions.

    Raises `Reject` STA033 when somebody else moved it since `version`, `Halt` STA034 for a transition that is not
    declared, `Reject` STA032 when there is no such decision.
    """
    held = load(conn, [id]).get(id)
    if held is None:
        raise Reject("STA032", f"decision {id} does not exist; list the decisions again")
    if held.version == version and state not in TRANSITIONS[held.state]:
        raise Halt("STA034", f"decision {id} cannot go from {held.state} to {state}")
    values: dict[str, Any] = {"state": state, "version": version + 1}
    if approver is not None:
        values["approver"] = approver
    if inverse is not None:
        values["inverse"] = inverse
    if undone_by is not None:
        values["undone_by"] = undone_by
    if state == "applied":
        values["applied_at"] = now(conn)
    moved = update(decision).where(_made.id == id, _made.version == version).values(**values)
    row = conn.execute(moved.returning(*_DECISION)).one_or_none()
    if row is None:
        raise Reject(
            "STA033",
            f"decision {id} was changed since you looked (version {held.version}, you saw {version}): "
            f"it is {held.state}{f' by {held.approver}' if held.approver else ''}; look again",
        )
    return Decision(*row)
