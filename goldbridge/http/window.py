"""How a closed window of changes is walked by key, for every API that filters by time and sorts by key.

A window is `(lower, upper]` of the time of modification and is walked in the order of the key, never by offset and
never by (time, key): a row edited meanwhile leaves the window and is met by the next one, and it does not matter that
the API shows times in seconds and keeps them in microseconds. A position is a pair of texts. Between windows it is
`(upper, "")`: everything up to there was delivered. Inside a walk it keeps the cursor the run started from and says
`upper|lower|step|key` in its tie, so that a run which starts there finishes that walk before it reads what came since.
Steps count the pages of a walk, since keys of other systems do not sort as our texts do: positions only ever grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from goldbridge.errors import Halt, Reject
from goldbridge.http.narrow import BEHIND_THE_END, Narrowing

_REPEATS = 3


class Walk(NamedTuple):
    """One closed window and how far it was walked; `base` stays in the position until the whole window is done."""

    base: str
    lower: str
    upper: str
    step: int = 0
    after: str = ""

    def at(self) -> tuple[str, str]:
        return self.base, f"{self.upper}|{self.lower}|{self.step:08d}|{self.after}"

    def done(self) -> tuple[str, str]:
        return self.upper, ""


def rewound(cursor: str, tie: str, back: Callable[[str], str]) -> tuple[str, str]:
    """The same place, to be read from `back(cursor)` on; an interrupted walk is finished where it stopped."""
    return (cursor, tie) if tie or not cursor else (cursor, f"|{back(cursor)}||")


def plan(cursor: str, tie: str, end: str, back: Callable[[str], str]) -> list[Walk]:
    """The walks that bring a stream from a position to `end`: the rest of an interrupted one, then what came since."""
    if not tie:
        return [Walk(cursor, cursor, max(cursor, end))]
    upper, lower, step, after = tie.split("|", 3)
    if not upper:
        return [Walk(cursor, lower, max(cursor, end))]
    interrupted = Walk(cursor, lower, upper, int(step), after)
    return [interrupted] if end <= upper else [interrupted, Walk(upper, back(upper), end)]


class Steps(NamedTuple):
    """How one system is asked: `ask(after, limit, skip)` gives rows by `key`, after the given one.

    `follows(before, key)` says whether a key may come right after another one; `subject` and `loop` are for the error
    about a page that is served over and over.
    """

    ask: Callable[[str, int, int], Sequence[dict[str, Any]]]
    key: str
    follows: Callable[[str, str], bool]
    subject: str
    loop: str


class Found(NamedTuple):
    """The rows of one page, records that break every page they are on, and how far the walk has come."""

    rows: list[dict[str, Any]]
    rejects: list[tuple[str, Reject]]
    walk: Walk


def by_number(before: str, key: str) -> bool:
    """Numbers in ascending order; the first of all may be any."""
    return key.isdigit() and int(key) > int(before or "0")


def by_difference(before: str, key: str) -> bool:
    """Texts, sorted by rules of the other side that we do not know: no key comes twice in a row."""
    return bool(key) and key != before


def pages(steps: Steps, walk: Walk, limit: int) -> Iterator[Found]:
    """The pages of one walk, until an empty one: a short page is no proof that nothing follows."""
    narrowing = Narrowing(limit, lambda: steps.ask(walk.after, 1, BEHIND_THE_END))
    while True:
        rows, rejects = narrowing.next(partial(_growing, steps, walk.after), f"after {walk.after}")
        if rows:
            walk = walk._replace(after=str(rows[-1][steps.key]), step=walk.step + 1)
        if rows or rejects:
            yield Found(rows, rejects, walk)
        if not rows:
            return


def _growing(steps: Steps, after: str, size: int, skip: int) -> list[dict[str, Any]]:
    """A page whose keys go on; one that is served twice is asked for again, a few times."""
    for _ in range(_REPEATS):
        try:
            rows = list(steps.ask(after, size, skip))
        except Reject as error:  # here the question is ours, so no record can be blamed
            raise Halt(error.code, error.message) from None
        keys = [after, *("" if row.get(steps.key) is None else str(row[steps.key]) for row in rows)]
        goes_on = all(steps.follows(before, key) for before, key in pairwise(keys))
        if goes_on and after not in keys[1:] and len(set(keys[1:])) == len(rows):
            return rows
    raise Halt(steps.loop, f"{steps.subject}: paging loop: the page after {steps.key} {after!r} does not go on")
