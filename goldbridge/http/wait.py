"""How long to wait: what the other side asked for, or exponential with full jitter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BASE_S = 0.5
CAP_S = 60.0
LONGEST_S = 86_400.0
"""No answer makes us wait longer than a day; a mistyped date would otherwise stop a tenant for ever."""


def http_date(text: str | None) -> datetime | None:
    """A Date header as UTC, or None when it is missing or not a date."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def retry_after(value: str | None, server_at: datetime | None, now: datetime) -> float | None:
    """Seconds asked for by a Retry-After header, given in seconds or as a date; None when there is none.

    A date is measured against the server's own Date header: its clock and ours may be minutes apart.
    """
    if value is None:
        return None
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        until = http_date(value)
        if until is None:
            return None
        seconds = (until - (server_at or now)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_S) if seconds == seconds else None


def backoff(tries: int, draw: Callable[[], float], *, base_s: float = BASE_S, cap_s: float = CAP_S) -> float:
    """Full jitter: anything between nothing and the doubled wait, so that workers do not come back in step."""
    return float(draw() * min(cap_s, base_s * 2.0 ** min(tries, 16)))


def jitter(wait_s: float, draw: Callable[[], float]) -> float:
    """A little on top of a wait that was asked for, never less than it."""
    return wait_s + draw() * min(1.0, 0.1 * wait_s)
