"""Salesforce against a pretend org: logging in, windows, deletions, Bulk, writing, faults, every code of the sheet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Page, Position, Reading, Window, Write, WriteResult
from connectors.salesforce import Salesforce, SalesforceConfig
from connectors.salesforce.client import RULES
from connectors.salesforce.walk import condition
from goldbridge.clock import Clock, FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.http import Kind
from goldbridge.simulators.kit import Fault
from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.salesforce import Credentials
from goldbridge.simulators.salesforce import Salesforce as Org
from tests.connectors.rig import CLASSES, NOON, NOON_MS, MemoryStore, connect, outcome, sim_clock, table

SECRETS = {"consumer_key": "sf-sandbox-consumer-key", "consumer_secret": "sf-sandbox-consumer-secret"}
TOKEN = "/services/oauth2/token"
DATA = "/services/data/{version}"
NEXT = "*/query/*"
UPSERT = "*/composite/sobjects/*"


def stamp(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def account(number: int, at_ms: int | None = None, **more: Any) -> dict[str, Any]:
    at = at_ms if at_ms is not None else NOON_MS - 1_000_000 + number * 1000
    return {"Name": f"示例{number:04d}号有限公司", "SystemModstamp": at, **more}


class Case:
    """An org with rows, and connectors in front of it."""

    def __init__(self, count: int = 0, *, rows: Any = None, page_rows: int | None = 10, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        accounts = [account(number) for number in range(count)]
        self.sim = Org(rows or {"Account": accounts}, clock=sim_clock(self.clock), page_rows=page_rows, **options)
        self.store = MemoryStore()

    def connect(self, **more: Any) -> Any:
        more = {"writes": "enabled", "bulk_from": 0, **SECRETS, **more}
        return connect(Salesforce, self.sim, self.clock, store=self.store, **more)

    def ids(self) -> list[str]:
        return [row["Id"] for row in self.sim.rows("Account")]

    def calls(self, path: str) -> int:
        return self.sim.counters.by_endpoint.get(path, 0)


def read(
    connector: Any, start: Position | None = None, end: str | None = None
) -> tuple[list[dict[str, Any]], list[Page], Any]:
    """All rows of a window, its pages, and the verdict; positions must only ever grow."""
    stream = connector.streams["Account"]
    reading = Reading(connector.read(stream, Window(start, end or connector.bound(stream))))
    pages = list(reading)
    positions = [page.at for page in pages if page.at is not None]
    assert positions == sorted(positions)
    return [row for page in pages for row in page.rows], pages, reading.completeness


def _write(connector: Any, *batch: Write) -> list[WriteResult]:
    results = connector.write(connector.streams["Account"], batch)
    by_id: dict[str, list[WriteResult]] = {}
    for result in results:
        by_id.setdefault(result.external_id, []).append(result)
    assert len(results) == len(batch)
    return [by_id[write.external_id].pop(-1 if len(by_id[write.external_id]) > 1 else 0) for write in batch]


def _new(number: int, **values: Any) -> Write:
    return Write("create", f"g{number}", {"Name": f"新建{number}有限公司", **values})


# Logging in


def _pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


PRIVATE, PUBLIC = _pair()


def test_an_assertion_signed_by_us_is_a_login() -> None:
    case = Case(1, credentials=Credentials(public_key=PUBLIC))
    grant = {"grant": "jwt_bearer", "username": "hub@sandbox.example", "private_key": PRIVATE, "consumer_secret": None}
    assert "jwt_bearer" in case.connect(**grant).probe()
    other, _ = _pair()
    assert outcome(case.connect(**grant | {"private_key": other}).probe) == (Misconfigured, "CON190")
    assert outcome(case.connect(**grant | {"username": "somebody@else"}).probe) == (Misconfigured, "CON190")
    assert outcome(case.connect(**grant | {"private_key": "no key at all"}).probe) == (Misconfigured, "CON204")


def test_f18_a_rotated_refresh_token_is_kept_before_it_is_used() -> None:
    case = Case(1)
    grant = {"grant": "refresh_token", "refresh_token": "sf-sandbox-refresh-token-0"}
    case.connect(**grant).probe()
    assert "sf-sandbox-refresh-token-1" in str(case.store.kept)
    case.connect(**grant).probe()  # a new process: the old token would revoke the grant
    assert "sf-sandbox-refresh-token-2" in str(case.store.kept)
    case.store = MemoryStore()
    assert outcome(case.connect(**grant).probe) == (Misconfigured, "CON190")


def test_a_refresh_token_set_anew_begins_a_new_grant() -> None:
    case = Case(1)
    case.connect(grant="refresh_token", refresh_token="sf-sandbox-refresh-token-0").probe()
    again = case.connect(grant="refresh_token", refresh_token="some-token-that-is-newer")
    assert outcome(again.probe) == (Misconfigured, "CON190")
    assert case.calls(TOKEN) == 2


@pytest.mark.parametrize("fault", [Fault("lost", path=TOKEN), Fault("reset", path=TOKEN, when="after")])
def test_a_refresh_whose_answer_is_lost_is_never_repeated(fault: Fault) -> None:
    case = Case(1)
    case.sim.faults.add(fault)
    connector = case.connect(grant="refresh_token", refresh_token="sf-sandbox-refresh-token-0")
    assert outcome(connector.probe) == (Halt, "CON191")
    assert case.calls(TOKEN) == 1


def test_the_data_calls_go_where_the_token_says() -> None:
    case = Case(1, instance_url="http://127.0.0.2")
    hosts = set()
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        hosts.add((endpoint.path == TOKEN, call.headers["host"]))
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    case.connect().probe()
    assert hosts == {(True, "127.0.0.1"), (False, "127.0.0.2")}


def test_an_instance_without_encryption_gets_no_token() -> None:
    case = Case(1, instance_url="http://evil.example")
    assert outcome(case.connect().probe) == (Misconfigured, "CON021")


def test_a_wrong_secret_is_a_matter_of_settings_and_not_asked_twice() -> None:
    case = Case(1)
    assert outcome(case.connect(consumer_secret="wrong-secret").probe) == (Misconfigured, "CON190")
    assert case.calls(TOKEN) == 1


@pytest.mark.parametrize(
    ("entry", "missing"),
    [
        ({"grant": "client_credentials"}, "consumer_secret"),
        ({"grant": "jwt_bearer", "username": "u"}, "private_key"),
        ({"grant": "refresh_token"}, "refresh_token"),
    ],
)
def test_a_grant_without_its_credentials_is_named(entry: dict[str, Any], missing: str) -> None:
    with pytest.raises(ValueError, match=f"needs .*{missing}"):
        SalesforceConfig(connector="salesforce", base_url="https://x.my.salesforce.com", consumer_key="k", **entry)


# Reading


def test_a_first_read_meets_every_row_once_and_the_next_one_none() -> None:
    case = Case(25)
    connector = case.connect()
    rows, pages, verdict = read(connector)
    assert [row["Id"] for row in rows] == case.ids()
    assert verdict.proven
    assert [len(page.rows) for page in pages] == [10, 10, 5, 0]
    assert read(connector, pages[-1].at)[0] == []


def test_a_row_is_passed_on_unchanged_without_its_address_in_the_api() -> None:
    case = Case(rows={"Account": [account(1, AnnualRevenue="3000000.5", NumberOfEmployees=7, IsPartner=True)]})
    row = read(case.connect())[0][0]
    assert (row["AnnualRevenue"], row["NumberOfEmployees"], row["IsPartner"]) == ("3000000.5", 7, True)
    assert (row["Phone"], row["SystemModstamp"]) == (None, "2026-03-02T03:43:21.000+0000")
    assert "attributes" not in row
    assert "BillingAddress" not in row


def test_the_window_is_closed_and_its_start_is_exclusive() -> None:
    case = Case(10)
    at = [row["SystemModstamp"] for row in case.sim.rows("Account")]
    rows, _, _ = read(case.connect(deletes="flag"), Position(stamp(at[2])), stamp(at[6]))
    assert [row["Id"] for row in rows] == case.ids()[3:7]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (None, "SystemModstamp <= E"),
        (Position("S"), "SystemModstamp > S AND SystemModstamp <= E"),
        (Position("S", "a'1"), "(SystemModstamp > S OR (SystemModstamp = S AND Id > 'a\\'1')) AND SystemModstamp <= E"),
    ],
)
def test_a_window_as_a_condition(start: Position | None, expected: str) -> None:
    assert condition(start, "E") == expected


def test_f7_rows_edited_during_the_walk_are_met_by_this_window_or_the_next() -> None:
    case = Case(60)
    connector = case.connect()
    stream = connector.streams["Account"]
    seen, at = set(), None
    for number, page in enumerate(connector.read(stream, Window(None, connector.bound(stream)))):
        seen |= {row["Id"] for row in page.rows}
        at = page.at or at
        case.clock.advance(10)
        for key in case.ids()[number * 5 : number * 5 + 25]:
            case.sim.edit("Account", key, {"Description": "改"})
    case.clock.advance(120)
    rows, _, _ = read(connector, at)
    assert seen | {row["Id"] for row in rows} == set(case.ids())
    assert {row["Id"] for row in rows} >= {row["Id"] for row in case.sim.rows("Account") if row["Description"] == "改"}


def test_f7_a_row_edited_during_the_walk_does_not_carry_the_position_beyond_the_window() -> None:
    case = Case(20)
    connector = case.connect()
    stream = connector.streams["Account"]
    end = connector.bound(stream)
    reading = Reading(connector.read(stream, Window(None, end)))
    next(reading)
    for key in (case.ids()[0], case.ids()[19]):
        case.clock.advance(100)
        case.sim.edit("Account", key, {"Description": "改"})
    killed_at = next(reading).at
    assert killed_at == Position(stamp(NOON_MS - 1_000_000 + 18_000), case.ids()[18])
    reading.close()
    case.clock.advance(120)
    assert {row["Id"] for row in read(connector, killed_at)[0]} == {case.ids()[0], case.ids()[19]}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 8), st.integers(1, 6), st.integers(0, 30), st.booleans())
def test_f2_a_killed_read_goes_on_at_its_page(killed_after: int, page_rows: int, edited: int, tied: bool) -> None:
    rows = [account(number, NOON_MS - 500_000 if tied else None) for number in range(30)]
    case = Case(rows={"Account": rows}, page_rows=page_rows)
    connector = case.connect()
    stream = connector.streams["Account"]
    met: set[tuple[str, str]] = set()
    at: Position | None = None
    pages = connector.read(stream, Window(None, connector.bound(stream)))
    for page, _ in zip(pages, range(killed_after), strict=False):
        met |= {(row["Id"], row["SystemModstamp"]) for row in page.rows}
        at = page.at or at
    pages.close()
    case.clock.advance(60)
    for key in case.ids()[:edited]:
        case.sim.edit("Account", key, {"Description": "改"})
    case.clock.advance(120)
    delivered = len(met)
    found, _, verdict = read(case.connect(), at)
    met |= {(row["Id"], row["SystemModstamp"]) for row in found}
    now = {(row["Id"], stamp(row["SystemModstamp"]).replace("Z", "+0000")) for row in case.sim.rows("Account")}
    assert now <= met
    assert verdict.proven
    if edited == 0:
        assert len(found) == 30 - delivered, "pages that were committed are not read again"


def test_f30_a_thousand_rows_of_one_second() -> None:
    case = Case(rows={"Account": [account(number, NOON_MS - 500_000) for number in range(1000)]}, page_rows=90)
    rows, _, _ = read(case.connect())
    assert len({row["Id"] for row in rows}) == 1000


def test_f32_a_late_row_inside_the_overlap_is_met() -> None:
    case = Case(5)
    connector = case.connect(overlap_s=120)
    _, pages, _ = read(connector)
    at = pages[-1].at
    assert at is not None
    case.sim.org.load("Account", [account(77, NOON_MS - 120_000)])
    case.clock.advance(90)
    assert read(connector, at)[0] == []
    rows, pages, _ = read(connector, connector.rewind(connector.streams["Account"], at))
    assert [row["Name"] for row in rows] == ["示例0077号有限公司"]
    assert pages[-1].at is not None
    assert pages[-1].at > at


def test_f29_the_upper_bound_is_the_earlier_clock_less_the_delay() -> None:
    for server_shift_s, expected_ms in ((-600, NOON_MS - 660_000), (600, NOON_MS - 60_000)):
        case = Case(1)
        case.sim.clock.shift(server_shift_s)
        connector = case.connect()
        assert connector.bound(connector.streams["Account"]) == stamp(expected_ms)


def test_a_slice_covers_whole_days_of_the_zone() -> None:
    connector = Case().connect(zone="Asia/Shanghai")
    window = connector.slice(connector.streams["Account"], "2026-03-01", "2026-03-01")
    assert window == Window(Position("2026-02-28T15:59:59.999Z"), "2026-03-01T15:59:59.999Z")


def test_a_question_that_does_not_fit_into_a_url_is_a_matter_of_settings() -> None:
    case = Case(1)
    names = tuple(f"Owner.Some_Long_Name_{number:04d}__c" for number in range(700))
    with pytest.raises(Misconfigured, match="name those you need in `fields`") as caught:
        read(case.connect(fields={"Account": names}))
    assert caught.value.code == "CON202"


def test_only_the_fields_that_are_named_are_read_and_unknown_ones_are_told() -> None:
    case = Case(1)
    row = read(case.connect(fields={"Account": ["Name"]}))[0][0]
    assert list(row) == ["Id", "SystemModstamp", "IsDeleted", "Golden_Id__c", "Name"]
    with pytest.raises(Misconfigured, match="did you mean 'Phone'") as caught:
        read(case.connect(fields={"Account": ["Phnoe"]}))
    assert caught.value.code == "CON193"


def test_an_unknown_object_is_named() -> None:
    with pytest.raises(Misconfigured, match="did you mean 'Account'") as caught:
        Case().connect(objects=["Acount"]).probe()
    assert caught.value.code == "CON192"


# Deletions


def _after_first_read(case: Case, **settings: Any) -> tuple[Any, Position]:
    connector = case.connect(**settings)
    _, pages, _ = read(connector)
    at = pages[-1].at
    assert at is not None
    case.clock.advance(300)
    return connector, at


@pytest.mark.parametrize("hard", [False, True])
def test_deleted_rows_are_reported(hard: bool) -> None:
    case = Case(5)
    connector, at = _after_first_read(case)
    gone, merged = case.ids()[1:3]
    case.sim.remove("Account", gone, hard=hard)
    case.sim.merge("Account", case.ids()[0], merged)
    case.clock.advance(300)
    rows, pages, verdict = read(connector, at)
    assert rows == []
    assert [key for page in pages for key in page.gone] == [gone, merged]
    assert verdict.proven


def test_a_run_ends_where_the_log_of_deletions_is_complete() -> None:
    case = Case(5, log_lag_s=200)
    connector, at = _after_first_read(case)
    case.sim.edit("Account", case.ids()[0], {"Phone": "1"})
    case.sim.remove("Account", case.ids()[1])
    case.clock.advance(100)
    rows, pages, _ = read(connector, at)
    assert rows == []
    assert [page.gone for page in pages if page.gone] == []
    assert pages[-1].at == Position(stamp(NOON_MS + 200_000)), "not the end of its own window"
    case.clock.advance(200)
    rows, pages, _ = read(connector, pages[-1].at)
    assert len(rows) == 1
    assert len(pages[0].gone) == 1


def test_a_log_that_is_not_further_than_we_are_reads_nothing_and_moves_nothing() -> None:
    case = Case(5, log_lag_s=3600)
    connector, at = _after_first_read(case)
    rows, pages, verdict = read(connector, at)
    assert (rows, pages, verdict.proven) == ([], [], True)


@pytest.mark.parametrize("how", ["purged", "old"])
def test_deletions_that_the_log_no_longer_knows_make_a_run_unproven(how: str) -> None:
    case = Case(5)
    connector, at = _after_first_read(case)
    if how == "purged":
        case.clock.advance(3600)
        case.sim.questions.log_purged_ms = NOON_MS + 1_800_000
    else:
        case.clock.advance(20 * 86_400)
    _, _, verdict = read(connector, at)
    assert not verdict.proven
    assert "no longer in the log" in verdict.reason


def test_too_many_deletions_are_asked_for_in_parts() -> None:
    case = Case(30, max_deleted=4)
    connector, at = _after_first_read(case)
    gone = case.ids()[:12]
    for key in gone:
        case.sim.remove("Account", key)
        case.clock.advance(100)
    case.clock.advance(200)
    _, pages, verdict = read(connector, at)
    assert [key for page in pages for key in page.gone] == gone
    assert verdict.proven


def test_flagged_rows_come_among_the_others_when_asked_for() -> None:
    case = Case(5)
    connector, at = _after_first_read(case, deletes="flag")
    case.sim.remove("Account", case.ids()[1])
    case.clock.advance(300)
    rows, _, _ = read(connector, at)
    assert [connector.streams["Account"].is_deleted(row) for row in rows] == [True]
    assert case.calls(f"{DATA}/sobjects/{{name}}/deleted/") == 0


# Bulk


def _bulk(case: Case, **more: Any) -> Any:
    return case.connect(bulk_from=20, bulk_page=8, **more)


def test_a_large_read_is_a_job_and_its_rows_are_those_of_the_other_way() -> None:
    rows = [account(number, Description='a "b",\nc', AnnualRevenue="1.25", NumberOfEmployees=3) for number in range(30)]
    case = Case(rows={"Account": rows})
    found, pages, verdict = read(_bulk(case))
    assert case.calls(f"{DATA}/jobs/query") == 1
    assert verdict.proven
    assert [len(page.rows) for page in pages] == [8, 8, 8, 6, 0]
    plain, _, _ = read(case.connect())
    key = lambda row: row["Id"]  # noqa: E731
    assert sorted(found, key=key) == [row | {"AnnualRevenue": "1.25"} for row in sorted(plain, key=key)]


def test_a_small_read_is_no_job() -> None:
    case = Case(19)
    assert len(read(_bulk(case))[0]) == 19
    assert case.calls(f"{DATA}/jobs/query") == 0


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("kept", [True, False])
def test_a_killed_bulk_read_goes_on_with_its_job_while_the_server_keeps_it(parts: int, kept: bool) -> None:
    case = Case(30)
    connector = _bulk(case)
    stream = connector.streams["Account"]
    reading = Reading(connector.read(stream, Window(None, connector.bound(stream))))
    seen, at = set(), None
    for _, page in zip(range(parts), reading, strict=False):
        seen |= {row["Id"] for row in page.rows}
        at = page.at
    reading.close()
    assert at is not None
    case.clock.advance(3600 if kept else 8 * 86_400)
    again = _bulk(case)
    rows, pages, verdict = read(again, again.rewind(stream, at))
    assert seen | {row["Id"] for row in rows} == set(case.ids())
    assert case.calls(f"{DATA}/jobs/query") == (1 if kept else 2)
    assert verdict.proven
    assert pages[-1].at is not None
    assert pages[-1].at > at
    assert pages[0].at is None or pages[0].at > at


@pytest.mark.parametrize("step", ["create", "job"])
def test_what_bulk_does_not_know_is_read_the_other_way(step: str) -> None:
    case = Case(30, no_bulk=frozenset({"Account"} if step == "job" else ()))
    if step == "create":
        text = "Entity 'Account' is not supported by the Bulk API."
        case.sim.faults.add(Fault("refuse", code="API_ERROR", message=text, path="*/jobs/query"))
    assert len(read(_bulk(case))[0]) == 30


def test_a_part_that_came_cut_is_fetched_again_and_never_taken() -> None:
    case = Case(30)
    case.sim.faults.add(Fault("truncated", path="*/results", skip=1))
    assert len(read(_bulk(case))[0]) == 30
    case.sim.faults.add(Fault("truncated", path="*/results", skip=1, count=None))
    assert outcome(lambda: read(_bulk(case))) == (Retry, "CON006")


def test_a_part_that_was_cut_at_the_end_of_a_line_is_not_taken() -> None:
    case = Case(30)
    real = case.sim.handle

    def cut(call: Any, endpoint: Any) -> Any:
        answer = real(call, endpoint)
        if not call.path.endswith("/results"):
            return answer
        return answer._replace(body=b"".join(answer.body.splitlines(keepends=True)[:-1]))

    case.sim.handle = cut  # type: ignore[method-assign]
    assert outcome(lambda: read(_bulk(case))) == (Retry, "CON006")


def test_a_job_that_fails_or_does_not_end_stops_the_run() -> None:
    case = Case(30)
    body = {"state": "Failed", "errorMessage": "InternalServerError"}
    case.sim.faults.add(Fault("error_body", body=body, path="*/jobs/query/*"))
    assert outcome(lambda: read(_bulk(case))) == (Halt, "CON200")
    assert outcome(lambda: read(_bulk(Case(30, polls=500)))) == (Retry, "CON201")


# Faults while reading


def test_f6_a_page_served_twice_is_asked_for_again() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("duplicate_page", path=NEXT, skip=1))
    rows, _, verdict = read(case.connect())
    assert [row["Id"] for row in rows] == case.ids()
    assert verdict.proven


def test_f6_a_page_that_repeats_for_ever_is_a_loop() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("duplicate_page", path=NEXT, skip=1, count=None))
    assert outcome(lambda: read(case.connect())) == (Halt, "CON195")


def test_f8_a_short_page_or_an_empty_one_is_not_the_end() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("short_page", path=NEXT, rows=6), Fault("short_page", path=NEXT, rows=10))
    rows, _, verdict = read(case.connect())
    assert len(rows) == 35
    assert verdict.proven


def test_f9_rows_that_are_deleted_during_the_read_are_not_hidden() -> None:
    case = Case(35)
    connector = case.connect()
    stream = connector.streams["Account"]
    reading = Reading(connector.read(stream, Window(None, connector.bound(stream))))
    next(reading)
    case.sim.remove("Account", case.ids()[20], hard=True)
    assert sum(len(page.rows) for page in reading) == 24
    assert reading.completeness is not None
    assert not reading.completeness.proven
    assert "34 of 35 rows" in reading.completeness.reason


def test_f74_a_cursor_that_was_closed_is_opened_anew_behind_the_last_row() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("refuse", code="INVALID_QUERY_LOCATOR", path=NEXT, skip=1))
    rows, _, verdict = read(case.connect())
    assert [row["Id"] for row in rows] == case.ids()
    assert verdict.proven
    case.sim.faults.add(Fault("refuse", code="INVALID_QUERY_LOCATOR", path=NEXT, count=None))
    assert len(read(case.connect())[0]) == 35, "each page is the first of a new cursor"


def test_f17_a_session_that_expires_mid_walk_is_renewed_and_the_page_repeated() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("expire", path=NEXT, skip=1))
    assert len(read(case.connect())[0]) == 35
    assert case.calls(TOKEN) == 2


PAGE: dict[str, Any] = {"totalSize": 1, "done": True}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("throttle", after_s=5.0, path=NEXT), None),  # F10
        (Fault("throttle", after_s=30.0, as_date=True, skew_s=0.0, path=NEXT), None),  # F11
        (Fault("throttle", path=NEXT, count=2), None),  # F12
        (Fault("throttle", path=NEXT, count=None), (Retry, "CON003")),
        (Fault("truncated", path=NEXT), None),  # F20
        (Fault("reset", path=NEXT, when="mid"), None),
        (Fault("reset", path=NEXT, when="before"), None),
        (Fault("encoding", code="bom", path=NEXT), None),
        (Fault("unavailable", path=NEXT, count=2), None),
        (Fault("unavailable", path=NEXT, count=None), (Retry, "CON002")),
        (Fault("html", path=NEXT, count=2), None),  # the edge is setting things up
        (Fault("html", path=NEXT, count=None), (Halt, "CON007")),  # F16
        (Fault("bomb", size_mb=64, path=NEXT, count=None), (Halt, "CON008")),
        (Fault("error_body", body={}, path=NEXT), (Halt, "CON019")),  # F14
        (Fault("error_body", body=PAGE | {"records": None}, path=NEXT), (Halt, "CON019")),
        (Fault("error_body", body=PAGE | {"records": [{"Name": "no id"}]}, path=NEXT), (Halt, "CON019")),
        (Fault("error_body", body=PAGE | {"records": [], "done": False}, path=NEXT), (Halt, "CON019")),
        (
            Fault("error_body", body=PAGE | {"records": [], "done": False, "nextRecordsUrl": "//evil"}, path=NEXT),
            (Halt, "CON195"),
        ),
    ],
)
def test_the_faults_of_the_wire(fault: Fault, expected: Any) -> None:
    case = Case(35)
    case.sim.faults.add(fault)
    if expected is None:
        assert len(read(case.connect())[0]) == 35
    else:
        assert outcome(lambda: read(case.connect())) == expected


def test_f13_our_own_count_stops_before_the_org_refuses() -> None:
    case = Case(35, daily_calls=5)
    assert outcome(lambda: read(case.connect(budget={"calls": 20, "per_s": 1, "daily": 5}))) == (Halt, "CON004")
    assert case.sim.counters.refused == 0


def test_f13_a_quota_that_is_gone_holds_the_tenant_for_an_hour() -> None:
    case = Case(35, daily_calls=5)
    connector = case.connect()
    with pytest.raises(Retry) as caught:
        read(connector)
    assert (caught.value.code, caught.value.after_s) == ("CON003", pytest.approx(3600, rel=0.01))
    calls = case.sim.counters.calls
    assert outcome(lambda: read(connector)) == (Retry, "CON003")
    assert case.sim.counters.calls == calls, "nobody asks while the tenant waits"
    case.clock.advance(86_400)
    connector.probe()


# Every code of the sheet

SHEET = {
    "refresh-token": ["INVALID_SESSION_ID"],
    "throttle": ["REQUEST_LIMIT_EXCEEDED"],
    "retry": ["SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION"],
    "fatal-record": [
        *("REQUIRED_FIELD_MISSING", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "DUPLICATE_VALUE", "DUPLICATES_DETECTED"),
        *("INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED", "STRING_TOO_LONG"),
    ],
    "fatal-config": [
        *("INVALID_FIELD", "INVALID_TYPE", "MALFORMED_QUERY", "TXN_SECURITY_METERING_ERROR", "NOT_FOUND"),
        "INSUFFICIENT_ACCESS",
    ],
}
STATUSES = {
    "429": (429, "throttle", "CON003"),
    "420": (420, "throttle", "CON003"),
    "406": (406, "retry", "CON013"),
    "503": (503, "retry", "CON002"),
    "500": (500, "retry", "CON002"),
    "300": (300, "fatal-record", "CON197"),
}


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_reading(code: str, name: str) -> None:
    case = Case(35)
    connector = case.connect()
    connector.probe()
    case.sim.faults.add(Fault("refuse", code=code, path=NEXT, count=None))
    # A refused question is ours, so a read blames no record: it stops.
    expected = CLASSES | {"fatal-record": (Halt, "CON197"), "fatal-config": (Misconfigured, "CON196")}
    assert outcome(lambda: read(connector)) == expected[name]


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_a_write_is_refused(code: str, name: str) -> None:
    case = Case()
    connector = case.connect()
    _write(connector, _new(1))
    case.sim.faults.add(Fault("refuse", code=code, path=UPSERT, count=None))
    if name in ("refresh-token", "fatal-config"):
        expected = CLASSES | {"fatal-config": (Misconfigured, "CON196")}
        assert outcome(lambda: _write(connector, _new(2))) == expected[name]
        return
    result = _write(connector, _new(2))[0]
    results = {"retry": ("unknown", "CON005"), "throttle": ("retry", "CON003"), "fatal-record": ("rejected", "CON197")}
    assert (result.outcome, result.code) == results[name]


@pytest.mark.parametrize(("code", "name"), table(SHEET))
def test_every_code_of_the_sheet_ends_in_its_class_when_one_record_is_refused(code: str, name: str) -> None:
    if code in ("INSUFFICIENT_ACCESS", "NOT_FOUND", "SERVER_UNAVAILABLE", "INVALID_SESSION_ID"):
        return  # said of whole calls only
    case = Case()
    case.sim.faults.add(Fault("partial", rows=1, code=code, path=UPSERT))
    refused, other = _write(case.connect(), _new(1), _new(2))
    assert other.outcome == "written"
    if name in ("retry", "throttle"):
        assert (refused.outcome, refused.code) == ("retry", "CON013")
    else:
        assert (refused.outcome, refused.code) == (
            "rejected",
            {"fatal-record": "CON197", "fatal-config": "CON196"}[name],
        )


@pytest.mark.parametrize(("status", "name", "code"), STATUSES.values(), ids=STATUSES)
def test_every_status_of_the_sheet_ends_in_its_class(status: int, name: str, code: str) -> None:
    for body in ({}, ["/services/data/v59.0/sobjects/Account/001"]):
        case = Case(35)
        case.sim.faults.add(Fault("error_body", body=body, status=status, path=NEXT, count=None))
        classes = {"throttle": Retry, "retry": Retry, "fatal-record": Halt}
        assert outcome(lambda case=case: read(case.connect())) == (classes[name], code)


def test_an_unknown_code_is_no_empty_answer() -> None:
    case = Case(35)
    case.sim.faults.add(Fault("refuse", code="SOMETHING_NEW", path=NEXT))
    assert outcome(lambda: read(case.connect())) == (Halt, "CON015")
    case.sim.faults.add(Fault("partial", rows=1, code="SOMETHING_NEW", path=UPSERT))
    assert [(one.outcome, one.code) for one in _write(case.connect(), _new(1))] == [("rejected", "CON015")]


def test_the_classes_of_the_table_are_those_of_the_sheet() -> None:
    kinds = {"refresh-token": Kind.REFRESH, "retry": Kind.RETRY, "throttle": Kind.THROTTLE}
    kinds |= {"fatal-record": Kind.RECORD, "fatal-config": Kind.CONFIG}
    told = {code: name for code, name in table(SHEET) if code in RULES}
    assert {code: RULES[code].kind for code in told} == {code: kinds[name] for code, name in told.items()}


# Writing


def test_create_update_and_delete() -> None:
    case = Case()
    connector = case.connect()
    created = _write(connector, _new(1, Phone="0571-1", AnnualRevenue="3000000", IsPartner=True))[0]
    row = case.sim.rows("Account")[0]
    assert (created.outcome, created.key) == ("written", row["Id"])
    assert (row["Golden_Id__c"], str(row["AnnualRevenue"]), row["IsPartner"]) == ("g1", "3000000.00", True)
    changed = Write("update", "g1", {"Phone": "0571-2"}, key=row["Id"])
    assert _write(connector, changed)[0].outcome == "written"
    assert case.sim.rows("Account")[0]["Phone"] == "0571-2"
    gone = Write("deactivate", "g1", {}, key=row["Id"])
    assert [_write(connector, gone)[0].outcome for _ in range(2)] == ["written", "written"]
    assert case.sim.rows("Account") == []
    assert _write(connector, Write("deactivate", "g404", {}))[0].outcome == "written"


def test_a_record_may_be_retired_by_values_instead() -> None:
    case = Case()
    connector = case.connect(inactive={"Account": {"Active__c": False}})
    key = _write(connector, _new(1, Active__c=True))[0].key
    assert _write(connector, Write("deactivate", "g1", {}))[0].key == key
    assert [row["Active__c"] for row in case.sim.rows("Account")] == [False]


def test_a_create_that_is_repeated_changes_what_the_first_one_left() -> None:
    case = Case()
    first = _write(case.connect(), _new(1), _new(2))
    again = _write(case.connect(), _new(1, Phone="1"), _new(2), _new(3))
    assert [result.key for result in again][:2] == [result.key for result in first]
    assert len(case.ids()) == 3


def test_one_id_twice_in_a_batch_makes_one_record() -> None:
    case = Case()
    results = case.connect().write(case.connect().streams["Account"], [_new(1), _new(1, Phone="2")])
    assert sorted(result.outcome for result in results) == ["retry", "written"]
    assert len(case.ids()) == 1


def test_a_record_typed_by_hand_is_adopted_by_its_key() -> None:
    case = Case(1)
    result = _write(case.connect(), Write("update", "g1", {"Phone": "9"}, key=case.ids()[0]))[0]
    assert result.outcome == "written"
    assert [(row["Golden_Id__c"], row["Phone"]) for row in case.sim.rows("Account")] == [("g1", "9")]


def test_an_update_without_key_finds_the_record_or_says_so() -> None:
    case = Case(rows={"Account": [account(1, Golden_Id__c="g1")]})
    lost, found = _write(case.connect(), Write("update", "g404", {"Phone": "9"}), Write("update", "g1", {"Phone": "9"}))
    assert (found.outcome, found.key) == ("written", case.ids()[0])
    assert (lost.outcome, lost.code) == ("rejected", "CON198")
    key = case.ids()[0]
    case.sim.remove("Account", key)
    gone = _write(case.connect(), Write("update", "g1", {"Phone": "9"}, key=key))[0]
    assert (gone.outcome, gone.code) == ("rejected", "CON198")


def test_ids_are_read_back_in_one_question_per_hundred_with_quotes_escaped() -> None:
    rows = [account(number, Golden_Id__c=f"g'{number}\\") for number in range(230)]
    case = Case(rows={"Account": rows}, page_rows=70)
    connector = case.connect()
    found = connector.read_back(connector.streams["Account"], [f"g'{number}\\" for number in range(250)] + [""])
    assert len(found) == 230
    assert found["g'7\\"]["Name"] == "示例0007号有限公司"
    assert case.calls(f"{DATA}/query") == 3


@pytest.mark.parametrize("fault", [Fault("lost", path=UPSERT), Fault("reset", path=UPSERT, when="after")])
def test_f1_f28_a_write_whose_answer_was_lost_is_unknown_and_read_back(fault: Fault) -> None:
    case = Case()
    case.sim.faults.add(fault)
    connector = case.connect()
    results = _write(connector, _new(1), _new(2))
    assert {(result.outcome, result.code) for result in results} == {("unknown", "CON005")}
    assert len(case.ids()) == 2
    back = connector.read_back(connector.streams["Account"], ["g1", "g2"])
    assert [back["g1"]["Id"], back["g2"]["Id"]] == case.ids()
    assert [result.key for result in _write(connector, _new(1), _new(2))] == case.ids()
    assert len(case.ids()) == 2


def test_f28_a_write_that_was_never_done_is_not_found_and_sent_again() -> None:
    case = Case()
    case.sim.faults.add(Fault("unavailable", path=UPSERT, status=502))
    connector = case.connect()
    assert _write(connector, _new(1))[0].outcome == "unknown"
    assert connector.read_back(connector.streams["Account"], ["g1"]) == {}
    assert _write(connector, _new(1))[0].outcome == "written"


def test_f40_each_record_has_the_result_of_its_own() -> None:
    case = Case(rows={"Account": [account(1, Golden_Id__c="g9"), account(2)]})
    twin = case.sim.org.copy("Account", case.ids()[0])
    assert twin in case.ids()
    results = _write(
        case.connect(),
        _new(1),
        _new(2, Email__c="no mail"),
        Write("create", "g3", {}),
        _new(4, Name="长" * 300),
        Write("create", "g9", {"Name": "两个"}),
        _new(5),
    )
    assert [result.outcome for result in results] == ["written", *["rejected"] * 4, "written"]
    assert {result.code for result in results[1:5]} == {"CON197"}
    assert [result.field for result in results[1:4]] == ["Email__c", "Name", "Name"]
    assert "merge them" in results[4].message
    assert "no mail" not in results[2].message


def test_f41_an_answer_with_fewer_results_than_records_is_unknown() -> None:
    case = Case()
    case.sim.faults.add(Fault("error_body", body=[{"id": "001", "success": True, "errors": []}], path=UPSERT))
    results = _write(case.connect(), _new(1), _new(2))
    assert {(result.outcome, result.code) for result in results} == {("unknown", "CON199")}


def test_f42_a_success_that_was_none_is_seen_by_reading_back() -> None:
    case = Case()
    case.sim.faults.add(Fault("phantom", path=UPSERT))
    connector = case.connect()
    assert _write(connector, _new(1))[0].outcome == "written"
    assert connector.read_back(connector.streams["Account"], ["g1"]) == {}


def test_a_record_that_breaks_its_batch_is_found_by_halving() -> None:
    case = Case()
    results = _write(case.connect(), _new(1), _new(2, Phone="\ud800"), _new(3))
    assert [(result.outcome, result.code) for result in results] == [
        ("written", ""),
        ("rejected", "CON017"),
        ("written", ""),
    ]


def test_f17_a_session_that_expires_between_the_calls_of_a_batch() -> None:
    case = Case(1)
    case.sim.faults.add(Fault("expire", path="*/composite/sobjects"))
    results = _write(case.connect(), _new(1), Write("update", "g2", {"Phone": "9"}, key=case.ids()[0]))
    assert [result.outcome for result in results] == ["written", "written"]
    assert case.calls(TOKEN) == 2


def test_a_fault_of_the_whole_target_keeps_the_results_it_already_has() -> None:
    case = Case(1)
    case.sim.faults.add(Fault("refuse", code="TXN_SECURITY_METERING_ERROR", path="*/composite/sobjects", count=None))
    update = Write("update", "g2", {"Phone": "9"}, key=case.ids()[0])
    results = _write(case.connect(), _new(1), update)
    assert [(result.outcome, result.code) for result in results] == [("written", ""), ("retry", "CON196")]
    assert outcome(lambda: _write(case.connect(), update)) == (Misconfigured, "CON196")


def test_duplicate_rules_are_passed_only_when_told_to() -> None:
    case = Case()
    seen = []
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        seen.append((call.method, call.headers.get("sforce-duplicate-rule-header")))
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    _write(case.connect(), _new(1))
    _write(case.connect(duplicate_rules="override"), _new(2))
    assert [header for method, header in seen if method == "PATCH"] == [None, "allowSave=true"]


def test_unknown_fields_are_named_before_anything_is_written() -> None:
    case = Case()
    with pytest.raises(Misconfigured) as caught:
        _write(case.connect(), _new(1, Telephone="1", Nmae="x", BillingAddress="y"))
    assert [problem.code for problem in caught.value.problems] == ["CON193"] * 3
    assert "did you mean 'Name'?" in str(caught.value)
    for field, why in (("Ext__c", "is not there"), ("Phone", "not marked as an external id")):
        with pytest.raises(Misconfigured, match=why) as caught:
            _write(case.connect(external_id=field), _new(1))
        assert caught.value.code == "CON194"
    assert case.sim.counters.writes == 0


def test_writing_is_off_unless_it_is_switched_on() -> None:
    case = Case()
    assert outcome(lambda: _write(case.connect(writes="disabled"), _new(1))) == (Misconfigured, "CON203")
    assert case.sim.counters.calls == 0


# Tokens, budgets, secrets


def test_f17_many_threads_share_one_session() -> None:
    sim = Org({"Account": [account(number) for number in range(40)]})
    with Loopback(sim.app) as url:
        budget = {"calls": 1000, "per_s": 1}
        connector = connect(
            Salesforce, None, Clock(), base_url=url, writes="enabled", threads=8, budget=budget, **SECRETS
        )
        sim.faults.add(Fault("expire", path=UPSERT, skip=3))
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda number: _write(connector, _new(number), _new(number + 8)), range(8)))
    assert {result.outcome for two in results for result in two} == {"written"}
    assert sim.counters.by_endpoint[TOKEN] == 2
    assert len(sim.rows("Account")) == 56


def test_the_vendors_own_limit_is_never_hit() -> None:
    case = Case(35, limits="sheet")
    connector = case.connect()
    for _ in range(60):
        connector.read_back(connector.streams["Account"], ["g1"])
    read(connector)
    assert case.sim.counters.refused == 0
    assert case.clock.monotonic() >= 3


@pytest.mark.parametrize(
    "break_it",
    [
        lambda sim: sim.faults.add(
            Fault("refuse", code="UNKNOWN_EXCEPTION", message="sf-sandbox-consumer-secret", path=NEXT, count=None)
        ),
        lambda sim: sim.faults.add(Fault("html", path=NEXT, count=None)),
    ],
)
def test_s6_no_token_or_secret_reaches_a_log_or_an_error(
    break_it: Callable[[Org], None], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    case, tokens = Case(35), set()
    real = case.sim.handle

    def watch(call: Any, endpoint: Any) -> Any:
        tokens.add(call.headers.get("authorization", "").split(" ")[-1])
        return real(call, endpoint)

    case.sim.handle = watch  # type: ignore[method-assign]
    break_it(case.sim)
    connector = case.connect()
    with pytest.raises((Retry, Halt)) as caught:
        read(connector)
    assert len(tokens) == 2
    everything = str(caught.value) + caplog.text + "".join(capsys.readouterr()) + repr(connector.config)
    for secret in ("sf-sandbox-consumer-secret", *tokens):
        assert secret not in everything
