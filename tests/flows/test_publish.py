"""Publishing golden records: what is written, what is left alone, what waits, and what a merge leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from goldbridge.errors import Misconfigured
from mdm.steward import merge, undo
from tests.flows.bench_crm import CrmBench, company, contract, credit_code, person, written

PHONE, OTHER_PHONE = "0571-87654321", "0574-87654321"
JIA = company("1", "杭州甲机械有限公司", code=credit_code(1), tel=PHONE, capital="100000", status="A")
YI = company("2", "宁波乙电子有限公司", code=credit_code(2), tel=OTHER_PHONE, status="A")
TO_ACCOUNTS = ("crm", "parties", "accounts")


def one(rows: list[dict[str, Any]]) -> dict[str, Any]:
    (row,) = rows
    return row


def test_a_golden_record_is_created_with_our_id_and_every_value(crm: CrmBench) -> None:
    crm.accounts("crm", JIA)
    done = crm.go(*TO_ACCOUNTS)["accounts"]
    row = one(crm.rows())
    assert row["golden_id__c"] == written(crm.home("crm.account", "1"))
    assert (row["name"], row["tel"], row["capital__c"]) == ("杭州甲机械有限公司", "+8657187654321", "100000.00")
    assert "address" not in row  # nobody said one
    assert (done.counters.applied, done.counters.other) == (1, {"target_writes": 1})


def test_an_update_sends_the_fields_that_differ_and_no_other(crm: CrmBench) -> None:
    crm.accounts("crm", JIA)
    crm.go(*TO_ACCOUNTS)
    key = one(crm.rows())["_id"]
    crm.tenant.edit("AccountObj", key, {"tel": "0571-11112222"})  # not read back yet, so nothing may touch it
    crm.accounts("crm", {**JIA, "CAPITAL": "200000", "AT": "2026-02-02 08:00:00"})
    crm.go(*TO_ACCOUNTS)
    row = one(crm.rows())
    assert (row["capital__c"], row["tel"]) == ("200000.00", "0571-11112222")
    assert crm.deliveries("done")[-1].after == {"capital__c": "200000.00"}


def test_s5_nothing_changed_nothing_is_written(crm: CrmBench) -> None:
    crm.accounts("crm", JIA, YI)
    crm.go(*TO_ACCOUNTS)
    before = crm.writes
    again = crm.go(*TO_ACCOUNTS)["accounts"]
    assert (crm.writes, again.counters.read) == (before, 0)


def test_a_new_version_that_means_nothing_to_the_target_is_unchanged(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.go(*TO_ACCOUNTS)
    crm.accounts("crm", {**JIA, "TEL": f"{PHONE}; 13800138000", "AT": "2026-02-02 08:00:00"})  # the second is not sent
    before = crm.writes
    done = crm.go(*TO_ACCOUNTS)["accounts"]
    assert (done.counters.unchanged, crm.writes) == (1, before)


def test_a_value_that_went_away_is_cleared_in_the_target(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.go(*TO_ACCOUNTS)
    crm.accounts("crm", {**JIA, "CAPITAL": None, "AT": "2026-02-02 08:00:00"})
    crm.go(*TO_ACCOUNTS)
    assert "capital__c" not in one(crm.rows())
    assert crm.deliveries("done")[-1].after == {"capital__c": None}


def test_when_keeps_others_out(crm: CrmBench) -> None:
    crm.accounts("crm", JIA, {**YI, "KIND": "D"})
    done = crm.go("crm", "parties", "accounts", "partners")
    assert [row["name"] for row in crm.rows()] == ["杭州甲机械有限公司"]
    assert [row["name"] for row in crm.rows("PartnerObj")] == ["宁波乙电子有限公司"]
    assert (done["accounts"].counters.applied, done["accounts"].counters.filtered) == (1, 1)


def test_e13_one_company_with_two_roles_is_one_record_in_two_objects(crm: CrmBench) -> None:
    """Guard: mdm.survivorship:_collect_roles"""
    crm.accounts("crm", JIA)
    crm.accounts("erp", {**JIA, "KIND": "D", "ID": "E1"})
    crm.go("crm", "erp", "parties", "accounts", "partners")
    (golden,) = crm.goldens()
    assert golden.values["roles"] == ["customer", "dealer"]
    assert one(crm.rows())["golden_id__c"] == one(crm.rows("PartnerObj"))["golden_id__c"] == written(golden.id)


def test_a_new_condition_looks_at_everybody_again(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA, {**YI, "KIND": "D"})
    crm.go(*TO_ACCOUNTS)
    crm.edit("flows.yaml", "has_role('customer')", "name != ''")
    crm.go("accounts")
    assert len(crm.rows()) == 2


def test_a_row_that_a_person_typed_is_adopted_and_keeps_its_own_words(crm: CrmBench) -> None:
    typed = {"name": "杭州甲机械有限公司", "uniform_social_credit_code": credit_code(1), "address": "体育场路1号"}
    key = crm.tenant.add("AccountObj", {**typed, "remark": "老客户"})
    crm.accounts("crm", JIA)
    crm.clock.wait(10)
    crm.go("crm", "typed", "parties", "accounts")
    row = one(crm.rows())
    assert row["_id"] == key
    assert row["golden_id__c"] == written(crm.home("crm.account", "1"))
    assert (row["tel"], row["address"], row["remark"]) == ("+8657187654321", "体育场路1号", "老客户")
    # Read back, the row still claims what its person typed, and nothing of what we wrote.
    crm.round()
    claims = crm.record("new_crm.AccountObj", key).canonical or {}
    assert claims["address"] == {"line": "体育场路1号"}
    assert "phones" not in claims or not claims["phones"]
    assert "capital_cny" not in claims or claims["capital_cny"] is None
    # So the source's word still counts where only we repeated it.
    crm.accounts("crm", {**JIA, "CAPITAL": "300000", "AT": "2026-02-02 08:00:00"})
    crm.round()
    assert one(crm.rows())["capital__c"] == "300000.00"


def test_f50_a_child_waits_for_its_parent_and_is_released(crm: CrmBench) -> None:
    crm.accounts("crm", JIA, {**YI, "KIND": "D"})
    crm.people(person("p1", "1", "张三"), person("p2", "2", "李四"), person("p3", "9", "王五"))
    done = crm.go("crm", "people", "everyone", "accounts", "contacts")["contacts"]
    assert [row["name"] for row in crm.rows("ContactObj")] == ["张三"]
    assert (done.counters.applied, done.counters.pending) == (1, 2)
    assert [item.blocked_by for item in crm.deliveries("parked")] == ["crm.account/2", "crm.account/9"]
    done = crm.go("partners", "contacts")["contacts"]
    assert (done.counters.applied, done.counters.pending) == (1, 1)
    contact = {row["name"]: row for row in crm.rows("ContactObj")}
    assert contact["张三"]["account_id"] == one(crm.rows())["_id"]
    assert contact["李四"]["partner_id"] == one(crm.rows("PartnerObj"))["_id"]
    again = crm.go("contacts")["contacts"]
    assert (again.counters.applied, again.counters.pending) == (0, 1)


def test_a_child_that_waits_is_released_as_it_is_by_then(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.people(person("p1", "1", "张三", title="经理"))
    crm.go("people", "everyone", "contacts")
    crm.accounts("crm", JIA)
    crm.people(person("p1", "1", "张三", title="总经理", at="2026-02-02 08:00:00"))
    crm.go("crm", "people", "everyone", "accounts", "contacts")
    assert one(crm.rows("ContactObj"))["job_title"] == "总经理"
    assert crm.deliveries("parked", "ready") == []


def test_what_waits_and_no_longer_meets_the_condition_is_not_released(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.edit("flows.yaml", "{publish: contact, to:", "{publish: contact, when: \"title == 'boss'\", to:")
    crm.people(person("p1", "1", "张三", title="boss"))
    crm.go("people", "everyone", "contacts")
    assert len(crm.deliveries("parked")) == 1
    crm.accounts("crm", JIA)
    crm.people(person("p1", "1", "张三", title="clerk", at="2026-02-02 08:00:00"))
    crm.go("crm", "people", "everyone", "accounts", "contacts")
    assert crm.rows("ContactObj") == []


def test_e35_a_golden_record_without_a_source_is_deactivated_once(crm: CrmBench) -> None:
    """Guard: mdm.identity:assign"""
    crm.accounts("crm", JIA, YI)
    crm.round()
    crm.accounts("crm", {**JIA, "GONE": "1", "AT": "2026-02-02 08:00:00"})
    done = crm.go(*TO_ACCOUNTS)["accounts"]
    assert done.counters.applied == 1
    assert [row["name"] for row in crm.rows()] == ["宁波乙电子有限公司"]
    before = crm.writes
    crm.round()
    assert (crm.writes, crm.broken()) == (before, [])
    assert crm.goldens(states=["retired"])[0].values["name"] == "杭州甲机械有限公司"


@pytest.mark.parametrize("read_back", [True, False])
def test_e36_what_comes_back_is_published_again_under_its_id(sqlite_crm: CrmBench, read_back: bool) -> None:
    """Guard: mdm.identity:_new_id"""
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.go(*TO_ACCOUNTS)
    number = crm.home("crm.account", "1")
    crm.accounts("crm", {**JIA, "GONE": "1", "AT": "2026-02-02 08:00:00"})
    crm.go(*TO_ACCOUNTS)
    assert crm.rows() == []
    if read_back:
        crm.clock.wait(60)
        crm.go("typed", "parties")
    crm.accounts("crm", {**JIA, "AT": "2026-02-03 08:00:00"})
    crm.go(*TO_ACCOUNTS)
    assert [row["golden_id__c"] for row in crm.rows()] == [written(number)]
    assert (crm.round()["check"].counters.other, crm.broken()) == ({}, [])
    # And gone once more: the row of today goes, not the one of then.
    crm.accounts("crm", {**JIA, "GONE": "1", "AT": "2026-02-04 08:00:00"})
    crm.go(*TO_ACCOUNTS)
    assert crm.rows() == []


def test_two_published_records_that_merge_keep_one_row_up_to_date_and_ask_about_the_other(crm: CrmBench) -> None:
    crm.accounts("crm", JIA, YI)
    crm.people(person("p1", "1", "张三"), person("p2", "2", "李四"))
    crm.contracts("crm", contract("HT-1", "1", "100"), contract("HT-2", "2", "200"))
    crm.round()
    rows = {row["name"]: row["_id"] for row in crm.rows()}
    keeps, loses = crm.home("crm.account", "1"), crm.home("crm.account", "2")
    with crm.steward() as (conn, who):
        made = merge(conn, who, [keeps, loses], reason="one and the same", survivor=keeps)
    crm.round()
    (asked,) = crm.tasks("duplicate_in_target")
    assert asked.payload["object"] == "new_crm.AccountObj"
    assert [asked.payload["kept"], asked.payload["other"]] == [rows["杭州甲机械有限公司"], rows["宁波乙电子有限公司"]]
    assert asked.payload["golden"] == written(keeps)
    # Its people and contracts hang on the row that is kept.
    assert {row["account_id"] for row in crm.rows("ContactObj")} == {rows["杭州甲机械有限公司"]}
    assert {row["account_id"] for row in crm.rows("SaleContractObj")} == {rows["杭州甲机械有限公司"]}
    # Nothing repeats it, and the person who removes the row in the target has answered.
    before = crm.writes
    crm.round()
    assert (len(crm.tasks("duplicate_in_target")), crm.writes) == (1, before)
    crm.tenant.remove("AccountObj", rows["宁波乙电子有限公司"])
    crm.round()
    assert crm.tasks("duplicate_in_target") == []
    assert (crm.round()["check"].counters.other, crm.broken(), crm.writes) == ({}, [], before)
    assert made.decision


def test_e27_e33_an_undone_merge_gives_each_its_row_and_its_people_back(crm: CrmBench) -> None:
    """Guard: mdm.identity:assign"""
    crm.accounts("crm", JIA, YI)
    crm.people(person("p1", "1", "张三"), person("p2", "2", "李四"))
    crm.round()
    before = {row["_id"]: row for row in crm.rows()}
    homes = {row["name"]: row["account_id"] for row in crm.rows("ContactObj")}
    both = [crm.home("crm.account", "1"), crm.home("crm.account", "2")]
    with crm.steward() as (conn, who):
        made = merge(conn, who, both, reason="one owner")
    crm.round()
    with crm.steward() as (conn, who):
        undo(conn, who, made.decision)
    crm.round()
    assert crm.tasks("duplicate_in_target") == []
    assert {row["name"]: row["account_id"] for row in crm.rows("ContactObj")} == homes
    stamps = ("version", "last_modified_time", "last_modified_by")
    for row in crm.rows():
        for stamp in stamps:
            del row[stamp], before[row["_id"]][stamp]
        assert row == before[row["_id"]]
    assert crm.round()["check"].counters.other == {}


def test_two_rows_that_people_typed_for_one_company_are_one_question(crm: CrmBench) -> None:
    typed = {"name": "杭州甲机械有限公司", "uniform_social_credit_code": credit_code(1)}
    keys = [crm.tenant.add("AccountObj", typed), crm.tenant.add("AccountObj", typed)]
    crm.clock.wait(10)
    crm.go("typed", "parties", "accounts")
    (asked,) = crm.tasks("duplicate_in_target")
    assert [asked.payload["kept"], asked.payload["other"]] == keys
    assert [row.get("golden_id__c") for row in crm.rows()] == [asked.payload["golden"], None]


def test_a_row_that_is_typed_beside_ours_is_a_question_too(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.go(*TO_ACCOUNTS)
    ours = one(crm.rows())["_id"]
    crm.clock.wait(60)
    typed = crm.tenant.add(
        "AccountObj", {"name": "杭州甲机械有限公司", "uniform_social_credit_code": credit_code(1), "tel": PHONE}
    )
    crm.clock.wait(60)
    crm.round()
    (asked,) = crm.tasks("duplicate_in_target")
    assert (asked.payload["kept"], asked.payload["other"]) == (ours, typed)


def test_two_sources_of_one_contract_write_one_row(crm: CrmBench) -> None:
    crm.accounts("crm", JIA)
    crm.accounts("erp", {**JIA, "ID": "E1"})
    crm.contracts("crm", contract("1", "1", "100", number="HT-1"))
    crm.contracts("erp", contract("9", "E1", "120", number="HT-1"))
    crm.round()
    row = one(crm.rows("SaleContractObj"))
    assert (row["name"], row["contract_amount"]) == ("HT-1", "120.00")
    assert crm.round()["check"].counters.other == {}


def test_what_cannot_be_mapped_is_a_dead_letter_until_it_can(crm: CrmBench) -> None:
    crm.edit("mappings/new_crm/account.out.yaml", "tel: {from: phones, via: [first]}",
             "tel: {from: phones, via: [first], required: true}")  # fmt: skip
    crm.accounts("crm", {**JIA, "TEL": None}, YI)
    done = crm.go(*TO_ACCOUNTS)["accounts"]
    assert (done.counters.applied, done.counters.dead, done.needs_person) == (1, 1, True)
    (letter,) = crm.letters()
    assert (letter.stage, letter.field, letter.key) == ("map", "tel", written(crm.home("crm.account", "1")))
    assert str(letter.rule).startswith("mappings/new_crm/account.out.yaml:9:")
    crm.accounts("crm", {**JIA, "AT": "2026-02-02 08:00:00"})
    crm.go(*TO_ACCOUNTS)
    assert (len(crm.rows()), crm.letters()) == (2, [])


def test_a_letter_goes_when_the_record_is_as_it_was_written_again(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.edit("mappings/new_crm/account.out.yaml", "tel: {from: phones, via: [first]}",
             "tel: {from: phones, via: [first], required: true}")  # fmt: skip
    for at, tel, letters in (("01", PHONE, 0), ("02", None, 1), ("03", PHONE, 0)):
        crm.accounts("crm", {**JIA, "TEL": tel, "AT": f"2026-02-{at} 08:00:00"})
        crm.go(*TO_ACCOUNTS)
        assert len(crm.letters()) == letters


def test_flw022_a_target_that_may_not_be_written_to_stops_before_the_run(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA)
    crm.edit("config/sources.yaml", "writes: enabled", "writes: disabled")
    crm.go("crm", "parties")
    with pytest.raises(Misconfigured, match="writes: enabled") as caught:
        crm.go("accounts")
    assert caught.value.code == "FLW022"
    assert caught.value.problems[0].mark.file == "flows.yaml"
    assert crm.tenant.counters.calls == 0


def test_a_new_mapping_writes_what_it_makes_different(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", JIA, YI)
    crm.go(*TO_ACCOUNTS)
    crm.edit("mappings/new_crm/account.out.yaml", "capital_cny, via: [decimals: 2]", "capital_cny, via: [decimals: 1]")
    done = crm.go("accounts")["accounts"]
    assert (done.counters.applied, done.counters.unchanged) == (1, 1)
    assert crm.deliveries("done")[-1].after == {"capital__c": "100000.0"}
