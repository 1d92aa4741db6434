"""What lower layers need from higher ones, as protocols: nobody imports upwards to get it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from goldbridge.errors import Mark

Json = Any
"""A JSON value: dict, list, str, int, float, bool or None."""


class Document(Protocol):
    """Configuration with positions: plain data, and the place where each part of it was written."""

    @property
    def data(self) -> Json: ...

    def mark(self, *path: str | int) -> Mark:
        """Where the value at `path` starts; the nearest existing parent when the path leads nowhere."""
        ...

    def key_mark(self, *path: str | int) -> Mark:
        """Where the key at the end of `path` was written (for messages about the key itself)."""
        ...


class TokenStore(Protocol):
    """Keeps rotated tokens and used-up quotas across restarts (implemented by state, encrypted there)."""

    def load(self, system: str, name: str) -> Json: ...

    def save(self, system: str, name: str, value: Json) -> None: ...


class Budget(Protocol):
    """One rate budget per tenant, shared by all threads of a process."""

    def take(self, endpoint: str = "") -> None:
        """Wait until one call may be made, or raise `Halt` when the day's quota is used up."""
        ...

    def pause(self, seconds: float, endpoint: str = "") -> None:
        """The other side asked everybody to wait."""
        ...


class Progress(Protocol):
    """Somebody watches: a bar on a terminal, log lines elsewhere."""

    def advance(self, done: int, total: int | None = None) -> None: ...


Row = Mapping[str, Any]
