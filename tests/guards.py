"""The guards that tests of edge cases rest on, and what each does when it is switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Mutant = Callable[[Any], Any]
"""Makes the function that stands in, from the one that is there."""


def returns(value: Any) -> Mutant:
    """It says always the same."""
    return lambda _: lambda *_args, **_kw: value


def argument(at: int) -> Mutant:
    """It gives back what it was given."""
    return lambda _: lambda *args, **_kw: args[at]


GUARDS: dict[str, Mutant] = {
    "dedupe.cluster:_Forest.obstacle": lambda _: lambda _self, a, b: ("", (a, b)),
    "dedupe.cluster:_Forest.join": returns(None),
}
