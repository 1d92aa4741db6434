"""What lower layers need from higher ones, as protocols: nobody imports upwards to get it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

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


Kind = Literal["record", "gone", "hint", "unclaimed", "problem", "wiped"]
"""What a part of an event says: a record, a record's end, that a record changed, nothing that anybody waits for, or
nothing that can be understood. Of a wiped one only its place is left."""


class Part(NamedTuple):
    """One record (or hint) of an event. `version` sorts as text; `problem` is a code and a sentence."""

    kind: Kind
    stream: str = ""
    key: str = ""
    version: str = ""
    problem: str = ""
    content: Json = None


class Kept(NamedTuple):
    """A part as it was kept; `seq` rises in the order of arrival."""

    seq: int
    event: str
    kind: Kind
    key: str
    version: str
    problem: str
    content: Json


class Inbox(Protocol):
    """Keeps what other systems tell us until a flow reads it (implemented by state)."""

    def put(self, system: str, event: str, parts: Sequence[Part]) -> bool:
        """Keep an event for good; False when it was kept before, and nothing happened."""
        ...

    def last(self, system: str) -> int:
        """The newest seq; everything of this system up to it can be read."""
        ...

    def place(self, system: str, before: str) -> int:
        """The newest seq that arrived before a moment (ISO UTC)."""
        ...

    def page(self, system: str, stream: str, after: int, until: int, limit: int) -> Sequence[Kept]:
        """Records and problems of a stream in order of arrival."""
        ...

    def newest(self, system: str, stream: str, keys: Sequence[str], until: int) -> Mapping[str, int]:
        """Key -> seq of the newest version that arrived up to `until`; the later one of two equal versions."""
        ...


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
