"""The pretend Seeyon, asked directly: tokens, lists per user, states, forms, refusals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.kit import Fault, SimClock
from goldbridge.simulators.kit.loopback import InProcess
from goldbridge.simulators.seeyon import Seeyon

START = {"appName": "collaboration", "data": {"templateCode": "HUB_CUST_01", "draft": "0"}}


class Desk:
    """Somebody who signs in and asks."""

    def __init__(self, **options: Any) -> None:
        self.now = 1_772_424_000.0
        self.sim = Seeyon(clock=SimClock(now=lambda: self.now), **options)
        self.http = httpx.Client(transport=InProcess(self.sim.app), base_url="http://oa.test/seeyon/rest/")

    def token(self, **more: str) -> Any:
        account = {"userName": "rest-hub", "password": self.sim.password, "loginName": "hub", **more}
        return self.http.post("token", json=account).json()["id"]

    def listed(self, which: str = "sentAffairs", user: str = "hub", **more: Any) -> Any:
        body = {"openFrom": "listPending", "subject": "", "templateName": "", "pageNo": 1, "pageSize": 10, **more}
        return self.http.post(f"coll/{which}", json=body, headers={"token": self.token(loginName=user)}).json()

    def get(self, path: str, user: str = "hub") -> Any:
        return self.http.get(path, headers={"token": self.token(loginName=user)}).json()

    def start(self, form: Any, **data: Any) -> Any:
        body = {**START, "data": {**START["data"], "data": form, **data}}  # type: ignore[dict-item]
        return self.http.post("bpm/process/start", json=body, headers={"token": self.token()}).json()


def test_the_ways_to_a_token() -> None:
    desk = Desk()
    key = desk.sim.add("HUB_CUST_01", {"客户名称": "示例"})
    old = desk.http.get(f"token/rest-hub/{desk.sim.password}", params={"loginName": "hub"}).json()["id"]
    assert desk.http.get(f"flow/state/{key}", params={"token": old}).json() == 3
    bare = desk.token(loginName="")
    assert desk.http.get(f"flow/state/{key}", headers={"token": bare}).json()["code"] == 1002
    desk.http.put("token", json={"loginName": "hub", "token": bare})
    assert desk.http.get(f"flow/state/{key}", headers={"token": bare}).json() == 3
    assert desk.token(password="other") == "-1"


def test_a_token_lives_while_it_is_used_and_dies_idle() -> None:
    desk = Desk()
    key, token = desk.sim.add("HUB_CUST_01", {"客户名称": "示例"}), desk.token()
    codes = []
    for wait_s in (1200, 1200, 1400, 0):
        desk.now += wait_s
        answer = desk.http.get(f"flow/state/{key}", headers={"token": token}).json()
        codes.append(answer if isinstance(answer, int) else answer["code"])
    assert codes == [3, 3, "1010", 1010]


def test_an_unbound_address_and_a_missing_trust() -> None:
    assert Desk(bound=False).http.post("token", json={}).status_code == 500
    desk = Desk(trusted=False)
    assert desk.http.get("flow/state/1", headers={"token": desk.token()}).status_code == 401


def test_lists_are_per_user_with_a_total_of_nought() -> None:
    desk = Desk()
    first = desk.sim.add("HUB_CUST_01", {"客户名称": "甲"}, subject="准入 甲")
    desk.now += 1
    second = desk.sim.add("HUB_CUST_01", {"客户名称": "乙"}, subject="准入 乙")
    found = desk.listed()
    assert found["total"] == 0
    assert [str(row["summaryId"]) for row in found["data"]] == [second, first]
    assert [str(row["summaryId"]) for row in desk.listed(pageNo=2, pageSize=1)["data"]] == [first]
    assert [str(row["summaryId"]) for row in desk.listed(subject="甲")["data"]] == [first]
    assert desk.listed(templateName="别的")["data"] == []
    assert desk.listed(user="")["data"] == []
    desk.sim.act(first)
    assert len(desk.listed("pendingAffairs", "manager")["data"]) == 1
    assert [str(row["summaryId"]) for row in desk.listed("doneAffairs", "manager")["data"]] == [first]
    assert desk.listed(pageNo=0)["code"] == 1001


def test_states_are_bare_numbers() -> None:
    desk = Desk()
    key = desk.sim.add("HUB_CUST_01", {"客户名称": "甲"})
    states = [desk.get(f"flow/state/{key}")]
    for _ in range(3):
        desk.sim.act(key)
        states.append(desk.get(f"flow/state/{key}"))
    assert states == [3, 4, 0, 0]
    other = desk.sim.add("HUB_CUST_01", {"客户名称": "乙"})
    desk.sim.act(other, agree=False)
    assert desk.get(f"flow/state/{other}") == 15
    assert desk.get("flow/state/7")["code"] == 1002


def test_a_started_flow_shows_its_form() -> None:
    desk = Desk()
    form = {"formmain_1001": {"客户名称": "示例机电有限公司"}, "formson_1002": [{"联系人": "张三"}]}
    found = desk.start(form, subject="准入")
    assert found["code"] == 0
    assert isinstance(found["data"]["processId"], str)
    shown = desk.get(f"flow/data/{found['data']['processId']}")
    assert shown["formmain_1001"] == {"客户名称": "示例机电有限公司", "授信金额": "", "外部编号": ""}
    assert shown["formson_1002"] == [{"联系人": "张三"}]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"formmain_1001": {}}, 1005),
        ({"formmain_1001": {"客户名称": "甲", "授信金额": "many"}}, 1005),
        ({"formmain_1001": {"客户名称": "甲", "没有": "1"}}, 1005),
        ({"formmain_1001": {"客户名称": "甲"}, "formson_9": []}, 1005),
        (None, 1004),
    ],
)
def test_a_wrong_form_starts_nothing(form: Any, code: int) -> None:
    desk = Desk()
    assert desk.start(form)["code"] == code
    assert desk.sim.rows() == []


def test_cooperative_faults() -> None:
    desk = Desk()
    for _ in range(4):
        desk.now += 1
        desk.sim.add("HUB_CUST_01", {"客户名称": "甲"})
    desk.sim.faults.add(Fault("short_page", path="*Affairs"), Fault("duplicate_page", path="*Affairs", skip=1))
    first = desk.listed(pageSize=2)["data"]
    assert len(first) == 1
    assert desk.listed(pageNo=2, pageSize=2)["data"] == first
    desk.sim.faults.add(Fault("phantom", path="*/start"), Fault("forbid", path="*/flow/state/*"))
    assert desk.start({"formmain_1001": {"客户名称": "甲"}})["code"] == 0
    assert len(desk.sim.rows()) == 4
    assert desk.get("flow/state/1")["code"] == 1003
