"""Compiles config/survivorship.yaml: which criteria rank the claims on each field, and in which order."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from goldbridge.errors import Problems
from goldbridge.ports import Document
from goldbridge.records.model import Entity, Field, Model

CRITERIA = ("validity", "source_rank", "recency", "quorum", "longest", "most_complete", "most_restrictive")
KEYS = ("order", "union", "group", "owner", "else")
LISTING = ("source_rank", "most_restrictive")
"""Criteria that need a list, best first."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One step of a ranking; `args` are systems for source_rank and values for most_restrictive, best first."""

    kind: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field survives: `union` collects the items of all claims, otherwise the best-ranked claim wins whole."""

    criteria: tuple[Criterion, ...]
    union: bool = False
    owner: str | None = None


DEFAULT = FieldRule((Criterion("validity"), Criterion("recency")))

Rules = dict[str, dict[str, FieldRule]]
"""Entity -> field -> rule, for every field of every entity in the model."""


def compile_survivorship(document: Document, model: Model, systems: Iterable[str]) -> Rules:
    """All rules of all entities; a field without one survives by validity, then recency (many-valued: union).

    Raises `Misconfigured` with every unknown entity, field, criterion and system, each at its place.
    """
    known = sorted(systems)
    problems = Problems()
    data = document.data if isinstance(document.data, dict) else {}
    for name in data:
        if name not in model.entities:
            hint = _hint(name, model.entities)
            problems.note(document.key_mark(name), "MDM001", f"the model has no entity '{name}'{hint}")
    rules = {
        name: _compile_entity(document, entity, data.get(name) or {}, known, problems)
        for name, entity in model.entities.items()
    }
    problems.raise_any()
    return rules


def _compile_entity(
    document: Document, entity: Entity, data: Any, systems: list[str], problems: Problems
) -> dict[str, FieldRule]:
    if not isinstance(data, dict):
        problems.note(document.mark(entity.name), "MDM003", f"the rules of '{entity.name}' are a mapping of its fields")
        data = {}
    for name in data:
        if name not in entity.fields:
            hint = _hint(name, entity.fields)
            problems.note(document.key_mark(entity.name, name), "MDM002", f"{entity.name} has no field '{name}'{hint}")
    return {
        name: _compile_field(document, entity, field, data[name], systems, problems)
        if name in data
        else FieldRule(DEFAULT.criteria, union=field.many)
        for name, field in entity.fields.items()
    }


def _compile_field(
    document: Document, entity: Entity, field: Field, data: Any, systems: list[str], problems: Problems
) -> FieldRule:
    path = (entity.name, field.name)
    if not isinstance(data, dict):
        problems.note(
            document.mark(*path), "MDM003", f"a rule for '{field.name}' is a mapping, e.g. {{order: [recency]}}"
        )
        return DEFAULT
    for key in data:
        if key not in KEYS:
            hint = _hint(key, KEYS)
            problems.note(document.key_mark(*path, key), "MDM003", f"unknown key '{key}' in a survivorship rule{hint}")
    for key in ("union", "group"):
        if not isinstance(data.get(key, False), bool):
            problems.note(document.mark(*path, key), "MDM003", f"`{key}` is true or false")
    if data.get("union") and not field.many:
        problems.note(
            document.key_mark(*path, "union"),
            "MDM004",
            f"'{field.name}' holds one value; `union` needs `many: true` in the model",
        )
    owner = data.get("owner")
    if owner is not None and owner not in systems:
        hint = _hint(owner, systems)
        problems.note(document.mark(*path, "owner"), "MDM005", f"there is no source system '{owner}'{hint}")
    listed = "else" if owner is not None and "else" in data else "order"
    criteria = [
        _compile_criterion(document, (*path, listed, index), item, field, systems, problems)
        for index, item in enumerate(data.get(listed) or [])
    ]
    criteria = [criterion for criterion in criteria if criterion is not None] or list(DEFAULT.criteria)
    return FieldRule(
        tuple(c for c in criteria if c is not None), union=bool(data.get("union", field.many)), owner=owner
    )


def _compile_criterion(
    document: Document, path: tuple[str | int, ...], item: Any, field: Field, systems: list[str], problems: Problems
) -> Criterion | None:
    kind, args = (next(iter(item.items()))) if isinstance(item, dict) and len(item) == 1 else (item, [])
    if kind not in CRITERIA:
        hint = _hint(str(kind), CRITERIA)
        problems.note(document.mark(*path), "MDM006", f"unknown criterion '{kind}'{hint}")
        return None
    if kind == "longest" and field.type == "text" and field.name in ("name", "short_name"):
        problems.note(
            document.mark(*path),
            "MDM007",
            "`longest` on an organisation's name lets a branch suffix win; rank by source or recency instead",
        )
    if kind == "source_rank":
        for index, name in enumerate(args if isinstance(args, list) else []):
            if name not in systems:
                hint = _hint(str(name), systems)
                problems.note(
                    document.mark(*path, "source_rank", index), "MDM005", f"there is no source system '{name}'{hint}"
                )
    if kind not in LISTING and args:
        problems.note(document.mark(*path, kind), "MDM006", f"`{kind}` takes no list; write its name alone")
        return None
    if kind in LISTING and not (isinstance(args, list) and args):
        problems.note(document.mark(*path), "MDM006", f"`{kind}` needs a list, best first")
        return None
    return Criterion(kind, tuple(str(arg) for arg in args or ()))


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(sorted(known))}"
