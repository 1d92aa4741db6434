"""Seeyon: a pretend OA with customer flows."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.seeyon import Seeyon
from goldbridge.simulators.seeyon import Seeyon as Site
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend


class SeeyonPeer(Pretend):
    kind = Seeyon
    stream = "customer"
    read_faults = ALL_READ_FAULTS
    write_faults = ALL_WRITE_FAULTS
    secrets = ("seeyon-sandbox-password",)
    settings: ClassVar[dict[str, Any]] = {
        "user": "rest-hub",
        "password": "seeyon-sandbox-password",
        "login_name": "hub",
        "sees_all": True,
        "templates": {"customer": {"code": "HUB_CUST_01", "table": "formmain_1001", "external_id": "外部编号"}},
    }
    read_path = "*/coll/sentAffairs"
    write_path = "*/bpm/process/start"
    poison_path = "*/flow/data/*"
    token_path = "/seeyon/rest/token"
    sim: Site

    def make(self) -> Site:
        return Site(**self.sim_options)

    def keys(self) -> list[str]:
        return [row["id"] for row in self.sim.rows()]

    def add(self, count: int) -> None:
        for number in range(count):
            self.clock.advance(1)
            self.sim.add("HUB_CUST_01", {"客户名称": f"示例机电{number:04d}有限公司"})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.act(key)

    def new(self, number: int, *, bad: bool = False) -> Write:
        values = {"客户名称": f"新建{number}有限公司", "授信金额": "many" if bad else "1200.50"}
        return Write("create", f"hub:{number}", values)

    def rows_of(self, external_id: str) -> int:
        return sum(self.sim.fields(key).get("外部编号") == external_id for key in self.keys())
