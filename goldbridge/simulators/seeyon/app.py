"""A pretend Seeyon A8: a REST account, tokens that die when idle, lists per user, and flows.

Refusals are HTTP 200 with `code` and `message`; the code of a dead token, 1010, comes as text or as a number by turns.
Answers are bare numbers (states) or rows with a total that is always 0.

Cooperative faults played here: duplicate_page, short_page, phantom, poison, forbid, trim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from goldbridge.simulators.kit import Answer, Call, Endpoint, Refused, SimClock, Simulator, json_answer, text_answer
from goldbridge.simulators.seeyon.flow import CUSTOMER, Flow, Template, flow_id, wrong_fields

REST = "/seeyon/rest"
IDLE_S = 23 * 60.0
LISTS = ("sentAffairs", "pendingAffairs", "doneAffairs", "waitSentAffairs")


class Seeyon(Simulator):
    """One company's OA. `bound` plays a V9 that lets only bound addresses in (ours is not when False)."""

    name = "seeyon"
    user = "rest-hub"
    password = "seeyon-sandbox-password"  # noqa: S105 - a fixed, obviously fake word
    login_name = "hub"

    def __init__(
        self,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        templates: Sequence[Template] = (CUSTOMER,),
        most_rows: int = 10_000,
        bound: bool = True,
        trusted: bool = True,
        exact_search: bool = False,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self._templates = {each.code: each for each in templates}
        self._most_rows, self._bound, self._trusted, self._exact = most_rows, bound, trusted, exact_search
        self._flows: dict[int, Flow] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._issued = 0
        self._started = 0
        self._refused_tokens = 0
        self._last_page: list[dict[str, Any]] = []

    # For the control surface

    def rows(self) -> list[dict[str, Any]]:
        """Every flow with state and form, in the order of their start; copies."""
        return [{"id": str(each.id), "state": each.state, **each.shown()} for each in self._flows.values()]

    def fields(self, flow: str) -> dict[str, str]:
        """The main form of one flow; a copy."""
        return dict(self._flows[int(flow)].fields)

    def add(self, code: str, values: Mapping[str, str], starter: str = "hub", subject: str = "客户准入") -> str:
        """Somebody starts a flow in the browser; returns its id."""
        return str(self._start(self._templates[code], subject, starter, dict(values), {}).id)

    def act(self, flow: str, *, agree: bool = True) -> None:
        """The approver whose turn it is agrees, or ends the flow."""
        self._flows[int(flow)].act(agree=agree)

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", f"{REST}/token", self._new_token)
        yield Endpoint("GET", f"{REST}/token/{{user}}/{{password}}", self._old_token)
        yield Endpoint("PUT", f"{REST}/token", self._bind)
        for which in LISTS:
            yield self._inside("POST", f"coll/{which}", self._list(which))
        yield self._inside("GET", "flow/state/{flow}", lambda call, user: json_answer(self._visible(call, user).state))
        yield self._inside("GET", "flow/data/{flow}", self._data)
        yield self._inside("POST", "bpm/process/start", self._process)

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        """1010 comes as text or as a number by turns, other codes as numbers."""
        shown: int | str = code
        if code.lstrip("-").isdecimal():
            self._refused_tokens += code == "1010"
            shown = code if code == "1010" and self._refused_tokens % 2 else int(code)
        return json_answer({"code": shown, "message": message}, status or 200)

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def edit_rows(self, call: Call, rows: int) -> None:
        """The first `rows` running flows are passed on."""
        for flow in [each for each in self._flows.values() if each.waiting_for][:rows]:
            flow.act()

    def tie_rows(self, call: Call, rows: int) -> None:
        """The last `rows` flows get the time of the last of them."""
        tied = sorted(self._flows.values(), key=lambda each: each.started)[-rows:]
        for flow in tied:
            flow.started = tied[-1].started

    # Tokens

    def _new_token(self, call: Call) -> Answer:
        body = _object(call)
        return self._issue(body.get("userName"), body.get("password"), str(body.get("loginName") or ""))

    def _old_token(self, call: Call) -> Answer:
        return self._issue(call.params["user"], call.params["password"], call.query.get("loginName", ""))

    def _issue(self, user: Any, password: Any, login_name: str) -> Answer:
        if not self._bound:
            return text_answer("IP address is not bound to this account", 500, "text/plain;charset=utf-8")
        if (user, password) != (self.user, self.password):
            return json_answer({"id": "-1", "bindingUser": None})
        self._issued += 1
        token = blake2b(f"seeyon {self._issued}".encode(), digest_size=16).hexdigest()
        self._tokens[token] = (login_name, self.clock.now() + IDLE_S)
        return json_answer({"id": token, "bindingUser": {"loginName": login_name} if login_name else None})

    def _bind(self, call: Call) -> Answer:
        body = _object(call)
        token = str(body.get("token") or "")
        self._user(token)
        self._tokens[token] = (str(body.get("loginName") or ""), self.clock.now() + IDLE_S)
        return json_answer({"id": token, "bindingUser": {"loginName": body.get("loginName")}})

    def _user(self, token: str) -> str:
        login_name, until = self._tokens.get(token, ("", 0.0))
        if until <= self.clock.now():
            raise Refused("1010", "token无效或已过期")
        self._tokens[token] = (login_name, self.clock.now() + IDLE_S)
        return login_name

    def _inside(self, method: str, path: str, handle: Callable[[Call, str], Answer]) -> Endpoint:
        def serve(call: Call) -> Answer:
            user = self._user(call.headers.get("token") or call.query.get("token", ""))
            if not self._trusted:
                return json_answer({"message": "third-party mutual trust is missing"}, 401)
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("1003", "没有权限")
            return handle(call, user)

        return Endpoint(method, f"{REST}/{path}", serve)

    # Calls

    def _list(self, which: str) -> Callable[[Call, str], Answer]:
        def serve(call: Call, user: str) -> Answer:
            body = _object(call)
            number, size = body.get("pageNo"), body.get("pageSize")
            if not isinstance(number, int) or not isinstance(size, int) or number < 1 or size < 1:
                raise Refused("1001", "pageNo、pageSize不合法")
            size = min(size, self._most_rows)
            found = self._found(which, user, str(body.get("subject") or ""), str(body.get("templateName") or ""))
            page = [each.listed() for each in found[(number - 1) * size : number * size]]
            if call.fault("duplicate_page") and self._last_page:
                page = self._last_page
            elif short := call.fault("short_page"):
                page = page[: max(0, len(page) - short.rows)]
            self._last_page = page
            return json_answer({"data": page, "total": 0, "page": number, "size": size})

        return serve

    def _found(self, which: str, user: str, subject: str, template: str) -> list[Flow]:
        """What a list of this user holds, newest first; without a user it is empty."""
        found = [
            each
            for each in self._flows.values()
            if user
            and _holds(which, each, user)
            and (not subject or (each.subject == subject if self._exact else subject in each.subject))
            and (not template or template == each.template.name)
        ]
        return sorted(found, key=lambda each: (each.started, each.id), reverse=True)

    def _visible(self, call: Call, user: str) -> Flow:
        text = call.params["flow"]
        flow = self._flows.get(int(text)) if text.lstrip("-").isdecimal() else None
        if flow is None or user not in (flow.starter, *flow.template.approvers):
            raise Refused("1002", "流程不存在或无权查看")
        return flow

    def _data(self, call: Call, user: str) -> Answer:
        flow = self._visible(call, user)
        if call.poisoned(flow.id):
            return text_answer("Internal Server Error", 500, "text/plain")
        return json_answer(flow.shown())

    def _process(self, call: Call, user: str) -> Answer:
        body = _object(call)
        given = body.get("data")
        data: dict[str, Any] = given if isinstance(given, dict) else {}
        template = self._templates.get(str(data.get("templateCode")))
        form = data.get("data")
        if body.get("appName") != "collaboration" or template is None or not isinstance(form, dict):
            raise Refused("1004", "模板不存在")
        fields = {str(name): str(value) for name, value in dict(form.get(template.table) or {}).items()}
        lines = {name: rows for name, rows in form.items() if name != template.table}
        if set(lines) - set(template.lines) or not all(isinstance(rows, list) for rows in lines.values()):
            raise Refused("1005", "重复表不存在")
        if wrong := wrong_fields(template, fields):
            raise Refused("1005", "表单数据校验失败：" + "、".join(wrong))
        if trim := call.fault("trim"):
            fields.pop(trim.field, None)
        if call.fault("phantom"):
            return json_answer({"code": 0, "message": "", "data": {"processId": str(flow_id(-1))}})
        flow = self._start(template, str(data.get("subject") or template.name), user, fields, lines)
        self.counters.writes += 1
        return json_answer({"code": 0, "message": "", "data": {"processId": str(flow.id)}})

    def _start(
        self,
        template: Template,
        subject: str,
        starter: str,
        fields: dict[str, str],
        lines: dict[str, list[dict[str, str]]],
    ) -> Flow:
        self._started += 1
        flow = Flow(flow_id(self._started), template, subject, starter, self.clock.now(), fields, lines)
        self._flows[flow.id] = flow
        return flow


def _holds(which: str, flow: Flow, user: str) -> bool:
    match which:
        case "sentAffairs":
            return flow.starter == user
        case "pendingAffairs":
            return flow.waiting_for == user
        case "doneAffairs":
            return user in flow.template.approvers[: flow.done]
        case _:
            return False


def _object(call: Call) -> dict[str, Any]:
    body = call.json
    if not isinstance(body, dict):
        raise Refused("1001", "请求体应为JSON对象")
    return body
