"""Fxiaoke: a pretend tenant."""

from __future__ import annotations

from typing import ClassVar

from connectors.base import Write
from connectors.fxiaoke import Fxiaoke
from goldbridge.simulators.fxiaoke import Fxiaoke as Tenant
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend


class FxiaokePeer(Pretend):
    kind = Fxiaoke
    stream = "AccountObj"
    read_faults = ALL_READ_FAULTS
    write_faults = ALL_WRITE_FAULTS
    secrets = ("fx-sandbox-app-secret", "fx-sandbox-permanent-code")
    settings: ClassVar = {
        "app_id": "FSAID_sandbox",
        "app_secret": "fx-sandbox-app-secret",
        "permanent_code": "fx-sandbox-permanent-code",
    }
    read_path = "*/data/query"
    write_path = "*/create"
    token_path = "/oauth2.0/token"
    sim: Tenant

    def make(self) -> Tenant:
        self.count = 0
        return Tenant({"AccountObj": []}, **self.sim_options)

    def keys(self) -> list[str]:
        return [row["_id"] for row in self.sim.rows("AccountObj")]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.add("AccountObj", {"name": f"示例{self.count:04d}号有限公司"})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit("AccountObj", key, {"remark": "改"})

    def new(self, number: int, *, bad: bool = False) -> Write:
        values = {"name": f"新建{number}有限公司"} | ({"email": "no mail"} if bad else {})
        return Write("create", f"g{number}", values)

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("golden_id__c") == external_id for row in self.sim.rows("AccountObj"))


class FxiaokeBodyPeer(FxiaokePeer):
    """The same, called the way older applications call."""

    settings: ClassVar = {**FxiaokePeer.settings, "style": "body", "user_mobile": "19900001000"}
    token_path = "/cgi/corpAccessToken/get/V2"
