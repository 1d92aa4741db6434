"""A pretend Feishu: tenant tokens, approvals and tables, with the windows and the answers of the vendor's sheet.

A wrong secret is refused with HTTP 200, a token with HTTP 400, a path with plain text. Approvals are listed by the time
of their start within ten hours; their forms are JSON inside a text.

Cooperative faults played here: duplicate_page, short_page, poison, phantom, forbid.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, ClassVar

from goldbridge.simulators.feishu.form import CONTRACT, Control, check_form
from goldbridge.simulators.feishu.table import Table
from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, Simulator, json_answer
from goldbridge.simulators.kit import text_answer as plain

APPROVAL_CODE = "AC-CONTRACT"
SPAN_MS = 10 * 3_600_000
TOKEN_S = 7200
OVERLAP_S = 1800
_ROOT = "/open-apis/approval/v4"
_TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105 - a path


@dataclass(slots=True)
class Instance:
    """One approval."""

    code: str
    approval: str
    user_id: str
    start_ms: int
    serial: str
    uuid: str
    form: list[dict[str, Any]]
    status: str = "PENDING"
    end_ms: int = 0
    timeline: list[dict[str, Any]] = field(default_factory=list)

    def end(self, status: str, at_ms: int) -> None:
        self.status, self.end_ms = status, at_ms

    def detail(self) -> dict[str, Any]:
        return {
            "approval_name": "合同审批",
            "approval_code": self.approval,
            "instance_code": self.code,
            "status": self.status,
            "reverted": False,
            "start_time": str(self.start_ms),
            "end_time": str(self.end_ms),
            "user_id": self.user_id,
            "open_id": f"ou_{self.user_id}",
            "department_id": "od-1",
            "serial_number": self.serial,
            "uuid": self.uuid,
            "form": json.dumps(self.form, ensure_ascii=False),
            "task_list": [],
            "timeline": self.timeline,
        }


class Feishu(Simulator):
    """A tenant. `definitions`: approval code -> its controls."""

    name = "feishu"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {
        "list": Limit(100, 60.0),
        "start": Limit(100, 60.0),
        "definition": Limit(100, 60.0),
        "detail": Limit(1000, 60.0),
        "table": Limit(20, 1.0),
    }
    app_id = "cli_sandbox"
    app_secret = "feishu-sandbox-secret"  # noqa: S105 - a fixed, obviously fake word

    def __init__(
        self,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        definitions: Mapping[str, Sequence[Control]] | None = None,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.definitions = {code: tuple(form) for code, form in (definitions or {APPROVAL_CODE: CONTRACT}).items()}
        self.tables: dict[tuple[str, str], Table] = {}
        self._instances: dict[str, Instance] = {}
        self._tokens: list[tuple[str, float]] = []
        self._issued = self._started = 0
        self._last_page: list[str] = []

    # For the control surface

    def rows(self) -> list[dict[str, Any]]:
        """Every approval as its detail call shows it, by time of start."""
        return [each.detail() for each in sorted(self._instances.values(), key=lambda each: (each.start_ms, each.code))]

    def add(self, values: Mapping[str, Any], approval: str = APPROVAL_CODE, *, user_id: str = "u-zhao") -> str:
        """Somebody fills in a form in the app, by control ids; returns the instance code."""
        kinds = {each.id: each.kind for each in self.definitions[approval]}
        form = [{"id": key, "type": kinds[key], "value": value, "currency": "CNY"} for key, value in values.items()]
        return self._start(approval, user_id, check_form(self.definitions[approval], json.dumps(form)), "").code

    def add_record(self, app: str, table: str, fields: Mapping[str, Any]) -> str:
        """Somebody fills in a row of a bitable; the table is made on first use."""
        return self.tables.setdefault((app, table), Table()).add(dict(fields), self.clock.now_ms())

    def act(self, code: str, status: str) -> None:
        """The approver decides (APPROVED, REJECTED), the applicant withdraws (CANCELED), somebody deletes (DELETED)."""
        self._instances[code].end(status, self.clock.now_ms())

    def token(self) -> str:
        """The token that was handed out last."""
        return self._tokens[-1][0]

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        yield Endpoint("POST", _TOKEN, self._new_token)
        yield self._guarded("GET", f"{_ROOT}/approvals/{{code}}", self._definition, "definition")
        yield self._guarded("POST", f"{_ROOT}/instances/cancel", self._cancel, "cancel")
        yield self._guarded("GET", f"{_ROOT}/instances/{{key}}", self._detail, "detail")
        yield self._guarded("GET", f"{_ROOT}/instances", self._list, "list")
        yield self._guarded("POST", f"{_ROOT}/instances", self._create, "start")
        table = "/open-apis/bitable/v1/apps/{app}/tables/{table}/records/search"
        yield self._guarded("POST", table, self._search, "table")

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        body = {"code": int(code), "msg": message or "error", "error": {"log_id": f"2026SANDBOX{self.counters.calls}"}}
        return json_answer(body, status or (400 if code.startswith(("9999", "6", "139")) else 200))

    def throttled(self, after_s: float) -> Answer:
        body = {"code": 99991400, "msg": "request trigger frequency limit"}
        return json_answer(body, 429, x_ogw_ratelimit_reset=str(int(after_s) + 1))

    def bad_json(self, call: Call) -> Answer:
        return self.refuse("60001", "body is not JSON")

    def unknown_path(self, call: Call) -> Answer:
        return plain("404 page not found", 404, "text/plain")

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def edit_rows(self, call: Call, rows: int) -> None:
        """The first running approvals are agreed to."""
        running = sorted((each for each in self._instances.values() if each.status == "PENDING"), key=lambda e: e.code)
        for each in running[:rows]:
            each.end("APPROVED", self.clock.now_ms())

    def tie_rows(self, call: Call, rows: int) -> None:
        """The last approvals get the start time of the last of them."""
        last = sorted(self._instances.values(), key=lambda each: (each.start_ms, each.code))[-rows:]
        for each in last:
            each.start_ms = last[-1].start_ms

    # Tokens

    def _new_token(self, call: Call) -> Answer:
        body = call.json if isinstance(call.json, dict) else {}
        if (body.get("app_id"), body.get("app_secret")) != (self.app_id, self.app_secret):
            raise Refused("10003", "invalid param", 200)
        now = self.clock.now()
        self._tokens = [each for each in self._tokens if each[1] > now]
        if not self._tokens or self._tokens[-1][1] - now < OVERLAP_S:  # both stay valid for the rest
            self._issued += 1
            value = "t-" + blake2b(f"feishu {self._issued}".encode(), digest_size=16).hexdigest()
            self._tokens.append((value, now + TOKEN_S))
        value, until = self._tokens[-1]
        return json_answer({"code": 0, "msg": "ok", "tenant_access_token": value, "expire": int(until - now)})

    def _guarded(self, method: str, path: str, handle: Callable[[Call], Answer], limit: str) -> Endpoint:
        def serve(call: Call) -> Answer:
            bearer, _, token = call.headers.get("authorization", "").partition(" ")
            if bearer != "Bearer" or not token:
                raise Refused("99991661", "Missing access token for authorization", 400)
            if not any(token == held and self.clock.now() < until for held, until in self._tokens):
                raise Refused("99991663", "Invalid access token for authorization", 400)
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("99991672", "Access denied", 400)
            return handle(call)

        return Endpoint(method, path, serve, limit)

    def _search(self, call: Call) -> Answer:
        table = self.tables.get((call.params["app"], call.params["table"]))
        if table is None:
            raise Refused("99992351", "table not found")
        return _good(table.search(call))

    # Approvals

    def _definition(self, call: Call) -> Answer:
        controls = self.definitions.get(call.params["code"])
        if controls is None:
            raise Refused("60002", "approval code not found")
        form = json.dumps([each.as_json() for each in controls], ensure_ascii=False)
        return _good({"approval_name": "合同审批", "status": "ACTIVE", "form": form, "node_list": []})

    def _list(self, call: Call) -> Answer:
        asked = call.query
        start, end, size = asked.get("start_time", ""), asked.get("end_time", ""), asked.get("page_size", "100")
        if asked.get("approval_code") not in self.definitions:
            raise Refused("60002", "approval code not found")
        if not (start.isdigit() and end.isdigit() and size.isdigit()) or not 1 <= int(size) <= 100:
            raise Refused("60001", "param is invalid")
        if not 0 <= int(end) - int(start) <= SPAN_MS:
            raise Refused("60001", "time range should be less than 10 hours")
        token = asked.get("page_token", "")
        if token and not token.removeprefix("pt").isdigit():
            raise Refused("60001", "page_token is invalid")
        offset = int(token.removeprefix("pt") or 0)
        found = [
            each.code
            for each in sorted(self._instances.values(), key=lambda each: (each.start_ms, each.code))
            if each.approval == asked["approval_code"] and int(start) <= each.start_ms <= int(end)
        ]
        page = found[offset : offset + int(size)]
        if (short := call.fault("short_page")) and page:
            page = page[: max(0, len(page) - short.rows)]
        following = offset + len(page)
        if token and call.fault("duplicate_page"):
            page = self._last_page
        self._last_page = page
        more = following < len(found)
        return _good(
            {"instance_code_list": page, "has_more": more} | ({"page_token": f"pt{following}"} if more else {})
        )

    def _detail(self, call: Call) -> Answer:
        key = call.params["key"]
        if call.poisoned(key):
            raise Refused("5000", "internal error", 500)
        return _good(self._find(key).detail())

    def _create(self, call: Call) -> Answer:
        body = _object(call)
        approval, uuid = body.get("approval_code"), body.get("uuid")
        if approval not in self.definitions:
            raise Refused("60002", "approval code not found")
        if not body.get("user_id") and not body.get("open_id"):
            raise Refused("60001", "user_id or open_id is required")
        if uuid is not None and (not isinstance(uuid, str) or not 1 <= len(uuid) <= 64):
            raise Refused("60001", "uuid is invalid")
        if uuid and any(each.uuid == uuid for each in self._instances.values()):
            raise Refused("60012", "uuid conflict")
        form = check_form(self.definitions[approval], body.get("form"))
        if call.fault("phantom"):
            return _good({"instance_code": "IC-NEVER"})
        user = str(body.get("user_id") or body.get("open_id"))
        instance = self._start(approval, user, form, uuid or "")
        self.counters.writes += 1
        return _good({"instance_code": instance.code})

    def _cancel(self, call: Call) -> Answer:
        body = _object(call)
        instance = self._find(str(body.get("instance_code")))
        if instance.status != "PENDING" or body.get("user_id") != instance.user_id:
            raise Refused("60010", "the instance cannot be canceled")
        instance.end("CANCELED", self.clock.now_ms())
        self.counters.writes += 1
        return _good({})

    def _start(self, approval: str, user: str, form: list[dict[str, Any]], uuid: str) -> Instance:
        self._started += 1
        code = "IC-" + blake2b(f"{approval} {self._started}".encode(), digest_size=8).hexdigest().upper()
        serial = f"2026{self._started:010d}"
        instance = Instance(code, approval, user, self.clock.now_ms(), serial, uuid, form)
        self._instances[code] = instance
        return instance

    def _find(self, key: str) -> Instance:
        """By instance code, or by the uuid of whoever started it."""
        found = self._instances.get(key)
        if found is None:
            found = next((each for each in self._instances.values() if each.uuid and each.uuid == key), None)
        if found is None:
            raise Refused("60003", "instance code not found")
        return found


def _object(call: Call) -> dict[str, Any]:
    body = call.json
    if not isinstance(body, dict):
        raise Refused("60001", "body should be an object")
    return body


def _good(data: Mapping[str, Any]) -> Answer:
    return json_answer({"code": 0, "msg": "success", "data": data})
