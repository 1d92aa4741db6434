"""Mastering: the rules in force are those of the last master run, and a decision needs some."""

from __future__ import annotations

import pytest

from tests.bad_input.desk import hear
from tests.flows.bench_crm import CrmBench, company, contract, credit_code

JIA, YI = (
    company("1", "杭州甲机械有限公司", code=credit_code(1)),
    company("2", "宁波乙电子有限公司", code=credit_code(2)),
)
CARRIED = """
flows:
  carried:
    sync: {from: crm.account, to: new_crm.AccountObj}
    mapping: crm.account
    out: new_crm.account.out
"""


def test_flw035_nobody_decides_about_what_is_not_mastered(
    sqlite_crm: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    sqlite_crm.accounts("crm", JIA)
    sqlite_crm.contracts("crm", contract("HT-1", "1", "100"), contract("HT-2", "1", "200"))
    sqlite_crm.go("crm", "parties", "accounts", "contracts")
    said = hear(sqlite_crm.root, capsys, "golden", "merge", "crm.contract/HT-1", "crm.contract/HT-2")
    assert said.status == 1
    assert said.error == "FLW035 contract is not mastered: hard identifiers join its records, not stewards"


def test_flw035_nobody_decides_before_the_first_master_run(
    sqlite_crm: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    sqlite_crm.write("flows.yaml", CARRIED)
    sqlite_crm.accounts("crm", JIA, YI)
    sqlite_crm.go("carried")
    said = hear(sqlite_crm.root, capsys, "golden", "merge", "crm.account/1", "crm.account/2")
    assert said.status == 1
    assert said.error == "FLW035 no party was mastered yet; run a master flow first"
