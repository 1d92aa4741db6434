"""Telling a process to stop: whoever waits is woken, and every flow under way ends after the page it is in.

The clock carries the word, because it is the one thing that every part of a run already has: a connector that waits for
its rate limit, a transaction that is tried again, and the run between two pages.
"""

from __future__ import annotations

import threading

from goldbridge.clock import Clock
from goldbridge.errors import Halt, Retry

CODE = "FLW061"

LISTEN_S = 0.5
"""How long a process that only waits may take to hear a signal."""


class Stopped(Halt):
    """The run was told to stop. What it committed stays, and the next run resumes there."""

    def __init__(self, message: str) -> None:
        super().__init__(CODE, message)


class StoppableClock(Clock):
    """The system's clock until `stop`; from then on nobody waits any more."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self.reason = ""

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def until_stopped(self) -> None:
        """Wait for `stop`, and nothing else.

        The main thread may be the one that waits, and Python hears signals in it alone. One that the system gives to
        another thread does not interrupt the wait, so the wait ends by itself now and then.
        """
        while not self._stopped.wait(LISTEN_S):
            pass

    def stop(self, reason: str) -> None:
        """Wake everybody who waits; may be called twice, but not in a signal handler: it takes a lock."""
        if not self._stopped.is_set():
            self.reason = reason
            self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Raises `Retry` FLW061 when told to stop: whatever was waited for is not done, and may be done later."""
        if self._stopped.wait(max(seconds, 0.0)):
            raise Retry(CODE, f"told to stop by {self.reason} while waiting")
