"""The HTTP face of a Salesforce org: errors are arrays, the token endpoint's are objects, and each answer counts calls.

Cooperative faults played here: duplicate_page, short_page, partial, phantom, poison, trim, forbid.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, SimClock, Simulator, json_answer
from goldbridge.simulators.kit.limit import Limiter
from goldbridge.simulators.salesforce.auth import Credentials, Gate
from goldbridge.simulators.salesforce.bulk import Jobs
from goldbridge.simulators.salesforce.change import Changes
from goldbridge.simulators.salesforce.org import Org, Row
from goldbridge.simulators.salesforce.question import Questions
from goldbridge.simulators.salesforce.schema import ObjectSchema, sandbox_objects

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
DATA = "/services/data/{version}"
DAY_S = 86_400.0
_STATUSES: Mapping[str, int] = {
    "INVALID_SESSION_ID": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "INSUFFICIENT_ACCESS": 403,
    "NOT_FOUND": 404,
    "SERVER_UNAVAILABLE": 503,
    "UNKNOWN_EXCEPTION": 500,
}


class Salesforce(Simulator):
    """An org with its records.

    `rows`: object name -> rows that were there before (`SystemModstamp` in epoch milliseconds if given). `page_rows`
    makes pages of a size of the server's own, `session_s` is the org's session timeout, `daily_calls` its quota in any
    24 hours, `log_lag_s` how far the log of deletions is behind, `instance_url` where the data calls are to go (the
    host that was asked when empty), `polls` how often a Bulk job is still in progress, `no_bulk` names objects that
    Bulk does not know.
    """

    name = "salesforce"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {
        "*": Limit(15_000, DAY_S, shared=True),
        TOKEN_PATH: Limit(3_600, 3600.0),
    }

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        objects: Mapping[str, ObjectSchema] | None = None,
        credentials: Credentials = Credentials(),  # noqa: B008 - immutable
        page_rows: int | None = None,
        session_s: float = 7200.0,
        daily_calls: int | None = None,
        log_lag_s: float = 30.0,
        max_deleted: int = 600_000,
        instance_url: str = "",
        polls: int = 1,
        no_bulk: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        if daily_calls is not None:
            shared = Limit(daily_calls, DAY_S, shared=True)
            self.limiter = Limiter(self.clock, {"*": shared, TOKEN_PATH: self.sheet_limits[TOKEN_PATH]})
        self._allowed = daily_calls or 15_000
        self._used: deque[float] = deque()
        self.org = Org(self.clock, objects or sandbox_objects())
        for name in self.org.objects:  # in this order, so that references find what they point to
            self.org.load(name, (rows or {}).get(name, ()))
        self.gate = Gate(self.clock, credentials, session_s, instance_url)
        self.questions = Questions(self.org, page_rows=page_rows, log_lag_s=log_lag_s, max_deleted=max_deleted)
        self._changes = Changes(self.org, self._count_write)
        self._jobs = Jobs(self.org, self.questions, polls=polls, unsupported=no_bulk)

    # For the control surface and for tests

    def rows(self, name: str) -> list[Row]:
        """Every row that is not deleted, in id order; copies."""
        return [dict(row) for row in self.org.live(name)]

    def add(self, name: str, values: Mapping[str, Any]) -> str:
        """Somebody types a new record; returns its id."""
        return self.org.create(name, values)

    def edit(self, name: str, key: str, values: Mapping[str, Any]) -> None:
        """Somebody edits a record."""
        self.org.update(name, key, values)

    def remove(self, name: str, key: str, *, hard: bool = False) -> None:
        """Somebody deletes a record; `hard` empties it from the recycle bin as well."""
        self.org.delete(name, key, hard=hard)

    def merge(self, name: str, winner: str, loser: str) -> None:
        """Somebody merges two records."""
        self.org.delete(name, loser, master=winner)

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        ask, change, jobs = self.questions, self._changes, self._jobs
        yield Endpoint("POST", TOKEN_PATH, self.gate.issue)
        for end in ("", "/"):
            yield self._endpoint("GET", f"/query{end}", lambda call: ask.query(call, deleted=False))
            yield self._endpoint("GET", f"/queryAll{end}", lambda call: ask.query(call, deleted=True))
            yield self._endpoint("GET", f"/sobjects/{{name}}/deleted{end}", ask.deleted)
            yield self._endpoint("POST", f"/sobjects/{{name}}{end}", change.create)
        yield self._endpoint("GET", "/query/{locator}", ask.more)
        yield self._endpoint("GET", "/queryAll/{locator}", ask.more)
        yield self._endpoint("GET", "/sobjects", ask.objects)
        yield self._endpoint("GET", "/sobjects/{name}/describe", ask.describe)
        yield self._endpoint("PATCH", "/composite/sobjects/{name}/{field}", change.upsert)
        yield self._endpoint("PATCH", "/composite/sobjects", change.update_many)
        yield self._endpoint("DELETE", "/composite/sobjects", change.delete_many)
        yield self._endpoint("PATCH", "/sobjects/{name}/{field}/{value}", change.upsert_one)
        yield self._endpoint("GET", "/sobjects/{name}/{key}", change.get)
        yield self._endpoint("PATCH", "/sobjects/{name}/{key}", change.update)
        yield self._endpoint("DELETE", "/sobjects/{name}/{key}", change.delete)
        yield self._endpoint("POST", "/jobs/query", jobs.create)
        yield self._endpoint("GET", "/jobs/query/{job}", jobs.status)
        yield self._endpoint("PATCH", "/jobs/query/{job}", jobs.abort)
        yield self._endpoint("DELETE", "/jobs/query/{job}", jobs.remove)
        yield self._endpoint("GET", "/jobs/query/{job}/results", jobs.results)

    def _endpoint(self, method: str, path: str, handle: Callable[[Call], Answer]) -> Endpoint:
        def serve(call: Call) -> Answer:
            self.gate.check(call)
            return handle(call)

        return Endpoint(method, DATA + path, serve)

    def handle(self, call: Call, endpoint: Endpoint) -> Answer:
        answer = super().handle(call, endpoint)
        if endpoint.path == TOKEN_PATH:
            return answer
        now = self.clock.now()
        self._used.append(now)
        while self._used[0] <= now - DAY_S:
            self._used.popleft()
        usage = f"api-usage={len(self._used)}/{self._allowed}"
        return answer._replace(headers=(*answer.headers, (b"sforce-limit-info", usage.encode())))

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        body = [{"errorCode": code, "message": message or code.replace("_", " ").lower()}]
        return json_answer(body, status or _STATUSES.get(code, 400))

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def bad_json(self, call: Call) -> Answer:
        return self.refuse("JSON_PARSER_ERROR", "unexpected character in the request", 400)

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("NOT_FOUND", "The requested resource does not exist")

    def expire_tokens(self) -> None:
        self.gate.expire()

    def edit_rows(self, call: Call, rows: int) -> None:
        """Somebody touches the first `rows` rows (in id order) of the object that was asked about last."""
        name = self.questions.reading
        for row in self.org.live(name)[:rows]:
            remark = (
                {"Description": f"改于{self.clock.now_ms()}"} if "Description" in self.org.objects[name].fields else {}
            )
            self.org.update(name, row["Id"], remark)

    def tie_rows(self, call: Call, rows: int) -> None:
        """The last `rows` rows (by time) get the time of the last of them."""
        name = self.questions.reading
        latest = sorted(self.org.live(name), key=lambda row: (row["SystemModstamp"], row["Id"]))[-rows:]
        for row in latest:
            self.org.stamp(name, row["Id"], latest[-1]["SystemModstamp"])

    def _count_write(self) -> None:
        self.counters.writes += 1
