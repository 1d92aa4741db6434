"""What goes wrong, as data: how the API behaves, which fault is armed when, and what happens between two runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from goldbridge.simulators.kit import Fault
from goldbridge.simulators.plain import Plain

ROWS, PAGE = 2_000, 100
LIST = "/account"
START_MS = 1_772_000_000_000
TIED_MS = 3_000


@dataclass(frozen=True)
class Scenario:
    """`fault` is a number of the fault catalogue (docs/how-to/faults.md); `runs` are the runs both tools are given."""

    fault: str
    what: str
    paging: str = "next_token"
    envelope: str = "status"
    auth: str = "none"
    faults: tuple[Fault, ...] = ()
    tied: bool = False
    depth: int | None = None
    between: Callable[[Plain], None] | None = None
    runs: int = 3

    def simulator(self) -> Plain:
        """A new API with its rows; the fault strikes during the first run."""
        now_ms = int(time.time()) * 1000  # a tie that writers still add to is a few seconds old
        rows = [
            {
                "name": f"示例{number:05d}号有限公司",
                "updated_ms": now_ms - TIED_MS if self.tied else START_MS + number * 1000,
            }
            for number in range(1, ROWS + 1)
        ]
        made = Plain({"account": rows}, paging=self.paging, envelope=self.envelope, auth=self.auth, depth=self.depth)
        made.faults.add(*(replace(fault) for fault in self.faults))  # each counts itself down
        return made


def _list(kind: str, **more: Any) -> Fault:
    return Fault(kind, path=LIST, method="GET", **more)


def _later_half(sim: Plain) -> None:
    """As many rows again appear under the time that the first run ended on, as slow writers do."""
    (at,) = {row["updated_ms"] for row in sim.table("account").rows.values()}
    sim.table("account").load([{"name": f"迟到{number:04d}号有限公司", "updated_ms": at} for number in range(500)])


SCENARIOS = (
    Scenario("F6", "a page is served twice", paging="offset", faults=(_list("duplicate_page", skip=5),)),
    Scenario("F7", "rows are edited while pages are read", paging="offset",
             faults=(_list("edit", rows=150, skip=5), _list("edit", rows=150, skip=10))),
    Scenario("F10", "429 with Retry-After in seconds", faults=(_list("throttle", after_s=2, skip=5, count=3),)),
    Scenario("F11", "429 with Retry-After as a date, clocks an hour apart",
             faults=(_list("throttle", after_s=2, as_date=True, skew_s=3600, skip=5, count=2),)),
    Scenario("F12", "429 that names no time", faults=(_list("throttle", skip=5, count=4),)),
    Scenario("F14", "200 with an error in the body", envelope="code",
             faults=(_list("error_body", body={"code": "locked", "message": "busy, try again"}, skip=5),)),
    Scenario("F17", "the token dies between two pages", auth="client_credentials", faults=(_list("expire", skip=5),)),
    Scenario("F20", "a body cut in half", faults=(_list("truncated", skip=5),)),
    Scenario("F30", "every row has one time, and 500 more get it later", tied=True, between=_later_half),
    Scenario("F75", "nothing is served beyond row 1,000", paging="offset", depth=1_000),
)  # fmt: skip
