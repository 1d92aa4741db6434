"""A pretend Weaver e-cology 9: the door with its RSA, and the workflow service with lists per user.

Two envelopes: the door answers `{status, code, msg}`, the workflow service `{code: "SUCCESS", data}`, and its lists and
counts come bare. Each answer sets a session cookie; a call that brings it back acts as the administrator, whatever its
user header says.

Cooperative faults played here: duplicate_page, short_page, phantom, poison, forbid, trim.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from goldbridge.simulators.kit import Answer, Call, Endpoint, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.weaver.door import Door
from goldbridge.simulators.weaver.request import ADMISSION, Request, Workflow, wrong_fields

SERVICE = "/api/workflow/paService"
LISTS = ("ToDo", "Doing", "Handled", "ToBeRead", "BeReject")
_COOKIE = (b"set-cookie", b"ecology_JSessionid=sandbox; Path=/; HttpOnly")
_FIRST_ID = 447_000


class Weaver(Simulator):
    """One company's OA. `users` are those who exist; `misspelt` plays an older build that answers `secrit`."""

    name = "weaver"
    app_id = "HUB"
    secret = "weaver-sandbox-secret"  # noqa: S105 - a fixed, obviously fake word
    user_id = "23"
    administrator = "1"

    def __init__(
        self,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        workflows: Sequence[Workflow] = (ADMISSION,),
        users: Iterable[str] = ("1", "23", "101", "102"),
        misspelt: bool = False,
        most_rows: int = 10_000,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.door = Door(self.clock, self.app_id, self.secret, misspelt=misspelt)
        self._workflows = {each.id: each for each in workflows}
        self._users = frozenset(users)
        self._most_rows = most_rows
        self._requests: dict[str, Request] = {}
        self._last_page: list[dict[str, Any]] = []

    # For the control surface

    def rows(self) -> list[dict[str, Any]]:
        """Every request in full, in the order of their ids; copies."""
        return [each.shown() for each in self._requests.values()]

    def fields(self, request_id: str) -> dict[str, str]:
        """The form of one request; a copy."""
        return dict(self._requests[request_id].fields)

    def add(self, workflow: str, values: Mapping[str, str], creator: str = "23") -> str:
        """Somebody starts a request in the browser; returns its id."""
        request = self._start(self._workflows[workflow], "客户准入", creator, dict(values), {})
        request.act(self.clock.now())
        return request.id

    def act(self, request_id: str, *, agree: bool = True) -> None:
        """Whoever has the request on the desk agrees, or sends it back."""
        self._requests[request_id].act(self.clock.now(), agree=agree)

    def delete(self, request_id: str) -> None:
        """The administrator deletes a request."""
        del self._requests[request_id]

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", "/api/ec/dev/auth/regist", self.door.register)
        yield Endpoint("POST", "/api/ec/dev/auth/applytoken", self.door.apply)
        for which in LISTS:
            yield self._inside("POST", f"get{which}WorkflowRequestCount", self._count(which))
            yield self._inside("POST", f"get{which}WorkflowRequestList", self._list(which))
        yield self._inside("GET", "getWorkflowRequest", self._get)
        yield self._inside("GET", "getRequestStatus", self._status)
        yield self._inside("POST", "doCreateRequest", self._create)

    def handle(self, call: Call, endpoint: Endpoint) -> Answer:
        answer = super().handle(call, endpoint)
        return answer._replace(headers=(*answer.headers, _COOKIE))

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        """Numbers are the door's, `002` with a name of its own; words are the workflow service's."""
        if code.lstrip("-").isdecimal():
            number = {"errorCode": code} if code == "002" else {"code": int(code)}
            return json_answer({"status": False, "msg": message, **number}, status or 200)
        failed = {"keyParameters": {}, "msgInfo": {}, "msgType": message, "otherParams": {}}
        return json_answer({"code": code, "errMsg": {}, "reqFailMsg": failed}, status or 200)

    def expire_tokens(self) -> None:
        self.door.expire()

    def edit_rows(self, call: Call, rows: int) -> None:
        """The first `rows` running requests are passed on."""
        for request in [each for each in self._requests.values() if not each.archived][:rows]:
            request.act(self.clock.now())

    def tie_rows(self, call: Call, rows: int) -> None:
        """The last `rows` requests get the time of the last of them."""
        tied = sorted(self._requests.values(), key=lambda each: each.changed)[-rows:]
        for request in tied:
            request.changed = tied[-1].changed

    # Calls

    def _inside(self, method: str, name: str, handle: Callable[[Call, str], Answer]) -> Endpoint:
        def serve(call: Call) -> Answer:
            user = self.door.user(call.headers, self._users)
            if "cookie" in call.headers:
                user = self.administrator
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", name):
                raise Refused("NO_PERMISSION", "NO_REQUEST_VIEW_PERMISSION")
            return handle(call, user)

        return Endpoint(method, f"{SERVICE}/{name}", serve)

    def _count(self, which: str) -> Callable[[Call, str], Answer]:
        return lambda call, user: json_answer(len(self._found(which, call, user)))

    def _list(self, which: str) -> Callable[[Call, str], Answer]:
        def serve(call: Call, user: str) -> Answer:
            try:
                number, size = int(call.form["pageNo"]), int(call.form["pageSize"])
            except (KeyError, ValueError):
                raise Refused("PARAM_ERROR", "PAGE") from None
            size = min(size, self._most_rows)
            found = self._found(which, call, user)
            page = [each.listed() for each in found[max(0, number - 1) * size : number * size]]
            if call.fault("duplicate_page") and self._last_page:
                page = self._last_page
            elif short := call.fault("short_page"):
                page = page[: max(0, len(page) - short.rows)]
            self._last_page = page
            return json_answer(page)

        return serve

    def _found(self, which: str, call: Call, user: str) -> list[Request]:
        """What a list of this user holds, newest first."""
        try:
            only = json.loads(call.form.get("conditions") or "{}")
        except ValueError:
            raise Refused("PARAM_ERROR", "CONDITIONS") from None
        workflows = str(only.get("workflowIds") or "").split(",") if only.get("workflowIds") else None
        archived = {"1": True, "2": False}.get(str(only.get("archivestatus") or ""))
        found = [
            each
            for each in self._requests.values()
            if _holds(which, each, user)
            and (workflows is None or each.workflow.id in workflows)
            and archived in (None, each.archived)
        ]
        return sorted(found, key=lambda each: (each.changed, each.id), reverse=True)

    def _get(self, call: Call, user: str) -> Answer:
        request = self._visible(call, user)
        if call.poisoned(request.id):
            return self.refuse("SYSTEM_INNER_ERROR", status=500)
        return json_answer({"code": "SUCCESS", "data": request.shown(), "errMsg": {}})

    def _status(self, call: Call, user: str) -> Answer:
        request = self._visible(call, user)
        data = {
            "requestId": request.id,
            "currentNodeId": request.listed()["currentNodeId"],
            "currentNodeType": request.workflow.nodes[request.node][1],
            "status": request.workflow.nodes[request.node][0],
            "workflowId": int(request.workflow.id),
        }
        return json_answer({"code": "SUCCESS", "data": data, "errMsg": {}})

    def _visible(self, call: Call, user: str) -> Request:
        request = self._requests.get(call.query.get("requestId", ""))
        if request is None or user not in (*request.handled, request.waiting_for, request.creator, self.administrator):
            raise Refused("NO_PERMISSION", "NO_REQUEST_VIEW_PERMISSION")
        return request

    def _create(self, call: Call, user: str) -> Answer:
        form = call.form
        workflow = self._workflows.get(form.get("workflowId", ""))
        if workflow is None or not form.get("requestName"):
            raise Refused("PARAM_ERROR", "WORKFLOWID_OR_REQUESTNAME")
        try:
            fields = _values(json.loads(form.get("mainData") or "[]"))
            details = {
                table["tableDBName"]: [_values(row["workflowRequestTableFields"]) for row in rows]
                for table in json.loads(form.get("detailData") or "[]")
                for rows in (table["workflowRequestTableRecords"],)
            }
            others = json.loads(form.get("otherParams") or "{}")
        except (ValueError, KeyError, TypeError):
            raise Refused("PARAM_ERROR", "MAINDATA_OR_DETAILDATA") from None
        if wrong_fields(workflow, fields) or set(details) - set(workflow.details):
            raise Refused("PARAM_ERROR", "FIELD " + ",".join(wrong_fields(workflow, fields)))
        if trim := call.fault("trim"):
            fields.pop(trim.field, None)
        answer = {
            "code": "SUCCESS",
            "data": {"requestid": _FIRST_ID + len(self._requests) + 1},
            "errMsg": {},
            "reqFailMsg": {"keyParameters": {}, "msgInfo": {}, "otherParams": {"doAutoApprove": "0"}},
        }
        if call.fault("phantom"):
            return json_answer(answer)
        request = self._start(workflow, form["requestName"], user, fields, details)
        if str(others.get("isnextflow", "1")) == "1":
            request.act(self.clock.now())
        self.counters.writes += 1
        return json_answer(answer | {"data": {"requestid": int(request.id)}})

    def _start(
        self,
        workflow: Workflow,
        name: str,
        creator: str,
        fields: dict[str, str],
        details: dict[str, list[dict[str, str]]],
    ) -> Request:
        now = self.clock.now()
        number = max((int(each) for each in self._requests), default=_FIRST_ID) + 1
        request = Request(str(number), workflow, name, creator, now, now, fields, details)
        self._requests[request.id] = request
        return request


def _holds(which: str, request: Request, user: str) -> bool:
    match which:
        case "ToDo":
            return request.waiting_for == user
        case "Doing":
            return user in request.handled and not request.archived
        case "Handled":
            return user in request.handled
        case "BeReject":
            return request.waiting_for == user and request.node == 0 and bool(request.handled)
        case _:
            return False


def _values(fields: list[dict[str, Any]]) -> dict[str, str]:
    return {str(each["fieldName"]): str(each["fieldValue"]) for each in fields}
