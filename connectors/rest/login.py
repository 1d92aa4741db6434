"""Signs calls as `auth` says: keys, and tokens of OAuth 2; sessions and signatures have files of their own.

A token is fetched by one thread for all. A refresh token that the server rotates is kept sealed before the token that
came with it is used; what is kept counts only while the first one in the settings is the same, so that an engineer who
puts a new one there is heard.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import quote

from pydantic import SecretStr

from connectors.base import LOGINS, Context
from connectors.rest.answer import dig
from connectors.rest.auth_config import AuthConfig
from connectors.rest.config import RestConfig
from connectors.rest.session import Session
from connectors.rest.signer import Signer, private_signer, secret_of
from goldbridge.http import (
    RETRY,
    THROTTLE,
    Auth,
    BasicAuth,
    Certificate,
    Complaint,
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
from goldbridge.http.signature import hmac_signer, make_jwt
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_S = 120  # the strictest vendors take three minutes at most
_NUMBER = re.compile(r"\d{1,12}(\.\d+)?")
_CLIENT = Rule(Kind.CONFIG, "check client_id, client_secret, scope and token_url under `auth`")
_SIGNER = Rule(
    Kind.CONFIG, "check key, key_id, claims and token_url under `auth`, and the public key at the other side"
)


def make_auth(config: RestConfig, context: Context, certificate: Certificate | None = None) -> Auth:
    """The part of the client that signs; `certificate` is shown to the token endpoint too."""
    auth = config.auth
    match auth.kind:
        case "basic":
            return BasicAuth(auth.user, _secret(auth.password))
        case "header":
            return HeaderKey(auth.name, _secret(auth.key), auth.prefix or "")
        case "bearer":
            return HeaderKey("authorization", _secret(auth.key), "Bearer ")
        case "query":
            return QueryKey(auth.name, _secret(auth.key))
        case "hmac" | "hash" | "rsa":
            return Signed(Signer(auth, context))
        case "session":
            return Session(config, context, certificate).auth()
        case "client_credentials" | "refresh_token":
            return _token_auth(config, context, certificate)
        case "jwt":
            return _token_auth(config, context, certificate) if auth.token_url else _signed_token(auth, context)
    return Auth()


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""


def _token_auth(config: RestConfig, context: Context, certificate: Certificate | None) -> Auth:
    login = _Login(config, context, certificate)
    rotating = config.auth.kind == "refresh_token"
    key = ("rest token", context.system, config.base_url, config.auth.client_id, config.auth.scope, login.seed)
    source = context.http.share(
        key,
        lambda: TokenSource(
            login.fetch, context.clock, store=context.store if rotating else None, system=context.system
        ),
    )
    return TokenAuth(source, _place(config.auth))


def _signed_token(auth: AuthConfig, context: Context) -> Auth:
    """A token that we sign ourselves, for services that ask no token endpoint; a new one in good time."""
    assertion = _Assertion(auth, context)
    return TokenAuth(TokenSource(lambda _: Token(assertion(), _ASSERTION_S), context.clock), _place(auth))


def _place(auth: AuthConfig) -> Callable[[Token], Mapping[str, str]]:
    """Puts a token into its header."""
    name, prefix = (auth.name or "authorization").lower(), "Bearer " if auth.prefix is None else auth.prefix
    return lambda token: {name: prefix + token.value}


class _Assertion:
    """Makes JSON Web Tokens in our name."""

    def __init__(self, auth: AuthConfig, context: Context) -> None:
        self._auth, self._clock = auth, context.clock
        shared = auth.algorithm == "HS256"
        self._sign = hmac_signer(secret_of(auth)) if shared else private_signer(auth, context.system)

    def __call__(self) -> str:
        now = int(self._clock.now().timestamp())
        made = {"iat": now, "exp": now + _ASSERTION_S, "jti": uuid.uuid4().hex}
        token = make_jwt({**made, **self._auth.claims}, self._sign, self._auth.algorithm, self._auth.key_id)
        remember_secret(token)
        return token


class _Login:
    """Asks the token endpoint."""

    def __init__(self, config: RestConfig, context: Context, certificate: Certificate | None) -> None:
        self._config = auth = config.auth
        self._context = context
        self._assertion = _Assertion(auth, context) if auth.kind == "jwt" else None
        for value in (auth.client_secret, auth.refresh_token):
            remember_secret(_secret(value))
        given = f"{_secret(auth.client_secret)} {_secret(auth.refresh_token)}"
        if auth.kind == "jwt":
            given += f" {_secret(auth.key)} {sorted(auth.claims.items())}"
        self.seed = hashlib.sha256(given.encode()).hexdigest()[:16]
        whole = "://" in auth.token_url
        self._path = "" if whole else auth.token_url
        basic = BasicAuth(quote(auth.client_id, safe=""), quote(_secret(auth.client_secret), safe=""))
        self._http = context.http.client(
            system=context.system,
            base_url=auth.token_url if whole else config.base_url,
            auth=basic if auth.send == "basic" else None,
            envelope=self._envelope(),
            budget=context.budget(LOGINS, "token"),
            timeout_s=config.timeout_s,
            certificate=certificate,
        )

    def fetch(self, _: Token | None) -> Token:
        """A new token; what the store keeps is looked at anew, since another process may have rotated it."""
        config = self._config
        asked = {"grant_type": config.kind, **config.params}
        if config.scope:
            asked["scope"] = config.scope
        if self._assertion is not None:
            asked |= {"grant_type": _JWT_BEARER, "assertion": self._assertion()}
        elif config.send != "basic":
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
        client = _SIGNER if self._config.kind == "jwt" else _CLIENT
        refused = {"invalid_grant": used_up if self._config.kind == "refresh_token" else client}
        wrong = ("invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type", "invalid_request")
        passing = {"temporarily_unavailable": RETRY, "server_error": RETRY, "slow_down": THROTTLE}
        rules = {**refused, **dict.fromkeys(wrong, client), **passing}
        return Envelope(_oauth_error, rules, names={Kind.CONFIG: "CON111"}, statuses={400: client, 401: client})


def _oauth_error(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or not body.get("error"):
        return None
    return Complaint(str(body["error"]), str(body.get("error_description") or ""))
