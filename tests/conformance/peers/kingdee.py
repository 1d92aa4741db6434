"""Kingdee: a pretend account book."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.kingdee import Kingdee
from goldbridge.simulators.kingdee import Credentials
from goldbridge.simulators.kingdee import Kingdee as Book
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend

_KNOWN = Credentials()


class KingdeePeer(Pretend):
    kind = Kingdee
    stream = "customer"
    read_faults = ALL_READ_FAULTS - {"expire"}
    write_faults = ALL_WRITE_FAULTS - {"expire"}
    cannot: ClassVar = {"expire": "every call is signed; there is no token"}
    secrets = (_KNOWN.app_secret,)
    settings: ClassVar[dict[str, Any]] = {
        "base_url": "http://127.0.0.1/k3cloud",
        "acct_id": _KNOWN.acct_id,
        "user": _KNOWN.user,
        "app_id": _KNOWN.app_id,
        "app_secret": _KNOWN.app_secret,
        "forms": {"customer": {"external_id": "F_GB_ID", "fields": ["FName", "FTEL"]}},
    }
    read_path = "*ExecuteBillQuery*"
    write_path = "*BatchSave*"
    sim: Book

    def make(self) -> Book:
        self.count = 0
        return Book({"BD_Customer": []}, **self.sim_options)

    def keys(self) -> list[str]:
        return [str(row["FCUSTID"]) for row in self.sim.rows("BD_Customer")]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.add("BD_Customer", {"FNumber": f"K-{self.count:04d}", "FName": f"示例{self.count:04d}号有限公司"})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit("BD_Customer", int(key), {"FTEL": "0571-1"})

    def new(self, number: int, *, bad: bool = False) -> Write:
        name = "" if bad else f"新建{number}有限公司"
        return Write("create", f"g{number}", {"FNumber": f"N-{number}", "FName": name})

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("F_GB_ID") == external_id for row in self.sim.rows("BD_Customer"))
