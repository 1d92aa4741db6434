"""Relations between source records (branch_of, contact_of, ...) and roles of parties.

A relation of basis `source` is what a record's own reference says; `steward` is where a steward placed it instead (then
the other one has an end); `golden` is what survived of references inside one entity; `dropped` is one of those that
would lead back to where it starts, and waits for a steward.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, select, update

from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, fixed, one_of
from goldbridge.state.tables import membership, party_role, relation


class Relation(NamedTuple):
    """`child` `kind` `parent`, e.g. a contact is contact_of a party.

    `since` is when the reference was first read, so that one can ask what the parent stood for then; `until` is since
    when it is overruled, empty while it counts.
    """

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
    """Make these the relations of `basis` that start at `children`; returns how many rows changed.

    One that was there keeps its `since`.
    """
    if not children:
        return 0
    from_here = (one_of(_line.child, children), _line.basis == basis)
    held = {Relation(*row) for row in conn.execute(_select().where(*from_here))}
    since = {(one.kind, one.child, one.parent): one.since for one in held}
    named = {(one.kind, one.child, one.parent): one._replace(basis=basis) for one in relations}
    wanted = {one._replace(since=since.get(name, one.since)) for name, one in named.items()}
    if stale := {one.child for one in held - wanted}:
        conn.execute(delete(relation).where(one_of(_line.child, stale), _line.basis == basis))
    kept = {one for one in held if one.child not in stale}
    _add(conn, sorted(wanted - kept))
    return len(held ^ wanted)


def _select() -> Select[Any]:
    return select(*(_line[name] for name in Relation._fields))


def touching(
    conn: Connection, records: Collection[int], *, kinds: Collection[str] = (), ended: bool = False
) -> list[Relation]:
    """Relations with either end in `records`, sorted; with `ended` those too that are overruled."""
    found = {*below(conn, records, kinds=kinds, ended=ended), *above(conn, records, kinds=kinds, ended=ended)}
    return sorted(found)


def above(
    conn: Connection, records: Collection[int], *, kinds: Collection[str] = (), ended: bool = False
) -> list[Relation]:
    """What these records hang on."""
    return _at(conn, _line.child, records, kinds, ended)


def below(
    conn: Connection, records: Collection[int], *, kinds: Collection[str] = (), ended: bool = False
) -> list[Relation]:
    """What hangs on these records."""
    return _at(conn, _line.parent, records, kinds, ended)


def _at(
    conn: Connection, end: ColumnElement[int], records: Collection[int], kinds: Collection[str], ended: bool
) -> list[Relation]:
    if not records:
        return []
    query = _select().where(one_of(end, records))
    query = query.where(_line.kind.in_(sorted(kinds))) if kinds else query
    query = query if ended else query.where(_line.until == "")
    return sorted(Relation(*row) for row in conn.execute(query).all())


def children_of_ours(conn: Connection) -> list[int]:
    """All that hangs on rows of parents which we wrote ourselves."""
    joined = relation.join(membership, membership.c.record == _line.parent)
    query = select(_line.child).select_from(joined).where(membership.c.tx_to == fixed(""), membership.c.ours == 1)
    query = query.where(_line.basis == "source", _line.until == "").distinct().order_by(_line.child)
    return list(conn.execute(query).scalars())


def all_dropped(conn: Connection) -> list[Relation]:
    """What was dropped anywhere; there are few, and an index of their own finds them."""
    return sorted(Relation(*row) for row in conn.execute(_select().where(_line.basis == fixed("dropped"))))


def rebase(conn: Connection, relations: Collection[Relation], basis: str) -> None:
    """Let these count on another basis from now on."""
    for one in sorted(relations):
        here = (_line.kind == one.kind, _line.child == one.child, _line.parent == one.parent)
        conn.execute(update(relation).where(*here, _line.basis == one.basis).values(basis=basis))


def of_kinds(conn: Connection, kinds: Collection[str], basis: str) -> list[tuple[Relation, int, int]]:
    """All relations of these kinds on a basis, each with the golden ids of its child and its parent; those without one
    at an end lead nowhere and are left out."""
    child, parent = membership.alias(), membership.alias()
    query = select(*(_line[name] for name in Relation._fields), child.c.golden, parent.c.golden)
    query = query.select_from(
        relation.join(child, child.c.record == _line.child).join(parent, parent.c.record == _line.parent)
    )
    query = query.where(child.c.tx_to == fixed(""), parent.c.tx_to == fixed(""))
    query = query.where(_line.kind.in_(sorted(kinds)), _line.basis == basis, _line.until == "")
    return sorted((Relation(*row[:-2]), row[-2], row[-1]) for row in conn.execute(query))


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
