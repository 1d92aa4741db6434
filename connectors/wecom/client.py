"""The calls that we use, and the class of every code they may answer with.

Everything is HTTP 200 with `errcode`, and a failure still carries the empty lists of a success. The token travels in
the address only; it and the secret are kept out of every log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.base import Context, RawRow
from connectors.wecom.config import WecomConfig
from goldbridge.errors import Halt, Reject, Retry
from goldbridge.http import (
    CONFIG,
    RECORD,
    RETRY,
    Auth,
    Complaint,
    Draft,
    Envelope,
    Kind,
    Reply,
    Rule,
    Token,
    TokenSource,
)
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_ROOT = "/cgi-bin"
_NO_CUSTOMERS = "84061"

_REFRESH = Rule(Kind.REFRESH, "check corp_id and secret")
_CREDENTIALS = Rule(
    Kind.CONFIG, "check corp_id and secret; do not try again and again, a wrong secret bans the address"
)
_RIGHTS = Rule(
    Kind.CONFIG,
    "list the application under the ones allowed to call Customer Contact and Approval, and check its scope",
)
_WINDOW = Rule(Kind.RECORD, "report it: no window of ours is longer than the 31 days that the vendor allows")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("40014", "42001"), _REFRESH),
    "-1": Rule(Kind.RETRY, tries=3),
    **dict.fromkeys(("45033", "45035", "301026", "301057"), RETRY),
    "45009": Rule(Kind.THROTTLE, "a limit of the corporation, the application or this address is used up", wait_s=60.0),
    **dict.fromkeys((_NO_CUSTOMERS, "40096", "40003", "60111", "301025", "40058", "40063"), RECORD),
    "301112": _WINDOW,
    **dict.fromkeys(("40001", "40013", "41001", "41004"), _CREDENTIALS),
    **dict.fromkeys(("48001", "48002", "50003", "60011", "301002", "301055", "301056"), _RIGHTS),
    "60020": Rule(Kind.CONFIG, "add this machine's address to the trusted addresses of the application"),
    "701008": Rule(Kind.CONFIG, "buy or assign licences for the members concerned"),
    "no such path": CONFIG,
}


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict):
        return Complaint("not an object")
    code = str(body.get("errcode", "0"))
    return None if code == "0" else Complaint(code, str(body.get("errmsg") or ""))


def _find_unless_none(status: int, body: Json) -> Complaint | None:
    """A member without customers is told as an error."""
    complaint = _find(status, body)
    return None if complaint is not None and complaint.code == _NO_CUSTOMERS else complaint


def _hear(status: int, _text: str) -> Complaint | None:
    return Complaint("no such path", "check base_url") if status == 404 else None


ENVELOPE = Envelope(_find, RULES, names={Kind.CONFIG: "CON265", Kind.RECORD: "CON266"}, hear=_hear)


class _TokenInAddress(Auth):
    """In a header or a body the vendor reads it as missing."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    def apply(self, draft: Draft) -> None:
        draft.token = self._source.current().value
        draft.params.append(("access_token", draft.token))

    def renew(self, draft: Draft) -> bool:
        self._source.renew(draft.token)
        return True


class WecomClient:
    """Lists and reads customers and approvals."""

    def __init__(self, config: WecomConfig, context: Context) -> None:
        self._config = config
        self._secret = config.secret.get_secret_value()
        remember_secret(self._secret)
        factory, system = context.http, context.system
        base: dict[str, Any] = {
            "system": system,
            "base_url": config.base_url,
            "budget": context.budget(config.budget),
            "timeout_s": config.timeout_s,
        }
        self._login = factory.client(**base, envelope=ENVELOPE)
        key = ("wecom token", system, config.base_url, config.corp_id, self._secret)
        auth = _TokenInAddress(factory.share(key, lambda: TokenSource(self._fetch_token, context.clock)))
        self.http = factory.client(**base, envelope=ENVELOPE, auth=auth)
        self._lists = factory.client(**base, envelope=replace(ENVELOPE, find=_find_unless_none), auth=auth)

    def _fetch_token(self, _: Token | None) -> Token:
        asked = {"corpid": self._config.corp_id, "corpsecret": self._secret}
        reply = self._login.get(f"{_ROOT}/gettoken", params=asked, about="token", endpoint="token")
        return Token(str(reply.unwrap("access_token")), float(reply.unwrap("expires_in")))

    # Customers

    def members(self) -> list[str]:
        """The members that are enabled for customer contact and visible to the application."""
        path = f"{_ROOT}/externalcontact/get_follow_user_list"
        try:
            reply = self.http.get(path, about="customer", endpoint=path)
        except Reject as error:  # here the question is ours, so no customer can be blamed
            raise Halt(error.code, error.message) from None
        return [str(each) for each in _list(reply, "follow_user")]

    def batch(self, members: Sequence[str], cursor: str) -> tuple[list[RawRow], list[str], str]:
        """A page of {external_contact, follow_info}, the members without a licence, and the next cursor or ""."""
        path = f"{_ROOT}/externalcontact/batch/get_by_user"
        body = {"userid_list": list(members), "cursor": cursor, "limit": self._config.page_size}
        try:
            reply = self.http.post(path, json=body, read=True, about="customer", endpoint=path)
        except Reject as error:
            raise Halt(error.code, error.message) from None
        failed = reply.data.get("fail_info") or {}
        rows = _list(reply, "external_contact_list")
        if any(not isinstance(row, dict) or not {"external_contact", "follow_info"} <= row.keys() for row in rows):
            raise Halt("CON019", f"{reply.subject}: a row is no customer of a member; the API changed")
        return rows, list(failed.get("unlicensed_userid_list") or []), str(reply.data.get("next_cursor") or "")

    def customers_of(self, member: str) -> list[str]:
        """All customers of one member, in one answer."""
        path = f"{_ROOT}/externalcontact/list"
        reply = self._lists.get(path, params={"userid": member}, about=f"customer of {member}", endpoint=path)
        return [str(each) for each in _list(reply, "external_userid")]

    def customer(self, key: str) -> tuple[RawRow, list[RawRow]]:
        """One customer and all who follow it; the cursor goes on past 500 of them."""
        path = f"{_ROOT}/externalcontact/get"
        followers: list[RawRow] = []
        cursors, cursor = {""}, ""
        while True:
            asked = {"external_userid": key} | ({"cursor": cursor} if cursor else {})
            reply = self.http.get(path, params=asked, about=f"customer {key}", endpoint=path)
            followers += _list(reply, "follow_user")
            cursor = str(reply.data.get("next_cursor") or "")
            if not cursor:
                return dict(reply.unwrap("external_contact")), followers
            if cursor in cursors:
                raise Halt("CON267", f"{self.http.system} customer {key}: paging loop: its followers do not go on")
            cursors.add(cursor)

    # Approvals

    def list_page(self, template: str, first: int, last: int, cursor: str = "") -> tuple[list[str], str]:
        """One page of numbers submitted between two moments, and the next cursor; none at the end."""
        path = f"{_ROOT}/oa/getapprovalinfo"
        body = {
            "starttime": str(first),
            "endtime": str(last),
            "new_cursor": cursor,
            "size": self._config.page_size,
            "filters": [{"key": "template_id", "value": template}],
        }
        try:
            reply = self.http.post(path, json=body, read=True, about=template, endpoint=path)
        except Reject as error:
            raise Halt(error.code, error.message) from None
        numbers = [str(each) for each in _list(reply, "sp_no_list")]
        return numbers, str(reply.data.get("new_next_cursor") or "")

    def detail(self, template: str, number: str) -> RawRow | Reject | Retry:
        """One approval in full, or why it cannot be had."""
        path = f"{_ROOT}/oa/getapprovaldetail"
        try:
            reply = self.http.post(path, json={"sp_no": number}, read=True, about=f"{template} {number}", endpoint=path)
        except (Reject, Retry) as error:
            return error
        return _approval(number, reply)


def _list(reply: Reply, name: str) -> list[Any]:
    found = reply.unwrap(name)
    if not isinstance(found, list):
        raise Halt("CON019", f"{reply.subject}: {name!r} is not a list; the API changed, or base_url points elsewhere")
    return found


_PLAIN = {"Text": "text", "Textarea": "text", "Number": "new_number", "Money": "new_money"}


def _approval(number: str, reply: Reply) -> RawRow:
    status, at_s = str(reply.unwrap("info.sp_status")), str(reply.unwrap("info.apply_time"))
    info = reply.unwrap("info")
    form: dict[str, Json] = {}
    by_id: dict[str, Json] = {}
    for each in _contents(info.get("apply_data")):
        titles = each.get("title")
        title = str(titles[0].get("text") or "") if isinstance(titles, list) and titles else ""
        value = _value(str(each.get("control")), each.get("value"))
        if form.get(title) in (None, ""):  # of controls with one title the first that says something
            form[title] = value
        by_id[str(each.get("id"))] = value
    applicant = info.get("applyer") or {}
    return {
        "sp_no": number,
        "sp_name": info.get("sp_name"),
        "sp_status": status,
        "template_id": info.get("template_id"),
        "apply_time": at_s,
        "applyer": applicant.get("userid"),
        "applyer_party": applicant.get("partyid"),
        "form": form,
        "form_by_id": by_id,
    }


def _contents(filled: Json) -> list[dict[str, Any]]:
    contents = filled.get("contents") if isinstance(filled, dict) else None
    return [each for each in contents if isinstance(each, dict)] if isinstance(contents, list) else []


def _value(control: str, value: Json) -> Json:
    """What a simple control says, and any other as it is; a moment in seconds, an option as its key."""
    if not isinstance(value, dict):
        return value
    if control in _PLAIN:
        return value.get(_PLAIN[control])
    if control == "Date" and isinstance(value.get("date"), dict):
        return value["date"].get("s_timestamp")
    if control == "Selector" and isinstance(value.get("selector"), dict):
        return [option.get("key") for option in value["selector"].get("options") or []]
    return dict(value)
