"""What guards of edge cases do when they are switched off, where saying nothing (see `silent`) is not the way.

A guard is a function that makes an edge case come out right; tests name it in their docstring, `Guard: module:name`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from sqlalchemy import true

from dedupe.statistic import Statistics

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


def _wasteful(real: Any) -> Any:
    """A new golden id never is one that was given up."""

    def made(cluster: Any, issued: Any, used: Any, result: Any) -> Any:
        return real(cluster, {id: replace(one, state="active") for id, one in issued.items()}, used, result)

    return made


MUTANTS: Mapping[str, Mutant] = {
    "dedupe.block:keys_of_facets": lambda real: lambda rules, _statistics, offered: real(rules, Statistics(), offered),
    "dedupe.prepare:_texts": lambda _: lambda value, _kind, found: found.append(str(value)),
    "dedupe.forest:Forest.obstacle": lambda _: lambda _self, a, b: ("", (a, b)),
    "dedupe.forest:Forest.clusters": lambda _: lambda self: tuple(map(tuple, self._members.values())),
    "goldbridge.state.document:digest_of": counting,
    "goldbridge.state.golden:_event": returns("changed"),
    "goldbridge.state.landing:_without": argument(0),
    "goldbridge.state.landing:Change.reborn": argument(0),
    "goldbridge.state.ownership:writable": lambda _: true,
    "goldbridge.state.redirect:_ends": lambda _: lambda id, *_rest: {id},
    "mdm.criterion:says": returns(True),
    "goldbridge.mapping.functions:_is_blank": lambda real: lambda text: not real(text),
    "mdm.identity:_new_id": _wasteful,
    "mdm.identity:assign": forgetful,
}
"""Guard -> how it is switched off."""
