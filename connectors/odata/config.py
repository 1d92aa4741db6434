"""Settings of a connection to any OData service."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig


class OdataStream(BaseModel):
    """One entity set as a stream; without a cursor it is read completely every time, unless by delta links."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    entity_set: str | None = Field(None, description="entity set to read; the stream's own name when left out")
    key: str = Field(description="the set's key property; `@key` when its key has several parts")
    read: Literal["keyset", "links", "delta", "full"] = Field(
        "keyset", description="by key inside a window of `cursor`, by the server's links, by delta links, or all of it"
    )
    cursor: str | None = Field(None, description="property that says when a record changed: a time, a date, a number")
    filter: str = Field("", description="condition that every read adds, in the service's own notation")
    select: tuple[str, ...] = Field((), description="properties to read; all when left out")
    expand: tuple[str, ...] = Field((), description="linked records to read along")
    deleted: dict[str, tuple[str, ...]] = Field({}, description="flag property and the values that mean deleted")
    volatile: tuple[str, ...] = Field((), description="properties that never make a record count as changed")
    external_id: str | None = Field(None, description="property that holds our id; needed to write")
    deactivate: dict[str, Any] = Field({}, description="values that deactivate a record")
    delete: bool = Field(False, description="whether a deactivation may delete the record")


class OdataConfig(ConnectorConfig):
    """One service, as its root address."""

    base_url: str = Field(description="root of the service, where $metadata lives")
    version: Literal[2, 4] | None = Field(None, description="protocol version; read from $metadata when left out")
    streams: dict[str, OdataStream] = Field(description="streams by name")
    user: str = Field("", description="user for basic authentication")
    password: SecretStr = Field(SecretStr(""), description="password for basic authentication")
    api_key: SecretStr = Field(SecretStr(""), description="key sent in the header named by `api_key_header`")
    api_key_header: str = Field("APIKey", description="header that carries the key")
    token_url: str = Field("", description="token endpoint for OAuth client credentials")
    client_id: str = Field("", description="OAuth client id")
    client_secret: SecretStr = Field(SecretStr(""), description="OAuth client secret")
    scope: str = Field("", description="OAuth scope")
    headers: dict[str, str] = Field({}, description="further headers of every call; no secrets here")
    query: str = Field("", description="further query parameters of every call, e.g. sap-client=100")
    csrf: bool = Field(False, description="whether changes need a CSRF token")
    lock: Literal["etag", "force", "none"] = Field(
        "etag", description="what a change shows: the record's ETag, `*`, or nothing"
    )
    method: Literal["PATCH", "MERGE"] = Field("PATCH", description="how records are changed; MERGE for older services")
    batch: bool = Field(False, description="send the changes of a batch in one call ($batch)")
    write_batch: int = Field(50, ge=1, le=1000, description="records per batch")
    page_size: int = Field(500, ge=1, le=5000, description="rows per page")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=200, per_s=20.0, daily=None), description="calls of all flows of this process"
    )
    overlap_s: float = Field(120.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")
