"""SAP against a pretend S/4HANA: change dates and times, CSRF sessions, locks, batches, and the sheet's table."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Position, Window, Write
from connectors.odata import Odata
from connectors.sap import Sap
from connectors.sap.preset import DIALECT
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.http import Kind
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.sap import ROOT
from goldbridge.simulators.sap import Sap as System
from tests.connectors.odata_desk import read, write
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

BP, ORDER = "A_BusinessPartner", "A_SalesOrder"
PATH = f"{ROOT}/API_BUSINESS_PARTNER/{BP}"
BATCH = f"{ROOT}/API_BUSINESS_PARTNER/$batch"


def partner(number: int, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    at = at or NOON - timedelta(seconds=100_000 - number)
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "BusinessPartner": f"{3_000_000 + number}", "BusinessPartnerCategory": "2",
        "OrganizationBPName1": f"示例{number:04d}号有限公司", "BusinessPartnerIsBlocked": False,
        "IsMarkedForArchiving": False, "CreationDate": "2026-01-05", "LastChangeDate": day.isoformat(),
        "LastChangeTime": at.astimezone(UTC).strftime("%H:%M:%S"), **more,
    }  # fmt: skip


class Case:
    """A system with rows, and connectors in front of it."""

    def __init__(self, count: int = 0, *, rows: Any = None, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        found = rows or {BP: [partner(number) for number in range(count)]}
        self.sim = System(found, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Sap:
        secrets = {"user": "sap-sandbox", "password": "sap-sandbox-password", "client": "100"}
        settings = {"writes": "enabled", "page_size": 100, **secrets, **more}
        made: Sap = connect(Sap, self.sim, self.clock, store=self.store, **settings)
        return made

    def ids(self, name: str = BP) -> list[str]:
        return [next(iter(row.values())) for row in self.sim.rows(name)]


def _new(number: int, **values: Any) -> Write:
    values = {"BusinessPartnerCategory": "2", "OrganizationBPName1": f"新建{number}有限公司", **values}
    return Write("create", f"g{number}", values)


# Reading


def test_a_first_read_meets_every_partner_once_and_the_next_one_what_changed() -> None:
    case = Case(250)
    connector = case.connect()
    rows, pages, verdict = read(connector, BP)
    assert [row["BusinessPartner"] for row in rows] == case.ids()
    assert verdict.proven
    assert rows[7]["LastChangeDate"] == "2026-03-01T00:00:00"
    assert rows[7]["LastChangeTime"] == "00:13:27"
    assert "to_BusinessPartnerAddress" not in rows[7]
    case.clock.advance(60)
    case.sim.edit(BP, "3000010", {"Industry": "0004"})
    case.clock.advance(60)
    assert [row["BusinessPartner"] for row in read(connector, BP, pages[-1].at)[0]] == ["3000010"]
    assert connector.probe() == "demo: signed in as sap-sandbox, 2 streams"


def test_a_partner_never_changed_is_met_by_its_day_of_creation() -> None:
    new = {"LastChangeDate": None, "LastChangeTime": None}
    rows = [partner(1, **new), partner(2, **new, CreationDate="2026-03-02"), partner(3)]
    case = Case(rows={BP: rows})
    found, pages, _ = read(case.connect(), BP)
    assert len(found) == 3
    again = read(case.connect(), BP, pages[-1].at)[0]
    assert [row["BusinessPartner"] for row in again] == ["3000002"], "its day is not over yet"
    case.clock.advance(86_400)
    case.sim.of(BP).tables[BP].load([partner(4, **new, CreationDate="2026-03-03")])
    again = read(case.connect(), BP, pages[-1].at)[0]
    assert {row["BusinessPartner"] for row in again} == {"3000002", "3000004"}


def test_f30_f31_many_partners_of_one_second_and_one_that_changes_twice_in_it() -> None:
    case = Case(rows={BP: [partner(number, NOON - timedelta(seconds=5)) for number in range(1000)]})
    connector = case.connect(overlap_s=0)
    rows, pages, _ = read(connector, BP)
    assert len({row["BusinessPartner"] for row in rows}) == 1000
    case.sim.edit(BP, "3000000", {"Industry": "1"})
    case.clock.advance(5)
    _, pages, _ = read(connector, BP, pages[-1].at)
    case.sim.of(BP).tables[BP].rows["3000000",].values.update(Industry="2")  # the same second, after it was read
    again = read(connector, BP, pages[-1].at)[0]
    assert [row["Industry"] for row in again if row["BusinessPartner"] == "3000000"] == ["2"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_the_window_goes_across_midnight_of_the_servers_zone(zone: str) -> None:
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC) if zone != "UTC" else datetime(2026, 3, 1, tzinfo=UTC)
    shift = timedelta(hours=8) if zone != "UTC" else timedelta()
    rows = [partner(n, midnight + timedelta(seconds=n - 10) + shift) for n in range(20)]
    case = Case(rows={BP: rows})
    connector = case.connect(zone=zone)
    start, end = midnight - timedelta(seconds=5), midnight + timedelta(seconds=5)
    found, _, _ = read(connector, BP, Position(start.isoformat()), end.isoformat())
    assert [row["BusinessPartner"] for row in found] == [f"{3_000_000 + n}" for n in range(5, 16)]


def test_orders_are_read_by_their_change_time_with_amounts_as_text() -> None:
    order = {"SalesOrderType": "OR", "TotalNetAmount": "12345678901234.56", "CreationDate": "2026-02-01"}
    rows = [{**order, "SalesOrder": str(n), "LastChangeDateTime": NOON - timedelta(hours=9 - n)} for n in range(1, 8)]
    case = Case(rows={ORDER: [*rows, {**order, "SalesOrder": "99"}]})
    connector = case.connect()
    found, pages, verdict = read(connector, ORDER)
    assert [row["SalesOrder"] for row in found] == ["1", "2", "3", "4", "5", "6", "7", "99"]
    assert found[0]["TotalNetAmount"] == "12345678901234.56"
    assert found[0]["LastChangeDateTime"] == "2026-03-01T20:00:00Z"
    assert verdict.proven
    assert read(connector, ORDER, pages[-1].at)[0] == []


def test_what_hangs_on_a_partner_is_read_whole_or_along_with_it() -> None:
    addresses = [{"BusinessPartner": f"{3_000_000 + n}", "AddressID": "1", "CityName": "无锡"} for n in range(30)]
    case = Case(rows={BP: [partner(n) for n in range(30)], "A_BusinessPartnerAddress": addresses})
    connector = case.connect(streams=["A_BusinessPartnerAddress"], page_size=8)
    stream = connector.streams["A_BusinessPartnerAddress"]
    rows, _, verdict = read(connector, stream.name)
    assert (stream.walk, len(rows), verdict.proven) == ("full", 30, True)
    assert rows[0]["@key"] == "BusinessPartner='3000000',AddressID='1'"


def test_archived_partners_count_as_deleted() -> None:
    case = Case(3)
    connector = case.connect()
    case.sim.edit(BP, "3000001", {"IsMarkedForArchiving": True})
    case.clock.advance(60)
    rows, _, _ = read(connector, BP)
    assert [connector.streams[BP].is_deleted(row) for row in rows] == [False, True, False]


def test_f2_a_killed_read_goes_on_at_its_page() -> None:
    case = Case(30)
    connector = case.connect(page_size=4)
    stream = connector.streams[BP]
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    parts = [next(pages) for _ in range(3)]
    met = [row["BusinessPartner"] for page in parts for row in page.rows]
    pages.close()
    case.clock.advance(60)
    case.sim.edit(BP, "3000029", {"Industry": "1"})
    case.clock.advance(60)
    rows, _, _ = read(case.connect(page_size=4), BP, parts[-1].at)
    assert met + [row["BusinessPartner"] for row in rows] == case.ids()


def test_f8_f6_f20_faults_of_a_page_lose_nothing() -> None:
    for fault in (
        Fault("duplicate_page", path=PATH, skip=2),
        Fault("short_page", path=PATH, skip=1, rows=60),
        Fault("truncated", path=PATH, skip=1),
        Fault("reset", path=PATH, skip=1, when="mid"),
    ):
        case = Case(250)
        case.sim.faults.add(fault)
        assert len(read(case.connect(), BP)[0]) == 250


def test_a_poisoned_partner_becomes_a_dead_letter() -> None:
    case = Case(50)
    case.sim.faults.add(Fault("poison", path=PATH, key="3000017", count=None))
    rows, pages, verdict = read(case.connect(page_size=10), BP, end="2026-03-02T03:00:00Z")
    assert len(rows) == 49
    assert [key for page in pages for key, _ in page.rejects] == ["after 3000016"]
    assert not verdict.proven


def test_f10_a_503_that_names_a_wait_is_a_throttle_so_that_a_write_was_not_done() -> None:
    envelope = DIALECT.envelope(write=True)
    complaint = envelope.notice(503, {"retry-after": "5"})
    rule = envelope.rule(complaint) if complaint else None
    assert (rule.kind if rule else None) is Kind.THROTTLE
    assert envelope.notice(503, {}) is None, "without a wait the outcome of a write is unknown"


# The sheet's table

READ = {
    "refresh-token": ["401"],
    "retry": ["500", "502", "503", "504"],
    "throttle": ["429"],
    "fatal-config": ["403", "404", "428"],
    "halt": ["400", "412"],
}
WRITE = {
    "refresh-token": ["csrf", "401"],
    "unknown": ["500", "502", "503", "504"],
    "retry": ["412", "423", "429", "locked"],
    "fatal-record": ["400", "404", "409"],
    "fatal-config": ["403", "428"],
}


@pytest.mark.parametrize(("status", "name"), table(READ))
def test_every_signal_of_the_sheet_ends_in_its_class_when_reading(status: str, name: str) -> None:
    case = Case(1)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=status, status=int(status), path=PATH, count=None))
    expected = CLASSES | {"halt": (Halt, "CON122"), "fatal-config": (Misconfigured, "CON120")}
    assert outcome(lambda: read(connector, BP, end="2026-03-02T03:00:00Z")) == expected[name]


@pytest.mark.parametrize(("status", "name"), table(WRITE))
def test_every_signal_of_the_sheet_ends_in_its_class_when_writing(status: str, name: str) -> None:
    case = Case()
    connector = case.connect(batch=False)
    message = "Business partner is currently locked by user MUELLER" if status == "locked" else ""
    case.sim.faults.add(Fault("refuse", code=status, message=message, path=PATH, method="POST", count=None))
    results: list[Any] = []
    work = lambda: results.extend(write(connector, _new(1), stream=BP))  # noqa: E731
    if name in ("refresh-token", "fatal-config"):
        assert outcome(work) == (CLASSES | {"fatal-config": (Misconfigured, "CON120")})[name]
        return
    work()
    expected = {"unknown": "unknown", "retry": "retry", "fatal-record": "rejected"}[name]
    assert results[0].outcome == expected


def test_a_service_that_is_not_active_is_a_matter_of_settings() -> None:
    case = Case(1)
    with pytest.raises(Misconfigured, match="No service found") as caught:
        case.connect(path="/sap/opu/odata/other").probe()
    assert caught.value.code == "CON120"


# Writing


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("method", ["PATCH", "MERGE"])
def test_create_update_and_block(batch: bool, method: str) -> None:
    case = Case()
    connector = case.connect(batch=batch, method=method)
    address = {"to_BusinessPartnerAddress": {"results": [{"AddressID": "1", "CityName": "上海", "Country": "CN"}]}}
    created = write(connector, _new(1, **address), _new(2), stream=BP)
    assert [(one.outcome, one.key) for one in created] == [("written", "4000000"), ("written", "4000001")]
    assert case.sim.rows("A_BusinessPartnerAddress")[0]["BusinessPartner"] == "4000000"
    changed = [Write("update", f"g{n}", {"Industry": "0004"}, key=f"{3_999_999 + n}") for n in (1, 2)]
    assert [one.outcome for one in write(connector, *changed, stream=BP)] == ["written", "written"]
    gone = [Write("deactivate", f"g{n}", {}, key=f"{3_999_999 + n}") for n in (1, 2)]
    assert [one.outcome for one in write(connector, *gone, stream=BP)] == ["written", "written"]
    row = case.sim.rows(BP)[0]
    assert (row["Industry"], row["BusinessPartnerIsBlocked"], row["BusinessPartnerIDByExtSystem"]) == (
        "0004",
        True,
        "g1",
    )
    assert case.sim.session.issued == 1, "one session serves all changes"


def test_an_order_with_items() -> None:
    case = Case()
    items = {"to_Item": {"results": [{"SalesOrderItem": "10", "Material": "TG11", "RequestedQuantity": "5"}]}}
    order = Write("create", "g1", {"SalesOrderType": "OR", "TotalNetAmount": "10.5", **items})
    assert write(case.connect(), order, stream=ORDER)[0].key == "100"
    assert str(case.sim.rows("A_SalesOrderItem")[0]["RequestedQuantity"]) == "5"
    assert case.sim.rows(ORDER)[0]["PurchaseOrderByCustomer"] == "g1"


@pytest.mark.parametrize("batch", [True, False])
def test_f17_a_session_that_dies_is_opened_anew_and_the_change_repeated(batch: bool) -> None:
    case = Case()
    connector = case.connect(batch=batch)
    write(connector, _new(1), stream=BP)
    case.clock.advance(1700)
    case.sim.faults.add(Fault("expire", path="*batch" if batch else PATH, method="POST"))
    assert [one.outcome for one in write(connector, _new(2), _new(3), stream=BP)] == ["written", "written"]
    assert len(case.ids()) == 3


def test_f17_many_threads_share_one_session() -> None:
    sim = System({})
    with Loopback(sim.app) as url:
        secrets = {"user": "sap-sandbox", "password": "sap-sandbox-password"}
        connector = connect(Sap, None, Clock(), base_url=url, writes="enabled", batch=False, **secrets)
        write(connector, _new(100), stream=BP)
        sim.faults.add(Fault("expire", path=PATH, method="POST", skip=3))
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda n: write(connector, _new(n), _new(n + 8), stream=BP), range(8)))
    assert {result.outcome for two in results for result in two} == {"written"}
    assert sim.session.issued == 2


def test_the_token_is_worth_nothing_without_all_its_cookies() -> None:
    seen: list[dict[str, str]] = []
    case = Case()
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        seen.append(dict(call.headers, method=call.method))
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    write(case.connect(), _new(1), stream=BP)
    posted = [one for one in seen if one["method"] == "POST"]
    assert posted[0]["cookie"] == "SAP_SESSIONID_DMO_100=abc0001%3d; sap-usercontext=sap-client=100"
    assert posted[0]["x-csrf-token"] == "dEm0-0001=="
    assert all("cookie" not in one for one in seen if one["method"] == "GET")


@pytest.mark.parametrize("batch", [True, False])
def test_a_partner_open_in_the_gui_is_tried_again_later(batch: bool) -> None:
    case = Case(rows={BP: [partner(n, BusinessPartnerIDByExtSystem=f"g{n}") for n in range(3)]})
    connector = case.connect(batch=batch)
    case.sim.lock(BP, "3000001")
    changes = [Write("update", f"g{n}", {"Industry": "1"}) for n in range(3)]
    results = write(connector, *changes, stream=BP)
    assert [(one.outcome, one.code) for one in results] == [("written", ""), ("retry", "CON018"), ("written", "")]
    case.sim.lock(BP, "3000001", on=False)
    assert write(connector, changes[1], stream=BP)[0].outcome == "written"


def test_f44_a_stale_etag_is_read_again_and_force_goes_through() -> None:
    case = Case(rows={BP: [partner(1, BusinessPartnerIDByExtSystem="g1")]})
    change = Write("update", "g1", {"Industry": "1"}, key="3000001")
    case.sim.faults.add(Fault("edit", path=f"{PATH}(*", method="PATCH"))
    connector = case.connect()
    assert write(connector, change, stream=BP)[0].code == "CON136"
    assert write(connector, change, stream=BP)[0].outcome == "written"
    case.sim.faults.add(Fault("edit", path=f"{PATH}(*", method="PATCH"))
    assert write(case.connect(lock="force"), change, stream=BP)[0].outcome == "written"


@pytest.mark.parametrize("batch", [True, False])
def test_f1_f28_a_write_whose_answer_was_lost_is_read_back_and_never_doubled(batch: bool) -> None:
    for fault in (Fault("lost", method="POST", status=504), Fault("reset", method="POST", when="after")):
        case = Case()
        case.sim.faults.add(fault)
        connector = case.connect(batch=batch)
        results = write(connector, _new(1), _new(2), stream=BP)
        assert results[0].outcome == "unknown"
        assert connector.read_back(connector.streams[BP], ["g1"])["g1"]["BusinessPartner"] == "4000000"
        assert {one.outcome for one in write(connector, _new(1), _new(2), stream=BP)} == {"written"}
        assert len(case.ids()) == 2


def test_f39_f40_a_refused_partner_leaves_its_neighbours_alone() -> None:
    case = Case()
    results = write(case.connect(), _new(1), _new(2, OrganizationBPName1="长" * 41), _new(3), stream=BP)
    assert [(one.outcome, one.code) for one in results] == [("written", ""), ("rejected", "CON121"), ("written", "")]
    assert "R11/104" in results[1].message
    assert len(case.ids()) == 2


def test_what_the_system_keeps_itself_cannot_be_written() -> None:
    case = Case()
    with pytest.raises(Misconfigured, match="'LastChangeDate' is kept by the system") as caught:
        write(case.connect(), _new(1, LastChangeDate="2026-01-01"), stream=BP)
    assert caught.value.code == "CON126"
    assert case.sim.counters.writes == 0


# Settings and secrets


def test_mistakes_in_the_settings_have_one_clear_message() -> None:
    case = Case(1)
    with pytest.raises(Misconfigured, match="use connector odata for it") as caught:
        case.connect(streams=["A_Partner"]).streams  # noqa: B018
    assert caught.value.code == "CON140"
    assert outcome(case.connect(password="wrong").probe) == (Misconfigured, "CON010")
    assert outcome(case.connect(client="200").probe) == (Misconfigured, "CON010")
    assert outcome(lambda: write(case.connect(writes="disabled"), _new(1), stream=BP)) == (Misconfigured, "CON137")
    item = Write("create", "g1", {})
    connector = case.connect(streams=["A_SalesOrderItem"])
    assert outcome(lambda: write(connector, item, stream="A_SalesOrderItem")) == (Misconfigured, "CON138")


def test_the_generic_connector_gets_along_with_it_too() -> None:
    case = Case(25, page_cap=10)
    streams = {
        BP: {"key": "BusinessPartner", "read": "links", "external_id": "BusinessPartnerIDByExtSystem"},
    }
    settings = {"user": "sap-sandbox", "password": "sap-sandbox-password", "csrf": True, "writes": "enabled"}
    base_url = f"http://127.0.0.1{ROOT}/API_BUSINESS_PARTNER"
    connector = connect(Odata, case.sim, case.clock, base_url=base_url, streams=streams, **settings)
    assert len(read(connector, BP)[0]) == 25
    assert write(connector, _new(1), stream=BP)[0].key == "4000000"


def test_s6_no_secret_token_or_cookie_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case()
    connector = case.connect(batch=False)
    write(connector, _new(0), stream=BP)  # from here on the token and the cookie of the session are known
    case.sim.faults.add(Fault("refuse", code="500", message="dEm0-0001== sap-sandbox-password", path=PATH, count=None))
    with pytest.raises(Retry) as caught:
        write(connector, _new(1), stream=BP)
    case.sim.faults.clear()
    case.sim.faults.add(
        Fault("refuse", code="400", message="dEm0-0001== abc0001%3d", path=PATH, method="POST", count=None)
    )
    result = write(connector, _new(1), stream=BP)[0]
    everything = (
        str(caught.value) + result.message + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    )
    for secret in ("sap-sandbox-password", "dEm0-0001==", "abc0001%3d"):
        assert secret not in everything
