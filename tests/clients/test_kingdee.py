"""The vendor's own Python SDK reads and writes in our pretend account book; its signatures are checked there."""

import json

import pytest

from goldbridge.simulators.kingdee import Credentials, Kingdee
from goldbridge.simulators.kit.loopback import Loopback
from tests.clients.environment import run

SDK = "kingdee-cdp-webapi-sdk==8.2.0"
START = """
import json, sys
from k3cloud_webapi_sdk.main import K3CloudApiSdk
url, acct, user, app_id, secret = sys.argv[1:]
sdk = K3CloudApiSdk(url)
sdk.InitConfig(acct, user, app_id, secret, url)
"""
ONE_QUESTION = """
print(json.dumps([json.loads(sdk.ExecuteBillQuery({"FormId": "BD_Customer", "FieldKeys": "FNumber"}))]))
"""
EVERYTHING = """
keys = "FCUSTID,FNumber,FName,FModifyDate"
asked = {"FormId": "BD_Customer", "FieldKeys": keys, "FilterString": "FModifyDate >= '2026-03-01 00:00:00'",
         "OrderString": "FModifyDate,FNumber", "TopRowCount": 0, "StartRow": 0, "Limit": 2}
form = "BD_Customer"
fresh = {"Model": {"FNumber": "K-9", "FName": "新", "FCreateOrgId": {"FNumber": "100"}}}
told = [
    sdk.ExecuteBillQuery(asked), sdk.ExecuteBillQuery({**asked, "StartRow": 2}), sdk.BillQuery(asked),
    sdk.ExecuteBillQuery({**asked, "FieldKeys": "FID"}),
    sdk.Save(form, fresh), sdk.Save(form, fresh),
    sdk.Submit(form, {"Numbers": ["K-9"]}), sdk.Audit(form, {"Numbers": ["K-9"]}),
    sdk.View(form, {"Number": "K-9"}),
    sdk.BatchSaveQuery(form, {"Model": [{"FNumber": "K-9", "FName": "x"}, {"FNumber": "K-10", "FName": "y"}]}),
    sdk.ExcuteOperation(form, "Forbid", {"Numbers": ["K-9"]}),
]
print(json.dumps([json.loads(each) for each in told]))
"""


def _rows() -> list[dict[str, str]]:
    return [
        {"FNumber": f"K-{number}", "FName": "甲", "FModifyDate": f"2026-03-02 09:15:0{number}"} for number in range(3)
    ]


def _client(sim: Kingdee, script: str, secret: str) -> object:
    known = Credentials()
    with Loopback(sim.app) as url:
        return run((SDK,), START + script, f"{url}/k3cloud/", known.acct_id, known.user, known.app_id, secret)


@pytest.mark.client
def test_the_vendors_sdk_reads_and_writes() -> None:
    sim = Kingdee({"BD_Customer": _rows()})
    found = _client(sim, EVERYTHING, Credentials().app_secret)
    assert isinstance(found, list)
    first, second, objects, wrong, saved, again, submitted, audited, viewed, batch, forbidden = found
    assert [row[1:] for row in first] == [["K-0", "甲", "2026-03-02T09:15:00"], ["K-1", "甲", "2026-03-02T09:15:01"]]
    assert [row[1] for row in second] == ["K-2"]
    assert objects[0]["FNumber"] == "K-0"
    assert wrong[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 9
    assert saved["Result"]["Number"] == "K-9"
    assert "已存在" in again["Result"]["ResponseStatus"]["Errors"][0]["Message"]
    for answer in (submitted, audited, forbidden):
        assert answer["Result"]["ResponseStatus"]["IsSuccess"] is True
    assert (viewed["Result"]["ResponseStatus"], viewed["Result"]["Result"]["DocumentStatus"]) == (None, "C")
    assert [each["DIndex"] for each in batch["Result"]["ResponseStatus"]["SuccessEntitys"]] == [1]
    assert sim.rows("BD_Customer")[-1]["FNumber"] == "K-10"


@pytest.mark.client
def test_a_wrong_secret_is_told_as_a_lost_session() -> None:
    found = _client(Kingdee({"BD_Customer": _rows()}), ONE_QUESTION, "wrong")
    assert "会话信息已丢失" in json.dumps(found, ensure_ascii=False)
