"""Which source record belongs to which golden record, now and at any time: the crosswalk.

At most one row per record is open. Several records of one system may belong to one golden record; of those that we wrote
ourselves (`ours`) exactly one per golden record and target object is the `published` one, which later writes go to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

Basis = Literal["auto", "steward", "seed", "our_write"]


class Move(NamedTuple):
    """Put a record under a golden record; `golden=None` closes its membership (the record is gone)."""

    record: int
    golden: int | None
    basis: Basis = "auto"


class Membership(NamedTuple):
    """One row of the crosswalk's history; `tx_to` is empty while it is open."""

    record: int
    golden: int
    basis: Basis
    ours: bool
    published: bool
    cause: str
    tx_from: str
    tx_to: str
    run: int


def move(conn: Connection, moves: Sequence[Move], cause: str, run: int) -> int:
    """Close and open rows so that each record is where `moves` says; a move that changes nothing writes nothing.

    Returns how many memberships changed. `cause` names the decision, rule or run behind it.
    """
    raise NotImplementedError


def members(conn: Connection, goldens: Collection[int], *, as_of: str = "") -> dict[int, list[int]]:
    """Golden id -> its record ids, sorted; goldens without members are left out."""
    raise NotImplementedError


def golden_of(conn: Connection, records: Collection[int], *, as_of: str = "") -> dict[int, int]:
    """Record id -> golden id; records without an open membership are left out."""
    raise NotImplementedError


def resolve_keys(
    conn: Connection, system: str, stream: str, keys: Collection[str], *, closed: bool = False
) -> dict[str, int]:
    """Key -> golden id of the key's newest incarnation; `closed=True` falls back to the last golden of a record that is gone."""
    raise NotImplementedError


def keys_of(conn: Connection, goldens: Collection[int], system: str, stream: str) -> dict[int, list[str]]:
    """Golden id -> keys of its live records in one stream: the published one first, then by key."""
    raise NotImplementedError


def published(conn: Connection, goldens: Collection[int], system: str, stream: str) -> dict[int, str]:
    """Golden id -> the key of the target row that we keep up to date; goldens without one are left out."""
    raise NotImplementedError


def history(conn: Connection, records: Collection[int]) -> list[Membership]:
    """All rows of these records, oldest first."""
    raise NotImplementedError
