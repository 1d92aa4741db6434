"""The other side of a connector, and the faults it may be asked to play."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from connectors.base import Connector, Write
from goldbridge.ports import Json, TokenStore


class Nonconformance(AssertionError):
    """A promise that a connector broke; the message says which, and shows keys, never rows."""


class KeptTokens:
    """A token store that outlives the connector, as the state does."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], str] = {}

    def load(self, system: str, name: str) -> Json:
        text = self._kept.get((system, name))
        return None if text is None else json.loads(text)

    def save(self, system: str, name: str, value: Json) -> None:
        self._kept[system, name] = json.dumps(value)


class Peer(ABC):
    """The other side of one connector. Made anew for each check; `close` is called at the end."""

    kind: ClassVar[type[Connector[Any]]]
    stream: ClassVar[str] = ""
    """The stream that is read and written; a look-up has none."""
    read_faults: ClassVar[frozenset[str]] = frozenset()
    """Which of `READ_FAULTS` this side can play."""
    write_faults: ClassVar[frozenset[str]] = frozenset()
    """Which of `WRITE_FAULTS` this side can play."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """What must never show in a message."""
    question: ClassVar[tuple[str, Mapping[str, str], Mapping[str, str]]] = ("", {}, {})
    """For a look-up: a question, terms that are found, terms that are not."""

    @abstractmethod
    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        """A connector as a new process would make it; `settings` change its configuration (`page_size`)."""

    writes: ClassVar[bool] = True
    """Whether the stream can be written, where the connector is one that writes."""
    cannot: ClassVar[Mapping[str, str]] = {}
    """Fault -> why this side cannot play it, or why it does not exist here."""

    @classmethod
    def lacking(cls) -> str:
        """What this machine lacks to run the other side; nothing when it can be run."""
        return ""

    small_pages: ClassVar[Mapping[str, Any]] = {"page_size": 3}
    """Settings that make pages of a few rows; nothing where the vendor fixes their size."""
    page_rows: ClassVar[int] = 3
    """How many rows such a page has."""
    free_probe: ClassVar[bool] = True
    """Whether `probe` costs nothing and may be called at will."""

    def keys(self) -> list[str]:
        """The keys of the rows that are there now."""
        return []

    def add(self, count: int) -> None:
        """So many further rows, each a moment later than the one before."""
        return

    def edit(self, key: str) -> None:
        """Somebody changes this row now."""
        return

    def pass_time(self, seconds: float) -> None:
        """The clock of both sides moves on."""
        return

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        """Break the next call (of reading, or of writing) in this way, once."""
        return

    def poison(self, key: str) -> None:
        """From now on every page with this row on it breaks."""
        self.fault("poison", key=key, count=None)

    def expire_tokens(self) -> None:
        """Every token dies now."""
        return

    def new(self, number: int, *, bad: bool = False) -> Write:
        """A record to create; a `bad` one is refused by the other side."""
        raise NotImplementedError

    def rows_of(self, external_id: str) -> int:
        """How many rows on the other side carry this id."""
        return 0

    def token_calls(self) -> int | None:
        """How often a token was asked for; None where there is none, or nobody counts."""
        return None

    def refused_calls(self) -> int | None:
        """How many calls broke the vendor's rate limit; None where nobody counts."""
        return None

    def calls(self) -> int | None:
        """How many calls were made in all; None where nobody counts."""
        return None

    def close(self) -> None:
        """Stop what was started."""
        return


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to go wrong: its number in the fault catalogue, what the peer is asked to play, and in words."""

    number: str
    options: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""


READ_FAULTS: Mapping[str, Fault] = {
    "duplicate_page": Fault("F6", about="a page is served twice"),
    "edit": Fault("F7", {"rows": 2}, "rows are edited between two pages"),
    "short_page": Fault("F8", {"rows": 1}, "a page is short although more follow"),
    "throttle_after": Fault("F10", {"after_s": 2}, "429 with Retry-After"),
    "throttle": Fault("F12", about="429 without Retry-After"),
    "error_body": Fault("F14", {"body": {"unexpected": "error"}}, "200 with an error in the body"),
    "html": Fault("F16", about="200 with a login page"),
    "expire": Fault("F17", about="the token dies between two pages"),
    "truncated": Fault("F20", about="the body is cut off"),
    "unavailable": Fault("F28", {"status": 503}, "the server is down for a moment"),
    "reset": Fault("F25", {"when": "mid"}, "the connection is reset in the middle of a body"),
    "poison": Fault("F27", about="one record breaks every page it is on"),
    "tie": Fault("F30", {"rows": 7}, "many rows get one time across a page boundary"),
}
WRITE_FAULTS: Mapping[str, Fault] = {
    "lost": Fault("F1", about="the write happens and its answer is lost"),
    "reset": Fault("F28", {"when": "after"}, "the write happens and the connection is reset"),
    "throttle": Fault("F12", about="429 before the write"),
    "unavailable": Fault("F28", {"status": 503}, "the server is down for a moment"),
    "expire": Fault("F17", about="the token dies in the middle of a batch"),
}
