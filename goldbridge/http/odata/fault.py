"""What an OData service says when it refuses, as the tables of the client core.

Both versions send `{"error": {"code", "message"}}`; in V2 `message` is an object with the sentence in `value`, and
SAP puts the details into `innererror.errordetails`. Codes are the application's own, so the HTTP status decides unless
a connector's table knows the code. The same status means different things for a question (ours is wrong: nobody blames
a record) and for a write (the record is wrong), hence two envelopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goldbridge.http.envelope import CONFIG, RETRY, THROTTLE, Complaint, Envelope, Kind, Rule
from goldbridge.ports import Json

STALE = "it was changed by somebody else in the meantime; it is read again before it is sent again"
GONE = "the record is not there any more, or its key is wrong"
LOCKED = "somebody has it open; it is sent again later"
_CSRF = Rule(Kind.REFRESH, "the service refuses a fresh CSRF token: its cookies may be cut off by a proxy")
_REFRESH = Rule(Kind.REFRESH, "check the credentials of this system")
_RIGHTS = Rule(Kind.CONFIG, "grant this user the rights to the service, or correct its settings")
_ASKED = Rule(Kind.HALT, "the question is refused: check streams, cursor, key and select of this system")
_WRONG = Rule(Kind.RECORD, "correct the record and replay it")
_NO_MATCH = Rule(Kind.CONFIG, "the service wants to see an ETag with every change: set lock to etag or force")

_COMMON: Mapping[str, Rule] = {
    "HTTP 2*": RETRY,  # an error in the middle of a good answer
    "HTTP 401*": _REFRESH,
    "HTTP 403*": _RIGHTS,
    "HTTP 404*": Rule(Kind.CONFIG, "check base_url and the name of the entity set"),
    **dict.fromkeys(("HTTP 408*", "HTTP 5*"), RETRY),
    "HTTP 429*": THROTTLE,
    **dict.fromkeys(("HTTP 501*", "HTTP 3*"), CONFIG),
    "HTTP 428*": _NO_MATCH,
}
_READ: Mapping[str, Rule] = {"HTTP 4*": _ASKED, "HTTP 410*": Rule(Kind.HALT, "read everything once, with --full")}
_WRITE: Mapping[str, Rule] = {
    "HTTP 4*": _WRONG,
    "HTTP 404*": Rule(Kind.RECORD, GONE),
    "HTTP 410*": Rule(Kind.RECORD, GONE),
    "HTTP 412*": Rule(Kind.RECORD, STALE),
    "HTTP 423*": Rule(Kind.THROTTLE, LOCKED, alone=True),
}


@dataclass(frozen=True)
class Dialect:
    """What one system's tables add: rules by its own codes, by status, and by a word of the sentence. A status in
    `busy` that comes with Retry-After is a throttle: nothing was done."""

    codes: Mapping[str, Rule] = field(default_factory=dict)
    read: Mapping[str, Rule] = field(default_factory=dict)
    write: Mapping[str, Rule] = field(default_factory=dict)
    refined: tuple[tuple[str, str, Rule], ...] = ()
    busy: frozenset[int] = frozenset()

    def envelope(self, *, write: bool) -> Envelope:
        rules: dict[str, Rule] = {
            "HTTP BUSY": THROTTLE,
            **_COMMON,
            **(_WRITE if write else _READ),
            **(self.write if write else self.read),
            **self.codes,
        }
        return Envelope(
            find=self.find,
            hear=hear,
            notice=self.notice,
            rules=rules,
            refined=(("*", "csrf", _CSRF), *self.refined),
            names={Kind.CONFIG: "CON120", Kind.RECORD: "CON121", Kind.HALT: "CON122"},
        )

    def notice(self, status: int, headers: Mapping[str, str]) -> Complaint | None:
        if status == 403 and headers.get("x-csrf-token", "").casefold() == "required":
            return Complaint("HTTP 403", "CSRF token refused")
        if status in self.busy and "retry-after" in headers:
            return Complaint("HTTP BUSY", f"{status} with Retry-After")
        return None

    def find(self, status: int, body: Json) -> Complaint | None:
        """The complaint in an answer; a code that a table knows stands alone, any other behind its HTTP status."""
        error = body.get("error") if isinstance(body, dict) else None
        if error is None and status < 400:
            return None
        code, text, trace = _said(error if isinstance(error, dict) else {})
        return Complaint(code if code in self.codes else f"HTTP {status} {code}".strip(), text, trace)


def hear(status: int, text: str) -> Complaint | None:
    """An answer that is no JSON: the sentence of a refused CSRF token, and statuses without a word."""
    if status < 400:
        return None
    return Complaint(f"HTTP {status}", "CSRF token refused" if "csrf" in text.casefold() else "")


def _said(error: Mapping[str, Any]) -> tuple[str, str, str]:
    message = error.get("message")
    text = str(message.get("value") or "") if isinstance(message, dict) else str(message or "")
    inner = error.get("innererror")
    if not isinstance(inner, dict):
        return str(error.get("code") or ""), text, ""
    details = inner.get("errordetails")
    for detail in details if isinstance(details, list) else ():
        said = detail.get("message") if isinstance(detail, dict) else None
        said = said.get("value") if isinstance(said, dict) else said
        if said and str(said) not in text:
            place = detail.get("propertyref") or detail.get("target") or ""
            text += f"; {place + ': ' if place else ''}{said}"
    return str(error.get("code") or ""), text, str(inner.get("transactionid") or "")
