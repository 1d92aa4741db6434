"""The pretend Salesforce org keeps every fact of the vendor's sheet that a naive client trips over."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.simulators.kit import Refused, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.salesforce import Salesforce, sandbox_objects
from goldbridge.simulators.salesforce.schema import full_id, record_id
from goldbridge.simulators.salesforce.soql import parse, parse_moment

START = 1_790_000_000.0
V = "/services/data/v59.0"
FORM = {
    "grant_type": "client_credentials",
    "client_id": "sf-sandbox-consumer-key",
    "client_secret": "sf-sandbox-consumer-secret",
}


@pytest.fixture
def clock() -> SimClock:
    clock = SimClock()
    clock.freeze(START)
    return clock


@pytest.fixture
def sim(clock: SimClock) -> Salesforce:
    rows = [{"Name": f"示例{number}号", "Golden_Id__c": f"G-{number}"} for number in range(5)]
    return Salesforce({"Account": rows}, clock=clock, page_rows=2)


def bare(sim: Salesforce) -> httpx.Client:
    return httpx.Client(transport=InProcess(sim.app), base_url="http://org")


@pytest.fixture
def http(sim: Salesforce) -> httpx.Client:
    client = bare(sim)
    token = client.post("/services/oauth2/token", data=FORM).json()["access_token"]
    client.headers["authorization"] = f"Bearer {token}"
    return client


def ask(http: httpx.Client, soql: str, path: str = "/query") -> dict[str, Any]:
    reply = http.get(V + path, params={"q": soql})
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def upsert(http: httpx.Client, *records: dict[str, Any], together: bool = False) -> list[dict[str, Any]]:
    typed = [{"attributes": {"type": "Account"}, **record} for record in records]
    body = {"allOrNone": together, "records": typed}
    reply = http.patch(f"{V}/composite/sobjects/Account/Golden_Id__c", json=body)
    assert reply.status_code == 200, reply.text
    return list(reply.json())


def codes(results: list[dict[str, Any]]) -> list[str]:
    return ["" if one["success"] else one["errors"][0]["statusCode"] for one in results]


# Who calls


def test_credentials_come_as_form_or_basic_and_the_answer_names_no_end(sim: Salesforce) -> None:
    basic = base64.b64encode(b"sf-sandbox-consumer-key:sf-sandbox-consumer-secret").decode()
    grant = {"grant_type": "client_credentials"}
    for data, headers in ((FORM, {}), (grant, {"authorization": f"Basic {basic}"})):
        answer = bare(sim).post("/services/oauth2/token", data=data, headers=headers).json()
        assert {"access_token", "instance_url", "token_type", "issued_at", "signature", "id"} == set(answer)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "x"}, "invalid_client"),
        ({"client_id": "x"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_the_token_endpoint_complains_with_an_object(sim: Salesforce, change: dict[str, str], error: str) -> None:
    reply = bare(sim).post("/services/oauth2/token", data=FORM | change)
    assert (reply.status_code, reply.json()["error"]) == (400, error)


def test_a_session_ends_and_the_complaint_is_an_array(http: httpx.Client, clock: SimClock) -> None:
    clock.shift(7199)
    assert http.get(f"{V}/sobjects").status_code == 200
    clock.shift(1)
    reply = http.get(f"{V}/sobjects")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_a_refresh_token_that_is_used_twice_revokes_the_grant(sim: Salesforce) -> None:
    form = FORM | {"grant_type": "refresh_token", "refresh_token": "sf-sandbox-refresh-token-0"}
    first = bare(sim).post("/services/oauth2/token", data=form).json()["refresh_token"]
    assert bare(sim).post("/services/oauth2/token", data=form).json()["error"] == "invalid_grant"
    reply = bare(sim).post("/services/oauth2/token", data=form | {"refresh_token": first})
    assert reply.json()["error"] == "invalid_grant"


def test_each_answer_counts_the_calls_of_24_hours(clock: SimClock) -> None:
    sim = Salesforce(clock=clock, daily_calls=2)
    client = bare(sim)
    token = client.post("/services/oauth2/token", data=FORM).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    usage = [client.get(f"{V}/sobjects", headers=headers).headers["sforce-limit-info"] for _ in range(2)]
    assert usage == ["api-usage=1/2", "api-usage=2/2"]
    reply = client.get(f"{V}/sobjects", headers=headers)
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")


# Ids and queries


def test_the_last_three_letters_of_an_id_repeat_its_capitals() -> None:
    assert full_id("001D000000HRgU6") == "001D000000HRgU6IAL"
    assert full_id("001d000000hrgu6") == "001d000000hrgu6AAA"


@given(st.integers(0, 10**6), st.integers(1, 10**4))
def test_ids_grow_with_their_number(number: int, more: int) -> None:
    assert record_id("001", number)[:15] < record_id("001", number + more)[:15]


def test_pages_follow_a_relative_address_until_done(http: httpx.Client) -> None:
    answer = ask(http, "SELECT Id,Name FROM Account ORDER BY SystemModstamp, Id", "/query/")
    names = []
    while True:
        names += [row["Name"] for row in answer["records"]]
        if answer["done"]:
            break
        assert answer["nextRecordsUrl"].startswith(f"{V}/query/01g")
        answer = http.get(answer["nextRecordsUrl"]).json()
    assert names == [f"示例{number}号" for number in range(5)]
    assert "nextRecordsUrl" not in answer
    assert answer["totalSize"] == 5


def test_a_cursor_keeps_its_ids_and_shows_what_the_rows_are_now(
    http: httpx.Client, sim: Salesforce, clock: SimClock
) -> None:
    answer = ask(http, "SELECT Id,Name,SystemModstamp FROM Account ORDER BY SystemModstamp, Id")
    clock.shift(10)
    keys = [row["Id"] for row in sim.rows("Account")]
    sim.edit("Account", keys[2], {"Name": "改"})
    page = http.get(answer["nextRecordsUrl"]).json()
    assert [row["Id"] for row in page["records"]] == keys[2:4]
    assert page["records"][0]["Name"] == "改"
    assert page["records"][0]["SystemModstamp"] > page["records"][1]["SystemModstamp"]
    sim.questions.close_cursors()
    reply = http.get(page["nextRecordsUrl"])
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_the_page_size_is_a_hint_between_200_and_2000(clock: SimClock) -> None:
    sim = Salesforce({"Account": [{"Name": str(number)} for number in range(450)]}, clock=clock)
    client = bare(sim)
    token = client.post("/services/oauth2/token", data=FORM).json()["access_token"]
    sizes = []
    for hint in ("batchSize=1", "batchSize=300", "x", ""):
        headers = {"authorization": f"Bearer {token}", "sforce-query-options": hint}
        sizes.append(
            len(client.get(f"{V}/query", params={"q": "SELECT Id FROM Account"}, headers=headers).json()["records"])
        )
    assert sizes == [200, 300, 450, 450]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT * FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT 1 x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Nothing FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE SystemModstamp > '2026-03-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name > 2026-03-01T00:00:00Z", "INVALID_FIELD"),
    ],
)
def test_questions_that_are_refused(soql: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(soql, sandbox_objects())
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Golden_Id__c IN ('G-1','G-3')", [1, 3]),
        ("(Golden_Id__c = 'G-1' OR Golden_Id__c = 'G-2') AND Name != '示例1号'", [2]),
        ("Name = 'it\\'s'", []),
        ("SystemModstamp >= 1990-01-01T00:00:00Z AND IsDeleted = false", [0, 1, 2, 3, 4]),
        ("Phone = null AND Golden_Id__c > 'G-3'", [4]),
    ],
)
def test_conditions(sim: Salesforce, where: str, expected: list[int]) -> None:
    query = parse(f"SELECT Id FROM Account WHERE {where}", sim.org.objects)
    keys = [row["Id"] for row in sim.rows("Account")]
    assert [keys.index(key) for key in sim.questions.run(query, deleted=False)] == expected


def test_a_moment_may_have_an_offset() -> None:
    assert parse_moment("2026-03-01T08:00:00+08:00") == parse_moment("2026-03-01T00:00:00.000Z")


# Changes


def test_a_collection_answers_200_with_a_result_for_each_in_order(http: httpx.Client, sim: Salesforce) -> None:
    results = upsert(
        http,
        {"Golden_Id__c": "G-1", "Phone": "1"},
        {"Golden_Id__c": "G-9", "Name": "新"},
        {"Golden_Id__c": "G-10"},
        {"Golden_Id__c": "G-11", "Name": "x" * 256},
        {"Golden_Id__c": "G-12", "Name": "y", "Id": "001"},
        {"Golden_Id__c": "G-13", "Name": "a"},
        {"Golden_Id__c": "g-13", "Name": "b"},
    )
    told = ["", "", "REQUIRED_FIELD_MISSING", "STRING_TOO_LONG", "INVALID_FIELD", "DUPLICATE_VALUE", "DUPLICATE_VALUE"]
    assert codes(results) == told
    assert [one.get("created") for one in results[:2]] == [False, True]
    assert len(sim.rows("Account")) == 6


def test_all_or_none_blames_the_innocent_too(http: httpx.Client, sim: Salesforce) -> None:
    results = upsert(http, {"Golden_Id__c": "G-9", "Name": "新"}, {"Golden_Id__c": "G-10"}, together=True)
    assert codes(results) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert len(sim.rows("Account")) == 5


def test_more_than_200_records_are_refused_as_a_whole(http: httpx.Client, sim: Salesforce) -> None:
    records = [{"attributes": {"type": "Account"}, "Golden_Id__c": f"n{at}", "Name": "n"} for at in range(201)]
    reply = http.patch(f"{V}/composite/sobjects/Account/Golden_Id__c", json={"records": records})
    assert reply.status_code == 400
    assert sim.counters.writes == 0


def test_an_external_id_that_two_records_carry_is_answered_with_300(http: httpx.Client, sim: Salesforce) -> None:
    sim.org.copy("Account", sim.rows("Account")[0]["Id"])
    reply = http.patch(f"{V}/sobjects/Account/Golden_Id__c/G-0", json={"Phone": "1"})
    assert reply.status_code == 300
    assert len(reply.json()) == 2
    created = http.patch(f"{V}/sobjects/Account/Golden_Id__c/G-77", json={"Name": "新"})
    assert (created.status_code, created.json()["created"]) == (201, True)
    assert http.patch(f"{V}/sobjects/Account/Golden_Id__c/G-77", json={"Phone": "2"}).status_code == 200


# Deletions


def test_the_log_of_deletions_and_queryall(http: httpx.Client, sim: Salesforce, clock: SimClock) -> None:
    clock.shift(600)
    soft, hard = (row["Id"] for row in sim.rows("Account")[:2])
    sim.remove("Account", soft)
    sim.remove("Account", hard, hard=True)
    clock.shift(600)
    span = {"start": "2026-09-21T14:00:00Z", "end": "2026-09-21T18:00:00+00:00"}
    answer = http.get(f"{V}/sobjects/Account/deleted/", params=span).json()
    assert [each["id"] for each in answer["deletedRecords"]] == [soft, hard]
    assert answer["latestDateCovered"] == "2026-09-21T14:32:50.000+0000"  # half a minute behind the clock
    deleted = ask(http, "SELECT Id FROM Account WHERE IsDeleted = true", "/queryAll")
    assert [row["Id"] for row in deleted["records"]] == [soft]
    assert ask(http, "SELECT COUNT() FROM Account")["totalSize"] == 3
    short = span | {"end": "2026-09-21T14:01:00Z"}
    old = span | {"start": "2026-09-01T14:00:00Z"}
    for params in (short, old, {}):
        reply = http.get(f"{V}/sobjects/Account/deleted", params=params)
        assert reply.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


# Bulk


def test_a_job_is_polled_and_its_result_ends_with_the_text_null(http: httpx.Client, sim: Salesforce) -> None:
    sim.edit("Account", sim.rows("Account")[0]["Id"], {"Description": '一行\n"二"', "IsPartner": True})
    query = "SELECT Id,Name,Description,IsPartner,Phone,SystemModstamp FROM Account"
    job = http.post(f"{V}/jobs/query", json={"operation": "query", "query": query}).json()
    assert job["state"] == "UploadComplete"
    assert http.get(f"{V}/jobs/query/{job['id']}/results").status_code == 400
    assert [http.get(f"{V}/jobs/query/{job['id']}").json()["state"] for _ in range(2)] == ["InProgress", "JobComplete"]
    rows: list[list[str]] = []
    locator = ""
    while locator != "null":
        reply = http.get(f"{V}/jobs/query/{job['id']}/results", params={"maxRecords": 2, "locator": locator})
        part = list(csv.reader(io.StringIO(reply.text, newline="")))
        assert reply.headers["sforce-numberofrecords"] == str(len(part) - 1)
        rows += part[1:]
        locator = reply.headers["sforce-locator"]
    assert len(rows) == 5
    assert rows[0][2:5] == ['一行\n"二"', "true", ""]
    assert rows[0][5].endswith(".000Z")


@pytest.mark.parametrize("query", ["SELECT BillingAddress FROM Account", "SELECT COUNT() FROM Account"])
def test_what_bulk_cannot_read_is_said(http: httpx.Client, query: str) -> None:
    reply = http.post(f"{V}/jobs/query", json={"operation": "query", "query": query})
    assert "not supported by the Bulk API" in reply.json()[0]["message"]
