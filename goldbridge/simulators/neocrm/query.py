"""The SQL-like language: no `*`, case counts, `like 'x%'` only, `order by id` only, `limit offset,size`.

How a quote inside a text is written is documented nowhere, so none is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from goldbridge.simulators.kit import Refused
from goldbridge.simulators.neocrm.schema import Field, ObjectSchema

Row = dict[str, Any]
Predicate = Callable[[Row], bool]
BAD_QUERY, NO_OBJECT, NO_FIELD = "300001", "300002", "300003"
"""Numbers of our own: the vendor's could not be found, and nobody should build on them."""
_SHAPE = re.compile(
    r"select\s+(?P<fields>\w+(?:\s*,\s*\w+)*)\s+from\s+(?P<object>\w+)(?:\s+where\s+(?P<where>.+?))?"
    r"(?:\s+order\s+by\s+(?P<order>\w+)(?:\s+(?P<direction>asc|desc))?)?(?:\s+limit\s+(?P<offset>\d+)\s*,\s*(?P<size>\d+))?\s*",
    re.DOTALL,
)
_CONDITION = re.compile(
    r"\s*(?P<field>\w+)\s*(?:(?P<sign><=|>=|<>|=|<|>)\s*(?P<value>'[^']*'|-?\d+)"
    r"|\s(?P<like>like)\s+'(?P<start>[^'%]*)%'|\s(?P<in>in)\s*\((?P<values>[^()]*)\))\s*"
)


@dataclass(frozen=True, slots=True)
class Query:
    object_name: str
    fields: tuple[str, ...]
    where: Predicate
    ordered: bool
    offset: int
    size: int | None


def parse(text: str, objects: Mapping[str, ObjectSchema]) -> Query:
    """A question; raises `Refused` with a number of ours and a sentence."""
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise Refused(BAD_QUERY, "sql syntax error")
    schema = objects.get(found["object"])
    if schema is None:
        raise Refused(NO_OBJECT, f"object not exist: {found['object']}")
    fields = tuple(_field(schema, name.strip()).name for name in found["fields"].split(","))
    order, direction = found["order"], found["direction"] or "asc"
    if (order, direction) not in ((None, "asc"), ("id", "asc")):
        raise Refused(BAD_QUERY, "order by supports id only")
    where = _all_of(schema, found["where"]) if found["where"] else lambda _: True
    size = int(found["size"]) if found["size"] else None
    return Query(schema.name, fields, where, order is not None, int(found["offset"] or 0), size)


def _all_of(schema: ObjectSchema, text: str) -> Predicate:
    parts: list[Predicate] = []
    at = 0
    while True:
        found = _CONDITION.match(text, at)
        if found is None:
            raise Refused(BAD_QUERY, "sql syntax error near where")
        parts.append(_one(_field(schema, found["field"]), found))
        at = found.end()
        if at == len(text):
            return lambda row: all(part(row) for part in parts)
        if not text.startswith("and ", at):
            raise Refused(BAD_QUERY, "sql syntax error: expected and")
        at += 4


def _one(field: Field, found: re.Match[str]) -> Predicate:
    name = field.name
    if found["like"]:
        start = found["start"]
        return lambda row: str(row.get(name) or "").startswith(start)
    if found["in"]:
        values = [_literal(field, each.strip()) for each in found["values"].split(",")]
        return lambda row: _held(field, row) in values
    value, sign = _literal(field, found["value"]), found["sign"]

    def holds(row: Row) -> bool:
        held = _held(field, row)
        if held is None:
            return False
        match sign:
            case "=":
                return bool(held == value)
            case "<>":
                return bool(held != value)
            case "<":
                return bool(held < value)
            case "<=":
                return bool(held <= value)
            case ">":
                return bool(held > value)
            case _:
                return bool(held >= value)

    return holds


def _held(field: Field, row: Row) -> Any:
    value = row.get(field.name)
    return int(value) if field.kind == "id" and value is not None else value


def _literal(field: Field, text: str) -> Any:
    quoted = text.startswith("'")
    plain = text.strip("'")
    if field.kind in ("id", "moment", "select", "number"):
        if not plain.isdigit():
            raise Refused(BAD_QUERY, f"field {field.name} needs a number")
        return int(plain)
    if not quoted:
        raise Refused(BAD_QUERY, f"field {field.name} needs a text in quotes")
    return plain


def _field(schema: ObjectSchema, name: str) -> Field:
    if name not in schema.fields:
        raise Refused(NO_FIELD, f"field not exist: {name}")
    return schema.fields[name]
