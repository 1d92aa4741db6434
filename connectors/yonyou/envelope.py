"""What Yonyou's answers mean: HTTP 200 with a code (text or a number), a bare sentence, or success with failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goldbridge.http import CONFIG, RECORD, RETRY, THROTTLE, Complaint, Envelope, Kind, Rule
from goldbridge.ports import Json

DUPLICATE = ("10004", "100004")
"""An insert that happened before; the vendor's pages name either code."""

_REFRESH = Rule(Kind.REFRESH, "check app_key and app_secret")
_APP = Rule(Kind.CONFIG, "check app_key, app_secret, and that this machine's clock is right")
_RIGHTS = Rule(Kind.CONFIG, "authorise the application for this API, and add this machine's address to its white list")
_PATH = Rule(Kind.CONFIG, "check `path` of the list, and gateway_url")
_RUNNING = Rule(Kind.RETRY, wait_s=5.0)

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("310001", "310036"), _REFRESH),
    **dict.fromkeys(("310003", "10018", "310005", "310006"), _APP),
    **dict.fromkeys(("310037", "310031", "310038", "310041", "310047"), _RIGHTS),
    **dict.fromkeys(("310404", "310405", "404"), _PATH),
    **dict.fromkeys(("310032", "310039", "310042", "310046"), THROTTLE),
    **dict.fromkeys(("202", "310504"), _RUNNING),
    **dict.fromkeys(("310071", "310072", "310043", "315001"), RETRY),
    **dict.fromkeys(("310008", "310015", "310023", "310002", "999", "0", "failCount"), RECORD),
}
_NAMES = {Kind.CONFIG: "CON175", Kind.RECORD: "CON176"}


def _find(status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "code" not in body:
        return Complaint("no code") if status < 400 else None
    code, said = str(body["code"]), str(body.get("message") or "")
    if body.get("displayCode"):
        said = f"{said} ({body['displayCode']})"
    if code in DUPLICATE or (code in ("200", "00000") and not _failures(body)):
        return None
    return Complaint("failCount", _failures(body)) if code == "200" else Complaint(code, said)


def _failures(body: Mapping[str, Any]) -> str:
    """What a batch says about records it did not take, although it calls itself a success."""
    data = body.get("data")
    if not isinstance(data, dict) or str(data.get("failCount") or "0") == "0":
        return ""
    said = data.get("messages")
    return "; ".join(map(str, said)) if isinstance(said, list) else str(said or "some records failed")


def _hear(_status: int, text: str) -> Complaint | None:
    """At least one service says so in plain text."""
    return Complaint("310036", "非法token") if "非法token" in text[:100] else None


BIP = Envelope(_find, RULES, (("*", "签名", _APP),), names=_NAMES, hear=_hear)


def _find_u8(status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "errcode" not in body:
        return Complaint("no errcode") if status < 400 else None
    code = str(body["errcode"])
    return None if code == "0" else Complaint(code, str(body.get("errmsg") or ""))


_WORDS: tuple[tuple[str, Rule], ...] = (
    ("token", _REFRESH),
    *((word, RETRY) for word in ("超时", "timeout", "不在线", "无法连接", "代理")),
    *((word, _RIGHTS) for word in ("权限", "授权")),
)
U8 = Envelope(
    _find_u8,
    {"no errcode": CONFIG},
    (*(("*", word, rule) for word, rule in _WORDS), ("no errcode", "", CONFIG), ("*", "", RECORD)),
    names=_NAMES,
)
"""No table of codes was found for the relay, so its sentences decide; all else is the record's fault."""
