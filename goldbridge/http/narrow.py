"""Finds the records that break every page they are on, in a list that is read on behind its last key.

A page that the server cannot serve is narrowed from its beginning: one row, then halves of what is left, until the
record that breaks it is alone; that one is passed over by `skip`, and so is each that follows it at once. Behind them
pages are whole again. Every row that is served is kept, so nothing is asked for twice.

What a server that does not work costs is bounded. When a page breaks, a question that no record answers comes first: a
server that fails over that one too is down. More than `IN_A_ROW` records next to each other, or more than `IN_A_PAGE`
within the rows of one page, are no bad records but a server that does not work: the error is raised, nobody is blamed
for it, and the run ends where its last page left it. A page of n rows takes at most `IN_A_PAGE` times log2(n) + 6
questions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from goldbridge.errors import Halt, Misconfigured, Reject, Retry

SERVER_FAULTS = ("CON002", "CON013")
IN_A_ROW = 4
IN_A_PAGE = 10
BEHIND_THE_END = 10_000_000
"""So many rows to skip leave none that could break a page."""
Rejects = list[tuple[str, Reject]]
Rows = list[dict[str, Any]]


def is_fault(error: Retry) -> bool:
    """Whether the server failed over the question, rather than not being reached or not having time."""
    return error.code in SERVER_FAULTS


def blamed(error: Retry, where: str) -> Reject:
    """The dead letter of a record that nobody has seen."""
    return Reject(error.code, f"{error.message}; the record {where} breaks every page it is on")


class Narrowing:
    """What one walk asks for next: `size` rows, without the first `skip` behind its last key.

    `alive` asks something that no record answers; to be refused it is an answer as well. After each question tell what
    became of it: `served` or `broke`.
    """

    def __init__(self, limit: int, alive: Callable[[], object]) -> None:
        self._limit, self._alive = max(1, limit), alive
        self.size = self._limit
        self._rejects: Rejects = []
        self._suspect = 0  # rows ahead among which one is known to break; none when nothing is known
        self._met = 0
        self._places: deque[int] = deque(maxlen=IN_A_PAGE)

    @property
    def skip(self) -> int:
        return len(self._rejects)

    @property
    def whole(self) -> bool:
        """Whether nothing stands against a page of full size."""
        return not self._suspect and not self._rejects

    def next(self, ask: Callable[[int, int], Rows], place: str) -> tuple[Rows, Rejects]:
        """The rows that follow (none at the end), and what had to be passed over; `place` says behind what."""
        while True:
            try:
                rows = ask(self.size, self.skip)
            except Retry as error:
                self.broke(error, place)
            else:
                return rows, self.served(len(rows))

    def served(self, rows: int) -> Rejects:
        """So many rows came; returns what was passed over to get them."""
        rejects, self._rejects = self._rejects, []
        self._met += rows
        self._suspect = 0 if rejects or not rows else max(0, self._suspect - rows)
        self.size = self._suspect // 2 or 1 if self._suspect else self._limit
        return rejects

    def broke(self, error: Retry, place: str) -> None:
        """The server could not serve that; raises `error` when no record can be blamed for it."""
        if not is_fault(error):
            raise error
        if self.whole:
            with suppress(Reject, Halt, Misconfigured):
                self._alive()
            self._suspect, self.size = self.size, 1
        elif self.size > 1:
            self._suspect, self.size = self.size, self.size // 2
        else:
            self._blame(error, place)

    def _blame(self, error: Retry, place: str) -> None:
        count = len(self._rejects)
        if count == IN_A_ROW:
            raise _too_many(error, f"more than {IN_A_ROW} records in a row {place} break their pages")
        if len(self._places) == IN_A_PAGE and self._met - self._places[0] < self._limit:
            raise _too_many(error, f"more than {IN_A_PAGE} records among {self._limit} {place} break their pages")
        self._places.append(self._met)
        self._met += 1
        where = f"{place} +{count}" if place in dict(self._rejects) else place
        self._rejects.append((where, blamed(error, where)))


def _too_many(error: Retry, what: str) -> Retry:
    return Retry(error.code, f"{error.message}; {what}: that is a server that does not work", after_s=error.after_s)
