"""Approvals, listed by the calls made for them.

They are listed by the time they were started, page by page, which says nothing about how they ended since. So each run
lists those of the last days again, and a listing is believed when it has met as many as the server says there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import PROVEN, Completeness, Page, Pages, Position, RawRow
from connectors.fxiaoke.client import FxiaokeClient
from goldbridge.errors import Halt, Reject
from goldbridge.ports import Json

PATH = "/cgi/crm/approvalInstances/query"
KEY, STARTED = "instanceId", "createTime"
_PAGE = 20  # what the vendor serves unless told otherwise; how much more it allows is not known
_LISTINGS = 3


def read_approvals(client: FxiaokeClient, name: str, after_ms: int, end_ms: int) -> Pages:
    """Approvals started after `after_ms`, up to `end_ms`."""
    listing = _Listing(client, name, after_ms + 1, end_ms)
    for _ in range(_LISTINGS):
        yield from listing.pages()
        if listing.complete:
            break
    yield Page([], Position(str(end_ms)))
    if listing.complete:
        return PROVEN
    return Completeness(False, f"{len(listing.met)} of {listing.total} approvals were listed")


class _Listing:
    """One window, listed as often as it takes."""

    def __init__(self, client: FxiaokeClient, name: str, start_ms: int, end_ms: int) -> None:
        self._client, self._name = client, name
        self._span: dict[str, Json] = {"startTime": start_ms, "endTime": end_ms}
        self.met: set[str] = set()
        self.total = 0

    @property
    def complete(self) -> bool:
        return len(self.met) >= self.total

    def pages(self) -> Iterator[Page]:
        """As many as the total asks for, and one more where that comes out even."""
        number = 0
        while number * _PAGE <= self.total:
            number += 1
            rows = self._page(number)
            fresh = [row for row in rows if str(row.get(KEY)) not in self.met]
            if fresh:
                self.met |= {str(row.get(KEY)) for row in fresh}
                yield Page(fresh)
            if not rows:
                return

    def _page(self, number: int) -> list[RawRow]:
        body: dict[str, Json] = {**self._span, "pageNumber": number, "pageSize": _PAGE}
        try:
            found = self._client.ask(PATH, body, about=self._name).unwrap("queryResult")
        except Reject as error:  # the question is ours, so no record can be blamed
            raise Halt(error.code, error.message) from None
        rows = found.get("instanceList") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            raise Halt("CON019", f"{self._client.http.system} {self._name}: queryResult has no instanceList")
        self.total = int(found.get("total") or 0)
        return rows
