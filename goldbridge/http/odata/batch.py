"""Many changes in one call, each in a change set of its own: one that is refused leaves its neighbours alone.

V4 takes the batch as JSON, V2 as a multipart text. Answers are matched by id where there is one, never by hope: a
change without an answer is unknown and is read back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from goldbridge.errors import GoldbridgeError, Halt, Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.http.envelope import Complaint, Envelope, Kind
from goldbridge.http.factory import SOURCES
from goldbridge.http.odata.service import Service
from goldbridge.http.trouble import clean
from goldbridge.ports import Json

_BOUNDARY = "batch_goldbridge"
_BREAK = re.compile(r"\r?\n")
_BLANK = re.compile(r"\r?\n\r?\n")
_STATUS = re.compile(r"HTTP/\d\.\d (\d{3})")


@dataclass(frozen=True, slots=True)
class Operation:
    """One change: `path` is relative to the service root, `about` names the record in messages."""

    method: str
    path: str
    body: Json
    headers: Mapping[str, str]
    about: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came back for one change."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None


def send(service: Service, operations: Sequence[Operation]) -> list[Result | GoldbridgeError]:
    """One result or error per change, in order; raises when the batch as a whole was refused or its answer lost."""
    sent = _send_json if service.json_batches else _send_parts
    results = sent(service, operations)
    return [_judged(service, operation, results.get(index)) for index, operation in enumerate(operations)]


def _send_json(service: Service, operations: Sequence[Operation]) -> dict[int, Result]:
    requests = [
        {
            "id": str(index),
            "atomicityGroup": f"g{index}",
            "method": operation.method,
            "url": operation.path,
            "headers": {"content-type": "application/json;IEEE754Compatible=true", **operation.headers},
            **({} if operation.body is None else {"body": operation.body}),
        }
        for index, operation in enumerate(operations)
    ]
    headers = {"prefer": "odata.continue-on-error"}
    about = f"batch of {len(operations)}"
    reply = service.change("POST", "$batch", {"requests": requests}, about=about, headers=headers)
    responses = reply.data.get("responses") if isinstance(reply.data, dict) else None
    found: dict[int, Result] = {}
    for one in responses if isinstance(responses, list) else ():
        if isinstance(one, dict) and str(one.get("id", "")).isdigit():
            named = {str(name).lower(): str(value) for name, value in (one.get("headers") or {}).items()}
            found[int(str(one["id"]))] = Result(int(one.get("status") or 0), named, one.get("body"))
    return found


def _send_parts(service: Service, operations: Sequence[Operation]) -> dict[int, Result]:
    lines: list[str] = []
    for index, operation in enumerate(operations):
        inner = f"changeset_{index}"
        lines += [f"--{_BOUNDARY}", f"Content-Type: multipart/mixed; boundary={inner}", "", f"--{inner}"]
        lines += ["Content-Type: application/http", "Content-Transfer-Encoding: binary", f"Content-ID: {index}", ""]
        lines += [f"{operation.method} {operation.path} HTTP/1.1", "Accept: application/json"]
        body = "" if operation.body is None else json.dumps(operation.body, ensure_ascii=False, separators=(",", ":"))
        lines += [f"{name}: {value}" for name, value in operation.headers.items()]
        exact = ";IEEE754Compatible=true" if service.version == 4 else ""
        lines += [f"Content-Type: application/json{exact}", f"Content-Length: {_length(body)}", "", body]
        lines += [f"--{inner}--", ""]
    content = "\r\n".join([*lines, f"--{_BOUNDARY}--", ""])
    try:
        raw = content.encode()
    except UnicodeEncodeError:
        raise Reject("CON017", "a value holds half a character (a lone surrogate) and cannot be sent") from None
    headers = {**service.headers(), "content-type": f"multipart/mixed; boundary={_BOUNDARY}"}
    headers |= {"accept": "multipart/mixed", "prefer": "odata.continue-on-error"}
    about = f"batch of {len(operations)}"
    reply = service.writes.send(
        "POST", service.path("$batch"), content=raw, write=True, about=about, headers=headers, as_text=True
    )
    parts = split(str(reply.data or ""), reply.headers.get("content-type", ""))
    return {index: _result(part) for index, part in enumerate(parts) if index < len(operations)}


def _length(body: str) -> int:
    return len(body.encode("utf-8", "surrogatepass"))


def split(text: str, content_type: str) -> list[str]:
    """The parts between a multipart text's boundaries, each with its headers."""
    boundary = re.search(r'boundary="?([^";\s]+)', content_type)
    if boundary is None:
        return []
    pieces = text.split(f"--{boundary[1]}")
    return [piece.lstrip("\r\n") for piece in pieces[1:] if not piece.startswith("--")]


def _result(part: str) -> Result:
    """The answer in one part: that of the change set's only change, or the one that refuses the whole set."""
    head, content = _halves(part)
    if "multipart/mixed" in head.get("content-type", ""):
        inner = split(content, head["content-type"])
        return _result(inner[0]) if inner else Result(0)
    status = _STATUS.match(content)
    headers, body = _halves(content.partition("\n")[2])
    try:
        data = json.loads(body, parse_float=str) if body.strip() else None
    except ValueError:
        data = None
    return Result(int(status[1]) if status else 0, headers, data)


def _halves(text: str) -> tuple[dict[str, str], str]:
    """Headers and what follows the blank line."""
    if text.startswith(("\r\n", "\n")):
        return {}, text.lstrip("\r\n")
    parts = _BLANK.split(text, maxsplit=1)
    found = {}
    for line in _BREAK.split(parts[0]):
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found, parts[1] if len(parts) > 1 else ""


def _judged(service: Service, operation: Operation, result: Result | None) -> Result | GoldbridgeError:
    subject = f"{service.system} {operation.about}"
    if result is None or not result.status:
        return OutcomeUnknown(
            "CON131", f"{subject}: the batch's answer says nothing about this change; it is read back"
        )
    envelope = service.writes.envelope
    complaint = envelope.find(result.status, result.body)
    if complaint is None:
        return result
    return error_of(envelope, complaint, result.status, subject)


def error_of(envelope: Envelope, complaint: Complaint, status: int, subject: str) -> GoldbridgeError:
    """What a complaint inside a batch means for its one change, by the same table as a call of its own."""
    rule = envelope.rule(complaint) or envelope.bare(status)
    said = " ".join(filter(None, (complaint.code, complaint.text)))
    what = clean(said) + (f"; {rule.remedy}" if rule and rule.remedy else "")
    kind = rule.kind if rule else Kind.HALT
    if kind is Kind.RECORD:
        return Reject(envelope.names[Kind.RECORD], f"{subject}: {what}")
    if kind is Kind.RETRY:
        return OutcomeUnknown("CON005", f"{subject}: {what}; the write may have happened and is read back")
    if kind in (Kind.THROTTLE, Kind.REFRESH):
        return Retry("CON018" if rule and rule.alone else "CON003", f"{subject}: {what}")
    if kind is Kind.CONFIG:
        return Misconfigured.one(envelope.names[Kind.CONFIG], f"{subject}: {what}", SOURCES)
    return Halt("CON015", f"{subject}: {what}")
