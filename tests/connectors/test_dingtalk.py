"""DingTalk against a pretend company: what is listed, what is met again, faults, and every code of the sheet."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Position, Window
from connectors.dingtalk import Dingtalk
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.dingtalk import DingTalk as Company
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import Loopback
from tests.connectors.rig import CLASSES, NOON, NOON_MS, MemoryStore, connect, outcome, read, sim_clock, table

DAY_MS = 86_400_000
LIST = "/v1.0/workflow/processes/instanceIds/query"
DETAIL = "/v1.0/workflow/processInstances"
STREAM = "PROC-CONTRACT"
FORM = {
    "合同编号": "HT-{}",
    "合同类型": "销售",
    "客户名称": "示例公司",
    "合同金额": "1200.50",
    "签订日期": "2026-03-01",
}


def approval(number: int, at_ms: int, *, running: bool = False) -> dict[str, Any]:
    form = [
        {"id": f"id-{place}", "name": name, "value": value.format(number)}
        for place, (name, value) in enumerate(FORM.items())
    ]
    return {
        "instance_id": f"k3h{number:05d}",
        "business_id": f"20260301{number:05d}",
        "process_code": STREAM,
        "title": "合同审批",
        "originator": "manager0002",
        "dept_id": 3,
        "create_ms": at_ms,
        "finish_ms": None if running else at_ms + 1000,
        "status": "RUNNING" if running else "COMPLETED",
        "result": "" if running else "agree",
        "form": form,
    }


class Case:
    """A company with approvals, and connectors in front of it."""

    def __init__(self, approvals: Any, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Company(approvals, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Dingtalk:
        entry = {"app_key": "ding-sandbox", "app_secret": "ding-sandbox-secret", "processes": [STREAM], **more}
        return connect(Dingtalk, self.sim, self.clock, store=self.store, **entry)

    def ids(self) -> set[str]:
        return {row["instance_id"] for row in self.sim.rows()}


def spread(count: int, days: float = 10, running: int = 0) -> list[dict[str, Any]]:
    """Approvals evenly over the last days; every `running`-th one still open."""
    step = int(days * DAY_MS / max(count, 1))
    return [
        approval(number, NOON_MS - (number + 1) * step, running=bool(running) and number % running == 0)
        for number in range(count)
    ]


# Reading


def test_a_row_holds_the_form_by_label_and_by_id() -> None:
    case = Case([approval(7, NOON_MS - DAY_MS)])
    rows, _, _ = read(case.connect(), STREAM)
    assert rows == [
        {
            "instance_id": "k3h00007",
            "title": "合同审批",
            "status": "COMPLETED",
            "result": "agree",
            "business_id": "2026030100007",
            "create_time": "2026-03-01T04:00Z",
            "finish_time": "2026-03-01T04:00Z",
            "originator": "manager0002",
            "form": {name: value.format(7) for name, value in FORM.items()},
            "form_by_id": {f"id-{place}": value.format(7) for place, value in enumerate(FORM.values())},
        }
    ]


def test_a_first_read_goes_back_a_year_and_says_that_it_does() -> None:
    case = Case([*spread(130, days=300), approval(9000, NOON_MS - 400 * DAY_MS)])
    rows, _, verdict = read(case.connect(), STREAM)
    assert {row["instance_id"] for row in rows} == case.ids() - {"k3h09000"}
    assert not verdict.proven
    assert "365 days" in verdict.reason


def test_an_incremental_read_is_proven_and_meets_only_what_is_new_or_open() -> None:
    case = Case(spread(50, running=10))
    connector = case.connect()
    _, pages, _ = read(connector, STREAM, Position(str(NOON_MS - 60 * DAY_MS)))
    open_ids = {row["instance_id"] for row in case.sim.rows() if row["status"] == "RUNNING"}
    case.clock.advance(3600)
    started = case.sim.add(STREAM, {name: value.format(99) for name, value in FORM.items()})
    closed = sorted(open_ids)[0]
    for _ in range(2):
        case.sim.act(closed, "agree")
    case.clock.advance(3600)
    rows, later, verdict = read(connector, STREAM, pages[-1].at)
    assert verdict.proven
    assert {row["instance_id"] for row in rows} == open_ids | {started}
    assert {row["instance_id"]: row["status"] for row in rows}[closed] == "COMPLETED"
    again, _, _ = read(connector, STREAM, later[-1].at)
    assert {row["instance_id"] for row in again} == (open_ids | {started}) - {closed}


def test_an_approval_that_runs_for_more_than_a_year_is_still_followed() -> None:
    case = Case([approval(1, NOON_MS - 300 * DAY_MS, running=True)])
    connector = case.connect()
    _, pages, _ = read(connector, STREAM)
    at = pages[-1].at
    case.clock.advance(200 * 86_400)
    case.sim.act("k3h00001", "refuse")
    rows, _, verdict = read(connector, STREAM, at)
    assert [(row["status"], row["result"]) for row in rows] == [("COMPLETED", "refuse")]
    assert verdict.proven


def test_too_many_open_approvals_to_name_are_listed_again_by_time() -> None:
    case = Case(spread(60, running=2))
    connector = case.connect(follow=5)
    _, pages, _ = read(connector, STREAM)
    at = pages[-1].at
    assert "@" in at.tie
    assert "k3h" not in at.tie
    case.clock.advance(3600)
    closed = next(row["instance_id"] for row in case.sim.rows() if row["status"] == "RUNNING")
    case.sim.act(closed, "refuse")
    rows, later, verdict = read(connector, STREAM, at)
    assert {row["instance_id"]: row["status"] for row in rows}[closed] == "COMPLETED"
    assert {row["instance_id"] for row in case.sim.rows() if row["status"] == "RUNNING"} <= {
        row["instance_id"] for row in rows
    }
    assert verdict.proven
    assert int(later[-1].at.cursor) > int(at.cursor)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9), st.integers(1, 40), st.lists(st.integers(0, 39), max_size=6), st.integers(1, 30))
def test_f2_a_killed_read_loses_nothing(killed_after: int, window_days: int, acted: list[int], follow: int) -> None:
    case = Case(spread(40, days=90, running=3))
    connector = case.connect(window_days=window_days, follow=follow)
    stream = connector.streams[STREAM]
    state: dict[str, str] = {}
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        state |= {row["instance_id"]: row["status"] for row in page.rows}
        at = page.at
    pages.close()
    case.clock.advance(600)
    for number in acted:
        if case.sim.rows()[number]["status"] == "RUNNING":
            case.sim.act(case.sim.rows()[number]["instance_id"], "refuse")
    start = connector.rewind(stream, at) if at else None
    rows, _, _ = read(case.connect(window_days=window_days, follow=follow), STREAM, start)
    state |= {row["instance_id"]: row["status"] for row in rows}
    assert state == {row["instance_id"]: row["status"] for row in case.sim.rows()}


def test_what_was_listed_late_is_met_inside_the_overlap() -> None:
    case = Case(spread(3))
    connector = case.connect(overlap_s=300)
    _, pages, _ = read(connector, STREAM)
    at = pages[-1].at
    case.sim._load(approval(50, int(at.cursor) - 120_000))
    case.clock.advance(60)
    assert read(connector, STREAM, at)[0] == []
    rows, _, _ = read(connector, STREAM, connector.rewind(connector.streams[STREAM], at))
    assert [row["instance_id"] for row in rows] == ["k3h00050"]


def test_f75_a_walk_that_ends_at_its_cap_is_split() -> None:
    case = Case(spread(110))
    case.sim.faults.add(Fault("depth", path=LIST, rows=40, count=None))
    rows, _, _ = read(case.connect(walk_cap=40), STREAM)
    assert {row["instance_id"] for row in rows} == case.ids()


def test_f75_more_approvals_in_a_millisecond_than_a_walk_holds_is_said() -> None:
    case = Case([approval(number, NOON_MS - DAY_MS) for number in range(50)])
    assert outcome(lambda: read(case.connect(walk_cap=40), STREAM)) == (Halt, "CON053")


def test_a_slice_covers_whole_days_of_the_zone() -> None:
    case = Case(
        [
            approval(number, NOON_MS - 36 * 3_600_000 + offset)
            for number, offset in enumerate((-1, 0, DAY_MS - 1, DAY_MS))
        ]
    )
    connector = case.connect()
    window = connector.slice(connector.streams[STREAM], "2026-03-01", "2026-03-01")
    rows, _, verdict = read(connector, STREAM, window.start, window.end)
    assert {"k3h00001", "k3h00002"} <= {row["instance_id"] for row in rows}
    assert "k3h00003" not in {row["instance_id"] for row in rows}
    assert verdict.proven


def test_the_same_label_twice_keeps_the_value_that_says_something() -> None:
    values = [
        {"id": f"extra-{number}", "name": "备注", "value": value} for number, value in enumerate(("", "二", "三"))
    ]
    detail = {"status": "RUNNING", "createTime": "?", "formComponentValues": values}
    case = Case(spread(1))
    case.sim.faults.add(Fault("error_body", body={"success": True, "result": detail}, path=DETAIL))
    row = read(case.connect(), STREAM)[0][0]
    assert row["form"] == {"备注": "二"}
    assert row["form_by_id"] == {"extra-0": "", "extra-1": "二", "extra-2": "三"}


# Faults


def test_f6_a_page_served_twice_is_asked_for_again() -> None:
    case = Case(spread(70))
    case.sim.faults.add(Fault("duplicate_page", path=LIST, skip=20))
    rows, _, _ = read(case.connect(window_days=120), STREAM)
    assert {row["instance_id"] for row in rows} == case.ids()


def test_f6_a_page_that_repeats_for_ever_is_a_loop() -> None:
    case = Case(spread(70))
    case.sim.faults.add(Fault("duplicate_page", path=LIST, skip=2, count=None))
    start = Position(str(NOON_MS - 30 * DAY_MS))
    assert outcome(lambda: read(case.connect(), STREAM, start)) == (Halt, "CON052")


def test_f8_pages_that_stay_empty_although_more_should_follow_prove_nothing() -> None:
    case = Case(spread(70))
    connector = case.connect()
    end = connector.bound(connector.streams[STREAM])
    case.sim.faults.add(Fault("duplicate_page", path=LIST, count=None))  # what came before was an empty page
    rows, _, verdict = read(connector, STREAM, Position(str(NOON_MS - 30 * DAY_MS)), end)
    assert rows == []
    assert "did not stand still" in verdict.reason


def test_f8_the_end_of_the_list_is_a_missing_token_not_a_short_page() -> None:
    case = Case(spread(70))
    case.sim.faults.add(Fault("short_page", path=LIST, rows=20, count=3))
    rows, _, _ = read(case.connect(window_days=120), STREAM)
    assert {row["instance_id"] for row in rows} == case.ids()


@pytest.mark.parametrize("count", [1, 45])
def test_f27_one_approval_that_cannot_be_served_is_set_aside_and_asked_for_again(count: int) -> None:
    case = Case(spread(count))
    poison = sorted(case.ids())[count // 2]
    case.sim.faults.add(Fault("poison", path=DETAIL, key=poison, count=None))
    connector = case.connect()
    rows, pages, verdict = read(connector, STREAM)
    assert {row["instance_id"] for row in rows} == case.ids() - {poison}
    assert [key for page in pages for key, _ in page.rejects] == [poison]
    assert "1 of demo PROC-CONTRACT could not be read" in verdict.reason
    case.sim.faults.clear()
    case.clock.advance(60)
    assert [row["instance_id"] for row in read(connector, STREAM, pages[-1].at)[0]] == [poison]


def test_f27_a_server_that_is_down_blames_no_approval() -> None:
    case = Case(spread(1))
    case.sim.faults.add(Fault("unavailable", path=DETAIL, count=None))
    case.sim.faults.add(Fault("unavailable", path=LIST, skip=2, count=None))
    start = Position(str(NOON_MS - 20 * DAY_MS))
    assert outcome(lambda: read(case.connect(), STREAM, start)) == (Retry, "CON002")


def test_f34_an_approval_deleted_after_it_was_listed_becomes_a_dead_letter() -> None:
    case = Case(spread(3))
    case.sim.faults.add(Fault("refuse", code="processInstanceInvalidParameter", path=DETAIL))
    rows, pages, _ = read(case.connect(threads=1), STREAM)
    assert len(rows) == 2
    ((_, error),) = [reject for page in pages for reject in page.rejects]
    assert error.code == "CON051"


def test_f17_an_expired_token_is_renewed_and_the_page_repeated() -> None:
    case = Case(spread(45))
    case.sim.faults.add(Fault("expire", path=DETAIL, skip=5))
    assert len(read(case.connect(), STREAM)[0]) == 45


def test_a_ban_holds_everybody_for_five_minutes() -> None:
    for fault in (
        Fault("error_body", body={"status": 1111, "punish": "deny"}, path=LIST),
        Fault("html", path=LIST),
    ):
        case = Case(spread(1))
        case.sim.faults.add(fault)
        connector = case.connect()
        with pytest.raises(Retry) as caught:
            connector.probe()
        assert caught.value.after_s is not None
        assert caught.value.after_s >= 300
        assert outcome(connector.probe) == (Retry, "CON003")
        assert case.sim.counters.calls == 2, "nobody asks while the ban lasts"
        case.clock.advance(302)
        connector.probe()


def test_the_limit_per_second_is_never_hit() -> None:
    case = Case(spread(90), limits="sheet")
    assert len(read(case.connect(threads=1), STREAM)[0]) == 90
    assert case.sim.counters.refused == 0


def test_details_are_fetched_side_by_side() -> None:
    sim = Company(
        approvals := [approval(number, int(Clock().now().timestamp() * 1000) - DAY_MS) for number in range(20)]
    )
    sim.faults.add(Fault("latency", path=DETAIL, delay_s=0.05, count=None))
    with Loopback(sim.app) as url:
        connector = connect(
            Dingtalk,
            None,
            Clock(),
            base_url=url,
            app_key="ding-sandbox",
            app_secret="ding-sandbox-secret",
            processes=[STREAM],
            threads=10,
            budget={"calls": 1000},
        )
        stream = connector.streams[STREAM]
        end = connector.bound(stream)
        started = Clock().monotonic()
        start = Position(str(int(end) - 2 * DAY_MS))
        rows = [row for page in connector.read(stream, Window(start, end)) for row in page.rows]
    assert len(rows) == len(approvals)
    assert Clock().monotonic() - started < 20 * 0.05


# Every code of the sheet

SHEET = {
    "refresh-token": [
        *("InvalidAuthentication", "accesstoken.expired"),
        *("88/40014", "88/42001", "88/40001", "88/41001"),
    ],
    "retry": ["-1"],
    "throttle": [
        *("qps.exceed.limit", "request.overlimit"),
        *("Forbidden.AccessDenied.QpsLimitForApi", "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi"),
        *(str(code) for code in range(90001, 90015)),
    ],
    "fatal-record": [
        *("formConverterError", "processInstanceInvalidParameter", "invalidParameter", "33012", "60121", "400002"),
    ],
    "fatal-config": [
        *("invalidClientIdOrSecret", "40096", "40089", "60011", "60020"),
        *("Forbidden.AccessDenied.AccessTokenPermissionDenied", "apiPermissionDenied", "processCodeError", "22"),
    ],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case(spread(1))
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=code, path=LIST, count=None))
    expected = CLASSES | {"fatal-record": (Halt, "CON051"), "fatal-config": (Misconfigured, "CON050")}
    assert outcome(connector.probe) == expected[name]


def test_an_http_500_with_an_unknown_code_is_retried_and_a_400_stops() -> None:
    for status, expected in ((500, (Retry, "CON002")), (400, (Halt, "CON015"))):
        case = Case(spread(1))
        case.sim.faults.add(Fault("refuse", code="someNewError", status=status, path=LIST, count=None))
        kind, code = outcome(case.connect().probe)
        assert (kind, code) == (expected if status == 400 else (Retry, "CON013"))


@pytest.mark.parametrize("denied", [False, "false"])
def test_a_success_that_says_false_is_an_error(denied: bool | str) -> None:
    case = Case(spread(1))
    case.sim.faults.add(Fault("error_body", body={"success": denied, "result": {"list": []}}, path=LIST))
    assert outcome(case.connect().probe) == (Halt, "CON015")


def test_wrong_credentials_and_unknown_processes_are_matters_of_settings() -> None:
    case = Case(spread(1))
    assert outcome(case.connect(app_secret="wrong-secret").probe) == (Misconfigured, "CON050")
    with pytest.raises(Misconfigured, match="check the process codes"):
        case.connect(processes=["PROC-NONE"]).probe()


def test_s6_no_token_or_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(spread(1))
    connector = case.connect()
    connector.probe()
    token = case.sim._tokens["new"][0]
    message = f"bad token {token}, appSecret=ding-sandbox-secret"
    case.sim.faults.add(Fault("refuse", code="invalidParameter", message=message, path=LIST, count=None))
    with pytest.raises(Halt) as caught:
        connector.probe()
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (token, "ding-sandbox-secret"):
        assert secret not in everything
