"""A pretend REST CRM. Its habits are options, so that one connector can be tried against the habits of many vendors.

`paging`: keyset, next_token, next_url, link, page, offset, none. `envelope`: `status` speaks through HTTP statuses with
`{"error": {"code", "message"}}`, `code` answers 200 to everything with `{"code", "message", "trace_id", "data"}`.
`auth`: see `Gate`. `times`: how `updated_at` is written. A list takes `since` (later than), `since_id` (and then later
or the id is greater), `until` (not later than), `limit`; it is sorted by time and id. Tokens live `page_token_s`.

Objects: GET /{object} (or POST /{object}/search with the same names in a JSON body), POST /{object}, PATCH
/{object}/{id}, POST /{object}/{id}/archive, GET /{object}/by-external/{id}, PUT of the same (makes or changes), POST
/{object}/find {"external_ids"}, POST /{object}/batch {"records"} with a result per record. POST /oauth/token, POST
/login, GET /me.
Cooperative faults played here: duplicate_page, short_page, depth, partial, phantom, poison, trim, forbid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.plain.auth import Gate
from goldbridge.simulators.plain.table import Table

PAGINGS = ("keyset", "next_token", "next_url", "link", "page", "offset", "none")
LARGEST_PAGE = 500
_STATUSES: Mapping[str, int] = {
    "unauthorized": 401, "forbidden": 403, "not_found": 404, "expired": 410, "duplicate": 409, "poison": 500,
    "too_deep": 400, "throttled": 429,
}  # fmt: skip


class Plain(Simulator):
    """`rows`: object -> rows, with `updated_ms` where their time matters. `depth`: rows a list serves at most."""

    name = "plain"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"*": Limit(10, 1.0, shared=True)}

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        paging: str = "keyset",
        envelope: str = "status",
        auth: str = "none",
        times: str = "iso",
        rotate: bool = True,
        token_s: int = 3600,
        page_token_s: float = 3600.0,
        depth: int | None = None,
        counts: bool = True,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        if paging not in PAGINGS or envelope not in ("status", "code"):
            raise ValueError(f"paging is one of {', '.join(PAGINGS)}, envelope is status or code")
        self._paging, self._envelope, self._depth, self._counts = paging, envelope, depth, counts
        self.gate = Gate(auth, self.clock, rotate=rotate, token_s=token_s)
        self._times, self._page_token_s = times, page_token_s
        self._tables: dict[str, Table] = {}
        self._last: dict[str, list[dict[str, Any]]] = {}
        for name, given in (rows or {}).items():
            self.table(name).load(given)

    # For tests and the control surface

    def table(self, name: str) -> Table:
        return self._tables.setdefault(name, Table(self.clock, self._times))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Every row as the API shows it, by id."""
        table = self.table(name)
        return [table.shown(row) for row in table.rows.values()]

    def edit(self, name: str, key: int, values: Mapping[str, Any]) -> None:
        """Somebody edits a row by hand."""
        table = self.table(name)
        table.change(table.rows[key], values)

    def remove(self, name: str, key: int) -> None:
        """Somebody deletes a row for good."""
        del self.table(name).rows[key]

    def edit_rows(self, call: Call, rows: int) -> None:
        table = self.table(self._object(call))
        for row in sorted(table.rows.values(), key=_place)[:rows]:
            table.change(row, {"note": "edited"})

    def tie_rows(self, call: Call, rows: int) -> None:
        now = self.clock.now_ms() - 60_000
        for row in list(self.table(self._object(call)).rows.values())[:rows]:
            row["updated_ms"] = now

    def expire_tokens(self) -> None:
        self.gate.expire()

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", "/oauth/token", lambda call: json_answer(self.gate.token(call)))
        yield Endpoint("POST", "/login", self._login)
        served: tuple[tuple[str, str, Callable[[Call], Answer]], ...] = (
            ("GET", "/me", lambda _: self._good({"user": "hub"})),
            ("GET", "/{object}", lambda call: self._list(call, call.query)),
            ("POST", "/{object}/search", lambda call: self._list(call, _texts(call.json))),
            ("POST", "/{object}/find", self._find),
            ("POST", "/{object}/batch", self._batch),
            ("GET", "/{object}/by-external/{external_id}", self._get),
            ("PUT", "/{object}/by-external/{external_id}", self._upsert),
            ("POST", "/{object}/{id}/archive", self._archive),
            ("PATCH", "/{object}/{id}", self._update),
            ("POST", "/{object}", self._create),
        )
        for method, path, serve in served:
            yield Endpoint(method, path, self._gated(serve))

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        if code.startswith("oauth:"):
            return json_answer({"error": code.removeprefix("oauth:"), "error_description": message}, status or 400)
        if self._envelope == "code":
            return json_answer({"code": code, "message": message, "trace_id": f"t-{self.counters.calls}"})
        return json_answer({"error": {"code": code, "message": message}}, status or _STATUSES.get(code, 400))

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("not_found", f"no such path: {call.path}", 404)

    def throttled(self, after_s: float) -> Answer:
        answer = self.refuse("throttled", "too many calls", 429)
        return answer._replace(headers=((b"retry-after", str(int(after_s) + 1).encode()),))

    def _good(self, data: Any, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
        body = {"code": 0, "message": "ok", "data": data} if self._envelope == "code" else data
        return json_answer(body)._replace(headers=headers)

    def _gated(self, serve: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            self.gate.admit(call)
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", call.params.get("object")):
                raise Refused("forbidden", "no permission for this object")
            return serve(call)

        return answer

    def _login(self, call: Call) -> Answer:
        session = self.gate.login(call)
        if self.gate.kind != "cookie":
            return self._good({"session": session, "lives": 1800})
        cookie = f"sid={session}; Path=/; HttpOnly; Expires=Wed, 21 Oct 2099 07:28:00 GMT"
        return self._good({"ok": True}, ((b"set-cookie", cookie.encode()), (b"set-cookie", b"lang=zh; Path=/")))

    # Reading

    def _list(self, call: Call, asked: Mapping[str, str]) -> Answer:
        name = self._object(call)
        table = self.table(name)
        rows = self._selected(table, asked)
        limit = min(int(asked.get("limit") or 100), LARGEST_PAGE)
        start = self._start(asked, limit)
        if self._paging == "none":
            limit = max(len(rows), 1)
        if (deep := call.fault("depth")) or self._depth is not None:
            most = deep.rows if deep else self._depth or 0
            if start >= most:
                raise Refused("too_deep", f"nothing beyond {most} rows is served")
        if short := call.fault("short_page"):
            limit = max(limit - short.rows, 1)
        page = rows[start : start + limit]
        if any(call.poisoned(row["id"]) for row in page):
            raise Refused("poison", "internal error")
        shown = [table.shown(row) for row in page]
        if call.fault("duplicate_page"):
            shown = self._last.get(name, shown)
        self._last[name] = shown
        more = start + limit < len(rows)
        found: dict[str, Any] = {"items": shown, "has_more": more}
        if self._counts:
            found["total"] = len(rows)
        return self._with_next(call, found, start + limit, more)

    def _selected(self, table: Table, asked: Mapping[str, str]) -> list[dict[str, Any]]:
        """Rows of the question, by shown time and id. Times are compared as they are shown."""
        grain = table.grain()
        rows = sorted(table.rows.values(), key=lambda row: (row["updated_ms"] // grain, row["id"]))
        if until := asked.get("until"):
            last = table.read_time(until) // grain
            rows = [row for row in rows if row["updated_ms"] // grain <= last]
        if since := asked.get("since"):
            first = table.read_time(since) // grain
            tie = int(asked["since_id"]) if asked.get("since_id") else None
            rows = [
                row
                for row in rows
                if (at := row["updated_ms"] // grain) > first or (tie is not None and at == first and row["id"] > tie)
            ]
        elif asked.get("since_id"):
            rows = sorted((row for row in rows if row["id"] > int(asked["since_id"])), key=lambda row: row["id"])
        return rows

    def _start(self, asked: Mapping[str, str], limit: int) -> int:
        match self._paging:
            case "page" | "link" | "next_url":
                return (max(int(asked.get("page") or 1), 1) - 1) * limit
            case "offset":
                return int(asked.get("offset") or 0)
            case "next_token" if token := asked.get("cursor"):
                place, _, until = token.partition("@")
                if self.clock.now() > float(until):
                    raise Refused("expired", "the page token has expired")
                return int(place)
        return 0

    def _with_next(self, call: Call, found: dict[str, Any], start: int, more: bool) -> Answer:
        if self._paging == "next_token" and more:
            found["next_cursor"] = f"{start}@{self.clock.now() + self._page_token_s:.3f}"
        headers: tuple[tuple[bytes, bytes], ...] = ()
        if self._paging in ("link", "next_url") and more:
            page = max(int(call.query.get("page") or 1), 1) + 1
            url = f"{call.path}?{urlencode({**call.query, 'page': page})}"
            if self._paging == "next_url":
                found["next"] = url
            else:
                headers = ((b"link", f'<{url}>; rel="next", <{call.path}>; rel="first"'.encode()),)
        return self._good(found, headers)

    # Writing

    def _create(self, call: Call) -> Answer:
        return self._good(self._written(call, lambda table: table.create(self._values(call, call.json))))

    def _update(self, call: Call) -> Answer:
        return self._good(
            self._written(call, lambda table: table.change(self._row(call), self._values(call, call.json)))
        )

    def _archive(self, call: Call) -> Answer:
        return self._good(self._written(call, lambda table: table.change(self._row(call), {"archived": True})))

    def _upsert(self, call: Call) -> Answer:
        def write(table: Table) -> dict[str, Any]:
            values = {**self._values(call, call.json), "external_id": call.params["external_id"]}
            row = table.by_external(call.params["external_id"])
            return table.change(row, values) if row is not None else table.create(values)

        return self._good(self._written(call, write))

    def _written(self, call: Call, write: Callable[[Table], dict[str, Any]]) -> dict[str, Any]:
        if call.fault("phantom"):
            return {"id": 999_999}
        self.counters.writes += 1
        return {"id": write(self.table(self._object(call)))["id"]}

    def _values(self, call: Call, values: Any) -> dict[str, Any]:
        if not isinstance(values, dict):
            raise Refused("bad_record", "a record must be an object")
        if trim := call.fault("trim"):
            return {name: value for name, value in values.items() if name != trim.field}
        return dict(values)

    def _batch(self, call: Call) -> Answer:
        """Makes or changes by external id; one refused record leaves the others alone."""
        table, results = self.table(self._object(call)), []
        partial = call.fault("partial")
        for at, given in enumerate(call.json.get("records", [])):
            external = str(given.get("external_id"))
            try:
                if partial and at < partial.rows:
                    raise Refused(partial.code or "locked", "record is locked")
                values, row = self._values(call, given), table.by_external(external)
                if call.fault("phantom"):
                    row = {"id": 999_999}
                else:
                    row = table.change(row, values) if row is not None else table.create(values)
                    self.counters.writes += 1
                results.append({"external_id": external, "id": row["id"], "error": None})
            except Refused as refusal:
                error = {"code": refusal.code, "message": refusal.message}
                results.append({"external_id": external, "id": None, "error": error})
        return self._good({"results": results[::-1]})

    def _get(self, call: Call) -> Answer:
        table = self.table(self._object(call))
        row = table.by_external(call.params["external_id"])
        if row is None:
            raise Refused("not_found", "no such record")
        return self._good(table.shown(row))

    def _find(self, call: Call) -> Answer:
        table = self.table(self._object(call))
        found = (table.by_external(str(one)) for one in call.json.get("external_ids", []))
        return self._good({"items": [table.shown(row) for row in found if row is not None]})

    def _row(self, call: Call) -> dict[str, Any]:
        key = call.params["id"]
        row = self.table(self._object(call)).rows.get(int(key)) if key.isdecimal() else None
        if row is None:
            raise Refused("not_found", "no such record")
        return row

    @staticmethod
    def _object(call: Call) -> str:
        return call.params.get("object", "")


def _place(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["updated_ms"], row["id"]


def _texts(body: Any) -> dict[str, str]:
    if not isinstance(body, dict):
        raise Refused("bad_question", "the question must be an object")
    return {name: str(value) for name, value in body.items() if value is not None}
