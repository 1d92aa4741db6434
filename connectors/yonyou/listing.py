"""Lists a window again and again until two listings agree.

Pages are counted off by the server while people work: an edited row moves to another page, and the row behind it slips
through. Whatever slips through one listing shows in the next one, so two that agree row by row missed nothing. Rows go
out as they come; in a repeated listing only those that are new or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectors.base import RawRow
from goldbridge.errors import Halt, Reject

_LISTINGS = 4
_REPEATS = 3
Fetch = Callable[[int], tuple[list[RawRow], int | None]]


class Listing:
    """One window of one list; iterate `rows`, then ask whether it was `settled`."""

    def __init__(self, fetch: Fetch, key: str, cursor: str | None, end: str, subject: str) -> None:
        self._fetch, self._key, self._cursor, self._end, self._subject = fetch, key, cursor, end, subject
        self._known: dict[str, str] = {}
        self.settled = False

    def rows(self) -> Iterator[list[RawRow]]:
        before: list[tuple[str, str]] | None = None
        for _ in range(_LISTINGS):
            seen: list[tuple[str, str]] = []
            count, total, pages = 0, None, 0
            for rows, said in self._pages():
                pages, total, count = pages + 1, said, count + len(rows)
                inside = [row for row in rows if not self._cursor or self._at(row) <= self._end]
                marks = [(str(row.get(self._key)), self._at(row)) for row in inside]
                fresh = [row for row, (key, at) in zip(inside, marks, strict=True) if self._known.get(key) != at]
                self._known |= dict(marks)
                seen += marks
                if fresh:
                    yield fresh
            once = len({key for key, _ in seen}) == len(seen)
            whole = once and (total is None or total == count)
            at_once = pages <= 1 and total is not None  # a single answer that says it is all of it
            if whole and (at_once or seen == before):
                self.settled = True
                return
            before = seen

    def _at(self, row: RawRow) -> str:
        """The time of change; rows of a list that has none are told apart by their content."""
        return str(row.get(self._cursor) or "")[:19] if self._cursor else repr(sorted(row.items(), key=str))

    def _pages(self) -> Iterator[tuple[list[RawRow], int | None]]:
        """The pages of one listing, until an empty one: a short page is no proof that nothing follows."""
        index, last = 1, list[str]()
        while True:
            for _ in range(_REPEATS):
                try:
                    rows, total = self._fetch(index)
                except Reject as error:  # the question is ours, so no record can be blamed
                    raise Halt(error.code, error.message) from None
                keys = [str(row.get(self._key)) for row in rows]
                if not rows or keys != last:
                    break
            else:
                raise Halt("CON178", f"{self._subject}: paging loop: page {index} is the same as the one before")
            if not rows:
                if index == 1:
                    yield [], total
                return
            yield rows, total
            index, last = index + 1, keys
