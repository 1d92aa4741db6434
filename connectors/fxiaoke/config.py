"""Settings of a Fxiaoke connection; the defaults are the vendor's own limits."""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig

OBJECTS = ("AccountObj", "PartnerObj", "ContactObj", "SaleContractObj")


class FxiaokeConfig(ConnectorConfig):
    """One tenant, called as one employee: rows that this employee may not see are silently missing."""

    base_url: str = Field("https://open.fxiaoke.com", description="API host of the tenant's cloud, not the web site")
    app_id: str = Field(description="id of the self-built application, FSAID_...")
    app_secret: SecretStr = Field(description="secret of the application")
    permanent_code: SecretStr = Field(description="permanent code of the tenant for this application")
    user_id: str = Field("1000", description="employee the calls run as; use a CRM administrator")
    external_id: str = Field("golden_id__c", description="unique text field that holds our id in every written object")
    objects: tuple[str, ...] = Field(OBJECTS, description="API names of the objects to offer as streams")
    page_size: int = Field(100, ge=1, le=100, description="rows per query; the vendor allows 100")
    write_batch: int = Field(50, ge=1, le=100, description="records per batch; they are looked up in one query")
    trigger_approval: bool = Field(False, description="whether a write starts the tenant's approval flows")
    trigger_workflow: bool = Field(False, description="whether a write starts the tenant's workflows")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=100, per_s=20.0, daily=None), description="calls per endpoint; the vendor allows 100 in 20 s"
    )
    overlap_s: float = Field(120.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")
