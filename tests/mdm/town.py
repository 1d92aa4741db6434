"""Seven records that stewards decide about, with the rules as they ship: two companies seen twice, and one doubt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from flows.desk import Desk
from goldbridge.clock import Clock
from goldbridge.settings.setting import SecondPerson
from goldbridge.state import crosswalk, decision, golden, landing, task
from mdm.steward import Steward
from mdm.verify import violations
from tests.flows.bench import Bench, row
from tests.flows.bench_crm import credit_code

MATCHING = "party: {bands: {auto: 20 bits, review: 8 bits, margin: 2 bits}}\n"
JIA, JIA_ERP, YI, YI_ERP = "crm.account/1", "erp.partner/1", "crm.account/2", "erp.partner/2"
BING, BING_ERP, DING = "crm.account/3", "erp.partner/3", "crm.account/4"
PHONE = "0571-87654321"


class Town(Bench):
    """甲 and 乙 are seen by the CRM and the ERP; the valve works 丙 in Wenzhou may be two; 丁 stands alone."""

    def __init__(self, root: Path, state_url: str, clock: Clock) -> None:
        super().__init__(root, state_url, clock)
        self.put(
            "crm",
            row("1", "杭州甲机械有限公司", tel=PHONE), row("2", "宁波乙电子有限公司", tel="0574-87654321"),
            row("3", "温州丙阀门制造厂", tel="0577-88654321"), row("4", "绍兴丁纺织有限公司", tel="0575-88888888"),
        )  # fmt: skip
        self.put(
            "erp",
            row("1", "杭州甲机械有限公司", tel=PHONE, code=credit_code(1)),
            row("2", "宁波乙电子有限公司", tel="0574-87654321"), row("3", "丙阀门有限公司", tel="0577-87123456"),
        )  # fmt: skip
        self.write("config/matching.yaml", MATCHING)
        self.run("crm", "erp", "parties")
        self.later()

    def later(self, seconds: float = 60) -> None:
        """Time passes, so that what happens next happens after what was."""
        self.clock.wait(seconds)

    @contextmanager
    def steward(
        self, name: str = "anna", four_eyes: dict[str, SecondPerson] | None = None
    ) -> Iterator[tuple[Connection, Steward]]:
        """One transaction of a steward."""
        self.later()
        with self.hub() as hub, hub.store.begin() as conn:
            who = Desk(hub, name)(conn, "party")
            yield conn, replace(who, four_eyes=four_eyes or {})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.hub() as hub, hub.store.read() as conn:
            yield conn

    def home(self, *sources: str) -> list[int | None]:
        """The golden ids of these records."""
        with self.reading() as conn:
            return [homes(conn, source) for source in sources]

    def tasks(self, **which: Any) -> list[task.Task]:
        with self.reading() as conn:
            return task.list_tasks(conn, **which)

    def canonical(self) -> dict[str, Any]:
        """Everything that other systems and stewards see, without the numbers that only count."""
        with self.reading() as conn:
            heads = golden.scan(conn, "party")
            members = crosswalk.members(conn, [head.id for head in heads])
            held = landing.load(conn, {one for ids in members.values() for one in ids})
            names = {r.id: f"{r.system}.{r.stream}/{r.key}" for r in held.values()}
            return {
                "golden": {h.id: (h.values, h.lineage, sorted(names[r] for r in members.get(h.id, ()))) for h in heads},
                "questions": sorted((one.kind, one.subject) for one in task.list_tasks(conn)),
                "assertions": decision.active_assertions(conn),
            }

    def broken(self) -> list[str]:
        with self.hub() as hub, hub.store.read() as conn:
            return violations(conn, hub.project.model)


def record(conn: Connection, source: str) -> int:
    """The number of a record, written SYSTEM.STREAM/KEY."""
    place, _, key = source.partition("/")
    system, _, stream = place.partition(".")
    return landing.find(conn, system, stream, [key])[key]


def homes(conn: Connection, source: str) -> int:
    """The golden id of a record; of one that is gone the last it had."""
    place, _, key = source.partition("/")
    system, _, stream = place.partition(".")
    return crosswalk.resolve_keys(conn, system, stream, [key], closed=True)[key]
