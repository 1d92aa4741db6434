"""The wire, with one deadline per attempt.

httpx knows a timeout per read; a server that sends one byte a second never trips it. Here every read and write of an
attempt gets what is left of the attempt's time, headers included. Certificates are always verified. Names are resolved
for every new connection, and idle connections are kept briefly, so that a moved host is found again.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpcore
import httpx

from goldbridge.clock import Clock

_KEEP_IDLE_S = 30.0
_SLICE = 65_536
_CONNECTIONS = 64


class _Deadline(threading.local):
    at: float | None = None


class WireTransport(httpx.HTTPTransport):
    """httpx's own transport over a pool whose sockets obey the attempt's deadline."""

    def __init__(self, clock: Clock, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self._clock = clock
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=_CONNECTIONS,
            keepalive_expiry=_KEEP_IDLE_S,
            network_backend=_Backend(clock, self._deadline),
        )

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Everything this thread sends and receives inside the block has to be done in `seconds`."""
        self._deadline.at = self._clock.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline.at = None


def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Trusts the usual authorities, or those of one file; a certificate of ours may be loaded into it."""
    return ssl.create_default_context(cafile=str(ca_file)) if ca_file else httpx.create_ssl_context()


@cache
def shared_tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """One for all that show no certificate: to read the authorities takes longer than many a command's own work."""
    return tls_context(ca_file)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, clock: Clock, deadline: _Deadline) -> None:
        self._inner = httpcore.SyncBackend()
        self._clock, self._deadline = clock, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        limit = _left(self._clock, self._deadline, timeout, httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, limit, local_address, socket_options)
        return _Stream(stream, self._clock, self._deadline)

    def sleep(self, seconds: float) -> None:
        self._clock.wait(seconds)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, clock: Clock, deadline: _Deadline) -> None:
        self._inner, self._clock, self._deadline = inner, clock, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._clock, self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _SLICE):
            limit = _left(self._clock, self._deadline, timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + _SLICE], limit)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = _left(self._clock, self._deadline, timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, limit), self._clock, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(clock: Clock, deadline: _Deadline, timeout: float | None, error: type[Exception]) -> float | None:
    if deadline.at is None:
        return timeout
    left = deadline.at - clock.monotonic()
    if left <= 0:
        raise error("the deadline of this attempt has passed")
    return left if timeout is None else min(left, timeout)
