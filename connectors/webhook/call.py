"""One call at the door: what came, what is answered, and why one is refused.

A refusal tells the sender a code and no more; what was wrong is for our side, without a value of anything secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple

SIGNATURE, STALE, SIZE, UNREADABLE = "CON350", "CON351", "CON352", "CON353"
_MILLISECONDS = 100_000_000_000
"""A number of seconds as large as this is in the year 5138."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request; the names of headers are in small letters."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = field(repr=False)


class Answer(NamedTuple):
    """What is answered."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"


class Opened(NamedTuple):
    """What a genuine call said. `stamp` was signed with it and differs in every call; empty where nothing does.

    `answer` is what the call only asked for (a check of the address); then there is no event in it.
    """

    content: bytes
    form: Literal["json", "xml"] = "json"
    stamp: str = ""
    answer: Answer | None = None


class Refused(Exception):
    """The call is not taken; `reason` is for the log."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.code, self.reason = status, code, reason


def forged(reason: str) -> Refused:
    """The call does not prove who sent it."""
    return Refused(401, SIGNATURE, reason)


def garbled(reason: str) -> Refused:
    """The call is genuine as far as it can be told, and cannot be read."""
    return Refused(400, UNREADABLE, reason)


def same(given: str, right: str) -> bool:
    """Compared in a time that tells nothing of where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), right.encode())


def check_fresh(given: str, window_s: float, now: datetime) -> None:
    """Raise `Refused` unless a signed time (seconds or milliseconds since 1970) is within the window around now."""
    text = given.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise Refused(401, STALE, "the signed time is missing or is not a number of seconds")
    number = int(text)
    seconds = number / 1000 if number >= _MILLISECONDS else float(number)
    apart = now.timestamp() - seconds
    if abs(apart) > window_s:
        way = "behind" if apart > 0 else "ahead of"
        raise Refused(401, STALE, f"the signed time is {abs(apart):.0f} s {way} our clock, {window_s:g} are allowed")


def stamped(now: datetime, *, milliseconds: bool = False) -> str:
    """A moment as senders write it."""
    return str(int(now.astimezone(UTC).timestamp() * (1000 if milliseconds else 1)))
