"""What a transform is: a named pure function over one value, with at most one argument, fit for `via:`.

Transforms see values only, never absent, null or empty. A text transform meets a list item by item and a number as its
plain text. One that cannot use a value returns `Invalid` with the reason; an exception is a defect of the transform.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from goldbridge.mapping.value import Invalid, Texts, has_value, plain_text, shown

Function = Callable[..., Any]
Kind = Literal["text", "list", "any"]
Gives = Literal["text", "list", "group", "any"]


@dataclass(frozen=True, slots=True)
class Argument:
    """The one argument of a transform; `kind` says what may be written, `choices` lists the words if they are few."""

    name: str
    kind: Literal["integer", "text", "texts", "zone", "choice", "table"]
    required: bool = True
    choices: tuple[str, ...] = ()

    def problem(self, value: Any) -> str:
        """What is wrong with a written argument; empty when nothing is."""
        match self.kind:
            case "integer":
                fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
                return "" if fits else f"{self.name} must be a whole number above 0, not {shown(value)}"
            case "texts":
                fits = isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))
                return "" if fits and value else f"{self.name} must be a text or a list of texts, not {shown(value)}"
            case "table":
                fits = isinstance(value, dict) and all(isinstance(v, str) for v in value.values()) and "" not in value
                return "" if fits and value else f"{self.name} must be written as {{old: new}}, not {shown(value)}"
            case "choice":
                words = ", ".join(self.choices)
                return "" if value in self.choices else f"{self.name} must be one of {words}, not {shown(value)}"
            case "zone":
                return "" if isinstance(value, str) and is_zone(value) else f"no time zone is called {shown(value)}"
        return "" if isinstance(value, str) and value else f"{self.name} must be a text, not {shown(value)}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A given value and what becomes of it: documentation that the tests run. `result` may be an `Invalid`."""

    given: Any
    result: Any
    argument: Any = None


@dataclass(frozen=True, slots=True)
class Transform:
    """One entry of the list in functions.py.

    `of_type` names the model type whose canonical form the result already has, so that it is not coerced twice.
    `costly` ones stay memoised however distinct the data are. `zoned` ones fall back to the source's zone. `whole`
    does to a column what the function does to each of its texts, at a lower price; it takes the same argument.
    """

    name: str
    function: Function
    about: str
    argument: Argument | None = None
    takes: Kind = "text"
    gives: Gives = "text"
    of_type: str = ""
    costly: bool = False
    whole: Function | None = None
    samples: tuple[Sample, ...] = ()

    @property
    def zoned(self) -> bool:
        return self.argument is not None and self.argument.kind == "zone"

    def bind(self, argument: Any = None) -> Step:
        """The transform with its argument filled in; the argument was checked before."""
        function, whole = self.function, self.whole
        if argument is not None and self.argument is not None:
            function = partial(_second, function, argument)
            whole = whole and partial(_second, whole, argument)
        return Step(self, function, argument, whole)


def _second(function: Function, argument: Any, value: Any) -> Any:
    return function(value, argument)


class Step:
    """A bound transform inside a chain; `on_text` is its fast path, `on_any` takes whatever else may come. `on_texts`
    takes a column of texts, None where there is no quicker way than one by one."""

    __slots__ = ("argument", "on_any", "on_text", "on_texts", "transform")

    def __init__(self, transform: Transform, function: Function, argument: Any, whole: Function | None = None) -> None:
        self.transform = transform
        self.argument = argument
        self.on_texts: Callable[[Texts], list[Any]] | None = whole
        self.on_text: Function = partial(_alone, function) if transform.takes == "list" else function
        self.on_any: Function = function if transform.takes == "any" else partial(_ANY[transform.takes], function)

    def __str__(self) -> str:
        return self.transform.name if self.argument is None else f"{self.transform.name}: {shown(self.argument)}"


def _alone(function: Function, value: Any) -> Any:
    return function([value])


def _listed(function: Function, value: Any) -> Any:
    return function(value if isinstance(value, list) else [value])


def _texts(function: Function, value: Any) -> Any:
    if isinstance(value, list):
        return _each(function, value)
    text = plain_text(value)
    return text if isinstance(text, Invalid) else function(text)


_ANY: dict[str, Callable[[Function, Any], Any]] = {"list": _listed, "text": _texts}


def _each(function: Function, items: list[Any]) -> list[Any]:
    """The list with every value of it transformed; empty results go, a list result takes its item's place."""
    out: list[Any] = []
    for item in items:
        if item.__class__ is Invalid:
            out.append(item)
            continue
        if not has_value(item):
            continue
        text = plain_text(item)
        value = text if isinstance(text, Invalid) else function(text)
        if isinstance(value, list):
            out.extend(value)
        elif has_value(value):
            out.append(value)
    return out


class Listing:
    """Collects transforms: `@listing(samples=...)` above a function lists it under its name with its docstring."""

    def __init__(self) -> None:
        self.all: dict[str, Transform] = {}

    def __call__(self, **about: Any) -> Callable[[Function], Function]:
        def listed(function: Function) -> Function:
            self.add(function.__name__.rstrip("_"), function, inspect.getdoc(function) or "", **about)
            return function

        return listed

    def add(
        self,
        name: str,
        function: Function,
        about: str,
        *,
        whole: Callable[[Function], Function] | None = None,
        **rest: Any,
    ) -> None:
        """`whole` makes of the function the one that does the same to a column."""
        self.all[name] = Transform(
            name, function, " ".join(about.split()), whole=whole(function) if whole else None, **rest
        )


def is_zone(name: str) -> bool:
    """Whether the system knows a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
