"""The HTTP face of a Yonyou tenant: data centre, tokens, YonBIP's lists and saves, and the relay of a U8+.

Expired tokens and most errors are HTTP 200 with a `code` that is sometimes text and sometimes a number. Cooperative
faults played here: duplicate_page, short_page, partial, phantom, poison, trim, forbid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from goldbridge.simulators.kit import (
    Answer,
    Call,
    Endpoint,
    Limit,
    Refused,
    SimClock,
    Simulator,
    json_answer,
    text_answer,
)
from goldbridge.simulators.yonyou.archive import ARCHIVES, Archive, Row, Store, Wrong
from goldbridge.simulators.yonyou.gate import TENANT, U8_ACCOUNT, U8_KEY, Gate

_API, _AUTH = "/iuap-api-gateway", "/iuap-api-auth"
_MODEL = f"{_API}/yonbip/digitalModel"
_TOKEN = f"{_AUTH}/open-auth/selfAppAuth/base/v1/getAccessToken"
_U8 = {"customer": "customer", "vendor": "supplier", "inventory": "product", "saleorder": "order"}
_KEPT_S = 3600


class Yonyou(Simulator):
    """A tenant with its rows.

    `rows`: archive -> rows that were there before, e.g. {"customer": [{"code": "YB-0001", "name": {"simplifiedName":
    ...}, "pubts": "2026-03-02 08:30:11"}]}; archives are customer, supplier, product, opportunity, order, invoice.
    `duplicate` is the code of a repeated insert, of which the vendor's pages name two.
    """

    name = "yonyou"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {
        "*": Limit(40, 60.0),
        **{f"{_API}{archive.path}": Limit(60, 60.0) for archive in ARCHIVES.values() if archive.order},
    }

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        duplicate: str = "10004",
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.store = Store(self.clock, rows or {})
        self._gate = Gate(self.clock)
        self._duplicate = duplicate
        self._kept: dict[str, tuple[float, Any]] = {}
        self._last_page: dict[str, list[Row]] = {}

    # For the control surface

    def rows(self, name: str) -> list[Row]:
        """Every row of an archive as it is kept, in the order of ids; copies."""
        return [dict(row) for _, row in sorted(self.store.tables[name].items())]

    def add(self, name: str, values: Mapping[str, Any]) -> str:
        return str(self.store.put(name, {"pubts": self.store.now(), **values})["id"])

    def edit(self, name: str, key: Any, values: Mapping[str, Any]) -> None:
        self.store.put(name, {**self.store.tables[name][int(key)], "pubts": self.store.now(), **values})

    def remove(self, name: str, key: Any) -> None:
        """Somebody stops a record."""
        self.edit(name, key, {"stopstatus": True})

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("GET", "/open-auth/dataCenter/getGatewayAddress", self._data_center)
        for path in (_TOKEN, _TOKEN.replace("/base/v1", "")):
            yield Endpoint("GET", path, self._token)
        for name, archive in ARCHIVES.items():
            yield self._endpoint(f"{_API}{archive.path}", name, self._list)
        saves: tuple[tuple[str, str, Callable[[Call, str], Any]], ...] = (
            ("/merchant/idempotent/newinsert", "customer", lambda call, name: self._save_one(call, name, "Insert")),
            ("/batch/merchant/save", "customer", self._save_many),
            ("/merchant/stop", "customer", self._stop),
            ("/vendor/batchSaveV2", "supplier", self._save_many),
            ("/product/idempotent/save", "product", lambda call, name: self._save_one(call, name, "InsertUpdate")),
        )
        for path, name, serve in saves:
            yield self._endpoint(f"{_MODEL}{path}", name, serve)
        yield Endpoint("GET", "/system/token", lambda call: _u8({"token": {"id": self._gate.issue_u8(call)}}))
        yield Endpoint("GET", "/api/{object}/batch_get", self._u8_list)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        if code.startswith("u8:"):
            return _u8({}, code.removeprefix("u8:"), message)
        if code == "text":
            return text_answer("非法token", status or 200, "text/plain")
        return json_answer({"code": int(code) if code in ("0", "999") else code, "message": message}, status or 200)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("310046", "API调用超限")

    def bad_json(self, call: Call) -> Answer:
        return self.refuse("310008", "请求体不是合法的JSON")

    def unknown_path(self, call: Call) -> Answer:
        return self.refuse("310404", "API不存在", 404)

    def expire_tokens(self) -> None:
        self._gate.expire()

    def edit_rows(self, call: Call, rows: int) -> None:
        """Somebody edits the rows that stand first in the list this call is about."""
        name = self._archive_of(call)
        for row in self.store.listed(name)[:rows]:
            self.edit(name, row["id"], {})

    def tie_rows(self, call: Call, rows: int) -> None:
        last = self.store.listed(self._archive_of(call))[-rows:]
        for row in last:
            row["pubts"] = last[-1]["pubts"]

    def _archive_of(self, call: Call) -> str:
        if call.params.get("object"):
            return _U8[call.params["object"]]
        return next(name for name, archive in ARCHIVES.items() if call.path == f"{_API}{archive.path}")

    # Who calls

    def _data_center(self, call: Call) -> Answer:
        if call.query.get("tenantId") != TENANT:
            raise Refused("999", "租户不存在")
        host = f"http://{call.headers.get('host', '127.0.0.1')}{call.full_path.removesuffix(call.path)}"
        return json_answer({"code": "00000", "data": {"gatewayUrl": f"{host}{_API}", "tokenUrl": f"{host}{_AUTH}"}})

    def _token(self, call: Call) -> Answer:
        data = {"access_token": self._gate.issue(call), "expire": 7200}
        return json_answer({"code": "00000", "message": "成功！", "data": data})

    def _endpoint(self, path: str, name: str, serve: Callable[[Call, str], Any]) -> Endpoint:
        def answer(call: Call) -> Answer:
            self._gate.admit(call.query.get("access_token", ""))
            forbidden = call.fault("forbid")
            if forbidden and forbidden.key in ("", name, path):
                raise Refused("310037", "应用未授权该API")
            found = serve(call, name)
            return found if isinstance(found, Answer) else _fine(found)

        return Endpoint("POST", path, answer)

    # Reading

    def _list(self, call: Call, name: str) -> Any:
        body, archive = call.json, ARCHIVES[name]
        index, size = int(body.get("pageIndex") or 1), int(body.get("pageSize") or 500)
        if size > 5000:
            raise Refused("310008", "pageSize不能超过5000")
        rows = [row for row in self.store.listed(name) if _meets(row, archive, body)]
        page = self._page(call, name, rows[(index - 1) * size : index * size])
        if archive.bare:
            return page
        return {"recordList": page, "recordCount": len(rows), "pageCount": -(-len(rows) // size), "pageIndex": index}

    def _page(self, call: Call, name: str, page: list[Row]) -> list[Row]:
        if call.fault("duplicate_page") and name in self._last_page:
            page = self._last_page[name]
        elif short := call.fault("short_page"):
            page = page[: max(0, len(page) - short.rows)]
        if any(call.poisoned(row["id"], row.get("code")) for row in page):
            raise Refused("310504", "后端服务超时")
        self._last_page[name] = page
        return page

    # Writing

    def _save_one(self, call: Call, name: str, status: str) -> Any:
        data = call.json.get("data")
        if not isinstance(data, dict):
            raise Refused("310008", "data不能为空")
        key = f"{call.path} {data.get('resubmitCheckKey')}" if data.get("resubmitCheckKey") else ""
        kept = self._kept.get(key)
        if kept and self.clock.now() - kept[0] < _KEPT_S:
            return kept[1]
        if call.fault("phantom"):
            return {"id": 1, "code": data.get("code")}
        try:
            row, taken = self.store.save(name, self._incoming(call, data), status)
        except Wrong as wrong:
            raise Refused("999", str(wrong)) from None
        if taken:
            return json_answer({"code": self._duplicate, "message": "数据已存在", "data": {"id": row["id"]}})
        self.counters.writes += 1
        found = {"id": row["id"], "code": row["code"]}
        if key:
            self._kept[key] = (self.clock.now(), found)
        return found

    def _save_many(self, call: Call, name: str) -> dict[str, Any]:
        items = call.json.get("data")
        if not isinstance(items, list):
            raise Refused("310008", "data应为数组")
        partial, done, messages = call.fault("partial"), [], []
        for at, item in enumerate(items):
            try:
                if partial and at < partial.rows:
                    raise Wrong("name不能为空")
                if call.fault("phantom"):
                    done.append({"id": 1 + at, "code": item.get("code")})
                    continue
                row, taken = self.store.save(name, self._incoming(call, item), str(item.get("_status") or ""))
                if taken:
                    raise Wrong("编码重复")
            except Wrong as wrong:
                messages.append(f"{item.get('code')}: {wrong}")
            else:
                self.counters.writes += 1
                done.append({"id": row["id"], "code": row["code"]})
        return {
            "count": len(items),
            "sucessCount": len(done),
            "failCount": len(messages),
            "messages": messages,
            "infos": done,
        }

    def _stop(self, call: Call, name: str) -> dict[str, Any]:
        items = call.json.get("data") or []
        for item in items:
            if int(item["id"]) not in self.store.tables[name]:
                raise Refused("999", "数据不存在")
            self.counters.writes += 1
            self.remove(name, item["id"])
        return {"count": len(items), "sucessCount": len(items), "failCount": 0, "messages": []}

    def _incoming(self, call: Call, data: Mapping[str, Any]) -> dict[str, Any]:
        incoming = dict(data)
        if (trim := call.fault("trim")) and isinstance(incoming.get(trim.field), str):
            incoming[trim.field] = incoming[trim.field][: trim.rows]
        return incoming

    # U8+

    def _u8_list(self, call: Call) -> Answer:
        query, name = call.query, call.params["object"]
        try:
            if (query.get("from_account"), query.get("app_key")) != (U8_ACCOUNT, U8_KEY):
                raise Refused("u8:20002", "应用授权无效")
            self._gate.admit(query.get("token", ""))
        except Refused as refusal:
            raise Refused(refusal.code if refusal.code.startswith("u8:") else "u8:20003", refusal.message) from None
        if name not in _U8:
            raise Refused("u8:20010", "没有该接口的权限")
        size, index = int(query.get("rows_per_page") or 20), int(query.get("page_index") or 1)
        since = query.get("ModifyDate_begin", "")
        rows = [row for row in self.store.listed(_U8[name]) if str(row["pubts"])[:10] >= since]
        try:
            page = self._page(call, _U8[name], rows[(index - 1) * size : index * size])
        except Refused as refusal:
            raise Refused("u8:-1", refusal.message) from None
        shown = [{**row, "ModifyDate": str(row["pubts"])[:10]} for row in page]
        for row in shown:
            row.pop("pubts")
        counts = {"page_index": str(index), "rows_per_page": str(size), "row_count": str(len(rows))}
        return _u8({**counts, "page_count": str(-(-len(rows) // size)), name: shown})


def _meets(row: Row, archive: Archive, body: Mapping[str, Any]) -> bool:
    simple = body.get("simple") or {}
    code = body.get("code") or simple.get("code")
    if code and row.get("code") != code:
        return False
    match archive.since:
        case "pubts":
            return str(row["pubts"]) >= str(body.get("pubts") or "")
        case "simple":
            return str(row["pubts"]) >= str(simple.get("pubts") or "")
        case "vos":
            asked = [each for each in body.get("simpleVOs") or () if each.get("field") == "pubts"]
            return all(str(row["pubts"]) > str(each.get("value1")) for each in asked)
    return True


def _fine(data: Any) -> Answer:
    return json_answer({"code": "200", "message": "操作成功", "data": data})


def _u8(content: Mapping[str, Any], code: str = "0", message: str = "") -> Answer:
    return json_answer({"errcode": code, "errmsg": message, **content})
