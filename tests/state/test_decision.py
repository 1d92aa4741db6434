"""What stewards said stays, bound to records, until it is revoked; every decision moves only forward."""

from __future__ import annotations

import pytest

from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Reject
from goldbridge.state import decision
from goldbridge.state.decision import Assertion, Override
from goldbridge.state.engine import Store


def say(store: Store, *assertions: Assertion) -> list[int]:
    with store.begin() as conn:
        return decision.add_assertions(conn, assertions)


def active(store: Store, *records: int) -> list[tuple[str, int, int]]:
    with store.read() as conn:
        return [(one.kind, one.a, one.b) for one in decision.active_assertions(conn, records or None)]


def test_assertions_are_found_from_either_end(store: Store) -> None:
    ids = say(store, Assertion("same", 9, 2, "lin", "one phone"), Assertion("different", 3, 4, "lin", decision=7))
    assert ids == sorted(ids)
    assert active(store, 9) == active(store, 2) == [("same", 2, 9)]
    assert active(store, 2, 3) == [("same", 2, 9), ("different", 3, 4)]
    assert active(store) == [("same", 2, 9), ("different", 3, 4)]
    with store.read() as conn:
        assert decision.active_assertions(conn, []) == []
        found = decision.load_assertions(conn, [ids[0], 99])[ids[0]]
        assert decision.load_assertions(conn, []) == {}
    assert (found.author, found.reason, found.decision, found.lapse) == ("lin", "one phone", None, "never")
    assert (found.at, found.revoked_at, found.id) == ("2026-03-01T08:00:00.000000Z", "", ids[0])


def test_many_assertions_keep_their_order(store: Store) -> None:
    ids = say(store, *(Assertion("same", n, n + 1, "lin") for n in range(2500)))
    with store.read() as conn:
        found = decision.load_assertions(conn, ids)
    assert [found[id].a for id in ids] == list(range(2500))


def test_revoking_keeps_the_row_and_restoring_brings_it_back(store: Store) -> None:
    (id,) = say(store, Assertion("same", 1, 2, "lin"))
    with store.begin() as conn:
        assert decision.revoke_assertions(conn, [id], by=5) == 1
        assert decision.revoke_assertions(conn, [id], by=6) == 0
        assert decision.revoke_assertions(conn, [], by=6) == 0
        assert decision.load_assertions(conn, [id])[id].revoked_by == 5
    assert active(store) == []
    with store.begin() as conn:
        assert decision.restore_assertions(conn, [id]) == 1
        assert decision.restore_assertions(conn, [id]) == 0
    assert active(store) == [("same", 1, 2)]


def test_an_assertion_with_a_date_lapses(store: Store, clock: FrozenClock) -> None:
    say(
        store,
        Assertion("same", 1, 2, "lin", lapse="2026-03-01T09:00:00.000000Z"),
        Assertion("same", 3, 4, "lin", lapse="on_evidence_change", evidence_hash="e"),
    )
    assert len(active(store)) == 2
    clock.advance(3600)
    assert active(store) == [("same", 3, 4)]


def test_overrides_travel_with_their_anchor(store: Store, clock: FrozenClock) -> None:
    pins = [
        Override(1, "name", "set", "lin", value="甲", policy="until_source_changes", seen_hash="h", approved_by="wu"),
        Override(1, "phones", "suppress", "lin", item="+861", policy="2026-03-01T09:00:00.000000Z"),
        Override(2, "name", "set", "lin", value=None, decision=3),
    ]
    with store.begin() as conn:
        ids = decision.add_overrides(conn, pins)
        found = decision.active_overrides(conn, [1])
        assert [(one.id, one.field, one.mode, one.value, one.item) for one in found] == [
            (ids[0], "name", "set", "甲", ""),
            (ids[1], "phones", "suppress", None, "+861"),
        ]
        assert found[0].approved_by == "wu"
        assert decision.active_overrides(conn, []) == []
        assert len(decision.active_overrides(conn)) == 3
        clock.advance(3600)
        assert [one.id for one in decision.active_overrides(conn)] == [ids[0], ids[2]]
        assert decision.revoke_overrides(conn, ids[:1], by=9) == 1
        assert [one.id for one in decision.active_overrides(conn)] == [ids[2]]
        assert decision.load_overrides(conn, ids)[ids[0]].revoked_by == 9
        assert decision.load_overrides(conn, []) == {}
        assert decision.restore_overrides(conn, ids[:1]) == 1
        assert decision.add_overrides(conn, []) == []


def decide(store: Store, **more: object) -> int:
    with store.begin() as conn:
        return decision.add(conn, kind="merge", judgement="same", payload={"records": [1]}, proposer="lin", **more)  # type: ignore[arg-type]


def test_a_decision_goes_from_proposal_to_undo(store: Store) -> None:
    id = decide(store, task=4, base_versions={"7": 3}, reason="same shop")
    with store.begin() as conn:
        approved = decision.advance(conn, id, "approved", version=1, approver="wu")
        assert (approved.state, approved.approver, approved.version, approved.applied_at) == ("approved", "wu", 2, "")
        applied = decision.advance(conn, id, "applied", version=2, inverse={"revoke": [1]})
        assert applied.applied_at
        undone = decision.advance(conn, id, "undone", version=3, undone_by=9)
        held = decision.load(conn, [id, 99])
    assert held == {id: undone}
    assert (undone.task, undone.base_versions, undone.inverse, undone.undone_by) == (4, {"7": 3}, {"revoke": [1]}, 9)


def test_e41_the_second_of_two_stewards_is_told_of_the_first(store: Store) -> None:
    """Guard: goldbridge.state.decision:advance"""
    id = decide(store)
    with store.begin() as conn:
        decision.advance(conn, id, "approved", version=1, approver="wu")
        with pytest.raises(Reject, match="it is approved by wu") as caught:
            decision.advance(conn, id, "refused", version=1, approver="chen")
        assert caught.value.code == "STA033"


def test_transitions_that_are_not_declared_are_refused(store: Store) -> None:
    id = decide(store, state="applied")
    with store.begin() as conn:
        with pytest.raises(Halt, match="from applied to proposed") as caught:
            decision.advance(conn, id, "proposed", version=1)
        assert caught.value.code == "STA034"
        with pytest.raises(Reject) as missing:
            decision.advance(conn, 99, "applied", version=1)
        assert missing.value.code == "STA032"
        assert decision.load(conn, [id])[id].applied_at


def test_decisions_are_listed_by_what_is_asked(store: Store) -> None:
    first, second = decide(store, task=1), decide(store, state="applied")
    with store.read() as conn:
        assert [one.id for one in decision.list_decisions(conn)] == [first, second]
        assert [one.id for one in decision.list_decisions(conn, states=["applied"])] == [second]
        assert [one.id for one in decision.list_decisions(conn, task=1)] == [first]
        assert [one.id for one in decision.list_decisions(conn, after=first, limit=1)] == [second]
        assert decision.load(conn, []) == {}
