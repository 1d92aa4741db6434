"""The pretend Feishu over real HTTP, asked by the vendor's own client library."""

import pytest

from goldbridge.simulators.feishu import APPROVAL_CODE, Feishu
from goldbridge.simulators.kit.loopback import Loopback
from tests.clients.environment import run

SCRIPT = """
import json, sys, time
import lark_oapi as lark
from lark_oapi.api.approval.v4 import (
    CreateInstanceRequest, GetApprovalRequest, GetInstanceRequest, InstanceCreate, ListInstanceRequest,
)

url, code = sys.argv[1:3]
client = lark.Client.builder().app_id("cli_sandbox").app_secret("feishu-sandbox-secret").domain(url).build()
approval = client.approval.v4
form = json.dumps([{"id": "widget1", "type": "input", "value": "HT-1"}])
body = InstanceCreate.builder().approval_code(code).user_id("u-zhao").form(form).uuid("g1").build()
create = CreateInstanceRequest.builder().request_body(body).build()
started, again = approval.instance.create(create), approval.instance.create(create)
now = int(time.time() * 1000)
window = ListInstanceRequest.builder().approval_code(code).start_time(now - 60000).end_time(now + 60000)
listed = approval.instance.list(window.page_size(100).build())
one = approval.instance.get(GetInstanceRequest.builder().instance_id("g1").build())
definition = approval.approval.get(GetApprovalRequest.builder().approval_code(code).build())
from lark_oapi.api.bitable.v1 import SearchAppTableRecordRequest, SearchAppTableRecordRequestBody
ask = SearchAppTableRecordRequestBody.builder().automatic_fields(True).build()
search = SearchAppTableRecordRequest.builder().app_token("app1").table_id("tbl1").page_size(2).request_body(ask)
table = client.bitable.v1.app_table_record
first = table.search(search.build()).data
rest = table.search(search.page_token(first.page_token).build()).data
stranger = lark.Client.builder().app_id("cli_stranger").app_secret("wrong").domain(url).build()
try:
    refused = stranger.approval.v4.instance.get(GetInstanceRequest.builder().instance_id("g1").build()).code
except lark.exception.ObtainAccessTokenException as error:
    refused = error.code
print(json.dumps({
    "started": started.data.instance_code, "again": again.code, "listed": listed.data.instance_code_list,
    "more": listed.data.has_more, "one": [one.data.instance_code, one.data.status, one.data.uuid],
    "form": json.loads(one.data.form)[0]["value"], "controls": len(json.loads(definition.data.form)),
    "refused": refused, "records": [each.record_id for each in first.items + rest.items], "over": rest.has_more,
}))
"""


@pytest.mark.client
def test_the_vendors_client_starts_an_approval_finds_it_and_reads_a_table() -> None:
    sim = Feishu()
    records = [sim.add_record("app1", "tbl1", {"名称": "示例公司"}) for _ in range(3)]
    with Loopback(sim.app) as url:
        found = run(("lark-oapi==1.7.5",), SCRIPT, url, APPROVAL_CODE)
    code = found["started"]
    assert found == {
        "started": code,
        "again": 60012,
        "listed": [code],
        "more": False,
        "one": [code, "PENDING", "g1"],
        "form": "HT-1",
        "controls": 6,
        "refused": 10003,
        "records": records,
        "over": False,
    }
