"""What an account book says about the fields of its forms, in the words of its users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from connectors.kingdee.config import KingdeeForm
from connectors.kingdee.read import keys_of
from goldbridge.records.declared import DeclaredField

_CHINESE = 2052
_HEAD = "FBillHead"


def declared(told: Mapping[str, Any], form: KingdeeForm, streams: Mapping[str, str]) -> list[DeclaredField]:
    """The fields of a form: its id, its header, its bodies with their names ahead; `streams` are names by form id.

    A dotted field that the stream reads, such as `FCustId.FNumber`, stands behind them: the code of a reference.
    """
    found = {form.key: DeclaredField(form.key, "internal id", key=True)}
    own = str(told.get("PkFieldName") or form.key)
    found.setdefault(own, DeclaredField(own, "internal id"))
    for entry in told.get("Entrys") or ():
        ahead = "" if entry.get("Key") == _HEAD else f"{_label(entry.get('Name')) or entry.get('Key')}: "
        for each in entry.get("Fields") or ():
            found.setdefault(str(each["Key"]), _field(each, ahead, streams))
    for name in keys_of(form):
        head, dot, tail = name.partition(".")
        if dot and head in found:
            label = f"{found[head].label} {tail}"
            found[name] = replace(found[head], name=name, label=label, required=False, refers="")
    return list(found.values())


def _field(each: Mapping[str, Any], ahead: str, streams: Mapping[str, str]) -> DeclaredField:
    leads = str(each.get("LookUpObjectFormId") or "")
    items: Iterable[Mapping[str, Any]] = (each.get("EnumObject") or {}).get("Items") or ()
    return DeclaredField(
        str(each["Key"]),
        type=f"FieldType {each['FieldType']}" if each.get("FieldType") is not None else "",
        label=ahead + _label(each.get("Name")),
        required=str(each.get("MustInput") or "0").lower() not in ("0", "false"),
        options={str(item["Value"]): _label(item.get("Caption")) for item in items if item.get("Value") is not None},
        refers=streams.get(leads, leads),
    )


def _label(named: Any) -> str:
    """A text that is kept once per language: the Chinese one, or the first there is."""
    texts = [each for each in named or () if isinstance(each, Mapping) and each.get("Value")]
    chosen = next((each for each in texts if each.get("Key") == _CHINESE), texts[0] if texts else {})
    return str(chosen.get("Value", ""))
