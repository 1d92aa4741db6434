"""Neocrm: a pretend tenant."""

from __future__ import annotations

from typing import ClassVar

from connectors.base import Write
from connectors.neocrm import Neocrm
from goldbridge.simulators.neocrm import Neocrm as Tenant
from goldbridge.simulators.neocrm.schema import DEPARTMENT, ENTITY_TYPE, HUB_USER
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend


class NeocrmPeer(Pretend):
    kind = Neocrm
    stream = "account"
    read_faults = ALL_READ_FAULTS
    write_faults = ALL_WRITE_FAULTS
    secrets = ("neo-sandbox-client-secret", "neo-sandbox-password", "Ab3dEf9h")
    settings: ClassVar = {
        "login_url": "http://127.0.0.1",
        "client_id": "neo-sandbox-client",
        "client_secret": "neo-sandbox-client-secret",
        "redirect_uri": "https://hub.example/callback",
        "username": "hub@sandbox.example",
        "password": "neo-sandbox-password",
        "security_token": "Ab3dEf9h",
        "defaults": {"account": {"entityType": ENTITY_TYPE, "ownerId": HUB_USER, "dimDepart": DEPARTMENT}},
    }
    read_path = "*/query/xoql"
    write_path = "*/xobjects/account"
    token_path = "/auc/oauth2/token"
    sim: Tenant

    def make(self) -> Tenant:
        self.count = 0
        return Tenant(**self.sim_options)

    def keys(self) -> list[str]:
        return [row["id"] for row in self.sim.rows("account")]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.add("account", {"accountName": f"示例{self.count:04d}号有限公司"})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit("account", key, {"comment": "改"})

    def new(self, number: int, *, bad: bool = False) -> Write:
        values = {"accountName": f"新建{number}有限公司"} | ({"email": "no mail"} if bad else {})
        return Write("create", f"g{number}", values)

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("golden_id__c") == external_id for row in self.sim.rows("account"))
