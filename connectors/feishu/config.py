"""Settings of a Feishu connection; the defaults are the vendor's own limits where it names them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.base import BudgetConfig, ConnectorConfig


class TableConfig(BaseModel):
    """Where a bitable table lives; both stand in its address."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    app_token: str = Field(description="the bitable: what follows /base/ in its address")
    table_id: str = Field(description="the table: tbl...")
    page_size: int = Field(500, ge=1, le=500, description="records per page; the vendor allows 500 for tables")


class FeishuConfig(ConnectorConfig):
    """One self-built application of one tenant."""

    base_url: str = Field(
        "https://open.feishu.cn", description="API host; https://open.larksuite.com for Lark outside China"
    )
    app_id: str = Field(description="App ID of the application, cli_...")
    app_secret: SecretStr = Field(description="App Secret of the application")
    approvals: tuple[str, ...] = Field((), description="approval codes; each is a stream")
    since: date | None = Field(None, description="first day of approvals to read; needed when there are approvals")
    tables: Mapping[str, TableConfig] = Field({}, description="bitable tables by the name of their stream")
    applicant: str = Field("", description="user_id of the member in whose name approvals are started; needed to write")
    currency: str = Field("CNY", min_length=3, max_length=3, description="currency of amounts that we fill in")
    follow: int = Field(500, ge=1, description="running approvals kept by id; beyond that, by the oldest start time")
    page_size: int = Field(100, ge=1, le=100, description="approvals per page; the vendor allows 100")
    write_batch: int = Field(20, ge=1, le=100, description="approvals per batch; each costs a call")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=100, per_s=60.0, daily=None),
        description="calls per endpoint; the vendor allows 100 a minute",
    )
    detail_budget: BudgetConfig = Field(
        BudgetConfig(calls=50, per_s=3.0, daily=None),
        description="calls for the forms of approvals; the vendor's figure is not known",
    )
    table_budget: BudgetConfig = Field(
        BudgetConfig(calls=20, per_s=1.0, daily=None), description="pages of tables; the vendor allows 20 a second"
    )
    overlap_s: float = Field(300.0, ge=0, description="how far a run lists back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if not self.approvals and not self.tables:
            raise ValueError("name something to read: `approvals`, `tables` or both")
        if self.approvals and self.since is None:
            raise ValueError("set `since` to the first day of approvals that is read")
        if both := sorted(set(self.approvals) & set(self.tables)):
            raise ValueError(f"{both[0]!r} is the name of a table and the code of an approval")
        return self
