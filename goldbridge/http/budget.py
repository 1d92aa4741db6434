"""One rate budget per tenant, shared by every thread that calls it.

Calls are counted in a sliding window per endpoint, on the injected clock. A wait that the other side asks for holds all
threads of the tenant. A day's quota is counted through a restart, in blocks: a killed process loses the rest of its
block, and the count never falls behind what was really spent. When the quota is gone the flow is parked until it
resets; no call is burnt on asking again.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from goldbridge.clock import Clock, iso
from goldbridge.errors import Halt, Retry
from goldbridge.ports import TokenStore

_TINY_S = 1e-6
_QUIET_WINDOWS = 3


class Budget:
    """At most `calls` per `per_s` seconds and endpoint, and `daily` per day of `zone`.

    After a throttle that names no waiting time the allowance is halved; it grows back by one call after each few quiet
    windows, so that the real limit is learned when the configured one is wrong.
    """

    def __init__(
        self,
        clock: Clock,
        system: str,
        *,
        calls: int | None = None,
        per_s: float = 1.0,
        daily: int | None = None,
        store: TokenStore | None = None,
        zone: str = "Asia/Shanghai",
    ) -> None:
        self._clock, self._system, self._store = clock, system, store
        self._limit, self._allowed = calls, calls
        # Our window starts when we send, theirs when they receive: a little longer keeps the border calls apart.
        self._per_s = per_s + min(0.05 * per_s, 0.5)
        self._daily, self._zone = daily, ZoneInfo(zone)
        self._block = max(1, min(50, daily // 100)) if daily else 0
        self._lock = Lock()
        self._sent: dict[str, deque[float]] = {}
        self._held: dict[str, float] = {}
        self._learned_at = 0.0
        self._day = ""
        self._used = self._reserved = 0
        self._parked: datetime | None = None
        self._loaded = False

    def take(self, endpoint: str = "", *, patience_s: float | None = None) -> None:
        """Wait until one call may be made.

        Raises `Halt` when the day's quota is used up, and `Retry` when a pause asked by the other side is longer than
        `patience_s`.
        """
        while True:
            with self._lock:
                self._check_day()
                now = self._clock.monotonic()
                hold_s = max(self._held.get("", 0.0), self._held.get(endpoint, 0.0)) - now
                if patience_s is not None and hold_s > patience_s:
                    raise Retry(
                        "CON003",
                        f"{self._system}: the other side asked to wait {hold_s:.0f} s more; the run resumes after that",
                        after_s=hold_s,
                    )
                wait_s = max(hold_s, self._window_wait(endpoint, now))
                if wait_s <= _TINY_S:
                    self._spend(endpoint, now)
                    return
            self._clock.wait(wait_s)

    def pause(self, seconds: float, endpoint: str = "") -> None:
        """The other side asked everybody to wait; a shorter wait never cuts a longer one."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            self._held[endpoint] = max(until, self._held.get(endpoint, 0.0))

    def slow_down(self) -> None:
        """We were throttled without being told a limit: halve the allowance."""
        with self._lock:
            if self._allowed is not None:
                self._allowed = max(1, self._allowed // 2)
                self._learned_at = self._clock.monotonic()

    def park(self) -> Halt:
        """The other side says that the day's quota is gone: remember it until the reset, and hand back the error."""
        with self._lock:
            self._load()
            self._parked = self._reset_at()
            self._save()
            return self._used_up()

    def _window_wait(self, endpoint: str, now: float) -> float:
        if self._allowed is None:
            return 0.0
        self._recover(now)
        sent = self._sent.setdefault(endpoint, deque())
        while sent and sent[0] <= now - self._per_s + _TINY_S:
            sent.popleft()
        return 0.0 if len(sent) < self._allowed else sent[len(sent) - self._allowed] + self._per_s - now

    def _recover(self, now: float) -> None:
        if self._allowed is None or self._limit is None or self._allowed >= self._limit:
            return
        step_s = _QUIET_WINDOWS * self._per_s
        if (steps := int((now - self._learned_at) // step_s)) > 0:
            self._allowed = min(self._limit, self._allowed + steps)
            self._learned_at += steps * step_s

    def _spend(self, endpoint: str, now: float) -> None:
        if self._allowed is not None:
            self._sent[endpoint].append(now)
        if self._daily is None:
            return
        self._used += 1
        if self._used > self._reserved:
            self._reserved = min(self._daily, self._used + self._block - 1)
            self._save()

    def _check_day(self) -> None:
        """Start the day's count anew at its reset; raise `Halt` while there is nothing left to spend."""
        if self._daily is None and self._store is None and self._parked is None:
            return
        self._load()
        today = self._today()
        if today != self._day:
            self._day, self._used, self._reserved = today, 0, 0
        if self._parked is not None and self._clock.now() >= self._parked:
            self._parked = None
        if self._parked is not None or (self._daily is not None and self._used >= self._daily):
            raise self._used_up()

    def _used_up(self) -> Halt:
        limit = f" of {self._daily} calls" if self._daily else ""
        reset = iso(self._parked or self._reset_at())
        return Halt(
            "CON004",
            f"{self._system}: the day's quota{limit} is used up; calls resume at {reset}."
            " Wait for the reset, or buy more and raise the daily quota in the settings of this system",
        )

    def _today(self) -> str:
        return self._clock.now().astimezone(self._zone).date().isoformat()

    def _reset_at(self) -> datetime:
        local = self._clock.now().astimezone(self._zone)
        return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def _load(self) -> None:
        """Once per process: pick up what an earlier process counted."""
        if self._loaded:
            return
        self._loaded = True
        kept = self._store.load(self._system, "quota") if self._store is not None else None
        if isinstance(kept, dict):
            self._day = str(kept.get("day", ""))
            self._used = self._reserved = int(kept.get("used", 0))
            parked = kept.get("parked_until")
            self._parked = datetime.fromisoformat(parked) if parked else None

    def _save(self) -> None:
        if self._store is not None:
            kept = {
                "day": self._day or self._today(),
                "used": self._reserved,
                "parked_until": iso(self._parked) if self._parked else None,
            }
            self._store.save(self._system, "quota", kept)
