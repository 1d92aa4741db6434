"""Feishu against a pretend tenant: what is listed, what is met again, starting approvals, faults, and every code."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Position, Window, Write
from connectors.feishu import Feishu
from connectors.feishu.write import uuid_of
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.feishu import APPROVAL_CODE, CONTRACT
from goldbridge.simulators.feishu import Feishu as Tenant
from goldbridge.simulators.kit import Fault
from tests.connectors.rig import CLASSES, NOON, NOON_MS, MemoryStore, connect, outcome, read, sim_clock, table

LIST = "/open-apis/approval/v4/instances"
DETAIL = "/open-apis/approval/v4/instances/*"
HOUR_MS = 3_600_000
START_MS = NOON_MS - 108 * HOUR_MS  # 2026-02-26 00:00 in Shanghai


class Case:
    """A tenant with approvals `apart_ms` from each other, and connectors in front of it."""

    def __init__(self, count: int = 0, apart_ms: int = 1000, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Tenant(clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()
        self.codes = [self.add(NOON_MS - 10_000 - number * apart_ms) for number in range(count)]

    def add(self, at_ms: int, **values: Any) -> str:
        code = self.sim.add({"widget1": "HT", "widget3": 1200.5, **values})
        self.sim._instances[code].start_ms = at_ms
        return code

    def connect(self, **more: Any) -> Feishu:
        entry = {
            "app_id": "cli_sandbox",
            "app_secret": "feishu-sandbox-secret",
            "approvals": [APPROVAL_CODE],
            "since": "2026-02-26",
            "applicant": "u-zhao",
            "writes": "enabled",
            **more,
        }
        found: Feishu = connect(Feishu, self.sim, self.clock, store=self.store, **entry)
        return found


def keys(rows: list[dict[str, Any]]) -> set[str]:
    return {row["instance_code"] for row in rows}


def put(connector: Feishu, *batch: Write) -> list[Any]:
    results = connector.write(connector.streams[APPROVAL_CODE], batch)
    assert [result.external_id for result in results] == [write.external_id for write in batch]
    return results


def new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"合同编号": f"HT-{number}", **values})


# Reading


def test_a_row_holds_the_form_by_label_and_by_id_and_no_float() -> None:
    case = Case()
    code = case.add(NOON_MS - HOUR_MS, widget2="示例公司", widget5="k1sale")
    row = read(case.connect(), APPROVAL_CODE)[0][0]
    assert row == {
        "instance_code": code,
        "approval_code": APPROVAL_CODE,
        "approval_name": "合同审批",
        "serial_number": "20260000000001",
        "uuid": "",
        "status": "PENDING",
        "reverted": False,
        "start_time": str(NOON_MS - HOUR_MS),
        "end_time": "0",
        "user_id": "u-zhao",
        "department_id": "od-1",
        "form": {"合同编号": "HT", "合同金额": "1200.5", "客户名称": "示例公司", "合同类型": "k1sale"},
        "form_by_id": {"widget1": "HT", "widget3": "1200.5", "widget2": "示例公司", "widget5": "k1sale"},
    }


def test_windows_of_ten_hours_leave_no_gap_and_meet_no_border_twice() -> None:
    case = Case()
    codes = {case.add(START_MS + step * 5 * HOUR_MS) for step in range(20)}
    codes |= {case.add(START_MS - 1 + step * 10 * HOUR_MS) for step in range(1, 5)}  # right on the borders
    outside = case.add(START_MS - 2)
    rows, _, verdict = read(case.connect(), APPROVAL_CODE)
    assert verdict.proven
    assert len(rows) == len(codes)
    assert keys(rows) == codes
    assert outside not in keys(rows)


def test_a_later_run_meets_what_is_new_and_what_was_open() -> None:
    case = Case(8)
    for code in case.codes[:6]:
        case.sim.act(code, "APPROVED")
    connector = case.connect()
    _, pages, _ = read(connector, APPROVAL_CODE)
    case.clock.advance(30 * 86_400)
    case.sim.act(case.codes[7], "REJECTED")
    fresh = case.add(NOON_MS + HOUR_MS)
    rows, later, verdict = read(connector, APPROVAL_CODE, pages[-1].at)
    assert verdict.proven
    assert keys(rows) == {case.codes[6], case.codes[7], fresh}
    assert {row["instance_code"]: row["status"] for row in rows}[case.codes[7]] == "REJECTED"
    assert keys(read(connector, APPROVAL_CODE, later[-1].at)[0]) == {case.codes[6], fresh}


def test_too_many_open_approvals_to_name_are_listed_again_by_time() -> None:
    case = Case(30)
    connector = case.connect(follow=5)
    _, pages, _ = read(connector, APPROVAL_CODE)
    at = pages[-1].at
    assert at.tie.partition("@")[1:] == ("@", str(NOON_MS - 10_000 - 29_000))
    case.clock.advance(3600)
    case.sim.act(case.codes[20], "APPROVED")
    rows, later, _ = read(connector, APPROVAL_CODE, at)
    assert keys(rows) == set(case.codes)
    assert {row["instance_code"]: row["status"] for row in rows}[case.codes[20]] == "APPROVED"
    assert int(later[-1].at.cursor) > int(at.cursor)


def test_what_was_deleted_is_told() -> None:
    case = Case(2)
    connector = case.connect()
    _, pages, _ = read(connector, APPROVAL_CODE)
    case.sim.act(case.codes[0], "DELETED")
    case.clock.advance(60)
    stream = connector.streams[APPROVAL_CODE]
    rows, _, _ = read(connector, APPROVAL_CODE, pages[-1].at)
    assert {row["instance_code"]: stream.is_deleted(row) for row in rows} == {
        case.codes[0]: True,
        case.codes[1]: False,
    }


def test_a_late_entry_inside_the_overlap_is_met() -> None:
    case = Case(1)
    connector = case.connect(overlap_s=300)
    _, pages, _ = read(connector, APPROVAL_CODE)
    late = case.add(int(pages[-1].at.cursor) - 120_000)
    case.clock.advance(60)
    assert late not in keys(read(connector, APPROVAL_CODE, pages[-1].at)[0])
    rewound = connector.rewind(connector.streams[APPROVAL_CODE], pages[-1].at)
    assert late in keys(read(connector, APPROVAL_CODE, rewound)[0])


def test_a_slice_covers_whole_days_of_the_zone() -> None:
    case = Case()
    midnight = NOON_MS - 36 * HOUR_MS  # 2026-03-01 00:00 in Shanghai
    met = {case.add(midnight), case.add(midnight + 24 * HOUR_MS - 1)}
    after = case.add(midnight + 24 * HOUR_MS)
    connector = case.connect()
    window = connector.slice(connector.streams[APPROVAL_CODE], "2026-03-01", "2026-03-01")
    assert window == Window(Position(str(midnight - 1)), str(midnight + 24 * HOUR_MS - 1))
    rows, _, _ = read(connector, APPROVAL_CODE, window.start, window.end)
    assert keys(rows) == met
    assert after not in met


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 14), st.integers(2, 9), st.lists(st.integers(0, 29), max_size=6), st.integers(1, 30))
def test_f2_a_killed_read_loses_nothing(killed_after: int, page_size: int, acted: list[int], follow: int) -> None:
    case = Case(30, apart_ms=2 * HOUR_MS)
    connector = case.connect(page_size=page_size, follow=follow)
    stream = connector.streams[APPROVAL_CODE]
    state: dict[str, str] = {}
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        state |= {row["instance_code"]: row["status"] for row in page.rows}
        at = page.at
    pages.close()
    case.clock.advance(600)
    for number in acted:
        case.sim.act(case.codes[number], "REJECTED")
    start = connector.rewind(stream, at) if at else None
    rows, _, _ = read(case.connect(page_size=page_size, follow=follow), APPROVAL_CODE, start)
    state |= {row["instance_code"]: row["status"] for row in rows}
    assert state == {row["instance_code"]: row["status"] for row in case.sim.rows()}


# Faults


def test_f6_a_page_served_twice_is_asked_for_again() -> None:
    case = Case(45)
    case.sim.faults.add(Fault("duplicate_page", path=LIST, skip=14))
    rows, _, verdict = read(case.connect(page_size=10), APPROVAL_CODE)
    assert case.sim.faults.fired == {"duplicate_page": 1}
    assert keys(rows) == set(case.codes)
    assert verdict.proven


def test_f6_a_page_that_repeats_for_ever_is_a_loop() -> None:
    case = Case(45)
    case.sim.faults.add(Fault("duplicate_page", path=LIST, count=None))
    assert outcome(lambda: read(case.connect(page_size=10), APPROVAL_CODE)) == (Halt, "CON252")


def test_a_list_that_goes_on_without_a_token_is_not_taken_for_whole() -> None:
    case = Case(3)
    body = {"code": 0, "data": {"instance_code_list": ["IC-1"], "has_more": True}}
    case.sim.faults.add(Fault("error_body", body=body, path=LIST))
    assert outcome(case.connect().probe) == (Halt, "CON252")


def test_f8_a_short_or_empty_page_is_not_the_end() -> None:
    case = Case(45)
    case.sim.faults.add(Fault("short_page", path=LIST, rows=10, skip=12, count=3))
    rows, _, verdict = read(case.connect(page_size=10), APPROVAL_CODE)
    assert keys(rows) == set(case.codes)
    assert verdict.proven


def test_f8_pages_that_stay_empty_although_more_should_follow_stop_the_run() -> None:
    case = Case(45)
    case.sim.faults.add(Fault("short_page", path=LIST, rows=10, skip=12, count=None))
    assert outcome(lambda: read(case.connect(page_size=10), APPROVAL_CODE)) == (Halt, "CON252")


def test_f8_two_listings_must_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(25)
    real, gone = Tenant._list, case.codes[-1]

    def shrinking(sim: Tenant, call: Any) -> Any:
        answer = real(sim, call)
        if "page_token" not in call.query and len(json.loads(answer.body)["data"]["instance_code_list"]) == 10:
            sim._instances.pop(gone, None)  # it vanishes between two pages, so that the rest moves up
        return answer

    monkeypatch.setattr(Tenant, "_list", shrinking)
    rows, _, _ = read(case.connect(page_size=10), APPROVAL_CODE)
    assert keys(rows) >= set(case.codes) - {gone}


@pytest.mark.parametrize("count", [1, 30])
def test_f27_one_approval_that_cannot_be_served_is_set_aside_and_asked_for_again(count: int) -> None:
    case = Case(count)
    poison = case.codes[count // 2]
    case.sim.faults.add(Fault("poison", path=DETAIL, key=poison, count=None))
    connector = case.connect()
    rows, pages, verdict = read(connector, APPROVAL_CODE)
    assert keys(rows) == set(case.codes) - {poison}
    assert [key for page in pages for key, _ in page.rejects] == [poison]
    assert "1 of demo AC-CONTRACT could not be read" in verdict.reason
    case.sim.faults.clear()
    assert poison in keys(read(connector, APPROVAL_CODE, pages[-1].at)[0])


def test_f27_a_server_that_is_down_blames_no_approval() -> None:
    case = Case(1)
    connector = case.connect()
    end = connector.bound(connector.streams[APPROVAL_CODE])
    case.sim.faults.add(Fault("unavailable", path=DETAIL, count=None))
    case.sim.faults.add(Fault("unavailable", path=LIST, skip=11, count=None))
    assert outcome(lambda: read(connector, APPROVAL_CODE, end=end)) == (Retry, "CON002")


def test_a_form_that_is_no_json_is_a_dead_letter() -> None:
    case = Case(2)
    body = {"code": 0, "data": {"status": "PENDING", "start_time": "1", "form": "{"}}
    case.sim.faults.add(Fault("error_body", path=DETAIL, body=body))
    _, pages, verdict = read(case.connect(threads=1), APPROVAL_CODE)
    assert [error.code for page in pages for _, error in page.rejects] == ["CON253"]
    assert not verdict.proven


@pytest.mark.parametrize(
    "fault",
    [
        Fault("throttle", after_s=5.0, path=LIST, skip=3),
        Fault("truncated", path=LIST, skip=3),
        Fault("reset", path=LIST, skip=3, when="mid"),
        Fault("reset", path=DETAIL, skip=3, when="before"),
        Fault("unavailable", path=DETAIL, skip=3),
        Fault("html", path=DETAIL, skip=3),
        Fault("expire", path=LIST, skip=3),
        Fault("expire", path=DETAIL, skip=3),
    ],
)
def test_the_faults_of_the_wire(fault: Fault) -> None:
    case = Case(12)
    case.sim.faults.add(fault)
    rows, _, verdict = read(case.connect(), APPROVAL_CODE)
    assert sum(case.sim.faults.fired.values()) == 1
    assert keys(rows) == set(case.codes)
    assert verdict.proven


@pytest.mark.parametrize(
    ("body", "expected"),
    [({}, (Halt, "CON015")), ({"code": 0}, (Halt, "CON019")), ({"code": 0, "data": {}}, (Halt, "CON019"))],
)
def test_f14_what_is_no_list_is_never_an_empty_one(body: Any, expected: Any) -> None:
    case = Case(1)
    case.sim.faults.add(Fault("error_body", path=LIST, body=body))
    assert outcome(case.connect().probe) == expected


def test_a_throttle_waits_as_long_as_the_vendors_own_header_says() -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.sim.limiter._limits["list"] = case.sim.sheet_limits["list"]._replace(calls=1, per_s=20.0)
    connector.probe()
    before = case.clock.now()
    connector.probe()
    assert case.sim.counters.refused == 1
    assert 21 <= (case.clock.now() - before).total_seconds() <= 23


def test_the_limits_of_the_sheet_are_never_hit() -> None:
    case = Case(400, limits="sheet")
    rows, _, _ = read(case.connect(threads=1), APPROVAL_CODE)
    assert len(rows) == 400
    put(case.connect(), *(new(number) for number in range(20)))
    assert case.sim.counters.refused == 0


def test_f17_eight_threads_share_one_renewal() -> None:
    case = Case(40)
    connector = case.connect(threads=8)
    connector.probe()
    case.sim.faults.add(Fault("expire", path=DETAIL, skip=10))
    assert len(read(connector, APPROVAL_CODE)[0]) == 40
    assert case.sim.counters.by_endpoint["/open-apis/auth/v3/tenant_access_token/internal"] == 2


# Every code of the sheet

SHEET = {
    "refresh-token": ["99991663", "99991664", "99991665", "99991668", "99991677", "20005"],
    "retry": ["1500", "1663", "1668", "2200", "5000", "55001", "65001", "10101", "20050", "20072", "1395001"],
    "throttle": ["429", "99991400"],
    "fatal-record": [
        *("60001", "60003", "60004", "60005", "60006", "60010", "60012"),
        *("1390001", "99992351", "99992360", "99992364"),
    ],
    "fatal-config": [
        *("10003", "10014", "10015", "99991661", "99991672", "99991679", "99991673", "99991662", "99991401"),
        *("60002", "60009", "1390015", "99992361", "99991403"),
    ],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_reading(code: str, name: str) -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=code, path=LIST, count=None))
    expected = CLASSES | {"fatal-record": (Halt, "CON251"), "fatal-config": (Misconfigured, "CON250")}
    assert outcome(connector.probe) == expected[name]


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_writing(code: str, name: str) -> None:
    case = Case()
    connector = case.connect()
    case.sim.faults.add(Fault("refuse", code=code, path=LIST, method="POST", count=None))
    if name in ("refresh-token", "fatal-config"):
        expected = CLASSES | {"fatal-config": (Misconfigured, "CON250")}
        assert outcome(lambda: put(connector, new(1))) == expected[name]
        return
    result = put(connector, new(1))[0]
    expected_results = {"retry": ("unknown", "CON005"), "throttle": ("retry", "CON003")}
    assert (result.outcome, result.code) == expected_results.get(name, ("rejected", "CON251"))


def test_a_wrong_path_is_plain_text_and_a_matter_of_settings() -> None:
    case = Case(1)
    factory_path = {"base_url": "http://127.0.0.1/elsewhere"}
    assert outcome(case.connect(**factory_path).probe) == (Misconfigured, "CON250")


def test_wrong_credentials_and_unknown_definitions_are_matters_of_settings() -> None:
    case = Case(1)
    with pytest.raises(Misconfigured, match="check app_id and app_secret") as caught:
        case.connect(app_secret="wrong-secret").probe()
    assert caught.value.code == "CON250"
    with pytest.raises(Misconfigured, match="check the approval codes"):
        case.connect(approvals=["AC-NONE"]).probe()


# Writing


def test_an_approval_is_started_with_its_form_in_the_shape_of_its_controls() -> None:
    case = Case()
    values = {"合同金额": "12345678901234.56", "签订日期": "2026-03-01", "合同类型": "销售", "widget6": 3}
    result = put(case.connect(), new(1, **values))[0]
    row = case.sim.rows()[0]
    assert (result.outcome, result.key) == ("written", row["instance_code"])
    assert (row["uuid"], row["user_id"]) == (uuid_of(APPROVAL_CODE, "g1"), "u-zhao")
    assert {each["id"]: each["value"] for each in json.loads(row["form"])} == {
        "widget1": "HT-1",
        "widget3": 12345678901234.56,
        "widget4": "2026-03-01T00:00:00+08:00",
        "widget5": "k1sale",
        "widget6": 3,
    }


@pytest.mark.parametrize(
    ("values", "field", "why"),
    [
        ({"合同类型": "销售类"}, "widget5", "did you mean '销售'"),
        ({"合同金额": "viel"}, "widget3", "takes a number"),
        ({"合同金额": "NaN"}, "widget3", "takes a number"),
        ({"签订日期": "gestern"}, "widget4", "takes a date"),
        ({"合同编号": ""}, "widget1", "is required"),
    ],
)
def test_a_value_that_its_control_cannot_hold_is_rejected_alone(values: Any, field: str, why: str) -> None:
    case = Case()
    results = put(case.connect(), new(1), new(2, **values), new(3))
    assert [each.outcome for each in results] == ["written", "rejected", "written"]
    assert (results[1].code, results[1].field) == ("CON254", field)
    assert why in results[1].message
    assert len(case.sim.rows()) == 2


def test_an_unknown_control_is_a_matter_of_the_mapping() -> None:
    case = Case()
    with pytest.raises(Misconfigured, match="no control '合同编码'; did you mean '合同编号'") as caught:
        put(case.connect(), Write("create", "g1", {"合同编码": "1"}))
    assert caught.value.code == "CON255"


def test_f1_a_start_whose_answer_was_lost_is_found_and_not_repeated() -> None:
    case = Case()
    connector = case.connect()
    case.sim.faults.add(Fault("lost", path=LIST, method="POST"))
    result = put(connector, new(1))[0]
    assert (result.outcome, result.code) == ("unknown", "CON005")
    found = case.connect().read_back(connector.streams[APPROVAL_CODE], ["g1", "g2"])
    assert {key: row["instance_code"] for key, row in found.items()} == {"g1": case.sim.rows()[0]["instance_code"]}
    again = put(case.connect(), new(1))[0]
    assert (again.outcome, again.key) == ("written", case.sim.rows()[0]["instance_code"])
    assert len(case.sim.rows()) == 1


def test_one_id_in_two_definitions_is_two_approvals() -> None:
    case = Case(definitions={APPROVAL_CODE: CONTRACT, "AC-2": CONTRACT})
    connector = case.connect(approvals=[APPROVAL_CODE, "AC-2"])
    for code in (APPROVAL_CODE, "AC-2"):
        assert connector.write(connector.streams[code], [new(1)])[0].outcome == "written"
    assert {row["approval_code"] for row in case.sim.rows()} == {APPROVAL_CODE, "AC-2"}


def test_a_phantom_is_seen_by_reading_back() -> None:
    case = Case()
    connector = case.connect()
    case.sim.faults.add(Fault("phantom", path=LIST, method="POST"))
    assert put(connector, new(1))[0].outcome == "written"
    assert connector.read_back(connector.streams[APPROVAL_CODE], ["g1"]) == {}


def test_f17_a_token_that_dies_in_the_middle_of_a_batch_is_renewed() -> None:
    case = Case()
    case.sim.faults.add(Fault("expire", path=LIST, method="POST", skip=1))
    assert [each.outcome for each in put(case.connect(), *(new(number) for number in range(3)))] == ["written"] * 3
    assert len(case.sim.rows()) == 3


def test_trouble_with_the_target_in_the_middle_of_a_batch_keeps_what_was_written() -> None:
    case = Case()
    case.sim.faults.add(Fault("forbid", path=LIST, method="POST", skip=1, count=None))
    results = put(case.connect(), *(new(number) for number in range(3)))
    assert [each.outcome for each in results] == ["written", "retry", "retry"]
    assert len(case.sim.rows()) == 1


def test_an_approval_is_withdrawn_once_and_never_changed() -> None:
    case = Case()
    connector = case.connect()
    key = put(connector, new(1))[0].key
    changed = put(connector, Write("update", "g1", {"widget1": "x"}, key=key))[0]
    assert (changed.outcome, changed.code) == ("rejected", "CON256")
    gone = Write("deactivate", "g1", {}, key=key)
    assert [put(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert case.sim.rows()[0]["status"] == "CANCELED"
    assert connector.read_back(connector.streams[APPROVAL_CODE], ["g1"]) == {}
    assert put(connector, Write("deactivate", "g9", {}))[0].outcome == "written"


def test_an_approval_that_is_over_cannot_be_withdrawn() -> None:
    case = Case()
    connector = case.connect()
    key = put(connector, new(1))[0].key
    case.sim.act(key, "APPROVED")
    result = put(connector, Write("deactivate", "g1", {}, key=key))[0]
    assert (result.outcome, result.code) == ("rejected", "CON251")


def test_writing_has_to_be_switched_on_and_needs_an_applicant() -> None:
    case = Case()
    for entry, word in (({"writes": "disabled"}, "writes: enabled"), ({"applicant": ""}, "`applicant`")):
        with pytest.raises(Misconfigured, match=word) as caught:
            put(case.connect(**entry), new(1))
        assert caught.value.code == "CON257"
    assert case.sim.counters.calls == 0


def test_s6_no_token_or_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(1)
    connector = case.connect()
    connector.probe()
    token = case.sim.token()
    message = f"bad token {token}, app_secret=feishu-sandbox-secret"
    case.sim.faults.add(Fault("refuse", code="60001", message=message, path=LIST, count=None))
    with pytest.raises(Halt) as caught:
        connector.probe()
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (token, "feishu-sandbox-secret"):
        assert secret not in everything
