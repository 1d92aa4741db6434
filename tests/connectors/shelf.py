"""A folder that files are delivered to, and the file connector that reads them."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Context, Page, Reading, Window
from connectors.file import File, FileConfig
from goldbridge.clock import FrozenClock
from goldbridge.errors import GoldbridgeError
from goldbridge.http import HttpFactory


class Shelf:
    """A folder with a clock; files in it are as old as they are told to be."""

    def __init__(self, root: Path, clock: FrozenClock) -> None:
        self.root, self.clock = root, clock

    def put(self, name: str, content: str | bytes, encoding: str = "utf-8", age_s: float = 60.0) -> Path:
        path = self.root / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        self.age(path, age_s)
        return path

    def age(self, path: Path, age_s: float) -> None:
        at = (self.clock.now() - timedelta(seconds=age_s)).timestamp()
        os.utime(path, (at, at))

    def connector(self, page_size: int = 1000, **entry: Any) -> File:
        streams = {"customers": {"path": "c.csv", "key": "ID"} | entry}
        config = FileConfig.model_validate(
            {"connector": "file", "root": self.root, "streams": streams, "page_size": page_size}
        )
        store: Any = None
        return File(config, Context("drop", HttpFactory(self.clock), store, self.clock))

    def reading(self, **options: Any) -> tuple[list[Page], Reading]:
        connector = self.connector(**options)
        reading = Reading(connector.read(connector.streams["customers"], Window()))
        return list(reading), reading

    def rows(self, **options: Any) -> list[dict[str, Any]]:
        return [row for page in self.reading(**options)[0] for row in page.rows]

    def rejects(self, **options: Any) -> list[tuple[str, str]]:
        return [(key, error.code) for page in self.reading(**options)[0] for key, error in page.rejects]

    def fails(self, kind: type[GoldbridgeError], code: str, **options: Any) -> str:
        with pytest.raises(kind) as caught:
            self.reading(**options)
        assert caught.value.code == code
        return str(caught.value)
