"""The pretend DingTalk keeps both of its APIs apart, and walks end where the vendor's sheet says they end."""

from typing import Any

import httpx
import pytest

from goldbridge.simulators.dingtalk import CONTRACT, DingTalk
from goldbridge.simulators.kit import Refused, SimClock
from goldbridge.simulators.kit.loopback import InProcess

START = 1_790_000_000.0
NOW_MS = int(START * 1000)
DAY_MS = 86_400_000
LOGIN = {"appKey": "ding-sandbox", "appSecret": "ding-sandbox-secret"}
FORM = {"合同编号": "HT-1", "合同类型": "销售", "客户名称": "示例公司", "合同金额": "1200.50", "签订日期": "2026-03-01"}


def approval(number: int, at_ms: int, status: str = "COMPLETED", result: str = "agree") -> dict[str, Any]:
    form = [
        {"id": f"id-{place}", "name": name, "value": value if name != "合同编号" else f"HT-{number}"}
        for place, (name, value) in enumerate(FORM.items())
    ]
    return {
        "instance_id": f"k3h{number:04d}",
        "business_id": f"20260301{number:04d}",
        "process_code": "PROC-CONTRACT",
        "title": "合同审批",
        "originator": "manager0002" if number % 2 else "manager0003",
        "dept_id": 3,
        "create_ms": at_ms,
        "finish_ms": at_ms + 1000 if status != "RUNNING" else None,
        "status": status,
        "result": result if status == "COMPLETED" else "",
        "form": form,
    }


class Client:
    """Calls the newer API."""

    def __init__(self, sim: DingTalk) -> None:
        self.sim = sim
        self.http = httpx.Client(transport=InProcess(sim.app), base_url="http://dingtalk")
        self.token = self.http.post("/v1.0/oauth2/accessToken", json=LOGIN).json()["accessToken"]

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"x-acs-dingtalk-access-token": self.token}
        return self.http.request(method, f"/v1.0/workflow{path}", headers=headers, **options)

    def page(self, **change: Any) -> httpx.Response:
        body = {"processCode": "PROC-CONTRACT", "startTime": NOW_MS - DAY_MS, "endTime": NOW_MS} | {
            "nextToken": 0,
            "maxResults": 20,
        }
        return self.call("POST", "/processes/instanceIds/query", json=body | change)

    def walk(self, **change: Any) -> list[str]:
        ids: list[str] = []
        token: int | None = 0
        while token is not None:
            result = self.page(nextToken=token, **change).json()["result"]
            ids += result["list"]
            token = int(result["nextToken"]) if "nextToken" in result else None
        return ids

    def detail(self, key: str) -> dict[str, Any]:
        return dict(self.call("GET", "/processInstances", params={"processInstanceId": key}).json()["result"])

    def start(self, values: dict[str, Any] = FORM, **change: Any) -> httpx.Response:
        body = {
            "processCode": "PROC-CONTRACT",
            "originatorUserId": "manager0002",
            "deptId": -1,
            "formComponentValues": [{"name": name, "value": value} for name, value in values.items()],
        }
        return self.call("POST", "/processInstances", json=body | change)


@pytest.fixture
def clock() -> SimClock:
    clock = SimClock()
    clock.freeze(START)
    return clock


@pytest.fixture
def client(clock: SimClock) -> Client:
    known = [
        approval(number, NOW_MS - 50_000 + number * 1000, "RUNNING" if number > 40 else "COMPLETED")
        for number in range(45)
    ]
    return Client(DingTalk(known, clock=clock))


def legacy(client: Client) -> str:
    token = client.http.get("/gettoken", params={"appkey": "ding-sandbox", "appsecret": "ding-sandbox-secret"}).json()
    return str(token["access_token"])


def test_three_token_endpoints_three_notations(client: Client) -> None:
    corp = {"client_id": "ding-sandbox", "client_secret": "ding-sandbox-secret", "grant_type": "client_credentials"}
    answer = client.http.post("/v1.0/oauth2/dingsandboxcorp/token", json=corp).json()
    assert answer == {"access_token": client.token, "expires_in": 7200}
    assert client.http.post("/v1.0/oauth2/dingother/token", json=corp).status_code == 500
    assert legacy(client) != client.token
    wrong = client.http.post("/v1.0/oauth2/accessToken", json=LOGIN | {"appSecret": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalidClientIdOrSecret")
    bad = client.http.get("/gettoken", params={"appkey": "x", "appsecret": "x"})
    assert (bad.status_code, bad.json()["errcode"]) == (200, 40096)


def test_asking_again_gives_the_same_token_a_longer_life(client: Client, clock: SimClock) -> None:
    clock.shift(7000)
    assert client.http.post("/v1.0/oauth2/accessToken", json=LOGIN).json()["accessToken"] == client.token
    clock.shift(7000)
    assert client.page().status_code == 200
    clock.shift(201)
    dead = client.page()
    assert (dead.status_code, dead.json()["code"]) == (400, "InvalidAuthentication")
    assert client.http.post("/v1.0/oauth2/accessToken", json=LOGIN).json()["accessToken"] != client.token


def test_each_api_wants_its_token_in_its_own_place(client: Client) -> None:
    path = "/v1.0/workflow/processInstances?processInstanceId=k3h0001"
    for headers, url in (({"authorization": f"Bearer {client.token}"}, path), ({}, f"{path}&access_token=x")):
        refused = client.http.get(url, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "AuthenticationFailed.MissingParameter")
    old = "/topapi/processinstance/get"
    blank = client.http.post(old, headers={"x-acs-dingtalk-access-token": legacy(client)}, json={}).json()
    assert (blank["errcode"], blank["sub_code"]) == (88, "40000")
    dead = client.http.post(old, params={"access_token": "nonsense"}, json={}).json()
    assert (dead["errcode"], dead["sub_code"]) == (88, "40014")


def test_wrong_paths_fail_in_each_apis_own_way(client: Client) -> None:
    assert client.http.post("/v1.0/nothing", json={}).status_code == 404
    wrong = client.http.post("/topapi/v2/user/notexist", json={})
    assert (wrong.status_code, wrong.json()["errcode"]) == (200, 22)


def test_the_walk_goes_by_time_of_creation_twenty_at_a_time(client: Client) -> None:
    first = client.page().json()
    assert first["success"] is True
    assert first["result"]["nextToken"] == "20"
    assert client.walk() == [f"k3h{number:04d}" for number in range(45)]
    assert client.walk(statuses=["RUNNING"]) == [f"k3h{number:04d}" for number in range(41, 45)]
    assert client.walk(userIds=["manager0003"], statuses=["RUNNING"]) == ["k3h0042", "k3h0044"]
    assert client.walk(startTime=NOW_MS - 50_000, endTime=NOW_MS - 49_000) == ["k3h0000", "k3h0001"]


@pytest.mark.parametrize(
    "change",
    [
        {"maxResults": 21},
        {"maxResults": 0},
        {"nextToken": "20"},
        {"nextToken": None},
        {"userIds": [str(number) for number in range(11)]},
        {"statuses": ["DONE"]},
        {"startTime": NOW_MS - 121 * DAY_MS},
        {"startTime": NOW_MS - 366 * DAY_MS, "endTime": NOW_MS - 300 * DAY_MS},
        {"startTime": NOW_MS - 121 * DAY_MS, "endTime": None},
        {"startTime": str(NOW_MS)},
        {"endTime": NOW_MS - 2 * DAY_MS},
    ],
)
def test_limits_of_the_walk(client: Client, change: dict[str, Any]) -> None:
    refused = client.page(**change)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalidParameter")


def test_windows_of_the_last_year_can_be_read(client: Client) -> None:
    assert client.page(startTime=NOW_MS - 120 * DAY_MS).status_code == 200
    old = client.page(startTime=NOW_MS - 364 * DAY_MS, endTime=NOW_MS - 300 * DAY_MS)
    assert old.json()["result"] == {"list": []}
    assert client.page(processCode="PROC-NONE").json()["code"] == "processCodeError"


def test_a_walk_ends_after_ten_thousand_without_a_word(clock: SimClock) -> None:
    client = Client(DingTalk([approval(number, NOW_MS - number) for number in range(10_010)], clock=clock))
    last = client.page(nextToken=9990).json()["result"]
    assert (len(last["list"]), "nextToken" in last) == (10, False)


def test_the_detail_tells_approved_from_refused(clock: SimClock) -> None:
    sim = DingTalk([approval(1, NOW_MS), approval(2, NOW_MS, result="refuse")], clock=clock)
    client = Client(sim)
    agreed, refused = client.detail("k3h0001"), client.detail("k3h0002")
    assert (agreed["status"], agreed["result"]) == ("COMPLETED", "agree")
    assert (refused["status"], refused["result"]) == ("COMPLETED", "refuse")
    assert [task["result"] for task in refused["tasks"]] == ["REFUSE"]
    assert agreed["createTime"] == "2026-09-21T14:13Z"
    assert agreed["formComponentValues"][0]["id"] == "id-0"
    assert "approverUserIds" not in agreed
    missing = client.call("GET", "/processInstances", params={"processInstanceId": "no"})
    assert missing.status_code == 400


def test_the_schema_names_the_same_components_as_the_approvals(client: Client) -> None:
    schema = client.call("GET", "/forms/schemas/processCodes", params={"processCode": "PROC-CONTRACT"}).json()
    items = {item["props"]["label"]: item for item in schema["result"]["schemaContent"]["items"]}
    assert items["合同编号"]["props"]["id"] == "id-0"
    assert items["合同类型"]["props"]["options"] == ["代理", "框架", "销售"]


def test_an_approval_is_started_agreed_step_by_step_and_then_final(client: Client, clock: SimClock) -> None:
    key = client.start().json()["instanceId"]
    assert client.detail(key)["approverUserIds"] == list(CONTRACT.approvers)

    def act(result: str, actor: str) -> int:
        task = client.detail(key)["tasks"][-1]["taskId"]
        body = {"processInstanceId": key, "taskId": task, "actionerUserId": actor, "result": result}
        return client.call("POST", "/processInstances/execute", json=body).status_code

    assert act("agree", "finance0001") == 400  # not his turn
    assert act("agree", "manager0001") == 200
    assert client.detail(key)["status"] == "RUNNING"
    clock.shift(60)
    assert act("agree", "finance0001") == 200
    final = client.detail(key)
    assert (final["status"], final["result"], final["finishTime"]) == ("COMPLETED", "agree", "2026-09-21T14:14Z")
    assert act("refuse", "finance0001") == 400
    assert client.sim.stats()["writes"] == 3


@pytest.mark.parametrize(
    "values",
    [
        FORM | {"合同金额": 1200},
        FORM | {"合同金额": "一千"},
        FORM | {"合同类型": "借用"},
        FORM | {"签订日期": "2026/3/1"},
        FORM | {"没有": "x"},
        {name: value for name, value in FORM.items() if name != "客户名称"},
    ],
)
def test_forms_are_checked(client: Client, values: dict[str, Any]) -> None:
    refused = client.start(values)
    assert (refused.status_code, refused.json()["code"]) == (400, "formConverterError")


def test_who_starts_and_where_is_checked(client: Client) -> None:
    assert client.start(originatorUserId="").json()["code"] == "processInstanceInvalidParameter"
    assert client.start(deptId=None).json()["code"] == "processInstanceInvalidParameter"
    assert client.start(processCode="PROC-NONE").json()["code"] == "processCodeError"


def test_recalling_waits_fifteen_seconds(client: Client, clock: SimClock) -> None:
    key = client.start().json()["instanceId"]

    def recall(**change: Any) -> str:
        body = {"processInstanceId": key, "isSystem": False, "operatingUserId": "manager0002"}
        return str(client.call("POST", "/processInstances/terminate", json=body | change).json().get("code", "ok"))

    assert recall() == "aflowProcessInstStatusException"
    clock.shift(15)
    assert recall(isSystem=None) == "invalidInstanceTerminateIsSystem"
    assert recall(operatingUserId="manager0009") == "processInstanceInvalidParameter"
    assert recall() == "ok"
    assert client.detail(key)["status"] == "TERMINATED"
    assert recall() == "aflowProcessInstStatusException"


def test_the_older_api_walks_and_reads_the_same(client: Client) -> None:
    token = {"access_token": legacy(client)}

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(client.http.post(f"/topapi/processinstance/{path}", params=token, json=body).json())

    window = {"process_code": "PROC-CONTRACT", "start_time": NOW_MS - DAY_MS, "end_time": NOW_MS, "size": 20}
    page = post("listids", window)
    assert (page["errcode"], page["result"]["next_cursor"], len(page["result"]["list"])) == (0, 20, 20)
    assert post("listids", window | {"size": 21})["errcode"] == 400002
    shown = post("get", {"process_instance_id": "k3h0000"})["process_instance"]
    assert shown["create_time"] == "2026-09-21 22:12:30"
    form = [{"name": name, "value": value} for name, value in FORM.items()]
    made = {"process_code": "PROC-CONTRACT", "originator_user_id": "manager0002", "form_component_values": form}
    key = post("create", made)["process_instance_id"]
    assert client.detail(key)["status"] == "RUNNING"
    assert post("create", made | {"form_component_values": form[1:]})["errcode"] == 400002


def test_limits_of_the_sheet(clock: SimClock) -> None:
    client = Client(DingTalk(clock=clock, limits="sheet"))
    replies = [client.page() for _ in range(21)]
    assert [reply.status_code for reply in replies] == [200] * 20 + [403]
    assert replies[-1].json()["code"] == "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"
    clock.shift(1)
    assert client.page().status_code == 200


def test_an_address_that_calls_too_often_is_banned_for_five_minutes(clock: SimClock) -> None:
    client = Client(DingTalk(clock=clock, limits="sheet"))
    for _ in range(10_000):
        client.sim._ip.take("")
    assert client.page().json()["punish"] == "deny"
    clock.shift(299)
    assert client.page().json()["punish"] == "deny"
    clock.shift(1)
    assert client.page().status_code == 200


def test_faults_of_walks(client: Client) -> None:
    add = client.sim.faults.add
    whole = [f"k3h{number:04d}" for number in range(45)]
    add({"kind": "short_page", "rows": 5, "count": 2})
    assert client.walk() == whole  # fewer rows, but the token leads on
    add({"kind": "depth", "rows": 30, "count": None})
    assert client.walk() == whole[:30]
    client.sim.faults.clear()
    add({"kind": "duplicate_page", "skip": 1})
    assert client.walk() == whole[:20] + whole[:20] + whole[40:]
    add({"kind": "expire", "skip": 1})
    assert client.page().status_code == 200
    assert client.page(nextToken=20).json()["code"] == "InvalidAuthentication"


def test_faults_of_single_calls(client: Client) -> None:
    add = client.sim.faults.add
    add({"kind": "poison", "key": "k3h0003"})
    poisoned = client.call("GET", "/processInstances", params={"processInstanceId": "k3h0003"})
    assert (poisoned.status_code, poisoned.json()["code"]) == (500, "unknownError")
    add({"kind": "phantom"})
    key = client.start().json()["instanceId"]
    assert client.call("GET", "/processInstances", params={"processInstanceId": key}).status_code == 400
    add({"kind": "forbid"})
    assert client.page().status_code == 403
    add({"kind": "refuse", "code": "qps.exceed.limit", "message": "请求过于频繁"})
    assert client.page().json()["code"] == "qps.exceed.limit"
    add({"kind": "tie", "rows": 3})
    client.page()
    assert len({row["createTime"] for row in client.sim.rows()[-3:]}) == 1
    add({"kind": "edit", "rows": 1})
    assert client.detail("k3h0041")["tasks"][0]["status"] == "COMPLETED"


def test_people_start_and_decide_in_the_app(client: Client) -> None:
    key = client.sim.add("PROC-CONTRACT", FORM)
    client.sim.act(key, "refuse")
    assert (client.detail(key)["status"], client.detail(key)["result"]) == ("COMPLETED", "refuse")
    with pytest.raises(Refused):
        client.sim.add("PROC-CONTRACT", {"合同编号": "x"})


def test_an_approval_of_an_unknown_process_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="PROC-NONE"):
        DingTalk([approval(1, NOW_MS) | {"process_code": "PROC-NONE"}])
