"""A reader who may not see a source sees neither its values nor what rests on them."""

from __future__ import annotations

import json

import pytest

from tests.bad_input.desk import hear
from tests.flows.bench_crm import CrmBench, company, credit_code, written

NAME = "杭州甲机械有限公司"


@pytest.fixture
def crm(crm: CrmBench) -> CrmBench:
    """The ERP wins the capital and alone has an address; only finance may see it."""
    crm.edit("config/sources.yaml", "    url: {secret: ERP_URL}", "    url: {secret: ERP_URL}\n    visibility: finance")
    crm.accounts("crm", company("1", NAME, code=credit_code(1), capital="100"))
    crm.accounts("erp", company("9", NAME, code=credit_code(1), capital="200", address="杭州市西湖区文三路1号"),
                   company("8", "宁波乙电子有限公司", code=credit_code(2)))  # fmt: skip
    crm.go("crm", "erp", "parties")
    return crm


def test_e85_a_hidden_source_gives_neither_values_nor_evidence(
    crm: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guard: mdm.reader:hidden"""
    id = written(crm.home("crm.account", "1"))
    everything = json.loads(hear(crm.root, capsys, "golden", "show", id, "--json").out)
    assert everything["values"]["capital_cny"] == "200"
    seen = json.loads(hear(crm.root, capsys, "golden", "show", id, "--sees", "internal", "--json").out)
    assert seen["values"]["capital_cny"] == "100"
    assert "address" not in seen["values"]
    assert seen["lineage"]["capital_cny"] == {"rule": "only_claim", "from": "crm.account/1"}
    assert seen["records"] == ["crm.account/1"]
    assert "erp" not in json.dumps(seen)
    both = json.loads(
        hear(crm.root, capsys, "golden", "show", id, "--sees", "internal", "--sees", "finance", "--json").out
    )
    assert both["values"] == everything["values"]


def test_e85_that_a_golden_record_exists_is_not_told_either(crm: CrmBench, capsys: pytest.CaptureFixture[str]) -> None:
    """Guard: mdm.reader:hidden"""
    id = written(crm.home("erp.partner", "8"))
    said = hear(crm.root, capsys, "golden", "show", id, "--sees", "internal")
    assert said.status == 2
    assert any(f"there is no golden record for '{id}'" in line for line in said.errors)


def test_e85_a_pin_that_corrects_a_hidden_source_is_hidden_with_it(
    crm: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Guard: mdm.reader:hidden"""
    id = written(crm.home("crm.account", "1"))
    hear(crm.root, capsys, "golden", "pin", id, "capital_cny", "300", "-m", "annual report")
    seen = json.loads(hear(crm.root, capsys, "golden", "show", id, "--sees", "internal", "--json").out)
    assert seen["values"]["capital_cny"] == "100"
