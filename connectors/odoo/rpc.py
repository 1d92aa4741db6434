"""Calls of a model's methods over either protocol, and what the server's exceptions mean.

JSON-RPC answers HTTP 200 to everything and wraps exceptions; its login says `false` to wrong credentials and knows no
error for them. JSON-2 speaks through HTTP statuses. All arguments are named, so that both protocols take the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import Context
from connectors.odoo.config import OdooConfig
from goldbridge.errors import Halt, Mark, Misconfigured
from goldbridge.http import (
    CONFIG,
    RECORD,
    RETRY,
    Client,
    Complaint,
    Draft,
    Envelope,
    HeaderKey,
    Kind,
    Rule,
    Signed,
    Token,
    TokenSource,
)
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_FOREVER_S = 86_400.0
_ACCESS = Rule(Kind.CONFIG, "check database, user and api_key, and the access rights of the user")
_NAMES = Rule(Kind.CONFIG, "check the model and its fields in the settings of this system")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("AccessDenied", "AccessError", "HTTP 401", "HTTP 403"), _ACCESS),
    **dict.fromkeys(("ValidationError", "UserError", "RedirectWarning", "MissingError", "HTTP 422"), RECORD),
    **dict.fromkeys(
        ("IntegrityError", "UniqueViolation", "NotNullViolation", "ForeignKeyViolation", "CheckViolation"), RECORD
    ),
    **dict.fromkeys(("KeyError", "ValueError", "AttributeError", "TypeError", "HTTP 404"), _NAMES),
    **dict.fromkeys(("SerializationFailure", "OperationalError", "LockNotAvailable"), RETRY),
    "no": CONFIG,
}
_REFINED = (("*", "could not serialize access", RETRY),)
_ERRORS = {Kind.CONFIG: "CON301", Kind.RECORD: "CON302"}


def _exception(found: Mapping[str, Any], text: object = "") -> Complaint:
    """The class of an exception without its module, and the first line of what it says."""
    said = str(found.get("message") or text or "").strip().splitlines()
    return Complaint(str(found.get("name") or "").rpartition(".")[2], said[0] if said else "")


def _find_rpc(status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or ("result" not in body and "error" not in body):
        return Complaint("no", "neither result nor error") if status < 400 else None
    error = body.get("error")
    if not error:
        return None
    data = error.get("data") if isinstance(error, dict) else None
    return _exception(
        data if isinstance(data, dict) else {}, error.get("message") if isinstance(error, dict) else error
    )


def _find_json2(status: int, body: Json) -> Complaint | None:
    if status < 400:
        return None
    if status in (401, 403, 404):
        return Complaint(f"HTTP {status}", str(body.get("message") or "") if isinstance(body, dict) else "")
    if status == 422 and isinstance(body, dict) and body.get("name"):
        return _exception(body)
    return Complaint("HTTP 422") if status == 422 else None


class Rpc:
    """One user's way into one database; safe to use from several threads."""

    def __init__(self, config: OdooConfig, context: Context) -> None:
        self._config, self._system, self._clock = config, context.system, context.clock
        secret = config.api_key.get_secret_value()
        remember_secret(secret)
        shared = context.budget(config.budget)
        key = ("odoo user", context.system, config.base_url, config.database, config.user)
        self._users = context.http.share(key, lambda: TokenSource(self._sign_in, context.clock))
        newer = config.protocol == "json2"
        self.http: Client = context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=HeaderKey("authorization", secret, "bearer ") if newer else Signed(self._sign, stale=False),
            envelope=Envelope(_find_json2 if newer else _find_rpc, RULES, _REFINED, names=_ERRORS),
            budget=shared,
            timeout_s=config.timeout_s,
            plain_http=config.plain_http,
        )
        self._login: Client = context.http.client(
            system=context.system,
            base_url=config.base_url,
            envelope=Envelope(_find_rpc, RULES, _REFINED, names=_ERRORS),
            budget=shared,
            timeout_s=config.timeout_s,
            plain_http=config.plain_http,
        )

    def _sign_in(self, _: Token | None) -> Token:
        config = self._config
        arguments = [config.database, config.user, config.api_key.get_secret_value(), {}]
        found = self._login.post(
            "/jsonrpc", json=_envelope("common", "authenticate", arguments), read=True, about="login"
        )
        user = found.unwrap("result")
        if not isinstance(user, int) or user is False:
            raise Misconfigured.one(
                "CON300",
                f"{self._system}: Odoo refused the login of '{config.user}' on database '{config.database}'; "
                "correct `user` or the secret behind `api_key`",
                Mark("config/sources.yaml"),
            )
        return Token(f"user {user}", _FOREVER_S, extra={"id": str(user)})

    def _sign(self, draft: Draft) -> None:
        """Every call names the database, the user's number and the key."""
        user = int(self._users.current().extra["id"])
        arguments = [
            self._config.database,
            user,
            self._config.api_key.get_secret_value(),
            *draft.body["params"]["args"],
        ]
        draft.body = {**draft.body, "params": {**draft.body["params"], "args": arguments}}

    def call(
        self,
        model: str,
        method: str,
        named: Mapping[str, Json],
        *,
        ids: Sequence[int] | None = None,
        write: bool = False,
        about: str = "",
    ) -> Json:
        """One method of a model; inactive rows are never hidden."""
        arguments: dict[str, Json] = {**named, "context": {"active_test": False}}
        if self._config.protocol == "json2":
            body = arguments if ids is None else {"ids": list(ids), **arguments}
            headers = {"x-odoo-database": self._config.database}
            path = f"/json/2/{model}/{method}"
            return self.http.send("POST", path, json=body, headers=headers, write=write, about=about).data
        positional: list[Json] = [] if ids is None else [list(ids)]
        body = _envelope("object", "execute_kw", [model, method, positional, arguments])
        return self.http.post("/jsonrpc", json=body, read=not write, about=about).unwrap("result")

    def search(
        self,
        model: str,
        domain: Sequence[Json],
        fields: Sequence[str],
        *,
        limit: int = 0,
        offset: int = 0,
        about: str = "",
    ) -> list[dict[str, Any]]:
        """Rows in the order of their ids."""
        named: dict[str, Json] = {"domain": list(domain), "fields": list(fields), "order": "id", "offset": offset}
        if limit:
            named["limit"] = limit
        rows = self.call(model, "search_read", named, about=about)
        if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
            raise Halt("CON019", f"{self._system} {about}: the answer is not a list of rows; the API changed")
        return rows


def _envelope(service: str, method: str, arguments: list[Json]) -> dict[str, Json]:
    return {
        "jsonrpc": "2.0",
        "method": "call",
        "id": 1,
        "params": {"service": service, "method": method, "args": arguments},
    }
