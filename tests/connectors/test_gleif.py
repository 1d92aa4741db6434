"""GLEIF against a pretend service over one world: answers, parents, the stream between publications, every code."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from connectors.base import Page, Position, Reading, Window
from connectors.gleif import Gleif
from connectors.gleif.walk import Span, Walk
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Reject, Retry
from goldbridge.simulators.gleif import Gleif as Service
from goldbridge.simulators.gleif import holders, lei_of
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.world import World
from tests.connectors.rig import CLASSES, NOON, connect, outcome, sim_clock, table

WORLD = World(customers=300, seed=7)
HOLDERS = [company for company in WORLD.companies if company.id in holders(WORLD.companies)]
CHINESE = [company for company in HOLDERS if company.country == "CN"]
ABROAD = next(company for company in HOLDERS if company.country not in ("CN", "HK"))
CHILD = next(company for company in HOLDERS if company.group)
RECORDS = "/api/v1/lei-records"


class Case:
    """A service and connectors in front of it."""

    def __init__(self, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        self.sim = Service(WORLD, clock=sim_clock(self.clock), **options)

    def connect(self, **more: Any) -> Gleif:
        return connect(Gleif, self.sim, self.clock, **{"base_url": "http://127.0.0.1/api/v1", **more})

    def reader(self, **more: Any) -> Gleif:
        return self.connect(**{"filters": {"entity.legalAddress.country": "CN"}, "page_size": 10, **more})


def ask(connector: Gleif, term: str, question: str = "company") -> Any:
    return connector.ask(question, {connector.questions[question][0]: term})


def read(connector: Gleif, start: Position | None = None, end: str | None = None) -> tuple[list[Any], list[Page], Any]:
    stream = connector.streams["lei_record"]
    reading = Reading(connector.read(stream, Window(start, end or connector.bound(stream))))
    pages = list(reading)
    positions = [page.at for page in pages if page.at]
    assert positions == sorted(positions)
    return [row for page in pages for row in page.rows], pages, reading.completeness


def ids(rows: list[Any]) -> list[str]:
    return sorted(row["id"] for row in rows)


def updated(sim: Service, lei: str) -> str:
    found: str = sim.rows[lei]["attributes"]["registration"]["lastUpdateDate"]
    return found


# Questions


def test_a_company_is_found_by_lei_by_register_number_and_by_its_very_name() -> None:
    connector = Case().connect()
    for company in (ABROAD, next(c for c in CHINESE if c.english)):
        lei = lei_of(company)
        number = connector.ask("record", {"lei": lei}).row["attributes"]["entity"]["registeredAs"]
        for term in (lei, lei.lower(), number, company.name):
            answer = ask(connector, term)
            assert (answer.found, answer.key, answer.stream) == (True, lei, "company")
        assert connector.streams["company"].key_of(answer.row) == lei


def test_a_name_with_a_comma_stays_one_name() -> None:
    case = Case()
    commas = next(company for company in HOLDERS if "," in company.name or "." in company.name)
    assert ask(case.connect(), commas.name.upper()).key == lei_of(commas)


def test_a_number_that_several_have_or_nobody_has_is_no_answer() -> None:
    case = Case()
    first, second = list(case.sim.rows)[:2]
    case.sim.rows[second]["attributes"]["entity"]["registeredAs"] = "HRB 4711"
    assert ask(case.connect(), "HRB 4711").key == second
    case.sim.rows[first]["attributes"]["entity"]["registeredAs"] = "HRB 4711"
    shared = ask(case.connect(), "HRB 4711")
    assert (shared.found, shared.reason) == (False, "2 records carry this number or name")
    assert not ask(case.connect(), "91330110MA2EXAMP5K").found
    assert not ask(case.connect(), "Nobody Ltd.").found


def test_a_number_is_also_asked_for_without_its_punctuation() -> None:
    case = Case()
    lei = next(iter(case.sim.rows))
    case.sim.rows[lei]["attributes"]["entity"]["registeredAs"] = "HRB6684"
    assert ask(case.connect(), "HRB 6684").key == lei


def test_a_name_that_several_own_comes_without_a_record() -> None:
    case = Case()
    body = {"data": [{"type": "fuzzycompletions", "attributes": {"value": "Twin Ltd."}}]}
    case.sim.faults.add(Fault("error_body", body=body))
    answer = ask(case.connect(), "Twin Ltd.")
    assert (answer.found, answer.reason) == (False, "several records carry this name")


def test_similar_names_are_told_with_their_leis() -> None:
    row = ask(Case().connect(), ABROAD.name, "similar").row
    assert row["items"][0] == {"name": ABROAD.name, "lei": lei_of(ABROAD)}
    assert not ask(Case().connect(), "绝无此名", "similar").found


def test_no_parent_is_normal() -> None:
    connector = Case().connect()
    parent = ask(connector, lei_of(CHILD), "parent")
    assert parent.key == lei_of(WORLD.by_id[CHILD.group])
    assert parent.row["child"] == lei_of(CHILD)
    assert ask(connector, lei_of(CHILD), "ultimate_parent").found
    none = ask(connector, lei_of(ABROAD), "parent")
    assert (none.found, none.reason) == (False, "no parent is reported")


def test_many_leis_go_in_one_call_and_keep_their_order() -> None:
    case = Case()
    leis = [lei_of(company) for company in HOLDERS[:12]]
    asked = [*leis[:6], "5493", "529900T8BM49AURSDO55", *leis[6:], leis[0]]
    found = case.connect(lei_batch=200).ask_many("record", [{"lei": lei} for lei in asked])
    assert [getattr(each, "key", None) for each in found if getattr(each, "found", False)] == [*leis, leis[0]]
    assert isinstance(found[6], Reject)
    assert (found[6].code, getattr(found[7], "found", None)) == ("CON240", False)
    assert case.sim.counters.calls == 1


@pytest.mark.parametrize(("question", "term"), [("company", " "), ("record", ""), ("parent", "529900T8BM49AURSDO56")])
def test_nothing_to_ask_for_costs_no_call(question: str, term: str) -> None:
    case = Case()
    assert outcome(lambda: ask(case.connect(), term, question)) == (Reject, "CON240")
    with pytest.raises(Misconfigured, match="did you mean 'company'") as caught:
        case.connect().ask("compny", {})
    assert caught.value.code == "CON243"
    assert case.sim.counters.calls == 0


def test_the_probe_tells_the_publication() -> None:
    assert "published 2026-03-02T00:00:00Z" in Case().connect().probe()


# Stream


def test_there_is_a_stream_only_of_a_declared_selection() -> None:
    assert "lei_record" not in Case().connect().streams
    stream = Case().reader().streams["lei_record"]
    assert (stream.key, stream.cursor, stream.walk) == ("id", "updated_at", "offset")


def test_a_selection_is_read_completely_in_the_order_of_its_updates() -> None:
    case = Case()
    rows, pages, verdict = read(case.reader())
    assert ids(rows) == sorted(lei_of(company) for company in CHINESE)
    assert [row["updated_at"] for row in rows] == sorted(row["updated_at"] for row in rows)
    assert rows[0]["updated_at"] == rows[0]["attributes"]["registration"]["lastUpdateDate"]
    assert verdict.proven
    assert [page.at for page in pages if page.at][-1] == Position(rows[-1]["updated_at"])


def test_a_window_has_what_was_updated_in_it() -> None:
    case = Case()
    start, end = Position("2024-06-01T00:00:00Z"), "2025-06-01T12:00:00Z"
    rows, _, verdict = read(case.reader(), start, end)
    wanted = [lei_of(c) for c in CHINESE if start.cursor <= updated(case.sim, lei_of(c)) <= end]
    assert 0 < len(wanted) < len(CHINESE)
    assert ids(rows) == sorted(wanted)
    assert verdict.proven


def test_f2_a_run_that_was_killed_resumes_where_it_was() -> None:
    case = Case()
    every, pages, _ = read(case.reader())
    for page in pages:
        if page.at:
            rest, _, _ = read(case.reader(), page.at)
            met = [row for earlier in pages[: pages.index(page) + 1] for row in earlier.rows]
            assert ids(every) == sorted({row["id"] for row in met + rest})


def test_f30_ties_across_pages_and_across_a_resumption_are_not_lost() -> None:
    case = Case()
    case.sim.faults.add(Fault("tie", rows=60))
    rows, pages, verdict = read(case.reader())
    assert ids(rows) == sorted(lei_of(company) for company in CHINESE)
    assert verdict.proven
    at = next(page.at for page in pages if page.at)
    rest, _, _ = read(case.reader(), at)
    assert {row["id"] for row in rows if row["updated_at"] >= at.cursor} == {row["id"] for row in rest}


def test_f7_f9_a_new_publication_in_between_has_its_span_read_again() -> None:
    case = Case()
    connector = case.reader()
    end = connector.bound(connector.streams["lei_record"])
    case.sim.faults.add(Fault("edit", path=RECORDS, skip=2, rows=2))
    rows, _, verdict = read(connector, end=end)
    assert verdict.proven
    moved = [lei for lei in case.sim.rows if updated(case.sim, lei) > end]
    assert len(moved) == 2
    wanted = {lei_of(company) for company in CHINESE} - set(moved)
    assert wanted <= {row["id"] for row in rows}
    later, _, _ = read(case.reader(), connector.rewind(connector.streams["lei_record"], Position(end)))
    assert set(moved) & {lei_of(company) for company in CHINESE} <= {row["id"] for row in later}


def test_publications_without_end_leave_completeness_unproven() -> None:
    case = Case()
    connector = case.reader()
    end = connector.bound(connector.streams["lei_record"])

    case.sim.faults.add(Fault("edit", path=RECORDS, count=None))
    _, _, verdict = read(connector, end=end)
    assert not verdict.proven
    assert "changed while they were read" in verdict.reason
    assert case.sim.counters.calls < 20, "the reading ends"


@pytest.mark.parametrize("kind", ["short_page", "duplicate_page"])
def test_f6_f8_a_page_that_is_short_or_served_twice_is_never_taken_for_whole(kind: str) -> None:
    case = Case()
    case.sim.faults.add(Fault(kind, path=RECORDS, skip=3, rows=2))
    rows, _, verdict = read(case.reader(), end="2026-03-01T00:00:00Z")
    assert {row["id"] for row in rows} == {lei_of(company) for company in CHINESE}
    assert verdict.proven
    case.sim.faults.add(Fault(kind, path=RECORDS, skip=2, rows=2, count=None))
    rows, pages, verdict = read(case.reader(), end="2026-03-01T00:00:00Z")
    assert not verdict.proven
    at = max(page.at.cursor for page in pages if page.at)
    missing = {lei_of(company) for company in CHINESE} - {row["id"] for row in rows}
    assert missing
    assert all(updated(case.sim, lei) >= at for lei in missing), "no position passes a record that was not met"


def test_pages_of_two_publications_are_not_one_reading_even_where_they_add_up() -> None:
    case = Case()
    rows = [row for row in case.sim.rows.values() if row["id"] in {lei_of(company) for company in CHINESE}][:2]
    for at, published in ((0, "A"), (0, "A"), (1, "B")):
        meta = {"goldenCopy": {"publishDate": published}, "pagination": {"total": 2}}
        case.sim.faults.add(Fault("error_body", body={"meta": meta, "data": rows[at : at + 1]}))
    found, _, verdict = read(case.reader(page_size=1), end="2026-03-01T00:00:00Z")
    assert {row["id"] for row in found} == {lei_of(company) for company in CHINESE}
    assert verdict.proven


def test_no_position_is_told_beyond_a_span_that_was_not_met() -> None:
    case = Case()
    reader = case.reader()
    walk = Walk(reader._client, reader.config, "demo", "2012-06-01", "2026-03-01T00:00:00Z")
    walk.doubt = "an earlier span changed while it was read"
    pages = list(walk.pages(Span(date(2012, 6, 1), date(2026, 3, 1))))
    assert sum(len(page.rows) for page in pages) == len(CHINESE)
    assert [page.at for page in pages if page.at] == []


def test_f75_a_span_beyond_the_depth_is_cut_until_it_fits() -> None:
    case = Case(depth=10)
    reader = case.reader(depth=200)
    reader.config.__dict__["depth"] = 10
    rows, _, verdict = read(reader)
    assert ids(rows) == sorted(lei_of(company) for company in CHINESE)
    assert verdict.proven


def test_more_records_in_a_day_than_can_be_read_stop_the_run() -> None:
    case = Case()
    for lei in case.sim.rows:
        case.sim.rows[lei]["attributes"]["registration"]["lastUpdateDate"] = "2025-05-05T05:05:05Z"
    reader = case.reader(depth=200)
    reader.config.__dict__["depth"] = 10
    assert outcome(lambda: read(reader)) == (Halt, "CON244")


def test_rows_that_come_in_another_order_move_no_position_before_their_span_is_done() -> None:
    case = Case()
    for lei in list(case.sim.rows)[::2]:
        case.sim.rows[lei]["attributes"]["registration"]["lastUpdateDate"] = updated(case.sim, lei)
    rows = list(case.sim.rows.values())
    body = {
        "data": [row for row in rows if row["attributes"]["entity"]["legalAddress"]["country"] == "CN"][:10][::-1],
        "meta": {"goldenCopy": {"publishDate": "2026-03-02T00:00:00Z"}, "pagination": {"total": len(CHINESE)}},
    }
    body["data"].sort(key=lambda row: row["attributes"]["registration"]["lastUpdateDate"], reverse=True)
    case.sim.faults.add(Fault("error_body", body=body, skip=2))
    _, pages, _ = read(case.reader())
    assert pages[0].at is None


def test_a_slice_of_a_backfill_is_given_in_days() -> None:
    case = Case()
    reader = case.reader()
    window = reader.slice(reader.streams["lei_record"], "2024-06-01", "2024-08-31")
    rows, _, _ = read(reader, window.start, window.end)
    wanted = [c for c in CHINESE if "2024-06-01" <= updated(case.sim, lei_of(c))[:10] <= "2024-08-31"]
    assert wanted
    assert ids(rows) == sorted(map(lei_of, wanted))


def test_an_unknown_filter_is_named() -> None:
    with pytest.raises(Reject, match=r"unknown filter entity\.land") as caught:
        read(Case().reader(filters={"entity.land": "DE"}))
    assert caught.value.code == "CON241"


# Trouble

SHEET = {"fatal-record": ["400", "404"], "fatal-config": ["406"], "throttle": ["429"], "retry": ["500", "502", "503"]}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class(code: str, name: str) -> None:
    case = Case()
    case.sim.faults.add(Fault("refuse", code=code, count=None))
    expected = CLASSES | {"fatal-record": (Reject, "CON241"), "fatal-config": (Misconfigured, "CON242")}
    assert outcome(lambda: ask(case.connect(), lei_of(ABROAD), "record")) == expected[name]


def test_f10_f12_a_throttle_waits_as_long_as_it_is_told_or_a_minute() -> None:
    for fault, least, most in ((Fault("throttle", after_s=7), 7, 9), (Fault("throttle"), 60, 70)):
        case = Case()
        case.sim.faults.add(fault)
        assert ask(case.connect(), lei_of(ABROAD), "record").found
        assert timedelta(seconds=least) <= case.clock.now() - NOON <= timedelta(seconds=most)


def test_the_limit_per_minute_is_never_hit() -> None:
    case = Case(limits="sheet")
    connector = case.connect()
    for _ in range(130):
        ask(connector, lei_of(ABROAD), "record")
    assert case.sim.counters.refused == 0


def test_f14_an_answer_without_data_is_no_empty_one() -> None:
    case = Case()
    for body in ({}, [], {"meta": {}}):
        case.sim.faults.add(Fault("error_body", body=body))
        assert outcome(lambda: ask(case.connect(), lei_of(ABROAD), "record")) == (Halt, "CON015")
    case.sim.faults.add(Fault("error_body", body={"data": [], "meta": {}}))
    assert outcome(lambda: ask(case.connect(), lei_of(ABROAD), "record")) == (Halt, "CON019")


@pytest.mark.parametrize("fault", [Fault("truncated"), Fault("reset", when="mid"), Fault("unavailable"), Fault("html")])
def test_f16_f20_f25_a_passing_fault_inside_a_read_loses_nothing(fault: Fault) -> None:
    case = Case()
    case.sim.faults.add(Fault(**{**{name: getattr(fault, name) for name in ("kind", "when")}, "skip": 3}))
    rows, _, verdict = read(case.reader())
    assert ids(rows) == sorted(lei_of(company) for company in CHINESE)
    assert verdict.proven


def test_f25_a_service_that_is_down_is_a_matter_of_waiting() -> None:
    case = Case()
    case.sim.faults.add(Fault("unavailable", count=None))
    assert outcome(lambda: read(case.reader())) == (Retry, "CON002")
