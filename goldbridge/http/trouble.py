"""What can go wrong in one attempt, before anyone decides whether there is another."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx
from cryptography import x509

from goldbridge.clock import iso
from goldbridge.http.envelope import RETRY, Kind, Rule
from goldbridge.log import redact

_LONGEST_TEXT = 200


class Trouble(Exception):
    """One attempt failed. `sent`: the request may have reached the other side; `unsure`: its outcome is open."""

    def __init__(
        self,
        rule: Rule,
        code: str,
        what: str,
        *,
        sent: bool = True,
        unsure: bool = False,
        after_s: float | None = None,
    ) -> None:
        super().__init__(what)
        self.rule, self.code, self.what = rule, code, clean(what)
        self.sent, self.unsure, self.after_s = sent, unsure or (sent and rule.kind is Kind.RETRY), after_s


def clean(text: str) -> str:
    """A foreign sentence fit for our messages: on one line, short, without secrets."""
    line = " ".join(redact(text).split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def from_network(error: httpx.HTTPError, host: str, port: int) -> Trouble:
    """A transport error by its class: what may succeed later is retried, a bad certificate is final."""
    sent = not isinstance(error, _UNSENT)
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            what = f"the certificate of {host} is not accepted: {cause.verify_message}{_dates(host, port)}"
            return Trouble(
                Rule(Kind.HALT, "have it renewed, or point SSL_CERT_FILE at a bundle that holds its authority"),
                "CON009",
                what,
                sent=False,
            )
        if isinstance(cause, ssl.SSLError) and _refused_ours(cause.reason or ""):
            what = f"{host} does not let us in without a certificate that it accepts ({_words(cause.reason)})"
            remedy = "give `certificate` the one that was issued to this hub, and have it renewed when it has ended"
            return Trouble(Rule(Kind.CONFIG, remedy), "CON327", what, sent=False)
        if isinstance(cause, socket.gaierror):
            return Trouble(RETRY, "CON001", f"the name {host} does not resolve", sent=False)
    if isinstance(error, httpx.TimeoutException):
        what = f"{host}:{port} did not answer in time" if sent else f"{host}:{port} did not accept a connection in time"
    else:
        what = f"{host}:{port}: {error or type(error).__name__}"
    return Trouble(RETRY, "CON001", what, sent=sent)


def _refused_ours(reason: str) -> bool:
    """Whether the other side ended a handshake because of the certificate we showed, or did not show."""
    return "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason or "ACCESS_DENIED" in reason)


def _words(reason: str | None) -> str:
    return (reason or "").partition("ALERT_")[2].replace("_", " ").lower()


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _dates(host: str, port: int) -> str:
    """The certificate's dates for the message; nothing is sent on this connection."""
    try:
        found = x509.load_pem_x509_certificate(ssl.get_server_certificate((host, port), timeout=5).encode())
    except (OSError, ValueError):
        return ""
    return f" (valid from {iso(found.not_valid_before_utc)[:10]} to {iso(found.not_valid_after_utc)[:10]})"
