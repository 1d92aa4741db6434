"""Turns what the rules refuse or doubt into questions for a steward, one per pair of golden records.

A question is kept up to date while it is open and withdrawn when it no longer arises; it never doubles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from dedupe.cluster import Clustering
from goldbridge.ports import Json
from goldbridge.state import crosswalk, landing, match, task
from goldbridge.state.decision import Assertion
from goldbridge.state.document import digest
from goldbridge.state.landing import Record
from goldbridge.state.match import Edge
from goldbridge.state.task import NewTask
from mdm.core import Core
from mdm.lane import lane

KIND = "match"
"""Is this the same? Asked of two records whose golden records differ."""

WEAK = "weak_cluster"
"""Is this really one? Asked of a cluster that hangs on one edge."""


def open_reviews(
    conn: Connection,
    core: Core,
    records: Mapping[int, Record],
    edges: Sequence[Edge],
    assertions: Sequence[Assertion],
    clustering: Clustering,
    ids: Sequence[int],
) -> int:
    """Open the questions of this part of the graph, withdraw those that went away; returns how many are open.

    A doubtful edge may lead out of it, to a record that was resolved in another batch or long ago: that end's golden
    record is the one it has. An end that has none yet asks when its own turn comes. What a steward keeps apart is
    answered, and who was unsure is asked again when the evidence is another.
    """
    home = {record: golden for golden, cluster in zip(ids, clustering.clusters, strict=True) for record in cluster}
    apart = [said for said in assertions if said.kind == "different"]
    held = {(said.a, said.b): said.reason for said in assertions if said.kind == "hold_different"}
    pairs = [*held] + [(edge.a, edge.b) for edge in edges] + [(said.a, said.b) for said in apart]
    outside = {end for pair in pairs for end in pair} - set(home)
    home |= crosswalk.golden_of(conn, outside)
    answered = {frozenset((home.get(said.a), home.get(said.b))) for said in apart}
    reasons = {(r.a, r.b): r.reason for r in clustering.refused}
    asked: dict[tuple[int, int], Edge] = {}
    for edge in held_first(edges, held):
        left, right = home.get(edge.a), home.get(edge.b)
        if left is None or right is None or left == right:
            continue
        pair = (min(left, right), max(left, right))
        if pair not in asked and frozenset(pair) not in answered:
            asked[pair] = edge
    ends = {end for edge in asked.values() for end in (edge.a, edge.b)}
    known = {**landing.load(conn, ends - set(records)), **records}
    parts = match.parts_of(conn, core.rev, [(edge.a, edge.b) for edge in asked.values()])
    tasks = [
        _question(core, known, edge, parts.get((edge.a, edge.b)), _reason(edge, held, reasons), pair)
        for pair, edge in asked.items()
    ]
    for weak in clustering.weak:
        a, b = sorted((weak.a, weak.b))
        payload = {
            "members": list(weak.members),
            "bridge": [a, b],
            "weight": weak.weight,
            "support": weak.support,
            "reason": f"{len(weak.members)} records hang together by this pair alone",
            "labels": [_label(known[a]), _label(known[b])],
        }
        tasks.append(
            NewTask(WEAK, [a, b], payload, core.entity.name, lane(WEAK), priority=1, evidence_hash=digest(payload))
        )
    opened = set(task.open_tasks(conn, task.unanswered(conn, tasks)))
    stale = [t.id for t in task.touching(conn, list(records)) if t.kind in (KIND, WEAK) and t.id not in opened]
    task.withdraw(conn, stale, "the question no longer arises")
    return len(opened)


def held_first(edges: Sequence[Edge], held: Mapping[tuple[int, int], str]) -> list[Edge]:
    """The doubtful pairs, those that only a hold of the system keeps apart first: each of these is a question, also
    when nothing else joins the two any more (E39)."""
    known = {(edge.a, edge.b): edge for edge in edges}
    first = [known.get(pair, Edge(*pair, 0, "no")) for pair in sorted(held)]
    return first + sorted((edge for edge in edges if (edge.a, edge.b) not in held), key=_heaviest)


def _heaviest(edge: Edge) -> tuple[int, int, int]:
    return (-edge.weight, edge.a, edge.b)


def _reason(edge: Edge, held: Mapping[tuple[int, int], str], reasons: Mapping[tuple[int, int], str]) -> str:
    pair = (edge.a, edge.b)
    return f"held: {held[pair]}" if pair in held else reasons.get(pair, "review band")


def _question(
    core: Core, records: Mapping[int, Record], edge: Edge, parts: Json, reason: str, goldens: tuple[int, int]
) -> NewTask:
    payload = {
        "goldens": list(goldens),
        "weight": edge.weight,
        "reason": reason,
        "parts": parts,
        "vetoes": list(edge.vetoes),
        "labels": [_label(records[edge.a]), _label(records[edge.b])],
    }
    evidence = digest({"weight": edge.weight, "reason": reason, "parts": parts})
    # Conflicting official numbers and torn records come first: they cost most when left alone.
    queue = lane(KIND, reason)
    priority = 2 if queue in ("hard_ids", "margin", "held") else 1 if edge.band == "auto" else 0
    return NewTask(KIND, [edge.a, edge.b], payload, core.entity.name, queue, priority, evidence)


def _label(record: Record) -> dict[str, Any]:
    values = record.canonical or {}
    return {"source": f"{record.system}.{record.stream}", "key": record.key, "name": values.get("name")}
