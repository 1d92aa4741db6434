"""Feishu: a pretend tenant with approvals, and with a bitable."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.feishu import Feishu
from connectors.feishu.write import uuid_of
from goldbridge.simulators.feishu import APPROVAL_CODE
from goldbridge.simulators.feishu import Feishu as Tenant
from goldbridge.simulators.feishu.table import Table
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend


class FeishuPeer(Pretend):
    kind = Feishu
    stream = APPROVAL_CODE
    read_faults = ALL_READ_FAULTS
    write_faults = ALL_WRITE_FAULTS
    secrets = ("feishu-sandbox-secret",)
    settings: ClassVar[dict[str, Any]] = {
        "app_id": "cli_sandbox",
        "app_secret": "feishu-sandbox-secret",
        "approvals": [APPROVAL_CODE],
        "since": "2026-03-01",
        "applicant": "u-zhao",
    }
    read_path = "/open-apis/approval/v4/instances"
    poison_path = "/open-apis/approval/v4/instances/*"
    write_path = "/open-apis/approval/v4/instances"
    token_path = "/open-apis/auth/v3/tenant_access_token/internal"
    sim: Tenant

    def make(self) -> Tenant:
        return Tenant(**self.sim_options)

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        super().fault(kind, write=write, method="POST" if write else "GET", **options)

    def keys(self) -> list[str]:
        return [row["instance_code"] for row in self.sim.rows()]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(1)
            self.sim.add({"widget1": "HT", "widget2": "示例公司", "widget3": 1200.5})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.act(key, "APPROVED")

    def new(self, number: int, *, bad: bool = False) -> Write:
        values = {"widget1": f"HT-{number}", "widget3": "1200.50"} | ({"widget5": "没有"} if bad else {})
        return Write("create", f"g{number}", values)

    def rows_of(self, external_id: str) -> int:
        return sum(row["uuid"] == uuid_of(APPROVAL_CODE, external_id) for row in self.sim.rows())


class FeishuTablePeer(Pretend):
    """A table is read whole, by the vendor's page tokens."""

    kind = Feishu
    stream = "customer"
    writes = False
    read_faults = ALL_READ_FAULTS - {"edit", "tie", "poison"}
    cannot: ClassVar = {
        "edit": "a table is read whole; no row leaves its place by being edited",
        "tie": "a table is not read by time",
        "poison": "only the vendor's token leads to a page, so nothing narrower can be asked for",
    }
    secrets = FeishuPeer.secrets
    settings: ClassVar[dict[str, Any]] = {
        "app_id": "cli_sandbox",
        "app_secret": "feishu-sandbox-secret",
        "tables": {"customer": {"app_token": "app1", "table_id": "tbl1"}},
    }
    small_pages: ClassVar = {"tables": {"customer": {"app_token": "app1", "table_id": "tbl1", "page_size": 3}}}
    read_path = "/open-apis/bitable/v1/apps/*/records/search"
    token_path = FeishuPeer.token_path
    sim: Tenant

    def make(self) -> Tenant:
        made = Tenant(**self.sim_options)
        made.tables["app1", "tbl1"] = Table()
        return made

    def keys(self) -> list[str]:
        return self.sim.tables["app1", "tbl1"].keys()

    def add(self, count: int) -> None:
        for number in range(count):
            self.clock.advance(1)
            self.sim.add_record("app1", "tbl1", {"名称": f"客户{number}"})
        self.clock.advance(60)
