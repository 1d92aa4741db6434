"""Turns what the rules refuse or doubt into questions for a steward, one per pair of golden records.

A question is kept up to date while it is open and withdrawn when it no longer arises; it never doubles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from dedupe.cluster import Clustering
from goldbridge.state import crosswalk, landing, task
from goldbridge.state.document import digest
from goldbridge.state.landing import Record
from goldbridge.state.match import Edge
from goldbridge.state.task import NewTask
from mdm.core import Core

KIND = "match"
"""Is this the same? Asked of two records whose golden records differ."""

WEAK = "weak_cluster"
"""Is this really one? Asked of a cluster that hangs on one edge."""


def open_reviews(
    conn: Connection,
    core: Core,
    records: Mapping[int, Record],
    edges: Sequence[Edge],
    clustering: Clustering,
    ids: Sequence[int],
) -> int:
    """Open the questions of this part of the graph, withdraw those that went away; returns how many are open.

    A doubtful edge may lead out of it, to a record that was resolved in another batch or long ago: that end's golden
    record is the one it has. An end that has none yet asks when its own turn comes.
    """
    home = {record: golden for golden, cluster in zip(ids, clustering.clusters, strict=True) for record in cluster}
    outside = {end for edge in edges for end in (edge.a, edge.b)} - set(home)
    home |= crosswalk.golden_of(conn, outside)
    known = {**landing.load(conn, outside - set(records)), **records}
    reasons = {(r.a, r.b): r.reason for r in clustering.refused}
    asked: dict[tuple[int, int], NewTask] = {}
    for edge in sorted(edges, key=lambda e: (-e.weight, e.a, e.b)):
        left, right = home.get(edge.a), home.get(edge.b)
        if left is None or right is None or left == right:
            continue
        pair = (min(left, right), max(left, right))
        if pair not in asked and not _forbidden(reasons.get((edge.a, edge.b), "")):
            asked[pair] = _question(core, known, edge, reasons.get((edge.a, edge.b), "review band"), pair)
    tasks = list(asked.values())
    for weak in clustering.weak:
        a, b = sorted((weak.a, weak.b))
        payload = {"members": list(weak.members), "bridge": [a, b], "weight": weak.weight, "support": weak.support}
        tasks.append(NewTask(WEAK, [a, b], payload, entity=core.entity.name, evidence_hash=digest(payload), priority=1))
    opened = set(task.open_tasks(conn, tasks))
    stale = [t.id for t in task.touching(conn, list(records)) if t.kind in (KIND, WEAK) and t.id not in opened]
    task.withdraw(conn, stale, "the question no longer arises")
    return len(opened)


def _forbidden(reason: str) -> bool:
    """A steward's own *different* is an answer, not a question."""
    return reason == "different"


def _question(core: Core, records: Mapping[int, Record], edge: Edge, reason: str, goldens: tuple[int, int]) -> NewTask:
    payload = {
        "goldens": list(goldens),
        "weight": edge.weight,
        "reason": reason,
        "parts": edge.parts,
        "vetoes": list(edge.vetoes),
        "labels": [_label(records[edge.a]), _label(records[edge.b])],
    }
    evidence = digest({"weight": edge.weight, "reason": reason, "parts": edge.parts})
    # Conflicting official numbers and torn records come first: they cost most when left alone.
    priority = 2 if reason in ("different_hard_id", "margin") else 1 if edge.band == "auto" else 0
    return NewTask(KIND, [edge.a, edge.b], payload, entity=core.entity.name, priority=priority, evidence_hash=evidence)


def _label(record: Record) -> dict[str, Any]:
    values = record.canonical or {}
    return {"source": f"{record.system}.{record.stream}", "key": record.key, "name": values.get("name")}
