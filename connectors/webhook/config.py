"""Settings of a webhook: where it listens, how calls are signed, and what is in them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.base import ConnectorConfig
from connectors.webhook.signature import SignatureConfig
from connectors.webhook.style import make_style

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+|localhost)):(\d{1,5})")
_PATH = re.compile(r"/[A-Za-z0-9._~-][A-Za-z0-9._~/-]*")
When = dict[str, list[str]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    when: When = Field(
        default_factory=dict,
        description="place in the event -> the values it must have (`created*` takes all that begin so); left out: "
        "every event. A place is dotted, e.g. header.event_type; `header:X-Event` is a header of the call",
    )


class StreamConfig(_Part):
    """Events that carry whole records."""

    records: str = Field("", description="place of the record, or of the list of records; left out: the whole body")
    key: str = Field(description="field that identifies a record")
    version: str = Field(
        "", description="field (dotted) that grows with every change, a number or a time: an older one never wins"
    )
    event_version: str = Field("", description="the same as a place in the event, where the record has no such field")
    gone: When = Field(default_factory=dict, description="as `when`: these events say that the record was deleted")
    volatile: tuple[str, ...] = Field((), description="fields whose change alone does not count as a change")

    @model_validator(mode="after")
    def _one_version(self) -> StreamConfig:
        if self.version and self.event_version:
            raise ValueError(
                "say `version` (a field of the record) or `event_version` (a place in the event), not both"
            )
        return self


class HintConfig(_Part):
    """Events that only say that something changed: the flows that read the stream run early."""

    stream: str = Field(pattern=r"^[^.]+\..+$", description="the stream that changed, as system.stream")
    key: str = Field("", description="place of the record's key in the event; it is only shown")


class WebhookConfig(ConnectorConfig):
    """One address that a system sends its events to."""

    listen: str = Field(
        "127.0.0.1:8470", description="address and port; several webhooks may share them, each with a path"
    )
    tls: Literal["proxy"] | None = Field(
        None, description="`proxy`: a proxy before us ends TLS; needed to listen on more than this machine"
    )
    path: str = Field("", description="path of this webhook; /NAME of the system when left out")
    signature: SignatureConfig = Field(description="how calls are signed; there is no webhook without")
    id: tuple[str, ...] = Field(
        (), description="places of the event's id, the first that is there counts; `*` is the content itself"
    )
    headers: tuple[str, ...] = Field((), description="headers of the call that are kept with the event")
    streams: dict[str, StreamConfig] = Field(default_factory=dict, description="the records, by the names of streams")
    hints: dict[str, HintConfig] = Field(default_factory=dict, description="the hints, by any names")
    max_bytes: int = Field(1_000_000, ge=1_000, le=50_000_000, description="largest body that is taken")
    answer_s: float = Field(3.0, gt=0, le=30, description="a call is answered within this time, or refused")
    settle_s: float = Field(
        1.0, ge=0, description="how long after an event its flows run, so that many are read at once"
    )
    keep_days: int = Field(30, ge=1, description="how long events are kept after they were read")
    page_size: int = Field(500, ge=1, le=10_000, description="events per page")

    @field_validator("path")
    @classmethod
    def _a_path(cls, path: str) -> str:
        if path and not _PATH.fullmatch(path):
            raise ValueError(f"path '{path}' must start with '/' and consist of letters, digits and - . _ ~")
        return path

    @model_validator(mode="after")
    def _consistent(self) -> WebhookConfig:
        host, _ = self.place
        loopback = host == "localhost" or ip_address(host).is_loopback
        if not loopback and self.tls is None:
            raise ValueError(
                f"listen: {host} can be reached from other machines, and events must not travel unencrypted; listen on "
                "127.0.0.1 behind a proxy that ends TLS, or say `tls: proxy` when one stands before this address"
            )
        if not self.streams and not self.hints:
            raise ValueError("name what the events are: `streams`, `hints` or both")
        if not self.signature.stands_in:
            make_style(self.signature)
        return self

    @property
    def place(self) -> tuple[str, int]:
        """(host, port) to listen on; raises ValueError."""
        found = _HOST.fullmatch(self.listen)
        try:
            host = found and (found[1] or found[2])
            if found and host and (host == "localhost" or ip_address(host)) and int(found[3]) <= 65535:
                return host, int(found[3])
        except ValueError:
            pass
        raise ValueError(f"listen: '{self.listen}' is not an address and a port, e.g. 127.0.0.1:8470")

    @property
    def ids(self) -> tuple[str, ...]:
        """Where the event's id stands: as configured, or as the vendor has it."""
        return self.id or _IDS.get(self.signature.style, ())


_IDS = {
    "feishu": ("header.event_id", "uuid"),
    "dingtalk": ("eventId", "EventId"),
    # By user and second, as the vendor says, two customers changed at once would be one; an event that is sent again is
    # the same to the letter.
    "wecom": ("MsgId", "*"),
    "yonyou": ("eventId",),
}
