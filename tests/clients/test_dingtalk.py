"""The pretend DingTalk over real HTTP, asked by the vendor's own client library."""

import time
from typing import Any

import pytest

from goldbridge.simulators.dingtalk import CONTRACT, DingTalk
from goldbridge.simulators.kit.loopback import Loopback
from tests.clients.environment import run

SCRIPT = """
import json, sys
from alibabacloud_dingtalk.oauth2_1_0 import client as oauth2, models as tokens
from alibabacloud_dingtalk.workflow_1_0 import client as workflow, models
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from Tea.exceptions import TeaException

host, now = sys.argv[1], int(sys.argv[2])
config = Config(protocol="http", endpoint=host)
auth, approval = oauth2.Client(config), workflow.Client(config)

def token(secret="ding-sandbox-secret"):
    asked = tokens.GetAccessTokenRequest(app_key="ding-sandbox", app_secret=secret)
    return auth.get_access_token(asked).body.to_map()

def call(name, token, **asked):
    kind = "".join(part.title() for part in name.split("_"))
    headers = getattr(models, kind + "Headers")(x_acs_dingtalk_access_token=token)
    request = getattr(models, kind + "Request")(**asked)
    return getattr(approval, name + "_with_options")(request, headers, RuntimeOptions()).body.to_map()

def refusal(ask):
    try:
        ask()
    except TeaException as error:
        return [error.data["statusCode"], error.code]

def page(at, **asked):
    window = {"process_code": "PROC-CONTRACT", "start_time": now - 100 * 86400000, "end_time": now + 60000}
    return call("list_process_instance_ids", held, **{**window, "next_token": at, "max_results": 20, **asked})["result"]

first, again = token(), token()
held = first["accessToken"]
pages, at, marks = [], 0, []
while True:
    got = page(at)
    pages.append(got["list"])
    marks.append(got.get("nextToken"))
    if not got.get("nextToken"):
        break
    at = int(got["nextToken"])
detail = lambda key: call("get_process_instance", held, process_instance_id=key)["result"]
running = page(0, statuses=["RUNNING"])["list"]
Value = models.StartProcessInstanceRequestFormComponentValues
form = {"合同编号": "HT-77", "合同类型": "销售", "客户名称": "示例公司", "合同金额": "1200.50"}

def start(**values):
    filled = [Value(name=name, value=value) for name, value in {**form, **values}.items()]
    return call("start_process_instance", held, process_code="PROC-CONTRACT", originator_user_id="manager0002",
                dept_id=-1, form_component_values=filled)["instanceId"]

def execute(key, result):
    task = [each for each in detail(key)["tasks"] if each["status"] == "RUNNING"][0]
    return call("execute_process_instance", held, process_instance_id=key, task_id=task["taskId"],
                actioner_user_id=task["userId"], result=result)

started = start()
execute(started, "agree")
execute(started, "refuse")
recalled = call("terminate_process_instance", held, process_instance_id=running[0], is_system=True)
form_of = call("query_schema_by_process_code", held, process_code="PROC-CONTRACT")["result"]
corporate = tokens.GetTokenRequest(
    client_id="ding-sandbox", client_secret="ding-sandbox-secret", grant_type="client_credentials"
)
print(json.dumps({
    "token": [first, again == first, auth.get_token("dingsandboxcorp", corporate).body.to_map()],
    "pages": pages, "marks": marks, "running": running, "details": [detail(key) for key in (pages[0][0], started)],
    "started": started, "recalled": [recalled, detail(running[0])["status"]],
    "form": [[item["componentName"], item["props"]["label"], item["props"]["id"]]
             for item in form_of["schemaContent"]["items"]],
    "refusals": {
        "secret": refusal(lambda: token("wrong")),
        "token": refusal(lambda: call("get_process_instance", "wrong", process_instance_id=started)),
        "no token": refusal(lambda: call("get_process_instance", None, process_instance_id=started)),
        "page size": refusal(lambda: page(0, max_results=21)),
        "window": refusal(lambda: page(0, start_time=now - 130 * 86400000)),
        "process": refusal(lambda: page(0, process_code="PROC-NONE")),
        "instance": refusal(lambda: detail("nobody")),
        "form": refusal(lambda: start(合同金额="much")),
        "recall": refusal(lambda: call("terminate_process_instance", held, process_instance_id=started,
                                       is_system=True)),
    },
}))
"""


def _approvals(now_ms: int) -> list[dict[str, Any]]:
    """45 of the last weeks, the newest last; the third one still runs."""
    return [
        {
            "instance_id": f"pi-{number:03}",
            "business_id": f"{number}",
            "process_code": CONTRACT.code,
            "title": "合同审批",
            "originator": "manager0002",
            "dept_id": 1,
            "create_ms": now_ms - (45 - number) * 86_400_000,
            "finish_ms": None if number == 2 else now_ms - (45 - number) * 86_400_000 + 60_000,
            "status": "RUNNING" if number == 2 else "COMPLETED",
            "result": "" if number == 2 else "agree",
            "form": [{"id": "TextField-K2AD4O5B", "name": "合同编号", "value": f"HT-{number}"}],
        }
        for number in range(45)
    ]


def _holds(theirs: Any, ours: Any) -> bool:
    """Everything we serve came out of the client's models, which know the vendor's fields and drop all others."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(_holds(theirs.get(name), value) for name, value in ours.items())
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(theirs) == len(ours) and all(map(_holds, theirs, ours))
    return bool(theirs == ours)


@pytest.mark.client
def test_the_vendors_client_lists_approvals_reads_them_and_takes_one_through_its_life() -> None:
    now_ms = int(time.time() * 1000)
    sim = DingTalk(_approvals(now_ms))
    with Loopback(sim.app) as url:
        found = run(("alibabacloud-dingtalk==2.2.65",), SCRIPT, url.removeprefix("http://"), str(now_ms))
    first, same, corporate = found["token"]
    assert (same, first["expireIn"], corporate) == (True, 7200, {"access_token": first["accessToken"],
                                                                 "expires_in": 7200})  # fmt: skip
    ids = [f"pi-{number:03}" for number in range(45)]
    assert found["pages"] == [ids[:20], ids[20:40], ids[40:]]
    assert found["marks"] == ["20", "40", None], "text in the answer, a number in the question"
    assert found["running"] == ["pi-002"]

    rows = {row.pop("instance_id"): row for row in sim.rows()}
    assert _holds(found["details"], [rows["pi-000"], rows[found["started"]]])
    assert found["recalled"] == [{"result": True, "success": True}, "TERMINATED"]
    done = found["details"][1]
    assert (done["status"], done["result"]) == ("COMPLETED", "refuse"), "a refusal is completed as well"
    assert [task["result"] for task in done["tasks"]] == ["AGREE", "REFUSE"]
    assert {value["name"]: value["value"] for value in done["formComponentValues"]}["合同金额"] == "1200.50"
    assert found["form"] == [[each.kind, each.label, each.id] for each in CONTRACT.form]
    assert found["refusals"] == {
        "secret": [400, "invalidClientIdOrSecret"],
        "token": [400, "InvalidAuthentication"],
        "no token": [400, "AuthenticationFailed.MissingParameter"],
        "page size": [400, "invalidParameter"],
        "window": [400, "invalidParameter"],
        "process": [400, "processCodeError"],
        "instance": [400, "processInstanceInvalidParameter"],
        "form": [400, "formConverterError"],
        "recall": [400, "aflowProcessInstStatusException"],
    }
