"""Puts the connector in front of the tap that does as it is told."""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path
from typing import Any

from connectors.base import Completeness, Context, Page, Position, Reading, Window
from connectors.singer import Singer
from goldbridge.clock import SYSTEM, Clock
from goldbridge.errors import GoldbridgeError
from goldbridge.http import HttpFactory
from goldbridge.ports import TokenStore
from tests.connectors import singer_tap
from tests.connectors.rig import MemoryStore

FIELDS: dict[str, Any] = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}


def record(id: Any, stream: str = "orders", **more: Any) -> dict[str, Any]:
    return {"say": {"type": "RECORD", "stream": stream, "record": {"id": id, **more}}}


def schema(stream: str = "orders", key: tuple[str, ...] = ("id",), fields: Any = None) -> dict[str, Any]:
    said = {"type": "SCHEMA", "stream": stream, "key_properties": list(key)}
    return {"say": {**said, "schema": {"properties": fields or FIELDS}}}


def state(value: Any) -> dict[str, Any]:
    return {"say": {"type": "STATE", "value": value}}


def version(number: int, stream: str = "orders") -> dict[str, Any]:
    return {"say": {"type": "ACTIVATE_VERSION", "stream": stream, "version": number}}


def entry(name: str, **more: Any) -> dict[str, Any]:
    """One stream of a catalogue, in the plain new notation."""
    return {"tap_stream_id": name, "stream": name, "schema": {"properties": FIELDS}, "metadata": [], **more}


def install(folder: Path) -> Path:
    """The tap as a program in a folder of its own."""
    folder.mkdir(exist_ok=True)
    tap = folder / "tap-told"
    tap.write_text(f"#!{sys.executable} -S\n{Path(singer_tap.__file__).read_text(encoding='utf-8')}", encoding="utf-8")
    tap.chmod(0o755)
    return tap


class Desk:
    """The tap's folder, and connectors that start it."""

    def __init__(self, folder: Path, clock: Clock = SYSTEM) -> None:
        self.folder, self.clock = folder, clock
        self.tap = install(folder)
        self.store: TokenStore = MemoryStore()
        self.offers(entry("orders"))

    def offers(self, *entries: dict[str, Any]) -> None:
        (self.folder / "catalog.json").write_text(json.dumps({"streams": list(entries)}), encoding="utf-8")

    def does(self, *steps: dict[str, Any]) -> None:
        (self.folder / "steps.json").write_text(json.dumps(list(steps)), encoding="utf-8")

    def connect(self, stream: dict[str, Any] | None = None, *, config: Any = None, **settings: Any) -> Singer:
        told = {
            "connector": "singer",
            "command": [str(self.tap)],
            "config": {"home": str(self.folder), **(config or {})},
            "streams": {"orders": stream or {}},
            **settings,
        }
        context = Context("shop", HttpFactory(self.clock), self.store, self.clock)
        return Singer(Singer.config_model.model_validate(told), context)

    def calls(self) -> list[dict[str, Any]]:
        """How the tap was called, so far."""
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def watch(self) -> Alive:
        """Who is alive of those that the tap starts, and the tap; for the step `live`."""
        os.mkfifo(self.folder / "alive")
        return Alive(os.open(self.folder / "alive", os.O_RDONLY | os.O_NONBLOCK))


class Alive:
    """The end of a pipe whose other end every process of the tap holds."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def began(self) -> bool:
        return self._next() == b"x"

    def gone(self) -> bool:
        """Waits until the last of them is gone, but not for ever."""
        return self._next() == b""

    def _next(self) -> bytes | None:
        ready, _, _ = select.select([self._pipe], [], [], 60)
        return os.read(self._pipe, 1) if ready else None


class Told:
    """What came of one reading: pages, and how it ended."""

    def __init__(self, singer: Singer, start: Position | None = None, stream: str = "orders") -> None:
        reading = Reading(singer.read(singer.streams[stream], Window(start)))
        self.pages: list[Page] = []
        self.error: GoldbridgeError | None = None
        try:
            self.pages.extend(reading)
        except GoldbridgeError as error:
            self.error = error
        self.verdict: Completeness | None = reading.completeness
        self.rows = [row for page in self.pages for row in page.rows]
        self.at = next((page.at for page in reversed(self.pages) if page.at is not None), None)
        self.notes = [note for page in self.pages for note in page.notes]
        self.rejects = [each for page in self.pages for each in page.rejects]

    @property
    def code(self) -> str:
        return self.error.code if self.error else ""

    @property
    def state(self) -> Any:
        return json.loads(self.at.tie)["state"] if self.at else None
