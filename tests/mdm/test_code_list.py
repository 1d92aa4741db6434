"""Codes that no list knows: kept raw, empty in the golden record, asked about once."""

from __future__ import annotations

import pytest

from goldbridge.state import golden, landing
from mdm.code_list import KIND
from tests.flows.bench_crm import CrmBench, company, credit_code


@pytest.fixture
def crm(crm: CrmBench) -> CrmBench:
    crm.accounts("crm", company("1", "杭州甲机械有限公司", code=credit_code(1), status="X"),
                   company("2", "宁波乙电子有限公司", code=credit_code(2), status="X"))  # fmt: skip
    crm.go("crm", "parties")
    return crm


def test_e69_an_unknown_code_is_kept_raw_and_asked_about_once(crm: CrmBench) -> None:
    """Guard: mdm.code_list:codes_of"""
    record = crm.record("crm.account", "1")
    assert record.canonical is not None
    assert record.canonical.get("status") is None
    assert record.notes["status"] == {"unknown_code": "X"}
    with crm.reading() as conn:
        raw = landing.load(conn, [record.id], raw=True)[record.id].raw
        (held,) = golden.load(conn, [crm.home("crm.account", "1")]).values()
    assert raw is not None
    assert raw["STATUS"] == "X"
    assert "status" not in held.values
    (asked,) = crm.tasks(KIND)
    assert (asked.payload["source"], asked.payload["field"], asked.payload["code"]) == ("crm.account", "status", "X")
    crm.accounts("crm", company("1", "杭州甲机械厂", code=credit_code(1), status="X", at="2026-02-03 08:00:00"))
    crm.clock.wait(60)
    crm.go("crm")
    assert [(one.id, one.version) for one in crm.tasks(KIND)] == [(asked.id, asked.version)]


def test_e69_the_question_goes_away_when_the_mapping_knows_the_code(crm: CrmBench) -> None:
    """Guard: mdm.code_list:withdraw_codes"""
    crm.edit("mappings/crm/account.yaml", "{A: active, I: inactive}", "{A: active, I: inactive, X: inactive}")
    crm.go("crm", "parties")
    assert crm.tasks(KIND) == []
    with crm.reading() as conn:
        (held,) = golden.load(conn, [crm.home("crm.account", "1")]).values()
    assert held.values["status"] == "inactive"
