"""What stewards do to golden records: merge, split, undo. Each act is one decision, bound to records and reversible.

A merge asserts that records are the same, a split that they are different; nothing is moved by hand. The resolution
that follows moves it, and would do so again in a rebuild. Whoever decides on what has changed since is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import crosswalk, decision, golden, landing, match, task
from goldbridge.state.audit import Audit
from goldbridge.state.decision import Assertion
from goldbridge.state.landing import Record
from mdm.core import Core, speaks
from mdm.identity import write_id
from mdm.resolution import Outcome, resolve
from mdm.review import KIND, WEAK


@dataclass(frozen=True, slots=True)
class Steward:
    """Who decides, on what rules, and where it is written down."""

    name: str
    core: Core
    audit: Audit
    run: int = 0


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that was applied: its number, and what it changed."""

    decision: int
    outcome: Outcome


def merge(
    conn: Connection,
    who: Steward,
    goldens: Sequence[int],
    *,
    reason: str = "",
    survivor: int | None = None,
    asked: int | None = None,
) -> Decided:
    """Assert that these golden records are one; the oldest id survives unless `survivor` names another.

    `asked` is the task that this answers. Raises `Reject` MDM011 for an id that is not active, MDM012 for fewer than
    two, MDM017 for a survivor that is none of them, MDM018 when a steward's *different* stands against it.
    """
    ids = list(dict.fromkeys(goldens))
    if len(ids) < 2:
        raise Reject("MDM012", "a merge needs two different golden records or more; those named are one")
    heads = _active(conn, ids)
    if survivor is not None and survivor not in ids:
        entity = who.core.entity.name
        among = ", ".join(write_id(entity, id) for id in ids)
        raise Reject("MDM017", f"{write_id(entity, survivor)} cannot survive: it is none of those to merge ({among})")
    own = _own_records(conn, ids)
    before = {record: id for id, records in own.items() for record in (r.id for r in records)}
    _unopposed(conn, own)
    anchors = [min(own[id], key=_seniority).id for id in ids]
    number = _decide(conn, who, "merge", "same", {"goldens": ids, "survivor": survivor}, heads, reason, asked)
    assertions = decision.add_assertions(
        conn,
        [Assertion("same", anchors[0], other, who.name, reason, decision=number) for other in anchors[1:]],
    )
    chosen = dict.fromkeys(before, survivor) if survivor is not None else None
    outcome = resolve(conn, who.core, list(before), f"decision:{number}", who.run, chosen=chosen, basis="steward")
    _applied(conn, who, number, {"assertions": assertions, "revoked": [], "before": _text(before)})
    return Decided(number, outcome)


def _unopposed(conn: Connection, own: Mapping[int, Sequence[Record]]) -> None:
    """Raises when somebody said that records of two of these golden records are different; a merge would tear them."""
    home = {record.id: id for id, records in own.items() for record in records}
    names = {r.id: f"{r.system}.{r.stream}/{r.key}" for records in own.values() for r in records}
    for said in decision.active_assertions(conn, home):
        if said.kind.endswith("different") and {said.a, said.b} <= set(home) and home[said.a] != home[said.b]:
            first, second = sorted((names[said.a], names[said.b]))
            raise Reject(
                "MDM018",
                f"decision {said.decision} says that {first} and {second} are different; "
                f"take it back first: goldbridge golden undo {said.decision}",
            )


def split(
    conn: Connection, who: Steward, home: int, leaving: Sequence[int], *, reason: str = "", asked: int | None = None
) -> Decided:
    """Assert that the records `leaving` are another company than the rest of golden record `home`.

    Assertions that say otherwise are revoked with the decision (and come back with its undo); the rest is held
    together as it stands. Raises `Reject` MDM013 when `leaving` is not a proper part of the golden record.
    """
    heads = _active(conn, [home])
    records = {r.id: r for r in _own_records(conn, [home])[home]}
    gone = sorted(set(leaving))
    rest = sorted(set(records) - set(gone))
    strangers = [id for id in gone if id not in records]
    if strangers or not gone or not rest:
        shown = write_id(who.core.entity.name, home)
        what = "names a record that is not in it" if strangers else "must leave a record on each side"
        raise Reject("MDM013", f"the split of {shown} {what}; `goldbridge golden show {shown}` lists its records")
    number = _decide(conn, who, "split", "different", {"golden": home, "leaving": gone}, heads, reason, asked)
    contradicted = [
        a.id
        for a in decision.active_assertions(conn, list(records))
        if a.kind.endswith("same") and (a.a in gone) != (a.b in gone) and {a.a, a.b} <= set(records)
    ]
    decision.revoke_assertions(conn, contradicted, by=number)
    apart = [Assertion("different", a, b, who.name, reason, decision=number) for a in gone for b in rest]
    held = [
        Assertion("hold_same", side[0], other, "system", "held as it stood when the others left", decision=number)
        for side in (gone, rest)
        for other in side[1:]
    ]
    assertions = decision.add_assertions(conn, [*apart, *held])
    outcome = resolve(conn, who.core, list(records), f"decision:{number}", who.run, basis="steward")
    before = dict.fromkeys(records, home)
    _applied(conn, who, number, {"assertions": assertions, "revoked": contradicted, "before": _text(before)})
    return Decided(number, outcome)


def question(conn: Connection, number: int) -> task.Task:
    """The task, when it asks whether two records are one; raises `Reject` MDM014 otherwise."""
    asked = task.load(conn, [number]).get(number)
    if asked is None or asked.kind not in (KIND, WEAK):
        reason = f": {asked.payload['reason']}" if asked is not None and asked.payload.get("reason") else ""
        raise Reject(
            "MDM014",
            f"task {number} does not ask whether two records are one{reason}; `goldbridge tasks` lists those that do",
        )
    return asked


def answer(conn: Connection, who: Steward, number: int, judgement: str, *, reason: str = "") -> Decided | None:
    """Settle a task: `same` merges, `different` keeps apart for good, `unsure` closes the question undecided.

    Raises `Reject` STA033 when somebody else answered first, MDM014 for a task about anything but two records.
    """
    asked = question(conn, number)
    # Closed before anything moves: the resolution that follows withdraws open questions that no longer arise.
    closed = task.resolve(conn, number, version=asked.version, resolution=judgement)
    if judgement == "unsure":
        return None
    homes = crosswalk.golden_of(conn, asked.subject)
    a, b = asked.subject
    if judgement == "same" and homes.get(a) != homes.get(b):
        decided = merge(conn, who, [homes[a], homes[b]], reason=reason, asked=number)
    elif judgement == "different" and homes.get(a) == homes.get(b):
        decided = split(conn, who, homes[a], _side(conn, who.core, homes[a], a, b), reason=reason, asked=number)
    else:
        decided = _assert_only(conn, who, judgement, a, b, reason, number)
    task.link(conn, number, version=closed.version, decision=decided.decision)
    return decided


def _side(conn: Connection, core: Core, home: int, a: int, b: int) -> list[int]:
    """The records of a golden record that hang on `b` once it is parted from `a`."""
    inside = {r.id for r in _own_records(conn, [home])[home]}
    joined = [(e.a, e.b) for e in match.edges_touching(conn, core.rev, inside, bands=["auto"]) if not e.vetoes]
    joined += [(s.a, s.b) for s in decision.active_assertions(conn, inside) if s.kind.endswith("same")]
    beside = [{one, other} for one, other in joined if {one, other} <= inside and {one, other} != {a, b}]
    side: set[int] = set()
    fresh = {b}
    while fresh:
        side |= fresh
        fresh = {id for pair in beside if pair & fresh for id in pair} - side
    return sorted(side) if a not in side else [b]


def _assert_only(conn: Connection, who: Steward, kind: str, a: int, b: int, reason: str, asked: int) -> Decided:
    """An answer that changes no cluster now but binds every later run."""
    homes = crosswalk.golden_of(conn, [a, b])
    heads = golden.load(conn, set(homes.values()))
    number = _decide(conn, who, kind, kind, {"records": [a, b]}, heads, reason, asked)
    judged: decision.AssertionKind = "same" if kind == "same" else "different"
    assertions = decision.add_assertions(conn, [Assertion(judged, a, b, who.name, reason, decision=number)])
    outcome = resolve(conn, who.core, [a, b], f"decision:{number}", who.run, basis="steward")
    _applied(conn, who, number, {"assertions": assertions, "revoked": [], "before": _text(homes)})
    return Decided(number, outcome)


def undo(conn: Connection, who: Steward, number: int, *, reason: str = "") -> Decided:
    """Take a decision back: its assertions go, what it revoked returns, and every id returns to where it was.

    Raises `Reject` MDM015 for a decision that is not in force, MDM016 naming later decisions that build on it.
    """
    made = in_force(conn, number)
    inverse: dict[str, Any] = dict(made.inverse)
    before = {int(record): id for record, id in inverse["before"].items()}
    later = _later(conn, number, set(before))
    if later:
        names = ", ".join(map(str, later))
        raise Reject("MDM016", f"decision {number} cannot be undone before the later ones that build on it: {names}")
    mine = _decide(conn, who, "undo", "undo", {"decision": number}, {}, reason)
    decision.revoke_assertions(conn, inverse["assertions"], by=mine)
    decision.restore_assertions(conn, inverse["revoked"])
    if made.task is not None:
        task.reopen(conn, made.task)  # before the resolution, which takes up what is open instead of asking it anew
    outcome = resolve(conn, who.core, list(before), f"decision:{mine}", who.run, restore=before, basis="steward")
    decision.advance(conn, number, "undone", version=made.version, undone_by=mine)
    _applied(conn, who, mine, {"assertions": [], "revoked": [], "before": {}})
    return Decided(mine, outcome)


def in_force(conn: Connection, number: int) -> decision.Decision:
    """A decision that can be taken back; raises `Reject` MDM015 otherwise."""
    made = decision.load(conn, [number]).get(number)
    if made is None:
        why = "there is none of this number"
    elif made.undone_by is not None:
        why = f"decision {made.undone_by} took it back already"
    elif made.kind == "undo":
        why = "it took another one back; decide anew instead"
    elif made.state != "applied":
        why = f"it is {made.state}"
    else:
        return made
    raise Reject("MDM015", f"decision {number} cannot be undone: {why}")


def _later(conn: Connection, number: int, records: set[int]) -> list[int]:
    """Applied decisions after this one that touch its records."""
    found, after = [], number
    while batch := decision.list_decisions(conn, states=["applied"], after=after, limit=200):
        after = batch[-1].id
        for other in batch:
            touched = {int(record) for record in (other.inverse or {}).get("before", {})}
            if other.kind != "undo" and touched & records:
                found.append(other.id)
    return found


def _active(conn: Connection, ids: Sequence[int]) -> dict[int, golden.Golden]:
    found = golden.load(conn, ids)
    for id in ids:
        if id not in found or found[id].state != "active":
            raise Reject("MDM011", _not_active(conn, id, found.get(id)))
    return found


def _not_active(conn: Connection, id: int, held: golden.Golden | None) -> str:
    """What became of a golden record, for somebody who decided on what it was."""
    shown = write_id(held.entity if held else "golden", id)
    if held is None:
        return f"golden record {shown} was never issued; check the id"
    if held.state == "redirected":
        heirs = ", ".join(write_id(held.entity, heir) for heir in golden.resolve(conn, [id])[id].ids)
        return (
            f"golden record {shown} is redirected to {heirs}; look at that with `goldbridge golden show`, then decide"
        )
    return f"golden record {shown} is {held.state}: none of its records lives, so there is nothing to change"


def _own_records(conn: Connection, ids: Sequence[int]) -> dict[int, list[Record]]:
    """Golden id -> its live records that stand for themselves (answers and published rows follow those)."""
    members = crosswalk.members(conn, ids)
    records = landing.load(conn, {id for part in members.values() for id in part})
    return {
        id: [records[r] for r in members.get(id, ()) if speaks(records[r]) and records[r].anchor is None] for id in ids
    }


def _seniority(record: Record) -> tuple[int, str, str, str, int]:
    return (record.first_run, record.system, record.stream, record.key, record.incarnation)


def _decide(
    conn: Connection,
    who: Steward,
    kind: str,
    judgement: str,
    payload: Mapping[str, Any],
    heads: Mapping[int, golden.Golden],
    reason: str,
    asked: int | None = None,
) -> int:
    number = decision.add(
        conn,
        kind=kind,
        judgement=judgement,
        payload=dict(payload),
        proposer=who.name,
        base_versions={str(id): head.version for id, head in heads.items()},
        reason=reason,
        task=asked,
    )
    who.audit.append(conn, who.name, kind, f"decision:{number}", dict(payload))
    return number


def _applied(conn: Connection, who: Steward, number: int, inverse: Mapping[str, Any]) -> None:
    made = decision.load(conn, [number])[number]
    decision.advance(conn, number, "applied", version=made.version, approver=who.name, inverse=dict(inverse))


def _text(before: Mapping[int, int]) -> dict[str, int]:
    return {str(record): id for record, id in sorted(before.items())}
