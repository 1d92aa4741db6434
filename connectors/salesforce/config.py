"""Settings of a Salesforce connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from connectors.base import BudgetConfig, ConnectorConfig
from goldbridge.ports import Json

OBJECTS = ("Account", "Contact", "Contract")
Grant = Literal["client_credentials", "jwt_bearer", "refresh_token"]
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "client_credentials": ("consumer_secret",),
    "jwt_bearer": ("username", "private_key"),
    "refresh_token": ("refresh_token",),
}


class SalesforceConfig(ConnectorConfig):
    """One org, called as the user behind the connected app."""

    base_url: str = Field(description="login host: the org's own My Domain host, https://NAME.my.salesforce.com")
    api_version: str = Field("59.0", pattern=r"^\d{2}\.0$", description="version of the API, e.g. 59.0")
    grant: Grant = Field("client_credentials", description="how a session is got")
    consumer_key: str = Field(description="consumer key of the connected app")
    consumer_secret: SecretStr | None = Field(None, description="consumer secret of the connected app")
    username: str = Field("", description="user that a signed assertion stands for (jwt_bearer)")
    private_key: SecretStr | None = Field(None, description="private key in PEM that signs the assertion (jwt_bearer)")
    audience: str = Field("", description="audience of the assertion; the login host when left out")
    refresh_token: SecretStr | None = Field(None, description="first refresh token; rotated ones are kept sealed")
    session_s: float = Field(7200.0, gt=0, description="the org's session timeout; the token answer does not tell it")
    objects: tuple[str, ...] = Field(OBJECTS, description="API names of the objects to offer as streams")
    fields: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="object -> fields to read; all that can be read when left out"
    )
    external_id: str = Field("Golden_Id__c", description="external id field that holds our id in every written object")
    deletes: Literal["log", "flag"] = Field(
        "log", description="log: the log of deletions; flag: deleted rows among the others (queryAll)"
    )
    inactive: Mapping[str, Mapping[str, Json]] = Field(
        default_factory=dict, description="object -> values that deactivate a record instead of deleting it"
    )
    duplicate_rules: Literal["respect", "override"] = Field(
        "respect", description="whether a write passes the org's duplicate rules that allow it"
    )
    page_size: int = Field(2000, ge=200, le=2000, description="rows per page; a hint, the server decides")
    write_batch: int = Field(200, ge=1, le=200, description="records per call; the vendor allows 200")
    bulk_from: int = Field(50_000, ge=0, description="rows from which a read becomes a Bulk job; 0: never")
    bulk_page: int = Field(10_000, ge=1, le=50_000, description="rows per part of a Bulk result")
    bulk_wait_s: float = Field(3600.0, gt=0, description="how long a Bulk job is waited for")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=20, per_s=1.0, daily=None), description="calls per second; set `daily` below the org's quota"
    )
    overlap_s: float = Field(120.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(60.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @model_validator(mode="after")
    def _check_grant(self) -> SalesforceConfig:
        missing = [name for name in _NEEDS[self.grant] if not getattr(self, name)]
        if missing:
            raise ValueError(f"grant {self.grant} needs {' and '.join(missing)}")
        return self
