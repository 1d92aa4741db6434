"""Finds the one record that breaks every page it is on, so that the rest of the window still comes.

Where pages are counted and their size can be asked for, a broken page is asked for in ever smaller ones. Elsewhere the
window is cut by time until what breaks is alone in the shortest span that the API can tell apart. A server that does
not answer a question without rows either is down, and nobody blames a record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from connectors.rest.cursor import Cursor
from connectors.rest.page import Answered, Pager, Step
from connectors.rest.read_config import ReadConfig
from goldbridge.errors import Halt, Misconfigured, Retry
from goldbridge.http.counted import Part, Whole, by_parts
from goldbridge.http.narrow import is_fault
from goldbridge.ports import Json

_COUNTED = ("page", "offset")


class Counted:
    """Pages that the server counts off."""

    def __init__(self, pager: Pager, read: ReadConfig, key: str, size: int) -> None:
        self._pager, self._read, self._key, self._size = pager, read, key, size
        self._can = read.paging in _COUNTED and "limit" in read.names()

    def ask(self, window: Mapping[str, Json], step: Step, before: str) -> Answered:
        """The page at `step`, without the records that break it; `before` is the key of the row ahead of it."""
        try:
            return self._pager.ask(window, step, self._size)
        except Retry as error:
            if not self._can:
                raise
            first = step.offset if self._read.paging == "offset" else (step.page - self._read.first_page) * self._size

            def part(skip: int, take: int) -> Part[int | None]:
                page = self._read.first_page + skip // take
                found = self._pager.ask(window, Step(page=page, offset=skip, asked=step.asked), take)
                return Part(found.rows, found.rejects, found.following is None, found.total)

            return self._whole(step, first, by_parts(part, self._key, first, self._size, before, error))

    def _whole(self, step: Step, first: int, found: Whole[int | None]) -> Answered:
        """The parts as the one page they were; only the last of them can say that nothing follows."""
        following = None
        if not found.ends:
            following = Step(page=step.page + 1, offset=first + self._size, asked=step.asked + 1)
        mark = hash(tuple([str(row.get(self._key)) for row in found.rows] + [place for place, _ in found.rejects]))
        return Answered(found.rows, found.rejects, found.told, following, mark)


class Timed:
    """Windows of time. `window` is a question after a position, up to another one, behind a key."""

    def __init__(
        self, pager: Pager, read: ReadConfig, cursor: Cursor, window: Callable[[str, str, str], Mapping[str, Json]]
    ) -> None:
        self._pager, self._cursor, self._window = pager, cursor, window
        self._can = "until" in read.names() and cursor.name is not None and cursor.notation.timed
        self._sized = "limit" in read.names()

    def halves(self, size: int) -> bool:
        """Whether fewer rows can be asked for."""
        return self._sized and size > 1

    def middle(self, lower: str, upper: str, error: Retry) -> str:
        """Where to cut a window that is broken; nowhere ("") when it is the shortest there is. Raises `error`."""
        if not self._can or not upper or not is_fault(error):
            raise error
        middle = self._cursor.middle(lower, upper)
        if not middle:
            self.alive(upper)
        return middle

    def alive(self, upper: str) -> None:
        """A window of no length holds no record that could break it."""
        with suppress(Halt, Misconfigured):
            self._ask(upper, upper, "")

    def first(self, cursor: str, end: str, tie: str, error: Retry) -> tuple[str, str]:
        """(what is served, where the first record stands that is not) behind a keyset position.

        Nothing is served when that record has the very time of the position.
        """
        self.middle(cursor, end, error)
        self.alive(end)
        if tie and not self._serves(cursor, cursor, tie):
            self.alive(end)
            return "", cursor
        lower, upper = cursor, end
        while middle := self._cursor.middle(lower, upper):
            if self._serves(cursor, middle, tie):
                lower = middle
            else:
                upper = middle
        self.alive(end)
        if upper == cursor or not self._cursor.later(upper, cursor):
            raise error
        return lower, upper

    def _serves(self, after: str, until: str, tie: str) -> bool:
        try:
            self._ask(after, until, tie)
        except Retry as error:
            if not is_fault(error):
                raise
            return False
        return True

    def _ask(self, after: str, until: str, tie: str) -> None:
        self._pager.ask(self._window(after, until, tie), self._pager.first(), 1)
