"""Three ways to a session.

The token answer names the host for all further calls and no end of life. A refresh token that rotates works once: its
call is never repeated, the new one is sealed before anyone uses it, and a lost answer stops the run, since using the
old token a second time would revoke the grant.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from hashlib import blake2b

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from connectors.base import LOGINS, Context
from connectors.salesforce.config import SalesforceConfig
from goldbridge.errors import Halt, Mark, Misconfigured, OutcomeUnknown
from goldbridge.http import CONFIG, BasicAuth, Complaint, Envelope, Kind, Rule, Token
from goldbridge.log import remember_secret
from goldbridge.ports import Json

PATH = "/services/oauth2/token"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_S = 120  # the vendor takes three minutes at most
_REMEDY = "check base_url (the org's own host), consumer_key and the credentials of this grant in the connected app"


def _find(status: int, body: Json) -> Complaint | None:
    """This endpoint complains with an object, the others with an array."""
    if status >= 500 or not isinstance(body, dict) or "error" not in body or status == 429:
        return None
    return Complaint(str(body["error"]), str(body.get("error_description") or ""))


ENVELOPE = Envelope(
    _find,
    refined=(("*", "", Rule(Kind.CONFIG, _REMEDY)),),
    statuses={400: CONFIG, 401: Rule(Kind.CONFIG, _REMEDY)},
    names={Kind.CONFIG: "CON190"},
)


class Login:
    """Fetches tokens for one connection."""

    def __init__(self, config: SalesforceConfig, context: Context) -> None:
        self._config, self._context = config, context
        for each in (config.consumer_secret, config.private_key, config.refresh_token):
            remember_secret(_plain(each))
        secret = _plain(config.consumer_secret)
        self._http = context.http.client(
            system=context.system,
            base_url=config.base_url,
            auth=BasicAuth(config.consumer_key, secret) if config.grant == "client_credentials" else None,
            envelope=ENVELOPE,
            budget=context.budget(LOGINS, "token"),
            timeout_s=config.timeout_s,
        )

    @property
    def origin(self) -> str:
        """Tells one set of credentials from another, without showing them."""
        config = self._config
        given = "|".join(_plain(each) for each in (config.consumer_secret, config.private_key, config.refresh_token))
        return blake2b(f"{config.username}|{given}".encode(), digest_size=8).hexdigest()

    def fetch(self, last: Token | None) -> Token:
        """A new session; `last` holds the refresh token that the grant stands at."""
        refresh = _plain(self._config.refresh_token)
        if last is not None and last.refresh and last.extra.get("origin") == self.origin:
            refresh = last.refresh  # rotated since; one that was set anew in the settings begins a new grant
        rotating = self._config.grant == "refresh_token"
        try:
            reply = self._http.send("POST", PATH, form=self._form(refresh), write=rotating, about="token")
        except OutcomeUnknown:
            raise Halt(
                "CON191",
                f"{self._context.system} token: the answer to the refresh was lost, and the next refresh token perhaps"
                " with it; run again, and if the login is refused then, authorise the connected app anew and set"
                " refresh_token",
            ) from None
        instance = str(reply.unwrap("instance_url"))
        answered = reply.data if isinstance(reply.data, dict) else {}
        return Token(
            str(reply.unwrap("access_token")),
            self._config.session_s,
            refresh=str(answered.get("refresh_token") or refresh) if rotating else "",
            extra={"instance_url": instance, "origin": self.origin},
        )

    def _form(self, refresh: str) -> Mapping[str, str]:
        config = self._config
        match config.grant:
            case "client_credentials":
                return {"grant_type": "client_credentials"}
            case "jwt_bearer":
                return {"grant_type": _JWT_BEARER, "assertion": self._assertion()}
            case "refresh_token":
                form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": config.consumer_key}
                secret = _plain(config.consumer_secret)
                return form | ({"client_secret": secret} if secret else {})

    def _assertion(self) -> str:
        config = self._config
        claims = {
            "iss": config.consumer_key,
            "sub": config.username,
            "aud": config.audience or config.base_url.rstrip("/"),
            "exp": int(self._context.clock.now().timestamp()) + _ASSERTION_S,
        }
        unsigned = f"{_packed({'alg': 'RS256', 'typ': 'JWT'})}.{_packed(claims)}"
        try:
            key = load_pem_private_key(_plain(config.private_key).encode(), password=None)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise TypeError("no RSA key")
        except (ValueError, TypeError):
            message = f"{self._context.system}: private_key is not an RSA private key in PEM without a password"
            raise Misconfigured.one("CON204", message, Mark("config/sources.yaml")) from None
        signature = key.sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256())
        assertion = f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        remember_secret(assertion)
        return assertion


def _packed(part: Mapping[str, Json]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
