"""Replay: what could not be mapped or written goes again by today's rules, and what was overtaken is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from flows.replay import Replayed, prepare
from goldbridge.errors import AlreadyRunning, Misconfigured
from goldbridge.state import dead, delivery, landing
from goldbridge.state import run as runs
from mdm.steward import merge
from tests.flows.bench import Bench, row
from tests.flows.bench_crm import CrmBench, company, contract, credit_code, person

MAP, OUT = "mappings/crm/account.yaml", "mappings/new_crm/account.out.yaml"
REFUSED = {"code": "11018013", "message": "字段的值超出范围"}


def go_again(bench: Bench | CrmBench, *flows: str, ids: tuple[int, ...] = (), **options: Any) -> dict[str, Replayed]:
    """Key -> what became of its letter; as the command does it."""
    code = options.pop("code", "")
    with bench.hub() as hub:
        works = prepare(hub, flows=flows, ids=ids, code=code)
        return {one.key: one for work in works for one in work.run(**options)}


def fates(found: dict[str, Replayed]) -> dict[str, str]:
    return {key: one.fate for key, one in found.items()}


def letters(bench: Bench | CrmBench) -> list[dead.DeadLetter]:
    with bench.hub() as hub, hub.store.read() as conn:
        return dead.list_letters(conn)


def jia(number: int, **more: str | None) -> dict[str, str | None]:
    return company(str(number), f"杭州甲{number:02}号机械有限公司", code=credit_code(number), **more)


# Source records


def test_a_corrected_mapping_applies_what_it_can_and_says_why_the_rest_stays(bench: Bench) -> None:
    bench.put("crm", row("1", "杭州甲机械有限公司"), row("2", None), row("3", None, code="代码"), row("4", None))
    bench.run("crm")
    bench.edit(MAP, "name: {from: NAME,", "name: {first_of: [NAME, CODE],")
    found = go_again(bench, "crm")
    assert fates(found) == {"2": "dead", "3": "applied", "4": "dead"}
    assert found["2"].code.startswith("MAP")
    assert "name: required" in found["2"].message
    assert [(letter.key, letter.attempts) for letter in letters(bench)] == [("2", 2), ("4", 2)]
    with bench.hub() as hub, hub.store.read() as conn:
        record = landing.load(conn, landing.find(conn, "crm", "account", ["3"]).values()).popitem()[1]
        (run,) = [run for run in runs.list_runs(conn, flow="crm") if run.kind == "replay"]
    assert (record.fate, record.canonical and record.canonical["name"]) == ("applied", "代码")
    assert (run.state, run.message) == ("done", "replayed 3 dead letters")
    assert (run.counters["read"], run.counters["applied"], run.counters["dead"]) == (3, 1, 2)
    assert fates(go_again(bench, "crm")) == {"2": "dead", "4": "dead"}  # once more changes nothing


def test_what_a_replay_applied_reaches_the_golden_records_like_everything(bench: Bench) -> None:
    bench.put("crm", row("2", None, code="丙机械有限公司"))
    bench.run("crm", "parties")
    bench.edit(MAP, "name: {from: NAME,", "name: {first_of: [NAME, CODE],")
    go_again(bench, "crm")
    (done,) = bench.run("parties")
    assert done.counters.other["golden_created"] == 1


def test_letters_are_chosen_by_flow_number_and_code(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.put("crm", row("1", None), row("2", None))
    bench.put("erp", row("9", None))
    bench.run("crm", "erp")
    first, second, ninth = letters(bench)
    assert list(go_again(bench, "erp")) == ["9"]
    assert list(go_again(bench, ids=(second.id, 999))) == ["2"]
    assert list(go_again(bench, "erp", ids=(first.id,))) == ["1", "9"]
    assert list(go_again(bench)) == ["1", "2", "9"]
    assert list(go_again(bench, code=ninth.code)) == ["1", "2", "9"]
    assert go_again(bench, code="MAP999") == {}
    with pytest.raises(Misconfigured, match="did you mean 'erp'"):
        go_again(bench, "erpp")
    assert go_again(bench, "parties") == {}


def test_more_letters_than_a_batch_are_each_met_once(sqlite_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = sqlite_bench
    monkeypatch.setattr("flows.replay.BATCH", 3)
    bench.put("crm", *(row(f"{n:02}", None, code="丙公司" if n % 2 else None) for n in range(10)))
    bench.run("crm")
    bench.edit(MAP, "name: {from: NAME,", "name: {first_of: [NAME, CODE],")
    found = go_again(bench, "crm")
    assert [key for key, one in found.items() if one.fate == "applied"] == ["01", "03", "05", "07", "09"]
    assert {letter.attempts for letter in letters(bench)} == {2}


def test_a_record_that_the_mapping_filters_today_is_no_dead_letter(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.put("crm", row("2", None))
    bench.run("crm")
    bench.edit(MAP, "key: ID\n", "key: ID\nwhen: \"ID != '2'\"\n")
    assert fates(go_again(bench, "crm")) == {"2": "filtered"}
    assert letters(bench) == []


def test_f71_a_replay_uses_the_row_as_it_is_now_not_as_it_was_set_aside(bench: Bench) -> None:
    bench.put("crm", row("2", None, code="旧"))
    bench.run("crm")
    bench.put("crm", row("2", None, code="新", at="2026-02-02 08:00:00"))
    bench.run("crm")
    bench.edit(MAP, "name: {from: NAME,", "name: {first_of: [NAME, CODE],")
    assert fates(go_again(bench, "crm")) == {"2": "applied"}
    with bench.hub() as hub, hub.store.read() as conn:
        (record,) = landing.scan_all(conn)
    assert record.canonical
    assert record.canonical["name"] == "新"


def test_f71_a_letter_that_a_newer_version_overtook_is_dropped(bench: Bench) -> None:
    """The flow was renamed: nobody clears the letters of the old name, however often the records apply."""
    bench.put("crm", row("2", None), row("3", None), row("4", None))
    bench.run("crm")
    bench.edit("flows.yaml", "crm: {ingest: crm.account}", "accounts: {ingest: crm.account}")
    bench.edit("flows.yaml", "after: [crm, erp]", "after: [accounts, erp]")
    bench.put(
        "crm", row("2", "杭州乙机械有限公司", at="2026-02-02 08:00:00"), row("4", None, gone="1", at="2026-02-03")
    )
    bench.run("accounts")
    found = go_again(bench)
    assert fates(found) == {"2": "superseded", "3": "dead", "4": "superseded"}
    assert found["2"].message == "a newer version of it was applied since"
    assert found["4"].message == "its record is deleted since"
    assert found["3"].message.endswith("; flows.yaml has no flow 'crm' any more")
    assert [letter.key for letter in letters(bench)] == ["3"]
    with bench.hub() as hub, hub.store.read() as conn:
        record = landing.load(conn, landing.find(conn, "crm", "account", ["2"]).values()).popitem()[1]
    assert record.canonical
    assert record.canonical["name"] == "杭州乙机械有限公司"


def test_a_dry_run_says_the_same_and_leaves_no_trace(bench: Bench) -> None:
    bench.put("crm", row("2", None), row("3", None, code="代码"))
    bench.run("crm")
    before = letters(bench)
    bench.edit(MAP, "name: {from: NAME,", "name: {first_of: [NAME, CODE],")
    with bench.hub() as hub, hub.store.begin() as conn:
        runs.acquire(conn, "crm", holder="another")  # it needs no lease
    assert fates(go_again(bench, "crm", dry=True)) == {"2": "dead", "3": "applied"}
    assert letters(bench) == before
    with bench.hub() as hub, hub.store.read() as conn:
        assert {run.kind for run in runs.list_runs(conn)} == {"live"}
        assert {record.fate for record in landing.scan_all(conn)} == {"dead"}


def test_f56_a_flow_that_runs_elsewhere_is_left_alone(bench: Bench) -> None:
    bench.put("crm", row("2", None))
    bench.run("crm")
    with bench.hub() as hub, hub.store.begin() as conn:
        runs.acquire(conn, "crm", holder="another")
    with pytest.raises(AlreadyRunning, match="already running by another"):
        go_again(bench, "crm")


def test_a_source_that_is_down_keeps_nobody_from_a_replay(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.put("crm", row("3", None, code="代码"))
    bench.run("crm")
    bench.edit(MAP, "name: {from: NAME,", "name: {first_of: [NAME, CODE],")
    bench.database("crm").unlink()
    assert fates(go_again(bench, "crm")) == {"3": "applied"}


def test_a_misspelt_column_is_refused_before_anything_goes_again(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.put("crm", row("3", None, code="代码"))
    bench.run("crm")
    bench.edit(MAP, "name: {from: NAME,", "name: {first_of: [NAME, CDOE],")
    with pytest.raises(Misconfigured, match="CDOE"):
        go_again(bench, "crm")
    assert letters(bench)[0].attempts == 1


# Writes


@pytest.fixture
def refused(crm: CrmBench) -> CrmBench:
    """Two accounts in the target; what the second one was changed to is refused there."""
    crm.accounts("crm", jia(1, capital="100"), jia(2, capital="100"))
    crm.go("crm", "parties", "accounts")
    crm.accounts("crm", jia(2, capital="500", at="2026-02-02 08:00:00"))
    crm.fault("refuse", "*/data/update", **REFUSED)
    crm.go("crm", "parties", "accounts")
    assert [item.state for item in crm.deliveries("dead")] == ["dead"]
    return crm


def capitals(crm: CrmBench) -> list[str]:
    return sorted(row["capital__c"] for row in crm.rows())  # they are created side by side


def test_a_refused_write_is_made_ready_and_the_next_run_sends_it(refused: CrmBench) -> None:
    crm = refused
    (found,) = go_again(crm, "accounts").values()
    assert (found.fate, found.message) == ("pending", "ready; the next run of accounts sends it")
    assert capitals(crm) == ["100.00", "100.00"]  # nothing is written by the replay itself
    assert fates(go_again(crm, "accounts")) == {found.key: "pending"}  # once more changes nothing
    assert len(crm.deliveries("ready")) == 1
    done = crm.go("accounts")["accounts"]
    assert (done.counters.applied, capitals(crm), crm.letters()) == (1, ["100.00", "500.00"], [])
    assert go_again(crm, "accounts") == {}


def test_without_a_replay_a_refused_write_is_not_repeated(refused: CrmBench) -> None:
    assert refused.go("accounts")["accounts"].counters.read == 0
    assert capitals(refused) == ["100.00", "100.00"]


def test_a_write_that_is_refused_again_is_a_dead_letter_again(refused: CrmBench) -> None:
    crm = refused
    go_again(crm, "accounts")
    crm.fault("refuse", "*/data/update", **REFUSED)
    assert crm.go("accounts")["accounts"].counters.dead == 1
    (letter,) = crm.letters()
    assert (letter.stage, letter.attempts) == ("write", 2)


def test_f71_a_refused_write_goes_out_as_the_golden_record_is_now(refused: CrmBench) -> None:
    crm = refused
    crm.accounts("crm", jia(2, capital="900", at="2026-02-03 08:00:00"))
    crm.go("crm", "parties")  # nobody published it yet
    assert [one.fate for one in go_again(crm, "accounts").values()] == ["pending"]
    assert [item.after["capital__c"] for item in crm.deliveries("ready")] == ["900.00"]
    crm.go("accounts")
    assert capitals(crm) == ["100.00", "900.00"]
    assert "500.00" not in [item.after.get("capital__c") for item in crm.deliveries("done")]


def test_f71_a_refused_write_that_is_no_news_any_more_is_dropped(refused: CrmBench) -> None:
    crm = refused
    crm.accounts("crm", jia(2, capital="100", at="2026-02-03 08:00:00"))
    crm.go("crm", "parties")
    (found,) = go_again(crm, "accounts").values()
    assert (found.fate, found.message) == ("superseded", "nothing is to be written for it any more")
    assert (crm.letters(), crm.deliveries("dead", "ready")) == ([], [])


def test_f71_a_refused_write_of_a_merged_record_is_dropped(refused: CrmBench) -> None:
    crm = refused
    one, two = crm.home("crm.account", "1"), crm.home("crm.account", "2")
    with crm.steward() as (conn, who):
        merge(conn, who, [one, two], reason="one company", survivor=one)
    (found,) = go_again(crm, "accounts").values()
    assert (found.fate, found.message) == ("superseded", "its golden record is redirected since")
    assert crm.deliveries("dead", "ready") == []


def test_what_todays_mapping_cannot_make_does_not_go_out_as_it_was_then(refused: CrmBench) -> None:
    crm = refused
    crm.edit(OUT, "account_status__c: {from: status}", "account_status__c: {from: status, required: true}")
    (found,) = go_again(crm, "accounts").values()
    assert (found.fate, found.code[:3]) == ("dead", "MAP")
    assert [item.state for item in crm.deliveries("dead", "ready")] == ["dead"]
    (letter,) = crm.letters()
    assert letter.stage == "map"
    crm.edit(OUT, "{from: status, required: true}", "{from: status}")
    assert [one.fate for one in go_again(crm, "accounts").values()] == ["pending"]


def test_an_outgoing_mapping_that_was_corrected_lets_its_records_go(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.edit(OUT, "account_status__c: {from: status}", "account_status__c: {from: status, required: true}")
    crm.accounts("crm", jia(1))
    assert crm.go("crm", "parties", "accounts")["accounts"].counters.dead == 1
    assert [one.fate for one in go_again(crm, "accounts").values()] == ["dead"]
    crm.edit(OUT, "{from: status, required: true}", "{from: status}")
    assert [one.fate for one in go_again(crm, "accounts", dry=True).values()] == ["pending"]
    assert crm.deliveries() == []
    assert [one.fate for one in go_again(crm, "accounts").values()] == ["pending"]
    crm.go("accounts")
    assert (len(crm.rows()), crm.letters()) == (1, [])


def test_a_write_that_waits_for_its_parent_says_so(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.edit(
        "mappings/new_crm/contact.out.yaml", "job_title: {from: title}", "job_title: {from: title, required: true}"
    )
    crm.people(person("p1", "1", "张三"))
    crm.accounts("crm", jia(1))
    crm.go("crm", "people", "everyone", "accounts", "contacts")
    crm.people(person("p1", "9", "张三", at="2026-02-02 08:00:00"))
    crm.go("people", "everyone")
    (found,) = go_again(crm, "contacts").values()
    assert (found.fate, found.message) == ("pending", "waits for crm.account/9")


def test_both_ends_of_a_sync_go_again(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", jia(1))
    crm.contracts("crm", contract("HT-1", "1", "100"), contract("HT-2", "1", "200", number=None))
    crm.fault("refuse", **REFUSED, contains="HT-1")
    crm.go("crm", "parties", "accounts", "contracts")
    assert sorted(letter.stage for letter in crm.letters()) == ["map", "write"]
    crm.edit("mappings/crm/contract.yaml", "number: {from: NUMBER, via: [blank], required: true}",
             "number: {first_of: [NUMBER, ID], required: true}")  # fmt: skip
    assert sorted(one.fate for one in go_again(crm).values()) == ["applied", "pending"]
    done = crm.go("contracts")["contracts"]
    assert sorted(row["name"] for row in crm.rows("SaleContractObj")) == ["HT-1", "HT-2"]
    assert (done.counters.applied, crm.letters()) == (2, [])


def test_writes_that_are_switched_off_are_refused_before_anything_goes_again(refused: CrmBench) -> None:
    crm = refused
    crm.edit("config/sources.yaml", "writes: enabled", "writes: disabled")
    with pytest.raises(Misconfigured, match="not switched on"):
        go_again(crm)
    assert crm.deliveries("ready") == []


def test_a_letter_of_a_golden_record_that_is_gone_is_dropped(refused: CrmBench) -> None:
    crm = refused
    (item,) = crm.deliveries("dead")
    with crm.hub() as hub, hub.store.begin() as conn:
        (letter,) = dead.list_letters(conn)
        gone = letter.key[:-4] + "0000"
        dead.put(conn, "accounts", [dead.Letter("new_crm", "AccountObj", gone, "write", "CON046", "no")], letter.run)
    found = go_again(crm, "accounts")
    assert (found[gone].fate, found[gone].message) == ("superseded", "there is no such golden record any more")
    assert found[item.external_id].fate == "pending"
    with crm.hub() as hub, hub.store.read() as conn:
        assert delivery.count(conn)["new_crm", "AccountObj", "ready"] == 1
