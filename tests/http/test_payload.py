"""Bodies that are not JSON, headers in and out, and the parts of authentication that go with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from goldbridge.errors import Halt, Misconfigured, Reject
from goldbridge.http import BasicAuth, Complaint, Draft, Envelope, HeaderKey, Kind, Rule, Signed
from goldbridge.log import redact
from tests.http.server import Server, answer, make_client

GOOD = answer({"rows": [1]}, ETag='W/"7"')
TABLE = Envelope(
    lambda _, body: Complaint(str(body["code"])) if isinstance(body, dict) and "code" in body else None,
    rules={"5": Rule(Kind.RECORD), "6": Rule(Kind.CONFIG)},
)


def test_a_form_travels_as_a_form_and_is_not_touched_between_attempts() -> None:
    with Server(answer({}, 503), GOOD) as server:
        reply = make_client(server).send("POST", "/token", form={"user": "甲 乙", "scope": None, "a": ["1", "2"]})
    assert reply.data == {"rows": [1]}
    first, second = server.requests
    assert first.body == second.body == b"user=%E7%94%B2+%E4%B9%99&a=1&a=2"
    assert first.headers["content-type"] == "application/x-www-form-urlencoded"


def test_bytes_travel_as_they_are_with_the_type_they_are_given() -> None:
    with Server(GOOD) as server:
        make_client(server).send("PUT", "/b", content=b"a,b\r\n", headers={"content-type": "text/csv"}, write=True)
    assert (server.requests[0].body, server.requests[0].headers["content-type"]) == (b"a,b\r\n", "text/csv")


def test_headers_of_the_call_go_out_and_those_of_the_answer_come_back_in_lower_case() -> None:
    with Server(GOOD) as server:
        reply = make_client(server).send("GET", "/x", headers={"if-match": "*"})
    assert server.requests[0].headers["if-match"] == "*"
    assert reply.headers["etag"] == 'W/"7"'


def test_half_a_character_in_a_form_is_a_rejected_record() -> None:
    with Server(GOOD) as server, pytest.raises(Reject, match="half a character"):
        make_client(server).send("POST", "/x", form={"a": "\ud800"})


def test_text_is_handed_over_as_it_is() -> None:
    with Server(answer(raw="编号,名称\r\n1,甲".encode("gb18030"), content_type="text/csv; charset=gb18030")) as server:
        reply = make_client(server).send("GET", "/x", as_text=True)
    assert reply.data == "编号,名称\r\n1,甲"


def test_a_json_text_is_text_too() -> None:
    with Server(GOOD) as server:
        assert make_client(server).send("GET", "/x", as_text=True).data == '{"rows": [1]}'


@pytest.mark.parametrize(
    ("step", "error", "code"),
    [
        (answer({"code": 5}, 400), Reject, "CON012"),
        (answer({"code": 6}, 403), Misconfigured, "CON011"),
        (answer(raw=b"<error/>", status=404, content_type="application/xml"), Misconfigured, "CON011"),
        (answer(raw=b"<html><body>sign in</body></html>", content_type="text/html"), Halt, "CON007"),
    ],
)
def test_a_complaint_in_place_of_text_keeps_its_class(step: Any, error: type[Exception], code: str) -> None:
    with Server(step) as server, pytest.raises(error) as caught:
        make_client(server, envelope=TABLE).send("GET", "/x", as_text=True)
    assert caught.value.code == code  # type: ignore[attr-defined]


def test_a_sentence_in_place_of_text_is_heard_and_told() -> None:
    envelope = Envelope(rules={"404": Rule(Kind.RECORD)}, hear=lambda status, said: Complaint(str(status), said))
    step = answer(raw=b"no such project", status=404, content_type="text/plain")
    with Server(step) as server, pytest.raises(Reject, match="404 no such project"):
        make_client(server, envelope=envelope).send("GET", "/x", as_text=True)


def test_basic_authentication_and_a_key_in_a_header_are_redacted_once_known() -> None:
    auth = BasicAuth("hub", "p@ss-wörd-1234")
    with Server(GOOD) as server:
        make_client(server, auth=auth).get("/x")
        make_client(server, auth=HeaderKey("X-Token", "k-secret-5678", prefix="Key ")).get("/x")
    sent = server.requests[0].headers["authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == "hub:p@ss-wörd-1234"
    assert server.requests[1].headers["x-token"] == "Key k-secret-5678"
    for secret in ("p@ss-wörd-1234", sent, "k-secret-5678"):
        assert secret not in redact(f"sent {secret} on")


@pytest.mark.parametrize(("stale", "calls"), [(True, 2), (False, 1)])
def test_a_signature_sees_the_whole_draft_and_is_made_anew_when_it_was_refused(stale: bool, calls: int) -> None:
    drafts: list[Draft] = []

    def sign(draft: Draft) -> None:
        drafts.append(draft)
        body, _ = draft.payload()
        draft.headers["x-sign"] = hmac.new(b"k", (body or b"") + draft.full_url().encode(), hashlib.sha256).hexdigest()

    with Server(answer({}, 401), answer({}, 401)) as server:
        client = make_client(server, auth=Signed(sign, stale=stale))
        with pytest.raises(Misconfigured, match="CON010"):
            client.post("/x", json={"a": 1}, params={"q": "甲"}, read=True)
    assert len(server.requests) == calls
    request = server.requests[0]
    expected = hmac.new(b"k", request.body + f"{server.url}{request.target}".encode(), hashlib.sha256).hexdigest()
    assert request.headers["x-sign"] == expected


def test_a_bare_status_may_mean_something_else_to_a_vendor() -> None:
    gone = Envelope(statuses={410: Rule(Kind.HALT), 404: Rule(Kind.RECORD)}, names={Kind.HALT: "CON015"})
    for status, expected in ((410, (Halt, "CON015")), (404, (Reject, "CON012")), (403, (Misconfigured, "CON011"))):
        with Server(answer(raw=b"", status=status)) as server, pytest.raises(expected[0]) as caught:
            make_client(server, envelope=gone).send("GET", "/x")
        assert caught.value.code == expected[1]  # type: ignore[attr-defined]
