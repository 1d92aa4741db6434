"""Two generations of authentication, of which one request only ever carries one.

The newer one puts a bearer token, the company and the employee into headers. The older one puts three keys beside
`data` into the body and knows employees by long ids (FSUID_...), looked up by mobile number where they are not given.
Tokens are fetched by one thread for all: the token endpoint allows ten calls a minute and never two at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.base import Context
from connectors.fxiaoke.config import LONG_ID, FxiaokeConfig
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http import Auth, Client, Draft, Token, TokenAuth, TokenSource
from goldbridge.ports import Json

_RENEW_EARLY_S = 550.0  # from 6600 s on the vendor hands out a new token while the old one still works


def signed(config: FxiaokeConfig, context: Context, login: Client) -> Auth:
    """What signs every call; connections of one application and employee share one token."""
    gate = _Gate(config, login)
    fetch = gate.header_token if config.style == "header" else gate.body_token
    who = (config.user_id, config.user_mobile) if config.style == "body" else ()
    code = config.permanent_code.get_secret_value()
    key = ("fxiaoke token", context.system, config.base_url, config.style, config.app_id, code, *who)
    source = context.http.share(key, lambda: TokenSource(fetch, context.clock, early_s=_RENEW_EARLY_S))
    return TokenAuth(source, gate.headers) if config.style == "header" else BodyAuth(source)


class BodyAuth(Auth):
    """A token among the top-level keys of the body, anew with every attempt."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    def apply(self, draft: Draft) -> None:
        token = self._source.current()
        draft.token = token.value
        body: dict[str, Json] = draft.body if isinstance(draft.body, dict) else {}
        draft.body = {**body, "corpAccessToken": token.value, **token.extra}

    def renew(self, draft: Draft) -> bool:
        self._source.renew(draft.token)
        return True


class _Gate:
    """Asks for tokens of either generation."""

    def __init__(self, config: FxiaokeConfig, login: Client) -> None:
        self._config, self._login = config, login

    @property
    def _secrets(self) -> dict[str, Json]:
        return {
            "appId": self._config.app_id,
            "appSecret": self._config.app_secret.get_secret_value(),
            "permanentCode": self._config.permanent_code.get_secret_value(),
        }

    def header_token(self, _: Token | None) -> Token:
        asked = {**self._secrets, "grantType": "app_secret"}
        reply = self._login.post("/oauth2.0/token", json=asked, read=True, about="token")
        extra = {"ea": str(reply.unwrap("ea"))}
        return Token(str(reply.unwrap("accessToken")), float(reply.unwrap("expiresIn")), extra=extra)

    def headers(self, token: Token) -> Mapping[str, str]:
        return {
            "authorization": f"Bearer {token.value}",
            "x-fs-ea": token.extra["ea"],
            "x-fs-userid": self._config.user_id,
        }

    def body_token(self, last: Token | None) -> Token:
        reply = self._login.post("/cgi/corpAccessToken/get/V2", json=self._secrets, read=True, about="token")
        value, company = str(reply.unwrap("corpAccessToken")), str(reply.unwrap("corpId"))
        if self._config.user_id.startswith(LONG_ID):
            user = self._config.user_id
        else:
            user = last.extra["currentOpenUserId"] if last else self._user(value, company)
        extra = {"corpId": company, "currentOpenUserId": user}
        return Token(value, float(reply.unwrap("expiresIn")), extra=extra)

    def _user(self, token: str, company: str) -> str:
        """The employee with the configured mobile number."""
        path = "/cgi/user/getByMobile"
        asked = {"corpAccessToken": token, "corpId": company, "mobile": self._config.user_mobile}
        found = self._login.post(path, json=asked, read=True, about="employee", endpoint=path).unwrap("empList")
        if not found:
            message = f"{self._login.system}: no employee of the tenant has the number in user_mobile; correct it"
            raise Misconfigured.one("CON044", message, Mark("config/sources.yaml"))
        return str(found[0]["openUserId"])
