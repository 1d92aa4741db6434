"""Events signed and sealed by independent libraries are taken, and what we seal is opened by them.

Both ways, so that one misreading cannot hide in `open` and `sign` at once. The libraries run in environments of their
own; what they make comes back as text and is sent to a receiver over real HTTP.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from connectors.webhook.call import Call
from goldbridge.clock import FrozenClock
from goldbridge.state.engine import Store
from goldbridge.state.inbox import Inbox
from tests.clients.environment import run
from tests.connectors.webhook_desk import AES_KEY, OWNER, SECRET, SIGNATURES, TOKEN, body, door, read

pytestmark = pytest.mark.client
ORDER = body("e1", {"id": "A", "rev": 1, "name": "杭州示例机械有限公司"})
XML = "<xml><MsgId>e1</MsgId><type>order.updated</type><data><id>A</id><rev>1</rev></data></xml>"

WECHATPY = """
import json, sys
from wechatpy.work.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException

token, key, owner = sys.argv[1:4]
asked = json.loads(sys.argv[4])
crypto = WeChatCrypto(token, key, owner)
# WeCom's own shape: sealed by the library, and the echo of the address check opened by it.
made = crypto.encrypt_message(asked["plain"], "nonce1", asked["timestamp"])
opened = crypto.decrypt_message(asked["ours"], asked["signature"], asked["timestamp"], asked["nonce"])
echo = crypto.check_signature(asked["signature"], asked["timestamp"], asked["nonce"], asked["sealed"])
try:
    crypto.decrypt_message(asked["ours"], "0" * 40, asked["timestamp"], asked["nonce"])
    refused = False
except InvalidSignatureException:
    refused = True
as_text = lambda found: found.decode() if isinstance(found, bytes) else found
print(json.dumps({"made": as_text(made), "opened": as_text(opened), "echo": as_text(echo), "refused": refused}))
"""

LARK = """
import base64, hashlib, json, os, sys
import lark_oapi as lark
from lark_oapi.core.model import RawRequest
from lark_oapi.core.utils import AESCipher

secret, token = sys.argv[1:3]
asked = json.loads(sys.argv[3])
got = []
handler = lark.EventDispatcherHandler.builder(secret, token).register_p1_customized_event(
    "approval_instance", lambda event: got.append(event.event["instance_code"])
).build()

def dispatch(headers, body):
    request = RawRequest()
    request.uri, request.headers, request.body = "/", headers, body.encode()
    answer = handler.do(request)
    return answer.status_code

ours = dispatch(asked["headers"], asked["body"])
wrong = dispatch({**asked["headers"], "X-Lark-Signature": "0" * 64}, asked["body"])
print(json.dumps({"ours": ours, "wrong": wrong, "got": got,
                  "opened": AESCipher(secret).decrypt_str(json.loads(asked["body"])["encrypt"])}))
"""

DINGTALK = """
import json, sys
from dingtalk.crypto import DingTalkCrypto

token, key, owner = sys.argv[1:4]
asked = json.loads(sys.argv[4])
crypto = DingTalkCrypto(token, key, owner)
query = asked["query"]
opened = crypto.decrypt_message(asked["body"], query["msg_signature"], query["timestamp"], query["nonce"])
said = asked["answer"]
answer = crypto.decrypt_message(json.dumps(said), said["msg_signature"], said["timeStamp"], said["nonce"])
print(json.dumps({"made": crypto.encrypt_message(asked["plain"], "nonce1", asked["timestamp"]),
                  "opened": opened, "answer": answer}))
"""

STANDARD = """
import json, sys
from datetime import datetime, timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

secret = sys.argv[1]
asked = json.loads(sys.argv[2])
hook = Webhook(secret)
at = datetime.fromtimestamp(asked["at"], timezone.utc)
try:
    hook.verify(asked["body"], asked["headers"])
    fresh = True
except WebhookVerificationError as error:
    fresh = str(error)
print(json.dumps({"made": hook.sign("msg_1", at, asked["body"]), "fresh": fresh}))
"""

YONYOU = """
import json, sys
from yonbip_open_event_sdk.event_opt import decrypt_event_encrypt

secret, event = sys.argv[1], json.loads(sys.argv[2])
try:
    decrypt_event_encrypt(secret, {**event, "timestamp": event["timestamp"] + "0"})
    refused = False
except Exception as error:
    refused = str(error)
print(json.dumps({**decrypt_event_encrypt(secret, event), "refused": refused}))
"""


def test_wechatpy_and_we_open_each_other(sqlite_store: Store, clock: FrozenClock) -> None:
    inbox, at = Inbox(sqlite_store), str(int(clock.now().timestamp()))
    with door(inbox, clock, signature=SIGNATURES["wecom"], id=["MsgId"]) as here:
        ours = here.signed(XML.encode())
        sealed = ours.body.decode().partition("<Encrypt><![CDATA[")[2].partition("]")[0]
        asked = {
            "plain": XML, "timestamp": at, "ours": ours.body.decode(), "sealed": sealed,
            "signature": ours.query["msg_signature"], "nonce": ours.query["nonce"],
        }  # fmt: skip
        requirements = ("wechatpy==2.0.0a26", "cryptography==50.0.2")
        found = run(requirements, WECHATPY, TOKEN, AES_KEY, OWNER, json.dumps(asked))
        assert (found["opened"], found["echo"], found["refused"]) == (XML, XML, True)
        made = found["made"]
        signature = made.partition("<MsgSignature><![CDATA[")[2].partition("]")[0]
        query = {"msg_signature": signature, "timestamp": at, "nonce": "nonce1"}
        assert here.post(Call("POST", {}, query, made.encode())).status_code == 200
        assert read(here.webhook)[0] == [{"id": "A", "rev": "1"}]
        theirs = made.partition("<Encrypt><![CDATA[")[2].partition("]")[0]
        check = Call("GET", {}, {**query, "echostr": theirs}, b"")
        assert here.post(check).text == XML


def test_dingtalk_sdk_and_we_open_each_other(sqlite_store: Store, clock: FrozenClock) -> None:
    at = str(int(clock.now().timestamp() * 1000))
    with door(Inbox(sqlite_store), clock, signature=SIGNATURES["dingtalk"]) as here:
        ours = here.signed(ORDER)
        answer = here.post(ours).json()
        asked = {"query": dict(ours.query), "body": ours.body.decode(), "answer": answer}
        asked |= {"plain": body("e2", {"id": "B", "rev": 1}).decode(), "timestamp": at}
        requirements = ("dingtalk-sdk==1.3.8", "cryptography==41.0.7", "setuptools==70.0.0")
        found = run(requirements, DINGTALK, TOKEN, AES_KEY, OWNER, json.dumps(asked))
        assert (found["opened"], found["answer"]) == (ORDER.decode(), "success")
        made = found["made"]
        query = {"signature": made["msg_signature"], "timestamp": made["timeStamp"], "nonce": made["nonce"]}
        sent = json.dumps({"encrypt": made["encrypt"]}).encode()
        assert here.post(Call("POST", {}, query, sent)).status_code == 200
        assert [row["id"] for row in read(here.webhook)[0]] == ["A", "B"]


def test_lark_oapi_opens_what_we_seal(sqlite_store: Store, clock: FrozenClock) -> None:
    event = {"type": "approval_instance", "instance_code": "IC-1"}
    content = json.dumps({"uuid": "u1", "token": TOKEN, "type": "event_callback", "event": event}).encode()
    with door(Inbox(sqlite_store), clock, signature=SIGNATURES["feishu"], id=[]) as here:
        call = here.signed(content)
        names = ("request-timestamp", "request-nonce", "signature")
        headers = {f"X-Lark-{name.title()}": call.headers[f"x-lark-{name}"] for name in names}
        asked = {"headers": headers, "body": call.body.decode()}
        found = run(("lark-oapi==1.7.5",), LARK, SECRET, TOKEN, json.dumps(asked))
        assert found == {"ours": 200, "wrong": 500, "got": ["IC-1"], "opened": content.decode()}
        assert here.post(call).status_code == 200
        assert here.post(replace(call, headers={**call.headers, "x-lark-signature": "0" * 64})).status_code == 401


def test_the_yonyou_sdk_opens_what_we_seal(sqlite_store: Store, clock: FrozenClock) -> None:
    with door(Inbox(sqlite_store), clock, signature=SIGNATURES["yonyou"]) as here:
        ours = here.signed(ORDER)
        requirements = ("--no-deps", "yonyouopenapisdk1==0.0.2", "pycryptodomex==3.23.0")
        found = run(requirements, YONYOU, SIGNATURES["yonyou"]["secret"], ours.body.decode())
        assert found == {"event_info": ORDER.decode(), "suit_key": OWNER, "refused": "消息体验签失败"}
        assert here.post(ours).status_code == 200
        assert [row["id"] for row in read(here.webhook)[0]] == ["A"]


def test_standard_webhooks_signs_what_we_take(sqlite_store: Store) -> None:
    from goldbridge.clock import SYSTEM

    clock = FrozenClock(SYSTEM.now().replace(microsecond=0))  # the library asks the machine for the time
    secret = "whsec_" + base64.b64encode(b"twenty-four bytes of key").decode()
    signature: dict[str, Any] = {
        "style": "hmac", "secret": secret, "secret_form": "base64", "encoding": "base64", "prefix": "v1,",
        "header": "webhook-signature", "separator": " ", "id_header": "webhook-id",
        "timestamp_header": "webhook-timestamp", "signed": "{id}.{timestamp}.{body}",
    }  # fmt: skip
    with door(Inbox(sqlite_store), clock, signature=signature, id=["header:webhook-id"]) as here:
        ours = here.signed(ORDER)
        at = int(clock.now().timestamp())
        asked = {"body": ORDER.decode(), "headers": dict(ours.headers), "at": at}
        found = run(("standardwebhooks==1.1.0",), STANDARD, secret, json.dumps(asked))
        assert found["fresh"] is True
        headers = {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": found["made"]}
        assert here.post(Call("POST", headers, {}, ORDER)).status_code == 200
        assert httpx.post(f"{here.url}/shop", content=ORDER + b" ", headers=headers).status_code == 401
