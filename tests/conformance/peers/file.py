"""A folder with a CSV file that somebody writes anew with every change."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from connectors.base import Connector, Context
from connectors.file import File
from connectors.testkit import Peer
from goldbridge.clock import FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.ports import TokenStore
from tests.connectors.rig import NOON


class FilePeer(Peer):
    kind = File
    stream = "customers"

    def __init__(self) -> None:
        self.clock = FrozenClock(NOON)
        self.folder = tempfile.TemporaryDirectory()
        self.names: dict[str, str] = {}
        self._write()

    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        streams = {self.stream: {"path": "c.csv", "key": "ID"}}
        entry = {"connector": "file", "root": self.folder.name, "streams": streams, **settings}
        return File(
            File.config_model.model_validate(entry), Context("drop", HttpFactory(self.clock), store, self.clock)
        )

    def keys(self) -> list[str]:
        return list(self.names)

    def add(self, count: int) -> None:
        for _ in range(count):
            self.names[f"C{len(self.names):04}"] = "甲,有限公司"
        self._write()

    def edit(self, key: str) -> None:
        self.names[key] = "乙"
        self._write()

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def _write(self) -> None:
        path = Path(self.folder.name) / "c.csv"
        path.write_text(
            "ID,NAME\n" + "".join(f'{key},"{name}"\n' for key, name in self.names.items()), encoding="utf-8"
        )
        at = self.clock.now().timestamp() - 60
        os.utime(path, (at, at))

    def close(self) -> None:
        self.folder.cleanup()
