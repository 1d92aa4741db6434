"""Cookies as several headers in one line, and complaints that only a header makes."""

from __future__ import annotations

import httpx
import pytest

from goldbridge.clock import FrozenClock
from goldbridge.errors import Misconfigured
from goldbridge.http import HttpFactory
from goldbridge.http.exchange import Reply
from goldbridge.http.odata.fault import Dialect
from goldbridge.http.odata.login import cookies
from goldbridge.http.odata.service import key_of
from tests.connectors.rig import NOON


@pytest.mark.parametrize(
    ("header", "back"),
    [
        ("", ""),
        ("a=1; path=/", "a=1"),
        ("a=1==; expires=Tue, 03-Mar-2026 08:00:00 GMT, b=x%3d; HttpOnly", "a=1==; b=x%3d"),
        ("a=1, a=2", "a=2"),
        ("nothing", ""),
    ],
)
def test_all_cookies_go_back_without_their_attributes(header: str, back: str) -> None:
    assert cookies(Reply(None, headers={"set-cookie": header})) == back


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://h/s/A_BusinessPartner('4711')", "4711"),
        ("Companies('o''n (x)')", "o'n (x)"),
        ("Companies('a=1')", "a=1"),
        ("Companies('%E5%85%AC')", "公"),
        ("accounts(1f00-22)", "1f00-22"),
        ("Things(guid'1f')", "1f"),
        ("Lines(Company='1',Position=2)", "Company='1',Position=2"),
        ("1f00-22", "1f00-22"),
    ],
)
def test_the_key_in_an_address(address: str, key: str) -> None:
    assert key_of(address) == key


@pytest.mark.parametrize(("headers", "code"), [({"x-csrf-token": "Required"}, "CON010"), ({}, "CON011")])
def test_a_header_says_that_the_token_is_missing_whatever_the_body_is(headers: dict[str, str], code: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(403, headers=headers, text="<html>?</html>"))
    factory = HttpFactory(FrozenClock(NOON), transport, draw=lambda: 0.5)
    client = factory.client(system="erp", base_url="https://erp", envelope=Dialect().envelope(write=True))
    with pytest.raises(Misconfigured) as caught:
        client.send("POST", "/x", json={}, write=True)
    assert caught.value.code == code


def test_xml_is_no_web_page_where_text_was_asked_for() -> None:
    for kind, good in (("application/xml", True), ("application/xhtml+xml", False)):
        transport = httpx.MockTransport(
            lambda _, kind=kind: httpx.Response(200, headers={"content-type": kind}, text="<a/>")
        )  # type: ignore[misc]
        client = HttpFactory(FrozenClock(NOON), transport, draw=lambda: 0.5).client(
            system="erp", base_url="https://erp"
        )
        if good:
            assert client.send("GET", "/x", as_text=True).data == "<a/>"
        else:
            with pytest.raises(Exception, match="CON007"):
                client.send("GET", "/x", as_text=True)
