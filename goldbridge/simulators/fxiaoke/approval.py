"""Approval flows: a write that starts one locks the row, and a change waits in the flow until somebody agrees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from goldbridge.simulators.kit import Refused, SimClock


@dataclass(slots=True)
class Instance:
    """One running or finished approval. `changes` are applied to the row when it passes (None: the row is new)."""

    number: int
    object_name: str
    key: str
    submitter: str
    started_ms: int
    changes: dict[str, Any] | None
    state: str = "in_progress"
    finished_ms: int | None = None
    opinions: list[str] = field(default_factory=list)

    @property
    def instance_id(self) -> str:
        return f"ai{self.number:022x}"

    @property
    def task_id(self) -> str:
        return f"at{self.number:022x}"

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "instanceId": self.instance_id,
            "flowApiName": f"flow_{self.object_name}",
            "objectApiName": self.object_name,
            "dataId": self.key,
            "state": self.state,
            "createTime": self.started_ms,
            "triggerType": "Create" if self.changes is None else "Update",
            "submitter": self.submitter,
            "tasks": [{"taskId": self.task_id, "state": self.state, "opinions": list(self.opinions)}],
        }
        if self.finished_ms is not None:
            shown["endTime"] = self.finished_ms
        return shown


class Approvals:
    """All instances of the tenant, by id, by task and by row."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._all: dict[str, Instance] = {}
        self._by_task: dict[str, Instance] = {}

    def start(self, object_name: str, key: str, submitter: str, changes: dict[str, Any] | None) -> Instance:
        instance = Instance(len(self._all) + 1, object_name, key, submitter, self._clock.now_ms(), changes)
        self._all[instance.instance_id] = self._by_task[instance.task_id] = instance
        return instance

    def act(self, task_id: Any, action: Any, opinion: Any) -> Instance:
        """Agree or reject; raises `Refused` for a task that is not open."""
        instance = self._by_task.get(str(task_id))
        if instance is None or instance.state != "in_progress":
            raise Refused("32000", f"审批任务不存在或已处理: {task_id}")
        if action not in ("agree", "reject"):
            raise Refused("32000", f"actionType不支持: {action}")
        instance.state = "pass" if action == "agree" else "reject"
        instance.finished_ms = self._clock.now_ms()
        instance.opinions.append(str(opinion or ""))
        return instance

    def get(self, instance_id: Any) -> Instance:
        instance = self._all.get(str(instance_id))
        if instance is None:
            raise Refused("32000", f"审批实例不存在: {instance_id}")
        return instance

    def of(self, key: Any) -> list[Instance]:
        return [each for each in self._all.values() if each.key == key]

    def query(self, body: dict[str, Any]) -> dict[str, Any]:
        """`approvalInstances/query`: pages count from 1, 20 to a page unless told otherwise."""
        start, end = body.get("startTime") or 0, body.get("endTime") or 1 << 62
        found = [
            each
            for each in self._all.values()
            if body.get("state") in (None, "", each.state)
            and body.get("objectApiName") in (None, "", each.object_name)
            and body.get("flowApiName") in (None, "", f"flow_{each.object_name}")
            and int(start) <= each.started_ms <= int(end)
        ]
        size, number = int(body.get("pageSize") or 20), int(body.get("pageNumber") or 1)
        page = found[(number - 1) * size : number * size]
        return {"total": len(found), "instanceList": [each.as_json() for each in page]}
