"""One revision is in force; what it was made of never changes."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from goldbridge.errors import Halt
from goldbridge.state import ruleset
from goldbridge.state.engine import Store
from goldbridge.state.tables import ruleset as table


def test_a_revision_is_drafted_simulated_activated_and_retired(store: Store) -> None:
    with store.begin() as conn:
        assert ruleset.active(conn) is None
        first = ruleset.add(conn, {"party": {}}, {"terms": {"上海": 3}}, "lin")
        second = ruleset.add(conn, {"party": {"x": 1}}, {}, "lin")
        ruleset.activate(conn, first, "wu")
        held = ruleset.active(conn)
        assert held is not None
        assert (held.rev, held.document, held.statistics) == (first, {"party": {}}, {"terms": {"上海": 3}})
        assert (held.approved_by, held.author, held.activated_at) == ("wu", "lin", "2026-03-01T08:00:00.000000Z")
        ruleset.add_simulation(conn, first, second, 17, {"kept": 2}, [{"id": 1}])
        assert ruleset.load(conn, second).state == "simulated"
        ruleset.activate(conn, second, "wu")
        ruleset.activate(conn, second, "somebody else")
        assert [(one.rev, one.state, one.approved_by) for one in ruleset.list_rulesets(conn)] == [
            (second, "active", "wu"),
            (first, "retired", "wu"),
        ]
        assert ruleset.list_rulesets(conn)[1].statistics is None


def test_equal_rules_have_equal_fingerprints(store: Store) -> None:
    with store.begin() as conn:
        revs = [ruleset.add(conn, {"a": 1}, stats, "lin") for stats in ({}, {}, {"n": 1})]
        prints = [ruleset.load(conn, rev).fingerprint for rev in revs]
    assert prints[0] == prints[1] != prints[2]


def test_the_newest_simulation_counts(store: Store) -> None:
    with store.begin() as conn:
        rev = ruleset.add(conn, {}, {}, "lin")
        assert ruleset.simulation(conn, rev) is None
        for mark in (1, 2):
            ruleset.add_simulation(conn, 0, rev, mark, {"kept": mark}, None)
        found = ruleset.simulation(conn, rev)
    assert found is not None
    assert (found.watermark, found.counts) == (2, {"kept": 2})


def test_two_active_revisions_are_impossible(store: Store) -> None:
    with store.begin() as conn:
        for _ in range(2):
            ruleset.add(conn, {}, {}, "lin")
    with pytest.raises(IntegrityError), store.begin() as conn:
        conn.execute(update(table).values(state="active"))


def test_a_revision_that_is_not_there_is_named(store: Store) -> None:
    with store.begin() as conn, pytest.raises(Halt, match="no ruleset 9") as caught:
        ruleset.activate(conn, 9, "wu")
    assert caught.value.code == "STA036"
