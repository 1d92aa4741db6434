"""What Kingdee's answers mean: a status with a message code that is hardly documented, so sentences count as much.

A query answers with a bare table, and with an error dressed as one row of one cell. A write answers per record; only
what concerns the whole call is a complaint there, the rest is settled record by record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldbridge.http import CONFIG, RECORD, RETRY, Complaint, Envelope, Kind, Rule
from goldbridge.ports import Json

CHANGED = "已被其他用户修改"

_LOST = Rule(
    Kind.REFRESH,
    "the server says that the session is lost, which means that it does not accept who calls: check acct_id, user, "
    "app_id, app_secret and the authorisation of the application in the account book",
)
_RIGHTS = Rule(Kind.CONFIG, "give this user the right to the form and the operation")
_FIELDS = Rule(Kind.CONFIG, "check `form` and `fields` of the stream against this account book")

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("1", "-10001"), _LOST),
    **dict.fromkeys(("4", "8", "9"), _FIELDS),
    "response_error": Rule(Kind.RETRY, tries=1),
    "519*": Rule(Kind.CONFIG, "check the application at the vendor's gateway"),
    "acct": Rule(Kind.CONFIG, "check acct_id"),
}
_WORDS: tuple[tuple[str, Rule], ...] = (
    *((word, _LOST) for word in ("会话信息已丢失", "ctx == null", "未登录", "-10001")),
    (CHANGED, RECORD),
    ("权限", _RIGHTS),
    *((word, RECORD) for word in ("不能为空", "基础资料", "已存在", "已审核", "已关闭", "关闭", "冻结")),
)
# These codes are about the call itself, though a sentence about an empty parameter sounds like one about a field.
_REFINED = (("1", "", _LOST), ("4", "", _FIELDS), ("8", "", _FIELDS), *(("*", word, rule) for word, rule in _WORDS))


def complaint(status: int, body: Json) -> Complaint | None:
    """The complaint of a whole call, or None."""
    if isinstance(body, list):
        if len(body) == 1 and isinstance(body[0], list) and len(body[0]) == 1 and isinstance(body[0][0], dict):
            return complaint(status, body[0][0])
        return None
    if not isinstance(body, dict):
        return Complaint("neither a table nor an object")
    if "errcode" in body:
        text = str(body.get("description") or body.get("errmsg") or "")
        stale = any(word in text.casefold() for word in ("timestamp", "time stamp", "时间戳"))
        return Complaint("stale" if stale else f"519 {body['errcode']}", text)
    response = answered(body)
    if response is None:
        return Complaint("no ResponseStatus", str(body.get("Message") or "")) if status < 400 else None
    if succeeded(response):
        return None
    return Complaint(str(response.get("MsgCode", "")), _told(response))


def answered(body: Json) -> Mapping[str, Any] | None:
    """The ResponseStatus of an answer; an empty one for success without a status, None when it has no place for one."""
    result = body.get("Result") if isinstance(body, dict) else None
    if not isinstance(result, dict) or "ResponseStatus" not in result:
        return None
    return result["ResponseStatus"] or {"IsSuccess": True}


def succeeded(response: Mapping[str, Any]) -> bool:
    """Booleans come as such or as text."""
    return str(response.get("IsSuccess")).lower() == "true"


def _told(response: Mapping[str, Any]) -> str:
    said = [str(each.get("Message") or "") for each in response.get("Errors") or () if isinstance(each, dict)]
    return "; ".join(dict.fromkeys(filter(None, said)))


def _change(status: int, body: Json) -> Complaint | None:
    """A write's complaint: only what concerns the whole call; a refusal of records is told per record."""
    found = complaint(status, body)
    response = answered(body)
    if found is None or response is None or status >= 400:
        return found
    if response.get("SuccessEntitys"):
        return None
    rule = ASK.rule(found)
    return None if rule is None or rule.kind is Kind.RECORD else found


def _hear(status: int, text: str) -> Complaint | None:
    """Faults of the program and wrong account books come as bare sentences."""
    if text.startswith("response_error:"):
        return Complaint("response_error", text.removeprefix("response_error:").strip())
    if status != 200 and any(word in text for word in ("账套", "数据中心")):
        return Complaint("acct", text)
    return None


def _login(status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "LoginResultType" not in body:
        return complaint(status, body) or Complaint("no LoginResultType")
    kind = str(body["LoginResultType"])
    return None if kind in ("1", "-5") else Complaint(f"login {kind}", str(body.get("Message") or ""))


_NAMES = {Kind.CONFIG: "CON161", Kind.RECORD: "CON162"}
_TABLE: dict[str, Rule] = {**RULES, "stale": RETRY}
ASK = Envelope(complaint, _TABLE, _REFINED, page=_LOST, names=_NAMES, hear=_hear)
CHANGE = Envelope(_change, _TABLE, _REFINED, page=_LOST, names=_NAMES, hear=_hear)
LOGIN = Envelope(
    _login,
    {**_TABLE, "login*": Rule(Kind.CONFIG, "check acct_id, user and the secret of this system"), "no*": CONFIG},
    names=_NAMES,
    hear=_hear,
)
