"""How a window of changes is walked, and what a position means.

A window is `(lower, upper]` of `updatedAt` in epoch milliseconds, walked in the order of `id`, the only one there is. A
position between windows is `(upper, "")`. Inside a walk it keeps the cursor it started from and says in its tie
`upper:lower:last id`: a run that starts there first finishes that walk, then reads from its upper bound on. Rows that
were delivered and edited since have a later time, so they are in the second part. An upper bound of 0 means: no walk
was begun, but start at `lower`. Ids stand in a tie with leading zeros, so that positions grow as text too.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from connectors.base import Page, Position, RawRow
from connectors.neocrm.client import NeocrmClient
from goldbridge.errors import Halt
from goldbridge.http.window import Steps, by_number, pages
from goldbridge.http.window import Walk as Place

_DIGITS = 20


class Walk(NamedTuple):
    """One closed window and how far it was walked; times in epoch milliseconds, `after` an `id`."""

    base: int
    lower: int
    upper: int
    after: int = 0

    def at(self) -> Position:
        return Position(str(self.base), f"{self.upper}:{self.lower}:{self.after:0{_DIGITS}d}")

    def done(self) -> Position:
        return Position(str(self.upper))


def rewound(start: Position, overlap_ms: int) -> Position:
    """The same place, to be read from `overlap_ms` earlier; an interrupted walk is finished where it stopped."""
    if start.tie or not start.cursor:
        return start
    return Position(start.cursor, f"0:{max(0, int(start.cursor) - overlap_ms)}:0")


def plan(start: Position | None, end: int, overlap_ms: int) -> list[Walk]:
    """The walks that bring a stream from `start` to `end`: the rest of an interrupted one, then what came since."""
    base = int(start.cursor or "0") if start else 0
    if start is None or not start.tie:
        return [Walk(base, base, max(base, end))]
    upper, lower, after = (int(part) for part in start.tie.split(":"))
    if not upper:
        return [Walk(base, lower, max(base, end))]
    interrupted = Walk(base, lower, upper, after)
    if end <= upper:
        return [interrupted]
    return [interrupted, Walk(upper, max(0, upper - overlap_ms), end)]


def walk_window(
    client: NeocrmClient, name: str, fields: tuple[str, ...], walk: Walk, size: int
) -> Generator[Page, None, str]:
    """The pages of one walk until an empty one: a short page is no proof that nothing follows.

    Returns why they may not be all of it: a server that says rows are left and gives none, or a record that breaks
    every page it is on.
    """
    left, broken = 0, 0

    def ask(after: str, limit: int, skip: int) -> list[RawRow]:
        nonlocal left
        where = f"updatedAt > {walk.lower} and updatedAt <= {walk.upper} and id > {after}"
        text = f"select {','.join(fields)} from {name} where {where} order by id limit {skip},{limit}"  # noqa: S608 - numbers
        left, rows = client.query(text, about=name)
        for row in rows:
            if not str(row.get("id") or "").isdigit():
                raise Halt("CON019", f"{client.system} {name}: a row has no id")
            row["id"] = str(row["id"])
        return rows

    steps = Steps(ask, "id", by_number, f"{client.system} {name}", "CON317")
    for found in pages(steps, Place("", "", "", after=str(walk.after)), size):
        walk = walk._replace(after=int(found.walk.after))
        broken += len(found.rejects)
        yield Page(found.rows, walk.at(), rejects=found.rejects)
    if broken:
        return f"{broken} records of {name} could not be read"
    return f"{left} rows of {name} after id {walk.after} are said to be there, and none came" if left else ""
