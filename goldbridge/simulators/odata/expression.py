"""`$filter` and key predicates: literals of V2 or V4 (never of the other), comparisons, and, or, not, functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

Test = Callable[[Mapping[str, Any]], Any]
_V2 = r"datetime'[^']*'|datetimeoffset'[^']*'|time'[^']*'|guid'[^']*'|-?\d+(?:\.\d+)?[MmLlDdFf]?"
_V4 = (
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?"
    r"|-?\d+(?:\.\d+)?(?![\w'-])"
)
_REST = r"'(?:[^']|'')*'|[A-Za-z_][\w/.]*|[(),=]"
_TOKENS = {version: re.compile(rf"\s*(?:({own})|({_REST}))") for version, own in ((2, _V2), (4, _V4))}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and b is not None and a > b,
    "ge": lambda a, b: a is not None and b is not None and a >= b,
    "lt": lambda a, b: a is not None and b is not None and a < b,
    "le": lambda a, b: a is not None and b is not None and a <= b,
}


class Malformed(ValueError):
    """The expression is not what this version of the protocol understands."""


class Value(NamedTuple):
    """A literal with its type."""

    kind: str
    value: Any


def literal(text: str, version: int) -> Value:
    """One literal; raises `Malformed`."""
    try:
        return _literal(text, version)
    except ValueError:
        raise Malformed(f"'{text}' is no literal of this version") from None


def _literal(text: str, version: int) -> Value:
    if text.startswith("'"):
        return Value("Edm.String", text[1:-1].replace("''", "'"))
    if text in ("true", "false"):
        return Value("Edm.Boolean", text == "true")
    if text == "null":
        return Value("", None)
    name, quote, inner = text.partition("'")
    if version == 2 and quote:
        inner = inner[:-1]
        if name == "datetime":
            if inner.endswith("Z") or "+" in inner:
                raise Malformed("a datetime has no offset")
            return Value("Edm.DateTime", datetime.fromisoformat(inner).replace(tzinfo=UTC))
        if name == "datetimeoffset":
            return Value("Edm.DateTimeOffset", datetime.fromisoformat(inner).astimezone(UTC))
        if name == "time":
            hours, minutes, seconds = re.fullmatch(r"PT(\d+)H(\d+)M(\d+)(?:\.\d+)?S", inner).groups()  # type: ignore[union-attr]
            return Value("Edm.Time", f"{int(hours):02d}:{int(minutes):02d}:{int(seconds):02d}")
        return Value("Edm.Guid", inner)
    if version == 4 and re.fullmatch(r"[0-9a-fA-F-]{36}", text):
        return Value("Edm.Guid", text.lower())
    if version == 4 and re.match(r"\d{4}-\d\d-\d\d", text):
        if "T" in text:
            return Value("Edm.DateTimeOffset", datetime.fromisoformat(text).astimezone(UTC))
        return Value("Edm.Date", date.fromisoformat(text))
    if version == 2 and text[-1:] in "MmDdFf":
        return Value("Edm.Decimal", Decimal(text[:-1]))
    digits = text.rstrip("Ll") if version == 2 else text
    return Value("Edm.Decimal", Decimal(text)) if "." in digits else Value("Edm.Int64", int(digits))


def parse(text: str, kinds: Mapping[str, str], version: int) -> Test:
    """A filter as a test of a row; raises `Malformed`."""
    parser = _Parser(text, kinds, version)
    test = parser.either()
    if parser.at < len(parser.tokens):
        raise Malformed(f"'{parser.tokens[parser.at]}' is not expected here")
    return test


class _Parser:
    def __init__(self, text: str, kinds: Mapping[str, str], version: int) -> None:
        self._kinds, self._version, self.at = kinds, version, 0
        self.tokens: list[str] = []
        place, text = 0, text.rstrip()
        while place < len(text):
            found = _TOKENS[version].match(text, place)
            if found is None:
                raise Malformed(f"syntax error at position {place} in '{text[:200]}'")
            self.tokens.append(found[1] or found[2])
            place = found.end()

    def _take(self) -> str:
        if self.at >= len(self.tokens):
            raise Malformed("the expression ends early")
        self.at += 1
        return self.tokens[self.at - 1]

    def _next(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == word:
            self.at += 1
            return True
        return False

    def either(self) -> Test:
        tests = [self._both()]
        while self._next("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._next("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._next("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._next("("):
            inner = self.either()
            if not self._next(")"):
                raise Malformed("a bracket is not closed")
            return inner
        left_kind, left = self._operand()
        word = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if word not in _COMPARE:
            if left_kind != "Edm.Boolean":
                raise Malformed(f"'{word}' is no operator")
            return left
        self.at += 1
        right_kind, right = self._operand()
        if not _fit(left_kind, right_kind):
            raise Malformed(f"{left_kind} and {right_kind} cannot be compared")
        compare = _COMPARE[word]
        return lambda row: compare(left(row), right(row))

    def _operand(self) -> tuple[str, Test]:
        token = self._take()
        if token in ("startswith", "endswith", "contains", "substringof") and self._next("("):
            return "Edm.Boolean", self._function(token)
        if token in self._kinds:
            return self._kinds[token], lambda row: row[token]
        if re.fullmatch(r"[A-Za-z_][\w/.]*", token) and token not in ("true", "false", "null"):
            raise Malformed(f"there is no property '{token}'")
        found = literal(token, self._version)
        return found.kind, lambda row: found.value

    def _function(self, name: str) -> Test:
        if (name == "substringof") == (self._version == 4):
            raise Malformed(f"there is no function '{name}'")
        _, first = self._operand()
        if not self._next(","):
            raise Malformed("a comma is missing")
        _, second = self._operand()
        if not self._next(")"):
            raise Malformed("a bracket is not closed")
        match name:
            case "startswith":
                return lambda row: str(first(row) or "").startswith(second(row))
            case "endswith":
                return lambda row: str(first(row) or "").endswith(second(row))
            case "contains":
                return lambda row: second(row) in str(first(row) or "")
        return lambda row: first(row) in str(second(row) or "")


def _fit(one: str, other: str) -> bool:
    numbers = {"Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Decimal", "Edm.Double", "Edm.Byte"}
    return not one or not other or one == other or {one, other} <= numbers


def predicate(text: str, kinds: Mapping[str, str], keys: tuple[str, ...], version: int) -> dict[str, Any]:
    """What stands between the brackets of an entity's address, as property -> value; raises `Malformed`."""
    found_tokens = [found[1] or found[2] for found in _TOKENS[version].finditer(text)]
    words = [word for word in found_tokens if word not in (",", "=")]
    if len(words) == 1 and len(keys) == 1:
        named = {keys[0]: words[0]}
    elif len(words) % 2 == 0 and words:
        named = dict(zip(words[::2], words[1::2], strict=True))
    else:
        raise Malformed("bad key predicate")
    found = {}
    for name, token in named.items():
        if name not in kinds:
            raise Malformed(f"there is no property '{name}'")
        value = literal(token, version)
        if not _fit(kinds[name], value.kind):
            raise Malformed(f"the key '{name}' is {kinds[name]}")
        found[name] = value.value
    return found
