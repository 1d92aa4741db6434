"""Signs calls by the templates of `auth`: a shared secret (hmac), a hash over a text that holds the key, or RSA."""

from __future__ import annotations

import hashlib
import uuid
from base64 import b64encode
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

from connectors.base import Context
from connectors.rest.auth_config import AuthConfig
from connectors.rest.template import Template
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http import Draft
from goldbridge.http.signature import Sign, hash_signer, hmac_signer, rsa_signer
from goldbridge.log import remember_secret
from goldbridge.ports import Json

_SOURCES = Mark("config/sources.yaml")


def secret_of(config: AuthConfig) -> str:
    """The key under `auth`, told to the log."""
    key = config.key.get_secret_value() if config.key is not None else ""
    remember_secret(key)
    return key


def private_signer(config: AuthConfig, system: str, digest: str = "sha256") -> Sign:
    """What signs with the private key under `auth`; raises `Misconfigured` CON326 when that is none."""
    try:
        return rsa_signer(secret_of(config), digest)
    except ValueError as error:
        message = f"{system}: the secret behind `auth.key` is {error}; put the whole key there, with its BEGIN line"
        raise Misconfigured.one("CON326", message, _SOURCES) from None


class Signer:
    """Adds headers and parameters with the signature to a draft."""

    def __init__(self, config: AuthConfig, context: Context) -> None:
        self._config, self._clock = config, context.clock
        self._key = secret_of(config)
        match config.kind:
            case "rsa":
                self._made = private_signer(config, context.system, config.digest)
            case "hash":
                self._made = hash_signer(config.digest)
            case _:
                self._made = hmac_signer(self._key, config.digest)
        self._output = config.output or ("base64" if config.kind == "rsa" else "hex")
        self._sign = Template(config.sign)
        self._headers = [(name.lower(), Template(text)) for name, text in config.headers.items()]
        self._params = [(name, Template(text)) for name, text in config.params.items()]
        self._early = [(name, text) for name, text in self._params if "signature" not in text.names]

    def __call__(self, draft: Draft) -> None:
        values = self._values(draft)
        for name, text in self._early:  # what is signed over the query has to be in it already
            draft.params.append((name, text.text(values)))
        values |= self._address(draft)
        signed = self._sign.text({**values, "key": self._key})  # {key} stands in the signed text alone
        values["signature"] = self._written(self._made(signed.encode("utf-8", "surrogatepass")))
        for name, text in self._headers:
            draft.headers[name] = text.text(values)
        draft.params += [(name, text.text(values)) for name, text in self._params if "signature" in text.names]

    def _written(self, signature: bytes) -> str:
        if self._output == "base64":
            return b64encode(signature).decode()
        return signature.hex().upper() if self._output == "HEX" else signature.hex()

    def _values(self, draft: Draft) -> dict[str, Json]:
        now = self._clock.now()
        try:
            body = draft.payload()[0] or b""
        except UnicodeEncodeError:  # half a character: the draft is refused when it is sent
            body = b""
        return {
            "method": draft.method,
            "path": urlsplit(draft.url).path,
            "body": body.decode(),
            "body_sha256": hashlib.sha256(body).hexdigest(),
            "body_md5": b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
            "timestamp": str(int(now.timestamp())),
            "timestamp_ms": str(int(now.timestamp() * 1000)),
            "http_date": format_datetime(now, usegmt=True),
            "nonce": uuid.uuid4().hex,
            "key_id": self._config.key_id,
        }

    def _address(self, draft: Draft) -> dict[str, Json]:
        """The query in every form that recipes ask for: as sent, sorted, sorted before it is escaped, run together."""
        pairs = sorted(draft.params)
        escaped = (f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
        return {
            "query": urlsplit(draft.full_url()).query,
            "sorted_query": "&".join(escaped),
            "sorted_params": "&".join(f"{name}={value}" for name, value in pairs),
            "joined_params": "".join(f"{name}{value}" for name, value in pairs),
        }
