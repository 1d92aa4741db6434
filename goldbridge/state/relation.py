"""Relations between source records (branch_of, contact_of, ...) and roles of parties."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, select

from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, one_of
from goldbridge.state.tables import party_role, relation


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


_line, _role = relation.c, party_role.c
_add = Insert(relation, Relation._fields)
_add_roles = Insert(party_role, Role._fields)


def replace(
    conn: Connection, children: Collection[int], relations: Sequence[Relation], *, basis: str = "source"
) -> int:
    """Make these the relations of `basis` that start at `children`; returns how many rows changed."""
    if not children:
        return 0
    from_here = (one_of(_line.child, children), _line.basis == basis)
    held = {Relation(*row) for row in conn.execute(_select().where(*from_here))}
    named = {(one.kind, one.child, one.parent): one._replace(basis=basis) for one in relations}
    wanted = set(named.values())
    if stale := {one.child for one in held - wanted}:
        conn.execute(delete(relation).where(one_of(_line.child, stale), _line.basis == basis))
    kept = {one for one in held if one.child not in stale}
    _add(conn, sorted(wanted - kept))
    return len(held ^ wanted)


def _select() -> Select[Any]:
    return select(*(_line[name] for name in Relation._fields))


def touching(conn: Connection, records: Collection[int], *, kinds: Collection[str] = ()) -> list[Relation]:
    """Relations with either end in `records`, sorted."""
    if not records:
        return []
    found: set[Relation] = set()
    for end in (_line.child, _line.parent):
        query = _select().where(one_of(end, records))
        found.update(
            Relation(*row) for row in conn.execute(query.where(_line.kind.in_(sorted(kinds))) if kinds else query)
        )
    return sorted(found)


def replace_roles(conn: Connection, goldens: Collection[int], roles: Sequence[Role]) -> int:
    """Make these the roles of these golden records; returns how many rows changed."""
    if not goldens:
        return 0
    held = {_place(one): one for some in roles_of(conn, goldens).values() for one in some}
    wanted = {_place(one): one for one in roles}
    changed = {place for place in held.keys() | wanted.keys() if held.get(place) != wanted.get(place)}
    stale = {place[0] for place in changed}
    if not stale:
        return 0
    conn.execute(delete(party_role).where(one_of(_role.golden, stale)))
    _add_roles(conn, [_stored(one) for place, one in sorted(wanted.items()) if place[0] in stale])
    return len(changed)


def _place(one: Role) -> tuple[int, str, str, str]:
    return (one.golden, one.role, one.unit, one.valid_from)


def _stored(one: Role) -> tuple[Any, ...]:
    return (*one[:-1], None if one.detail is None else document.dump(one.detail))


def roles_of(conn: Connection, goldens: Collection[int]) -> Mapping[int, list[Role]]:
    """Golden id -> roles, sorted by role, unit and since when."""
    found: dict[int, list[Role]] = {}
    if goldens:
        query = select(*(_role[name] for name in Role._fields)).where(one_of(_role.golden, goldens))
        for row in conn.execute(query.order_by(_role.golden, _role.role, _role.unit, _role.valid_from)):
            found.setdefault(row.golden, []).append(Role(*row))
    return found
