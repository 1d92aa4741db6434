"""A connector of somebody else, installed beside ours, is found by its entry point wherever ours are found."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.wiring import find_kind
from goldbridge.cli import main
from goldbridge.errors import Mark, Misconfigured
from goldbridge.state import landing
from tests.bad_input.desk import hear
from tests.cli.test_conformance import stranger
from tests.flows.bench import Bench

INFO = "Metadata-Version: 2.1\nName: corner-shop\nVersion: 1.0\n"
POINTS = "[goldbridge.connectors]\nshop = corner.shop:Shop\n\n[goldbridge.conformance]\nshop = corner.shop:ShopPeer\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package as pip leaves it: its modules, and a folder of metadata beside them."""
    site = tmp_path / "site"
    site.mkdir()
    stranger(site, "corner")
    info = site / "corner_shop-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(INFO, encoding="utf-8")
    (info / "entry_points.txt").write_text(POINTS, encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    yield site
    for name in ("corner", "corner.shop"):
        sys.modules.pop(name, None)


def test_the_suite_finds_it_and_its_other_side(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "connectors", "shop", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["ok"], found["read"], found["written"]) == ("shop", True, ["thing"], [])
    assert "reads every row once" in found["held"]
    assert {each["fault"] for each in found["not_applicable"]} >= {"F6", "F27"}


def test_without_the_package_there_is_no_such_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Misconfigured, match="there is no connector 'shop'"):
        find_kind("shop", Mark("config/sources.yaml"))
    assert main(["check", "connectors", "shop"]) == 2
    assert "there is no connector 'shop'" in capsys.readouterr().err


def test_a_package_may_not_take_the_name_of_a_connector_of_ours(installed: Path) -> None:
    points = installed / "corner_shop-1.0.dist-info" / "entry_points.txt"
    points.write_text("[goldbridge.connectors]\nsql = corner.shop:Shop\n", encoding="utf-8")
    assert find_kind("sql", Mark("config/sources.yaml")).__module__.startswith("connectors.sql")


def test_sources_and_flows_take_it_like_one_of_ours(
    installed: Path, sqlite_bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = sqlite_bench
    bench.edit("config/sources.yaml", "sources:\n", "sources:\n  shop: {connector: shop, page_size: 5}\n")
    bench.edit("flows.yaml", "flows:\n", "flows:\n  things: {ingest: shop.thing}\n")
    bench.write("mappings/shop/thing.yaml", "mapping: shop.thing\ntarget: party\nkey: id\nfields: {name: {from: id}}\n")
    assert hear(bench.root, capsys, "check").status == 0
    module = importlib.import_module("corner.shop")
    module.Shop.rows = [{"id": f"{number:03}", "at": f"{number:03}"} for number in range(12)]
    assert hear(bench.root, capsys, "run", "things").out.startswith("things: 12 read = 12 applied")
    with bench.hub() as hub, hub.store.read() as conn:
        assert sorted(one.key for one in landing.scan_all(conn)) == [f"{number:03}" for number in range(12)]
    bench.edit("config/sources.yaml", "page_size: 5", "page_sise: 5")
    said = hear(bench.root, capsys, "check")
    assert said.status == 2
    assert "did you mean 'page_size'?" in said.out + said.error
