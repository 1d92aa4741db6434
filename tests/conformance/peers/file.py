"""A folder with a file that somebody writes anew with every change, in each of the formats; and one of changes."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from connectors.base import Connector, Context
from connectors.file import File
from connectors.testkit import Peer
from goldbridge.clock import FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.ports import TokenStore
from tests.connectors.rig import NOON

NAME, OTHER = "甲,有限公司", "乙"


class FilePeer(Peer):
    kind = File
    stream = "customers"
    entry: dict[str, Any] = {"path": "c.csv"}

    def __init__(self) -> None:
        self.clock = FrozenClock(NOON)
        self.folder = tempfile.TemporaryDirectory()
        self.names: dict[str, str] = {}
        self._write(self.names)

    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        streams = {self.stream: {"key": "ID", **self.entry}}
        entry = {"connector": "file", "root": self.folder.name, "streams": streams, **settings}
        return File(
            File.config_model.model_validate(entry), Context("drop", HttpFactory(self.clock), store, self.clock)
        )

    def keys(self) -> list[str]:
        return list(self.names)

    def add(self, count: int) -> None:
        new = {f"C{len(self.names) + at:04}": NAME for at in range(count)}
        self.names |= new
        self._write(new)

    def edit(self, key: str) -> None:
        self.names[key] = OTHER
        self._write({key: OTHER})

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def _write(self, changed: dict[str, str]) -> None:
        self._put(self.entry["path"], self._content(self.names))

    def _put(self, name: str, content: bytes) -> None:
        path = Path(self.folder.name) / name
        path.write_bytes(content)
        at = self.clock.now().timestamp() - 60
        os.utime(path, (at, at))

    def _content(self, names: dict[str, str]) -> bytes:
        return ("ID,NAME\n" + "".join(f'{key},"{name}"\n' for key, name in names.items())).encode()

    def close(self) -> None:
        self.folder.cleanup()


class FileZipPeer(FilePeer):
    kind = File
    entry = {"path": "c.csv.zip"}

    def _content(self, names: dict[str, str]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("c.csv", super()._content(names))
        return out.getvalue()


class FileWorkbookPeer(FilePeer):
    kind = File
    entry = {"path": "c.xlsx"}

    @classmethod
    def lacking(cls) -> str:
        try:
            import python_calamine  # noqa: F401
            import xlsxwriter  # noqa: F401
        except ImportError:
            return "workbooks need an extra: pip install 'goldbridge[excel]'"
        return ""

    def _content(self, names: dict[str, str]) -> bytes:
        import xlsxwriter

        out = io.BytesIO()
        with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            for at, row in enumerate([("ID", "NAME"), *names.items()]):
                sheet.write_row(at, 0, row)
        return out.getvalue()


class FileParquetPeer(FilePeer):
    kind = File
    entry = {"path": "c.parquet"}

    def _content(self, names: dict[str, str]) -> bytes:
        import polars

        out = io.BytesIO()
        columns = {"ID": list(names), "NAME": list(names.values())}
        polars.DataFrame(columns, schema={"ID": polars.String, "NAME": polars.String}).write_parquet(out)
        return out.getvalue()


class FileChangesPeer(FilePeer):
    kind = File
    entry = {"path": "c_*.csv", "take": "changes"}

    def _write(self, changed: dict[str, str]) -> None:
        number = len(list(Path(self.folder.name).iterdir()))
        self._put(f"c_{number}.csv", self._content(changed))
