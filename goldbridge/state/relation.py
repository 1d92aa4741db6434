"""Relations between source records (branch_of, contact_of, ...) and roles of parties."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json


class Relation(NamedTuple):
    """`child` `kind` `parent`, e.g. a contact is contact_of a party; `since`/`until` are business time."""

    kind: str
    child: int
    parent: int
    basis: str = "source"
    since: str = ""
    until: str = ""


class Role(NamedTuple):
    """One role of a golden party in one business unit, with its own status, owner and qualification."""

    golden: int
    role: str
    unit: str = ""
    status: str = ""
    qualification: str = ""
    owner: str = ""
    anchor: int | None = None
    valid_from: str = ""
    detail: Json = None


def replace(
    conn: Connection, children: Collection[int], relations: Sequence[Relation], *, basis: str = "source"
) -> int:
    """Make these the relations of `basis` that start at `children`; returns how many rows changed."""
    raise NotImplementedError


def touching(conn: Connection, records: Collection[int], *, kinds: Collection[str] = ()) -> list[Relation]:
    """Relations with either end in `records`, sorted."""
    raise NotImplementedError


def replace_roles(conn: Connection, goldens: Collection[int], roles: Sequence[Role]) -> int:
    """Make these the roles of these golden records; returns how many rows changed."""
    raise NotImplementedError


def roles_of(conn: Connection, goldens: Collection[int]) -> Mapping[int, list[Role]]:
    """Golden id -> roles, sorted by role and unit."""
    raise NotImplementedError
