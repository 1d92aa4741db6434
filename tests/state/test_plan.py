"""No question that a page or a batch asks walks a whole table: with a million records that would stop the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from goldbridge.state import (
    cache,
    crosswalk,
    dead,
    decision,
    delivery,
    golden,
    landing,
    ledger,
    match,
    outbox,
    relation,
    task,
)
from goldbridge.state import run as runs
from goldbridge.state.engine import Store
from goldbridge.state.run import Lease
from tests.state.samples import CRM, number

QUESTIONS: dict[str, Callable[[Connection], object]] = {
    "changed": lambda conn: landing.changed(conn, CRM, [landing.Arrival("k", {})]),
    "delete": lambda conn: landing.delete(conn, CRM, ["k"], 1),
    "load": lambda conn: landing.load(conn, [1], raw=True),
    "streams": lambda conn: landing.streams(conn, "s"),
    "last_runs": lambda conn: landing.last_runs(conn, [1]),
    "set_aside": lambda conn: landing.set_aside(conn, CRM, [1]),
    "versions": lambda conn: landing.versions(conn, 1),
    "anchored": lambda conn: landing.anchored(conn, [1]),
    "missing": lambda conn: landing.missing(conn, CRM, 1, before="9"),
    "sweep": lambda conn: landing.sweep(conn, CRM, 1, 1, before="9"),
    "move": lambda conn: crosswalk.move(conn, [crosswalk.Move(number("C1"), None)], "c", 1),
    "members": lambda conn: crosswalk.members(conn, [1]),
    "homes": lambda conn: crosswalk.homes(conn, [1]),
    "members then": lambda conn: crosswalk.members(conn, [1], as_of="2026"),
    "golden_of": lambda conn: crosswalk.golden_of(conn, [1]),
    "golden_of then": lambda conn: crosswalk.golden_of(conn, [1], as_of="2026"),
    "resolve_keys": lambda conn: crosswalk.resolve_keys(conn, "s", "t", ["k"]),
    "keys_of": lambda conn: crosswalk.keys_of(conn, [1], "s", "t"),
    "history": lambda conn: crosswalk.history(conn, [1]),
    "golden load": lambda conn: golden.load(conn, [1]),
    "golden heads": lambda conn: golden.heads(conn, [1]),
    "founded": lambda conn: golden.founded(conn, [1]),
    "as_of": lambda conn: golden.as_of(conn, [1], "2026"),
    "resolve": lambda conn: golden.resolve(conn, [1]),
    "redirect": lambda conn: golden.redirect(conn, [golden.Redirect(1, {2: []})], "c", 1),
    "candidates": lambda conn: match.candidates(conn, "party", [1], cap=5),
    "lookup": lambda conn: match.lookup(conn, "party", ["k"], cap=5),
    "replace_keys": lambda conn: match.replace_keys(conn, "party", {1: ["k"]}),
    "replace_edges": lambda conn: match.replace_edges(conn, 1, [1], []),
    "component": lambda conn: match.component(conn, 1, [1]),
    "parts_of": lambda conn: match.parts_of(conn, 1, [(1, 2)]),
    "identifiers": lambda conn: match.replace_identifiers(conn, {1: []}),
    "holders": lambda conn: match.holders(conn, "phone", ["v"], hard=True),
    "assertions": lambda conn: decision.active_assertions(conn, [1]),
    "overrides": lambda conn: decision.active_overrides(conn, [1]),
    "open_tasks": lambda conn: task.open_tasks(conn, [task.NewTask("review", [1], {})]),
    "tasks touching": lambda conn: task.touching(conn, [1]),
    "enqueue": lambda conn: delivery.enqueue(
        conn,
        "f",
        [delivery.Order("t", "o", 1, 1, "create", "e", {}), delivery.Order("t", "o", 1, 2, "create", "e", {})],
        1,
    ),
    "claim": lambda conn: delivery.claim(conn, Lease("f", "h", 1, 1), "t", "o", limit=5, run=1),
    "unknown": lambda conn: delivery.unknown(conn, "t", "o"),
    "of_subjects": lambda conn: delivery.of_subjects(conn, "t", "o", [1]),
    "objects": lambda conn: delivery.objects(conn),
    "unpark": lambda conn: delivery.unpark(conn, ["x"]),
    "ledger": lambda conn: ledger.load(conn, "t", "o", ["k"]),
    "ledger by subject": lambda conn: ledger.by_subject(conn, "t", "o", [1]),
    "dead put": lambda conn: dead.put(conn, "f", [dead.Letter("s", "t", "k", "map", "MAP001", "m")], 1),
    "dead about": lambda conn: dead.about(conn, "s", "t", "k"),
    "dead streams": lambda conn: dead.streams(conn, "s", "k"),
    "dead unread": lambda conn: dead.unread(conn, "f", "s", "t"),
    "dead outlive": lambda conn: dead.outlive(conn, "f", "s", "t", 1, ["k"]),
    "dead drop": lambda conn: dead.drop(conn, [1]),
    "dead clear": lambda conn: dead.clear(conn, "f", "s", "t", ["k"]),
    "cache": lambda conn: cache.load(conn, "s", "q", [{"a": "b"}]),
    "relations": lambda conn: relation.touching(conn, [1]),
    "roles": lambda conn: relation.roles_of(conn, [1]),
    "outbox": lambda conn: outbox.read(conn, 5, kind="golden"),
    "check_fence": lambda conn: runs.check_fence(conn, runs.acquire(conn, "f", holder="h")),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_walks_a_table(sqlite_store: Store, question: str) -> None:
    asked: list[tuple[str, Any]] = []

    def note(conn: object, cursor: object, sql: str, parameters: Any, context: object, many: bool) -> None:
        asked.append((sql, parameters[0] if many else parameters))

    with sqlite_store.begin() as conn:
        dead.put(
            conn, "f", [dead.Letter("s", "t", "k", "map", "MAP001", "m")], 1
        )  # some questions follow what is there
        event.listen(sqlite_store.engine, "before_cursor_execute", note)
        QUESTIONS[question](conn)
        event.remove(sqlite_store.engine, "before_cursor_execute", note)
        assert asked
        for sql, parameters in asked:
            if sql.startswith("PRAGMA"):
                continue
            plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
            walked = [step for step in plan if step.startswith("SCAN") and "json_each" not in step]
            # The meta table has a handful of rows and is read whole; a chain is what was found already.
            assert not set(walked) - {"SCAN meta", "SCAN chain"}, (sql, plan)
