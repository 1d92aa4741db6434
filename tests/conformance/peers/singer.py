"""A tap that reads a file from its STATE on, careful but no more than that: it repeats the last moment at every run."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from connectors.base import Connector, Context
from connectors.singer import Singer
from connectors.singer.connector import VARIABLE
from connectors.testkit import Peer
from goldbridge.clock import FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.ports import TokenStore
from tests.connectors.rig import NOON
from tests.connectors.singer_desk import Desk, entry


class SingerPeer(Peer):
    kind = Singer
    stream = "thing"
    read_faults = frozenset({"truncated", "html", "tie"})
    secrets: ClassVar[tuple[str, ...]] = ("open-sesame-1234",)
    free_probe = False

    def __init__(self) -> None:
        self.clock = FrozenClock(NOON)
        self.folder = tempfile.TemporaryDirectory()
        self.desk = Desk(Path(self.folder.name) / "tap", self.clock)
        self.allowed = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = str(self.desk.tap)
        self.rows: list[dict[str, str]] = []
        self.paths = {name: str(self.desk.folder / name) for name in ("rows", "fault")}
        self.desk.offers(entry("thing", replication_method="INCREMENTAL"))
        self.desk.does({"complain": "signed in with open-sesame-1234"}, {"incremental": self.paths})
        self._write()

    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        told = {
            "connector": "singer",
            "command": [str(self.desk.tap)],
            "config": {"home": str(self.desk.folder), "api_key": "open-sesame-1234"},
            "streams": {"thing": {"key": ["id"]}},
            **settings,
        }
        return Singer(
            Singer.config_model.model_validate(told), Context("shop", HttpFactory(self.clock), store, self.clock)
        )

    def keys(self) -> list[str]:
        return [row["id"] for row in self.rows]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(1)
            self.rows.append({"id": f"T{len(self.rows):04}", "name": "甲", "at": self._now()})
        self._write()

    def edit(self, key: str) -> None:
        for row in self.rows:
            if row["id"] == key:
                row |= {"name": "乙", "at": self._now()}
        self._write()

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        if kind == "tie":
            for row in self.rows[2:9]:
                row["at"] = self.rows[8]["at"]
            self._write()
        else:
            Path(self.paths["fault"]).write_text("cut" if kind == "truncated" else "html")

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def _now(self) -> str:
        return self.clock.now().isoformat()

    def _write(self) -> None:
        Path(self.paths["rows"]).write_text(json.dumps(self.rows))

    def close(self) -> None:
        if self.allowed is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = self.allowed
        self.folder.cleanup()
