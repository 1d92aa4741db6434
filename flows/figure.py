"""What two sides of a comparison hold: when two values are the same, and the figures of many of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from goldbridge.ports import Json

MOST_GROUPS = 200
"""Values of a field to group by; the rows of all others are told together."""
OTHERS = "\u2026"
_PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.+Z-]*)?")
_DIGITS = frozenset("-0123456789")
NOTHING: tuple[Any, ...] = (None, "", [])
Cell = tuple[str | list[str], Decimal | str | None]
"""What `read` says of a value."""


def same(expected: Any, found: Any) -> bool:
    """Equal in meaning: numbers as numbers whatever their spelling, lists in any order, no value as no value."""
    if expected in NOTHING and found in NOTHING:
        return True
    if expected == found:
        return True
    if isinstance(expected, list) or isinstance(found, list):
        return sorted(map(str, _listed(expected))) == sorted(map(str, _listed(found)))
    ours, theirs = number(expected), number(found)
    if ours is not None and theirs is not None:
        return ours == theirs
    return str(expected) == str(found)


def read(value: Any) -> Cell:
    """A value in one spelling, empty for no value and never the same for two that differ in meaning, and what has a
    smallest and a largest: the number, or the day or moment as ISO text."""
    if isinstance(value, str):
        if not value or value[0] not in _DIGITS:
            return value, None
        said = number(value)
        if said is not None:
            return text(said), said
        return value, value if _DAY.fullmatch(value) else None
    if value is None or value == []:
        return "", None
    if isinstance(value, list):
        return sorted(map(str, value)), None
    said = number(value)
    if said is not None:
        return text(said), said
    return str(value), str(value) if isinstance(value, date) else None


def number(value: Any) -> Decimal | None:
    """A number, or text that can only be one: `0571`, `+86571` and `1e2` are codes, which have one spelling."""
    if isinstance(value, str):
        return Decimal(value) if _PLAIN.fullmatch(value) else None
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return None
    said = Decimal(str(value))
    return said if said.is_finite() else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in NOTHING else [value]


def text(value: Any) -> str:
    """A value as reports show it."""
    if isinstance(value, Decimal):
        return "0" if value == 0 else f"{value.normalize():f}"
    return "" if value is None else str(value)


@dataclass(slots=True)
class Tally:
    """One field on one side: rows that have a value, the smallest and largest number or day, and the sum."""

    filled: int = 0
    least: Decimal | str | None = None
    most: Decimal | str | None = None
    sum: Decimal = Decimal(0)
    mixed: bool = False

    def add(self, said: Decimal | str | None) -> None:
        """Count a value that is not empty, by what `read` says of it."""
        self.filled += 1
        if said is None:
            self.mixed = True
            return
        if isinstance(said, Decimal):
            self.sum += said
        if self.mixed:
            return
        if self.least is None or self.most is None:
            self.least = self.most = said
        elif type(said) is not type(self.least):
            self.mixed = True
        elif said < self.least:  # type: ignore[operator]
            self.least = said
        elif said > self.most:  # type: ignore[operator]
            self.most = said

    def __add__(self, other: Tally) -> Tally:
        both = Tally(self.filled + other.filled, sum=self.sum + other.sum, mixed=self.mixed or other.mixed)
        ends = [end for each in (self, other) for end in (each.least, each.most) if end is not None]
        both.mixed = both.mixed or len(set(map(type, ends))) > 1
        if ends and not both.mixed:
            both.least, both.most = min(ends), max(ends)
        return both

    def as_json(self, *, sums: bool) -> dict[str, Json]:
        told: dict[str, Json] = {"filled": self.filled}
        if self.least is not None and not self.mixed:
            told |= {"min": text(self.least), "max": text(self.most)}
        return {**told, "sum": text(self.sum)} if sums else told


@dataclass(slots=True)
class Side:
    """The figures of one side, of all rows or of one group."""

    rows: int = 0
    fields: dict[str, Tally] = field(default_factory=dict)

    def __add__(self, other: Side) -> Side:
        names = self.fields | other.fields
        return Side(
            self.rows + other.rows,
            {name: self.fields.get(name, Tally()) + other.fields.get(name, Tally()) for name in names},
        )

    def add(self, values: Mapping[str, Cell], names: Iterable[str]) -> None:
        """Count a row; `values` are its fields as `read` says them."""
        self.rows += 1
        for name in names:
            written, said = values[name]
            if written:
                tally = self.fields.get(name)
                if tally is None:
                    tally = self.fields[name] = Tally()
                tally.add(said)


EXPECTED, FOUND, BOTH = 0, 1, 2
SIDES = ((0,), (1,), (0, 1))


class Figures:
    """Figures by a value, for each side; rows that agree are counted once for both."""

    def __init__(self) -> None:
        self._sides: dict[str, tuple[Side, Side, Side]] = {}

    def add(self, side: int, value: str, row: Mapping[str, Cell], names: Iterable[str]) -> None:
        if value not in self._sides:
            self._sides[value] = (Side(), Side(), Side())
        self._sides[value][side].add(row, names)

    def told(self, most: int = MOST_GROUPS) -> dict[str, tuple[Side, Side]]:
        """Value -> both sides, by value; of very many values the `most` with the most rows, the others together."""
        by_rows = sorted(self._sides, key=lambda value: (-sum(side.rows for side in self._sides[value]), value))
        found = {value: self._both(value) for value in sorted(by_rows[:most])}
        for value in by_rows[most:]:
            before, here = found.get(OTHERS, (Side(), Side())), self._both(value)
            found[OTHERS] = (before[0] + here[0], before[1] + here[1])
        return found

    def _both(self, value: str) -> tuple[Side, Side]:
        expected, found, both = self._sides[value]
        return expected + both, found + both
