"""CEL in the rules of golden records: compiled, or every fault at its place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from goldbridge.errors import Problems
from goldbridge.mapping.expression import ADDED, NATIVE, Expression, Fault, compile_expression
from goldbridge.mapping.place import inside
from goldbridge.ports import Document
from goldbridge.records.hint import did_you_mean


def compile_condition(
    document: Document,
    path: tuple[Any, ...],
    said: Any,
    owner: str,
    known: Collection[str],
    problems: Problems,
    code: str,
) -> Expression | None:
    """The expression at `path`, which may read `known`, the fields of `owner`; None when a problem was noted."""
    if not isinstance(said, str | bool | int | float):
        problems.note(document.mark(*path), code, f"`{path[-1]}` is a CEL expression, in quotes")
        return None
    text = str(said).lower() if isinstance(said, bool) else str(said)
    found = compile_expression(text, frozenset(known))
    if isinstance(found, Expression):
        return found
    for fault in found:
        problems.note(inside(document, path, fault.at), code, f"`{path[-1]}`: {_words(fault, owner, known)}")
    return None


def _words(fault: Fault, owner: str, known: Collection[str]) -> str:
    if fault.code == "MAP021":
        return f"{owner} {fault.message}{did_you_mean(fault.name, known)}"
    if fault.code == "MAP023":
        return f"{fault.message}{did_you_mean(fault.name, [*NATIVE, *ADDED])}"
    return fault.message
