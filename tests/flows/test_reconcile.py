"""Reading the target back: every way in which it can differ is found, named, and nothing else is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flows.comparison import SHOWN
from flows.figure import same
from goldbridge import cli
from mdm.steward import merge
from tests.flows.bench_crm import CrmBench, company, contract, credit_code, person, written

JIA = company("1", "杭州甲机械有限公司", code=credit_code(1), tel="0571-87654321", capital="100000.10", status="A")
YI = company("2", "宁波乙电子有限公司", code=credit_code(2), capital="200000.20")
ALL = ("crm", "people", "everyone", "accounts", "partners", "contacts", "contracts")


@pytest.fixture
def published(crm: CrmBench) -> CrmBench:
    """Two companies, a person and a contract, all in the target."""
    return publish(crm)


@pytest.fixture
def sqlite_published(sqlite_crm: CrmBench) -> CrmBench:
    return publish(sqlite_crm)


def publish(crm: CrmBench) -> CrmBench:
    crm.accounts("crm", JIA, YI)
    crm.people(person("p1", "1", "张三"))
    crm.contracts("crm", contract("HT-1", "1", "5000"))
    crm.go(*ALL)
    return crm


def check(crm: CrmBench) -> dict[str, dict[str, Any]]:
    """The report per object; the counters must add up and the result must say whether a person is needed."""
    result = crm.go("check")["check"]
    reports = {report["object"].removeprefix("new_crm."): report for report in result.detail["reports"]}
    assert result.needs_person == any(not report["ok"] for report in reports.values())
    assert result.counters.other.get("differences", 0) == sum(report["differences"] for report in reports.values())
    return reports


def kinds(report: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(one["kind"], one["field"], one["expected"], one["found"]) for one in report["shown"]]


def test_what_agrees_is_counted_and_summed(published: CrmBench) -> None:
    reports = check(published)
    assert all(report["ok"] for report in reports.values())
    assert {name: (report["expected"], report["found"]) for name, report in reports.items()} == {
        "AccountObj": (2, 2), "PartnerObj": (0, 0), "ContactObj": (1, 1), "SaleContractObj": (1, 1),
    }  # fmt: skip
    assert reports["AccountObj"]["sums"] == {"capital__c": {"expected": "300000.3", "found": "300000.3"}}


def test_an_edited_field_is_a_difference_and_tips_the_sum(published: CrmBench) -> None:
    row = next(row for row in published.rows() if row["capital__c"] == "100000.10")
    published.tenant.edit("AccountObj", row["_id"], {"capital__c": "7", "remark": "nobody asks"})
    report = check(published)["AccountObj"]
    assert kinds(report) == [
        ("field", "capital__c", "100000.10", "7.00"),
        ("sum", "capital__c", "300000.3", "200007.2"),
    ]
    assert (report["shown"][0]["external_id"], report["shown"][0]["key"]) == (row["golden_id__c"], row["_id"])


def test_a_row_that_is_gone_is_missing(published: CrmBench) -> None:
    row = published.rows()[1]
    published.tenant.remove("AccountObj", row["_id"])
    report = check(published)["AccountObj"]
    assert [one["kind"] for one in report["shown"]] == ["missing", "sum"]
    assert report["shown"][0]["external_id"] == row["golden_id__c"]
    assert (report["expected"], report["found"]) == (2, 1)


def test_a_row_with_an_id_of_ours_that_nobody_knows_is_extra(published: CrmBench) -> None:
    published.tenant.add("AccountObj", {"name": "丙", "golden_id__c": "party-0000000000000"})
    published.tenant.add("AccountObj", {"name": "丁"})  # a row of theirs is none of our business
    report = check(published)["AccountObj"]
    assert [one["kind"] for one in report["shown"]] == ["extra"]


def test_what_never_got_there_is_undelivered(published: CrmBench) -> None:
    published.accounts("crm", company("3", "温州丙阀门有限公司", code=credit_code(3)))
    published.go("crm", "parties")
    report = check(published)["AccountObj"]
    assert [one["kind"] for one in report["shown"]] == ["undelivered", "missing"]


def test_what_waits_for_its_parent_waits_and_is_no_difference(published: CrmBench) -> None:
    published.people(person("p9", "9", "王五"))
    published.go("people", "everyone", "contacts")
    report = check(published)["ContactObj"]
    assert (report["ok"], report["waiting"], report["expected"]) == (True, 1, 1)


def test_a_deactivated_row_is_neither_expected_nor_extra(published: CrmBench) -> None:
    published.accounts("crm", {**YI, "GONE": "1", "AT": "2026-02-02 08:00:00"})
    published.go("crm", "parties", "accounts")
    report = check(published)["AccountObj"]
    assert (report["ok"], report["expected"], report["found"]) == (True, 1, 1)


def test_the_row_of_a_merged_record_is_named_until_somebody_removes_it(published: CrmBench) -> None:
    crm = published
    keeps, loses = crm.home("crm.account", "1"), crm.home("crm.account", "2")
    with crm.steward() as (conn, who):
        merge(conn, who, [keeps, loses], survivor=keeps, reason="one company, two licences")
    crm.go("accounts", "contacts", "contracts")
    report = check(crm)["AccountObj"]
    assert [(one["kind"], one["external_id"]) for one in report["shown"]] == [("extra", written(loses))]
    crm.tenant.remove("AccountObj", report["shown"][0]["key"])
    assert check(crm)["AccountObj"]["ok"]


def test_a_condition_is_applied_as_when_publishing(sqlite_published: CrmBench) -> None:
    crm = sqlite_published
    crm.edit("flows.yaml", "has_role('customer')", "name.contains('甲')")
    report = check(crm)["AccountObj"]
    assert [one["kind"] for one in report["shown"]] == ["extra"]


def test_every_difference_is_counted_and_the_first_are_kept(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts(
        "crm", *(company(str(n), f"杭州甲{n:03}号机械有限公司", code=credit_code(n)) for n in range(SHOWN + 7))
    )
    crm.go("crm", "parties")
    crm.edit("flows.yaml", "reconcile: [accounts, partners, contacts, contracts, orders]", "reconcile: [accounts]")
    crm.edit("flows.yaml", "sums: {new_crm.SaleContractObj: [contract_amount], new_crm.AccountObj: [capital__c]}", "")
    result = crm.go("check")["check"]
    (report,) = result.detail["reports"]
    assert (report["differences"], len(report["shown"])) == (2 * (SHOWN + 7), SHOWN)
    assert result.counters.read == result.counters.applied == SHOWN + 7


def test_a_field_that_holds_no_numbers_cannot_be_summed_in_silence(sqlite_published: CrmBench) -> None:
    crm = sqlite_published
    crm.edit("flows.yaml", "new_crm.AccountObj: [capital__c]", "new_crm.AccountObj: [name]")
    told = kinds(check(crm)["AccountObj"])
    assert sorted(told) == [
        ("no_number", "name", "", "宁波乙电子有限公司"),
        ("no_number", "name", "", "杭州甲机械有限公司"),
        ("no_number", "name", "宁波乙电子有限公司", ""),
        ("no_number", "name", "杭州甲机械有限公司", ""),
    ]


def test_a_list_that_cannot_be_proven_complete_says_so(sqlite_published: CrmBench) -> None:
    crm = sqlite_published
    assert crm.go("check")["check"].completeness == "proven"
    crm.fault("poison", "*/data/query", key=crm.rows()[0]["_id"], count=None)
    assert crm.go("check")["check"].completeness.startswith("unproven: 1 records")


@pytest.mark.parametrize(
    ("old", "new", "column", "message"),
    [
        (
            "[capital__c]",
            "[capitol__c]",
            77,
            (
                "no mapping to new_crm.AccountObj writes 'capitol__c', so there is nothing to sum; "
                "did you mean 'capital__c'?"
            ),
        ),
        (
            "new_crm.AccountObj:",
            "new_crm.AcountObj:",
            56,
            "no flow under `reconcile` writes new_crm.AcountObj; did you mean 'new_crm.AccountObj'?",
        ),
    ],
    ids=["field", "object"],
)
def test_flw014_a_sum_of_what_no_flow_writes_is_a_mistake_of_the_file(
    sqlite_crm: CrmBench, capsys: pytest.CaptureFixture[str], old: str, new: str, column: int, message: str
) -> None:
    sqlite_crm.edit("flows.yaml", old, new)
    for command in (["check"], ["run", "check"], ["reconcile"]):
        assert cli.main([*command, "--project", str(sqlite_crm.root)]) == 2
        assert capsys.readouterr().err.endswith(f"flows.yaml:29:{column}: FLW014 {message}\n")


@pytest.mark.parametrize(
    ("expected", "found", "equal"),
    [
        (None, "", True), ("", [], True), (None, "x", False), ("x", None, False), ("1.50", "1.5", True),
        ("1e2", "100", False), ("12345678901234567.89", "12345678901234567.88", False), (3, "3", True),
        (["b", "a"], ["a", "b"], True), (["a"], "a", True), (["a", "a"], ["a"], False), (Decimal("2.0"), 2, True),
        ("0571", "571", False), ("007", "7", False), (571, "0571", False), ("+8657187654321", "8657187654321", False),
        ("-0.50", "-0.5", True), (100.0, "100", True), ("５", "5", False), ("a", "A", False), (True, "true", False),
        (True, "1", False), (True, True, True), ([""], "", False), (["1.50"], "1.50", True), (["1.5"], "1.50", False),
        ("a\x1fb", ["a", "b"], False), ('["a"]', ["a"], False),
    ],
)  # fmt: skip
def test_equal_in_meaning(expected: Any, found: Any, equal: bool) -> None:
    assert same(expected, found) is equal
