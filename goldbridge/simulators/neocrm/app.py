"""The HTTP face of a Neocrm tenant: four generations of calls with envelopes of their own.

`records` at the root (V1), in `result` (V2) or in `data` (V2.0); `code` is a number or a text, the sentence is `msg` or
`message`, a new id is `data.id` or `data.dataId`: all switchable, since clients report all of them.
Cooperative faults played here: duplicate_page, short_page, partial, phantom, poison, trim, forbid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, ClassVar

from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.neocrm.query import Query, parse
from goldbridge.simulators.neocrm.schema import HUB_USER, OTHER_USER, ObjectSchema, sandbox_objects
from goldbridge.simulators.neocrm.tenant import INVALID, Row, Tenant

TOKEN_PATHS = ("/auc/oauth2/token", "/oauth2/token", "/oauth2/token.action")
OBJECT = "/rest/data/v2.0/xobjects/{name}"
MOST_V1, MOST_V2, MOST_XOQL, MOST_BATCH, MOST_BULK = 300, 100, 3000, 100, 5000


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the sandbox tenant's administrator handed out; the password goes with the token behind it."""

    client_id: str = "neo-sandbox-client"
    client_secret: str = "neo-sandbox-client-secret"  # noqa: S105 - a fixed, obviously fake word
    username: str = "hub@sandbox.example"
    password: str = "neo-sandbox-password"  # noqa: S105
    security_token: str = "Ab3dEf9h"  # noqa: S105


class Neocrm(Simulator):
    """A tenant with its rows.

    `rows`: object name -> rows that were there before. `expires_in` is told with a token (None: not told; it lives
    `token_s` either way). `code_as_text`, `says_message` and `says_data_id` choose between the envelopes seen.
    """

    name = "neocrm"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"*": Limit(5, 1.0, shared=True)}

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        objects: Mapping[str, ObjectSchema] | None = None,
        credentials: Credentials = Credentials(),
        expires_in: int | None = 7200,
        token_s: float = 7200.0,
        code_as_text: bool = True,
        says_message: bool = False,
        says_data_id: bool = False,
        id_as_number: bool = False,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.tenant = Tenant(self.clock, objects or sandbox_objects())
        for name in self.tenant.objects:  # in this order, so that references find what they point to
            self.tenant.load(name, (rows or {}).get(name, ()))
        self._given, self._expires_in, self._token_s = credentials, expires_in, token_s
        self._code_as_text, self._message = code_as_text, "message" if says_message else "msg"
        self._new_id, self._id_as_number = "dataId" if says_data_id else "id", id_as_number
        self._tokens: dict[str, float] = {}
        self._issued = 0
        self._scrolls: dict[str, tuple[Query, str, int, int]] = {}
        self._jobs: dict[str, dict[str, Any]] = {}
        self._last: dict[str, Any] | None = None
        self._reading = "account"

    # For the control surface and for tests

    def rows(self, name: str) -> list[Row]:
        """Every row, in id order; copies."""
        return [dict(row) for _, row in sorted(self.tenant.tables[name].items())]

    def add(self, name: str, values: Mapping[str, Any]) -> str:
        """Somebody types a new row; returns its id."""
        self.tenant.load(name, [values])
        return str(max(self.tenant.tables[name]))

    def edit(self, name: str, key: str, values: Mapping[str, Any]) -> None:
        """Somebody edits a row."""
        self.tenant.update(name, key, values, OTHER_USER)

    def remove(self, name: str, key: str) -> None:
        """Somebody deletes a row; nothing tells."""
        self.tenant.delete(name, key)

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        for path in TOKEN_PATHS:
            yield Endpoint("POST", path, self._token)
        yield self._endpoint("POST", "/data/v1/query", self._query_v1)
        yield self._endpoint("GET", "/rest/data/v2/query", self._query_v2)
        yield self._endpoint("POST", "/rest/data/v2.0/query/xoql", self._xoql)
        yield self._endpoint("POST", "/rest/data/v2.0/query/xoqlScroll", self._scroll)
        yield self._endpoint("GET", "/rest/metadata/v2.0/xobjects/filter", self._objects)
        yield self._endpoint("GET", f"{OBJECT}/description", self._describe)
        yield self._endpoint("POST", f"{OBJECT}/batch", lambda call: self._batch(call, self._create_row))
        yield self._endpoint("PATCH", f"{OBJECT}/batch", lambda call: self._batch(call, self._update_row))
        yield self._endpoint("POST", OBJECT, self._create)
        yield self._endpoint("GET", f"{OBJECT}/{{key}}", self._get)
        yield self._endpoint("PATCH", f"{OBJECT}/{{key}}", self._update)
        yield self._endpoint("DELETE", f"{OBJECT}/{{key}}", self._delete)
        yield self._endpoint("POST", "/rest/bulk/v2/job", self._job)
        yield self._endpoint("POST", "/rest/bulk/v2/batch", self._bulk)
        yield self._endpoint("GET", "/rest/bulk/v2/batch/{key}/result", self._bulk_result)
        yield self._endpoint("GET", "/rest/bulk/v2/job/{key}", self._bulk_result)

    def _endpoint(self, method: str, path: str, handle: Callable[[Call], Answer]) -> Endpoint:
        def serve(call: Call) -> Answer:
            token = call.headers.get("authorization", "").removeprefix("Bearer ")
            if self.clock.now() >= self._tokens.get(token, 0.0):
                return json_answer({"code": "401", self._message: "token invalid or expired"}, 401)
            forbidden = call.fault("forbid")
            if forbidden and forbidden.key in ("", call.params.get("name"), path):
                return json_answer({"code": "403", self._message: "no permission"}, 403)
            return handle(call)

        return Endpoint(method, path, serve)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return json_answer({"code": self._code(code), self._message: message or "error"}, status or 200)

    def throttled(self, after_s: float) -> Answer:
        return json_answer({"code": "429", self._message: "访问频率超限"}, 429)

    def bad_json(self, call: Call) -> Answer:
        return self.refuse(INVALID, "invalid json", 400)

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def edit_rows(self, call: Call, rows: int) -> None:
        """Somebody touches the first `rows` rows of the object that was asked about last."""
        for row in self.rows(self._reading)[:rows]:
            self.tenant.update(self._reading, row["id"], {"comment": f"改于{self.clock.now_ms()}"}, OTHER_USER)

    def tie_rows(self, call: Call, rows: int) -> None:
        """The last `rows` rows (by time) get the time of the last of them."""
        table = self.tenant.tables[self._reading]
        latest = sorted(table.values(), key=lambda row: (row["updatedAt"], row["id"]))[-rows:]
        for row in latest:
            row["updatedAt"] = latest[-1]["updatedAt"]

    # Who calls

    def _token(self, call: Call) -> Answer:
        form, given = call.form, self._given
        known = (form.get("client_id"), form.get("client_secret")) == (given.client_id, given.client_secret)
        if form.get("grant_type") != "password" or not known:
            return json_answer({"error": "invalid_client", "error_description": "client is not known"}, 400)
        password = given.password + given.security_token
        if (form.get("username"), form.get("password")) != (given.username, password) or not form.get("redirect_uri"):
            return json_answer({"error": "invalid_grant", "error_description": "bad credentials"}, 400)
        self._issued += 1
        token = blake2b(f"neocrm token {self._issued}".encode(), digest_size=16).hexdigest()
        self._tokens[token] = self.clock.now() + self._token_s
        answer = {
            "access_token": token,
            "refresh_token": f"r{token}",
            "token_type": "Bearer",
            "id": HUB_USER,
            "issued_at": str(self.clock.now_ms()),
        }
        return json_answer(answer | ({"expires_in": self._expires_in} if self._expires_in is not None else {}))

    # Answers

    def _code(self, code: str) -> str | int:
        return code if self._code_as_text or not code.lstrip("-").isdigit() else int(code)

    def _ok(self, where: str, content: Mapping[str, Any], **root: Any) -> Answer:
        return json_answer({"code": self._code("200"), self._message: "OK", **root, where: content})

    def _shown(self, row: Row, names: Iterable[str]) -> dict[str, Any]:
        shown = {name: row.get(name) for name in names}
        if self._id_as_number and "id" in shown:
            shown["id"] = int(row["id"])
        return shown

    def _page(self, call: Call, text: str, most: int) -> dict[str, Any]:
        query = parse(text, self.tenant.objects)
        self._reading = query.object_name
        total, rows = self.tenant.run(query, most=most, owner=self._sees(call))
        return self._dressed(call, query, total, rows)

    def _sees(self, call: Call) -> str:
        """Without the header for administrators a caller sees its own rows only."""
        return "" if call.headers.get("xsy-criteria") == "10" else HUB_USER

    def _dressed(self, call: Call, query: Query, total: int, rows: list[Row]) -> dict[str, Any]:
        if call.fault("duplicate_page") and self._last is not None:
            return self._last
        if short := call.fault("short_page"):
            rows = rows[: max(0, len(rows) - short.rows)]
        if call.poisoned(*(row["id"] for row in rows)):
            raise Refused("500", "系统异常", 500)
        records = [self._shown(row, query.fields) for row in rows]
        self._last = {"totalSize": total, "count": len(records), "records": records}
        return self._last

    # Reading

    def _query_v1(self, call: Call) -> Answer:
        try:
            return json_answer(self._page(call, call.form.get("q", ""), MOST_V1))
        except Refused as refusal:
            return json_answer({"error_code": refusal.code, "message": refusal.message})

    def _query_v2(self, call: Call) -> Answer:
        return self._ok("result", self._page(call, call.query.get("q", ""), MOST_V2))

    def _xoql(self, call: Call) -> Answer:
        return self._ok("data", self._page(call, call.form.get("xoql", ""), MOST_XOQL))

    def _scroll(self, call: Call) -> Answer:
        locator = call.form.get("queryLocator", "")
        if locator:
            query, owner, at, size = self._scrolls[locator]
        else:
            query = parse(call.form.get("xoql", ""), self.tenant.objects)
            owner, at, size = self._sees(call), 0, int(call.form.get("batchCount", "2000"))
        total, rows = self.tenant.run(query, most=10**9, owner=owner)
        following = ""
        if at + size < total:
            following = f"q-{len(self._scrolls) + 1}"
            self._scrolls[following] = (query, owner, at + size, size)
        page = self._dressed(call, query, total, rows[at : at + size])
        return self._ok("data", page, queryLocator=following)

    def _objects(self, call: Call) -> Answer:
        """Metadata says 0 where data says 200."""
        custom = call.query.get("custom", "")
        records = [
            {"apiKey": each.name, "label": each.label, "custom": each.name.endswith("__c")}
            for each in self.tenant.objects.values()
            if custom in ("", str(each.name.endswith("__c")).lower())
        ]
        data = {"records": records, "totalSize": len(records)}
        return json_answer({"code": self._code("0"), self._message: "OK", "data": data})

    def _describe(self, call: Call) -> Answer:
        schema = self.tenant.schema(call.params["name"])
        self._reading = schema.name
        fields = [each.describe() for each in schema.fields.values()]
        return self._ok("data", {"apiKey": schema.name, "label": schema.label, "fields": fields})

    def _get(self, call: Call) -> Answer:
        schema = self.tenant.schema(call.params["name"])
        return self._ok("data", self._shown(self.tenant.row(schema.name, call.params["key"]), schema.fields))

    # Writing

    def _incoming(self, call: Call) -> dict[str, Any]:
        data = call.json.get("data") if isinstance(call.json, dict) else None
        if not isinstance(data, dict):
            raise Refused(INVALID, "data is required")
        trim = call.fault("trim")
        return {key: value for key, value in data.items() if not trim or key != trim.field}

    def _create(self, call: Call) -> Answer:
        data = self._incoming(call)
        if call.fault("phantom"):
            return self._ok("data", {self._new_id: "2904963999999999"})
        return self._ok("data", {self._new_id: self._create_row(call.params["name"], data)})

    def _create_row(self, name: str, data: dict[str, Any]) -> str:
        key = self.tenant.create(name, data)
        self.counters.writes += 1
        return key

    def _update(self, call: Call) -> Answer:
        data = self._incoming(call)
        if not call.fault("phantom"):
            self.tenant.update(call.params["name"], call.params["key"], data)
            self.counters.writes += 1
        return self._ok("data", {})

    def _update_row(self, name: str, data: dict[str, Any]) -> str:
        key = str(data.pop("id", ""))
        self.tenant.update(name, key, data)
        self.counters.writes += 1
        return key

    def _delete(self, call: Call) -> Answer:
        self.tenant.delete(call.params["name"], call.params["key"])
        self.counters.writes += 1
        return self._ok("data", {})

    def _batch(self, call: Call, one: Callable[[str, dict[str, Any]], str]) -> Answer:
        rows = call.json.get("batchData")
        if not isinstance(rows, list) or len(rows) > MOST_BATCH:
            raise Refused(INVALID, f"batchData takes {MOST_BATCH} rows")
        partial = call.fault("partial")
        results = []
        for index, row in enumerate(rows):
            try:
                if partial and index < partial.rows:
                    raise Refused(partial.code or INVALID, partial.message or "字段校验失败")
                results.append(
                    {"code": self._code("200"), self._message: "OK", "data": {"id": one(self._at(call), dict(row))}}
                )
            except Refused as refusal:
                results.append({"code": self._code(refusal.code), self._message: refusal.message})
        return json_answer({"code": self._code("200"), self._message: "OK", "batchData": results})

    def _at(self, call: Call) -> str:
        return self.tenant.schema(call.params["name"]).name

    def _job(self, call: Call) -> Answer:
        data = self._incoming(call)
        key = f"b{len(self._jobs) + 1}"
        self._jobs[key] = {"id": key, "state": "open", **data, "results": []}
        return self._ok("result", {"id": key})

    def _bulk(self, call: Call) -> Answer:
        data = self._incoming(call)
        job = self._jobs.get(str(data.get("jobId")))
        if job is None or len(data.get("datas", ())) > MOST_BULK:
            raise Refused(INVALID, f"a batch needs a job and takes {MOST_BULK} rows")
        one = self._create_row if job["operation"] == "insert" else self._update_row
        results = []
        for row in data["datas"]:
            try:
                results.append({"id": one(job["object"], dict(row)), "success": True})
            except Refused as refusal:
                results.append({"success": False, "errorMessage": refusal.message})
        key = f"b{len(self._jobs) + 1}"
        self._jobs[key] = {"id": key, "state": "complete", "results": results}
        return self._ok("result", {"id": key})

    def _bulk_result(self, call: Call) -> Answer:
        job = self._jobs.get(call.params["key"])
        if job is None:
            raise Refused(INVALID, "job not exist")
        return self._ok("result", job)
