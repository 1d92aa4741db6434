"""A server of a few lines that misbehaves on the wire exactly as a test scripts it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from goldbridge.clock import Clock, FrozenClock
from goldbridge.http import Client, HttpFactory

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
Step = Callable[[socket.socket, "Request"], None]


class Request:
    """What arrived: the request line, headers in lower case, and the body."""

    def __init__(self, raw: bytes, body: bytes) -> None:
        head = raw.decode("latin-1").split("\r\n")
        self.method, self.target, _ = head[0].split(" ")
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
        self.body = body


class Server:
    """Answers the n-th request with the n-th step; the last step answers all that follow."""

    def __init__(self, *steps: Step, context: Any = None) -> None:
        self.steps, self.requests = list(steps), []
        self._context, self._lock = context, threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            while request := _read(connection):
                with self._lock:
                    step = self.steps[min(len(self.requests), len(self.steps) - 1)]
                    self.requests.append(request)
                step(connection, request)
        except OSError:
            pass
        finally:
            connection.close()


def _read(connection: socket.socket) -> Request | None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        chunk = connection.recv(65_536)
        if not chunk:
            return None
        raw += chunk
    head, _, body = raw.partition(b"\r\n\r\n")
    request = Request(head, b"")
    while len(body) < int(request.headers.get("content-length", "0")):
        body += connection.recv(65_536)
    request.body = body
    return request


def answer(
    body: Any = None,
    status: int = 200,
    *,
    raw: bytes | None = None,
    content_type: str = "application/json",
    **headers: str,
) -> Step:
    """A plain answer; `raw` replaces the JSON body; header names are given with underscores."""
    content = json.dumps(body).encode() if raw is None else raw
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    payload = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content
    return lambda connection, _: connection.sendall(payload)


def send_raw(payload: bytes) -> Step:
    """Bytes as they are, then the connection is closed."""

    def step(connection: socket.socket, _: Request) -> None:
        connection.sendall(payload)
        connection.shutdown(socket.SHUT_RDWR)

    return step


def hang_up(connection: socket.socket, _: Request) -> None:
    """Reset after the request was read."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def drip(payload: bytes, every_s: float) -> Step:
    """One byte at a time: the slow loris."""

    def step(connection: socket.socket, _: Request) -> None:
        pause = threading.Event()
        for byte in payload:
            connection.sendall(bytes([byte]))
            pause.wait(every_s)

    return step


def make_client(server: Server | str, clock: Clock | None = None, **options: Any) -> Client:
    """A client on a frozen clock whose draw is always the middle, unless told otherwise."""
    url = server if isinstance(server, str) else server.url
    draw = options.pop("draw", lambda: 0.5)
    ca_file = options.pop("ca_file", None)
    factory = HttpFactory(clock or FrozenClock(NOON), draw=draw, ca_file=ca_file)
    return factory.client(**{"system": "demo", "base_url": url, **options})


class MemoryStore:
    """A token store that survives what the test calls a restart."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def load(self, system: str, name: str) -> Any:
        text = self.kept.get((system, name))
        return None if text is None else json.loads(text)

    def save(self, system: str, name: str, value: Any) -> None:
        self.kept[system, name] = json.dumps(value)
