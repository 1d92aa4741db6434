"""One page of a list that the server counts off; one that a record breaks is asked for in ever smaller pages.

Small pages lie inside large ones when their size divides the larger one, so a page falls into parts that the server can
be asked for by their own number. A record that breaks the smallest of all pages is set aside with the place where it
stands. A server that does not answer a page far behind the end either is down, and nobody blames a record.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from connectors.base import RawRow
from goldbridge.errors import Halt, Misconfigured, Reject, Retry

SERVER_FAULTS = ("CON002", "CON013")
_BEHIND_THE_END = 10_000_000
_MOST = 10
Fetch = Callable[[int, int], tuple[list[RawRow], int | None]]
"""(number of the page, its size) -> rows, and how many there are in all where the answer says so."""


@dataclass(slots=True)
class Served:
    """What came of one page."""

    rows: list[RawRow] = field(default_factory=list)
    total: int | None = None
    rejects: list[tuple[str, Reject]] = field(default_factory=list)


def serve(fetch: Fetch, key: str, index: int, size: int, last: str) -> Served:
    """Page `index` of `size` rows; `last` is the key of the row before it. Raises what `fetch` raises."""
    try:
        return Served(*fetch(index, size))
    except Retry as error:
        if error.code not in SERVER_FAULTS:
            raise
        _alive(fetch)
        found = Served()
        _split(fetch, key, (index - 1) * size, size, last, error, found)
        if not found.rows and size > 1 and found.rejects:
            _alive(fetch)  # nothing of it came: once more, before records are blamed
        return found


def _alive(fetch: Fetch) -> None:
    """To be refused such a page is an answer as well."""
    with suppress(Reject, Halt, Misconfigured):
        fetch(_BEHIND_THE_END, 1)


def _split(fetch: Fetch, key: str, first: int, size: int, last: str, error: Retry, found: Served) -> None:
    if size == 1:
        before = str(found.rows[-1].get(key)) if found.rows else last or "the start"
        places = [place for place, _ in found.rejects]
        place = f"after {before}"
        while place in places:
            place += " +1"
        found.rejects.append((place, Reject(error.code, f"{error.message}; the record {place} breaks its page")))
        if len(found.rejects) > _MOST:
            raise error
        return
    part = size // next(number for number in range(2, size + 1) if size % number == 0)
    for start in range(first, first + size, part):
        try:
            rows, total = fetch(start // part + 1, part)
        except Retry as broken:
            if broken.code not in SERVER_FAULTS:
                raise
            _split(fetch, key, start, part, last, broken, found)
            continue
        found.rows += rows
        found.total = total
        if not rows:
            return
