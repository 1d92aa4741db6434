"""Lays what stewards said over what survived: pins and suppressions, of a whole field or of one item of many.

Pure like survivorship itself. What the sources say stays known beneath: it challenges the pin, it does not disappear.
Where two stewards' words meet, the one that was approved first shows; the question which is right goes to a task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from goldbridge.records.model import Entity
from mdm.claim import Claimant, Override, item_of
from mdm.criterion import says


def lay(
    entity: Entity,
    overrides: Iterable[Override],
    claims: Sequence[Claimant],
    values: dict[str, Any],
    lineage: dict[str, dict[str, Any]],
) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Change `values` and `lineage` to what the overrides ask for; returns what lay beneath each changed field."""
    beneath: dict[str, tuple[Any, dict[str, Any]]] = {}
    for (name, item), pin in showing(overrides).items():
        if name not in entity.fields:
            continue
        beneath.setdefault(name, (values.get(name), lineage.get(name) or {}))
        if item:
            _lay_item(pin, values, lineage)
        else:
            _lay_whole(pin, claims, values, lineage)
    return beneath


def showing(overrides: Iterable[Override]) -> dict[tuple[str, str], Override]:
    """(field, item) -> the override that shows; an override of a whole field leaves none of its items."""
    first: dict[tuple[str, str], Override] = {}
    for pin in sorted(overrides, key=Override.approval):
        first.setdefault((pin.field, pin.item), pin)
    return {place: pin for place, pin in sorted(first.items()) if not place[1] or (place[0], "") not in first}


def _lay_whole(
    pin: Override, claims: Sequence[Claimant], values: dict[str, Any], lineage: dict[str, dict[str, Any]]
) -> None:
    line: dict[str, Any] = {"rule": "override", "override": pin.id, "record": pin.anchor}
    said = [c for c in claims if says(c.values.get(pin.field))]
    challengers = sorted({c.record for c in said if pin.mode != "set" or c.values[pin.field] != pin.value})
    if challengers:
        line["challengers"] = challengers
    lineage[pin.field] = line
    values.pop(pin.field, None)
    if pin.mode == "set":
        values[pin.field] = pin.value


def _lay_item(pin: Override, values: dict[str, Any], lineage: dict[str, dict[str, Any]]) -> None:
    """One item comes to the front or goes; the others stay as the sources have them."""
    held = values.get(pin.field) or []
    line = lineage.get(pin.field) or {"rule": "union", "items": []}
    records_of: list[list[int]] = line.get("items") or [[line["record"]] for _ in held]
    parts = list(zip(held, records_of, strict=True))
    behind = [(item, records) for item, records in parts if item_of(item) != pin.item]
    mark = {"override": pin.id, "record": pin.anchor}
    if pin.mode == "set":
        records: list[int] = next((records for item, records in parts if item_of(item) == pin.item), [])
        behind.insert(0, (pin.value, records))
        told = {"pinned": {**line.get("pinned", {}), pin.item: mark}}
    else:
        told = {"hidden": {**line.get("hidden", {}), pin.item: mark}}
    lineage[pin.field] = {**line, "items": [records for _, records in behind], **told}
    values[pin.field] = [item for item, _ in behind]
    if not behind:
        del values[pin.field]
