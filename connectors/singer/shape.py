"""The shape of a stream: its fields and their types as the tap's SCHEMA gives them, and what a change of it means.

A field that appears, or a type that takes more than before, is news. A field that is gone, a type that no longer takes
what it took, and another key are a break: mappings may then read nothing where they read something, without an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

Shape = dict[str, list[str]]
"""Field -> its types. The key stands under the empty name, since no field has that."""

_TIMES = frozenset({"date-time", "date", "time"})


def shape_of(schema: Mapping[str, Any], key: Iterable[str]) -> Shape:
    """Of the top level only: what is nested is one object, or one list."""
    properties = schema.get("properties")
    fields = properties.items() if isinstance(properties, Mapping) else ()
    return {"": list(key), **{str(name): sorted(_types(spec)) for name, spec in sorted(fields)}}


def _types(spec: Any) -> set[str]:
    if not isinstance(spec, Mapping):
        return {"any"}
    said = spec.get("type")
    kinds = {said} if isinstance(said, str) else {str(each) for each in said} if isinstance(said, list) else set()
    form = spec.get("format")
    found = {f"{kind}:{form}" if kind == "string" and form in _TIMES else kind for kind in kinds}
    for name in ("anyOf", "oneOf"):
        branches = spec.get(name)
        found |= {kind for branch in branches for kind in _types(branch)} if isinstance(branches, list) else set()
    return found - {"null"} or ({"null"} if found else {"any"})


def fingerprint(shape: Shape) -> str:
    return hashlib.blake2b(orjson.dumps(shape, option=orjson.OPT_SORT_KEYS), digest_size=4).hexdigest()


def compare(before: Shape, now: Shape, wanted: Iterable[str]) -> tuple[list[str], list[str]]:
    """(news, breaks) in words. `wanted` are the fields that are selected; when there are any, others may go."""
    selected = frozenset(wanted)
    news, breaks = [], []
    if before.get("") != now.get(""):
        breaks.append(f"the key was {_listed(before.get('', []))} and is {_listed(now.get('', []))}")
    for name in sorted((before.keys() | now.keys()) - {""}):
        old, new = before.get(name), now.get(name)
        if old is None:
            news.append(f"field '{name}' is new")
        elif new is None:
            if not selected or name in selected:
                breaks.append(f"field '{name}' is gone")
        elif not all(_takes(new, kind) for kind in old):
            breaks.append(f"field '{name}' was {_listed(old)} and is {_listed(new)}")
        elif old != new:
            news.append(f"field '{name}' was {_listed(old)} and may now be {_listed(new)}")
    return news, breaks


def _takes(kinds: list[str], kind: str) -> bool:
    return kind in kinds or "any" in kinds or kind == "null" or (kind == "integer" and "number" in kinds)


def _listed(kinds: list[str]) -> str:
    return " or ".join(kinds) or "none"
