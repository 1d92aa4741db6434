"""A tap in a flow: from its messages into the landing store, and what a run tells about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.singer.connector import VARIABLE
from flows.runner import Result
from flows.system import examine
from goldbridge.clock import FrozenClock
from goldbridge.errors import GoldbridgeError, Halt, Retry
from goldbridge.settings.project import load_project
from goldbridge.state import cursor, landing
from tests.connectors.singer_desk import Desk, entry, schema, state, version
from tests.flows.bench import FLOWS, MAPPING, SOURCES, Bench

SHOP = """
  shop:
    connector: singer
    command: [{tap}]
    config: {{home: {home}, api_key: {{secret: SHOP_KEY}}}}
    streams:
      orders: {{{stream}}}
"""
TEXT = {"type": "string"}
FIELDS = dict.fromkeys(("ID", "NAME", "CODE", "TEL", "ADDRESS", "GONE", "AT"), TEXT)


def row(id: str, name: str = "杭州甲机械有限公司", **more: Any) -> dict[str, Any]:
    full = {"ID": id, "NAME": name, "CODE": None, "TEL": None, "ADDRESS": None, "GONE": "0", "AT": "", **more}
    return {"say": {"type": "RECORD", "stream": "orders", "record": full, "version": more.pop("version", 1)}}


START = schema(key=("ID",), fields=FIELDS)


class Shop:
    """A project that reads `shop.orders` through a tap."""

    def __init__(self, bench: Bench, desk: Desk) -> None:
        self.bench, self.desk = bench, desk
        desk.offers(entry("orders", schema={"properties": FIELDS}))
        with (bench.root / "config/secrets.env").open("a") as file:
            file.write("SHOP_KEY=open-sesame-1234\n")
        bench.write("flows.yaml", FLOWS + "  shop: {ingest: shop.orders}\n")
        bench.write("mappings/shop/orders.yaml", MAPPING % "shop.orders")
        self.reads("key: [ID]")

    def reads(self, stream: str) -> None:
        told = SHOP.format(tap=self.desk.tap, home=self.desk.folder, stream=stream)
        self.bench.write("config/sources.yaml", SOURCES + told)

    def run(self, **options: bool) -> Result:
        (result,) = self.bench.run("shop", **options)
        return result

    def fails(self) -> GoldbridgeError:
        with pytest.raises((Halt, Retry)) as caught:
            self.run()
        return caught.value

    def landed(self) -> set[str]:
        with self.bench.hub() as hub, hub.store.read() as conn:
            return {each.key for each in landing.scan_all(conn)}

    def state(self) -> Any:
        with self.bench.hub() as hub, hub.store.read() as conn:
            held = cursor.load(conn, "shop")
        return json.loads(held.tie)["state"] if held else None


@pytest.fixture
def any_shop(tmp_path: Path, store_url: str, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Shop:
    desk = Desk(tmp_path / "tap", clock)
    monkeypatch.setenv(VARIABLE, str(desk.tap))
    return Shop(Bench(tmp_path / "project", store_url, clock), desk)


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The same on SQLite only, for what does not depend on the database."""
    desk = Desk(tmp_path / "tap", clock)
    monkeypatch.setenv(VARIABLE, str(desk.tap))
    return Shop(Bench(tmp_path / "project", sqlite_url, clock), desk)


def test_a_flow_reads_on_from_where_it_was_left(any_shop: Shop) -> None:
    shop = any_shop
    shop.desk.does(START, row("1"), row("2"), state({"seen": 2}))
    first = shop.run()
    assert (first.counters.applied, shop.landed(), shop.state()) == (2, {"1", "2"}, {"seen": 2})
    assert first.completeness.startswith("unproven: the tap did not say (ACTIVATE_VERSION)")
    assert shop.desk.calls()[-1]["config"]["api_key"] == "open-sesame-1234"
    shop.desk.does(START, state({"seen": 2}))
    again = shop.run()
    assert (again.counters.read, shop.state()) == (0, {"seen": 2})
    assert shop.desk.calls()[-1]["--state"] == '{"seen":2}'


def test_f2_what_a_tap_said_before_it_failed_is_landed_and_the_next_run_goes_on_there(shop: Shop) -> None:
    shop.desk.does(START, row("1"), state(1), row("2"), {"exit": 1})
    error = shop.fails()
    assert (error.code, shop.state()) == ("CON342", 1)
    assert shop.landed() == {"1", "2"}
    shop.desk.does(START, row("2"), row("3"), state(3))
    result = shop.run()
    assert (result.counters.applied, result.counters.unchanged, shop.landed()) == (1, 1, {"1", "2", "3"})


def test_a_row_that_was_deleted_and_came_again_is_there(shop: Shop) -> None:
    shop.desk.does(START, row("1"), state(1))
    shop.run()
    shop.desk.does(START, row("1", _sdc_deleted_at="2026-01-01"), row("1", "杭州乙机械有限公司"), state(2))
    shop.run()
    assert shop.landed() == {"1"}
    shop.desk.does(START, row("1", _sdc_deleted_at="2026-01-01"), state(3))
    shop.run()
    assert shop.landed() == set()


def test_a_full_compare_deletes_only_when_the_tap_says_that_this_is_everything(shop: Shop) -> None:
    shop.desk.does(START, *(row(str(number)) for number in range(40)), version(1))
    shop.reads("key: [ID], replication: full_table")
    shop.run()
    shop.bench.clock.wait(60)
    shop.desk.does(START, *(row(str(number)) for number in range(39)))
    shop.run(full=True)
    assert len(shop.landed()) == 40
    shop.desk.does(START, *(row(str(number)) for number in range(39)), version(1))
    result = shop.run(full=True)
    assert (result.completeness, len(shop.landed())) == ("proven", 39)


def test_f53_f54_drift_is_told_by_the_run_or_stops_it(shop: Shop) -> None:
    shop.desk.does(START, row("1"), state(1))
    shop.run()
    shop.desk.does(schema(key=("ID",), fields={**FIELDS, "NOTE": TEXT}), row("2"), state(2))
    assert "CON346 shop orders: the schema changed: field 'NOTE' is new" in shop.run().message
    assert shop.run().message == ""
    shop.desk.does(schema(key=("ID",), fields=FIELDS), row("3"), state(3))
    error = shop.fails()
    assert (error.code, "field 'NOTE' is gone" in str(error)) == ("CON346", True)
    assert (shop.landed(), shop.state()) == ({"1", "2"}, 2)
    mark = str(error).split("`accept: ")[1][:8]
    shop.reads(f'key: [ID], accept: "{mark}"')
    shop.run()
    assert (shop.landed(), shop.state()) == ({"1", "2", "3"}, 3)


def test_f21_a_broken_value_costs_its_record_only(shop: Shop) -> None:
    broken = json.dumps(row("1", "X")["say"]).encode().replace(b'"X"', b'"\xff\xfe"') + b"\n"
    shop.desk.does(START, {"bytes": broken.hex()}, row("2"), state(1))
    result = shop.run()
    assert (result.counters.dead, result.counters.applied) == (1, 1)


def test_systems_test_asks_for_the_catalogue_and_one_row(shop: Shop) -> None:
    alive = shop.desk.watch()
    shop.desk.does({"live": 0}, START, row("1"), {"hang": 0})
    (examined,) = examine(load_project(shop.bench.root), ["shop"], limit_s=20)
    assert {check.step: check.outcome for check in examined.checks} == {
        "configured": "ok", "reachable": "ok", "authenticated": "ok", "read orders": "ok",
    }  # fmt: skip
    assert any("offers 1 streams: orders" in check.message for check in examined.checks)
    assert alive.began()
    assert alive.gone()


def test_systems_test_says_who_must_allow_the_tap(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    (examined,) = examine(load_project(shop.bench.root), ["shop"], limit_s=20)
    assert [check.code for check in examined.checks if check.outcome == "failed"] == ["CON340"]


def test_a_record_keyed_by_the_tap_is_keyed_here(shop: Shop) -> None:
    shop.reads("")
    shop.bench.edit("mappings/shop/orders.yaml", "key: ID", "key: _key")
    shop.desk.does(schema(key=("ID", "TEL"), fields=FIELDS), row("1", TEL="0571-87654321"), state(1))
    shop.run()
    assert shop.landed() == {'["1","0571-87654321"]'}


def test_positions_grow_as_numbers_do(shop: Shop) -> None:
    shop.desk.does(START, state(1))
    shop.run()
    with shop.bench.hub() as hub, hub.store.begin() as conn:
        held = cursor.load(conn, "shop")
        assert held is not None
        cursor.reset(conn, "shop", held.run, value="9", tie=held.tie)
    shop.desk.does(START, state(2))
    shop.run()
    assert shop.state() == 2
