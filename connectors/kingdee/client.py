"""The services of an account book that we call: a query, and the verbs that change records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import Context, RawRow
from connectors.kingdee.auth import SignedSession, check, login, session_headers
from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.envelope import ASK, CHANGE, LOGIN
from goldbridge.errors import Halt, Misconfigured
from goldbridge.http import Auth, Client, Reply, Token, TokenAuth, TokenSource
from goldbridge.ports import Json

_SERVICE = "/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.{}.common.kdsvc"
_LOGIN = "/Kingdee.BOS.WebApi.ServicesStub.AuthService.{}.common.kdsvc"
_DAY_S = 86_400.0  # no lifetime is published: a session is used until it is refused
_SPELLINGS = ("ExcuteOperation", "ExecuteOperation")


class KingdeeClient:
    """One user's way into one account book; safe to use from several threads."""

    def __init__(self, config: KingdeeConfig, context: Context) -> None:
        check(config, context.system)
        self._config, self._context = config, context
        key = ("kingdee", context.system, config.base_url, config.acct_id, config.user, config.auth, config.app_id)
        self._signed: SignedSession | None = None
        auth: Auth
        if config.auth == "signed":
            auth = self._signed = context.http.share(key, lambda: SignedSession(config, context.clock))
        else:
            tokens = context.http.share(key, lambda: TokenSource(self._sign_in, context.clock))
            auth = TokenAuth(tokens, lambda token: session_headers(token.value))
        self.http = self._client(auth, ASK)
        self._writing = self._client(auth, CHANGE)
        self._operation: str = config.operation

    def _client(self, auth: Auth | None, envelope: Any) -> Client:
        config, context = self._config, self._context
        return context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=auth,
            envelope=envelope,
            budget=context.budget(config.budget),
            timeout_s=config.timeout_s,
            plain_http=config.plain_http,
        )

    def _sign_in(self, _: Token | None) -> Token:
        service, parameters = login(self._config, self._context.clock)
        client = self._client(None, LOGIN)
        reply = client.post(_LOGIN.format(service), json={"parameters": parameters}, read=True, about="login")
        return Token(str(reply.unwrap("KDSVCSessionId")), _DAY_S)

    def query(
        self,
        form: str,
        keys: Sequence[str],
        conditions: Sequence[str],
        order: str,
        *,
        limit: int,
        start: int = 0,
        about: str = "",
    ) -> list[RawRow]:
        """Rows as objects by field key. The end row is left at 0: it is no page size, whatever its name says."""
        data = {
            "FormId": form,
            "FieldKeys": ",".join(keys),
            "FilterString": " and ".join(f"({each})" for each in conditions if each),
            "OrderString": order,
            "TopRowCount": 0,
            "StartRow": start,
            "Limit": limit,
        }
        reply = self._kept(
            self.http.post(_SERVICE.format("ExecuteBillQuery"), json={"data": data}, read=True, about=about)
        )
        rows = reply.data
        if not isinstance(rows, list) or any(not isinstance(row, list) or len(row) != len(keys) for row in rows):
            raise Halt("CON019", f"{reply.subject}: the answer is not a table of {len(keys)} columns; the API changed")
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def describe(self, form: str, *, about: str) -> Mapping[str, Any]:
        """What the account book says of a form and its fields."""
        data = {"data": {"FormId": form}}
        reply = self._kept(self.http.post(_SERVICE.format("QueryBusinessInfo"), json=data, read=True, about=about))
        found: Mapping[str, Any] = reply.unwrap("Result.NeedReturnData") or {}
        return found

    def change(self, service: str, form: str, data: Mapping[str, Json], *, about: str) -> Mapping[str, Any]:
        """A write; the status with its outcome per record."""
        body = {"formid": form, "data": dict(data)}
        reply = self._kept(self._writing.post(_SERVICE.format(service), json=body, about=about))
        found: Mapping[str, Any] = reply.unwrap("Result.ResponseStatus") or {}
        return found

    def operate(self, operation: str, form: str, data: Mapping[str, Json], *, about: str) -> Mapping[str, Any]:
        """The generic operation, whose name is spelt in two ways; a service that is not there has done nothing."""
        body = {"formid": form, "opNumber": operation, "data": dict(data)}
        spellings = (self._operation, *(each for each in _SPELLINGS if each != self._operation))
        for spelling in spellings:
            try:
                reply = self._kept(self._writing.post(_SERVICE.format(spelling), json=body, about=about))
            except Misconfigured as error:
                if "HTTP 404" not in error.message or spelling == spellings[-1]:
                    raise
                continue
            self._operation = spelling
            found: Mapping[str, Any] = reply.unwrap("Result.ResponseStatus") or {}
            return found
        raise AssertionError("one of the spellings answers or raises")

    def _kept(self, reply: Reply) -> Reply:
        if self._signed is not None:
            self._signed.learn(reply.headers)
        return reply


def quoted(text: str) -> str:
    """A text for the filter, which is close to SQL."""
    return "'" + text.replace("'", "''") + "'"
