"""The simulators' own clock: steered over HTTP by the control surface, or tied to the clock of a test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime


class SimClock:
    """Wall time plus an offset, or standing still until told.

    `now` and `wait` may be handed in so that a test's frozen clock drives both sides:
    `SimClock(now=lambda: clock.now().timestamp(), wait=clock.advance)`; a pretend system then never really sleeps.
    """

    def __init__(self, *, now: Callable[[], float] = time.time, wait: Callable[[float], None] | None = None) -> None:
        self._base = now
        self._wait = wait
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return self._frozen if self._frozen is not None else self._base() + self._offset

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    def freeze(self, at: float | None = None) -> None:
        """Stand still at `at` (seconds since 1970), or where the clock is now."""
        self._frozen = self.now() if at is None else at

    def run(self) -> None:
        """Go on from where the clock stands."""
        if self._frozen is not None:
            self._offset = self._frozen - self._base()
            self._frozen = None

    def shift(self, seconds: float) -> None:
        """Move forwards (or backwards, for clock-skew faults)."""
        if self._frozen is not None:
            self._frozen += seconds
        else:
            self._offset += seconds

    async def wait(self, seconds: float) -> None:
        """Let time pass before answering: for real on a running clock, at once on a frozen or a test's clock."""
        if self._wait is not None:
            self._wait(seconds)
        elif self._frozen is not None:
            self._frozen += seconds
        else:
            await asyncio.sleep(seconds)

    def http_date(self, shift_s: float = 0.0) -> str:
        """The time as an HTTP date header, e.g. `Sun, 01 Mar 2026 08:00:00 GMT`."""
        return format_datetime(datetime.fromtimestamp(self.now() + shift_s, UTC), usegmt=True)
