"""Odoo against a pretend database, over both protocols: reading, resuming, faults, writing, the table of exceptions."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, Position, Reading, Window, Write
from connectors.odoo import Odoo
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.odoo import DATABASE, KEY, USER
from goldbridge.simulators.odoo import Odoo as Server
from tests.connectors.rig import CLASSES, NOON, MemoryStore, connect, outcome, sim_clock, table

RPC: dict[str, Any] = {"database": DATABASE, "user": USER, "api_key": KEY}
JSON2: dict[str, Any] = {"database": DATABASE, "api_key": KEY, "protocol": "json2"}
READS, LOADS, WRITES = "search_read", "load", "write"
TIME = "2026-03-02 03:{:02d}:{:02d}"  # before NOON in UTC


def partner(number: int, at: str = "", **more: Any) -> dict[str, Any]:
    at = at or TIME.format(number // 60 % 59, number % 60) + ".250000"
    return {"name": f"示例{number:04d}号有限公司", "is_company": True, "write_date": at, **more}


def on(kind: str, method: str, **more: Any) -> Fault:
    """A fault of calls of one method on partners: by path for one protocol, by the words of the body for the other."""
    return Fault(kind, contains=more.pop("contains", f'"res.partner","{method}"'), **more)


class Case:
    """A database with partners, and connectors in front of it."""

    def __init__(self, count: int = 0, *, rows: Any = None, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        partners = {"res.partner": [partner(number) for number in range(count)]}
        self.sim = Server(rows or partners, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Odoo:
        more = {"writes": "enabled", **RPC, **more}
        found: Odoo = connect(Odoo, self.sim, self.clock, store=self.store, **more)
        return found

    def rows(self, model: str = "res.partner") -> list[dict[str, Any]]:
        return self.sim.rows(model)


def _read(
    connector: Odoo, start: Position | None = None, *, stream: str = "partner", end: str | None = None
) -> tuple[list[dict[str, Any]], list[Page], Any]:
    found = connector.streams[stream]
    reading = Reading(connector.read(found, Window(start, end or connector.bound(found))))
    pages = list(reading)
    positions = [page.at for page in pages if page.at]
    assert positions == sorted(positions)
    return [row for page in pages for row in page.rows], pages, reading.completeness


def _write(connector: Odoo, *batch: Write, stream: str = "partner") -> list[Any]:
    results = connector.write(connector.streams[stream], batch)
    assert [result.external_id for result in results] == [write.external_id for write in batch]
    return results


def _new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"name": f"新建{number}有限公司", **values})


BOTH = pytest.mark.parametrize("way", [RPC, JSON2], ids=["rpc", "json2"])


# Ways in


@BOTH
def test_a_probe_signs_in(way: dict[str, Any]) -> None:
    assert f"signed in to '{DATABASE}'" in Case(3).connect(**way).probe()


def test_false_instead_of_a_user_is_a_refused_login() -> None:
    with pytest.raises(Misconfigured, match="refused the login of") as caught:
        Case().connect(api_key="wrong-api-key").probe()
    assert caught.value.code == "CON300"
    assert "wrong-api-key" not in str(caught.value)
    assert outcome(Case().connect(**{**JSON2, "api_key": "wrong-api-key"}).probe) == (Misconfigured, "CON301")


@BOTH
def test_a_key_that_is_revoked_later_is_a_matter_of_settings(way: dict[str, Any]) -> None:
    case = Case(3)
    connector = case.connect(**way)
    connector.probe()
    case.sim.faults.add(Fault("expire"))
    assert outcome(lambda: _read(connector)) == (Misconfigured, "CON301")


# Reading


@BOTH
def test_a_first_read_meets_every_row_once_and_the_next_one_none(way: dict[str, Any]) -> None:
    case = Case(250)
    connector = case.connect(page_size=100, **way)
    rows, pages, verdict = _read(connector)
    assert sorted(row["id"] for row in rows) == list(range(1, 251))
    assert verdict.proven
    assert [len(page.rows) for page in pages] == [100, 100, 50]
    assert _read(connector, pages[-1].at)[0] == []


def test_false_is_nothing_and_a_reference_has_its_name_beside_it() -> None:
    rows = [partner(1), partner(2, parent_id=1, vat="91330106MA2CG0001D", is_company=False)]
    link = {"module": "goldbridge", "name": "g1", "model": "res.partner", "res_id": 2}
    connector = Case(rows={"res.partner": rows, "ir.model.data": [link]}).connect()
    found = _read(connector)[0]
    assert (found[0]["vat"], found[0]["parent_id"], found[0]["parent_id.name"], found[0]["external_id"]) == (None,) * 4
    assert found[0]["is_company"] is True
    assert (found[1]["is_company"], found[1]["vat"], found[1]["external_id"]) == (False, "91330106MA2CG0001D", "g1")
    assert (found[1]["parent_id"], found[1]["parent_id.name"], found[1]["parent_id/.id"]) == (1, rows[0]["name"], "1")
    assert found[1]["write_date"] == "2026-03-02 03:00:02"
    assert set(found[1]) == connector.fields(connector.streams["partner"])


def test_amounts_are_text_and_a_model_without_archive_is_read_too() -> None:
    rows = {"res.partner": [partner(1)], "sale.order": [{"name": "S1", "partner_id": 1, "amount_total": 1200.5}]}
    case = Case(rows=rows)
    case.clock.advance(60)
    (row,) = _read(case.connect(), stream="order")[0]
    assert (row["amount_total"], row["state"]) == ("1200.5", None)


def test_a_domain_narrows_a_stream() -> None:
    moves = [{"name": "A", "move_type": "out_invoice"}, {"name": "B", "move_type": "entry"}]
    case = Case(rows={"account.move": moves})
    case.clock.advance(60)
    assert [row["name"] for row in _read(case.connect(), stream="invoice")[0]] == ["A"]


def test_the_window_is_closed_and_its_start_is_exclusive() -> None:
    rows = [partner(number, TIME.format(0, number)) for number in range(10)]
    found = _read(Case(rows={"res.partner": rows}).connect(), Position(TIME.format(0, 2)), end=TIME.format(0, 6))[0]
    assert [row["write_date"][-2:] for row in found] == ["03", "04", "05", "06"]


def test_f7_rows_edited_during_the_walk_are_met_by_this_window_or_the_next() -> None:
    case = Case(300)
    connector = case.connect(page_size=100)
    stream = connector.streams["partner"]
    seen, at = set(), None
    for step, page in enumerate(connector.read(stream, Window(None, connector.bound(stream)))):
        seen |= {row["id"] for row in page.rows}
        at = page.at
        case.clock.advance(10)
        for key in range(step * 20 + 1, step * 20 + 121):
            case.sim.edit("res.partner", key, {"phone": "改"})
    case.clock.advance(20)
    rows, _, _ = _read(connector, at)
    assert seen | {row["id"] for row in rows} == set(range(1, 301))
    changed = {row["id"] for row in case.rows() if row.get("phone") == "改"}
    assert {row["id"] for row in rows if row["phone"] == "改"} == changed


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 12), st.integers(1, 4), st.integers(0, 30))
def test_f2_a_killed_read_goes_on_at_its_page(killed_after: int, page_size: int, edited: int) -> None:
    case = Case(30)
    connector = case.connect(page_size=page_size)
    stream = connector.streams["partner"]
    met: set[tuple[int, str]] = set()
    at: Position | None = None
    reading = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(reading, range(killed_after), strict=False):
        met |= {(row["id"], row["write_date"]) for row in page.rows}
        at = page.at
    reading.close()
    case.clock.advance(60)
    for key in range(1, edited + 1):
        case.sim.edit("res.partner", key, {"phone": "改"})
    case.clock.advance(60)
    delivered = len(met)
    rows, _, verdict = _read(case.connect(page_size=page_size), at)
    met |= {(row["id"], row["write_date"]) for row in rows}
    assert {(row["id"], row["write_date"][:19]) for row in case.rows()} <= met
    assert verdict.proven
    if edited == 0 and delivered:
        assert len(rows) == 30 - delivered, "pages that were committed are not read again"


def test_f30_f31_a_thousand_rows_of_one_second() -> None:
    rows = [partner(number, f"{TIME.format(5, 5)}.{number:06d}") for number in range(1000)]
    found, _, _ = _read(Case(rows={"res.partner": rows}).connect(page_size=300))
    assert len({row["id"] for row in found}) == 1000


def test_f32_a_late_transaction_inside_the_overlap_is_met() -> None:
    case = Case(5)
    connector = case.connect()
    _, pages, _ = _read(connector)
    at = pages[-1].at
    assert at is not None
    case.sim.database.load_rows({"res.partner": [partner(77, "2026-03-02 03:58:20.5")]})
    case.clock.advance(30)
    assert _read(connector, at)[0] == []
    rows, pages, _ = _read(connector, connector.rewind(connector.streams["partner"], at))
    assert [row["name"] for row in rows] == [partner(77)["name"]]
    assert pages[-1].at is not None
    assert pages[-1].at.cursor > at.cursor


def test_archived_rows_are_read_and_count_as_deleted() -> None:
    case = Case(3)
    connector = case.connect()
    _, pages, _ = _read(connector)
    case.clock.advance(60)
    case.sim.remove("res.partner", 2)
    case.clock.advance(60)
    (row,) = _read(connector, pages[-1].at)[0]
    assert row["id"] == 2
    assert connector.streams["partner"].is_deleted(row)


def test_f29_the_upper_bound_is_the_earlier_clock_less_the_delay() -> None:
    for server_shift_s, expected in ((-600, "2026-03-02 03:49:50"), (600, "2026-03-02 03:59:50")):
        case = Case(1)
        case.sim.clock.shift(server_shift_s)
        connector = case.connect()
        assert connector.bound(connector.streams["partner"]) == expected


def test_a_slice_covers_whole_days() -> None:
    connector = Case().connect()
    window = connector.slice(connector.streams["partner"], "2026-03-01", "2026-03-01")
    assert window == Window(Position("2026-02-28 23:59:59"), "2026-03-02 00:00:00")


def test_a_position_that_is_no_time_stops_the_run() -> None:
    connector = Case(1).connect()
    assert outcome(lambda: _read(connector, Position("yesterday"))) == (Halt, "CON307")


def test_misspelt_fields_and_models_are_named() -> None:
    with pytest.raises(Misconfigured, match="did you mean 'name'") as caught:
        _read(Case(1).connect(models={"partner": {"fields": ["nmae", "zzzzz"]}}))
    assert [problem.code for problem in caught.value.problems] == ["CON303", "CON303"]
    connector = Case(1).connect(models={"thing": {"model": "res.thing"}})
    assert outcome(lambda: _read(connector, stream="thing", end="2026-03-02 04:00:00")) == (Misconfigured, "CON301")


# Faults while reading


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (on("duplicate_page", READS, skip=2), None),
        (on("duplicate_page", READS, skip=2, count=None), (Halt, "CON305")),
        (on("short_page", READS, rows=30, count=2), None),
        (on("throttle", READS, after_s=5.0, skip=1), None),
        (on("throttle", READS, skip=1), None),
        (on("truncated", READS, skip=1), None),
        (on("reset", READS, skip=1, when="mid"), None),
        (on("reset", READS, skip=1, when="before"), None),
        (on("unavailable", READS, skip=1), None),
        (on("encoding", READS, code="bom", skip=1), None),
        (on("html", READS, skip=1), None),
        (on("html", READS, count=None), (Halt, "CON007")),
        (on("bomb", READS, size_mb=64, count=None), (Halt, "CON008")),
        (on("error_body", READS, body={"jsonrpc": "2.0", "result": {}}, skip=1), (Halt, "CON019")),
        (on("error_body", READS, body={"jsonrpc": "2.0"}, skip=1), (Misconfigured, "CON301")),
        (on("forbid", READS, key="res.partner", skip=1), (Misconfigured, "CON301")),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_the_faults_of_the_wire_lose_nothing(fault: Fault, expected: Any) -> None:
    case = Case(120)
    case.sim.faults.add(fault)
    if expected is None:
        assert len(_read(case.connect(page_size=50))[0]) == 120
    else:
        assert outcome(lambda: _read(case.connect(page_size=50))) == expected


@pytest.mark.parametrize("positions", [(1,), (38,), (120,), (38, 39), (1, 120), (1, 31, 32, 50, 51)])
def test_f27_poison_records_do_not_stop_their_page(positions: tuple[int, ...]) -> None:
    case = Case(120)
    case.sim.faults.add(*(on("poison", READS, key=str(position), count=None) for position in positions))
    rows, pages, verdict = _read(case.connect(page_size=50, timeout_s=600))
    assert {row["id"] for row in rows} == set(range(1, 121)) - {*positions}
    assert len(dict(reject for page in pages for reject in page.rejects)) == len(positions)
    assert not verdict.proven
    assert f"{len(positions)} records of partner" in verdict.reason


def test_f27_a_server_that_is_down_blames_no_record() -> None:
    case = Case(5)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(on("unavailable", READS, count=None))
    assert outcome(lambda: _read(connector)) == (Retry, "CON002")


# The table of exceptions

SHEET: dict[str, Iterable[str]] = {
    "fatal-config": [
        "odoo.exceptions.AccessDenied", "odoo.exceptions.AccessError", "builtins.KeyError", "builtins.ValueError",
        "builtins.AttributeError", "builtins.TypeError",
    ],
    "fatal-record": [
        "odoo.exceptions.ValidationError", "odoo.exceptions.UserError", "odoo.exceptions.MissingError",
        "odoo.exceptions.RedirectWarning", "psycopg2.IntegrityError", "psycopg2.errors.UniqueViolation",
        "psycopg2.errors.NotNullViolation", "psycopg2.errors.ForeignKeyViolation", "psycopg2.errors.CheckViolation",
    ],
    "retry": [
        "psycopg2.errors.SerializationFailure", "psycopg2.OperationalError", "psycopg2.errors.LockNotAvailable",
        "builtins.Exception could not serialize access due to concurrent update", "HTTP 500", "HTTP 502", "HTTP 503",
    ],
    "throttle": ["HTTP 429"],
}  # fmt: skip
NEWER: dict[str, Iterable[str]] = {
    "fatal-config": ["HTTP 401", "HTTP 403", "HTTP 404", "HTTP 422 builtins.ValueError"],
    "fatal-record": ["HTTP 422", "HTTP 422 odoo.exceptions.UserError", "HTTP 400", "HTTP 409"],
    "retry": ["HTTP 500", "HTTP 503"],
    "throttle": ["HTTP 429"],
}
CASES = [(code, name, RPC) for code, name in table(SHEET)] + [(code, name, JSON2) for code, name in table(NEWER)]


def _signal(code: str, contains: str) -> Fault:
    if code.startswith("HTTP"):
        _, status, *name = code.split(" ")
        body = {"name": name[0], "message": "no"} if name else {"message": "no"}
        return Fault("error_body", body=body, status=int(status), contains=contains, count=None)
    exception, _, text = code.partition(" ")
    return Fault("refuse", code=exception, message=text or "no", contains=contains, count=None)


@pytest.mark.parametrize(("code", "name", "way"), CASES)
def test_every_exception_ends_in_its_class_when_reading(code: str, name: str, way: dict[str, Any]) -> None:
    case = Case(1)
    connector = case.connect(**way)
    _read(connector)
    case.sim.faults.add(_signal(code, "write_date"))
    # A refused question is ours, so a read blames no record: it stops.
    expected = CLASSES | {"fatal-record": (Halt, "CON302"), "fatal-config": (Misconfigured, "CON301")}
    kind, found = outcome(lambda: _read(connector))
    assert kind is expected[name][0]
    assert found in (expected[name][1], "CON002", "CON012")


@pytest.mark.parametrize(("code", "name", "way"), CASES)
def test_every_exception_ends_in_its_class_when_writing(code: str, name: str, way: dict[str, Any]) -> None:
    case = Case()
    connector = case.connect(**way)
    _write(connector, _new(1))
    case.sim.faults.add(_signal(code, "goldbridge.g2"))
    results: list[Any] = []

    def work() -> None:
        results.extend(_write(connector, _new(2)))

    if name == "fatal-config":
        assert outcome(work) == (Misconfigured, "CON301")
        return
    if name == "throttle":
        assert outcome(work) == CLASSES["throttle"]
        return
    work()
    assert results[0].outcome == {"fatal-record": "rejected", "retry": "unknown"}[name]
    assert results[0].code in ("CON302", "CON012", "CON005")


def test_an_exception_nobody_classed_stops_a_read_and_rejects_a_write() -> None:
    case = Case(1)
    connector = case.connect()
    _read(connector)
    case.sim.faults.add(Fault("refuse", code="builtins.ZeroDivisionError", count=None))
    assert outcome(lambda: _read(connector)) == (Halt, "CON015")


# Writing


@BOTH
def test_create_update_and_deactivate(way: dict[str, Any]) -> None:
    case = Case(1)
    connector = case.connect(**way)
    values = {
        "vat": "91330106MA2CG0001D",
        "is_company": True,
        "credit_limit": "100.5",
        "parent_id/.id": "1",
        "city": None,
    }
    created = _write(connector, _new(1, **values))[0]
    row = case.rows()[1]
    assert (created.outcome, created.key) == ("written", str(row["id"]))
    assert (row["vat"], row["is_company"], row["credit_limit"], row["parent_id"]) == (values["vat"], True, 100.5, 1)
    change = Write("update", "g1", {"phone": "0571-2", "is_company": False, "vat": None}, key=created.key)
    assert _write(connector, change)[0].outcome == "written"
    row = case.rows()[1]
    assert (row["phone"], row["is_company"], row["vat"], row["name"]) == ("0571-2", False, False, "新建1有限公司")
    back = connector.read_back(connector.streams["partner"], ["g1", "g2"])
    assert {ours: (found["id"], found["external_id"]) for ours, found in back.items()} == {"g1": (row["id"], "g1")}
    gone = Write("deactivate", "g1", {}, key=created.key)
    assert [_write(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert case.rows()[1]["active"] is False
    assert connector.read_back(connector.streams["partner"], ["g1"]) == {}
    assert _write(connector, Write("deactivate", "g404", {}))[0].outcome == "written"


def test_a_batch_costs_two_calls_once_the_fields_are_known() -> None:
    case = Case()
    connector = case.connect()
    _write(connector, _new(99))
    calls = case.sim.counters.calls
    assert {one.outcome for one in _write(connector, *(_new(number) for number in range(40)))} == {"written"}
    assert case.sim.counters.calls - calls == 2


def test_a_create_that_is_repeated_changes_the_record_that_is_there() -> None:
    case = Case()
    first = _write(case.connect(), _new(1), _new(2))
    again = _write(case.connect(), _new(1, phone="1"), _new(2), _new(3), _new(3))
    assert [one.key for one in again][:2] == [one.key for one in first]
    assert [one.outcome for one in again] == ["written", "written", "written", "retry"]
    assert len(case.rows()) == 3
    assert case.rows()[0]["phone"] == "1"


def test_a_record_that_was_archived_returns() -> None:
    case = Case()
    connector = case.connect()
    key = _write(connector, _new(1))[0].key
    _write(connector, Write("deactivate", "g1", {}, key=key))
    assert _write(connector, _new(1))[0].key == key
    assert case.rows()[0]["active"] is True


def test_a_record_typed_by_hand_is_adopted_by_its_key() -> None:
    case = Case(1)
    connector = case.connect()
    assert _write(connector, Write("update", "g1", {"phone": "9"}, key="1"))[0].key == "1"
    assert case.rows()[0]["phone"] == "9"
    assert connector.read_back(connector.streams["partner"], ["g1"])["g1"]["id"] == 1
    assert len(case.rows("ir.model.data")) == 1
    _write(connector, Write("update", "g2", {"phone": "8"}, key="1"))
    assert connector.read_back(connector.streams["partner"], ["g2"])["g2"]["external_id"] == "g2"
    assert len(case.rows()) == 1


def test_an_update_of_what_is_gone_says_so() -> None:
    result = _write(Case().connect(), Write("update", "g404", {"phone": "9"}, key="4711"))[0]
    assert (result.outcome, result.code) == ("rejected", "CON308")


def test_f39_f40_a_wrong_row_is_taken_out_and_the_others_are_written() -> None:
    case = Case()
    batch = [_new(1), _new(2, vat=""), _new(3, vat="no"), _new(4), _new(5, **{"parent_id/.id": "4711"})]
    batch = [Write(w.op, w.external_id, {"vat": None, "parent_id/.id": None, **w.values}) for w in batch]
    results = _write(case.connect(), *batch)
    assert [(one.outcome, one.code, one.field) for one in results] == [
        ("written", "", None), ("written", "", None), ("rejected", "CON302", "vat"), ("written", "", None),
        ("rejected", "CON302", "parent_id"),
    ]  # fmt: skip
    assert "g3" in results[2].message
    assert [row["name"] for row in case.rows()] == [f"新建{number}有限公司" for number in (1, 2, 4)]


def test_f40_a_call_that_names_no_row_is_split() -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body={"result": {"ids": False, "messages": []}}, contains="goldbridge.g1"))
    assert [one.outcome for one in _write(case.connect(), _new(1), _new(2))] == ["written", "written"]
    case.sim.faults.add(Fault("error_body", body={"result": {"ids": False}}, contains="goldbridge.g3", count=None))
    result = _write(case.connect(), _new(3))[0]
    assert (result.outcome, result.code) == ("rejected", "CON302")


def test_an_exception_over_a_batch_is_pinned_on_its_record() -> None:
    case = Case()
    name = "psycopg2.errors.CheckViolation"
    case.sim.faults.add(Fault("refuse", code=name, message="no", contains="goldbridge.g2", count=None))
    results = _write(case.connect(), _new(1), _new(2), _new(3))
    assert [one.outcome for one in results] == ["written", "rejected", "written"]


@pytest.mark.parametrize("how", ["lost", "reset"])
def test_f1_f28_a_lost_answer_is_unknown_and_read_back(how: str) -> None:
    case = Case()
    case.sim.faults.add(on(how, LOADS) if how == "lost" else on(how, LOADS, when="after"))
    connector = case.connect()
    assert {(one.outcome, one.code) for one in _write(connector, _new(1), _new(2))} == {("unknown", "CON005")}
    assert set(connector.read_back(connector.streams["partner"], ["g1", "g2"])) == {"g1", "g2"}
    assert {one.outcome for one in _write(connector, _new(1), _new(2))} == {"written"}
    assert len(case.rows()) == 2


def test_a_phantom_success_is_not_found_when_read_back() -> None:
    case = Case()
    case.sim.faults.add(on("phantom", LOADS))
    connector = case.connect()
    assert _write(connector, _new(1))[0].outcome == "written"
    assert connector.read_back(connector.streams["partner"], ["g1"]) == {}


def test_f42_a_trimmed_field_shows_when_read_back() -> None:
    case = Case()
    case.sim.faults.add(on("trim", LOADS, field="phone", rows=4))
    connector = case.connect()
    _write(connector, _new(1, phone="0571-1"))
    assert connector.read_back(connector.streams["partner"], ["g1"])["g1"]["phone"] == "0571"


def test_archiving_that_is_refused_for_one_is_done_for_the_others() -> None:
    case = Case()
    connector = case.connect()
    keys = [one.key for one in _write(connector, _new(1), _new(2))]
    fault = Fault("refuse", code="odoo.exceptions.UserError", message="in use", contains='"write",[[1,', count=None)
    case.sim.faults.add(fault)
    case.sim.faults.add(
        Fault("refuse", code="odoo.exceptions.UserError", message="x", contains='"write",[[1]', count=None)
    )
    results = _write(connector, *(Write("deactivate", f"g{at + 1}", {}, key=key) for at, key in enumerate(keys)))
    assert [(one.outcome, one.code) for one in results] == [("rejected", "CON302"), ("written", "")]


def test_a_model_without_archive_cannot_be_deactivated() -> None:
    case = Case(rows={"res.partner": [partner(1)], "sale.order": [{"name": "S1", "partner_id": 1}]})
    result = _write(case.connect(), Write("deactivate", "o1", {}, key="1"), stream="order")[0]
    assert (result.outcome, result.code) == ("rejected", "CON306")


def test_a_fault_of_the_whole_target_keeps_the_results_it_already_has() -> None:
    case = Case()
    connector = case.connect()
    case.sim.faults.add(on("forbid", LOADS, skip=1, count=None))
    results = _write(connector, _new(1), _new(2, phone="1"))
    assert [(one.outcome, one.code) for one in results] == [("written", ""), ("retry", "CON301")]
    assert outcome(lambda: _write(connector, _new(3))) == (Misconfigured, "CON301")


def test_unknown_fields_are_named_before_anything_is_written() -> None:
    case = Case()
    with pytest.raises(Misconfigured, match="did you mean 'name'") as caught:
        _write(case.connect(), _new(1, nmae="x"))
    assert caught.value.code == "CON303"
    assert case.sim.counters.writes == 0


def test_writing_is_off_unless_it_is_switched_on() -> None:
    case = Case()
    assert outcome(lambda: _write(case.connect(writes="disabled"), _new(1))) == (Misconfigured, "CON304")
    assert case.sim.counters.calls == 0


# Threads, budgets, secrets


def test_f17_many_threads_sign_in_once() -> None:
    sim = Server()
    with Loopback(sim.app) as url:
        connector = connect(Odoo, None, Clock(), base_url=url, writes="enabled", threads=8, **RPC)
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda number: _write(connector, _new(number))[0], range(4)))
    assert {one.outcome for one in results} == {"written"}
    assert len({one.key for one in results}) == 4


def test_the_budget_is_kept() -> None:
    case = Case(1, limits="sheet")
    connector = case.connect()
    for _ in range(30):
        connector.probe()
    assert case.clock.monotonic() >= 1.0
    assert case.sim.counters.refused == 0


@BOTH
def test_s6_no_secret_reaches_a_log_or_an_error(
    way: dict[str, Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(3)
    connector = case.connect(**way)
    connector.probe()
    body = {"jsonrpc": "2.0", "error": {"data": {"name": "OperationalError", "message": f"bad {KEY}"}}}
    case.sim.faults.add(Fault("error_body", body=body, status=500, count=None))
    with pytest.raises(Retry) as caught:
        connector.probe()
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    assert KEY not in everything
