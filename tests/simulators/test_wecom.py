"""The pretend WeCom answers as the vendor's sheet says: tokens in the address, errors beside empty lists."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.wecom import TEMPLATE, Wecom

START = 1_790_000_000
DAY_S = 86_400
LOGIN = {"corpid": "wwsandbox", "corpsecret": "wecom-sandbox-secret"}


class Client:
    def __init__(self, sim: Wecom) -> None:
        self.sim = sim
        self.http = httpx.Client(transport=InProcess(sim.app), base_url="http://wecom/cgi-bin")
        self.token = self.http.get("/gettoken", params=LOGIN).json()["access_token"]

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return dict(self.http.get(path, params={"access_token": self.token} | params).json())

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return dict(self.http.post(path, params={"access_token": self.token}, json=body).json())

    def numbers(self, **change: Any) -> dict[str, Any]:
        asked = {"starttime": str(START - DAY_S), "endtime": str(START), "new_cursor": "", "size": 100, "filters": []}
        return self.post("/oa/getapprovalinfo", **asked | change)


@pytest.fixture
def client() -> Client:
    clock = SimClock()
    clock.freeze(START)
    return Client(Wecom(clock=clock))


def test_a_token_counts_in_the_address_only(client: Client) -> None:
    path = "/externalcontact/get_follow_user_list"
    assert client.get(path)["follow_user"] == ["zhao", "qian"]
    for headers in ({"access_token": client.token}, {"Authorization": f"Bearer {client.token}"}):
        assert client.http.get(path, headers=headers).json()["errcode"] == 41001
    assert client.get(path, access_token="no")["errcode"] == 40014
    client.sim.clock.shift(7200)
    assert client.get(path)["errcode"] == 42001


def test_errors_are_http_200_with_empty_lists_and_a_wrong_path_is_an_empty_404(client: Client) -> None:
    answer = client.http.get("/externalcontact/list", params={"access_token": "no", "userid": "zhao"})
    assert (answer.status_code, answer.json()["errcode"], answer.json()["external_userid"]) == (200, 40014, [])
    lost = client.http.get("/nothing")
    assert (lost.status_code, lost.content) == (404, b"")


def test_repeated_wrong_secrets_ban_the_address_for_an_hour(client: Client) -> None:
    wrong = [client.http.get("/gettoken", params=LOGIN | {"corpsecret": "no"}).json()["errcode"] for _ in range(6)]
    assert wrong == [40001] * 5 + [45009]
    assert client.http.get("/gettoken", params=LOGIN).json()["errcode"] == 45009
    client.sim.clock.shift(3601)
    assert client.http.get("/gettoken", params=LOGIN).json()["errcode"] == 0


def test_a_customer_comes_once_per_member_and_pages_have_cursors(client: Client) -> None:
    keys = [client.sim.add_customer("zhao") for _ in range(3)]
    client.sim.add_customer("qian", key=keys[0])
    path = "/externalcontact/batch/get_by_user"
    first = client.post(path, userid_list=["zhao", "qian"], cursor="", limit=3)
    rest = client.post(path, userid_list=["zhao", "qian"], cursor=first["next_cursor"], limit=3)
    rows = first["external_contact_list"] + rest["external_contact_list"]
    assert [(row["follow_info"]["userid"], row["external_contact"]["external_userid"]) for row in rows] == [
        *(("zhao", key) for key in keys),
        ("qian", keys[0]),
    ]
    assert rest["next_cursor"] == ""
    assert client.get("/externalcontact/list", userid="qian")["external_userid"] == [keys[0]]
    detail = client.get("/externalcontact/get", external_userid=keys[0])
    assert [each["userid"] for each in detail["follow_user"]] == ["qian", "zhao"]
    assert client.post(path, userid_list=["nobody"], cursor="", limit=3)["errcode"] == 60111
    assert client.post(path, userid_list=["zhao"], cursor="", limit=101)["errcode"] == 40058


def test_no_customers_is_an_error_and_no_licence_a_note(client: Client) -> None:
    assert client.get("/externalcontact/list", userid="zhao")["errcode"] == 84061
    client.sim.unlicensed.add("zhao")
    client.sim.add_customer("zhao")
    answer = client.post("/externalcontact/batch/get_by_user", userid_list=["zhao"], cursor="", limit=3)
    assert (answer["errcode"], answer["external_contact_list"]) == (0, [])
    assert answer["fail_info"] == {"unlicensed_userid_list": ["zhao"]}


def test_approvals_are_listed_within_31_days_by_seconds_as_text(client: Client) -> None:
    numbers = [client.sim.submit({"客户名称": "示例公司"}) for _ in range(5)]
    first = client.numbers(size=3)
    rest = client.numbers(size=3, new_cursor=first["new_next_cursor"])
    assert first["sp_no_list"] + rest["sp_no_list"] == numbers
    assert "new_next_cursor" not in rest
    assert client.numbers(starttime=str(START - 31 * DAY_S))["errcode"] == 0
    assert client.numbers(starttime=str(START - 31 * DAY_S - 1))["errcode"] == 301112
    assert client.numbers(starttime=START - 1)["errcode"] == 40058
    client.sim.act(numbers[0], 2)
    only = client.numbers(filters=[{"key": "sp_status", "value": "2"}, {"key": "template_id", "value": TEMPLATE}])
    assert only["sp_no_list"] == [numbers[0]]
    info = client.post("/oa/getapprovaldetail", sp_no=numbers[0])["info"]
    assert (info["sp_status"], info["apply_data"]["contents"][0]["value"]["text"]) == (2, "示例公司")
    assert client.post("/oa/getapprovaldetail", sp_no="1")["errcode"] == 301025


def test_beyond_the_limit_the_code_says_so() -> None:
    clock = SimClock()
    clock.freeze(START)
    client = Client(Wecom(clock=clock, limits="sheet"))
    assert [client.numbers()["errcode"] for _ in range(601)][-2:] == [0, 45009]
