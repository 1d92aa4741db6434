"""A wave from its draft to the flip and back, over a real source and a real target."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from tests.flows.bench_crm import company, credit_code, person
from tests.flows.cutover.bench import CutoverBench

LOAD = ("crm", "people", "parties", "everyone", "accounts", "partners", "contacts")


@pytest.fixture
def bench(tmp_path: Path, postgres_url: str, clock: FrozenClock) -> CutoverBench:
    """On PostgreSQL; the same way on SQLite is in the tests of faults."""
    return CutoverBench(tmp_path / "project", postgres_url, clock)


GUANGZHOU = company(
    "1", "广州甲机械有限公司", code=credit_code(1), capital="100000.10", address="广东省广州市天河区1号", status="A"
)
NINGBO = company(
    "2", "宁波乙电子有限公司", code=credit_code(2), capital="200000.20", address="浙江省宁波市2号", status="A"
)


@pytest.mark.postgres
def test_the_whole_way(bench: CutoverBench) -> None:
    for wave in ("pilot", "rest"):  # people too: they go where their company goes
        bench.edit("config/cutover.yaml", f"{wave}: {{entities: [party]", f"{wave}: {{entities: [party, contact]")
    bench.people(person("p1", "1", "张三"), person("p2", "2", "李四"))
    bench.accounts("crm", GUANGZHOU, NINGBO)
    bench.bring("profile", "rehearse", "bulk_load", load=LOAD)
    assert [row["name"] for row in bench.rows("ContactObj")] == ["张三"]
    assert [row["name"] for row in bench.rows()] == ["广州甲机械有限公司"]
    for phase in ("shadow", "freeze", "flip"):
        bench.clock.wait(3600)
        assert bench.advance("pilot", to=phase).moved
    assert bench.advance("pilot").waits  # the flip's external step
    bench.confirm("pilot", "logins")
    assert bench.advance("pilot").message == "flipped"
    assert bench.advance("pilot").phase.word == "reverse_shadow"
    (row,) = bench.rows()
    bench.clock.wait(60)
    bench.tenant.edit("AccountObj", row["_id"], {"capital__c": "7.00"})
    assert bench.rollback("pilot").waits  # its undoing
    bench.confirm("pilot", "logins")
    assert bench.rollback("pilot").phase.word == "shadow"
    assert [row["CAPITAL"] for row in bench.old_rows()] == ["7", "200000.20"]
