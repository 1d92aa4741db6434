"""CEL in mappings: `expr` and `when`, compiled once and bound only to the fields they read.

A field that is missing in a record is null inside an expression. When evaluation fails and one of the fields read has
no value, the result is null (absent when none of the fields was there); otherwise the value is invalid.
Everything is bounded: length, nesting, the size of what is handed over; patterns run in linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import compress
from math import isfinite
from typing import Any

from goldbridge.clock import iso
from goldbridge.mapping.lexer import TYPES, Scan, Use, literal, renamed, scan
from goldbridge.mapping.quick_expression import Run, short_way
from goldbridge.mapping.value import ABSENT, Invalid, Texts, shown

MAX_LENGTH = 1_000
MAX_DEPTH = 32
MAX_LOOPS = 2
"""Macros inside macros (`a.map(x, b.exists(y, ...))`)."""
MAX_ITEMS = 1_000
MAX_TEXT = 100_000

_NATIVE = """
    contains double duration dyn endsWith getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds
    getMinutes getMonth getSeconds has int matches size startsWith string timestamp type uint
"""
NATIVE = frozenset(_NATIVE.split())
"""CEL's own functions."""
_INT64 = 1 << 63


def _size(value: Any) -> int | None:
    """Length in characters, items or entries; the library counts the bytes of a text, CEL its characters."""
    return len(value) if isinstance(value, str | list | dict) else None


def _text_only(function: Callable[[str], str]) -> Callable[[Any], str | None]:
    """Null for anything but text: an exception inside a callback would be printed with the value in it."""
    return lambda value: function(value) if isinstance(value, str) else None


ADDED: Mapping[str, Callable[[Any], Any]] = {
    "lower": _text_only(str.lower),
    "upper": _text_only(str.upper),
    "trim": _text_only(str.strip),
}
"""Functions beyond CEL's own; anything more wants to be a transform."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an expression, and at which offset of its text. `name` is the unknown name, if that is it."""

    code: str
    message: str
    at: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `names` are its variables in order; `keys` the fields behind `row[...]`.

    `reads` is every field of the record that it looks at, `names` (without `row`) then `keys`.
    """

    source: str
    names: tuple[str, ...]
    keys: tuple[str, ...]
    run: Callable[[dict[str, Any]], Any]
    short: Run | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        return (*self.names, *self.keys)

    def evaluate(self, values: tuple[Any, ...]) -> Any:
        """The result for the values of `reads`: a JSON value, None, `ABSENT`, or `Invalid` with the reason."""
        bound: dict[str, Any] = {}
        missing = False
        for name, value in zip(self.names, values, strict=False):
            if value.__class__ is str and len(value) <= MAX_TEXT:
                missing = missing or not value
                bound[name] = value
            elif value is None or value is ABSENT:
                missing = True
                bound[name] = None
            else:
                fits = _fitting(value)
                if fits.__class__ is Invalid:
                    return fits
                bound[name] = fits
        if self.keys:
            rest = values[len(self.names) :]
            missing = missing or any(value in (None, "") or value is ABSENT for value in rest)
            fitted = [None if value is ABSENT else _fitting(value) for value in rest]
            for fit in fitted:
                if fit.__class__ is Invalid:
                    return fit
            bound["row"] = dict(zip(self.keys, fitted, strict=True))
        try:
            result = self.run(bound)
        except Exception as error:
            return _failed(error, missing, values)
        except BaseException as error:
            if not _is_panic(error):
                raise
            return Invalid("the expression could not be evaluated")
        return result if result.__class__ in _PLAIN else _plain(result)

    def over(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """`evaluate` for many rows; those that hold nothing but texts, without a look at each value."""
        if self.keys:
            return list(map(self.evaluate, rows))
        plain = [set(map(type, row)) == {str} for row in rows]
        texts = list(compress(rows, plain))
        if not texts:
            return list(map(self.evaluate, rows))
        made = self.shortly(list(zip(*texts, strict=True)))
        if made is None:
            made = self._together(texts)
        if len(texts) == len(rows):
            return made
        done = iter(made)
        return [next(done) if text else self.evaluate(row) for row, text in zip(rows, plain, strict=True)]

    def _together(self, rows: Sequence[tuple[str, ...]]) -> list[Any]:
        """Rows of texts, asked of the library."""
        if not all(map(_takes, zip(*rows, strict=True))):
            return list(map(self.evaluate, rows))
        names, run = self.names, self.run
        try:
            results = [run(dict(zip(names, values, strict=True))) for values in rows]
        except BaseException as error:
            if not (isinstance(error, Exception) or _is_panic(error)):
                raise
            return list(map(self.evaluate, rows))  # one of them: find it row by row
        return _all_plain(results)

    def shortly(self, columns: Sequence[Sequence[Any]]) -> list[Any] | None:
        """The same from columns, where there is a short way and nothing but texts; None otherwise."""
        if self.short is None or not all(map(_takes, columns)):
            return None
        unknown: set[int] = set()
        results = _all_plain(list(self.short(dict(zip(self.names, columns, strict=True)), unknown)))
        for at in unknown:
            if at < len(results):  # of a constant it may have asked for one more
                results[at] = self.evaluate(tuple(column[at] for column in columns))
        return results


def _all_plain(results: list[Any]) -> list[Any]:
    kinds = set(map(type, results))
    if kinds <= _AS_IT_IS or (kinds == {float} and isfinite(sum(results))):  # one that is not finite would make it so
        return results
    return [result if result.__class__ in _PLAIN else _plain(result) for result in results]


def _takes(column: Sequence[Any]) -> bool:
    """Whether the library takes every cell of a column for a text: what is no character (half a pair) it refuses."""
    if column.__class__ is not Texts and set(map(type, column)) != {str}:
        return False
    joined = "".join(column)
    try:
        joined.encode()
    except UnicodeEncodeError:
        return False
    return len(joined) <= MAX_TEXT or max(map(len, column)) <= MAX_TEXT


def _is_panic(error: BaseException) -> bool:
    """A defect of the library, which concerns one record only."""
    return type(error).__name__ == "PanicException"


_PLAIN = (str, bool, int, type(None))
_AS_IT_IS = frozenset(_PLAIN)


def _failed(error: Exception, missing: bool, values: tuple[Any, ...]) -> Any:
    if missing:
        return ABSENT if all(value is ABSENT for value in values) else None
    return Invalid(_reason(error))


def compile_expression(source: str, known: frozenset[str] | None) -> Expression | list[Fault]:
    """Compile an expression over a record's fields; `known` are the fields there are, None when nobody can say.

    Gives every fault at once. Imports the CEL library on first use (half a second and more).
    """
    if len(source) > MAX_LENGTH:
        message = f"the expression has {len(source)} characters, more than {MAX_LENGTH}; make it a transform"
        return [Fault("MAP022", message, 0)]
    found = scan(source)
    if found.depth > MAX_DEPTH or found.loops > MAX_LOOPS:
        what = "brackets" if found.depth > MAX_DEPTH else "loops (map, filter, exists, all)"
        return [Fault("MAP022", f"{what} are nested too deep; make it a transform", 0)]
    from cel import compile as compile_cel

    try:
        compile_cel(source)
    except ValueError as error:
        return [_syntax(str(error), source)]
    uses_row = "row" in found.variables and not (known and "row" in known)
    faults = [*_functions(found), *_variables(found, known, uses_row), *_patterns(found, compile_cel)]
    if faults:
        return faults
    names = tuple(sorted(_fields(found, known) - ({"row"} if uses_row else set())))
    extra: dict[str, Any] = {name: ADDED[name] for name in found.functions if name in ADDED}
    if "size" in found.functions:
        source, extra["size_"] = renamed(source, "size", "size_"), _size
    program = compile_cel(source)
    run = program.execute if not extra else _with(program.execute, extra)
    keys = tuple(sorted(found.row_keys)) if uses_row else ()
    return Expression(source, names, keys, run, None if keys or extra else short_way(source, names))


def _with(execute: Callable[[dict[str, Any]], Any], extra: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda bound: execute({**extra, **bound})


def _fields(found: Scan, known: frozenset[str] | None) -> set[str]:
    """Names that mean fields; `int` in `type(x) == int` is a type, unless the stream has such a field."""
    return {name for name in found.variables if name not in TYPES or (known is not None and name in known)}


def _functions(found: Scan) -> list[Fault]:
    return [
        Fault("MAP023", f"CEL has no function '{use.name}'", use.places[0], use.name)
        for use in found.functions.values()
        if use.name not in NATIVE and use.name not in ADDED
    ]


def _variables(found: Scan, known: frozenset[str] | None, uses_row: bool) -> list[Fault]:
    faults = []
    if uses_row:
        message = "'row' needs the name of a field in quotes: row['NAME']"
        faults += [Fault("MAP020", message, at) for at in found.bare_row]
    if known is not None:
        uses: list[Use] = [*found.variables.values(), *(found.row_keys.values() if uses_row else ())]
        faults += [
            Fault("MAP021", f"has no field '{use.name}'", use.places[0], use.name)
            for use in uses
            if use.name not in known and use.name not in TYPES and not (use.name == "row" and uses_row)
        ]
    return faults


def _patterns(found: Scan, compile_cel: Callable[[str], Any]) -> list[Fault]:
    faults = []
    for token in found.patterns:
        try:
            compile_cel(f"''.matches({token.text})").execute({})
        except RuntimeError:
            shown_text = shown(literal(token.text) or token.text)
            faults.append(Fault("MAP020", f"{shown_text} is no regular expression (RE2 syntax)", token.at))
    return faults


_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)")
_WANTED = re.compile(r" expecting (?:\{.*|'.*'|<EOF>)$")


def _syntax(message: str, source: str) -> Fault:
    """The parser's complaint in one sentence; of several, the one that names what was typed."""
    found = [(int(line), int(column), text) for line, column, text in _PLACE.findall(message)]
    found = [item for item in found if not item[2].startswith("Incomplete")] or found
    if not found:
        return Fault("MAP020", "the expression cannot be read", 0)
    line, column, text = found[0]
    at = sum(len(part) + 1 for part in source.split("\n")[: line - 1]) + column - 1
    text = _WANTED.sub("", text).strip()
    if "<EOF>" in text:
        text = "the expression ends too early"
    elif text.startswith(("mismatched input", "extraneous input", "no viable alternative at input")):
        text = f"{text[text.index(chr(39)) :]} is not expected here" if "'" in text else text
    elif text.startswith("token recognition error at: "):
        text = f"{text.removeprefix('token recognition error at: ').strip()} cannot be read here"
    hint = "; comparison is '==', logic is '&&', '||' and '!'" if re.search(r"'(?:= ?|and|or|not)'", text) else ""
    return Fault("MAP020", f"in the expression, {text}{hint}", min(at, len(source)))


def _fitting(value: Any) -> Any:
    """A value as CEL can take it whole: integers beyond 64 bits would become rounded numbers without a word."""
    kind = value.__class__
    if kind is str:
        return value if len(value) <= MAX_TEXT else Invalid(f"a text of more than {MAX_TEXT} characters")
    if kind is int:
        return value if -_INT64 <= value < _INT64 else Invalid("a whole number of more than 64 bits; send it as text")
    if kind is list:
        if len(value) > MAX_ITEMS:
            return Invalid(f"a list of more than {MAX_ITEMS} items")
        return _whole(value, [_fitting(item) for item in value])
    if kind is dict:
        if len(value) > MAX_ITEMS:
            return Invalid(f"a group of more than {MAX_ITEMS} entries")
        return _whole(value, [_fitting(item) for item in value.values()])
    return value


def _whole(value: Any, parts: list[Any]) -> Any:
    return next((part for part in parts if part.__class__ is Invalid), value)


def _plain(result: Any) -> Any:
    """A result as JSON: times as UTC text, no infinities, nothing that only CEL knows."""
    if isinstance(result, float):
        return result if isfinite(result) else Invalid("not a finite number")
    if isinstance(result, datetime):
        return iso(result if result.tzinfo else result.replace(tzinfo=UTC))
    if isinstance(result, list | dict):
        items = result if isinstance(result, list) else list(result.values())
        parts = [item if item.__class__ in _PLAIN else _plain(item) for item in items]
        wrong = next((part for part in parts if isinstance(part, Invalid)), None)
        if wrong is not None:
            return wrong
        if isinstance(result, list):
            return parts
        return {str(key): part for key, part in zip(result, parts, strict=True)}
    return result if result.__class__ in _PLAIN else Invalid(f"a {type(result).__name__} is no value of a record")


_FUNCTION = re.compile(r"Function '(\w+)' error|variable or function: '(\w+)'")
_OPERATION = re.compile(r"Unsupported operation: (\S+) (\S+) (\S+)\.")


def _reason(error: Exception) -> str:
    """Why an evaluation failed, without the values in it."""
    text = str(error)
    if isinstance(error, ZeroDivisionError):
        return "the expression divides by zero"
    if isinstance(error, OverflowError):
        return "a number in the expression is too large"
    if isinstance(error, LookupError):
        return "the expression reads an entry that is not there; ask has(...) first"
    operation = _OPERATION.search(text)
    if operation:
        return (
            f"the expression computes {' '.join(operation.groups())}; convert with string(...), int(...) or double(...)"
        )
    function = _FUNCTION.search(text)
    if function:
        return f"{function[1] or function[2]}(...) in the expression does not fit its value"
    return "an operation in the expression does not fit its values"
