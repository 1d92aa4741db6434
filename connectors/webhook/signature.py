"""The vocabulary of `signature`: one mapping for all styles, each with the keys it takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from goldbridge.records.hint import did_you_mean
from goldbridge.settings.secret import STAND_IN

Style = Literal["hmac", "token", "feishu", "dingtalk", "wecom", "yonyou"]


class _Keys(NamedTuple):
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()


_SIGNED = ("prefix", "separator", "algorithm", "encoding", "secret_form", "signed", "id_header")
KEYS: Mapping[str, _Keys] = {
    "hmac": _Keys(("secret", "header"), ("old_secret", "timestamp_header", "timestamp_prefix", "window_s", *_SIGNED)),
    "token": _Keys(("secret",), ("old_secret", "header", "prefix", "query")),
    "feishu": _Keys(("secret",), ("token", "window_s")),
    "dingtalk": _Keys(("token", "aes_key", "owner"), ("window_s",)),
    "wecom": _Keys(("token", "aes_key", "owner"), ("window_s",)),
    "yonyou": _Keys(("secret", "owner"), ("window_s",)),
}
_PLACES = re.compile(r"\{(\w+)\}")


class SignatureConfig(BaseModel):
    """How the sender proves who it is. `style` decides which of the other keys belong to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    style: Style = Field(description="how calls are signed: a digest, a shared token, or as this vendor does it")
    secret: SecretStr | None = Field(
        None, description="hmac: the shared secret; token: what is shown; feishu: Encrypt Key; yonyou: AppSecret"
    )
    old_secret: SecretStr | None = Field(
        None, description="hmac, token: accepted too, while the sender changes over to `secret`"
    )
    header: str = Field(
        "", description="header of the signature, e.g. X-Hub-Signature-256; token: Authorization when left out"
    )
    prefix: str = Field("", description="what stands before the signature or token, e.g. 'sha256='; token: 'Bearer '")
    separator: str = Field(
        "", max_length=1, description="hmac: what parts the items when the header is a list, e.g. ','"
    )
    algorithm: Literal["sha256", "sha1", "sha512"] = Field("sha256", description="hmac: the digest")
    encoding: Literal["hex", "base64"] = Field("hex", description="hmac: how the digest is written")
    secret_form: Literal["text", "base64", "hex"] = Field(
        "text", description="hmac: how the secret is written; whsec_ before base64 is left out"
    )
    signed: str = Field("{body}", description="hmac: the text that is signed, of {timestamp}, {id} and {body}")
    timestamp_header: str = Field("", description="hmac: header of the signed time, in seconds or milliseconds")
    timestamp_prefix: str = Field("", description="hmac: what marks the signed time in the list of `header`, e.g. 't='")
    id_header: str = Field("", description="hmac: header of the event's id, when it is signed too")
    query: str = Field("", description="token: parameter of the address instead of a header; addresses stand in logs")
    token: SecretStr | None = Field(
        None, description="dingtalk, wecom: Token; feishu: Verification Token, compared too"
    )
    aes_key: SecretStr | None = Field(None, description="dingtalk, wecom: the AES key of 43 characters")
    owner: str = Field(
        "", description="whom calls must be meant for; dingtalk: AppKey or CorpId, wecom: CorpID, yonyou: AppKey"
    )
    window_s: float = Field(300.0, gt=0, le=86_400, description="how far a signed time may be from our clock")

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, data: object) -> object:
        """A token is a bearer's unless it says otherwise."""
        if isinstance(data, dict) and data.get("style") == "token" and not data.keys() & {"header", "query"}:
            return {"header": "Authorization", "prefix": "Bearer ", **data}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> SignatureConfig:
        known = KEYS[self.style]
        given = self.model_fields_set - {"style"}
        for name in known.needs:
            if name not in given or not getattr(self, name):
                raise ValueError(f"'{name}' is missing for style {self.style}")
        for name in sorted(given - {*known.needs, *known.takes}):
            hint = did_you_mean(name, (*known.needs, *known.takes))
            raise ValueError(f"'{name}' has no meaning for style {self.style}{hint}")
        if self.style == "hmac":
            self._check_signed()
        if (
            self.aes_key is not None
            and not self.stands_in
            and not re.fullmatch(r"[A-Za-z0-9+/]{43}", self.aes_key.get_secret_value())
        ):
            raise ValueError("aes_key: the key has 43 letters and digits; copy it again from the vendor's console")
        if self.style == "token" and self.header and self.query:
            raise ValueError("query: say `header` or `query`, not both; a header does not stand in logs")
        return self

    @property
    def stands_in(self) -> bool:
        """Whether a secret is not set, and only stands in so that the rest can be judged."""
        return any(one is not None and one.get_secret_value() == STAND_IN for one in (self.secret, self.aes_key))

    def _check_signed(self) -> None:
        names = set(_PLACES.findall(self.signed))
        if wrong := sorted(names - {"timestamp", "id", "body"}):
            raise ValueError(f"signed: unknown {{{wrong[0]}}}; it consists of {{timestamp}}, {{id}} and {{body}}")
        if "body" not in names:
            raise ValueError("signed: without {body} anybody can change what was sent")
        timed = bool(self.timestamp_header) + bool(self.timestamp_prefix)
        if ("timestamp" in names) != (timed == 1):
            raise ValueError(
                "signed: {timestamp} needs `timestamp_header` or `timestamp_prefix`, and either needs {timestamp}: "
                "a time that is not signed proves nothing"
            )
        if self.timestamp_prefix and not self.separator:
            raise ValueError("timestamp_prefix: needs `separator`, what parts the items of the header")
        if ("id" in names) != bool(self.id_header):
            raise ValueError("signed: {id} needs `id_header`, and the other way round")
