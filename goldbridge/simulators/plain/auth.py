"""The gate of the plain CRM: every usual way to sign a call, one of them chosen by option."""

from __future__ import annotations

import base64
import hashlib
import hmac

from goldbridge.simulators.kit import Call, Refused, SimClock

USER = "hub"
KEY = "plain-sandbox-key"
CLIENT_ID = "plain-sandbox-client"
CLIENT_SECRET = "plain-sandbox-client-secret"  # noqa: S105 - fixed, obviously fake words
REFRESH_TOKEN = "plain-sandbox-refresh-0"  # noqa: S105
SIGNING_KEY = "plain-sandbox-signing-key"
KINDS = ("none", "basic", "header", "query", "bearer", "client_credentials", "refresh_token", "hmac")
TOKEN_S = 3600
TOLERANCE_S = 300


class Gate:
    """Lets a call in or refuses it with 401; hands out tokens, and rotates refresh tokens when it is told to."""

    def __init__(self, kind: str, clock: SimClock, *, rotate: bool = True, token_s: int = TOKEN_S) -> None:
        if kind not in KINDS:
            raise ValueError(f"auth is one of {', '.join(KINDS)}, not {kind!r}")
        self.kind, self._clock, self._rotate, self._token_s = kind, clock, rotate, token_s
        self._tokens: dict[str, float] = {}
        self.refresh_token = REFRESH_TOKEN
        self.issued = 0

    def expire(self) -> None:
        self._tokens.clear()

    def token(self, call: Call) -> dict[str, object]:
        """The token endpoint (RFC 6749): a form or JSON, the client in the body or in a basic header."""
        asked = call.json if "json" in call.headers.get("content-type", "") else call.form
        client = (asked.get("client_id"), asked.get("client_secret"))
        if header := call.headers.get("authorization", ""):
            user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            client = (user, password)
        if client != (CLIENT_ID, CLIENT_SECRET):
            raise Refused("oauth:invalid_client", "unknown client", 401)
        if asked.get("grant_type") != self.kind:
            raise Refused("oauth:unsupported_grant_type", "", 400)
        found: dict[str, object] = {"token_type": "Bearer", "expires_in": self._token_s}
        if self.kind == "refresh_token":
            if asked.get("refresh_token") != self.refresh_token:
                raise Refused("oauth:invalid_grant", "refresh token is unknown or was used", 400)
            if self._rotate:
                self.refresh_token = f"plain-sandbox-refresh-{self.issued + 1}"
                found["refresh_token"] = self.refresh_token
        self.issued += 1
        token = f"plain-sandbox-token-{self.issued:04d}"
        self._tokens[token] = self._clock.now() + self._token_s
        return {**found, "access_token": token}

    def admit(self, call: Call) -> None:
        """Raise `Refused` for a call that is not signed as it should be."""
        header = call.headers.get("authorization", "")
        match self.kind:
            case "basic":
                good = header == "Basic " + base64.b64encode(f"{USER}:{KEY}".encode()).decode()
            case "header":
                good = call.headers.get("x-api-key") == KEY
            case "query":
                good = call.query.get("api_key") == KEY
            case "bearer":
                good = header == f"Bearer {KEY}"
            case "client_credentials" | "refresh_token":
                good = self._tokens.get(header.removeprefix("Bearer "), 0.0) > self._clock.now()
            case "hmac":
                good = self._signed(call)
            case _:
                good = True
        if not good:
            raise Refused("unauthorized", "credentials are missing, wrong or expired", 401)

    def _signed(self, call: Call) -> bool:
        """HMAC-SHA256 over method, path, time and the hash of the body, each on a line, in hex."""
        at = call.headers.get("x-time", "")
        if not at.isdigit() or abs(int(at) - self._clock.now()) > TOLERANCE_S or call.headers.get("x-key") != CLIENT_ID:
            return False
        text = "\n".join((call.method, call.path, at, hashlib.sha256(call.body).hexdigest()))
        wanted = hmac.new(SIGNING_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted, call.headers.get("x-signature", ""))
