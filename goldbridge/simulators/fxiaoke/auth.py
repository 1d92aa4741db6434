"""Who calls: two generations of tokens and two places to put them.

A token lives 7200 s. Asked for again within 6600 s the same one is given; after that a new one, and both work until the
old one dies. The newer way is a bearer header with the company's and the employee's ids, the older way three keys in
the body; asking for a token more than ten times a minute is refused.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

from goldbridge.simulators.fxiaoke.schema import ADMIN, EMPLOYEES, OPEN_USERS, open_user_id
from goldbridge.simulators.kit import Call, Refused, SimClock

LIFETIME_S = 7200
REUSED_S = 6600


class Credentials(NamedTuple):
    """What the sandbox tenant's administrator handed out."""

    app_id: str = "FSAID_sandbox"
    app_secret: str = "fx-sandbox-app-secret"  # noqa: S105 - a fixed, obviously fake word
    permanent_code: str = "fx-sandbox-permanent-code"
    ea: str = "sandbox"
    corp_id: str = "FSCID_SANDBOX0000000000000000000000000"


class Caller(NamedTuple):
    """The employee a call runs as; `legacy` is the older way of calling, where employees go by their long ids."""

    employee: str
    legacy: bool
    convert: bool

    @property
    def admin(self) -> bool:
        return self.employee == ADMIN

    def shown(self, employee: str) -> str:
        return open_user_id(employee) if self.convert else employee

    def meant(self, given: str) -> str:
        return OPEN_USERS.get(given, given) if self.convert else given


class Tokens:
    """Tokens of one generation."""

    def __init__(self, clock: SimClock, kind: str) -> None:
        self._clock = clock
        self._kind = kind
        self._count = 0
        self._current = ("", 0.0)
        self._valid: dict[str, float] = {}

    def issue(self) -> tuple[str, int]:
        """The token, and the seconds it still has."""
        now = self._clock.now()
        token, since = self._current
        if token not in self._valid or now - since >= REUSED_S or now < since:
            self._count += 1
            digest = blake2b(f"{self._kind} token {self._count}".encode(), digest_size=16).hexdigest()
            token, since = f"{self._kind}{digest.upper()}", now
            self._current = (token, since)
            self._valid[token] = now + LIFETIME_S
        return token, int(self._valid[token] - now)

    def accepts(self, token: str) -> bool:
        return self._clock.now() < self._valid.get(token, 0.0)

    def expire(self) -> None:
        self._valid.clear()


class Gate:
    """Answers token requests and tells who a call comes from."""

    def __init__(self, clock: SimClock, credentials: Credentials) -> None:
        self._credentials = credentials
        self._bearer = Tokens(clock, "BC")
        self._body = Tokens(clock, "CT")

    def expire(self) -> None:
        self._bearer.expire()
        self._body.expire()

    def issue_bearer(self, call: Call) -> dict[str, Any]:
        body = _object(call)
        self._check(body)
        if body.get("grantType") != "app_secret":
            raise Refused("11005", "the parameter grantType is missing or illegal")
        token, seconds = self._bearer.issue()
        given = self._credentials
        return {"accessToken": token, "expiresIn": seconds, "ea": given.ea, "appId": given.app_id} | {
            "openUserId": given.corp_id
        }

    def issue_body(self, call: Call) -> dict[str, Any]:
        self._check(_object(call))
        token, seconds = self._body.issue()
        return {"corpAccessToken": token, "corpId": self._credentials.corp_id, "expiresIn": seconds}

    def _check(self, body: dict[str, Any]) -> None:
        given = self._credentials
        if body.get("appId") != given.app_id:
            raise Refused("11001", "the parameter appId is missing or illegal")
        if body.get("appSecret") != given.app_secret:
            raise Refused("10006", "the parameter appSecret is missing or illegal")
        if body.get("permanentCode") != given.permanent_code:
            raise Refused("20015", "the parameter permanentCode is illegal")

    def caller(self, call: Call, *, anybody: bool = False) -> Caller:
        """Who calls; raises `Refused` with 20016 for a dead token and 20017 when there is none.

        `anybody`: the older way may leave out the employee, as who asks for his id does not have it yet.
        """
        body = _object(call)
        header = call.headers.get("authorization", "")
        if header and body.get("corpAccessToken"):
            raise Refused("20016", "the cropId,cropAccessToken or authorization is error")  # never both at once
        if header:
            token = header.removeprefix("Bearer ")
            if not self._bearer.accepts(token) or call.headers.get("x-fs-ea") != self._credentials.ea:
                raise Refused("20016", "the cropId,cropAccessToken or authorization is error")
            employee = call.headers.get("x-fs-userid", "")
            return _known(employee, Caller(employee, legacy=False, convert=body.get("convertUserId") is True))
        given_token = body.get("corpAccessToken")
        if not given_token:
            raise Refused("20017", "corpAccessToken为必填项，不能为空")
        if not self._body.accepts(str(given_token)) or body.get("corpId") != self._credentials.corp_id:
            raise Refused("20016", "the cropId,cropAccessToken or authorization is error")
        given = str(body.get("currentOpenUserId") or (open_user_id(ADMIN) if anybody else ""))
        convert = body.get("convertUserId") is not False
        return _known(given, Caller(OPEN_USERS.get(given, given), legacy=True, convert=convert))


def _known(given: str, caller: Caller) -> Caller:
    if not given:
        raise Refused("10010", "缺少参数openUserId")
    if caller.employee not in EMPLOYEES:
        raise Refused("20012", f"openUserId未找到: {given}")
    return caller


def _object(call: Call) -> dict[str, Any]:
    body = call.json
    if not isinstance(body, dict):
        raise Refused("32000", "请求体应为JSON对象")
    return body
