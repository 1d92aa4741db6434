"""The vocabulary of `auth`: one mapping for all kinds, each with the keys it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict, Field, SecretStr, model_validator

from connectors.rest.part import Part
from connectors.rest.template import unknown
from goldbridge.records.hint import did_you_mean

SIGNED = (
    *("method", "path", "query", "sorted_query", "sorted_params", "joined_params", "body", "body_sha256", "body_md5"),
    *("timestamp", "timestamp_ms", "http_date", "nonce", "key_id"),
)
"""What the text of a signature may hold; `hash` adds {key}."""
CREDENTIALS = ("user", "password")
"""What the parameters of a session's login may hold."""


class _Keys(NamedTuple):
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_TOKEN = ("token_url", "client_id", "client_secret")
_SESSION = ("name", "prefix", "send", "params", "token_at", "lives_at", "lives_s")
_PLACE = (*_SESSION, "scope")
_SIGNS = ("key_id", "digest", "output", "headers", "params")
KEYS: Mapping[str, _Keys] = {
    "none": _Keys(),
    "basic": _Keys(("user", "password")),
    "header": _Keys(("name", "key"), ("prefix",)),
    "query": _Keys(("name", "key")),
    "bearer": _Keys(("key",)),
    "client_credentials": _Keys(_TOKEN, _PLACE),
    "refresh_token": _Keys((*_TOKEN, "refresh_token"), _PLACE),
    "session": _Keys(("token_url", "password"), ("user", *_SESSION)),
    "jwt": _Keys(("key",), ("claims", "algorithm", "key_id", "token_url", *_PLACE)),
    "hmac": _Keys(("key", "sign"), _SIGNS),
    "hash": _Keys(("key", "sign"), _SIGNS),
    "rsa": _Keys(("key", "sign"), _SIGNS),
}
SIGNING = ("hmac", "hash", "rsa")
"""Kinds that sign every call by a template."""


def _by_kind(schema: dict[str, Any]) -> None:
    """Lets an editor know which keys each kind needs and takes."""
    schema["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {
                "required": list(keys.needs),
                "propertyNames": {"enum": ["kind", *dict.fromkeys((*keys.needs, *keys.takes))]},
            },
        }
        for kind, keys in KEYS.items()
    ]


class AuthConfig(Part):
    """How calls are signed. `kind` decides which of the other keys belong to it."""

    model_config = ConfigDict(json_schema_extra=_by_kind)
    kind: Literal[
        "none", "basic", "header", "query", "bearer", "client_credentials", "refresh_token", "session", "jwt",
        "hmac", "hash", "rsa",
    ] = Field(description="the scheme")  # fmt: skip
    user: str = Field("", description="basic, session: user name")
    password: SecretStr | None = Field(None, description="basic, session: password")
    name: str = Field(
        "",
        description="header, query: where the key goes; with a token: the header, Authorization when left out; "
        "session: `Cookie` sends the cookies of the login back",
    )
    prefix: str | None = Field(
        None,
        description="text before the key or token in its header; with a token 'Bearer ', for a session only where "
        "`name` is left out",
    )
    key: SecretStr | None = Field(
        None,
        description="header, query, bearer: the key; hmac, hash: the shared secret; rsa, jwt: the private key in PEM "
        "(jwt with HS256: the shared secret)",
    )
    token_url: str = Field(
        "",
        description="token endpoint or login: a path below base_url or an https address; jwt without it sends the "
        "token it signed",
    )
    client_id: str = Field("", description="id of the application at the token endpoint")
    client_secret: SecretStr | None = Field(None, description="secret of the application at the token endpoint")
    refresh_token: SecretStr | None = Field(None, description="the first refresh token; later ones are kept sealed")
    scope: str = Field("", description="scope asked for")
    send: Literal["form", "basic", "json"] = Field(
        "form",
        description="how the token endpoint is asked: a web form, a form with the client (session: the user) in a "
        "basic header, JSON",
    )
    token_at: str = Field("access_token", description="where the token stands in the answer, dotted")
    lives_at: str = Field("expires_in", description="where its life in seconds stands")
    lives_s: float = Field(3600.0, gt=0, description="life of a token whose answer does not say it")
    claims: dict[str, str] = Field(
        default_factory=dict, description="jwt: what the token says, e.g. iss, sub, aud; iat, exp and jti are added"
    )
    algorithm: Literal["RS256", "HS256"] = Field("RS256", description="jwt: how it is signed")
    sign: str = Field("", description="hmac, hash, rsa: the text that is signed, as a template")
    key_id: str = Field("", description="hmac, hash, rsa: who signs, for {key_id}; jwt: the key's id (kid)")
    digest: Literal["sha256", "sha1", "sha512", "md5"] = Field("sha256", description="hmac, hash, rsa: the hash")
    output: Literal["hex", "HEX", "base64"] | None = Field(
        None, description="hmac, hash, rsa: how {signature} is written; left out: base64 for rsa, hex for the others"
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="hmac, hash, rsa: headers as templates, with {signature}"
    )
    params: dict[str, str] = Field(
        default_factory=dict,
        description="hmac, hash, rsa: parameters as templates; with a token: more keys for the token endpoint; "
        "session: what the login is sent, with {user} and {password}",
    )

    @model_validator(mode="after")
    def _fits_its_kind(self) -> AuthConfig:
        keys = KEYS[self.kind]
        for name in keys.needs:
            if name not in self.model_fields_set:
                raise ValueError(f"kind '{self.kind}' needs `{name}`")
        takes = (*keys.needs, *keys.takes)
        for name in sorted(self.model_fields_set - {"kind", *takes}):
            raise ValueError(f"kind '{self.kind}' does not take `{name}`{did_you_mean(name, takes)}")
        if self.kind in SIGNING:
            self._check_signature()
        if self.kind == "session":
            self._check_login()
        return self

    def _check_login(self) -> None:
        if wrong := unknown(self.params, CREDENTIALS):
            raise ValueError(f"params: {wrong}")
        if self.send != "basic" and not any("{password}" in text for text in self.params.values()):
            raise ValueError(
                "kind 'session' needs {password} in `params`, e.g. {user: '{user}', password: '{password}'}, "
                "or send: basic"
            )

    def _check_signature(self) -> None:
        if wrong := unknown(self.sign, (*SIGNED, "key") if self.kind == "hash" else SIGNED):
            raise ValueError(f"sign: {wrong}")
        if self.kind == "hash" and "{key}" not in self.sign:
            raise ValueError("kind 'hash' needs {key} in `sign`; a plain hash that holds no secret proves nothing")
        placed = [*self.headers.values(), *self.params.values()]
        if wrong := unknown(placed, (*SIGNED, "signature")):
            raise ValueError(f"headers, params: {wrong}")
        if not any("{signature}" in text for text in placed):
            raise ValueError(f"kind '{self.kind}' needs {{signature}} in one of `headers` or `params`")
        if any("{signature}" in text for text in self.params.values()) and "query" in self.sign:
            raise ValueError("a signature over {query} cannot stand in the query itself; put it into `headers`")
