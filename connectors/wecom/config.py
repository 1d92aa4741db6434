"""Settings of a WeCom connection; the defaults are the vendor's own limits."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, SecretStr, model_validator

from connectors.base import BudgetConfig, ConnectorConfig


class WecomConfig(ConnectorConfig):
    """One application of one corporation: each application has a secret, and a token, of its own."""

    base_url: str = Field("https://qyapi.weixin.qq.com", description="API host; plain http is only redirected")
    corp_id: str = Field(description="id of the corporation, ww...")
    secret: SecretStr = Field(description="secret of the application that may call Customer Contact and Approval")
    members: tuple[str, ...] = Field((), description="userids whose customers are read; empty: all that are enabled")
    templates: tuple[str, ...] = Field((), description="ids of approval templates; each is a stream")
    since: date | None = Field(None, description="first day of submission to read; needed when there are templates")
    approved_days: int = Field(
        30, ge=0, le=366, description="how long after its submission an approved approval is still asked for again"
    )
    follow: int = Field(500, ge=1, description="approvals kept by number; beyond that, by the oldest submission")
    page_size: int = Field(100, ge=1, le=100, description="rows per page; the vendor allows 100")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=600, per_s=60.0, daily=None),
        description="calls per endpoint; the vendor allows 600 a minute for approvals, 10000 for others",
    )
    overlap_s: float = Field(300.0, ge=0, description="how far a run lists back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @model_validator(mode="after")
    def _templates_need_a_first_day(self) -> Self:
        if self.templates and self.since is None:
            raise ValueError("set `since` to the first day of submission that is read from the templates")
        return self
