"""Telling a process to stop: whoever waits is woken, and every flow under way ends after the page it is in.

The clock carries the word, because it is the one thing that every part of a run already has: a connector that waits for
its rate limit, a transaction that is tried again, and the run between two pages.
"""

from __future__ import annotations

import threading

from goldbridge.clock import Clock
from goldbridge.errors import Halt, Retry

CODE = "FLW061"


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
        """Wait for `stop`, and nothing else."""
        self._stopped.wait()

    def stop(self, reason: str) -> None:
        """Wake everybody who waits; may be called from a signal handler, and twice."""
        if not self._stopped.is_set():
            self.reason = reason
            self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Raises `Retry` FLW061 when told to stop: whatever was waited for is not done, and may be done later."""
        if self._stopped.wait(max(seconds, 0.0)):
            raise Retry(CODE, f"told to stop by {self.reason} while waiting")
