"""What a decision would do, seen before it is made: the same act, carried out and taken back in one transaction.

So a preview never says anything else than what happens: values before and after, ids that redirect, children that go
along, what is published already and what has to be made good there. It carries a view; a decision that hands it in is
refused when the golden records have changed since.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from goldbridge.state import crosswalk, decision, golden, relation
from goldbridge.state.golden import Golden
from mdm.child import waiting
from mdm.identity import write_id
from mdm.steward.act import Act
from mdm.steward.desk import Look, Steward, names, write_down
from mdm.steward.parting import Split, companions
from mdm.steward.proposal import second_person
from mdm.steward.publication import children, compensation, published
from mdm.steward.view import view_of, write_view


@dataclass(frozen=True, slots=True)
class _Stand:
    """Golden records as they stand at one moment."""

    heads: Mapping[int, Golden]
    members: Mapping[int, Collection[int]]
    children: Mapping[int, Mapping[str, Collection[int]]]


def preview(conn: Connection, who: Steward, act: Act, *, reason: str = "") -> dict[str, Any]:
    """Plain data about what `act` would do; nothing of it stays. Raises what the act refuses.

    The connection must be one that writes: the act is carried out and rolled back.
    """
    golden.turn(conn, who.entity)
    found = act.look(conn, who, reason)
    touched = list(found.home)
    before = _stand(conn, list(found.heads))
    rows = published(conn, found.heads)
    why = second_person(conn, who, act.kind, act.sides(found), found)
    view = write_view(view_of(conn, list(found.heads)))
    shown = names(conn, touched)
    nested = conn.begin_nested()
    try:
        number = write_down(conn, who, act.kind, act.judgement, act.payload(), found.heads, reason)
        done = act.carry_out(conn, who, found, number, reason)
        after = _stand(conn, sorted({*found.heads, *crosswalk.golden_of(conn, touched).values()}))
        changed = {
            id: _fields(before.heads.get(id), head) for id, head in after.heads.items() if head.state == "active"
        }
        redirects = golden.resolve(conn, [id for id, head in after.heads.items() if head.state == "redirected"])
        plan = compensation(conn, who.entity, found.home, rows, changed)
        sides = len(waiting(conn, _children_of(conn, touched)))
        aside = [_aside(one, shown) for one in decision.load_assertions(conn, done.revoked).values()]
    finally:
        nested.rollback()
    told: dict[str, Any] = {
        "act": act.kind,
        "view": view,
        "goldens": [
            _golden(who.entity, id, before, after, shown)
            for id in sorted({*before.heads, *after.heads}, key=_order(after))
        ],
        "redirects": {
            write_id(who.entity, old): [write_id(who.entity, id) for id in way.ids] for old, way in redirects.items()
        },
        "published": [
            {"golden": write_id(who.entity, r.golden), "object": r.object, "key": r.key, "version": r.version}
            for r in rows
        ],
        "to_make_good": plan,
        "sets_aside": aside,
        "second_person": why,
        "sides_asked": sides,
    }
    offer = _offer(conn, act, found, shown)
    return told | ({"came_together": offer} if offer else {})


def _children_of(conn: Connection, records: Collection[int]) -> set[int]:
    """The children that hang on rows of the golden records which these records are in now."""
    homes = set(crosswalk.golden_of(conn, records).values())
    rows = {record for ids in crosswalk.members(conn, homes).values() for record in ids}
    return {line.child for line in relation.below(conn, rows)}


def _stand(conn: Connection, ids: Collection[int]) -> _Stand:
    members = crosswalk.members(conn, ids)
    return _Stand(golden.load(conn, ids), members, children(conn, members))


def _order(after: _Stand) -> Any:
    return lambda id: (id not in after.heads or after.heads[id].state != "active", id)


def _fields(before: Golden | None, after: Golden) -> list[str]:
    old = before.values if before is not None else {}
    return sorted(name for name in {*old, *after.values} if old.get(name) != after.values.get(name))


def _golden(entity: str, id: int, before: _Stand, after: _Stand, shown: Mapping[int, str]) -> dict[str, Any]:
    """One golden record: its state, its records, its children and every value, before and after."""
    old, new = before.heads.get(id), after.heads.get(id)
    lives = new is not None and new.state == "active"
    old_values = old.values if old is not None and old.state == "active" else {}
    new_values = new.values if new is not None and lives else {}
    return {
        "id": write_id(entity, id),
        "before": old.state if old is not None else None,
        "after": new.state if new is not None else None,
        "values": {
            name: {"before": old_values.get(name), "after": new_values.get(name)}
            for name in {**old_values, **new_values}
        },
        "records": {
            "before": sorted(shown.get(r, str(r)) for r in before.members.get(id, ())),
            "after": sorted(shown.get(r, str(r)) for r in after.members.get(id, ())),
        },
        "children": {
            kind: {
                "before": len(before.children.get(id, {}).get(kind, ())),
                "after": len(after.children.get(id, {}).get(kind, ())),
            }
            for kind in sorted({*before.children.get(id, {}), *after.children.get(id, {})})
        },
    }


def _aside(said: decision.Assertion, shown: Mapping[int, str]) -> str:
    sign = "=" if said.kind.endswith("same") else "≠"
    by = f"decision {said.decision} by {said.author}" if said.decision else said.author
    return f"{shown.get(said.a, said.a)} {sign} {shown.get(said.b, said.b)} ({by})"


def _offer(conn: Connection, act: Act, found: Look, shown: Mapping[int, str]) -> list[str]:
    """Records that came together with those that are to leave, and would stay behind (E29)."""
    if not isinstance(act, Split):
        return []
    leaving = {one for group in act.groups for one in group}
    with_them = {mate for one in leaving for mate in companions(conn, act.golden, one)} - leaving
    return sorted(shown[one] for one in with_them if one in shown and len(with_them | leaving) < len(found.home))
