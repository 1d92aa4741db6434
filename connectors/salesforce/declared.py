"""What an org says about its objects and their fields, in the words of its users."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.salesforce.client import SalesforceClient
from goldbridge.ports import Json
from goldbridge.records.declared import DeclaredField


def objects(client: SalesforceClient) -> list[str]:
    """The objects that a query may name."""
    found = client.ask("GET", client.path("/sobjects"), about="objects").unwrap("sobjects")
    return sorted(str(each["name"]) for each in found if each.get("queryable", True))


def declared(client: SalesforceClient, name: str) -> list[DeclaredField]:
    """The fields of an object in the org's order."""
    reply = client.ask("GET", client.path(f"/sobjects/{name}/describe"), about=name)
    return [_field(each) for each in reply.unwrap("fields")]


def _field(each: Mapping[str, Json]) -> DeclaredField:
    name, leads = str(each["name"]), [str(one) for one in each.get("referenceTo") or ()]
    options = {
        str(one["value"]): str(one.get("label") or "")
        for one in each.get("picklistValues") or ()
        if one.get("active", True)
    }
    return DeclaredField(
        name,
        type=str(each.get("type", "")),
        label=str(each.get("label") or ""),
        key=name == "Id",
        required=each.get("nillable") is False,
        options=options,
        refers=leads[0] if len(leads) == 1 else "",
    )
