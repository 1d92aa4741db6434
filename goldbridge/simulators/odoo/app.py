"""The HTTP face of an Odoo database: JSON-RPC, always HTTP 200, and JSON-2 with proper statuses.

Wrong credentials are no error but the answer `false`. Cooperative faults played here: duplicate_page, short_page,
partial, phantom, poison, trim, forbid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from goldbridge.simulators.kit import Answer, Call, Endpoint, SimClock, Simulator, json_answer, text_answer
from goldbridge.simulators.odoo.database import ACCESS, VALUE, Database, Fault, Row
from goldbridge.simulators.odoo.database import KEY as NO_KEY
from goldbridge.simulators.odoo.importing import load
from goldbridge.simulators.odoo.model import Model, sandbox_models

DATABASE, USER, KEY = "gb", "hub@example.com", "odoo-sandbox-api-key"
UID = 2
_DENIED = "odoo.exceptions.AccessDenied"
_STATUS = {_DENIED: 401, ACCESS: 403, NO_KEY: 404, VALUE: 422}


class Odoo(Simulator):
    """A database with its rows.

    `rows`: model -> rows that were there before, e.g. {"res.partner": [{"name": ..., "vat": ..., "write_date":
    "2026-03-02 05:06:07.123456"}]}; external ids are rows of ir.model.data.
    """

    name = "odoo"

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        models: Mapping[str, Model] | None = None,
        version: str = "19.0",
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.database = Database(self.clock, models or sandbox_models())
        self.database.load_rows(rows or {})
        self._version = version
        self._revoked = False
        self._last_page: dict[str, list[Row]] = {}

    # For the control surface

    def rows(self, name: str) -> list[Row]:
        """Every row of a model as it is kept, in the order of ids; copies."""
        return [dict(row) for _, row in sorted(self.database.tables[name].items())]

    def add(self, name: str, values: Mapping[str, Any]) -> str:
        return str(self.database.create(name, values))

    def edit(self, name: str, key: Any, values: Mapping[str, Any]) -> None:
        self.database.write(name, [int(key)], values)

    def remove(self, name: str, key: Any) -> None:
        """Somebody archives a row."""
        self.database.write(name, [int(key)], {"active": False})

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", "/jsonrpc", self._jsonrpc)
        yield Endpoint("POST", "/web/webclient/version_info", self._version_info)
        yield Endpoint("POST", "/json/2/{model}/{method}", self._json2)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        """An exception by its class; `status` gives it the JSON-2 shape."""
        found = {"name": code, "message": message, "arguments": [message], "debug": "Traceback ..."}
        if status:
            return json_answer(found, status)
        error = {"code": 200, "message": "Odoo Server Error", "data": found}
        return json_answer({"jsonrpc": "2.0", "id": None, "error": error})

    def bad_json(self, call: Call) -> Answer:
        return text_answer("<html><body>Bad Request</body></html>", 400)

    def unknown_path(self, call: Call) -> Answer:
        return text_answer("<html><body>Not Found</body></html>", 404)

    def expire_tokens(self) -> None:
        """Nothing expires here; the key is revoked."""
        self._revoked = True

    def edit_rows(self, call: Call, rows: int) -> None:
        name = self._model_of(call)
        for key in sorted(self.database.tables[name])[:rows]:
            self.database.put(name, {"id": key})

    def tie_rows(self, call: Call, rows: int) -> None:
        last = sorted(self.database.tables[self._model_of(call)].values(), key=lambda row: str(row["write_date"]))
        for row in last[-rows:]:
            row["write_date"] = last[-1]["write_date"]

    def _model_of(self, call: Call) -> str:
        args = call.json.get("params", {}).get("args", [])
        return str(call.params.get("model") or args[3])

    # JSON-RPC

    def _version_info(self, call: Call) -> Answer:
        result = {"server_version": self._version, "server_serie": self._version, "protocol_version": 1}
        return json_answer({"jsonrpc": "2.0", "id": call.json.get("id"), "result": result})

    def _jsonrpc(self, call: Call) -> Answer:
        body = call.json
        params = body.get("params") or {}
        service, method, args = params.get("service"), params.get("method"), params.get("args") or []
        try:
            match service, method:
                case "common", "version":
                    result: Any = {"server_version": self._version, "protocol_version": 1}
                case "common", "authenticate" | "login":
                    result = UID if self._good(*args[:3]) else False
                case "object", "execute_kw" | "execute":
                    database, uid, secret, model, name = args[:5]
                    if uid != UID or not self._good(database, USER, secret):
                        raise Fault(_DENIED, "Access Denied")
                    direct = method == "execute"  # positional arguments side by side
                    positional = list(args[5:]) if direct else list(args[5] if len(args) > 5 else ())
                    named = {} if direct else dict(args[6] if len(args) > 6 else {})
                    result = self._run(call, model, name, positional, named)
                case _:
                    raise Fault(NO_KEY, f"Method not found: {service}.{method}")
        except Fault as fault:
            return self._faulty(call, fault)
        return json_answer({"jsonrpc": "2.0", "id": body.get("id"), "result": result})

    def _good(self, database: Any, user: Any, secret: Any) -> bool:
        return not self._revoked and (database, user, secret) == (DATABASE, USER, KEY)

    def _faulty(self, call: Call, fault: Fault) -> Answer:
        self.counters.refused += 1
        return self.refuse(fault.name, fault.message, 0 if call.path == "/jsonrpc" else _STATUS.get(fault.name, 422))

    # JSON-2

    def _json2(self, call: Call) -> Answer:
        named = dict(call.json)
        ids = named.pop("ids", None)
        try:
            database = call.headers.get("x-odoo-database", DATABASE)
            if call.headers.get("authorization") != f"bearer {KEY}" or not self._good(database, USER, KEY):
                raise Fault(_DENIED, "Invalid apikey")
            positional = [] if ids is None else [ids]
            return json_answer(self._run(call, call.params["model"], call.params["method"], positional, named))
        except Fault as fault:
            return self._faulty(call, fault)

    # Methods

    def _run(self, call: Call, model: str, method: str, positional: list[Any], named: dict[str, Any]) -> Any:
        self.database.model(model) if model != "res.users" else None
        if (forbidden := call.fault("forbid")) and forbidden.key in ("", model):
            raise Fault(ACCESS, f"You are not allowed to access '{model}' records.")
        order = _ARGUMENTS.get(method)
        if order is None:
            raise Fault("builtins.AttributeError", f"The method '{model}.{method}' does not exist")
        given = dict(zip(order, positional, strict=False)) | named
        active_test = bool((given.pop("context", None) or {}).get("active_test", True))
        database = self.database
        match method:
            case "context_get":
                return {"lang": "zh_CN", "tz": "Asia/Shanghai", "uid": UID}
            case "fields_get":
                return {
                    field: {"type": column.kind, "string": field, "required": column.required}
                    | ({"relation": column.relation} if column.relation else {})
                    for field, column in database.model(model).items()
                }
            case "search_count":
                return len(database.search(model, given.get("domain"), active_test=active_test))
            case "search" | "search_read":
                found = self._page(call, model, given, active_test)
                fields = given.get("fields") or list(database.model(model))
                return [row["id"] for row in found] if method == "search" else self._shown(call, model, found, fields)
            case "read":
                rows = [row for row in database.tables[model].values() if row["id"] in given["ids"]]
                return self._shown(call, model, rows, given.get("fields") or list(database.model(model)))
        return self._change(call, model, method, given)

    def _page(self, call: Call, model: str, given: Mapping[str, Any], active_test: bool) -> list[Row]:
        rows = self.database.search(model, given.get("domain"), given.get("order") or "", active_test=active_test)
        start = int(given.get("offset") or 0)
        rows = rows[start : start + int(given["limit"]) if given.get("limit") else None]
        if call.fault("duplicate_page") and model in self._last_page:
            rows = self._last_page[model]
        elif short := call.fault("short_page"):
            rows = rows[: max(0, len(rows) - short.rows)]
        if any(call.poisoned(row["id"], row.get("name")) for row in rows):
            raise Fault("psycopg2.OperationalError", "could not serialize access due to concurrent update")
        self._last_page[model] = rows
        return rows

    def _shown(self, call: Call, model: str, rows: list[Row], fields: list[str]) -> list[Row]:
        return [self.database.shown(model, row, fields) for row in rows]

    def _change(self, call: Call, model: str, method: str, given: Mapping[str, Any]) -> Any:
        database, partial, trim = self.database, call.fault("partial"), call.fault("trim")
        if method == "load":
            fields, data = list(given["fields"]), [list(row) for row in given["data"]]
            if call.fault("phantom"):
                return {"ids": list(range(9001, 9001 + len(data))), "messages": [], "nextrow": 0}
            if trim and trim.field in fields:
                at = fields.index(trim.field)
                data = [[*row[:at], row[at][: trim.rows], *row[at + 1 :]] for row in data]
            self.counters.writes += len(data)
            return load(database, model, fields, data, partial.rows if partial else 0)
        self.counters.writes += 1
        if call.fault("phantom"):
            return True
        if method == "create":
            values = given["vals_list"]
            if isinstance(values, dict):
                return database.create(model, values)
            return database.transaction(lambda: [database.create(model, each) for each in values])
        if method == "write":
            return database.transaction(lambda: database.write(model, given["ids"], given["vals"]))
        return database.unlink(model, given["ids"])


_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "context_get": (),
    "fields_get": ("allfields", "attributes"),
    "search_count": ("domain", "limit"),
    "search": ("domain", "offset", "limit", "order"),
    "search_read": ("domain", "fields", "offset", "limit", "order"),
    "read": ("ids", "fields"),
    "create": ("vals_list",),
    "write": ("ids", "vals"),
    "unlink": ("ids",),
    "load": ("fields", "data"),
}
