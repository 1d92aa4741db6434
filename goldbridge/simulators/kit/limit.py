"""Rate limits as a vendor holds them: so many calls per sliding window, per endpoint or for all of them together."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from goldbridge.simulators.kit.clock import SimClock


class Limit(NamedTuple):
    """`calls` within any `per_s` seconds; `shared` counts all endpoints together instead of each for itself."""

    calls: int
    per_s: float
    shared: bool = False


class Limiter:
    """Counts calls per endpoint; an endpoint without a limit of its own falls under `*`, or is free."""

    def __init__(self, clock: SimClock, limits: Mapping[str, Limit]) -> None:
        self._clock = clock
        self._limits = dict(limits)
        self._calls: dict[str, deque[float]] = {}

    def take(self, endpoint: str) -> float:
        """Count one call; 0.0 when it may pass, else seconds until the next one may (a refused call costs nothing)."""
        limit = self._limits.get(endpoint) or self._limits.get("*")
        if limit is None:
            return 0.0
        now = self._clock.now()
        calls = self._calls.setdefault("*" if limit.shared else endpoint, deque())
        while calls and (calls[0] <= now - limit.per_s or calls[0] > now):  # a clock set back must not lock us out
            calls.popleft()
        if len(calls) >= limit.calls:
            return max(calls[0] + limit.per_s - now, 0.001)
        calls.append(now)
        return 0.0
