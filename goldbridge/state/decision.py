"""What stewards decided: decisions (the unit of undo), and the assertions and overrides they leave.

Everything is bound to source records, never to golden records or content. Nothing is deleted: a revoked row stays with
the decision that revoked it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json

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


def add_assertions(conn: Connection, assertions: Sequence[Assertion]) -> list[int]:
    """Store assertions (a and b in either order); returns their ids in order."""
    raise NotImplementedError


def revoke_assertions(conn: Connection, ids: Collection[int], *, by: int | None) -> int:
    """Revoke active assertions on behalf of decision `by` (None: by the system); returns how many were active."""
    raise NotImplementedError


def restore_assertions(conn: Connection, ids: Collection[int]) -> int:
    """Make revoked assertions active again (undo of the decision that revoked them)."""
    raise NotImplementedError


def active_assertions(conn: Connection, records: Collection[int] | None = None) -> list[Assertion]:
    """Active assertions touching any of `records` (all when None), by id; those whose date has passed are left out."""
    raise NotImplementedError


def load_assertions(conn: Connection, ids: Collection[int]) -> dict[int, Assertion]:
    """Assertions by id, revoked ones too."""
    raise NotImplementedError


def add_overrides(conn: Connection, overrides: Sequence[Override]) -> list[int]:
    """Store overrides; returns their ids in order."""
    raise NotImplementedError


def revoke_overrides(conn: Connection, ids: Collection[int], *, by: int | None) -> int:
    """Revoke active overrides; returns how many were active."""
    raise NotImplementedError


def restore_overrides(conn: Connection, ids: Collection[int]) -> int:
    """Make revoked overrides active again."""
    raise NotImplementedError


def active_overrides(conn: Connection, records: Collection[int] | None = None) -> list[Override]:
    """Active overrides anchored at any of `records` (all when None), by id; those whose date has passed are left out."""
    raise NotImplementedError


def load_overrides(conn: Connection, ids: Collection[int]) -> dict[int, Override]:
    """Overrides by id, revoked ones too."""
    raise NotImplementedError


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
    raise NotImplementedError


def load(conn: Connection, ids: Collection[int]) -> dict[int, Decision]:
    """Decisions by id."""
    raise NotImplementedError


def list_decisions(
    conn: Connection,
    *,
    states: Collection[DecisionState] = (),
    task: int | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Decision]:
    """Decisions by ascending id after `after`."""
    raise NotImplementedError


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

    Raises `Reject` STA033 when somebody else moved it since `version`, `Halt` STA034 for a transition that is not declared.
    """
    raise NotImplementedError
