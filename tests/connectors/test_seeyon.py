"""Seeyon against a pretend OA: what is listed, what is met again, starting flows, faults, and every error."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Position, Window, Write
from connectors.seeyon import Seeyon
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.seeyon import Flow
from goldbridge.simulators.seeyon import Seeyon as Site
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, read, sim_clock, table

LIST = "*/coll/sentAffairs"
STATE = "*/flow/state/*"
FORM = "*/flow/data/*"
START = "*/bpm/process/start"
TOKEN = "/seeyon/rest/token"
STREAM = "customer"
CODE = "HUB_CUST_01"


class Shaky(Site):
    """A site whose lists leave out another flow at each walk."""

    calls = 0

    def _found(self, which: str, user: str, subject: str, template: str) -> list[Flow]:
        found = super()._found(which, user, subject, template)
        self.calls += 1
        left_out = (self.calls // 2) % max(len(found), 1)
        return [each for place, each in enumerate(found) if place != left_out]


class Case:
    """A site with flows a second from each other, and connectors in front of it."""

    def __init__(self, count: int = 0, apart_s: float = 1.0, kind: type[Site] = Site, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = kind(clock=sim_clock(self.clock), limits="sheet", **options)
        self.store = MemoryStore()
        for _ in range(count):
            self.add()
            self.clock.advance(apart_s)
        self.clock.advance(60)

    def add(self, **values: str) -> str:
        return self.sim.add(CODE, {"客户名称": "示例机电有限公司", **values})

    def connect(self, **more: Any) -> Seeyon:
        template = {"code": CODE, "table": "formmain_1001", "external_id": "外部编号", "subject": "客户准入"}
        entry = {
            "user": "rest-hub",
            "password": "seeyon-sandbox-password",
            "login_name": "hub",
            "sees_all": True,
            "page_size": 3,
            "writes": "enabled",
            "templates": {STREAM: template},
            **more,
        }
        found: Seeyon = connect(Seeyon, self.sim, self.clock, store=self.store, **entry)
        return found

    def keys(self) -> list[str]:
        return [row["id"] for row in self.sim.rows()]

    def states(self) -> dict[str, int]:
        return {row["id"]: row["state"] for row in self.sim.rows()}

    def ours(self) -> list[str]:
        return [self.sim.fields(key).get("外部编号", "") for key in self.keys()]


def keys(rows: list[dict[str, Any]]) -> set[str]:
    return {row["flow_id"] for row in rows}


def new(number: int, **values: Any) -> Write:
    return Write("create", f"hub:{number}", {"客户名称": f"新建{number}", **values})


def write(connector: Seeyon, *batch: Write) -> list[tuple[str, str]]:
    return [(one.outcome, one.code) for one in connector.write(connector.streams[STREAM], batch)]


# Reading


def test_a_row_holds_state_and_form_by_labels() -> None:
    case = Case()
    key = case.add(外部编号="hub:7", 授信金额="1200.50")
    case.clock.advance(60)
    rows, _, verdict = read(case.connect(), STREAM)
    assert rows == [
        {
            "flow_id": key,
            "subject": "客户准入",
            "started_at": "2026-03-02 12:01:00.000",
            "state": 3,
            "form": {"客户名称": "示例机电有限公司", "授信金额": "1200.50", "外部编号": "hub:7"},
            "lines": {"formson_1002": []},
            "external_id": "hub:7",
        }
    ]
    assert verdict.proven


@pytest.mark.parametrize("apart_s", [0.0, 1.0])
def test_all_flows_are_met_once_with_and_without_ties(apart_s: float) -> None:
    case = Case(25, apart_s)
    rows, _, verdict = read(case.connect(), STREAM)
    assert len(rows) == 25
    assert keys(rows) == set(case.keys())
    assert verdict.proven


def test_a_later_run_asks_for_what_runs_and_what_is_new() -> None:
    case = Case(4)
    for key in case.keys()[:2]:
        case.sim.act(key)
        case.sim.act(key)
    connector = case.connect()
    _, pages, _ = read(connector, STREAM)
    case.clock.advance(3600)
    case.sim.act(case.keys()[3], agree=False)
    fresh = case.add()
    case.clock.advance(60)
    rows, pages, _ = read(connector, STREAM, pages[-1].at)
    assert keys(rows) == {*case.keys()[2:4], fresh}
    assert {row["flow_id"]: row["state"] for row in rows}[case.keys()[3]] == 15
    rows, _, _ = read(connector, STREAM, pages[-1].at)
    assert keys(rows) == {case.keys()[2], fresh}


def test_what_was_listed_late_is_met_inside_the_overlap() -> None:
    case = Case(1)
    connector = case.connect()
    _, pages, _ = read(connector, STREAM)
    at = pages[-1].at
    assert at is not None
    late = case.add()
    case.sim._flows[int(late)].started = int(at.cursor) / 1000 - 120
    assert late not in keys(read(connector, STREAM, at)[0])
    assert late in keys(read(connector, STREAM, connector.rewind(connector.streams[STREAM], at))[0])


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 3), st.lists(st.integers(0, 24), max_size=6), st.integers(1, 30))
def test_f2_a_killed_read_loses_nothing(killed_after: int, acted: list[int], follow: int) -> None:
    case = Case(25)
    connector = case.connect(page_size=20, follow=follow)
    stream = connector.streams[STREAM]
    state: dict[str, int] = {}
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        state |= {row["flow_id"]: row["state"] for row in page.rows}
        at = page.at
    pages.close()
    for number in acted:
        case.sim.act(case.keys()[number])
    case.clock.advance(600)
    start = connector.rewind(stream, at) if at else None
    rows, _, _ = read(case.connect(page_size=20, follow=follow), STREAM, start)
    state |= {row["flow_id"]: row["state"] for row in rows}
    assert state == case.states()


def test_a_slice_covers_whole_days_of_the_site() -> None:
    case = Case()
    first = case.add()
    case.clock.advance(86_400)
    second = case.add()
    case.clock.advance(86_400)
    connector = case.connect()
    window = connector.slice(connector.streams[STREAM], "2026-03-02", "2026-03-02")
    assert keys(read(connector, STREAM, window.start, window.end)[0]) == {first}
    window = connector.slice(connector.streams[STREAM], "2026-03-03", None)
    assert keys(read(connector, STREAM, window.start)[0]) == {second}


def test_what_the_user_has_no_part_in_is_not_there_and_the_verdict_says_so() -> None:
    case = Case(1)
    case.sim.add(CODE, {"客户名称": "乙"}, starter="other")
    case.clock.advance(60)
    rows, _, verdict = read(case.connect(sees_all=False), STREAM)
    assert len(rows) == 1
    assert "'hub'" in verdict.reason


def test_an_approver_reads_what_passed_over_its_desk() -> None:
    case = Case(3)
    case.sim.act(case.keys()[0])
    lists = ["pendingAffairs", "doneAffairs"]
    rows, _, _ = read(case.connect(login_name="manager", lists=lists), STREAM)
    assert keys(rows) == set(case.keys())


def test_a_flow_whose_time_cannot_be_read_is_met_by_every_run() -> None:
    case = Case(2)
    for key in list(case.keys()):
        case.sim.act(key, agree=False)
    connector = case.connect(moment_field="nobody")
    rows, pages, _ = read(connector, STREAM)
    assert len(rows) == 2
    case.clock.advance(60)
    assert len(read(connector, STREAM, pages[-1].at)[0]) == 2


def test_a_server_that_gives_smaller_pages_than_asked_for_hides_nothing() -> None:
    case = Case(11, most_rows=4)
    rows, _, verdict = read(case.connect(page_size=100), STREAM)
    assert keys(rows) == set(case.keys())
    assert verdict.proven


# Faults


@pytest.mark.parametrize("fault", [Fault("duplicate_page", skip=2), Fault("short_page"), Fault("short_page", rows=3)])
def test_f6_f8_a_spoilt_page_loses_nothing(fault: Fault) -> None:
    case = Case(11)
    connector = case.connect()
    connector.probe()
    fault.path = LIST
    case.sim.faults.add(fault)
    rows, _, verdict = read(connector, STREAM)
    assert keys(rows) == set(case.keys())
    assert verdict.proven


def test_a_list_that_never_stands_still_is_not_proven() -> None:
    case = Case(7, kind=Shaky)
    rows, _, verdict = read(case.connect(page_size=100), STREAM)
    assert keys(rows) == set(case.keys()), "what any walk saw is read"
    assert "did not stand still" in verdict.reason


def test_f7_a_flow_that_moves_while_it_is_listed_is_met() -> None:
    case = Case(11)
    connector = case.connect()
    case.sim.faults.add(Fault("edit", path=LIST, skip=2, rows=2), Fault("tie", path=LIST, skip=3, rows=7))
    rows, pages, _ = read(connector, STREAM)
    later, _, _ = read(connector, STREAM, pages[-1].at)
    assert keys(rows) | keys(later) == set(case.keys())


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
@pytest.mark.parametrize("path", [LIST, FORM])
def test_a_passing_fault_is_not_seen(fault: Fault, path: str) -> None:
    case = Case(5)
    case.sim.faults.add(Fault(fault.kind, path=path, after_s=fault.after_s, when=fault.when))
    rows, _, verdict = read(case.connect(threads=1), STREAM)
    assert keys(rows) == set(case.keys())
    assert verdict.proven


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (LIST, {"unexpected": "error"}, "CON019"),
        (LIST, {"data": {}}, "CON294"),
        (LIST, {"data": [{"id": 1}]}, "CON294"),
        (STATE, {"unexpected": "error"}, "CON294"),
        (STATE, True, "CON294"),
        (FORM, {"formmain_9": {}}, "CON294"),
        (FORM, [], "CON294"),
    ],
)
def test_f14_another_shape_is_never_an_empty_answer(path: str, body: Any, code: str) -> None:
    case = Case(1)
    case.sim.faults.add(Fault("error_body", body=body, path=path))
    assert outcome(lambda: read(case.connect(), STREAM)) == (Halt, code)


def test_f27_one_flow_that_cannot_be_served_is_set_aside_and_asked_for_again() -> None:
    case = Case(5)
    poison = case.keys()[2]
    case.sim.faults.add(Fault("poison", path=FORM, key=poison, count=None))
    connector = case.connect()
    rows, pages, verdict = read(connector, STREAM)
    assert keys(rows) == set(case.keys()) - {poison}
    assert [key for page in pages for key, _ in page.rejects] == [poison]
    assert "could not be read" in verdict.reason
    case.sim.faults.clear()
    assert poison in keys(read(connector, STREAM, pages[-1].at)[0])


def test_f34_a_flow_deleted_after_it_was_listed_becomes_a_dead_letter() -> None:
    case = Case(3)
    case.sim.faults.add(Fault("refuse", code="1002", path=STATE))
    rows, pages, _ = read(case.connect(threads=1), STREAM)
    assert len(rows) == 2
    assert [error.code for page in pages for _, error in page.rejects] == ["CON291"]


# Starting


def test_a_started_flow_has_its_form_its_lines_and_our_id() -> None:
    case = Case()
    connector = case.connect()
    lines = [{"联系人": "张三", "份额": "2.50"}, {"联系人": None}]
    values = {"授信金额": "0.10", "subject": "准入", "external_id": "x", "formson_1002": lines}
    (result,) = connector.write(connector.streams[STREAM], [new(1, **values)])
    assert (result.outcome, result.key) == ("written", case.keys()[0])
    row = connector.read_back(connector.streams[STREAM], ["hub:1"])["hub:1"]
    assert row["subject"] == "准入 [hub:1]"
    assert row["form"] == {"客户名称": "新建1", "授信金额": "0.10", "外部编号": "hub:1"}
    assert row["lines"] == {"formson_1002": [{"联系人": "张三", "份额": "2.50"}, {"联系人": ""}]}


@pytest.mark.parametrize("fault", [Fault("lost"), Fault("reset", when="after"), Fault("truncated")])
@pytest.mark.parametrize("search", [True, False])
def test_f1_f28_a_lost_answer_starts_nothing_twice(fault: Fault, search: bool) -> None:
    case = Case(exact_search=not search)
    case.sim.faults.add(Fault(fault.kind, path=START, when=fault.when))
    assert write(case.connect(search=search), new(1), new(2)) == [("unknown", "CON005"), ("written", "")]
    again = case.connect(search=search)
    assert set(again.read_back(again.streams[STREAM], ["hub:1", "hub:3"])) == {"hub:1"}
    assert write(again, new(1), new(2), new(3), new(3)) == [("written", "")] * 4
    assert sorted(case.ours()) == ["hub:1", "hub:2", "hub:3"]


def test_a_subject_alone_is_not_believed() -> None:
    case = Case()
    case.sim.add(CODE, {"客户名称": "甲", "外部编号": "hub:9"}, subject="客户准入 [hub:1]")
    assert write(case.connect(), new(1)) == [("written", "")]
    assert sorted(case.ours()) == ["hub:1", "hub:9"]


def test_a_refused_record_and_a_change_do_not_stop_the_others() -> None:
    case = Case()
    update = Write("update", "hub:9", {"客户名称": "甲"}, "1")
    results = write(case.connect(), new(1), new(2, 授信金额="many"), update, new(3))
    assert results == [("written", ""), ("rejected", "CON291"), ("rejected", "CON293"), ("written", "")]
    assert case.ours() == ["hub:1", "hub:3"]


def test_f17_a_token_that_dies_in_the_middle_of_a_batch_is_renewed() -> None:
    case = Case()
    case.sim.faults.add(Fault("expire", path=START, skip=1))
    assert write(case.connect(), new(1), new(2), new(3)) == [("written", "")] * 3
    assert len(case.ours()) == 3


def test_trouble_before_anything_was_started_is_raised_and_after_it_is_a_result() -> None:
    case = Case()
    case.sim.faults.add(Fault("throttle", path=START, skip=1, count=None))
    assert write(case.connect(timeout_s=5), new(1), new(2)) == [("written", ""), ("retry", "CON003")]
    assert outcome(lambda: write(case.connect(timeout_s=5), new(3))) == (Retry, "CON003")


def test_a_phantom_is_not_read_back() -> None:
    case = Case()
    case.sim.faults.add(Fault("phantom", path=START))
    connector = case.connect()
    assert write(connector, new(1)) == [("written", "")]
    assert connector.read_back(connector.streams[STREAM], ["hub:1"]) == {}


def test_nothing_is_started_while_the_lists_do_not_stand_still() -> None:
    case = Case(7, kind=Shaky)
    assert outcome(lambda: write(case.connect(page_size=100, search=False), new(1))) == (Retry, "CON295")
    assert len(case.keys()) == 7


# The door, and every error of the sheet


def test_one_token_serves_and_is_fetched_again_when_it_may_have_died() -> None:
    case = Case()
    connector = case.connect()
    connector.probe()
    connector.probe()
    assert case.sim.counters.by_endpoint[TOKEN] == 1
    case.clock.advance(1500)
    connector.probe()
    assert case.sim.counters.by_endpoint[TOKEN] == 2


def test_a_wrong_password_an_unbound_address_and_a_missing_trust_are_named() -> None:
    with pytest.raises(Misconfigured, match=r"CON290.*check user, password and login_name"):
        Case().connect(password="other").probe()
    with pytest.raises(Misconfigured, match=r"CON290.*IP.*bind this machine's address"):
        Case(bound=False).connect().probe()
    with pytest.raises(Misconfigured, match=r"CON010.*mutual trust"):
        Case(trusted=False).connect().probe()


def test_a_token_call_that_fails_for_a_moment_is_repeated() -> None:
    case = Case()
    case.sim.faults.add(Fault("unavailable", path=TOKEN, status=500))
    case.connect().probe()


def test_writing_is_switched_on_and_needs_a_field_for_our_id() -> None:
    case = Case()
    assert outcome(lambda: write(case.connect(writes="disabled"), new(1))) == (Misconfigured, "CON292")
    bare = case.connect(templates={STREAM: {"code": CODE, "table": "formmain_1001"}})
    assert not bare.streams[STREAM].writable
    assert outcome(lambda: write(bare, new(1))) == (Misconfigured, "CON292")


SHEET: dict[str, Iterable[str]] = {"refresh-token": ["1010"], "fatal-record": ["1001", "1003", "-1", "7", "500"]}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=code, path=LIST, count=None))
    expected = CLASSES | {"fatal-record": (Halt, "CON291")}
    assert outcome(connector.probe) == expected[name]


@pytest.mark.parametrize("code", ["0", 0])
def test_a_code_of_nought_is_success_as_text_and_as_number(code: Any) -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"code": code, "data": [], "total": 0}, path=LIST))
    case.connect().probe()


def test_ids_stay_text_to_the_last_digit() -> None:
    case = Case(8)
    rows, _, _ = read(case.connect(), STREAM)
    assert keys(rows) == set(case.keys())
    assert any(key.startswith("-") and len(key) > 17 for key in keys(rows))


def test_no_secret_is_logged_or_told(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(3)
    connector = case.connect()
    read(connector, STREAM)
    case.sim.faults.add(Fault("refuse", code="7", message=f"no {case.sim.password}", path=LIST))
    with pytest.raises(Halt) as caught:
        connector.probe()
    said = caplog.text + "".join(capsys.readouterr()) + str(caught.value) + repr(connector.config)
    assert case.sim.password not in said
    assert next(iter(case.sim._tokens)) not in said
