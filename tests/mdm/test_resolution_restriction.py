"""What binds most survives a merge, and parting gives each its own limit back."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge.clock import FrozenClock
from goldbridge.state import golden
from mdm.steward.act import decide
from mdm.steward.joining import Merge
from mdm.steward.undoing import Undo
from tests.flows.bench_crm import CrmBench, company, credit_code


@pytest.fixture
def crm(tmp_path: Path, store_url: str, clock: FrozenClock) -> CrmBench:
    """Two companies, one of them with a low limit and blocked."""
    bench = CrmBench(tmp_path / "project", store_url, clock)
    bench.edit("config/survivorship.yaml", "  capital_cny: {order: [source_rank: [new_crm, erp, crm], recency]}",
               "  capital_cny: {order: [most_restrictive]}")  # fmt: skip
    bench.edit("config/survivorship.yaml", "  status: {order: [source_rank: [new_crm, erp, crm], recency]}",
               "  status: {order: [most_restrictive: [inactive, active]]}")  # fmt: skip
    bench.accounts("crm", company("1", "杭州甲机械有限公司", code=credit_code(1), capital="900", status="A"),
                   company("2", "宁波乙电子有限公司", code=credit_code(2), capital="50.5", status="I",
                           at="2026-01-01 08:00:00"))  # fmt: skip
    bench.go("crm", "parties")
    return bench


def shown(crm: CrmBench, key: str) -> tuple[str, str]:
    with crm.reading() as conn:
        (held,) = golden.load(conn, [crm.home("crm.account", key)]).values()
        return held.values["capital_cny"], held.values["status"]


def test_e83_the_most_restrictive_survives_a_merge_and_parting_evaluates_anew(crm: CrmBench) -> None:
    """Guard: mdm.criterion:restriction"""
    assert (shown(crm, "1"), shown(crm, "2")) == (("900", "active"), ("50.5", "inactive"))
    homes = [crm.home("crm.account", key) for key in ("1", "2")]
    with crm.steward() as (conn, who):
        merged = decide(conn, who, Merge(homes), reason="renamed").decision
    assert shown(crm, "1") == ("50.5", "inactive")
    with crm.steward() as (conn, who):
        decide(conn, who, Undo(merged))
    assert (shown(crm, "1"), shown(crm, "2")) == (("900", "active"), ("50.5", "inactive"))
