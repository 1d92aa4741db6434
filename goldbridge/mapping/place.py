"""Where a character of a text value stands in its file.

A document knows where a value starts, not how it was quoted; that follows from what may stand unquoted in YAML.
"""

from __future__ import annotations

from goldbridge.errors import Mark
from goldbridge.ports import Document

_STARTS = "!&*|>%@`#'\"[]{},?:-"


def inside(document: Document, path: tuple[str, ...], offset: int) -> Mark:
    """The place `offset` characters into the text at `path`; the start of the value when the text spans lines."""
    mark = document.mark(*path)
    text = _text(document, path)
    if not mark.line or "\n" in text:
        return mark
    quote = 1 if _needs_quotes(text, _in_flow(document, path)) else 0
    return mark._replace(column=mark.column + quote + offset)


def _text(document: Document, path: tuple[str, ...]) -> str:
    value = document.data
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _in_flow(document: Document, path: tuple[str, ...]) -> bool:
    """Whether the value stands in braces: then its mapping starts before its first key."""
    parent = document.mark(*path[:-1])
    value = document.data
    for step in path[:-1]:
        value = value[step]
    first = next(iter(value), None)
    return first is not None and len(path) > 1 and document.key_mark(*path[:-1], first) != parent


def _needs_quotes(text: str, in_flow: bool) -> bool:
    if not text or text[0] in _STARTS or text != text.strip():
        return True
    return ": " in text or " #" in text or text.endswith(":") or (in_flow and any(sign in text for sign in ",[]{}"))
