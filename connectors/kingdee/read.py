"""Reads a form: along its window by internal id, and by our ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from connectors.base import Page, Position, RawRow
from connectors.kingdee.client import KingdeeClient, quoted
from connectors.kingdee.config import KingdeeForm
from goldbridge.errors import Halt
from goldbridge.http.window import Steps, Walk, by_difference, by_number, pages, plan

_NOTATION = "%Y-%m-%d %H:%M:%S"
ZERO = "1900-01-01 00:00:00"
_IN_ONE_FILTER = 200


def keys_of(form: KingdeeForm, more: Sequence[str] = ()) -> tuple[str, ...]:
    """The fields a row is read with: those of the settings and those the connector needs."""
    needed = (form.key, form.number, *form.fields, form.flag, "FDocumentStatus", *form.times, form.external_id)
    return tuple(dict.fromkeys(filter(None, (*needed, *more))))


class FormReader:
    """Reads one form."""

    def __init__(self, client: KingdeeClient, form: KingdeeForm, name: str, page_size: int) -> None:
        self._client, self._form, self._name, self._page_size = client, form, name, page_size
        self._keys = keys_of(form)

    def walk(self, start: Position | None, end: str, overlap_s: float) -> Iterator[Page]:
        """The pages from a position to `end`; the last one stands at the end of the window."""
        cursor, tie = start or (ZERO, "")
        checked(cursor, self._name)
        back = lambda text: earlier(text, overlap_s)  # noqa: E731
        for walk in plan(cursor or ZERO, tie, checked(end, self._name), back):
            last = Page([], Position(*walk.at()))
            for found in pages(self._steps(walk), walk, self._page_size):
                if last.rows or last.rejects:
                    yield last
                last = Page(found.rows, Position(*found.walk.at()), rejects=found.rejects)
            last.at = Position(*walk.done())  # known to be the last only now, when nothing followed
            yield last

    def _steps(self, walk: Walk) -> Steps:
        form = self._form
        inside = [f"({time} > {quoted(walk.lower)} and {time} <= {quoted(walk.upper)})" for time in form.times]
        text = form.key == form.number

        def ask(after: str, limit: int, skip: int) -> list[RawRow]:
            beyond = f"{form.key} > {quoted(after) if text else after or '0'}"
            conditions = (" or ".join(inside), beyond, form.filter)
            return self._client.query(
                form.form, self._keys, conditions, form.key, limit=limit, start=skip, about=self._name
            )

        subject = f"{self._client.http.system} {self._name}"
        return Steps(ask, form.key, by_difference if text else by_number, subject, "CON164")

    def find(self, field: str, values: Sequence[str], more: Sequence[str] = ()) -> list[RawRow]:
        """Rows whose field has one of these values, oldest first; ids are compared as numbers, all else as text."""
        keys = keys_of(self._form, more)
        found: list[RawRow] = []
        wanted = sorted({value for value in values if value})
        for at in range(0, len(wanted), _IN_ONE_FILTER):
            part = wanted[at : at + _IN_ONE_FILTER]
            chosen = ",".join(part if field == self._form.key else map(quoted, part))
            found += self._all(keys, f"{field} in ({chosen})")
        return found

    def _all(self, keys: Sequence[str], condition: str) -> list[RawRow]:
        form, after, found = self._form, "0", list[RawRow]()
        while True:
            conditions = (condition, f"{form.key} > {after}", form.filter)
            rows = self._client.query(form.form, keys, conditions, form.key, limit=self._page_size, about=self._name)
            found += rows
            if not rows or not by_number(after, str(rows[-1][form.key])):
                return found
            after = str(rows[-1][form.key])


def written(at: datetime) -> str:
    return at.strftime(_NOTATION)


def earlier(text: str, seconds: float) -> str:
    return max(ZERO, written(datetime.fromisoformat(text) - timedelta(seconds=seconds)))


def checked(text: str, name: str) -> str:
    """A position's time, as the filter takes it."""
    try:
        good = not text or written(datetime.fromisoformat(text)) == text
    except ValueError:
        good = False
    if not good:
        raise Halt("CON169", f"{name}: the position '{text}' is no time; give the range as ISO dates")
    return text
