"""Weaver against a pretend OA: what is listed, what is met again, starting requests, faults, and every error."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, Position, Reading, Window, Write
from connectors.weaver import Weaver
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Call, Fault
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.weaver import Request
from goldbridge.simulators.weaver import Weaver as Site
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

LIST = "*/getHandledWorkflowRequestList"
DETAIL = "*/getWorkflowRequest"
CREATE = "*/doCreateRequest"
TOKEN = "/api/ec/dev/auth/applytoken"
REGISTER = "/api/ec/dev/auth/regist"
STREAM = "admission"


class Swapping(Site):
    """A site where, after the first page, the newest request vanishes and a forgotten old one comes in."""

    calls = 0

    def _found(self, which: str, call: Call, user: str) -> list[Request]:
        found = super()._found(which, call, user)
        self.calls += which == "Handled"
        return found[:-1] if self.calls <= 3 else found[1:]


class Case:
    """A site with requests a second from each other, and connectors in front of it."""

    def __init__(self, count: int = 0, apart_s: float = 1.0, kind: type[Site] = Site, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = kind(clock=sim_clock(self.clock), limits="sheet", **options)
        self.store = MemoryStore()
        for _ in range(count):
            self.add()
            self.clock.advance(apart_s)
        self.clock.advance(60)

    def add(self, **values: str) -> str:
        return self.sim.add("61", {"khbm": "C-0001", **values})

    def connect(self, **more: Any) -> Weaver:
        entry = {
            "app_id": "HUB",
            "user_id": "23",
            "sees_all": True,
            "page_size": 3,
            "writes": "enabled",
            "workflows": {STREAM: {"id": "61", "external_id": "ext_id", "title": "客户准入"}},
            **more,
        }
        found: Weaver = connect(Weaver, self.sim, self.clock, store=self.store, **entry)
        return found

    def keys(self) -> list[str]:
        return [row["requestId"] for row in self.sim.rows()]

    def ours(self) -> list[str]:
        return [self.sim.fields(key).get("ext_id", "") for key in self.keys()]


def read(
    reader: Weaver, start: Position | None = None, end: str | None = None
) -> tuple[list[dict[str, Any]], list[Page], Any]:
    stream = reader.streams[STREAM]
    reading = Reading(reader.read(stream, Window(start, end if end is not None else reader.bound(stream))))
    pages = list(reading)
    assert [page.at for page in pages] == sorted(page.at for page in pages if page.at)
    return [row for page in pages for row in page.rows], pages, reading.completeness


def keys(rows: list[dict[str, Any]]) -> list[str]:
    return [row["request_id"] for row in rows]


def new(number: int, **values: Any) -> Write:
    return Write("create", f"hub:{number}", {"khbm": f"C-{number}", **values})


def write(connector: Weaver, *batch: Write) -> list[tuple[str, str]]:
    return [(one.outcome, one.code) for one in connector.write(connector.streams[STREAM], batch)]


# Reading


def test_a_row_holds_the_form_by_its_database_names() -> None:
    case = Case()
    case.add(ext_id="hub:7", edje="1200.50")
    case.clock.advance(60)
    rows, _, verdict = read(case.connect())
    assert rows == [
        {
            "request_id": "447001",
            "title": "客户准入",
            "workflow_id": "61",
            "status": "销管审核",
            "node_id": "6101",
            "node": "销管审核",
            "created_at": "2026-03-02 12:01:00",
            "changed_at": "2026-03-02 12:01:00",
            "creator_id": "23",
            "form": {"khbm": "C-0001", "khmc": "", "edje": "1200.50", "ext_id": "hub:7"},
            "details": {"formtable_main_61_dt1": []},
            "external_id": "hub:7",
        }
    ]
    assert verdict.proven


@pytest.mark.parametrize("apart_s", [0.0, 1.0])
def test_pages_of_three_are_read_in_order_with_and_without_ties(apart_s: float) -> None:
    case = Case(25, apart_s)
    rows, pages, verdict = read(case.connect())
    assert keys(rows) == case.keys()
    assert len(pages) == 2
    assert verdict.proven


def test_a_later_run_asks_only_for_the_forms_of_what_changed() -> None:
    case = Case(7)
    connector = case.connect()
    _, pages, _ = read(connector)
    case.clock.advance(100)
    case.sim.act(case.keys()[2])
    case.clock.advance(100)
    asked = case.sim.counters.by_endpoint["/api/workflow/paService/getWorkflowRequest"]
    rows, _, _ = read(connector, pages[-1].at)
    assert keys(rows) == [case.keys()[2]]
    assert rows[0]["status"] == "财务审核"
    assert case.sim.counters.by_endpoint["/api/workflow/paService/getWorkflowRequest"] == asked + 1


def test_a_change_in_the_last_second_is_left_to_the_next_run() -> None:
    case = Case(2)
    connector = case.connect()
    late = case.add()
    rows, pages, _ = read(connector)
    assert late not in keys(rows)
    case.clock.advance(10)
    assert keys(read(connector, pages[-1].at)[0]) == [late]


def test_the_overlap_meets_what_was_committed_late() -> None:
    case = Case(3)
    connector = case.connect(overlap_s=30)
    _, pages, _ = read(connector)
    at = pages[-1].at
    assert at is not None
    back = connector.rewind(connector.streams[STREAM], at)
    assert len(read(connector, back)[0]) == 3
    assert case.connect(overlap_s=0).rewind(connector.streams[STREAM], at) == at


def test_a_slice_covers_whole_days_of_the_site() -> None:
    case = Case()
    first = case.add()
    case.clock.advance(86_400)
    second = case.add()
    case.clock.advance(86_400)
    connector = case.connect()
    window = connector.slice(connector.streams[STREAM], "2026-03-02", "2026-03-02")
    assert keys(read(connector, window.start, window.end)[0]) == [first]
    window = connector.slice(connector.streams[STREAM], "2026-03-03", None)
    assert keys(read(connector, window.start, window.end)[0]) == [second]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2), st.lists(st.integers(0, 24), max_size=6), st.sampled_from([0.0, 1.0]))
def test_f2_a_killed_read_loses_nothing(killed_after: int, acted: list[int], apart_s: float) -> None:
    case = Case(25, apart_s)
    connector = case.connect(page_size=20)
    stream = connector.streams[STREAM]
    state: dict[str, str] = {}
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        state |= {row["request_id"]: row["status"] for row in page.rows}
        at = page.at
    pages.close()
    for number in set(acted):
        case.sim.act(case.keys()[number])
    case.clock.advance(600)
    rows, _, _ = read(case.connect(page_size=20), at)
    state |= {row["request_id"]: row["status"] for row in rows}
    assert state == {row["requestId"]: row["status"] for row in case.sim.rows()}


def test_what_the_account_has_no_part_in_is_not_there_and_the_verdict_says_so() -> None:
    case = Case(1)
    case.sim.add("61", {"khbm": "C-2"}, creator="102")
    case.clock.advance(60)
    rows, _, verdict = read(case.connect(sees_all=False))
    assert len(rows) == 1
    assert not verdict.proven
    assert "user 23" in verdict.reason


def test_a_request_without_a_time_is_met_by_every_run() -> None:
    case = Case(2)
    connector = case.connect()
    listed = {"requestId": case.keys()[0], "requestName": "客户准入"}
    _, pages, _ = read(connector)
    case.sim.faults.add(Fault("error_body", body=[listed, {**listed, "requestId": case.keys()[1]}], path=LIST))
    case.sim.faults.add(Fault("error_body", body=0, path="*/getDoingWorkflowRequestCount"))
    rows, later, _ = read(connector, pages[-1].at)
    assert keys(rows) == case.keys()
    assert later[-1].at == pages[-1].at


def test_a_server_that_gives_smaller_pages_than_asked_for_hides_nothing() -> None:
    case = Case(11, most_rows=4)
    rows, _, verdict = read(case.connect(page_size=100))
    assert keys(rows) == case.keys()
    assert verdict.proven


def test_a_session_cookie_is_never_sent_back() -> None:
    case = Case(1)
    sent: list[httpx.Headers] = []

    class Listening(InProcess):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request.headers)
            return super().handle_request(request)

    entry: dict[str, Any] = {"app_id": "HUB", "user_id": "23", "workflows": {STREAM: {"id": "61"}}}
    connector = connect(Weaver, None, case.clock, transport=Listening(case.sim.app), **entry)
    assert len(read(connector)[0]) == 1
    assert len(sent) > 3
    assert not any("cookie" in headers for headers in sent)


# Faults


@pytest.mark.parametrize("fault", [Fault("duplicate_page", skip=1), Fault("short_page", rows=1), Fault("short_page")])
def test_f6_f8_a_spoilt_page_loses_nothing(fault: Fault) -> None:
    case = Case(11)
    fault.path = LIST
    case.sim.faults.add(fault)
    rows, _, verdict = read(case.connect())
    assert keys(rows) == case.keys()
    assert verdict.proven


def test_f8_a_list_that_never_holds_what_it_counts_proves_nothing() -> None:
    case = Case(7)
    case.sim.faults.add(Fault("short_page", path=LIST, count=None))
    rows, _, verdict = read(case.connect())
    assert len(rows) <= 7
    assert not verdict.proven
    assert "did not stand still" in verdict.reason


def test_f7_what_shifts_across_a_page_is_met_although_the_count_agrees() -> None:
    case = Case(8, kind=Swapping)
    rows, _, verdict = read(case.connect(lists=["Handled"]))
    assert keys(rows) == case.keys()[:-1]
    assert verdict.proven


def test_f7_a_request_that_moves_while_it_is_listed_is_met() -> None:
    case = Case(11)
    connector = case.connect()
    case.sim.faults.add(Fault("edit", path=LIST, skip=2, rows=2))
    rows, pages, _ = read(connector)
    case.clock.advance(60)
    later, _, _ = read(connector, pages[-1].at)
    assert set(keys(rows)) | set(keys(later)) == set(case.keys())


@pytest.mark.parametrize(
    "fault",
    [
        Fault("throttle", after_s=2),
        Fault("throttle"),
        Fault("html"),
        Fault("truncated"),
        Fault("unavailable"),
        Fault("reset", when="mid"),
        Fault("expire"),
        Fault("lost"),
    ],
)
@pytest.mark.parametrize("path", [LIST, DETAIL])
def test_a_passing_fault_is_not_seen(fault: Fault, path: str) -> None:
    case = Case(7)
    case.sim.faults.add(Fault(fault.kind, path=path, after_s=fault.after_s, when=fault.when))
    rows, _, verdict = read(case.connect(threads=1))
    assert keys(rows) == case.keys()
    assert verdict.proven


def test_f14_an_error_or_another_shape_is_never_an_empty_list() -> None:
    for body, code in (({"unexpected": "error"}, "CON015"), ({"code": "SUCCESS", "data": []}, "CON284"), (7, "CON284")):
        case = Case(3)
        case.sim.faults.add(Fault("error_body", body=body, path=LIST))
        assert outcome(lambda case=case: read(case.connect())) == (Halt, code)
    case = Case(1)
    case.sim.faults.add(Fault("error_body", body=[], path="*Count"))
    assert outcome(case.connect().probe) == (Halt, "CON284")


def test_f27_one_request_that_cannot_be_served_is_set_aside() -> None:
    case = Case(5)
    case.sim.faults.add(Fault("poison", path=DETAIL, key=case.keys()[2], count=None))
    rows, pages, verdict = read(case.connect())
    assert len(rows) == 4
    assert [key for page in pages for key, _ in page.rejects] == [case.keys()[2]]
    assert "1 requests of admission could not be read" in verdict.reason


def test_f27_a_server_that_is_down_blames_no_request() -> None:
    case = Case(1)
    case.sim.faults.add(Fault("unavailable", path=DETAIL, count=None))
    case.sim.faults.add(Fault("unavailable", path="*Count", skip=4, count=None))
    assert outcome(lambda: read(case.connect())) == (Retry, "CON002")


def test_f34_a_request_deleted_after_it_was_listed_becomes_a_dead_letter() -> None:
    case = Case(3)
    case.sim.faults.add(Fault("refuse", code="NO_PERMISSION", path=DETAIL))
    rows, pages, _ = read(case.connect(threads=1))
    assert len(rows) == 2
    assert [error.code for page in pages for _, error in page.rejects] == ["CON281"]


# Starting


def test_a_started_request_has_its_form_its_lines_and_our_id() -> None:
    case = Case()
    connector = case.connect()
    lines = [{"cpbh": "P-1", "sl": "2.50"}, {"cpbh": "P-2", "sl": None}]
    values = {"khmc": "示例机电", "edje": "0.10", "title": "准入", "external_id": "x", "formtable_main_61_dt1": lines}
    (result,) = connector.write(connector.streams[STREAM], [new(1, **values)])
    assert (result.outcome, result.key) == ("written", "447001")
    row = connector.read_back(connector.streams[STREAM], ["hub:1"])["hub:1"]
    assert row["title"] == "准入 [hub:1]"
    assert row["form"] == {"khbm": "C-1", "khmc": "示例机电", "edje": "0.10", "ext_id": "hub:1"}
    assert row["details"] == {"formtable_main_61_dt1": [{"cpbh": "P-1", "sl": "2.50"}, {"cpbh": "P-2", "sl": ""}]}
    assert row["status"] == "销管审核"


def test_a_request_may_be_left_at_its_first_node() -> None:
    case = Case()
    assert write(case.connect(next_node=False), new(1)) == [("written", "")]
    assert case.sim.rows()[0]["status"] == "创建"


@pytest.mark.parametrize("fault", [Fault("lost"), Fault("reset", when="after"), Fault("truncated")])
def test_f1_f28_a_lost_answer_starts_nothing_twice(fault: Fault) -> None:
    case = Case()
    case.sim.faults.add(Fault(fault.kind, path=CREATE, when=fault.when))
    assert write(case.connect(), new(1), new(2)) == [("unknown", "CON005"), ("written", "")]
    again = case.connect()
    assert set(again.read_back(again.streams[STREAM], ["hub:1", "hub:3"])) == {"hub:1"}
    assert write(again, new(1), new(2), new(3)) == [("written", "")] * 3
    assert sorted(case.ours()) == ["hub:1", "hub:2", "hub:3"]


def test_the_same_id_twice_in_a_batch_starts_one() -> None:
    case = Case()
    assert write(case.connect(), new(1), new(1)) == [("written", "")] * 2
    assert case.ours() == ["hub:1"]


def test_a_name_alone_is_not_believed() -> None:
    case = Case()
    case.sim._start(case.sim._workflows["61"], "客户准入 [hub:1]", "23", {"khbm": "C", "ext_id": "hub:9"}, {})
    assert write(case.connect(), new(1)) == [("written", "")]
    assert sorted(case.ours()) == ["hub:1", "hub:9"]


def test_a_refused_record_does_not_stop_the_others() -> None:
    case = Case()
    results = write(case.connect(), new(1), new(2, edje="many"), new(3))
    assert results == [("written", ""), ("rejected", "CON281"), ("written", "")]
    assert case.ours() == ["hub:1", "hub:3"]


def test_a_running_approval_is_not_changed() -> None:
    case = Case()
    connector = case.connect()
    update = Write("update", "hub:1", {"khbm": "C"}, "447001")
    assert write(connector, update, new(2)) == [("rejected", "CON283"), ("written", "")]


def test_f17_a_token_that_dies_in_the_middle_of_a_batch_is_renewed() -> None:
    case = Case()
    case.sim.faults.add(Fault("expire", path=CREATE, skip=1))
    assert write(case.connect(), new(1), new(2), new(3)) == [("written", "")] * 3
    assert len(case.ours()) == 3


def test_trouble_before_anything_was_started_is_raised_and_after_it_is_a_result() -> None:
    case = Case()
    case.sim.faults.add(Fault("throttle", path=CREATE, skip=1, count=None))
    assert write(case.connect(timeout_s=5), new(1), new(2)) == [("written", ""), ("retry", "CON003")]
    assert outcome(lambda: write(case.connect(timeout_s=5), new(3))) == (Retry, "CON003")


def test_a_phantom_is_not_read_back() -> None:
    case = Case()
    case.sim.faults.add(Fault("phantom", path=CREATE))
    connector = case.connect()
    assert write(connector, new(1)) == [("written", "")]
    assert connector.read_back(connector.streams[STREAM], ["hub:1"]) == {}


def test_nothing_is_started_while_the_lists_do_not_stand_still() -> None:
    case = Case(7)
    case.sim.faults.add(Fault("short_page", path=LIST, count=None))
    assert outcome(lambda: write(case.connect(), new(1))) == (Retry, "CON286")
    assert len(case.keys()) == 7


# The door, and every error of the sheet


def test_it_registers_once_and_keeps_what_it_got() -> None:
    for misspelt in (False, True):
        case = Case(misspelt=misspelt)
        case.connect().probe()
        case.connect().probe()
        assert case.sim.counters.by_endpoint[REGISTER] == 1
        assert case.sim.counters.by_endpoint[TOKEN] == 2


def test_a_registration_from_the_settings_is_used() -> None:
    case = Case()
    pem = f"-----BEGIN PUBLIC KEY-----\n{case.sim.door.spk}\n-----END PUBLIC KEY-----"
    for spk in (case.sim.door.spk, pem):
        case.connect(secret=case.sim.secret, spk=spk, token_time="3600").probe()
    assert REGISTER not in case.sim.counters.by_endpoint


def test_a_stale_registration_a_wrong_secret_and_a_wrong_user_are_named() -> None:
    case = Case()
    case.connect().probe()
    case.sim.door.generation = 1
    with pytest.raises(Misconfigured, match=r"CON280.*secret解密失败.*registration is stale"):
        case.connect().probe()
    case = Case()
    with pytest.raises(Misconfigured, match=r"CON280.*认证信息错误.*check app_id and secret"):
        case.connect(secret="other", spk=case.sim.door.spk).probe()
    with pytest.raises(Misconfigured, match=r"CON280.*该账号存在异常.*check user_id"):
        case.connect(user_id="999").probe()


@pytest.mark.parametrize(
    "more",
    [{"secret": "x", "spk": "bm90aGluZw=="}, {"secret": "x", "spk": "###"}, {"secret": "x"}, {"spk": "x"}],
)
def test_a_key_that_is_none_or_half_a_registration_is_told(more: dict[str, str]) -> None:
    assert outcome(Case().connect(**more).probe) == (Misconfigured, "CON285")


def test_writing_is_switched_on_and_needs_a_field_for_our_id() -> None:
    case = Case()
    assert outcome(lambda: write(case.connect(writes="disabled"), new(1))) == (Misconfigured, "CON282")
    bare = case.connect(workflows={STREAM: {"id": "61"}})
    assert not bare.streams[STREAM].writable
    assert outcome(lambda: write(bare, new(1))) == (Misconfigured, "CON282")


SHEET: dict[str, Iterable[str]] = {
    "refresh-token": ["-1|token不存在或者超时", "002|登录信息超时"],
    "fatal-config": ["-1|secret解密失败", "-1|认证信息错误", "-1|该账号存在异常", "-1|License 已过期"],
    "fatal-record": ["NO_PERMISSION|NO_REQUEST_SUBMIT_PERMISSION", "PARAM_ERROR|", "USER_EXCEPTION|"],
    "retry": ["SYSTEM_INNER_ERROR|"],
    "unknown": ["-1|别的原因", "7|"],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_error_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    connector = case.connect()
    connector.probe()
    number, message = code.split("|")
    case.sim.faults.add(Fault("refuse", code=number, message=message, path="*Count", count=None))
    expected = CLASSES | {
        "fatal-record": (Halt, "CON281"),
        "fatal-config": (Misconfigured, "CON280"),
        "unknown": (Halt, "CON015"),
    }
    assert outcome(connector.probe) == expected[name]


def test_no_secret_is_logged_or_told(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(3)
    connector = case.connect(secret=case.sim.secret, spk=case.sim.door.spk)
    read(connector)
    echo = Fault(
        "error_body", body={"status": False, "code": -1, "msg": f"认证信息错误 {case.sim.secret}"}, path="*Count"
    )
    case.sim.faults.add(echo)
    with pytest.raises(Misconfigured) as caught:
        connector.probe()
    said = caplog.text + "".join(capsys.readouterr()) + str(caught.value) + repr(connector.config)
    assert case.sim.secret not in said
