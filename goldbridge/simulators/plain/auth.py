"""The gate of the plain CRM: every usual way to sign a call, one of them chosen by option."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from goldbridge.simulators.kit import Call, Refused, SimClock

USER = "hub"
KEY = "plain-sandbox-key"
CLIENT_ID = "plain-sandbox-client"
CLIENT_SECRET = "plain-sandbox-client-secret"  # noqa: S105 - fixed, obviously fake words
REFRESH_TOKEN = "plain-sandbox-refresh-0"  # noqa: S105
SIGNING_KEY = "plain-sandbox-signing-key"
KINDS = (
    *("none", "basic", "header", "query", "bearer", "client_credentials", "refresh_token"),
    *("session", "cookie", "jwt", "own_jwt", "hmac", "hash", "rsa"),
)
AUDIENCE = "https://plain.example"
TOKEN_S = 3600
TOLERANCE_S = 300


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2048)


def private_key() -> str:
    """The client's private key in PEM, a new one in every process; the gate knows its public half."""
    return (
        _key()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


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
        asked = self._asked(call)
        if self.kind == "jwt":
            if asked.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
                raise Refused("oauth:unsupported_grant_type", "", 400)
            if not self._own(str(asked.get("assertion", ""))):
                raise Refused("oauth:invalid_grant", "the assertion is not valid", 400)
            return {"token_type": "Bearer", "expires_in": self._token_s, "access_token": self._issue()}
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
        return {**found, "access_token": self._issue()}

    def login(self, call: Call) -> str:
        """The login with user and password, as form, JSON or basic header; returns the session."""
        asked = self._asked(call)
        header = call.headers.get("authorization", "")
        if (asked.get("user"), asked.get("pass")) != (USER, KEY) and header != _basic():
            raise Refused("bad_login", "user or password is wrong", 401)
        return self._issue()

    def _issue(self) -> str:
        self.issued += 1
        token = f"plain-sandbox-token-{self.issued:04d}"
        self._tokens[token] = self._clock.now() + self._token_s
        return token

    @staticmethod
    def _asked(call: Call) -> dict[str, str]:
        return dict(call.json if "json" in call.headers.get("content-type", "") else call.form)

    def _alive(self, token: str) -> bool:
        return self._tokens.get(token, 0.0) > self._clock.now()

    def admit(self, call: Call) -> None:
        """Raise `Refused` for a call that is not signed as it should be."""
        header = call.headers.get("authorization", "")
        match self.kind:
            case "basic":
                good = header == _basic()
            case "header":
                good = call.headers.get("x-api-key") == KEY
            case "query":
                good = call.query.get("api_key") == KEY
            case "bearer":
                good = header == f"Bearer {KEY}"
            case "client_credentials" | "refresh_token" | "jwt":
                good = self._alive(header.removeprefix("Bearer "))
            case "session":
                good = self._alive(call.headers.get("x-session", ""))
            case "cookie":
                pairs = [pair.strip() for pair in call.headers.get("cookie", "").split(";")]
                good = any(self._alive(pair.removeprefix("sid=")) for pair in pairs) and "lang=zh" in pairs
            case "own_jwt":
                good = header.startswith("Bearer ") and self._own(header.removeprefix("Bearer "))
            case "hmac":
                good = self._signed(call)
            case "hash":
                good = self._hashed(call)
            case "rsa":
                good = self._rsa(call)
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

    def _hashed(self, call: Call) -> bool:
        """MD5 in capitals over the sorted parameters without `sign`, run together, between the key and the key."""
        given = dict(call.query)
        sign, at = given.pop("sign", ""), given.get("ts", "")
        if not at.isdigit() or abs(int(at) / 1000 - self._clock.now()) > TOLERANCE_S:
            return False
        text = SIGNING_KEY + "".join(f"{name}{given[name]}" for name in sorted(given)) + SIGNING_KEY
        return sign == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()

    def _rsa(self, call: Call) -> bool:
        """SHA256 with RSA over time, path and body, each on a line, in base64."""
        at = call.headers.get("x-time", "")
        text = f"{at}\n{call.path}\n{call.body.decode()}"
        return at.isdigit() and _verified(text.encode(), base64.b64decode(call.headers.get("x-signature", "")))

    def _own(self, token: str) -> bool:
        """A JSON Web Token in the client's name, for us, of this moment and signed with its key."""
        head, _, signature = token.rpartition(".")
        if head.count(".") != 1:
            return False
        header, claims = (json.loads(_unpacked(part)) for part in head.split("."))
        fresh = claims.get("iat", 0) <= self._clock.now() < claims.get("exp", 0) <= claims.get("iat", 0) + 180
        meant = (claims.get("iss"), claims.get("aud")) == (CLIENT_ID, AUDIENCE)
        if header.get("alg") == "HS256":
            wanted = hmac.new(SIGNING_KEY.encode(), head.encode(), hashlib.sha256).digest()
            return fresh and meant and hmac.compare_digest(wanted, _unpacked(signature))
        return fresh and meant and header.get("alg") == "RS256" and _verified(head.encode(), _unpacked(signature))


def _basic() -> str:
    return "Basic " + base64.b64encode(f"{USER}:{KEY}".encode()).decode()


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _verified(text: bytes, signature: bytes) -> bool:
    try:
        _key().public_key().verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
