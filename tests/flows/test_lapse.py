"""What a date alone changes: a source that goes off falls behind on its day, with the next master run."""

from __future__ import annotations

from pathlib import Path

from goldbridge.clock import FrozenClock
from goldbridge.state import golden
from tests.flows.bench_crm import CrmBench, company, credit_code

UNTIL = '    url: {secret: ERP_URL}\n    until: "2026-03-01"'


def test_e75_the_values_of_a_source_that_went_off_stay_and_fall_behind(
    tmp_path: Path, store_url: str, clock: FrozenClock
) -> None:
    """Guard: flows.lapse:ended_systems"""
    crm = CrmBench(tmp_path / "project", store_url, clock)
    crm.edit("config/sources.yaml", "    url: {secret: ERP_URL}", UNTIL)
    name = "杭州甲机械有限公司"
    crm.accounts("crm", company("1", name, code=credit_code(1), capital="100"))
    crm.accounts("erp", company("9", name, code=credit_code(1), capital="200", address="杭州市西湖区文三路1号"),
                 company("8", "宁波乙电子有限公司", code=credit_code(2), capital="300"))  # fmt: skip
    crm.go("crm", "erp", "parties")
    home, alone = crm.home("crm.account", "1"), crm.home("erp.partner", "8")

    def values(id: int) -> dict[str, object]:
        with crm.reading() as conn:
            return golden.load(conn, [id])[id].values

    assert values(home)["capital_cny"] == "200"
    crm.clock.wait(86_400)  # it is the second of March
    (result,) = crm.go("parties").values()
    assert result.counters.read == 0  # nothing arrived
    assert values(home)["capital_cny"] == "100"
    assert "address" in values(home)  # nobody else has one
    assert values(alone)["capital_cny"] == "300"
    assert (crm.home("erp.partner", "9"), crm.home("erp.partner", "8")) == (home, alone)
    before = {one.id: one.version for one in crm.goldens()}
    crm.go("parties")
    assert {one.id: one.version for one in crm.goldens()} == before  # it happened once
    crm.edit("config/sources.yaml", UNTIL, "    url: {secret: ERP_URL}")
    crm.go("parties")
    assert values(home)["capital_cny"] == "200"
    assert crm.broken() == []
