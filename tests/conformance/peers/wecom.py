"""WeCom: a pretend corporation, once by its approvals and once by its customers."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.wecom import Wecom
from goldbridge.simulators.wecom import TEMPLATE
from goldbridge.simulators.wecom import Wecom as Corporation
from tests.conformance.pretend import ALL_READ_FAULTS, Pretend

_LOGIN = {"corp_id": "wwsandbox", "secret": "wecom-sandbox-secret"}


class WecomApprovalPeer(Pretend):
    kind = Wecom
    stream = TEMPLATE
    read_faults = ALL_READ_FAULTS
    secrets = ("wecom-sandbox-secret",)
    settings: ClassVar[dict[str, Any]] = {**_LOGIN, "templates": [TEMPLATE], "since": "2026-03-01"}
    read_path = "/cgi-bin/oa/getapprovalinfo"
    poison_path = "/cgi-bin/oa/getapprovaldetail"
    token_path = "/cgi-bin/gettoken"
    sim: Corporation

    def make(self) -> Corporation:
        return Corporation(**self.sim_options)

    def keys(self) -> list[str]:
        return [row["sp_no"] for row in self.sim.rows()]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(1)
            self.sim.submit({"客户名称": "示例公司"})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.act(key, 2)


class WecomCustomerPeer(Pretend):
    kind = Wecom
    stream = "customer"
    read_faults = ALL_READ_FAULTS - {"tie", "poison"}
    cannot: ClassVar = {
        "tie": "customers are read whole, not by time",
        "poison": "only the vendor's cursor leads to a page, so nothing narrower can be asked for",
    }
    secrets = ("wecom-sandbox-secret",)
    settings: ClassVar[dict[str, Any]] = _LOGIN
    read_path = "/cgi-bin/externalcontact/batch/get_by_user"
    token_path = "/cgi-bin/gettoken"
    sim: Corporation

    def make(self) -> Corporation:
        return Corporation(**self.sim_options)

    def keys(self) -> list[str]:
        return self.sim.customers()

    def add(self, count: int) -> None:
        for number in range(count):
            self.clock.advance(1)
            key = self.sim.add_customer("zhao" if number % 2 else "qian")
            if number % 3 == 0:
                self.sim.add_customer("zhao", key=key)
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.remark(key, "改")
