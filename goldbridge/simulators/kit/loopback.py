"""Two ways to reach an ASGI application from a test: on a real loopback socket, or in process without any.

`Loopback` shows what a network shows (real resets, real slowness); `InProcess` is an httpx transport that runs the
application on the caller's thread, so that a frozen clock decides about time.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Coroutine, Iterator
from types import TracebackType
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Message


class Loopback:
    """A server for the length of a `with`: `with Loopback(sim.app) as url: ...`."""

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        # The socket listens before the thread starts, so that a first call waits in the backlog instead of failing.
        # TCP by name: asyncio switches delayed packets off only for sockets that say so.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen(256)
        # Connections are kept: on a busy machine a client may come back to one after more than the usual five seconds.
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", date_header=False, server_header=False, timeout_keep_alive=600
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> str:
        self._thread.start()
        return self.url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


class InProcess(httpx.BaseTransport):
    """Runs the application right here; one call at a time, whoever calls."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        messages: list[Message] = []
        body = request.read()

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "query_string": request.url.query,
            "server": (request.url.host, request.url.port),
            "client": ("127.0.0.1", 0),
            "root_path": "",
        }
        with self._lock:
            broken = _run(self._app(scope, receive, send))  # type: ignore[arg-type]
        if not messages:
            raise httpx.ReadError(f"connection reset: {broken}", request=request)
        start = messages[0]
        content = b"".join(message.get("body", b"") for message in messages[1:])
        if broken is not None:
            return httpx.Response(start["status"], headers=start["headers"], stream=_Torn(content, request))
        return httpx.Response(start["status"], headers=start["headers"], content=content)


class _Torn(httpx.SyncByteStream):
    """A body that ends before it is over."""

    def __init__(self, content: bytes, request: httpx.Request) -> None:
        self._content, self._request = content, request

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        raise httpx.ReadError("connection reset in the body", request=self._request)


def _run(work: Coroutine[Any, Any, None]) -> ConnectionResetError | None:
    """Drive a coroutine that never really waits; one that does needs `Loopback`."""
    try:
        work.send(None)
    except StopIteration:
        return None
    except ConnectionResetError as error:
        return error
    work.close()
    raise RuntimeError("the simulator wants to wait: freeze its clock, give it a wait function, or use Loopback")
