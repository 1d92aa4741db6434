"""DingTalk: a pretend company with approvals."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.dingtalk import Dingtalk
from goldbridge.simulators.dingtalk import DingTalk as Company
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend

_FORM = {"合同编号": "HT", "合同类型": "销售", "客户名称": "示例公司", "合同金额": "1200.50", "签订日期": "2026-03-01"}


class DingtalkPeer(Pretend):
    kind = Dingtalk
    stream = "PROC-CONTRACT"
    read_faults = ALL_READ_FAULTS
    secrets = ("ding-sandbox-secret",)
    settings: ClassVar[dict[str, Any]] = {
        "app_key": "ding-sandbox",
        "app_secret": "ding-sandbox-secret",
        "processes": ["PROC-CONTRACT"],
    }
    small_pages: ClassVar[dict[str, Any]] = {}
    page_rows = 20
    read_path = "/v1.0/workflow/processes/instanceIds/query"
    poison_path = "/v1.0/workflow/processInstances"
    token_path = "/v1.0/oauth2/accessToken"
    sim: Company

    def make(self) -> Company:
        return Company([], **self.sim_options)

    def keys(self) -> list[str]:
        return [row["instance_id"] for row in self.sim.rows()]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(1)
            self.sim.add(self.stream, _FORM)
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.act(key, "agree")
