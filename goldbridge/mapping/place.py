"""Where a character of a text value stands in its file.

A document knows where a value starts, not whether it stands in quotes. Expressions do, in this house: what YAML would
also take without them is counted as quoted, so that a plain one is told one column too far to the right.
"""

from __future__ import annotations

from typing import Any

from goldbridge.errors import Mark
from goldbridge.ports import Document


def inside(document: Document, path: tuple[Any, ...], offset: int) -> Mark:
    """The place `offset` characters into the quoted text at `path`; its start when it spans several lines."""
    mark = document.mark(*path)
    value = document.data
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value[step] if isinstance(value, list) else None
    if not mark.line or not isinstance(value, str) or "\n" in value:
        return mark
    return mark._replace(column=mark.column + 1 + offset)
