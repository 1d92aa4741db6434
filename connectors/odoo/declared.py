"""What a database says about its models and their fields (`ir.model`, `fields_get`)."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.odoo.rpc import Rpc
from goldbridge.ports import Json
from goldbridge.records.declared import DeclaredField

_ATTRIBUTES = ("type", "string", "required", "relation", "selection")
MOST = 2000


def models(rpc: Rpc) -> list[str]:
    """The models of the database that hold records; needs the right to read `ir.model`."""
    found = rpc.search("ir.model", [["transient", "=", False]], ["model"], limit=MOST, about="models")
    return sorted(str(each["model"]) for each in found)


def declared(rpc: Rpc, model: str) -> list[DeclaredField]:
    """The fields of a model; the options of a selection with what users read."""
    found = rpc.call(model, "fields_get", {"attributes": list(_ATTRIBUTES)}, about=f"fields of {model}")
    return [_field(str(name), each) for name, each in found.items()]


def _field(name: str, each: Mapping[str, Json]) -> DeclaredField:
    options = {str(value): str(label) for value, label in each.get("selection") or () if value}
    return DeclaredField(
        name,
        type=str(each.get("type", "")),
        label=str(each.get("string") or ""),
        key=name == "id",
        required=bool(each.get("required")),
        options=options,
        refers=str(each.get("relation") or ""),
    )
