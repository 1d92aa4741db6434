"""SAP: a pretend S/4HANA with business partners."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.sap import Sap
from goldbridge.simulators.sap import ROOT
from goldbridge.simulators.sap import Sap as System
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend
from tests.connectors.test_sap import BATCH, BP, partner

_USER, _PASSWORD = System.user, System.password


class SapPeer(Pretend):
    kind = Sap
    stream = BP
    read_faults = ALL_READ_FAULTS - {"expire"}
    cannot: ClassVar = {"expire": "reads carry no token, only changes do"}
    write_faults = ALL_WRITE_FAULTS
    secrets = (_PASSWORD,)
    settings: ClassVar = {"user": _USER, "password": _PASSWORD, "client": "100"}
    read_path = f"{ROOT}/API_BUSINESS_PARTNER/{BP}"
    write_path = BATCH
    sim: System

    def make(self) -> System:
        self.count = 0
        return System({BP: []}, **self.sim_options)

    def keys(self) -> list[str]:
        return [row["BusinessPartner"] for row in self.sim.rows(BP)]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.of(BP).tables[BP].load([partner(self.count, self.clock.now())])
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit(BP, key, {"Industry": "0004"})

    def new(self, number: int, *, bad: bool = False) -> Write:
        name = "长" * 41 if bad else f"新建{number}有限公司"
        return Write("create", f"g{number}", {"BusinessPartnerCategory": "2", "OrganizationBPName1": name})

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("BusinessPartnerIDByExtSystem") == external_id for row in self.sim.rows(BP))


class SapOneByOnePeer(SapPeer):
    """Each change in a call of its own."""

    kind = Sap
    settings: ClassVar = {**SapPeer.settings, "batch": False}
    write_path = SapPeer.read_path

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        """One address is read and written; the method tells which."""
        super().fault(kind, write=write, method="POST" if write else "GET", **options)
