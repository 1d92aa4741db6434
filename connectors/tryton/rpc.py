"""Calls of Tryton's JSON-RPC, and the class of what it answers.

The body has exactly the keys id, method and params: any other key, such as `jsonrpc`, makes the server speak another
protocol. Errors come inside HTTP 200. A refused login is never tried again: after six of them the account is barred.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connectors.base import Context
from connectors.tryton.config import TrytonConfig
from connectors.tryton.value import unwrap
from goldbridge.errors import Halt, Mark, Misconfigured
from goldbridge.http import CONFIG, RECORD, RETRY, Complaint, Envelope, Kind, Rule, Token, TokenAuth, TokenSource
from goldbridge.ports import Json

CHANGED = "ConcurrencyException"
_DAY_S = 86_400.0
_WHOLE_CONTEXT: Mapping[str, Json] = {"active_test": False}
"""Without it, inactive rows vanish from every search and look deleted."""


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or not ("result" in body or "error" in body):
        return Complaint("no result")
    error = body.get("error")
    if error is None:
        return None
    code, *details = error if isinstance(error, list) and error else [str(error)]
    if code in ("UserError", "UserWarning", CHANGED):
        text = details[0] if details else ""
        return Complaint(code, " ".join(str(part) for part in text if part) if isinstance(text, list) else str(text))
    return Complaint("ServerError", str(code))


_PAGE = Rule(Kind.CONFIG, "check base_url, database and the rights of the user")
_ENVELOPE = Envelope(
    find=_find,
    rules={
        "UserError": RECORD,
        "UserWarning": Rule(Kind.RECORD, "a person has to accept this warning in Tryton, then replay the record"),
        CHANGED: RECORD,
        "ServerError": Rule(Kind.CONFIG, "check the fields and values the mapping uses, or the server's log"),
    },
    refined=(("ServerError", "database is locked", RETRY), ("ServerError", "could not serialize", RETRY)),
    names={Kind.CONFIG: "CON092", Kind.RECORD: "CON094"},
)
_LOGIN = Envelope(find=_find, rules={"ServerError": CONFIG}, page=_PAGE, names={Kind.CONFIG: "CON092"})


class Rpc:
    """One user's session on one database; safe to use from several threads."""

    def __init__(self, config: TrytonConfig, context: Context) -> None:
        self._config = config
        self._system = context.system
        self._path = f"/{quote(config.database, safe='')}/rpc/"
        factory = context.http
        shared = context.budget(config.budget)
        self._login = factory.client(
            system=context.system,
            base_url=config.base_url,
            envelope=_LOGIN,
            budget=shared,
            timeout_s=config.timeout_s,
        )
        key = ("tryton session", context.system, config.base_url, config.database, config.user)
        tokens = factory.share(key, lambda: TokenSource(self._sign_in, context.clock))
        self.http = factory.client(
            system=context.system,
            base_url=config.base_url,
            auth=TokenAuth(tokens, lambda token: {"authorization": f"Session {token.value}"}),
            envelope=_ENVELOPE,
            budget=shared,
            timeout_s=config.timeout_s,
        )

    def _sign_in(self, _: Token | None) -> Token:
        secret = {"password": self._config.password.get_secret_value()}
        body = {"id": 1, "method": "common.db.login", "params": [self._config.user, secret, "en"]}
        try:
            reply = self._login.post(self._path, json=body, read=True, about="login")
        except Misconfigured as error:
            if "HTTP 429" in error.message:
                raise Halt(
                    "CON091",
                    f"{self._system}: Tryton takes no more logins of '{self._config.user}' after too many wrong ones; "
                    "correct the password, wait some minutes, then run again",
                ) from None
            if "HTTP 401" in error.message or "HTTP 403" in error.message:
                raise Misconfigured.one(
                    "CON090",
                    f"{self._system}: Tryton refused the login of '{self._config.user}' on database "
                    f"'{self._config.database}'; correct `user` or the secret behind `password`",
                    Mark("config/sources.yaml"),
                ) from None
            raise
        user_id, session, *_rest = reply.unwrap("result")
        value = base64.b64encode(f"{self._config.user}:{user_id}:{session}".encode()).decode()
        return Token(value, _DAY_S)

    def ask(self, method: str, *params: Json, about: str = "") -> Json:
        """A read, e.g. `ask("party.party.search", [], 0, 10, None)`; the answer in JSON-safe form."""
        return unwrap(self._call(method, params, _WHOLE_CONTEXT, read=True, about=about))

    def change(self, method: str, *params: Json, about: str = "", timestamps: Mapping[str, str] | None = None) -> Json:
        """A write. `timestamps` ("party.party,7" -> its `_timestamp`) refuses it when somebody was faster."""
        context: dict[str, Json] = dict(_WHOLE_CONTEXT)
        if timestamps:
            context["_timestamp"] = dict(timestamps)
        return self._call(method, params, context, read=False, about=about)

    def search(
        self, model: str, domain: Sequence[Json], fields: Sequence[str], *, limit: int | None = None, about: str = ""
    ) -> list[dict[str, Any]]:
        """Rows of a model by (write_date, id)."""
        order = [["write_date", "ASC"], ["id", "ASC"]]
        found = self.ask(f"{model}.search_read", list(domain), 0, limit, order, list(fields), about=about)
        rows: list[dict[str, Any]] = found
        return rows

    def _call(
        self, method: str, params: Sequence[Json], context: Mapping[str, Json], *, read: bool, about: str
    ) -> Json:
        body = {"id": 1, "method": f"model.{method}", "params": [*params, dict(context)]}
        return self.http.post(self._path, json=body, read=read, about=about).unwrap("result")
