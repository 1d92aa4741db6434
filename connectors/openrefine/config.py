"""Settings of a connection to a reconciliation service."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig


class OpenRefineConfig(ConnectorConfig):
    """One service, named by its root: the address that one would give to OpenRefine."""

    base_url: str = Field(description="root of the service, as one would give it to OpenRefine")
    api_key: SecretStr | None = Field(None, description="key, when the manifest asks for one")
    api_key_name: str = Field("X-Api-Key", description="name of the header or parameter of the key")
    api_key_in: Literal["header", "query"] = Field("header", description="where the key goes")
    type: str | None = Field(None, description="id of the type of entity to look for")
    type_strict: Literal["any", "all", "should"] | None = Field(None, description="how strictly `type` is meant")
    properties: dict[str, str] = Field(
        default_factory=dict,
        description="which terms go along, and under which property id, e.g. credit_code: uscc",
    )
    limit: int = Field(5, ge=1, le=100, description="candidates per question")
    min_score: Decimal | None = Field(
        None,
        description="take the best candidate from this score on; otherwise only one that the service calls certain",
    )
    extend: tuple[str, ...] = Field((), description="ids of properties to fetch for the entity that was found")
    batch: int = Field(10, ge=1, le=1000, description="questions in one call")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=5, per_s=1.0, daily=None), description="calls per window; the service's terms say how many"
    )
