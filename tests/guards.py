"""What guards of edge cases do when they are switched off, where saying nothing (see `silent`) is not the way.

A guard is a function that makes an edge case come out right; tests name it in their docstring, `Guard: module:name`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

Mutant = Callable[[Any], Any]
"""Makes the function that stands in, from the one that is there."""

_EMPTY: Mapping[str, Callable[[], Any]] = {
    "bool": bool, "int": int, "str": str, "list": list, "dict": dict, "set": set, "tuple": tuple, "frozenset": set,
    "Iterator": lambda: iter(()), "Iterable": tuple, "Sequence": tuple, "Mapping": dict, "Counter": dict,
}  # fmt: skip


def silent(real: Any) -> Any:
    """It says no, nothing, or an empty something: whatever its annotation allows."""
    said = str(inspect.signature(real).return_annotation).partition("[")[0].strip("'")
    empty = _EMPTY.get(said, lambda: None)
    return lambda *_args, **_kw: empty()


def returns(value: Any) -> Mutant:
    """It says always the same."""
    return lambda _: lambda *_args, **_kw: value


def argument(at: int) -> Mutant:
    """It gives back what it was given."""
    return lambda _: lambda *args, **_kw: args[at]


def counting(_: Any) -> Any:
    """It says something else every time."""
    numbers = count()
    return lambda *_args, **_kw: str(next(numbers))


def forgetful(real: Any) -> Any:
    """Golden ids are given as if none had ever been held."""
    return lambda clusters, _current, issued, **_kw: real(clusters, {}, issued)


MUTANTS: Mapping[str, Mutant] = {
    "dedupe.forest:Forest.obstacle": lambda _: lambda _self, a, b: ("", (a, b)),
    "dedupe.forest:Forest.clusters": lambda _: lambda self: tuple(map(tuple, self._members.values())),
    "goldbridge.state.document:digest_of": counting,
    "goldbridge.state.golden:_event": returns("changed"),
    "goldbridge.state.landing:_without": argument(0),
    "goldbridge.state.landing:Change.reborn": argument(0),
    "goldbridge.state.redirect:_ends": lambda _: lambda id, *_rest: {id},
    "mdm.criterion:says": returns(True),
    "mdm.identity:assign": forgetful,
}
"""Guard -> how it is switched off."""
