"""Who calls: the application's signature buys a token for two hours; the token travels in the address."""

from __future__ import annotations

import base64
import hashlib
import hmac
from hashlib import blake2b

from goldbridge.simulators.kit import Call, Refused, SimClock

APP_KEY, TENANT = "yb-sandbox-app-key", "yb-sandbox-tenant"
APP_SECRET = "yb-sandbox-app-secret"  # noqa: S105 - a fixed, obviously fake word
U8_ACCOUNT, U8_KEY = "gb", "u8-sandbox-app-key"
U8_SECRET = "u8-sandbox-app-secret"  # noqa: S105 - a fixed, obviously fake word
LIFE_S = 7200


def signature(app_key: str, timestamp: str) -> str:
    """Names and values without separators, sorted by name; base64 of the raw digest."""
    text = f"appKey{app_key}timestamp{timestamp}"
    return base64.b64encode(hmac.new(APP_SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Gate:
    """The tokens of one tenant."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._tokens: dict[str, float] = {}
        self._count = 0

    def expire(self) -> None:
        self._tokens.clear()

    def issue(self, call: Call) -> str:
        query = call.query
        if query.get("appKey") != APP_KEY:
            raise Refused("10018", "appKey无效")
        if query.get("signature") != signature(APP_KEY, query.get("timestamp", "")):
            raise Refused("310005", "签名错误")
        return self.fresh()

    def issue_u8(self, call: Call) -> str:
        query = call.query
        if (query.get("from_account"), query.get("app_key"), query.get("app_secret")) != (
            U8_ACCOUNT,
            U8_KEY,
            U8_SECRET,
        ):
            raise Refused("u8:20002", "应用授权无效")
        return self.fresh()

    def fresh(self) -> str:
        self._count += 1
        token = "yb" + blake2b(f"token {self._count}".encode(), digest_size=12).hexdigest()
        self._tokens[token] = self._clock.now() + LIFE_S
        return token

    def admit(self, token: str) -> None:
        if not token:
            raise Refused("310001", "缺少token")
        if self._tokens.get(token, 0.0) <= self._clock.now():
            raise Refused("310036", "非法token")
