"""What Tryton says about the fields of a party (`fields_get`); what is joined to it only rows show."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.tryton.party import MODEL
from connectors.tryton.rpc import Rpc
from goldbridge.records.declared import DeclaredField


def declared(rpc: Rpc, wanted: Sequence[str]) -> list[DeclaredField]:
    """The fields of a party that are read; a selection's options with what users read, where Tryton lists them."""
    asked = [name for name in wanted if "." not in name and not name.startswith("_")]
    found = rpc.ask(f"{MODEL}.fields_get", asked, about="fields of a party")
    return [
        DeclaredField(
            name,
            type=str(each.get("type", "")),
            label=str(each.get("string") or ""),
            required=bool(each.get("required")),
            options=_options(each.get("selection")),
            refers=str(each.get("relation") or ""),
        )
        for name, each in found.items()
        if name in asked
    ] + [DeclaredField("id", type="integer", key=True)]


def _options(selection: object) -> dict[str, str]:
    pairs = selection if isinstance(selection, list) else []
    return {str(pair[0]): str(pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2 and pair[0]}
