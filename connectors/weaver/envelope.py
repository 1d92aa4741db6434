"""What the two layers of the OA answer: the door (`status`, `code`, `msg`) and the workflow (`code` SUCCESS or not)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldbridge.http import RECORD, RETRY, Complaint, Envelope, Kind, Rule
from goldbridge.ports import Json

_REFRESH = Rule(Kind.REFRESH, "check app_id, and whether the administrator white-listed the token calls")
_STALE = Rule(Kind.CONFIG, "the registration is stale: set secret and spk of the current one")
_SECRET = Rule(Kind.CONFIG, "check app_id and secret")
_USER = Rule(Kind.CONFIG, "check user_id: the account must exist and be active")
_LICENCE = Rule(Kind.CONFIG, "have the licence of the OA renewed")

RULES: Mapping[str, Rule] = {
    "002": _REFRESH,
    "workflow:SYSTEM_INNER_ERROR": RETRY,
    "workflow:*": RECORD,
}
SENTENCES: tuple[tuple[str, str, Rule], ...] = (
    ("*", "token不存在", _REFRESH),
    ("*", "登录信息超时", _REFRESH),
    ("*", "secret解密失败", _STALE),
    ("*", "认证信息错误", _SECRET),
    ("*", "该账号存在异常", _USER),
    ("*", "licence", _LICENCE),
    ("*", "license", _LICENCE),
)
"""The door has one number for most of its reasons, so its sentence decides."""


def _find(_: int, body: Json) -> Complaint | None:
    if isinstance(body, list) or (isinstance(body, int) and not isinstance(body, bool)):
        return None  # lists and counts come bare
    if not isinstance(body, dict):
        return Complaint("neither an object nor a list")
    code = body.get("code")
    if code == "SUCCESS":
        return None
    if isinstance(code, str) and not code.lstrip("-").isdecimal():
        return Complaint(f"workflow:{code}", _reason(body))
    if str(body.get("status")).lower() == "true" and str(code or 0) == "0":
        return None
    return Complaint(str(body.get("errorCode") or code or "no code"), str(body.get("msg") or ""))


def _reason(body: Mapping[str, Any]) -> str:
    failed = body.get("reqFailMsg")
    kind = failed.get("msgType") if isinstance(failed, dict) else ""
    told = body.get("errMsg")
    return " ".join(str(each) for each in (kind, told) if each)


ENVELOPE = Envelope(_find, RULES, refined=SENTENCES, names={Kind.CONFIG: "CON280", Kind.RECORD: "CON281"})
