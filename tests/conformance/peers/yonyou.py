"""Yonyou: a pretend YonBIP tenant, read and written, and the relay of a U8+, which is only read."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.yonyou import Yonyou
from goldbridge.simulators.yonyou import APP_KEY, APP_SECRET, TENANT, U8_ACCOUNT, U8_KEY, U8_SECRET
from goldbridge.simulators.yonyou import Yonyou as Tenant
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend


class YonyouPeer(Pretend):
    kind = Yonyou
    stream = "customer"
    read_faults = ALL_READ_FAULTS
    write_faults = ALL_WRITE_FAULTS
    secrets = (APP_SECRET,)
    settings: ClassVar[dict[str, Any]] = {"tenant_id": TENANT, "app_key": APP_KEY, "app_secret": APP_SECRET}
    read_path = "*/merchant/newlist"
    write_path = "*/merchant/idempotent/newinsert"
    token_path = "/iuap-api-auth/open-auth/selfAppAuth/base/v1/getAccessToken"
    sim: Tenant

    def make(self) -> Tenant:
        self.count = 0
        return Tenant({"customer": []}, **self.sim_options)

    def keys(self) -> list[str]:
        return [str(row["id"]) for row in self.sim.rows("customer")]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            name = {"simplifiedName": f"示例{self.count:04d}号有限公司"}
            self.sim.add("customer", {"code": f"YB-{self.count:04d}", "name": name})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit("customer", key, {"memo": "改"})

    def new(self, number: int, *, bad: bool = False) -> Write:
        name = "" if bad else {"simplifiedName": f"新建{number}有限公司"}
        return Write("create", f"g{number}", {"name": name})

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("code") == external_id for row in self.sim.rows("customer"))


class YonyouU8Peer(YonyouPeer):
    """Rows show the day of their change only, so a run reads the whole day again."""

    kind = Yonyou
    writes = False
    cannot: ClassVar = {}
    write_faults = frozenset()
    secrets = (U8_SECRET,)
    settings: ClassVar[dict[str, Any]] = {
        "edition": "u8",
        "app_key": U8_KEY,
        "app_secret": U8_SECRET,
        "from_account": U8_ACCOUNT,
        "to_account": "ent1",
    }
    read_path = "/api/customer/batch_get"
    token_path = "/system/token"

    def keys(self) -> list[str]:
        return [str(row["code"]) for row in self.sim.rows("customer")]

    def edit(self, key: str) -> None:
        self.sim.edit("customer", self._id(key), {"memo": "改"})

    def _id(self, code: str) -> str:
        return next(str(row["id"]) for row in self.sim.rows("customer") if row["code"] == code)
