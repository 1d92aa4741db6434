"""Settings of a Feishu connection; the defaults are the vendor's own limits where it names them."""

from __future__ import annotations

from datetime import date

from pydantic import Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig


class FeishuConfig(ConnectorConfig):
    """One self-built application of one tenant."""

    base_url: str = Field(
        "https://open.feishu.cn", description="API host; https://open.larksuite.com for Lark outside China"
    )
    app_id: str = Field(description="App ID of the application, cli_...")
    app_secret: SecretStr = Field(description="App Secret of the application")
    approvals: tuple[str, ...] = Field(min_length=1, description="approval codes; each is a stream")
    since: date = Field(description="first day to read: what started before it is not part of the stream")
    applicant: str = Field("", description="user_id of the member in whose name approvals are started; needed to write")
    currency: str = Field("CNY", min_length=3, max_length=3, description="currency of amounts that we fill in")
    follow: int = Field(500, ge=1, description="running approvals kept by id; beyond that, by the oldest start time")
    page_size: int = Field(100, ge=1, le=100, description="ids per page of a list; the vendor allows 100")
    write_batch: int = Field(20, ge=1, le=100, description="approvals per batch; each costs a call")
    budget: BudgetConfig | None = Field(
        BudgetConfig(calls=100, per_s=60.0, daily=None),
        description="calls per endpoint; the vendor allows 100 a minute",
    )
    detail_budget: BudgetConfig = Field(
        BudgetConfig(calls=50, per_s=3.0, daily=None),
        description="calls for the forms of approvals; the vendor's figure is not known",
    )
    overlap_s: float = Field(300.0, ge=0, description="how far a run lists back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")
