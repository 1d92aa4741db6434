"""Settings of a DingTalk connection."""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig


class DingtalkConfig(ConnectorConfig):
    """One application of one company."""

    base_url: str = Field("https://api.dingtalk.com", description="host of the newer API")
    app_key: str = Field(description="AppKey (client id) of the application")
    app_secret: SecretStr = Field(description="AppSecret of the application")
    processes: tuple[str, ...] = Field(min_length=1, description="process codes, PROC-...; each is a stream")
    window_days: int = Field(30, ge=1, le=120, description="how many days of start time one listing covers")
    follow: int = Field(500, ge=1, description="running approvals kept by id; beyond that, by the oldest start time")
    walk_cap: int = Field(10_000, ge=1, description="ids after which a listing ends without a word")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=20, per_s=1.0, daily=None), description="calls per endpoint of this application"
    )
    overlap_s: float = Field(300.0, ge=0, description="how far a run lists back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")
