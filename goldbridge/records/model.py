"""Compiles config/model.yaml into entities and fields; every problem at once, each at its place.

Two fields are made, not written: `role` on an entity with roles (the role that one source record plays), and the
reference to the parent where no field leads to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from goldbridge.errors import Problems
from goldbridge.ports import Document
from goldbridge.records.coerce import coerce, flaw
from goldbridge.records.field import ADDRESS, IDENTIFYING, RELATIONS, TYPES, Entity, Field, Model, Role
from goldbridge.records.hint import did_you_mean

__all__ = ["ADDRESS", "TYPES", "Entity", "Field", "Model", "Role", "coerce", "compile_model", "flaw"]

ENTITY_KEYS = ("description", "fields", "label", "mastered", "parent", "roles")
FIELD_KEYS = (
    "currency",
    "description",
    "enum",
    "fields",
    "identifier",
    "label",
    "many",
    "reference",
    "relation",
    "required",
    "type",
)
ROLE_KEYS = ("label", "qualification")
RESERVED = {
    "id": "every golden record has an id",
    "roles": "the golden record collects them from `role`",
    "qualification": "the golden record says there where each role stands",
    "qualified": "the golden record lists there the roles in which business may be done",
}
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
CURRENCY = re.compile(r"[A-Z]{3}")
_Path = tuple[str | int, ...]


def compile_model(document: Document) -> Model:
    """The model a document describes.

    Raises `Misconfigured`: MOD001 wrong shape, MOD002 unknown key, MOD003 unknown type, MOD004 keys that do not go
    together, MOD005 an enum's words, MOD006 an identifier that cannot identify, MOD007 unknown or misplaced parent,
    MOD008 parents in a circle, MOD009 reference to nothing, MOD010 a name that is taken or cannot be used, MOD011 a
    relation that there is not, or that leads to another entity.
    """
    compiler = _Compiler(document)
    model = compiler.model()
    compiler.problems.raise_any()
    return model


class _Compiler:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems = Problems()

    def model(self) -> Model:
        data = self.document.data
        entries = data.get("entities") if isinstance(data, dict) else None
        if not isinstance(entries, dict) or not entries:
            self.at(
                ("entities",),
                "MOD001",
                "the model needs `entities:` with at least one entity, e.g. party: {fields: ...}",
            )
            return Model({})
        for key in data:
            if key != "entities":
                self.key((key,), "MOD002", f"unknown key '{key}'{did_you_mean(key, ['entities'])}")
        entities = {name: self.entity(name, entry, entries) for name, entry in entries.items()}
        self.circles(entities)
        return Model(entities)

    def at(self, path: _Path, code: str, message: str) -> None:
        self.problems.note(self.document.mark(*path), code, message)

    def key(self, path: _Path, code: str, message: str) -> None:
        self.problems.note(self.document.key_mark(*path), code, message)

    def entity(self, name: str, entry: Any, all_entries: Mapping[str, Any]) -> Entity:
        path: _Path = ("entities", name)
        self.name(name, path)
        if not self.mapping(entry, path, "an entity is a mapping, e.g. {fields: {name: {type: text}}}"):
            return Entity(name)
        self.unknown(entry, ENTITY_KEYS, path, "an entity")
        fields = self.fields(entry.get("fields"), (*path, "fields"), all_entries)
        if not fields and not isinstance(entry.get("fields"), dict | list | str):
            self.key(path, "MOD001", f"entity '{name}' has no fields; give it `fields: {{name: {{type: text}}}}`")
        roles = self.roles(entry.get("roles"), (*path, "roles"))
        if roles:
            if "role" in fields:
                self.key((*path, "fields", "role"), "MOD010", "`role` is made from `roles:`; remove this field")
            fields["role"] = Field("role", "enum", enum=tuple(roles), label="角色")
        parent, parent_field = self.parent(name, entry, fields, all_entries)
        self.hard_identifiers(path, fields)
        return Entity(
            name,
            mastered=self.flag(entry, "mastered", path),
            parent=parent,
            parent_field=parent_field,
            fields=fields,
            roles=roles,
            label=self.text(entry, "label", path),
            description=self.text(entry, "description", path),
        )

    def parent(
        self, name: str, entry: Mapping[str, Any], fields: dict[str, Field], all_entries: Mapping[str, Any]
    ) -> tuple[str, str]:
        """The parent and the field that leads to it: the first reference to it, or one made under its name."""
        path: _Path = ("entities", name, "parent")
        parent = entry.get("parent")
        if parent is None:
            return "", ""
        if not isinstance(parent, str) or parent not in all_entries:
            hint = did_you_mean(str(parent), (other for other in all_entries if other != name), at_most=0)
            self.at(path, "MOD007", f"there is no entity '{parent}' to be the parent{hint}")
            return "", ""
        leading = [field.name for field in fields.values() if field.reference == parent and not field.many]
        if leading:
            return parent, leading[0]
        if parent in fields:
            message = f"field '{parent}' must lead to the parent; write {{reference: {parent}}} or rename it"
            self.key(("entities", name, "fields", parent), "MOD007", message)
            return parent, ""
        fields[parent] = Field(parent, "reference", reference=parent)
        return parent, parent

    def roles(self, entries: Any, path: _Path) -> dict[str, Role]:
        if entries is None or not self.mapping(entries, path, "roles are a mapping, e.g. {customer: {}, dealer: {}}"):
            return {}
        made = {}
        for name, entry in entries.items():
            self.name(name, (*path, name))
            options = entry or {}
            if self.mapping(options, (*path, name), "a role is a mapping, e.g. {qualification: dealer_onboarding}"):
                self.unknown(options, ROLE_KEYS, (*path, name), "a role")
                qualification = self.text(options, "qualification", (*path, name))
                made[name] = Role(name, qualification, self.text(options, "label", (*path, name)))
        return made

    def fields(self, entries: Any, path: _Path, all_entries: Mapping[str, Any]) -> dict[str, Field]:
        if entries is None or not self.mapping(entries, path, "fields are a mapping, e.g. {name: {type: text}}"):
            return {}
        return {name: self.field(name, entry, (*path, name), all_entries) for name, entry in entries.items()}

    def field(self, name: str, entry: Any, path: _Path, all_entries: Mapping[str, Any]) -> Field:
        self.name(name, path)
        if name in RESERVED and len(path) == 4:
            self.key(path, "MOD010", f"'{name}' is taken: {RESERVED[name]}; use another name")
        if not self.mapping(entry, path, "a field is a mapping, e.g. {type: text}"):
            return Field(name, "text")
        self.unknown(entry, FIELD_KEYS, path, "a field")
        type_name = self.type(entry, path)
        inner = self.fields(entry.get("fields"), (*path, "fields"), all_entries)
        if type_name == "address":
            for taken in sorted(set(inner) & set(ADDRESS)):
                self.key((*path, "fields", taken), "MOD010", f"every address has '{taken}' already; remove it")
            inner = {**ADDRESS, **inner}
        many = self.flag(entry, "many", path)
        return Field(
            name,
            type_name,
            many=many,
            required=self.flag(entry, "required", path),
            identifier=self.identifier(entry, type_name, many, path),
            enum=self.enum(entry, path) if type_name == "enum" else (),
            fields=inner,
            reference=self.reference(entry, path, all_entries) if type_name == "reference" else "",
            relation=self.relation(entry, many, path),
            currency=self.currency(entry, path) if type_name == "money" else "",
            label=self.text(entry, "label", path),
            description=self.text(entry, "description", path),
        )

    def type(self, entry: Mapping[str, Any], path: _Path) -> str:
        """The written type, or the one that `enum`, `reference` or `fields` implies."""
        implied = [kind for key, kind in IMPLY.items() if key in entry]
        written = entry.get("type")
        if written is None:
            if not implied:
                self.key(path, "MOD001", f"field '{path[-1]}' needs a type, e.g. {{type: text}}")
            elif len(implied) > 1:
                self.key(path, "MOD004", f"a field has one of {', '.join(f'`{key}`' for key in IMPLY)}, not several")
            return implied[0] if implied else "text"
        if not isinstance(written, str) or written not in TYPES:
            self.at(
                (*path, "type"), "MOD003", f"unknown type '{written}'{did_you_mean(str(written), TYPES, at_most=20)}"
            )
            return implied[0] if implied else "text"
        for key, kind in IMPLY.items():
            if key in entry and kind != written and not (key == "fields" and written == "address"):
                self.key((*path, key), "MOD004", f"`{key}` belongs to type {kind}, but the type is {written}")
        if "currency" in entry and written != "money":
            self.key((*path, "currency"), "MOD004", f"`currency` belongs to type money, but the type is {written}")
        for key, kind in IMPLY.items():
            if kind == written and key not in entry:
                self.key(path, "MOD004", f"type {written} needs `{key}:`")
        return written

    def enum(self, entry: Mapping[str, Any], path: _Path) -> tuple[str, ...]:
        words = entry.get("enum")
        if words is None:
            return ()
        if not isinstance(words, list) or not words:
            self.at((*path, "enum"), "MOD005", "an enum is a list of words, e.g. [active, inactive]")
            return ()
        seen: list[str] = []
        for at, word in enumerate(words):
            if not isinstance(word, str) or not word.strip():
                shown = "" if word is None else str(word).lower() if isinstance(word, bool) else str(word)
                self.at((*path, "enum", at), "MOD005", f"a word of an enum is text; write '{shown}' in quotes")
            elif word in seen:
                self.at((*path, "enum", at), "MOD005", f"'{word}' is listed twice; remove one")
            else:
                seen.append(word)
        return tuple(seen)

    def identifier(self, entry: Mapping[str, Any], type_name: str, many: bool, path: _Path) -> Any:
        kind = entry.get("identifier")
        if kind is None:
            return ""
        at = (*path, "identifier")
        if kind not in ("hard", "soft"):
            self.at(at, "MOD006", f"`identifier` is hard or soft, not '{kind}'")
            return ""
        if len(path) != 4:
            self.at(at, "MOD006", "a part of a group cannot identify a record; make it a field of the entity")
            return ""
        if type_name not in IDENTIFYING:
            self.at(at, "MOD006", f"a field of type {type_name} cannot identify a record; remove `identifier`")
            return ""
        if kind == "hard" and many:
            message = "a hard identifier has one value, but the field has many; make it soft"
            self.at(at, "MOD006", message)
        return kind

    def hard_identifiers(self, path: _Path, fields: Mapping[str, Field]) -> None:
        first: dict[str, str] = {}
        for field in fields.values():
            if field.identifier != "hard" or field.type not in ("credit_code", "lei"):
                continue
            if field.type in first:
                message = f"'{first[field.type]}' is a hard identifier of type {field.type} already; make this one soft"
                self.key((*path, "fields", field.name), "MOD006", message)
            first.setdefault(field.type, field.name)

    def reference(self, entry: Mapping[str, Any], path: _Path, all_entries: Mapping[str, Any]) -> str:
        target = entry.get("reference")
        if target is None:
            return ""
        if not isinstance(target, str) or target not in all_entries:
            hint = did_you_mean(str(target), all_entries, at_most=0)
            self.at((*path, "reference"), "MOD009", f"there is no entity '{target}' to refer to{hint}")
            return ""
        return target

    def relation(self, entry: Mapping[str, Any], many: bool, path: _Path) -> str:
        kind = entry.get("relation")
        if kind is None:
            return ""
        at = (*path, "relation")
        if kind not in RELATIONS:
            self.at(at, "MOD011", f"there is no relation '{kind}'{did_you_mean(str(kind), RELATIONS)}")
            return ""
        if len(path) != 4 or entry.get("reference") != path[1] or many:
            message = (
                f"`relation` belongs to a reference to one other {path[1]}: {{reference: {path[1]}, relation: {kind}}}"
            )
            self.at(at, "MOD011", message)
            return ""
        return str(kind)

    def currency(self, entry: Mapping[str, Any], path: _Path) -> str:
        code = entry.get("currency", "CNY")
        if not isinstance(code, str) or not CURRENCY.fullmatch(code):
            self.at((*path, "currency"), "MOD001", f"a currency is a code of three capitals such as CNY, not '{code}'")
            return "CNY"
        return code

    def circles(self, entities: Mapping[str, Entity]) -> None:
        told: set[str] = set()
        for name in entities:
            way = [name]
            while (up := entities[way[-1]].parent) and up not in way:
                way.append(up)
            if up == name and not told & set(way):
                told.update(way)
                circle = " -> ".join([*way, name])
                self.at(("entities", name, "parent"), "MOD008", f"parents go in a circle: {circle}; remove one of them")

    def name(self, name: str, path: _Path) -> None:
        if not NAME.fullmatch(name):
            message = f"'{name}' cannot be a name here; use small letters, digits and '_', and put a label beside it"
            self.key(path, "MOD010", message)

    def mapping(self, entry: Any, path: _Path, message: str) -> bool:
        if isinstance(entry, dict):
            return True
        self.at(path, "MOD001", message)
        return False

    def unknown(self, entry: Mapping[str, Any], known: Iterable[str], path: _Path, what: str) -> None:
        for key in entry:
            if key not in known:
                self.key((*path, key), "MOD002", f"{what} has no key '{key}'{did_you_mean(key, known)}")

    def flag(self, entry: Mapping[str, Any], key: str, path: _Path) -> bool:
        value = entry.get(key, False)
        if not isinstance(value, bool):
            self.at((*path, key), "MOD001", f"`{key}` is true or false")
            return False
        return value

    def text(self, entry: Mapping[str, Any], key: str, path: _Path) -> str:
        value = entry.get(key, "")
        if not isinstance(value, str):
            self.at((*path, key), "MOD001", f"`{key}` is text; put it in quotes")
            return ""
        return value


IMPLY = {"enum": "enum", "reference": "reference", "fields": "group"}
