"""The styles by name: who opens a call, what it is answered, and how one is made to try it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from connectors.webhook.call import Answer, Call, Opened
from connectors.webhook.plain import Hmac, Token
from connectors.webhook.sealed import Dingtalk, Feishu, Wecom, Yonyou
from connectors.webhook.signature import SignatureConfig


class Style(Protocol):
    """One way to prove who sent a call."""

    def open(self, call: Call, now: datetime) -> Opened:
        """What a genuine call says; raises `Refused`."""
        ...

    def answer(self, now: datetime) -> Answer:
        """What the sender wants to hear once an event is kept."""
        ...

    def sign(self, content: bytes, now: datetime) -> Call:
        """The call that the sender would make of this event."""
        ...


_STYLES: Mapping[str, Callable[[SignatureConfig], Style]] = {
    "hmac": Hmac,
    "token": Token,
    "feishu": Feishu,
    "dingtalk": Dingtalk,
    "wecom": Wecom,
    "yonyou": Yonyou,
}


def make_style(config: SignatureConfig) -> Style:
    """Raises ValueError for a secret that cannot be one."""
    return _STYLES[config.style](config)
