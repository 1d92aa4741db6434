"""What the REST service answers: bare numbers, rows, or `code` and `message`; and what its token call may say."""

from __future__ import annotations

from goldbridge.http import RECORD, Complaint, Envelope, Kind, Rule
from goldbridge.ports import Json

_TRUST = "check the account, and whether this version wants third-party mutual trust for the call"
_ADDRESS = "bind this machine's address to the REST account"
_ACCOUNT = "check user, password and login_name, and whether the REST account is enabled"

RULES = {"1010": Rule(Kind.REFRESH, _TRUST), **{f"{digit}*": RECORD for digit in "-0123456789"}}
"""Any other code is about the one thing that was asked."""


def _find(_: int, body: Json) -> Complaint | None:
    if isinstance(body, dict) and str(body.get("code", "0")) != "0":
        return Complaint(str(body["code"]), str(body.get("message") or ""))
    return None  # what a good answer looks like differs by call, and each call checks it


def _find_token(status: int, body: Json) -> Complaint | None:
    if isinstance(body, dict) and status < 400 and str(body.get("id") or "-1") != "-1":
        return None
    told = str(body.get("message") or "no token") if isinstance(body, dict) else "no token"
    return _about(status, told)


def _about(status: int, told: str) -> Complaint | None:
    if status >= 500:
        return Complaint("address", told) if "ip" in told.casefold() else None
    return Complaint("account", told)


def _hear_token(status: int, text: str) -> Complaint | None:
    return _about(status, text) if status >= 500 else None


_NAMES = {Kind.CONFIG: "CON290", Kind.RECORD: "CON291"}
ENVELOPE = Envelope(_find, RULES, statuses={401: Rule(Kind.REFRESH, _TRUST)}, names=_NAMES)
TOKEN = Envelope(
    _find_token,
    {"address": Rule(Kind.CONFIG, _ADDRESS), "account": Rule(Kind.CONFIG, _ACCOUNT)},
    statuses={401: Rule(Kind.CONFIG, _ACCOUNT)},
    names=_NAMES,
    hear=_hear_token,
)
