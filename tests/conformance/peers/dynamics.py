"""Dynamics: a pretend Dataverse."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.dynamics import Dynamics
from goldbridge.simulators.dynamics import ROOT
from goldbridge.simulators.dynamics import Dynamics as Organisation
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend
from tests.connectors.test_dynamics import ACCOUNTS, SECRETS, account


class DynamicsPeer(Pretend):
    """Read by change tracking, written row by row."""

    kind = Dynamics
    stream = "accounts"
    read_faults = ALL_READ_FAULTS - {"poison"}
    cannot: ClassVar = {"poison": "only the server's own link leads to a page, so nothing narrower can be asked for"}
    write_faults = ALL_WRITE_FAULTS
    secrets = (SECRETS["client_secret"],)
    settings: ClassVar[dict[str, Any]] = {"authority": "http://127.0.0.1", "tables": {"accounts": ACCOUNTS}, **SECRETS}
    read_path = f"{ROOT}/accounts"
    write_path = f"{ROOT}/accounts(*"
    token_path = f"/{Organisation.tenant}/oauth2/v2.0/token"
    sim: Organisation

    def make(self) -> Organisation:
        self.count = 0
        return Organisation({"accounts": []}, **self.sim_options)

    def keys(self) -> list[str]:
        return [row["accountid"] for row in self.sim.rows("accounts")]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.tables["accounts"].load([account(self.count, modifiedon=self.clock.now())])
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit("accounts", key, {"telephone1": "0510-1"})

    def new(self, number: int, *, bad: bool = False) -> Write:
        return Write("create", f"g{number}", {"name": "长" * 161 if bad else f"新建{number}有限公司"})

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("new_goldenid") == external_id for row in self.sim.rows("accounts"))


class DynamicsModifiedPeer(DynamicsPeer):
    """Read by the time of change, written in batches."""

    kind = Dynamics
    settings: ClassVar[dict[str, Any]] = {
        **DynamicsPeer.settings,
        "tables": {"accounts": {**ACCOUNTS, "read": "modified"}},
        "batch": True,
    }
    write_path = f"{ROOT}/$batch"
