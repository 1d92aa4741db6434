"""The pretend Feishu answers as the vendor's sheet says: statuses, windows, forms inside texts, ids that are unique."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from goldbridge.simulators.feishu import APPROVAL_CODE, Feishu
from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess

START = 1_790_000_000.0
NOW_MS = int(START * 1000)
HOUR_MS = 3_600_000
ROOT = "/open-apis/approval/v4"
TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"
LOGIN = {"app_id": "cli_sandbox", "app_secret": "feishu-sandbox-secret"}
FORM = [{"id": "widget1", "type": "input", "value": "HT-1"}]


class Client:
    def __init__(self, sim: Feishu) -> None:
        self.sim = sim
        self.http = httpx.Client(transport=InProcess(sim.app), base_url="http://feishu")
        self.token = self.http.post(TOKEN, json=LOGIN).json()["tenant_access_token"]

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, ROOT + path, headers={"Authorization": f"Bearer {self.token}"}, **options)

    def page(self, **change: Any) -> dict[str, Any]:
        asked = {"approval_code": APPROVAL_CODE, "start_time": NOW_MS - HOUR_MS, "end_time": NOW_MS, "page_size": 100}
        return dict(self.call("GET", "/instances", params=asked | change).json())

    def start(self, form: Any = FORM, **change: Any) -> dict[str, Any]:
        body = {"approval_code": APPROVAL_CODE, "user_id": "u-zhao", "form": json.dumps(form), "uuid": "g1"}
        return dict(self.call("POST", "/instances", json=body | change).json())


@pytest.fixture
def client() -> Client:
    clock = SimClock()
    clock.freeze(START)
    return Client(Feishu(clock=clock))


def test_a_token_is_top_level_and_kept_until_half_an_hour_before_its_end(client: Client) -> None:
    answer = client.http.post(TOKEN, content=json.dumps(LOGIN)).json()  # no Content-Type, as the vendor's own client
    assert (answer["code"], answer["tenant_access_token"], answer["expire"]) == (0, client.token, 7200)
    client.sim.clock.shift(7200 - 1799)
    renewed = client.http.post(TOKEN, json=LOGIN).json()["tenant_access_token"]
    assert renewed != client.token
    assert client.page(end_time=NOW_MS)["code"] == 0, "both stay valid"
    client.sim.clock.shift(1800)
    assert client.page()["code"] == 99991663


def test_refusals_have_the_status_of_the_vendor(client: Client) -> None:
    wrong = client.http.post(TOKEN, json=LOGIN | {"app_secret": "no"})
    assert (wrong.status_code, wrong.json()["code"]) == (200, 10003)
    bare = client.http.get(f"{ROOT}/instances", headers={"Authorization": client.token})
    assert (bare.status_code, bare.json()["code"]) == (400, 99991661)
    bad = client.http.get(f"{ROOT}/instances", headers={"Authorization": "Bearer t-no"})
    assert (bad.status_code, bad.json()["code"]) == (400, 99991663)
    lost = client.call("GET", "/nothing")
    assert (lost.status_code, lost.headers["content-type"]) == (404, "text/plain")


def test_the_window_is_ten_hours_and_pages_have_tokens(client: Client) -> None:
    codes = [client.sim.add({"widget1": f"HT-{number}"}) for number in range(5)]
    first = client.page(page_size=2)["data"]
    assert first["has_more"]
    rest = client.page(page_size=100, page_token=first["page_token"])["data"]
    assert sorted(first["instance_code_list"] + rest["instance_code_list"]) == sorted(codes)
    assert rest["has_more"] is False
    assert "page_token" not in rest
    assert client.page(start_time=NOW_MS - 10 * HOUR_MS)["code"] == 0
    assert client.page(start_time=NOW_MS - 10 * HOUR_MS - 1)["code"] == 60001
    assert client.page(page_size=101)["code"] == 60001
    assert client.page(approval_code="AC-NO")["code"] == 60002


def test_a_form_is_a_text_and_what_is_missing_is_not_noticed(client: Client) -> None:
    code = client.start([{"id": "widget2", "type": "input", "value": "甲"}])["data"]["instance_code"]
    detail = client.call("GET", f"/instances/{code}").json()["data"]
    assert json.loads(detail["form"])[0]["value"] == "甲"
    assert (detail["status"], detail["end_time"], detail["start_time"]) == ("PENDING", "0", str(NOW_MS))
    definition = client.call("GET", f"/approvals/{APPROVAL_CODE}").json()["data"]
    assert json.loads(definition["form"])[4]["option"][0] == {"value": "k1sale", "text": "销售"}


@pytest.mark.parametrize(
    "given",
    [
        {"id": "widget5", "type": "radioV2", "value": "销售"},
        {"id": "widget3", "type": "amount", "value": 5},
        {"id": "widget3", "type": "amount", "value": "5", "currency": "CNY"},
        {"id": "widget4", "type": "date", "value": "2026-03-01"},
        {"id": "widget9", "type": "input", "value": "x"},
    ],
)
def test_values_in_the_wrong_shape_are_refused(client: Client, given: dict[str, Any]) -> None:
    assert client.start([given])["code"] == 1390001
    assert client.sim.rows() == []


def test_a_uuid_is_unique_and_finds_its_approval(client: Client) -> None:
    code = client.start()["data"]["instance_code"]
    assert client.start()["code"] == 60012
    assert client.call("GET", "/instances/g1").json()["data"]["instance_code"] == code
    assert client.start(uuid="g" * 65)["code"] == 60001
    assert len(client.sim.rows()) == 1


def test_only_the_applicant_withdraws_and_only_what_runs(client: Client) -> None:
    code = client.start()["data"]["instance_code"]
    ask = {"approval_code": APPROVAL_CODE, "instance_code": code, "user_id": "u-qian"}
    assert client.call("POST", "/instances/cancel", json=ask).json()["code"] == 60010
    assert client.call("POST", "/instances/cancel", json=ask | {"user_id": "u-zhao"}).json()["code"] == 0
    assert client.sim.rows()[0]["status"] == "CANCELED"
    assert client.call("POST", "/instances/cancel", json=ask | {"user_id": "u-zhao"}).json()["code"] == 60010


def test_beyond_the_limit_a_header_says_when_to_come_back() -> None:
    clock = SimClock()
    clock.freeze(START)
    client = Client(Feishu(clock=clock, limits="sheet"))
    answers = [client.call("GET", "/instances", params={"approval_code": "AC-NO"}) for _ in range(101)]
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, 99991400)
    assert answers[-1].headers["x-ogw-ratelimit-reset"] == "61"
