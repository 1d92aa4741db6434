"""Approval definitions and the forms that are filled in: JSON inside a text, both ways."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from goldbridge.simulators.kit import Refused


class Control(NamedTuple):
    """One control of a definition; `options` are (key, label)."""

    id: str
    name: str
    kind: str = "input"
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "name": self.name, "type": self.kind, "required": self.required}
        if self.options:
            shown["option"] = [{"value": key, "text": label} for key, label in self.options]
        return shown


CONTRACT = (
    Control("widget1", "合同编号", required=True),
    Control("widget2", "客户名称"),
    Control("widget3", "合同金额", "amount"),
    Control("widget4", "签订日期", "date"),
    Control("widget5", "合同类型", "radioV2", options=(("k1sale", "销售"), ("k2buy", "采购"))),
    Control("widget6", "份数", "number"),
)


def check_form(controls: Sequence[Control], text: Any) -> list[dict[str, Any]]:
    """A form as it is kept. What is missing is not noticed: the vendor does not check required controls."""
    try:
        given = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        given = None
    if not isinstance(given, list):
        raise Refused("60001", "form should be a JSON string")
    known = {each.id: each for each in controls}
    kept = []
    for each in given:
        control = known.get(str(each.get("id"))) if isinstance(each, dict) else None
        if control is None or each.get("type") != control.kind:
            raise Refused("1390001", "widget is not in the definition")
        _check(control, each)
        kept.append({"id": control.id, "name": control.name, "type": control.kind, **_kept(each)})
    return kept


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("value", "currency") if name in given}


def _check(control: Control, given: dict[str, Any]) -> None:
    value = given.get("value")
    if control.kind in ("number", "amount") and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise Refused("1390001", f"{control.id} takes a number")
    if control.kind == "amount" and not given.get("currency"):
        raise Refused("1390001", f"{control.id} needs a currency")
    if control.options and value not in [key for key, _ in control.options]:
        raise Refused("1390001", f"{control.id} takes the key of an option")
    if control.kind == "date":
        try:
            zoned = datetime.fromisoformat(str(value)).tzinfo is not None
        except ValueError:
            zoned = False
        if not zoned:
            raise Refused("1390001", f"{control.id} takes RFC3339")
    if control.kind == "input" and not isinstance(value, str):
        raise Refused("1390001", f"{control.id} takes text")
