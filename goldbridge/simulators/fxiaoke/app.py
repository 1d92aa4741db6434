"""The HTTP face of a Fxiaoke tenant: HTTP 200 for everything, errors by `errorCode`, two families of paths.

Cooperative faults played here: duplicate_page, short_page, depth, partial, phantom, poison, trim, forbid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from goldbridge.simulators.fxiaoke.auth import Caller, Credentials, Gate
from goldbridge.simulators.fxiaoke.desk import BY_MOBILE, Answering, Desk
from goldbridge.simulators.fxiaoke.field import ObjectSchema
from goldbridge.simulators.fxiaoke.query import BAD_REQUEST, MAX_OFFSET, parse, run
from goldbridge.simulators.fxiaoke.schema import ADMIN, EMPLOYEES, sandbox_objects
from goldbridge.simulators.fxiaoke.table import Row, Table
from goldbridge.simulators.fxiaoke.tenant import Tenant, viewer
from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, Simulator, json_answer

_BUSY = "30004"
_BEIJING_S = 8 * 3600
_TOKEN_PATHS = ("/oauth2.0/token", "/cgi/corpAccessToken/get/V2")


class Fxiaoke(Simulator):
    """A tenant with its rows.

    `rows`: object name -> rows that were typed before the integration came, e.g. {"AccountObj": [{"name": ...,
    "tel": ..., "reg_status__c": "存续", "owner": ["1001"], "last_modified_time": ms}]}; options by label or value,
    `_id` optional. `option_seed` decides about the random-looking option values; `area_names` (code -> name) adds
    `province__r` and its like; `daily_calls` is the bought quota; `custom_create_id` makes custom objects answer a
    create with `dataId`, which the vendor's sample leaves out.
    """

    name = "fxiaoke"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {
        "*": Limit(100, 20.0),
        **dict.fromkeys(_TOKEN_PATHS, Limit(10, 60.0)),
    }

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        option_seed: int = 0,
        objects: Mapping[str, ObjectSchema] | None = None,
        credentials: Credentials = Credentials(),  # noqa: B008 - immutable
        area_names: Mapping[str, str] | None = None,
        daily_calls: int | None = None,
        custom_create_id: bool = False,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.tenant = Tenant(self.clock, objects or sandbox_objects(option_seed))
        self.tenant.load(rows or {})
        self._desk = Desk(self.tenant)
        self._gate = Gate(self.clock, credentials)
        self._area_names = area_names or {}
        self._daily_calls = daily_calls
        self._day = (0, 0)
        self._custom_create_id = custom_create_id
        self._trace = 0
        self._last_page: dict[str, tuple[list[Row], int]] = {}

    # For the control surface

    def rows(self, name: str) -> list[Row]:
        """Every row of an object as it is kept, in id order; copies."""
        return [dict(row) for row in self.tenant.table(name)]

    def add(self, name: str, values: Mapping[str, Any], by: str = "1001") -> str:
        """Somebody types a new row at the screen; returns its id. Raises `Refused` when the tenant does not take it."""
        return self.tenant.add(name, values, by)

    def edit(self, name: str, key: str, values: Mapping[str, Any], by: str = "1001") -> None:
        """Somebody edits a row at the screen (None empties a field)."""
        self.tenant.edit(name, key, values, by)

    def remove(self, name: str, key: str, by: str = "1001") -> None:
        """Somebody invalidates a row at the screen."""
        self.tenant.remove(name, key, by)

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", _TOKEN_PATHS[0], lambda call: self._ok(self._gate.issue_bearer(call)))
        yield Endpoint("POST", _TOKEN_PATHS[1], lambda call: self._ok(self._gate.issue_body(call)))
        family: tuple[tuple[str, Callable[[Call, Caller, bool], Answer]], ...] = (
            ("query", self._query),
            ("get", self._get),
            ("create", self._create),
            ("update", self._update),
            ("invalid", self._invalid),
            ("delete", self._delete),
            ("recover", self._recover),
            ("changeOwner", self._change_owner),
        )
        for action, handle in family:
            yield self._endpoint(f"/cgi/crm/v2/data/{action}", handle, custom=False)
            yield self._endpoint(f"/cgi/crm/custom/v2/data/{action}", handle, custom=True)
        yield self._endpoint("/cgi/crm/custom/v2/data/findSimple", self._find_simple, custom=True)
        yield self._endpoint("/cgi/crm/custom/v2/data/findOne", self._find_one, custom=True)
        yield self._endpoint("/cgi/crm/custom/data/invalid", self._invalid_many, custom=True)
        others: tuple[tuple[str, Callable[[Call, Caller, bool], Answer]], ...] = (
            ("/cgi/crm/v2/data/choose", self._choose),
            ("/cgi/crm/v2/object/lock", self._lock),
            ("/cgi/crm/v2/object/unlock", self._lock),
            *((path, self._asking(answer)) for path, answer in self._desk.answers().items()),
        )
        for path, handle in others:
            yield self._endpoint(path, handle, custom=False)

    def _asking(self, answer: Answering) -> Callable[[Call, Caller, bool], Answer]:
        return lambda call, caller, custom: self._ok(answer(call, caller))

    def _endpoint(self, path: str, handle: Callable[[Call, Caller, bool], Answer], *, custom: bool) -> Endpoint:
        def serve(call: Call) -> Answer:
            caller = self._gate.caller(call, anybody=path == BY_MOBILE)
            self._count_day()
            forbidden = call.fault("forbid")
            if forbidden and forbidden.key in ("", self._object_name(call), path):
                raise Refused("20014", "应用没有获取该员工的数据的权限")
            return handle(call, caller, custom)

        return Endpoint("POST", path, serve)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        return self._envelope({"errorCode": int(code), "errorMessage": message, "errorDescription": message}, status)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse(_BUSY, "秒频次超限")

    def bad_json(self, call: Call) -> Answer:
        return self.refuse(BAD_REQUEST, "请求体不是合法的JSON")

    def unknown_path(self, call: Call) -> Answer:
        # The gateway's host has a web page for everything else.
        return Answer(
            302, b"<html><body>Moved</body></html>", b"text/html", ((b"location", b"/messageform/home.html"),)
        )

    def expire_tokens(self) -> None:
        self._gate.expire()

    def edit_rows(self, call: Call, rows: int) -> None:
        """Somebody touches the first `rows` rows (in id order) of the object that is being read."""
        table = self.tenant.table(self._object_name(call))
        for key in list(table.ids[:rows]):
            remark = {"remark": f"改于{self.clock.now_ms()}"} if "remark" in table.schema.fields else {}
            self.tenant.edit(table.schema.name, key, remark, "1002")

    def tie_rows(self, call: Call, rows: int) -> None:
        """The last `rows` rows (by time) get the time of the last of them."""
        table = self.tenant.table(self._object_name(call))
        tied = [key for _, key in table.times[-rows:]]
        if tied:
            at = table.times[-1][0]
            for key in tied:
                table.put(table.rows[key] | {"last_modified_time": at})

    # Answers

    def _ok(self, content: Mapping[str, Any]) -> Answer:
        return self._envelope({"errorCode": 0, "errorMessage": "OK", "errorDescription": "success", **content}, 0)

    def _envelope(self, content: dict[str, Any], status: int) -> Answer:
        self._trace += 1
        return json_answer({"traceId": f"E-O.sandbox.{ADMIN}-{self._trace}", **content}, status or 200)

    def _count_day(self) -> None:
        """The daily quota starts anew at midnight, Beijing time."""
        if self._daily_calls is None:
            return
        day = int((self.clock.now() + _BEIJING_S) // 86400)
        used = self._day[1] + 1 if self._day[0] == day else 1
        self._day = (day, used)
        if used > self._daily_calls:
            raise Refused("30002", "当天访问频次超限")

    # Reading

    def _query(self, call: Call, caller: Caller, custom: bool) -> Answer:
        table = self._table(_data(call).get("dataObjectApiName"), custom=custom)
        return self._ok({"data": self._page(call, caller, table)})

    def _find_simple(self, call: Call, caller: Caller, custom: bool) -> Answer:
        # A path of the custom family that takes preset objects too.
        return self._ok({"data": self._page(call, caller, self.tenant.table(_data(call).get("dataObjectApiName")))})

    def _find_one(self, call: Call, caller: Caller, custom: bool) -> Answer:
        page = self._page(call, caller, self.tenant.table(_data(call).get("dataObjectApiName")))
        return self._ok({"data": {"objectData": page["dataList"][0]} if page["dataList"] else {}})

    def _page(self, call: Call, caller: Caller, table: Table) -> dict[str, Any]:
        data = _data(call)
        depth = call.fault("depth")
        query = parse(table.schema, data.get("search_query_info") or {}, max_offset=depth.rows if depth else MAX_OFFSET)
        asks_invalid = query.names("life_status") or query.names("is_deleted")
        visible = viewer(caller.employee, admin=caller.admin, invalid=asks_invalid)
        name = table.schema.name
        rows, total = run(table, query, visible, count=_wants_total(call.json, data))
        if call.fault("duplicate_page") and name in self._last_page:
            rows, total = self._last_page[name]
        elif short := call.fault("short_page"):
            rows = rows[: max(0, len(rows) - short.rows)]
        if any(call.poisoned(row["_id"], row.get("golden_id__c")) for row in rows):
            raise Refused("-2", "系统错误", 500)
        self._last_page[name] = (rows, total)
        names = query.projection or tuple(data.get("field_projection") or ())
        include_null = call.json.get("includeNull") is True
        shown = [self._shown(table, row, caller, names, include_null) for row in rows]
        return {"dataList": shown, "total": total, "offset": query.offset, "limit": query.limit}

    def _get(self, call: Call, caller: Caller, custom: bool) -> Answer:
        data = _data(call)
        table = self._table(data.get("dataObjectApiName"), custom=custom)
        row = self._own(caller, table, data.get("objectDataId") or data.get("object_data_id"))
        return self._ok({"data": self._shown(table, row, caller, (), call.json.get("includeNull") is True)})

    def _shown(
        self, table: Table, row: Row, caller: Caller, names: tuple[str, ...], include_null: bool
    ) -> dict[str, Any]:
        """The row as it goes out: derived names beside the values, empty fields left out unless asked for."""
        fields = table.schema.fields
        shown: dict[str, Any] = {}
        for name in names or fields:
            value = row.get(name)
            if value is None:
                if include_null and name in fields:
                    shown[name] = None
                continue
            kind = fields[name].kind
            if kind == "employee":
                shown[f"{name}__r"] = {"id": caller.shown(value[0]), "name": EMPLOYEES[value[0]][0]} if value else {}
                value = [caller.shown(each) for each in value]
            elif kind in ("object_reference", "master_detail"):
                target = self.tenant.tables[fields[name].target].rows.get(value)
                if target is not None:
                    shown[f"{name}__r"] = target.get("name", "")
                    shown[f"{name}__relation_ids"] = value
            elif kind in ("province", "city", "district") and value in self._area_names:
                shown[f"{name}__r"] = self._area_names[value]
            shown[name] = value
        return shown

    # Writing

    def _create(self, call: Call, caller: Caller, custom: bool) -> Answer:
        body, data = call.json, _object_data(call)
        table = self._table(data.get("dataObjectApiName"), custom=custom)
        details = self._details(call, caller)
        data = self._incoming(call, table, data, caller)
        stamps: dict[str, Any] = {}
        if body.get("hasSpecifyTime") is True and isinstance(data.get("create_time"), int):
            stamps["create_time"] = data["create_time"]
        if body.get("hasSpecifyCreatedBy") is True and data.get("created_by"):
            stamps["created_by"] = [caller.meant(str(each)) for each in data["created_by"]]
        if call.fault("phantom"):
            return self._ok({"dataId": f"{len(table):024x}"})
        approve = body.get("triggerApprovalFlow") is not False
        row = self.tenant.create(
            table.schema.name, data, caller.employee, approve=approve, stamps=stamps, details=details
        )
        self.counters.writes += 1
        if custom and not self._custom_create_id:
            return self._ok({})
        return self._ok({"dataId": row["_id"]})

    def _details(self, call: Call, caller: Caller) -> dict[str, list[dict[str, Any]]]:
        """Lines that come with a new row, by the name of their object."""
        given = _data(call).get("details") or {}
        if not isinstance(given, dict):
            raise Refused(BAD_REQUEST, "details应为对象")
        found: dict[str, list[dict[str, Any]]] = {}
        for name, lines in given.items():
            if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
                raise Refused(BAD_REQUEST, f"{name}应为列表")
            found[name] = [self._incoming(call, self.tenant.table(name), line, caller) for line in lines]
        return found

    def _update(self, call: Call, caller: Caller, custom: bool) -> Answer:
        body, data = call.json, _object_data(call)
        table = self._table(data.get("dataObjectApiName"), custom=custom)
        row = self._own(caller, table, data.get("_id"))
        data = self._incoming(call, table, data, caller)
        if call.fault("phantom"):
            return self._ok({})
        self.tenant.update(
            table.schema.name,
            row["_id"],
            data,
            caller.employee,
            approve=body.get("triggerApprovalFlow") is not False,
            force=custom and _data(call).get("skipDataStatusValidate") is True,
        )
        self.counters.writes += 1
        return self._ok({})

    def _incoming(self, call: Call, table: Table, data: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """What the client sent, employees by their short ids; fault `trim` loses a part of it here."""
        incoming = dict(data)
        for name, value in data.items():
            field = table.schema.fields.get(name)
            if field is not None and field.kind == "employee" and isinstance(value, list):
                incoming[name] = [caller.meant(str(each)) for each in value]
        if (trim := call.fault("trim")) and trim.field in incoming:
            value = incoming.pop(trim.field)
            if trim.rows > 1 and isinstance(value, str):
                incoming[trim.field] = value[: trim.rows]
        return incoming

    def _invalid(self, call: Call, caller: Caller, custom: bool) -> Answer:
        data = _data(call)
        table = self._table(data.get("dataObjectApiName"), custom=custom)
        key = data.get("object_data_id")
        if not isinstance(key, str):
            raise Refused(BAD_REQUEST, "object_data_id应为单个数据id")
        self._own(caller, table, key)
        if not call.fault("phantom"):
            self.tenant.invalidate(table.schema.name, key, caller.employee)
            self.counters.writes += 1
        return self._ok({})

    def _invalid_many(self, call: Call, caller: Caller, custom: bool) -> Answer:
        return self._each(call, caller, custom, lambda name, key: self.tenant.invalidate(name, key, caller.employee))

    def _delete(self, call: Call, caller: Caller, custom: bool) -> Answer:
        return self._each(call, caller, custom, self.tenant.delete)

    def _recover(self, call: Call, caller: Caller, custom: bool) -> Answer:
        return self._each(call, caller, custom, lambda name, key: self.tenant.recover(name, key, caller.employee))

    def _each(self, call: Call, caller: Caller, custom: bool, act: Callable[[str, str], object]) -> Answer:
        data = _data(call)
        table = self._table(data.get("dataObjectApiName"), custom=custom)
        keys = data.get("idList")
        if not isinstance(keys, list) or not keys:
            raise Refused(BAD_REQUEST, "idList应为列表")
        for key in keys:
            self._own(caller, table, key)
        partial = call.fault("partial")
        done = keys[: max(0, len(keys) - partial.rows)] if partial else keys
        for key in done:
            act(table.schema.name, key)
            self.counters.writes += 1
        if partial:
            raise Refused("-1", "系统繁忙")  # without a word on which rows were done
        return self._ok({})

    def _change_owner(self, call: Call, caller: Caller, custom: bool) -> Answer:
        data = _data(call)
        table = self._table(data.get("dataObjectApiName"), custom=custom)
        items = data.get("Data")
        if not isinstance(items, list) or not items:
            raise Refused(BAD_REQUEST, "Data应为列表")
        for item in items:
            owner = item.get("ownerId")
            if not isinstance(owner, list):
                raise Refused(BAD_REQUEST, "ownerId应为列表")
            row = self._own(caller, table, item.get("objectDataId"))
            employees = [caller.meant(str(each)) for each in owner]
            self.tenant.change_owner(table.schema.name, row["_id"], employees, caller.employee)
            self.counters.writes += 1
        return self._ok({})

    def _choose(self, call: Call, caller: Caller, custom: bool) -> Answer:
        data = _data(call)
        if data.get("apiName") not in ("AccountObj", "LeadsObj"):
            raise Refused(BAD_REQUEST, "只支持AccountObj和LeadsObj")
        for key in data.get("objectIds") or []:
            self.tenant.choose(data["apiName"], key, caller.employee)
            self.counters.writes += 1
        return self._ok({})

    def _lock(self, call: Call, caller: Caller, custom: bool) -> Answer:
        data = _data(call)
        table = self.tenant.table(data.get("dataObjectApiName"))
        for key in data.get("dataIds") or []:
            locked = call.path.endswith("/lock")
            self.tenant.lock(table.schema.name, key, caller.employee, locked=locked)
            self.counters.writes += 1
        return self._ok({})

    # Which object, which row

    def _table(self, name: Any, *, custom: bool) -> Table:
        table = self.tenant.table(name)
        if table.schema.custom != custom:
            family = "/cgi/crm/custom/v2/data" if table.schema.custom else "/cgi/crm/v2/data"
            raise Refused(BAD_REQUEST, f"对象{name}请使用{family}")
        return table

    def _own(self, caller: Caller, table: Table, key: Any) -> Row:
        row = self.tenant.row(table.schema.name, key)
        if not caller.admin and caller.employee not in row.get("owner", ()):
            raise Refused("20014", "无此操作的数据权限")
        return row

    def _object_name(self, call: Call) -> str:
        data = _data(call)
        inner = data.get("object_data")
        name = data.get("dataObjectApiName") or (inner.get("dataObjectApiName") if isinstance(inner, dict) else "")
        return str(name or "")


def _data(call: Call) -> dict[str, Any]:
    data = call.json.get("data")
    return data if isinstance(data, dict) else {}


def _object_data(call: Call) -> dict[str, Any]:
    data = _data(call).get("object_data")
    if not isinstance(data, dict):
        raise Refused(BAD_REQUEST, "object_data应为对象")
    return data


def _wants_total(body: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Three switches, on unless one of them is off: a client of the older kind sends none and pages by the total."""
    if data.get("find_explicit_total_num") in (False, "false"):
        return False
    return body.get("returnTotalNum") != 3 and body.get("need_return_count_num") is not False
