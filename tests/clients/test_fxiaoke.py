"""An independent Python client of the older style (keys in the body) pages, describes, creates and gets here."""

import pytest

from goldbridge.simulators.fxiaoke import Credentials, Fxiaoke
from goldbridge.simulators.fxiaoke.schema import ADMIN, open_user_id
from goldbridge.simulators.kit.loopback import Loopback
from tests.clients.environment import run

PACKAGES = ("fxiaoke-python==0.0.3", "six==1.17.0")  # which it needs without saying so
# The client names the vendor's host in three places; its one session sends the calls here instead.
SCRIPT = """
import json, sys
from fxiaoke.api import FxiaokeApi
from fxiaoke.baseObj import baseObj
from fxiaoke.op_create import createObj
from fxiaoke.op_get import getObj
from fxiaoke.op_query import queryObj
url, app_id, secret, code, user = sys.argv[1:]
api = FxiaokeApi.init(app_id=app_id, app_secret=secret, permanent_code=code, open_user_id=user)
send = api._session.requests.request
api._session.requests.request = lambda method, to, **more: send(
    method, to.replace("https://open.fxiaoke.com", url), **more)
changed = [{"field_name": "last_modified_time", "operator": "BETWEEN", "field_values": [5, 8]}]
query = queryObj()
paged = query.execute("AccountObj", limit=100)
rows = [row["_id"] for row in paged]
order = createObj().execute(
    {"name": "HT-1", "account_id": rows[0]}, {"SalesOrderProductObj": [{"quantity": "2"}, {"quantity": "3"}]},
    "SalesOrderObj")
risk = createObj().execute({"name": "r"}, None, "object_r1sk7__c")
fields = baseObj().describe("SalesOrderProductObj")["describe"]["fields"]
lines = list(query.execute("SalesOrderProductObj"))
print(json.dumps({
    "rows": rows, "total": paged.total(), "calls": api.get_num_requests_attempted(),
    "changed": [row["name"] for row in query.execute("AccountObj", filters=changed)],
    "order": getObj().execute(order["dataId"], "SalesOrderObj"), "master": fields["order_id"]["target_api_name"],
    "lines": lines, "risks": [row["name"] for row in query.execute("object_r1sk7__c")],
    "approvals": [row["state"] for row in query.execute("ApprovalInstanceObj")],
}))
"""


@pytest.mark.client
def test_a_client_of_the_older_style_works_here() -> None:
    accounts = [{"name": f"示例{number}", "last_modified_time": number} for number in range(250)]
    sim, known = Fxiaoke({"AccountObj": accounts}), Credentials()
    with Loopback(sim.app) as url:
        told = run(PACKAGES, SCRIPT, url, known.app_id, known.app_secret, known.permanent_code, open_user_id(ADMIN))
    assert sorted(told["rows"]) == [row["_id"] for row in sim.rows("AccountObj")]
    assert (told["total"], told["changed"]) == (250, ["示例8", "示例7", "示例6", "示例5"])
    assert told["order"]["life_status"] == "under_review", "it does not say that no approval is wanted"
    assert told["order"]["owner"] == [open_user_id(ADMIN)]
    assert told["master"] == "SalesOrderObj"
    assert sorted(line["quantity"] for line in told["lines"]) == ["2.00", "3.00"]
    assert {line["order_id"] for line in told["lines"]} == {told["order"]["_id"]}
    assert told["risks"] == ["r"]
    assert told["approvals"] == ["in_progress", "in_progress"]
    assert sim.counters.by_endpoint["/cgi/corpAccessToken/get/V2"] == 1
