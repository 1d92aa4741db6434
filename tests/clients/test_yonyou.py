"""The pretend YonBIP tenant over real HTTP, asked by the vendor's own client library.

The library sends its token in a header; the vendor's documents know the address only, and so does the pretend tenant.
The calls below therefore carry it in both places, the second by the library's parameter for the address.
"""

import pytest

from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.yonyou import APP_KEY, APP_SECRET, TENANT, Yonyou
from tests.clients.environment import run

CLIENT = (
    "--no-deps",  # it asks for `hmac`, `random` and other names of the standard library, which strangers may own
    "yonyouopenapisdk1==0.0.2",
    *("requests==2.32.5", "urllib3==2.5.0", "certifi==2025.10.5", "idna==3.11", "charset-normalizer==3.4.4"),
    "pycryptodomex==3.23.0",
)
SCRIPT = """
import json, sys
from yonbip_open_api_sdk import request_opt, token_opt

url, key, secret, tenant = sys.argv[1:5]
info = {"app_key": key, "app_secret": secret, "token_url": url}
token = token_opt.opt_self_token(key, secret, url)
cached = token_opt.opt_self_token_with_cache(key, secret, url)
data_center = request_opt.opt_self_app_request_with_access_token(
    "get", url + "/open-auth/dataCenter/getGatewayAddress", {}, None, {"tenantId": tenant}, "").json()["data"]
gateway = data_center["gatewayUrl"]

def call(path, body, given=None):
    where = {"access_token": cached["access_token"]} if given is None else given
    return request_opt.opt_self_app_request_with_cache("post", gateway + path, {}, json.dumps(body), where, info)

def listed(path, **body):
    pages, index = [], 1
    while True:
        data = call(path, {"pageIndex": index, "pageSize": 2, **body}).json()["data"]
        rows = data["recordList"] if isinstance(data, dict) else data
        pages.append([row["code"] for row in rows])
        if len(rows) < 2:
            return pages
        index += 1

model = "/yonbip/digitalModel"
customers, orders = model + "/merchant/newlist", "/yonbip/sd/voucherorder/list"
found = {"expire": token["expire"], "data_center": data_center}
found["customers"] = listed(customers, filterPotential=False)
found["since"] = listed(customers, pubts="2026-03-02 08:30:13")
found["orders"] = listed(orders, isSum=True)
total = call(orders, {"pageIndex": 1, "pageSize": 2}).json()["data"]
found["total"] = [total["recordCount"], total["pageCount"]]
after = [{"field": "pubts", "op": "gt", "value1": "2026-03-02 08:30:11"}]
found["later orders"] = listed(orders, simpleVOs=after)

insert = {"data": {"code": "N-1", "name": {"simplifiedName": "宁波示例泵业有限公司"}, "resubmitCheckKey": "k1",
                   "merchantContactInfos": [{"fullName": "张三", "_status": "Insert"}], "_status": "Insert"}}
path = model + "/merchant/idempotent/newinsert"
first, again = call(path, insert).json(), call(path, insert).json()
found["insert"] = [first["code"], first["data"]["code"], again == first]
other = {"data": {**insert["data"], "resubmitCheckKey": "k2"}}
found["duplicate"] = call(path, other).json()
update = [{"id": first["data"]["id"], "code": "N-1", "remark": "x", "_status": "Update"},
          {"code": "N-9", "name": "x", "_status": "Update"}]
saved = call(model + "/batch/merchant/save", {"data": update}).json()
found["batch"] = [saved["code"], saved["data"]["sucessCount"], saved["data"]["failCount"]]
supplier = lambda name: {"data": [{"code": "S-1", "name": name, "_status": "InsertUpdate"}]}
twice = [call(model + "/vendor/batchSaveV2", supplier(name)).json()["data"] for name in ("甲", "乙")]
found["twice"] = [data["infos"][0]["id"] for data in twice]

def token_refusal(key, secret):
    try:
        return token_opt.opt_self_token(key, secret, url)
    except Exception as error:
        return str(error)

def told(reply):
    return [reply.status_code, str(reply.json()["code"])]

found["refusals"] = {
    "key": token_refusal("nobody", secret), "secret": token_refusal(key, "wrong"),
    "header alone": told(call(customers, {}, {})), "token": told(call(customers, {}, {"access_token": "wrong"})),
    "path": told(call("/yonbip/nothing", {})), "page size": told(call(customers, {"pageSize": 6000})),
}
print(json.dumps(found))
"""


@pytest.mark.client
def test_the_vendors_client_signs_in_pages_through_lists_and_saves() -> None:
    rows = [{"code": f"C-{number}", "name": "示例", "pubts": f"2026-03-02 08:30:1{number}"} for number in range(5)]
    sim = Yonyou({"customer": rows, "order": [{**row, "code": f"SO-{row['code'][2:]}"} for row in rows[:4]]})
    with Loopback(sim.app) as url:
        found = run(CLIENT, SCRIPT, url, APP_KEY, APP_SECRET, TENANT)
    assert found["expire"] == 7200
    assert found["data_center"] == {"gatewayUrl": f"{url}/iuap-api-gateway", "tokenUrl": f"{url}/iuap-api-auth"}
    assert found["customers"] == [["C-0", "C-1"], ["C-2", "C-3"], ["C-4"]], "a bare list ends with a short page"
    assert found["since"] == [["C-3", "C-4"], []], "the moment itself included"
    assert found["orders"] == [["SO-0", "SO-1"], ["SO-2", "SO-3"], []]
    assert found["total"] == [4, 2]
    assert found["later orders"] == [["SO-2", "SO-3"], []], "the moment itself excluded"

    assert found["insert"] == ["200", "N-1", True], "the same key replays the first answer"
    kept = {row["code"]: row for row in sim.rows("customer")}
    assert (len(kept), kept["N-1"]["remark"]) == (6, "x")
    assert kept["N-1"]["name"] == {"simplifiedName": "宁波示例泵业有限公司"}
    assert found["duplicate"] == {"code": "10004", "message": "数据已存在", "data": {"id": kept["N-1"]["id"]}}
    assert found["batch"] == ["200", 1, 1], "a success that counts a failure"
    assert found["twice"] == [sim.rows("supplier")[0]["id"]] * 2
    refusals = found["refusals"]
    assert "10018" in refusals.pop("key")
    assert "310005" in refusals.pop("secret")
    assert refusals == {
        "header alone": [200, "310001"],
        "token": [200, "310036"],
        "path": [404, "310404"],
        "page size": [200, "310008"],
    }
