"""The two credentials OData services ask for beyond a password: an OAuth token and a CSRF token with its cookies."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from goldbridge.http.auth import Auth, TokenAuth
from goldbridge.http.client import Client
from goldbridge.http.envelope import Complaint, Envelope, Kind, Rule
from goldbridge.http.exchange import Reply
from goldbridge.http.factory import HttpFactory
from goldbridge.http.request import Draft
from goldbridge.http.token import Token, TokenSource
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_SESSION_S = 1500.0
_PAIRS = re.compile(r",\s*(?=[^\s;,=]+=)")
_LATER = Rule(Kind.RETRY)
_LOGIN = Envelope(
    find=lambda status, body: _complaint(status, body),
    rules={
        **dict.fromkeys(("temporarily_unavailable", "server_error", "HTTP 5*"), _LATER),
        "HTTP 429*": Rule(Kind.THROTTLE),
        "refused*": Rule(
            Kind.CONFIG, "check token_url, client_id, client_secret and scope, and the application's rights"
        ),
    },
    names={Kind.CONFIG: "CON123"},
)


def _complaint(status: int, body: Json) -> Complaint | None:
    error = body.get("error") if isinstance(body, dict) else None
    if error:
        text = str(body.get("error_description") or "")
        passing = error in ("temporarily_unavailable", "server_error")
        return Complaint(str(error) if passing else f"refused: {error if isinstance(error, str) else status}", text)
    if status < 400:
        return None
    return Complaint(f"HTTP {status}" if status >= 500 or status == 429 else f"refused: HTTP {status}")


def client_credentials(
    factory: HttpFactory, system: str, token_url: str, client_id: str, secret: str, scope: str, timeout_s: float
) -> Auth:
    """OAuth client credentials; one token for all connections of this system, fetched anew before it dies."""
    remember_secret(secret)
    parts = urlsplit(token_url)
    login = factory.client(
        system=system,
        base_url=f"{parts.scheme}://{parts.netloc}",
        envelope=_LOGIN,
        budget=factory.budget(system, calls=20, per_s=60.0, name="token"),
        timeout_s=timeout_s,
    )

    def fetch(_: Token | None) -> Token:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        form |= {"scope": scope} if scope else {}
        reply = login.send("POST", parts.path or "/", form=form, about="token")
        lives_s = float(reply.unwrap("expires_in"))
        return Token(str(reply.unwrap("access_token")), lives_s * 0.8)

    key = ("odata token", system, token_url, client_id, secret, scope)
    source = factory.share(key, lambda: TokenSource(fetch, factory.clock, early_s=0.0))
    return TokenAuth(source, lambda token: {"authorization": f"Bearer {token.value}"})


class Csrf(Auth):
    """A CSRF token and the cookies of the session it belongs to, on every call that is no GET.

    The token alone is worth nothing: all cookies that came with it go back with it. A service that hands none out asks
    for none.
    """

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    def apply(self, draft: Draft) -> None:
        if draft.method != "GET":
            token = self._source.current()
            draft.headers.update({"x-csrf-token": token.value} if token.value else {})
            draft.headers.update({"cookie": token.extra["cookie"]} if token.extra.get("cookie") else {})

    def renew(self, draft: Draft) -> bool:
        if draft.method == "GET":
            return False
        self._source.renew(draft.headers.get("x-csrf-token", ""))
        return True


def csrf(factory: HttpFactory, client: Client, key: object, fetch_from: Callable[[], str]) -> Csrf:
    """One session for all threads; `fetch_from` says which path hands tokens out."""

    def fetch(_: Token | None) -> Token:
        headers = {"x-csrf-token": "Fetch", "accept": "application/json"}
        reply = client.send("GET", fetch_from(), headers=headers, about="CSRF token", as_text=True)
        cookie = cookies(reply)
        remember_secret(cookie)
        for pair in cookie.split("; "):
            remember_secret(pair.partition("=")[2])
        return Token(reply.headers.get("x-csrf-token", ""), _SESSION_S, extra={"cookie": cookie})

    return Csrf(factory.share(("odata csrf", key), lambda: TokenSource(fetch, factory.clock, early_s=0.0)))


def cookies(reply: Reply) -> str:
    """The cookies an answer set, as they go back; several headers come joined by commas, and dates hold commas too."""
    kept: dict[str, str] = {}
    for line in _PAIRS.split(reply.headers.get("set-cookie", "")):
        name, found, value = line.split(";", 1)[0].strip().partition("=")
        if found:
            kept[name] = value
    return "; ".join(f"{name}={value}" for name, value in kept.items())
