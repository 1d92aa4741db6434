"""The pretend Weaver, asked directly: its door, its lists per user, its cookie, its errors."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from goldbridge.simulators.kit import Fault, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.weaver import Weaver

SERVICE = "/api/workflow/paService"


class Desk:
    """Somebody who signs in and asks."""

    def __init__(self, **options: Any) -> None:
        self.now = 1_772_424_000.0
        self.sim = Weaver(clock=SimClock(now=lambda: self.now), **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://oa.test")

    def sealed(self, text: str) -> str:
        key = load_der_public_key(base64.b64decode(self.sim.door.spk))
        assert isinstance(key, RSAPublicKey)
        return base64.b64encode(key.encrypt(text.encode(), PKCS1v15())).decode()

    def token(self, **headers: str) -> dict[str, Any]:
        sent = {"appid": "HUB", "secret": self.sealed(self.sim.secret), **headers}
        found: dict[str, Any] = self.http.post("/api/ec/dev/auth/applytoken", headers=sent).json()
        return found

    def ask(self, call: str, form: dict[str, str] | None = None, *, user: str = "23", **query: str) -> Any:
        headers = {"appid": "HUB", "token": self.token()["token"], "userid": self.sealed(user)}
        self.http.cookies.clear()
        if query:
            return self.http.get(f"{SERVICE}/{call}", params=query, headers=headers).json()
        return self.http.post(f"{SERVICE}/{call}", data=form or {}, headers=headers).json()


def page(number: int = 1, size: int = 10, **conditions: str) -> dict[str, str]:
    return {"pageNo": str(number), "pageSize": str(size), "conditions": json.dumps(conditions)}


@pytest.mark.parametrize(("misspelt", "names"), [(False, {"secret", "secrit"}), (True, {"secrit"})])
def test_registering_gives_a_secret_and_a_bare_key(misspelt: bool, names: set[str]) -> None:
    desk = Desk(misspelt=misspelt)
    found = desk.http.post("/api/ec/dev/auth/regist", headers={"appid": "HUB", "cpk": "any"}).json()
    assert {"secret", "secrit"} & set(found) == names
    assert "BEGIN" not in found["spk"]
    assert found["spk"] == desk.sim.door.spk


def test_the_door_refuses_by_its_sentence() -> None:
    desk = Desk()
    assert desk.token()["status"] is True
    assert desk.token(secret="bm90aGluZw==")["msg"].startswith("secret解密失败")
    assert desk.token(secret=desk.sealed("other"))["msg"].startswith("认证信息错误")
    assert desk.token(appid="OTHER")["msg"].startswith("认证信息错误")
    assert desk.ask("getToDoWorkflowRequestCount", user="999")["msg"].startswith("该账号存在异常")


def test_a_token_dies_and_its_time_can_be_asked_for() -> None:
    desk = Desk()
    tokens = {"short": desk.token(time="60")["token"], "long": desk.token()["token"]}
    headers = {"appid": "HUB", "userid": desk.sealed("23")}
    desk.now += 61
    said = {
        name: desk.http.post(f"{SERVICE}/getToDoWorkflowRequestCount", headers={**headers, "token": token}).json()
        for name, token in tokens.items()
    }
    desk.http.cookies.clear()
    assert said["short"]["msg"].startswith("token不存在或者超时")
    assert said["short"]["code"] == -1


def test_lists_and_counts_are_bare_and_per_user() -> None:
    desk = Desk()
    first = desk.sim.add("61", {"khbm": "C-1"})
    desk.now += 1
    second = desk.sim.add("61", {"khbm": "C-2"})
    assert desk.ask("getHandledWorkflowRequestCount", page()) == 2
    assert [row["requestId"] for row in desk.ask("getHandledWorkflowRequestList", page())] == [second, first]
    assert [row["requestId"] for row in desk.ask("getHandledWorkflowRequestList", page(2, 1))] == [first]
    assert desk.ask("getToDoWorkflowRequestCount", page()) == 0
    assert desk.ask("getToDoWorkflowRequestCount", page(), user="101") == 2
    assert desk.ask("getHandledWorkflowRequestCount", page(workflowIds="62")) == 0
    desk.sim.act(first)
    desk.sim.act(first)
    assert desk.ask("getHandledWorkflowRequestCount", page(archivestatus="1")) == 1
    assert desk.ask("getDoingWorkflowRequestCount", page()) == 1
    assert desk.ask("getRequestStatus", requestId=first)["data"]["currentNodeType"] == "3"
    desk.sim.act(second, agree=False)
    assert desk.ask("getBeRejectWorkflowRequestCount", page()) == 1


def test_a_session_that_comes_back_acts_as_the_administrator() -> None:
    desk = Desk()
    desk.sim.add("61", {"khbm": "C-1"})
    headers = {"appid": "HUB", "token": desk.token()["token"], "userid": desk.sealed("23")}
    asked = f"{SERVICE}/getHandledWorkflowRequestCount"
    assert desk.http.cookies
    assert desk.http.post(asked, headers=headers).json() == 0
    desk.http.cookies.clear()
    assert desk.http.post(asked, headers=headers).json() == 1


def test_a_started_request_is_shown_in_full_to_who_has_a_part_in_it() -> None:
    desk = Desk()
    line = [{"tableDBName": "formtable_main_61_dt1", "workflowRequestTableRecords": [{"recordOrder": 0}]}]
    line[0]["workflowRequestTableRecords"][0]["workflowRequestTableFields"] = [  # type: ignore[index]
        {"fieldName": "cpbh", "fieldValue": "P-1"}
    ]
    form = {
        "workflowId": "61",
        "requestName": "客户准入-示例机电",
        "mainData": json.dumps([{"fieldName": "khbm", "fieldValue": "C-1"}]),
        "detailData": json.dumps(line),
        "otherParams": json.dumps({"isnextflow": "1"}),
    }
    found = desk.ask("doCreateRequest", form)
    assert found["code"] == "SUCCESS"
    key = str(found["data"]["requestid"])
    shown = desk.ask("getWorkflowRequest", requestId=key)["data"]
    assert (shown["status"], shown["requestName"]) == ("销管审核", "客户准入-示例机电")
    records = shown["workflowDetailTableInfos"][0]["workflowRequestTableRecords"]
    assert records[0]["workflowRequestTableFields"] == [{"fieldName": "cpbh", "fieldValue": "P-1"}]
    assert desk.ask("getWorkflowRequest", user="102", requestId=key)["code"] == "NO_PERMISSION"


@pytest.mark.parametrize(
    "change",
    [
        {"workflowId": "99"},
        {"requestName": ""},
        {"mainData": "not json"},
        {"mainData": "[]"},
        {"mainData": '[{"fieldName":"khbm","fieldValue":"C"},{"fieldName":"edje","fieldValue":"many"}]'},
        {"mainData": '[{"fieldName":"khbm","fieldValue":"C"},{"fieldName":"nobody","fieldValue":"1"}]'},
    ],
)
def test_a_wrong_form_starts_nothing(change: dict[str, str]) -> None:
    desk = Desk()
    form = {"workflowId": "61", "requestName": "x", "mainData": '[{"fieldName":"khbm","fieldValue":"C"}]', **change}
    assert desk.ask("doCreateRequest", form)["code"] == "PARAM_ERROR"
    assert desk.sim.rows() == []


def test_cooperative_faults() -> None:
    desk = Desk()
    for number in range(4):
        desk.now += 1
        desk.sim.add("61", {"khbm": f"C-{number}"})
    desk.sim.faults.add(Fault("short_page", rows=1), Fault("duplicate_page", path="*List", skip=1))
    first = desk.ask("getHandledWorkflowRequestList", page(1, 2))
    assert desk.ask("getHandledWorkflowRequestList", page(2, 2)) == first
    desk.sim.faults.clear()
    form = {"workflowId": "61", "requestName": "x", "mainData": '[{"fieldName":"khbm","fieldValue":"C"}]'}
    desk.sim.faults.add(Fault("phantom", path="*/doCreateRequest"))
    assert desk.ask("doCreateRequest", form)["code"] == "SUCCESS"
    assert len(desk.sim.rows()) == 4
    desk.sim.faults.add(Fault("forbid", path="*Count"))
    assert desk.ask("getToDoWorkflowRequestCount", page())["code"] == "NO_PERMISSION"
