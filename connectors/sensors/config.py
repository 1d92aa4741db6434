"""Settings of a Sensors Analytics project, and what each of our streams becomes there."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.base import BudgetConfig, ConnectorConfig


class SinkConfig(BaseModel):
    """One stream: users' attributes, rows of a dimension table, or events."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    to: Literal["profile", "item", "event"] = Field("profile", description="what a record becomes")
    item_type: str | None = Field(None, description="the dimension table, for `to: item`")
    event: str | None = Field(None, description="name of the event, for `to: event`")
    time: str | None = Field(None, description="property that holds the event's time; without it, the time of sending")
    numbers: tuple[str, ...] = Field((), description="properties that are numbers there")
    times: tuple[str, ...] = Field((), description="properties that are times there")

    @model_validator(mode="after")
    def _complete(self) -> SinkConfig:
        if self.to == "item" and not self.item_type:
            raise ValueError("`to: item` needs an item_type")
        if self.to == "event" and not self.event:
            raise ValueError("`to: event` needs the name of the event")
        return self


class SensorsConfig(ConnectorConfig):
    """One project; the token of the import and the API secret have nothing to do with each other."""

    base_url: str = Field(description="host of the import, without /sa")
    project: str = Field("default", description="name of the project")
    token: SecretStr = Field(description="token of the import")
    api_url: str | None = Field(None, description="host of the query API, when it is another one")
    api_secret: SecretStr | None = Field(None, description="API secret; without it, nothing can be looked up there")
    id_column: str = Field(
        "second_id", pattern=r"^\w+$", description="column of the table of users that holds the login id"
    )
    streams: dict[str, SinkConfig] = Field(
        default_factory=lambda: {"profile": SinkConfig.model_validate({})},
        description="our streams, and what each becomes there",
    )
    login_id: bool = Field(True, description="our id is the business key of the user, not an anonymous one")
    dry_run: bool = Field(False, description="have each record validated first; costs a call per record")
    write_batch: int = Field(50, ge=1, le=50, description="records per call")
    zone: str | None = Field("Asia/Shanghai", description="time zone in which the project shows times")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=20, per_s=1.0, daily=None), description="calls per window; the vendor publishes no limit"
    )
