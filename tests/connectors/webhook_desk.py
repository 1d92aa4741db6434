"""A webhook at a desk: its settings, a receiver on loopback over a real state, and a sender."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from connectors.base import Completeness, Context, Position, Reading, Window
from connectors.webhook import Webhook
from connectors.webhook.call import Call
from connectors.webhook.receiver import Receiver
from connectors.webhook.style import make_style
from goldbridge.clock import Clock
from goldbridge.http import HttpFactory
from goldbridge.ports import Inbox, Part
from goldbridge.simulators.kit.loopback import Loopback
from tests.connectors.rig import MemoryStore

SECRET = "webhook-secret-of-the-desk"
AES_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
TOKEN, OWNER = "desk-token", "ww0123456789abcdef"
HMAC = {"style": "hmac", "secret": SECRET, "header": "X-Signature", "timestamp_header": "X-Time",
        "signed": "{timestamp}.{body}"}  # fmt: skip
SIGNATURES: Mapping[str, dict[str, Any]] = {
    "hmac": HMAC,
    "token": {"style": "token", "secret": SECRET},
    "feishu": {"style": "feishu", "secret": SECRET, "token": TOKEN},
    "dingtalk": {"style": "dingtalk", "token": TOKEN, "aes_key": AES_KEY, "owner": OWNER},
    "wecom": {"style": "wecom", "token": TOKEN, "aes_key": AES_KEY, "owner": OWNER},
    "yonyou": {"style": "yonyou", "secret": "desk-app-secret-0123456789abcdef0123456789", "owner": OWNER},
}
STREAMS = {"order": {"records": "data", "key": "id", "version": "rev", "gone": {"type": ["order.deleted"]}}}


def webhook(inbox: Inbox | None, clock: Clock, system: str = "shop", **settings: Any) -> Webhook:
    entry = {"connector": "webhook", "signature": HMAC, "id": ["event_id"], "streams": STREAMS, **settings}
    context = Context(system, HttpFactory(clock), MemoryStore(), clock, inbox)
    return Webhook(Webhook.config_model.model_validate(entry), context)


def body(event: str, *records: dict[str, Any], type: str = "order.updated") -> bytes:
    """An event of the desk's shop."""
    import json

    return json.dumps({"event_id": event, "type": type, "data": list(records)}, ensure_ascii=False).encode()


class Door:
    """A receiver that listens, and what it told."""

    def __init__(self, url: str, webhook: Webhook, receiver: Receiver, told: list[tuple[str, list[str]]]) -> None:
        self.url, self.webhook, self.receiver, self.told = url, webhook, receiver, told
        self.style = make_style(webhook.config.signature)
        self.client = httpx.Client(timeout=20, limits=httpx.Limits(max_connections=None))

    def signed(self, content: bytes) -> Call:
        return self.style.sign(content, self.webhook.context.clock.now())

    def send(self, content: bytes, **headers: str) -> httpx.Response:
        return self.post(self.signed(content), **headers)

    def post(self, call: Call, path: str = "", **headers: str) -> httpx.Response:
        address = f"{self.url}{path or self.webhook.path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.request(
            call.method,
            address,
            params=dict(call.query),
            headers={**call.headers, **named},
            content=call.body,
            timeout=20,
        )

    def counts(self) -> dict[str, int]:
        return dict(self.receiver.counted().get(self.webhook.context.system, {}))


@contextmanager
def door(inbox: Inbox, clock: Clock, **settings: Any) -> Iterator[Door]:
    made = webhook(inbox, clock, **settings)
    told: list[tuple[str, list[str]]] = []

    def tell(system: str, parts: Sequence[Part]) -> None:
        told.append((system, [one.stream for one in parts]))

    receiver = Receiver([made], inbox, tell)
    with Loopback(receiver) as url:
        opened = Door(url, made, receiver, told)
        with opened.client:
            yield opened
    receiver.close()


def read(
    made: Webhook, start: Position | None = None, stream: str = "order"
) -> tuple[list[Any], list[Any], Position | None]:
    """(rows and deleted keys, rejects, where the reading ended) of one run."""
    found = made.streams[stream]
    reading = Reading(made.read(found, Window(start, made.bound(found))))
    rows: list[Any] = []
    rejects: list[Any] = []
    at = start
    for page in reading:
        rows += [*page.rows, *page.gone]
        rejects += page.rejects
        at = page.at or at
    assert isinstance(reading.completeness, Completeness)
    assert not reading.completeness.proven
    return rows, rejects, at
