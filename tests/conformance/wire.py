"""The network between a connector and a real server, which can be broken where the server itself cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

PLAYED = frozenset(
    {"throttle_after", "throttle", "error_body", "html", "truncated", "unavailable", "reset", "lost", "edit", "tie"}
)
"""Faults that are made of answers alone; `edit` and `tie` call back before the call goes out."""


@dataclass
class _Fault:
    kind: str
    word: str
    options: dict[str, Any]
    before: Callable[[], None] | None
    count: int | None = 1


class BreakingWire(httpx.BaseTransport):
    """Sends everything on, but for calls whose body holds the word of a fault."""

    def __init__(self) -> None:
        self._http = httpx.HTTPTransport()
        self._faults: list[_Fault] = []
        self.calls = 0
        self.sent: list[str] = []

    def fault(self, kind: str, word: str, before: Callable[[], None] | None = None, **options: Any) -> None:
        self._faults.append(_Fault(kind, word, options, before, options.pop("count", 1)))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read().decode()
        self.calls += 1
        self.sent.append(body)
        fault = next((each for each in self._faults if each.word in body), None)
        if fault is None:
            return self._answer(request)
        if fault.count is not None:
            self._faults.remove(fault)
        if fault.before is not None:
            fault.before()
        return self._broken(request, fault)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = self._http.handle_request(request)
        content = answer.read()
        answer.close()
        headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"]
        return httpx.Response(answer.status_code, headers=headers, content=content)

    def _broken(self, request: httpx.Request, fault: _Fault) -> httpx.Response:
        options = fault.options
        match fault.kind:
            case "throttle":
                wait = options.get("after_s")
                return httpx.Response(429, headers={} if wait is None else {"retry-after": str(wait)})
            case "error_body":
                return httpx.Response(200, json=options["body"])
            case "html":
                return httpx.Response(200, html="<!DOCTYPE html><html><body>sign in</body></html>")
            case "unavailable":
                return httpx.Response(int(options.get("status") or 503), html="<html>Service Unavailable</html>")
            case "edit" | "tie" | "expire":
                return self._answer(request)
        answer = self._answer(request)
        if fault.kind == "lost":
            return httpx.Response(502, html="<html>Bad Gateway</html>")
        if fault.kind == "truncated":
            whole = answer.content
            assert orjson.loads(whole) is not None
            return httpx.Response(200, headers={"content-type": "application/json"}, content=whole[: len(whole) // 2])
        raise httpx.ReadError("connection reset", request=request)
