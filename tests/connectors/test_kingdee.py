"""Kingdee against a pretend account book: ways in, reading, resuming, faults, writing, every signal of the sheet."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, Position, Reading, Window, Write
from connectors.kingdee import Kingdee
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kingdee import Credentials
from goldbridge.simulators.kingdee import Kingdee as Book
from goldbridge.simulators.kit import Fault, text_answer
from goldbridge.simulators.kit.loopback import Loopback
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

KNOWN = Credentials()
SIGNED: dict[str, Any] = {
    "acct_id": KNOWN.acct_id,
    "user": KNOWN.user,
    "app_id": KNOWN.app_id,
    "app_secret": KNOWN.app_secret,
}
PASSWORD: dict[str, Any] = {
    "acct_id": KNOWN.acct_id,
    "user": KNOWN.user,
    "auth": "password_login",
    "password": KNOWN.password,
}
QUERY, SAVE, SUBMIT, AUDIT = "*ExecuteBillQuery*", "*BatchSave*", "*.Submit.*", "*.Audit.*"
CUSTOMER = {"customer": {"external_id": "F_GB_ID", "fields": ["FName", "FTEL"]}}
TIME = "2026-03-02 11:{:02d}:{:02d}"  # before NOON in Shanghai


def customer(number: int, at: str = "", **more: Any) -> dict[str, Any]:
    at = at or TIME.format(number // 60 % 59, number % 60)
    return {"FNumber": f"K-{number:04d}", "FName": f"示例{number:04d}号有限公司", "FModifyDate": at, **more}


class Case:
    """An account book with customers, and connectors in front of it."""

    def __init__(self, count: int = 0, *, rows: Any = None, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        customers = {"BD_Customer": [customer(number) for number in range(count)]}
        self.sim = Book(rows or customers, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Kingdee:
        more = {"writes": "enabled", "base_url": "http://127.0.0.1/k3cloud", "forms": CUSTOMER, **SIGNED, **more}
        found: Kingdee = connect(Kingdee, self.sim, self.clock, store=self.store, **more)
        return found

    def rows(self, form: str = "BD_Customer") -> list[dict[str, Any]]:
        return self.sim.rows(form)

    def row(self, ours: str) -> dict[str, Any]:
        return next(row for row in self.rows() if row.get("F_GB_ID") == ours)


def _read(
    connector: Kingdee, start: Position | None = None, *, stream: str = "customer", end: str | None = None
) -> tuple[list[dict[str, Any]], list[Page], Any]:
    found = connector.streams[stream]
    reading = Reading(connector.read(found, Window(start, end or connector.bound(found))))
    pages = list(reading)
    positions = [page.at for page in pages if page.at]
    assert positions == sorted(positions)
    return [row for page in pages for row in page.rows], pages, reading.completeness


def _write(connector: Kingdee, *batch: Write, stream: str = "customer") -> list[Any]:
    results = connector.write(connector.streams[stream], batch)
    assert [result.external_id for result in results] == [write.external_id for write in batch]
    return results


def _new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"FNumber": f"N-{number}", "FName": f"新建{number}有限公司", **values})


# Ways in


@pytest.mark.parametrize(
    "way",
    [SIGNED, {**SIGNED, "auth": "sign_login"}, {**SIGNED, "auth": "secret_login"}, PASSWORD],
    ids=["signed", "sign_login", "secret_login", "password_login"],
)
def test_every_way_in_works_and_a_lost_session_is_opened_again(way: dict[str, Any]) -> None:
    case = Case(3)
    connector = case.connect(**way)
    assert "signed in as 'hub'" in connector.probe()
    case.sim.faults.add(Fault("expire", path=QUERY))
    assert len(_read(connector)[0]) == 3
    case.clock.advance(4000)  # longer than any session lives
    assert len(_read(connector)[0]) == 3


@pytest.mark.parametrize("way", [SIGNED, PASSWORD], ids=["signed", "password_login"])
def test_wrong_credentials_are_a_matter_of_settings_whatever_the_sentence_says(way: dict[str, Any]) -> None:
    case = Case(1)
    wrong = {**way, "app_secret": "wrong", "password": "wrong"}
    with pytest.raises(Misconfigured) as caught:
        case.connect(**wrong).probe()
    assert caught.value.code in ("CON010", "CON161")
    assert "check acct_id, user" in str(caught.value)
    assert case.sim.counters.calls == 1, "credentials that are refused are not tried again"


def test_an_old_build_wants_the_older_digest() -> None:
    case = Case(1, sha1=True)
    assert outcome(case.connect(auth="sign_login").probe) == (Misconfigured, "CON161")
    case.connect(auth="sign_login", login_digest="sha1").probe()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"base_url": "http://127.0.0.1/kapi"}, "another product"),
        ({"app_id": "123456_" + "=" * 32}, "32 characters"),
        ({"app_secret": ""}, "`app_secret` is missing"),
        ({"auth": "password_login"}, "`password` is missing"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_called(change: dict[str, Any], words: str) -> None:
    with pytest.raises(Misconfigured, match=words) as caught:
        Case().connect(**change)
    assert caught.value.code == "CON160"


def test_a_session_is_kept_so_that_no_call_opens_another_one() -> None:
    case = Case(3)
    seen: list[str] = []
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        seen.append(call.headers.get("kdservice-sessionid", ""))
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    connector = case.connect()
    connector.probe()
    connector.probe()
    connector.probe()
    assert seen[0] == ""
    assert seen[1] == seen[2] != ""


# Reading


def test_a_first_read_meets_every_row_once_and_the_next_one_none() -> None:
    case = Case(250)
    connector = case.connect(page_size=100)
    rows, pages, verdict = _read(connector)
    assert sorted(row["FNumber"] for row in rows) == [f"K-{number:04d}" for number in range(250)]
    assert verdict.proven
    assert [len(page.rows) for page in pages] == [100, 100, 50]
    assert _read(connector, pages[-1].at)[0] == []


def test_a_row_is_what_the_form_shows() -> None:
    case = Case(rows={"BD_Customer": [customer(1, TIME.format(1, 1) + ".250", FTEL=None, F_GB_ID="g1")]})
    row = _read(case.connect())[0][0]
    assert row == {
        "FCUSTID": 100001, "FNumber": "K-0001", "FName": "示例0001号有限公司", "FTEL": None, "FForbidStatus": "A",
        "FDocumentStatus": "C", "FModifyDate": "2026-03-02T11:01:01", "FApproveDate": None, "F_GB_ID": "g1",
    }  # fmt: skip


def test_lines_and_bills_are_streams_of_their_own() -> None:
    lines = [{"FMaterialId": "M-1", "FQty": "2.5", "FTaxPrice": 10}, {"FMaterialId": "M-2", "FQty": 1}]
    bill = {"FBillNo": "SO-1", "FDate": "2026-03-01", "FCustId": "K-0000", "FSaleOrderEntry": lines}
    case = Case(rows={"BD_Customer": [customer(0)], "SAL_SaleOrder": [{**bill, "FModifyDate": TIME.format(0, 1)}]})
    connector = case.connect()
    found = _read(connector, stream="order_line")[0]
    assert [(row["FID"], row["FMaterialId.FNumber"], row["FQty"]) for row in found] == [
        (100001, "M-1", "2.5"),
        (100001, "M-2", 1),
    ]
    assert [(row["FID"], row["FCustId.FNumber"]) for row in _read(connector, stream="order")[0]] == [(100001, "K-0000")]


def test_a_form_without_an_id_is_walked_by_its_number() -> None:
    forms = {"customer": {"key": "FNumber"}}
    rows, _, verdict = _read(Case(25).connect(forms=forms, page_size=10))
    assert len({row["FNumber"] for row in rows}) == 25
    assert verdict.proven


def test_the_window_is_closed_and_its_start_is_exclusive() -> None:
    case = Case(10)
    rows, _, _ = _read(case.connect(), Position(TIME.format(0, 2)), end=TIME.format(0, 6))
    assert [row["FNumber"] for row in rows] == ["K-0003", "K-0004", "K-0005", "K-0006"]


def test_f7_rows_edited_during_the_walk_are_met_by_this_window_or_the_next() -> None:
    case = Case(300)
    connector = case.connect(page_size=100)
    stream = connector.streams["customer"]
    seen, at = set(), None
    numbers = [row["FNumber"] for row in case.rows()]
    for step, page in enumerate(connector.read(stream, Window(None, connector.bound(stream)))):
        seen |= {row["FNumber"] for row in page.rows}
        at = page.at
        case.clock.advance(10)
        for number in numbers[step * 20 : step * 20 + 120]:
            case.sim.edit("BD_Customer", number, {"FTEL": "改"})
    case.clock.advance(10)
    rows, _, _ = _read(connector, at)
    assert seen | {row["FNumber"] for row in rows} == set(numbers)
    changed = {row["FNumber"] for row in case.rows() if row.get("FTEL") == "改"}
    assert {row["FNumber"] for row in rows if row["FTEL"] == "改"} == changed


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 30))
def test_f2_a_killed_read_goes_on_at_its_page(killed_after: int, page_size: int, edited: int) -> None:
    case = Case(30)
    connector = case.connect(page_size=page_size)
    stream = connector.streams["customer"]
    met: set[tuple[str, str]] = set()
    at: Position | None = None
    reading = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(reading, range(killed_after), strict=False):
        met |= {(row["FNumber"], row["FModifyDate"]) for row in page.rows}
        at = page.at
    reading.close()
    case.clock.advance(60)
    for row in case.rows()[:edited]:
        case.sim.edit("BD_Customer", row["FNumber"], {"FTEL": "改"})
    case.clock.advance(60)
    delivered = len(met)
    rows, _, verdict = _read(case.connect(page_size=page_size), at)
    met |= {(row["FNumber"], row["FModifyDate"]) for row in rows}
    now = {(row["FNumber"], row["FModifyDate"][:19].replace(" ", "T")) for row in case.rows()}
    assert now <= met
    assert verdict.proven
    if edited == 0 and delivered:
        assert len(rows) == 30 - delivered, "pages that were committed are not read again"


def test_f30_f31_a_thousand_rows_of_one_second() -> None:
    rows = [customer(number, f"{TIME.format(5, 5)}.{number % 999:03d}") for number in range(1000)]
    found, _, _ = _read(Case(rows={"BD_Customer": rows}).connect(page_size=300))
    assert len({row["FNumber"] for row in found}) == 1000


def test_f32_a_late_row_inside_the_overlap_is_met() -> None:
    case = Case(5)
    connector = case.connect()
    _, pages, _ = _read(connector)
    at = pages[-1].at
    assert at is not None
    case.sim.book.load({"BD_Customer": [customer(77, "2026-03-02 11:59:20")]})
    case.clock.advance(30)
    assert _read(connector, at)[0] == []
    rows, pages, _ = _read(connector, connector.rewind(connector.streams["customer"], at))
    assert [row["FNumber"] for row in rows] == ["K-0077"]
    assert pages[-1].at is not None
    assert pages[-1].at.cursor > at.cursor


def test_an_audit_that_leaves_the_time_of_modification_alone_is_met() -> None:
    case = Case(3)
    row = case.sim.book.row("BD_Customer", "K-0001")
    row["FDocumentStatus"] = "B"
    connector = case.connect()
    _, pages, _ = _read(connector)
    case.clock.advance(100)
    case.sim.book.move("BD_Customer", row, "Audit")
    case.clock.advance(100)
    assert [found["FDocumentStatus"] for found in _read(connector, pages[-1].at)[0]] == ["C"]


def test_forbidden_rows_are_reported_as_deleted() -> None:
    case = Case(3)
    connector = case.connect()
    _, pages, _ = _read(connector)
    case.clock.advance(60)
    case.sim.remove("BD_Customer", "K-0001")
    case.clock.advance(60)
    rows, _, _ = _read(connector, pages[-1].at)
    assert [row["FNumber"] for row in rows] == ["K-0001"]
    assert connector.streams["customer"].is_deleted(rows[0])


def test_f29_the_upper_bound_is_the_earlier_clock_less_the_delay() -> None:
    for server_shift_s, expected in ((-600, "2026-03-02 11:49:55"), (600, "2026-03-02 11:59:55")):
        case = Case(1)
        case.sim.clock.shift(server_shift_s)
        connector = case.connect()
        assert connector.bound(connector.streams["customer"]) == expected


def test_a_slice_covers_whole_days_of_the_servers_zone() -> None:
    connector = Case().connect()
    window = connector.slice(connector.streams["customer"], "2026-03-01", "2026-03-01")
    assert window == Window(Position("2026-02-28 23:59:59"), "2026-03-02 00:00:00")


def test_a_further_condition_narrows_a_stream() -> None:
    rows = [customer(1, FUseOrgId="100"), customer(2, FUseOrgId="101")]
    connector = Case(rows={"BD_Customer": rows}).connect(forms={"customer": {"filter": "FUseOrgId.FNumber = '101'"}})
    assert [row["FNumber"] for row in _read(connector)[0]] == ["K-0002"]


def test_a_position_that_is_no_time_stops_the_run() -> None:
    connector = Case(1).connect()
    assert outcome(lambda: _read(connector, Position("yesterday"))) == (Halt, "CON169")


# Faults while reading


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("duplicate_page", path=QUERY, skip=2), None),
        (Fault("duplicate_page", path=QUERY, skip=2, count=None), (Halt, "CON164")),
        (Fault("short_page", path=QUERY, rows=30, count=2), None),
        (Fault("throttle", after_s=5.0, path=QUERY, skip=1), None),
        (Fault("throttle", path=QUERY, skip=1), None),
        (Fault("truncated", path=QUERY, skip=1), None),
        (Fault("reset", path=QUERY, skip=1, when="mid"), None),
        (Fault("reset", path=QUERY, skip=1, when="before"), None),
        (Fault("unavailable", path=QUERY, skip=1), None),
        (Fault("encoding", code="bom", path=QUERY, skip=1), None),
        (Fault("refuse", code="response_error", path=QUERY, skip=1), None),
        (Fault("html", path=QUERY, skip=1), None),
        (Fault("html", path=QUERY, count=None), (Misconfigured, "CON007")),
        (Fault("bomb", size_mb=64, path=QUERY, count=None), (Halt, "CON008")),
        (Fault("error_body", body={}, path=QUERY, skip=1), (Halt, "CON015")),
        (Fault("error_body", body=[[1, 2]], path=QUERY, skip=1), (Halt, "CON019")),
        (Fault("forbid", key="BD_Customer", path=QUERY, skip=1), (Misconfigured, "CON161")),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_the_faults_of_the_wire_lose_nothing(fault: Fault, expected: Any) -> None:
    case = Case(120)
    case.sim.faults.add(fault)
    if expected is None:
        assert len(_read(case.connect(page_size=50))[0]) == 120
    else:
        assert outcome(lambda: _read(case.connect(page_size=50))) == expected


@pytest.mark.parametrize("positions", [(0,), (37,), (119,), (37, 38), (0, 119), (0, 30, 31, 49, 50)])
def test_f27_poison_records_do_not_stop_their_page(positions: tuple[int, ...]) -> None:
    case = Case(120)
    poison = {f"K-{position:04d}" for position in positions}
    case.sim.faults.add(*(Fault("poison", path=QUERY, key=key, count=None) for key in poison))
    rows, pages, verdict = _read(case.connect(page_size=50, timeout_s=600))
    assert {row["FNumber"] for row in rows} == {row["FNumber"] for row in case.rows()} - poison
    assert len(dict(reject for page in pages for reject in page.rejects)) == len(poison)
    assert not verdict.proven
    assert f"{len(poison)} records of customer" in verdict.reason


def test_f27_a_server_that_is_down_blames_no_record() -> None:
    case = Case(5)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("unavailable", path=QUERY, count=None))
    assert outcome(lambda: _read(connector)) == (Retry, "CON002")


def test_a_misspelt_field_is_a_matter_of_settings() -> None:
    with pytest.raises(Misconfigured, match="FNmae") as caught:
        _read(Case(1).connect(forms={"customer": {"fields": ["FNmae"]}}))
    assert caught.value.code == "CON161"


# Every signal of the sheet

SHEET: dict[str, Iterable[str]] = {
    "refresh-token": ["1", "-10001", "会话信息已丢失", "ctx == null", "未登录", "401"],
    "fatal-config": ["4", "9", "8", "没有权限", "519"],
    "fatal-record": [
        *("不能为空", "基础资料不存在", "编码已存在", "单据已审核", "单据已关闭", "已被冻结", "已被其他用户修改"),
    ],
    "retry": ["response_error", "502", "503", "504", "stale"],
    "throttle": ["429"],
}  # fmt: skip


def _signal(code: str, path: str) -> Fault:
    if code in ("429", "502", "503", "504"):
        return Fault("error_body", body={"Message": "x"}, status=int(code), path=path, count=None)
    if code == "stale":
        return Fault(
            "error_body", body={"errcode": 1, "description": "timestamp expired"}, status=519, path=path, count=None
        )
    if code.lstrip("-").isdigit() or code == "response_error":
        return Fault("refuse", code=code, message="something", path=path, count=None)
    return Fault("refuse", code="77", message=code, path=path, count=None)


@pytest.mark.parametrize("dressed", [False, True])
@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_signal_ends_in_its_class_when_reading(code: str, name: str, dressed: bool) -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    fault = _signal(code, QUERY)
    if dressed and fault.kind == "refuse" and code not in ("response_error", "401", "519"):
        number: Any = int(fault.code)
        status = {"IsSuccess": "false", "MsgCode": number, "Errors": [{"Message": fault.message}]}
        fault = Fault("error_body", body=[[{"Result": {"ResponseStatus": status}}]], path=QUERY, count=None)
    case.sim.faults.add(fault)
    # A refused question is ours, so a read blames no record: it stops.
    expected = CLASSES | {"fatal-record": (Halt, "CON162"), "fatal-config": (Misconfigured, "CON161")}
    kind, found = outcome(lambda: _read(connector))
    assert kind is expected[name][0]
    assert found in (expected[name][1], "CON002")


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_signal_ends_in_its_class_when_writing(code: str, name: str) -> None:
    case = Case()
    connector = case.connect()
    _write(connector, _new(1))
    case.sim.faults.add(_signal(code, SAVE))
    results: list[Any] = []

    def work() -> None:
        results.extend(_write(connector, _new(2)))

    if name in ("refresh-token", "fatal-config"):
        assert outcome(work)[0] is Misconfigured
        return
    if name == "throttle":
        assert outcome(work) == CLASSES["throttle"]
        return
    work()
    expected = {"fatal-record": ("rejected", "CON162"), "retry": ("unknown", "CON005")}[name]
    if code == "response_error":
        expected = ("rejected", "CON162")  # looked up, sent once more, then a dead letter
    if "修改" in code:
        expected = ("retry", "CON162")
    assert (results[0].outcome, results[0].code) == expected


def test_an_unknown_account_book_is_a_matter_of_settings() -> None:
    case = Case()
    connector = case.connect()

    def unknown_book(call: Any, endpoint: Any) -> Any:
        return text_answer("账套不存在", 500, "text/plain")

    case.sim.handle = unknown_book  # type: ignore[method-assign]
    assert outcome(connector.probe) == (Misconfigured, "CON161")


# Writing


def test_a_record_is_saved_submitted_and_audited_and_found_by_our_id() -> None:
    case = Case()
    connector = case.connect()
    result = _write(connector, _new(1, **{"FTEL": "0571-1", "FCreateOrgId.FNumber": "100"}))[0]
    row = case.rows()[0]
    assert (result.outcome, result.key) == ("written", str(row["FCUSTID"]))
    assert (row["FDocumentStatus"], row["F_GB_ID"], row["FNumber"], row["FTEL"]) == ("C", "g1", "N-1", "0571-1")
    assert row["FCreateOrgId"] == {"FNumber": "100"}
    back = connector.read_back(connector.streams["customer"], ["g1", "g2"])
    assert set(back) == {"g1"}
    assert back["g1"]["FCUSTID"] == row["FCUSTID"]


def test_a_batch_costs_four_calls() -> None:
    case = Case()
    connector = case.connect()
    assert {one.outcome for one in _write(connector, *(_new(number) for number in range(40)))} == {"written"}
    assert len(case.rows()) == 40
    assert case.sim.counters.calls == 4


def test_an_audited_record_is_opened_changed_and_audited_again() -> None:
    case = Case()
    connector = case.connect()
    key = _write(connector, _new(1))[0].key
    assert _write(connector, Write("update", "g1", {"FTEL": "9"}, key=key))[0].outcome == "written"
    row = case.rows()[0]
    assert (row["FTEL"], row["FDocumentStatus"], row["FName"]) == ("9", "C", "新建1有限公司")


def test_what_is_there_already_is_not_written_again() -> None:
    case = Case()
    connector = case.connect()
    first = _write(connector, _new(1))[0]
    writes = case.sim.counters.writes
    again = _write(connector, _new(1), Write("update", "g1", {"FTEL": None}, key=first.key))
    assert [(one.outcome, one.key) for one in again] == [("written", first.key), ("retry", None)]
    assert case.sim.counters.writes == writes


def test_a_create_that_is_repeated_changes_the_record_that_is_there() -> None:
    case = Case()
    first = _write(case.connect(), _new(1), _new(2))
    again = _write(case.connect(), _new(1, FTEL="1"), _new(2), _new(3))
    assert [one.key for one in again][:2] == [one.key for one in first]
    assert len(case.rows()) == 3
    assert case.row("g1")["FTEL"] == "1"


def test_without_a_field_for_it_the_number_is_our_id() -> None:
    case = Case()
    connector = case.connect(forms={})
    result = _write(connector, Write("create", "g1", {"FName": "甲"}))[0]
    assert case.rows()[0]["FNumber"] == "g1"
    assert connector.read_back(connector.streams["customer"], ["g1"])["g1"]["FCUSTID"] == int(result.key)
    assert _write(connector, Write("create", "g1", {"FName": "乙"}))[0].key == result.key
    assert [row["FName"] for row in case.rows()] == ["乙"]


def test_a_record_typed_by_hand_is_adopted_and_keeps_its_number() -> None:
    case = Case(1)
    key = str(case.rows()[0]["FCUSTID"])
    assert _write(case.connect(), Write("update", "g1", {"FTEL": "9"}, key=key))[0].key == key
    row = case.rows()[0]
    assert (row["FNumber"], row["F_GB_ID"], row["FTEL"]) == ("K-0000", "g1", "9")


def test_f40_f39_a_refused_record_leaves_the_rest_of_the_batch_alone() -> None:
    case = Case()
    results = _write(case.connect(), _new(1), _new(2, FName=""), _new(3, FNumber="N-1"), _new(4))
    assert [(one.outcome, one.code) for one in results] == [
        ("written", ""), ("rejected", "CON162"), ("rejected", "CON162"), ("written", ""),
    ]  # fmt: skip
    assert (results[1].field, results[2].field) == ("FName", "FNumber")
    assert "g3" in results[2].message
    assert {row["F_GB_ID"] for row in case.rows()} == {"g1", "g4"}


def test_f40_a_batch_that_partly_succeeds_is_settled_by_place() -> None:
    case = Case()
    case.sim.faults.add(Fault("partial", path=SAVE, rows=2))
    results = _write(case.connect(), *(_new(number) for number in range(5)))
    assert [one.outcome for one in results] == ["rejected", "rejected", "written", "written", "written"]
    assert {row["F_GB_ID"] for row in case.rows()} == {"g2", "g3", "g4"}


@pytest.mark.parametrize(("path", "status"), [(SUBMIT, "A"), (AUDIT, "B")])
def test_a_record_that_is_saved_but_not_audited_says_so(path: str, status: str) -> None:
    case = Case()
    connector = case.connect()
    case.sim.faults.add(Fault("partial", path=path, rows=1))
    results = _write(connector, _new(1), _new(2))
    assert [(one.outcome, one.code) for one in results] == [("rejected", "CON166"), ("written", "")]
    assert results[0].key == str(case.row("g1")["FCUSTID"])
    assert case.row("g1")["FDocumentStatus"] == status
    assert connector.read_back(connector.streams["customer"], ["g1"]) == {}, "it did not get as far as it should"
    assert _write(connector, _new(1))[0].outcome == "written"
    assert case.row("g1")["FDocumentStatus"] == "C"


@pytest.mark.parametrize("path", [SAVE, SUBMIT, AUDIT])
@pytest.mark.parametrize("how", ["lost", "reset"])
def test_f1_f28_a_lost_answer_is_unknown_and_ends_in_one_audited_record(path: str, how: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("lost", path=path) if how == "lost" else Fault("reset", path=path, when="after"))
    connector = case.connect()
    results = _write(connector, _new(1), _new(2))
    assert {(one.outcome, one.code) for one in results} == {("unknown", "CON005")}
    back = connector.read_back(connector.streams["customer"], ["g1", "g2"])
    assert set(back) == ({"g1", "g2"} if path == AUDIT else set())
    assert {one.outcome for one in _write(connector, _new(1), _new(2))} == {"written"}
    assert [row["FDocumentStatus"] for row in case.rows()] == ["C", "C"]


def test_a_phantom_success_is_not_found_when_read_back() -> None:
    case = Case()
    case.sim.faults.add(Fault("phantom", path=SAVE))
    connector = case.connect()
    assert _write(connector, _new(1))[0].outcome == "rejected"  # the record cannot be submitted: it is not there
    assert connector.read_back(connector.streams["customer"], ["g1"]) == {}
    assert _write(connector, _new(1))[0].outcome == "written"


def test_f42_a_trimmed_field_shows_when_read_back() -> None:
    case = Case()
    case.sim.faults.add(Fault("trim", path=SAVE, field="FTEL"))
    connector = case.connect()
    _write(connector, _new(1, FTEL="0571-1"))
    assert connector.read_back(connector.streams["customer"], ["g1"])["g1"]["FTEL"] is None


def test_one_record_that_breaks_the_servers_program_does_not_hold_up_its_batch() -> None:
    case = Case()
    fault = Fault("refuse", code="response_error", path=SAVE, contains="N-2", count=None)
    case.sim.faults.add(fault)
    results = _write(case.connect(), *(_new(number) for number in range(5)))
    assert [one.outcome for one in results] == ["written", "written", "rejected", "written", "written"]
    assert "response_error" in results[2].message


def test_a_success_that_names_fewer_records_is_not_believed() -> None:
    case = Case()
    status = {"IsSuccess": True, "SuccessEntitys": [{"Id": 100001, "Number": "N-1", "DIndex": 0}], "Errors": []}
    body = {"Result": {"ResponseStatus": status}}
    case.sim.faults.add(Fault("error_body", body=body, path=AUDIT))
    results = _write(case.connect(), _new(1), _new(2))
    assert [one.outcome for one in results] == ["written", "unknown"]


def test_a_record_in_approval_is_left_to_whoever_decides_about_it() -> None:
    case = Case(1)
    case.sim.book.row("BD_Customer", "K-0000")["FDocumentStatus"] = "B"
    key = str(case.rows()[0]["FCUSTID"])
    result = _write(case.connect(), Write("update", "g1", {"FTEL": "9"}, key=key))[0]
    assert (result.outcome, result.code) == ("rejected", "CON167")
    assert case.rows()[0].get("FTEL") is None


def test_an_audited_record_stays_closed_when_reopening_is_off() -> None:
    case = Case(1)
    forms = {"customer": {**CUSTOMER["customer"], "reopen": False}}
    key = str(case.rows()[0]["FCUSTID"])
    result = _write(case.connect(forms=forms), Write("update", "g1", {"FTEL": "9"}, key=key))[0]
    assert (result.outcome, result.code) == ("rejected", "CON167")
    assert "`reopen` is off" in result.message


def test_a_shorter_life_cycle_ends_earlier() -> None:
    for cycle, status in (("save", "A"), ("submit", "B")):
        case = Case()
        connector = case.connect(forms={"customer": {**CUSTOMER["customer"], "life_cycle": cycle}})
        assert _write(connector, _new(1))[0].outcome == "written"
        assert case.rows()[0]["FDocumentStatus"] == status
        assert set(connector.read_back(connector.streams["customer"], ["g1"])) == {"g1"}


@pytest.mark.parametrize("spelling", ["ExcuteOperation", "ExecuteOperation"])
def test_deactivate_forbids_whatever_the_operation_is_called(spelling: str) -> None:
    case = Case(operation=spelling)
    connector = case.connect()
    key = _write(connector, _new(1))[0].key
    gone = Write("deactivate", "g1", {}, key=key)
    assert [_write(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert case.rows()[0]["FForbidStatus"] == "B"
    assert connector.read_back(connector.streams["customer"], ["g1"]) == {}
    assert _write(connector, Write("deactivate", "g404", {}))[0].outcome == "written"


def test_a_forbidden_record_that_returns_is_enabled() -> None:
    case = Case()
    connector = case.connect()
    key = _write(connector, _new(1))[0].key
    _write(connector, Write("deactivate", "g1", {}, key=key))
    assert _write(connector, _new(1, FTEL="9"))[0].key == key
    row = case.rows()[0]
    assert (row["FForbidStatus"], row["FTEL"], row["FDocumentStatus"]) == ("A", "9", "C")


def test_an_update_of_what_is_gone_says_so() -> None:
    result = _write(Case().connect(), Write("update", "g404", {"FTEL": "9"}, key="4711"))[0]
    assert (result.outcome, result.code) == ("rejected", "CON165")


def test_lines_of_a_bill_are_written_once_with_their_prices() -> None:
    case = Case(1)
    case.sim.book.load({"BD_MATERIAL": [{"FNumber": "M-1", "FName": "泵"}]})
    connector = case.connect(forms={"order": {"external_id": "F_GB_ID"}})
    values = {
        "FSaleOrderEntry": [{"FMaterialId.FNumber": "M-1", "FQty": 2, "FTaxPrice": "9.5"}],
        "FCustId.FNumber": "K-0000",
        "FDate": "2026-03-02",
        "FSaleOrderFinance": {"FSettleCurrId.FNumber": "PRE001"},
    }
    for _ in range(2):  # the second time it is found, opened and given the same lines again
        assert _write(connector, Write("create", "o1", values), stream="order")[0].outcome == "written"
    (row,) = case.rows("SAL_SaleOrder")
    assert [(line["FQty"], line["FTaxPrice"]) for line in row["FSaleOrderEntry"]] == [(2, "9.5")]
    line = row["FSaleOrderEntry"][0]["FEntryID"]
    change = {"FSaleOrderEntry": [{"FEntryID": line, "FQty": 5}]}
    key = str(row["FID"])
    assert _write(connector, Write("update", "o1", change, key=key), stream="order")[0].outcome == "written"
    (row,) = case.rows("SAL_SaleOrder")
    assert [(each["FEntryID"], each["FQty"], each["FTaxPrice"]) for each in row["FSaleOrderEntry"]] == [
        (line, 5, "9.5")
    ]


def test_a_fault_of_the_whole_target_keeps_the_results_it_already_has() -> None:
    case = Case()
    case.sim.faults.add(Fault("forbid", path=SUBMIT, count=None))
    results = _write(case.connect(), _new(1), _new(2, FName=""))
    assert [(one.outcome, one.code) for one in results] == [("retry", "CON161"), ("rejected", "CON162")]
    case.sim.faults.add(Fault("forbid", path=SAVE, count=None))
    assert outcome(lambda: _write(case.connect(), _new(3))) == (Misconfigured, "CON161")


def test_a_fault_of_the_whole_target_does_not_hide_an_answer_that_was_lost() -> None:
    case = Case()
    case.sim.faults.add(Fault("lost", path=SAVE, contains="N-1"), Fault("forbid", path=SAVE, contains="N-2"))
    results = _write(case.connect(), _new(1), _new(2, FTEL="1"))  # other fields, so another call
    assert [(one.outcome, one.code) for one in results] == [("unknown", "CON005"), ("retry", "CON161")]


def test_f17_a_session_lost_in_the_middle_of_a_batch_is_opened_again() -> None:
    for way in (SIGNED, PASSWORD):
        case = Case()
        case.sim.faults.add(Fault("expire", path=SUBMIT))
        assert _write(case.connect(**way), _new(1))[0].outcome == "written"


def test_writing_is_off_unless_it_is_switched_on_and_lines_have_no_writer() -> None:
    case = Case()
    assert outcome(lambda: _write(case.connect(writes="disabled"), _new(1))) == (Misconfigured, "CON163")
    assert outcome(lambda: _write(case.connect(), _new(1), stream="order_line")) == (Misconfigured, "CON168")
    assert case.sim.counters.calls == 0


# Sessions, budgets, secrets


def test_f17_many_threads_share_one_session() -> None:
    sim = Book()
    with Loopback(sim.app) as url:
        connector = connect(
            Kingdee, None, Clock(), base_url=f"{url}/k3cloud", writes="enabled", forms=CUSTOMER, threads=8, **PASSWORD
        )
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: connector.probe(), range(4)))
        sim.faults.add(Fault("expire", path=SAVE))
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda number: _write(connector, _new(number))[0], range(4)))
    assert {one.outcome for one in results} == {"written"}
    logins = sim.counters.by_endpoint["/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.ValidateUser.common.kdsvc"]
    assert logins == 2


def test_the_budget_is_kept() -> None:
    case = Case(1, limits="sheet")
    connector = case.connect()
    for _ in range(30):
        connector.probe()
    assert case.clock.monotonic() >= 1.0
    assert case.sim.counters.refused == 0


@pytest.mark.parametrize("way", [SIGNED, {**SIGNED, "auth": "secret_login"}, PASSWORD])
def test_s6_no_secret_reaches_a_log_or_an_error(
    way: dict[str, Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case, sessions = Case(3), set()
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        sessions.add(call.headers.get("kdservice-sessionid"))
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    connector = case.connect(**way)
    connector.probe()
    connector.probe()
    text = f"secret {KNOWN.app_secret} {KNOWN.password}"
    case.sim.faults.add(Fault("refuse", code="response_error", message=text, path=QUERY, count=None))
    with pytest.raises(Retry) as caught:
        connector.probe()
    assert sessions - {None}
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    hidden = KNOWN.password if way is PASSWORD else KNOWN.app_secret
    for secret in (hidden, *(sessions - {None})):
        assert str(secret) not in everything


def test_a_reading_can_be_abandoned() -> None:
    connector = Case(250).connect(page_size=100)
    stream = connector.streams["customer"]
    reading = Reading(connector.read(stream, Window(None, connector.bound(stream))))
    page: Page = next(reading)
    reading.close()
    assert len(page.rows) == 100
