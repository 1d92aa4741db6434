"""What a tenant says about the fields of one object, in the words of its users: labels, types, options, references."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.fxiaoke.client import FxiaokeClient
from connectors.fxiaoke.config import FxiaokeConfig
from goldbridge.ports import Json
from goldbridge.records.declared import DeclaredField


def declared(client: FxiaokeClient, config: FxiaokeConfig, name: str) -> list[DeclaredField]:
    """The active fields of an object in the tenant's order."""
    asked: dict[str, Json] = {"data": {"apiName": name}} if config.style == "header" else {"apiName": name}
    body: dict[str, Json] = {"includeDetail": False, **asked}
    fields = client.ask("/cgi/crm/v2/object/describe", body, about=name).unwrap("data.describe.fields")
    return [_field(str(key), entry) for key, entry in fields.items() if entry.get("is_active", True)]


def _field(name: str, entry: Mapping[str, Json]) -> DeclaredField:
    options = {str(one["value"]): str(one.get("label", "")) for one in entry.get("options") or () if "value" in one}
    return DeclaredField(
        name,
        type=str(entry.get("type", "")),
        label=str(entry.get("label") or ""),
        key=name == "_id",
        required=bool(entry.get("is_required")),
        options=options,
        refers=str(entry.get("target_api_name") or ""),
    )
