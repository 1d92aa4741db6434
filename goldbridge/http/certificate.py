"""Our own certificate, for servers that let nobody in without one (mutual TLS)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from goldbridge.errors import Mark, Misconfigured


@dataclass(frozen=True, slots=True)
class Certificate:
    """A PEM file with the chain, its private key (in the same file when `key_file` is None), the key's password."""

    file: Path
    key_file: Path | None = None
    password: str = field(default="", repr=False)

    def load_into(self, context: ssl.SSLContext, system: str, mark: Mark) -> None:
        """Show this certificate to whoever asks; raises `Misconfigured` CON326 when it cannot be used."""
        try:
            # Without a password, OpenSSL would ask the terminal for one and wait.
            context.load_cert_chain(self.file, self.key_file, password=lambda: self.password)
        except OSError as error:  # ssl.SSLError is one
            raise Misconfigured.one("CON326", f"{system}: {self._trouble(error)}", mark) from None

    def _trouble(self, error: OSError) -> str:
        files = f"{self.file}" + (f" and {self.key_file}" if self.key_file else "")
        if not isinstance(error, ssl.SSLError):
            unread = next((path for path in (self.file, self.key_file) if path and not _readable(path)), self.file)
            return f"the certificate file {unread} cannot be read ({(error.strerror or 'error').lower()})"
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"the private key does not belong to the certificate ({files}); give the two that were made together"
        return (
            f"no certificate with its private key can be read from {files}; both must be PEM, and a key with a "
            "password needs `password`"
        )


def _readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False
