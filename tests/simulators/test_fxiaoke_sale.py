"""Objects beyond customers in the pretend tenant: masters and lines, approvals as objects, one style per request."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from goldbridge.simulators.fxiaoke import Fxiaoke, sandbox_objects
from goldbridge.simulators.fxiaoke.schema import open_user_id
from goldbridge.simulators.kit import SimClock
from goldbridge.simulators.kit.loopback import InProcess
from tests.simulators.test_fxiaoke import APP, START, Client

SHEET = """LeadsObj LeadsPoolObj AccountObj AccountAddrObj AccountFinInfoObj HighSeasObj PartnerObj ContactObj
CreditFileObj
ProductObj SPUObj PriceBookObj SaleContractObj ContractObj QuoteObj QuoteLinesObj OpportunityObj NewOpportunityObj
NewOpportunityLinesObj NewOpportunityContactsObj SalesOrderObj SalesOrderProductObj InvoiceApplicationObj
InvoiceApplicationLinesObj PaymentObj OrderPaymentObj PaymentPlanObj RefundObj ApprovalInstanceObj ApprovalTaskObj"""


@pytest.fixture
def client() -> Client:
    clock = SimClock()
    clock.freeze(START)
    return Client(Fxiaoke({"AccountObj": [{"_id": "A", "name": "示例有限公司"}]}, clock=clock))


def order(client: Client, lines: Any, child: str = "SalesOrderProductObj", **values: Any) -> dict[str, Any]:
    head = {"dataObjectApiName": "SalesOrderObj", "name": "HT-1", "account_id": "A", **values}
    data = {"object_data": head, "details": {child: lines}}
    return client.post("/cgi/crm/v2/data/create", {"triggerApprovalFlow": False, "data": data})


def test_every_object_of_the_sheet_is_there_and_the_worlds_rows_keep_their_ids() -> None:
    assert set(SHEET.split()) <= set(sandbox_objects())
    assert list(sandbox_objects())[:5] == [
        "AccountObj", "PartnerObj", "ContactObj", "SaleContractObj", "object_r1sk7__c",
    ]  # fmt: skip


def test_a_record_and_its_lines_are_one_piece(client: Client) -> None:
    made = order(client, [{"quantity": "2"}, {"quantity": "3", "order_id": "whatever"}])
    lines = client.rows("SalesOrderProductObj")
    assert [(line["quantity"], line["order_id"], line["order_id__r"]) for line in lines] == [
        ("2.00", made["dataId"], "HT-1"), ("3.00", made["dataId"], "HT-1"),
    ]  # fmt: skip
    alone = client.create({"quantity": "1"}, "SalesOrderProductObj")
    assert (alone["errorCode"], "order_id" in alone["errorMessage"]) == (15002, True)
    one = {"data": {"dataObjectApiName": "SalesOrderObj", "object_data_id": made["dataId"]}}
    ids = {"data": {"dataObjectApiName": "SalesOrderObj", "idList": [made["dataId"]]}}
    for path, shown in (("invalid", 0), ("recover", 2), ("invalid", 0), ("delete", 0)):
        assert client.post(f"/cgi/crm/v2/data/{path}", one if path == "invalid" else ids)["errorCode"] == 0
        assert len(client.rows("SalesOrderProductObj")) == shown
    assert client.sim.rows("SalesOrderProductObj") == []


@pytest.mark.parametrize(
    ("lines", "child", "code"),
    [
        ([{"quantity": "2"}, {"quantity": "many"}], "SalesOrderProductObj", 15002),
        ([{"golden_id__c": "x"}, {"golden_id__c": "x"}], "SalesOrderProductObj", 15002),
        ([{"colour": "red"}], "SalesOrderProductObj", 32000),
        ({"quantity": "2"}, "SalesOrderProductObj", 32000),
        ([{"quantity": "2"}], "QuoteLinesObj", 32000),
        ([{"quantity": "2"}], "NobodyObj", 32000),
    ],
)
def test_a_wrong_line_leaves_nothing_behind(client: Client, lines: Any, child: str, code: int) -> None:
    assert order(client, lines, child)["errorCode"] == code
    assert client.rows("SalesOrderObj") == client.sim.rows("SalesOrderProductObj") == []


def test_approvals_are_objects_that_nobody_writes(client: Client) -> None:
    key = client.create({"name": "甲"}, triggerApprovalFlow=True)["dataId"]
    instance, task = client.rows("ApprovalInstanceObj")[0], client.rows("ApprovalTaskObj")[0]
    assert (instance["object_data_id"], instance["state"], task["instance_id"]) == (key, "in_progress", instance["_id"])
    agreed = client.post("/cgi/crm/approvalTask/action", {"taskId": task["_id"], "actionType": "agree"})
    assert agreed["errorCode"] == 0
    assert client.rows("ApprovalInstanceObj")[0]["state"] == "pass"
    assert client.create({}, "ApprovalTaskObj")["errorCode"] == 32000
    gone = {"data": {"dataObjectApiName": "ApprovalTaskObj", "object_data_id": task["_id"]}}
    assert client.post("/cgi/crm/v2/data/invalid", gone)["errorCode"] == 32000


def test_a_request_of_both_styles_is_refused_and_an_unknown_employee_may_be_looked_up(client: Client) -> None:
    token = client.http.post("/cgi/corpAccessToken/get/V2", json=APP).json()
    keys = {"corpAccessToken": token["corpAccessToken"], "corpId": token["corpId"]}
    assert client.post("/cgi/crm/v2/object/list", keys)["errorCode"] == 20016
    http = httpx.Client(transport=InProcess(client.sim.app), base_url="http://fxiaoke")
    found = http.post("/cgi/user/getByMobile", json={**keys, "mobile": "19900001002"}).json()
    assert [each["openUserId"] for each in found["empList"]] == [open_user_id("1002")]
    assert http.post("/cgi/crm/v2/object/list", json=keys).json()["errorCode"] == 10010
