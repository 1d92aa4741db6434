"""The pretend WeCom over real HTTP, asked by an independent client library.

The library asks batch/get_by_user and getapprovalinfo by names of older versions, so it is held to the other calls.
"""

import pytest

from goldbridge.simulators.kit.loopback import Loopback
from goldbridge.simulators.wecom import Wecom
from tests.clients.environment import run

SCRIPT = """
import json, sys
from wechatpy.exceptions import WeChatClientException
from wechatpy.work import WeChatClient

class Here(WeChatClient):
    API_BASE_URL = sys.argv[1] + "/cgi-bin/"

    def fetch_access_token(self):
        return self._fetch_access_token(
            url=self.API_BASE_URL + "gettoken", params={"corpid": self.corp_id, "corpsecret": self.secret}
        )

def refusal(ask):
    try:
        ask()
    except WeChatClientException as error:
        return error.errcode

client = Here("wwsandbox", "wecom-sandbox-secret")
contact = client.external_contact
detail = contact.get("wm000001")
print(json.dumps({
    "members": contact.get_follow_user_list()["follow_user"],
    "keys": contact.list("zhao")["external_userid"],
    "customer": [detail["external_contact"]["external_userid"], detail["follow_user"][0]["userid"]],
    "approval": client.oa.get_approval_detail("202600000001")["info"]["sp_status"],
    "none": refusal(lambda: contact.list("qian")),
    "stranger": refusal(lambda: Here("wwsandbox", "wrong").external_contact.list("zhao")),
}))
"""


@pytest.mark.client
def test_a_client_reads_customers_and_an_approval_and_sees_the_refusals() -> None:
    sim = Wecom()
    sim.add_customer("zhao")
    sim.submit({"客户名称": "示例公司"})
    with Loopback(sim.app) as url:
        found = run(("wechatpy==2.0.0a26", "cryptography==50.0.2"), SCRIPT, url)
    assert found == {
        "members": ["zhao", "qian"],
        "keys": ["wm000001"],
        "customer": ["wm000001", "zhao"],
        "approval": 1,
        "none": 84061,
        "stranger": 40001,
    }
