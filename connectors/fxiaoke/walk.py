"""How a window of changes is walked, and what a position means.

A window is `(lower, upper]` of `last_modified_time` in epoch milliseconds, walked in the order of `_id`, and then once
more for the invalidated rows, which an unfiltered query may leave out. A position between windows is `(upper, "")`:
everything up to there was delivered. A position inside a walk keeps the cursor it started from and says in its tie
`upper:lower:last _id`, with `~` before the id in the part of the invalidated rows: a run that starts there first
finishes that walk, then reads from its upper bound on. Rows that were delivered and edited since have a later time, so
they are in the second part; nothing is missed. An upper bound of 0 means: no walk was begun, but start at `lower`.
Positions of a run only ever grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from connectors.base import Page, Position, RawRow
from connectors.fxiaoke.client import FxiaokeClient, condition
from goldbridge.errors import Halt, Reject
from goldbridge.http.narrow import BEHIND_THE_END, Narrowing
from goldbridge.ports import Json

_REPEATS = 3


class Walk(NamedTuple):
    """One closed window and how far it was walked; times in epoch milliseconds, `after` an `_id`.

    `base` is the cursor of the run's start: it stays in the position until the whole window is done.
    """

    base: int
    lower: int
    upper: int
    after: str = ""
    invalid: bool = False

    def at(self) -> Position:
        return Position(str(self.base), f"{self.upper}:{self.lower}:{'~' if self.invalid else ''}{self.after}")

    def done(self) -> Position:
        return Position(str(self.upper))


def rewound(start: Position, overlap_ms: int) -> Position:
    """The same place, to be read from `overlap_ms` earlier; an interrupted walk is finished where it stopped."""
    if start.tie or not start.cursor:
        return start
    return Position(start.cursor, f"0:{max(0, int(start.cursor) - overlap_ms)}:")


def plan(start: Position | None, end: int, overlap_ms: int) -> list[Walk]:
    """The walks that bring a stream from `start` to `end`: the rest of an interrupted one, then what came since."""
    base = int(start.cursor or "0") if start else 0
    if start is None or not start.tie:
        return [Walk(base, base, max(base, end))]
    begun, lower, after = start.tie.split(":", 2)
    upper = int(begun)
    if not upper:
        return [Walk(base, int(lower), max(base, end))]
    interrupted = Walk(base, int(lower), upper, after.removeprefix("~"), after.startswith("~"))
    if end <= upper:
        return [interrupted]
    return [interrupted, Walk(upper, max(0, upper - overlap_ms), end)]


def walk_window(client: FxiaokeClient, name: str, walk: Walk) -> Iterator[Page]:
    """The pages of one walk, until an empty one: a short page is no proof that nothing follows."""
    narrowing = Narrowing(client.page_size, lambda: client.query(name, [], limit=1, offset=BEHIND_THE_END))
    while True:
        filters = [
            condition("last_modified_time", "GT", walk.lower),
            condition("last_modified_time", "LTE", walk.upper),
        ]
        if walk.invalid:
            filters.append(condition("life_status", "EQ", "invalid"))
        ask = partial(_growing, client, name, filters, walk.after)
        rows, rejects = narrowing.next(ask, f"after {walk.after}")
        page = Page(rows, rejects=rejects)
        if page.rows:
            walk = walk._replace(after=str(page.rows[-1]["_id"]))
            page.at = walk.at()
            yield page
            continue
        if page.rejects:
            page.at = walk.at()
            yield page
        if walk.invalid:
            return
        walk = walk._replace(invalid=True, after="")


def _growing(
    client: FxiaokeClient, name: str, filters: Sequence[Json], after: str, limit: int, skip: int
) -> list[RawRow]:
    """A page whose ids grow; one that is served twice is asked for again, a few times."""
    for _ in range(_REPEATS):
        try:
            rows = client.query(name, filters, after, limit=limit, offset=skip)
        except Reject as error:  # here the question is ours, so no record can be blamed
            raise Halt(error.code, error.message) from None
        ids = [after, *(str(row.get("_id", "")) for row in rows)]
        if all(earlier < later for earlier, later in pairwise(ids)):
            return rows
    raise Halt("CON043", f"{client.http.system} {name}: paging loop: the page after _id {after!r} does not go on")
