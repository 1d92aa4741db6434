"""Settings of a connection to Microsoft Dataverse (Dynamics 365)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig


class DynamicsTable(BaseModel):
    """One table as a stream; what is left out follows from the table's name where we know it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str | None = Field(None, description="primary key column, e.g. new_contractid; known for standard tables")
    read: Literal["delta", "modified"] = Field(
        "delta", description="by change tracking, deletes included, or by `modifiedon`, which misses deletes"
    )
    select: tuple[str, ...] = Field((), description="columns to read; without any there are hundreds")
    external_id: str | None = Field(None, description="column that holds our id and is an alternate key")
    deactivate: dict[str, Any] = Field({}, description="values that deactivate a row, e.g. statecode and statuscode")


class DynamicsConfig(ConnectorConfig):
    """One organisation, called as one application user."""

    base_url: str = Field(description="address of the organisation, e.g. https://contoso.crm.dynamics.com")
    path: str = Field("/api/data/v9.2", description="path of the Web API and its version")
    tenant: str = Field(description="tenant id or domain")
    client_id: str = Field(description="application (client) id; it must be an application user with a security role")
    client_secret: SecretStr = Field(description="secret of the application")
    authority: str = Field("https://login.microsoftonline.com", description="where tokens come from")
    tables: dict[str, DynamicsTable] = Field(description="tables by entity set name, e.g. accounts")
    annotations: bool = Field(False, description="read labels of choices and names of lookups along")
    suppress_duplicates: bool = Field(True, description="skip the organisation's duplicate detection on writes")
    batch: bool = Field(False, description="send the changes of a batch in one call ($batch)")
    write_batch: int = Field(50, ge=1, le=1000, description="records per batch; the service takes 1,000")
    page_size: int = Field(1000, ge=1, le=5000, description="rows per page; the service gives 5,000 at most")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=6000, per_s=300.0, daily=None), description="calls; the service allows 6,000 in 300 s"
    )
    overlap_s: float = Field(120.0, ge=0, description="how far a run by `modifiedon` reads back before its cursor")
    safety_delay_s: float = Field(5.0, ge=0, description="how far its upper bound stays behind the server's clock")
