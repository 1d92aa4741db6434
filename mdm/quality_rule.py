"""Compiles config/quality.yaml: what good data is, per entity, as rules that each ask one thing of a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from goldbridge.errors import Problems
from goldbridge.mapping.expression import Expression
from goldbridge.ports import Document
from goldbridge.records.field import Entity, Field, Model
from goldbridge.records.hint import did_you_mean
from mdm.condition import compile_condition

DIMENSIONS: Mapping[str, str] = {
    "present": "completeness",
    "valid": "validity",
    "agrees": "accuracy",
    "changed_within": "timeliness",
    "unique": "uniqueness",
    "expr": "consistency",
}
"""What a rule asks -> the dimension of quality that it measures (the names of ISO/IEC 25012, as far as it has them)."""
OPTIONS = ("systems", "weight", "at_least", "label")
KEYS = (*DIMENSIONS, *OPTIONS)
HEAVIEST = 1000
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
DAYS = re.compile(r"(\d{1,5}) d")
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One question. `paths` are fields, or parts of a group (`address.region`), of which any may pass.

    `systems` empty: of every system. `days` for `changed_within`; `at_least` in 0..1: the share of a source's records
    below which a person should look.
    """

    name: str
    kind: str
    paths: tuple[tuple[str, ...], ...] = ()
    days: int = 0
    expression: Expression | None = None
    systems: frozenset[str] = frozenset()
    weight: int = 1
    at_least: float | None = None
    label: str = ""

    @property
    def dimension(self) -> str:
        return DIMENSIONS[self.kind]


def compile_quality(document: Document, model: Model, systems: Iterable[str]) -> dict[str, tuple[QualityRule, ...]]:
    """Entity -> its rules, in file order.

    Raises `Misconfigured` with all problems, each at its place: MDM070 an entity or a field that the model does not
    have, MDM071 a rule of the wrong shape, MDM072 an expression that does not compile, MDM073 an unknown system.
    """
    compiler = _Compiler(document, model, sorted(systems))
    data = document.data if isinstance(document.data, dict) else {}
    found = {name: compiler.entity(name, rules) for name, rules in data.items()}
    compiler.problems.raise_any()
    return found


class _Compiler:
    def __init__(self, document: Document, model: Model, systems: list[str]) -> None:
        self.document, self.model, self.systems = document, model, systems
        self.problems = Problems()

    def at(self, path: _Path, code: str, message: str) -> None:
        self.problems.note(self.document.mark(*path), code, message)

    def key(self, path: _Path, code: str, message: str) -> None:
        self.problems.note(self.document.key_mark(*path), code, message)

    def entity(self, name: str, data: Any) -> tuple[QualityRule, ...]:
        entity = self.model.entities.get(name)
        if entity is None:
            self.key((name,), "MDM070", f"the model has no entity '{name}'{did_you_mean(name, self.model.entities)}")
            return ()
        if not isinstance(data, dict):
            self.at((name,), "MDM071", f"the rules of '{name}' are a mapping, e.g. has_code: {{present: credit_code}}")
            return ()
        return tuple(rule for each, said in data.items() if (rule := self.rule(entity, (name, each), said)))

    def rule(self, entity: Entity, path: _Path, said: Any) -> QualityRule | None:
        name = str(path[-1])
        if not NAME.fullmatch(name):
            self.key(path, "MDM071", f"'{name}' cannot name a rule; use small letters, digits and '_'")
            return None
        asked = [kind for kind in DIMENSIONS if isinstance(said, dict) and kind in said]
        if len(asked) != 1:
            self.key(path, "MDM071", f"rule '{name}' asks one of {', '.join(DIMENSIONS)}, e.g. {{present: phones}}")
            return None
        for key in said:
            if key not in KEYS:
                self.key((*path, key), "MDM071", f"a rule of quality has no key '{key}'{did_you_mean(key, KEYS)}")
        kind = asked[0]
        at = (*path, kind)
        return (
            QualityRule(
                name,
                kind,
                paths=self.paths(entity, said[kind], at) if kind in ("present", "valid", "agrees") else (),
                days=self.days(said[kind], at) if kind == "changed_within" else 0,
                expression=self.expression(entity, said[kind], at) if kind == "expr" else None,
                systems=self.chosen(said.get("systems"), (*path, "systems")),
                weight=self.weight(said.get("weight", 1), (*path, "weight")),
                at_least=self.share(said.get("at_least"), (*path, "at_least")),
                label=str(said.get("label") or ""),
            )
            if kind != "unique" or self.flag(said[kind], at)
            else None
        )

    def paths(self, entity: Entity, said: Any, path: _Path) -> tuple[tuple[str, ...], ...]:
        names = said if isinstance(said, list) else [said]
        if not names or not all(isinstance(name, str) for name in names):
            self.at(path, "MDM071", f"`{path[-1]}` names a field, or several in a list of which any will do")
            return ()
        return tuple(self.field(entity, name, (*path, at) if said is names else path) for at, name in enumerate(names))

    def field(self, entity: Entity, name: str, path: _Path) -> tuple[str, ...]:
        parts = tuple(name.split("."))
        known: Mapping[str, Field] = entity.fields
        for part in parts:
            if part not in known:
                self.at(path, "MDM070", f"{entity.name} has no field '{name}'{did_you_mean(part, known)}")
                break
            known = known[part].fields or {}
        return parts

    def days(self, said: Any, path: _Path) -> int:
        found = DAYS.fullmatch(str(said))
        if not found or not int(found[1]):
            self.at(path, "MDM071", f"'{said}' is no number of days; write e.g. 730 d")
            return 1
        return int(found[1])

    def expression(self, entity: Entity, said: Any, path: _Path) -> Expression | None:
        return compile_condition(self.document, path, said, entity.name, entity.fields, self.problems, "MDM072")

    def chosen(self, said: Any, path: _Path) -> frozenset[str]:
        if said is None:
            return frozenset()
        if not isinstance(said, list) or not said:
            self.at(path, "MDM071", "`systems` is a list of systems of config/sources.yaml; leave it out for all")
            return frozenset()
        for at, name in enumerate(said):
            if name not in self.systems:
                self.at((*path, at), "MDM073", f"there is no system '{name}'{did_you_mean(str(name), self.systems)}")
        return frozenset(map(str, said))

    def weight(self, said: Any, path: _Path) -> int:
        if isinstance(said, bool) or not isinstance(said, int) or not 1 <= said <= HEAVIEST:
            self.at(path, "MDM071", f"a weight is a whole number from 1 to {HEAVIEST}")
            return 1
        return said

    def share(self, said: Any, path: _Path) -> float | None:
        try:
            found = None if said is None or isinstance(said, bool) else float(said)
        except (TypeError, ValueError):
            found = -1.0
        if (said is not None and found is None) or (found is not None and not 0 < found <= 1):
            self.at(path, "MDM071", "`at_least` is a share above 0 and up to 1, e.g. 0.95")
            return None
        return found

    def flag(self, said: Any, path: _Path) -> bool:
        if said is not True:
            self.at(path, "MDM071", "`unique` is true; remove the rule to ask nothing")
        return said is True
