"""The models of the database: columns with their types. A customer, a partner and a contact are one model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Column(NamedTuple):
    """One field; `relation` is the model a reference points to."""

    kind: str = "char"
    required: bool = False
    relation: str = ""


Model = Mapping[str, Column]
_OWN = {"id": Column("integer"), "create_date": Column("datetime"), "write_date": Column("datetime")}
_ACTIVE = {"active": Column("boolean")}


def _many2one(model: str) -> Column:
    return Column("many2one", relation=model)


def sandbox_models() -> dict[str, Model]:
    """The models of the sandbox."""
    partner = {
        "name": Column(required=True), "is_company": Column("boolean"), "parent_id": _many2one("res.partner"),
        "vat": Column(), "ref": Column(), "phone": Column(), "email": Column(), "street": Column(), "city": Column(),
        "credit_limit": Column("float"), "customer_rank": Column("integer"), "supplier_rank": Column("integer"),
        "category_id": Column("many2many", relation="res.partner.category"), "date": Column("date"),
    }  # fmt: skip
    return {
        "res.partner": {**_OWN, **_ACTIVE, **partner},
        "res.partner.category": {**_OWN, **_ACTIVE, "name": Column(required=True)},
        "crm.lead": {
            **_OWN, **_ACTIVE, "name": Column(required=True), "type": Column("selection"),
            "partner_id": _many2one("res.partner"), "expected_revenue": Column("monetary"),
        },
        "product.template": {**_OWN, **_ACTIVE, "name": Column(required=True), "default_code": Column(),
                             "list_price": Column("float")},
        "sale.order": {
            **_OWN, "name": Column(), "partner_id": Column("many2one", True, "res.partner"),
            "state": Column("selection"),
            "date_order": Column("datetime"), "amount_total": Column("monetary"),
        },
        "account.move": {
            **_OWN, "name": Column(), "partner_id": _many2one("res.partner"), "move_type": Column("selection"),
            "state": Column("selection"), "amount_total": Column("monetary"), "invoice_date": Column("date"),
        },
        "account.payment": {**_OWN, "name": Column(), "partner_id": _many2one("res.partner"),
                            "amount": Column("monetary"), "date": Column("date"), "state": Column("selection")},
        "ir.model": {**_OWN, "model": Column(required=True), "name": Column(), "transient": Column("boolean")},
        "ir.model.data": {**_OWN, "module": Column(required=True), "name": Column(required=True),
                          "model": Column(required=True), "res_id": Column("integer")},
    }  # fmt: skip
