"""The pretend Yonyou tenant keeps every fact of the sheet that a naive client trips over."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import Fault, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.yonyou import APP_KEY, TENANT, U8_ACCOUNT, U8_KEY, U8_SECRET, Yonyou
from goldbridge.simulators.yonyou.gate import signature

START = 1_790_000_000.0
API, AUTH = "/iuap-api-gateway", "/iuap-api-auth/open-auth/selfAppAuth"
MODEL = f"{API}/yonbip/digitalModel"
CUSTOMERS = f"{MODEL}/merchant/newlist"
ROWS: dict[str, list[dict[str, Any]]] = {
    "customer": [
        {"code": f"YB-{number}", "name": {"simplifiedName": f"示例{number}"}, "pubts": f"2026-03-02 08:30:1{number}"}
        for number in range(5)
    ],
    "order": [{"code": f"SO-{number}", "pubts": f"2026-03-02 08:30:1{number}"} for number in range(5)],
    "supplier": [{"code": "S-1", "name": "甲", "pubts": "2026-03-02 08:30:11"}],
}


class Client:
    """Calls a tenant with a token."""

    def __init__(self, sim: Yonyou) -> None:
        self.http = httpx.Client(transport=InProcess(sim.app), base_url="http://yonyou")
        self.token = self.ask_token().json()["data"]["access_token"]

    def ask_token(self, base: str = "/base/v1", **change: str) -> httpx.Response:
        asked = {"appKey": APP_KEY, "timestamp": "1790000000000", "signature": signature(APP_KEY, "1790000000000")}
        return self.http.get(f"{AUTH}{base}/getAccessToken", params=asked | change)

    def post(self, path: str, body: Any) -> dict[str, Any]:
        reply = self.http.post(path, params={"access_token": self.token}, json=body)
        assert reply.status_code == 200
        return dict(reply.json())

    def codes(self, path: str = CUSTOMERS, **body: Any) -> list[str]:
        data = self.post(path, body)["data"]
        return [row["code"] for row in (data["recordList"] if isinstance(data, dict) else data)]


@pytest.fixture
def clock() -> SimClock:
    clock = SimClock()
    clock.freeze(START)
    return clock


@pytest.fixture
def sim(clock: SimClock) -> Yonyou:
    return Yonyou(ROWS, clock=clock)


@pytest.fixture
def client(sim: Yonyou) -> Client:
    return Client(sim)


def test_a_tenant_has_hosts_of_its_own(client: Client) -> None:
    found = client.http.get("/open-auth/dataCenter/getGatewayAddress", params={"tenantId": TENANT}).json()
    assert found["data"] == {"gatewayUrl": f"http://yonyou{API}", "tokenUrl": "http://yonyou/iuap-api-auth"}
    assert client.http.get("/open-auth/dataCenter/getGatewayAddress").json()["code"] == 999


def test_a_signature_buys_a_token_for_two_hours(client: Client, clock: SimClock) -> None:
    assert client.ask_token("").json()["data"]["expire"] == 7200
    assert client.ask_token(appKey="x").json()["code"] == "10018"
    assert client.ask_token(signature="x").json()["code"] == "310005"
    assert client.post(CUSTOMERS, {})["code"] == "200"
    clock.shift(7200)
    assert client.post(CUSTOMERS, {})["code"] == "310036"
    client.token = ""
    assert client.post(CUSTOMERS, {})["code"] == "310001"


def test_an_unknown_path_is_told_before_the_token_is_looked_at(client: Client) -> None:
    reply = client.http.post(f"{API}/yonbip/nothing", json={})
    assert (reply.status_code, reply.json()["code"]) == (404, "310404")


def test_every_list_has_its_own_shape(client: Client) -> None:
    assert isinstance(client.post(CUSTOMERS, {})["data"], list)
    data = client.post(f"{API}/yonbip/sd/voucherorder/list", {"pageIndex": 2, "pageSize": 2})["data"]
    assert (data["recordCount"], data["pageCount"], len(data["recordList"])) == (5, 3, 2)


def test_every_list_takes_the_time_of_change_elsewhere(client: Client) -> None:
    at = "2026-03-02 08:30:13"
    assert client.codes(pubts=at) == ["YB-3", "YB-4"], "included here"
    orders = f"{API}/yonbip/sd/voucherorder/list"
    assert client.codes(orders, simpleVOs=[{"field": "pubts", "op": "gt", "value1": at}]) == ["SO-4"], "excluded there"
    assert client.codes(orders, pubts=at) == [f"SO-{number}" for number in range(5)], "and elsewhere ignored"
    suppliers = f"{MODEL}/vendor/list"
    assert client.codes(suppliers, simple={"pubts": at}) == []
    assert client.codes(suppliers, simple={"code": "S-1"}) == ["S-1"]
    assert client.codes(code="YB-2") == ["YB-2"]
    assert client.post(CUSTOMERS, {"pageSize": 6000})["code"] == "310008"


def test_an_edited_row_moves_to_the_end(sim: Yonyou, client: Client) -> None:
    sim.edit("customer", sim.rows("customer")[0]["id"], {"remark": "x"})
    assert client.codes()[-1] == "YB-0"


def test_an_insert_is_replayed_for_an_hour_and_then_a_duplicate(sim: Yonyou, client: Client, clock: SimClock) -> None:
    body = {"data": {"code": "N-1", "name": "新", "_status": "Insert", "resubmitCheckKey": "k1"}}
    first = client.post(f"{MODEL}/merchant/idempotent/newinsert", body)
    assert client.post(f"{MODEL}/merchant/idempotent/newinsert", body) == first
    clock.shift(3601)
    client = Client(sim)
    again = client.post(f"{MODEL}/merchant/idempotent/newinsert", body)
    assert (again["code"], again["data"]) == ("10004", {"id": first["data"]["id"]})
    assert sim.counters.writes == 1
    assert client.post(f"{MODEL}/merchant/idempotent/newinsert", {"data": []})["code"] == "310008"


def test_a_batch_is_a_success_with_failures(sim: Yonyou, client: Client) -> None:
    rows = [
        {"code": "N-1", "name": "新", "_status": "Insert"},
        {"code": "N-2", "_status": "Insert"},
        {"code": "N-1", "name": "新", "_status": "Insert"},
        {"code": "N-4", "name": "x", "_status": "Update"},
        {"code": "N-5", "name": "x", "_status": "Insert", "children": [{"a": 1}]},
    ]
    found = client.post(f"{MODEL}/batch/merchant/save", {"data": rows})
    assert found["code"] == "200"
    assert (found["data"]["sucessCount"], found["data"]["failCount"], len(found["data"]["messages"])) == (1, 4, 4)
    assert len(sim.rows("customer")) == 6
    assert client.post(f"{MODEL}/batch/merchant/save", {"data": {}})["code"] == "310008"


def test_suppliers_and_products_are_upserted_by_code(sim: Yonyou, client: Client) -> None:
    row = {"code": "S-1", "name": "乙", "_status": "InsertUpdate"}
    assert client.post(f"{MODEL}/vendor/batchSaveV2", {"data": [row]})["data"]["sucessCount"] == 1
    assert [each["name"] for each in sim.rows("supplier")] == ["乙"]
    assert (
        client.post(f"{MODEL}/product/idempotent/save", {"data": {"code": "P-1", "name": "泵"}})["data"]["code"]
        == "P-1"
    )


def test_a_stopped_customer_is_marked(sim: Yonyou, client: Client) -> None:
    key = sim.rows("customer")[0]["id"]
    client.post(f"{MODEL}/merchant/stop", {"data": [{"id": key}]})
    assert sim.rows("customer")[0]["stopstatus"] is True
    assert client.post(f"{MODEL}/merchant/stop", {"data": [{"id": 1}]})["code"] == 999


def test_the_limit_of_the_sheet(clock: SimClock) -> None:
    client = Client(Yonyou(ROWS, clock=clock, limits="sheet"))
    codes = [client.post(CUSTOMERS, {})["code"] for _ in range(41)]
    assert codes == ["200"] * 40 + ["310046"]


def test_a_u8_speaks_in_texts(client: Client, clock: SimClock) -> None:
    asked = {"from_account": U8_ACCOUNT, "app_key": U8_KEY}
    token = client.http.get("/system/token", params=asked | {"app_secret": U8_SECRET}).json()["token"]["id"]
    assert client.http.get("/system/token", params=asked).json()["errcode"] == "20002"
    asked |= {"to_account": "ent1", "token": token, "rows_per_page": "2", "page_index": "2"}
    found = client.http.get("/api/customer/batch_get", params=asked).json()
    assert (found["row_count"], found["page_count"], found["errcode"]) == ("5", "3", "0")
    assert [row["ModifyDate"] for row in found["customer"]] == ["2026-03-02"] * 2
    later = client.http.get("/api/customer/batch_get", params=asked | {"ModifyDate_begin": "2026-03-03"}).json()
    assert later["customer"] == []
    assert client.http.get("/api/nothing/batch_get", params=asked).json()["errcode"] == "20010"
    clock.shift(7200)
    assert client.http.get("/api/customer/batch_get", params=asked).json()["errcode"] == "20003"


def test_cooperative_faults(sim: Yonyou, client: Client) -> None:
    page = client.codes(pageSize=2)
    sim.faults.add(Fault("duplicate_page"))
    assert client.codes(pageSize=2, pageIndex=2) == page
    sim.faults.add(Fault("short_page", rows=2))
    assert len(client.codes()) == 3
    sim.faults.add(Fault("poison", key="YB-3"))
    assert client.post(CUSTOMERS, {})["code"] == "310504"
    sim.faults.add(Fault("tie", rows=5))
    client.codes()
    assert len({row["pubts"] for row in sim.rows("customer")}) == 1
    sim.faults.add(Fault("edit", rows=1))
    assert client.codes()[-1] == "YB-0"
    insert = f"{MODEL}/merchant/idempotent/newinsert"
    sim.faults.add(Fault("phantom"))
    assert client.post(insert, {"data": {"code": "N", "name": "x"}})["code"] == "200"
    assert len(sim.rows("customer")) == 5
    sim.faults.add(Fault("trim", field="name", rows=2))
    client.post(insert, {"data": {"code": "N", "name": "很长的名字"}})
    assert sim.rows("customer")[5]["name"] == "很长"
    sim.faults.add(Fault("forbid", key="customer"))
    assert client.post(CUSTOMERS, {})["code"] == "310037"
    sim.faults.add(Fault("refuse", code="text"))
    assert client.http.post(CUSTOMERS, json={}).text == "非法token"
    assert sim.add("customer", {"code": "P"}) == str(sim.rows("customer")[-1]["id"])
