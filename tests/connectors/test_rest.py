"""Reading any JSON API: every paging style, envelope and signature, resuming, faults, and honest verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Position, Reading, Window
from connectors.rest import Rest
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault
from tests.connectors.rest_shape import ENVELOPES, PAGINGS, Case, account, source
from tests.connectors.rig import NOON_MS, connect, outcome

LIST = "/account"
COUNTED = [paging for paging in PAGINGS if paging not in ("keyset", "none")]


def read(connector: Rest, start: Position | None = None, end: str | None = None) -> tuple[list[Any], list[Any], Any]:
    """All rows of a window, its pages, and the verdict; positions must only ever grow."""
    stream = connector.streams["account"]
    reading = Reading(connector.read(stream, Window(start, end if end is not None else connector.bound(stream))))
    pages = list(reading)
    places = [page.at for page in pages if page.at is not None]
    assert places == sorted(places, key=lambda at: (at.cursor, int(at.tie or 0)))
    return [row for page in pages for row in page.rows], pages, reading.completeness


def last(pages: list[Any]) -> Position:
    return [page.at for page in pages if page.at is not None][-1]


def ids(rows: list[Any]) -> list[int]:
    return sorted(row["id"] for row in rows)


@pytest.mark.parametrize("times", ["iso", "epoch_s", "epoch_ms", "local"])
@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("paging", PAGINGS)
def test_a_first_read_meets_every_row_once_and_the_next_one_none(paging: str, envelope: str, times: str) -> None:
    case = Case(250, paging, envelope=envelope, times=times)
    connector = case.connect()
    rows, pages, verdict = read(connector)
    assert ids(rows) == case.ids()
    assert verdict.proven
    assert [row["name"] for row in rows] == [row["name"] for row in case.sim.rows("account")]
    assert read(connector, last(pages))[0] == []


def test_post_to_read_is_repeated_like_a_get() -> None:
    body = {"since": "{after}", "since_id": "{after_tie}", "until": "{until}", "limit": "{limit}"}
    case = Case(120, read={"method": "POST", "path": "/account/search", "params": {}, "body": body})
    case.sim.faults.add(Fault("unavailable", path="/account/search", skip=1))
    assert len(read(case.connect())[0]) == 120


def test_deleted_rows_are_told_by_their_flag() -> None:
    case = Case(rows=[account(1), account(2, archived=True)])
    connector = case.connect()
    stream = connector.streams["account"]
    assert [stream.is_deleted(row) for row in read(connector)[0]] == [False, True]


def test_the_window_is_closed_also_where_the_api_is_not_told_its_end() -> None:
    window = {"since": "{after}", "since_id": "{after_tie}", "limit": "{limit}"}
    for read_more in ({}, {"params": window}):
        case = Case(10, times="epoch_ms", read=read_more)
        at = [row["updated_at"] for row in case.sim.rows("account")]
        connector = case.connect(page_size=3)
        rows, pages, verdict = read(connector, Position(str(at[2]), "3"), str(at[6]))
        assert ids(rows) == [4, 5, 6, 7]
        assert last(pages) == Position(str(at[6]), "7")
        assert verdict.proven


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 30), st.sampled_from(["keyset", "offset", "next_token"]))
def test_f2_f7_a_killed_read_goes_on_and_misses_nothing(killed: int, size: int, edited: int, paging: str) -> None:
    more = {} if paging == "keyset" else {"order": "cursor", "stable": True}
    case = Case(30, paging, read=more)
    connector = case.connect(page_size=size)
    stream = connector.streams["account"]
    met: set[tuple[int, str]] = set()
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed), strict=False):
        met |= {(row["id"], row["updated_at"]) for row in page.rows}
        at = page.at or at
    pages.close()
    case.clock.advance(60)
    for key in case.ids()[:edited]:
        case.sim.edit("account", key, {"note": "改"})
    case.clock.advance(60)
    rows, _, _ = read(case.connect(page_size=size), at)
    met |= {(row["id"], row["updated_at"]) for row in rows}
    assert {(row["id"], row["updated_at"]) for row in case.sim.rows("account")} <= met
    if edited == 0 and at is not None:
        assert len(rows) < 30, "what was committed is not read again"


def test_f30_a_thousand_rows_of_one_moment() -> None:
    case = Case(rows=[account(number, NOON_MS - 5000) for number in range(1000)])
    rows, _, verdict = read(case.connect())
    assert (len(ids(rows)), verdict.proven) == (1000, True)


@pytest.mark.parametrize("paging", COUNTED)
def test_f9_a_closed_window_whose_count_stands_still_is_proven(paging: str) -> None:
    case = Case(250, paging, read={"total": "total"})
    assert read(case.connect())[2].proven


@pytest.mark.parametrize("total", ["total", ""])
@pytest.mark.parametrize("paging", COUNTED)
def test_f7_f9_a_window_whose_rows_move_is_walked_again_until_it_stands_still(paging: str, total: str) -> None:
    case = Case(250, paging, read={"total": total})
    connector = case.connect()
    case.sim.faults.add(Fault("edit", path=LIST, skip=2, rows=5))
    case.clock.advance(60)
    rows, pages, verdict = read(connector)
    assert verdict.proven
    case.clock.advance(60)
    again, _, _ = read(connector, last(pages))
    assert set(ids(rows)) | set(ids(again)) == set(case.ids())
    assert ids(again) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("stable", [True, False])
def test_f2_f7_a_position_inside_a_window_is_certain_or_there_is_none(stable: bool) -> None:
    """A row that slipped between two pages lies before the next page: a run killed there must not go on behind it."""
    case = Case(250, "page", read={"order": "cursor", "stable": stable})
    pages = read(case.connect())[1]
    assert [page.at is not None for page in pages] == [stable, stable, stable, True]


@pytest.mark.parametrize("total", ["total", ""])
def test_f7_f9_a_window_that_never_stands_still_is_not_proven_and_read_again(total: str) -> None:
    case = Case(250, "page", read={"total": total})
    connector = case.connect()
    case.sim.faults.add(Fault("edit", path=LIST, skip=2, rows=5, count=None))
    case.clock.advance(60)
    _, pages, verdict = read(connector)
    assert not verdict.proven
    assert {page.at for page in pages} == {None}, "the next run reads this window again"


def test_a_list_that_no_window_closes_is_proven_by_two_walks_or_the_vendors_word() -> None:
    for more, calls in (({}, 6), ({"total": "total"}, 7), ({"stable": True}, 3)):
        params = {"page": "{page}", "limit": "{limit}"}
        case = Case(250, "page", stream={"cursor": None}, read={"params": params, **more})
        rows, pages, verdict = read(case.connect())
        assert (ids(rows), verdict.proven, {page.at for page in pages}) == (case.ids(), True, {None})
        assert case.sim.counters.calls == calls


def test_a_list_without_a_cursor_is_walked_by_its_key() -> None:
    case = Case(250, stream={"cursor": None}, read={"params": {"since_id": "{after_tie}", "limit": "{limit}"}})
    connector = case.connect()
    rows, _, verdict = read(connector)
    assert (ids(rows), verdict.proven) == (case.ids(), True)
    assert connector.streams["account"].walk == "full"


# Faults while reading


@pytest.mark.parametrize("paging", [paging for paging in PAGINGS if paging != "none"])
def test_f6_a_page_served_twice_is_asked_for_again_and_for_ever_is_a_loop(paging: str) -> None:
    case = Case(250, paging)
    case.sim.faults.add(Fault("duplicate_page", path=LIST, skip=2))
    connector = case.connect()
    assert ids(read(connector)[0]) == case.ids()
    case.sim.faults.add(Fault("duplicate_page", path=LIST, skip=2, count=None))
    with pytest.raises(Halt, match="paging loop") as caught:
        read(connector)
    assert caught.value.code == "CON101"


def test_f6_an_api_that_ignores_the_page_is_a_loop() -> None:
    case = Case(250, "offset", read={"params": {"start": "{offset}", "since": "{after}", "limit": "{limit}"}})
    assert outcome(lambda: read(case.connect())) == (Halt, "CON101")


@pytest.mark.parametrize("paging", [paging for paging in PAGINGS if paging not in ("none", "page", "link", "next_url")])
def test_f8_a_short_page_is_not_the_end(paging: str) -> None:
    case = Case(250, paging, read={"stable": paging != "keyset"})
    case.sim.faults.add(Fault("short_page", path=LIST, rows=60, count=2))
    assert ids(read(case.connect())[0]) == case.ids()


@pytest.mark.parametrize("paging", ["keyset", "page", "offset"])
def test_f8_without_a_flag_only_an_empty_page_is_the_end(paging: str) -> None:
    case = Case(200, paging, read={"more": ""})
    assert ids(read(case.connect())[0]) == case.ids()


def test_f17_a_token_that_expires_is_renewed_and_the_page_repeated() -> None:
    case = Case(250, auth="client_credentials")
    case.sim.faults.add(Fault("expire", path=LIST, skip=2))
    assert len(read(case.connect())[0]) == 250
    assert case.sim.gate.issued == 2


def test_f74_an_expired_page_token_starts_again_from_what_is_certain() -> None:
    for envelope in ENVELOPES:
        case = Case(
            400, "next_token", envelope=envelope, read={"order": "cursor", "stable": True}, habits={"page_token_s": 5.0}
        )
        connector = case.connect()
        case.sim.faults.add(Fault("latency", path=LIST, skip=3, delay_s=10.0))
        rows, _, _ = read(connector)
        assert set(ids(rows)) == set(case.ids())
        assert len(rows) < 700, "the pages before the last certain place are not read again"


def test_f74_a_token_that_never_lives_long_enough_stops_the_run() -> None:
    case = Case(400, "next_token", habits={"page_token_s": -1.0})
    assert outcome(lambda: read(case.connect())) == (Halt, "CON105")


@pytest.mark.parametrize(("counted", "order"), [(True, None), (False, None), (False, "cursor")])
@pytest.mark.parametrize("paging", ["page", "offset", "next_token"])
def test_f75_a_window_too_deep_for_the_api_is_cut(paging: str, counted: bool, order: str | None) -> None:
    how = {"depth": 100, "order": order, **({"total": "total"} if counted else {})}
    case = Case(450, paging, read=how, habits={"depth": 100})
    rows, _, verdict = read(case.connect(page_size=50))
    assert set(ids(rows)) == set(case.ids())
    assert verdict.proven
    if counted:
        assert len(rows) == 450


def test_f75_more_rows_of_one_moment_than_are_served_stop_the_run() -> None:
    rows = [account(number, NOON_MS - 5000) for number in range(150)]
    case = Case(rows=rows, paging="page", read={"depth": 100, "total": "total"}, habits={"depth": 100})
    assert outcome(lambda: read(case.connect(page_size=50))) == (Halt, "CON106")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("throttle", after_s=5.0, path=LIST, skip=1), None),
        (Fault("throttle", after_s=5.0, as_date=True, path=LIST, skip=1), None),
        (Fault("throttle", path=LIST, skip=1), None),
        (Fault("throttle", path=LIST, skip=1, count=None), (Retry, "CON003")),
        (Fault("truncated", path=LIST, skip=1), None),
        (Fault("reset", path=LIST, skip=1, when="mid"), None),
        (Fault("reset", path=LIST, skip=1, when="before"), None),
        (Fault("encoding", code="bom", path=LIST, skip=1), None),
        (Fault("unavailable", path=LIST, skip=1), None),
        (Fault("unavailable", path=LIST, skip=1, count=None), (Retry, "CON002")),
        (Fault("html", path=LIST, skip=1), None),
        (Fault("html", path=LIST, count=None), (Halt, "CON007")),
        (Fault("bomb", size_mb=33, path=LIST, count=None), (Halt, "CON008")),
        (Fault("error_body", body={}, path=LIST, skip=1), (Halt, "CON019")),
        (Fault("error_body", body={"items": None}, path=LIST, skip=1), (Halt, "CON019")),
        (Fault("error_body", body={"error": {"code": "E77"}}, path=LIST, skip=1), (Halt, "CON015")),
        (Fault("error_body", body=[], path=LIST, skip=1), (Halt, "CON019")),
        (Fault("forbid", path=LIST, skip=1), (Misconfigured, "CON011")),
    ],
)
@pytest.mark.parametrize("paging", ["keyset", "page"])
def test_the_faults_of_the_wire(fault: Fault, expected: Any, paging: str) -> None:
    case = Case(220, paging)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(replace(fault))
    if expected is None:
        assert ids(read(connector)[0]) == case.ids()
    else:
        assert outcome(lambda: read(connector)) == expected


@pytest.mark.parametrize("paging", ["keyset", "next_token", "next_url", "page", "offset"])
@pytest.mark.parametrize("number", [1, 100, 101, 130, 220])
def test_f27_one_poison_record_is_stepped_over(paging: str, number: int) -> None:
    case = Case(220, paging)
    case.sim.faults.add(Fault("poison", key=str(number), path=LIST, count=None))
    rows, pages, verdict = read(case.connect(page_size=100, timeout_s=6000))
    assert {row["id"] for row in rows} == set(case.ids()) - {number}
    [(place, reject)] = [each for page in pages for each in page.rejects]
    assert reject.code == "CON013"
    if paging in ("page", "offset"):
        assert place == f"after {number - 1 or 'the start'}"
    else:
        assert place.startswith("updated_at 2026-03-02T")
    assert verdict.reason == "1 records break the pages they are on"


def test_f27_a_poison_record_takes_those_of_its_very_moment_with_it_and_says_so() -> None:
    case = Case(rows=[account(number, NOON_MS - 1_000_000 - number % 3) for number in range(30)])
    case.sim.faults.add(Fault("poison", key="6", path=LIST, count=None))
    rows, pages, verdict = read(case.connect(page_size=10, timeout_s=6000))
    same = {row["id"] for row in case.sim.rows("account") if row["id"] % 3 == 0 and row["id"] >= 6}
    assert {row["id"] for row in rows} == set(case.ids()) - same
    assert not verdict.proven
    assert len([each for page in pages for each in page.rejects]) == 1


@pytest.mark.parametrize("paging", ["keyset", "next_token", "offset"])
def test_f27_a_server_that_is_down_blames_no_record(paging: str) -> None:
    case = Case(220, paging)
    connector = case.connect(page_size=100)
    bound = connector.bound(connector.streams["account"])
    case.sim.faults.add(Fault("unavailable", path=LIST, skip=1, count=None))
    assert outcome(lambda: read(connector, end=bound)) == (Retry, "CON002")


def test_f27_where_nothing_narrower_can_be_asked_for_the_run_stops() -> None:
    params = {"since": "{after}", "cursor": "{next}"}
    case = Case(220, "next_token", read={"params": params})
    case.sim.faults.add(Fault("poison", key="130", path=LIST, count=None))
    assert outcome(lambda: read(case.connect())) == (Retry, "CON013")


def test_f14_an_error_inside_a_success_is_no_empty_page() -> None:
    case = Case(3, envelope="code")
    for body, code in (({"code": 88, "data": None}, "CON015"), ({"data": {"items": []}}, "CON015")):
        case.sim.faults.add(Fault("error_body", body=body, path=LIST))
        assert outcome(lambda: read(case.connect())) == (Halt, code)


CLASSED = {
    "refresh-token": (Misconfigured, "CON010"),
    "retry": (Retry, "CON013"),
    "throttle": (Retry, "CON003"),
    "throttle-day": (Halt, "CON004"),
    "fatal-record": (Halt, "CON012"),  # a refused question is ours, so a read blames no record
    "fatal-config": (Misconfigured, "CON011"),
    "expired": (Halt, "CON105"),
}


@pytest.mark.parametrize("name", CLASSED)
def test_every_class_of_the_table_ends_as_it_says(name: str) -> None:
    case = Case(1, "page", envelope="code")
    envelope = {"code": "code", "success": ["0"], "message": "message", "classes": {"E7*": name, "E71": "fatal-config"}}
    tried = source("page", envelope="code", stream={"cursor": None}, read={"params": {"page": "{page}"}})
    connector = connect(Rest, case.sim, case.clock, **{**tried, "envelope": envelope})
    case.sim.faults.add(Fault("refuse", code="E70", path=LIST, count=None))
    assert outcome(lambda: read(connector)) == CLASSED[name]


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [(404, "retry", (Retry, "CON013")), (403, "throttle-day", (Halt, "CON004")), (409, None, (Halt, "CON012"))],
)
def test_a_status_may_be_classed_anew(status: int, name: str | None, expected: Any) -> None:
    envelope = {"code": "error.code", "statuses": {str(status): name} if name else {}}
    case = Case(1)
    connector = connect(Rest, case.sim, case.clock, **{**source(), "envelope": envelope})
    connector.probe()
    case.sim.faults.add(Fault("error_body", status=status, body={"error": {"code": "new"}}, path=LIST, count=None))
    assert outcome(lambda: read(connector)) == expected


# What the declaration promises and the API does not keep


def test_rows_out_of_order_are_noticed_where_the_walk_depends_on_it() -> None:
    rows = [account(number, NOON_MS - number * 1000) for number in range(1, 30)]
    for paging, order in (("keyset", None), ("page", "cursor")):
        case = Case(rows=rows, paging=paging, read={"order": order})
        shown = sorted(case.sim.rows("account"), key=lambda row: row["id"])
        case.sim.faults.add(Fault("error_body", body={"items": shown[:5], "has_more": True}, path=LIST, skip=1))
        case.sim.faults.add(Fault("error_body", body={"items": shown[5:9], "has_more": False}, path=LIST, skip=1))
        assert outcome(lambda case=case: read(case.connect())) == (Halt, "CON104")


def test_ties_out_of_order_are_not_proven() -> None:
    case = Case(3)
    row = {"name": "x", "updated_at": "2026-03-02T03:00:00Z"}
    shuffled = {"items": [{**row, "id": 9}, {**row, "id": 8}], "has_more": False}
    case.sim.faults.add(Fault("error_body", body=shuffled, path=LIST, skip=1))
    verdict = read(case.connect())[2]
    assert not verdict.proven
    assert "order of 'id'" in verdict.reason


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"id": 9}, "CON103"),
        ({"updated_at": "2026-03-02T03:00:00Z"}, "CON103"),
        ({"id": 9, "updated_at": "x"}, "CON107"),
    ],
)
def test_a_row_that_the_walk_cannot_go_on_from_stops_it(row: Any, code: str) -> None:
    case = Case(3)
    case.sim.faults.add(Fault("error_body", body={"items": [row], "has_more": True}, path=LIST, skip=1))
    assert outcome(lambda: read(case.connect())) == (Halt, code)


def test_an_item_that_is_no_record_is_a_dead_letter() -> None:
    case = Case(3, "page")
    case.sim.faults.add(Fault("error_body", body={"items": [{"id": 1}, "x"], "has_more": False}, path=LIST, skip=1))
    rows, pages, verdict = read(case.connect())
    assert [row["id"] for row in rows] == [1]
    assert [(place, error.code) for page in pages for place, error in page.rejects] == [("1.2", "CON100")]
    assert not verdict.proven


def test_a_next_page_elsewhere_is_never_asked_for() -> None:
    case = Case(3, "next_url", auth="query")
    for url in ("https://evil.example/account?page=2", "http://127.0.0.1:81/account", "//evil.example/x"):
        body = {"items": [{"id": 1, "updated_at": "2026-03-02T03:00:00Z"}], "next": url}
        case.sim.faults.add(Fault("error_body", body=body, path=LIST, skip=1))
        with pytest.raises(Halt, match="credentials do not go there") as caught:
            read(case.connect())
        assert caught.value.code == "CON102"


def test_a_relative_next_page_starts_from_the_page_it_stands_on() -> None:
    case = Case(250, "next_url", auth="query", read={"stable": True})
    page = {"items": [], "next": "?page=2&limit=100"}
    case.sim.faults.add(Fault("error_body", body=page, path=LIST, skip=1))
    assert len(read(case.connect())[0]) == 150


# Windows


def test_f29_the_upper_bound_is_the_earlier_clock_less_the_delay() -> None:
    for shift_s, expected_ms in ((-600, NOON_MS - 602_000), (600, NOON_MS - 2_000)):
        case = Case(1, times="epoch_ms")
        case.sim.clock.shift(shift_s)
        connector = case.connect()
        assert connector.bound(connector.streams["account"]) == str(expected_ms)


def test_f32_a_late_row_inside_the_overlap_is_met() -> None:
    case = Case(5)
    connector = case.connect(overlap_s=120)
    at = last(read(connector)[1])
    case.sim.table("account").load([account(77, NOON_MS - 1_000_000)])
    case.clock.advance(30)
    assert read(connector, at)[0] == []
    rewound = connector.rewind(connector.streams["account"], at)
    assert 6 in ids(read(connector, rewound)[0])


def test_a_slice_covers_whole_days_of_the_zone() -> None:
    connector = Case(times="epoch_ms").connect()
    window = connector.slice(connector.streams["account"], "2026-03-01", "2026-03-01")
    midnight = NOON_MS - 36 * 3_600_000
    assert window == Window(Position(str(midnight - 1)), str(midnight + 86_400_000 - 1))


def test_a_stream_without_a_time_has_no_days() -> None:
    connector = Case(stream={"cursor_format": "number"}).connect()
    stream = connector.streams["account"]
    assert connector.bound(stream) is None
    assert connector.rewind(stream, Position("7")) == Position("7")
    assert outcome(lambda: connector.slice(stream, "2026-03-01", None)) == (Misconfigured, "CON108")


def test_the_probe_is_the_declared_call_or_a_small_page() -> None:
    case = Case(3)
    assert "/me answers" in case.connect(probe="/me").probe()
    assert "account answers" in case.connect().probe()
    assert case.sim.counters.by_endpoint == {"/me": 1, "/{object}": 1}


def test_the_vendors_own_limit_is_never_hit() -> None:
    case = Case(900, habits={"limits": "sheet"})
    connector = case.connect(budget={"calls": 10, "per_s": 1}, page_size=20)
    assert len(read(connector)[0]) == 900
    assert case.sim.counters.refused == 0
    assert case.clock.monotonic() >= 3
