"""Feishu's bitable tables: read whole, until a walk meets nothing new."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Position, Window, Write
from connectors.feishu import Feishu
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured
from goldbridge.simulators.feishu import APPROVAL_CODE
from goldbridge.simulators.feishu import Feishu as Tenant
from goldbridge.simulators.feishu.table import Table
from goldbridge.simulators.kit import Fault
from tests.connectors.rig import NOON, NOON_MS, MemoryStore, connect, outcome, read, sim_clock

PATH = "/open-apis/bitable/v1/apps/*/records/search"


class Case:
    """A tenant with one table, and connectors in front of it."""

    def __init__(self, count: int, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Tenant(clock=sim_clock(self.clock), **options)
        self.sim.tables["app1", "tbl1"] = Table()
        self.keys = [self.sim.add_record("app1", "tbl1", {"名称": f"客户{number}"}) for number in range(count)]

    def connect(self, **more: Any) -> Feishu:
        entry = {
            "app_id": "cli_sandbox",
            "app_secret": "feishu-sandbox-secret",
            "tables": {"customer": {"app_token": "app1", "table_id": "tbl1", "page_size": 10}},
            **more,
        }
        found: Feishu = connect(Feishu, self.sim, self.clock, store=MemoryStore(), **entry)
        return found

    def read(self) -> tuple[list[str], Any]:
        rows, _, verdict = read(self.connect(), "customer")
        return [row["record_id"] for row in rows], verdict


def test_a_row_holds_its_fields_text_as_text_and_fractions_unrounded() -> None:
    case = Case(0)
    key = case.sim.add_record(
        "app1", "tbl1", {"名称": "示例公司", "额度": 1200.55, "级别": ["A"], "负责": [{"id": "ou_1"}]}
    )
    assert read(case.connect(), "customer")[0] == [
        {
            "record_id": key,
            "created_time": str(NOON_MS),
            "last_modified_time": str(NOON_MS),
            "fields": {"名称": "示例公司", "额度": "1200.55", "级别": ["A"], "负责": [{"id": "ou_1"}]},
        }
    ]


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (10, 1), (45, 10)])
def test_every_record_comes_once_and_a_table_of_several_pages_is_walked_twice(count: int, calls: int) -> None:
    case = Case(count)
    keys, verdict = case.read()
    assert (keys, verdict.proven) == (case.keys, True)
    assert case.sim.counters.by_endpoint["/open-apis/bitable/v1/apps/{app}/tables/{table}/records/search"] == calls


def test_f7_a_record_that_moves_up_because_another_vanished_is_met_by_the_next_walk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case(45)
    table = case.sim.tables["app1", "tbl1"]
    real, gone = type(table).search, case.keys[3]

    def shrinking(self: Any, call: Any) -> Any:
        if call.query.get("page_token") == "bt10" and gone in self.keys():
            self.remove(gone)
        return real(self, call)

    monkeypatch.setattr(type(table), "search", shrinking)
    keys, verdict = case.read()
    assert sorted(keys) == sorted(case.keys)
    assert keys[-1] == case.keys[10], "the one that moved came last"
    assert verdict.proven


def test_a_table_that_grows_with_every_walk_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(25)
    table = case.sim.tables["app1", "tbl1"]
    real = type(table).search

    def growing(self: Any, call: Any) -> Any:
        if "page_token" not in call.query:
            self.add({"名称": "新"}, NOON_MS)
        return real(self, call)

    monkeypatch.setattr(type(table), "search", growing)
    keys, verdict = case.read()
    assert sorted(keys) == sorted(table.keys())
    assert "did not stand still" in verdict.reason


def test_f6_f8_pages_that_come_twice_or_short_lose_nothing() -> None:
    for fault in (
        Fault("duplicate_page", path=PATH, skip=1),
        Fault("short_page", path=PATH, rows=4, skip=1),
        Fault("short_page", path=PATH, rows=10, skip=1),
        Fault("expire", path=PATH, skip=2),
        Fault("throttle", path=PATH, skip=2, after_s=3),
        Fault("truncated", path=PATH, skip=2),
        Fault("unavailable", path=PATH, skip=2),
    ):
        case = Case(45)
        case.sim.faults.add(fault)
        keys, verdict = case.read()
        assert (sorted(keys), verdict.proven) == (sorted(case.keys), True)
        assert sum(case.sim.faults.fired.values()) == 1


def test_f6_a_page_that_repeats_for_ever_is_a_loop() -> None:
    case = Case(45)
    case.sim.faults.add(Fault("duplicate_page", path=PATH, count=None))
    assert outcome(case.read) == (Halt, "CON252")


@pytest.mark.parametrize("data", [None, {}, {"items": "?", "has_more": False}, {"items": [1], "has_more": False}])
def test_f14_what_is_no_page_is_never_an_empty_one(data: Any) -> None:
    case = Case(3)
    case.sim.faults.add(Fault("error_body", path=PATH, body={"code": 0, "data": data}))
    assert outcome(case.read) == (Halt, "CON019")


def test_a_table_that_does_not_exist_stops_the_run_and_its_limit_is_never_hit() -> None:
    case = Case(450, limits="sheet")
    assert len(case.read()[0]) == 450
    assert case.sim.counters.refused == 0
    tables = {"customer": {"app_token": "app1", "table_id": "tbl9"}}
    assert outcome(case.connect(tables=tables).probe) == (Halt, "CON251")


def test_a_table_knows_no_time_and_is_read_only() -> None:
    connector = Case(1).connect(writes="enabled")
    stream = connector.streams["customer"]
    assert connector.probe() == "demo: signed in, 0 approval definitions, 1 tables"
    assert (connector.bound(stream), connector.slice(stream, "2026-03-01", None)) == (None, Window())
    assert connector.rewind(stream, Position("1")) == Position("1")
    assert connector.read_back(stream, ["g1"]) == {}
    assert outcome(lambda: connector.write(stream, [Write("create", "g1", {})])) == (Misconfigured, "CON258")


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"tables": {}}, "name something to read"),
        ({"approvals": [APPROVAL_CODE]}, "set `since`"),
        ({"approvals": ["customer"], "since": "2026-03-01"}, "'customer' is the name of a table"),
    ],
)
def test_settings_that_do_not_fit_together(entry: Any, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        Case(0).connect(**entry)


def test_f8_a_walk_with_a_hole_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(15)
    real = Table.search

    def hollow(self: Table, call: Any) -> dict[str, Any]:
        page = real(self, call)
        return page if "page_token" in call.query else {**page, "items": []}

    monkeypatch.setattr(Table, "search", hollow)
    keys, verdict = case.read()
    assert keys == case.keys[10:]
    assert not verdict.proven


def test_a_token_that_leads_back_is_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(1)
    calls = iter(range(20))  # more would be a loop of ours

    def circle(_: Table, call: Any) -> dict[str, Any]:
        following = {"": "a", "a": "b", "b": "a"}[call.query.get("page_token", "")]
        return {"items": [{"record_id": f"rec{next(calls)}"}], "has_more": True, "page_token": following}

    monkeypatch.setattr(Table, "search", circle)
    assert outcome(case.read) == (Halt, "CON252")
