"""Fxiaoke against a pretend tenant: reading, resuming, writing, faults, and every code of the vendor's sheet."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, Position, Reading, Window, Write
from connectors.fxiaoke import Fxiaoke
from connectors.fxiaoke.walk import plan, rewound
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.simulators.fxiaoke import Fxiaoke as Tenant
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import Loopback
from tests.connectors.rig import CLASSES, NOON, NOON_MS, MemoryStore, connect, outcome, read, sim_clock, table

SECRETS = {
    "app_id": "FSAID_sandbox",
    "app_secret": "fx-sandbox-app-secret",
    "permanent_code": "fx-sandbox-permanent-code",
}
QUERY = "/cgi/crm/v2/data/query"


def account(number: int, at_ms: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "name": f"示例{number:04d}号有限公司",
        "tel": "0571-88880000",
        "last_modified_time": at_ms if at_ms is not None else NOON_MS - 1_000_000 + number * 1000,
        **more,
    }


class Case:
    """A tenant with rows, and connectors in front of it."""

    def __init__(self, count: int = 0, *, rows: Any = None, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        accounts = [account(number) for number in range(count)]
        self.sim = Tenant(rows or {"AccountObj": accounts}, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Fxiaoke:
        more = {"writes": "enabled", **SECRETS, **more}
        return connect(Fxiaoke, self.sim, self.clock, store=self.store, **more)

    def ids(self, name: str = "AccountObj") -> list[str]:
        return [row["_id"] for row in self.sim.rows(name)]


def _write(connector: Fxiaoke, *batch: Write, stream: str = "AccountObj") -> list[Any]:
    results = connector.write(connector.streams[stream], batch)
    assert [result.external_id for result in results] == [write.external_id for write in batch]
    return results


def _new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"name": f"新建{number}有限公司", **values})


# Reading


def test_a_first_read_meets_every_row_once_and_the_next_one_none() -> None:
    case = Case(250)
    connector = case.connect()
    rows, pages, verdict = read(connector, "AccountObj")
    assert sorted(row["_id"] for row in rows) == case.ids()
    assert verdict.proven
    assert [len(page.rows) for page in pages] == [100, 100, 50]
    again, _, _ = read(connector, "AccountObj", pages[-1].at)
    assert again == []


def test_a_row_is_passed_on_unchanged_with_empty_fields_as_null() -> None:
    case = Case(rows={"AccountObj": [account(1, capital__c="3000000.5", reg_status__c="存续")]})
    row = read(case.connect(), "AccountObj")[0][0]
    assert row["capital__c"] == "3000000.50"
    assert row["email"] is None
    assert row["last_modified_time"] == NOON_MS - 999_000
    assert row["reg_status__c"] != "存续"  # the option's value; its label is the mapping's business


def test_the_window_is_closed_and_its_start_is_exclusive() -> None:
    case = Case(10)
    at = [row["last_modified_time"] for row in case.sim.rows("AccountObj")]
    rows, _, _ = read(case.connect(), "AccountObj", Position(str(at[2])), str(at[6]))
    assert [row["last_modified_time"] for row in rows] == at[3:7]


def test_f7_rows_edited_during_the_walk_are_met_by_this_window_or_the_next() -> None:
    case = Case(300)
    connector = case.connect()
    stream = connector.streams["AccountObj"]
    end = connector.bound(stream)
    seen, at = set(), None
    for number, page in enumerate(connector.read(stream, Window(None, end))):
        seen |= {row["_id"] for row in page.rows}
        at = page.at
        case.clock.advance(10)
        for key in case.ids()[number * 20 : number * 20 + 120]:
            case.sim.edit("AccountObj", key, {"remark": "改"})
    case.clock.advance(10)
    rows, _, _ = read(connector, "AccountObj", at)
    assert seen | {row["_id"] for row in rows} == set(case.ids())
    assert {row["_id"] for row in rows if row["remark"] == "改"} == {
        row["_id"] for row in case.sim.rows("AccountObj") if row.get("remark") == "改"
    }


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 30))
def test_f2_a_killed_read_goes_on_at_its_page(killed_after: int, page_size: int, edited: int) -> None:
    case = Case(30)
    connector = case.connect(page_size=page_size)
    stream = connector.streams["AccountObj"]
    met: set[tuple[str, int]] = set()
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        met |= {(row["_id"], row["last_modified_time"]) for row in page.rows}
        at = page.at
    pages.close()
    case.clock.advance(60)
    for key in case.ids()[:edited]:
        case.sim.edit("AccountObj", key, {"remark": "改"})
    case.clock.advance(60)
    delivered = len(met)
    rows, _, verdict = read(case.connect(page_size=page_size), "AccountObj", at)
    met |= {(row["_id"], row["last_modified_time"]) for row in rows}
    assert {(row["_id"], row["last_modified_time"]) for row in case.sim.rows("AccountObj")} <= met
    assert verdict.proven
    if edited == 0 and delivered:
        assert len(rows) == 30 - delivered, "pages that were committed are not read again"


def test_f30_a_thousand_rows_of_one_millisecond() -> None:
    case = Case(rows={"AccountObj": [account(number, NOON_MS - 5000) for number in range(1000)]})
    rows, _, _ = read(case.connect(), "AccountObj")
    assert len({row["_id"] for row in rows}) == 1000


def test_f32_a_late_row_inside_the_overlap_is_met() -> None:
    case = Case(5)
    connector = case.connect(overlap_s=120)
    stream = connector.streams["AccountObj"]
    _, pages, _ = read(connector, "AccountObj")
    at = pages[-1].at
    late = account(77, int(at.cursor) - 60_000)
    case.sim.tenant.load({"AccountObj": [late]})
    case.clock.advance(30)
    assert read(connector, "AccountObj", at)[0] == []
    rows, pages, _ = read(connector, "AccountObj", connector.rewind(stream, at))
    assert late["name"] in [row["name"] for row in rows]
    assert int(pages[-1].at.cursor) > int(at.cursor)


def test_f29_the_upper_bound_is_the_earlier_clock_less_the_delay() -> None:
    for server_shift_s, expected_ms in ((-600, NOON_MS - 602_000), (600, NOON_MS - 2_000)):
        case = Case(1)
        case.sim.clock.shift(server_shift_s)
        connector = case.connect()
        assert int(connector.bound(connector.streams["AccountObj"])) == expected_ms


def test_invalidated_rows_are_reported_as_deleted() -> None:
    case = Case(3)
    connector = case.connect()
    _, pages, _ = read(connector, "AccountObj")
    case.clock.advance(60)
    case.sim.remove("AccountObj", case.ids()[1])
    case.clock.advance(60)
    rows, _, _ = read(connector, "AccountObj", pages[-1].at)
    assert [row["_id"] for row in rows] == [case.ids()[1]]
    assert connector.streams["AccountObj"].is_deleted(rows[0])


def test_a_slice_covers_whole_days_of_the_zone() -> None:
    connector = Case().connect()
    window = connector.slice(connector.streams["AccountObj"], "2026-03-01", "2026-03-01")
    midnight = NOON_MS - 36 * 3_600_000
    assert window == Window(Position(str(midnight - 1)), str(midnight + 86_400_000 - 1))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**4), st.booleans())
def test_a_plan_leaves_no_gap(start: int, end: int, overlap: int, interrupted: bool) -> None:
    at = Position(str(start))
    if interrupted:
        walk = plan(rewound(at, overlap), start + 500, overlap)[0]._replace(after="6a01")
        at = walk.at()
    walks = plan(rewound(at, overlap), end, overlap)
    assert walks[0].lower <= start
    assert all(later.lower <= earlier.upper for earlier, later in pairwise(walks))
    assert walks[-1].upper >= end
    assert int(walks[-1].done().cursor) >= start


# Faults while reading


def test_f6_a_page_served_twice_is_asked_for_again() -> None:
    case = Case(250)
    case.sim.faults.add(Fault("duplicate_page", path=QUERY, skip=1))
    assert len(read(case.connect(), "AccountObj")[0]) == 250


def test_f6_a_page_that_repeats_for_ever_is_a_loop() -> None:
    case = Case(250)
    case.sim.faults.add(Fault("duplicate_page", path=QUERY, skip=2, count=None))
    assert outcome(lambda: read(case.connect(), "AccountObj")) == (Halt, "CON043")


def test_f8_a_short_page_is_not_the_end() -> None:
    case = Case(250)
    case.sim.faults.add(Fault("short_page", path=QUERY, rows=60, count=2))
    rows, _, verdict = read(case.connect(), "AccountObj")
    assert len(rows) == 250
    assert verdict.proven


def test_f17_a_token_that_expires_mid_walk_is_renewed_and_the_page_repeated() -> None:
    case = Case(250)
    case.sim.faults.add(Fault("expire", path=QUERY, skip=2))
    assert len(read(case.connect(), "AccountObj")[0]) == 250
    assert case.sim.counters.by_endpoint["/oauth2.0/token"] == 2


@pytest.mark.parametrize("positions", [(0,), (137,), (249,), (137, 138), (0, 249), (0, 40, 41, 99, 100)])
def test_f27_poison_records_do_not_stop_their_page(positions: tuple[int, ...]) -> None:
    case = Case(250)
    poison = {case.ids()[position] for position in positions}
    case.sim.faults.add(*(Fault("poison", path=QUERY, key=key, count=None) for key in poison))
    rows, pages, verdict = read(case.connect(), "AccountObj")
    assert {row["_id"] for row in rows} == set(case.ids()) - poison
    rejects = dict(reject for page in pages for reject in page.rejects)
    assert len(rejects) == len(poison)
    assert {reject.code for reject in rejects.values()} <= {"CON002", "CON013"}
    assert not verdict.proven
    assert f"{len(poison)} records of AccountObj" in verdict.reason


def test_f27_a_server_that_is_down_blames_no_record() -> None:
    case = Case(5)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("unavailable", path=QUERY, count=None))
    assert outcome(lambda: read(connector, "AccountObj", end=str(NOON_MS))) == (Retry, "CON002")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("throttle", after_s=5.0, path=QUERY, skip=1), None),
        (Fault("truncated", path=QUERY, skip=1), None),
        (Fault("reset", path=QUERY, skip=1, when="mid"), None),
        (Fault("reset", path=QUERY, skip=1, when="before"), None),
        (Fault("encoding", code="bom", path=QUERY, skip=1), None),
        (Fault("encoding", code="gbk", path=QUERY, skip=1), None),
        (Fault("unavailable", path=QUERY, skip=1), None),
        (Fault("html", path=QUERY, skip=1), None),
        (Fault("html", path=QUERY, count=None), (Halt, "CON007")),
        (Fault("bomb", size_mb=64, path=QUERY, count=None), (Halt, "CON008")),
        (Fault("error_body", body={"errorCode": 0, "data": {}}, path=QUERY, skip=1), (Halt, "CON019")),
        (Fault("error_body", body={}, path=QUERY, skip=1), (Halt, "CON015")),
    ],
)
def test_the_faults_of_the_wire(fault: Fault, expected: Any) -> None:
    case = Case(120)
    case.sim.faults.add(fault)
    if expected is None:
        assert len(read(case.connect(), "AccountObj")[0]) == 120
    else:
        assert outcome(lambda: read(case.connect(), "AccountObj")) == expected


def test_f21_one_broken_byte_spoils_one_value_not_the_page() -> None:
    case = Case(rows={"AccountObj": [account(1), account(2, remark="备注" * 900), account(3)]})
    case.sim.faults.add(Fault("encoding", code="invalid", path=QUERY))
    rows, _, _ = read(case.connect(), "AccountObj")
    broken = [any("\udc80" <= char <= "\udcff" for value in row.values() for char in str(value)) for row in rows]
    assert broken == [False, True, False]
    assert [row["name"] for row in rows] == [row["name"] for row in case.sim.rows("AccountObj")]


def test_f13_the_bought_quota_parks_the_tenant_until_midnight_through_a_restart() -> None:
    case = Case(250, daily_calls=2)
    assert outcome(lambda: read(case.connect(), "AccountObj")) == (Halt, "CON004")
    calls = case.sim.counters.calls
    with pytest.raises(Halt, match="2026-03-02T16:00:00"):  # 24:00 in Shanghai
        case.connect().probe()
    assert case.sim.counters.calls == calls, "a parked tenant is not asked again"
    case.clock.advance(12 * 3600 + 1)
    case.connect(page_size=100).probe()


# Every code of the sheet

SHEET = {
    "refresh-token": ["20016", "20005"],
    "retry": ["-1", "-2", "50009"],
    "throttle": ["30004", "14001"],
    "throttle day": ["30002"],
    "fatal-record": ["32000", "15002", "30007", "30027", "11005", "11999"],
    "fatal-config": [
        *(str(code) for code in range(10001, 10014)),
        *("11001", "11002", "11013", "20006", "20015", "20017", "20020", "20021", "20022", "20023", "30003"),
        *("15003", "20014"),
    ],
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_reading(code: str, name: str) -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=code, path=QUERY, count=None))
    # A refused question is ours, so a read blames no record: it stops.
    expected = CLASSES | {"fatal-record": (Halt, "CON046"), "fatal-config": (Misconfigured, "CON044")}
    assert outcome(lambda: read(connector, "AccountObj", end=str(NOON_MS))) == expected[name]


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_writing(code: str, name: str) -> None:
    case = Case()
    connector = case.connect()
    _write(connector, _new(1))
    case.sim.faults.add(Fault("refuse", code=code, path="*/create", count=None))
    results: list[Any] = []
    work = lambda: results.extend(_write(connector, _new(2)))  # noqa: E731
    if name in ("refresh-token", "throttle day", "fatal-config"):
        expected = CLASSES | {"fatal-config": (Misconfigured, "CON044")}
        assert outcome(work) == expected[name]
        return
    work()
    expected_results = {"retry": ("unknown", "CON005"), "throttle": ("retry", "CON003")}
    assert (results[0].outcome, results[0].code) == expected_results.get(name, ("rejected", "CON046"))


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("10013", "offset out of range 10000", (Halt, "CON046")),
        ("10013", "missing token", (Misconfigured, "CON044")),
        ("20014", "无此操作的数据权限", (Halt, "CON046")),
        ("99999", "no data permission", (Halt, "CON046")),
        ("99999", "?", (Halt, "CON015")),
    ],
)
def test_a_word_of_the_text_narrows_a_code(code: str, text: str, expected: Any) -> None:
    case = Case(1)
    case.sim.faults.add(Fault("refuse", code=code, message=text, path=QUERY, count=None))
    assert outcome(lambda: read(case.connect(), "AccountObj", end=str(NOON_MS))) == expected


def test_a_wrong_secret_is_a_matter_of_settings() -> None:
    assert outcome(Case(1).connect(app_secret="wrong-secret").probe)[0] is Misconfigured


# Writing


def test_create_update_and_deactivate() -> None:
    case = Case()
    connector = case.connect()
    created = _write(connector, _new(1, tel="0571-1", capital__c=3000000, reg_status__c="存续", owner="1001"))[0]
    row = case.sim.rows("AccountObj")[0]
    assert (created.outcome, created.key) == ("written", row["_id"])
    assert (row["golden_id__c"], row["capital__c"], row["owner"]) == ("g1", "3000000.00", ["1001"])
    assert row["life_status"] == "normal", "no approval was started"
    changed = Write("update", "g1", {"tel": "0571-2", "owner": ["1002"], "reg_status__c": "注销"}, key=row["_id"])
    assert _write(connector, changed)[0].outcome == "written"
    row = case.sim.rows("AccountObj")[0]
    assert (row["tel"], row["owner"], row["name"]) == ("0571-2", ["1002"], "新建1有限公司")
    gone = Write("deactivate", "g1", {}, key=row["_id"])
    assert [_write(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert case.sim.rows("AccountObj")[0]["life_status"] == "invalid"


def test_a_label_becomes_the_tenants_option_value() -> None:
    case = Case(option_seed=7)
    connector = case.connect()
    _write(connector, _new(1, reg_status__c="存续", account_status__c="active"))
    row = case.sim.rows("AccountObj")[0]
    options = connector.schema.fields("AccountObj")["reg_status__c"].options
    assert options[row["reg_status__c"]] == "存续"
    assert row["account_status__c"] == "active"
    rejected = _write(connector, _new(2, reg_status__c="存绪"))[0]
    assert (rejected.outcome, rejected.code, rejected.field) == ("rejected", "CON042", "reg_status__c")
    assert "did you mean '存续'?" in rejected.message


def test_values_are_sent_in_the_shape_of_their_field() -> None:
    case = Case()
    connector = case.connect(objects=["object_r1sk7__c"])
    values = {"name": "风险", "level__c": "高", "tags__c": "诉讼", "amount__c": 5, "confirmed__c": True}
    result = _write(connector, Write("create", "r1", {**values, "found_at__c": NOON_MS}), stream="object_r1sk7__c")[0]
    row = case.sim.rows("object_r1sk7__c")[0]
    assert (result.outcome, result.key) == ("written", row["_id"])  # found by read-back: the answer has no id
    assert (len(row["tags__c"]), row["amount__c"], row["confirmed__c"]) == (1, "5.00", True)


def test_back_dating_is_asked_for_when_the_values_hold_it() -> None:
    case = Case()
    _write(case.connect(), _new(1, create_time=NOON_MS - 10**9, created_by=["1002"]))
    row = case.sim.rows("AccountObj")[0]
    assert (row["create_time"], row["created_by"]) == (NOON_MS - 10**9, ["1002"])


def test_a_create_that_is_repeated_updates_what_the_first_one_left() -> None:
    case = Case()
    first = _write(case.connect(), _new(1), _new(2))
    again = _write(case.connect(), _new(1, tel="1"), _new(2), _new(3))
    assert [result.key for result in again][:2] == [result.key for result in first]
    assert len(case.ids()) == 3


def test_one_id_twice_in_a_batch_makes_one_record() -> None:
    case = Case()
    results = _write(case.connect(), _new(1), _new(1, tel="2"))
    assert [result.outcome for result in results] == ["written", "retry"]
    assert len(case.ids()) == 1


def test_an_update_without_key_finds_the_record_or_says_so() -> None:
    case = Case(rows={"AccountObj": [account(1, golden_id__c="g1")]})
    found, lost = _write(case.connect(), Write("update", "g1", {"tel": "9"}), Write("update", "g404", {"tel": "9"}))
    assert (found.outcome, found.key) == ("written", case.ids()[0])
    assert (lost.outcome, lost.code) == ("rejected", "CON047")


def test_a_record_typed_by_hand_is_adopted_by_its_key() -> None:
    case = Case(1)
    key = case.ids()[0]
    assert _write(case.connect(), Write("update", "g1", {"tel": "9"}, key=key))[0].key == key
    assert case.sim.rows("AccountObj")[0]["golden_id__c"] == "g1"


def test_read_back_asks_in_batches() -> None:
    case = Case(rows={"AccountObj": [account(number, golden_id__c=f"g{number}") for number in range(230)]})
    connector = case.connect()
    found = connector.read_back(connector.streams["AccountObj"], [f"g{number}" for number in range(0, 460, 2)])
    assert set(found) == {f"g{number}" for number in range(0, 230, 2)}
    assert found["g4"]["name"] == "示例0004号有限公司"
    assert case.sim.counters.by_endpoint[QUERY] <= 6


def test_f1_f28_a_write_whose_answer_was_lost_is_unknown_and_read_back() -> None:
    for fault in (Fault("lost", path="*/create"), Fault("reset", path="*/create", when="after")):
        case = Case()
        case.sim.faults.add(fault)
        connector = case.connect()
        result = _write(connector, _new(1))[0]
        assert (result.outcome, result.code) == ("unknown", "CON005")
        assert len(case.ids()) == 1
        back = connector.read_back(connector.streams["AccountObj"], ["g1"])
        assert back["g1"]["_id"] == case.ids()[0]
        assert _write(connector, _new(1))[0].key == case.ids()[0]
        assert len(case.ids()) == 1


def test_f28_a_write_that_was_never_done_is_not_found_and_sent_again() -> None:
    case = Case()
    case.sim.faults.add(Fault("unavailable", path="*/create", status=502))
    connector = case.connect()
    assert _write(connector, _new(1))[0].outcome == "unknown"
    assert connector.read_back(connector.streams["AccountObj"], ["g1"]) == {}
    assert _write(connector, _new(1))[0].outcome == "written"


def test_f38_f39_a_refused_record_leaves_the_rest_of_the_batch_alone() -> None:
    case = Case()
    results = _write(case.connect(), _new(1), _new(2, email="no mail"), _new(3, golden_id__c="ignored"))
    assert [result.outcome for result in results] == ["written", "rejected", "written"]
    assert results[1].code == "CON046"
    assert "email" in results[1].message
    assert [row["golden_id__c"] for row in case.sim.rows("AccountObj")] == ["g1", "g3"]


def test_a_fault_of_the_whole_target_keeps_the_results_it_already_has() -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code="30002", path="*/create", skip=2, count=None))
    results = _write(case.connect(threads=1), *(_new(number) for number in range(5)))
    assert [result.outcome for result in results] == ["written", "written", "retry", "retry", "retry"]
    assert case.sim.counters.by_endpoint["/cgi/crm/v2/data/create"] == 3, "the rest was not sent"
    assert outcome(lambda: _write(case.connect(), _new(9))) == (Halt, "CON004")


def test_after_a_fault_of_the_whole_target_the_rest_is_not_sent() -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code="20017", path="*/create", skip=1, count=None))
    results = _write(case.connect(threads=1), *(_new(number) for number in range(5)))
    assert [(result.outcome, result.code) for result in results] == [("written", ""), *[("retry", "CON044")] * 4]
    assert case.sim.counters.by_endpoint["/cgi/crm/v2/data/create"] == 2


def test_an_invalidated_record_gives_its_external_id_free() -> None:
    case = Case()
    connector = case.connect()
    row = {"_id": "6a01", "golden_id__c": "g1", "life_status": "invalid"}
    case.sim.faults.add(Fault("error_body", body={"errorCode": 0, "data": {"dataList": [row]}}, path=QUERY))
    assert connector.read_back(connector.streams["AccountObj"], ["g1"]) == {}


def test_unknown_objects_and_fields_are_named_before_anything_is_written() -> None:
    case = Case()
    with pytest.raises(Misconfigured, match="did you mean 'AccountObj'") as caught:
        case.connect(objects=["AcountObj"]).probe()
    assert caught.value.code == "CON040"
    connector = case.connect()
    with pytest.raises(Misconfigured) as caught:
        _write(connector, _new(1, telephone="1", nmae="x", tel__r="label"))
    assert [problem.code for problem in caught.value.problems] == ["CON041"] * 3
    assert "did you mean 'name'?" in str(caught.value)
    with pytest.raises(Misconfigured, match="unique text field") as caught:
        _write(case.connect(external_id="ext_id__c"), _new(1))
    assert caught.value.code == "CON048"
    assert case.sim.counters.writes == 0


def test_writing_is_off_unless_it_is_switched_on() -> None:
    case = Case()
    assert outcome(lambda: _write(case.connect(writes="disabled"), _new(1))) == (Misconfigured, "CON045")
    assert case.sim.counters.calls == 0


def test_a_custom_create_that_cannot_be_found_yet_is_unknown() -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"errorCode": 0}, path="*/create"))
    result = _write(case.connect(), _new(1))[0]
    assert (result.outcome, result.code) == ("unknown", "CON049")


def test_an_option_added_since_the_description_is_learned() -> None:
    case = Case()
    connector = case.connect()
    fields = connector.schema.fields("AccountObj")
    options = dict(fields["reg_status__c"].options)
    fields["reg_status__c"].options.pop(next(iter(options)))  # what an older description would have said
    label = next(iter(options.values()))
    assert _write(connector, _new(1, reg_status__c=label))[0].outcome == "rejected"
    case.clock.advance(301)
    assert _write(connector, _new(2, reg_status__c=label))[0].outcome == "written"


# Tokens, budgets, secrets


def test_f17_many_threads_share_one_token_and_the_budget_holds_the_vendors_limit() -> None:
    sim = Tenant({"AccountObj": [account(number) for number in range(40)]})
    with Loopback(sim.app) as url:
        connector = connect(Fxiaoke, None, Clock(), base_url=url, writes="enabled", threads=8, **SECRETS)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: connector.schema.objects(), range(16)))
        sim.faults.add(Fault("expire", path="*/create", skip=3))
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda number: _write(connector, _new(number), _new(number + 8)), range(8)))
    assert len(found) == 16
    assert {result.outcome for two in results for result in two} == {"written"}
    assert sim.counters.by_endpoint["/oauth2.0/token"] == 2


def test_the_vendors_own_limit_is_never_hit() -> None:
    case = Case(3, limits="sheet")
    connector = case.connect()
    stream = connector.streams["AccountObj"]
    for _ in range(130):
        connector.read_back(stream, ["g1"])
    assert case.sim.counters.refused == 0
    assert case.clock.monotonic() >= 20


def test_connections_of_one_tenant_share_token_and_budget() -> None:
    case = Case(3)
    one = case.connect()
    other = Fxiaoke(one.config, one.context)
    one.probe()
    other.probe()
    assert case.sim.counters.by_endpoint["/oauth2.0/token"] == 1


def test_every_call_has_a_trace_id_of_its_own() -> None:
    seen = []
    case = Case(3)
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        seen.append((call.query.get("thirdTraceId"), call.headers.get("x-fs-userid")))
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    read(case.connect(), "AccountObj")
    assert len({trace for trace, _ in seen}) == len(seen) > 3
    assert {user for _, user in seen[1:]} == {"1000"}


def test_s6_no_token_or_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case, tokens = Case(3), set()
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        tokens.add(call.headers.get("authorization", "").removeprefix("Bearer ") or "fx-sandbox-app-secret")
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    connector = case.connect()
    case.sim.faults.add(
        Fault("refuse", code="-1", message="bad appSecret=fx-sandbox-app-secret", path=QUERY, count=None)
    )
    connector.probe()
    with pytest.raises(Retry) as caught:
        read(connector, "AccountObj", end=str(NOON_MS))
    assert len(tokens) == 2
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in ("fx-sandbox-app-secret", "fx-sandbox-permanent-code", *tokens):
        assert secret not in everything


def test_a_reading_can_be_abandoned() -> None:
    connector = Case(250).connect()
    stream = connector.streams["AccountObj"]
    reading = Reading(connector.read(stream, Window(None, connector.bound(stream))))
    page: Page = next(reading)
    reading.close()
    assert len(page.rows) == 100
    assert isinstance(page.at, Position)


def test_a_reject_names_the_record_and_not_its_values() -> None:
    case = Case()
    result = _write(case.connect(), _new(1, email="private value"))[0]
    assert "g1" in result.message
    assert Reject(result.code, result.message).code == "CON046"
