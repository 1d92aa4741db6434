"""The lease of a run that lives is kept, that of one that hangs is not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from flows import running as module
from flows.heartbeat import Heartbeat
from flows.running import running
from goldbridge import log
from goldbridge.clock import SYSTEM
from goldbridge.errors import AlreadyRunning, Halt
from goldbridge.state import run as runs
from goldbridge.state.engine import Store
from goldbridge.state.run import Lease

TTL_S = 0.3


def until(what: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until it is so; fail when it does not become so."""
    end = SYSTEM.monotonic() + within_s
    while not what():
        assert SYSTEM.monotonic() < end, "it did not happen in time"
        SYSTEM.wait(0.02)


def acquire(store: Store, holder: str = "us", ttl_s: float = TTL_S) -> Lease:
    with store.begin() as conn:
        return runs.acquire(conn, "crm", holder=holder, ttl_s=ttl_s)


def taken(store: Store) -> bool:
    """Whether somebody else gets the flow."""
    try:
        acquire(store, "them", 60)
    except AlreadyRunning:
        return False
    return True


def test_f57_a_long_wait_between_two_pages_does_not_lose_the_lease(store: Store) -> None:
    with Heartbeat(store, acquire(store), log.get("test")):
        over = SYSTEM.monotonic() + 3 * TTL_S
        until(lambda: SYSTEM.monotonic() > over)
        assert not taken(store)
    until(lambda: taken(store))


def test_f68_a_run_without_a_sign_of_life_lets_go_and_leaves_its_stack(store: Store) -> None:
    with capture_logs() as said, Heartbeat(store, acquire(store), log.get("test"), silence_s=0.0):
        until(lambda: taken(store))
    (line,) = [line for line in said if line["log_level"] == "error"]
    assert line["event"] == "no sign of life; the lease is given up"
    assert "test_f68_a_run_without_a_sign_of_life" in line["at"]


def test_a_sign_of_life_counts_from_when_it_was_given(store: Store) -> None:
    with capture_logs() as said, Heartbeat(store, acquire(store), log.get("test"), silence_s=0.25) as heart:
        over = SYSTEM.monotonic() + 3 * TTL_S
        until(lambda: heart.sign() or SYSTEM.monotonic() > over)
        assert not taken(store)
    assert said == []


def test_a_lost_lease_is_not_taken_back(store: Store) -> None:
    lease = acquire(store)
    until(lambda: taken(store))
    with capture_logs() as said, Heartbeat(store, lease, log.get("test")):
        until(lambda: said)
    assert said[0]["event"] == "lease lost; the next page is refused"
    with store.read() as conn:
        held = runs.lease_of(conn, "crm")
    assert held is not None
    assert held[0].holder == "them"


def test_a_page_longer_than_the_lease_leaves_a_valid_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE_S", TTL_S)
    with running(store, "crm", "live", "") as run:
        over = SYSTEM.monotonic() + 2 * TTL_S
        with run.page():
            until(lambda: SYSTEM.monotonic() > over)
        assert not taken(store)


def test_f57_a_run_that_lost_its_flow_commits_nothing_more(store: Store) -> None:

    def lose() -> None:
        with running(store, "crm", "live", "") as run:
            with store.begin() as conn:
                runs.release(conn, run.lease)
            assert taken(store)
            with run.page():
                pass

    with pytest.raises(Halt, match="this run's lease") as caught:
        lose()
    assert caught.value.code == "STA011"


def test_no_thread_stays_behind(store: Store) -> None:
    before = threading.active_count()
    with running(store, "crm", "live", ""):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
