"""The vocabulary of a `rest` entry: the connection, its envelope, its streams. Reading and writing follow in two files.

Keys are few and each has one meaning; what does not fit together is refused when the file is checked, with a sentence
that says what to add.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, model_validator

from connectors.base import BudgetConfig, ConnectorConfig
from connectors.rest.auth_config import AuthConfig
from connectors.rest.notation import trouble
from connectors.rest.part import Part
from connectors.rest.read_config import ReadConfig
from connectors.rest.write_config import WriteConfig
from goldbridge.http import Certificate
from goldbridge.log import remember_secret

Class = Literal["refresh-token", "retry", "throttle", "throttle-day", "fatal-record", "fatal-config", "expired"]


class EnvelopeConfig(Part):
    """How the API says that a call failed, and who acts. Everything may be left out when HTTP statuses say it all."""

    code: str = Field("", description="where an error code stands in the answer, dotted, e.g. error.code")
    message: str = Field("", description="where the sentence beside it stands")
    trace: str = Field("", description="where the trace id stands that the vendor's support asks for")
    success: tuple[str, ...] = Field(
        (), description="codes that mean success; every answer must then hold a code. Left out: no code means success"
    )
    classes: dict[str, Class] = Field(
        default_factory=dict, description="class of each code; a key that ends in * covers all with that beginning"
    )
    statuses: dict[int, Class] = Field(
        default_factory=dict, description="class of an HTTP status, where it differs from the usual one"
    )

    @model_validator(mode="after")
    def _consistent(self) -> EnvelopeConfig:
        for name in ("success", "classes"):
            if getattr(self, name) and not self.code:
                raise ValueError(f"'{name}' needs `code`, the place where the code stands in the answer")
        return self


class CertificateConfig(Part):
    """The certificate of ours that a server asks for before it lets anybody in (mutual TLS)."""

    file: Path = Field(description="PEM file with the certificate and its chain")
    key_file: Path | None = Field(None, description="PEM file with its private key; left out: it is in `file`")
    password: SecretStr | None = Field(None, description="password of the private key")

    def made(self) -> Certificate:
        password = self.password.get_secret_value() if self.password else ""
        if password:
            remember_secret(password)
        return Certificate(self.file, self.key_file, password)


class StreamConfig(Part):
    """One kind of record: its key, its cursor, and the requests that read and write it."""

    key: str = Field(description="field that identifies a record")
    cursor: str | None = Field(None, description="field that grows with every change; without it every run reads all")
    cursor_format: str = Field(
        "iso",
        description="how the cursor is written: iso, epoch_s, epoch_ms, number, text, or a pattern such as %Y-%m-%d",
    )
    sent_as: str = Field("", description="format of {after} and {until}, where it differs from that of the field")
    begin: str = Field(
        "", description="value of {after} when nothing was read yet; left out: the parameter is left out"
    )
    fields: tuple[str, ...] = Field((), description="all fields of a record, so that a misspelt one is found early")
    volatile: tuple[str, ...] = Field((), description="fields whose change alone does not count as a change")
    deleted: dict[str, list[str]] = Field(
        default_factory=dict, max_length=1, description="flag field and the values that mean deleted"
    )
    read: ReadConfig | None = Field(None, description="how records are read")
    write: WriteConfig | None = Field(None, description="how records are written")

    @model_validator(mode="after")
    def _consistent(self) -> StreamConfig:
        for name, form in (("cursor_format", self.cursor_format), ("sent_as", self.sent_as)):
            if form and (wrong := trouble(form)):
                raise ValueError(f"{name}: {wrong}")
        if self.read is None and self.write is None:
            raise ValueError("a stream needs `read` or `write`")
        if self.read is not None:
            self._check_read(self.read)
        return self

    def _check_read(self, read: ReadConfig) -> None:
        names = read.names()
        if self.cursor is None and (used := sorted(names & {"after", "until"})):
            raise ValueError(f"read: {{{used[0]}}} needs the stream's `cursor`, the field it is compared with")
        if read.paging == "keyset" and self.cursor is not None and "after" not in names:
            raise ValueError("read: keyset paging of a stream with a cursor needs {after} beside {after_tie}")
        if read.order == "cursor" and self.cursor is None:
            raise ValueError("read: order 'cursor' needs the stream's `cursor`")
        if read.depth is not None and (self.cursor_format in ("number", "text") or not {"after", "until"} <= names):
            raise ValueError(
                "read: `depth` needs {after} and {until} and a cursor that is a time, to cut windows in two"
            )

    @property
    def windowed(self) -> bool:
        """Whether a run reads only what changed."""
        return self.cursor is not None and self.read is not None and "after" in self.read.names()


class RestConfig(ConnectorConfig):
    """Any JSON API over HTTP, declared and not programmed."""

    base_url: str = Field(description="address that all paths are added to, e.g. https://crm.example.com/api/v2")
    auth: AuthConfig = Field(
        default_factory=lambda: AuthConfig.model_validate({"kind": "none"}), description="how calls are signed"
    )
    certificate: CertificateConfig | None = Field(
        None, description="our own certificate, beside any `auth`, for servers that ask for one (mutual TLS)"
    )
    headers: dict[str, str] = Field(default_factory=dict, description="headers sent with every call")
    envelope: EnvelopeConfig = Field(
        default_factory=lambda: EnvelopeConfig.model_validate({}), description="what an error looks like"
    )
    probe: str = Field("", description="path of one cheap call that needs to be let in; a small page when left out")
    page_size: int = Field(100, ge=1, le=50_000, description="value of {limit}: rows per page")
    streams: dict[str, StreamConfig] = Field(min_length=1, description="the kinds of records, by the names flows use")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=10, per_s=1.0, daily=None), description="calls of this system, all of them together"
    )
    overlap_s: float = Field(60.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @model_validator(mode="after")
    def _known_zone(self) -> RestConfig:
        try:
            ZoneInfo(self.zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"zone: there is no time zone '{self.zone}'; write a name such as Asia/Shanghai") from None
        return self
