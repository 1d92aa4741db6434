"""Turns a mapping file into a `Mapping`: checks it against the model and the source's fields, all problems at once."""

from __future__ import annotations

from collections.abc import Mapping as Map
from hashlib import blake2b
from typing import Any

import orjson

from goldbridge.errors import Mark, Problems
from goldbridge.mapping.assemble import Shape
from goldbridge.mapping.chain import Finish, as_type
from goldbridge.mapping.column import FieldColumn, expression_cells
from goldbridge.mapping.expression import ADDED, NATIVE, Expression, Fault, compile_expression
from goldbridge.mapping.functions import EDITION
from goldbridge.mapping.mapping import Mapping, Target
from goldbridge.mapping.place import inside
from goldbridge.mapping.spec import FieldSpec, Lookup, MappingSpec, Source, read_spec
from goldbridge.mapping.value import Invalid, shown
from goldbridge.ports import Document
from goldbridge.records.field import Entity, Field, Model
from goldbridge.records.hint import did_you_mean

GOLDEN_FIELDS = ("id", "roles", "qualified")
"""What a golden record offers an out mapping beside the entity's fields."""


def compile_mapping(
    document: Document,
    model: Model,
    *,
    stream_fields: frozenset[str] | None = None,
    tables: Map[str, Document] | None = None,
    zone: str | None = None,
) -> Mapping:
    """The mapping a file describes. With `source:` it is an out mapping, otherwise it reads a stream.

    `stream_fields` are the fields of the stream read, or of the object written; None when nobody can say, and then
    their names are not checked. `tables` are the files of mappings/tables by name. `zone` is where naive times of the
    source were written. Raises `Misconfigured` with everything that is wrong (MAP001 to MAP024).
    """
    problems = Problems()
    spec = read_spec(document, tables or {}, zone, problems)
    if spec is None:
        problems.raise_any()
        raise AssertionError("a file without a mapping has a problem")
    return _Compiler(document, model, spec, stream_fields, zone, problems).mapping()


class _Compiler:
    def __init__(
        self,
        document: Document,
        model: Model,
        spec: MappingSpec,
        stream_fields: frozenset[str] | None,
        zone: str | None,
        problems: Problems,
    ) -> None:
        self.document, self.model, self.spec, self.problems = document, model, spec, problems
        self.stream_fields, self.zone = stream_fields, zone
        self.entity = self.find_entity()
        self.known = self.readable()
        self.reads: set[str] = set()
        self.inputs: dict[str, frozenset[str]] = {}
        self.given: dict[str, tuple[str, ...]] = {}

    def at(self, mark: Mark, code: str, message: str) -> None:
        self.problems.note(mark, code, message)

    def find_entity(self) -> Entity | None:
        key = "source" if self.spec.is_out else "target"
        name = self.spec.source or self.spec.target
        if name and name not in self.model.entities:
            hint = did_you_mean(name, self.model.entities)
            self.at(self.document.mark(key), "MAP004", f"the model has no entity '{name}'{hint}")
        if self.spec.is_out and self.spec.target.count(".") < 1:
            self.at(self.document.mark("target"), "MAP004", "an out mapping's target is written system.Object")
        return self.model.entities.get(name)

    def readable(self) -> frozenset[str] | None:
        """The names that steps may read, top level; None when unknown."""
        if not self.spec.is_out:
            return self.stream_fields
        return frozenset([*self.entity.fields, *GOLDEN_FIELDS]) if self.entity else None

    def mapping(self) -> Mapping:
        spec = self.spec
        self.overlaps()
        when = self.expression(spec.when, ("when",)) if spec.when else None
        targets = [made for each in spec.fields if (made := self.target(each)) is not None]
        self.check_key()
        self.check_kin()
        self.check_required()
        self.check_dropped()
        self.problems.raise_any()
        return Mapping(
            name=spec.name,
            target=spec.target,
            source=spec.source,
            key=spec.key,
            reads=frozenset(self.reads),
            dropped=frozenset(spec.drop),
            revision=self.revision(),
            resolves={each.target: each.resolve for each in spec.fields if each.resolve},
            resolve_from={each.target: each.sources[0].name for each in spec.fields if each.resolve and each.sources},
            targets=tuple(targets),
            shape=Shape([(target.group, target.name) for target in targets], closed=not spec.is_out),
            when=when,
            decide=expression_cells(when) if when else None,
            when_mark=self.document.mark("when"),
            key_mark=self.document.mark("key"),
            fields={each.target: self.model_field(each.target) for each in spec.fields},
            merged_into=spec.merged_into,
            split_from=spec.split_from,
            _inputs=self.inputs,
            _given=self.given,
            _steps={each.target: tuple(steps(each)) for each in spec.fields},
            _marks={each.target: each.mark for each in spec.fields},
        )

    # Targets

    def model_field(self, target: str) -> Field | None:
        return self.entity.field(target) if self.entity and not self.spec.is_out else None

    def overlaps(self) -> None:
        """`address` and `address.line` cannot both be made; equal keys the YAML reader refuses itself."""
        names = {each.target for each in self.spec.fields}
        for each in self.spec.fields:
            parts = each.target.split(".")
            for size in range(1, len(parts)):
                whole = ".".join(parts[:size])
                if whole in names:
                    mark = self.document.key_mark("fields", each.target)
                    self.at(mark, "MAP007", f"'{whole}' is made as a whole already; drop one of the two")

    def target(self, spec: FieldSpec) -> Target | None:
        field = self.check_target(spec)
        self.check_steps(spec, field)
        expression = self.expression(spec.expression, ("fields", spec.target, "expr")) if spec.expression else None
        for source in spec.sources:
            self.check_source(source)
        names = [source.name for source in spec.sources if source.name]
        self.given[spec.target] = (*names, *(expression.reads if expression else ()))
        fed = {self.read_name(source.name) for source in spec.sources if source.name}
        self.inputs[spec.target] = frozenset(fed.union(expression.reads if expression else ()))
        if spec.origin == "expr" and expression is None:
            return None
        costly = any(step.transform.costly for step in spec.via) or (field is not None and field.type in _COSTLY)
        column = FieldColumn(spec, Finish(spec, field, self.zone), expression, costly)
        group, _, name = spec.target.rpartition(".")
        if self.spec.is_out and self.stream_fields is not None and spec.target in self.stream_fields:
            group, name = "", spec.target  # a target may have dots in its field names
        flat = field is not None and not field.many and not field.is_group and field.type != "reference"
        return Target(column, name, group, spec.target, shared=not flat)

    def check_target(self, spec: FieldSpec) -> Field | None:
        mark = self.document.key_mark("fields", spec.target)
        if self.spec.is_out:
            known = self.stream_fields
            if known is not None and spec.target not in known and spec.target.split(".")[0] not in known:
                hint = did_you_mean(spec.target, known)
                self.at(mark, "MAP005", f"{self.spec.target} has no field '{spec.target}'{hint}")
            return None
        if self.entity is None:
            return None
        field = self.entity.field(spec.target)
        if field is None:
            names = [*self.entity.fields, *(name for name, _ in self.entity.leaves())]
            hint = did_you_mean(spec.target, names)
            self.at(mark, "MAP005", f"{self.entity.name} has no field '{spec.target}'{hint}")
        return field

    # Steps

    def check_steps(self, spec: FieldSpec, field: Field | None) -> None:
        if field is None:
            self.check_direction(spec, None)
            return
        self.check_direction(spec, field)
        gives = _shape(spec)
        if gives == "list" and not field.many:
            message = f"'{spec.target}' takes one value, but the steps give a list; end with `first` or `concat`"
            self.at(spec.mark_of("via"), "MAP016", message)
        if gives == "group" and not field.is_group:
            message = f"'{spec.target}' is a {field.type}, but the steps give a group of fields"
            self.at(spec.mark_of("via"), "MAP016", message)
        if spec.origin == "from" and len(spec.sources) > 1 and not field.many and gives != "text":
            message = f"'{spec.target}' takes one value; use first_of or join instead of a list of sources"
            self.at(spec.mark_of("from"), "MAP016", message)
        refers = spec.ref or any(source.ref for source in spec.sources)
        if refers and field.type != "reference":
            message = f"'{spec.target}' is a {field.type} in the model; `ref` needs a field of type reference"
            self.at(spec.mark_of("ref"), "MAP024", message)
        if field.type == "reference" and not spec.ref and not all(source.ref for source in spec.sources):
            self.at(spec.mark, "MAP024", f"'{spec.target}' is a reference; say which stream its key is of: `ref: ...`")
            return
        self.check_constants(spec, field)

    def check_direction(self, spec: FieldSpec, field: Field | None) -> None:
        if spec.resolve and not self.spec.is_out:
            self.at(spec.mark_of("resolve"), "MAP024", "`resolve` belongs to out mappings; a source's key takes `ref`")
        if spec.resolve and (spec.origin != "from" or len(spec.sources) != 1):
            self.at(spec.mark_of("resolve"), "MAP024", "`resolve` needs `from:` with the one reference it resolves")
        if self.spec.is_out and (spec.ref or any(source.ref for source in spec.sources)):
            self.at(
                spec.mark_of("ref"), "MAP024", "`ref` belongs to mappings that read; an out mapping takes `resolve`"
            )

    def check_constants(self, spec: FieldSpec, field: Field) -> None:
        """Values written in the mapping fit the field's type before any record is read."""
        if spec.origin == "value" and not spec.via and spec.lookup is None and not spec.ref:
            self.check_constant(spec.mark_of("value"), field, spec.constant, "the value")
        if spec.has_default:
            self.check_constant(spec.mark_of("default"), field, spec.default, "the default")
        lookup = spec.lookup
        if lookup is None or spec.ref:
            return
        for code, value in lookup.table.entries.items():
            self.check_constant(lookup.table.marks[code], field, value, f"the entry for '{code}'")
        if lookup.otherwise == "value":
            self.check_constant(spec.mark_of("else"), field, lookup.instead, "`else`")

    def check_constant(self, mark: Mark, field: Field, value: Any, what: str) -> None:
        if value is None or value in ("", []):
            return
        made = as_type(field, value, self.zone)
        if isinstance(made, Invalid):
            self.at(mark, "MAP018", f"{what} does not fit '{field.name}': {made.reason}")

    # Sources

    def check_source(self, source: Source) -> None:
        if not source.name:
            return
        top = source.name.split(".")[0]
        self.reads.add(self.read_name(source.name))
        if self.known is None or source.name in self.known:
            return
        if top not in self.known:
            self.at(source.mark, "MAP021", f"{self.owner()} has no field '{top}'{did_you_mean(top, self.known)}")
        elif self.spec.is_out and self.entity and "." in source.name and top not in GOLDEN_FIELDS:
            found = self.entity.field(top)
            if found is not None and found.is_group and self.entity.field(source.name) is None:
                hint = did_you_mean(source.name, (name for name, _ in self.entity.leaves()))
                self.at(source.mark, "MAP021", f"{self.owner()} has no field '{source.name}'{hint}")

    def read_name(self, name: str) -> str:
        """The field of the record that a name reads: the first part, unless there is a field with a dot in its name."""
        return name if self.known is not None and name in self.known else name.split(".")[0]

    def owner(self) -> str:
        if self.spec.is_out:
            return f"entity '{self.spec.source}'"
        return f"stream '{self.spec.name.split('.', 1)[-1]}'"

    def expression(self, source: str, path: tuple[str, ...]) -> Expression | None:
        made = compile_expression(source, self.known)
        if isinstance(made, Expression):
            self.reads.update(made.reads)
            return made
        for fault in made:
            mark = inside(self.document, path, fault.at)
            self.at(mark, fault.code, self.fault(fault))
        return None

    def fault(self, fault: Fault) -> str:
        if fault.code == "MAP021":
            return f"{self.owner()} {fault.message}{did_you_mean(fault.name, self.known or ())}"
        if fault.code == "MAP023":
            return f"{fault.message}{did_you_mean(fault.name, [*NATIVE, *ADDED])}"
        return fault.message

    def check_key(self) -> None:
        key = self.spec.key
        if not key or self.spec.is_out:
            return
        self.reads.add(self.read_name(key))
        if self.known is not None and self.read_name(key) not in self.known:
            mark = self.document.mark("key")
            self.at(mark, "MAP021", f"{self.owner()} has no field '{key}'{did_you_mean(key, self.known)}")

    def check_required(self) -> None:
        """A record cannot live without the fields the model requires; an answer about another record can."""
        if self.entity is None or self.spec.is_out or self.spec.partial:
            return
        made = {each.target.split(".")[0] for each in self.spec.fields}
        missing = [name for name, field in self.entity.fields.items() if field.required and name not in made]
        if missing and self.spec.fields:
            message = (
                f"{self.entity.name} requires {', '.join(missing)}, which the mapping does not make; "
                "add it, or say `partial: true` if these records only add to others"
            )
            self.at(self.document.key_mark("fields"), "MAP008", message)

    def check_kin(self) -> None:
        """The fields that name another record of the stream are there, and count as read."""
        for key, name in (("merged_into", self.spec.merged_into), ("split_from", self.spec.split_from)):
            if not name:
                continue
            if self.known is not None and name not in self.known:
                hint = did_you_mean(name, self.known)
                self.at(self.document.mark(key), "MAP021", f"{self.owner()} has no field '{name}'{hint}")
            self.reads.add(name)

    def check_dropped(self) -> None:
        for at, name in enumerate(self.spec.drop):
            mark = self.document.mark("drop", at)
            if name in self.reads:
                self.at(mark, "MAP009", f"'{name}' is dropped here and read above; remove one of the two")
            elif self.known is not None and name not in self.known:
                self.at(mark, "MAP021", f"{self.owner()} has no field '{name}'{did_you_mean(name, self.known)}")

    # Identity

    def revision(self) -> str:
        """Changes whenever the same row could be mapped differently: file, tables, zone, types, transforms."""
        written = {key: value for key, value in _mapping(self.document.data).items() if key not in _SILENT}
        tables = {
            each.target: each.lookup.table.entries
            for each in self.spec.fields
            if each.lookup and each.lookup.table.name
        }
        types = {
            each.target: _signature(found) for each in self.spec.fields if (found := self.model_field(each.target))
        }
        # Steps are compared as written, with their order inside a list; the order of keys means nothing.
        order = list(_mapping(written.get("fields")))
        whole = orjson.dumps([EDITION, written, order, tables, types, self.zone], option=orjson.OPT_SORT_KEYS)
        return blake2b(whole, digest_size=16).hexdigest()


_SILENT = ("examples", "drop")
_COSTLY = frozenset({"phone", "industry", "address"})


def _mapping(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


def _signature(field: Field) -> list[Any]:
    parts = {name: _signature(inner) for name, inner in field.fields.items()}
    return [field.type, field.many, field.required, list(field.enum), field.currency, parts]


def _shape(spec: FieldSpec) -> str:
    """What the steps give, as far as it can be said before there is a value."""
    shape = "any"
    for step in spec.via:
        transform = step.transform
        if transform.gives == "text" and transform.takes == "text" and shape == "list":
            continue  # item by item
        shape = transform.gives if not (transform.gives == "text" and shape == "any") else shape
        if transform.takes == "list" and transform.gives != "list":
            shape = "text"
    return shape if spec.lookup is None else "any"


def steps(spec: FieldSpec) -> list[str]:
    """The steps of a field in words, in the order they happen."""
    names = ", ".join(map(str, spec.sources))
    match spec.origin:
        case "from":
            words = [f"from {names}"]
        case "first_of":
            words = [f"first of {names}"]
        case "join":
            words = [f"join {names} with {shown(spec.separator)}"]
        case "expr":
            words = [f"expr {spec.expression}"]
        case _:
            words = [f"value {shown(spec.constant)}"]
    if spec.resolve:
        words.append(f"resolve {spec.resolve}")
    words += map(str, spec.via)
    if spec.lookup is not None:
        words.append(_lookup_words(spec.lookup))
    if spec.has_default:
        words.append(f"default {shown(spec.default)}")
    if spec.ref:
        words.append(f"ref {spec.ref}")
    if spec.required:
        words.append("required")
    if spec.inferred:
        words.append("inferred")
    return words


def _lookup_words(lookup: Lookup) -> str:
    table = f"table {lookup.table.name}" if lookup.table.name else f"{len(lookup.table.entries)} entries"
    otherwise = shown(lookup.instead) if lookup.otherwise == "value" else lookup.otherwise
    return f"lookup {table}, else {otherwise}"
