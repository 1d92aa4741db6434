"""The HTTP face of a Kingdee K/3 Cloud account book: one POST per service method, HTTP 200 for nearly everything.

A failed query is an error dressed as one row of one cell; a fault of the program is a bare sentence. Cooperative
faults played here: duplicate_page, short_page, depth, partial, phantom, poison, trim, forbid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from goldbridge.simulators.kingdee.answer import described, outcome, refusal, viewed
from goldbridge.simulators.kingdee.auth import Credentials, Gate
from goldbridge.simulators.kingdee.body import arguments
from goldbridge.simulators.kingdee.book import Book, Refusal, Wrong
from goldbridge.simulators.kingdee.form import Form, sandbox_forms
from goldbridge.simulators.kingdee.query import Row, parse, run, show
from goldbridge.simulators.kit import Answer, Call, Endpoint, Refused, SimClock, Simulator, json_answer, text_answer

_SERVICE = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
_AUTH = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService."
_LOGINS = ("ValidateUser", "LoginByAppSecret", "LoginBySign")
_VERBS = ("Submit", "Audit", "UnAudit", "CancelAssign", "Delete")


class Kingdee(Simulator):
    """An account book with its rows.

    `rows`: form id -> rows that were there before, e.g. {"BD_Customer": [{"FNumber": "K-1", "FName": ..., "FTEL": ...,
    "FModifyDate": "2026-03-02 09:15:00"}], "SAL_SaleOrder": [{"FCustId": "K-1", "FSaleOrderEntry": [{...}]}]}.
    `operation`: the one spelling of the generic operation that this build knows; `sha1`: a build before PT-146911.
    """

    name = "kingdee"

    def __init__(
        self,
        rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        forms: Mapping[str, Form] | None = None,
        credentials: Credentials = Credentials(),  # noqa: B008 - immutable
        session_s: float = 1200.0,
        operation: str = "ExcuteOperation",
        sha1: bool = False,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.book = Book(self.clock, forms or sandbox_forms())
        self.book.load(rows or {})
        self._gate = Gate(self.clock, credentials, session_s=session_s, sha1=sha1)
        self._operation = operation
        self._last_page: dict[str, list[Any]] = {}
        self._tasks: dict[str, tuple[int, Any]] = {}

    # For the control surface

    def rows(self, name: str) -> list[Row]:
        """Every row of a form as it is kept, in the order of ids; copies."""
        return [dict(row) for _, row in sorted(self.book.tables[self.book.form(name).id].items())]

    def add(self, name: str, values: Mapping[str, Any]) -> str:
        """Somebody types a record, and it is audited; returns its number."""
        row = self.book.save(name, values, {})
        row["FDocumentStatus"] = "C"
        return str(row[self.book.form(name).number])

    def edit(self, name: str, key: Any, values: Mapping[str, Any]) -> None:
        """Somebody changes a record (by id or number) at the screen."""
        self.book.touch(name, self.book.row(name, key), values)

    def remove(self, name: str, key: Any) -> None:
        """Somebody forbids base data or cancels a bill."""
        flag = self.book.form(name).flag
        self.book.touch(name, self.book.row(name, key), {flag: "B"})

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        for method in _LOGINS:
            for suffix in ("", "2"):
                yield Endpoint("POST", f"{_AUTH}{method}{suffix}.common.kdsvc", self._login(method))
        services: dict[str, Callable[[Call, dict[str, Any]], Any]] = {
            "ExecuteBillQuery": lambda call, given: self._query(call, given["data"]),
            "BillQuery": self._bill_query,
            "View": self._view,
            "QueryBusinessInfo": lambda call, given: described(self.book.form(given["data"].get("FormId"))),
            "Save": self._save,
            "BatchSave": self._batch_save,
            self._operation: self._operate,
            **{verb: self._verb(verb) for verb in _VERBS},
        }
        for name, serve in services.items():
            yield Endpoint("POST", f"{_SERVICE}{name}.common.kdsvc", self._endpoint(name, serve))
        yield Endpoint("POST", f"{_SERVICE}QueryAsyncResult.common.kdsvc", self._async_result)

    def handle(self, call: Call, endpoint: Endpoint) -> Answer:
        answer = super().handle(call, endpoint)
        dressed = "ExecuteBillQuery" in endpoint.path and answer.body.startswith(b'{"Result"')
        return answer._replace(body=b"[[" + answer.body + b"]]") if dressed else answer

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        match code:
            case "response_error":
                return text_answer(
                    f"response_error:{message or '未将对象引用设置到对象的实例'}", status or 200, "text/plain"
                )
            case "ctx":
                return json_answer(refusal("500", "ctx == null"), status or 200)
            case "401":
                return json_answer({"Message": "Unauthorized"}, 401)
            case "519":
                return json_answer({"errcode": 11010, "description": message or "app is not authorised"}, 519)
        return json_answer(refusal(code, message), status or 200)

    def throttled(self, after_s: float) -> Answer:
        return json_answer({"Message": "Too Many Requests"}, 429)

    def bad_json(self, call: Call) -> Answer:
        return self.refuse("response_error", "Unexpected character encountered while parsing value")

    def unknown_path(self, call: Call) -> Answer:
        return json_answer({"Message": f"service not found: {call.path}"}, 404)

    def expire_tokens(self) -> None:
        self._gate.expire()

    def edit_rows(self, call: Call, rows: int) -> None:
        """Somebody touches the first `rows` rows of the form that this call is about."""
        form = self._form(arguments(call))
        for row in list(self.book.tables[form.id].values())[:rows]:
            self.book.touch(form.id, row, {})

    def tie_rows(self, call: Call, rows: int) -> None:
        form = self._form(arguments(call))
        last = sorted(self.book.tables[form.id].values(), key=lambda row: str(row["FModifyDate"]))[-rows:]
        for row in last:
            row["FModifyDate"] = last[-1]["FModifyDate"]

    # Who calls

    def _login(self, method: str) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            parameters = call.json.get("parameters") if isinstance(call.json, dict) else None
            sid = self._gate.login(method, parameters if isinstance(parameters, list) else [])
            if sid is None:
                return json_answer({"LoginResultType": 0, "Message": "用户名或密码错误", "KDSVCSessionId": None})
            context = {"UserName": "hub", "DBid": "sandbox"}
            return json_answer({"LoginResultType": 1, "Message": None, "KDSVCSessionId": sid, "Context": context})

        return answer

    def _endpoint(self, name: str, serve: Callable[[Call, dict[str, Any]], Any]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            cookie = self._admit(call)
            given = arguments(call)
            forbidden = call.fault("forbid")
            if forbidden and forbidden.key in ("", name, given.get("formid"), given["data"].get("FormId")):
                raise Refused("5", "您没有该业务对象的操作权限")
            found = serve(call, given)
            if given.get("beginmethod"):
                task = f"task-{len(self._tasks) + 1}"
                self._tasks[task] = (1, found)
                found = {"Status": 0, "TaskId": task, "Result": None}
            return json_answer(found)._replace(headers=cookie)

        return answer

    def _admit(self, call: Call) -> tuple[tuple[bytes, bytes], ...]:
        sid = self._gate.admit(call)
        return ((b"set-cookie", f"kdservice-sessionid={sid}; path=/".encode()),) if sid else ()

    def _async_result(self, call: Call) -> Answer:
        """Running when asked first, finished afterwards."""
        self._admit(call)
        task = str(orjson.loads(call.json.get("queryInfo") or "{}").get("TaskId"))
        if task not in self._tasks:
            raise Refused("500", f"任务不存在: {task}")
        left, found = self._tasks[task]
        self._tasks[task] = (left - 1, found)
        return json_answer(
            {"Status": 1, "TaskId": task} if left > 0 else {"Status": 2, "TaskId": task, "Result": found}
        )

    # Reading

    def _query(self, call: Call, data: dict[str, Any]) -> list[list[Any]]:
        form = self.book.form(data.get("FormId"))
        query = parse(form, data)
        depth = call.fault("depth")
        if depth and query.start >= depth.rows:
            return []
        found = run(form, query, iter(self.book.tables[form.id].values()))
        if any(call.poisoned(row[form.key], row[form.number]) for row in found):
            raise Refused("response_error", "未将对象引用设置到对象的实例")
        page = [[show(form, row, key) for key in query.keys] for row in found]
        if call.fault("duplicate_page") and form.id in self._last_page:
            page = self._last_page[form.id]
        elif short := call.fault("short_page"):
            page = page[: max(0, len(page) - short.rows)]
        self._last_page[form.id] = page
        return page

    def _bill_query(self, call: Call, given: dict[str, Any]) -> list[dict[str, Any]]:
        keys = [key.strip() for key in str(given["data"].get("FieldKeys") or "").split(",")]
        return [dict(zip(keys, row, strict=True)) for row in self._query(call, given["data"])]

    def _view(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        form, data = self._form(given), given["data"]
        try:
            return viewed(form, self.book.row(form.id, data.get("Id") or data.get("Number") or ""))
        except Wrong as wrong:
            raise Refused("11", wrong.refusal.message) from None

    # Writing

    def _save(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        form, data = self._form(given), given["data"]
        model = data.get("Model")
        if not isinstance(model, dict):
            raise Refused("8", "参数Model不能为空")
        result = self._saved(call, form, [model], data)
        for entity in result["ResponseStatus"]["SuccessEntitys"]:
            result |= {"Id": entity["Id"], "Number": entity["Number"]}
            wanted = data.get("NeedReturnFields") or ()
            row = self.book.tables[form.id].get(entity["Id"], {})
            result["NeedReturnData"] = [{name: row.get(name) for name in wanted}]
        return {"Result": result}

    def _batch_save(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        models = given["data"].get("Model")
        if not isinstance(models, list):
            raise Refused("8", "参数Model不能为空")
        return {"Result": self._saved(call, self._form(given), models, given["data"])}

    def _saved(
        self, call: Call, form: Form, models: list[dict[str, Any]], options: Mapping[str, Any]
    ) -> dict[str, Any]:
        partial, trim = call.fault("partial"), call.fault("trim")
        done: list[tuple[int, Row]] = []
        wrong: list[tuple[int, Refusal]] = []
        if call.fault("phantom"):
            ghosts = [(at, {form.key: 1 + at, form.number: model.get(form.number)}) for at, model in enumerate(models)]
            return outcome(form, ghosts, [])
        for at, model in enumerate(models):
            try:
                if partial and at < partial.rows:
                    raise Wrong("字段“FName”是必填项，不能为空", "FName")
                row = self.book.save(form.id, _trimmed(model, trim) if trim else model, options)
                if str(options.get("IsAutoSubmitAndAudit", "false")).lower() == "true":
                    self.book.move(form.id, row, "Submit")
                    self.book.move(form.id, row, "Audit")
            except Wrong as refused:
                wrong.append((at, refused.refusal))
            else:
                self.counters.writes += 1
                done.append((at, row))
        return outcome(form, done, wrong)

    def _verb(self, verb: str) -> Callable[[Call, dict[str, Any]], dict[str, Any]]:
        return lambda call, given: self._moved(call, self._form(given), given["data"], verb)

    def _operate(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        return self._moved(call, self._form(given), given["data"], str(given.get("opNumber") or ""))

    def _moved(self, call: Call, form: Form, data: Mapping[str, Any], verb: str) -> dict[str, Any]:
        done: list[tuple[int, Row]] = []
        wrong: list[tuple[int, Refusal]] = []
        partial = call.fault("partial")
        for at, key in enumerate(_chosen(data)):
            try:
                if partial and at < partial.rows:
                    raise Wrong("单据被冻结，不允许操作")
                row = self.book.row(form.id, key)
                if verb == "Delete":
                    self.book.delete(form.id, row)
                elif not call.fault("phantom"):
                    self.book.move(form.id, row, verb)
            except Wrong as refused:
                wrong.append((at, refused.refusal))
            else:
                self.counters.writes += 1
                done.append((at, row))
        return {"Result": outcome(form, done, wrong)}

    def _form(self, given: Mapping[str, Any]) -> Form:
        return self.book.form(given.get("formid") or given["data"].get("FormId"))


def _chosen(data: Mapping[str, Any]) -> list[Any]:
    """Ids as one text with commas, or numbers as a list; a list of ids is taken in part without a word."""
    ids, numbers = data.get("Ids"), data.get("Numbers")
    if isinstance(ids, list):
        return ids[:1]
    if ids:
        return [each for each in str(ids).split(",") if each.strip()]
    if isinstance(numbers, list) and numbers:
        return numbers
    raise Refused("8", "参数Numbers和Ids不能同时为空")


def _trimmed(model: Mapping[str, Any], trim: Any) -> dict[str, Any]:
    kept = {name: value for name, value in model.items() if name != trim.field}
    if trim.rows > 1 and isinstance(model.get(trim.field), str):
        kept[trim.field] = model[trim.field][: trim.rows]
    return kept
