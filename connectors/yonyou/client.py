"""The calls of a tenant: where its data centre is, a token that travels in the address, lists and saves."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, Protocol

from connectors.base import Context, RawRow
from connectors.yonyou.config import YonyouConfig, YonyouList
from connectors.yonyou.envelope import BIP, U8
from goldbridge.errors import Halt, Mark, Misconfigured
from goldbridge.http import Auth, Client, Draft, Envelope, Reply, Token, TokenSource
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_GATEWAY = "/open-auth/dataCenter/getGatewayAddress"
_TOKEN = "/open-auth/selfAppAuth/base/v1/getAccessToken"  # noqa: S105 - a path


class Lister(Protocol):
    """What a listing needs of either edition."""

    def page(
        self, entry: YonyouList, since: str, index: int, about: str, *, size: int = 0
    ) -> tuple[list[RawRow], int | None]:
        """One page, counted from 1, and how many rows there are in all where the answer says so."""
        ...

    def server_now(self) -> datetime: ...


class _QueryToken(Auth):
    """A token among the parameters of the address."""

    def __init__(self, source: TokenSource, name: str) -> None:
        self._source, self._name = source, name

    def apply(self, draft: Draft) -> None:
        draft.token = self._source.current().value
        draft.params.append((self._name, draft.token))

    def renew(self, draft: Draft) -> bool:
        self._source.renew(draft.token)
        return True


class _Base:
    """What both editions share."""

    def __init__(self, config: YonyouConfig, context: Context) -> None:
        self.config, self.context = config, context
        self.secret = config.app_secret.get_secret_value()
        remember_secret(self.secret)

    def make(self, base_url: str, envelope: Envelope, auth: Auth | None = None) -> Client:
        config, context = self.config, self.context
        return context.http.client(
            system=context.system,
            base_url=base_url,
            auth=auth,
            envelope=envelope,
            budget=context.budget(config.budget),
            timeout_s=config.timeout_s,
            plain_http=config.plain_http,
        )

    def share(self, what: str, make: Callable[[], Any]) -> Any:
        config = self.config
        key = (what, self.context.system, config.base_url, config.gateway_url, config.tenant_id, config.app_key)
        return self.context.http.share(key, make)

    def rows(self, found: Any, about: str) -> list[RawRow]:
        if not isinstance(found, list) or any(not isinstance(row, dict) for row in found):
            raise Halt("CON019", f"{self.context.system} {about}: the answer is not a list of records; the API changed")
        return found


class _Gateway:
    """The way in that all connections of a tenant share, found by the first of them that makes a call."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._client: Client | None = None

    def open(self, connect: Callable[[], Client]) -> Client:
        with self._lock:
            if self._client is None:
                self._client = connect()
            return self._client


class BipClient(_Base):
    """A YonBIP or YonSuite tenant; its hosts are asked for once, when the first call is made."""

    def __init__(self, config: YonyouConfig, context: Context) -> None:
        super().__init__(config, context)
        if bool(config.gateway_url) != bool(config.token_url) or not (config.gateway_url or config.tenant_id):
            message = f"{context.system}: give `tenant_id`, or both `gateway_url` and `token_url`"
            raise Misconfigured.one("CON179", message, Mark("config/sources.yaml"))

        self._gateway: _Gateway = self.share("yonyou gateway", _Gateway)

    @property
    def http(self) -> Client:
        return self._gateway.open(self._connect)

    def _connect(self) -> Client:
        gateway, token_url = self.config.gateway_url, self.config.token_url
        if not gateway:
            asked = {"tenantId": self.config.tenant_id}
            reply = self.make(self.config.base_url, BIP).get(_GATEWAY, params=asked, about="data centre")
            gateway, token_url = str(reply.unwrap("data.gatewayUrl")), str(reply.unwrap("data.tokenUrl"))
        login = self.make(token_url, BIP)
        source = TokenSource(lambda _: self._token(login), self.context.clock)
        return self.make(gateway, BIP, _QueryToken(source, "access_token"))

    def _token(self, login: Client) -> Token:
        stamp = str(int(self.context.clock.now().timestamp() * 1000))
        text = f"appKey{self.config.app_key}timestamp{stamp}"
        digest = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).digest()
        signed = {"appKey": self.config.app_key, "timestamp": stamp, "signature": base64.b64encode(digest).decode()}
        reply = login.get(_TOKEN, params=signed, about="token", endpoint="token")
        return Token(str(reply.unwrap("data.access_token")), float(reply.unwrap("data.expire")))

    def page(
        self, entry: YonyouList, since: str, index: int, about: str, *, size: int = 0
    ) -> tuple[list[RawRow], int | None]:
        body: dict[str, Json] = {**entry.body, "pageIndex": index, "pageSize": size or self.config.page_size}
        match entry.since if since else "none":
            case "pubts":
                body["pubts"] = since
            case "simple":
                body["simple"] = {**entry.body.get("simple", {}), "pubts": since}
            case "vos":
                body["simpleVOs"] = [*entry.body.get("simpleVOs", []), _vo("pubts", "gt", since)]
        return self._listed(entry, body, about)

    def by_code(self, entry: YonyouList, code: str, about: str) -> RawRow | None:
        """The record with this very code; the server may take the condition for a likeness, or ignore it."""
        body: dict[str, Json] = {**entry.body, "pageIndex": 1, "pageSize": 10}
        match entry.since:
            case "simple":
                body["simple"] = {"code": code}
            case "vos":
                body["simpleVOs"] = [_vo("code", "eq", code)]
            case _:
                body["code"] = code
        rows, _ = self._listed(entry, body, about)
        return next((row for row in rows if str(row.get("code")) == code), None)

    def _listed(self, entry: YonyouList, body: Mapping[str, Json], about: str) -> tuple[list[RawRow], int | None]:
        """A bare list, or a record list with its count: each service has its own shape."""
        reply = self.http.post(entry.path, json=dict(body), read=True, about=about, endpoint=entry.path)
        data = reply.unwrap("data")
        if isinstance(data, dict):
            total = data.get("recordCount")
            return self.rows(reply.unwrap("data.recordList"), about), None if total is None else int(total)
        return self.rows(data, about), None

    def change(self, path: str, body: Json, *, about: str, repeatable: bool = False) -> Reply:
        """A write; `repeatable` carries a key of its own, so that sending it once more does nothing new."""
        return self.http.post(path, json=body, read=repeatable, about=about, endpoint=path)

    def server_now(self) -> datetime:
        return self.http.server_now()


class U8Client(_Base):
    """A U8+ server behind the vendor's relay; everything travels in the address."""

    def __init__(self, config: YonyouConfig, context: Context) -> None:
        super().__init__(config, context)
        if not config.from_account or not config.to_account:
            message = f"{context.system}: a U8+ needs `from_account` and `to_account`"
            raise Misconfigured.one("CON179", message, Mark("config/sources.yaml"))
        self._login = self.make(config.base_url, U8)
        source = self.share("u8 token", lambda: TokenSource(lambda _: self._token(), context.clock))
        self._http = self.make(config.base_url, U8, _QueryToken(source, "token"))

    def _token(self) -> Token:
        asked = {"from_account": self.config.from_account, "app_key": self.config.app_key, "app_secret": self.secret}
        reply = self._login.get("/system/token", params=asked, about="token", endpoint="token")
        return Token(str(reply.unwrap("token.id")), 7200.0)

    def page(
        self, entry: YonyouList, since: str, index: int, about: str, *, size: int = 0
    ) -> tuple[list[RawRow], int | None]:
        config = self.config
        asked = {
            "from_account": config.from_account,
            "to_account": config.to_account,
            "app_key": config.app_key,
            "ds_sequence": config.ds_sequence or None,
            "page_index": index,
            "rows_per_page": size or config.page_size,
            "ModifyDate_begin": since[:10] or None,
            **entry.body,
        }
        path = f"/api/{entry.path}/batch_get"
        reply = self._http.get(path, params=asked, about=about, endpoint=path)
        total = reply.data.get("row_count")
        return self.rows(reply.unwrap(entry.path), about), None if total is None else int(total)

    def server_now(self) -> datetime:
        return self._http.server_now()


def _vo(field: str, op: str, value: str) -> dict[str, str]:
    return {"field": field, "op": op, "value1": value}
