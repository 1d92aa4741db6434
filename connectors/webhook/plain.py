"""Two styles without encryption: a digest over the body with a shared secret, and a shared token.

The first covers what most senders do: the digest of the body alone, or of a signed time (and an id) with it, in a
header of its own or as one item of a list. A sender that changes its secret has two for a while: both are accepted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from datetime import datetime
from uuid import uuid4

from pydantic import SecretStr

from connectors.webhook.call import Answer, Call, Opened, check_fresh, forged, same, stamped
from connectors.webhook.signature import SignatureConfig

_MOST = 8
"""Signatures of one call that are looked at."""
_PLACEHOLDER = re.compile(rb"\{(timestamp|id|body)\}")


class Hmac:
    """`secret` signs `signed`, in which {timestamp}, {id} and {body} stand for what was sent."""

    def __init__(self, config: SignatureConfig) -> None:
        self._config = config
        self._keys = [_key(secret, config.secret_form) for secret in (config.secret, config.old_secret) if secret]
        self._timed = "{timestamp}" in config.signed

    def open(self, call: Call, now: datetime) -> Opened:
        config = self._config
        header = call.headers.get(config.header.lower(), "")
        items = [one.strip() for one in header.split(config.separator)] if config.separator else [header.strip()]
        given = [one.removeprefix(config.prefix) for one in items if one.startswith(config.prefix)]
        if not header or not given:
            raise forged(f"there is no signature in header {config.header}")
        at = call.headers.get(config.timestamp_header.lower(), "") if config.timestamp_header else ""
        if mark := config.timestamp_prefix:
            at = next((one.removeprefix(mark) for one in items if one.startswith(mark)), "")
        named = call.headers.get(config.id_header.lower(), "") if config.id_header else ""
        right = [self._sign(key, at, named, call.body) for key in self._keys]
        if not any(same(one, other) for one in given[:_MOST] for other in right):
            raise forged("the signature is not that of our secret")
        if self._timed:
            check_fresh(at, config.window_s, now)
        return Opened(call.body, stamp=f"{at}\n{named}" if self._timed or named else "")

    def answer(self, now: datetime) -> Answer:
        return Answer()

    def sign(self, content: bytes, now: datetime) -> Call:
        """The call that a sender would make of this body."""
        config = self._config
        at, named = stamped(now), f"msg_{uuid4().hex}"
        made = config.prefix + self._sign(self._keys[0], at, named, content)
        headers = {"content-type": "application/json"}
        if config.timestamp_prefix:
            made = f"{config.timestamp_prefix}{at}{config.separator}{made}"
        if config.timestamp_header:
            headers[config.timestamp_header.lower()] = at
        if config.id_header:
            headers[config.id_header.lower()] = named
        return Call("POST", {**headers, config.header.lower(): made}, {}, content)

    def _sign(self, key: bytes, at: str, named: str, body: bytes) -> str:
        values = {b"timestamp": at.encode("utf-8", "surrogateescape"), b"id": named.encode(), b"body": body}
        text = _PLACEHOLDER.sub(lambda found: values[found[1]], self._config.signed.encode())
        digest = hmac.new(key, text, getattr(hashlib, self._config.algorithm)).digest()
        return digest.hex() if self._config.encoding == "hex" else base64.b64encode(digest).decode()


def _key(secret: SecretStr, form: str) -> bytes:
    text = secret.get_secret_value()
    if form == "text":
        return text.encode()
    try:
        return bytes.fromhex(text) if form == "hex" else base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError(f"secret: this is no {form} text; with `secret_form: text` it is used as it stands") from None


class Token:
    """The sender shows a secret, in a header, or in the address where it cannot set one. It proves no body."""

    def __init__(self, config: SignatureConfig) -> None:
        self._config = config
        self._known = [one.get_secret_value() for one in (config.secret, config.old_secret) if one]

    def open(self, call: Call, now: datetime) -> Opened:
        config = self._config
        given = call.query.get(config.query, "") if config.query else call.headers.get(config.header.lower(), "")
        if not config.query:
            if not given.startswith(config.prefix):
                raise forged(f"there is no token in header {config.header}")
            given = given.removeprefix(config.prefix)
        if not any(same(given, one) for one in self._known):
            raise forged("the token is not ours")
        return Opened(call.body)

    def answer(self, now: datetime) -> Answer:
        return Answer()

    def sign(self, content: bytes, now: datetime) -> Call:
        """The call that a sender would make of this body."""
        headers, config = {"content-type": "application/json"}, self._config
        if config.query:
            return Call("POST", headers, {config.query: self._known[0]}, content)
        return Call("POST", {**headers, config.header.lower(): config.prefix + self._known[0]}, {}, content)
