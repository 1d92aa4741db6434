"""Who calls: a session (by signature, by application secret, by password), or signed headers with every call.

While a live session id comes along, nothing else is looked at: a wrong secret hides behind it. Whoever has none and
cannot prove himself is told that the session information was lost, whatever was really wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import quote

from goldbridge.simulators.kit import Call, Refused, SimClock

LOST = "会话信息已丢失，请重新登录"
_SEED = b"0054f397c6234378b09ca7d3e5debce7"
_STALE_S = 600


class Credentials(NamedTuple):
    """What the book's administrator handed out."""

    acct_id: str = "5f0000000000a1"
    user: str = "hub"
    password: str = "kd-sandbox-password"  # noqa: S105 - a fixed, obviously fake word
    app_id: str = "123456_" + "SandboxSandboxSandboxSandboxSand"
    app_secret: str = "kd-sandbox-app-secret"  # noqa: S105 - a fixed, obviously fake word


def client_key(app_id: str) -> bytes:
    """The key behind an AppID `<client>_<32 characters>`; empty when the second part is not 32 characters of base64."""
    coded = app_id.partition("_")[2]
    if len(coded) != 32 or "=" in coded:
        return b""
    plain = base64.b64decode(coded)
    return base64.b64encode(bytes(one ^ other for one, other in zip(plain, _SEED, strict=False)))


def hex_mac(key: bytes, text: str) -> str:
    """Base64 over the hexadecimal text of the digest, as this vendor has it."""
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).hexdigest().encode()).decode()


class Gate:
    """Sessions and signatures of one account book."""

    def __init__(self, clock: SimClock, credentials: Credentials, *, session_s: float, sha1: bool) -> None:
        self._clock, self._known, self._session_s = clock, credentials, session_s
        self._sha1 = sha1
        self._sessions: dict[str, float] = {}
        self._count = 0

    def expire(self) -> None:
        self._sessions.clear()

    def open_session(self) -> str:
        self._count += 1
        sid = blake2b(f"session {self._count}".encode(), digest_size=12).hexdigest()
        self._sessions[sid] = self._clock.now()
        return sid

    def login(self, method: str, parameters: Iterable[Any]) -> str | None:
        """A session id, or None; `method` without the 2 of the variants that throw out older sessions."""
        known, given = self._known, [str(each) for each in parameters]
        if given[:2] != [known.acct_id, known.user]:
            return None
        match method, given[2:]:
            case "ValidateUser", [password, *_]:
                good = password == known.password
            case "LoginByAppSecret", [app_id, secret, *_]:
                good = (app_id, secret) == (known.app_id, known.app_secret)
            case "LoginBySign", [app_id, stamp, sign, *_]:
                text = "".join(sorted((known.acct_id, known.user, known.app_id, known.app_secret, stamp)))
                digest = hashlib.sha1 if self._sha1 else hashlib.sha256
                good = app_id == known.app_id and sign == digest(text.encode()).hexdigest() and self._fresh(stamp)
            case _:
                good = False
        return self.open_session() if good else None

    def admit(self, call: Call) -> str | None:
        """None for a live session; the id of a new one when the headers are signed well. Raises `Refused`."""
        sid = call.headers.get("kdservice-sessionid") or _cookie(call.headers.get("cookie", ""))
        if sid in self._sessions and self._clock.now() - self._sessions[sid] < self._session_s:
            self._sessions[sid] = self._clock.now()
            return None
        if not self._signed(call):
            raise Refused("1", LOST)
        return self.open_session()

    def _signed(self, call: Call) -> bool:
        known, headers = self._known, call.headers
        stamp, nonce = headers.get("x-api-timestamp", ""), headers.get("x-api-nonce", "")
        path = quote(call.full_path, safe="")
        text = f"POST\n{path}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{stamp}\n"
        try:
            plain = base64.b64decode(headers.get("x-kd-appdata", "")).decode()
        except ValueError:
            return False
        return (
            headers.get("x-api-clientid") == known.app_id.partition("_")[0]
            and headers.get("x-api-signature") == hex_mac(client_key(known.app_id), text)
            and headers.get("x-kd-appkey") == known.app_id
            and plain.split(",")[:2] == [known.acct_id, known.user]
            and headers.get("x-kd-signature") == hex_mac(known.app_secret.encode(), known.app_id + plain)
            and self._fresh(stamp)
        )

    def _fresh(self, stamp: str) -> bool:
        return stamp.isdigit() and abs(int(stamp) - self._clock.now()) <= _STALE_S


def _cookie(text: str) -> str:
    found = re.search(r"kdservice-sessionid=([^;\s]+)", text)
    return found.group(1) if found else ""
