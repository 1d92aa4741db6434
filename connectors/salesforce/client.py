"""The calls of the REST API that we use, and the class of every code it may answer with.

Errors are arrays of `errorCode`; inside the results of a collection the same codes are called `statusCode`. The edge in
front of the API sometimes answers with a web page, which passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from connectors.base import Context
from connectors.salesforce.config import SalesforceConfig
from connectors.salesforce.login import Login
from goldbridge.errors import GoldbridgeError, Halt, Mark, Misconfigured, Reject
from goldbridge.http import (
    CONFIG,
    RECORD,
    RETRY,
    THROTTLE,
    Client,
    Complaint,
    Envelope,
    Kind,
    Reply,
    Rule,
    TokenAuth,
    TokenSource,
)
from goldbridge.ports import Json

URL_BYTES = 16_000  # the server takes 16,384, our own host name included
_QUOTA = Rule(Kind.THROTTLE, "the org's API calls of 24 hours are used up", wait_s=3600.0)
_TWINS = Rule(Kind.RECORD, "several records carry this external id: merge them, then replay")

RULES: Mapping[str, Rule] = {
    "INVALID_SESSION_ID": Rule(Kind.REFRESH, "check the credentials, and that the user may use the API"),
    "REQUEST_LIMIT_EXCEEDED": _QUOTA,
    **dict.fromkeys(("SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION"), RETRY),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": RETRY,
    **dict.fromkeys(("REQUIRED_FIELD_MISSING", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "DUPLICATE_VALUE"), RECORD),
    "DUPLICATES_DETECTED": Rule(Kind.RECORD, "merge the duplicates, or set duplicate_rules: override, then replay"),
    **dict.fromkeys(("INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED", "STRING_TOO_LONG"), RECORD),
    **dict.fromkeys(("INVALID_EMAIL_ADDRESS", "NUMBER_OUTSIDE_VALID_RANGE", "JSON_PARSER_ERROR", "INVALID_*"), RECORD),
    **dict.fromkeys(("MALFORMED_ID", "MISSING_ARGUMENT", "EXCEEDED_ID_LIMIT", "API_ERROR", "FIELD_*"), RECORD),
    "300": _TWINS,
    "DUPLICATE_EXTERNAL_ID": _TWINS,
    **dict.fromkeys(("INVALID_FIELD", "INVALID_TYPE", "MALFORMED_QUERY"), CONFIG),
    **dict.fromkeys(("INVALID_FIELD_FOR_INSERT_UPDATE", "TXN_SECURITY_METERING_ERROR"), CONFIG),
    "403 *": Rule(Kind.CONFIG, "grant the user behind the connected app access to the object and the API"),
    "404 *": Rule(Kind.CONFIG, "check base_url, api_version, external_id and the names in `objects`"),
}


def _find(status: int, body: Json) -> Complaint | None:
    if status == 300:
        return Complaint("300", "more than one record")
    if status < 400 or not isinstance(body, list) or not body or not isinstance(body[0], dict):
        return None
    code, text = str(body[0].get("errorCode") or ""), str(body[0].get("message") or "")
    if status in (403, 404) and RULES.get(code) is not _QUOTA:
        code = f"{status} {code}"
    return Complaint(code, text) if code else None


ENVELOPE = Envelope(
    _find,
    RULES,
    statuses={420: THROTTLE, 406: RETRY, 414: CONFIG},
    page=Rule(Kind.RETRY, "the edge answers with a web page: look at the status page of the org", then=Kind.HALT),
    names={Kind.CONFIG: "CON196", Kind.RECORD: "CON197"},
)


class SalesforceClient:
    """Asks and changes; every call goes to the host that the last token named."""

    def __init__(self, config: SalesforceConfig, context: Context) -> None:
        self._config, self._factory, self.system = config, context.http, context.system
        self._budget = context.budget(config.budget)
        login = Login(config, context)
        store = context.store if config.grant == "refresh_token" else None
        key = ("salesforce token", self.system, config.base_url, config.consumer_key, config.grant, login.origin)
        self._tokens: TokenSource = self._factory.share(
            key, lambda: TokenSource(login.fetch, context.clock, store=store, system=self.system)
        )

    @property
    def page_size(self) -> int:
        return self._config.page_size

    @property
    def http(self) -> Client:
        instance = self._tokens.current().extra["instance_url"]
        return self._factory.share(("salesforce", self.system, instance), lambda: self._made(instance))

    def _made(self, instance: str) -> Client:
        return self._factory.client(
            system=self.system,
            base_url=instance,
            auth=TokenAuth(self._tokens, lambda token: {"authorization": f"Bearer {token.value}"}),
            envelope=ENVELOPE,
            budget=self._budget,
            timeout_s=self._config.timeout_s,
        )

    def path(self, rest: str) -> str:
        return f"/services/data/v{self._config.api_version}{rest}"

    def query(self, soql: str, *, about: str, deleted: bool = False) -> Reply:
        """The first page of an answer; a question that does not fit into a URL is a matter of settings."""
        size = len(quote(soql, safe=""))
        if size > URL_BYTES:
            message = (
                f"{self.system} {about}: the fields of this object make a query of {size} bytes, and the server takes"
                f" {URL_BYTES}; name those you need in `fields`"
            )
            raise Misconfigured.one("CON202", message, Mark("config/sources.yaml"))
        options = {"sforce-query-options": f"batchSize={self._config.page_size}"}
        where = self.path("/queryAll" if deleted else "/query")
        return self.ask("GET", where, params={"q": soql}, headers=options, about=about)

    def more(self, url: str, *, about: str) -> Reply | None:
        """A following page; None when the server has closed the cursor."""
        if not url.startswith("/services/data/"):
            raise Halt("CON195", f"{self.system} {about}: the next page is said to be at {url[:80]!r}")
        try:
            return self.http.send("GET", url, about=about)
        except Reject as error:
            if says(error, "INVALID_QUERY_LOCATOR"):
                return None
            raise Halt(error.code, error.message) from None

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Json = None,
        headers: Mapping[str, str] | None = None,
        about: str,
        as_text: bool = False,
    ) -> Reply:
        """A call that changes nothing; a refused question is ours, so no record can be blamed."""
        try:
            return self.http.send(method, path, params=params, json=json, headers=headers, about=about, as_text=as_text)
        except Reject as error:
            raise Halt(error.code, error.message) from None

    def change(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, json: Json = None, about: str
    ) -> Reply:
        """A write."""
        override = self._config.duplicate_rules == "override"
        headers = {"sforce-duplicate-rule-header": "allowSave=true"} if override else None
        return self.http.send(method, path, params=params, json=json, headers=headers, write=True, about=about)


def says(error: GoldbridgeError, code: str) -> bool:
    """Whether an error tells this code of the vendor."""
    return f": {code} " in f"{error.message} "


def text(value: str) -> str:
    """A text as a literal of the query language."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def one_of(field: str, values: Sequence[str]) -> str:
    return f"{field} IN ({','.join(text(value) for value in values)})"
