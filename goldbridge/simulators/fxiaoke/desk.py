"""What is asked about the tenant rather than about rows: its objects, its approvals, its people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from goldbridge.simulators.fxiaoke.auth import Caller
from goldbridge.simulators.fxiaoke.schema import EMPLOYEES, open_user_id
from goldbridge.simulators.fxiaoke.tenant import Tenant
from goldbridge.simulators.kit import Call

BY_MOBILE = "/cgi/user/getByMobile"

Answering = Callable[[Call, Caller], dict[str, Any]]


class Desk:
    """Answers by path."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def answers(self) -> Mapping[str, Answering]:
        return {
            "/cgi/crm/v2/object/list": self._objects,
            "/cgi/crm/v2/object/describe": self._describe,
            "/cgi/crm/approvalInstances/query": self._approvals,
            "/cgi/crm/approvalInstance/get": self._approval,
            "/cgi/crm/object/approvalInstances/query": self._approvals_of,
            "/cgi/crm/approvalTask/action": self._act,
            "/cgi/crm/v2/special/getInstanceInfoByObjectId": self._about,
            BY_MOBILE: self._by_mobile,
        }

    def _objects(self, call: Call, caller: Caller) -> dict[str, Any]:
        objects = [
            {
                "describeApiName": table.schema.name,
                "describeDisplayName": table.schema.label,
                "defineType": "custom" if table.schema.custom else "package",
                "isActive": True,
            }
            for table in self._tenant.tables.values()
        ]
        return {"data": {"objects": objects}}

    def _describe(self, call: Call, caller: Caller) -> dict[str, Any]:
        data = call.json.get("data")
        name = data.get("apiName") if isinstance(data, dict) else call.json.get("apiName")
        return {"data": {"describe": self._tenant.table(name).schema.describe()}}

    def _approvals(self, call: Call, caller: Caller) -> dict[str, Any]:
        found = self._tenant.approvals.query(call.json)
        if short := call.fault("short_page"):
            found["instanceList"] = found["instanceList"][: -short.rows]
        return {"queryResult": found}

    def _approval(self, call: Call, caller: Caller) -> dict[str, Any]:
        return {"data": self._tenant.approvals.get(call.json.get("instanceId")).as_json()}

    def _approvals_of(self, call: Call, caller: Caller) -> dict[str, Any]:
        found = self._tenant.approvals.of(call.json.get("dataId"))
        return {"queryResult": {"total": len(found), "instanceList": [each.as_json() for each in found]}}

    def _about(self, call: Call, caller: Caller) -> dict[str, Any]:
        data = call.json.get("data")
        asked = data if isinstance(data, dict) else {}
        self._tenant.table(asked.get("entityId"))
        found = self._tenant.approvals.of(asked.get("objectId"))
        return {"data": {"instances": [each.as_json() for each in found]}}

    def _act(self, call: Call, caller: Caller) -> dict[str, Any]:
        body = call.json
        self._tenant.settle(body.get("taskId"), body.get("actionType"), body.get("opinion"), caller.employee)
        return {}

    def _by_mobile(self, call: Call, caller: Caller) -> dict[str, Any]:
        mobile = call.json.get("mobile")
        found = [
            {"openUserId": open_user_id(employee), "name": name, "mobile": number}
            for employee, (name, number) in EMPLOYEES.items()
            if number == mobile
        ]
        return {"empList": found}
