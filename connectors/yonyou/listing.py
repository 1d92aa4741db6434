"""Lists a window again and again until two listings agree.

Pages are counted off by the server while people work: an edited row moves to another page, and the row behind it slips
through. Whatever slips through one listing shows in the next one, so two that agree row by row missed nothing. Rows go
out as they come; in a repeated listing only those that are new or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectors.base import Page, RawRow
from goldbridge.errors import Halt, Reject, Retry
from goldbridge.http.counted import Part, Whole, by_parts

_LISTINGS = 4
_REPEATS = 3
Fetch = Callable[[int, int], tuple[list[RawRow], int | None]]
"""(number of the page, its size) -> rows, and how many there are in all where the answer says so."""


class Listing:
    """One window of one list; iterate `pages`, then ask whether it was `settled` and how many were left out."""

    def __init__(self, fetch: Fetch, size: int, key: str, cursor: str | None, end: str, subject: str) -> None:
        self._fetch, self._size, self._key = fetch, size, key
        self._cursor, self._end, self._subject = cursor, end, subject
        self._known: dict[str, str] = {}
        self._told: set[str] = set()
        self.settled = False

    @property
    def left_out(self) -> int:
        """Records that break every page they are on."""
        return len(self._told)

    def pages(self) -> Iterator[Page]:
        before: list[tuple[str, str]] | None = None
        for _ in range(_LISTINGS):
            seen: list[tuple[str, str]] = []
            count, total, pages = 0, None, 0
            for found in self._pages():
                pages, total, count = pages + 1, found.told, count + len(found.rows) + len(found.rejects)
                inside = [row for row in found.rows if not self._cursor or self._at(row) <= self._end]
                marks = [(str(row.get(self._key)), self._at(row)) for row in inside]
                fresh = [row for row, (key, at) in zip(inside, marks, strict=True) if self._known.get(key) != at]
                self._known |= dict(marks)
                seen += marks
                broken = [each for each in found.rejects if each[0] not in self._told]
                self._told.update(place for place, _ in broken)
                if fresh or broken:
                    yield Page(fresh, rejects=broken)
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

    def _pages(self) -> Iterator[Whole[int | None]]:
        """The pages of one listing, until an empty one: a short page is no proof that nothing follows."""
        index, last = 1, list[str]()
        while True:
            for _ in range(_REPEATS):
                try:
                    found = self._page(index, last[-1] if last else "")
                except Reject as error:  # the question is ours, so no record can be blamed
                    raise Halt(error.code, error.message) from None
                keys = [str(row.get(self._key)) for row in found.rows]
                if not keys or keys != last:
                    break
            else:
                raise Halt("CON178", f"{self._subject}: paging loop: page {index} is the same as the one before")
            if not keys and not found.rejects:
                if index == 1:
                    yield found
                return
            yield found
            index, last = index + 1, keys or last

    def _page(self, index: int, before: str) -> Whole[int | None]:
        """One page, without the records that break it; `before` is the key of the row ahead of it."""

        def part(skip: int, take: int) -> Part[int | None]:
            rows, total = self._fetch(skip // take + 1, take)
            return Part(rows, [], not rows, total)

        try:
            rows, total = self._fetch(index, self._size)
        except Retry as error:
            return by_parts(part, self._key, (index - 1) * self._size, self._size, before, error)
        return Whole(rows, told=total)
