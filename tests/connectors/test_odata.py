"""OData V2 and V4 against a pretend service: reading, resuming, writing, faults, and every status of the tables."""

from __future__ import annotations

import logging
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Position, Window, Write
from flows.ingest import _window
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.state import cursor
from tests.connectors.odata_desk import COMPANY, Desk, company, read, write
from tests.connectors.rig import CLASSES, NOON, outcome, table

SET = "/odata/Companies"
BOTH = pytest.mark.parametrize("version", [2, 4])


def _new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"Name": f"新建{number}有限公司", **values})


# Reading


@BOTH
def test_a_first_read_meets_every_row_once_and_the_next_one_none(version: int) -> None:
    desk = Desk(250, version=version)
    connector = desk.connect()
    rows, pages, verdict = read(connector)
    assert [row["ID"] for row in rows] == desk.ids()
    assert verdict.proven
    assert pages[-1].at == Position("2026-03-02T03:59:58.000000Z"), "the bound, with no walk under way"
    assert read(connector, start=pages[-1].at)[0] == []
    assert connector.probe() == f"demo: OData V{version}, 1 streams"


@BOTH
def test_a_row_comes_as_text_whatever_the_version_writes(version: int) -> None:
    desk = Desk(version=version, rows={"Companies": [company(7, NOON - timedelta(days=1))]})
    row = read(desk.connect())[0][0]
    row.pop("@odata.etag")
    assert row == {
        "ID": "000007", "Name": "示例0007号有限公司", "ChangedAt": "2026-03-01T04:00:00Z", "Capital": "3000000.10",
        "Number": "9007199254741000", "Staff": 7, "Active": True, "Ours": None,
    }  # fmt: skip


@BOTH
def test_the_window_is_closed_and_its_start_is_exclusive(version: int) -> None:
    desk = Desk(10, version=version)
    times = [row["ChangedAt"].isoformat() for row in desk.sim.rows("Companies")]
    rows, _, _ = read(desk.connect(), start=Position(times[2]), end=times[6])
    assert [row["ID"] for row in rows] == desk.ids()[3:7]


def test_a_row_without_a_time_is_read_in_every_window() -> None:
    desk = Desk(rows={"Companies": [company(1), {**company(2), "ChangedAt": None}]})
    rows, pages, _ = read(desk.connect())
    assert len(rows) == 2
    assert [row["ID"] for row in read(desk.connect(), start=pages[-1].at)[0]] == ["000002"]


def test_f7_rows_edited_during_the_walk_are_met_by_this_window_or_the_next() -> None:
    desk = Desk(300)
    connector = desk.connect()
    stream = connector.streams["Companies"]
    seen, at = set(), None
    for number, page in enumerate(connector.read(stream, Window(None, connector.bound(stream)))):
        seen |= {row["ID"] for row in page.rows}
        at = page.at
        desk.clock.advance(10)
        for key in desk.ids()[number * 20 : number * 20 + 120]:
            desk.sim.edit("Companies", key, {"Staff": -1})
    desk.clock.advance(10)
    rows, _, _ = read(connector, start=at)
    assert seen | {row["ID"] for row in rows} == set(desk.ids())
    edited = {row["ID"] for row in desk.sim.rows("Companies") if row["Staff"] == -1}
    assert {row["ID"] for row in rows} >= edited


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 30), st.sampled_from(["keyset", "links"]))
def test_f2_a_killed_read_goes_on_at_its_page(killed_after: int, page_size: int, edited: int, how: str) -> None:
    desk = Desk(30, page_cap=page_size)
    connector = desk.connect({"read": how}, page_size=page_size)
    stream = connector.streams["Companies"]
    met: dict[str, int] = {}
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        met |= {row["ID"]: row["Staff"] for row in page.rows}
        at = page.at
    pages.close()
    delivered = len(met)
    desk.clock.advance(60)
    for key in desk.ids()[:edited]:
        desk.sim.edit("Companies", key, {"Staff": -1})
    desk.clock.advance(60)
    rows, _, _ = read(desk.connect({"read": how}, page_size=page_size), start=at)
    met |= {row["ID"]: row["Staff"] for row in rows}
    assert met == {row["ID"]: row["Staff"] for row in desk.sim.rows("Companies")}
    if edited == 0 and delivered:
        assert len(rows) == 30 - delivered, "pages that were committed are not read again"


@pytest.mark.parametrize("how", ["keyset", "links", "delta"])
def test_f2_a_first_read_that_was_killed_is_gone_on_with_by_its_flow(how: str) -> None:
    desk = Desk(30)
    connector = desk.connect({"read": how}, page_size=10)
    stream = connector.streams["Companies"]
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    at = next(pages).at
    pages.close()
    assert at is not None
    assert at.cursor == "", "no window is done yet, so the tie alone says where it was left"
    left = cursor.Cursor("companies", "", at.cursor, at.tie, "", "", 0, "", False, 1, "")
    window = _window(connector, stream, left, full=False)
    rows, _, _ = read(connector, start=window.start, end=window.end)
    assert len(rows) == 20


@BOTH
def test_f30_a_thousand_rows_of_one_millisecond(version: int) -> None:
    same = NOON - timedelta(seconds=5, microseconds=-123_456)  # more digits than the wire shows
    desk = Desk(version=version, rows={"Companies": [company(number, same) for number in range(1000)]})
    rows, pages, _ = read(desk.connect())
    assert len({row["ID"] for row in rows}) == 1000
    assert read(desk.connect(), start=pages[-1].at)[0] == []


def test_f32_a_late_row_inside_the_overlap_is_met() -> None:
    desk = Desk(5)
    connector = desk.connect(overlap_s=120)
    stream = connector.streams["Companies"]
    _, pages, _ = read(connector)
    at = pages[-1].at
    desk.sim.tables["Companies"].load([company(77, NOON - timedelta(seconds=60))])
    desk.clock.advance(30)
    assert read(connector, start=at)[0] == []
    rows, _, _ = read(connector, start=connector.rewind(stream, at))
    assert [row["ID"] for row in rows] == ["000077"]


def test_f29_the_upper_bound_is_the_earlier_clock_less_the_delay() -> None:
    for shift_s, expected in ((-600, "03:49:58"), (600, "03:59:58")):
        desk = Desk(1)
        desk.sim.clock.shift(shift_s)
        connector = desk.connect()
        assert connector.bound(connector.streams["Companies"]) == f"2026-03-02T{expected}.000000Z"


def test_a_slice_covers_whole_days_of_the_zone() -> None:
    connector = Desk(1).connect(zone="Asia/Shanghai")
    window = connector.slice(connector.streams["Companies"], "2026-03-01", "2026-03-01")
    assert window == Window(Position("2026-02-28T15:59:59.999999Z"), "2026-03-01T15:59:59.999999Z")


def test_a_key_of_several_parts_and_a_number_as_cursor() -> None:
    lines = [{"Company": f"{n // 14:02d}", "Position": n % 14, "Text": f"g{n}", "Version": n + 1} for n in range(40)]
    desk = Desk(rows={"Lines": lines})
    streams = {"Lines": {"key": "@key", "cursor": "Version", "external_id": "Text"}}
    connector = desk.connect(streams=streams, page_size=6)
    rows, pages, verdict = read(connector, "Lines")
    assert [row["Text"] for row in rows] == [f"g{n}" for n in range(40)]
    assert rows[8]["@key"] == "Company='00',Position=8"
    assert len(read(connector, "Lines", Position("1"))[0]) == 39, "9 comes before 10, and positions grow all the same"
    assert (verdict.proven, pages[-1].at) == (True, Position("40"))
    result = write(connector, Write("update", "g8", {"Company": "00"}), stream="Lines")[0]
    assert (result.outcome, result.key) == ("written", "Company='00',Position=8")
    assert [row["Text"] for row in read(connector, "Lines", pages[-1].at)[0]] == ["g8"]


def test_a_stream_without_a_cursor_is_read_whole_every_time() -> None:
    desk = Desk(30)
    connector = desk.connect({"cursor": None, "filter": "Staff ge 10", "select": ["Name"]}, page_size=7)
    assert connector.streams["Companies"].walk == "full"
    rows, pages, verdict = read(connector)
    assert [row["ID"] for row in rows] == desk.ids()[10:]
    assert set(rows[0]) == {"ID", "Name", "@odata.etag"}
    assert {page.at for page in pages} == {None}
    assert verdict.proven


@BOTH
def test_following_the_servers_links_never_leaves_the_configured_host(version: int) -> None:
    desk = Desk(25, version=version, page_cap=10, host="https://odata.internal:44300")
    rows, _, verdict = read(desk.connect({"read": "links"}))
    assert [row["ID"] for row in rows] == desk.ids()
    assert "server's own links" in verdict.reason


def test_a_foreign_link_stops_the_run() -> None:
    desk = Desk(25)
    body = {"value": [], "@odata.nextLink": "https://evil.example/odatax/Companies"}
    desk.sim.faults.add(Fault("error_body", path=SET, body=body))
    with pytest.raises(Halt, match=r"evil\.example/odatax/Companies, outside of base_url") as caught:
        read(desk.connect(), end="2026-03-02T00:00:00Z")
    assert caught.value.code == "CON128"


def test_f74_a_link_that_expired_starts_the_window_anew_not_the_stream() -> None:
    desk = Desk(30, page_cap=10)
    connector = desk.connect({"read": "links"})
    stream = connector.streams["Companies"]
    start = Position((NOON - timedelta(seconds=1_000_000 - 4)).isoformat())
    pages = connector.read(stream, Window(start, connector.bound(stream)))
    next(pages)
    at = next(pages).at
    desk.sim.faults.add(Fault("refuse", code="delta_expired", path=SET))
    rows, _, _ = read(desk.connect({"read": "links"}), start=at)
    assert [row["ID"] for row in rows] == desk.ids()[5:]


# Change tracking


def test_delta_links_tell_changes_and_deletes_and_survive_a_kill() -> None:
    desk = Desk(25)
    connector = desk.connect({"read": "delta"}, page_size=10)
    rows, pages, verdict = read(connector)
    assert [row["ID"] for row in rows] == desk.ids()
    assert (len(pages), verdict.proven) == (3, True)
    desk.clock.advance(60)
    desk.sim.remove("Companies", "000003")
    for key in desk.ids()[:15]:
        desk.sim.edit("Companies", key, {"Staff": -1})
    stream = connector.streams["Companies"]
    reading = connector.read(stream, Window(pages[-1].at, None))
    first = next(reading)
    reading.close()
    rows, rest, verdict = read(desk.connect({"read": "delta"}, page_size=10), start=first.at)
    assert [row["ID"] for row in first.rows + rows] == desk.ids()[:15]
    assert [key for page in [first, *rest] for key in page.gone] == ["000003"]
    assert verdict.proven
    assert read(connector, start=rest[-1].at)[0] == []


def test_a_row_changed_during_the_first_round_is_told_by_the_next() -> None:
    desk = Desk(25)
    connector = desk.connect({"read": "delta"}, page_size=10)
    seen, at = [], None
    for page in connector.read(connector.streams["Companies"], Window()):
        seen, at = seen + [row["ID"] for row in page.rows], page.at
        desk.sim.edit("Companies", "000001", {"Staff": -len(seen)})
    assert [row["Staff"] for row in read(connector, start=at)[0]] == [-25]


def test_an_expired_delta_link_reads_everything_anew_and_says_what_it_cannot_know() -> None:
    desk = Desk(25)
    connector = desk.connect({"read": "delta"})
    _, pages, _ = read(connector)
    desk.sim.remove("Companies", "000003")
    desk.clock.advance(8 * 86_400)
    rows, later, verdict = read(connector, start=pages[-1].at)
    assert len(rows) == 24
    assert "delta link had expired" in verdict.reason
    assert read(connector, start=later[-1].at)[2].proven


def test_a_set_without_change_tracking_is_a_matter_of_settings() -> None:
    desk = Desk(5)
    desk.sim.faults.add(Fault("error_body", path=SET, body={"value": []}))
    assert outcome(lambda: read(desk.connect({"read": "delta"}))) == (Halt, "CON130")


# Faults while reading


@pytest.mark.parametrize("how", ["keyset", "links", "delta"])
def test_f6_a_page_served_twice_is_asked_for_again_and_a_loop_stops(how: str) -> None:
    desk = Desk(250, page_cap=100)
    desk.sim.faults.add(Fault("duplicate_page", path=SET, skip=2))
    assert len(read(desk.connect({"read": how}))[0]) == 250
    desk.sim.faults.add(Fault("duplicate_page", path=SET, skip=2, count=None))
    assert outcome(lambda: read(desk.connect({"read": how}))) == (Halt, "CON127")


def test_f8_a_short_page_is_not_the_end() -> None:
    desk = Desk(250)
    desk.sim.faults.add(Fault("short_page", path=SET, rows=60, count=3))
    rows, _, verdict = read(desk.connect())
    assert (len(rows), verdict.proven) == (250, True)


def test_a_server_that_caps_its_pages_hides_nothing() -> None:
    desk = Desk(250, page_cap=30)
    assert len(read(desk.connect())[0]) == 250


@pytest.mark.parametrize("positions", [(0,), (137,), (249,), (137, 138), (0, 249), (0, 40, 41, 99, 100)])
def test_f27_poison_records_do_not_stop_their_page(positions: tuple[int, ...]) -> None:
    desk = Desk(250)
    poison = {desk.ids()[position] for position in positions}
    desk.sim.faults.add(*(Fault("poison", path=SET, key=key, count=None) for key in poison))
    connector = desk.connect()
    rows, pages, verdict = read(connector, end="2026-03-02T03:00:00.000000Z")
    assert {row["ID"] for row in rows} == set(desk.ids()) - poison
    assert len(dict(reject for page in pages for reject in page.rejects)) == len(poison)
    assert not verdict.proven
    assert f"{len(poison)} records of Companies" in verdict.reason


def test_f27_a_server_that_is_down_blames_no_record() -> None:
    desk = Desk(5)
    connector = desk.connect()
    connector.probe()
    desk.sim.faults.add(Fault("unavailable", path=SET, count=None))
    assert outcome(lambda: read(connector, end="2026-03-02T03:00:00Z")) == (Retry, "CON002")


@BOTH
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("throttle", after_s=5.0, path=SET, skip=1), None),
        (Fault("throttle", after_s=5.0, as_date=True, path=SET, skip=1), None),
        (Fault("throttle", path=SET, skip=1), None),
        (Fault("truncated", path=SET, skip=1), None),
        (Fault("reset", path=SET, skip=1, when="mid"), None),
        (Fault("reset", path=SET, skip=1, when="before"), None),
        (Fault("encoding", code="bom", path=SET, skip=1), None),
        (Fault("unavailable", path=SET, skip=1), None),
        (Fault("html", path=SET, skip=1), None),
        (Fault("html", path=SET, count=None), (Halt, "CON007")),
        (Fault("bomb", size_mb=64, path=SET, count=None), (Halt, "CON008")),
        (Fault("error_body", body={"error": {"code": "X", "message": "no"}}, path=SET, skip=1), None),
        (Fault("error_body", body={"d": {}, "value": {}}, path=SET, skip=1), (Halt, "CON019")),
        (Fault("error_body", body={}, path=SET, skip=1), (Halt, "CON019")),
    ],
)
def test_the_faults_of_the_wire(fault: Fault, expected: Any, version: int) -> None:
    desk = Desk(120, version=version)
    desk.sim.faults.add(Fault(**{name: getattr(fault, name) for name in fault.__slots__}))
    if expected is None:
        assert len(read(desk.connect())[0]) == 120
    else:
        assert outcome(lambda: read(desk.connect())) == expected


@pytest.mark.parametrize("at", [Position("x"), Position("2026-03-01T00:00:00Z", "tie"), Position("", "1:[]")])
def test_a_position_of_another_kind_says_how_to_go_on(at: Position) -> None:
    with pytest.raises(Halt, match="with --full") as caught:
        read(Desk(2).connect(), start=at)
    assert caught.value.code == "CON129"


# Every status of the tables

READ = {
    "refresh-token": ["401"],
    "retry": ["408", "500", "502", "503", "504"],
    "throttle": ["429"],
    "halt": ["400", "405", "409", "410", "412", "413", "422", "423"],
    "fatal-config": ["403", "404", "428", "501"],
}
WRITE = {
    "refresh-token": ["401"],
    "unknown": ["408", "500", "502", "503", "504"],
    "retry": ["412", "423", "429"],
    "fatal-record": ["400", "404", "405", "409", "410", "413", "422"],
    "fatal-config": ["403", "428", "501"],
}


@BOTH
@pytest.mark.parametrize(("status", "name"), table(READ))
def test_every_status_ends_in_its_class_when_reading(status: str, name: str, version: int) -> None:
    desk = Desk(1, version=version)
    connector = desk.connect()
    connector.probe()
    desk.sim.faults.add(Fault("refuse", code=status, path=SET, count=None))
    expected = CLASSES | {"halt": (Halt, "CON122"), "fatal-config": (Misconfigured, "CON120")}
    assert outcome(lambda: read(connector, end="2026-03-02T03:00:00Z")) == expected[name]


@BOTH
@pytest.mark.parametrize(("status", "name"), table(WRITE))
def test_every_status_ends_in_its_class_when_writing(status: str, name: str, version: int) -> None:
    desk = Desk(version=version)
    connector = desk.connect()
    desk.sim.faults.add(Fault("refuse", code=status, path=SET, method="POST", count=None))
    results: list[Any] = []
    work = lambda: results.extend(write(connector, _new(1)))  # noqa: E731
    if name in ("refresh-token", "fatal-config"):
        assert outcome(work) == (CLASSES | {"fatal-config": (Misconfigured, "CON120")})[name]
        return
    work()
    codes = {"412": "CON136", "423": "CON018", "429": "CON003", "404": "CON132", "410": "CON132"}
    expected = {"unknown": ("unknown", "CON005"), "retry": ("retry", ""), "fatal-record": ("rejected", "CON121")}[name]
    assert (results[0].outcome, results[0].code) == (expected[0], codes.get(status, expected[1]))


@BOTH
@pytest.mark.parametrize(("status", "name"), table(WRITE))
def test_every_status_means_the_same_inside_a_batch(status: str, name: str, version: int) -> None:
    desk = Desk(version=version)
    connector = desk.connect(batch=True)
    desk.sim.fail = {"g2": int(status)}
    results = write(connector, _new(1), _new(2), _new(3))
    expected = {"unknown": "unknown", "retry": "retry", "fatal-record": "rejected"}.get(name, "retry")
    assert results[1].outcome == expected
    assert results[0].outcome == "written"


def test_what_the_service_says_reaches_the_message_in_both_shapes() -> None:
    for version in (2, 4):
        result = write(Desk(version=version).connect(), _new(1, Name="x" * 41))[0]
        assert (result.outcome, result.code) == ("rejected", "CON121")
        assert "demo Companies g1: HTTP 400 bad_value" in result.message
        assert "Property 'Name' has value longer than 40 characters" in result.message


# Writing


@BOTH
@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("method", ["PATCH", "MERGE"])
def test_create_update_and_deactivate(version: int, batch: bool, method: str) -> None:
    desk = Desk(version=version)
    connector = desk.connect(batch=batch, method=method)
    values = {"Capital": "3000000.10", "Number": "9007199254740993", "Staff": "7", "ChangedAt": "2026-01-01T08:00:00Z"}
    created = write(connector, _new(1, **values), _new(2))
    row = desk.sim.rows("Companies")[0]
    assert [result.outcome for result in created] == ["written", "written"]
    assert created[0].key == row["ID"] == "1000"
    assert (row["Ours"], str(row["Capital"]), row["Number"], row["Staff"]) == ("g1", "3000000.10", 2**53 + 1, 7)
    changed = [Write("update", f"g{n}", {"Staff": 8}, key=str(999 + n)) for n in (1, 2)]
    assert [result.outcome for result in write(connector, *changed)] == ["written", "written"]
    row = desk.sim.rows("Companies")[0]
    assert (row["Staff"], row["Name"]) == (8, "新建1有限公司")
    gone = Write("deactivate", "g1", {}, key="1000")
    assert [write(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert desk.sim.rows("Companies")[0]["Active"] is False
    assert write(connector, Write("deactivate", "g404", {}))[0].message == "nothing to deactivate"


def test_a_delete_is_sent_only_where_the_configuration_says_so() -> None:
    desk = Desk(rows={"Companies": [company(1, Ours="g1")]})
    refused = write(desk.connect({"deactivate": {}}), Write("deactivate", "g1", {}))[0]
    assert (refused.outcome, refused.code) == ("rejected", "CON133")
    connector = desk.connect({"deactivate": {}, "delete": True})
    assert write(connector, Write("deactivate", "g1", {}))[0].outcome == "written"
    assert desk.ids() == []
    assert write(connector, Write("deactivate", "g1", {}, key="000001"))[0].outcome == "written"


@BOTH
def test_a_create_that_is_repeated_updates_what_the_first_one_left(version: int) -> None:
    desk = Desk(version=version)
    first = write(desk.connect(), _new(1), _new(2))
    again = write(desk.connect(), _new(1, Staff=1), _new(2), _new(3))
    assert [result.key for result in again][:2] == [result.key for result in first]
    assert len(desk.ids()) == 3


def test_one_id_twice_in_a_batch_makes_one_record() -> None:
    desk = Desk()
    connector = desk.connect()
    results = connector.write(connector.streams["Companies"], [_new(1), _new(1, Staff=2)])
    assert sorted(result.outcome for result in results) == ["retry", "written"]
    assert len(desk.ids()) == 1


def test_an_update_without_key_finds_the_record_or_says_so() -> None:
    desk = Desk(rows={"Companies": [company(1, Ours="g1")]})
    found, lost, gone = write(
        desk.connect(),
        Write("update", "g1", {"Staff": 9}),
        Write("update", "g404", {"Staff": 9}),
        Write("update", "g405", {"Staff": 9}, key="000009"),
    )
    assert (found.outcome, found.key) == ("written", "000001")
    assert [(one.outcome, one.code) for one in (lost, gone)] == [("rejected", "CON132")] * 2


def test_a_record_typed_by_hand_is_adopted_by_its_key() -> None:
    desk = Desk(1)
    assert write(desk.connect(), Write("update", "g1", {"Staff": 9}, key="000000"))[0].key == "000000"
    assert desk.sim.rows("Companies")[0]["Ours"] == "g1"


@BOTH
def test_read_back_asks_in_batches_and_quotes_what_it_asks_for(version: int) -> None:
    rows = [company(number, Ours=f"g {number} + o'n&x=1%") for number in range(90)]
    desk = Desk(version=version, rows={"Companies": rows})
    connector = desk.connect()
    wanted = [f"g {number} + o'n&x=1%" for number in range(0, 180, 2)]
    found = connector.read_back(connector.streams["Companies"], wanted)
    assert sorted(found) == sorted(wanted[:45])
    assert found["g 4 + o'n&x=1%"]["ID"] == "000004"
    assert desk.sim.counters.calls <= 7


@pytest.mark.parametrize("batch", [False, True])
def test_f1_f28_a_write_whose_answer_was_lost_is_unknown_and_read_back(batch: bool) -> None:
    path = "/odata/$batch" if batch else SET
    for fault in (Fault("lost", path=path, method="POST"), Fault("reset", path=path, method="POST", when="after")):
        desk = Desk()
        desk.sim.faults.add(fault)
        connector = desk.connect(batch=batch)
        results = write(connector, _new(1), _new(2))
        assert (results[0].outcome, results[0].code) == ("unknown", "CON005")
        assert len(desk.ids()) == 2
        back = connector.read_back(connector.streams["Companies"], ["g1"])
        assert back["g1"]["ID"] == desk.ids()[0]
        assert write(connector, _new(1))[0].key == desk.ids()[0]
        assert len(desk.ids()) == 2


def test_f28_a_write_that_was_never_done_is_not_found_and_sent_again() -> None:
    desk = Desk()
    desk.sim.faults.add(Fault("unavailable", path=SET, method="POST", status=502))
    connector = desk.connect()
    assert write(connector, _new(1))[0].outcome == "unknown"
    assert connector.read_back(connector.streams["Companies"], ["g1"]) == {}
    assert write(connector, _new(1))[0].outcome == "written"


@BOTH
@pytest.mark.parametrize("batch", [False, True])
def test_f38_f39_f40_a_refused_record_leaves_the_rest_of_the_batch_alone(version: int, batch: bool) -> None:
    desk = Desk(version=version)
    connector = desk.connect(batch=batch)
    results = write(connector, _new(1), _new(2, Name="x" * 41), _new(3, Capital="much"), _new(4))
    assert [result.outcome for result in results] == ["written", "rejected", "rejected", "written"]
    assert [result.code for result in results] == ["", "CON121", "CON134", ""]
    assert results[2].field == "Capital"
    assert [row["Ours"] for row in desk.sim.rows("Companies")] == ["g1", "g4"]
    desk.sim.faults.add(Fault("partial", path="/odata/$batch", rows=1))
    outcomes = [result.outcome for result in write(connector, _new(5), _new(6))]
    assert outcomes == (["rejected", "written"] if batch else ["written", "written"])


@BOTH
def test_f41_answers_in_another_order_or_missing_are_matched_or_unknown(version: int) -> None:
    desk = Desk(version=version)
    connector = desk.connect(batch=True)
    desk.sim.faults.add(Fault("short_page", path="/odata/$batch", rows=1))
    results = write(connector, _new(1), _new(2), _new(3))
    assert [(result.outcome, result.code) for result in results] == [("written", "")] * 2 + [("unknown", "CON131")]
    keys = {row["Ours"]: row["ID"] for row in desk.sim.rows("Companies")}
    assert [result.key for result in results[:2]] == [keys["g1"], keys["g2"]]


def test_a_batch_answer_that_says_nothing_makes_all_unknown() -> None:
    desk = Desk()
    desk.sim.faults.add(Fault("error_body", body={"what": 1}, path="/odata/$batch"))
    results = write(desk.connect(batch=True), _new(1), _new(2))
    assert [(result.outcome, result.code) for result in results] == [("unknown", "CON131")] * 2


def test_half_a_character_spoils_one_record_not_the_batch() -> None:
    for version in (2, 4):
        desk = Desk(version=version)
        results = write(desk.connect(batch=True), _new(1), _new(2, Name="half \ud800"), _new(3))
        assert [result.outcome for result in results] == ["written", "rejected", "written"]
        assert results[1].code == "CON017"


@BOTH
def test_f44_a_record_changed_meanwhile_is_tried_again_later(version: int) -> None:
    desk = Desk(version=version, rows={"Companies": [company(1, Ours="g1")]})
    connector = desk.connect()
    desk.sim.faults.add(Fault("edit", path=f"{SET}(*", method="PATCH"))
    change = Write("update", "g1", {"Staff": 9}, key="000001")
    result = write(connector, change)[0]
    assert (result.outcome, result.code) == ("retry", "CON136")
    assert desk.sim.rows("Companies")[0]["Staff"] == 1
    assert write(connector, change)[0].outcome == "written"
    desk.sim.faults.add(Fault("edit", path=f"{SET}(*", method="PATCH"))
    assert write(desk.connect(lock="force"), change)[0].outcome == "written"


def test_a_service_that_wants_an_etag_says_so_once() -> None:
    desk = Desk(1)
    connector = desk.connect(lock="none")
    with pytest.raises(Misconfigured, match="set lock to etag or force") as caught:
        write(connector, Write("update", "g1", {"Staff": 9}, key="000000"))
    assert caught.value.code == "CON120"


def test_f42_a_create_that_was_none_is_not_taken_for_one() -> None:
    desk = Desk(minimal=True)
    desk.sim.faults.add(Fault("phantom", path=SET, method="POST"))
    connector = desk.connect()
    result = write(connector, _new(1))[0]
    assert result.outcome == "written", "the answer says so; reading back tells the truth"
    assert connector.read_back(connector.streams["Companies"], ["g1"]) == {}
    desk.sim.faults.add(Fault("error_body", body={}, path=SET, method="POST"))
    result = write(connector, _new(2))[0]
    assert (result.outcome, result.code) == ("unknown", "CON135")


def test_an_answer_without_a_body_names_the_key_in_its_address() -> None:
    desk = Desk(minimal=True)
    assert write(desk.connect(), _new(1))[0].key == desk.ids()[0]


def test_f17_a_password_refused_in_the_middle_stops_the_rest() -> None:
    desk = Desk()
    desk.sim.faults.add(Fault("refuse", code="403", path=SET, method="POST", skip=1, count=None))
    results = write(desk.connect(), *(_new(number) for number in range(4)))
    assert [(result.outcome, result.code) for result in results] == [("written", ""), *[("retry", "CON120")] * 3]
    assert desk.sim.changing.writes == 1


# Settings, budget, secrets


def test_mistakes_in_the_settings_have_one_clear_message() -> None:
    desk = Desk(1)
    for change, more, code, words in (
        ({"entity_set": "Compnies"}, {}, "CON125", "did you mean 'Companies'?"),
        ({"cursor": "ChangedOn"}, {}, "CON126", "did you mean 'ChangedAt'?"),
        ({"cursor": "Name"}, {}, "CON126", "has to be a time, a date or an integer"),
        ({"key": "Id"}, {}, "CON126", "the set's key is 'ID'"),
        ({"select": ["Nmae"]}, {}, "CON126", "did you mean 'Name'?"),
        ({"external_id": "Ourz"}, {}, "CON126", "did you mean 'Ours'?"),
        ({}, {"base_url": "http://127.0.0.1/nothing"}, "CON120", "HTTP 404"),
        ({}, {"user": "", "password": ""}, "CON010", "check the credentials"),
    ):
        with pytest.raises(Misconfigured) as caught:
            desk.connect(change, **more).probe()
        assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message
    desk.sim.faults.add(Fault("error_body", body={"not": "xml"}, path="/odata/$metadata"))
    assert outcome(desk.connect().probe) == (Misconfigured, "CON124")


def test_writing_is_off_unless_it_is_switched_on_and_has_an_id() -> None:
    desk = Desk()
    assert outcome(lambda: write(desk.connect(writes="disabled"), _new(1))) == (Misconfigured, "CON137")
    assert outcome(lambda: write(desk.connect({"external_id": None}), _new(1))) == (Misconfigured, "CON138")
    assert desk.sim.counters.calls == 0
    with pytest.raises(Misconfigured) as caught:
        write(desk.connect(), _new(1, Nmae="x", Stuff=1))
    assert [problem.code for problem in caught.value.problems] == ["CON126"] * 2
    assert "did you mean 'Staff'?" in str(caught.value)
    assert desk.sim.counters.writes == 0


def test_the_streams_are_known_without_asking_anybody() -> None:
    desk = Desk(1)
    stream = desk.connect().streams["Companies"]
    assert (stream.key, stream.cursor, stream.external_id, stream.one_by_one) == ("ID", "ChangedAt", "Ours", True)
    assert desk.sim.counters.calls == 0
    assert desk.connect().fields(stream) == frozenset({*COMPANY.properties, "@odata.etag"})


def test_the_budget_of_the_settings_holds() -> None:
    desk = Desk(3)
    connector = desk.connect(budget={"calls": 10, "per_s": 5.0})
    for _ in range(25):
        connector.read_back(connector.streams["Companies"], ["g1"])
    assert desk.clock.monotonic() >= 10


def test_s6_no_secret_reaches_a_log_or_an_error(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    desk = Desk(3)
    connector = desk.connect()
    desk.sim.faults.add(
        Fault("refuse", code="500", message="bad password=odata-sandbox-password", path=SET, count=None)
    )
    with pytest.raises(Retry) as caught:
        read(connector, end="2026-03-02T03:00:00Z")
    packed = b64encode(b"odata-sandbox:odata-sandbox-password").decode()
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in ("odata-sandbox-password", packed):
        assert secret not in everything
