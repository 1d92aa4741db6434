"""Who may run, and whether what a run says adds up."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection

from goldbridge.errors import AlreadyRunning, Halt
from goldbridge.state import instance
from goldbridge.state import run as runs
from goldbridge.state.engine import Store, open_store
from goldbridge.state.run import Counters, Lease


def take(store: Store, holder: str = "one", ttl_s: float = 60.0, flow: str = "crm") -> Lease:
    with store.begin() as conn:
        return runs.acquire(conn, flow, holder=holder, ttl_s=ttl_s)


def test_f56_the_second_scheduler_is_told_who_runs(store: Store) -> None:
    take(store, "host-a:17:word")
    with pytest.raises(AlreadyRunning, match="flow crm is already running by host-a:17:word since 20") as caught:
        take(store, "two")
    assert caught.value.code == "STA010"
    assert take(store, "two", flow="erp").fence == 1


def test_a_lease_given_back_can_be_taken_at_once(store: Store) -> None:
    lease = take(store)
    with store.begin() as conn:
        runs.release(conn, lease)
    assert take(store, "two").fence == lease.fence + 1


def test_f57_who_slept_past_the_lease_writes_nothing(store: Store) -> None:
    sleeper = take(store, "sleeper", ttl_s=0)
    other = take(store, "other")

    def late(conn: Connection) -> None:
        instance.write_meta(conn, {"stale": "write"})
        runs.check_fence(conn, sleeper)

    with pytest.raises(Halt, match=r"went to other \(fence 2\)") as caught:
        store.transact(late)
    assert caught.value.code == "STA011"
    with store.begin() as conn:
        assert "stale" not in instance.read_meta(conn)
        runs.check_fence(conn, other)
        runs.release(conn, sleeper)  # not its to give
        runs.check_fence(conn, other)


def test_a_lease_nobody_took_is_still_ours_after_it_ran_out(store: Store) -> None:
    lease = take(store, ttl_s=0)
    with store.begin() as conn:
        runs.check_fence(conn, lease)


def test_checking_the_fence_extends_the_lease(store: Store) -> None:
    lease = take(store, ttl_s=0)._replace(ttl_s=60)
    with store.begin() as conn:
        assert runs.lease_of(conn, "crm") == (Lease("crm", "one", 1, 0.0), False)
        runs.check_fence(conn, lease)
        held = runs.lease_of(conn, "crm")
        assert held is not None
        assert held[1]
        assert runs.lease_of(conn, "never ran") is None
    with pytest.raises(AlreadyRunning):
        take(store, "two")


def test_a_lease_that_never_was_is_refused(store: Store) -> None:
    with pytest.raises(Halt, match="nobody"), store.begin() as conn:
        runs.check_fence(conn, Lease("never ran", "me", 3, 60))


@pytest.mark.postgres
def test_f56_of_two_at_the_same_moment_one_wins(postgres_url: str) -> None:
    stores = [open_store(postgres_url) for _ in range(4)]
    start = threading.Barrier(4)
    outcomes: list[str] = []

    def race(store: Store, name: str) -> None:
        start.wait()
        try:
            take(store, name)
            outcomes.append("won")
        except AlreadyRunning:
            outcomes.append("lost")

    threads = [threading.Thread(target=race, args=(store, str(n))) for n, store in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "lost", "lost", "won"]
    for store in stores:
        store.close()


def test_holders_are_told_apart() -> None:
    assert runs.holder() == runs.holder()
    assert runs.holder().count(":") == 2


def test_a_run_is_recorded_from_start_to_end(store: Store) -> None:
    lease = take(store)
    counters = Counters()
    with store.begin() as conn:
        run = runs.begin(conn, lease, "live", "abc", {"why": "test"})
        opened = runs.load(conn, run)
        assert opened is not None
        assert (opened.state, opened.kind, opened.fence, opened.fingerprint) == ("running", "live", 1, "abc")
        assert runs.latest(conn)["crm"].id == run
    counters.add({"applied": 3, "unchanged": 2, "dead": 1})
    counters.other["writes"] = 4
    with store.begin() as conn:
        runs.beat(conn, run, counters)
        assert runs.list_runs(conn, flow="crm")[0].counters["read"] == 6
        runs.finish(conn, run, "done", counters, completeness="proven", message="ok \0", detail={"n": 1})
        closed = runs.load(conn, run)
    assert closed is not None
    assert closed.counters == {
        "read": 6, "applied": 3, "unchanged": 2, "filtered": 0, "dead": 1, "pending": 0, "writes": 4,
    }  # fmt: skip
    assert (closed.state, closed.completeness, closed.message, closed.detail) == (
        "done",
        "proven",
        "ok \\u0000",
        {"n": 1},
    )


def test_s7_a_run_that_does_not_add_up_is_not_done(store: Store) -> None:
    lease = take(store)
    counters = Counters(read=5, applied=3, unchanged=1)
    with store.begin() as conn:
        run = runs.begin(conn, lease, "live", "abc")
        with pytest.raises(Halt, match="read 5 records but accounts for 4") as caught:
            runs.finish(conn, run, "done", counters)
        assert caught.value.code == "STA012"
        runs.finish(conn, run, "halted", counters, message="stopped")
        assert runs.list_runs(conn, states=["halted"])[0].message == "stopped"


def test_a_run_whose_process_died_is_marked_lost_by_the_next(store: Store) -> None:
    with store.begin() as conn:
        lease = runs.acquire(conn, "crm", holder="one", ttl_s=0)
        died = runs.begin(conn, lease, "live", "abc")
        other = runs.begin(conn, runs.acquire(conn, "erp", holder="one"), "live", "abc")
    with store.begin() as conn:
        alive = runs.begin(conn, runs.acquire(conn, "crm", holder="two"), "live", "abc")
        states = {run.id: run.state for run in runs.list_runs(conn)}
        assert states == {died: "lost", other: "running", alive: "running"}
        assert {flow: run.id for flow, run in runs.latest(conn).items()} == {"crm": alive, "erp": other}
        assert runs.load(conn, 99) is None


def test_each_run_raises_the_epoch(store: Store) -> None:
    lease = take(store)
    before = store.identity()[1]
    with store.begin() as conn:
        runs.begin(conn, lease, "live", "abc")
    assert store.identity()[1] == before + 1
