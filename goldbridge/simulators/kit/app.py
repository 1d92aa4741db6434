"""What every pretend system is made of: endpoints over state in memory, counted, limited, and breakable on demand.

A simulator subclasses `Simulator`, lists its endpoints, and answers each `Call` with an `Answer`; `sim.app` is a
Starlette application to mount under a prefix. Handlers are plain functions that never wait: a call costs well below a
millisecond, and state needs no locks because one event loop (or one lock, in process) runs them all.
"""

from __future__ import annotations

import gzip
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from goldbridge.simulators.kit.clock import SimClock
from goldbridge.simulators.kit.fault import Fault, FaultSwitch
from goldbridge.simulators.kit.limit import Limit, Limiter

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>登录</title></head><body><form>请重新登录</form></body></html>"


class Answer(NamedTuple):
    """A finished HTTP answer: status, body, content type, further headers."""

    status: int
    body: bytes
    content_type: bytes = b"application/json;charset=utf-8"
    headers: tuple[tuple[bytes, bytes], ...] = ()


def json_answer(data: Any, status: int = 200, **headers: str) -> Answer:
    """An answer with `data` as JSON; header names are given with underscores."""
    extra = tuple((name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items())
    return Answer(status, orjson.dumps(data), headers=extra)


def text_answer(text: str, status: int = 200, content_type: str = "text/html;charset=utf-8") -> Answer:
    return Answer(status, text.encode(), content_type.encode())


class Refused(Exception):
    """Raised by a handler to answer with the vendor's own error for `code`."""

    def __init__(self, code: str, message: str = "", status: int = 0) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.status = code, message, status


class Call:
    """One request, read completely; everything but the raw parts is worked out when asked for."""

    def __init__(self, scope: Scope, path: str, body: bytes) -> None:
        self.method: str = scope["method"]
        self.path = path
        self.params: Mapping[str, str] = scope.get("path_params", {})
        self.body = body
        self._scope = scope
        self._faults: dict[str, Fault] = {}
        self._poison: frozenset[str] = frozenset()

    @property
    def full_path(self) -> str:
        """The path as the client wrote it, prefix included: what a signature covers."""
        return str(self._scope["path"])

    @cached_property
    def headers(self) -> dict[str, str]:
        """Header names in lower case."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self._scope["headers"]}

    @cached_property
    def query(self) -> dict[str, str]:
        """Parameters of the URL; the last one wins."""
        return dict(parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True))

    @property
    def raw_query(self) -> str:
        """The query exactly as it was sent, for signatures over it."""
        query: bytes = self._scope["query_string"]
        return query.decode("latin-1")

    @cached_property
    def json(self) -> Any:
        """The body as JSON, `{}` when it is empty; raises JSONDecodeError, which `Simulator.bad_json` answers."""
        return orjson.loads(self.body) if self.body else {}

    @cached_property
    def form(self) -> dict[str, str]:
        """The body as a web form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def fault(self, kind: str) -> Fault | None:
        """The cooperative fault of this kind that fires on this call, if one does."""
        return self._faults.get(kind) if self._faults else None

    def poisoned(self, *keys: object) -> bool:
        """Whether one of these is the key of a row that breaks every page that holds it."""
        return bool(self._poison) and not self._poison.isdisjoint(map(str, keys))

    def arm(self, faults: Iterable[Fault]) -> None:
        self._faults = {fault.kind: fault for fault in faults}
        self._poison = frozenset(fault.key for fault in faults if fault.kind == "poison")


class Endpoint(NamedTuple):
    """A method, a path below the simulator's prefix, and the rate limit it counts against (default: the path)."""

    method: str
    path: str
    handle: Callable[[Call], Answer]
    limit: str = ""


class Counters:
    """How much a simulator was asked and what it stored; `calls` counts refused ones too, `limited` broke a limit."""

    def __init__(self) -> None:
        self.calls = 0
        self.writes = 0
        self.refused = 0
        self.limited = 0
        self.by_endpoint: dict[str, int] = {}

    def as_json(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "writes": self.writes,
            "refused": self.refused,
            "by_endpoint": dict(sorted(self.by_endpoint.items())),
        }


class Simulator:
    """Base of all pretend systems. Subclasses set `name`, `sheet_limits`, and implement `endpoints` and `refuse`."""

    name: ClassVar[str] = "simulator"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {}
    """The vendor's limits, by endpoint (`*`: any other), held when `limits="sheet"`; `roomy` holds none."""

    def __init__(self, *, clock: SimClock | None = None, limits: str = "roomy", seed: int = 0) -> None:
        if limits not in ("roomy", "sheet"):
            raise ValueError(f"limits are 'roomy' or 'sheet', not {limits!r}")
        self.clock = clock or SimClock()
        self.seed = seed
        self.counters = Counters()
        self.faults = FaultSwitch(seed)
        self.limiter = Limiter(self.clock, self.sheet_limits if limits == "sheet" else {})
        self._date = (0, b"")

    def endpoints(self) -> Iterable[Endpoint]:
        """All endpoints, in matching order."""
        raise NotImplementedError

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        """The vendor's own error answer; `status` 0 means the status the vendor uses for this code."""
        raise NotImplementedError

    def throttled(self, after_s: float) -> Answer:
        """What a client gets beyond the rate limit; `after_s` until the next call may pass."""
        return json_answer({"error": "too many requests"}, 429, Retry_After=str(int(after_s) + 1))

    def bad_json(self, call: Call) -> Answer:
        """What a client gets for a body that is not JSON."""
        return self.refuse("400", f"body of {call.path} is not JSON", 400)

    def unknown_path(self, call: Call) -> Answer:
        """What a client gets for a path (or method) that does not exist."""
        return json_answer({"error": f"no such path: {call.method} {call.path}"}, 404)

    def expire_tokens(self) -> None:
        """Fault `expire`: every token dies now."""

    def edit_rows(self, call: Call, rows: int) -> None:
        """Fault `edit`: somebody edits `rows` rows of what this call is about."""

    def tie_rows(self, call: Call, rows: int) -> None:
        """Fault `tie`: `rows` rows get one and the same time of modification."""

    def stats(self) -> dict[str, Any]:
        """Counters as JSON, for the control surface."""
        return {**self.counters.as_json(), "faults": dict(sorted(self.faults.fired.items()))}

    @cached_property
    def app(self) -> Starlette:
        """The ASGI application; mount it under the system's prefix."""
        routes = [
            Route(endpoint.path, _Serve(self, endpoint), methods=[endpoint.method], name=endpoint.path)
            for endpoint in self.endpoints()
        ]
        nothing = _Serve(self, Endpoint("*", "/{path:path}", self.unknown_path))
        app = Starlette(routes=[*routes, Route("/{path:path}", nothing, methods=None)])
        app.router.redirect_slashes = False
        return app

    def handle(self, call: Call, endpoint: Endpoint) -> Answer:
        """Rate limit, then the handler; every refusal in the vendor's own shape."""
        name = endpoint.limit or endpoint.path
        if after_s := self.limiter.take(name):
            self.counters.refused += 1
            self.counters.limited += 1
            return self.throttled(after_s)
        try:
            return endpoint.handle(call)
        except Refused as refusal:
            self.counters.refused += 1
            return self.refuse(refusal.code, refusal.message, refusal.status)
        except orjson.JSONDecodeError:
            self.counters.refused += 1
            return self.bad_json(call)

    def date_header(self) -> bytes:
        """The simulator's own time as a header value; the client takes the server's clock from it."""
        second = int(self.clock.now())
        if second != self._date[0]:
            self._date = (second, self.clock.http_date().encode())
        return self._date[1]


class _Serve:
    """The ASGI face of one endpoint: reads the body, plays the faults, sends the answer."""

    def __init__(self, sim: Simulator, endpoint: Endpoint) -> None:
        self._sim = sim
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            path = path[len(root) :] or "/"
        sim, call = self._sim, Call(scope, path, body)
        counters = sim.counters
        counters.calls += 1
        counters.by_endpoint[self._endpoint.path] = counters.by_endpoint.get(self._endpoint.path, 0) + 1
        faults = sim.faults.pick(call.method, path, body)
        if faults:
            await _Broken(sim, call, self._endpoint, faults).play(receive, send)
        else:
            await _send(sim, send, sim.handle(call, self._endpoint))


async def _send(sim: Simulator, send: Send, answer: Answer) -> None:
    await send(_start(sim, answer))
    await send({"type": "http.response.body", "body": answer.body})


def _start(sim: Simulator, answer: Answer) -> dict[str, Any]:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    if not any(name.lower() == b"date" for name, _ in answer.headers):  # a fault may tell another time
        headers.append((b"date", sim.date_header()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


class _Broken:
    """One call on which faults fire."""

    def __init__(self, sim: Simulator, call: Call, endpoint: Endpoint, faults: list[Fault]) -> None:
        self._sim, self._call, self._endpoint = sim, call, endpoint
        self._by_kind = {fault.kind: fault for fault in faults}
        call.arm(faults)

    async def play(self, receive: Receive, send: Send) -> None:
        sim, faults = self._sim, self._by_kind
        if latency := faults.get("latency"):
            await sim.clock.wait(latency.delay_s)
        reset = faults.get("reset")
        if reset and reset.when == "before":
            _reset(receive)
            return
        answer = self._instead()
        if answer is None:
            self._prepare()
            answer = self._spoil(sim.handle(self._call, self._endpoint))
        if reset and reset.when == "after":
            _reset(receive)
        elif reset:
            await send(_start(sim, answer))
            await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
            _reset(receive)
        elif slow := faults.get("slow"):
            await self._trickle(send, answer, slow)
        else:
            await _send(sim, send, answer)

    def _instead(self) -> Answer | None:
        """The answer of a fault that keeps the call from being done at all."""
        sim, faults = self._sim, self._by_kind
        if fault := faults.get("throttle"):
            return self._retry_later(fault)
        if fault := faults.get("unavailable"):
            return text_answer("<html><body>Service Unavailable</body></html>", fault.status or 503)
        if fault := faults.get("refuse"):
            return sim.refuse(fault.code, fault.message, fault.status)
        if fault := faults.get("error_body"):
            return json_answer(fault.body, fault.status or 200)
        if fault := faults.get("html"):
            return text_answer(LOGIN_PAGE, fault.status or 200)
        if fault := faults.get("bomb"):
            packed = gzip.compress(b" " * (fault.size_mb << 20), compresslevel=6)
            return Answer(200, packed, headers=((b"content-encoding", b"gzip"),))
        return None

    def _retry_later(self, fault: Fault) -> Answer:
        headers: dict[str, str] = {}
        if fault.after_s is not None:
            date = self._sim.clock.http_date(fault.after_s + fault.skew_s)
            headers["Retry_After"] = date if fault.as_date else f"{fault.after_s:g}"
            if fault.as_date:
                headers["Date"] = self._sim.clock.http_date(fault.skew_s)
        return json_answer({"error": "too many requests"}, 429, **headers)

    def _prepare(self) -> None:
        sim, faults = self._sim, self._by_kind
        if "expire" in faults:
            sim.expire_tokens()
        if fault := faults.get("edit"):
            sim.edit_rows(self._call, fault.rows)
        if fault := faults.get("tie"):
            sim.tie_rows(self._call, fault.rows)

    def _spoil(self, answer: Answer) -> Answer:
        """What a fault makes of an answer to a call that was done."""
        faults = self._by_kind
        if fault := faults.get("lost"):
            return text_answer("<html><body>Bad Gateway</body></html>", fault.status or 502)
        if "truncated" in faults:
            return answer._replace(body=answer.body[: len(answer.body) // 2])
        if fault := faults.get("encoding"):
            return answer._replace(body=_encode(answer.body, fault.code))
        return answer

    async def _trickle(self, send: Send, answer: Answer, fault: Fault) -> None:
        await send(_start(self._sim, answer))
        step = max(1, fault.rows)
        for at in range(0, len(answer.body), step):
            await self._sim.clock.wait(fault.delay_s)
            await send({"type": "http.response.body", "body": answer.body[at : at + step], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _encode(body: bytes, how: str) -> bytes:
    match how:
        case "gbk":
            return body.decode().encode("gb18030")
        case "bom":
            return b"\xef\xbb\xbf" + body
        case "invalid":
            middle = len(body) // 2
            return body[:middle] + b"\xff" + body[middle:]
        case _:
            raise ValueError(f"fault 'encoding' takes code gbk, bom or invalid, not {how!r}")


def _reset(receive: Receive) -> None:
    """Cut the connection without a word: a real RST when the server lets us reach its socket."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("connection reset by the simulator")
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
