"""Reads what changed by the links that a V4 service hands out (change tracking), deletes included.

The first round returns everything and ends in a delta link; each later round follows the last link and ends in a new
one. Rows that change during a round are told again by the next. A position keeps the server's time of the last complete
round, and in its tie the link to go on from. A link that expired starts a new first round: nothing that exists is
missed, but what was deleted since is not told, so that round proves nothing about deletes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from goldbridge.clock import iso
from goldbridge.errors import Halt, Misconfigured
from goldbridge.http.odata.metadata import EntitySet
from goldbridge.http.odata.service import Feed, Service
from goldbridge.http.odata.walk import REPEATS, At, Part, Walk, unpack

_FIRST, _LATER = "first", "later"


@dataclass
class Tracker:
    """One set with change tracking. `anew` tells after `pages` whether the link had expired."""

    service: Service
    of: EntitySet
    select: str = ""
    prefer: str = ""
    anew: bool = False

    def pages(self, start: At | None) -> Iterator[Part]:
        """The pages of one round, from the link in `start`, or of a first round without one."""
        walk = unpack(self.service.system, start)
        if not walk.link:
            walk = Walk(walk.base, _FIRST, "", walk.step)
        path = walk.link or self._first()
        prefer = self.prefer if walk.link else self._tracking()
        before: frozenset[str] = frozenset()
        while True:
            try:
                feed = self._page(path, before, prefer)
            except (Halt, Misconfigured) as error:
                if path != walk.link or not _expired(error):
                    raise
                self.anew = self.anew or walk.lower == _LATER
                walk, path, prefer = Walk(walk.base, _FIRST, "", walk.step), self._first(), self._tracking()
                continue
            before = frozenset(str(row) for row in feed.rows)
            if feed.delta:
                served_at = iso(feed.served_at or datetime.fromtimestamp(0, UTC))
                walk = Walk(max(walk.base, served_at), _LATER, "", walk.step + 1, link=feed.delta)
                if walk.base > (start or ("", ""))[0]:
                    walk = walk._replace(step=0)
                yield Part(feed.rows, walk.at(), feed.gone)
                return
            if not feed.next:
                message = f"{self.service.system} {self.of.name}: the answer has neither a next nor a delta link"
                raise Halt("CON130", f"{message}; switch change tracking on for this set, or read it by a cursor")
            if feed.next == path:
                raise self._loop()
            walk = walk._replace(step=walk.step + 1, link=feed.next)
            yield Part(feed.rows, walk.at(), feed.gone)
            path, prefer = feed.next, self.prefer

    def _tracking(self) -> str:
        """All preferences in one header, as the standard wants them; the first call asks for tracking."""
        return ",".join(filter(None, (self.prefer, "odata.track-changes")))

    def _first(self) -> str:
        return self.service.path(self.of.name, {"$select": self.select})

    def _page(self, path: str, before: frozenset[str], prefer: str) -> Feed:
        for _ in range(REPEATS):
            feed = self.service.feed(self.of.name, path, prefer=prefer)
            rows = frozenset(str(row) for row in feed.rows)
            if not rows or rows != before:
                return feed
        raise self._loop()

    def _loop(self) -> Halt:
        return Halt("CON127", f"{self.service.system} {self.of.name}: paging loop: the same page comes again and again")


def _expired(error: Halt | Misconfigured) -> bool:
    """The service refuses the link itself: 410 as the standard has it, or another refusal of the question."""
    return error.code in ("CON122", "CON121", "CON015")
