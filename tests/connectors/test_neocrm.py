"""Neocrm against a pretend tenant: reading, resuming, writing, faults, and every class of the sheet."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, Position, Reading, Window, Write, WriteResult
from connectors.neocrm import Neocrm
from connectors.neocrm.client import can_ask, plain
from connectors.neocrm.walk import plan, rewound
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.neocrm import Neocrm as Tenant
from goldbridge.simulators.neocrm.schema import DEPARTMENT, ENTITY_TYPE, HUB_USER, OTHER_USER
from tests.connectors.rig import CLASSES, NOON, NOON_MS, MemoryStore, connect, outcome, read, sim_clock, table

SECRETS = {
    "login_url": "http://127.0.0.1",
    "client_id": "neo-sandbox-client",
    "client_secret": "neo-sandbox-client-secret",
    "redirect_uri": "https://hub.example/callback",
    "username": "hub@sandbox.example",
    "password": "neo-sandbox-password",
    "security_token": "Ab3dEf9h",
    "defaults": {"account": {"entityType": ENTITY_TYPE, "ownerId": HUB_USER, "dimDepart": DEPARTMENT}},
}
TOKEN = "/auc/oauth2/token"
QUERY = "/rest/data/v2.0/query/xoql"
CREATE = "*/xobjects/account"
CREATED = "/rest/data/v2.0/xobjects/{name}"


def account(number: int, at_ms: int | None = None, **more: Any) -> dict[str, Any]:
    at = at_ms if at_ms is not None else NOON_MS - 1_000_000 + number * 1000
    return {"accountName": f"示例{number:04d}号有限公司", "updatedAt": at, **more}


class Case:
    """A tenant with rows, and connectors in front of it."""

    def __init__(self, count: int = 0, *, rows: Any = None, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        accounts = [account(number) for number in range(count)]
        self.sim = Tenant(rows or {"account": accounts}, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Any:
        more = {"writes": "enabled", "page_size": 10, **SECRETS, **more}
        return connect(Neocrm, self.sim, self.clock, store=self.store, **more)

    def ids(self) -> list[str]:
        return [row["id"] for row in self.sim.rows("account")]

    def calls(self, path: str) -> int:
        return self.sim.counters.by_endpoint.get(path, 0)


def _write(connector: Any, *batch: Write) -> list[WriteResult]:
    results: list[WriteResult] = connector.write(connector.streams["account"], batch)
    assert [result.external_id for result in results] == [write.external_id for write in batch]
    return results


def _new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"accountName": f"新建{number}有限公司", **values})


# Reading


def test_a_first_read_meets_every_row_once_and_the_next_one_none() -> None:
    case = Case(25)
    connector = case.connect()
    rows, pages, verdict = read(connector, "account")
    assert [row["id"] for row in rows] == case.ids()
    assert verdict.proven
    assert [len(page.rows) for page in pages] == [10, 10, 5, 0]
    assert read(connector, "account", pages[-1].at)[0] == []


@pytest.mark.parametrize("as_number", [False, True])
def test_long_numbers_are_text_and_the_rest_is_passed_on_unchanged(as_number: bool) -> None:
    rows = {"account": [account(1, level=2, tags__c=[1, 3], capital__c="3000000.5")]}
    case = Case(rows=rows, id_as_number=as_number)
    row = read(case.connect(), "account")[0][0]
    assert row["id"] == case.ids()[0]
    assert (row["level"], row["tags__c"], row["capital__c"], row["phone"]) == (2, [1, 3], "3000000.50", None)
    assert row["updatedAt"] == NOON_MS - 999_000


def test_numbers_become_text_where_a_binary_fraction_would_round_them() -> None:
    row = {"a": 2**53, "b": 10**15 - 1, "c": [10**18], "d": True, "e": "x"}
    assert plain(row) == {"a": str(2**53), "b": 10**15 - 1, "c": [str(10**18)], "d": True, "e": "x"}


def test_the_window_is_closed_and_its_start_is_exclusive() -> None:
    case = Case(10)
    at = [row["updatedAt"] for row in case.sim.rows("account")]
    rows, _, _ = read(case.connect(), "account", Position(str(at[2])), str(at[6]))
    assert [row["updatedAt"] for row in rows] == at[3:7]


def test_f7_rows_edited_during_the_walk_are_met_by_this_window_or_the_next() -> None:
    case = Case(40)
    connector = case.connect()
    stream = connector.streams["account"]
    seen, at = set(), None
    for number, page in enumerate(connector.read(stream, Window(None, connector.bound(stream)))):
        seen |= {row["id"] for row in page.rows}
        at = page.at
        case.clock.advance(10)
        for key in case.ids()[number * 4 : number * 4 + 20]:
            case.sim.edit("account", key, {"comment": "改"})
    case.clock.advance(10)
    rows, _, _ = read(connector, "account", at)
    assert seen | {row["id"] for row in rows} == set(case.ids())
    edited = {row["id"] for row in case.sim.rows("account") if row["comment"] == "改"}
    assert {row["id"] for row in rows if row["comment"] == "改"} == edited


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 12), st.integers(1, 6), st.integers(0, 30))
def test_f2_a_killed_read_goes_on_at_its_page(killed_after: int, page_size: int, edited: int) -> None:
    case = Case(30)
    connector = case.connect(page_size=page_size)
    stream = connector.streams["account"]
    met: set[tuple[str, int]] = set()
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        met |= {(row["id"], row["updatedAt"]) for row in page.rows}
        at = page.at
    pages.close()
    case.clock.advance(60)
    for key in case.ids()[:edited]:
        case.sim.edit("account", key, {"comment": "改"})
    case.clock.advance(60)
    delivered = len(met)
    again = case.connect(page_size=page_size, overlap_s=0)
    rows, _, verdict = read(again, "account", at)
    met |= {(row["id"], row["updatedAt"]) for row in rows}
    assert {(row["id"], row["updatedAt"]) for row in case.sim.rows("account")} <= met
    assert verdict.proven
    if edited == 0 and delivered:
        assert len(rows) == 30 - delivered, "pages that were committed are not read again"


def test_f30_a_thousand_rows_of_one_millisecond() -> None:
    case = Case(rows={"account": [account(number, NOON_MS - 9000) for number in range(1000)]})
    rows, _, _ = read(case.connect(page_size=90), "account")
    assert len({row["id"] for row in rows}) == 1000


def test_f32_a_late_row_inside_the_overlap_is_met() -> None:
    case = Case(5)
    connector = case.connect(overlap_s=120)
    _, pages, _ = read(connector, "account")
    at = pages[-1].at
    assert at is not None
    case.sim.tenant.load("account", [account(77, int(at.cursor) - 60_000)])
    case.clock.advance(30)
    assert read(connector, "account", at)[0] == []
    rows, pages, _ = read(connector, "account", connector.rewind(connector.streams["account"], at))
    assert "示例0077号有限公司" in [row["accountName"] for row in rows]
    assert pages[-1].at is not None
    assert int(pages[-1].at.cursor) > int(at.cursor)


def test_f29_the_upper_bound_is_the_earlier_clock_less_the_delay() -> None:
    for server_shift_s, expected_ms in ((-600, NOON_MS - 605_000), (600, NOON_MS - 5_000)):
        case = Case(1)
        case.sim.clock.shift(server_shift_s)
        connector = case.connect()
        assert int(connector.bound(connector.streams["account"])) == expected_ms


def test_a_slice_covers_whole_days_of_the_zone() -> None:
    connector = Case().connect()
    window = connector.slice(connector.streams["account"], "2026-03-01", "2026-03-01")
    midnight = NOON_MS - 36 * 3_600_000
    assert window == Window(Position(str(midnight - 1)), str(midnight + 86_400_000 - 1))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**4), st.booleans())
def test_a_plan_leaves_no_gap(start: int, end: int, overlap: int, interrupted: bool) -> None:
    at = Position(str(start))
    if interrupted:
        at = plan(rewound(at, overlap), start + 500, overlap)[0]._replace(after=17).at()
    walks = plan(rewound(at, overlap), end, overlap)
    assert walks[0].lower <= start
    assert all(later.lower <= earlier.upper for earlier, later in pairwise(walks))
    assert walks[-1].upper >= end
    assert int(walks[-1].done().cursor) >= start


def test_rows_of_others_are_read_with_an_administrators_view_only() -> None:
    case = Case(rows={"account": [account(1), account(2, ownerId=OTHER_USER)]})
    assert len(read(case.connect(), "account")[0]) == 2
    assert len(read(case.connect(all_rows=False), "account")[0]) == 1


def test_only_the_fields_that_are_named_are_read_and_unknown_ones_are_told() -> None:
    case = Case(1)
    row = read(case.connect(fields={"account": ["accountName"]}), "account")[0][0]
    assert list(row) == ["id", "updatedAt", "golden_id__c", "accountName"]
    with pytest.raises(Misconfigured, match="did you mean 'accountName'") as caught:
        read(case.connect(fields={"account": ["acountName"]}), "account")
    assert caught.value.code == "CON312"


def test_an_unknown_object_is_a_matter_of_settings() -> None:
    with pytest.raises(Misconfigured, match="object not exist: acount") as caught:
        Case().connect(objects=["acount"]).probe()
    assert caught.value.code == "CON311"


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("message", [True, False])
@pytest.mark.parametrize("data_id", [True, False])
def test_every_envelope_that_clients_report_is_understood(as_text: bool, message: bool, data_id: bool) -> None:
    case = Case(12, code_as_text=as_text, says_message=message, says_data_id=data_id)
    connector = case.connect()
    assert len(read(connector, "account")[0]) == 12
    good, bad = _write(connector, _new(1), _new(2, email="no mail"))
    assert (good.outcome, good.key) == ("written", case.ids()[-1])
    assert (bad.outcome, "email" in bad.message) == ("rejected", True)


# Faults while reading


def test_f6_a_page_served_twice_is_asked_for_again() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("duplicate_page", path=QUERY, skip=1))
    assert [row["id"] for row in read(case.connect(), "account")[0]] == case.ids()


def test_f6_a_page_that_repeats_for_ever_is_a_loop() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("duplicate_page", path=QUERY, skip=2, count=None))
    assert outcome(lambda: read(case.connect(), "account")) == (Halt, "CON317")


def test_f8_a_short_page_is_not_the_end() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("short_page", path=QUERY, rows=6, count=2))
    rows, _, verdict = read(case.connect(), "account")
    assert len(rows) == 35
    assert verdict.proven


def test_an_empty_page_although_rows_are_left_is_not_taken_for_the_end() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("short_page", path=QUERY, rows=10, skip=2))
    rows, pages, verdict = read(case.connect(), "account")
    assert len(rows) == 20
    assert not verdict.proven
    assert "15 rows of account" in verdict.reason
    rest, _, verdict = read(case.connect(overlap_s=0), "account", pages[-1].at)
    assert [row["id"] for row in rest] == case.ids()[20:]
    assert verdict.proven


def test_f17_a_token_that_expires_mid_walk_is_renewed_and_the_page_repeated() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("expire", path=QUERY, skip=1))
    assert len(read(case.connect(), "account")[0]) == 35
    assert case.calls(TOKEN) == 2


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("throttle", after_s=5.0, path=QUERY), None),  # F10
        (Fault("throttle", after_s=30.0, as_date=True, path=QUERY), None),  # F11
        (Fault("throttle", path=QUERY, count=2), None),  # F12
        (Fault("throttle", path=QUERY, count=None), (Retry, "CON003")),
        (Fault("truncated", path=QUERY), None),  # F20
        (Fault("reset", path=QUERY, when="mid"), None),
        (Fault("reset", path=QUERY, when="before"), None),
        (Fault("encoding", code="bom", path=QUERY), None),
        (Fault("encoding", code="gbk", path=QUERY), None),
        (Fault("unavailable", path=QUERY, count=2), None),
        (Fault("unavailable", path=QUERY, count=None), (Retry, "CON002")),
        (Fault("html", path=QUERY), None),
        (Fault("html", path=QUERY, count=None), (Halt, "CON007")),  # F16
        (Fault("bomb", size_mb=64, path=QUERY, count=None), (Halt, "CON008")),
        (Fault("error_body", body={}, path=QUERY), (Halt, "CON015")),  # F14
        (Fault("error_body", body=[], path=QUERY), (Halt, "CON015")),
        (Fault("error_body", body={"code": 200, "data": {}}, path=QUERY), (Halt, "CON019")),
        (
            Fault("error_body", body={"code": 200, "data": {"totalSize": 1, "records": None}}, path=QUERY),
            (Halt, "CON019"),
        ),
        (
            Fault("error_body", body={"code": "200", "data": {"totalSize": 1, "records": [{}]}}, path=QUERY),
            (Halt, "CON019"),
        ),
    ],
)
def test_the_faults_of_the_wire(fault: Fault, expected: Any) -> None:
    case = Case(35)
    case.sim.faults.add(fault)
    if expected is None:
        assert len(read(case.connect(), "account")[0]) == 35
    else:
        assert outcome(lambda: read(case.connect(), "account")) == expected


# Every class of the sheet

STATUSES = [
    (401, (Misconfigured, "CON010")),
    (403, (Misconfigured, "CON010")),
    (408, (Retry, "CON002")),
    (429, (Retry, "CON003")),
    (500, (Retry, "CON002")),
    (503, (Retry, "CON002")),
]
SENTENCES = {
    "refresh-token": ["access token is expired", "token失效"],
    "throttle": ["访问频率超限", "frequency limit", "Too Many Requests"],
    "fatal-record": [
        *(
            "字段 accountName 为必填项",
            "字段 visitFrequency(拜访频率) 为必填项",
            "duplicate value",
            "值重复",
            "校验失败",
        ),
        *("invalid value", "data not exist: 7", "name is required"),
    ],
    "fatal-config": ["object not exist: x", "field not exist: y", "对象不存在", "字段不存在", "sql syntax error"],
}


@pytest.mark.parametrize(("status", "expected"), STATUSES)
def test_the_http_status_counts_first(status: int, expected: Any) -> None:
    case = Case(12)
    connector = case.connect()
    connector.probe()
    body = {"code": "300010", "msg": "字段校验失败"}
    case.sim.faults.add(Fault("error_body", body=body, status=status, path=QUERY, count=None))
    assert outcome(lambda: read(connector, "account")) == expected


@pytest.mark.parametrize(("text", "name"), table(SENTENCES))
def test_a_sentence_ends_in_its_class_when_reading(text: str, name: str) -> None:
    case = Case(12)
    case.sim.faults.add(Fault("refuse", code="300999", message=text, path=QUERY, count=None))
    # A refused question is ours, so a read blames no record: it stops.
    expected = CLASSES | {"fatal-record": (Halt, "CON314"), "fatal-config": (Misconfigured, "CON311")}
    assert outcome(lambda: read(case.connect(), "account")) == expected[name]


@pytest.mark.parametrize(("text", "name"), table(SENTENCES))
def test_a_sentence_ends_in_its_class_when_writing(text: str, name: str) -> None:
    case = Case()
    connector = case.connect()
    case.sim.faults.add(Fault("refuse", code="300999", message=text, path=CREATE, count=None))
    if name in ("refresh-token", "fatal-config"):
        expected = CLASSES | {"fatal-config": (Misconfigured, "CON311")}
        assert outcome(lambda: _write(connector, _new(2))) == expected[name]
        return
    result = _write(connector, _new(2))[0]
    results = {"throttle": ("retry", "CON003"), "fatal-record": ("rejected", "CON314")}
    assert (result.outcome, result.code) == results[name]


def test_a_sentence_that_nobody_knows_is_no_empty_answer() -> None:
    case = Case(12)
    case.sim.faults.add(Fault("refuse", code="300999", message="?", path=QUERY))
    assert outcome(lambda: read(case.connect(), "account")) == (Halt, "CON015")
    case.sim.faults.add(Fault("refuse", code="300999", message="?", path=CREATE))
    assert [(one.outcome, one.code) for one in _write(case.connect(), _new(1))] == [("rejected", "CON015")]


def test_v1_puts_its_code_elsewhere() -> None:
    case = Case(12)
    body = {"error_code": 20000002, "message": "invalid token"}
    case.sim.faults.add(Fault("error_body", body=body, path=QUERY))
    assert len(read(case.connect(), "account")[0]) == 12
    assert case.calls(TOKEN) == 2


@pytest.mark.parametrize("key", ["300999", "奇怪"])
def test_the_tenants_own_classes_come_first(key: str) -> None:
    case = Case(12)
    case.sim.faults.add(Fault("refuse", code="300999", message="奇怪, duplicate", path=QUERY, count=None))
    connector = case.connect(classes={key: "fatal-config"})
    assert outcome(lambda: read(connector, "account")) == (Misconfigured, "CON311")


@pytest.mark.parametrize("wrong", ["client_secret", "password", "security_token", "username"])
def test_a_wrong_credential_is_a_matter_of_settings_and_not_asked_twice(wrong: str) -> None:
    case = Case(1)
    assert outcome(case.connect(**{wrong: "something-wrong"}).probe) == (Misconfigured, "CON310")
    assert case.calls(TOKEN) == 1


@pytest.mark.parametrize(("told", "asked_again"), [(7200, 7081.0), (None, 3181.0)])
def test_a_token_lives_as_long_as_it_says_or_else_less_than_an_hour(told: int | None, asked_again: float) -> None:
    case = Case(1, expires_in=told)
    connector = case.connect()
    connector.probe()
    case.clock.advance(asked_again - 2)
    connector.schema.fields("account")
    assert case.calls(TOKEN) == 1
    case.clock.advance(302)
    connector.schema.fields("account")
    assert case.calls(TOKEN) == 2


# Writing


def test_create_update_and_delete() -> None:
    case = Case()
    connector = case.connect()
    created = _write(connector, _new(1, phone="0571-1", capital__c="3000000", level="普通客户", tags__c=["外资", 3]))[0]
    row = case.sim.rows("account")[0]
    assert (created.outcome, created.key) == ("written", row["id"])
    assert (row["golden_id__c"], row["level"], row["tags__c"]) == ("g1", 2, [1, 3])
    assert (row["entityType"], row["dimDepart"]) == (ENTITY_TYPE, DEPARTMENT)
    changed = Write("update", "g1", {"phone": "0571-2", "level": "1"}, key=row["id"])
    assert _write(connector, changed)[0].outcome == "written"
    assert [(each["phone"], each["level"]) for each in case.sim.rows("account")] == [("0571-2", 1)]
    gone = Write("deactivate", "g1", {}, key=row["id"])
    assert [_write(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert case.sim.rows("account") == []
    assert _write(connector, Write("deactivate", "g404", {}))[0].outcome == "written"


def test_a_record_may_be_retired_by_values_instead() -> None:
    case = Case()
    connector = case.connect(inactive={"account": {"level": "潜在客户"}})
    key = _write(connector, _new(1))[0].key
    assert _write(connector, Write("deactivate", "g1", {}))[0].key == key
    assert [row["level"] for row in case.sim.rows("account")] == [3]


def test_what_a_mapping_says_is_more_than_a_default() -> None:
    case = Case()
    _write(case.connect(), _new(1, ownerId=OTHER_USER))
    assert case.sim.rows("account")[0]["ownerId"] == OTHER_USER
    result = _write(case.connect(defaults={}), _new(2))[0]
    assert (result.outcome, result.code) == ("rejected", "CON314")
    assert "entityType" in result.message


def test_a_label_that_is_no_option_is_rejected_and_a_new_one_is_learned() -> None:
    case = Case()
    connector = case.connect()
    rejected = _write(connector, _new(1, level="战略客人"))[0]
    assert (rejected.outcome, rejected.code, rejected.field) == ("rejected", "CON313", "level")
    assert "did you mean '战略客户'?" in rejected.message
    connector.schema.fields("account")["level"].options.pop("战略客户")  # what an older description would have said
    assert _write(connector, _new(2, level="战略客户"))[0].outcome == "rejected"
    case.clock.advance(1)
    assert _write(connector, _new(3, level="战略客户"))[0].outcome == "written"


def test_a_create_that_is_repeated_updates_what_the_first_one_left() -> None:
    case = Case()
    first = _write(case.connect(), _new(1), _new(2))
    again = _write(case.connect(), _new(1, phone="1"), _new(2), _new(3))
    assert [result.key for result in again][:2] == [result.key for result in first]
    assert len(case.ids()) == 3


def test_one_id_twice_in_a_batch_makes_one_record() -> None:
    case = Case()
    results = _write(case.connect(), _new(1), _new(1, phone="2"))
    assert [result.outcome for result in results] == ["written", "retry"]
    assert len(case.ids()) == 1


def test_a_record_typed_by_hand_is_adopted_by_its_key() -> None:
    case = Case(1)
    result = _write(case.connect(), Write("update", "g1", {"phone": "9"}, key=case.ids()[0]))[0]
    assert result.outcome == "written"
    assert [(row["golden_id__c"], row["phone"]) for row in case.sim.rows("account")] == [("g1", "9")]


def test_an_update_finds_its_record_or_says_that_it_is_gone() -> None:
    case = Case(rows={"account": [account(1, golden_id__c="g1")]})
    found, lost = _write(case.connect(), Write("update", "g1", {"phone": "9"}), Write("update", "g404", {"phone": "9"}))
    assert (found.outcome, found.key) == ("written", case.ids()[0])
    assert (lost.outcome, lost.code) == ("rejected", "CON315")
    key = case.ids()[0]
    case.sim.remove("account", key)
    gone = _write(case.connect(), Write("update", "g1", {"phone": "9"}, key=key))[0]
    assert (gone.outcome, gone.code) == ("rejected", "CON315")


def test_a_refused_update_of_a_record_that_is_there_keeps_its_reason() -> None:
    case = Case(rows={"account": [account(1, golden_id__c="g1", lockStatus=2)]})
    result = _write(case.connect(), Write("update", "g1", {"phone": "9"}))[0]
    assert (result.outcome, result.code) == ("rejected", "CON314")
    assert "锁定" in result.message


def test_ids_are_read_back_in_one_question_per_hundred() -> None:
    case = Case(rows={"account": [account(number, golden_id__c=f"g{number}") for number in range(230)]})
    connector = case.connect()
    asked = [f"g{number}" for number in range(250)]
    found = connector.read_back(connector.streams["account"], [*asked, "", "it's"])
    assert len(found) == 230
    assert found["g7"]["accountName"] == "示例0007号有限公司"
    assert case.calls(QUERY) == 3


@pytest.mark.parametrize("bad", ["it's", 'a"b', "a\\b", "a\nb", ""])
def test_an_id_that_cannot_be_asked_for_is_never_written(bad: str) -> None:
    assert not can_ask(bad)
    case = Case()
    good, refused = _write(case.connect(), _new(1), Write("create", bad, {"accountName": "引号有限公司"}))
    assert (good.outcome, refused.outcome, refused.code) == ("written", "rejected", "CON319")
    assert len(case.ids()) == 1


@pytest.mark.parametrize("fault", [Fault("lost", path=CREATE), Fault("reset", path=CREATE, when="after")])
def test_f1_f28_a_write_whose_answer_was_lost_is_unknown_and_read_back(fault: Fault) -> None:
    case = Case()
    case.sim.faults.add(fault)
    connector = case.connect()
    lost, other = _write(connector, _new(1), _new(2))
    assert (lost.outcome, lost.code, other.outcome) == ("unknown", "CON005", "written")
    back = connector.read_back(connector.streams["account"], ["g1"])
    assert back["g1"]["id"] == case.ids()[0]
    assert _write(connector, _new(1))[0].key == case.ids()[0]
    assert len(case.ids()) == 2


def test_f28_a_write_that_was_never_done_is_not_found_and_sent_again() -> None:
    case = Case()
    case.sim.faults.add(Fault("unavailable", path=CREATE, status=502))
    connector = case.connect()
    assert _write(connector, _new(1))[0].outcome == "unknown"
    assert connector.read_back(connector.streams["account"], ["g1"]) == {}
    assert _write(connector, _new(1))[0].outcome == "written"


def test_f38_f39_a_refused_record_leaves_the_rest_of_the_batch_alone() -> None:
    case = Case(rows={"account": [account(1, golden_id__c="g9"), account(2)]})
    taken = Write("update", "g9", {"phone": "1"}, key=case.ids()[1])
    results = _write(case.connect(), _new(1), _new(2, email="no mail"), taken, _new(3, phone="\ud800"), _new(4))
    assert [result.outcome for result in results] == ["written", "rejected", "rejected", "rejected", "written"]
    assert [result.code for result in results] == ["", "CON314", "CON314", "CON017", ""]
    assert "no mail" not in results[1].message


def test_f42_a_success_that_was_none_is_seen_by_reading_back() -> None:
    case = Case()
    case.sim.faults.add(Fault("phantom", path=CREATE))
    connector = case.connect()
    assert _write(connector, _new(1))[0].outcome == "written"
    assert connector.read_back(connector.streams["account"], ["g1"]) == {}


def test_a_create_that_tells_no_id_is_found_or_unknown() -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"code": 200}, path=CREATE))
    result = _write(case.connect(), _new(1))[0]
    assert (result.outcome, result.code) == ("unknown", "CON005")


def test_f17_a_token_that_expires_in_the_middle_of_a_batch() -> None:
    case = Case()
    case.sim.faults.add(Fault("expire", path=CREATE, skip=1))
    assert [result.outcome for result in _write(case.connect(), _new(1), _new(2), _new(3))] == ["written"] * 3
    assert (case.calls(TOKEN), len(case.ids())) == (2, 3)


def test_a_fault_of_the_whole_target_keeps_the_results_it_already_has() -> None:
    case = Case()
    message = "object not exist: account"
    case.sim.faults.add(Fault("refuse", code="300002", message=message, path=CREATE, skip=2, count=None))
    results = _write(case.connect(), *(_new(number) for number in range(5)))
    assert [result.outcome for result in results] == ["written", "written", "retry", "retry", "retry"]
    assert case.calls(CREATED) == 3, "the rest was not sent"
    assert outcome(lambda: _write(case.connect(), _new(9))) == (Misconfigured, "CON311")


def test_unknown_fields_are_named_before_anything_is_written() -> None:
    case = Case()
    with pytest.raises(Misconfigured) as caught:
        _write(case.connect(), _new(1, telephone="1", acountName="x"))
    assert [problem.code for problem in caught.value.problems] == ["CON312"] * 2
    assert "did you mean 'accountName'?" in str(caught.value)
    with pytest.raises(Misconfigured, match="unique text field") as caught:
        _write(case.connect(external_id="ext__c"), _new(1))
    assert caught.value.code == "CON316"
    assert case.sim.counters.writes == 0


def test_writing_is_off_unless_it_is_switched_on() -> None:
    case = Case()
    assert outcome(lambda: _write(case.connect(writes="disabled"), _new(1))) == (Misconfigured, "CON318")
    assert case.sim.counters.calls == 0


# Tokens, budgets, secrets


def test_f17_many_threads_share_one_token() -> None:
    sim = Tenant()
    with Loopback(sim.app) as url:
        more = {**SECRETS, "login_url": url, "budget": {"calls": 1000, "per_s": 1}}
        connector = connect(Neocrm, None, Clock(), base_url=url, writes="enabled", threads=8, **more)
        sim.faults.add(Fault("expire", path=CREATE, skip=3))
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda number: _write(connector, _new(number), _new(number + 8)), range(8)))
    assert {result.outcome for two in results for result in two} == {"written"}
    assert sim.counters.by_endpoint[TOKEN] == 2
    assert len(sim.rows("account")) == 16


def test_the_budget_holds_five_calls_a_second_login_included() -> None:
    case = Case(3, limits="sheet")
    connector = case.connect()
    for _ in range(30):
        connector.read_back(connector.streams["account"], ["g1"])
    assert case.sim.counters.refused == 0
    assert 5 <= case.clock.monotonic() <= 10


def test_a_reading_can_be_abandoned() -> None:
    connector = Case(25).connect()
    stream = connector.streams["account"]
    reading = Reading(connector.read(stream, Window(None, connector.bound(stream))))
    page: Page = next(reading)
    reading.close()
    assert len(page.rows) == 10
    assert isinstance(page.at, Position)


def test_s6_no_token_or_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case, tokens = Case(12), set()
    real = case.sim.handle
    secrets = ("neo-sandbox-client-secret", "neo-sandbox-password", "Ab3dEf9h")

    def watch(call: Any, endpoint: Any) -> Any:
        tokens.add(call.headers.get("authorization", "").removeprefix("Bearer ") or secrets[0])
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    connector = case.connect()
    connector.probe()
    text = f"frequency password={secrets[1]}{secrets[2]}"
    case.sim.faults.add(Fault("refuse", code="1", message=text, path=QUERY, count=None))
    with pytest.raises(Retry) as caught:
        read(connector, "account")
    assert len(tokens) == 2
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in (*secrets, *tokens):
        assert secret not in everything
