"""The shipped mappings compile against the shipped model, their examples come true, and they fit the landscape."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from goldbridge.mapping import Mapping
from goldbridge.mapping.catalogue import compile_all, compile_named, try_examples
from goldbridge.settings.project import Project, load_project

ROOT = Path(__file__).resolve().parents[2]

_STREAMS = """
legacy_crm.account: CUST_ID CUST_NAME CUST_TYPE CREDIT_CODE TEL MOBILE EMAIL WEBSITE PROVINCE CITY DISTRICT ADDRESS
    INDUSTRY CAPITAL CAPITAL_UNIT STATUS OWNER_NAME IS_DELETED CREATED_AT UPDATED_AT
legacy_crm.contact: CONTACT_ID CUST_ID NAME MOBILE EMAIL TITLE IS_DELETED UPDATED_AT
legacy_crm.contract: CONTRACT_NO CUST_ID KIND AMOUNT SIGNED_ON STATUS UPDATED_AT
erp.partner: FNUMBER FNAME FTYPE FTAXNO FPHONE FADDRESS FCAPITAL FSTATUS FMODIFYTIME
oa.PROC-CONTRACT: instance_id title status result business_id create_time finish_time originator form form_by_id
new_crm.AccountObj: uniform_social_credit_code tel email url country province city district address location
    industry_code__c reg_status__c capital__c account_status__c
new_crm.PartnerObj: uniform_social_credit_code tel email url country province city district address location
    industry_code__c reg_status__c capital__c account_status__c
new_crm.ContactObj: mobile email job_title account_id partner_id
new_crm.SaleContractObj: account_id partner_id contract_amount sign_date contract_kind__c contract_status__c
"""
_EVERY_OBJECT = "_id name golden_id__c owner life_status lock_status create_time last_modified_time"


def _fields() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in _STREAMS.strip().replace("\n    ", " ").splitlines():
        name, _, fields = line.partition(":")
        found[name] = frozenset(f"{fields} {_EVERY_OBJECT if name.startswith('new_crm') else ''}".split())
    return found


FIELDS = _fields()
"""The fields of the sandbox's streams and objects."""


@cache
def project() -> Project:
    return load_project(ROOT, environ={})


@cache
def mapping(name: str) -> Mapping:
    return compile_named(project(), name, FIELDS.get)


def test_every_mapping_fits_the_model_and_the_fields_of_its_stream() -> None:
    assert set(compile_all(project(), FIELDS.get)) == set(project().mappings)


@pytest.mark.parametrize("name", sorted(load_project(ROOT, environ={}).mappings))
def test_the_examples_come_true(name: str) -> None:
    (tested,) = try_examples(project(), [name])
    assert [str(problem) for problem in tested.problems] == []
    assert tested.examples > 0


@pytest.mark.parametrize("name", sorted(set(FIELDS) & set(load_project(ROOT, environ={}).mappings)))
def test_every_field_of_a_stream_is_mapped_or_left_out_on_purpose(name: str) -> None:
    found = mapping(name)
    missing = found.unmapped(FIELDS[name])
    # The OA repeats the customer's name beside its number; contracts hang on the number.
    assert missing == []


def test_the_landscape_is_complete() -> None:
    expected = {*FIELDS, "map.geocode", "registry.company"}
    out = {f"new_crm.{name}.out" for name in ("account", "partner", "contact", "contract")}
    assert expected | out <= set(project().mappings)


def applied(name: str, row: dict[str, Any]) -> dict[str, Any]:
    batch = mapping(name).apply([row])
    assert batch.fates == ["applied"], batch.errors
    return batch.values[0] or {}


@pytest.mark.parametrize(
    ("status", "result", "expected"),
    [
        ("RUNNING", "", "in_approval"),
        ("RUNNING", None, "in_approval"),
        ("COMPLETED", "agree", "approved"),
        ("COMPLETED", "refuse", "rejected"),
        ("TERMINATED", "", "rejected"),
        ("TERMINATED", "agree", "rejected"),
        ("COMPLETED", "", None),
        ("PAUSED", "agree", None),
        (None, "agree", None),
    ],
)
def test_only_a_completed_and_agreed_approval_is_approved(
    status: str | None, result: str | None, expected: str | None
) -> None:
    row = {"instance_id": "1", "status": status, "result": result}
    form = {"合同编号": "H1", "合同类型": "销售", "客户编号": "C1"}
    assert applied("oa.PROC-CONTRACT", {**row, "form": form})["status"] == expected


def test_a_status_that_is_not_there_says_nothing_about_the_approval() -> None:
    form = {"合同编号": "H1", "合同类型": "销售", "客户编号": "C1"}
    assert applied("oa.PROC-CONTRACT", {"instance_id": "1", "form": form}).get("status") is None


GOLDEN = {
    "id": "party-1",
    "roles": ["customer", "dealer"],
    "name": "杭州示例智能装备(集团)有限公司",
    "credit_code": "91330110MA2EXAMP5K",
    "phones": ["+8657187654321;ext=12", "+8613800138001"],
    "emails": ["sales@example.com"],
    "website": "https://www.example.com",
    "address": {
        "line": "浙江省杭州市余杭区示例路1号",
        "region": "330110",
        "province": "浙江省",
        "city": "杭州市",
        "county": "余杭区",
        "point": "120.000001,30.280001",
        "precision": "point",
    },
    "industry": "C35",
    "capital_cny": "12000000.5",
    "reg_status": "ACTIVE",
    "status": "active",
}


@pytest.mark.parametrize(("out", "back"), [("account", "AccountObj"), ("partner", "PartnerObj")])
def test_what_is_written_comes_back_as_what_it_was(out: str, back: str) -> None:
    """F43, F47: an echo must not look like somebody's edit."""
    written = applied(f"new_crm.{out}.out", GOLDEN)
    returned = applied(f"new_crm.{back}", {"_id": "6a01", **written})
    returned.pop("role")
    expected: dict[str, Any] = {name: value for name, value in GOLDEN.items() if name not in ("id", "roles")}
    expected["phones"] = GOLDEN["phones"][:1]  # the target has room for one
    expected["address"] = {name: value for name, value in GOLDEN["address"].items() if name != "precision"}  # type: ignore[attr-defined]
    assert returned == expected


def test_a_written_contract_comes_back_as_what_it_was() -> None:
    golden = {
        "id": "c1",
        "number": "H1",
        "kind": "agency",
        "amount_cny": "0.5",
        "signed_on": "2026-03-01",
        "status": "closed",
    }
    written = applied("new_crm.contract.out", {**golden, "customer": {"AccountObj": "6a01", "PartnerObj": None}})
    assert written["sign_date"] == 1772294400000
    returned = applied("new_crm.SaleContractObj", {"_id": "6d01", **written})
    assert returned == {
        **{name: value for name, value in golden.items() if name != "id"},
        "customer": {"ref": "new_crm.AccountObj", "key": "6a01"},
    }


def test_a_golden_record_with_nothing_but_a_name_is_written_and_clears_the_rest() -> None:
    written = applied("new_crm.account.out", {"id": "party-2", "roles": ["customer"], "name": "甲"})
    assert {name: value for name, value in written.items() if value is not None} == {
        "golden_id__c": "party-2",
        "name": "甲",
    }
    assert set(written) == set(mapping("new_crm.account.out").fields)


def test_separate_columns_and_a_full_address_do_not_say_the_province_twice() -> None:
    row = {
        "CUST_ID": "1",
        "CUST_NAME": "甲",
        "CUST_TYPE": "1",
        "PROVINCE": "浙江省",
        "CITY": "杭州市",
        "DISTRICT": "余杭区",
    }
    found = applied("legacy_crm.account", {**row, "ADDRESS": "浙江省杭州市余杭区示例路1号"})
    assert found["address"]["line"] == "浙江省杭州市余杭区示例路1号"
    assert found["address"]["region"] == "330110"


def test_capital_is_exact_in_both_units() -> None:
    row = {"CUST_ID": "1", "CUST_NAME": "甲", "CUST_TYPE": "1"}
    for capital, unit, expected in (
        ("0.07", "万元", "700"),
        ("1234567.89", "元", "1234567.89"),
        ("", "万元", None),
        (None, None, None),
        ("3,000", "万元", "30000000"),
    ):
        found = applied("legacy_crm.account", {**row, "CAPITAL": capital, "CAPITAL_UNIT": unit})
        assert found.get("capital_cny") == expected
