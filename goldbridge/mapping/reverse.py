"""A mapping read backwards: the outgoing mapping that an incoming one implies, and why a field has none.

A step that only brings a value into its canonical form runs backwards by leaving the value as it is; a few have a step
that takes them back; the others lose something, and then nobody can say what the source is to be told. Every rule made
here stands where the rule that it was made from stands, so that a message about it leads to that place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from goldbridge.errors import Mark, Problems
from goldbridge.mapping.spec import FieldSpec, MappingSpec, read_spec
from goldbridge.mapping.transform import Step
from goldbridge.ports import Document
from goldbridge.settings.document import Document as Made
from goldbridge.settings.document import Node

SAME = frozenset(
    {
        "trim", "upper", "lower", "fold_width", "collapse", "digits", "blank", "pad", "sort", "money", "number",
        "decimals", "integer", "date", "datetime", "organisation", "credit_code", "lei", "phone", "email", "domain",
        "region", "point", "industry", "reg_status", "strip_suffix", "strip_prefix",
    }
)  # fmt: skip
"""What comes out goes in again unchanged, so that going back there is nothing to do."""

LOSES: Mapping[str, str] = {
    "truncate": "what it cuts off is lost",
    "first": "the other values are lost",
    "last": "the other values are lost",
    "concat": "the joined values cannot be told apart",
    "pluck": "the other members of each group are lost",
    "replace": "a text that it made cannot be told from one that was there",
    "boolean": "which word stands for yes is not known; a `lookup` says it",
    "address": "an address that was taken apart is not put together again as it was typed",
    "local_date": "the time of the day is lost",
    "region_part": "the rest of the division code is lost",
    "region_name": "a name does not say which division it is",
    "fxiaoke_location": "it is written for one system only",
    "json": "the text is not written again as it was",
}
BACK: Mapping[str, str] = {"wan": "to_wan", "to_wan": "wan", "local_time": "datetime"}
"""A step, and the one that takes it back with the same argument."""

_LISTS = frozenset({"split", "phones"})
HARMLESS = SAME | {"truncate", "concat", "local_time", "to_wan", "to_epoch_ms", "prefix", "suffix"}
"""Steps of an outgoing mapping that somebody wrote, after which what is read back is still the whole value."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A target field of a mapping that cannot be written back; `mark` is the step that is in the way."""

    field: str
    reason: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Reversed:
    """The outgoing mapping (None when no field runs backwards), the fields it writes, and those it cannot."""

    document: Document | None
    fields: frozenset[str]
    refused: tuple[Refused, ...]


def reverse(
    document: Document, place: str, many: Collection[str], tables: Mapping[str, Document], zone: str | None
) -> Reversed:
    """The mapping of `document`, which reads `place` (system.stream), as one that writes there.

    `many` are the fields of its entity that hold many values. A document with problems of its own gives nothing:
    whoever compiles it tells them.
    """
    problems = Problems()
    spec = read_spec(document, tables, zone, problems)
    if spec is None or problems or spec.is_out:
        return Reversed(None, frozenset(), ())
    return _Backwards(document, spec, place, frozenset(many)).result()


def in_part(document: Document, tables: Mapping[str, Document]) -> Mapping[str, Refused]:
    """Golden fields that a written outgoing mapping sends only in part, so that what comes back is not the value."""
    spec = read_spec(document, tables, "UTC", Problems())
    found: dict[str, Refused] = {}
    for each in spec.fields if spec else ():
        field = each.sources[0].name.partition(".")[0] if each.sources else ""
        for at, step in enumerate(each.via):
            if step.transform.name not in HARMLESS and field:
                why = LOSES.get(step.transform.name, "it does not run backwards")
                mark = document.mark("fields", each.target, "via", at)
                found.setdefault(field, Refused(field, f"'{step.transform.name}' writes it in part: {why}", mark))
        if each.origin != "from" and field:
            found.setdefault(field, Refused(field, f"`{each.origin}` writes it in part", each.mark_of(each.origin)))
    return found


class _Backwards:
    def __init__(self, document: Document, spec: MappingSpec, place: str, many: frozenset[str]) -> None:
        self.document, self.spec, self.place, self.many = document, spec, place, many
        self.rules: dict[str, Node] = {}
        self.keys: dict[str, Mark] = {}
        self.of: dict[str, str] = {}
        self.refused: list[Refused] = []

    def result(self) -> Reversed:
        for each in self.spec.fields:
            if each.origin == "value" or each.target == "role":
                continue  # a constant says nothing, and roles come from the objects that a record stands in
            why = self.obstacle(each)
            if why is not None:
                self.refused.append(why)
                continue
            column = each.sources[0].name
            self.rules[column] = self.rule(each)
            self.keys[column] = self.document.key_mark("fields", each.target)
            self.of[column] = each.target
        lost = {one.field.partition(".")[0] for one in self.refused}
        # A group is written whole or not at all: half of an address is no address.
        for column in [column for column, target in self.of.items() if target.partition(".")[0] in lost]:
            del self.rules[column], self.of[column]
        return Reversed(
            self.made() if self.rules else None,
            frozenset(target.partition(".")[0] for target in self.of.values()),
            tuple(self.refused),
        )

    def made(self) -> Document:
        mark = self.document.mark()
        top = {
            "mapping": Node(f"{self.spec.name} (backwards)", mark),
            "source": Node(self.spec.target, mark),
            "target": Node(self.place, mark),
            "fields": Node(self.rules, self.document.mark("fields"), self.keys),
        }
        return Made(Node(top, mark, dict.fromkeys(top, mark)), self.document.mark().file)

    def obstacle(self, spec: FieldSpec) -> Refused | None:
        """Why a rule cannot run backwards, None when it can."""

        def no(reason: str, mark: Mark) -> Refused:
            return Refused(spec.target, reason, mark)

        if spec.origin == "expr":
            return no("`expr` does not run backwards", spec.mark_of("expr"))
        if spec.origin in ("join", "first_of") or len(spec.sources) != 1:
            names = " and ".join(str(source.name or source) for source in spec.sources[:3])
            return no(f"it is made from {names}, and nobody knows which part is to go where", spec.mark_of(spec.origin))
        source = spec.sources[0]
        if source.name in self.of:
            return no(f"{source.name} is read by '{self.of[source.name]}' too, which is written there", source.mark)
        if "." in source.name:
            return no(f"{source.name} is a part of a value", source.mark)
        for at, step in enumerate(spec.via):
            if (why := _lost(step)) is not None:
                mark = self.document.mark("fields", spec.target, "via", at)
                return no(f"'{step.transform.name}' does not run backwards: {why}", mark)
        if spec.target in self.many and not any(step.transform.name in _LISTS for step in spec.via):
            return no(f"{source.name} holds one value of many, so the others are lost", source.mark)
        if spec.has_default:
            return no("a default cannot be told from a value that was there", spec.mark_of("default"))
        if spec.inferred:
            return no("what was inferred is nothing to tell the source", spec.mark_of("inferred"))
        if spec.lookup is not None and (twice := _twice(spec)):
            return no(f"{twice}, so nobody knows which code to write", spec.mark_of("lookup"))
        if spec.ref and spec.ref.partition(".")[0] != self.place.partition(".")[0]:
            return no(f"its key is one of {spec.ref}", spec.mark_of("ref"))
        return None

    def rule(self, spec: FieldSpec) -> Node:
        mark = spec.mark
        parts: dict[str, Any] = {"from": spec.target}
        if steps := [back for step in reversed(spec.via) if (back := _back(step))]:
            parts["via"] = steps
        if spec.lookup is not None:
            parts["lookup"] = {str(value): code for code, value in spec.lookup.table.entries.items() if _says(value)}
            parts["else"] = "keep" if spec.lookup.otherwise == "keep" else "reject"
        if spec.required:
            parts["required"] = True
        if spec.ref:
            parts["resolve"] = spec.ref.partition(".")[2]
        return _node(parts, mark, {"via": spec.mark_of("via"), "lookup": spec.mark_of("lookup")})


def _lost(step: Step) -> str | None:
    """What a step loses, None when it runs backwards."""
    name = step.transform.name
    if name in SAME or name in BACK or name in _LISTS:
        return None
    return LOSES.get(name, "there is no step that takes it back")


def _back(step: Step) -> Any:
    name, argument = step.transform.name, step.argument
    if name == "split":
        return {"concat": argument if isinstance(argument, str) else argument[0]}
    if name == "phones":
        return {"concat": "; "}
    if name in BACK:
        return BACK[name] if argument is None else {BACK[name]: argument}
    if name == "decimals":
        return {name: argument}
    return None


def _twice(spec: FieldSpec) -> str:
    """Two codes of a table that stand for one value, in words."""
    assert spec.lookup is not None
    seen: dict[str, str] = {}
    for code, value in spec.lookup.table.entries.items():
        if _says(value) and str(value) in seen:
            return f"'{seen[str(value)]}' and '{code}' both stand for '{value}'"
        seen[str(value)] = code
    return ""


def _says(value: Any) -> bool:
    return value not in (None, "")


def _node(value: Any, mark: Mark, marks: Mapping[str, Mark]) -> Node:
    if isinstance(value, dict):
        made = {key: _node(one, marks.get(key, mark), {}) for key, one in value.items()}
        return Node(made, mark, {key: marks.get(key, mark) for key in value})
    if isinstance(value, list):
        return Node([_node(one, mark, {}) for one in value], mark)
    return Node(value, mark)
