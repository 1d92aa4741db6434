"""What other rules would do to golden records: the difference between those in use and those made beside them.

A case is what has to be looked at together: golden records that would merge, part, or exchange records, or one whose
values would change. Cases are numbered by their oldest id, so that the same simulation gives the same numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from dedupe.cluster import clusters_of
from goldbridge.ports import Json
from goldbridge.state import crosswalk, decision, golden
from goldbridge.state.golden import Golden
from mdm.core import Core, speaks
from mdm.resolution import Scope, gather, propose

Kind = Literal["merged", "split", "moved", "kept"]
CaseState = Literal["waiting", "held", "accepted", "rolled back"]


@dataclass(slots=True)
class Case:
    """Golden id -> its records, before and after; `values`: golden id -> field -> [before, after] where it differs.

    A `kept` case changes no membership, only values or where they come from.
    """

    number: int
    kind: Kind
    before: dict[int, list[int]]
    after: dict[int, list[int]]
    values: dict[int, dict[str, list[Json]]] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    state: CaseState = "waiting"

    @property
    def records(self) -> list[int]:
        return sorted({id for side in (self.before, self.after) for ids in side.values() for id in ids})

    def as_json(self) -> dict[str, Json]:
        """As it is kept with the simulation."""
        return {
            "number": self.number, "kind": self.kind, "before": _text(self.before), "after": _text(self.after),
            "values": _text(self.values), "published": self.published, "state": self.state,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Case:
        """The inverse of `as_json`."""
        sides = ({int(id): part for id, part in data[name].items()} for name in ("before", "after", "values"))
        before, after, values = sides
        return cls(data["number"], data["kind"], before, after, values, data["published"], data["state"])


class Held(NamedTuple):
    """A steward's decision that the rules alone would contradict, and that holds. `newly`: today's rules would not."""

    decision: int | None
    judgement: str
    a: int
    b: int
    newly: bool


class Prediction(NamedTuple):
    """The whole difference. `overridden` are assertions that would be broken: there must be none."""

    counts: dict[str, int]
    cases: list[Case]
    held: list[Held]
    overridden: list[int]


def predict(before: Connection, after: Connection, today: Core, other: Core) -> Prediction:
    """Compare the golden records of an entity in use with those that `other` rules made beside."""
    entity = today.entity.name
    homes, new_homes = dict(crosswalk.of_entity(before, entity)), dict(crosswalk.of_entity(after, entity))
    moved = {id for id in homes.keys() | new_homes.keys() if homes.get(id) != new_homes.get(id)}
    cases = _memberships(before, after, homes, new_homes, moved)
    changed = _contents(before, after, entity)
    told = {id for case in cases for id in (*case.before, *case.after)}
    members = crosswalk.members(before, [id for id in changed if id not in told])
    for id in sorted(members):
        cases.append(Case(0, "kept", {id: members[id]}, {id: members[id]}))
    published = crosswalk.published_rows(before, {id for case in cases for id in case.before})
    for number, case in enumerate(sorted(cases, key=lambda one: (one.kind == "kept", min(one.before))), start=1):
        case.number = number
        case.values = {id: changed[id] for id in sorted({*case.before, *case.after}) if changed.get(id)}
        case.published = sorted({row for id in case.before for row in published.get(id, ())})
    cases.sort(key=lambda one: one.number)
    held = _held(before, after, today, other)
    overridden = _overridden(after, new_homes)
    clusters = len(set(new_homes.values())) - len({id for c in cases if c.kind != "kept" for id in c.after})
    return Prediction(_counted(cases, clusters, len(held), len(overridden)), cases, held, overridden)


def _counted(cases: list[Case], kept: int, held: int, overridden: int) -> dict[str, int]:
    kinds = Counter(case.kind for case in cases)
    return {
        "kept": kept, "merged": kinds["merged"], "split": kinds["split"], "moved": kinds["moved"],
        "values_changed": sum(len(case.values) for case in cases),
        "published": sum(len(case.published) for case in cases if case.kind != "kept" or case.values),
        "held": held, "overridden": overridden,
    }  # fmt: skip


def _memberships(
    before: Connection, after: Connection, homes: Mapping[int, int], new_homes: Mapping[int, int], moved: set[int]
) -> list[Case]:
    """Golden records that exchange records, joined into cases."""
    pairs = [(homes.get(id, new_homes.get(id, 0)), new_homes.get(id, homes.get(id, 0))) for id in sorted(moved)]
    touched = {id for pair in pairs for id in pair}
    old, new = crosswalk.members(before, touched), crosswalk.members(after, touched)
    cases = []
    for group in clusters_of(sorted(touched), pairs):
        was = {id: old[id] for id in group if id in old}
        becomes = {id: new[id] for id in group if id in new}
        cases.append(Case(0, _kind(was, becomes), was, becomes))
    return [case for case in cases if case.before]


def _kind(before: Mapping[int, Any], after: Mapping[int, Any]) -> Kind:
    if len(after) == 1 and len(before) > 1:
        return "merged"
    return "split" if len(before) == 1 and len(after) > 1 else "moved"


def _contents(before: Connection, after: Connection, entity: str) -> dict[int, dict[str, list[Json]]]:
    """Golden id -> field -> [before, after]; an empty dict when only the lineage differs."""
    found: dict[int, dict[str, list[Json]]] = {}
    for one, other in _side_by_side(before, after, entity):
        if one.values != other.values or one.lineage != other.lineage:
            names = sorted(one.values.keys() | other.values.keys())
            pairs = {name: [one.values.get(name), other.values.get(name)] for name in names}
            found[one.id] = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return found


def _side_by_side(before: Connection, after: Connection, entity: str) -> Iterator[tuple[Golden, Golden]]:
    at = -1
    while batch := golden.scan(before, entity, after=at):
        at = batch[-1].id
        made = golden.load(after, [record.id for record in batch])
        yield from ((record, made[record.id]) for record in batch if made[record.id].state == "active")


def _held(before: Connection, after: Connection, today: Core, other: Core) -> list[Held]:
    """Decisions that the other rules alone would contradict (E37, E38)."""
    said = [one for one in decision.active_assertions(before) if one.kind in ("same", "different")]
    pairs = [(one.a, one.b) for one in said]
    now, then = together(before, today, pairs), together(after, other, pairs)
    found = []
    for one in said:
        pair, wanted = (one.a, one.b), one.kind == "same"
        if pair in then and then[pair] != wanted:
            found.append(Held(one.decision, one.kind, one.a, one.b, now.get(pair) == wanted))
    return found


def together(conn: Connection, core: Core, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], bool]:
    """Whether the rules alone, had nobody decided anything, would put each pair into one golden record."""
    place: dict[int, tuple[int, int]] = {}
    for number, (a, b) in enumerate(pairs):
        if a in place and b in place:
            continue
        scope = gather(conn, core, [a, b])
        own = {id: r for id, r in scope.records.items() if speaks(r) and r.anchor is None}
        alone = Scope(scope.records, scope.edges, [], scope.current)
        for at, members in enumerate(propose(conn, core, own, alone).clusters):
            place.update(dict.fromkeys(members, (number, at)))
    return {(a, b): place[a] == place[b] for a, b in pairs if a in place and b in place}


def _overridden(conn: Connection, homes: Mapping[int, int]) -> list[int]:
    """Assertions that do not hold among these golden records."""
    return [
        one.id
        for one in decision.active_assertions(conn)
        if one.a in homes and one.b in homes and (homes[one.a] == homes[one.b]) != one.kind.endswith("same")
    ]


def hold(conn: Connection, core: Core, records: list[int], author: str) -> int:
    """Let what these records touch stay as it is under the rules of `core`, by assertions of the system.

    After it, clusters of edges and assertions are the golden records of today, exactly; each round sees what the holds
    before it let happen elsewhere. Returns how many assertions it took.
    """
    said: set[tuple[decision.AssertionKind, int, int]] = set()
    while True:
        scope = gather(conn, core, records)
        own = {id: r for id, r in scope.records.items() if speaks(r) and r.anchor is None and id in scope.current}
        wanted = _as_it_is(own.keys(), scope.current, propose(conn, core, own, scope).clusters)
        if wanted <= said:
            return len(said)
        reason = "held as it stands until the change of rules is accepted"
        decision.add_assertions(
            conn, [decision.Assertion(kind, a, b, author, reason) for kind, a, b in sorted(wanted - said)]
        )
        said |= wanted


def _as_it_is(
    own: Any, current: Mapping[int, int], clusters: tuple[tuple[int, ...], ...]
) -> set[tuple[decision.AssertionKind, int, int]]:
    """What has to be said so that these clusters become the current ones."""
    place = {id: number for number, members in enumerate(clusters) for id in members}
    members: dict[int, list[int]] = defaultdict(list)
    for id in sorted(own):
        members[current[id]].append(id)
    wanted: set[tuple[decision.AssertionKind, int, int]] = set()
    for ids in members.values():
        if len({place[id] for id in ids}) > 1:
            wanted.update(("hold_same", ids[0], other) for other in ids[1:])
    for together in clusters:
        homes = sorted({current[id] for id in together})
        for at, one in enumerate(homes):
            for other in homes[at + 1 :]:
                a, b = sorted((members[one][0], members[other][0]))
                wanted.add(("hold_different", a, b))
                for home in (one, other):
                    wanted.update(("hold_same", members[home][0], id) for id in members[home][1:])
    return wanted


def _text(part: Mapping[int, Any]) -> dict[str, Any]:
    return {str(id): value for id, value in part.items()}
