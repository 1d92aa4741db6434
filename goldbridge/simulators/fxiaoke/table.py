"""The rows of one object, found by id, by time of modification and by any value without walking through all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Any

from goldbridge.simulators.fxiaoke.field import ObjectSchema

Row = dict[str, Any]


class Table:
    """Rows keep only what is not empty. Every change goes through `put` and `drop`, which keep the indexes true."""

    def __init__(self, schema: ObjectSchema) -> None:
        self.schema = schema
        self.rows: dict[str, Row] = {}
        self.ids: list[str] = []
        self.times: list[tuple[int, str]] = []
        self._equal: dict[str, dict[Any, set[str]]] = {name: {} for name in schema.unique}

    def put(self, row: Row) -> None:
        """Store a row under its `_id`, replacing the one that was there."""
        key: str = row["_id"]
        if old := self.rows.get(key):
            self._forget(old)
        else:
            insort(self.ids, key)
        self.rows[key] = row
        insort(self.times, (row["last_modified_time"], key))
        for name, index in self._equal.items():
            if (value := row.get(name)) is not None:
                index.setdefault(_hashable(value), set()).add(key)

    def drop(self, key: str) -> None:
        """Remove a row for good."""
        self._forget(self.rows.pop(key))
        del self.ids[bisect_left(self.ids, key)]

    def _forget(self, row: Row) -> None:
        key = row["_id"]
        del self.times[bisect_left(self.times, (row["last_modified_time"], key))]
        for name, index in self._equal.items():
            if (value := row.get(name)) is not None:
                index[_hashable(value)].discard(key)

    def holding(self, name: str, value: Any) -> set[str]:
        """The ids of the rows whose field `name` is `value`; the index is built when it is first asked for."""
        if name == "_id":
            return {value} if value in self.rows else set()
        if name not in self._equal:
            index: dict[Any, set[str]] = {}
            for key, row in self.rows.items():
                if (held := row.get(name)) is not None:
                    index.setdefault(_hashable(held), set()).add(key)
            self._equal[name] = index
        return self._equal[name].get(_hashable(value), set())

    def holder(self, name: str, value: Any) -> str | None:
        """The valid row that holds a unique value; an invalidated row gives its value free."""
        for key in sorted(self.holding(name, value)):
            if self.rows[key]["life_status"] != "invalid":
                return key
        return None

    def id_range(self, low: str | None, high: str | None) -> tuple[int, int]:
        """Positions in `ids` for low < id < high."""
        start = bisect_right(self.ids, low) if low is not None else 0
        stop = bisect_left(self.ids, high) if high is not None else len(self.ids)
        return start, max(start, stop)

    def time_range(self, low: int | None, high: int | None) -> tuple[int, int]:
        """Positions in `times` for low <= time <= high."""
        start = bisect_left(self.times, (low, "")) if low is not None else 0
        stop = bisect_left(self.times, (high + 1, "")) if high is not None else len(self.times)
        return start, max(start, stop)

    def __iter__(self) -> Iterator[Row]:
        """Rows in id order."""
        return (self.rows[key] for key in self.ids)

    def __len__(self) -> int:
        return len(self.rows)


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
