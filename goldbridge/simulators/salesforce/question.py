"""Questions to the org: queries with their cursors, descriptions, the log of deletions.

A cursor keeps the ids that matched when it was opened, in their order; the values are those of the moment when a page
is fetched, so a row that somebody edited meanwhile shows its new time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from goldbridge.simulators.kit import Answer, Call, Refused, json_answer
from goldbridge.simulators.salesforce.org import Org, Row, moment, shown
from goldbridge.simulators.salesforce.soql import Query, parse, parse_moment

LARGEST_PAGE, SMALLEST_PAGE = 2000, 200
LOG_DAYS = 15
URL_BYTES = 16_384


class _Cursor(NamedTuple):
    query: Query
    ids: list[str]
    total: int
    size: int
    path: str


class Questions:
    """Answers questions; `page_rows` overrules what a client wishes, `log_lag_s` keeps the log of deletions behind."""

    def __init__(self, org: Org, *, page_rows: int | None, log_lag_s: float, max_deleted: int) -> None:
        self._org, self._page_rows, self._log_lag_s, self._max_deleted = org, page_rows, log_lag_s, max_deleted
        self._cursors: dict[str, _Cursor] = {}
        self._last: dict[str, Any] | None = None
        self.log_purged_ms = 0
        self.reading = "Account"

    def close_cursors(self) -> None:
        self._cursors.clear()

    def run(self, query: Query, *, deleted: bool) -> list[str]:
        """The ids that match, in order."""
        table = self._org.tables[query.object_name]
        rows = [row for _, row in sorted(table.items()) if (deleted or not row["IsDeleted"]) and query.where(row)]
        for name, falling in reversed(query.order):
            rows.sort(
                key=lambda row: (row[name] is not None, row[name] if row[name] is not None else ""), reverse=falling
            )
        last = None if query.limit is None else query.offset + query.limit
        return [row["Id"] for row in rows[query.offset : last]]

    def query(self, call: Call, *, deleted: bool) -> Answer:
        if len(call.query.get("q", "")) + len(call.path) > URL_BYTES:
            raise Refused("URI_TOO_LONG", "URI Too Long", 414)
        query = parse(call.query.get("q", ""), self._org.objects)
        self.reading = query.object_name
        self._forbid(call)
        ids = self.run(query, deleted=deleted)
        if query.count:
            return json_answer({"totalSize": len(ids), "done": True, "records": []})
        number = f"01gAA{len(self._cursors) + 1:010d}"
        path = call.path.rstrip("/")
        self._cursors[number] = _Cursor(query, ids, len(ids), self._size(call), path)
        return self._page(call, number, 0)

    def more(self, call: Call) -> Answer:
        number, _, at = call.params["locator"].rpartition("-")
        if number not in self._cursors or not at.isdigit():
            raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator", 400)
        self.reading = self._cursors[number].query.object_name
        self._forbid(call)
        return self._page(call, number, int(at))

    def _page(self, call: Call, number: str, start: int) -> Answer:
        cursor = self._cursors[number]
        if call.fault("duplicate_page") and self._last is not None:
            return json_answer(self._last)
        stop = min(start + cursor.size, len(cursor.ids))
        if short := call.fault("short_page"):
            stop = max(start, stop - short.rows)
        keys = cursor.ids[start:stop]
        if call.poisoned(*keys):
            raise Refused("UNKNOWN_EXCEPTION", "An unexpected error occurred.", 500)
        table = self._org.tables[cursor.query.object_name]
        rows = [table[key] for key in keys if key in table]
        answer: dict[str, Any] = {"totalSize": cursor.total, "done": stop >= len(cursor.ids)}
        if not answer["done"]:
            answer["nextRecordsUrl"] = f"{cursor.path}/{number}-{stop}"
        answer["records"] = [self.record(cursor.query, row, cursor.path) for row in rows]
        self._last = answer
        return json_answer(answer)

    def record(self, query: Query, row: Row, path: str) -> dict[str, Any]:
        version = path.split("/")[3]
        name = query.object_name
        fields = self._org.objects[name].fields
        url = f"/services/data/{version}/sobjects/{name}/{row['Id']}"
        return {"attributes": {"type": name, "url": url}} | {each: shown(fields[each], row) for each in query.fields}

    def _size(self, call: Call) -> int:
        if self._page_rows is not None:
            return self._page_rows
        wish = call.headers.get("sforce-query-options", "").partition("batchSize=")[2]
        return min(LARGEST_PAGE, max(SMALLEST_PAGE, int(wish))) if wish.isdigit() else LARGEST_PAGE

    def objects(self, call: Call) -> Answer:
        return json_answer({"sobjects": [each.brief() for each in self._org.objects.values()]})

    def describe(self, call: Call) -> Answer:
        schema = self._org.schema(call.params["name"])
        self.reading = schema.name
        self._forbid(call)
        return json_answer(schema.describe())

    def deleted(self, call: Call) -> Answer:
        name = self._org.schema(call.params["name"]).name
        try:
            start, end = parse_moment(call.query["start"]), parse_moment(call.query["end"])
        except (KeyError, ValueError):
            raise Refused("INVALID_REPLICATION_DATE", "start and end have to be dates", 400) from None
        now = self._org.clock.now_ms()
        if end - start <= 60_000:
            raise Refused("INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate", 400)
        if start < now - LOG_DAYS * 86_400_000:
            raise Refused("INVALID_REPLICATION_DATE", "startDate cannot be more than 15 days ago", 400)
        found = [(at, key) for at, key in self._org.log[name] if start <= at < end and at >= self.log_purged_ms]
        if len(found) > self._max_deleted:
            raise Refused("EXCEEDED_ID_LIMIT", "too many ids", 400)
        covered = min(end, now - int(self._log_lag_s * 1000))
        return json_answer(
            {
                "deletedRecords": [{"id": key, "deletedDate": moment(at)} for at, key in found if at <= covered],
                "earliestDateAvailable": moment(max(self.log_purged_ms, now - LOG_DAYS * 86_400_000)),
                "latestDateCovered": moment(covered),
            }
        )

    def _forbid(self, call: Call) -> None:
        forbidden = call.fault("forbid")
        if forbidden and forbidden.key in ("", self.reading):
            raise Refused("INSUFFICIENT_ACCESS", "insufficient access rights on object", 403)


def csv_value(value: Any) -> str:
    """A value as Bulk writes it: null and empty look the same, times end in Z."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def csv_moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at_ms % 1000:03d}Z"
