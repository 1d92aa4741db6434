"""Children that a merge of their parents makes look double: the same contact of two companies that are one by now.

That somebody joined the companies is no proof that they joined their people. Two children that stood apart while their
parents did stay apart, by a hold of the system, and a steward is asked (E81). Nothing is removed, and nothing joined,
without them. When the parents part again, the question goes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from dedupe.cluster import clusters_of
from goldbridge.records.model import Entity
from goldbridge.state import crosswalk, decision, match, relation
from goldbridge.state.decision import Assertion
from goldbridge.state.landing import Record
from mdm.lane import DOUBLES


def held_apart(
    conn: Connection,
    entity: Entity,
    own: Mapping[int, Record],
    edges: Sequence[match.Edge],
    said: Sequence[Assertion],
    current: Mapping[int, int],
) -> list[Assertion]:
    """What was said about these children, with holds for those that look double since their parents are one."""
    if not entity.parent:
        return list(said)
    held = [one for one in said if one.kind == "hold_different" and one.reason == DOUBLES]
    pairs = [(e.a, e.b) for e in edges if e.band == "auto" and not e.vetoes and e.a in own and e.b in own]
    pairs = [(a, b) for a, b in pairs if current.get(a, a) != current.get(b, b) and a in current and b in current]
    if not (pairs or held):
        return list(said)
    above = _above(conn, entity, {end for pair in pairs for end in pair} | {e for one in held for e in (one.a, one.b)})
    home = crosswalk.golden_of(conn, {line.parent for line in above.values()})
    over = [one for one in held if not _together(above, home, one.a, one.b)]
    decision.revoke_assertions(conn, [one.id for one in over], by=None)
    left = [one for one in said if one not in over]
    news = [pair for pair in _unsaid(pairs, left, own) if _joined_later(conn, above, home, *pair)]
    made = decision.add_assertions(conn, [Assertion("hold_different", a, b, "system", DOUBLES) for a, b in news])
    return [*left, *decision.load_assertions(conn, made).values()]


def _above(conn: Connection, entity: Entity, children: Collection[int]) -> dict[int, relation.Relation]:
    """Child -> the relation to its parent; a child with several parents has no one parent to compare."""
    found: dict[int, list[relation.Relation]] = {}
    for line in relation.above(conn, children, kinds=[f"{entity.name}_of"]):
        found.setdefault(line.child, []).append(line)
    return {child: lines[0] for child, lines in found.items() if len(lines) == 1}


def _together(above: Mapping[int, relation.Relation], home: Mapping[int, int], a: int, b: int) -> bool:
    """Whether the parents of two children are one golden record, and were two records."""
    if a not in above or b not in above or above[a].parent == above[b].parent:
        return False
    left, right = home.get(above[a].parent), home.get(above[b].parent)
    return left is not None and left == right


def _joined_later(
    conn: Connection, above: Mapping[int, relation.Relation], home: Mapping[int, int], a: int, b: int
) -> bool:
    """Whether the parents of two children became one after both children were there."""
    if not _together(above, home, a, b):
        return False
    both = max(above[a].since, above[b].since)
    then = crosswalk.golden_of(conn, [above[a].parent, above[b].parent], as_of=both)
    return len(set(then.values())) == 2


def _unsaid(pairs: Sequence[tuple[int, int]], said: Sequence[Assertion], own: Collection[int]) -> list[tuple[int, int]]:
    """The pairs that nobody kept apart, and that no chain of what was said holds together."""
    apart = {(one.a, one.b) for one in said if one.kind.endswith("different")}
    same = [(one.a, one.b) for one in said if one.kind.endswith("same") and one.a in own and one.b in own]
    group = {id: at for at, ids in enumerate(clusters_of(sorted(own), same)) for id in ids}
    return [(a, b) for a, b in sorted(set(pairs)) if (a, b) not in apart and group[a] != group[b]]
