"""How an application gets its token: registers once, proves its secret, and says with each call whom it acts for.

Cookies never travel: a kept session would overrule the user of the call. The client core sends none.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from connectors.base import Context
from connectors.weaver.config import WeaverConfig
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http import Client, Token
from goldbridge.log import remember_secret

_AUTH = "/api/ec/dev/auth"
_REGISTRATION = "registration"
_PADDING = 11  # bytes that PKCS#1 v1.5 takes of each block


class Login:
    """Tokens of one application, and the headers of a call."""

    def __init__(self, config: WeaverConfig, context: Context, http: Client) -> None:
        self._config, self._context, self._http = config, context, http

    def fetch(self, _: Token | None) -> Token:
        secret, spk = self._registration()
        headers = {"appid": self._config.app_id, "secret": encrypted(spk, secret, self._context.system)}
        if self._config.token_time:
            headers["time"] = self._config.token_time
        reply = self._http.send("POST", f"{_AUTH}/applytoken", headers=headers, about="token", endpoint="token")
        return Token(str(reply.unwrap("token")), self._config.token_s, extra={"spk": spk})

    def headers(self, token: Token) -> dict[str, str]:
        """Made anew for each call: the padding of the encrypted user is random."""
        user = encrypted(token.extra["spk"], self._config.user_id, self._context.system)
        return {"appid": self._config.app_id, "token": token.value, "userid": user}

    def _registration(self) -> tuple[str, str]:
        """Secret and public key: from the settings, from an earlier registration, or by registering now."""
        config, system, store = self._config, self._context.system, self._context.store
        if config.secret is not None and config.spk:
            found: Any = {"secret": config.secret.get_secret_value(), "spk": config.spk}
        elif config.secret is not None or config.spk:
            message = f"{system}: secret and spk come from one registration; set both, or neither to register now"
            raise Misconfigured.one("CON285", message, Mark("config/sources.yaml"))
        else:
            found = store.load(system, _REGISTRATION)
            if not isinstance(found, dict) or found.get("app_id") != config.app_id:
                headers = {"appid": config.app_id, "cpk": config.cpk}
                reply = self._http.send("POST", f"{_AUTH}/regist", headers=headers, about="registration")
                body = reply.data if isinstance(reply.data, dict) else {}
                # Older builds misspell the name.
                secret = body.get("secret") or body.get("secrit") or reply.unwrap("secret")
                found = {"app_id": config.app_id, "secret": str(secret), "spk": str(reply.unwrap("spk"))}
                store.save(system, _REGISTRATION, found)  # before anyone uses it: the OA must not be asked again
        remember_secret(str(found["secret"]))
        return str(found["secret"]), str(found["spk"])


def encrypted(spk: str, text: str, system: str) -> str:
    """RSA with PKCS#1 v1.5 in blocks as base64; the key may come bare or with PEM lines around it."""
    bare = "".join(line for line in spk.split() if "-" not in line and line not in ("PUBLIC", "KEY-----"))
    try:
        key = load_der_public_key(base64.b64decode(bare, validate=True))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, RSAPublicKey):
        message = f"{system}: spk is not a public RSA key; copy it from the answer of the registration"
        raise Misconfigured.one("CON285", message, Mark("config/sources.yaml"))
    raw, size = text.encode(), key.key_size // 8 - _PADDING
    blocks = [key.encrypt(raw[at : at + size], PKCS1v15()) for at in range(0, len(raw), size)]
    return base64.b64encode(b"".join(blocks)).decode()
