"""Signs calls as `auth` says: keys, tokens of OAuth 2, signatures by a template.

A token is fetched by one thread for all. A refresh token that the server rotates is kept sealed before the token that
came with it is used; what is kept counts only while the first one in the settings is the same, so that an engineer who
puts a new one there is heard.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from base64 import b64encode
from collections.abc import Mapping
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from connectors.base import LOGINS, Context
from connectors.rest.answer import dig
from connectors.rest.auth_config import AuthConfig
from connectors.rest.template import Template
from goldbridge.clock import Clock
from goldbridge.http import (
    RETRY,
    THROTTLE,
    Auth,
    BasicAuth,
    Complaint,
    Draft,
    Envelope,
    HeaderKey,
    Kind,
    QueryKey,
    Rule,
    Signed,
    Token,
    TokenAuth,
    TokenSource,
)
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_NUMBER = re.compile(r"\d{1,12}(\.\d+)?")
_CLIENT = Rule(Kind.CONFIG, "check client_id, client_secret, scope and token_url under `auth`")


def make_auth(config: AuthConfig, context: Context, base_url: str, timeout_s: float) -> Auth:
    """The part of the client that signs."""
    match config.kind:
        case "basic":
            return BasicAuth(config.user, _secret(config.password))
        case "header":
            return HeaderKey(config.name, _secret(config.key), config.prefix or "")
        case "bearer":
            return HeaderKey("authorization", _secret(config.key), "Bearer ")
        case "query":
            return QueryKey(config.name, _secret(config.key))
        case "hmac":
            return Signed(_Signer(config, context.clock))
        case "client_credentials" | "refresh_token":
            return _token_auth(config, context, base_url, timeout_s)
    return Auth()


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""


def _token_auth(config: AuthConfig, context: Context, base_url: str, timeout_s: float) -> Auth:
    login = _Login(config, context, base_url, timeout_s)
    rotating = config.kind == "refresh_token"
    key = ("rest token", context.system, base_url, config.client_id, config.scope, login.seed)
    source = context.http.share(
        key,
        lambda: TokenSource(
            login.fetch, context.clock, store=context.store if rotating else None, system=context.system
        ),
    )
    name, prefix = (config.name or "authorization").lower(), "Bearer " if config.prefix is None else config.prefix
    return TokenAuth(source, lambda token: {name: prefix + token.value})


class _Login:
    """Asks the token endpoint."""

    def __init__(self, config: AuthConfig, context: Context, base_url: str, timeout_s: float) -> None:
        self._config, self._context = config, context
        for value in (config.client_secret, config.refresh_token):
            remember_secret(_secret(value))
        given = f"{_secret(config.client_secret)} {_secret(config.refresh_token)}"
        self.seed = hashlib.sha256(given.encode()).hexdigest()[:16]
        whole = "://" in config.token_url
        self._path = "" if whole else config.token_url
        basic = BasicAuth(quote(config.client_id, safe=""), quote(_secret(config.client_secret), safe=""))
        self._http = context.http.client(
            system=context.system,
            base_url=config.token_url if whole else base_url,
            auth=basic if config.send == "basic" else None,
            envelope=self._envelope(),
            budget=context.budget(LOGINS, "token"),
            timeout_s=timeout_s,
        )

    def fetch(self, _: Token | None) -> Token:
        """A new token; what the store keeps is looked at anew, since another process may have rotated it."""
        config = self._config
        asked = {"grant_type": config.kind, **config.params}
        if config.scope:
            asked["scope"] = config.scope
        if config.send != "basic":
            asked |= {"client_id": config.client_id, "client_secret": _secret(config.client_secret)}
        if config.kind == "refresh_token":
            asked["refresh_token"] = self._newest()
        body: Mapping[str, Json] = {"json": asked} if config.send == "json" else {"form": asked}
        reply = self._http.send("POST", self._path, about="token", endpoint="token", **body)
        value = str(reply.unwrap(config.token_at))
        said = str(dig(reply.data, config.lives_at) or "")
        lives_s = float(said) if _NUMBER.fullmatch(said) else config.lives_s  # the standard lets it be left out
        rotated = dig(reply.data, "refresh_token") or asked.get("refresh_token", "")
        return Token(value, lives_s, refresh=str(rotated), extra={"seed": self.seed})

    def _newest(self) -> str:
        kept = self._context.store.load(self._context.system, "token")
        if isinstance(kept, dict) and (kept.get("extra") or {}).get("seed") == self.seed and kept.get("refresh"):
            remember_secret(str(kept["refresh"]))
            return str(kept["refresh"])
        return _secret(self._config.refresh_token)

    def _envelope(self) -> Envelope:
        """The errors of the standard (RFC 6749); a refused refresh token needs a person to log in again."""
        used_up = Rule(
            Kind.CONFIG,
            "the refresh token was used up, revoked or has expired: sign in at the vendor's site for a new one, put it "
            f"into the secret behind `auth.refresh_token`, then run `goldbridge systems test {self._context.system}`",
        )
        refused = {"invalid_grant": used_up} if self._config.kind == "refresh_token" else {"invalid_grant": _CLIENT}
        wrong = ("invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type", "invalid_request")
        passing = {"temporarily_unavailable": RETRY, "server_error": RETRY, "slow_down": THROTTLE}
        rules = {**refused, **dict.fromkeys(wrong, _CLIENT), **passing}
        return Envelope(_oauth_error, rules, names={Kind.CONFIG: "CON111"}, statuses={400: _CLIENT, 401: _CLIENT})


def _oauth_error(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or not body.get("error"):
        return None
    return Complaint(str(body["error"]), str(body.get("error_description") or ""))


class _Signer:
    """Signs a draft by the templates of `auth`."""

    def __init__(self, config: AuthConfig, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._key = _secret(config.key)
        remember_secret(self._key)
        self._sign = Template(config.sign)
        self._headers = [(name.lower(), Template(text)) for name, text in config.headers.items()]
        self._params = [(name, Template(text)) for name, text in config.params.items()]
        self._early = [(name, text) for name, text in self._params if "signature" not in text.names]

    def __call__(self, draft: Draft) -> None:
        values = self._values(draft)
        for name, text in self._early:  # what is signed over the query has to be in it already
            draft.params.append((name, text.text(values)))
        values |= self._address(draft)
        signed = hmac.new(self._key.encode(), self._sign.text(values).encode(), self._config.digest).digest()
        values["signature"] = signed.hex() if self._config.output == "hex" else b64encode(signed).decode()
        for name, text in self._headers:
            draft.headers[name] = text.text(values)
        draft.params += [(name, text.text(values)) for name, text in self._params if "signature" in text.names]

    def _values(self, draft: Draft) -> dict[str, Json]:
        now = self._clock.now()
        try:
            body = draft.payload()[0] or b""
        except UnicodeEncodeError:  # half a character: the draft is refused when it is sent
            body = b""
        return {
            "method": draft.method,
            "path": urlsplit(draft.url).path,
            "body": body.decode(),
            "body_sha256": hashlib.sha256(body).hexdigest(),
            "body_md5": b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
            "timestamp": str(int(now.timestamp())),
            "timestamp_ms": str(int(now.timestamp() * 1000)),
            "http_date": format_datetime(now, usegmt=True),
            "nonce": uuid.uuid4().hex,
            "key_id": self._config.key_id,
        }

    def _address(self, draft: Draft) -> dict[str, Json]:
        pairs = (f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(draft.params))
        return {"query": urlsplit(draft.full_url()).query, "sorted_query": "&".join(pairs)}
