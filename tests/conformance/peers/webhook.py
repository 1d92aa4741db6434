"""The sender of a webhook, whose events stand in the inbox of a real state; each row is a record of an event."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from connectors.base import Connector, Context
from connectors.testkit import Peer
from connectors.webhook import Webhook
from connectors.webhook.call import Call, Opened
from connectors.webhook.event import Router
from goldbridge.clock import FrozenClock
from goldbridge.http import HttpFactory
from goldbridge.ports import TokenStore
from goldbridge.state.engine import open_store
from goldbridge.state.inbox import Inbox
from tests.connectors.rig import NOON

SECRET = "secret-of-the-sender"


class WebhookPeer(Peer):
    kind = Webhook
    stream = "order"
    free_probe = False  # it asks the receiver, and none listens here
    secrets: ClassVar[tuple[str, ...]] = (SECRET,)

    def __init__(self) -> None:
        self.clock = FrozenClock(NOON)
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(f"sqlite:///{Path(self.folder.name) / 'state.sqlite'}", self.clock)
        self.inbox = Inbox(self.store)
        self.revisions: dict[str, int] = {}

    def connect(self, store: TokenStore, **settings: Any) -> Connector[Any]:
        signature = {"style": "hmac", "secret": SECRET, "header": "X-Signature"}
        streams = {self.stream: {"key": "id", "version": "rev"}}
        entry = {"connector": "webhook", "signature": signature, "streams": streams, **settings}
        context = Context("shop", HttpFactory(self.clock), store, self.clock, self.inbox)
        return Webhook(Webhook.config_model.model_validate(entry), context)

    def keys(self) -> list[str]:
        return list(self.revisions)

    def add(self, count: int) -> None:
        for _ in range(count):
            self.edit(f"K{len(self.revisions):04}")

    def edit(self, key: str) -> None:
        self.clock.advance(1)
        self.revisions[key] = self.revisions.get(key, 0) + 1
        body = json.dumps({"id": key, "rev": self.revisions[key], "price": 12345678.91}).encode()
        webhook = self.connect(None)  # type: ignore[arg-type]
        event = Router(webhook.config).event(
            Call("POST", {}, {}, body), Opened(body, stamp=self.clock.now().isoformat())
        )
        assert self.inbox.put("shop", event.id, event.parts)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def close(self) -> None:
        self.store.close()
        self.folder.cleanup()
