"""Entity sets and their rows: typed values in memory, an ETag per row, and a log of changes with tombstones."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

Key = tuple[Any, ...]
_INTEGERS = ("Edm.Byte", "Edm.Int16", "Edm.Int32", "Edm.Int64")


@dataclass(frozen=True)
class EntitySet:
    """A kind of rows. `changed` and `created` name the properties that the system sets itself: a `…Date`/`…Time` pair
    when two are given. `numbered` makes keys: `guid`, or the first number. `alternate` are further unique keys."""

    name: str
    type: str
    keys: tuple[str, ...]
    properties: Mapping[str, str]
    changed: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    numbered: str = ""
    alternate: tuple[tuple[str, ...], ...] = ()
    required: tuple[str, ...] = ()
    longest: Mapping[str, int] = field(default_factory=dict)
    children: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    tracked: bool = True
    etags: bool = True
    deletable: bool = True


@dataclass
class Row:
    """One row: its values by property, and what the protocol knows about it."""

    values: dict[str, Any]
    version: int = 1
    sequence: int = 0


def typed(kind: str, value: Any) -> Any:
    """A value as rows keep it; raises ValueError. Text comes in as ISO, whatever the protocol says on the wire."""
    if value is None:
        return None
    if kind in ("Edm.DateTime", "Edm.DateTimeOffset"):
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if kind == "Edm.Date":
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    if kind == "Edm.Decimal":
        return Decimal(str(value))
    if kind in _INTEGERS:
        return int(value)
    if kind == "Edm.Double":
        return float(value)
    if kind == "Edm.Boolean":
        if not isinstance(value, bool):
            raise ValueError("not a boolean")
        return value
    return str(value)


class Table:
    """The rows of one set."""

    def __init__(self, of: EntitySet, now: Callable[[], float]) -> None:
        self.of, self._now = of, now
        self.rows: dict[Key, Row] = {}
        self.gone: list[tuple[int, Key]] = []
        self._sequence = 0
        self._number = int(of.numbered) if of.numbered.isdigit() else 0

    @property
    def sequence(self) -> int:
        return self._sequence

    def load(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows that were there before; their times stay as given."""
        for given in rows:
            self.add(self._all({name: typed(self.of.properties[name], value) for name, value in given.items()}))

    def add(self, values: dict[str, Any]) -> Row:
        values = self._keyed(self._all(values))
        self._sequence += 1
        row = Row(values, sequence=self._sequence)
        self.rows[self.key(values)] = row
        return row

    def stamp(self, values: dict[str, Any], *, new: bool) -> None:
        """Set what the system sets itself."""
        at = datetime.fromtimestamp(int(self._now() * 1000) / 1000, UTC)
        for names in (self.of.created if new else (), self.of.changed):
            for name in names:
                kind = self.of.properties[name]
                midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
                if kind == "Edm.Time":
                    values[name] = at.strftime("%H:%M:%S")
                elif kind == "Edm.Date":
                    values[name] = at.date()
                elif kind == "Edm.Int64":
                    values[name] = self._sequence + 1
                else:
                    values[name] = midnight if kind == "Edm.DateTime" and name.endswith("Date") else at

    def change(self, row: Row, values: Mapping[str, Any]) -> None:
        self._sequence += 1
        row.values.update(values)
        row.version, row.sequence = row.version + 1, self._sequence

    def remove(self, key: Key) -> None:
        self._sequence += 1
        del self.rows[key]
        self.gone.append((self._sequence, key))

    def key(self, values: Mapping[str, Any]) -> Key:
        return tuple(values[name] for name in self.of.keys)

    def find(self, names: tuple[str, ...], wanted: Key) -> Row | None:
        """The row with these values in these properties."""
        if names == self.of.keys:
            return self.rows.get(wanted)
        for row in self.rows.values():
            if tuple(row.values[name] for name in names) == wanted:
                return row
        return None

    def _all(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: values.get(name) for name in self.of.properties}

    def _keyed(self, values: dict[str, Any]) -> dict[str, Any]:
        name = self.of.keys[0]
        if values[name] is None and self.of.numbered == "guid":
            values[name] = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.of.name}/{self._sequence + 1}"))
        elif values[name] is None and self.of.numbered:
            while (str(self._number),) in self.rows:
                self._number += 1
            values[name] = str(self._number)
        return values
