"""A pretend DingTalk: tokens of both generations and OA approvals, with the walk limits of the vendor's sheet.

Two APIs answer side by side. The newer one wants its token in a header, speaks camelCase and fails with HTTP 4xx and
`{code, message, requestid}`; the older one wants it in the URL, speaks snake_case and fails with HTTP 200 and
`errcode`, the reason for a refused token hiding in `sub_code`.

Cooperative faults played here: duplicate_page, short_page, depth, phantom, poison, forbid.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, ClassVar

from goldbridge.simulators.dingtalk.instance import Instance
from goldbridge.simulators.dingtalk.process import CONTRACT, Component, FormValue, Process, check_form, form_value
from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Limiter, Refused, SimClock, Simulator, json_answer

DAY_MS = 86_400_000
TOKEN_S = 7200
MAX_RESULTS = 20
MAX_IDS = 10_000
RECALL_S = 15
BAN_S = 300
STATUSES = ("RUNNING", "TERMINATED", "COMPLETED")
_HEADER = "x-acs-dingtalk-access-token"
_STATUS_OF = {"unauthorized.client": 401, "unknownError": 500, "ServiceUnavailable": 503}


class DingTalk(Simulator):
    """A company's DingTalk.

    `approvals`: those that were there before, as dicts {"instance_id", "business_id", "process_code", "title",
    "originator", "dept_id": int, "create_ms": int, "finish_ms": int | None, "status": RUNNING | TERMINATED |
    COMPLETED, "result": agree | refuse | "", "form": [{"id", "name", "value"}]}. `processes`: the templates; component
    ids and further controls found in the approvals are taken over, so that both tell the same.
    """

    name = "dingtalk"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"*": Limit(20, 1.0)}
    app_key = "ding-sandbox"
    app_secret = "ding-sandbox-secret"  # noqa: S105 - a fixed, obviously fake word
    corp_id = "dingsandboxcorp"

    def __init__(
        self,
        approvals: Iterable[Mapping[str, Any]] = (),
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        processes: Sequence[Process] = (CONTRACT,),
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self._processes = {process.code: process for process in processes}
        self._instances: dict[str, Instance] = {}
        self._by_process: dict[str, list[tuple[int, str]]] = {process.code: [] for process in processes}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._issued = 0
        self._started = 0
        self._requests = 0
        self._ip = Limiter(self.clock, {"*": Limit(10_000, 20.0, shared=True)} if limits == "sheet" else {})
        self._banned_until = 0.0
        self._last_page: dict[str, list[str]] = {}
        for approval in approvals:
            self._load(approval)

    # For the control surface

    def rows(self) -> list[dict[str, Any]]:
        """Every approval as its detail call shows it, by time of creation; copies."""
        instances = sorted(self._instances.values(), key=lambda each: each.order)
        return [{"instance_id": each.instance_id, **each.detail()} for each in instances]

    def add(self, process_code: str, values: Mapping[str, str], originator: str = "manager0002") -> str:
        """Somebody fills in a form in the app; returns the instance id. Raises `Refused` for an invalid form."""
        process = self._process(process_code)
        form = check_form(process, [{"name": name, "value": value} for name, value in values.items()])
        return self._start(process, originator, 1, form, by_api=False).instance_id

    def act(self, instance_id: str, result: str) -> None:
        """The approver whose turn it is agrees or refuses in the app."""
        self._instance(instance_id).act(result, self.clock.now_ms())

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", "/v1.0/oauth2/accessToken", self._new_token)
        yield Endpoint("POST", "/v1.0/oauth2/{corp_id}/token", self._corp_token)
        yield Endpoint("GET", "/gettoken", self._legacy_token)
        workflow = "/v1.0/workflow"
        yield self._new("POST", f"{workflow}/processes/instanceIds/query", self._query)
        yield self._new("GET", f"{workflow}/processInstances", self._get)
        yield self._new("POST", f"{workflow}/processInstances", self._create)
        yield self._new("POST", f"{workflow}/processInstances/execute", self._execute)
        yield self._new("POST", f"{workflow}/processInstances/terminate", self._terminate)
        yield self._new("GET", f"{workflow}/forms/schemas/processCodes", self._schema)
        yield self._legacy("/topapi/processinstance/listids", self._legacy_query)
        yield self._legacy("/topapi/processinstance/get", self._legacy_get)
        yield self._legacy("/topapi/processinstance/create", self._legacy_create)

    def handle(self, call: Call, endpoint: Endpoint) -> Answer:
        now = self.clock.now()
        if now < self._banned_until or self._ip.take(""):
            if now >= self._banned_until:
                self._banned_until = now + BAN_S
            self.counters.refused += 1
            return json_answer({"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "sandbox"})
        return super().handle(call, endpoint)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        """Numeric codes are the older API's (`88/40014`: errcode 88 with a sub_code), words the newer one's."""
        self._requests += 1
        request_id = f"SANDBOX-{self._requests:08d}"
        if code.lstrip("-")[:1].isdigit():
            errcode, _, sub_code = code.partition("/")
            body: dict[str, Any] = {"errcode": int(errcode), "errmsg": message, "request_id": request_id}
            if sub_code:
                body |= {"sub_code": sub_code, "sub_msg": message}
            return json_answer(body, status or 200)
        if not status:
            status = 403 if code.startswith("Forbidden") else _STATUS_OF.get(code, 400)
        return json_answer({"code": code, "message": message, "requestid": request_id}, status)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "触发该接口QPS限流")

    def bad_json(self, call: Call) -> Answer:
        return self.refuse("400002" if call.path.startswith("/topapi") else "invalidParameter", "请求体不是合法的JSON")

    def unknown_path(self, call: Call) -> Answer:
        if call.path.startswith("/v"):
            return self.refuse("InvalidAction.NotFound", "Specified api is not found", 404)
        api = "dingtalk.oapi" + re.sub("/", ".", call.path.removeprefix("/topapi"))
        return self.refuse("22", f"不合法ApiName，ApiName = {api}")

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def edit_rows(self, call: Call, rows: int) -> None:
        """The next approver agrees to the first `rows` running approvals."""
        running = [each for each in self._instances.values() if each.status == "RUNNING"]
        for instance in sorted(running, key=lambda each: each.order)[:rows]:
            instance.act("agree", self.clock.now_ms())

    def tie_rows(self, call: Call, rows: int) -> None:
        """The last `rows` approvals of each process get the time of the last of them."""
        for code, orders in self._by_process.items():
            tied = orders[-rows:]
            for _, instance_id in tied:
                self._instances[instance_id].create_ms = orders[-1][0]
            self._by_process[code] = sorted(
                orders[: len(orders) - len(tied)] + [(orders[-1][0], key) for _, key in tied]
            )

    # Tokens: each generation its own; asking again gives the same one and makes it live longer

    def _issue(self, kind: str) -> str:
        token, until = self._tokens.get(kind, ("", 0.0))
        now = self.clock.now()
        if not token or now >= until:
            self._issued += 1
            token = blake2b(f"{kind} {self._issued}".encode(), digest_size=16).hexdigest()
        self._tokens[kind] = (token, now + TOKEN_S)
        return token

    def _valid(self, kind: str, token: str) -> bool:
        held, until = self._tokens.get(kind, ("", 0.0))
        return bool(token) and token == held and self.clock.now() < until

    def _new_token(self, call: Call) -> Answer:
        body = _object(call)
        if (body.get("appKey"), body.get("appSecret")) != (self.app_key, self.app_secret):
            raise Refused("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        return json_answer({"accessToken": self._issue("new"), "expireIn": TOKEN_S})

    def _corp_token(self, call: Call) -> Answer:
        body = _object(call)
        if call.params["corp_id"] != self.corp_id:
            raise Refused("unknownError", "未知错误")
        if (body.get("client_id"), body.get("client_secret")) != (self.app_key, self.app_secret):
            raise Refused("invalid.client", "无效的client")
        if body.get("grant_type") != "client_credentials":
            raise Refused("unsupported.grant.type", "不支持的grant_type")
        return json_answer({"access_token": self._issue("new"), "expires_in": TOKEN_S})

    def _legacy_token(self, call: Call) -> Answer:
        if not call.query.get("appkey"):
            raise Refused("40035", "缺少参数 corpid or appkey")
        if (call.query.get("appkey"), call.query.get("appsecret")) != (self.app_key, self.app_secret):
            raise Refused("40096", "不合法的appKey或appSecret")
        return _ok({"access_token": self._issue("legacy"), "expires_in": TOKEN_S})

    def _new(self, method: str, path: str, handle: Callable[[Call], Answer]) -> Endpoint:
        def serve(call: Call) -> Answer:
            token = call.headers.get(_HEADER, "")
            if not token:
                raise Refused("AuthenticationFailed.MissingParameter", f"缺少参数：{_HEADER}")
            if not self._valid("new", token):
                raise Refused("InvalidAuthentication", "不合法的access_token")
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("Forbidden.AccessDenied.AccessTokenPermissionDenied", "没有调用该接口的权限")
            return handle(call)

        return Endpoint(method, path, serve)

    def _legacy(self, path: str, handle: Callable[[Call], Answer]) -> Endpoint:
        def serve(call: Call) -> Answer:
            token = call.query.get("access_token", "")
            if not token:
                raise Refused("88/40000", "access_token is blank")
            if not self._valid("legacy", token):
                raise Refused("88/40014", "不合法的access_token")
            return handle(call)

        return Endpoint("POST", path, serve)

    # Walking

    def _query(self, call: Call) -> Answer:
        body = _object(call)
        process = self._process(body.get("processCode"))
        ids, token = self._walk(
            call,
            process,
            (body.get("startTime"), body.get("endTime")),
            (body.get("nextToken"), body.get("maxResults")),
            (body.get("userIds"), body.get("statuses")),
        )
        result: dict[str, Any] = {"list": ids}
        if token is not None:
            result["nextToken"] = str(token)
        return json_answer({"success": True, "result": result})

    def _walk(
        self,
        call: Call,
        process: Process,
        window: tuple[Any, Any],
        page: tuple[Any, Any],
        only: tuple[Any, Any],
    ) -> tuple[list[str], int | None]:
        """A page of ids by time of *creation*, and where the next one starts."""
        start, end = self._window(*window)
        offset, size = page
        users, statuses = only
        if not _is_int(offset) or offset < 0:
            raise Refused("invalidParameter", "nextToken不合法")
        if not _is_int(size) or not 1 <= size <= MAX_RESULTS:
            raise Refused("invalidParameter", f"maxResults最大{MAX_RESULTS}")
        if users and (not isinstance(users, list) or len(users) > 10):
            raise Refused("invalidParameter", "userIds最多10个")
        if statuses and (not isinstance(statuses, list) or set(statuses) - set(STATUSES)):
            raise Refused("invalidParameter", "statuses不合法")
        orders = self._by_process[process.code]
        found = [
            key
            for _, key in orders[bisect_left(orders, (start, "")) : bisect_left(orders, (end + 1, ""))]
            if (not users or self._instances[key].originator in users)
            and (not statuses or self._instances[key].status in statuses)
        ]
        depth = call.fault("depth")
        found = found[: depth.rows if depth else MAX_IDS]  # a walk ends there without a word
        ids = found[offset : offset + size]
        token = offset + len(ids) if offset + len(ids) < len(found) else None
        if call.fault("duplicate_page") and process.code in self._last_page:
            ids = self._last_page[process.code]
        elif (short := call.fault("short_page")) and ids:
            ids = ids[: max(0, len(ids) - short.rows)]
            token = offset + len(ids)
        self._last_page[process.code] = ids
        return ids, token

    def _window(self, start: Any, end: Any) -> tuple[int, int]:
        now = self.clock.now_ms()
        if not _is_int(start) or (end is not None and not _is_int(end)):
            raise Refused("invalidParameter", "startTime、endTime应为毫秒时间戳")
        until = now if end is None else end
        if until < start:
            raise Refused("invalidParameter", "endTime早于startTime")
        if until - start > 120 * DAY_MS:
            raise Refused("invalidParameter", "时间跨度不能超过120天")
        if now - start > 365 * DAY_MS:
            raise Refused("invalidParameter", "startTime距今不能超过365天")
        return start, until

    def _get(self, call: Call) -> Answer:
        key = call.query.get("processInstanceId", "")
        if call.poisoned(key):
            raise Refused("unknownError", "未知错误")
        return json_answer({"success": True, "result": self._instance(key).detail()})

    def _schema(self, call: Call) -> Answer:
        process = self._process(call.query.get("processCode"))
        items = [
            {
                "componentName": each.kind,
                "props": {
                    "id": each.id,
                    "label": each.label,
                    "required": each.required,
                    "options": list(each.options),
                    "bizAlias": each.alias,
                },
            }
            for each in process.form
        ]
        content = {"title": process.name, "items": items}
        return json_answer({"result": {"name": process.name, "formCode": process.code, "schemaContent": content}})

    # Acting

    def _create(self, call: Call) -> Answer:
        body = _object(call)
        process = self._process(body.get("processCode"))
        originator, dept_id = body.get("originatorUserId"), body.get("deptId")
        if not isinstance(originator, str) or not originator:
            raise Refused("processInstanceInvalidParameter", "发起人不合法")
        if not body.get("approvers") and not _is_int(dept_id):
            raise Refused("processInstanceInvalidParameter", "部门不合法")
        form = check_form(process, body.get("formComponentValues"))
        if call.fault("phantom"):
            return json_answer({"instanceId": "k3hSANDBOXneverwas"})
        department = dept_id if isinstance(dept_id, int) else -1
        instance = self._start(process, originator, department, form, by_api=True)
        self.counters.writes += 1
        return json_answer({"instanceId": instance.instance_id})

    def _start(
        self, process: Process, originator: str, dept_id: int, form: list[FormValue], *, by_api: bool
    ) -> Instance:
        self._started += 1
        now = self.clock.now()
        digest = blake2b(f"{process.code} {self._started}".encode(), digest_size=12).hexdigest()
        at = datetime.fromtimestamp(now + 8 * 3600, UTC)
        instance = Instance(
            f"k3h{digest}",
            f"{at:%Y%m%d%H%M}{self._started:09d}",
            process,
            f"{originator}提交的{process.name}",
            originator,
            dept_id,
            self.clock.now_ms(),
            form,
            by_api=by_api,
        )
        self._keep(instance)
        return instance

    def _execute(self, call: Call) -> Answer:
        body = _object(call)
        instance = self._instance(body.get("processInstanceId"))
        if instance.status != "RUNNING" or str(body.get("taskId")) != str(instance.task_id(len(instance.done))):
            raise Refused("processInstanceInvalidParameter", "任务不存在或已处理")
        if body.get("actionerUserId") != instance.waiting_for:
            raise Refused("processInstanceInvalidParameter", "操作人不是任务处理人")
        if body.get("result") not in ("agree", "refuse"):
            raise Refused("invalidParameter", "result不合法")
        instance.act(body["result"], self.clock.now_ms())
        self.counters.writes += 1
        return json_answer({"result": True, "success": True})

    def _terminate(self, call: Call) -> Answer:
        body = _object(call)
        instance = self._instance(body.get("processInstanceId"))
        now = self.clock.now_ms()
        if not isinstance(body.get("isSystem"), bool):
            raise Refused("invalidInstanceTerminateIsSystem", "是否通过系统操作参数不能为空")
        if instance.status != "RUNNING" or now - instance.create_ms < RECALL_S * 1000:
            raise Refused("aflowProcessInstStatusException", "审批实例状态不允许撤销")
        if not instance.process.recallable:
            raise Refused("820008", "审批系统错误：您没有任务处理的权限")
        if not body["isSystem"] and body.get("operatingUserId") != instance.originator:
            raise Refused("processInstanceInvalidParameter", "操作人不是发起人")
        instance.status, instance.finish_ms = "TERMINATED", now
        self.counters.writes += 1
        return json_answer({"result": True, "success": True})

    # The older API's twins

    def _legacy_query(self, call: Call) -> Answer:
        body = _legacy_object(call)
        process = self._legacy_process(body.get("process_code"))
        users = str(body["userid_list"]).split(",") if body.get("userid_list") else None
        try:
            window = int(body["start_time"]), int(body["end_time"]) if body.get("end_time") else None
            page = int(body.get("cursor") or 0), int(body.get("size") or 10)
            ids, token = self._walk(call, process, window, page, (users, None))
        except (KeyError, ValueError):
            raise Refused("400002", "无效的参数") from None
        except Refused as refusal:
            raise Refused("400002", refusal.message) from None
        result: dict[str, Any] = {"list": ids}
        if token is not None:
            result["next_cursor"] = token
        return _ok({"result": result})

    def _legacy_get(self, call: Call) -> Answer:
        instance = self._instances.get(str(_legacy_object(call).get("process_instance_id")))
        if instance is None:
            raise Refused("400002", "无效的参数: process_instance_id")
        return _ok({"process_instance": instance.legacy_detail()})

    def _legacy_create(self, call: Call) -> Answer:
        body = _legacy_object(call)
        process = self._legacy_process(body.get("process_code"))
        originator = str(body.get("originator_user_id") or "")
        if not originator:
            raise Refused("33012", "无效的USERID")
        try:
            form = check_form(process, body.get("form_component_values"))
        except Refused as refusal:
            raise Refused("400002", refusal.message) from None
        instance = self._start(process, originator, int(body.get("dept_id") or -1), form, by_api=True)
        self.counters.writes += 1
        return _ok({"process_instance_id": instance.instance_id})

    # Inside

    def _load(self, approval: Mapping[str, Any]) -> None:
        process = self._processes.get(approval["process_code"])
        if process is None:
            raise ValueError(f"approval {approval['instance_id']} is of process {approval['process_code']}, not known")
        ids = {each["name"]: each["id"] for each in approval["form"]}
        known = {each.label for each in process.form}
        form = tuple(each._replace(id=ids.get(each.label, each.id)) for each in process.form)
        form += tuple(Component(key, label) for label, key in ids.items() if label not in known)
        if form != process.form:
            process = self._processes[process.code] = process._replace(form=form)
        labels = {each.label: each for each in process.form}
        instance = Instance(
            approval["instance_id"],
            approval["business_id"],
            process,
            approval["title"],
            approval["originator"],
            int(approval["dept_id"]),
            int(approval["create_ms"]),
            [form_value(labels[each["name"]], each["value"]) for each in approval["form"]],
            approval["status"],
            approval["result"],
            approval.get("finish_ms"),
        )
        if instance.status == "COMPLETED":
            at = instance.finish_ms or instance.create_ms
            agreed = [(user, "AGREE", at) for user in process.approvers]
            refused = [(process.approvers[0], "REFUSE", at)]
            instance.done = agreed if instance.result == "agree" else refused
        self._keep(instance)

    def _keep(self, instance: Instance) -> None:
        self._instances[instance.instance_id] = instance
        insort(self._by_process[instance.process.code], instance.order)

    def _instance(self, key: Any) -> Instance:
        instance = self._instances.get(key) if isinstance(key, str) else None
        if instance is None:
            raise Refused("processInstanceInvalidParameter", "审批实例不存在")
        return instance

    def _process(self, code: Any) -> Process:
        process = self._processes.get(code) if isinstance(code, str) else None
        if process is None:
            raise Refused("processCodeError", "审批模板不存在或已删除")
        return process

    def _legacy_process(self, code: Any) -> Process:
        try:
            return self._process(code)
        except Refused as refusal:
            raise Refused("400002", refusal.message) from None


def _object(call: Call) -> dict[str, Any]:
    body = call.json
    if not isinstance(body, dict):
        raise Refused("invalidParameter", "请求体应为JSON对象")
    return body


def _legacy_object(call: Call) -> dict[str, Any]:
    body = call.json
    if not isinstance(body, dict):
        raise Refused("400002", "无效的参数")
    return body


def _ok(content: Mapping[str, Any]) -> Answer:
    return json_answer({"errcode": 0, "errmsg": "ok", **content})


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
