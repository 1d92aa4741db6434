"""One thread fetches, all others wait for it (F17, F18)."""

from __future__ import annotations

import threading

import pytest

from goldbridge.clock import FrozenClock
from goldbridge.errors import Misconfigured, Retry
from goldbridge.http import Token, TokenSource
from goldbridge.http.factory import SOURCES
from tests.http.server import NOON, MemoryStore


def _together(count: int, work) -> list:
    """Run `work` in threads that start at the same moment; gather results and errors."""
    barrier, found = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        try:
            found.append(work())
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


class _Endpoint:
    """A token endpoint that lets go only when all callers had time to pile up, and counts."""

    def __init__(self, same: bool = False, fails: bool = False) -> None:
        self.calls, self.busy, self.overlapped = 0, False, False
        self.same, self.fails = same, fails

    def __call__(self, _: Token | None) -> Token:
        self.overlapped |= self.busy
        self.busy = True
        self.calls += 1
        threading.Event().wait(0.05)
        self.busy = False
        if self.fails:
            raise Retry("CON001", "demo: unreachable")
        return Token("t0k-same" if self.same else f"t0k-{self.calls}", 7200)


def test_f17_twenty_threads_one_fetch() -> None:
    endpoint = _Endpoint()
    source = TokenSource(endpoint, FrozenClock(NOON))
    assert {token.value for token in _together(20, source.current)} == {"t0k-1"}
    assert {token.value for token in _together(20, lambda: source.renew("t0k-1"))} == {"t0k-2"}
    assert endpoint.calls == 2
    assert not endpoint.overlapped


def test_f17_a_vendor_that_hands_out_the_same_token_is_asked_once() -> None:
    endpoint = _Endpoint(same=True)
    source = TokenSource(endpoint, FrozenClock(NOON))
    source.current()
    _together(10, lambda: source.renew("t0k-same"))
    assert endpoint.calls == 2


def test_threads_that_waited_get_the_error_too() -> None:
    endpoint = _Endpoint(fails=True)
    found = _together(10, TokenSource(endpoint, FrozenClock(NOON)).current)
    assert all(isinstance(error, Retry) for error in found)
    assert endpoint.calls <= 2


def test_a_token_is_renewed_before_it_expires() -> None:
    clock, endpoint = FrozenClock(NOON), _Endpoint()
    source = TokenSource(endpoint, clock)
    source.current()
    clock.advance(7000)
    assert source.current().value == "t0k-1"
    clock.advance(100)
    assert source.current().value == "t0k-2"


def test_f18_a_rotated_token_is_saved_before_it_is_used() -> None:
    store, clock, seen = MemoryStore(), FrozenClock(NOON), []

    def rotate(last: Token | None) -> Token:
        seen.append(last.refresh if last else None)
        if last and last.refresh == "spent":
            raise Misconfigured.one("CON010", "demo: the refresh token is spent; sign in again", SOURCES)
        return Token(f"access-{len(seen)}", 60, refresh=f"refresh-{len(seen)}")

    TokenSource(rotate, clock, store=store, system="demo").current()
    # The process dies before the token is used once; the next one goes on from the saved refresh token.
    assert store.load("demo", "token")["refresh"] == "refresh-1"
    TokenSource(rotate, clock, store=store, system="demo").current()
    assert seen == [None, "refresh-1"]
    store.save("demo", "token", {"value": "x", "lives_s": 1, "refresh": "spent", "extra": {}})
    with pytest.raises(Misconfigured, match="sign in again"):
        TokenSource(rotate, clock, store=store, system="demo").current()


def test_f18_a_token_that_cannot_be_saved_is_not_used() -> None:
    class Full(MemoryStore):
        def save(self, system: str, name: str, value: object) -> None:
            raise OSError("disk full")

    source = TokenSource(lambda _: Token("t0k", 60), FrozenClock(NOON), store=Full(), system="demo")
    with pytest.raises(OSError, match="disk full"):
        source.current()
