"""Reads what changed in a closed window, in the order of the key, and goes on after a kill where it stopped.

A row that is edited during the walk moves past the upper bound and is met by the next window; page numbers would skip
its neighbour. The order is that of the key, not of the time: times are shown with fewer digits than they are kept with,
and a place between two rows of one millisecond cannot be named.

A position keeps the bound up to which everything was delivered, and in its tie `step:` and a list of where inside the
walk under way it stands: [lower, upper, values of the last key, the server's link]. `step` grows with every page, so
that positions only ever grow, whatever order the server gives its keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from goldbridge.errors import Halt, Misconfigured, Reject
from goldbridge.http.narrow import BEHIND_THE_END, Narrowing
from goldbridge.http.odata.metadata import EntitySet
from goldbridge.http.odata.service import Feed, Service
from goldbridge.http.odata.value import literal, plain
from goldbridge.ports import Json

REPEATS = 3
At = tuple[str, str]
"""A position: cursor and tie."""


@dataclass(slots=True)
class Part:
    """Some rows and the position after them."""

    rows: list[dict[str, Json]]
    at: At | None = None
    gone: tuple[str, ...] = ()
    rejects: list[tuple[str, Reject]] = field(default_factory=list)


class Walk(NamedTuple):
    """One window after `lower` up to `upper`; `base` is the cursor of the run's start, kept until it is all done."""

    base: str
    lower: str
    upper: str
    step: int = 0
    after: tuple[str, ...] = ()
    link: str = ""

    def at(self) -> At:
        place = json.dumps([self.lower, self.upper, list(self.after), self.link], separators=(",", ":"))
        return self.base, f"{self.step:08d}:{place}"

    def done(self) -> At:
        return self.upper or self.base, ""


def rewound(start: At, lower: str) -> At:
    """The same place, to be read from `lower` on; an interrupted walk is finished where it stopped."""
    if start[1] or not start[0]:
        return start
    return Walk(start[0], lower, "").at()


def unpack(system: str, start: At | None) -> Walk:
    """What a position says; raises `Halt` CON129 when it is none of ours."""
    base, tie = start or ("", "")
    if not tie:
        return Walk(base, base, "")
    try:
        step, _, place = tie.partition(":")
        lower, upper, after, link = json.loads(place)
        return Walk(base, str(lower), str(upper), int(step), tuple(str(one) for one in after), str(link))
    except (ValueError, TypeError):
        message = f"{system}: the position {base} {tie!r} cannot be read; read everything instead, with --full"
        raise Halt("CON129", message) from None


def plan(system: str, start: At | None, end: str, later: Callable[[str, str], str]) -> list[Walk]:
    """The walks from `start` to `end`: the rest of an interrupted one, then what came since. `later` picks a bound."""
    left = unpack(system, start)
    if not left.upper:
        return [left._replace(upper=later(left.base, end))]
    if later(left.upper, end) == left.upper:
        return [left]
    return [left, Walk(left.upper, left.upper, end)]


def read(walker: Walker, walks: Sequence[Walk]) -> Generator[Part, None, int]:
    """The pages of several walks, the last of each with its upper bound; returns how many rows were rejected."""
    rejected = 0
    for walk in walks:
        last = Part([], walk.at())
        for part in walker.pages(walk):
            if last.rows or last.rejects:
                yield last
            rejected += len(part.rejects)
            last = part
        last.at = walk.done()  # known to be the last only now, when nothing followed
        yield last
    return rejected


@dataclass(frozen=True)
class Walker:
    """Walks one set. `between` says which rows a window holds, as a filter; empty bounds are open.

    `keyset` asks for what comes after the last key; otherwise the server's own links are followed, in
    the order of `order`.
    """

    service: Service
    of: EntitySet
    between: Callable[[str, str], str]
    page_size: int
    select: str = ""
    expand: str = ""
    keyset: bool = True
    prefer: str = ""
    order: tuple[str, ...] = ()

    def pages(self, walk: Walk) -> Iterator[Part]:
        """The pages of one walk, until an empty one: a short page is no proof that nothing follows."""
        yield from self._by_key(walk) if self.keyset else self._by_link(walk)

    def _by_key(self, walk: Walk) -> Iterator[Part]:
        narrowing = Narrowing(self.page_size, lambda: self._whole(walk, 1, BEHIND_THE_END))
        before = frozenset[str]()
        while True:
            place = f"after {','.join(walk.after) or 'the start'}"
            rows, rejects = narrowing.next(partial(self._fresh, walk, before), place)
            if not rows and not rejects:
                return
            last = tuple(plain(rows[-1].get(key)) for key in self.of.keys) if rows else walk.after
            walk, before = walk._replace(after=last, step=walk.step + 1), frozenset(self._name(row) for row in rows)
            yield Part(rows, walk.at(), rejects=rejects)
            if not rows:
                return

    def _fresh(self, walk: Walk, before: frozenset[str], limit: int, skip: int) -> list[dict[str, Json]]:
        """A page other than the one before; one that is served twice is asked for again, a few times."""
        for _ in range(REPEATS + 1):
            rows = self._whole(walk, limit, skip).rows
            if not rows or not all(self._name(row) in before for row in rows):
                return rows
        raise self._loop(f"after {walk.after}")

    def _by_link(self, walk: Walk) -> Iterator[Part]:
        path = walk.link or self._path(walk, self.page_size)
        before: frozenset[str] = frozenset()
        while True:
            try:
                feed = self._unlike(path, before)
            except (Halt, Misconfigured):
                if not walk.link or path != walk.link:
                    raise
                walk = walk._replace(link="")  # a link from an earlier run may have expired: the window is read anew
                path = self._path(walk, self.page_size)
                continue
            before = frozenset(self._name(row) for row in feed.rows)
            walk = walk._replace(link=feed.next, step=walk.step + 1)
            if feed.rows:
                yield Part(feed.rows, walk.at())
            if not feed.next:
                return
            if feed.next == path:
                raise self._loop(path)
            path = feed.next

    def _unlike(self, path: str, before: frozenset[str]) -> Feed:
        """A page other than the one before; one that is served twice is asked for again, a few times."""
        for _ in range(REPEATS):
            feed = self.service.feed(self.of.name, path, prefer=self.prefer)
            if not feed.rows or not all(self._name(row) in before for row in feed.rows):
                return feed
        raise self._loop(path)

    def _whole(self, walk: Walk, limit: int, skip: int) -> Feed:
        """A page; an empty one with a link is followed, since some servers filter after they have paged."""
        path = self._path(walk, limit, skip)
        feed = self.service.feed(self.of.name, path, prefer=self.prefer)
        seen = {path}
        while not feed.rows and feed.next:
            if feed.next in seen:
                raise self._loop(feed.next)
            seen.add(feed.next)
            feed = self.service.feed(self.of.name, feed.next, prefer=self.prefer)
        return feed

    def _path(self, walk: Walk, limit: int, skip: int = 0) -> str:
        conditions = [self.between(walk.lower, walk.upper), self._beyond(walk.after)]
        options = {
            "$filter": " and ".join(f"({one})" for one in conditions if one),
            "$orderby": ",".join(self.of.keys if self.keyset else self.order or self.of.keys),
            "$select": self.select,
            "$expand": self.expand,
        }
        if self.keyset:
            options |= {"$top": str(limit), "$skip": str(skip) if skip else ""}
        return self.service.path(self.of.name, options)

    def _beyond(self, after: Sequence[str]) -> str:
        """The rows after a key, part by part."""
        if not after:
            return ""
        version = self.service.version
        found, same = [], ""
        for key, value in zip(self.of.keys, after, strict=True):
            text = literal(value, self.of.kinds[key], version)
            found.append(f"({same}{key} gt {text})" if same else f"{key} gt {text}")
            same += f"{key} eq {text} and "
        return " or ".join(found)

    def _name(self, row: dict[str, Json]) -> str:
        return ",".join([plain(row.get(key)) for key in self.of.keys])

    def _loop(self, where: str) -> Halt:
        message = f"{self.service.system} {self.of.name}: paging loop: the page {where} does not go on"
        return Halt("CON127", message)
