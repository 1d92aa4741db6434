"""Compiles config/survivorship.yaml: which criteria rank the claims on each field, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from goldbridge.errors import Problems
from goldbridge.ports import Document
from goldbridge.records.hint import nearest
from goldbridge.records.model import Entity, Field, Model
from mdm.criterion import CRITERIA, LISTING, Criterion
from mdm.criterion_rule import Place, compile_criterion

__all__ = ["CRITERIA", "KEYS", "LISTING", "Criterion", "FieldRule", "Rules", "bringers", "compile_survivorship"]

KEYS = ("order", "union", "group", "owner", "else", "fields", "clears")
ORGANISATION_NAMES = ("name", "short_name", "former_names")


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field survives: `union` collects the items of all claims, otherwise the best-ranked claim wins whole.

    `members` are the fields of the field group `group`, which survive together from one claim. With `clears` an
    explicit null competes too and leaves the field empty when it wins. `ends`: system -> the moment from which it ranks
    last.
    """

    criteria: tuple[Criterion, ...]
    union: bool = False
    owner: str | None = None
    clears: bool = False
    group: str = ""
    members: tuple[str, ...] = ()
    ends: Mapping[str, str] = field(default_factory=dict)


DEFAULT = FieldRule((Criterion("validity"), Criterion("recency")))

Rules = dict[str, dict[str, FieldRule]]
"""Entity -> field -> rule, for every field of every entity in the model."""


def bringers(mappings: Mapping[str, Document]) -> dict[str, set[str]]:
    """Entity -> the systems from which a mapping brings records of it."""
    found: dict[str, set[str]] = {}
    for name, document in mappings.items():
        target = document.data.get("target")
        if "source" not in document.data and isinstance(target, str):
            found.setdefault(target, set()).add(name.partition(".")[0])
    return found


def compile_survivorship(
    document: Document,
    model: Model,
    systems: Iterable[str],
    *,
    ends: Mapping[str, str] | None = None,
    reach: Mapping[str, Collection[str]] | None = None,
) -> Rules:
    """All rules of all entities; a field without one survives by validity, then recency (many-valued: union).

    `ends`: system -> the moment from which it ranks last, because it goes off. With `reach` (see `bringers`) a rule
    that names a system which brings nothing of its entity is refused as well.
    Raises `Misconfigured` with every unknown entity, field, criterion and system, each at its place.
    """
    compiler = _Compiler(document, sorted(systems), reach)
    data = document.data if isinstance(document.data, dict) else {}
    for name in data:
        if name not in model.entities:
            compiler.key((name,), "MDM001", f"the model has no entity '{name}'{_hint(name, model.entities)}")
    rules = {name: compiler.entity(entity, data.get(name) or {}, ends or {}) for name, entity in model.entities.items()}
    compiler.problems.raise_any()
    return rules


class _Compiler:
    def __init__(self, document: Document, systems: list[str], reach: Mapping[str, Collection[str]] | None) -> None:
        self.document, self.systems, self.reach = document, systems, reach
        self.problems = Problems()

    def at(self, path: Place, code: str, message: str) -> None:
        self.problems.note(self.document.mark(*path), code, message)

    def key(self, path: Place, code: str, message: str) -> None:
        self.problems.note(self.document.key_mark(*path), code, message)

    def entity(self, entity: Entity, data: Any, ends: Mapping[str, str]) -> dict[str, FieldRule]:
        if not isinstance(data, dict):
            self.at((entity.name,), "MDM003", f"the rules of '{entity.name}' are a mapping of its fields")
            data = {}
        together = {name: self.together(entity, name, rule, data) for name, rule in data.items() if _is_group(rule)}
        home = {member: name for name, members in together.items() for member in members}
        found = {}
        for name, each in entity.fields.items():
            if name in home:
                found[name] = self.rule((entity.name, home[name]), entity, each, data[home[name]], ends)
                found[name] = _of_group(found[name], home[name], together[home[name]])
            elif name in data and name not in together:
                found[name] = self.rule((entity.name, name), entity, each, data[name], ends)
            else:
                found[name] = FieldRule(DEFAULT.criteria, union=each.many, ends=ends)
        for name in data:
            if name not in entity.fields and name not in together:
                self.unknown_field(entity, (entity.name, name), name)
        return found

    def together(self, entity: Entity, name: str, rule: Any, data: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields of a field group; each may have this rule only."""
        path: Place = (entity.name, name, "fields")
        if name in entity.fields:
            self.key(path, "MDM010", f"'{name}' is a field, so it cannot name a group; give the group another name")
        members = rule["fields"]
        if not isinstance(members, list) or len(members) < 2:
            self.at(path, "MDM003", "`fields` lists the two fields or more that survive together")
            return ()
        for index, member in enumerate(members):
            if member not in entity.fields:
                self.unknown_field(entity, (*path, index), str(member))
            elif entity.fields[member].many or members.index(member) != index or member == "role":
                why = "is listed twice" if members.index(member) != index else "has many values, each with its own way"
                self.at((*path, index), "MDM010", f"'{member}' {why}; take it out of the group")
            elif member in data and not _is_group(data[member]):
                message = f"'{member}' survives with the group '{name}'; a rule for it alone would tear the group"
                self.key((entity.name, member), "MDM010", f"{message}: remove one of the two")
            else:
                earlier = [
                    other for other in data if other != name and list(data).index(other) < list(data).index(name)
                ]
                first = next((other for other in earlier if member in _listed(data[other])), None)
                if first is not None:
                    self.at((*path, index), "MDM010", f"'{member}' is in the group '{first}' already; remove it there")
        return tuple(member for member in members if member in entity.fields)

    def unknown_field(self, entity: Entity, path: Place, name: str) -> None:
        group, _, part = name.partition(".")
        if part and group in entity.fields and entity.fields[group].is_group:
            message = (
                f"'{group}' survives whole, so there is no rule for its part '{part}' alone; write it for '{group}'"
            )
            self.key(path, "MDM010", message)
        else:
            self.key(path, "MDM002", f"{entity.name} has no field '{name}'{_hint(name, entity.fields)}")

    def rule(self, path: Place, entity: Entity, field: Field, data: Any, ends: Mapping[str, str]) -> FieldRule:
        if not isinstance(data, dict):
            self.at(path, "MDM003", f"a rule for '{field.name}' is a mapping, e.g. {{order: [recency]}}")
            return DEFAULT
        for key in data:
            if key not in KEYS:
                self.key((*path, key), "MDM003", f"unknown key '{key}' in a survivorship rule{_hint(key, KEYS)}")
        for key in ("union", "group", "clears"):
            if not isinstance(data.get(key, False), bool):
                self.at((*path, key), "MDM003", f"`{key}` is true or false")
        if data.get("union") and not field.many:
            message = f"'{field.name}' holds one value; `union` needs `many: true` in the model"
            self.key((*path, "union"), "MDM004", message)
        owner = data.get("owner")
        if owner is not None:
            self.system((*path, "owner"), owner, entity)
        criteria = self.criteria(path, entity, field, data, "else" if owner is not None and "else" in data else "order")
        return FieldRule(
            criteria, union=bool(data.get("union", field.many)) and not _is_group(data),
            owner=owner, clears=data.get("clears") is True, ends=ends,
        )  # fmt: skip

    def criteria(
        self, path: Place, entity: Entity, field: Field, data: Mapping[str, Any], listed: str
    ) -> tuple[Criterion, ...]:
        items = data.get(listed) or []
        if not isinstance(items, list):
            self.at((*path, listed), "MDM003", f"`{listed}` is a list of criteria, e.g. {listed}: [recency]")
            items = []
        found: list[Criterion] = []
        for index, item in enumerate(items):
            at = (*path, listed, index)
            made = compile_criterion(self.document, at, item, entity, field, self.problems)
            if made is None:
                continue
            if made.kind == "longest" and names_an_organisation(field):
                message = (
                    "`longest` on an organisation's name lets a branch suffix win; rank by source or recency instead"
                )
                self.at(at, "MDM007", message)
            for system, place in ((name, (*at, made.kind, step)) for name, step in _systems(made)):
                self.system(place, system, entity, at_key=made.kind == "trust")
            if any(made.kind == before.kind != "expr" for before in found):
                self.at(at, "MDM009", f"`{made.kind}` is listed twice, and the second can never decide; remove one")
            found.append(made)
        return tuple(found) or DEFAULT.criteria

    def system(self, path: Place, name: Any, entity: Entity | None = None, *, at_key: bool = False) -> None:
        """There is such a system, and when it is known what each brings, it brings records of this entity."""
        note = self.key if at_key else self.at
        if name not in self.systems:
            note(path, "MDM005", f"there is no source system '{name}'{_hint(str(name), self.systems)}")
        elif entity is not None and self.reach is not None and not reachable(self.reach, entity.name, name):
            message = f"no mapping brings a {entity.name} from '{name}', so it can never win here"
            note(path, "MDM008", f"{message}; map it in mappings/{name}/, or take it out")


def reachable(reach: Mapping[str, Collection[str]], entity: str, system: str) -> bool:
    """Whether any record of this entity can come from the system."""
    return system in reach.get(entity, ())


def names_an_organisation(field: Field) -> bool:
    """Where the longest text is the wrong one: a branch carries its company's name and a suffix (E67)."""
    return field.type == "text" and field.name in ORGANISATION_NAMES


def _is_group(rule: Any) -> bool:
    return isinstance(rule, dict) and "fields" in rule


def _listed(rule: Any) -> list[Any]:
    listed = rule["fields"] if _is_group(rule) else []
    return listed if isinstance(listed, list) else []


def _of_group(rule: FieldRule, name: str, members: tuple[str, ...]) -> FieldRule:
    return FieldRule(rule.criteria, False, rule.owner, rule.clears, name, members, rule.ends)


def _systems(criterion: Criterion) -> Iterable[tuple[str, int | str]]:
    if criterion.kind == "source_rank":
        yield from ((name, index) for index, name in enumerate(criterion.args))
    yield from ((name, name) for name in criterion.trust)


def _hint(name: str, known: Iterable[str]) -> str:
    close = nearest(str(name), known)
    return f"; did you mean '{close}'?" if close else f"; known: {', '.join(sorted(known))}"
