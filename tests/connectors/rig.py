"""Puts a connector in front of a pretend system, both on one clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import httpx

from connectors.base import Connector, Context, Page, Position, Reader, Reading, Window
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.http import HttpFactory
from goldbridge.simulators.kit import SimClock, Simulator
from goldbridge.simulators.kit.loopback import InProcess

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
NOON_MS = int(NOON.timestamp() * 1000)

CLASSES: dict[str, tuple[type[GoldbridgeError], str]] = {
    "refresh-token": (Misconfigured, "CON010"),  # refused again after one renewal
    "retry": (Retry, "CON013"),
    "throttle": (Retry, "CON003"),
    "throttle day": (Halt, "CON004"),
    "throttle record": (Retry, "CON018"),
}
"""What each class of a sheet ends in when the other side never recovers; the fatal ones have codes per system."""


class MemoryStore:
    """A token store that survives what a test calls a restart."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def load(self, system: str, name: str) -> Any:
        text = self.kept.get((system, name))
        return None if text is None else json.loads(text)

    def save(self, system: str, name: str, value: Any) -> None:
        self.kept[system, name] = json.dumps(value)


def sim_clock(clock: FrozenClock) -> SimClock:
    """The pretend system's clock, driven by the test's."""
    return SimClock(now=lambda: clock.now().timestamp(), wait=clock.advance)


def connect(
    kind: type[Connector[Any]],
    sim: Simulator | None,
    clock: Clock,
    *,
    store: MemoryStore | None = None,
    transport: httpx.BaseTransport | None = None,
    **settings: Any,
) -> Any:
    """A connector of a process of its own: connections, budgets and tokens are new, the store may be an old one."""
    transport = transport or (InProcess(sim.app) if sim else None)
    factory = HttpFactory(clock, transport, draw=lambda: 0.5)
    entry = {"connector": kind.kind, "base_url": "http://127.0.0.1", **settings}
    context = Context("demo", factory, store or MemoryStore(), clock)
    return kind(kind.config_model.model_validate(entry), context)


def read(
    reader: Reader[Any], stream: str, start: Position | None = None, end: str | None = None
) -> tuple[list[dict[str, Any]], list[Page], Any]:
    """All rows of a window, its pages, and the verdict; positions must only ever grow."""
    found = reader.streams[stream]
    reading = Reading(reader.read(found, Window(start, end if end is not None else reader.bound(found))))
    pages = list(reading)
    positions = [page.at for page in pages if page.at is not None]
    assert positions == sorted(positions, key=lambda at: (int(at.cursor), at.tie))
    return [row for page in pages for row in page.rows], pages, reading.completeness


def outcome(work: Any) -> tuple[type[BaseException], str]:
    """The class and the code of the error that `work` ends in."""
    try:
        work()
    except GoldbridgeError as error:
        for kind in (OutcomeUnknown, Retry, Reject, Halt, Misconfigured):
            if isinstance(error, kind):
                return kind, error.code
    raise AssertionError("no error")


def table(classes: dict[str, Iterable[str]]) -> list[tuple[str, str]]:
    """(code, class) of a sheet, one case each."""
    return [(code, name) for name, codes in classes.items() for code in codes]
