"""Split, move, and *different*: that records of one golden record are another company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, ClassVar, Self

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import crosswalk, decision, match
from goldbridge.state.decision import Assertion
from mdm.evidence import evidence
from mdm.identity import write_id
from mdm.resolution import resolve
from mdm.steward.act import Done, settled
from mdm.steward.contradiction import different_is_free, holds_between, unopposed
from mdm.steward.desk import Look, Steward, anchor, look, look_at_records, told

_HELD = "held as it stood when the others left"


@dataclass(frozen=True, slots=True)
class Split:
    """Each group leaves the golden record as a company of its own; the rest stays."""

    golden: int
    groups: Sequence[Sequence[int]]
    kind: ClassVar[str] = "split"
    judgement: ClassVar[str] = "different"

    def payload(self) -> dict[str, Any]:
        groups = [sorted(set(group)) for group in self.groups]
        return {"golden": self.golden, "leaving": sorted({one for group in groups for one in group}), "groups": groups}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(payload["golden"], payload.get("groups") or [payload["leaving"]])

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM013 when the groups are not proper parts of the golden record."""
        found = look(conn, [self.golden])
        _proper(who, self.golden, found, self.groups)
        return found

    def sides(self, look: Look) -> list[list[int]]:
        groups = [sorted(set(group)) for group in self.groups]
        gone = {one for group in groups for one in group}
        return [sorted(set(look.records) - gone), *groups]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        sides = self.sides(look)
        revoked = sets_aside(conn, sides)
        decision.revoke_assertions(conn, revoked, by=number)
        apart = [
            Assertion("different", a, b, who.name, reason, decision=number)
            for one, other in combinations(sides, 2)
            for a, b in product(other, one)
        ]
        held = [hold for side in sides for hold in _together(side, number)]
        assertions = decision.add_assertions(conn, [*apart, *held])
        stays = dict.fromkeys(sides[0], self.golden)  # who splits says who leaves: the id stays with the others
        cause, seeds = f"decision:{number}", list(look.records)
        outcome = resolve(conn, who.core, seeds, cause, who.run, chosen=stays, basis="steward")
        return Done(outcome, look.home, assertions, revoked)


def _proper(who: Steward, golden: int, found: Look, groups: Sequence[Sequence[int]]) -> None:
    records = set(found.records)
    gone = [one for group in groups for one in dict.fromkeys(group)]
    strangers = [one for one in gone if one not in records]
    if strangers or not gone or not all(groups) or len(set(gone)) < len(gone) or set(gone) == records:
        shown = write_id(who.entity, golden)
        what = (
            "names a record that is not in it"
            if strangers
            else "names a record in two groups"
            if len(set(gone)) < len(gone)
            else "must leave a record on each side"
        )
        raise Reject("MDM013", f"the split of {shown} {what}; `goldbridge golden show {shown}` lists its records")


def sets_aside(conn: Connection, sides: Sequence[Sequence[int]]) -> list[int]:
    """What was said to be the same across these sides: it is set aside, and comes back with the undo."""
    side = {record: index for index, records in enumerate(sides) for record in records}
    return [
        said.id
        for said in decision.active_assertions(conn, side)
        if said.kind.endswith("same") and {said.a, said.b} <= set(side) and side[said.a] != side[said.b]
    ]


def _together(side: Sequence[int], number: int) -> list[Assertion]:
    return [Assertion("hold_same", side[0], other, "system", _HELD, decision=number) for other in side[1:]]


def companions(conn: Connection, golden: int, record: int) -> list[int]:
    """The records that came into this golden record together with `record` in its last merge (E29), itself included.

    Of `AB + CD` these are C and D when C is asked about; without a merge a record has none.
    """
    members = crosswalk.members(conn, [golden]).get(golden, [])
    came: dict[int, tuple[int, str]] = {}
    for one, own in _ways(conn, members).items():
        if own and own[-1].golden == golden and len(own) > 1 and own[-2].golden != golden:
            came[one] = (own[-2].golden, own[-1].tx_from)
    if not came:
        return [record]
    newest = max(at for _, at in came.values())
    origin = {one: before for one, (before, at) in came.items() if at == newest}
    mine = origin.get(record)
    found = [one for one in members if origin.get(one) == mine]
    return found if record in found and len(found) < len(members) else [record]


def left_behind(conn: Connection, record: int) -> list[int]:
    """The records that stayed in the golden record which this one has just left, though they had come together."""
    way = _ways(conn, [record]).get(record, [])
    if len(way) < 3 or way[-1].golden == way[-2].golden:
        return []
    former, origin, at = way[-2].golden, way[-3].golden, way[-2].tx_from
    members = crosswalk.members(conn, [former]).get(former, [])
    return [
        one
        for one, own in _ways(conn, members).items()
        if len(own) > 1 and (own[-2].golden, own[-1].tx_from) == (origin, at)
    ]


def _ways(conn: Connection, records: Sequence[int]) -> dict[int, list[crosswalk.Membership]]:
    """Record -> the golden records that it went through, without what decisions did that were taken back."""
    rows = crosswalk.history(conn, records)
    numbers = {number for row in rows if (number := _decided_by(row.cause)) is not None}
    made = decision.load(conn, numbers)
    gone = {number for number, one in made.items() if one.kind == "undo" or one.state == "undone"}
    found: dict[int, list[crosswalk.Membership]] = {}
    for row in rows:
        if _decided_by(row.cause) not in gone:
            found.setdefault(row.record, []).append(row)
    return found


def _decided_by(cause: str) -> int | None:
    kind, _, number = cause.partition(":")
    return int(number) if kind == "decision" else None


@dataclass(frozen=True, slots=True)
class Move:
    """These records of one golden record belong to another."""

    records: Sequence[int]
    target: int
    kind: ClassVar[str] = "move"
    judgement: ClassVar[str] = "different"

    def payload(self) -> dict[str, Any]:
        return {"records": sorted(set(self.records)), "target": self.target}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        return cls(payload["records"], payload["target"])

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM028 when the records are not a part of one other golden record, MDM018 when a steward
        keeps them apart from the target."""
        left = look_at_records(conn, list(self.records))
        shown = write_id(who.entity, self.target)
        if len(left.heads) > 1:
            raise Reject(
                "MDM028", f"records of {len(left.heads)} golden records cannot move to {shown} in one decision"
            )
        (home,) = left.heads
        if home == self.target:
            raise Reject("MDM028", f"they are in {shown} already")
        if set(left.records) == set(self.records):
            raise Reject(
                "MDM028",
                f"they are all that {write_id(who.entity, home)} has; merge it: "
                f"goldbridge golden merge {shown} {write_id(who.entity, home)}",
            )
        found = look(conn, [home, self.target])
        gone = {id: [r for r in records if id == self.target or r.id in set(self.records)]
                for id, records in found.own.items()}  # fmt: skip
        unopposed(conn, Look(found.heads, gone))
        return found

    def sides(self, look: Look) -> list[list[int]]:
        gone = set(self.records)
        rest = sorted(record for record, home in look.home.items() if home != self.target and record not in gone)
        return [rest, [*sorted(record.id for record in look.own[self.target]), *sorted(gone)]]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        gone = sorted(set(self.records))
        rest, whole = self.sides(look)
        there = anchor(look.own[self.target])
        revoked = [*sets_aside(conn, [rest, gone]), *_holds_apart(conn, gone, whole)]
        decision.revoke_assertions(conn, revoked, by=number)
        said = [Assertion("different", a, b, who.name, reason, decision=number) for a in gone for b in rest]
        said.append(Assertion("same", there, gone[0], who.name, reason, decision=number))
        assertions = decision.add_assertions(conn, [*said, *_together(gone, number), *_together(rest, number)])
        (home,) = look.heads.keys() - {self.target}
        chosen = dict.fromkeys(whole, self.target) | dict.fromkeys(rest, home)
        outcome, held = settled(conn, who, number, [there, *whole], list(look.home), chosen=chosen)
        return Done(outcome, look.home, [*assertions, *held], revoked)


def _holds_apart(conn: Connection, gone: Sequence[int], whole: Sequence[int]) -> list[int]:
    inside, leaving = set(whole), set(gone)
    return [
        said.id
        for said in decision.active_assertions(conn, leaving)
        if said.kind == "hold_different" and {said.a, said.b} <= inside
    ]


@dataclass(frozen=True, slots=True)
class Different:
    """Two records are not one: for good, or until what they are matched on changes."""

    a: int
    b: int
    until_evidence_changes: bool = False
    kind: ClassVar[str] = "different"
    judgement: ClassVar[str] = "different"

    def payload(self) -> dict[str, Any]:
        return {"records": [self.a, self.b], "until_evidence_changes": self.until_evidence_changes}

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Self:
        a, b = payload["records"]
        return cls(a, b, payload.get("until_evidence_changes", False))

    def look(self, conn: Connection, who: Steward, reason: str) -> Look:
        """Raises `Reject` MDM022 when what was said before makes them the same."""
        if self.a == self.b:
            raise Reject("MDM012", "a record is not different from itself; name two")
        different_is_free(conn, self.a, self.b)
        return look_at_records(conn, [self.a, self.b])

    def sides(self, look: Look) -> list[list[int]]:
        return [[self.a], [self.b]]

    def carry_out(self, conn: Connection, who: Steward, look: Look, number: int, reason: str) -> Done:
        lapse, proof = "never", ""
        if self.until_evidence_changes:
            lapse, proof = "on_evidence_change", evidence(conn, who.core, [self.a, self.b])
        holds = [*holds_between(conn, look), *self._holds_together(conn, who, look)]
        decision.revoke_assertions(conn, holds, by=number)
        said = Assertion("different", self.a, self.b, who.name, reason, number, lapse, proof)
        assertions = decision.add_assertions(conn, [said])
        cause = f"decision:{number}"
        outcome = resolve(conn, who.core, list(look.home), cause, who.run, basis="steward")
        return Done(outcome, told(conn, look, self.a, self.b), assertions, holds)

    def _holds_together(self, conn: Connection, who: Steward, look: Look) -> list[int]:
        """The system's holds that would keep the two in one golden record: those across what hangs on either."""
        if len(look.heads) > 1:
            return []
        leaving = set(side(conn, who, look, self.a, self.b))
        return [
            said.id
            for said in decision.active_assertions(conn, leaving)
            if said.kind == "hold_same" and (said.a in leaving) != (said.b in leaving)
        ]


def side(conn: Connection, who: Steward, look: Look, a: int, b: int) -> list[int]:
    """The records of a golden record that hang on `b` once it is parted from `a`; when another way leads from one to
    the other, only those that stewards said to be the same as `b`."""
    inside = set(look.records)
    said = [s for s in decision.active_assertions(conn, inside) if {s.a, s.b} <= inside]
    joined = [(e.a, e.b) for e in match.edges_touching(conn, who.core.rev, inside, bands=["auto"]) if not e.vetoes]
    joined += [(s.a, s.b) for s in said if s.kind.endswith("same")]
    pairs = [{one, other} for one, other in joined if {one, other} <= inside and {one, other} != {a, b}]
    found = _hanging(b, pairs)
    return sorted(found) if a not in found else sorted(_hanging(b, [{s.a, s.b} for s in said if s.kind == "same"]))


def _hanging(start: int, pairs: Sequence[set[int]]) -> set[int]:
    found: set[int] = set()
    fresh = {start}
    while fresh:
        found |= fresh
        fresh = {id for pair in pairs if pair & fresh for id in pair} - found
    return found
