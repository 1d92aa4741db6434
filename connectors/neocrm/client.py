"""The calls of the V2.0 API that we use, and what its answers mean.

No table of the vendor's codes could be found. HTTP status counts first, then what the tenant's settings say about a
code or a word, then the words that clients report; a code that nobody knows is neither success nor an empty page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.base import Context, RawRow
from connectors.neocrm.config import NeocrmConfig
from goldbridge.errors import Halt, Reject
from goldbridge.http import (
    CONFIG,
    RECORD,
    THROTTLE,
    Client,
    Complaint,
    Envelope,
    Kind,
    Reply,
    Rule,
    Token,
    TokenAuth,
    TokenSource,
)
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_QUERY = "/rest/data/v2.0/query/xoql"
_LARGEST = 10**15
_REFRESH = Rule(Kind.REFRESH, "check client_id, username, password and security_token, and the user's rights")
_LOGIN = Rule(Kind.CONFIG, "check login_url, client_id, redirect_uri, username, password and security_token")
_NAMES = {Kind.CONFIG: "CON311", Kind.RECORD: "CON314"}

WORDS: tuple[tuple[str, Rule], ...] = (
    *((word, RECORD) for word in ("必填", "重复", "校验", "required", "duplicate")),
    *((word, THROTTLE) for word in ("频率", "frequency", "too many requests")),
    ("token", _REFRESH),
    *((word, CONFIG) for word in ("object not exist", "field not exist", "对象不存在", "字段不存在", "syntax")),
    *((word, RECORD) for word in ("invalid", "not exist", "不存在")),
)
"""A word of the sentence -> what it means. The first that fits counts: the name of a field may hold any later word."""


def envelope(config: NeocrmConfig) -> Envelope:
    """The table of this tenant: its own words and codes before ours."""

    def entry(key: str, rule: Rule) -> tuple[str, str, Rule]:
        return (key, "", rule) if key.lstrip("-").isdigit() else ("*", key.casefold(), rule)

    own = [entry(key, Rule(Kind(kind))) for key, kind in config.classes.items()]
    return Envelope(
        _find,
        refined=(*own, *(("*", word, rule) for word, rule in WORDS)),
        statuses={401: _REFRESH, 403: _REFRESH},
        names=_NAMES,
    )


def _find(status: int, body: Json) -> Complaint | None:
    """All generations: `code` as number or text (0 where metadata is asked for), `error_code` of V1; a refused status
    speaks for itself."""
    if status in (401, 403, 408, 429) or status >= 500:
        return None
    if not isinstance(body, dict):
        return Complaint("no object")
    if "error_code" in body:
        return Complaint(str(body["error_code"]), str(body.get("message") or body.get("msg") or ""))
    if "code" not in body:
        return Complaint("no code")
    code = str(body["code"])
    return None if code in ("200", "0") else Complaint(code, str(body.get("msg") or body.get("message") or ""))


def _find_login(status: int, body: Json) -> Complaint | None:
    if status == 429 or status >= 500 or not isinstance(body, dict) or "error" not in body:
        return None
    return Complaint(str(body["error"]), str(body.get("error_description") or ""))


LOGIN = Envelope(
    _find_login,
    refined=(("*", "", _LOGIN),),
    statuses={400: _LOGIN, 401: _LOGIN, 403: _LOGIN},
    names={Kind.CONFIG: "CON310"},
)


class NeocrmClient:
    """Asks and changes objects by their api keys."""

    def __init__(self, config: NeocrmConfig, context: Context) -> None:
        self._config, self.system = config, context.system
        factory = context.http
        secrets = (config.client_secret, config.password, config.security_token)
        for secret in secrets:
            remember_secret(secret.get_secret_value())
        self._password = config.password.get_secret_value() + config.security_token.get_secret_value()
        remember_secret(self._password)
        shared = context.budget(config.budget)
        self._login = factory.client(
            system=self.system,
            base_url=config.login_url,
            envelope=LOGIN,
            budget=shared,
            timeout_s=config.timeout_s,
        )
        key = ("neocrm token", self.system, config.login_url, config.client_id, config.username, self._password)
        tokens = factory.share(key, lambda: TokenSource(self._fetch_token, context.clock))
        self.http: Client = factory.client(
            system=self.system,
            base_url=config.base_url,
            auth=TokenAuth(tokens, self._headers),
            envelope=envelope(config),
            budget=shared,
            timeout_s=config.timeout_s,
        )

    def _fetch_token(self, _: Token | None) -> Token:
        config = self._config
        form = {
            "grant_type": "password",
            "client_id": config.client_id,
            "client_secret": config.client_secret.get_secret_value(),
            "redirect_uri": config.redirect_uri,
            "username": config.username,
            "password": self._password,  # the token follows the password without anything between them
        }
        reply = self._login.send("POST", config.token_path, form=form, about="token")
        told = reply.data.get("expires_in") if isinstance(reply.data, dict) else None
        return Token(str(reply.unwrap("access_token")), float(told) if told else config.token_s)

    def _headers(self, token: Token) -> Mapping[str, str]:
        view = {"xsy-criteria": "10"} if self._config.all_rows else {}
        return {"authorization": f"Bearer {token.value}", **view}

    def query(self, text: str, *, about: str) -> tuple[int, list[RawRow]]:
        """How many rows match in all, and those of this page; a refused question is ours: no record is blamed."""
        reply = self.ask("POST", _QUERY, form={"xoql": text}, about=about)
        rows = reply.unwrap("data.records")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Halt("CON019", f"{self.system} {about}: data.records is not a list of rows")
        return int(reply.unwrap("data.totalSize")), [plain(row) for row in rows]

    def ask(self, method: str, path: str, *, form: Mapping[str, str] | None = None, about: str) -> Reply:
        """A call that changes nothing."""
        try:
            return self.http.send(method, path, form=form, about=about)
        except Reject as error:
            raise Halt(error.code, error.message) from None

    def change(self, method: str, path: str, values: Mapping[str, Json] | None, *, about: str) -> Reply:
        """A write."""
        body = None if values is None else {"data": dict(values)}
        return self.http.send(method, path, json=body, write=True, about=about)


def path(name: str, rest: str = "") -> str:
    return f"/rest/data/v2.0/xobjects/{name}{rest}"


def plain(row: Mapping[str, Json]) -> RawRow:
    """A row whose long numbers are text: ids have up to 64 bits, and a spreadsheet or a browser would round them."""
    return {name: _text(value) for name, value in row.items()}


def _text(value: Json) -> Json:
    if isinstance(value, list):
        return [_text(each) for each in value]
    long = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LARGEST
    return str(value) if long else value


def texts(field: str, values: Sequence[str]) -> str:
    """A condition on texts. How a quote is escaped is documented nowhere, so the caller has sorted those out."""
    quoted = ",".join(f"'{value}'" for value in values)
    return f"{field} in ({quoted})"


def can_ask(value: str) -> bool:
    """Whether a text may stand in a question."""
    return bool(value) and not any(char in value for char in "'\"\\\n\r")
