"""One request, one answer: sends a draft, reads the body within its limits, and opens the envelope."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from functools import lru_cache
from typing import Any, NamedTuple

import httpx

from goldbridge.clock import Clock
from goldbridge.errors import Halt, Reject
from goldbridge.http import body
from goldbridge.http.envelope import Complaint, Envelope, Kind, Rule
from goldbridge.http.request import Draft
from goldbridge.http.transport import WireTransport
from goldbridge.http.trouble import Trouble, from_network
from goldbridge.http.wait import http_date, retry_after
from goldbridge.ports import Json

_PAGE_ONCE_MORE = Rule(
    Kind.RETRY,
    "open base_url in a browser: a login page or a proxy answers instead of the API",
    tries=1,
    then=Kind.HALT,
)
_UNREADABLE = Rule(Kind.HALT, "check base_url and the charset of this system")
_TOO_LARGE = Rule(Kind.HALT, "ask for smaller pages")
_UNKNOWN = Rule(Kind.HALT, "look the code up in the vendor's documents; nobody has classed it yet")
_ALLOWED_4XX_PAGE = range(400, 500)


class Arrival(NamedTuple):
    """What came back, whole and unpacked, but not yet read; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    raw: bytes
    served_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wire:
    """What all clients of a process share: connections, the clock, and the draw for jitter.

    Requests go to the transport itself: a client of httpx around it would keep a jar of cookies for all systems
    together and look for redirects, for a sixth more CPU per call, and we want neither.
    """

    clock: Clock
    transport: httpx.BaseTransport
    draw: Callable[[], float]

    def send(self, draft: Draft, limit_s: float, cap: int) -> Arrival:
        """Send and read to the end within `limit_s`; raises `Trouble`."""
        headers = {
            "accept": "application/json",
            "accept-encoding": "gzip",
            "user-agent": "goldbridge",
            **draft.headers,
        }
        try:
            content, content_type = draft.payload()
            if content_type:
                headers.setdefault("content-type", content_type)
            url = draft.full_url()
        except UnicodeEncodeError:
            raise Reject("CON017", "a value holds half a character (a lone surrogate) and cannot be sent") from None
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), limit_s)
        request = httpx.Request(draft.method, url, headers=headers, content=content, extensions={"timeout": timeout})
        within = self.transport.within(limit_s) if isinstance(self.transport, WireTransport) else nullcontext()
        with within:
            try:
                response = self.transport.handle_request(request)
                try:
                    heard = dict(response.headers.items())
                    raw = body.collect(_chunks(response), heard.get("content-encoding", ""), cap)
                    return Arrival(response.status_code, heard, raw, http_date(heard.get("date")))
                finally:
                    response.close()
            except httpx.HTTPError as error:
                raise from_network(error, request.url.host, request.url.port or _port(request.url)) from None
            except body.TooLarge:
                what = f"the answer is larger than {cap // 1024} KiB"
                raise Trouble(_TOO_LARGE, "CON008", what, unsure=True) from None
            except body.Truncated as error:
                raise _truncated(str(error)) from None
            except body.Unreadable as error:
                raise Trouble(_UNREADABLE, "CON016", str(error), unsure=True) from None


def _chunks(response: httpx.Response) -> Iterator[bytes]:
    """The body as it comes, still packed: unpacking by httpx would know no cap."""
    stream = response.stream
    if not isinstance(stream, httpx.SyncByteStream):
        raise TypeError("the transport is not a synchronous one")
    yield from stream


def _port(url: httpx.URL) -> int:
    return 443 if url.scheme == "https" else 80


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer. `served_at` is the server's own time, by its Date header; header names are in lower case."""

    data: Json
    status: int = 200
    served_at: datetime | None = None
    subject: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def unwrap(self, path: str) -> Any:
        """The value at a dotted path; an answer without it broke its contract and is never taken for an empty one."""
        value = self.data
        for part in path.split("."):
            if not isinstance(value, dict) or part not in value:
                raise Halt(
                    "CON019",
                    f"{self.subject}: the answer has no {path!r}; the API changed, or base_url points elsewhere",
                )
            value = value[part]
        return value


def open_envelope(arrival: Arrival, envelope: Envelope, clock: Clock, subject: str, *, as_text: bool = False) -> Reply:
    """The answer as a `Reply`, or `Trouble` with the class the vendor's table gives it.

    `as_text` hands a good answer over as it is (a CSV, a multipart batch, XML); a complaint is JSON all the same.
    """
    status, headers, raw, served_at = arrival
    asked = headers.get("retry-after") or headers.get(envelope.wait_header)
    after_s = retry_after(asked, served_at, clock.now())
    bare = envelope.bare(status)
    if status == 204 or (bare is None and not raw and headers.get("content-length") == "0"):
        return Reply(None, status, served_at, subject, headers)
    content_type = headers.get("content-type", "")
    if (noticed := envelope.notice(status, headers)) is not None:
        raise _complained(noticed, envelope, bare, after_s)
    try:
        text = body.decode(raw, _charset(content_type), envelope.charset)
        if body.is_page(text, content_type) and not (as_text and _is_xml(content_type)):
            raise _page(status, bare, envelope, after_s)
        if as_text and (bare is None or "json" not in content_type):
            if bare is not None and (heard := envelope.hear(status, text)) is not None:
                raise _complained(heard, envelope, bare, after_s)
            if bare is not None:
                raise _bare(status, bare, envelope, after_s)
            return Reply(text, status, served_at, subject, headers)
        data = body.parse(text)
    except body.Truncated as error:
        if (heard := envelope.hear(status, text)) is not None:
            raise _complained(heard, envelope, bare, after_s) from None
        if bare is not None:
            raise _bare(status, bare, envelope, after_s) from None
        raise _truncated(str(error)) from None
    except (body.Unreadable, UnicodeError) as error:
        raise Trouble(_UNREADABLE, "CON016", f"the body cannot be read: {error}", unsure=True) from None
    complaint = envelope.find(status, data)
    if complaint is None:
        if bare is not None:
            raise _bare(status, bare, envelope, after_s)
        return Reply(data, status, served_at, subject, headers)
    raise _complained(complaint, envelope, bare, after_s)


@lru_cache(maxsize=64)
def _charset(content_type: str) -> str | None:
    """The charset that a content type declares, in whatever way it is quoted."""
    if "charset" not in content_type.lower():
        return None
    message = Message()
    message["content-type"] = content_type
    return message.get_content_charset(failobj=None)


def _is_xml(content_type: str) -> bool:
    return "xml" in content_type.lower() and "html" not in content_type.lower()


def _complained(complaint: Complaint, envelope: Envelope, bare: Rule | None, after_s: float | None) -> Trouble:
    what = " ".join(filter(None, (complaint.code, complaint.text)))
    if complaint.trace:
        what += f" (trace {complaint.trace})"
    rule = envelope.rule(complaint)
    if rule is None:
        passing = bare is not None and bare.kind in (Kind.RETRY, Kind.THROTTLE, Kind.REFRESH)
        rule, code = (bare, _code(bare, envelope)) if passing and bare else (_UNKNOWN, "CON015")
        return Trouble(rule, code, what, after_s=after_s)
    return Trouble(rule, _code(rule, envelope), what, after_s=after_s)


def _code(rule: Rule, envelope: Envelope) -> str:
    return (
        envelope.names.get(rule.kind)
        or {
            Kind.REFRESH: "CON010",
            Kind.RETRY: "CON013",
            Kind.THROTTLE: "CON018" if rule.alone else "CON003",
            Kind.RECORD: "CON012",
            Kind.CONFIG: "CON011",
            Kind.HALT: "CON015",
        }[rule.kind]
    )


def _bare(status: int, rule: Rule, envelope: Envelope, after_s: float | None) -> Trouble:
    if status in envelope.statuses:
        return Trouble(rule, _code(rule, envelope), f"HTTP {status}", after_s=after_s)
    code = {Kind.REFRESH: "CON010", Kind.THROTTLE: "CON003", Kind.RECORD: "CON012", Kind.CONFIG: "CON011"}
    return Trouble(rule, code.get(rule.kind, "CON002"), f"HTTP {status}", after_s=after_s)


def _page(status: int, bare: Rule | None, envelope: Envelope, after_s: float | None) -> Trouble:
    """An HTML page: a gateway's error page keeps its status, everything else means what the vendor's envelope says."""
    own = envelope.page if envelope.page.kind is not Kind.HALT else _PAGE_ONCE_MORE
    if bare is not None and (status not in _ALLOWED_4XX_PAGE or own is _PAGE_ONCE_MORE):
        return _bare(status, bare, envelope, after_s)
    return Trouble(
        own, "CON003" if own.kind is Kind.THROTTLE else "CON007", f"HTTP {status} with a web page", after_s=after_s
    )


def _truncated(why: str) -> Trouble:
    return Trouble(Rule(Kind.RETRY), "CON006", f"the answer is not whole JSON: {why}", unsure=True)
