"""Dynamics against a pretend Dataverse: change tracking, upsert by alternate key, service limits, the sheet's table."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Position, Window, Write
from connectors.dynamics import Dynamics
from connectors.dynamics.config import DynamicsConfig
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.dynamics import ROOT
from goldbridge.simulators.dynamics import Dynamics as Organisation
from goldbridge.simulators.kit import Fault, Limit
from goldbridge.simulators.kit.loopback import Loopback
from tests.connectors.odata_desk import read, write
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

SET = f"{ROOT}/accounts"
SECRETS = {
    "tenant": "sandbox-tenant",
    "client_id": "11111111-2222-3333-4444-555555555555",
    "client_secret": "dynamics-sandbox-secret",
}
ACCOUNTS = {"select": ["name", "telephone1", "revenue"], "external_id": "new_goldenid"}


def key(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


def account(number: int, **more: Any) -> dict[str, Any]:
    at = NOON - timedelta(seconds=100_000 - number)
    return {
        "accountid": key(number), "name": f"示例{number:04d}号有限公司", "statecode": 0, "statuscode": 1,
        "createdon": at, "modifiedon": at, "versionnumber": 1000 + number, "revenue": "12345678901234.56", **more,
    }  # fmt: skip


class Case:
    """An organisation with rows, and connectors in front of it."""

    def __init__(self, count: int = 0, *, rows: Any = None, kind: type[Organisation] = Organisation, **options: Any):
        self.clock = FrozenClock(NOON)
        found = rows or {"accounts": [account(number) for number in range(count)]}
        self.sim = kind(found, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, entry: Any = None, **more: Any) -> Dynamics:
        settings = {
            "authority": "http://127.0.0.1", "writes": "enabled", "page_size": 100,
            "tables": {"accounts": {**ACCOUNTS, **(entry or {})}}, **SECRETS, **more,
        }  # fmt: skip
        made: Dynamics = connect(Dynamics, self.sim, self.clock, store=self.store, **settings)
        return made

    def ids(self) -> list[str]:
        return [row["accountid"] for row in self.sim.rows("accounts")]


def _new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"name": f"新建{number}有限公司", **values})


# Reading


def test_a_first_round_meets_every_row_and_the_next_one_changes_and_deletes() -> None:
    case = Case(250)
    connector = case.connect()
    rows, pages, verdict = read(connector, "accounts")
    assert [row["accountid"] for row in rows] == case.ids()
    assert verdict.proven
    assert rows[3]["revenue"] == "12345678901234.56"
    assert set(rows[3]) == {"accountid", "modifiedon", "name", "telephone1", "revenue", "@odata.etag"}
    case.clock.advance(60)
    case.sim.edit("accounts", key(7), {"telephone1": "0571-1"})
    case.sim.remove("accounts", key(9))
    rows, later, verdict = read(connector, "accounts", pages[-1].at)
    assert [row["accountid"] for row in rows] == [key(7)]
    assert [gone for page in later for gone in page.gone] == [key(9)]
    assert verdict.proven
    again, _, _ = read(connector, "accounts", later[-1].at)
    assert again == []


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 15))
def test_f2_a_round_killed_anywhere_loses_neither_changes_nor_deletes(first: int, second: int, edited: int) -> None:
    case = Case(30)
    alive = set(case.ids())
    held: dict[str, int] = {}
    at: Position | None = None
    for killed_after in (first, second, 99):
        connector = case.connect({"select": []}, page_size=4)
        pages = connector.read(connector.streams["accounts"], Window(at, None))
        for page, _ in zip(pages, range(killed_after), strict=False):
            held |= {row["accountid"]: row["statuscode"] for row in page.rows}
            for gone in page.gone:
                held.pop(gone, None)
            at = page.at
        pages.close()
        case.clock.advance(60)
        if killed_after != 99:
            for number in range(edited):
                if key(number) in alive:
                    case.sim.edit("accounts", key(number), {"statuscode": killed_after + 10})
            lost = max(alive)
            case.sim.remove("accounts", lost)
            alive.discard(lost)
    rows, pages_left, _ = read(case.connect({"select": []}, page_size=4), "accounts", at)
    held |= {row["accountid"]: row["statuscode"] for row in rows}
    for page in pages_left:
        for gone in page.gone:
            held.pop(gone, None)
    assert held == {row["accountid"]: row["statuscode"] for row in case.sim.rows("accounts")}


def test_a_link_is_followed_to_the_letter() -> None:
    seen: list[str] = []
    case = Case(25)
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        seen.append(call.raw_query)
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    assert len(read(case.connect(page_size=10), "accounts")[0]) == 25
    links = [one for one in seen if "skiptoken" in one]
    assert len(links) == 2
    assert all("%257b" in one for one in links), "encoded twice, in lower case, as it came"


def test_preferences_are_one_header_and_tracking_is_asked_for_once() -> None:
    seen: list[dict[str, str]] = []
    case = Case(25)
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        seen.append(dict(call.headers))
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    read(case.connect(page_size=20, annotations=True), "accounts")
    asked = [one["prefer"] for one in seen if "prefer" in one]
    common = 'odata.include-annotations="*",odata.maxpagesize=20'
    assert asked == [f"{common},odata.track-changes", common]
    data = [one for one in seen if "authorization" in one]
    assert {one["odata-version"] for one in data} == {"4.0"}
    assert {one["if-none-match"] for one in data} == {"null"}


def test_an_expired_delta_link_reads_everything_anew_and_says_what_it_cannot_know() -> None:
    case = Case(25)
    connector = case.connect()
    _, pages, _ = read(connector, "accounts")
    case.clock.advance(8 * 86_400)
    rows, later, verdict = read(connector, "accounts", pages[-1].at)
    assert len(rows) == 25
    assert not verdict.proven
    assert "delta link had expired" in verdict.reason
    assert read(connector, "accounts", later[-1].at)[2].proven


def test_a_table_without_change_tracking_says_what_to_switch_on() -> None:
    case = Case(5, untracked=("accounts",))
    with pytest.raises(Misconfigured, match="switch change tracking on") as caught:
        read(case.connect(), "accounts")
    assert caught.value.code == "CON120"


def test_by_modifiedon_a_window_is_closed_and_honest_about_deletes() -> None:
    case = Case(250, untracked=("accounts",))
    connector = case.connect({"read": "modified"})
    rows, pages, verdict = read(connector, "accounts")
    assert [row["accountid"] for row in rows] == case.ids()
    assert "deletes are not told" in verdict.reason
    assert read(connector, "accounts", pages[-1].at)[0] == []
    case.clock.advance(60)
    case.sim.edit("accounts", key(7), {"telephone1": "1"})
    case.clock.advance(60)
    assert [row["accountid"] for row in read(connector, "accounts", pages[-1].at)[0]] == [key(7)]


def test_a_backfill_of_a_tracked_table_goes_by_modifiedon() -> None:
    case = Case(30)
    connector = case.connect(zone="Asia/Shanghai")
    stream = connector.streams["accounts"]
    window = connector.slice(stream, "2026-03-01", "2026-03-01")
    assert window == Window(Position("2026-02-28T15:59:59.999999Z"), "2026-03-01T15:59:59.999999Z")
    rows, _, _ = read(connector, "accounts", window.start, window.end)
    assert len(rows) == 30


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("duplicate_page", path=SET, skip=2), None),
        (Fault("duplicate_page", path=SET, skip=2, count=None), (Halt, "CON127")),
        (Fault("short_page", path=SET, skip=0, rows=60), None),
        (Fault("throttle", after_s=5.0, path=SET, skip=1), None),
        (Fault("throttle", after_s=30.0, as_date=True, skew_s=0.0, path=SET, skip=1), None),
        (Fault("throttle", path=SET, skip=1), None),
        (Fault("truncated", path=SET, skip=1), None),
        (Fault("reset", path=SET, skip=1, when="mid"), None),
        (Fault("unavailable", path=SET, skip=1), None),
        (Fault("expire", path=SET, skip=1), None),
        (Fault("html", path=SET, skip=1), None),
        (Fault("html", path=SET, count=None), (Halt, "CON007")),
        (Fault("error_body", body={"error": {"code": "0x80044150", "message": "x"}}, path=SET, skip=1), None),
        (Fault("error_body", body={}, path=SET, skip=1), (Halt, "CON019")),
        (Fault("error_body", body={"value": []}, path=SET, skip=1), (Halt, "CON130")),
    ],
)
def test_the_faults_of_a_page(fault: Fault, expected: Any) -> None:
    case = Case(250)
    case.sim.faults.add(fault)
    if expected is None:
        assert sorted(row["accountid"] for row in read(case.connect(), "accounts")[0]) == case.ids()
    else:
        assert outcome(lambda: read(case.connect(), "accounts")) == expected


# The sheet's table

READ = {
    "refresh-token": ["401"],
    "throttle": ["0x80072322", "0x80072321", "0x80072326", "429"],
    "retry": ["408", "502", "503", "504", "500"],
    "halt": ["400", "405", "413"],
    "fatal-config": ["403", "404"],
}
WRITE = {
    "refresh-token": ["401"],
    "retry": ["0x80072322", "0x80072321", "0x80072326", "429", "stale"],
    "unknown": ["408", "502", "503", "504", "500"],
    "fatal-record": ["400", "404", "405", "413", "DuplicateRecord", "duplicate"],
    "fatal-config": ["403"],
}


@pytest.mark.parametrize(("signal", "name"), table(READ))
def test_every_signal_of_the_sheet_ends_in_its_class_when_reading(signal: str, name: str) -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=signal, path=SET, count=None))
    expected = CLASSES | {"halt": (Halt, "CON122"), "fatal-config": (Misconfigured, "CON120")}
    assert outcome(lambda: read(connector, "accounts")) == expected[name]


@pytest.mark.parametrize(("signal", "name"), table(WRITE))
def test_every_signal_of_the_sheet_ends_in_its_class_when_writing(signal: str, name: str) -> None:
    case = Case()
    connector = case.connect()
    case.sim.faults.add(Fault("refuse", code=signal, path=f"{SET}(*", count=None))
    results: list[Any] = []
    work = lambda: results.extend(write(connector, _new(1), stream="accounts"))  # noqa: E731
    if name in ("refresh-token", "fatal-config"):
        assert outcome(work) == (CLASSES | {"fatal-config": (Misconfigured, "CON120")})[name]
        return
    work()
    assert results[0].outcome == {"unknown": "unknown", "retry": "retry", "fatal-record": "rejected"}[name]


def test_a_key_that_is_not_defined_is_a_matter_of_settings() -> None:
    case = Case()
    connector = case.connect({"external_id": "accountnumber"})
    with pytest.raises(Misconfigured, match="define the external_id column as an alternate key"):
        write(connector, _new(1), stream="accounts")


# Writing


@pytest.mark.parametrize("batch", [False, True])
def test_create_update_and_deactivate(batch: bool) -> None:
    case = Case()
    connector = case.connect(batch=batch)
    values = {"revenue": "3000000.10", "numberofemployees": "7", "creditonhold": "false"}
    created = write(connector, _new(1, **values), _new(2), stream="accounts")
    assert [one.outcome for one in created] == ["written", "written"]
    rows = {row["new_goldenid"]: row for row in case.sim.rows("accounts")}
    assert [one.key for one in created] == [rows["g1"]["accountid"], rows["g2"]["accountid"]]
    assert (str(rows["g1"]["revenue"]), rows["g1"]["numberofemployees"]) == ("3000000.10", 7)
    changed = [Write("update", f"g{n}", {"telephone1": "1"}, key=created[n - 1].key) for n in (1, 2)]
    assert [one.outcome for one in write(connector, *changed, stream="accounts")] == ["written", "written"]
    gone = [Write("deactivate", f"g{n}", {}, key=created[n - 1].key) for n in (1, 2)]
    for _ in range(2):
        assert [one.outcome for one in write(connector, *gone, stream="accounts")] == ["written", "written"]
    assert [(row["statecode"], row["statuscode"]) for row in case.sim.rows("accounts")] == [(1, 2), (1, 2)]
    assert write(connector, Write("deactivate", "g404", {}), stream="accounts")[0].outcome == "written"
    assert len(case.ids()) == 2, "a deactivation creates nothing"


def test_a_create_costs_one_call_and_repeated_makes_no_second_row() -> None:
    case = Case()
    connector = case.connect()
    first = write(connector, _new(1), stream="accounts")[0]
    calls = case.sim.counters.calls
    again = write(connector, _new(1, telephone1="9"), stream="accounts")[0]
    assert (again.key, len(case.ids())) == (first.key, 1)
    assert case.sim.counters.calls == calls + 1


def test_a_wrong_key_never_makes_a_row() -> None:
    case = Case()
    changes = [Write("update", "g1", {"name": "x"}, key=key(404)), Write("update", "g2", {"name": "x"})]
    results = write(case.connect(), *changes, stream="accounts")
    assert [(one.outcome, one.code) for one in results] == [("rejected", "CON132")] * 2
    assert case.ids() == []


def test_a_row_typed_by_hand_is_adopted_by_its_key() -> None:
    case = Case(1)
    assert write(case.connect(), Write("update", "g1", {"name": "x"}, key=key(0)), stream="accounts")[0].key == key(0)
    assert case.sim.rows("accounts")[0]["new_goldenid"] == "g1"


def test_f44_a_row_in_another_version_is_tried_again_after_it_was_read() -> None:
    case = Case(1)
    connector = case.connect()
    change = Write("update", "g1", {"name": "x", "@odata.etag": 'W/"0"'}, key=key(0))
    result = write(connector, change, stream="accounts")[0]
    assert (result.outcome, result.code) == ("retry", "CON136")
    fresh = read(connector, "accounts")[0][0]["@odata.etag"]
    change = Write("update", "g1", {"name": "x", "@odata.etag": fresh}, key=key(0))
    assert write(connector, change, stream="accounts")[0].outcome == "written"


def test_a_lookup_is_bound_by_its_address() -> None:
    case = Case(1)
    bound = {"primarycontactid@odata.bind": f"/contacts({key(5)})"}
    result = write(case.connect(), Write("update", "g1", bound, key=key(0)), stream="accounts")[0]
    assert result.outcome == "written"
    assert case.sim.rows("accounts")[0]["_primarycontactid_value"] == key(5)


@pytest.mark.parametrize("batch", [False, True])
def test_f1_f28_a_write_whose_answer_was_lost_is_read_back_and_never_doubled(batch: bool) -> None:
    path = f"{ROOT}/$batch" if batch else f"{SET}(*"
    for fault in (Fault("lost", path=path), Fault("reset", path=path, when="after")):
        case = Case()
        case.sim.faults.add(fault)
        connector = case.connect(batch=batch)
        results = write(connector, _new(1), _new(2), stream="accounts")
        assert (results[0].outcome, results[0].code) == ("unknown", "CON005")
        back = connector.read_back(connector.streams["accounts"], ["g1", "g404"])
        assert {one: row["accountid"] in case.ids() for one, row in back.items()} == {"g1": True}
        again = write(connector, _new(1), _new(2), stream="accounts")
        assert {one.outcome for one in again} == {"written"}
        assert len(case.ids()) == 2


@pytest.mark.parametrize("batch", [False, True])
def test_f39_f40_refused_rows_leave_their_neighbours_alone(batch: bool) -> None:
    case = Case()
    slash = Write("create", "a/b", {"name": "x"})
    changes = (_new(1), slash, _new(2, name="x" * 161), _new(3, revenue="much"), _new(4))
    results = write(case.connect(batch=batch), *changes, stream="accounts")
    assert [(one.outcome, one.code) for one in results] == [
        ("written", ""), ("rejected", "CON150"), ("rejected", "CON121"), ("rejected", "CON134"), ("written", ""),
    ]  # fmt: skip
    assert len(case.ids()) == 2


def test_f17_a_token_that_dies_mid_batch_is_renewed_once() -> None:
    case = Case()
    case.sim.faults.add(Fault("expire", path=f"{SET}(*", skip=2))
    results = write(case.connect(), *(_new(number) for number in range(5)), stream="accounts")
    assert {one.outcome for one in results} == {"written"}
    assert case.sim.issued == 2


def test_f17_many_threads_share_one_token() -> None:
    sim = Organisation({})
    with Loopback(sim.app) as url:
        settings: dict[str, Any] = {"authority": url, "tables": {"accounts": ACCOUNTS}, **SECRETS}
        connector = connect(Dynamics, None, Clock(), base_url=url, writes="enabled", **settings)
        write(connector, _new(100), stream="accounts")
        sim.faults.add(Fault("expire", path=f"{SET}(*", skip=3))
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda n: write(connector, _new(n), _new(n + 8), stream="accounts"), range(8)))
    assert {one.outcome for two in results for one in two} == {"written"}
    assert sim.issued == 2


def test_a_token_is_fetched_anew_before_it_dies() -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.clock.advance(0.8 * 3599 + 1)
    connector.probe()
    assert case.sim.issued == 2
    assert case.sim.counters.refused == 0


def test_the_vendors_own_limit_is_never_hit() -> None:
    class Tight(Organisation):
        sheet_limits = {"data": Limit(60, 300.0)}

    case = Case(3, kind=Tight, limits="sheet")
    connector = case.connect(budget={"calls": 60, "per_s": 300.0})
    for _ in range(130):
        connector.read_back(connector.streams["accounts"], ["g1"])
    assert case.sim.counters.refused == 0
    assert case.clock.monotonic() >= 600
    default = DynamicsConfig.model_fields["budget"].default
    limit = Organisation.sheet_limits["data"]
    assert (default.calls, default.per_s) == (limit.calls, limit.per_s)


def test_f10_beyond_the_limit_the_service_says_how_long_to_wait() -> None:
    class Tight(Organisation):
        sheet_limits = {"data": Limit(5, 40.0)}

    case = Case(3, kind=Tight, limits="sheet")
    connector = case.connect()
    for _ in range(12):
        connector.read_back(connector.streams["accounts"], ["g1"])
    assert case.sim.counters.refused <= 3
    assert case.clock.monotonic() >= 80


# Settings and secrets


def test_mistakes_in_the_settings_have_one_clear_message() -> None:
    case = Case(1)
    for entry, more, code, words in (
        ({"select": ["nmae"]}, {}, "CON126", "did you mean 'name'?"),
        ({"external_id": "new_goldnid"}, {}, "CON126", "did you mean 'new_goldenid'?"),
        ({}, {"tables": {"acounts": {"key": "accountid"}}}, "CON125", "did you mean 'accounts'?"),
        ({}, {"tables": {"new_risks": {}}}, "CON151", "{key: new_riskid}"),
        ({}, {"client_secret": "wrong"}, "CON123", "AADSTS7000215"),
        ({}, {"path": "/api/data/v1"}, "CON120", "HTTP 404"),
    ):
        with pytest.raises(Misconfigured) as caught:
            case.connect(entry, **more).probe()
        assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message
    assert outcome(lambda: write(case.connect(writes="disabled"), _new(1), stream="accounts"))[1] == "CON137"
    no_id = {"external_id": None}
    assert outcome(lambda: write(case.connect(no_id), _new(1), stream="accounts"))[1] == "CON138"
    no_way = case.connect(tables={"opportunities": {"external_id": "new_goldenid"}})
    assert write(no_way, Write("deactivate", "g1", {}), stream="opportunities")[0].code == "CON133"
    assert case.sim.counters.writes == 0


def test_the_streams_are_known_without_asking_anybody() -> None:
    case = Case(1)
    connector = case.connect()
    stream = connector.streams["accounts"]
    assert (stream.key, stream.cursor, stream.external_id) == ("accountid", "modifiedon", "new_goldenid")
    assert case.sim.counters.calls == 0
    assert connector.probe().endswith("1 tables")
    assert "revenue" in connector.fields(stream)


def test_s6_no_token_or_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(3)
    connector = case.connect()
    connector.probe()
    said = "bad eyJ0eXAi.sandbox.000001 and client_secret=dynamics-sandbox-secret"
    case.sim.faults.add(Fault("refuse", code="500", message=said, path=SET, count=None))
    with pytest.raises(Retry) as caught:
        read(connector, "accounts")
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in ("dynamics-sandbox-secret", "eyJ0eXAi.sandbox.000001"):
        assert secret not in everything
