"""Settings of a GLEIF connection; the defaults are what users report, since the service publishes no limits."""

from __future__ import annotations

from pydantic import Field

from connectors.base import BudgetConfig, ConnectorConfig


class GleifConfig(ConnectorConfig):
    """The public service; there is no account."""

    base_url: str = Field("https://api.gleif.org/api/v1", description="the service, with its version")
    filters: dict[str, str] = Field(
        default_factory=dict,
        description="which records the stream `lei_record` has, e.g. entity.legalAddress.country: DE; none: no stream",
    )
    since: str = Field(
        "2012-06-01", pattern=r"^\d{4}-\d{2}-\d{2}$", description="a full read starts at this day of last update"
    )
    page_size: int = Field(200, ge=1, le=200, description="rows per page; the service allows 200")
    depth: int = Field(10_000, ge=200, description="rows that can be paged through; longer spans are cut into days")
    lei_batch: int = Field(100, ge=1, le=200, description="LEIs asked for in one call")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=60, per_s=60.0, daily=None), description="calls per window; users report 60 a minute"
    )
    overlap_s: float = Field(
        172_800.0, ge=0, description="how far a run reads back before its cursor; a record may be published a day late"
    )
    timeout_s: float = Field(
        150.0, gt=0, description="total deadline of one call, retries and a minute's pause included"
    )
