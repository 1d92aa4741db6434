"""Settings of a Neocrm connection; little is documented about the other side, so much of it can be set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig
from goldbridge.ports import Json

Class = Literal["refresh-token", "retry", "throttle", "fatal-record", "fatal-config"]


class NeocrmConfig(ConnectorConfig):
    """One tenant, called as one user; login host and API host belong together and differ between data centres."""

    base_url: str = Field(description="API host of the tenant's data centre, e.g. https://api.xiaoshouyi.com")
    login_url: str = Field(description="login host of the same data centre, e.g. https://login.xiaoshouyi.com")
    token_path: str = Field("/auc/oauth2/token", description="path of the token call; older tenants: /oauth2/token")
    client_id: str = Field(description="id of the connected application")
    client_secret: SecretStr = Field(description="secret of the connected application")
    redirect_uri: str = Field(description="callback address of the connected application")
    username: str = Field(description="user the calls run as; use an administrator")
    password: SecretStr = Field(description="password of this user, without the security token")
    security_token: SecretStr = Field(description="the user's security token of eight characters")
    token_s: float = Field(3300.0, gt=0, description="life of a token whose answer does not tell it")
    all_rows: bool = Field(True, description="ask with an administrator's view; rows of others are missing without it")
    objects: tuple[str, ...] = Field(("account", "contact"), description="api keys of the objects to offer as streams")
    fields: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="object -> fields to read; all that are described when left out"
    )
    defaults: Mapping[str, Mapping[str, Json]] = Field(
        default_factory=dict, description="object -> values of each created record: entityType, ownerId, dimDepart"
    )
    external_id: str = Field("golden_id__c", description="unique text field that holds our id in every written object")
    inactive: Mapping[str, Mapping[str, Json]] = Field(
        default_factory=dict, description="object -> values that deactivate a record instead of deleting it"
    )
    classes: Mapping[str, Class] = Field(
        default_factory=dict, description="a code, or a word of its sentence -> what it means, before our own table"
    )
    page_size: int = Field(500, ge=1, le=3000, description="rows per query; clients use up to 3000")
    write_batch: int = Field(50, ge=1, le=100, description="records per batch; they are looked up in one query")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=5, per_s=1.0, daily=None), description="calls per second; the vendor names no figure"
    )
    overlap_s: float = Field(300.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(5.0, ge=0, description="how far the upper bound stays behind the server's clock")
