"""Pieces of a JSON Schema, and walks over one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Schema = dict[str, Any]

_ONE = ("additionalProperties", "items", "contains", "not", "then", "else")
_LIST = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAP = ("properties", "patternProperties", "$defs", "dependentSchemas")


def described(keys: Iterable[str], shapes: Mapping[str, Schema], words: Mapping[str, str]) -> Schema:
    """The properties `keys` with their shapes and descriptions; all three must name the same ones."""
    names = list(keys)
    if set(names) != set(shapes) or set(names) != set(words):
        apart = sorted(set(names) ^ set(shapes) | set(names) ^ set(words))
        raise ValueError(f"keys without a shape or a description, or the other way round: {apart}")
    return {name: {"description": plain(words[name]), **shapes[name]} for name in names}


def closed(properties: Schema, **more: Any) -> Schema:
    """A mapping that takes these keys and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False, **more}


def chosen(words: Mapping[str, str]) -> Schema:
    """One of a few words, each with what it means."""
    return {"enum": list(words), "enumDescriptions": [plain(about) for about in words.values()]}


def plain(text: str) -> str:
    """A sentence of the reference without its links and backquotes, which an editor shows as they are."""
    import re

    return re.sub(r" ?\(\[[^\]]*\]\([^)]*\)\)|`", "", text)


def walk(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """A schema in which `change` was asked about every part, inner ones first.

    Conditions (`if`) and names of keys are left alone: they say when something holds, not what may stand there.
    """
    made = dict(schema)
    for key in _ONE:
        if isinstance(made.get(key), dict):
            made[key] = walk(made[key], change)
    for key in _LIST:
        if key in made:
            made[key] = [walk(each, change) for each in made[key]]
    for key in _MAP:
        if key in made:
            made[key] = {name: walk(each, change) for name, each in made[key].items()}
    return change(made)


def partial(schema: Schema) -> Schema:
    """The same for an overlay, which says only what differs: nothing is required."""
    left_out = ("required", "minProperties", "dependentRequired")
    return walk(schema, lambda part: {key: value for key, value in part.items() if key not in left_out})
