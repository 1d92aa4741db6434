"""Settings of a Weaver e-cology 9 connection."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.base import BudgetConfig, ConnectorConfig

ListName = Literal["ToDo", "Doing", "Handled", "ToBeRead", "BeReject"]


class WeaverWorkflow(BaseModel):
    """One workflow of the site: a stream of its requests."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^\d+$", description="workflowId, the number of the workflow in the back office")
    external_id: str = Field("", description="database name of the form field that holds our id; needed for starting")
    title: str = Field("", description="name of a request that we start, when the record has no `title`")


class WeaverConfig(ConnectorConfig):
    """One registered application, acting as one user."""

    base_url: str = Field(description="address of the OA, https://HOST")
    app_id: str = Field(description="appid of the application row that the site's administrator inserted")
    user_id: str = Field(pattern=r"^\d+$", description="number of the OA user whose lists are read and who starts")
    secret: SecretStr | None = Field(None, description="secret of the registration; left out, we register once")
    spk: str | None = Field(None, description="the server's public key from the same registration")
    cpk: str = Field("goldbridge", description="what is sent as our public key when we register")
    token_s: float = Field(1800.0, gt=0, description="how long a token is used")
    token_time: str = Field("", description="header `time` when a token is asked for; left out when empty")
    workflows: dict[str, WeaverWorkflow] = Field(min_length=1, description="streams: name, and which workflow it is")
    lists: tuple[ListName, ...] = Field(
        ("ToDo", "Doing", "Handled"), min_length=1, description="lists of the account that are read"
    )
    sees_all: bool = Field(False, description="the account has a part in every request of these workflows")
    page_size: int = Field(100, ge=1, le=10_000, description="rows per page of a list")
    write_batch: int = Field(20, ge=1, le=200, description="requests started after one look for what is there already")
    next_node: bool = Field(True, description="a request that we start is submitted, not left at its first node")
    budget: BudgetConfig = Field(BudgetConfig(calls=20, per_s=1.0, daily=None), description="calls to this OA")
    overlap_s: float = Field(300.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(2.0, ge=0, description="how far the upper bound stays behind the server's clock")
