"""Compiles one criterion of a survivorship rule; what is wrong with it is told at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from goldbridge.errors import Problems
from goldbridge.mapping.place import inside
from goldbridge.ports import Document
from goldbridge.records.hint import did_you_mean, nearest
from goldbridge.records.model import Entity, Field
from mdm.condition import compile_condition
from mdm.criterion import CRITERIA, EXPRESSION_NAMES, LISTING, Criterion, Trust

Place = tuple[str | int, ...]
AMOUNTS = ("money", "decimal", "integer", "boolean")
"""Types whose values bind more or less by themselves: the lower amount, true before false."""
TRUST_KEYS = ("at", "to", "over")
_FIELD_OF_RECORD = re.compile(r"\brecord\.([a-z][a-z0-9_]*)")
MOST_POINTS, MOST_DAYS = 1_000, 36_500


def compile_criterion(
    document: Document, path: Place, item: Any, entity: Entity, field: Field, problems: Problems
) -> Criterion | None:
    """The criterion that an item of `order` writes, None when it cannot be used."""
    kind, said = next(iter(item.items())) if isinstance(item, dict) and len(item) == 1 else (item, None)
    if not isinstance(kind, str) or kind not in CRITERIA:
        shown = kind if isinstance(kind, str) else "..."
        close = nearest(shown, CRITERIA)
        hint = f"; did you mean '{close}'?" if close else f"; known: {', '.join(sorted(CRITERIA))}"
        problems.note(document.mark(*path), "MDM006", f"unknown criterion '{shown}'{hint}")
        return None
    match kind:
        case "trust":
            return _trust(document, (*path, kind), said, problems)
        case "expr":
            return _expression(document, (*path, kind), said, entity, problems)
        case "most_restrictive" if not said and field.type in AMOUNTS:
            return Criterion(kind)
    if kind not in LISTING:
        if said:
            problems.note(document.mark(*path, kind), "MDM006", f"`{kind}` takes no list; write its name alone")
            return None
        return Criterion(kind)
    if not isinstance(said, list) or not said:
        needs = (
            "needs a list, the one that binds most first" if kind == "most_restrictive" else "needs a list, best first"
        )
        problems.note(document.mark(*path), "MDM006", f"`{kind}` {needs}")
        return None
    names = tuple(str(each) for each in said)
    _in_order(document, (*path, kind), names, field, problems)
    return Criterion(kind, names)


def _in_order(document: Document, path: Place, names: Sequence[str], field: Field, problems: Problems) -> None:
    """A list is an order only when nothing stands in two places, and every word of an enum stands in one."""
    for index, name in enumerate(names):
        if names.index(name) != index:
            problems.note(
                document.mark(*path, index), "MDM009", f"'{name}' stands in two places of one order; remove one"
            )
    if path[-1] != "most_restrictive" or not field.enum:
        return
    for index, name in enumerate(names):
        if name not in field.enum:
            hint = did_you_mean(name, field.enum)
            problems.note(document.mark(*path, index), "MDM009", f"'{field.name}' is never '{name}'{hint}")
    left = [word for word in field.enum if word not in names]
    if left:
        message = (
            f"no order between {', '.join(left)}: list every word of '{field.name}', the one that binds most first"
        )
        problems.note(document.mark(*path), "MDM009", message)


def _trust(document: Document, path: Place, said: Any, problems: Problems) -> Criterion | None:
    if not isinstance(said, dict) or not said:
        message = "`trust` gives each system its points, e.g. {registry: 90, erp: {at: 80, to: 30, over: 365 d}}"
        problems.note(document.mark(*path[:-1]), "MDM006", message)
        return None
    found: dict[str, Trust] = {}
    for system, each in said.items():
        made = _points(each)
        if made is None:
            message = (
                f"the trust in {system} is points from 0 to {MOST_POINTS}, or {{at: 80, to: 30, over: 365 d}}: "
                "from 80 points today in a straight line to 30 after 365 days"
            )
            problems.note(document.mark(*path, system), "MDM006", message)
        else:
            found[system] = made
    return Criterion("trust", trust=found) if len(found) == len(said) else None


def _points(said: Any) -> Trust | None:
    if _number(said, MOST_POINTS) is not None:
        return Trust(said, said, 0)
    if not isinstance(said, Mapping) or set(said) != set(TRUST_KEYS):
        return None
    number, unit = str(said["over"]).removesuffix("d").strip(), str(said["over"]).endswith("d")
    days = int(number) if unit and number.isascii() and number.isdigit() and len(number) <= 5 else 0
    at, to = _number(said["at"], MOST_POINTS), _number(said["to"], MOST_POINTS)
    if at is None or to is None or to > at or not 0 < days <= MOST_DAYS:
        return None
    return Trust(at, to, days)


def _number(said: Any, most: int) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= most else None


def _expression(document: Document, path: Place, said: Any, entity: Entity, problems: Problems) -> Criterion | None:
    if not isinstance(said, str) or not said.strip():
        message = "`expr` is a CEL expression that gives a number, e.g. expr: \"system == 'erp' ? 2 : 1\""
        problems.note(document.mark(*path), "MDM006", message)
        return None
    fields = {found[1]: found.start(1) for found in reversed(list(_FIELD_OF_RECORD.finditer(said)))}
    for name, at in sorted(fields.items()):
        if name not in entity.fields:
            message = f"`expr`: {entity.name} has no field '{name}'{did_you_mean(name, entity.fields)}"
            problems.note(inside(document, path, at), "MDM030", message)
    made = compile_condition(document, path, said, "a claim", EXPRESSION_NAMES, problems, "MDM030")
    return None if made is None else Criterion("expr", tuple(sorted(fields)), expression=made)
