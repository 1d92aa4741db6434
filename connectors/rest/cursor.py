"""The cursor of one stream: reading it off rows, comparing, and spelling it for the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.base import RawRow
from connectors.rest.config import StreamConfig
from connectors.rest.notation import NAMES, Notation
from goldbridge.errors import Halt
from goldbridge.ports import Json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor:
    """Positions are texts in one spelling (`Notation.canonical`); what rows and the API have may be spelt otherwise."""

    def __init__(self, stream: StreamConfig, zone: str | None, about: str) -> None:
        self.name, self.key, self._about = stream.cursor, stream.key, about
        self.notation = Notation(stream.cursor_format, zone)
        self._sent = Notation(stream.sent_as, zone) if stream.sent_as else self.notation
        self._sorts_as_text = stream.cursor_format not in NAMES and "%z" not in stream.cursor_format

    def canonical(self, value: Json) -> str:
        """A value in the spelling of positions."""
        try:
            return self.notation.canonical(value)
        except (ValueError, TypeError):
            raise self._unreadable(value) from None

    def sent(self, position: str) -> Json:
        """A position as the API wants to be asked."""
        try:
            return self.notation.sent(position, self._sent)
        except ValueError:
            raise self._unreadable(position) from None

    def rank(self, value: Json) -> Any:
        """What values sort by."""
        try:
            return self.notation.rank(value)
        except (ValueError, TypeError):
            raise self._unreadable(value) from None

    def ranks(self, values: Sequence[Json]) -> list[Any]:
        """What many values sort by; those of a pattern are compared as they stand, since parsing it is slow."""
        if self._sorts_as_text and len({len(str(value)) for value in values}) == 1:
            return [str(value) for value in values]
        return [self.rank(value) for value in values]

    def later(self, value: Json, position: str) -> bool:
        """Whether a value lies behind a position; everything lies behind the empty one."""
        return not position or self.rank(value) > self.rank(position)

    def beyond(self, row: RawRow, end: str) -> bool:
        """Whether a row lies behind the end of a window; the empty end is none."""
        value = row.get(str(self.name))
        return bool(end) and value is not None and self.later(value, end)

    def place(self, row: RawRow) -> tuple[str, str]:
        """Cursor and key of a row; raises `Halt` CON103 when a keyset walk cannot go on from it."""
        key = row.get(self.key)
        value = None if self.name is None else row.get(self.name)
        if key is None or (value is None and self.name is not None):
            lacking = self.key if key is None else self.name
            raise Halt(
                "CON103",
                f"{self._about} {key or ''}: the row has no '{lacking}', so the walk cannot go on from it; "
                "leave such rows out by a parameter of `read`",
            )
        return "" if self.name is None else self.canonical(value), str(key)

    def middle(self, lower: str, upper: str) -> str:
        """A position between two others, "" when there is none that the API could tell from them."""
        first = self.notation.moment(lower) if lower else _EPOCH
        last = self.notation.moment(upper)
        middle = self.notation.write(first + (last - first) / 2)
        spelt = [str(self.sent(position)) for position in (lower, middle, upper) if position]
        return "" if first >= last or len(set(spelt)) < len(spelt) else middle

    def _unreadable(self, value: Json) -> Halt:
        return Halt(
            "CON107",
            f"{self._about}: the cursor {str(value)[:40]!r} is not written as {self.notation.form!r}; "
            "correct `cursor_format` of the stream, or give the range as the source writes it",
        )


def falling(keys: Sequence[str]) -> bool:
    """Whether keys fall: as numbers when they all are, else as text, capitals counted or not."""
    if all(key.isdecimal() for key in keys):
        numbers = [int(key) for key in keys]
        return numbers != sorted(numbers)
    folded = [key.casefold() for key in keys]
    return list(keys) != sorted(keys) and folded != sorted(folded)
