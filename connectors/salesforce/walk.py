"""How a window of changes is walked through the query language, and which deletions belong to it.

A window is walked in the order of (SystemModstamp, Id) along the server's cursor. The position after a page is that of
its last row that still lies in the window: a row that somebody edited meanwhile shows a later time and is met again by
the next window. A cursor that the server has closed is opened anew behind that position.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import NamedTuple

from connectors.base import Page, Position, RawRow
from connectors.salesforce.client import SalesforceClient, says, text
from connectors.salesforce.moment import normalised, parsed, shifted
from goldbridge.errors import Halt, Reject, Retry
from goldbridge.http import Reply

STAMP = "SystemModstamp"
SERVER_FAULTS = ("CON002", "CON013")
_REPEATS = 3
_LOG_S = 15 * 86_400.0 - 3600.0  # the server keeps fifteen days; an hour for clocks and slow answers
_SHORTEST_S = 120.0  # a question to the log has to cover more than a minute


class Log(NamedTuple):
    """What the log of deletions says: the ids, up to which moment it is complete, and what it no longer knows."""

    gone: tuple[str, ...]
    covered: str
    lost: str = ""


def condition(start: Position | None, end: str) -> str:
    """The window as a condition: after `start` (exclusive), up to `end` (inclusive)."""
    upper = f"{STAMP} <= {end}"
    if start is None:
        return upper
    if not start.tie:
        return f"{STAMP} > {start.cursor} AND {upper}"
    tied = f"({STAMP} = {start.cursor} AND Id > {text(start.tie)})"
    return f"({STAMP} > {start.cursor} OR {tied}) AND {upper}"


def select(
    name: str, fields: Sequence[str], where: str, *, ordered: bool = True, limit: int = 0, offset: int = 0
) -> str:
    order = f" ORDER BY {STAMP}, Id" if ordered else ""
    part = (f" LIMIT {limit}" if limit else "") + (f" OFFSET {offset}" if offset else "")
    return f"SELECT {','.join(fields)} FROM {name} WHERE {where}{order}{part}"  # noqa: S608 - the names are our settings, the values are quoted


def walk_window(
    client: SalesforceClient, name: str, fields: Sequence[str], start: Position | None, end: str, *, deleted: bool
) -> Generator[Page, None, str]:
    """Yields the pages of one window; returns why they may not be all of it, or nothing.

    A page that the server cannot serve is asked for by halves until the record that breaks it is alone; that one is
    stepped over.
    """
    at, restarts, limit, left_out, anew = start, 0, 0, 0, False
    narrowing = Narrowing(client, name, fields, end, deleted=deleted)
    while True:
        try:
            reply = narrowing.ask(at, limit)
        except Retry as error:
            limit, anew = narrowing.half(at, limit, error), False
            if not limit:
                page = narrowing.step_over(at, end, error)
                at, left_out = page.at or at, left_out + len(page.rejects)
                yield page
                if page.at is None:
                    return _left_out(left_out, name)
            continue
        announced, came = int(reply.unwrap("totalSize")), 0
        before, since = [], at
        while True:
            rows = _rows(reply, client, name)
            at, came, before = _furthest(rows, at, end), came + len(rows), [row["Id"] for row in rows]
            yield Page(rows, at)
            following = _following(reply, client, name)
            if following is None:
                if came != announced:
                    return f"{came} of {announced} rows of {name} came: some were deleted during the read, or lost"
                if limit and rows:
                    break  # only a part was asked for
                return _left_out(left_out, name)
            try:
                reply_or_none = _next(client, name, following, before)
            except Retry as error:
                if error.code not in SERVER_FAULTS or anew:
                    raise
                reply_or_none, anew = None, True  # asked for anew from here, so that it can be halved
            if reply_or_none is None:
                break
            reply = reply_or_none
        restarts = restarts + 1 if at == since else 0
        if restarts >= _REPEATS:
            raise Halt("CON195", f"{client.system} {name}: the server closes its cursor before it gives a second page")


def _left_out(count: int, name: str) -> str:
    return f"{count} records of {name} could not be read" if count else ""


class Narrowing:
    """Asks for a window from a place on, and finds the one record that breaks its page."""

    def __init__(self, client: SalesforceClient, name: str, fields: Sequence[str], end: str, *, deleted: bool) -> None:
        self._client, self._name, self._fields, self._end, self._deleted = client, name, fields, end, deleted

    def ask(self, at: Position | None, limit: int = 0, offset: int = 0, *, only: Sequence[str] = ()) -> Reply:
        where = condition(at, self._end)
        soql = select(self._name, only or self._fields, where, limit=limit, offset=offset)
        return self._client.query(soql, about=self._name, deleted=self._deleted)

    def half(self, at: Position | None, limit: int, error: Retry) -> int:
        """How many rows to ask for instead; none when it is the very next one that breaks the page."""
        if error.code not in SERVER_FAULTS:
            raise error
        if limit == 1 or (not limit and not self._serves_one(at)):
            return 0
        return (limit or self._client.page_size) // 2

    def _serves_one(self, at: Position | None) -> bool:
        try:
            self.ask(at, 1)
        except Retry:
            return False
        return True

    def step_over(self, at: Position | None, end: str, error: Retry) -> Page:
        """The next record breaks every page: named by its id alone if that can be had, else by the one before it.

        When the server is down as a whole, these calls fail as well, and nobody blames a record.
        """
        try:
            rows = _rows(self.ask(at, 1, only=("Id", STAMP)), self._client, self._name)
        except Retry:
            rows = kept = _rows(self.ask(at, 1, 1), self._client, self._name)
            key = f"after {at.tie or at.cursor}" if at else "after the start"
        else:
            if not rows:
                return Page([])  # it is gone
            key, kept = str(rows[0]["Id"]), []
        why = Reject(error.code, f"{error.message}; this record breaks every page it is on")
        return Page(kept, _furthest(rows, None, end), rejects=[(key, why)])


def _rows(reply: Reply, client: SalesforceClient, name: str) -> list[RawRow]:
    rows = reply.unwrap("records")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("Id") for row in rows):
        raise Halt("CON019", f"{client.system} {name}: records is not a list of rows with an Id")
    for row in rows:
        row.pop("attributes", None)  # the kind and the address of the row, not a part of it
    return rows


def _following(reply: Reply, client: SalesforceClient, name: str) -> str | None:
    """Where the next page is; only `done` says that there is none."""
    if reply.unwrap("done") is True:
        return None
    return str(reply.unwrap("nextRecordsUrl"))


def _next(client: SalesforceClient, name: str, url: str, before: Sequence[str]) -> Reply | None:
    """The page at `url`; one that repeats the page before is asked for again, a few times."""
    for _ in range(_REPEATS):
        reply = client.more(url, about=name)
        if reply is None:
            return None
        rows = _rows(reply, client, name)
        if not rows or [row["Id"] for row in rows] != list(before):
            return reply
    raise Halt("CON195", f"{client.system} {name}: paging loop: the page at {url} repeats the one before")


def _furthest(rows: Sequence[RawRow], at: Position | None, end: str) -> Position | None:
    for row in reversed(rows):
        stamp = normalised(str(row[STAMP]))
        if stamp <= end:
            return Position(stamp, str(row["Id"]))
    return at


def read_log(client: SalesforceClient, name: str, start: str, end: str, now: str) -> Log:
    """The deletions between two moments; the answer says up to which moment it is complete, and that counts."""
    oldest = shifted(now, -_LOG_S)
    since = min(start, shifted(end, -_SHORTEST_S))
    lost = ""
    if since < oldest:
        since, lost = oldest, f"deletions of {name} before {oldest} are no longer in the log; run a full compare"
    if shifted(since, _SHORTEST_S) > end:  # all of it is older than the log
        return Log((), end)
    gone, covered, earliest = _deleted(client, name, since, end)
    if earliest > since and not lost:
        lost = f"deletions of {name} before {earliest} are no longer in the log; run a full compare"
    return Log(gone, min(covered, end), lost)


def _deleted(client: SalesforceClient, name: str, since: str, until: str) -> tuple[tuple[str, ...], str, str]:
    """(ids, covered until, known since); a span with too many deletions is halved."""
    path = client.path(f"/sobjects/{name}/deleted/")
    try:
        reply = client.http.send("GET", path, params={"start": since, "end": until}, about=f"{name} deletions")
    except Reject as error:
        length_s = (parsed(until) - parsed(since)).total_seconds()
        if not says(error, "EXCEEDED_ID_LIMIT") or length_s < 2 * _SHORTEST_S:
            raise Halt(error.code, error.message) from None
        middle = shifted(since, length_s / 2)
        first, covered, earliest = _deleted(client, name, since, middle)
        if covered < middle:
            return first, covered, earliest
        second, covered, _ = _deleted(client, name, middle, until)
        return first + second, covered, earliest
    gone = tuple(str(each["id"]) for each in reply.unwrap("deletedRecords"))
    covered = normalised(str(reply.unwrap("latestDateCovered")))
    return gone, covered, normalised(str(reply.unwrap("earliestDateAvailable")))
