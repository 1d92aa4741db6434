"""Queued writes move only as declared, one at a time per subject, and none is sent blindly twice."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt
from goldbridge.state import delivery
from goldbridge.state import run as runs
from goldbridge.state.delivery import TRANSITIONS, Delivery, Order, Settlement
from goldbridge.state.engine import Store, open_store
from goldbridge.state.run import Lease
from goldbridge.state.tables import delivery as table

T, OBJ, FLOW = "new_crm", "AccountObj", "publish"


def order(subject: int = 1, version: int = 1, name: str = "a", **more: object) -> Order:
    return Order(T, OBJ, subject, version, "create", f"G{subject}", {"name": name}, **more)  # type: ignore[arg-type]


@pytest.fixture
def lease(store: Store) -> Lease:
    with store.begin() as conn:
        return runs.acquire(conn, FLOW, holder="test", ttl_s=0)


def enqueue(store: Store, *orders: Order) -> list[int]:
    with store.begin() as conn:
        return delivery.enqueue(conn, FLOW, orders, run=1)


def claim(store: Store, lease: Lease, limit: int = 10) -> list[Delivery]:
    with store.begin() as conn:
        return delivery.claim(conn, lease, T, OBJ, limit=limit, run=2)


def settle(store: Store, *settlements: Settlement) -> None:
    with store.begin() as conn:
        delivery.settle(conn, settlements)


def states(store: Store) -> list[tuple[int, int, str]]:
    with store.read() as conn:
        return [(one.subject, one.version, one.state) for one in delivery.list_deliveries(conn)]


def test_an_order_is_claimed_sent_and_settled(store: Store, lease: Lease) -> None:
    (id,) = enqueue(store, order(before={"name": "old"}, key="K0", entity="party"))
    (claimed,) = claim(store, lease)
    with store.read() as conn:
        assert delivery.load(conn, [id, 99]) == {id: claimed}
    assert claimed.state == "inflight"
    assert (claimed.attempts, claimed.fence, claimed.flow, claimed.run) == (1, lease.fence, FLOW, 2)
    assert (claimed.after, claimed.before, claimed.external_id, claimed.key) == (
        {"name": "a"},
        {"name": "old"},
        "G1",
        "K0",
    )
    assert claim(store, lease) == []
    settle(store, Settlement(id, "done", "K1"))
    with store.read() as conn:
        done = delivery.load(conn, [id])[id]
        assert delivery.count(conn) == {(T, OBJ, "done"): 1}
    assert (done.state, done.key) == ("done", "K1")


def test_oldest_first_and_no_more_than_asked(store: Store, lease: Lease) -> None:
    enqueue(store, *(order(subject) for subject in (5, 3, 4)))
    assert [one.subject for one in claim(store, lease, 2)] == [5, 3]
    assert [one.subject for one in claim(store, lease, 2)] == [4]


def test_a_newer_version_replaces_the_one_that_waits(store: Store, lease: Lease) -> None:
    enqueue(store, order(version=1), order(version=3, name="c"), order(version=2, name="b"))
    enqueue(store, order(version=4, name="d"))
    assert states(store) == [(1, 3, "superseded"), (1, 4, "ready")]
    assert [one.version for one in claim(store, lease)] == [4]


def test_s5_what_was_sent_or_waits_is_not_queued_again(store: Store, lease: Lease) -> None:
    (id,) = enqueue(store, order(version=2))
    assert enqueue(store, order(version=2)) == []
    assert enqueue(store, order(version=1, name="older")) == []
    claim(store, lease)
    assert enqueue(store, order(version=2)) == []
    settle(store, Settlement(id, "done", "K1"))
    assert enqueue(store, order(version=2)) == []
    assert enqueue(store, order(version=1, name="older")) == []
    assert len(enqueue(store, order(version=2, name="same golden, new mapping"))) == 1


def test_what_was_sent_is_sent_again_when_the_row_was_changed_since(store: Store, lease: Lease) -> None:
    (id,) = enqueue(store, order(version=2))
    assert enqueue(store, order(version=2)._replace(again=True)) == [], "it waits already"
    claim(store, lease)
    settle(store, Settlement(id, "done", "K1"))
    assert len(enqueue(store, order(version=2)._replace(again=True))) == 1


def test_one_subject_is_under_way_once(store: Store, lease: Lease) -> None:
    (first,) = enqueue(store, order(version=1))
    claim(store, lease)
    enqueue(store, order(version=2, name="b"))
    assert claim(store, lease) == []
    settle(store, Settlement(first, "unknown"))
    assert claim(store, lease) == []
    settle(store, Settlement(first, "done", "K"))
    assert [one.version for one in claim(store, lease)] == [2]


def test_a_retry_waits_for_its_time(store: Store, lease: Lease, clock: FrozenClock) -> None:
    (id,) = enqueue(store, order())
    claim(store, lease)
    settle(store, Settlement(id, "ready", code="CON031", message="429", not_before="2026-03-01T08:01:00.000000Z"))
    assert claim(store, lease) == []
    clock.advance(60)
    (again,) = claim(store, lease)
    assert (again.attempts, again.code, again.message) == (2, "CON031", "429")


def test_a_retry_overtaken_by_a_newer_version_is_superseded(store: Store, lease: Lease) -> None:
    (id,) = enqueue(store, order(version=1))
    claim(store, lease)
    enqueue(store, order(version=2, name="b"))
    settle(store, Settlement(id, "ready"))
    assert states(store) == [(1, 1, "superseded"), (1, 2, "ready")]


def test_f1_what_a_dead_run_left_under_way_is_unknown(store: Store, lease: Lease) -> None:
    enqueue(store, order(1), order(2))
    (sent, *_) = claim(store, lease, 1)
    with store.begin() as conn:
        successor = runs.acquire(conn, FLOW, holder="successor")
        assert delivery.disown(conn, FLOW, lease.fence) == 0
        assert delivery.disown(conn, "another flow", 99) == 0
        assert delivery.disown(conn, FLOW, successor.fence) == 1
        (lost,) = delivery.unknown(conn, T, OBJ)
        assert lost.id == sent.id
        assert delivery.unknown(conn, T, "other") == []
    assert [one.subject for one in claim(store, successor)] == [2], "never sent again before it was read back"


def test_f50_a_child_waits_for_its_parent(store: Store, lease: Lease) -> None:
    enqueue(store, order(1, blocked_by="golden:7"), order(2, blocked_by="golden:8"))
    assert claim(store, lease) == []
    with store.begin() as conn:
        assert delivery.unpark(conn, ["golden:7", "golden:9"]) == 1
        assert delivery.unpark(conn, []) == 0
    assert [one.subject for one in claim(store, lease)] == [1]
    enqueue(store, order(2))
    assert [one.subject for one in claim(store, lease)] == [2], "an order that is no longer blocked replaces it"


@pytest.mark.parametrize("state", ["ready", "parked", "unknown", "dead", "done", "superseded"])
def test_only_declared_transitions_happen(store: Store, lease: Lease, state: delivery.DeliveryState) -> None:
    (id, other) = enqueue(store, order(1), order(2))
    claim(store, lease)
    settle(store, Settlement(id, state))
    for to in ("ready", "inflight", "unknown", "done", "parked", "dead", "superseded"):
        with store.begin() as conn:
            conn.execute(table.update().where(table.c.id == id).values(state=state))
            if to in TRANSITIONS[state]:
                delivery.settle(conn, [Settlement(id, to)])
                continue
            with pytest.raises(Halt, match=f"from {state} to {to}") as caught:
                delivery.settle(conn, [Settlement(other, "done"), Settlement(id, to)])
            assert caught.value.code == "STA014"
            assert delivery.load(conn, [other])[other].state == "inflight", "nothing of the batch is settled"
    with pytest.raises(Halt, match="from nothing"):
        settle(store, Settlement(10**6, "done"))


def test_f71_a_replayed_dead_delivery_gives_way_to_a_newer_one(store: Store, lease: Lease) -> None:
    first, second = enqueue(store, order(1), order(2))
    claim(store, lease)
    settle(store, Settlement(first, "dead", code="CON040", message="bad"), Settlement(second, "dead"))
    (newer,) = enqueue(store, order(2, version=2, name="b"))
    assert states(store) == [(1, 1, "dead"), (2, 1, "superseded"), (2, 2, "ready")]
    with store.begin() as conn:
        conn.execute(table.update().where(table.c.id == second).values(state="dead"))
        assert delivery.retry_dead(conn, [first, second, newer]) == 1
        assert delivery.retry_dead(conn, []) == 0
    assert states(store) == [(1, 1, "ready"), (2, 1, "superseded"), (2, 2, "ready")]
    assert {one.attempts for one in claim(store, lease)} == {1}


def test_secrets_in_a_targets_answer_are_not_kept(store: Store, lease: Lease) -> None:
    (id,) = enqueue(store, order())
    claim(store, lease)
    settle(store, Settlement(id, "dead", message="refused: access_token=abcdef123456"))
    with store.read() as conn:
        assert "abcdef" not in delivery.load(conn, [id])[id].message


def test_old_rows_go_but_the_newest_of_each_subject_stays(store: Store, lease: Lease, clock: FrozenClock) -> None:
    for version in (1, 2, 3):
        (id,) = enqueue(store, order(version=version, name=str(version)))
        claim(store, lease)
        settle(store, Settlement(id, "done", "K"))
    enqueue(store, order(2))
    clock.advance(10)
    with store.begin() as conn:
        assert delivery.prune(conn, "2026-03-01T08:00:00.000000Z") == 0
        assert delivery.prune(conn, "2026-03-01T08:00:05.000000Z") == 2
    assert states(store) == [(1, 3, "done"), (2, 1, "ready")]
    assert enqueue(store, order(version=3, name="3")) == []


def test_deliveries_are_listed_by_what_is_asked(store: Store, lease: Lease) -> None:
    first, *_ = enqueue(store, order(1), order(2), Order("erp", "BD", 1, 1, "update", "G1", {}))
    claim(store, lease, 1)
    with store.read() as conn:

        def listed(**which: object) -> list[tuple[str, int]]:
            return [(one.target, one.subject) for one in delivery.list_deliveries(conn, **which)]  # type: ignore[arg-type]

        assert listed(target="erp") == [("erp", 1)]
        assert listed(object=OBJ, states=["inflight"]) == [(T, 1)]
        assert listed(subject=1) == [(T, 1), ("erp", 1)]
        assert listed(after=first, limit=1) == [(T, 2)]
        assert delivery.load(conn, []) == {}


@pytest.mark.postgres
def test_two_workers_never_claim_the_same_delivery(postgres_url: str) -> None:
    one, two = open_store(postgres_url), open_store(postgres_url)
    for store in (one, two):
        store.transact(lambda conn: None)
    with one.begin() as conn:
        lease = runs.acquire(conn, FLOW, holder="one")
        delivery.enqueue(conn, FLOW, [order(subject) for subject in range(4)], run=1)
    with one.engine.connect() as plain, two.engine.connect() as other, plain.begin(), other.begin():
        mine = delivery.claim(plain, lease, T, OBJ, limit=2, run=1)
        # The epoch is one row; what must not wait is the choice of deliveries.
        query = table.select().where(table.c.state == "ready").with_for_update(skip_locked=True)
        theirs = other.execute(query).all()
        assert len(mine) == len(theirs) == 2
        assert not {found.id for found in mine} & {row.id for row in theirs}
    one.close()
    two.close()


steps = st.lists(
    st.tuples(st.sampled_from(["enqueue", "claim", "settle", "crash"]), st.integers(1, 2), st.integers(1, 3)),
    max_size=12,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps)
def test_the_queue_keeps_its_promises(store: Store, steps: list[tuple[str, int, int]]) -> None:
    """Whatever happens: at most one row waits and one is under way per subject, and the newest order survives."""
    with store.begin() as conn:
        conn.execute(table.delete())
        lease = runs.acquire(conn, "model", holder="m", ttl_s=0)
    newest: dict[int, int] = {}
    for what, subject, version in steps:
        with store.begin() as conn:
            if what == "enqueue":
                delivery.enqueue(conn, lease.flow, [order(subject, version, str(version))], run=1)
                newest[subject] = max(newest.get(subject, 0), version)
            elif what == "claim":
                delivery.claim(conn, lease, T, OBJ, limit=version, run=1)
            elif what == "settle":
                outcome: delivery.DeliveryState = ("done", "ready", "dead")[version - 1]  # type: ignore[assignment]
                open_rows = delivery.list_deliveries(conn, subject=subject, states=["inflight", "unknown"])
                delivery.settle(conn, [Settlement(one.id, outcome, "K") for one in open_rows])
            else:
                lease = runs.acquire(conn, lease.flow, holder="next", ttl_s=0)
                delivery.disown(conn, lease.flow, lease.fence)
        with store.read() as conn:
            for subject_, version_ in newest.items():
                rows = [(one.version, one.state) for one in delivery.list_deliveries(conn, subject=subject_)]
                assert sum(state in ("ready", "parked") for _, state in rows) <= 1
                assert sum(state in ("inflight", "unknown") for _, state in rows) <= 1
                assert max(v for v, state in rows if state != "superseded") == version_
