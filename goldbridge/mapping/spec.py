"""Reads a mapping file into its parts, with the place of each; knows the shape of the language, not the model.

Everything that can be said without the model and the source's fields is said here, all at once: unknown keys, steps
that do not go together, unknown transforms and their arguments, tables that are not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from goldbridge.errors import Mark, Problems
from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.table import Table, inline_table, read_table, reversed_table
from goldbridge.mapping.transform import Step, Transform
from goldbridge.mapping.value import shown
from goldbridge.ports import Document, Json
from goldbridge.records.hint import did_you_mean

TOP_KEYS = (
    "mapping", "target", "source", "key", "when", "partial", "merged_into", "split_from", "drop", "fields", "examples",
)  # fmt: skip
ORIGINS = ("from", "first_of", "join", "expr", "value")
FIELD_KEYS = (*ORIGINS, "via", "lookup", "reverse", "else", "default", "required", "with", "ref", "resolve", "inferred")
SOURCE_KEYS = ("from", "via", "ref", "value")
ELSE_WORDS = ("reject", "keep", "null")

Path = tuple[str | int, ...]
_NOWHERE = Mark("")


@dataclass(frozen=True, slots=True)
class Source:
    """One thing a field is made from: a source field with steps of its own, or (inside a join) a fixed text."""

    name: str
    via: tuple[Step, ...]
    mark: Mark
    ref: str = ""
    constant: Json = None

    @property
    def is_plain(self) -> bool:
        return not self.via and not self.ref

    def __str__(self) -> str:
        own = [*map(str, self.via), *([f"ref {self.ref}"] if self.ref else [])]
        return (self.name or shown(self.constant)) + (f" ({', '.join(own)})" if own else "")


@dataclass(frozen=True, slots=True)
class Lookup:
    """A value table; `otherwise` is what happens to a value that it lacks ("value" means `instead`)."""

    table: Table
    otherwise: Literal["reject", "keep", "null", "value"]
    instead: Json
    mark: Mark


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One target field as written. `text_path` leads to the expression's text; `marks` has the place of each step."""

    target: str
    origin: str
    sources: tuple[Source, ...] = ()
    separator: str = ""
    expression: str = ""
    constant: Json = None
    via: tuple[Step, ...] = ()
    lookup: Lookup | None = None
    has_default: bool = False
    default: Json = None
    required: bool = False
    inferred: bool = False
    ref: str = ""
    resolve: str = ""
    mark: Mark = _NOWHERE
    marks: Mapping[str, Mark] | None = None

    def mark_of(self, step: str) -> Mark:
        return (self.marks or {}).get(step, self.mark)


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """A mapping file as written; `source` is the entity of an out mapping, "" for one that reads a stream."""

    name: str
    target: str
    source: str
    key: str
    when: str
    partial: bool
    drop: tuple[str, ...]
    fields: tuple[FieldSpec, ...]
    mark: Mark
    merged_into: str = ""
    split_from: str = ""

    @property
    def is_out(self) -> bool:
        return bool(self.source)


def read_spec(
    document: Document, tables: Mapping[str, Document], zone: str | None, problems: Problems
) -> MappingSpec | None:
    """The parts of a mapping file; None when it is not even a mapping. Everything wrong goes to `problems`."""
    return _SpecReader(document, tables, zone, problems).mapping()


class _SpecReader:
    def __init__(
        self, document: Document, tables: Mapping[str, Document], zone: str | None, problems: Problems
    ) -> None:
        self.document, self.tables, self.zone, self.problems = document, tables, zone, problems

    # Places

    def at(self, path: Path, code: str, message: str) -> None:
        self.problems.note(self.document.mark(*path), code, message)

    def at_key(self, path: Path, code: str, message: str) -> None:
        self.problems.note(self.document.key_mark(*path), code, message)

    def unknown(self, entry: Mapping[str, Any], known: Iterable[str], path: Path, what: str) -> None:
        for key in entry:
            if key not in known:
                self.at_key((*path, key), "MAP002", f"{what} has no key '{key}'{did_you_mean(key, known)}")

    # The file

    def mapping(self) -> MappingSpec | None:
        data = self.document.data
        if not isinstance(data, dict):
            self.at((), "MAP001", "a mapping file needs `mapping:`, `target:`, `key:` and `fields:`")
            return None
        self.unknown(data, TOP_KEYS, (), "a mapping")
        name = self.text(data, "mapping", needed="the mapping's name, e.g. legacy_crm.account")
        target = self.text(data, "target", needed="what the records become, e.g. party")
        source = self.text(data, "source")
        key = self.text(data, "key", needed="" if source else "the source field that holds the record's key")
        fields = data.get("fields")
        specs: list[FieldSpec] = []
        if isinstance(fields, dict) and fields:
            for target_field, entry in fields.items():
                made = self.field(target_field, entry)
                if made is not None:
                    specs.append(made)
        else:
            self.at(("fields",), "MAP001", "a mapping needs `fields:`, e.g. name: {from: CUST_NAME, via: [trim]}")
        return MappingSpec(
            name,
            target,
            source,
            key,
            self.text(data, "when"),
            self.flag(data, "partial", ()),
            self.dropped(data),
            tuple(specs),
            self.document.mark(),
            self.kin(data, "merged_into", source),
            self.kin(data, "split_from", source),
        )

    def text(self, data: Mapping[str, Any], key: str, *, needed: str = "") -> str:
        value = data.get(key)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or not value.strip():
            if key in data:
                self.at((key,), "MAP001", f"`{key}` must be text, not {shown(value)}; put it in quotes")
            else:
                self.at((), "MAP001", f"`{key}:` is missing: {needed}")
            return ""
        return value

    def kin(self, data: Mapping[str, Any], key: str, source: str) -> str:
        """The source field that names another record of the stream, which this one was merged into or split from."""
        if source and key in data:
            self.at_key((key,), "MAP009", f"`{key}` belongs to a mapping that reads a stream")
            return ""
        return self.text(data, key)

    def dropped(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        names = data.get("drop", [])
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            self.at(("drop",), "MAP009", "`drop` is a list of source fields that are left out on purpose")
            return ()
        return tuple(names)

    # A field

    def field(self, target: str, entry: Any) -> FieldSpec | None:
        path: Path = ("fields", target)
        if not isinstance(entry, dict):
            self.at(path, "MAP009", f"a field is written as {{from: SOURCE_FIELD, via: [...]}}, not {shown(entry)}")
            return None
        self.unknown(entry, FIELD_KEYS, path, f"field '{target}'")
        origins = [name for name in ORIGINS if name in entry]
        if len(origins) != 1:
            found = f"has {' and '.join(origins)}" if origins else "says nothing about where it comes from"
            self.at(path, "MAP006", f"field '{target}' {found}; write one of {', '.join(ORIGINS)}")
            return None
        origin = origins[0]
        if "with" in entry and origin != "join":
            self.at_key((*path, "with"), "MAP009", "`with` belongs to `join`")
        separator = entry.get("with", "")
        if not isinstance(separator, str):
            self.at((*path, "with"), "MAP009", "`with` is the text between the joined parts; put it in quotes")
            separator = ""
        return FieldSpec(
            target,
            origin,
            sources=self.sources(origin, entry, path),
            separator=separator,
            expression=self.expression(entry, path),
            constant=entry.get("value"),
            via=self.via(entry.get("via"), (*path, "via")),
            lookup=self.lookup(entry, path),
            has_default="default" in entry,
            default=entry.get("default"),
            required=self.flag(entry, "required", path),
            inferred=self.flag(entry, "inferred", path),
            ref=self.ref(entry, path),
            resolve=self.resolve(entry, path),
            mark=self.document.mark(*path),
            marks={key: self.document.mark(*path, key) for key in entry},
        )

    def sources(self, origin: str, entry: Mapping[str, Any], path: Path) -> tuple[Source, ...]:
        if origin in ("expr", "value"):
            return ()
        written, path = entry[origin], (*path, origin)
        if origin == "from" and not isinstance(written, list):
            made = self.source(written, path)
            return (made,) if made else ()
        if not isinstance(written, list) or not written:
            self.at(path, "MAP009", f"`{origin}` is a list of source fields, e.g. [TEL, MOBILE]")
            return ()
        return tuple(made for at, one in enumerate(written) if (made := self.source(one, (*path, at))))

    def source(self, written: Any, path: Path) -> Source | None:
        mark = self.document.mark(*path)
        if isinstance(written, str) and written:
            return Source(written, (), mark)
        inner = path[-1] != "from"  # an item of a list may have steps of its own
        if inner and isinstance(written, dict):
            self.unknown(written, SOURCE_KEYS, path, "a part")
            name = written.get("from")
            via = self.via(written.get("via"), (*path, "via"))
            if isinstance(name, str) and name and "value" not in written:
                return Source(name, via, mark, self.ref(written, path))
            if name is None and isinstance(written.get("value"), str) and "ref" not in written:
                return Source("", via, mark, constant=written["value"])
            self.at(path, "MAP009", "a part is written as {from: SOURCE_FIELD, via: [...]} or {value: a text}")
            return None
        hint = "; a name of digits needs quotes" if isinstance(written, int) and not isinstance(written, bool) else ""
        self.at(path, "MAP009", f"the name of a source field is text, not {shown(written)}{hint}")
        return None

    def expression(self, entry: Mapping[str, Any], path: Path) -> str:
        written = entry.get("expr", "")
        if not isinstance(written, str) or ("expr" in entry and not written.strip()):
            self.at((*path, "expr"), "MAP009", f"`expr` is a CEL expression; put it in quotes, not {shown(written)}")
            return ""
        return written

    def flag(self, entry: Mapping[str, Any], key: str, path: Path) -> bool:
        value = entry.get(key, False)
        if not isinstance(value, bool):
            self.at((*path, key), "MAP009", f"`{key}` is true or false, not {shown(value)}")
            return False
        return value

    def ref(self, entry: Mapping[str, Any], path: Path) -> str:
        written = entry.get("ref")
        if written is None:
            return ""
        parts = written.split(".", 1) if isinstance(written, str) else []
        if len(parts) != 2 or not all(parts) or any(character.isspace() for character in written):
            self.at((*path, "ref"), "MAP024", f"`ref` names a stream as system.stream, not {shown(written)}")
            return ""
        return str(written)

    def resolve(self, entry: Mapping[str, Any], path: Path) -> str:
        written = entry.get("resolve")
        if written is None:
            return ""
        if not isinstance(written, str) or not written:
            self.at((*path, "resolve"), "MAP024", f"`resolve` names an object of the target, not {shown(written)}")
            return ""
        return written

    # Transforms

    def via(self, written: Any, path: Path) -> tuple[Step, ...]:
        if written is None:
            return ()
        if not isinstance(written, list):
            self.at(path, "MAP009", f"`via` is a list of transforms, e.g. [trim, upper], not {shown(written)}")
            return ()
        return tuple(made for at, one in enumerate(written) if (made := self.step(one, (*path, at))))

    def step(self, written: Any, path: Path) -> Step | None:
        name, argument, place = written, None, path
        given = False
        if isinstance(written, dict) and len(written) == 1:
            ((name, argument),) = written.items()
            place, given = (*path, name), True
        if not isinstance(name, str):
            self.at(path, "MAP009", f"a transform is written as its name or as `name: argument`, not {shown(written)}")
            return None
        found = TRANSFORMS.get(name)
        if found is None:
            hint = did_you_mean(name, TRANSFORMS)
            self.at_key(place, "MAP014", f"unknown transform '{name}'{hint}")
            return None
        return self.bound(found, argument, given, place)

    def bound(self, found: Transform, argument: Any, given: bool, place: Path) -> Step | None:
        wanted = found.argument
        if given and wanted is None:
            self.at_key(place, "MAP015", f"transform '{found.name}' takes no argument")
            return None
        if given and wanted is not None:
            problem = wanted.problem(argument)
            if problem:
                self.at(place, "MAP015", f"{found.name}: {problem}")
                return None
            return found.bind(argument)
        if wanted is not None and wanted.required:
            if not found.zoned:
                self.at_key(place, "MAP015", f"transform '{found.name}' needs its {wanted.name}: `{found.name}: ...`")
                return None
            if self.zone is None:
                message = (
                    f"'{found.name}' needs a time zone: declare `zone:` of the system in config/sources.yaml, "
                    f"or write `{found.name}: Asia/Shanghai`"
                )
                self.at_key(place, "MAP017", message)
                return None
            return found.bind(self.zone)
        return found.bind()

    # Tables

    def lookup(self, entry: Mapping[str, Any], path: Path) -> Lookup | None:
        if "lookup" not in entry:
            for key in ("else", "reverse"):
                if key in entry:
                    self.at_key((*path, key), "MAP009", f"`{key}` belongs to `lookup`")
            return None
        table = self.table(entry["lookup"], (*path, "lookup"))
        if self.flag(entry, "reverse", path) and table is not None:
            table = reversed_table(table, self.document.mark(*path, "lookup"), self.problems)
        otherwise = entry.get("else")
        if table is None:
            return None
        mark = self.document.mark(*path, "lookup")
        if otherwise is None:
            return Lookup(table, "null", None, mark)
        if otherwise in ELSE_WORDS:
            return Lookup(table, otherwise, None, mark)
        return Lookup(table, "value", otherwise, mark)

    def table(self, written: Any, path: Path) -> Table | None:
        if isinstance(written, str):
            found = self.tables.get(written)
            if found is None:
                message = f"there is no table '{written}' in mappings/tables{did_you_mean(written, self.tables)}"
                self.at(path, "MAP010", message)
                return None
            return read_table(found, written, self.problems)
        if not isinstance(written, dict) or not written:
            message = f"`lookup` is a table {{old: new}} or the name of one in mappings/tables, not {shown(written)}"
            self.at(path, "MAP009", message)
            return None
        return inline_table(written, lambda key: self.document.mark(*path, key))
