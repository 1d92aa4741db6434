"""Why two records are together, or apart: in sentences, also for two that no question was ever asked about.

The weight is computed anew under the rules in force, so it is what a run would find; which field weighs what, the
keys that made the pair meet, the vetoes, what was said about it, and the way from one to the other are named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import Connection

from dedupe.bit import BIT
from dedupe.rule import VETOES
from dedupe.score import Match, score
from goldbridge.errors import Reject
from goldbridge.state import crosswalk, decision, landing, match, task
from goldbridge.state.landing import Record
from mdm.core import speaks
from mdm.identity import write_id
from mdm.index import prepared
from mdm.steward.desk import Steward, name


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the way between two records: an edge of the rules, or what somebody said."""

    a: int
    b: int
    weight: int | None
    said: str = ""


def why(conn: Connection, who: Steward, a: int, b: int) -> dict[str, Any]:
    """Everything that is known about two records, as plain data; `sentences` tell it to people.

    Raises `Reject` MDM024 for a record that is gone or was never mastered.
    """
    records = landing.load(conn, [a, b])
    for one in (a, b):
        if one not in records or not speaks(records[one]) or records[one].entity != who.entity:
            gone = name(records[one]) if one in records else str(one)
            raise Reject("MDM024", f"{gone} belongs to no golden record: it is gone, or not mastered yet")
    core = who.core
    assert core.matching is not None
    assert core.statistics is not None
    known = prepared(conn, core, records)
    judged = score(core.matching, core.statistics, known[a], known[b])
    bands = core.statistics.bands or core.matching.bands
    keys = match.keys_of(conn, [a, b])
    shared = sorted({*keys.get(a, ())} & {*keys.get(b, ())})
    homes = crosswalk.golden_of(conn, [a, b])
    together = homes.get(a) is not None and homes.get(a) == homes.get(b)
    way = path(conn, who, homes[a], a, b) if together else []
    shown = {
        one.id: name(one) for one in landing.load(conn, {a, b, *(end for s in way for end in (s.a, s.b))}).values()
    }
    said = _said(conn, a, b, homes)
    told: dict[str, Any] = {
        "records": [shown[a], shown[b]],
        "goldens": [write_id(who.entity, homes[one]) if one in homes else None for one in (a, b)],
        "together": together,
        "bits": judged.weight / BIT,
        "band": judged.band,
        "bands": {"auto": bands.auto / BIT, "review": bands.review / BIT},
        "parts": [
            {"comparison": part.comparison, "level": part.level, "bits": part.weight / BIT} for part in judged.parts
        ],
        "vetoes": [{"veto": veto, "meaning": VETOES[veto]} for veto in judged.vetoes],
        "keys": shared,
        "said": said,
        "way": [
            {"from": shown[s.a], "to": shown[s.b], "bits": None if s.weight is None else s.weight / BIT, "said": s.said}
            for s in way
        ],
        "values": _values(records[a], records[b]),
        "tasks": [one.id for one in task.touching(conn, [a]) if b in one.subject],
    }
    told["sentences"] = sentences(told, judged, _refused(conn, a, b))
    return told


def pairs(conn: Connection, who: Steward, left: Sequence[int], right: Sequence[int]) -> list[tuple[int, int]]:
    """Which pairs answer the question: the most alike of two golden records, or the links inside a single one."""
    weights = {
        frozenset((edge.a, edge.b)): edge.weight
        for edge in match.edges_touching(conn, who.core.rev, [*left, *right], explained=False)
    }
    if right:
        return [max(product(left, right), key=lambda pair: weights.get(frozenset(pair), -1))]
    anchored = sorted(left)
    home = crosswalk.golden_of(conn, anchored[:1]).get(anchored[0])
    inside = crosswalk.members(conn, [home]).get(home, []) if home is not None else []
    known = [r.id for r in landing.load(conn, inside).values() if speaks(r) and r.anchor is None]
    if len(left) == 1:
        return [(left[0], other) for other in known if other != left[0]]
    links = spanning(links_in(conn, who, set(known))) if home is not None else []
    return [(step.a, step.b) for step in links]


def _values(a: Record, b: Record) -> dict[str, list[Any]]:
    left, right = a.canonical or {}, b.canonical or {}
    return {field: [left.get(field), right.get(field)] for field in {**left, **right}}


def _said(conn: Connection, a: int, b: int, homes: Mapping[int, int]) -> list[str]:
    """What stewards and the system say about the two, or about the golden records that they are in."""
    members = crosswalk.members(conn, set(homes.values()))
    side = {record: home for home, ids in members.items() for record in ids}
    found = []
    for one in decision.active_assertions(conn, side):
        direct = {one.a, one.b} == {a, b}
        across = side.get(one.a) != side.get(one.b) and {one.a, one.b} <= set(side)
        if direct or (across and one.kind.endswith("different")):
            known = {r.id: name(r) for r in landing.load(conn, [one.a, one.b]).values()}
            sign = "=" if one.kind.endswith("same") else "≠"
            by = f"decision {one.decision} by {one.author}" if one.decision else one.author
            until = ", until the evidence changes" if one.lapse == "on_evidence_change" else ""
            because = f": {one.reason}" if one.reason else ""
            found.append(f"{known.get(one.a, one.a)} {sign} {known.get(one.b, one.b)} ({by}{until}){because}")
    return found


def path(conn: Connection, who: Steward, home: int, a: int, b: int) -> list[Step]:
    """The way with the strongest weakest link from one to the other inside their golden record."""
    inside = set(crosswalk.members(conn, [home]).get(home, ()))
    tree: dict[int, list[Step]] = {}
    for step in spanning(links_in(conn, who, inside)):
        tree.setdefault(step.a, []).append(step)
        tree.setdefault(step.b, []).append(step)
    return _walk(tree, a, b)


def links_in(conn: Connection, who: Steward, inside: Set[int]) -> list[Step]:
    """What joins these records: what was said, and the edges of the rules, the strongest first."""
    steps = [
        Step(edge.a, edge.b, edge.weight)
        for edge in match.edges_touching(conn, who.core.rev, inside, bands=["auto"], explained=False)
        if {edge.a, edge.b} <= inside and not edge.vetoes
    ]
    steps += [
        Step(said.a, said.b, None, f"decision {said.decision}" if said.decision else said.author)
        for said in decision.active_assertions(conn, inside)
        if said.kind.endswith("same") and {said.a, said.b} <= inside
    ]
    steps.sort(key=lambda step: (step.weight is not None, -(step.weight or 0), step.a, step.b))
    return steps


def spanning(steps: Sequence[Step]) -> list[Step]:
    """As few of these links as hold all together, the strongest ones."""
    root: dict[int, int] = {}

    def top(record: int) -> int:
        while root.setdefault(record, record) != record:
            record = root[record]
        return record

    kept = []
    for step in steps:
        if top(step.a) != top(step.b):
            root[top(step.b)] = top(step.a)
            kept.append(step)
    return kept


def _walk(tree: Mapping[int, list[Step]], a: int, b: int) -> list[Step]:
    came: dict[int, tuple[int, Step]] = {}
    fresh = deque([a])
    while fresh and b not in came:
        at = fresh.popleft()
        for step in tree.get(at, ()):
            other = step.b if step.a == at else step.a
            if other != a and other not in came:
                came[other] = (at, step)
                fresh.append(other)
    way: list[Step] = []
    at = b
    while at in came:
        before, step = came[at]
        way.append(Step(before, at, step.weight, step.said))
        at = before
    return way[::-1]


def _refused(conn: Connection, a: int, b: int) -> str:
    """Why the rules did not join the pair, as its open question remembers."""
    for one in task.touching(conn, [a]):
        if b in one.subject and one.payload.get("reason"):
            return str(one.payload["reason"])
    return ""


_REFUSALS = {
    "margin": "two candidates are so near to each other that neither is taken",
    "different": "it would bring together what a steward keeps apart",
    "one_source": "their source holds each thing once",
    "cluster_cap": "the golden record would grow beyond the limit",
}


def sentences(told: Mapping[str, Any], judged: Match, refused: str) -> list[str]:
    """The explanation for people: the verdict first, then what speaks for it and against it."""
    one, other = told["records"]
    lines = [f"{one} and {other} are {'together' if told['together'] else 'apart'}: {_verdict(told, refused)}"]
    for part in sorted(judged.parts, key=lambda each: -abs(each.weight)):
        way = "speaks for it" if part.weight > 0 else "speaks against it" if part.weight < 0 else "says nothing"
        lines.append(f"{part.comparison} ({part.level}) {way}: {part.weight / BIT:+.1f} bits")
    lines.append(
        f"together {told['bits']:+.1f} bits; a question from {told['bands']['review']:.1f}, "
        f"joined from {told['bands']['auto']:.1f}"
    )
    lines += [f"veto: {each['meaning']}" for each in told["vetoes"]]
    lines += [f"said: {each}" for each in told["said"]]
    lines.append(f"they met by {', '.join(told['keys'])}" if told["keys"] else "no key brings the two together")
    if len(told["way"]) > 1:
        weakest = min((step["bits"] for step in told["way"] if step["bits"] is not None), default=None)
        for step in told["way"]:
            how = step["said"] or f"{step['bits']:+.1f} bits"
            mark = "  <- the weakest link" if step["bits"] is not None and step["bits"] == weakest else ""
            lines.append(f"by way of {step['from']} - {step['to']}: {how}{mark}")
    return lines


def _verdict(told: Mapping[str, Any], refused: str) -> str:
    if told["together"]:
        if any(" = " in each for each in told["said"]):
            held = told["band"] != "auto" or told["vetoes"]
            return (
                "held by decision, whatever the evidence says" if held else "a decision says so, and the evidence too"
            )
        if len(told["way"]) > 1:
            return f"through {len(told['way']) - 1} other record{'s' if len(told['way']) > 2 else ''}"
        return "by their own evidence"
    if any(" ≠ " in each for each in told["said"]):
        return "a decision keeps them apart"
    if told["vetoes"]:
        return f"a veto keeps them apart ({'; '.join(each['meaning'] for each in told['vetoes'])})"
    if refused in _REFUSALS:
        return _REFUSALS[refused]
    if not told["keys"]:
        return "nothing that could make them meet is the same"
    if told["band"] == "auto":
        return "something in their golden records speaks against it; `goldbridge golden show` has their records"
    if told["band"] == "review":
        return "the evidence is too thin to join without a steward"
    return f"the evidence is {told['bands']['review'] - told['bits']:.1f} bits short of a question"
