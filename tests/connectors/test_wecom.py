"""WeCom against a pretend corporation: customers once each and all of them, approvals, faults, and every code."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.base import Position, Window
from connectors.wecom import Wecom
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.wecom import TEMPLATE
from goldbridge.simulators.wecom import Wecom as Corporation
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, read, sim_clock, table

NOON_S = int(NOON.timestamp())
DAY_S = 86_400
NUMBERS = "/cgi-bin/oa/getapprovalinfo"
DETAIL = "/cgi-bin/oa/getapprovaldetail"
BATCH = "/cgi-bin/externalcontact/batch/get_by_user"
LIST = "/cgi-bin/externalcontact/list"
GET = "/cgi-bin/externalcontact/get"
MEMBERS = "/cgi-bin/externalcontact/get_follow_user_list"
TOKEN = "/cgi-bin/gettoken"


class Case:
    """A corporation with approvals (`apart_s` from each other) and customers, and connectors in front of it."""

    def __init__(self, approvals: int = 0, customers: int = 0, apart_s: int = 60, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Corporation(clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()
        self.numbers = [self.submit(NOON_S - 10 - number * apart_s) for number in range(approvals)]
        for number in range(customers):
            self.sim.add_customer("zhao" if number % 2 else "qian")

    def submit(self, at_s: int) -> str:
        number = self.sim.submit({"客户名称": "示例公司"})
        self.sim._approvals[number].at_s = at_s
        return number

    def connect(self, **more: Any) -> Wecom:
        entry = {
            "corp_id": "wwsandbox",
            "secret": "wecom-sandbox-secret",
            "templates": [TEMPLATE],
            "since": "2025-11-01",
            **more,
        }
        found: Wecom = connect(Wecom, self.sim, self.clock, store=self.store, **entry)
        return found


def customers(case: Case, **more: Any) -> tuple[dict[str, list[str]], Any]:
    """Who follows each customer, and the verdict."""
    connector = case.connect(**more)
    rows, _, verdict = read(connector, "customer")
    found = {row["external_userid"]: [each["userid"] for each in row["follow"]] for row in rows}
    assert len(found) == len(rows), "a customer comes once"
    return found, verdict


def keys(rows: list[dict[str, Any]]) -> set[str]:
    return {row["sp_no"] for row in rows}


# Customers


def test_a_customer_comes_once_with_all_who_follow_it() -> None:
    case = Case(customers=250)
    case.sim.add_customer("zhao", key="wm000001", remark="老客户")
    found, verdict = customers(case)
    assert sorted(found) == case.sim.customers()
    assert found["wm000001"] == ["qian", "zhao"]
    assert verdict.proven
    row = next(row for row in read(case.connect(), "customer")[0] if row["external_userid"] == "wm000001")
    assert (row["name"], row["follow"][1]["remark"], row["follow"][1]["createtime"]) == ("客户0001", "老客户", NOON_S)


def test_members_are_asked_in_hundreds_and_can_be_named() -> None:
    members = [f"m{number:03d}" for number in range(230)]
    case = Case(members=members)
    for member in members:
        case.sim.add_customer(member)
    found, _ = customers(case)
    assert len(found) == 230
    assert case.sim.counters.by_endpoint[BATCH] == 3
    found, _ = customers(case, members=["m007", "m008"])
    assert list(found.values()) == [["m007"], ["m008"]]


def test_a_customer_that_the_pages_leave_out_is_found_by_the_members_own_list() -> None:
    for fault in (Fault("duplicate_page", path=BATCH, skip=1), Fault("duplicate_page", path=BATCH, skip=3, count=2)):
        case = Case(customers=45)
        case.sim.faults.add(fault)
        found, verdict = customers(case, page_size=10)
        assert sorted(found) == case.sim.customers()
        assert verdict.proven
    assert case.sim.counters.by_endpoint[GET] == 15


def test_who_is_not_asked_for_does_not_show_among_the_followers() -> None:
    case = Case(customers=12)
    for key in case.sim.customers():
        case.sim.add_customer("zhao", key=key)
        case.sim.add_customer("qian", key=key)
    case.sim.faults.add(Fault("duplicate_page", path=BATCH, skip=1))
    found, _ = customers(case, members=["zhao"], page_size=4)
    assert case.sim.counters.by_endpoint[GET] == 4
    assert set(found) == set(case.sim.customers())
    assert all(followers == ["zhao"] for followers in found.values())


def test_a_follower_that_the_pages_leave_out_is_met_too() -> None:
    case = Case(customers=10)
    for key in case.sim.customers():
        case.sim.add_customer("zhao", key=key)
        case.sim.add_customer("qian", key=key)
    case.sim.faults.add(Fault("duplicate_page", path=BATCH, skip=1))  # the members' customers are the same ten
    found, verdict = customers(case, page_size=10)
    assert all(followers == ["qian", "zhao"] for followers in found.values())
    assert (len(found), verdict.proven) == (10, True)


def test_a_member_without_customers_is_no_error_and_one_without_a_licence_is_said() -> None:
    case = Case(members=["zhao", "qian", "sun"], customers=6)
    found, verdict = customers(case)
    assert (len(found), verdict.proven) == (6, True)
    case.sim.unlicensed.add("zhao")
    found, verdict = customers(case)
    assert len(found) == 3
    assert not verdict.proven
    assert "1 members have no licence" in verdict.reason


def test_a_member_that_cannot_be_listed_is_said() -> None:
    case = Case(customers=6)
    case.sim.faults.add(Fault("refuse", code="60111", path=LIST))
    found, verdict = customers(case)
    assert len(found) == 6
    assert "customers of 1 members could not be listed" in verdict.reason


def test_a_customer_that_is_listed_but_not_shown_is_a_dead_letter() -> None:
    case = Case(customers=12)
    case.sim.faults.add(Fault("duplicate_page", path=BATCH, skip=1))
    case.sim.faults.add(Fault("refuse", code="84061", path=GET))
    _, pages, verdict = read(case.connect(page_size=4), "customer")
    rejects = [reject for page in pages for reject in page.rejects]
    assert [error.code for _, error in rejects] == ["CON266"]
    assert "1 customers could not be read" in verdict.reason


def test_followers_beyond_five_hundred_are_met() -> None:
    members = [f"m{number:03d}" for number in range(510)]
    case = Case(members=members)
    key = case.sim.add_customer(members[0])
    for member in members[1:]:
        case.sim.add_customer(member, key=key)
    _, followers = case.connect()._client.customer(key)
    assert [each["userid"] for each in followers] == members


def test_a_cursor_that_leads_back_is_a_loop() -> None:
    case = Case(customers=6)
    body = {"errcode": 0, "external_contact_list": [], "next_cursor": "c1"}
    case.sim.faults.add(Fault("error_body", path=BATCH, body=body, count=None))
    assert outcome(lambda: customers(case)) == (Halt, "CON267")


@pytest.mark.parametrize("body", [{}, {"external_contact_list": None}, {"external_contact_list": [{"name": "?"}]}])
def test_f14_what_is_no_list_is_never_an_empty_one(body: Any) -> None:
    case = Case(customers=6)
    case.sim.faults.add(Fault("error_body", path=BATCH, body=body))
    assert outcome(lambda: customers(case)) == (Halt, "CON019")


def test_f14_empty_lists_beside_an_error_are_no_customers() -> None:
    case = Case(customers=6)
    for path in (MEMBERS, BATCH):
        case.sim.faults.add(Fault("refuse", code="48002", path=path))
        assert outcome(lambda: customers(case)) == (Misconfigured, "CON265")


# Approvals


def test_a_row_holds_the_form_by_title_and_by_id() -> None:
    case = Case()
    shown = [
        ("Text", "合同编号", {"text": "HT-7"}),
        ("Money", "合同金额", {"new_money": "1200.50"}),
        ("Number", "份数", {"new_number": "3"}),
        ("Date", "签订日期", {"date": {"type": "day", "s_timestamp": "1790000000"}}),
        ("Selector", "类型", {"selector": {"type": "single", "options": [{"key": "option-1", "value": []}]}}),
        ("Contact", "经办", {"members": [{"userid": "zhao"}]}),
        ("Text", "合同编号", {"text": "again"}),
    ]
    contents = [
        {"control": control, "id": f"{control}-{place}", "title": [{"text": title, "lang": "zh_CN"}], "value": value}
        for place, (control, title, value) in enumerate(shown)
    ]
    number = case.sim.load(TEMPLATE, "zhao", NOON_S - 60, contents)
    row = read(case.connect(), TEMPLATE)[0][0]
    assert {name: value for name, value in row.items() if not name.startswith("form")} == {
        "sp_no": number,
        "sp_name": "合同审批",
        "sp_status": "1",
        "template_id": TEMPLATE,
        "apply_time": str(NOON_S - 60),
        "applyer": "zhao",
        "applyer_party": "2",
    }
    assert row["form"] == {
        "合同编号": "HT-7",
        "合同金额": "1200.50",
        "份数": "3",
        "签订日期": "1790000000",
        "类型": ["option-1"],
        "经办": {"members": [{"userid": "zhao"}]},
    }
    assert row["form_by_id"]["Text-6"] == "again"


def test_windows_of_31_days_leave_no_gap_and_meet_no_border_twice() -> None:
    case = Case()
    first_s = NOON_S - 12 * 3600 - 121 * DAY_S  # 2025-11-01 00:00 in Shanghai
    numbers = {case.submit(first_s + day * 3 * DAY_S) for day in range(40)}
    numbers |= {case.submit(first_s - 1 + month * 31 * DAY_S) for month in (1, 2, 3)}  # right on the borders
    case.submit(first_s - 2)
    rows, _, verdict = read(case.connect(), TEMPLATE)
    assert verdict.proven
    assert (len(rows), keys(rows)) == (len(numbers), numbers)


def test_an_approved_one_is_asked_for_again_for_a_while_because_it_can_be_withdrawn() -> None:
    case = Case(4)
    for number, status in zip(case.numbers, (2, 3, 7, 1), strict=True):
        case.sim.act(number, status)
    connector = case.connect(approved_days=30)
    rows, pages, _ = read(connector, TEMPLATE)
    stream = connector.streams[TEMPLATE]
    assert {row["sp_no"] for row in rows if stream.is_deleted(row)} == {case.numbers[2]}
    case.clock.advance(DAY_S)
    case.sim.act(case.numbers[0], 6)
    rows, later, verdict = read(connector, TEMPLATE, pages[-1].at)
    assert verdict.proven
    assert {row["sp_no"]: row["sp_status"] for row in rows} == {case.numbers[0]: "6", case.numbers[3]: "1"}
    case.sim.act(case.numbers[3], 2)
    case.clock.advance(31 * DAY_S)
    rows, later, _ = read(connector, TEMPLATE, later[-1].at)
    assert keys(rows) == {case.numbers[3]}
    assert read(connector, TEMPLATE, later[-1].at)[0] == [], "after that it is taken for final"


def test_the_template_decides_what_is_listed() -> None:
    case = Case(3, templates=(TEMPLATE, "T2"))
    other = case.sim.submit({"客户名称": "别的"}, template="T2")
    connector = case.connect(templates=[TEMPLATE, "T2"])
    case.clock.advance(60)
    assert keys(read(connector, TEMPLATE)[0]) == set(case.numbers)
    assert keys(read(connector, "T2")[0]) == {other}


def test_a_slice_covers_whole_days_of_the_zone() -> None:
    connector = Case().connect()
    window = connector.slice(connector.streams[TEMPLATE], "2026-03-01", "2026-03-01")
    midnight = NOON_S - 36 * 3600
    assert window == Window(Position(str(midnight - 1)), str(midnight + DAY_S - 1))
    assert connector.slice(connector.streams["customer"], "2026-03-01", None) == Window()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 14), st.integers(2, 9), st.lists(st.integers(0, 29), max_size=6), st.integers(1, 30))
def test_f2_a_killed_read_loses_nothing(killed_after: int, page_size: int, acted: list[int], follow: int) -> None:
    case = Case(30, apart_s=3 * DAY_S)
    connector = case.connect(page_size=page_size, follow=follow)
    stream = connector.streams[TEMPLATE]
    state: dict[str, str] = {}
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        state |= {row["sp_no"]: row["sp_status"] for row in page.rows}
        at = page.at
    pages.close()
    case.clock.advance(600)
    for number in acted:
        case.sim.act(case.numbers[number], 3)
    start = connector.rewind(stream, at) if at else None
    rows, _, _ = read(case.connect(page_size=page_size, follow=follow), TEMPLATE, start)
    state |= {row["sp_no"]: row["sp_status"] for row in rows}
    assert state == {row["sp_no"]: str(row["sp_status"]) for row in case.sim.rows()}


def test_f6_a_page_served_twice_is_asked_for_again_and_one_that_stays_is_a_loop() -> None:
    case = Case(45)
    case.sim.faults.add(Fault("duplicate_page", path=NUMBERS, skip=6))
    rows, _, verdict = read(case.connect(page_size=10), TEMPLATE)
    assert case.sim.faults.fired == {"duplicate_page": 1}
    assert keys(rows) == set(case.numbers)
    assert verdict.proven
    case.sim.faults.add(Fault("duplicate_page", path=NUMBERS, count=None))
    assert outcome(lambda: read(case.connect(page_size=10), TEMPLATE)) == (Halt, "CON267")


def test_f8_a_short_page_is_not_the_end() -> None:
    case = Case(45)
    case.sim.faults.add(Fault("short_page", path=NUMBERS, rows=7, skip=5, count=3))
    rows, _, verdict = read(case.connect(page_size=10), TEMPLATE)
    assert keys(rows) == set(case.numbers)
    assert verdict.proven


def test_f27_one_approval_that_cannot_be_served_is_set_aside_and_asked_for_again() -> None:
    case = Case(12)
    case.sim.faults.add(Fault("poison", path=DETAIL, key=case.numbers[5], count=None))
    connector = case.connect()
    rows, pages, verdict = read(connector, TEMPLATE)
    assert keys(rows) == set(case.numbers) - {case.numbers[5]}
    assert [key for page in pages for key, _ in page.rejects] == [case.numbers[5]]
    assert not verdict.proven
    case.sim.faults.clear()
    assert case.numbers[5] in keys(read(connector, TEMPLATE, pages[-1].at)[0])


@pytest.mark.parametrize("path", [NUMBERS, DETAIL, BATCH, LIST])
@pytest.mark.parametrize(
    "options",
    [
        {"kind": "throttle", "after_s": 5.0},
        {"kind": "truncated"},
        {"kind": "reset", "when": "mid"},
        {"kind": "reset", "when": "before"},
        {"kind": "unavailable"},
        {"kind": "html"},
        {"kind": "expire"},
    ],
)
def test_the_faults_of_the_wire(path: str, options: dict[str, Any]) -> None:
    case = Case(12, 12)
    case.sim.faults.add({"path": path, "skip": 1, **options})
    connector = case.connect()
    assert keys(read(connector, TEMPLATE)[0]) == set(case.numbers)
    found, verdict = customers(case, page_size=5)
    assert sum(case.sim.faults.fired.values()) == 1
    assert sorted(found) == case.sim.customers()
    assert verdict.proven


def test_f17_eight_threads_share_one_renewal() -> None:
    case = Case(40)
    connector = case.connect(threads=8)
    connector.probe()
    case.sim.faults.add(Fault("expire", path=DETAIL, skip=10))
    assert len(read(connector, TEMPLATE)[0]) == 40
    assert case.sim.counters.by_endpoint[TOKEN] == 2


def test_the_limits_of_the_sheet_are_never_hit() -> None:
    case = Case(700, 20, limits="sheet", apart_s=1)
    assert len(read(case.connect(threads=1), TEMPLATE)[0]) == 700
    customers(case)
    assert case.sim.counters.refused == 0


def test_a_used_up_limit_holds_everybody_for_a_minute() -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code="45009", path=NUMBERS))
    with pytest.raises(Retry) as caught:
        connector.probe()
    assert caught.value.after_s is not None
    assert caught.value.after_s >= 60
    calls = case.sim.counters.calls
    assert outcome(connector.probe) == (Retry, "CON003")
    assert case.sim.counters.calls == calls, "nobody asks meanwhile"
    case.clock.advance(62)
    connector.probe()


# Every code of the sheet

SHEET = {
    "refresh-token": ["40014", "42001"],
    "retry": ["-1", "45033", "45035", "301026", "301057"],
    "throttle": ["45009"],
    "fatal-record": ["84061", "40096", "40003", "60111", "301025", "40058", "40063", "301112"],
    "fatal-config": [
        *("40001", "40013", "41001", "41004", "48001", "48002", "50003", "60011", "60020"),
        *("301002", "301055", "301056", "701008"),
    ],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
@pytest.mark.parametrize("path", [NUMBERS, BATCH, MEMBERS])
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str, path: str) -> None:
    case = Case(1, 1)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=code, path=path, count=None))
    # A refused question is ours, so a read blames no record: it stops.
    expected = CLASSES | {"fatal-record": (Halt, "CON266"), "fatal-config": (Misconfigured, "CON265")}
    assert outcome(lambda: read(connector, TEMPLATE if path == NUMBERS else "customer")) == expected[name]


def test_minus_one_is_tried_three_times_more() -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    before = case.sim.counters.calls
    case.sim.faults.add(Fault("refuse", code="-1", path=NUMBERS, count=None))
    assert outcome(connector.probe) == (Retry, "CON013")
    assert case.sim.counters.calls - before == 4


def test_a_wrong_secret_is_tried_once_and_a_wrong_path_is_a_matter_of_settings() -> None:
    case = Case(1)
    assert outcome(case.connect(secret="wrong-secret").probe) == (Misconfigured, "CON265")
    assert case.sim.counters.by_endpoint == {TOKEN: 1}
    assert outcome(case.connect(base_url="http://127.0.0.1/elsewhere").probe) == (Misconfigured, "CON265")


def test_templates_need_a_first_day() -> None:
    with pytest.raises(ValidationError, match="set `since`"):
        Case().connect(since=None)
    assert Case().connect(since=None, templates=[]).probe() == "demo: signed in, 2 members with customers"


def test_s6_no_token_or_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(1)
    connector = case.connect()
    connector.probe()
    token = case.sim.token()
    message = f"bad {token}, corpsecret=wecom-sandbox-secret"
    case.sim.faults.add(Fault("refuse", code="40058", message=message, path=NUMBERS, count=None))
    with pytest.raises(Halt) as caught:
        connector.probe()
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (token, "wecom-sandbox-secret"):
        assert secret not in everything
