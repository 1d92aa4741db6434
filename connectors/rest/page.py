"""One page after the other: asks as the stream's paging style has it, and never takes the length of a page for its end.

A page that is served again is asked for again; the fourth time it is a loop, and the run stops.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from connectors.base import RawRow
from connectors.rest.answer import dig, flag, rows_of
from connectors.rest.client import Request, RestClient
from connectors.rest.config import StreamConfig
from connectors.rest.read_config import ReadConfig
from connectors.rest.template import Values
from goldbridge.errors import Halt, Reject
from goldbridge.http import Reply
from goldbridge.ports import Json

_REPEATS = 3
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_NEXT = re.compile(r"""\brel\s*=\s*"?[^";]*\bnext\b""", re.IGNORECASE)


@dataclass(slots=True)
class Answered:
    """One page as it was answered. `following` is the step to the next one, None at the end."""

    rows: list[RawRow]
    rejects: list[tuple[str, Reject]]
    total: int | None
    following: Step | None
    print: int


@dataclass(frozen=True, slots=True)
class Step:
    """Where a walk stands: a page, an offset, a token, or a URL."""

    page: int = 0
    offset: int = 0
    token: Json = None
    url: str = ""
    asked: int = 0


@dataclass(slots=True)
class Loops:
    """Notices pages that come again; eight bytes a page."""

    about: str
    seen: dict[int, int] = field(default_factory=dict)

    def again(self, answered: Answered) -> bool:
        """Whether this page was served before in this walk; raises `Halt` CON101 when it comes again and again."""
        met = self.seen.get(answered.print, 0)
        self.seen[answered.print] = met + 1
        if met > _REPEATS:
            raise Halt(
                "CON101",
                f"{self.about}: paging loop: one page was served {met + 1} times; check the paging parameters "
                "of `read`, the API seems to ignore them",
            )
        return met > 0


class Pager:
    """Asks for the pages of one stream."""

    def __init__(self, client: RestClient, name: str, stream: StreamConfig, read: ReadConfig) -> None:
        self._client, self._name, self._stream, self._read = client, name, stream, read
        self._request = Request(read, read.method)
        self.about = f"{client.system} {name}"

    def first(self) -> Step:
        return Step(page=self._read.first_page)

    def ask(self, window: Mapping[str, Json], step: Step, limit: int) -> Answered:
        """One page of a window; a question that is refused is ours, so no record is blamed and the run stops."""
        values = {**window, "page": step.page, "offset": step.offset, "next": step.token, "limit": limit}
        try:
            if step.url:
                reply = self._client.follow(step.url, about=self._name)
            else:
                reply = self._client.ask(self._request, values, about=self._name)
        except Reject as error:
            raise Halt(error.code, error.message) from None
        return self._answered(reply, step, values, limit)

    def total(self, window: Mapping[str, Json]) -> int | None:
        """How many rows the question has now."""
        return self.ask(window, self.first(), 1).total

    def _answered(self, reply: Reply, step: Step, values: Values, limit: int) -> Answered:
        read = self._read
        items = rows_of(reply, read.rows)
        taken = [dig(item, read.row) for item in items] if read.row else items
        rejects: list[tuple[str, Reject]] = []
        rows: list[RawRow] = taken
        if not set(map(type, taken)) <= {dict}:
            rows = [row for row in taken if isinstance(row, dict)]
            for at, row in enumerate(taken):
                if not isinstance(row, dict):
                    place = f"{step.asked + 1}.{at + 1}"
                    what = f"{self.about}: row {at + 1} of page {step.asked + 1} is no record; see what the API answers"
                    rejects.append((place, Reject("CON100", what)))
        said = dig(reply.data, read.total) if read.total else None
        total = int(said) if said is not None and str(said).isdecimal() else None
        if read.total and total is None:
            reply.unwrap(read.total)
        following = self._following(reply, step, values, len(items), limit, total)
        return Answered(rows, rejects, total, following, self._print(rows, following))

    def _following(
        self, reply: Reply, step: Step, values: Values, count: int, limit: int, total: int | None
    ) -> Step | None:
        """The next step. What says that more follows is trusted; without it a page of rows may have a successor."""
        read, asked = self._read, step.asked + 1
        more = flag(dig(reply.data, read.more)) if read.more else None
        if read.paging == "none" or more is False:
            return None
        if read.paging in ("next_token", "next_url"):
            found = dig(reply.data, read.next) if read.next else _linked(reply)
            if found in (None, "", False):
                if more:
                    raise Halt(
                        "CON019", f"{self.about}: more should follow, but the answer has no {read.next or 'Link'!r}"
                    )
                return None
            if read.paging == "next_token":
                return Step(token=found, asked=asked)
            return Step(url=urljoin(step.url or self._client.address(self._request, values), str(found)), asked=asked)
        if more is None and count == 0:
            return None
        offset = step.offset + (count or limit)
        if more is None and total is not None and read.paging == "offset" and offset >= total:
            return None
        return Step(page=step.page + 1, offset=offset, asked=asked)

    def _print(self, rows: list[RawRow], following: Step | None) -> int:
        """What a page is recognised by: its keys and cursors; an empty page by what it leads to."""
        if not rows:
            return hash((following.token, following.url, following.page) if following else None)
        key, cursor = self._stream.key, self._stream.cursor
        if cursor is None:
            return hash(tuple([str(row.get(key)) for row in rows]))
        return hash(tuple([f"{row.get(key)} {row.get(cursor)}" for row in rows]))


def _linked(reply: Reply) -> Any:
    """The address of `rel="next"` in the Link header, None when there is none."""
    for url, about in _LINK.findall(reply.headers.get("link", "")):
        if _NEXT.search(about):
            return url
    return None
