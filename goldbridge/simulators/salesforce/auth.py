"""Who calls: three ways to a session, and no word about how long it lives.

Client credentials come as HTTP Basic or as form fields; a signed assertion is checked for issuer, subject, audience and
a life of three minutes at most; refresh tokens may rotate, and one that is used a second time revokes the grant.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from goldbridge.simulators.kit import Answer, Call, Refused, SimClock, json_answer

LONGEST_ASSERTION_S = 180
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the sandbox org's administrator handed out."""

    consumer_key: str = "sf-sandbox-consumer-key"
    consumer_secret: str = "sf-sandbox-consumer-secret"  # noqa: S105 - a fixed, obviously fake word
    username: str = "hub@sandbox.example"
    audience: str = "http://127.0.0.1"
    public_key: str = ""
    refresh_token: str = "sf-sandbox-refresh-token-0"  # noqa: S105
    rotate: bool = True


class Denied(Exception):
    """The token endpoint's own kind of error: an object, not an array."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error} {description}")
        self.error, self.description = error, description


class Gate:
    """Hands out sessions and tells who has one."""

    def __init__(self, clock: SimClock, credentials: Credentials, session_s: float, instance_url: str) -> None:
        self._clock, self._given, self._session_s, self._instance = clock, credentials, session_s, instance_url
        self._sessions: dict[str, float] = {}
        self._count = 0
        self._refresh = credentials.refresh_token
        self._spent: set[str] = set()
        self._revoked = False

    def expire(self) -> None:
        self._sessions.clear()

    def issue(self, call: Call) -> Answer:
        try:
            return self._issue(call)
        except Denied as denied:
            return json_answer({"error": denied.error, "error_description": denied.description}, 400)

    def _issue(self, call: Call) -> Answer:
        form = call.form
        extra: dict[str, Any] = {}
        match form.get("grant_type"):
            case "client_credentials":
                self._check_client(*_basic(call), form)
            case "refresh_token":
                self._check_client("", "", form)
                extra = self._rotate(form.get("refresh_token", ""))
            case grant if grant == JWT_BEARER:
                self._check_assertion(form.get("assertion", ""))
            case grant:
                raise Denied("unsupported_grant_type", f"grant type not supported: {grant}")
        self._count += 1
        digest = blake2b(f"session {self._count}".encode(), digest_size=24).hexdigest()
        token = f"00DAA0000000001!{digest}"
        self._sessions[token] = self._clock.now() + self._session_s
        instance = self._instance or f"http://{call.headers.get('host', '127.0.0.1')}"
        return json_answer(
            {
                "access_token": token,
                "instance_url": instance,
                "id": f"{instance}/id/00DAA0000000001AAA/005AA000000HubUser",
                "token_type": "Bearer",
                "issued_at": str(self._clock.now_ms()),
                "signature": "c2lnbmF0dXJl",
                **extra,
            }
        )

    def _check_client(self, user: str, password: str, form: dict[str, str]) -> None:
        key, secret = user or form.get("client_id", ""), password or form.get("client_secret", "")
        if key != self._given.consumer_key:
            raise Denied("invalid_client_id", "client identifier invalid")
        if secret != self._given.consumer_secret:
            raise Denied("invalid_client", "invalid client credentials")

    def _rotate(self, token: str) -> dict[str, Any]:
        if token in self._spent:
            self._revoked = True
            self._sessions.clear()
        if self._revoked or token != self._refresh:
            raise Denied("invalid_grant", "expired access/refresh token")
        if not self._given.rotate:
            return {}
        self._spent.add(token)
        self._refresh = f"{self._given.refresh_token[:-1]}{len(self._spent)}"
        return {"refresh_token": self._refresh}

    def _check_assertion(self, assertion: str) -> None:
        try:
            head, claims, signature = assertion.split(".")
            algorithm = json.loads(_unpack(head)).get("alg")
            claimed = json.loads(_unpack(claims))
            key = load_pem_public_key(self._given.public_key.encode())
            if not isinstance(key, rsa.RSAPublicKey) or algorithm != "RS256":
                raise Denied("invalid_grant", "invalid assertion")
            key.verify(_unpack(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            raise Denied("invalid_grant", "invalid assertion") from None
        if claimed.get("iss") != self._given.consumer_key:
            raise Denied("invalid_client_id", "client identifier invalid")
        if claimed.get("sub") != self._given.username:
            raise Denied("invalid_grant", "user hasn't approved this consumer")
        if claimed.get("aud") != self._given.audience:
            raise Denied("invalid_grant", "audience is invalid")
        left_s = float(claimed.get("exp", 0)) - self._clock.now()
        if not 0 < left_s <= LONGEST_ASSERTION_S:
            raise Denied("invalid_grant", "assertion expired or lives too long")

    def check(self, call: Call) -> None:
        """Raises `Refused` when the call has no session that lives."""
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if self._clock.now() >= self._sessions.get(token, 0.0):
            raise Refused("INVALID_SESSION_ID", "Session expired or invalid", 401)


def _basic(call: Call) -> tuple[str, str]:
    header = call.headers.get("authorization", "")
    if not header.startswith("Basic "):
        return "", ""
    user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return unquote(user), unquote(password)


def _unpack(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
