"""A pretend WeCom: tokens in the address, customers of members, and approvals, as the vendor's sheet has them.

Every failure is HTTP 200 with `errcode` and the empty lists of a success; a wrong path is 404 without a body.

Cooperative faults played here: duplicate_page, short_page, poison, forbid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, ClassVar

from goldbridge.simulators.kit import Answer, Call, Endpoint, Limit, Refused, SimClock, Simulator, json_answer

TEMPLATE = "3Tka1eD6v6JfzhDMqPd3aMkFdxqtJMc2ZR"
TOKEN_S = 7200
SPAN_S = 31 * 86_400
BAN_S = 3600
_WRONG_SECRETS = 5
_ROOT = "/cgi-bin"
_EMPTY: Mapping[str, Any] = {"external_userid": [], "follow_user": [], "external_contact_list": [], "sp_no_list": []}


@dataclass(slots=True)
class Approval:
    """One submitted form; `contents` as the detail shows them."""

    number: str
    template: str
    applicant: str
    at_s: int
    contents: list[dict[str, Any]]
    status: int = 1

    def detail(self) -> dict[str, Any]:
        return {
            "sp_no": self.number,
            "sp_name": "合同审批",
            "sp_status": self.status,
            "template_id": self.template,
            "apply_time": self.at_s,
            "applyer": {"userid": self.applicant, "partyid": "2"},
            "sp_record": [],
            "process_list": {},
            "apply_data": {"contents": self.contents},
            "comments": [],
        }


@dataclass(slots=True)
class Customer:
    """A person, and who follows it: member -> what the member wrote down."""

    contact: dict[str, Any]
    follows: dict[str, dict[str, Any]] = field(default_factory=dict)


class Wecom(Simulator):
    """A corporation with members, their customers, and approvals."""

    name = "wecom"
    sheet_limits: ClassVar[Mapping[str, Limit]] = {"oa": Limit(600, 60.0), "*": Limit(10_000, 60.0)}
    corp_id = "wwsandbox"
    secret = "wecom-sandbox-secret"  # noqa: S105 - a fixed, obviously fake word

    def __init__(
        self,
        *,
        clock: SimClock | None = None,
        limits: str = "roomy",
        seed: int = 0,
        members: Sequence[str] = ("zhao", "qian"),
        templates: Sequence[str] = (TEMPLATE,),
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self.members, self.templates = list(members), set(templates)
        self.unlicensed: set[str] = set()
        self._customers: dict[str, Customer] = {}
        self._approvals: dict[str, Approval] = {}
        self._token, self._until, self._issued = "", 0.0, 0
        self._wrong, self._banned_until = 0, 0.0
        self._last: dict[str, list[Any]] = {}

    # For the control surface

    def add_customer(self, member: str, *, key: str = "", remark: str = "") -> str:
        """A member adds a customer, new or somebody else's; returns the external_userid."""
        key = key or f"wm{len(self._customers) + 1:06d}"
        contact = {"external_userid": key, "name": f"客户{key[-4:]}", "type": 1, "gender": 0}
        customer = self._customers.setdefault(key, Customer(contact))
        customer.follows[member] = {
            "userid": member,
            "remark": remark,
            "remark_corp_name": "示例机电",
            "createtime": int(self.clock.now()),
            "tag_id": [],
        }
        return key

    def remark(self, key: str, text: str) -> None:
        """Whoever follows this customer writes something down."""
        for each in self._customers[key].follows.values():
            each["remark"] = text

    def remove_customer(self, key: str) -> None:
        del self._customers[key]

    def customers(self) -> list[str]:
        return sorted(self._customers)

    def submit(self, values: Mapping[str, str], template: str = TEMPLATE, *, applicant: str = "zhao") -> str:
        """Somebody fills in a form in the app, by titles; returns the number."""
        contents = [
            {"control": "Text", "id": f"Text-{place}", "title": [{"text": title, "lang": "zh_CN"}],
             "value": {"text": text, "tips": [], "members": []}}
            for place, (title, text) in enumerate(values.items())
        ]  # fmt: skip
        return self.load(template, applicant, int(self.clock.now()), contents)

    def load(self, template: str, applicant: str, at_s: int, contents: list[dict[str, Any]]) -> str:
        """An approval as it is, contents in the shape of the detail call."""
        number = f"2026{len(self._approvals) + 1:08d}"
        self._approvals[number] = Approval(number, template, applicant, at_s, contents)
        return number

    def act(self, number: str, status: int) -> None:
        """2 approved, 3 rejected, 4 withdrawn, 6 withdrawn after approval, 7 deleted, 10 paid."""
        self._approvals[number].status = status

    def rows(self) -> list[dict[str, Any]]:
        """Every approval as its detail shows it, by number."""
        return [self._approvals[number].detail() for number in sorted(self._approvals)]

    def token(self) -> str:
        return self._token

    # Simulator

    def endpoints(self) -> Iterable[Endpoint]:
        contact = f"{_ROOT}/externalcontact"
        yield Endpoint("GET", f"{_ROOT}/gettoken", self._new_token)
        yield self._guarded("GET", f"{contact}/get_follow_user_list", lambda call: {"follow_user": self.members})
        yield self._guarded("GET", f"{contact}/list", self._list)
        yield self._guarded("GET", f"{contact}/get", self._get)
        yield self._guarded("POST", f"{contact}/batch/get_by_user", self._batch)
        yield self._guarded("POST", f"{_ROOT}/oa/getapprovalinfo", self._numbers, "oa")
        yield self._guarded("POST", f"{_ROOT}/oa/getapprovaldetail", self._detail, "oa detail")

    def refuse(self, code: str, message: str = "", status: int = 0) -> Answer:
        body = {"errcode": int(code), "errmsg": message or "error", **_EMPTY}
        return json_answer(body, status or 200)

    def throttled(self, after_s: float) -> Answer:
        return self.refuse("45009", "api freq out of limit")

    def bad_json(self, call: Call) -> Answer:
        return self.refuse("40058", "invalid request")

    def unknown_path(self, call: Call) -> Answer:
        return Answer(404, b"")

    def expire_tokens(self) -> None:
        self._until = 0.0

    def edit_rows(self, call: Call, rows: int) -> None:
        """The first open approvals are approved, and the first customers get a remark."""
        waiting = sorted(number for number, each in self._approvals.items() if each.status == 1)
        for number in waiting[:rows]:
            self.act(number, 2)
        for key in self.customers()[:rows]:
            self.remark(key, "改")

    def tie_rows(self, call: Call, rows: int) -> None:
        """The last approvals get the time of the last of them."""
        last = sorted(self._approvals.values(), key=lambda each: (each.at_s, each.number))[-rows:]
        for each in last:
            each.at_s = last[-1].at_s

    # Tokens

    def _new_token(self, call: Call) -> Answer:
        now = self.clock.now()
        if now < self._banned_until:
            raise Refused("45009", "api freq out of limit")
        if call.query.get("corpid") != self.corp_id:
            raise Refused("40013", "invalid corpid")
        if call.query.get("corpsecret") != self.secret:
            self._wrong += 1
            if self._wrong >= _WRONG_SECRETS:
                self._banned_until, self._wrong = now + BAN_S, 0
            raise Refused("40001", "invalid credential")
        if not self._token or now >= self._until:
            self._issued += 1
            self._token = blake2b(f"wecom {self._issued}".encode(), digest_size=32).hexdigest()
            self._until = now + TOKEN_S
        body = {"errcode": 0, "errmsg": "ok", "access_token": self._token, "expires_in": int(self._until - now)}
        return json_answer(body)

    def _guarded(
        self, method: str, path: str, handle: Callable[[Call], Mapping[str, Any]], limit: str = ""
    ) -> Endpoint:
        def serve(call: Call) -> Answer:
            token = call.query.get("access_token", "")
            if not token:
                raise Refused("41001", "access_token missing")
            if token != self._token:
                raise Refused("40014", "invalid access_token")
            if self.clock.now() >= self._until:
                raise Refused("42001", "access_token expired")
            if (forbidden := call.fault("forbid")) and forbidden.key in ("", path):
                raise Refused("48002", "api forbidden")
            return json_answer({"errcode": 0, "errmsg": "ok", **handle(call)})

        return Endpoint(method, path, serve, limit)

    # Customers

    def _list(self, call: Call) -> Mapping[str, Any]:
        member = call.query.get("userid", "")
        if member not in self.members:
            raise Refused("60111", "userid not found")
        found = [key for key in self.customers() if member in self._customers[key].follows]
        if not found:
            raise Refused("84061", "not external contact")
        return {"external_userid": found}

    def _get(self, call: Call) -> Mapping[str, Any]:
        key = call.query.get("external_userid", "")
        customer = self._customers.get(key)
        if customer is None:
            raise Refused("84061", "not external contact")
        if call.poisoned(key):
            raise Refused("-1", "system busy")
        followers = [customer.follows[member] for member in sorted(customer.follows)]
        start = int(call.query.get("cursor") or 0)
        more = {"next_cursor": str(start + 500)} if start + 500 < len(followers) else {}
        return {"external_contact": customer.contact, "follow_user": followers[start : start + 500], **more}

    def _batch(self, call: Call) -> Mapping[str, Any]:
        body = _object(call)
        members, limit, cursor = body.get("userid_list"), body.get("limit", 50), str(body.get("cursor") or "")
        if not isinstance(members, list) or not 1 <= len(members) <= 100:
            raise Refused("40063", "some parameters are empty")
        if not isinstance(limit, int) or not 1 <= limit <= 100 or (cursor and not cursor.removeprefix("c").isdigit()):
            raise Refused("40058", "invalid request parameter")
        if unknown := [member for member in members if member not in self.members]:
            raise Refused("60111", f"userid not found: {unknown[0]}")
        found = [
            {"external_contact": self._customers[key].contact, "follow_info": self._customers[key].follows[member]}
            for member in members
            if member not in self.unlicensed
            for key in self.customers()
            if member in self._customers[key].follows
        ]
        page, following = self._cut(call, "batch", found, int(cursor.removeprefix("c") or 0), limit)
        unlicensed = [member for member in members if member in self.unlicensed]
        failed = {"fail_info": {"unlicensed_userid_list": unlicensed}} if unlicensed else {}
        return {"external_contact_list": page, "next_cursor": f"c{following}" if following else "", **failed}

    # Approvals

    def _numbers(self, call: Call) -> Mapping[str, Any]:
        body = _object(call)
        start, end, size = body.get("starttime"), body.get("endtime"), body.get("size")
        if not (isinstance(start, str) and isinstance(end, str) and start.isdigit() and end.isdigit()):
            raise Refused("40058", "starttime and endtime are texts of seconds")
        if not 0 <= int(end) - int(start) <= SPAN_S:
            raise Refused("301112", "the time range is longer than 31 days")
        if not isinstance(size, int) or not 1 <= size <= 100 or "new_cursor" not in body:
            raise Refused("40058", "invalid request parameter")
        wanted = {each.get("key"): each.get("value") for each in body.get("filters") or []}
        if wanted.get("template_id", TEMPLATE) not in self.templates:
            raise Refused("301025", "template not found")
        found = [
            each.number
            for each in sorted(self._approvals.values(), key=lambda each: (each.at_s, each.number))
            if int(start) <= each.at_s <= int(end)
            and wanted.get("template_id", each.template) == each.template
            and str(wanted.get("sp_status", each.status)) == str(each.status)
        ]
        page, following = self._cut(call, "oa", found, int(body["new_cursor"] or 0), size)
        return {"sp_no_list": page} | ({"new_next_cursor": str(following)} if following else {})

    def _detail(self, call: Call) -> Mapping[str, Any]:
        number = str(_object(call).get("sp_no"))
        if number not in self._approvals:
            raise Refused("301025", "sp_no not found")
        if call.poisoned(number):
            raise Refused("-1", "system busy")
        return {"info": self._approvals[number].detail()}

    def _cut(self, call: Call, what: str, found: list[Any], start: int, size: int) -> tuple[list[Any], int]:
        """A page and where the next one starts, 0 at the end."""
        page = found[start : start + size]
        if (short := call.fault("short_page")) and page:
            page = page[: max(0, len(page) - short.rows)]
        following = start + len(page)
        if start and call.fault("duplicate_page"):
            page = self._last.get(what, page)
        self._last[what] = page
        return page, following if following < len(found) else 0


def _object(call: Call) -> dict[str, Any]:
    body = call.json
    if not isinstance(body, dict):
        raise Refused("40058", "invalid request")
    return body
