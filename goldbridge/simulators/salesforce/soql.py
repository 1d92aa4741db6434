"""The part of the query language that integrations use, read by its published grammar.

Date-time literals stand without quotes, text literals with them and a backslash before a quote; there is no `*`. What
does not parse is MALFORMED_QUERY, an unknown object INVALID_TYPE, an unknown field or a literal of the wrong kind
INVALID_FIELD.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from goldbridge.simulators.kit import Refused
from goldbridge.simulators.salesforce.schema import Field, ObjectSchema, full_id

Row = dict[str, Any]
Predicate = Callable[[Row], bool]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*')
        |(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d))
        |(?P<day>\d{4}-\d\d-\d\d(?![\dT]))
        |(?P<number>-?\d+(?:\.\d+)?)
        |(?P<word>[A-Za-z_][A-Za-z0-9_.]*)
        |(?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,))""",
    re.VERBOSE,
)
_KINDS = {"datetime": "moment", "date": "day", "boolean": "word", "int": "number", "double": "number"}
_KINDS |= {"currency": "number", "percent": "number"}


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed question; `count` is SELECT COUNT()."""

    object_name: str
    fields: tuple[str, ...]
    count: bool
    where: Predicate
    order: tuple[tuple[str, bool], ...]
    limit: int | None
    offset: int = 0


def malformed(why: str) -> Refused:
    return Refused("MALFORMED_QUERY", why, 400)


def parse_moment(text: str) -> int:
    """A date-time literal as epoch milliseconds."""
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def parse(text: str, objects: Mapping[str, ObjectSchema]) -> Query:
    return _Parser(text, objects).query()


class _Parser:
    def __init__(self, text: str, objects: Mapping[str, ObjectSchema]) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise malformed(f"unexpected token: '{text[at : at + 20]}'")
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._at = 0
        self._objects = objects
        self._fields: Mapping[str, Field] = {}

    def query(self) -> Query:
        self._word("select")
        names, count = self._selected()
        self._word("from")
        kind, name = self._next()
        schema = next((each for each in self._objects.values() if each.name.lower() == name.lower()), None)
        if kind != "word" or schema is None:
            raise Refused("INVALID_TYPE", f"sObject type '{name}' is not supported.", 400)
        self._fields = schema.fields
        fields = tuple(self._field(each).name for each in names)
        where: Predicate = lambda _: True  # noqa: E731
        if self._takes("where"):
            where = self._either()
        order: list[tuple[str, bool]] = []
        if self._takes("order"):
            self._word("by")
            while True:
                field = self._field(self._next()[1]).name
                falling = self._takes("desc")
                if not falling:
                    self._takes("asc")
                order.append((field, falling))
                if not self._takes(","):
                    break
        limit = int(self._next()[1]) if self._takes("limit") else None
        offset = int(self._next()[1]) if self._takes("offset") else 0
        if self._at < len(self._tokens):
            raise malformed(f"unexpected token: '{self._tokens[self._at][1]}'")
        return Query(schema.name, fields, count, where, tuple(order), limit, offset)

    def _selected(self) -> tuple[list[str], bool]:
        names = [self._next()[1]]
        if names[0].lower() == "count" and self._takes("("):
            self._word(")")
            return [], True
        while self._takes(","):
            names.append(self._next()[1])
        return names, False

    def _either(self) -> Predicate:
        parts = [self._both()]
        while self._takes("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _both(self) -> Predicate:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _one(self) -> Predicate:
        if self._takes("("):
            inner = self._either()
            self._word(")")
            return inner
        field = self._field(self._next()[1])
        sign = self._next()[1].lower()
        if sign == "in":
            self._word("(")
            values = [self._literal(field)]
            while self._takes(","):
                values.append(self._literal(field))
            self._word(")")
            return lambda row: row.get(field.name) in values
        value = self._literal(field)
        return _compare(field.name, sign, value)

    def _literal(self, field: Field) -> Any:
        kind, text = self._next()
        if kind == "word" and text.lower() == "null":
            return None
        expected = _KINDS.get(field.kind, "text")
        if kind != expected:
            quoted = "should not be enclosed in quotes" if kind == "text" else "should be enclosed in quotes"
            raise Refused(
                "INVALID_FIELD",
                f"value of filter criterion for field '{field.name}' must be of type {field.kind} and {quoted}",
                400,
            )
        match kind:
            case "text":
                plain = re.sub(r"\\(.)", r"\1", text[1:-1])
                return full_id(plain) if field.kind in ("id", "reference") and len(plain) == 15 else plain
            case "moment":
                return parse_moment(text)
            case "number":
                return Decimal(text)
            case "word":
                return text.lower() == "true"
            case _:
                return text

    def _field(self, name: str) -> Field:
        found = next((each for each in self._fields.values() if each.name.lower() == name.lower()), None)
        if found is None:
            raise Refused(
                "INVALID_FIELD", f"No such column '{name}' on entity. If you are attempting to use a custom field", 400
            )
        return found

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise malformed("unexpected end of query")
        self._at += 1
        return self._tokens[self._at - 1]

    def _takes(self, word: str) -> bool:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind in ("word", "sign") and text.lower() == word:
                self._at += 1
                return True
        return False

    def _word(self, word: str) -> None:
        if not self._takes(word):
            found = self._tokens[self._at][1] if self._at < len(self._tokens) else "end of query"
            raise malformed(f"expecting {word!r}, found '{found}'")


def _compare(name: str, sign: str, value: Any) -> Predicate:
    match sign:
        case "=":
            return lambda row: bool(row.get(name) == value)
        case "!=" | "<>":
            return lambda row: bool(row.get(name) != value)
        case "<":
            return lambda row: row.get(name) is not None and bool(row[name] < value)
        case "<=":
            return lambda row: row.get(name) is not None and bool(row[name] <= value)
        case ">":
            return lambda row: row.get(name) is not None and bool(row[name] > value)
        case ">=":
            return lambda row: row.get(name) is not None and bool(row[name] >= value)
        case _:
            raise malformed(f"unexpected token: '{sign}'")
