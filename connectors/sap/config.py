"""Settings of a connection to SAP S/4HANA."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig


class SapConfig(ConnectorConfig):
    """One client of one system, called as one communication user."""

    base_url: str = Field(description="address of the system, without the path of a service")
    path: str = Field("/sap/opu/odata/sap", description="where its OData services live")
    user: str = Field("", description="communication user")
    password: SecretStr = Field(SecretStr(""), description="password of the communication user")
    token_url: str = Field("", description="token endpoint, when the arrangement wants OAuth instead of a password")
    client_id: str = Field("", description="OAuth client id")
    client_secret: SecretStr = Field(SecretStr(""), description="OAuth client secret")
    client: str = Field("", description="SAP client (sap-client), e.g. 100; needed on premise only")
    language: str = Field("", description="language of texts and messages (sap-language), e.g. ZH")
    streams: tuple[str, ...] = Field(
        ("A_BusinessPartner", "A_SalesOrder"), description="entity sets to offer as streams"
    )
    expand: dict[str, tuple[str, ...]] = Field({}, description="stream -> navigations to read along")
    select: dict[str, tuple[str, ...]] = Field({}, description="stream -> properties to read; all when left out")
    external_id: dict[str, str] = Field({}, description="stream -> property that holds our id, where it is another one")
    deactivate: dict[str, dict[str, Any]] = Field({}, description="stream -> values that deactivate a record")
    lock: Literal["etag", "force"] = Field("etag", description="what a change shows: the record's ETag, or `*`")
    method: Literal["PATCH", "MERGE"] = Field("PATCH", description="how records are changed; MERGE for older releases")
    batch: bool = Field(True, description="send the changes of a batch in one call ($batch)")
    write_batch: int = Field(50, ge=1, le=500, description="records per batch")
    page_size: int = Field(500, ge=1, le=5000, description="rows per page")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=200, per_s=20.0, daily=None), description="calls of all flows; SAP publishes no limit"
    )
    overlap_s: float = Field(300.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(5.0, ge=0, description="how far the upper bound stays behind the server's clock")
