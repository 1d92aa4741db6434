"""One approval, and how either API shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from goldbridge.simulators.dingtalk.process import FormValue, Process


@dataclass(slots=True)
class Instance:
    """One approval. `done` holds (approver, AGREE or REFUSE, ms) for each finished task, in order."""

    instance_id: str
    business_id: str
    process: Process
    title: str
    originator: str
    dept_id: int
    create_ms: int
    form: list[FormValue]
    status: str = "RUNNING"
    result: str = ""
    finish_ms: int | None = None
    by_api: bool = False
    done: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def order(self) -> tuple[int, str]:
        return (self.create_ms, self.instance_id)

    def task_id(self, step: int) -> int:
        digest = blake2b(f"{self.instance_id}/{step}".encode(), digest_size=8).digest()
        return 60_000_000_000 + int.from_bytes(digest, "big") % 10_000_000_000

    @property
    def waiting_for(self) -> str:
        """The approver whose turn it is; empty when nobody's is."""
        return self.process.approvers[len(self.done)] if self.status == "RUNNING" else ""

    def act(self, result: str, at_ms: int) -> None:
        """The approver whose turn it is decides: a refusal ends the process, an agreement passes it on."""
        self.done.append((self.waiting_for, result.upper(), at_ms))
        if result == "refuse" or len(self.done) == len(self.process.approvers):
            self.status, self.result, self.finish_ms = "COMPLETED", result, at_ms

    def detail(self) -> dict[str, Any]:
        """As the newer API shows it: times to the minute, UTC."""
        shown: dict[str, Any] = {
            "title": self.title,
            "businessId": self.business_id,
            "originatorUserId": self.originator,
            "originatorDeptId": str(self.dept_id),
            "originatorDeptName": "示例部门",
            "status": self.status,
            "result": self.result,
            "createTime": _minute(self.create_ms),
            "bizAction": "NONE",
            "attachedProcessInstanceIds": [],
            "formComponentValues": [dict(each) for each in self.form],
            "tasks": self._tasks(),
            "operationRecords": self._records(),
        }
        if self.finish_ms is not None:
            shown["finishTime"] = _minute(self.finish_ms)
        if self.by_api:
            shown["approverUserIds"] = list(self.process.approvers)
        return shown

    def legacy_detail(self) -> dict[str, Any]:
        """As the older API shows it: snake_case, Beijing time without a zone."""
        shown: dict[str, Any] = {
            "title": self.title,
            "business_id": self.business_id,
            "originator_userid": self.originator,
            "originator_dept_id": str(self.dept_id),
            "status": self.status,
            "result": self.result,
            "create_time": _local(self.create_ms),
            "form_component_values": [
                {
                    "id": each["id"],
                    "name": each["name"],
                    "value": each["value"],
                    "component_type": each["componentType"],
                }
                for each in self.form
            ],
        }
        if self.finish_ms is not None:
            shown["finish_time"] = _local(self.finish_ms)
        return shown

    def _tasks(self) -> list[dict[str, Any]]:
        steps = [(user, "COMPLETED", result) for user, result, _ in self.done]
        if self.waiting_for:
            steps.append((self.waiting_for, "RUNNING", "NONE"))
        elif self.status == "TERMINATED" and len(self.done) < len(self.process.approvers):
            steps.append((self.process.approvers[len(self.done)], "CANCELED", "NONE"))
        return [
            {
                "taskId": self.task_id(step),
                "userId": user,
                "status": status,
                "result": result,
                "createTime": _minute(self.done[step - 1][2] if step else self.create_ms),
                "activityId": f"sid-{step:04d}",
                "processInstanceId": self.instance_id,
            }
            for step, (user, status, result) in enumerate(steps)
        ]

    def _records(self) -> list[dict[str, Any]]:
        first = {
            "userId": self.originator,
            "date": _minute(self.create_ms),
            "type": "START_PROCESS_INSTANCE",
            "result": "NONE",
        }
        acted = [
            {"userId": user, "date": _minute(at), "type": "EXECUTE_TASK_NORMAL", "result": result}
            for user, result, at in self.done
        ]
        return [first, *acted]


def _minute(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _local(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000 + 8 * 3600, UTC).strftime("%Y-%m-%d %H:%M:%S")
