"""`goldbridge check connectors`: the suite from the command line, on the house's connectors and on a stranger's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldbridge.cli import main

PACKAGE = """
from pydantic import Field

from connectors.base import PROVEN, ConnectorConfig, Context, Page, Position, Reader, Stream
from connectors.testkit import Peer
from goldbridge.clock import Clock
from goldbridge.http import HttpFactory


class ShopConfig(ConnectorConfig):
    page_size: int = Field(10, description="rows per page")


class Shop(Reader[ShopConfig]):
    kind = "NAME"
    config_model = ShopConfig
    rows: list = []
    streams = {"thing": Stream("thing", key="id", cursor="at")}

    def bound(self, stream):
        return "999"

    def read(self, stream, window):
        start = window.start or Position("")
        for row in self.rows[FIRST:]:
            if (row["at"], row["id"]) > tuple(start):
                yield Page([dict(row)], stream.position(row))
        return PROVEN


class ShopPeer(Peer):
    kind = Shop
    stream = "thing"

    def __init__(self):
        Shop.rows = []

    def connect(self, store, **settings):
        config = ShopConfig.model_validate({"connector": "shop", **settings})
        return Shop(config, Context("shop", HttpFactory(Clock()), store, Clock()))

    def keys(self):
        return [row["id"] for row in Shop.rows]

    def add(self, count):
        for _ in range(count):
            number = f"{len(Shop.rows):03}"
            Shop.rows.append({"id": number, "at": number})

    def edit(self, key):
        row = next(row for row in Shop.rows if row["id"] == key)
        Shop.rows.remove(row)
        Shop.rows.append({"id": key, "at": f"9{len(Shop.rows):02}"})
"""


def stranger(folder: Path, name: str, *, first: int = 0) -> Path:
    package = folder / name
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "shop.py").write_text(PACKAGE.replace("NAME", "shop").replace("FIRST", str(first)))
    return package


def test_the_suite_runs_on_a_connector_of_the_house(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "connectors", "file"]) == 0
    line = capsys.readouterr().out
    assert line.startswith("file")
    assert "promises held, ok; File" in line
    assert "cannot play duplicate_page" in line


def test_an_unknown_kind_is_told_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "connectors", "fxiaok"]) == 2
    assert "there is no connector 'fxiaok'; did you mean 'fxiaoke'?" in " ".join(capsys.readouterr().err.split())


def test_a_strangers_package_is_checked_where_it_lies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "connectors", "--path", str(stranger(tmp_path, "good_shop"))]) == 0
    assert capsys.readouterr().out.startswith("shop               7 promises held, ok")


def test_a_promise_that_a_stranger_breaks_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = stranger(tmp_path, "bad_shop", first=1)
    assert main(["check", "connectors", "--path", str(path), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["ok"]) == ("shop", False)
    assert found["broken"]["reads every row once"] == "missed 000"


def test_a_connector_without_another_side_is_not_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = stranger(tmp_path, "lone_shop")
    module = path / "shop.py"
    module.write_text(module.read_text().partition("class ShopPeer")[0])
    assert main(["check", "connectors", "--path", str(path)]) == 1
    assert "no peer has kind Shop; subclass connectors.testkit.Peer" in capsys.readouterr().out


def test_a_path_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "connectors", "--path", str(tmp_path / "nowhere")]) == 2
    assert "does not exist" in " ".join(capsys.readouterr().err.split())
