"""Mapped values as the model of a record, and back: dotted names are references, lists are bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.base import RawRow
from goldbridge.ports import Json


def nested(values: Mapping[str, Any]) -> dict[str, Json]:
    """`{"FCustId.FNumber": "C-1"}` as `{"FCustId": {"FNumber": "C-1"}}`; plain fields first, bodies last.

    The server takes prices of lines for nothing when a header block comes after them.
    """
    flat: dict[str, Json] = {}
    blocks: dict[str, Json] = {}
    bodies: dict[str, Json] = {}
    for name, value in values.items():
        head, dot, tail = name.partition(".")
        if dot:
            blocks.setdefault(head, {})[tail] = _sent(value)
        elif isinstance(value, list):
            bodies[name] = [nested(line) if isinstance(line, Mapping) else line for line in value]
        elif isinstance(value, Mapping):
            blocks[name] = nested(value)
        else:
            flat[name] = _sent(value)
    return flat | blocks | bodies


def _sent(value: Any) -> Json:
    return "" if value is None else value


def names(model: Mapping[str, Json]) -> list[str]:
    """Every field a model sets, those of its lines included: what has to be named for a change to be taken."""
    found: dict[str, None] = {}
    for name, value in model.items():
        found[name] = None
        if isinstance(value, list):
            found |= dict.fromkeys(inner for line in value if isinstance(line, dict) for inner in line)
    return list(found)


def replaces_lines(model: Mapping[str, Json]) -> bool:
    """Whether the bodies stand for all lines: so they do when a line says not which one it is.

    Lines without an id would be added once more by every repetition; the others change the line they name.
    """
    return any(
        isinstance(value, list) and any("FEntryID" not in line for line in value if isinstance(line, dict))
        for value in model.values()
    )


def plain(values: Mapping[str, Any]) -> list[str]:
    """The names that a query can show, too."""
    return [name for name, value in values.items() if not isinstance(value, list | Mapping)]


def holds(row: RawRow, values: Mapping[str, Any]) -> bool:
    """Whether a row shows these values already; what a query cannot show counts as different."""
    return all(
        name in row and (row[name] in (None, "") if value in (None, "") else str(row[name]) == str(value))
        for name, value in values.items()
    )
