"""How a call proves itself: signed headers, or a session.

Signed calls need no login. The server hands out a session all the same, and while that lives it looks at nothing else;
we send it back, as the vendor's own client does, since every call without one opens another session. A session that is
refused is dropped and the call signed once more; refused without a session it means that the credentials are wrong,
whatever the sentence about a lost session says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from connectors.kingdee.config import KingdeeConfig
from goldbridge.clock import Clock
from goldbridge.errors import Mark, Misconfigured
from goldbridge.http import Auth, Draft
from goldbridge.log import remember_secret

_SEED = b"0054f397c6234378b09ca7d3e5debce7"
_SESSION = re.compile(r"kdservice-sessionid=([^;,\s]+)")


def check(config: KingdeeConfig, system: str) -> None:
    """Raises `Misconfigured` CON160 with everything that is missing for the chosen way in."""
    for secret in (config.app_secret, config.password):
        remember_secret(secret.get_secret_value())
    wrong: list[str] = []
    if not urlsplit(config.base_url).path.rstrip("/").lower().endswith("/k3cloud"):
        wrong.append("base_url does not end in /k3cloud (a server of the /kapi/ kind is another product)")
    if config.auth == "password_login":
        if not config.password.get_secret_value():
            wrong.append("`password` is missing")
    else:
        if not config.app_secret.get_secret_value():
            wrong.append("`app_secret` is missing")
        if config.auth == "signed" and not client_key(config.app_id):
            wrong.append("`app_id` is not CLIENT_ followed by 32 characters of base64 without '='")
    if wrong:
        raise Misconfigured.one("CON160", f"{system}: {'; '.join(wrong)}", Mark("config/sources.yaml"))


def client_key(app_id: str) -> str:
    """The signing key hidden in an AppID; empty when the AppID is not one."""
    coded = app_id.partition("_")[2]
    if not re.fullmatch(r"[A-Za-z0-9+/]{32}", coded):
        return ""
    return base64.b64encode(bytes(a ^ b for a, b in zip(base64.b64decode(coded), _SEED, strict=False))).decode()


class SignedSession(Auth):
    """Signs every attempt and keeps the session that comes back."""

    def __init__(self, config: KingdeeConfig, clock: Clock) -> None:
        self._config, self._clock = config, clock
        self._secret = config.app_secret.get_secret_value()
        self._key = client_key(config.app_id)
        self._session = ""
        remember_secret(self._key)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Keep the session id that an answer set."""
        if found := _SESSION.search(headers.get("set-cookie", "")):
            self._session = found.group(1)
            remember_secret(self._session)

    def apply(self, draft: Draft) -> None:
        config, stamp = self._config, str(int(self._clock.now().timestamp()))
        path = quote(urlsplit(draft.url).path, safe="")
        known_as = f"{config.acct_id},{config.user},{config.lcid},{config.organisation}"
        draft.headers |= {
            "x-api-clientid": config.app_id.partition("_")[0],
            "x-api-auth-version": "2.0",
            "x-api-timestamp": stamp,
            "x-api-nonce": stamp,
            "x-api-signheaders": "x-api-timestamp,x-api-nonce",
            "x-api-signature": _mac(self._key, f"POST\n{path}\n\nx-api-nonce:{stamp}\nx-api-timestamp:{stamp}\n"),
            "x-kd-appkey": config.app_id,
            "x-kd-appdata": base64.b64encode(known_as.encode()).decode(),
            "x-kd-signature": _mac(self._secret, config.app_id + known_as),
        }
        draft.token = self._session
        if draft.token:
            draft.headers |= session_headers(draft.token)

    def renew(self, draft: Draft) -> bool:
        if self._session == draft.token:
            self._session = ""
        return bool(draft.token)


def session_headers(session: str) -> dict[str, str]:
    return {"kdservice-sessionid": session, "cookie": f"kdservice-sessionid={session}"}


def login(config: KingdeeConfig, clock: Clock) -> tuple[str, list[object]]:
    """The login service and its parameters for the chosen way in."""
    secret = config.app_secret.get_secret_value()
    if config.auth == "password_login":
        return "ValidateUser", [config.acct_id, config.user, config.password.get_secret_value(), config.lcid]
    if config.auth == "secret_login":
        return "LoginByAppSecret", [config.acct_id, config.user, config.app_id, secret, config.lcid]
    stamp = str(int(clock.now().timestamp()))
    text = "".join(sorted((config.acct_id, config.user, config.app_id, secret, stamp)))
    sign = hashlib.new(config.login_digest, text.encode(), usedforsecurity=False).hexdigest()
    return "LoginBySign", [config.acct_id, config.user, config.app_id, stamp, sign, config.lcid]


def _mac(key: str, text: str) -> str:
    """Base64 over the hexadecimal text of the digest, as this vendor has it."""
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().encode()).decode()
