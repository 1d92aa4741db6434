"""Settings of an Odoo connection, and the models it offers as streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.base import BudgetConfig, ConnectorConfig


class OdooModel(BaseModel):
    """One model as a stream."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: str = Field(description="name of the model, e.g. res.partner")
    fields: tuple[str, ...] = Field((), description="fields to read besides id, write_date and active")
    domain: tuple[Any, ...] = Field((), description="further condition, as Odoo writes it")


_MODELS: Mapping[str, Mapping[str, Any]] = {
    "partner": {
        "model": "res.partner",
        "fields": ("name", "is_company", "parent_id", "vat", "ref", "phone", "email", "street", "city"),
    },
    "lead": {"model": "crm.lead", "fields": ("name", "type", "partner_id", "expected_revenue")},
    "product": {"model": "product.template", "fields": ("name", "default_code", "list_price")},
    "order": {"model": "sale.order", "fields": ("name", "partner_id", "state", "date_order", "amount_total")},
    "invoice": {
        "model": "account.move",
        "fields": ("name", "partner_id", "state", "invoice_date", "amount_total"),
        "domain": (["move_type", "=", "out_invoice"],),
    },
    "payment": {"model": "account.payment", "fields": ("name", "partner_id", "amount", "date", "state")},
}
MODELS = {name: OdooModel.model_validate(entry) for name, entry in _MODELS.items()}
"""The streams of every connection; an entry in `models` changes one or adds another."""


class OdooConfig(ConnectorConfig):
    """One database, called as one user."""

    base_url: str = Field(description="address of the server")
    database: str = Field(description="name of the database")
    user: str = Field("", description="login of the user; for the rpc protocol")
    api_key: SecretStr = Field(description="API key of the user (rpc takes a password, too)")
    protocol: Literal["rpc", "json2"] = Field(
        "rpc", description="json2 from Odoo 19 on; rpc is removed from the hosted service at the end of 2027"
    )
    models: dict[str, OdooModel] = Field(
        default_factory=lambda: dict(MODELS), description="models by stream name; an entry changes or adds one"
    )
    module: str = Field("goldbridge", pattern=r"^\w+$", description="module under which our external ids are kept")
    page_size: int = Field(500, ge=1, le=5000, description="rows per query; the server knows no limit of its own")
    write_batch: int = Field(50, ge=1, le=500, description="records per call; it is one transaction")
    plain_http: bool = Field(False, description="allow http:// inside a network that is protected otherwise")
    zone: str | None = Field("UTC", description="times are UTC without saying so")
    budget: BudgetConfig = Field(
        BudgetConfig(calls=20, per_s=1.0, daily=None), description="calls per window; the vendor publishes no limit"
    )
    overlap_s: float = Field(120.0, ge=0, description="how far a run reads back: write_date is a transaction's start")
    safety_delay_s: float = Field(10.0, ge=0, description="how far the upper bound stays behind the server's clock")

    @field_validator("models", mode="before")
    @classmethod
    def _with_known_models(cls, given: Any) -> Any:
        """An entry for a known stream states only what differs."""
        if not isinstance(given, dict):
            return given
        known = {name: model.model_dump() for name, model in MODELS.items()}
        merged = {name: model for name, model in known.items() if name not in given}
        return merged | {
            name: {**known.get(name, {}), **entry} if isinstance(entry, dict) else entry
            for name, entry in given.items()
        }
