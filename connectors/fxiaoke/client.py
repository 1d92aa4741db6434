"""The calls of the open API that we use, and the class of every code it may answer with.

The gateway answers HTTP 200 to everything, so only `errorCode` counts. Preset and custom objects live under different
paths; two calls of the custom branch (findSimple, findOne) take preset objects, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.base import LOGINS, Context, RawRow
from connectors.fxiaoke.auth import signed
from connectors.fxiaoke.config import FxiaokeConfig
from goldbridge.errors import Halt
from goldbridge.http import (
    CONFIG,
    RECORD,
    RETRY,
    THROTTLE,
    Chain,
    Client,
    Complaint,
    Envelope,
    Kind,
    QueryStamp,
    Reply,
    Rule,
)
from goldbridge.ports import Json

_REFRESH = Rule(Kind.REFRESH, "check app_id, app_secret and permanent_code")
_ACCESS = Rule(
    Kind.CONFIG, "check app_id, app_secret, permanent_code, the IP white list and the rights of the application"
)
_LOCKED = Rule(Kind.RECORD, "correct the record, or wait for its approval to end, and replay it")
_FIND_SIMPLE, _FIND_ONE = (f"/cgi/crm/custom/v2/data/{action}" for action in ("findSimple", "findOne"))

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("20016", "20005"), _REFRESH),
    **dict.fromkeys(("-1", "-2", "50009"), RETRY),
    **dict.fromkeys(("30004", "14001"), THROTTLE),
    "30002": Rule(Kind.THROTTLE, day=True),
    **dict.fromkeys(("32000", "15002", "30007", "30027", "11*"), _LOCKED),
    **dict.fromkeys([str(code) for code in range(10001, 10014)], _ACCESS),
    **dict.fromkeys(("11001", "11002", "11013"), CONFIG),
    **dict.fromkeys(("20006", "20015", "20017", "20020", "20021", "20022", "20023"), _ACCESS),
    "30003": Rule(Kind.CONFIG, "the tenant has bought no API quota"),
    **dict.fromkeys(("15003", "20014"), CONFIG),
}

_NO_PERMISSION = Rule(Kind.RECORD, "share the record with the employee in user_id, or use a CRM administrator")

ENVELOPE = Envelope(
    find=lambda status, body: _find(status, body),
    rules=RULES,
    refined=(
        ("10013", "offset", RECORD),  # elsewhere this code means a missing token
        ("*", "no data permission", _NO_PERMISSION),
        ("*", "数据权限", _NO_PERMISSION),
    ),
    names={Kind.CONFIG: "CON044", Kind.RECORD: "CON046"},
)


def _find(_status: int, body: Json) -> Complaint | None:
    if not isinstance(body, dict) or "errorCode" not in body:
        return Complaint("no errorCode")
    code = str(body["errorCode"])
    if code == "0":
        return None
    return Complaint(code, str(body.get("errorMessage") or ""), str(body.get("traceId") or ""))


class FxiaokeClient:
    """Reads and writes objects by their API names."""

    def __init__(self, config: FxiaokeConfig, context: Context) -> None:
        self._config = config
        factory, system = context.http, context.system
        stamp = QueryStamp("thirdTraceId", lambda: str(uuid.uuid4()))
        login = factory.client(
            system=system,
            base_url=config.base_url,
            auth=stamp,
            envelope=ENVELOPE,
            budget=context.budget(LOGINS, "token"),
            timeout_s=config.timeout_s,
        )
        self.http: Client = factory.client(
            system=system,
            base_url=config.base_url,
            auth=Chain(stamp, signed(config, context, login)),
            envelope=ENVELOPE,
            budget=context.budget(config.budget),
            timeout_s=config.timeout_s,
        )
        flags = {"convertUserId": config.convert_user_id, "convertMediaId": config.convert_media_id}
        self._flags: dict[str, Json] = {name: value for name, value in flags.items() if value is not None}

    @property
    def page_size(self) -> int:
        return self._config.page_size

    def query(
        self,
        name: str,
        filters: Sequence[Json],
        after: str = "",
        fields: Sequence[str] = (),
        *,
        limit: int = 0,
        offset: int = 0,
    ) -> list[RawRow]:
        """Rows of object `name` in the order of `_id`, after the given one, `page_size` unless told otherwise."""
        if after:
            filters = [*filters, condition("_id", "GT", after)]
        search: dict[str, Json] = {
            "limit": limit or self.page_size,
            "offset": offset,
            "filters": list(filters),
            "orders": [{"fieldName": "_id", "isAsc": True}],
        }
        if fields:
            search["fieldProjection"] = list(fields)
        question = {"dataObjectApiName": name, "find_explicit_total_num": False, "search_query_info": search}
        where = path(name, "query") if self._config.live_formulas else _FIND_SIMPLE
        reply = self.ask(where, {"includeNull": True, "data": question}, about=name)
        rows = _rows(reply.data.get("data") if isinstance(reply.data, dict) else None)
        if rows is None:
            raise Halt("CON019", f"{self.http.system} {name}: data.dataList is not a list")
        return rows

    def one(self, name: str, key: str, fields: Sequence[str]) -> RawRow | None:
        """One row as it is now; None when it is gone. An invalidated one may or may not be shown."""
        search = {
            "limit": 1,
            "offset": 0,
            "filters": [condition("_id", "EQ", key)],
            "orders": [{"fieldName": "_id", "isAsc": True}],
            "fieldProjection": list(fields),
        }
        question = {"dataObjectApiName": name, "search_query_info": search}
        reply = self.ask(_FIND_ONE, {"includeNull": True, "data": question}, about=f"{name} {key}")
        data = reply.data.get("data") if isinstance(reply.data, dict) else None
        row = data.get("objectData") if isinstance(data, dict) else None
        return row if isinstance(row, dict) and row else None

    def ask(self, where: str, body: Json, *, about: str) -> Reply:
        """A call that changes nothing."""
        return self.http.post(where, json={**self._flags, **body}, read=True, about=about, endpoint=where)

    def change(self, where: str, data: Json, *, about: str, flags: Mapping[str, Json] | None = None) -> Reply:
        """A write; approvals and workflows start only where the configuration says so (the vendor's default is yes)."""
        body = {
            **self._flags,
            "triggerApprovalFlow": self._config.trigger_approval,
            "triggerWorkFlow": self._config.trigger_workflow,
            **(flags or {}),
            "data": data,
        }
        return self.http.post(where, json=body, about=about, endpoint=where)


def _rows(data: Json) -> list[RawRow] | None:
    """The rows of an answer, in whichever of the shapes that clients have met: a list inside or bare, one bare row."""
    found = data.get("dataList", data) if isinstance(data, dict) else data
    if isinstance(found, dict) and found.get("_id"):
        return [found]
    return found if isinstance(found, list) else None


def path(name: str, action: str) -> str:
    """Where an action on the rows of an object lives: tenant-defined objects have a branch of their own."""
    return f"/cgi/crm/{'custom/' if name.endswith('__c') else ''}v2/data/{action}"


def condition(field: str, operator: str, *values: Any) -> dict[str, Json]:
    """One filter; numbers are sent as text, as the documents show them."""
    return {"field_name": field, "operator": operator, "field_values": [str(value) for value in values]}
