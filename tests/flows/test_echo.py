"""Reading a target back: our own writes are silent there, and what people edit passes field by field."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from goldbridge.clock import iso
from tests.flows.bench_crm import CrmBench, company, contract, credit_code, person, written

NAME, PHONE = "杭州甲机械有限公司", "0571-87654321"
JIA = company("1", NAME, code=credit_code(1), tel=PHONE, capital="100000", status="A")
ERP = {**JIA, "ID": "E1", "CAPITAL": "500000"}
BACK = ("typed", "parties", "accounts")


def publish(crm: CrmBench, *rows: dict[str, str | None]) -> str:
    """Land and publish; returns the key of the one row in the target."""
    crm.accounts("crm", *(rows or (JIA,)))
    crm.go("crm", "parties", "accounts")
    crm.clock.wait(60)
    (row,) = crm.rows()
    return str(row["_id"])


def back(crm: CrmBench) -> dict[str, int]:
    """Read the target and publish; returns what was written and how many golden versions that made."""
    before = crm.writes
    crm.clock.wait(60)
    done = crm.go(*BACK)
    crm.clock.wait(60)
    versions = sum(result.counters.other.get("golden_versions", 0) for result in done.values())
    return {"writes": crm.writes - before, "versions": versions}


def row(crm: CrmBench) -> dict[str, Any]:
    (found,) = crm.rows()
    return found


def test_s5_f47_three_rounds_of_our_own_echo_write_nothing(crm: CrmBench) -> None:
    crm.accounts("crm", JIA, company("2", "宁波乙电子有限公司", kind="D", tel="0574-87654321"))
    crm.people(person("p1", "1", "张三", mobile="13800138000"))
    crm.contracts("crm", contract("HT-1", "1", "5000"))
    crm.round()
    before = crm.writes
    for _ in range(3):
        done = crm.round()
        assert sum(result.counters.other.get("golden_versions", 0) for result in done.values()) == 0
    assert crm.writes == before
    assert crm.record("new_crm.AccountObj", crm.rows()[0]["_id"]).canonical == {}
    assert [len(crm.goldens(entity)) for entity in ("party", "contact", "contract")] == [2, 1, 1]


def test_f48_of_an_echo_with_an_edit_only_the_edit_passes(crm: CrmBench) -> None:
    key = publish(crm)
    crm.tenant.edit("AccountObj", key, {"name": "杭州甲重工有限公司"})
    crm.accounts("crm", {**JIA, "CAPITAL": "200000", "AT": "2026-02-02 08:00:00"})
    crm.go("crm", "parties", "accounts")  # our write and the edit are read in one page
    assert back(crm)["versions"] == 1
    (golden,) = crm.goldens()
    assert (golden.values["name"], golden.values["capital_cny"]) == ("杭州甲重工有限公司", "200000")
    assert crm.record("new_crm.AccountObj", key).canonical == {"name": "杭州甲重工有限公司"}
    assert back(crm) == {"writes": 0, "versions": 0}


def test_f48_a_word_that_prevails_is_not_written_back_where_it_came_from(crm: CrmBench) -> None:
    key = publish(crm)
    crm.tenant.edit("AccountObj", key, {"capital__c": "300000"})
    assert back(crm) == {"writes": 0, "versions": 1}
    assert row(crm)["capital__c"] == "300000.00"
    assert crm.goldens()[0].values["capital_cny"] == "300000"


def test_f45_a_word_that_does_not_prevail_is_kept_as_a_challenger_and_overwritten(crm: CrmBench) -> None:
    crm.edit("config/survivorship.yaml", "capital_cny: {order: [source_rank: [new_crm, erp, crm]",
             "capital_cny: {order: [source_rank: [erp, new_crm, crm]")  # fmt: skip
    crm.accounts("erp", ERP)
    crm.go("erp")
    key = publish(crm)
    for said in ("700000", "800000", "800000"):  # the last one insists
        crm.tenant.edit("AccountObj", key, {"capital__c": said})
        assert back(crm)["writes"] == 1
        assert row(crm)["capital__c"] == "500000.00"
        record = crm.record("new_crm.AccountObj", key)
        assert (record.canonical or {})["capital_cny"] == said
        assert record.id in crm.goldens()[0].lineage["capital_cny"]["challengers"]
        assert back(crm) == {"writes": 0, "versions": 0}
    assert crm.go("check")["check"].counters.other == {}


def test_a_field_that_a_person_empties_is_filled_again_from_who_still_says_it(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    key = publish(crm)
    crm.tenant.edit("AccountObj", key, {"tel": None})
    assert back(crm)["writes"] == 1
    assert row(crm)["tel"] == "+8657187654321"
    assert back(crm) == {"writes": 0, "versions": 0}


def test_a_field_that_we_never_wrote_is_the_persons_own(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    key = publish(crm)
    crm.tenant.edit("AccountObj", key, {"address": "体育场路1号"})
    assert back(crm)["versions"] == 1
    assert back(crm) == {"writes": 0, "versions": 0}
    assert crm.goldens()[0].values["address"] == {"line": "体育场路1号"}
    crm.tenant.edit("AccountObj", key, {"address": None})
    assert back(crm) == {"writes": 0, "versions": 1}
    assert "address" not in crm.goldens()[0].values


def test_f42_what_the_target_cuts_off_is_no_edit_and_not_written_for_ever(crm: CrmBench) -> None:
    crm.fault("trim", field="name", rows=6)
    crm.accounts("crm", JIA)
    done = crm.go("crm", "parties", "accounts")["accounts"]
    assert done.counters.other == {"target_writes": 1, "changed_by_target": 1}
    assert row(crm)["name"] == NAME[:6]
    assert [back(crm), back(crm)] == [{"writes": 0, "versions": 0}] * 2
    assert crm.goldens()[0].values["name"] == NAME
    assert crm.go("check")["check"].counters.other == {"differences": 1}


def test_f42_a_field_the_target_drops_is_no_edit_either(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.fault("trim", field="tel")
    publish(crm)
    assert "tel" not in row(crm)
    assert [back(crm), back(crm)] == [{"writes": 0, "versions": 0}] * 2
    assert crm.goldens()[0].values["phones"] == ["+8657187654321"]


def test_f43_another_spelling_of_a_number_is_no_edit(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.edit("mappings/new_crm/account.out.yaml", "capital_cny, via: [decimals: 2]", "capital_cny, via: [decimals: 1]")
    publish(crm)
    assert row(crm)["capital__c"] == "100000.00"  # sent as 100000.0
    assert [back(crm), back(crm)] == [{"writes": 0, "versions": 0}] * 2
    assert crm.record("new_crm.AccountObj", row(crm)["_id"]).canonical == {}
    assert crm.go("check")["check"].counters.other == {}


def test_an_adopted_row_keeps_the_words_it_had_where_we_repeat_them(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    typed = {"name": NAME, "uniform_social_credit_code": credit_code(1), "capital__c": "900000"}
    key = crm.tenant.add("AccountObj", {**typed, "address": "体育场路1号"})
    crm.clock.wait(60)
    crm.accounts("erp", {**ERP, "ADDRESS": "杭州市西湖区天目山路5号", "CAPITAL": None})
    crm.edit("config/survivorship.yaml", "address: {order: [source_rank: [new_crm, erp, crm]",
             "address: {order: [source_rank: [erp, new_crm, crm]")  # fmt: skip
    crm.edit("mappings/new_crm/account.out.yaml", "address: {from: address.line}", "address: {from: address.point}")
    crm.go("typed", "erp")
    publish(crm)
    assert row(crm)["golden_id__c"] == written(crm.home("crm.account", "1"))
    assert back(crm) == {"writes": 0, "versions": 0}
    assert row(crm)["address"] == "体育场路1号", "what we have nothing for is not cleared"
    # The sources go: the row still says what its person typed, and nothing that only we said.
    crm.accounts("crm", {**JIA, "GONE": "1", "AT": "2026-02-02 08:00:00"})
    crm.accounts("erp", {**ERP, "GONE": "1", "AT": "2026-02-02 08:00:00"})
    crm.go("crm", "erp", "parties")
    (golden,) = crm.goldens()
    assert (golden.values["capital_cny"], golden.values["name"]) == ("900000", NAME)
    assert "phones" not in golden.values
    assert crm.home("new_crm.AccountObj", key) == golden.id


def test_our_write_does_not_make_an_older_word_the_most_recent(crm: CrmBench) -> None:
    """A field we do not write, on a row we do write: it was typed before the CRM's, and stays older than it."""
    crm.edit("mappings/new_crm/account.out.yaml", "  tel: {from: phones, via: [first]}\n", "")
    typed = {"name": NAME, "uniform_social_credit_code": credit_code(1), "tel": "+8657111112222"}
    key = crm.tenant.add("AccountObj", typed)
    crm.clock.wait(60)
    crm.go("typed")
    newer = {**JIA, "AT": iso(crm.clock.now() + timedelta(hours=8))[:19].replace("T", " ")}
    crm.clock.wait(60)
    assert publish(crm, newer) == key
    assert crm.goldens()[0].values["phones"] == ["+8657187654321", "+8657111112222"], "the newest first"
    assert [back(crm), back(crm)] == [{"writes": 0, "versions": 0}] * 2
    crm.accounts("erp", {**ERP, "TEL": None})  # something else makes the golden record look at its claims again
    crm.go("erp", "parties")
    assert crm.goldens()[0].values["phones"] == ["+8657187654321", "+8657111112222"], "the newest first"
    # Typed anew, it is the most recent one.
    crm.tenant.edit("AccountObj", key, {"tel": "+8657133334444"})
    assert back(crm)["versions"] == 1
    assert crm.goldens()[0].values["phones"] == ["+8657133334444", "+8657187654321"]


def test_an_address_of_our_street_and_their_point_is_still_theirs(sqlite_crm: CrmBench) -> None:
    """One value, two fields of the row, and we write only one of them."""
    crm = sqlite_crm
    crm.edit("mappings/new_crm/AccountObj.yaml", "  capital_cny:",
             "  address.point: {from: location, via: [blank, point]}\n  capital_cny:")  # fmt: skip
    crm.edit("config/survivorship.yaml", "address: {order: [source_rank: [new_crm, erp, crm]",
             "address: {order: [source_rank: [erp, new_crm, crm]")  # fmt: skip
    place = {"address": "体育场路1号", "location": "120.000001#%$30.280001#%$体育场路1号"}
    key = crm.tenant.add("AccountObj", {"name": NAME, "uniform_social_credit_code": credit_code(1), **place})
    crm.clock.wait(60)
    crm.accounts("erp", {**ERP, "ADDRESS": "杭州市西湖区天目山路5号"})
    crm.go("typed", "erp")
    assert publish(crm) == key
    typed = crm.record("new_crm.AccountObj", key)
    assert back(crm) == {"writes": 0, "versions": 0}
    assert row(crm)["address"] == "杭州市西湖区天目山路5号"
    read = crm.record("new_crm.AccountObj", key)
    assert (read.canonical, read.event_at) == (typed.canonical, typed.event_at)
    crm.tenant.edit("AccountObj", key, {"location": "120.100000#%$30.280001#%$体育场路1号"})
    back(crm)
    assert (crm.record("new_crm.AccountObj", key).canonical or {})["address"]["point"].startswith("120.1")
