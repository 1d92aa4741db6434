"""Checks the invariants of the golden store on what is stored, set by set, and names the first breaks of each.

Memberships, identifiers, redirects and versions are compared in the database; lineage is read page by page. What only
shows when everything is made anew (an index that lies) is the work of `golden verify --deep`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from dedupe.cluster import Assertion, check_assertions
from goldbridge.errors import GoldbridgeError
from goldbridge.records.model import Model
from goldbridge.state import crosswalk, decision, golden, invariant, landing
from goldbridge.state.audit import Audit
from mdm import child, hierarchy
from mdm.identity import write_id

NAMED = 20
"""Breaks of one invariant that are named; the first is what one repairs, the others show whether it is alone."""


def violations(conn: Connection, model: Model, audit: Audit | None = None) -> list[str]:
    """Every broken invariant as a sentence; an empty list is what one wants to see. The audit needs its key."""
    found: list[str] = []
    for entity in model.entities:
        for check in (_memberships, _hard_ids, _lineage, _lively):
            found.extend(islice(check(conn, entity), NAMED))
    for whole in (_assertions, _overrides, _redirects, _versions, hierarchy.broken, child.broken):
        found.extend(islice(whole(conn), NAMED))
    if audit is not None:
        found.extend(_audit(conn, audit))
    return found


def _memberships(conn: Connection, entity: str) -> Iterator[str]:
    """G1: a live record that was mapped has exactly one open membership."""
    for system, stream, key in crosswalk.homeless(conn, entity, limit=NAMED):
        yield f"G1 {system}.{stream}/{key} belongs to no golden record"
    twice = invariant.in_several(conn, entity, NAMED)
    for name in landing.names(conn, twice).values():
        yield f"G1 {name} belongs to several golden records"


def _assertions(conn: Connection) -> Iterator[str]:
    """G2, G10: what stewards said agrees with itself, and golden records are as they said."""
    said = decision.active_assertions(conn)
    same = [Assertion(one.a, one.b, one.id) for one in said if one.kind.endswith("same")]
    different = [Assertion(one.a, one.b, one.id) for one in said if one.kind.endswith("different")]
    try:
        check_assertions(same, different)
    except GoldbridgeError as error:
        yield f"G2 {error.message}"
    homes = invariant.spoken_for(conn, {end for one in said for end in (one.a, one.b)})
    heads = golden.heads(conn, set(homes.values()))
    entity = invariant.entities(conn, heads)
    for one in said:
        a, b = homes.get(one.a), homes.get(one.b)
        if a is None or b is None or (a == b) == one.kind.endswith("same"):
            continue
        if a == b:
            yield f"G2 {write_id(entity[a], a)} joins two records that assertion {one.id} keeps apart"
        else:
            ids = " and ".join(write_id(entity[id], id) for id in sorted((a, b)))
            yield f"G10 assertion {one.id} says that {ids} are one"


def _overrides(conn: Connection) -> Iterator[str]:
    """G10: a field that a steward set or hid shows a steward's word."""
    pins = [pin for pin in decision.active_overrides(conn) if not pin.item]
    homes = invariant.spoken_for(conn, {pin.anchor for pin in pins})
    heads = golden.load(conn, set(homes.values()))
    for pin in pins:
        head = heads.get(homes.get(pin.anchor, 0))
        if head is not None and not _is_pinned(head.lineage.get(pin.field)):
            yield f"G10 {write_id(head.entity, head.id)}.{pin.field} does not heed override {pin.id}"


def _is_pinned(line: Any) -> bool:
    return isinstance(line, dict) and ("override" in line or line.get("rule") == "override")


def _hard_ids(conn: Connection, entity: str) -> Iterator[str]:
    """G3: no two different valid hard ids of one type, unless *same* assertions hold them together."""
    crowded = invariant.hard_values(conn, entity)
    records = {id for values in crowded.values() for ids in values.values() for id in ids}
    members = crosswalk.members(conn, {golden for golden, _ in crowded})
    said = decision.active_assertions(conn, records | {id for ids in members.values() for id in ids})
    same = [(one.a, one.b) for one in said if one.kind.endswith("same")]
    for (id, type), values in sorted(crowded.items()):
        inside = set(members.get(id, ()))
        if _joins([pair for pair in same if inside.issuperset(pair)]) < len(values) - 1:
            yield f"G3 {write_id(entity, id)} holds {len(values)} different {type}"


def _joins(pairs: list[tuple[int, int]]) -> int:
    """How many separate records these pairs hold together, less one per group."""
    parent: dict[int, int] = {}

    def top(at: int) -> int:
        while parent.setdefault(at, at) != at:
            at = parent[at]
        return at

    joined = 0
    for a, b in pairs:
        one, other = top(a), top(b)
        if one != other:
            parent[one], joined = other, joined + 1
    return joined


def _lineage(conn: Connection, entity: str) -> Iterator[str]:
    """G6: every golden value names a winner that is live and a member, or an override, or that it was imputed."""
    for id, values, lineage, live in invariant.values(conn, entity):
        for name in values:
            line = lineage.get(name)
            if not isinstance(line, dict):
                yield f"G6 {write_id(entity, id)}.{name} has no lineage"
            elif not (_is_pinned(line) or line.get("imputed") or live.issuperset(winners(line))):
                yield f"G6 {write_id(entity, id)}.{name} rests on a record that is gone"


def winners(line: Mapping[str, Any]) -> set[int]:
    """The records that a value rests on, from its lineage."""
    found = {id for item in line.get("items", ()) for id in item} if "items" in line else {line.get("record", 0)}
    return found | set((line.get("completed_by") or {}).values())


def _lively(conn: Connection, entity: str) -> Iterator[str]:
    """E35: an active golden record has a live record."""
    for id in invariant.lifeless(conn, entity, NAMED):
        yield f"E35 {write_id(entity, id)} is active without a live record"


def _redirects(conn: Connection) -> Iterator[str]:
    """G4, G5: every id ever issued leads, in one hop, to active ids or to a retired one; none leads to itself."""
    for entity, id in invariant.lost(conn, NAMED):
        yield f"G4 {write_id(entity, id)} leads nowhere"
    for id in invariant.never_issued(conn, NAMED):
        yield f"G4 a membership names golden record {id}, which was never issued"
    for entity, id in invariant.two_hops(conn, NAMED):
        yield f"G5 {write_id(entity, id)} leads to an id that leads on"
    links: dict[int, set[int]] = defaultdict(set)
    for source, direct in invariant.links(conn):
        links[source].add(direct)
    for id in sorted(_circular(links)):
        yield f"G5 golden record {id} leads back to itself"


def _circular(links: Mapping[int, set[int]]) -> set[int]:
    """Ids that can be reached from themselves: what is left when everything that ends is taken away."""
    left = {id: set(to) for id, to in links.items()}
    while ends := [id for id, to in left.items() if not to & left.keys()]:
        for id in ends:
            del left[id]
    return set(left)


def _versions(conn: Connection) -> Iterator[str]:
    """G11: versions rise by one per visible change, and the outbox has exactly that event."""
    for entity, id in invariant.gaps(conn, NAMED):
        yield f"G11 {write_id(entity, id)} has versions that do not count up to the one it is at"
    for id, version, events in invariant.events_off(conn, NAMED):
        what = "no event" if not events else f"{events} events"
        yield f"G11 version {version} of golden record {id} has {what} in the outbox"


def _audit(conn: Connection, audit: Audit) -> Iterator[str]:
    try:
        audit.verify(conn)
    except GoldbridgeError as error:
        yield f"{error.code} {error.message}"
