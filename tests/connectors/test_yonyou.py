"""Yonyou against a pretend tenant: finding its hosts, listing until it settles, faults, writing, every code, U8+."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from connectors.base import Page, Position, Reading, Window, Write
from connectors.yonyou import Yonyou
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault, Refused
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.yonyou import APP_KEY, APP_SECRET, TENANT, U8_ACCOUNT, U8_KEY, U8_SECRET
from goldbridge.simulators.yonyou import Yonyou as Tenant
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

BIP: dict[str, Any] = {"tenant_id": TENANT, "app_key": APP_KEY, "app_secret": APP_SECRET}
U8: dict[str, Any] = {
    "edition": "u8", "app_key": U8_KEY, "app_secret": U8_SECRET, "from_account": U8_ACCOUNT, "to_account": "ent1",
}  # fmt: skip
LIST, INSERT, UPDATE, STOP = "*/merchant/newlist", "*/newinsert", "*/batch/merchant/save", "*/merchant/stop"
TIME = "2026-03-02 11:{:02d}:{:02d}"  # before NOON in Shanghai


def customer(number: int, at: str = "", **more: Any) -> dict[str, Any]:
    at = at or TIME.format(number // 60 % 59, number % 60)
    return {"code": f"YB-{number:04d}", "name": {"simplifiedName": f"示例{number:04d}号有限公司"}, "pubts": at, **more}


class Case:
    """A tenant with customers, and connectors in front of it."""

    def __init__(self, count: int = 0, *, rows: Any = None, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        customers = {"customer": [customer(number) for number in range(count)]}
        self.sim = Tenant(rows or customers, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Yonyou:
        more = {"writes": "enabled", **BIP, **more}
        found: Yonyou = connect(Yonyou, self.sim, self.clock, store=self.store, **more)
        return found

    def rows(self, name: str = "customer") -> list[dict[str, Any]]:
        return self.sim.rows(name)


def _read(
    connector: Yonyou, start: Position | None = None, *, stream: str = "customer", end: str | None = None
) -> tuple[list[dict[str, Any]], list[Page], Any]:
    found = connector.streams[stream]
    reading = Reading(connector.read(found, Window(start, end or connector.bound(found))))
    pages = list(reading)
    return [row for page in pages for row in page.rows], pages, reading.completeness


def _write(connector: Yonyou, *batch: Write, stream: str = "customer") -> list[Any]:
    results = connector.write(connector.streams[stream], batch)
    assert [result.external_id for result in results] == [write.external_id for write in batch]
    return results


def _new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"name": {"simplifiedName": f"新建{number}有限公司"}, **values})


# Ways in


def test_the_hosts_of_a_tenant_are_asked_for_or_given() -> None:
    case = Case(1)
    assert f"signed in as '{APP_KEY}'" in case.connect().probe()
    known = {
        "tenant_id": "",
        "gateway_url": "http://127.0.0.1/iuap-api-gateway",
        "token_url": "http://127.0.0.1/iuap-api-auth",
    }
    case.connect(**known).probe()
    assert case.sim.counters.by_endpoint["/open-auth/dataCenter/getGatewayAddress"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tenant_id": ""}, "give `tenant_id`"),
        ({"gateway_url": "http://127.0.0.1/x"}, "both `gateway_url`"),
        ({**U8, "to_account": ""}, "`from_account` and `to_account`"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_called(change: dict[str, Any], words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as caught:
        Case().connect(**change)
    assert caught.value.code == "CON179"


def test_wrong_credentials_are_a_matter_of_settings() -> None:
    assert outcome(Case().connect(app_secret="wrong-secret").probe) == (Misconfigured, "CON175")
    assert outcome(Case().connect(app_key="wrong").probe) == (Misconfigured, "CON175")
    assert outcome(Case().connect(**{**U8, "app_secret": "wrong-secret"}).probe) == (Misconfigured, "CON175")


def test_a_token_lives_two_hours_and_is_renewed_before_it_dies() -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.clock.advance(7000)
    connector.probe()
    case.clock.advance(200)
    connector.probe()
    token = "/iuap-api-auth/open-auth/selfAppAuth/base/v1/getAccessToken"
    assert case.sim.counters.by_endpoint[token] == 2
    assert case.sim.counters.refused == 0


# Reading


def test_a_first_read_meets_every_row_once_and_the_next_one_only_the_last_second() -> None:
    case = Case(250)
    connector = case.connect(page_size=100)
    rows, pages, verdict = _read(connector)
    assert [row["code"] for row in rows] == [f"YB-{number:04d}" for number in range(250)]
    assert verdict.proven
    assert [len(page.rows) for page in pages] == [100, 100, 50, 0]
    assert pages[-1].at == Position("2026-03-02 11:59:55")
    assert [page.at for page in pages[:-1]] == [None, None, None]
    assert _read(connector, pages[-1].at)[0] == []


@pytest.mark.parametrize("name", ["supplier", "order", "invoice"])
def test_every_list_is_asked_in_its_own_way(name: str) -> None:
    rows = [{"code": f"X-{number}", "name": "甲", "pubts": TIME.format(0, number)} for number in range(9)]
    connector = Case(rows={name: rows}).connect(page_size=4)
    found, _, verdict = _read(connector, Position(TIME.format(0, 5)), stream=name)
    including = ["X-4"] if name == "supplier" else []  # some lists take the time they are given as included
    assert [row["code"] for row in found] == [*including, "X-5", "X-6", "X-7", "X-8"]
    assert verdict.proven


def test_a_list_without_a_time_of_change_is_read_as_a_whole() -> None:
    rows = [{"code": f"P-{number}", "name": "泵", "pubts": TIME.format(0, number)} for number in range(9)]
    connector = Case(rows={"product": rows}).connect(page_size=4)
    assert connector.streams["product"].walk == "full"
    found, pages, verdict = _read(connector, stream="product")
    assert len(found) == 9
    assert verdict.proven
    assert {page.at for page in pages} == {None}


def test_the_window_ends_where_it_was_closed() -> None:
    rows, pages, _ = _read(Case(10).connect(), Position(TIME.format(0, 2)), end=TIME.format(0, 6))
    assert [row["code"] for row in rows] == [f"YB-000{number}" for number in range(1, 7)]  # the start is met once more
    assert pages[-1].at == Position(TIME.format(0, 6))


def test_f7_rows_that_move_between_pages_while_they_are_read_are_not_lost() -> None:
    case = Case(250)
    case.sim.faults.add(Fault("edit", path=LIST, skip=2, rows=40))  # those behind them move up, past the next page
    connector = case.connect(page_size=100)
    rows, pages, verdict = _read(connector)
    edited = {row["code"] for row in case.rows() if row["pubts"] >= "2026-03-02 12"}
    assert len(edited) == 40
    assert {row["code"] for row in rows} == {f"YB-{number:04d}" for number in range(250)}
    assert verdict.proven
    case.clock.advance(60)
    again = _read(connector, pages[-1].at)[0]
    assert {row["code"] for row in again} == edited


def test_f7_a_list_that_never_settles_says_so_and_keeps_its_place() -> None:
    case = Case(250)
    stream = "customer"
    case.sim.faults.add(Fault("edit", path=LIST, skip=2, rows=1, count=None))
    rows, pages, verdict = _read(case.connect(page_size=100), end="2026-03-02 13:00:00", stream=stream)
    case.clock.advance(1)
    assert not verdict.proven
    assert "several listings" in verdict.reason
    assert {page.at for page in pages} == {None}, "the next run lists the same window again"
    assert rows


def test_a_changed_row_goes_out_again_in_a_repeated_listing() -> None:
    case = Case(5)
    connector = case.connect()
    reading = connector.read(connector.streams["customer"], Window(None, "2026-03-02 13:00:00"))
    assert len(next(reading).rows) == 5
    case.sim.edit("customer", case.rows()[0]["id"], {"remark": "改"})
    (again,) = (page.rows for page in reading if page.rows)
    assert [row.get("remark") for row in again] == ["改"]


def test_stopped_rows_are_reported_as_deleted() -> None:
    case = Case(3)
    connector = case.connect()
    _, pages, _ = _read(connector)
    case.clock.advance(60)
    case.sim.remove("customer", case.rows()[1]["id"])
    case.clock.advance(60)
    (row,) = _read(connector, pages[-1].at)[0]
    assert row["code"] == "YB-0001"
    assert connector.streams["customer"].is_deleted(row)


def test_ids_are_longer_than_a_float_holds_and_stay_whole() -> None:
    (row,) = _read(Case(rows={"customer": [customer(1, id=2410000000000000127)]}).connect())[0]
    assert row["id"] == 2410000000000000127


def test_bounds_rewinds_and_slices() -> None:
    for server_shift_s, expected in ((-600, "2026-03-02 11:49:55"), (600, "2026-03-02 11:59:55")):
        case = Case(1)
        case.sim.clock.shift(server_shift_s)
        connector = case.connect()
        stream = connector.streams["customer"]
        assert connector.bound(stream) == expected
    assert connector.rewind(stream, Position("2026-03-02 11:00:00")) == Position("2026-03-02 10:58:00")
    window = connector.slice(stream, "2026-03-01", "2026-03-01")
    assert window == Window(Position("2026-02-28 23:59:59"), "2026-03-02 00:00:00")
    assert outcome(lambda: _read(connector, Position("yesterday"))) == (Halt, "CON184")


def test_a_list_may_be_changed_or_added() -> None:
    lists = {"product": {"since": "pubts"}, "other": {"path": "/yonbip/digitalModel/vendor/list"}}
    connector = Case(rows={"supplier": [{"code": "S", "name": "x"}]}).connect(lists=lists)
    assert connector.streams["product"].cursor == "pubts"
    assert [row["code"] for row in _read(connector, stream="other")[0]] == ["S"]


# Faults while reading


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("duplicate_page", path=LIST, skip=2), None),
        (Fault("duplicate_page", path=LIST, skip=2, count=None), (Halt, "CON178")),
        (Fault("short_page", path=LIST, rows=30, skip=1), None),
        (Fault("throttle", after_s=5.0, path=LIST, skip=1), None),
        (Fault("throttle", path=LIST, skip=1), None),
        (Fault("truncated", path=LIST, skip=1), None),
        (Fault("reset", path=LIST, skip=1, when="mid"), None),
        (Fault("reset", path=LIST, skip=1, when="before"), None),
        (Fault("unavailable", path=LIST, skip=1), None),
        (Fault("encoding", code="bom", path=LIST, skip=1), None),
        (Fault("html", path=LIST, skip=1), None),
        (Fault("expire", path=LIST, skip=2), None),
        (Fault("refuse", code="text", path=LIST, skip=2), None),
        (Fault("html", path=LIST, count=None), (Halt, "CON007")),
        (Fault("bomb", size_mb=64, path=LIST, count=None), (Halt, "CON008")),
        (Fault("error_body", body={"code": "200", "data": "x"}, path=LIST, skip=1), (Halt, "CON019")),
        (Fault("error_body", body={"code": "200"}, path=LIST, skip=1), (Halt, "CON019")),
        (Fault("error_body", body={}, path=LIST, skip=1), (Halt, "CON015")),
        (Fault("forbid", key="customer", path=LIST, skip=1), (Misconfigured, "CON175")),
    ],
    ids=lambda value: f"{value.kind}{value.code}" if isinstance(value, Fault) else "",
)
def test_the_faults_of_the_wire_lose_nothing(fault: Fault, expected: Any) -> None:
    case = Case(120)
    case.sim.faults.add(fault)
    if expected is None:
        rows, _, verdict = _read(case.connect(page_size=50))
        assert {row["code"] for row in rows} == {row["code"] for row in case.rows()}
        assert verdict.proven
    else:
        assert outcome(lambda: _read(case.connect(page_size=50))) == expected


@pytest.mark.parametrize("number", [0, 49, 50, 77, 119])
def test_f27_one_poison_record_is_stepped_over_and_told_by_its_place(number: int) -> None:
    case = Case(120)
    case.sim.faults.add(Fault("poison", key=f"YB-{number:04d}", path=LIST, count=None))
    rows, pages, verdict = _read(case.connect(page_size=50, timeout_s=600))
    assert {row["code"] for row in rows} == {row["code"] for row in case.rows()} - {f"YB-{number:04d}"}
    before = case.rows()[number - 1]["id"] if number else "the start"
    [(place, reject)] = [each for page in pages for each in page.rejects]
    assert (place, reject.code) == (f"after {before}", "CON013")
    assert verdict.reason == "1 records of customer could not be read"
    assert pages[-1].at is not None


def test_f27_a_server_that_is_down_blames_no_record() -> None:
    for fault in (Fault("unavailable", path=LIST, skip=2, count=None), Fault("refuse", code="310504", count=None)):
        case = Case(120)
        connector = case.connect(page_size=50)
        connector.probe()
        case.sim.faults.add(fault)
        assert outcome(partial(_read, connector, end="2026-03-02 12:00:00"))[0] is Retry


def test_f27_a_list_of_which_a_page_is_all_poison_is_not_served_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(60)
    monkeypatch.setattr(case.sim, "_page", lambda call, name, page: _broken(page) if page else page)
    assert outcome(lambda: _read(case.connect(page_size=20, timeout_s=600))) == (Retry, "CON013")


def _broken(page: Any) -> Any:
    raise Refused("310504", "后端服务超时")


# Every code of the sheet

SHEET: dict[str, Iterable[str]] = {
    "refresh-token": ["310001", "310036", "text"],
    "fatal-config": [
        *("310003", "10018", "310005", "310006", "310037", "310031", "310038", "310041", "310047", "310404", "310405"),
        *("404", "310999 签名错误"),
    ],
    "throttle": ["310032", "310039", "310042", "310046"],
    "retry": ["202", "310504", "310071", "310072", "310043", "315001"],
    "fatal-record": ["310008", "310015", "310023", "310002", "999", "0"],
}


def _signal(code: str, path: str) -> Fault:
    number, _, said = code.partition(" ")
    return Fault("refuse", code=number, message=said, path=path, count=None)


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_reading(code: str, name: str) -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(_signal(code, LIST))
    # A refused question is ours, so a read blames no record: it stops.
    expected = CLASSES | {"fatal-record": (Halt, "CON176"), "fatal-config": (Misconfigured, "CON175")}
    assert outcome(lambda: _read(connector, end="2026-03-02 12:00:00")) == expected[name]


@pytest.mark.parametrize("path", [INSERT, UPDATE])
@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_writing(code: str, name: str, path: str) -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(_signal(code, path))
    change = Write("update", "g2", {"remark": "x"}, key=str(case.rows()[0]["id"]))
    results: list[Any] = []

    def work() -> None:
        results.extend(_write(connector, _new(2) if path == INSERT else change))

    if name in ("refresh-token", "fatal-config"):
        assert outcome(work) == (CLASSES | {"fatal-config": (Misconfigured, "CON175")})[name]
        return
    work()
    expected = {"throttle": "retry", "retry": "unknown", "fatal-record": "rejected"}
    assert results[0].outcome == expected[name]


def test_a_code_nobody_knows_stops_the_run() -> None:
    case = Case(1)
    case.sim.faults.add(Fault("refuse", code="77777", path=LIST, count=None))
    assert outcome(case.connect().probe) == (Halt, "CON015")


# Writing


def test_a_customer_is_created_changed_and_stopped() -> None:
    case = Case()
    connector = case.connect()
    contacts = [{"fullName": {"simplifiedName": "王"}}, {"fullName": {"simplifiedName": "李"}, "id": 7}]
    created = _write(connector, _new(1, merchantContactInfos=contacts))[0]
    (row,) = case.rows()
    assert (created.outcome, created.key, row["code"]) == ("written", str(row["id"]), "g1")
    assert [child["_status"] for child in row["merchantContactInfos"]] == ["Insert", "Update"]
    assert "resubmitCheckKey" not in row
    change = Write("update", "g1", {"orderPrices!currency": "CNY"}, key=created.key)
    assert _write(connector, change)[0].outcome == "written"
    assert case.rows()[0]["orderPrices!currency"] == "CNY"
    assert set(connector.read_back(connector.streams["customer"], ["g1", "g2"])) == {"g1"}
    gone = Write("deactivate", "g1", {}, key=created.key)
    assert [_write(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert case.rows()[0]["stopstatus"] is True
    assert connector.read_back(connector.streams["customer"], ["g1"]) == {}
    assert _write(connector, Write("deactivate", "g404", {}))[0].outcome == "written"


@pytest.mark.parametrize("name", ["supplier", "product"])
def test_suppliers_and_products_are_made_or_changed_by_code(name: str) -> None:
    case = Case()
    connector = case.connect()
    first = _write(connector, Write("create", "g1", {"name": "甲"}), stream=name)[0]
    again = _write(connector, Write("create", "g1", {"name": "乙"}), stream=name)[0]
    update = _write(connector, Write("update", "g1", {"remark": "x"}, key=first.key), stream=name)[0]
    (row,) = case.rows(name)
    assert {first.key, again.key, update.key} == {str(row["id"])}
    assert (row["name"], row["remark"], row["code"]) == ("乙", "x", "g1")
    stopped = _write(connector, Write("deactivate", "g1", {}, key=first.key), stream=name)[0]
    assert (stopped.outcome, stopped.code) == ("rejected", "CON181")


@pytest.mark.parametrize("duplicate", ["10004", "100004"])
def test_a_create_that_is_repeated_changes_what_the_first_one_left(duplicate: str) -> None:
    case = Case(duplicate=duplicate)
    first = _write(case.connect(), _new(1), _new(1, remark="2"))
    assert [one.outcome for one in first] == ["written", "retry"]
    case.clock.advance(4000)  # the vendor remembers a key for an hour
    again = _write(case.connect(), _new(1, remark="3"))[0]
    assert again.key == first[0].key
    assert [row["remark"] for row in case.rows()] == ["3"]


@pytest.mark.parametrize("fault", [Fault("lost", path=INSERT), Fault("reset", path=INSERT, when="after")])
def test_f1_f28_an_insert_with_a_key_is_sent_again_and_made_once(fault: Fault) -> None:
    case = Case()
    case.sim.faults.add(fault)
    assert _write(case.connect(), _new(1))[0].outcome == "written"
    assert len(case.rows()) == 1
    assert case.sim.counters.writes == 1


def test_f1_f28_an_answer_that_stays_lost_is_unknown_and_read_back() -> None:
    case = Case()
    case.sim.faults.add(Fault("lost", path=INSERT, count=None))
    connector = case.connect()
    result = _write(connector, _new(1))[0]
    assert (result.outcome, result.code) == ("unknown", "CON002")
    assert set(connector.read_back(connector.streams["customer"], ["g1"])) == {"g1"}
    assert len(case.rows()) == 1


@pytest.mark.parametrize(("stream", "path"), [("customer", UPDATE), ("supplier", "*/batchSaveV2")])
def test_f28_a_save_without_a_key_is_never_sent_twice(stream: str, path: str) -> None:
    case = Case(rows={stream: [{"code": "g1", "name": "甲"}]})
    case.sim.faults.add(Fault("lost", path=path))
    connector = case.connect()
    change = Write("update", "g1", {"remark": "x"}, key=str(case.rows(stream)[0]["id"]))
    result = _write(connector, change, stream=stream)[0]
    assert (result.outcome, result.code) == ("unknown", "CON005")
    assert case.sim.counters.writes == 1
    assert connector.read_back(connector.streams[stream], ["g1"])["g1"]["remark"] == "x"


def test_a_success_with_failures_is_a_refusal() -> None:
    case = Case()
    case.sim.faults.add(Fault("partial", path="*/batchSaveV2", rows=1))
    first, second = _write(
        case.connect(), *(Write("create", f"g{at}", {"name": "甲"}) for at in range(2)), stream="supplier"
    )
    assert (first.outcome, first.code, second.outcome) == ("rejected", "CON176", "written")
    assert "name不能为空" in first.message


def test_f39_a_refused_record_leaves_the_rest_of_the_batch_alone() -> None:
    case = Case()
    results = _write(case.connect(), _new(1), _new(2, name=""), _new(3))
    assert [(one.outcome, one.code) for one in results] == [("written", ""), ("rejected", "CON176"), ("written", "")]
    assert [row["code"] for row in case.rows()] == ["g1", "g3"]


def test_a_record_typed_by_hand_is_adopted_and_keeps_its_code() -> None:
    case = Case(1)
    key = str(case.rows()[0]["id"])
    assert _write(case.connect(), Write("update", "g1", {"remark": "x"}, key=key))[0].key == key
    assert (case.rows()[0]["code"], case.rows()[0]["remark"]) == ("YB-0000", "x")


def test_an_update_of_what_is_gone_says_so() -> None:
    result = _write(Case().connect(), Write("update", "g404", {"remark": "x"}))[0]
    assert (result.outcome, result.code) == ("rejected", "CON180")


def test_an_answer_without_an_id_is_looked_up() -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"code": "200", "data": {}}, path="*/batchSaveV2"))
    result = _write(case.connect(), Write("create", "g1", {"name": "甲"}), stream="supplier")[0]
    assert (result.outcome, result.code) == ("unknown", "CON182")


def test_a_phantom_success_is_not_found_when_read_back() -> None:
    case = Case()
    case.sim.faults.add(Fault("phantom", path=INSERT))
    connector = case.connect()
    assert _write(connector, _new(1))[0].outcome == "written"
    assert connector.read_back(connector.streams["customer"], ["g1"]) == {}


def test_a_fault_of_the_whole_target_keeps_the_results_it_already_has() -> None:
    case = Case()
    case.sim.faults.add(Fault("forbid", path=INSERT, skip=1, count=None))
    results = _write(case.connect(), _new(1), _new(2), _new(3))
    assert [(one.outcome, one.code) for one in results] == [("written", ""), ("retry", "CON175"), ("retry", "CON175")]
    assert outcome(lambda: _write(case.connect(), _new(4))) == (Misconfigured, "CON175")


def test_f17_a_token_that_expires_in_the_middle_of_a_batch_is_renewed() -> None:
    case = Case()
    case.sim.faults.add(Fault("expire", path=INSERT, skip=1))
    assert [one.outcome for one in _write(case.connect(), _new(1), _new(2), _new(3))] == ["written"] * 3


def test_writing_is_off_unless_it_is_switched_on_and_orders_are_read_only() -> None:
    case = Case()
    assert outcome(lambda: _write(case.connect(writes="disabled"), _new(1))) == (Misconfigured, "CON177")
    assert outcome(lambda: _write(case.connect(), _new(1), stream="order")) == (Misconfigured, "CON183")
    assert outcome(lambda: _write(case.connect(**U8), _new(1))) == (Misconfigured, "CON183")
    assert case.sim.counters.calls == 0


# U8+


def test_a_u8_is_read_by_the_day_of_change() -> None:
    rows = [
        {"code": f"U8-{number}", "name": "阀门", "pubts": f"2026-03-0{number % 3 + 1} 10:00:00", "id": number + 1}
        for number in range(90)
    ]
    connector = Case(rows={"customer": rows}).connect(**U8, page_size=20)
    found, pages, verdict = _read(connector)
    assert len(found) == 60, "what is dated after the end is left to the next run"
    assert verdict.proven
    assert pages[-1].at == Position("2026-03-02 11:59:55")
    again = _read(connector, pages[-1].at)[0]
    assert {row["ModifyDate"] for row in again} == {"2026-03-02"}, "the last day is met again"
    assert len(again) == 30


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        ("20003", "token已过期", (Misconfigured, "CON010")),
        ("1", "调用超时", (Retry, "CON013")),
        ("1", "EAI代理不在线", (Retry, "CON013")),
        ("1", "没有该接口的权限", (Misconfigured, "CON175")),
        ("1", "客户编码不正确", (Halt, "CON176")),
    ],
)
def test_a_u8_is_classed_by_its_sentences(code: str, said: str, expected: Any) -> None:
    case = Case(1)
    connector = case.connect(**U8)
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=f"u8:{code}", message=said, path="/api/*", count=None))
    assert outcome(lambda: _read(connector, end="2026-03-02 12:00:00")) == expected


def test_a_u8_token_that_expires_is_renewed() -> None:
    case = Case(30)
    case.sim.faults.add(Fault("expire", path="/api/*", skip=2))
    assert len(_read(case.connect(**U8, page_size=10))[0]) == 30


# Budgets, threads, secrets


def test_the_vendors_own_limit_is_never_hit() -> None:
    case = Case(3, limits="sheet")
    connector = case.connect()
    for number in range(50):
        connector.probe()
        connector.read_back(connector.streams["customer"], [f"g{number}"])
    assert case.sim.counters.refused == 0
    assert case.clock.monotonic() >= 120


def test_f17_many_threads_share_one_token() -> None:
    sim = Tenant()
    with Loopback(sim.app) as url:
        connector = connect(Yonyou, None, Clock(), base_url=url, writes="enabled", threads=8, **BIP)
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda number: _write(connector, _new(number))[0], range(4)))
        sim.faults.add(Fault("expire", path=INSERT))
        with ThreadPoolExecutor(4) as pool:
            results += pool.map(lambda number: _write(connector, _new(number + 4))[0], range(4))
    assert {one.outcome for one in results} == {"written"}
    assert sim.counters.by_endpoint["/iuap-api-auth/open-auth/selfAppAuth/base/v1/getAccessToken"] == 2


@pytest.mark.parametrize("way", [BIP, U8], ids=["bip", "u8"])
def test_s6_no_secret_reaches_a_log_or_an_error(
    way: dict[str, Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case, tokens = Case(3), set()
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        tokens.add(call.query.get("access_token") or call.query.get("token"))
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    connector = case.connect(**way)
    connector.probe()
    said = f"secret {APP_SECRET} {U8_SECRET} timeout"
    code = "310504" if way is BIP else "u8:1"
    case.sim.faults.add(Fault("refuse", code=code, message=said, count=None))
    with pytest.raises(Retry) as caught:
        connector.probe()
    assert tokens - {None}
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (way["app_secret"], *(tokens - {None})):
        assert str(secret) not in everything
