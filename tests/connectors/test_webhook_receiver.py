"""The door over real HTTP: who is let in, what is kept before the answer, and what is refused and counted (F73)."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from connectors.webhook import receiver
from connectors.webhook.call import Call
from connectors.webhook.sealed import Feishu
from goldbridge.clock import SYSTEM, FrozenClock
from goldbridge.errors import Halt, Retry
from goldbridge.ports import Part
from goldbridge.state.engine import Store
from goldbridge.state.inbox import Inbox
from tests.connectors.webhook_desk import AES_KEY, SECRET, SIGNATURES, TOKEN, Door, body, door, read

STYLES = sorted(SIGNATURES)
ORDER = body("e1", {"id": "A", "rev": 1})
XML = b"<xml><MsgId>e1</MsgId><type>order.updated</type><data><id>A</id><rev>1</rev></data></xml>"


@pytest.fixture
def here(store: Store, clock: FrozenClock) -> Iterator[Door]:
    with door(Inbox(store), clock) as opened:
        yield opened


@pytest.fixture
def inbox(sqlite_store: Store) -> Inbox:
    return Inbox(sqlite_store)


def content(style: str) -> bytes:
    if style == "feishu":
        return json.dumps({**json.loads(ORDER), "token": TOKEN}).encode()
    return XML if style == "wecom" else ORDER


@pytest.mark.parametrize("style", STYLES)
def test_an_event_of_each_style_is_kept_and_answered_as_its_sender_wants(
    inbox: Inbox, clock: FrozenClock, style: str
) -> None:
    with door(inbox, clock, signature=SIGNATURES[style], id=["event_id", "MsgId"]) as here:
        answer = here.send(content(style))
        assert answer.status_code == 200
        rows, rejects, _ = read(here.webhook)
        assert (rows, rejects) == ([{"id": "A", "rev": "1" if style == "wecom" else 1}], [])
        assert here.told == [("shop", ["order"])]
        if style == "dingtalk":
            said = answer.json()
            assert here.style._box.open(said["encrypt"]) == b"success"  # type: ignore[attr-defined]
            right = here.style._digest(said["timeStamp"], said["nonce"], said["encrypt"])  # type: ignore[attr-defined]
            assert said["msg_signature"] == right
        else:
            assert answer.content == {"feishu": b"{}", "yonyou": b"success"}.get(style, b"")


@pytest.mark.parametrize("style", STYLES)
def test_an_event_that_comes_again_is_thanked_for_and_not_kept(inbox: Inbox, clock: FrozenClock, style: str) -> None:
    with door(inbox, clock, signature=SIGNATURES[style], id=["event_id", "MsgId"]) as here:
        call = here.signed(content(style))
        assert [here.post(call).status_code for _ in range(3)] == [200] * 3
        clock.advance(60)
        assert here.send(content(style)).status_code == 200, "sent again, signed anew"
        assert len(inbox.page("shop", "order", 0, inbox.last("shop"), 10)) == 1
        assert here.counts() == {"taken": 1, "repeated": 3}
        assert len(here.told) == 1


def spoiled(call: Call, style: str) -> Iterator[tuple[str, Call]]:
    """The same call, each time with another part of its proof spoiled."""
    if style == "hmac":
        yield "body", replace(call, body=call.body.replace(b'"A"', b'"B"'))
        yield "time", replace(call, headers={**call.headers, "x-time": str(int(call.headers["x-time"]) + 1)})
        yield "signature", replace(call, headers={**call.headers, "x-signature": "0" * 64})
        yield "nothing", replace(call, headers={})
    elif style == "token":
        yield "token", replace(call, headers={"authorization": "Bearer wrong"})
        yield "scheme", replace(call, headers={"authorization": SECRET})
        yield "query", replace(call, headers={}, query={"Authorization": f"Bearer {SECRET}"})
        yield "nothing", replace(call, headers={})
    elif style == "feishu":
        yield "body", replace(call, body=call.body.replace(b'"encrypt"', b' "encrypt"'))
        yield "nonce", replace(call, headers={**call.headers, "x-lark-request-nonce": "other"})
        yield "signature", replace(call, headers={**call.headers, "x-lark-signature": "é"})
        yield "nothing", replace(call, headers={})
    elif style == "yonyou":
        said = json.loads(call.body)
        yield "nonce", replace(call, body=json.dumps({**said, "nonce": "other"}).encode())
        yield "signature", replace(call, body=json.dumps({**said, "signature": "AAAA"}).encode())
        yield "nothing", replace(call, body=json.dumps({**said, "signature": None}).encode())
    else:
        yield "nonce", replace(call, query={**call.query, "nonce": "other"})
        yield "signature", replace(call, query={**call.query, "msg_signature": "0" * 40})
        yield "nothing", replace(call, query={})


@pytest.mark.parametrize("style", STYLES)
def test_con350_a_forged_call_is_refused_and_counted(inbox: Inbox, clock: FrozenClock, style: str) -> None:
    with door(inbox, clock, signature=SIGNATURES[style]) as here:
        tried = 0
        for what, call in spoiled(here.signed(content(style)), style):
            headers = {name: value for name, value in call.headers.items() if value.isascii()}
            answer = here.post(replace(call, headers=headers))
            assert (what, answer.status_code, answer.json()) == (what, 401, {"code": "CON350"})
            tried += 1
        assert here.counts() == {"CON350": tried}
        assert inbox.last("shop") == 0


@pytest.mark.parametrize("style", [style for style in STYLES if style != "token"])
@pytest.mark.parametrize("seconds", [301, -301])
def test_con351_a_signed_time_outside_the_window_has_its_own_reason(
    inbox: Inbox, clock: FrozenClock, style: str, seconds: int
) -> None:
    with door(inbox, clock, signature=SIGNATURES[style]) as here:
        call = here.signed(content(style))
        clock.advance(seconds)
        answer = here.post(call)
        assert (answer.status_code, answer.json()) == (401, {"code": "CON351"})
        with capture_logs() as logs:
            assert here.counts() == {"CON351": 1}
        way = "behind" if seconds > 0 else "ahead of"
        assert logs[0]["last"] == f"the signed time is 301 s {way} our clock, 300 are allowed"
        clock.advance(-seconds / 301)
        assert here.post(call).status_code == 200, "just inside"
        assert inbox.last("shop") == 1


@pytest.mark.parametrize("given", ["", "soon", "-1", "9" * 17])
def test_con351_a_time_that_is_none(inbox: Inbox, clock: FrozenClock, given: str) -> None:
    with door(inbox, clock) as here:
        right = hmac.new(SECRET.encode(), f"{given}.".encode() + ORDER, hashlib.sha256).hexdigest()
        answer = here.post(Call("POST", {"x-time": given, "x-signature": right}, {}, ORDER))
        assert answer.json() == {"code": "CON351"}


@pytest.mark.parametrize("style", ["wecom", "dingtalk", "yonyou"])
def test_con350_a_message_for_another_application_is_refused(inbox: Inbox, clock: FrozenClock, style: str) -> None:
    other = {**SIGNATURES[style], "owner": "somebody-else"}
    with door(inbox, clock, signature=SIGNATURES[style]) as here, door(inbox, clock, signature=other) as there:
        assert here.post(there.signed(content(style))).json() == {"code": "CON350"}


def test_con350_feishu_compares_the_verification_token_too(inbox: Inbox, clock: FrozenClock) -> None:
    with door(inbox, clock, signature=SIGNATURES["feishu"], id=[]) as here:
        for token, status in (("wrong", 401), (TOKEN, 200)):
            sent = {"schema": "2.0", "header": {"event_id": "e", "token": token}, "event": {}}
            assert here.send(json.dumps(sent).encode()).status_code == status


def test_the_check_of_an_address_is_answered_and_is_no_event(inbox: Inbox, clock: FrozenClock) -> None:
    with door(inbox, clock, signature=SIGNATURES["feishu"]) as here:
        asked = json.dumps({"type": "url_verification", "token": TOKEN, "challenge": "abc"}).encode()
        call = here.signed(asked)
        unsigned = replace(call, headers={})
        assert [here.post(one).json() for one in (call, unsigned)] == [{"challenge": "abc"}] * 2
        event = replace(here.signed(content("feishu")), headers={})
        assert here.post(event).status_code == 401, "only the check may come unsigned"
    with door(inbox, clock, signature=SIGNATURES["wecom"]) as here:
        call = here.signed("甲+1".encode())
        sealed = call.body.decode().partition("<Encrypt><![CDATA[")[2].partition("]")[0]
        query = {**call.query, "echostr": sealed}
        assert here.post(Call("GET", {}, query, b"")).text == "甲+1"
        assert here.post(Call("GET", {}, {**query, "nonce": "x"}, b"")).status_code == 401
    with door(inbox, clock, signature=SIGNATURES["dingtalk"]) as here:
        answer = here.send(b'{"EventType": "check_url"}')
        assert here.style._box.open(answer.json()["encrypt"]) == b"success"  # type: ignore[attr-defined]
    with door(inbox, clock, signature=SIGNATURES["yonyou"]) as here:
        assert here.send(b'{"type": "CHECK_URL"}').text == "success"
        assert here.counts() == {"checks of the address": 1}
    assert inbox.last("shop") == 0


GITHUB = {"style": "hmac", "secret": "It's a Secret to Everybody", "header": "X-Hub-Signature-256", "prefix": "sha256="}
STRIPE = {
    "style": "hmac", "secret": SECRET, "header": "Stripe-Signature", "separator": ",", "prefix": "v1=",
    "timestamp_prefix": "t=", "signed": "{timestamp}.{body}",
}  # fmt: skip
STANDARD = {
    "style": "hmac", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "secret_form": "base64", "encoding": "base64",
    "header": "webhook-signature", "separator": " ", "prefix": "v1,", "id_header": "webhook-id",
    "timestamp_header": "webhook-timestamp", "signed": "{id}.{timestamp}.{body}",
}  # fmt: skip


def test_hmac_known_vectors(inbox: Inbox, clock: FrozenClock) -> None:
    """The vector of GitHub's documentation, and one made by hand of each other form."""
    with door(inbox, clock, signature=GITHUB) as here:
        right = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        call = Call("POST", {"x-hub-signature-256": f"sha256={right}"}, {}, b"Hello, World!")
        assert here.post(call).status_code == 400, "genuine, and not JSON"
    at = str(int(clock.now().timestamp()))
    with door(inbox, clock, signature=STRIPE) as here:
        right = hmac.new(SECRET.encode(), f"{at}.".encode() + ORDER, hashlib.sha256).hexdigest()
        for value in (f"t={at},v1={right},v0=xy", f"t={at},v1={'0' * 64},v1={right}"):
            assert here.post(Call("POST", {"stripe-signature": value}, {}, ORDER)).status_code == 200
        for value in (f"t={at},v0={right}", f"v1={right}", right):
            assert here.post(Call("POST", {"stripe-signature": value}, {}, ORDER)).status_code == 401
    with door(inbox, clock, signature=STANDARD) as here:
        call = here.signed(ORDER)
        assert here.post(call).status_code == 200
        assert here.post(replace(call, headers={**call.headers, "webhook-id": "msg_other"})).status_code == 401


@pytest.mark.parametrize("style", ["hmac", "token"])
def test_both_secrets_count_while_the_sender_changes_over(inbox: Inbox, clock: FrozenClock, style: str) -> None:
    signature = {**SIGNATURES[style], "secret": "the-new-secret", "old_secret": SECRET}
    with door(inbox, clock, signature=signature) as here, door(inbox, clock, signature=SIGNATURES[style]) as old:
        assert here.send(ORDER).status_code == 200
        assert here.post(old.signed(ORDER)).status_code == 200


def test_a_token_in_the_address_only_where_it_is_allowed(inbox: Inbox, clock: FrozenClock) -> None:
    with door(inbox, clock, signature={"style": "token", "secret": SECRET, "query": "code"}) as here:
        assert here.post(Call("POST", {}, {"code": SECRET}, ORDER)).status_code == 200
        assert here.post(Call("POST", {}, {"code": "x"}, ORDER)).status_code == 401
        assert here.post(Call("POST", {"authorization": f"Bearer {SECRET}"}, {}, ORDER)).status_code == 401


def test_con353_garbage_is_refused_kept_and_told_where(here: Door) -> None:
    answer = here.send(b'{"event_id": "e1", "data": [{"id": ')
    assert (answer.status_code, answer.json()) == (400, {"code": "CON353"})
    rows, ((key, error),), _ = read(here.webhook)
    assert (rows, error.code, len(key)) == ([], "CON353", 12)
    assert "line 1 column 36" in error.message


@pytest.mark.parametrize(
    ("style", "sent"),
    [
        ("feishu", b"{}"), ("feishu", b"["), ("feishu", b'{"encrypt": "####"}'), ("feishu", b'{"encrypt": "QUJD"}'),
        ("wecom", b"<xml>"), ("wecom", b"<!DOCTYPE x><xml/>"), ("dingtalk", b"\xff"), ("yonyou", b"[]"),
    ],
)  # fmt: skip
def test_con353_an_envelope_that_is_none(inbox: Inbox, clock: FrozenClock, style: str, sent: bytes) -> None:
    with door(inbox, clock, signature=SIGNATURES[style]) as here:
        answer = here.post(Call("POST", {}, {}, sent))
        assert (answer.status_code, answer.json()) == (400, {"code": "CON353"})


@pytest.mark.parametrize("length", [16, 31, 48])
def test_con353_ciphertext_that_does_not_open(inbox: Inbox, clock: FrozenClock, length: int) -> None:
    import base64

    with door(inbox, clock, signature=SIGNATURES["dingtalk"]) as here:
        sealed, at = base64.b64encode(b"\x07" * length).decode(), str(int(clock.now().timestamp()))
        query = {"timestamp": at, "nonce": "n", "signature": here.style._digest(at, "n", sealed)}  # type: ignore[attr-defined]
        answer = here.post(Call("POST", {}, query, json.dumps({"encrypt": sealed}).encode()))
        assert (answer.status_code, answer.json()) == (400, {"code": "CON353"})


def test_con352_a_body_that_is_too_large_is_not_read(inbox: Inbox, clock: FrozenClock) -> None:
    with door(inbox, clock, max_bytes=2000) as here:
        assert here.send(b"x" * 2001).status_code == 413

        def drops() -> Iterator[bytes]:
            for _ in range(100):
                yield b"x" * 100

        import httpx

        answer = httpx.post(f"{here.url}/shop", content=drops())
        assert (answer.status_code, answer.json()) == (413, {"code": "CON352"})
        assert here.send(body("e1", {"id": "A", "rev": 1, "pad": "x" * 1800})).status_code == 200
        assert here.counts() == {"CON352": 2, "taken": 1}


def test_con352_f24_a_body_that_does_not_come_is_not_waited_for(inbox: Inbox, clock: FrozenClock) -> None:
    with door(inbox, clock, answer_s=0.3) as here:
        host, _, port = here.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(b"POST /shop HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
            assert line.recv(100).startswith(b"HTTP/1.1 408")
        assert here.counts() == {"CON352": 1}


def test_unknown_paths_and_methods(here: Door) -> None:
    call = here.signed(ORDER)
    assert here.post(call, "/other").status_code == 404
    assert here.post(call, "/shop/").status_code == 404
    assert here.post(replace(call, method="GET")).status_code == 405
    assert here.post(replace(call, method="PUT")).status_code == 405
    assert here.post(replace(call, method="GET"), "/").json() == {"paths": ["/shop"]}
    assert here.counts() == {}


class Down:
    """A state that cannot be written to."""

    def __init__(self, inner: Inbox, error: Exception) -> None:
        self.inner, self.error = inner, error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def put(self, system: str, event: str, parts: Any) -> bool:
        raise self.error


@pytest.mark.parametrize("error", [Retry("STA006", "locked"), Halt("STA008", "the disk is full")])
def test_a_state_that_is_down_makes_the_sender_come_again(inbox: Inbox, clock: FrozenClock, error: Exception) -> None:
    with door(Down(inbox, error), clock) as here:
        answer = here.send(ORDER)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert here.counts() == {"not kept": 1}
        assert here.told == []


def test_a_state_that_is_busy_is_not_waited_for_and_what_is_kept_late_is_known(
    sqlite_store: Store, clock: FrozenClock
) -> None:
    inbox = Inbox(sqlite_store)
    with door(inbox, clock, answer_s=0.3) as here:
        with sqlite_store.begin():
            began = SYSTEM.monotonic()
            assert here.send(ORDER).status_code == 503
            assert SYSTEM.monotonic() - began < 3
        end = SYSTEM.monotonic() + 10
        while not inbox.last("shop") and SYSTEM.monotonic() < end:
            SYSTEM.wait(0.01)
        assert here.send(ORDER).status_code == 200
        assert here.counts() == {"not kept": 1, "taken": 1, "repeated": 1}


def test_more_calls_than_can_wait_are_asked_to_come_again(
    sqlite_store: Store, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "WAITING", 4)
    with door(Inbox(sqlite_store), clock, answer_s=20) as here:
        answers: list[int] = []
        calls = [here.signed(body(f"e{number}", {"id": "A", "rev": number})) for number in range(4 + 8)]
        with sqlite_store.begin():

            def send(call: Call) -> None:
                answers.append(here.post(call).status_code)

            threads = [threading.Thread(target=send, args=[call]) for call in calls]
            for thread in threads:
                thread.start()
            end = SYSTEM.monotonic() + 15
            while len(answers) < 8 and SYSTEM.monotonic() < end:
                SYSTEM.wait(0.01)
            assert answers == [503] * 8
        for thread in threads:
            thread.join()
        assert sorted(answers) == [200] * 4 + [503] * 8
        assert len(read(here.webhook)[0]) == 1


def test_nothing_of_a_call_is_logged(inbox: Inbox, clock: FrozenClock, capsys: pytest.CaptureFixture[str]) -> None:
    from goldbridge import log

    log.configure(verbose=True)
    try:
        for style in STYLES:
            with door(inbox, clock, signature=SIGNATURES[style]) as here:
                call = here.signed(content(style))
                assert here.post(call).status_code == 200
                for _, spoiled_call in spoiled(call, style):
                    kept = {name: value for name, value in spoiled_call.headers.items() if value.isascii()}
                    here.post(replace(spoiled_call, headers=kept))
                here.send(b"{")
                here.counts()
    finally:
        structlog.reset_defaults()
    said = "".join(capsys.readouterr())
    assert "calls refused" in said
    secrets = (SECRET, AES_KEY, TOKEN, SIGNATURES["yonyou"]["secret"], "Bearer")
    assert [one for one in (*secrets, '"rev"', "<xml>") if one in said] == []


def test_feishu_opens_what_others_sealed() -> None:
    """Sealed by hand with the vendor's recipe, so that `open` and `sign` cannot be wrong in the same way."""
    import base64
    from datetime import UTC, datetime

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    from connectors.webhook.signature import SignatureConfig

    style = Feishu(SignatureConfig.model_validate(SIGNATURES["feishu"]))
    plain = json.dumps({"uuid": "u1", "token": TOKEN, "event": {"type": "approval_instance"}}).encode()
    pad = 16 - len(plain) % 16
    sealer = Cipher(algorithms.AES(hashlib.sha256(SECRET.encode()).digest()), modes.CBC(b"i" * 16)).encryptor()
    sent = json.dumps({"encrypt": base64.b64encode(b"i" * 16 + sealer.update(plain + bytes([pad]) * pad)).decode()})
    headers = {"x-lark-request-timestamp": "1772352000", "x-lark-request-nonce": "n"}
    headers["x-lark-signature"] = hashlib.sha256(f"1772352000n{SECRET}{sent}".encode()).hexdigest()
    opened = style.open(Call("POST", headers, {}, sent.encode()), datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
    assert opened.content == plain


def test_hints_are_told_with_the_stream_they_speak_of(inbox: Inbox, clock: FrozenClock) -> None:
    hints = {"account": {"stream": "crm.account", "key": "id"}}
    with door(inbox, clock, streams={}, hints=hints) as here:
        assert here.send(b'{"id": "A"}').status_code == 200
        assert here.told == [("shop", ["crm.account"])]
        assert inbox.put("shop", "x", [Part("hint", "crm.account")])
        assert here.send(b"{").status_code == 400
