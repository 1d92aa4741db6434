"""The `rest` connector in front of the plain CRM, in three of its habits."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.base import Write
from connectors.rest import Rest
from goldbridge.simulators.plain import KEY, Plain
from tests.conformance.pretend import ALL_READ_FAULTS, ALL_WRITE_FAULTS, Pretend
from tests.connectors.rest_shape import WRITE, source


class RestPeer(Pretend):
    kind = Rest
    stream = "account"
    read_faults = ALL_READ_FAULTS
    write_faults = ALL_WRITE_FAULTS - {"expire"}
    cannot: ClassVar = {"expire": "a key does not expire; RestTokenPeer has tokens"}
    paging: ClassVar[str] = "keyset"
    envelope: ClassVar[str] = "status"
    auth: ClassVar[str] = "header"
    secrets = (KEY,)
    read_path = "/account"
    write_path = "/account"
    sim: Plain

    @property
    def settings(self) -> Any:  # type: ignore[override]
        entry = source(self.paging, envelope=self.envelope, auth=self.auth, stream={"write": WRITE})
        return entry | {"budget": {"calls": 8, "per_s": 1}}

    def make(self) -> Plain:
        self.count = 0
        habits: Any = {"paging": self.paging, "envelope": self.envelope, "auth": self.auth}
        return Plain({"account": []}, **habits, **self.sim_options)

    def keys(self) -> list[str]:
        return [str(row["id"]) for row in self.sim.rows("account")]

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            self.clock.advance(1)
            self.sim.table("account").create({"name": f"示例{self.count:04d}号有限公司"})
        self.clock.advance(60)

    def edit(self, key: str) -> None:
        self.sim.edit("account", int(key), {"note": "改"})

    def fault(self, kind: str, *, write: bool = False, **options: Any) -> None:
        super().fault(kind, write=write, **{"method": "POST" if write else "GET", **options})

    def new(self, number: int, *, bad: bool = False) -> Write:
        return Write("create", f"g{number}", {} if bad else {"name": f"新建{number}有限公司"})

    def rows_of(self, external_id: str) -> int:
        return sum(row.get("external_id") == external_id for row in self.sim.rows("account"))


class RestTokenPeer(RestPeer):
    """A token page by page, and a token endpoint that rotates what it gives."""

    kind = Rest
    paging = "next_token"
    auth = "refresh_token"
    token_path = "/oauth/token"
    write_faults = ALL_WRITE_FAULTS
    cannot: ClassVar = {}


class RestOffsetPeer(RestPeer):
    """Pages by offset: never proven on rows that move."""

    kind = Rest
    paging = "offset"
