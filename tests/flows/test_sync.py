"""Point to point: one stream to one object, the references found through the crosswalk, one account for the way."""

from __future__ import annotations

import pytest

from goldbridge.errors import Misconfigured
from mdm.steward import merge, undo
from tests.flows.bench_crm import CrmBench, company, contract, credit_code, written

JIA = company("1", "杭州甲机械有限公司", code=credit_code(1))
YI = company("2", "宁波乙电子有限公司", code=credit_code(2), kind="D")
PARTIES = ("crm", "erp", "parties", "accounts", "partners")


def amounts(crm: CrmBench) -> dict[str, str]:
    return {row["name"]: row["contract_amount"] for row in crm.rows("SaleContractObj")}


def test_a_contract_hangs_on_the_row_of_its_customer(crm: CrmBench) -> None:
    crm.accounts("crm", JIA, YI)
    crm.contracts("crm", contract("HT-1", "1", "100"), contract("HT-2", "2", "200"))
    done = crm.go(*PARTIES, "contracts")["contracts"]
    rows = {row["name"]: row for row in crm.rows("SaleContractObj")}
    assert rows["HT-1"]["account_id"] == crm.rows()[0]["_id"]
    assert "partner_id" not in rows["HT-1"]
    assert rows["HT-2"]["partner_id"] == crm.rows("PartnerObj")[0]["_id"]
    assert rows["HT-1"]["golden_id__c"] == written(crm.home("crm.contract", "HT-1"), "contract")
    assert (done.counters.read, done.counters.applied, done.detail["landed"]["applied"]) == (2, 2, 2)


def test_the_account_of_the_whole_way_adds_up(crm: CrmBench) -> None:
    crm.accounts("crm", JIA)
    crm.contracts(
        "crm",
        contract("HT-1", "1", "100"),
        contract("HT-2", "1", "much"),
        contract("HT-3", "1", "300", number=None),
        contract("HT-4", "1", "400", gone="1"),
        contract("HT-5", "9", "500"),
    )
    done = crm.go(*PARTIES, "contracts")["contracts"].counters
    assert done.read == 5
    assert (done.applied, done.filtered, done.dead, done.pending) == (2, 1, 1, 1)
    again = crm.go("contracts")["contracts"].counters
    assert (again.read, again.applied) == (5, 0)
    assert (again.unchanged, again.filtered, again.dead, again.pending) == (2, 1, 1, 1)


def test_one_contract_of_two_systems_is_one_golden_record_and_one_row(crm: CrmBench) -> None:
    crm.accounts("crm", JIA)
    crm.accounts("erp", {**JIA, "ID": "E1"})
    crm.contracts("crm", contract("1", "1", "100", number="HT-1"))
    crm.go(*PARTIES, "contracts")
    crm.contracts("erp", contract("9", "E1", "120", number="HT-1"))
    crm.go("orders")
    (golden,) = crm.goldens("contract")
    assert crm.home("crm.contract", "1") == crm.home("erp.contract", "9") == golden.id
    assert amounts(crm) == {"HT-1": "120.00"}
    # The system that outranks says no more: the other one's word counts again.
    crm.contracts("erp", contract("9", "E1", "120", number="HT-1", gone="1", at="2026-02-02 08:00:00"))
    crm.go("orders", "contracts")
    assert amounts(crm) == {"HT-1": "100.00"}


def test_e35_a_contract_that_every_system_gave_up_is_retired_once(crm: CrmBench) -> None:
    """Guard: mdm.identity:assign"""
    crm.accounts("crm", JIA)
    crm.contracts("crm", contract("1", "1", "100", number="HT-1"), contract("2", "1", "100", number="HT-1"))
    crm.go(*PARTIES, "contracts")
    assert len(crm.goldens("contract")) == 1
    crm.contracts("crm", *(contract(k, "1", "100", number="HT-1", gone="1", at="2026-02-02 08:00:00") for k in "12"))
    crm.go("contracts")
    assert (crm.goldens("contract"), len(crm.goldens("contract", ["retired"]))) == ([], 1)
    assert (crm.rows("SaleContractObj"), crm.broken()) == ([], [])


def test_a_contract_that_gets_another_number_leaves_the_other_one_alone(crm: CrmBench) -> None:
    crm.accounts("crm", JIA)
    crm.accounts("erp", {**JIA, "ID": "E1"})
    crm.contracts("crm", contract("1", "1", "100", number="HT-1"))
    crm.contracts("erp", contract("9", "E1", "120", number="HT-1"))
    crm.go(*PARTIES, "contracts", "orders")
    stays = crm.home("crm.contract", "1")
    crm.contracts("erp", contract("9", "E1", "120", number="HT-9", at="2026-02-02 08:00:00"))
    crm.go("orders", "contracts")
    assert amounts(crm) == {"HT-1": "100.00", "HT-9": "120.00"}
    assert crm.home("crm.contract", "1") == stays != crm.home("erp.contract", "9")
    assert (crm.broken(), crm.go("check")["check"].counters.other) == ([], {})


def test_two_contracts_that_turn_out_to_be_one_leave_one_id_and_a_question(crm: CrmBench) -> None:
    crm.accounts("crm", JIA)
    crm.accounts("erp", {**JIA, "ID": "E1"})
    crm.contracts("crm", contract("1", "1", "100", number="HT-1"))
    crm.contracts("erp", contract("9", "E1", "120", number="HT-9"))
    crm.go(*PARTIES, "contracts", "orders")
    crm.contracts("erp", contract("9", "E1", "120", number="HT-1", at="2026-02-02 08:00:00"))
    crm.go("orders", "contracts")
    assert (len(crm.goldens("contract")), crm.broken()) == (1, [])
    (asked,) = crm.tasks("duplicate_in_target")
    assert (asked.entity, asked.payload["object"]) == ("contract", "new_crm.SaleContractObj")


def test_e79_contracts_follow_a_merged_customer_and_return_when_it_is_undone(crm: CrmBench) -> None:
    """Guard: goldbridge.state.crosswalk:move"""
    crm.accounts("crm", JIA, {**YI, "KIND": "C"})
    crm.contracts("crm", contract("HT-1", "1", "100"), contract("HT-2", "2", "200"))
    crm.go(*PARTIES, "contracts")
    before = {row["name"]: row["account_id"] for row in crm.rows("SaleContractObj")}
    both = [crm.home("crm.account", "1"), crm.home("crm.account", "2")]
    with crm.steward() as (conn, who):
        made = merge(conn, who, both, survivor=both[1], reason="one owner")
    crm.go("accounts", "contracts")
    assert {row["account_id"] for row in crm.rows("SaleContractObj")} == {before["HT-2"]}
    with crm.steward() as (conn, who):
        undo(conn, who, made.decision)
    crm.go("accounts", "contracts")
    assert {row["name"]: row["account_id"] for row in crm.rows("SaleContractObj")} == before


def test_flw013_two_ways_to_write_an_object_have_to_be_chosen_from(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    text = (crm.root / "mappings/new_crm/contract.out.yaml").read_text()
    (crm.root / "mappings/new_crm/other.out.yaml").write_text(text.replace("contract.out", "other.out"))
    with pytest.raises(Misconfigured, match="2 mappings lead from contract to new_crm") as caught:
        crm.go("contracts")
    assert (caught.value.code, caught.value.problems[0].mark.file) == ("FLW013", "flows.yaml")
    for name in ("crm", "erp"):
        said = f"    mapping: {name}.contract\n"
        crm.edit("flows.yaml", said, f"{said}    out: new_crm.other.out\n")
    crm.go("contracts")
