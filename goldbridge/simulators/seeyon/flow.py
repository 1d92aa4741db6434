"""Form templates of a site and the flows that run on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

ENDED, WAITING, RUNNING, WITHDRAWN, STEPPED_BACK, TERMINATED = 0, 3, 4, 5, 6, 15
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Field(NamedTuple):
    """A field of a form; forms go by labels."""

    label: str
    required: bool = False
    number: bool = False


class Template(NamedTuple):
    """A form template: its main table, the tables of its lines, and who approves one after the other."""

    code: str
    name: str
    table: str
    form: tuple[Field, ...]
    lines: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ("manager", "finance")


CUSTOMER = Template(
    "HUB_CUST_01",
    "客户准入",
    "formmain_1001",
    (Field("客户名称", required=True), Field("授信金额", number=True), Field("外部编号")),
    ("formson_1002",),
)


@dataclass(slots=True)
class Flow:
    """One flow. `done` counts the approvers who acted."""

    id: int
    template: Template
    subject: str
    starter: str
    started: float
    fields: dict[str, str]
    lines: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    state: int = WAITING
    done: int = 0

    @property
    def waiting_for(self) -> str:
        return self.template.approvers[self.done] if self.state in (WAITING, RUNNING, STEPPED_BACK) else ""

    def act(self, *, agree: bool = True) -> None:
        """The approver whose turn it is passes the flow on, or ends it."""
        if not self.waiting_for:
            return
        self.done += 1
        over = self.done == len(self.template.approvers)
        self.state = (ENDED if over else RUNNING) if agree else TERMINATED

    def listed(self) -> dict[str, Any]:
        """As a list shows it: ids are numbers that JavaScript cannot hold."""
        return {
            "affairId": -self.id,
            "summaryId": self.id,
            "subject": self.subject,
            "templateName": self.template.name,
            "startMemberName": self.starter,
            "startDate": local(self.started),
            "state": self.state,
        }

    def shown(self) -> dict[str, Any]:
        """The form as flow/data exports it."""
        main = {each.label: self.fields.get(each.label, "") for each in self.template.form}
        return {self.template.table: main, **{table: self.lines.get(table, []) for table in self.template.lines}}


def wrong_fields(template: Template, fields: dict[str, str]) -> list[str]:
    """Fields that the form does not take, or lacks."""
    form = {each.label: each for each in template.form}
    wrong = [label for label in fields if label not in form]
    wrong += [label for label, each in form.items() if each.required and not fields.get(label)]
    return wrong + [
        label
        for label, value in fields.items()
        if label in form and form[label].number and value and not _NUMBER.fullmatch(value)
    ]


def flow_id(number: int) -> int:
    """Signed 64-bit, negative as often as not."""
    digest = blake2b(f"seeyon {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def local(at: float) -> str:
    """The site's own time with milliseconds, without a zone."""
    return datetime.fromtimestamp(at + 8 * 3600, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
