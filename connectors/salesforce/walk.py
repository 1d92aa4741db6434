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
from goldbridge.http.narrow import Narrowing, is_fault

STAMP = "SystemModstamp"
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

    A page that the server cannot serve is narrowed until the record that breaks it is alone; that one is stepped over.
    """
    at, restarts, left_out, anew = start, 0, 0, False
    asking = _Asking(client, name, fields, end, deleted=deleted)
    narrowing = Narrowing(client.page_size, asking.nothing)
    while True:
        part = 0 if narrowing.whole else narrowing.size
        try:
            reply = asking.rows(at, part, narrowing.skip)
        except Retry as error:
            key = asking.key(at, narrowing.skip) if part == 1 and is_fault(error) else ""
            narrowing.broke(error, key or f"after {(at.tie or at.cursor) if at else 'the start'}")
            anew = False
            continue
        announced, came = int(reply.unwrap("totalSize")), 0
        before, since = [], at
        while True:
            rows = _rows(reply, client, name)
            rejects = narrowing.served(len(rows))
            at, came, before = _furthest(rows, at, end), came + len(rows), [row["Id"] for row in rows]
            left_out += len(rejects)
            yield Page(rows, at, rejects=rejects)
            following = _following(reply, client, name)
            if following is None:
                if came != announced:
                    return f"{came} of {announced} rows of {name} came: some were deleted during the read, or lost"
                if part and rows:
                    break  # only a part was asked for
                return _left_out(left_out, name)
            try:
                reply_or_none = _next(client, name, following, before)
            except Retry as error:
                if not is_fault(error) or anew:
                    raise
                reply_or_none, anew = None, True  # asked for anew from here, so that it can be narrowed
            if reply_or_none is None:
                break
            reply = reply_or_none
        restarts = restarts + 1 if at == since else 0
        if restarts >= _REPEATS:
            raise Halt("CON195", f"{client.system} {name}: the server closes its cursor before it gives a second page")


def _left_out(count: int, name: str) -> str:
    return f"{count} records of {name} could not be read" if count else ""


class _Asking:
    """Asks for a window from a place on."""

    def __init__(self, client: SalesforceClient, name: str, fields: Sequence[str], end: str, *, deleted: bool) -> None:
        self._client, self._name, self._fields, self._end, self._deleted = client, name, fields, end, deleted
        self._gives_keys = True

    def rows(self, at: Position | None, limit: int = 0, offset: int = 0, *, only: Sequence[str] = ()) -> Reply:
        where = condition(at, self._end)
        soql = select(self._name, only or self._fields, where, limit=limit, offset=offset)
        return self._client.query(soql, about=self._name, deleted=self._deleted)

    def nothing(self) -> Reply:
        """A window of no length holds no record that could break it."""
        return self.rows(Position(self._end), 1)

    def key(self, at: Position | None, offset: int) -> str:
        """The id of a record that breaks every page, if it can be had alone; a server that gave none is not asked."""
        if not self._gives_keys:
            return ""
        try:
            rows = _rows(self.rows(at, 1, offset, only=("Id", STAMP)), self._client, self._name)
        except Retry:
            self._gives_keys = False
            return ""
        return str(rows[0]["Id"]) if rows else ""


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
