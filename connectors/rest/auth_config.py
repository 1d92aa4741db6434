"""The vocabulary of `auth`: one mapping for all kinds, each with the keys it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import Field, SecretStr, model_validator

from connectors.rest.part import Part
from connectors.rest.template import unknown
from goldbridge.records.hint import did_you_mean

SIGNED = (
    *("method", "path", "query", "sorted_query", "body", "body_sha256", "body_md5"),
    *("timestamp", "timestamp_ms", "http_date", "nonce", "key_id"),
)


class _Keys(NamedTuple):
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_TOKEN = ("token_url", "client_id", "client_secret")
_PLACE = ("name", "prefix", "scope", "send", "params", "token_at", "lives_at", "lives_s")
KEYS: Mapping[str, _Keys] = {
    "none": _Keys(),
    "basic": _Keys(("user", "password")),
    "header": _Keys(("name", "key"), ("prefix",)),
    "query": _Keys(("name", "key")),
    "bearer": _Keys(("key",)),
    "client_credentials": _Keys(_TOKEN, _PLACE),
    "refresh_token": _Keys((*_TOKEN, "refresh_token"), _PLACE),
    "hmac": _Keys(("key", "sign"), ("key_id", "digest", "output", "headers", "params")),
}


class AuthConfig(Part):
    """How calls are signed. `kind` decides which of the other keys belong to it."""

    kind: Literal[
        "none", "basic", "header", "query", "bearer", "client_credentials", "refresh_token", "hmac"
    ] = Field(description="the scheme")  # fmt: skip
    user: str = Field("", description="basic: user name")
    password: SecretStr | None = Field(None, description="basic: password")
    name: str = Field(
        "", description="header, query: where the key goes; with a token: the header, Authorization when left out"
    )
    prefix: str | None = Field(None, description="text before the key or token in its header; with a token 'Bearer '")
    key: SecretStr | None = Field(None, description="header, query, bearer: the key; hmac: the secret that signs")
    token_url: str = Field("", description="token endpoint: a path below base_url or an https address")
    client_id: str = Field("", description="id of the application at the token endpoint")
    client_secret: SecretStr | None = Field(None, description="secret of the application at the token endpoint")
    refresh_token: SecretStr | None = Field(None, description="the first refresh token; later ones are kept sealed")
    scope: str = Field("", description="scope asked for")
    send: Literal["form", "basic", "json"] = Field(
        "form",
        description="how the token endpoint is asked: a web form, a form with the client in a basic header, JSON",
    )
    token_at: str = Field("access_token", description="where the token stands in the answer, dotted")
    lives_at: str = Field("expires_in", description="where its life in seconds stands")
    lives_s: float = Field(3600.0, gt=0, description="life of a token whose answer does not say it")
    sign: str = Field("", description="hmac: the text that is signed, as a template")
    key_id: str = Field("", description="hmac: who signs, for {key_id}")
    digest: Literal["sha256", "sha1", "sha512", "md5"] = Field("sha256", description="hmac: the hash")
    output: Literal["hex", "base64"] = Field("hex", description="hmac: how {signature} is written")
    headers: dict[str, str] = Field(default_factory=dict, description="hmac: headers as templates, with {signature}")
    params: dict[str, str] = Field(
        default_factory=dict,
        description="hmac: parameters as templates; with a token: more keys for the token endpoint",
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
        if self.kind == "hmac":
            self._check_signature()
        return self

    def _check_signature(self) -> None:
        if wrong := unknown(self.sign, SIGNED):
            raise ValueError(f"sign: {wrong}")
        placed = [*self.headers.values(), *self.params.values()]
        if wrong := unknown(placed, (*SIGNED, "signature")):
            raise ValueError(f"headers, params: {wrong}")
        if not any("{signature}" in text for text in placed):
            raise ValueError("kind 'hmac' needs {signature} in one of `headers` or `params`")
        if any("{signature}" in text for text in self.params.values()) and "query" in self.sign:
            raise ValueError("a signature over {query} cannot stand in the query itself; put it into `headers`")
