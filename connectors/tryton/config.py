"""Settings of a Tryton connection."""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig


class TrytonConfig(ConnectorConfig):
    """One database of one server, called as one user."""

    base_url: str = Field(description="address of the server, e.g. https://erp.example.com")
    database: str = Field(description="name of the database")
    user: str = Field(description="login of the user the calls run as")
    password: SecretStr = Field(description="its password")
    fields: tuple[str, ...] = Field((), description="further fields of party.party to read, e.g. those of own modules")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=1000, per_s=1.0, daily=None), description="calls per second; your own server sets the limit"
    )
    page_size: int = Field(200, ge=1, le=1000, description="parties per page")
    write_batch: int = Field(50, ge=1, le=500, description="parties per write; new ones are created in one call")
    overlap_s: float = Field(60.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")
