"""Makes the clients of a process, which share connections, rate budgets and tokens."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Hashable
from ipaddress import ip_address
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from goldbridge import log
from goldbridge.clock import Clock
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http.auth import Auth
from goldbridge.http.budget import Budget
from goldbridge.http.certificate import Certificate
from goldbridge.http.client import Client
from goldbridge.http.envelope import Envelope
from goldbridge.http.exchange import Wire
from goldbridge.http.transport import WireTransport, shared_tls_context, tls_context
from goldbridge.ports import TokenStore

Shared = TypeVar("Shared")
SIZE_CAP = 32 * 1024 * 1024
SOURCES = Mark("config/sources.yaml")


class _Redacting(logging.Filter):
    """httpx logs whole URLs, keys included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = log.redact(record.getMessage()), ()
        return True


for _name in ("httpx", "httpcore.http11", "httpcore.connection", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_Redacting())


class HttpFactory:
    """Made once per process. `transport` stands in for the network, `draw` for chance, `ca_file` adds an authority."""

    def __init__(
        self,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        *,
        draw: Callable[[], float] | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self.clock = clock
        self._ca_file, self._draw = ca_file, draw or random.SystemRandom().random
        self._stands_in = transport
        self._wires = [self._wire(transport or WireTransport(clock, shared_tls_context(ca_file)))]
        self._lock = RLock()  # what is shared may be made of other things that are shared
        self._shared: dict[Hashable, Any] = {}

    def client(
        self,
        *,
        system: str,
        base_url: str,
        auth: Auth | None = None,
        envelope: Envelope | None = None,
        budget: Budget | None = None,
        timeout_s: float = 60.0,
        size_cap: int = SIZE_CAP,
        redirects: int = 0,
        plain_http: bool = False,
        mark: Mark = SOURCES,
        certificate: Certificate | None = None,
    ) -> Client:
        """A client for one system; `Misconfigured` when credentials would leave this machine unencrypted.

        With a `certificate` of ours the connections are its own, for nobody else may speak in its name.
        """
        return Client(
            wire=self._wires[0] if certificate is None else self._certified(certificate, system, mark),
            system=system,
            base_url=_checked(system, base_url, plain_http, mark),
            auth=auth or Auth(),
            envelope=envelope or Envelope(),
            budget=budget or self.budget(system),
            timeout_s=timeout_s,
            size_cap=size_cap,
            redirects=redirects,
            mark=mark,
        )

    def budget(
        self,
        system: str,
        *,
        calls: int | None = None,
        per_s: float = 1.0,
        daily: int | None = None,
        store: TokenStore | None = None,
        zone: str = "Asia/Shanghai",
        name: str = "",
    ) -> Budget:
        """The one budget of this system in this process; `name` sets a second one apart (a token endpoint's)."""
        key = ("budget", system, name, calls, per_s, daily, zone)
        label = f"{system} {name}" if name else system
        return self.share(
            key, lambda: Budget(self.clock, label, calls=calls, per_s=per_s, daily=daily, store=store, zone=zone)
        )

    def share(self, key: Hashable, make: Callable[[], Shared]) -> Shared:
        """The same object for the same key, made once: what threads and connections of one tenant have in common."""
        with self._lock:
            if key not in self._shared:
                self._shared[key] = make()
            found: Shared = self._shared[key]
            return found

    def close(self) -> None:
        """Close all connections; safe to call twice."""
        for wire in self._wires:
            wire.transport.close()

    def _wire(self, transport: httpx.BaseTransport) -> Wire:
        return Wire(self.clock, transport, self._draw)

    def _certified(self, certificate: Certificate, system: str, mark: Mark) -> Wire:
        def make() -> Wire:
            context = tls_context(self._ca_file)
            certificate.load_into(context, system, mark)
            wire = self._wire(self._stands_in or WireTransport(self.clock, context))
            self._wires.append(wire)
            return wire

        return self.share(("wire", certificate), make)


def _checked(system: str, base_url: str, plain_http: bool, mark: Mark) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        shown = log.redact(base_url.split("?")[0])
        message = f"{system}: base_url {shown!r} is not an http(s) address; write https://HOST or https://HOST/PATH"
        raise Misconfigured.one("CON020", message, mark)
    if parts.scheme == "http" and not plain_http and not _is_loopback(parts.hostname):
        message = f"{system}: base_url is plain http, so credentials would travel unencrypted; use https"
        raise Misconfigured.one("CON021", message, mark)
    return base_url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
