"""Signs in with a user and a password, and sends what the login hands out: a token in a header, or its cookies.

The login speaks the envelope of the system, where one is declared. Whatever it refuses is one error, with what to
look at: nobody can tell a wrong password from a locked user by the answer alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from connectors.base import LOGINS, Context
from connectors.rest.answer import dig, make_envelope
from connectors.rest.config import RestConfig
from connectors.rest.template import Template
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http import Auth, BasicAuth, Certificate, Complaint, Envelope, Kind, Rule, Token, TokenAuth, TokenSource
from goldbridge.http.odata.login import cookies
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_REFUSED = Rule(Kind.CONFIG, "check user, password, params and token_url under `auth`, and that the user is not locked")


class Session:
    """The login of one system."""

    def __init__(self, config: RestConfig, context: Context, certificate: Certificate | None) -> None:
        self._config, self._context = config, context
        self._auth = auth = config.auth
        password = auth.password.get_secret_value() if auth.password else ""
        remember_secret(password)
        self._values = {"user": auth.user, "password": password}
        self._params = [(name, Template(text)) for name, text in auth.params.items()]
        self._seed = hashlib.sha256(f"{auth.user} {password}".encode()).hexdigest()[:16]
        self._envelope = make_envelope(config.envelope)
        self._by_cookie = auth.name.lower() == "cookie"
        whole = "://" in auth.token_url
        self._path = "" if whole else auth.token_url
        self._http = context.http.client(
            system=context.system,
            base_url=auth.token_url if whole else config.base_url,
            auth=BasicAuth(auth.user, password) if auth.send == "basic" else None,
            envelope=Envelope(
                self._complaint,
                refined=(("*", "", _REFUSED),),
                statuses=dict.fromkeys((400, 401, 403, 404, 422), _REFUSED),
                names={Kind.CONFIG: "CON325"},
            ),
            budget=context.budget(LOGINS, "token"),
            timeout_s=config.timeout_s,
            certificate=certificate,
        )

    def auth(self) -> Auth:
        """One session for all threads; its header is `name`, Authorization with Bearer when that is left out."""
        key = ("rest session", self._context.system, self._config.base_url, self._auth.token_url, self._seed)
        source = self._context.http.share(key, lambda: TokenSource(self._fetch, self._context.clock))
        name = self._auth.name.lower() or "authorization"
        prefix = self._auth.prefix if self._auth.prefix is not None else "" if self._auth.name else "Bearer "
        return TokenAuth(source, lambda token: {name: prefix + token.value})

    def _fetch(self, _: Token | None) -> Token:
        asked = {name: text.text(self._values) for name, text in self._params}
        body: Mapping[str, Any] = {"json": asked} if self._auth.send == "json" else {"form": asked}
        reply = self._http.send("POST", self._path, about="login", endpoint="token", **body)
        found = cookies(reply) if self._by_cookie else self._token(reply.data)
        if not found:
            what = "sets no cookie" if self._by_cookie else f"has no {self._auth.token_at!r}"
            message = f"{self._context.system} login: the answer {what}; correct `token_at` or `name` under `auth`"
            raise Misconfigured.one("CON325", message, Mark("config/sources.yaml"))
        for pair in found.split("; ") if self._by_cookie else ():
            remember_secret(pair.partition("=")[2])
        said = dig(reply.data, self._auth.lives_at)
        return Token(found, float(said) if isinstance(said, int | float) and said > 0 else self._auth.lives_s)

    def _token(self, answer: Json) -> str:
        found = dig(answer, self._auth.token_at)
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""

    def _complaint(self, status: int, body: Json) -> Complaint | None:
        """What the system's own envelope says went wrong, unless the token is there; what passes is the client's."""
        if status >= 500 or status == 429 or (status < 400 and self._token(body)):
            return None
        return self._envelope.find(status, body)
