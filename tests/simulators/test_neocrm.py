"""The pretend Neocrm tenant keeps every fact of the sheet that a naive client trips over."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import Fault, Refused, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.neocrm import Neocrm, sandbox_objects
from goldbridge.simulators.neocrm.query import parse
from goldbridge.simulators.neocrm.schema import DEPARTMENT, ENTITY_TYPE, HUB_USER, OTHER_USER

START = 1_790_000_000.0
FORM = {
    "grant_type": "password",
    "client_id": "neo-sandbox-client",
    "client_secret": "neo-sandbox-client-secret",
    "redirect_uri": "https://hub.example/callback",
    "username": "hub@sandbox.example",
    "password": "neo-sandbox-passwordAb3dEf9h",
}
OBJECT = "/rest/data/v2.0/xobjects/account"
NEW = {"accountName": "新", "entityType": ENTITY_TYPE, "ownerId": HUB_USER, "dimDepart": DEPARTMENT}


@pytest.fixture
def clock() -> SimClock:
    clock = SimClock()
    clock.freeze(START)
    return clock


@pytest.fixture
def sim(clock: SimClock) -> Neocrm:
    rows = [{"accountName": f"示例{number}号", "golden_id__c": f"G-{number}"} for number in range(5)]
    rows[4]["ownerId"] = OTHER_USER
    return Neocrm({"account": rows}, clock=clock)


def bare(sim: Neocrm) -> httpx.Client:
    return httpx.Client(transport=InProcess(sim.app), base_url="http://neo")


def signed_in(sim: Neocrm) -> httpx.Client:
    client = bare(sim)
    token = client.post("/auc/oauth2/token", data=FORM).json()["access_token"]
    client.headers.update({"authorization": f"Bearer {token}", "xsy-criteria": "10"})
    return client


@pytest.fixture
def http(sim: Neocrm) -> httpx.Client:
    return signed_in(sim)


def xoql(http: httpx.Client, text: str) -> dict[str, Any]:
    answer = http.post("/rest/data/v2.0/query/xoql", data={"xoql": text}).json()
    assert str(answer["code"]) == "200", answer
    return dict(answer["data"])


# Who calls


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"password": "neo-sandbox-password"}, "invalid_grant"),  # the security token has to follow
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"client_secret": "x"}, "invalid_client"),
    ],
)
def test_the_token_call_refuses_with_error(sim: Neocrm, change: dict[str, str], error: str) -> None:
    assert bare(sim).post("/auc/oauth2/token", data=FORM | change).json()["error"] == error


@pytest.mark.parametrize("path", ["/auc/oauth2/token", "/oauth2/token", "/oauth2/token.action"])
def test_older_paths_give_tokens_too_and_issued_at_is_no_end(sim: Neocrm, path: str) -> None:
    answer = bare(sim).post(path, data=FORM).json()
    assert (answer["issued_at"], answer["expires_in"]) == (str(int(START * 1000)), 7200)
    assert "expires_in" not in bare(Neocrm(expires_in=None)).post(path, data=FORM).json()


def test_a_token_ends_with_401(http: httpx.Client, clock: SimClock) -> None:
    clock.shift(7199)
    assert http.get(f"{OBJECT}/description").status_code == 200
    clock.shift(1)
    assert http.get(f"{OBJECT}/description").status_code == 401


def test_without_the_header_for_administrators_rows_of_others_are_missing(http: httpx.Client) -> None:
    assert xoql(http, "select id from account")["totalSize"] == 5
    del http.headers["xsy-criteria"]
    assert xoql(http, "select id from account")["totalSize"] == 4


def test_calls_beyond_the_limit_are_told_to_wait(clock: SimClock) -> None:
    http = signed_in(Neocrm(clock=clock, limits="sheet"))
    assert [http.get(f"{OBJECT}/description").status_code for _ in range(5)] == [200] * 4 + [429]
    clock.shift(1)
    assert http.get(f"{OBJECT}/description").status_code == 200


# Questions


def test_each_generation_has_its_own_envelope(http: httpx.Client) -> None:
    text = "select id,accountName from account order by id limit 0,2"
    first = http.post("/data/v1/query", data={"q": text}).json()
    second = http.get("/rest/data/v2/query", params={"q": text}).json()["result"]
    third = xoql(http, text)
    assert first == second == third
    assert (third["totalSize"], third["count"], len(third["records"])) == (5, 2, 2)
    assert http.post("/data/v1/query", data={"q": "select * from account"}).json()["error_code"] == "300001"


def test_a_scroll_has_its_cursor_at_the_root_and_ends_with_an_empty_one(http: httpx.Client) -> None:
    names: list[str] = []
    locator = ""
    while True:
        form = {"xoql": "select id,accountName from account", "batchCount": "2", "queryLocator": locator}
        answer = http.post("/rest/data/v2.0/query/xoqlScroll", data=form).json()
        names += [row["accountName"] for row in answer["data"]["records"]]
        locator = answer["queryLocator"]
        if not locator:
            break
    assert names == [f"示例{number}号" for number in range(5)]


def test_pages_end_where_each_generation_says(clock: SimClock) -> None:
    sim = Neocrm({"account": [{"accountName": str(number)} for number in range(320)]}, clock=clock)
    http, text = signed_in(sim), "select id from account order by id limit 0,5000"
    assert http.post("/data/v1/query", data={"q": text}).json()["count"] == 300
    assert http.get("/rest/data/v2/query", params={"q": text}).json()["result"]["count"] == 100
    assert xoql(http, text)["count"] == 320


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select * from account", "300001"),
        ("select id from account order by updatedAt", "300001"),
        ("select id from account order by id desc", "300001"),
        ("SELECT id FROM account", "300001"),
        ("select id from account where accountName like '%x'", "300001"),
        ("select id from account where accountName = 'it''s'", "300001"),
        ("select id from account where accountName = 'a' or id > 1", "300001"),
        ("select id from account where updatedAt > 'x'", "300001"),
        ("select id from nothing", "300002"),
        ("select AccountName from account", "300003"),
    ],
)
def test_questions_that_are_refused(text: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(text, sandbox_objects())
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("golden_id__c in ('G-1','G-3')", [1, 3]),
        ("accountName like '示例%' and golden_id__c <> 'G-0'", [1, 2, 3, 4]),
        ("id > 2904963933786002 and id <= 2904963933786004", [2, 3]),
        (f"updatedAt >= {int(START * 1000)} and golden_id__c = 'G-2'", [2]),
        ("phone = 'x'", []),
    ],
)
def test_conditions(http: httpx.Client, sim: Neocrm, where: str, expected: list[int]) -> None:
    keys = [row["id"] for row in sim.rows("account")]
    rows = xoql(http, f"select id from account where {where} order by id")["records"]
    assert [keys.index(row["id"]) for row in rows] == expected


def test_labels_of_options_stand_in_the_description_only(http: httpx.Client) -> None:
    fields = {each["apiKey"]: each for each in http.get(f"{OBJECT}/description").json()["data"]["fields"]}
    assert fields["level"]["selectitem"][1] == {"value": 2, "label": "普通客户"}
    assert fields["tags__c"]["checkitem"][0] == {"value": 1, "label": "外资"}


# Changes


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"accountName": None}, "必填"),
        ({"dimDepart": None}, "必填"),
        ({"golden_id__c": "G-1"}, "重复"),
        ({"level": "普通客户"}, "校验"),
        ({"email": "no mail"}, "校验"),
        ({"capital__c": "much"}, "校验"),
        ({"updatedAt": 1}, "校验"),
        ({"nothing": 1}, "field not exist"),
    ],
)
def test_records_that_are_refused_with_http_200(http: httpx.Client, change: dict[str, Any], word: str) -> None:
    reply = http.post(OBJECT, json={"data": NEW | change})
    assert reply.status_code == 200
    assert reply.json()["code"] != "200"
    assert word in reply.json()["msg"]


def test_a_record_is_created_changed_read_and_deleted(http: httpx.Client, sim: Neocrm, clock: SimClock) -> None:
    key = http.post(OBJECT, json={"data": NEW}).json()["data"]["id"]
    clock.shift(10)
    assert http.patch(f"{OBJECT}/{key}", json={"data": {"phone": "1"}}).json()["code"] == "200"
    row = http.get(f"{OBJECT}/{key}").json()["data"]
    assert (row["phone"], row["updatedAt"] - row["createdAt"]) == ("1", 10_000)
    assert http.delete(f"{OBJECT}/{key}").json()["code"] == "200"
    assert "not exist" in http.get(f"{OBJECT}/{key}").json()["msg"]
    assert sim.counters.writes == 3


def test_a_batch_has_a_result_for_each_row(http: httpx.Client, sim: Neocrm) -> None:
    rows = [NEW, NEW | {"email": "x"}, NEW]
    results = http.post(f"{OBJECT}/batch", json={"batchData": rows}).json()["batchData"]
    assert [one["code"] for one in results] == ["200", "300010", "200"]
    sim.faults.add(Fault("partial", path="*/batch", rows=1))
    changes = [{"id": one["data"]["id"], "phone": "9"} for one in (results[0], results[2])]
    results = http.patch(f"{OBJECT}/batch", json={"batchData": changes}).json()["batchData"]
    assert [one["code"] for one in results] == ["300010", "200"]
    assert [row["phone"] for row in sim.rows("account")[-2:]] == [None, "9"]
    assert http.post(f"{OBJECT}/batch", json={"batchData": [NEW] * 101}).json()["code"] == "300010"


def test_a_bulk_job_takes_batches_and_keeps_their_results(http: httpx.Client, sim: Neocrm) -> None:
    job = http.post("/rest/bulk/v2/job", json={"data": {"operation": "insert", "object": "account"}}).json()["result"][
        "id"
    ]
    batch = http.post("/rest/bulk/v2/batch", json={"data": {"jobId": job, "datas": [NEW, {}]}}).json()["result"]["id"]
    results = http.get(f"/rest/bulk/v2/batch/{batch}/result").json()["result"]["results"]
    assert [one["success"] for one in results] == [True, False]
    assert http.get(f"/rest/bulk/v2/job/{job}").json()["result"]["state"] == "open"
    assert len(sim.rows("account")) == 6


@pytest.mark.parametrize("text", [True, False])
def test_code_message_and_id_come_in_every_way_that_clients_report(text: bool) -> None:
    http = signed_in(Neocrm(code_as_text=text, says_message=not text, says_data_id=not text))
    answer = http.post(OBJECT, json={"data": NEW}).json()
    assert answer["code"] == ("200" if text else 200)
    assert set(answer) == {"code", "data", "msg" if text else "message"}
    assert set(answer["data"]) == {"id" if text else "dataId"}


def test_a_trimmed_field_and_a_forbidden_object(http: httpx.Client, sim: Neocrm) -> None:
    sim.faults.add(Fault("trim", path=OBJECT, field="phone"), Fault("forbid", key="contact", count=None))
    http.post(OBJECT, json={"data": NEW | {"phone": "1"}})
    assert sim.rows("account")[-1]["phone"] is None
    assert http.get("/rest/data/v2.0/xobjects/contact/description").status_code == 403
    assert http.get(f"{OBJECT}/description").status_code == 200
