"""The calls of the open API that we use, and the class of every code it may answer with.

Only `code` counts: a wrong secret is HTTP 200, a refused token is HTTP 400, a wrong path is a sentence in plain text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from connectors.base import Context, RawRow
from connectors.feishu.config import FeishuConfig, TableConfig
from goldbridge.errors import Halt, Reject, Retry
from goldbridge.http import (
    CONFIG,
    RECORD,
    RETRY,
    THROTTLE,
    Complaint,
    Envelope,
    Kind,
    Reply,
    Rule,
    Token,
    TokenAuth,
    TokenSource,
)
from goldbridge.http.body import Truncated, Unreadable, parse
from goldbridge.ports import Json

APPROVAL = "/open-apis/approval/v4"
_LIST = f"{APPROVAL}/instances"
_TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105 - a path
_RENEW_EARLY_S = 1500.0  # under 30 min left the vendor hands out a new token while the old one still works

_REFRESH = Rule(Kind.REFRESH, "check app_id and app_secret, and whether this call takes a tenant token")
_CREDENTIALS = Rule(Kind.CONFIG, "check app_id and app_secret, and that the application is enabled and published")
_RIGHTS = Rule(Kind.CONFIG, "grant the application this permission in the developer console and publish a version")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("99991663", "99991664", "99991665", "99991668", "99991677", "20005"), _REFRESH),
    **dict.fromkeys(("1500", "1663", "1668", "2200", "5000", "55001", "65001", "10101"), RETRY),
    **dict.fromkeys(("20050", "20072", "1395001"), RETRY),
    **dict.fromkeys(("429", "99991400"), THROTTLE),
    "99991403": Rule(Kind.CONFIG, "the month's quota of calls is used up: buy more, or wait for the next month"),
    **dict.fromkeys(("60001", "60003", "60004", "60005", "60006", "60010", "60012"), RECORD),
    **dict.fromkeys(("1390001", "99992351", "99992360", "99992364"), RECORD),
    **dict.fromkeys(("10003", "10014", "10015", "99991661"), _CREDENTIALS),
    **dict.fromkeys(("99991672", "99991679", "1390015", "60009"), _RIGHTS),
    **dict.fromkeys(("99991673", "99991662"), _CREDENTIALS),
    "99991401": Rule(Kind.CONFIG, "add this machine's address to the white list of the application"),
    "60002": Rule(Kind.CONFIG, "check the approval codes in `approvals`"),
    "99992361": Rule(Kind.CONFIG, "this open_id belongs to another application: use user_id"),
    "no such path": CONFIG,
}


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "code" not in body:
        return Complaint("no code")
    if str(body["code"]) == "0":
        return None
    error = body.get("error")
    trace = str(error.get("log_id") or "") if isinstance(error, dict) else ""
    return Complaint(str(body["code"]), str(body.get("msg") or ""), trace)


def _hear(status: int, _text: str) -> Complaint | None:
    return Complaint("no such path", "check base_url") if status == 404 else None


ENVELOPE = Envelope(
    _find,
    RULES,
    names={Kind.CONFIG: "CON250", Kind.RECORD: "CON251"},
    hear=_hear,
    wait_header="x-ogw-ratelimit-reset",
)


class FeishuClient:
    """Lists approvals, reads them, starts and cancels them."""

    def __init__(self, config: FeishuConfig, context: Context) -> None:
        self._config = config
        factory, system = context.http, context.system
        base: dict[str, Any] = {
            "system": system,
            "base_url": config.base_url,
            "envelope": ENVELOPE,
            "timeout_s": config.timeout_s,
        }
        shared = context.budget(config.budget)
        self._login = factory.client(**base, budget=shared)
        key = ("feishu token", system, config.base_url, config.app_id, config.app_secret.get_secret_value())
        tokens = factory.share(key, lambda: TokenSource(self._fetch_token, context.clock, early_s=_RENEW_EARLY_S))
        auth = TokenAuth(tokens, lambda token: {"authorization": f"Bearer {token.value}"})
        self.http = factory.client(**base, budget=shared, auth=auth)
        self._details = factory.client(**base, budget=context.budget(config.detail_budget, "detail"), auth=auth)
        self._tables = factory.client(**base, budget=context.budget(config.table_budget, "table"), auth=auth)

    def _fetch_token(self, _: Token | None) -> Token:
        secrets = {"app_id": self._config.app_id, "app_secret": self._config.app_secret.get_secret_value()}
        reply = self._login.post(_TOKEN, json=secrets, read=True, about="token", endpoint=_TOKEN)
        return Token(str(reply.unwrap("tenant_access_token")), float(reply.unwrap("expire")))

    def list_page(self, code: str, first: int, last: int, token: str = "") -> tuple[list[str], str]:
        """One page of ids started between two moments, and the token of the next page; "" at the end."""
        question = {"approval_code": code, "start_time": first, "end_time": last, "page_size": self._config.page_size}
        if token:
            question["page_token"] = token
        try:
            reply = self.http.get(_LIST, params=question, about=code, endpoint=_LIST)
        except Reject as error:  # here the question is ours, so no approval can be blamed
            raise Halt(error.code, error.message) from None
        ids, following = self._paged(reply, "instance_code_list", code)
        return [str(each) for each in ids], following

    def table_page(self, name: str, table: TableConfig, token: str) -> tuple[list[RawRow], str]:
        """One page of records, and the token of the next page; "" at the end."""
        app_token, table_id = quote(table.app_token, safe=""), quote(table.table_id, safe="")
        path = f"/open-apis/bitable/v1/apps/{app_token}/tables/{table_id}/records/search"
        params: dict[str, Any] = {"page_size": table.page_size} | ({"page_token": token} if token else {})
        body = {"automatic_fields": True}
        try:
            reply = self._tables.send("POST", path, params=params, json=body, about=name, endpoint="table")
        except Reject as error:  # the question is ours, so no record can be blamed
            raise Halt(error.code, error.message) from None
        records, following = self._paged(reply, "items", name)
        if not all(isinstance(each, dict) for each in records):
            raise Halt("CON019", f"{self.http.system} {name}: a record is no object; the API changed")
        return records, following

    def _paged(self, reply: Reply, listed: str, about: str) -> tuple[list[Any], str]:
        """What a page lists, and the token of the next; a list that just stops is never taken for whole."""
        data = reply.unwrap("data")
        found = data.get(listed) or [] if isinstance(data, dict) else None
        if not isinstance(found, list) or "has_more" not in data:
            raise Halt("CON019", f"{self.http.system} {about}: the answer has no list {listed!r}; the API changed")
        following = str(data.get("page_token") or "") if data["has_more"] else ""
        if data["has_more"] and not following:
            raise Halt("CON252", f"{self.http.system} {about}: the list goes on, but has no page_token to go on with")
        return found, following

    def detail(self, code: str, key: str) -> RawRow | Reject | Retry:
        """One approval in full by its code or by the id that we gave it, or why it cannot be had."""
        path = f"{_LIST}/{quote(key, safe='')}"
        try:
            reply = self._details.get(path, about=f"{code} {key}", endpoint="detail")
            return _row(key, reply)
        except (Reject, Retry) as error:
            return error

    def controls(self, code: str) -> list[dict[str, Json]]:
        """The controls of the definition's form."""
        path = f"{APPROVAL}/approvals/{quote(code, safe='')}"
        reply = self.http.get(path, about=code, endpoint="definition")
        return _form(reply, f"{self.http.system} {code}")

    def start(self, code: str, form: str, uuid: str, about: str) -> str:
        """Start an approval; returns its code."""
        body = {"approval_code": code, "user_id": self._config.applicant, "form": form, "uuid": uuid}
        reply = self.http.post(_LIST, json=body, about=about, endpoint="start")
        return str(reply.unwrap("data.instance_code"))

    def cancel(self, code: str, key: str, about: str) -> None:
        """Withdraw a running approval in the applicant's name."""
        body = {"approval_code": code, "instance_code": key, "user_id": self._config.applicant}
        self.http.post(f"{_LIST}/cancel", json=body, about=about, endpoint="cancel")


def _row(key: str, reply: Reply) -> RawRow:
    detail = reply.unwrap("data")
    status = str(reply.unwrap("data.status"))
    form: dict[str, Json] = {}
    values = _form(reply, reply.subject)
    for value in values:
        if form.get(str(value.get("name"))) in (None, ""):  # of controls with one label the first that says something
            form[str(value.get("name"))] = value.get("value")
    return {
        "instance_code": str(detail.get("instance_code") or key),
        "approval_code": detail.get("approval_code"),
        "approval_name": detail.get("approval_name"),
        "serial_number": detail.get("serial_number"),
        "uuid": detail.get("uuid"),
        "status": status,
        "reverted": detail.get("reverted"),
        "start_time": str(reply.unwrap("data.start_time")),
        "end_time": str(detail.get("end_time") or "0"),
        "user_id": detail.get("user_id"),
        "department_id": detail.get("department_id"),
        "form": form,
        "form_by_id": {str(value["id"]): value.get("value") for value in values if value.get("id")},
    }


def _form(reply: Reply, where: str) -> list[dict[str, Json]]:
    """A form is JSON inside a text; fractions stay text, as everywhere."""
    text = reply.unwrap("data.form")
    try:
        form = parse(text) if isinstance(text, str) else None
    except (Truncated, Unreadable) as error:
        raise Reject("CON253", f"{where}: its form is not JSON: {type(error).__name__}") from None
    if not isinstance(form, list) or not all(isinstance(each, dict) for each in form):
        raise Reject("CON253", f"{where}: its form is not a list of controls")
    return [{str(name): value for name, value in each.items()} for each in form]


def dumps(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
