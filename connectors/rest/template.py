"""Templates: the parts of a request as YAML writes them, with placeholders such as `{after}`, compiled once.

A placeholder that has no value takes its parameter (or its key in a body) with it: the first run sends no `after` at
all instead of an empty one. A text that is nothing but a placeholder keeps the type of the value: `"{limit}"` is a
number in a JSON body, `"{values}"` a whole record. Braces around anything else stay as they are, so that a GraphQL
question needs no quoting; `{{limit}}` is the text `{limit}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from goldbridge.ports import Json
from goldbridge.records.hint import did_you_mean

Values = Mapping[str, Json]
_Fill = Callable[[Values], Json]
_PLACEHOLDER = re.compile(r"\{(\{[a-z_0-9]+\})\}|\{([a-z_0-9]+)\}")


class _Missing:
    """Stands for a part whose placeholder has no value."""


_MISSING = _Missing()


class Template:
    """One compiled template; `names` are the placeholders in it."""

    def __init__(self, shape: Json) -> None:
        self.names = frozenset(placeholders(shape))
        self._fill = _compile(shape)

    def fill(self, values: Values) -> Json:
        """The template with its values; None when what it consists of has no value."""
        filled = self._fill(values)
        return None if filled is _MISSING else filled

    def text(self, values: Values) -> str:
        """The same as text; empty when it has no value."""
        filled = self.fill(values)
        return "" if filled is None else _text(filled)


def path(shape: str) -> Template:
    """A template for a path: its values are escaped, so that a key with a slash stays one step of the path."""
    template = Template(shape)
    inner = template._fill
    template._fill = lambda values: inner({name: quote(_text(value), safe="") for name, value in values.items()})
    return template


def placeholders(shape: Json) -> Iterator[str]:
    """The names of all placeholders in a shape."""
    if isinstance(shape, str):
        yield from (found[2] for found in _PLACEHOLDER.finditer(shape) if found[2])
    elif isinstance(shape, Mapping):
        for value in shape.values():
            yield from placeholders(value)
    elif isinstance(shape, list | tuple):
        for value in shape:
            yield from placeholders(value)


def unknown(shape: Json, fillable: Iterable[str]) -> str:
    """A sentence on the first placeholder that nobody fills here, empty when all are known."""
    names = list(fillable)
    for name in placeholders(shape):
        if name not in names:
            known = [f"{{{one}}}" for one in names]
            return f"unknown placeholder '{{{name}}}'{did_you_mean(f'{{{name}}}', known, at_most=20)}"
    return ""


def _compile(shape: Json) -> _Fill:
    if isinstance(shape, str):
        return _compile_text(shape)
    if isinstance(shape, Mapping):
        pairs = [(key, _compile(value)) for key, value in shape.items()]
        return lambda values: {key: made for key, fill in pairs if (made := fill(values)) is not _MISSING}
    if isinstance(shape, list | tuple):
        items = [_compile(value) for value in shape]
        return lambda values: [made for fill in items if (made := fill(values)) is not _MISSING]
    return lambda _: shape


def _compile_text(shape: str) -> _Fill:
    parts: list[tuple[str, str]] = []  # (literal text before, name of the placeholder)
    end = 0
    literal = ""
    for found in _PLACEHOLDER.finditer(shape):
        literal += shape[end : found.start()]
        end = found.end()
        if found[1]:
            literal += found[1]
        else:
            parts.append((literal, found[2]))
            literal = ""
    tail = literal + shape[end:]
    if not parts:
        return lambda _: tail
    if len(parts) == 1 and not parts[0][0] and not tail:
        name = parts[0][1]
        return lambda values: _MISSING if values.get(name) is None else values[name]

    def fill(values: Values) -> Any:
        made = []
        for before, name in parts:
            value = values.get(name)
            if value is None:
                return _MISSING
            made += [before, _text(value)]
        return "".join(made) + tail

    return fill


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)
