"""Settings of a Yonyou connection, and the lists it offers as streams: how each wants to be asked differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.base import BudgetConfig, ConnectorConfig


class YonyouList(BaseModel):
    """One list as a stream."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str = Field(description="path of the list under the gateway; for U8+ the name of the object")
    since: Literal["pubts", "simple", "vos", "none"] = Field(
        "none", description="where the time of change is asked for; none: every run reads everything"
    )
    body: dict[str, Any] = Field(default_factory=dict, description="further parameters of the question")
    key: str = Field("id", description="field of the internal id")
    flag: str = Field("", description="field that is true when the record is stopped")


_LISTS: Mapping[str, Mapping[str, Any]] = {
    "customer": {
        "path": "/yonbip/digitalModel/merchant/newlist",
        "since": "pubts",
        "body": {"filterPotential": False},
        "flag": "stopstatus",
    },
    "supplier": {"path": "/yonbip/digitalModel/vendor/list", "since": "simple", "flag": "stopstatus"},
    "product": {"path": "/yonbip/digitalModel/product/listproductbycondition", "flag": "stopstatus"},
    "opportunity": {"path": "/yonbip/crm/oppt/bill/list"},
    "order": {"path": "/yonbip/sd/voucherorder/list", "since": "vos", "body": {"isSum": True}},
    "invoice": {"path": "/yonbip/sd/vouchersaleinvoice/list", "since": "vos", "body": {"isSum": True}},
}
_U8: Mapping[str, Mapping[str, Any]] = {
    "customer": {"path": "customer", "since": "pubts", "key": "code"},
    "supplier": {"path": "vendor", "since": "pubts", "key": "code"},
    "product": {"path": "inventory", "since": "pubts", "key": "code"},
    "order": {"path": "saleorder", "since": "pubts", "key": "code"},
}


def known_lists(edition: str) -> dict[str, YonyouList]:
    """The streams an edition has before the settings add to them."""
    entries = _U8 if edition == "u8" else _LISTS
    return {name: YonyouList.model_validate(entry) for name, entry in entries.items()}


class YonyouConfig(ConnectorConfig):
    """One tenant, called as one application."""

    edition: Literal["bip", "u8"] = Field("bip", description="YonBIP or YonSuite, or a U8+ behind the vendor's relay")
    base_url: str = Field(description="bip: where the data centre of a tenant is asked for; u8: the relay")
    tenant_id: str = Field("", description="id of the tenant, to find its data centre; not with gateway_url")
    gateway_url: str = Field("", description="gateway of the tenant's data centre, when it is not to be asked for")
    token_url: str = Field("", description="token service of the tenant's data centre, together with gateway_url")
    app_key: str = Field(description="key of the application")
    app_secret: SecretStr = Field(description="secret of the application")
    from_account: str = Field("", description="u8: the calling account")
    to_account: str = Field("", description="u8: the account of the company whose server answers")
    ds_sequence: str = Field("", description="u8: number of the data source, when there are several")
    lists: dict[str, YonyouList] = Field(
        default_factory=dict, description="lists by stream name; an entry changes or adds one"
    )
    page_size: int = Field(200, ge=1, le=5000, description="rows per page; lists time out after 10 s, so keep it low")
    plain_http: bool = Field(False, description="allow http:// inside a network that is protected otherwise")
    zone: str | None = Field("Asia/Shanghai", description="time zone of the tenant")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=40, per_s=60.0, daily=None), description="calls per list or service and window"
    )
    overlap_s: float = Field(120.0, ge=0, description="how far a run reads back before its cursor")
    safety_delay_s: float = Field(5.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @field_validator("lists", mode="before")
    @classmethod
    def _with_known_lists(cls, given: Any, told: Any) -> Any:
        """An entry for a known stream states only what differs."""
        if not isinstance(given, dict):
            return given
        known = {name: entry.model_dump() for name, entry in known_lists(str(told.data.get("edition", "bip"))).items()}
        return {
            name: {**known.get(name, {}), **entry} if isinstance(entry, dict) else entry
            for name, entry in given.items()
        }

    @property
    def streams(self) -> dict[str, YonyouList]:
        return known_lists(self.edition) | self.lists
