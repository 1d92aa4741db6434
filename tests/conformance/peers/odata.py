"""Any OData service, in both versions."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.odata import Odata
from goldbridge.simulators.odata import Odata as Service
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend
from tests.connectors.odata_desk import COMPANY, LINE, STREAM, company


class OdataPeer(Pretend):
    kind = Odata
    stream = "Companies"
    read_faults = ALL_READ_FAULTS - {"expire"}
    write_faults = ALL_WRITE_FAULTS - {"expire"}
    cannot: ClassVar = {"expire": "the service takes a password; tokens are tried on Dynamics"}
    version: ClassVar[int] = 4
    secrets = ("odata-sandbox-password",)
    settings: ClassVar[dict[str, Any]] = {
        "base_url": "http://127.0.0.1/odata",
        "user": "odata-sandbox",
        "password": "odata-sandbox-password",
        "streams": {"Companies": STREAM},
    }
    read_path = "/odata/Companies"
    write_path = "/odata/$batch"
    sim: Service

    def make(self) -> Service:
        self.count = 0
        return Service((COMPANY, LINE), {"Companies": []}, version=self.version, **self.sim_options)

    def keys(self) -> list[str]:
        return [row["ID"] for row in self.sim.rows("Companies")]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.tables["Companies"].load([company(self.count, self.clock.now())])
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit("Companies", key, {"Staff": -1})

    def new(self, number: int, *, bad: bool = False) -> Write:
        return Write("create", f"g{number}", {"Name": "长" * 80 if bad else f"新建{number}有限公司"})

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("Ours") == external_id for row in self.sim.rows("Companies"))


class OdataTwoPeer(OdataPeer):
    kind = Odata
    version = 2
