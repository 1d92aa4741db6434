"""Salesforce: a pretend org."""

from __future__ import annotations

from typing import ClassVar

from connectors.base import Write
from connectors.salesforce import Salesforce
from goldbridge.simulators.salesforce import Salesforce as Org
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend


class SalesforcePeer(Pretend):
    kind = Salesforce
    stream = "Account"
    read_faults = ALL_READ_FAULTS
    write_faults = ALL_WRITE_FAULTS
    secrets = ("sf-sandbox-consumer-secret",)
    settings: ClassVar = {
        "consumer_key": "sf-sandbox-consumer-key",
        "consumer_secret": "sf-sandbox-consumer-secret",
    }
    small_pages: ClassVar = {}
    read_path = "*/query/*"
    poison_path = "*/query*"
    write_path = "*/composite/sobjects/*"
    token_path = "/services/oauth2/token"
    sim: Org

    def make(self) -> Org:
        self.count = 0
        return Org(page_rows=self.page_rows, **self.sim_options)

    def keys(self) -> list[str]:
        return [row["Id"] for row in self.sim.rows("Account")]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.add("Account", {"Name": f"示例{self.count:04d}号有限公司"})
        self.clock.advance(120)

    def edit(self, key: str) -> None:
        self.sim.edit("Account", key, {"Description": "改"})

    def new(self, number: int, *, bad: bool = False) -> Write:
        values = {"Name": f"新建{number}有限公司"} | ({"Email__c": "no mail"} if bad else {})
        return Write("create", f"g{number}", values)

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("Golden_Id__c") == external_id for row in self.sim.rows("Account"))
