"""Workflows of a site, their requests, and how the API shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

ARCHIVE = "3"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Field(NamedTuple):
    """A field of a form, by its database name; a number takes digits only."""

    name: str
    label: str
    required: bool = False
    number: bool = False


class Workflow(NamedTuple):
    """A workflow: its form, the tables of its lines, and its nodes as (name, type, user who acts there)."""

    id: str
    name: str
    table: str
    form: tuple[Field, ...]
    details: tuple[str, ...]
    nodes: tuple[tuple[str, str, str], ...]


ADMISSION = Workflow(
    "61",
    "客户准入",
    "formtable_main_61",
    (
        Field("khbm", "客户编码", required=True),
        Field("khmc", "客户名称"),
        Field("edje", "授信金额", number=True),
        Field("ext_id", "外部编号"),
    ),
    ("formtable_main_61_dt1",),
    (("创建", "0", ""), ("销管审核", "1", "101"), ("财务审核", "1", "102"), ("归档", ARCHIVE, "")),
)


@dataclass(slots=True)
class Request:
    """One request. `handled` are the users who did something; the creator stands at the first node."""

    id: str
    workflow: Workflow
    name: str
    creator: str
    created: float
    changed: float
    fields: dict[str, str]
    details: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    node: int = 0
    handled: set[str] = field(default_factory=set)

    @property
    def waiting_for(self) -> str:
        """Who has it on the desk; nobody once it is archived."""
        if self.archived:
            return ""
        return self.workflow.nodes[self.node][2] or self.creator

    @property
    def archived(self) -> bool:
        return self.workflow.nodes[self.node][1] == ARCHIVE

    def act(self, at: float, *, agree: bool = True) -> None:
        """Whoever has it passes it on, or sends it back to its first node."""
        self.handled.add(self.waiting_for)
        self.node = self.node + 1 if agree else 0
        self.changed = at

    def listed(self) -> dict[str, Any]:
        """As a list shows it: every number is text."""
        name, kind, _ = self.workflow.nodes[self.node]
        return {
            "createTime": local(self.created),
            "creatorId": self.creator,
            "creatorName": "示例用户",
            "currentNodeId": self._node_id,
            "currentNodeName": name,
            "currentnodetype": kind,
            "lastOperateTime": local(self.changed),
            "receiveTime": local(self.changed),
            "requestId": self.id,
            "requestLevel": "0",
            "requestName": self.name,
            "status": name,
            "workflowBaseInfo": self._base(),
        }

    def shown(self) -> dict[str, Any]:
        """In full, as getWorkflowRequest shows it."""
        name = self.workflow.nodes[self.node][0]
        return {
            "canView": True,
            "createTime": local(self.created),
            "creatorId": self.creator,
            "creatorName": "示例用户",
            "currentNodeId": self._node_id,
            "currentNodeName": name,
            "lastOperateTime": local(self.changed),
            "requestId": self.id,
            "requestLevel": "0",
            "requestName": self.name,
            "status": name,
            "workflowBaseInfo": self._base(),
            "workflowMainTableInfo": {
                "tableDBName": self.workflow.table,
                "requestRecords": [{"recordOrder": 0, "workflowRequestTableFields": self._main()}],
            },
            "workflowDetailTableInfos": [
                {
                    "tableDBName": table,
                    "workflowRequestTableRecords": [
                        {
                            "recordOrder": place,
                            "workflowRequestTableFields": [
                                {"fieldName": key, "fieldValue": value} for key, value in row.items()
                            ],
                        }
                        for place, row in enumerate(self.details.get(table, []))
                    ],
                }
                for table in self.workflow.details
            ],
        }

    @property
    def _node_id(self) -> str:
        return f"{self.workflow.id}0{self.node}"

    def _base(self) -> dict[str, str]:
        return {
            "formId": f"-{self.workflow.id}",
            "workflowId": self.workflow.id,
            "workflowName": self.workflow.name,
            "workflowTypeId": "21",
            "workflowTypeName": "销售部流程",
        }

    def _main(self) -> list[dict[str, Any]]:
        return [
            {
                "fieldName": each.name,
                "fieldShowName": each.label,
                "fieldValue": self.fields.get(each.name, ""),
                "fieldShowValue": self.fields.get(each.name, ""),
                "view": True,
            }
            for each in self.workflow.form
        ]


def wrong_fields(workflow: Workflow, fields: dict[str, str]) -> list[str]:
    """Fields that the form does not take, or lacks."""
    form = {each.name: each for each in workflow.form}
    wrong = [name for name in fields if name not in form]
    wrong += [name for name, each in form.items() if each.required and not fields.get(name)]
    return wrong + [
        name
        for name, value in fields.items()
        if name in form and form[name].number and value and not _NUMBER.fullmatch(value)
    ]


def local(at: float) -> str:
    """The site's own time, without a zone."""
    return datetime.fromtimestamp(at + 8 * 3600, UTC).strftime("%Y-%m-%d %H:%M:%S")
