"""Delivering writes: lost answers, refused records, partial batches and a target that is down."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from connectors.base import ConnectorConfig, Context, Stream, Write, Writer, WriteResult
from flows.delivering import RETRY_AFTER_S, Target
from flows.publish import publish
from flows.running import running
from goldbridge.clock import Clock
from goldbridge.errors import Misconfigured, OutcomeUnknown, Reject, Retry
from goldbridge.http import HttpFactory
from goldbridge.state import dead, delivery, ledger
from goldbridge.state.run import Counters
from tests.connectors.rig import MemoryStore
from tests.flows.bench_crm import CrmBench, company, contract, credit_code, person, written


def several(count: int, at: str = "2026-02-01 08:00:00", **more: str | None) -> list[dict[str, str | None]]:
    return [
        company(str(n), f"杭州甲{n:02}号机械有限公司", code=credit_code(n), at=at, **{"capital": "100", **more})
        for n in range(1, count + 1)
    ]


def load(crm: CrmBench, count: int) -> None:
    crm.accounts("crm", *several(count))
    crm.go("crm", "parties")


def later(crm: CrmBench) -> None:
    """Long enough for what waits to be tried again."""
    crm.clock.wait(RETRY_AFTER_S + 1)


@pytest.mark.parametrize("fault", [{"kind": "lost"}, {"kind": "reset", "when": "after"}])
def test_f28_a_lost_answer_is_read_back_and_adopted_not_sent_again(crm: CrmBench, fault: dict[str, Any]) -> None:
    load(crm, 3)
    crm.fault(count=None, **fault)
    first = crm.go("accounts")["accounts"]
    assert len(crm.rows()) == 3, "the target did it, whatever it answered"
    assert (first.counters.applied, first.counters.pending) == (0, 3)
    assert [item.state for item in crm.deliveries()] == ["unknown"] * 3
    crm.tenant.faults.clear()
    writes = crm.writes
    second = crm.go("accounts")["accounts"]
    assert (second.counters.applied, second.counters.pending, second.counters.other["read_back"]) == (3, 0, 3)
    assert (crm.writes, len(crm.rows())) == (writes, 3)
    with crm.reading() as conn:
        entries = ledger.load(conn, "new_crm", "AccountObj", [row["_id"] for row in crm.rows()])
    assert len(entries) == 3


def test_f1_what_is_unknown_and_not_there_is_sent_again(crm: CrmBench) -> None:
    load(crm, 2)
    crm.fault("reset", when="before", count=None)
    crm.go("accounts")
    assert crm.rows() == []
    crm.tenant.faults.clear()
    later(crm)
    again = crm.go("accounts")["accounts"]
    assert (again.counters.applied, len(crm.rows())) == (2, 2)


def test_f28_an_update_that_happened_is_not_repeated_and_one_that_did_not_is(crm: CrmBench) -> None:
    load(crm, 2)
    crm.go("accounts")
    crm.accounts("crm", *several(2, "2026-02-02 08:00:00", capital=None, tel="0571-87654321"))
    crm.go("crm", "parties")
    first, second = (row["golden_id__c"] for row in crm.rows())
    crm.fault("lost", "*/data/update", contains=crm.rows()[0]["_id"])
    crm.fault("phantom", "*/data/update", contains=crm.rows()[1]["_id"])
    crm.fault("lost", "*/data/update", contains=crm.rows()[1]["_id"])
    crm.go("accounts")
    assert {item.external_id for item in crm.deliveries("unknown")} == {first, second}
    assert [row.get("capital__c") for row in crm.rows()] == [None, "100.00"]
    writes = crm.writes
    done = crm.go("accounts")["accounts"]
    assert (done.counters.applied, crm.writes - writes) == (2, 1)
    assert [(row.get("capital__c"), row["tel"]) for row in crm.rows()] == [(None, "+8657187654321")] * 2


def test_f28_a_field_that_was_to_be_cleared_and_was_not_is_cleared_again(crm: CrmBench) -> None:
    load(crm, 1)
    crm.go("accounts")
    crm.accounts("crm", *several(1, "2026-02-02 08:00:00", capital=None))
    crm.fault("phantom", "*/data/update")
    crm.fault("lost", "*/data/update")
    crm.go("crm", "parties", "accounts")
    assert [row["capital__c"] for row in crm.rows()] == ["100.00"]
    crm.go("accounts")
    assert [row.get("capital__c") for row in crm.rows()] == [None]


@pytest.mark.parametrize("happened", [True, False])
def test_f28_a_deactivation_without_an_answer_is_looked_up_too(sqlite_crm: CrmBench, happened: bool) -> None:
    crm = sqlite_crm
    load(crm, 1)
    crm.go("accounts")
    crm.accounts("crm", *several(1, "2026-02-02 08:00:00", gone="1"))
    if happened:
        crm.fault("lost", "*/data/invalid")
    else:
        crm.fault("error_body", "*/data/invalid", status=502, body={})
    crm.go("crm", "parties", "accounts")
    assert len(crm.rows()) == (0 if happened else 1)
    assert len(crm.deliveries("unknown")) == 1
    done = crm.go("accounts")["accounts"]
    assert (crm.rows(), done.counters.applied) == ([], 1)


def test_f39_a_refused_record_is_a_dead_letter_with_its_rule_and_the_rest_is_applied(crm: CrmBench) -> None:
    crm.edit("mappings/new_crm/account.out.yaml", "tel: {from: phones, via: [first]}",
             "tel: {from: phones, via: [first]}\n  industry_code__c: {from: status}")  # fmt: skip
    load(crm, 3)
    crm.accounts("crm", {**several(3)[1], "CAPITAL": "12345678901234567890", "AT": "2026-02-02 08:00:00"})
    crm.fault("refuse", code="11018013", message="字段[注册资本]的值超出范围", contains="12345678901234567890")
    done = crm.go("crm", "parties", "accounts")["accounts"]
    assert (done.counters.applied, done.counters.dead, done.needs_person) == (2, 1, True)
    (letter,) = crm.letters()
    assert (letter.stage, letter.system, letter.stream) == ("write", "new_crm", "AccountObj")
    assert letter.key == written(crm.home("crm.account", "2"))
    assert "超出范围" in letter.message
    # Corrected in the source, it applies and the letter goes.
    crm.accounts("crm", {**several(3)[1], "CAPITAL": "900", "AT": "2026-02-03 08:00:00"})
    done = crm.go("crm", "parties", "accounts")["accounts"]
    assert (done.counters.applied, crm.letters(), len(crm.rows())) == (1, [], 3)


def test_f39_the_letter_names_file_and_line_of_the_field(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.edit("mappings/new_crm/account.out.yaml", "account_status__c: {from: status}",
             "account_status__c: {value: nosuchstatus}")  # fmt: skip
    load(crm, 1)
    done = crm.go("accounts")["accounts"]
    (letter,) = crm.letters()
    assert (done.counters.dead, letter.field) == (1, "account_status__c")
    assert str(letter.rule).startswith("mappings/new_crm/account.out.yaml:12:")
    with crm.reading() as conn:
        assert dead.load(conn, [letter.id])[letter.id].payload_out["name"] == "杭州甲01号机械有限公司"


def test_f39_a_letter_goes_when_the_record_goes_back_and_its_delivery_is_not_replayed(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    load(crm, 1)
    crm.go("accounts")
    crm.accounts("crm", *several(1, "2026-02-02 08:00:00", capital="500"))
    crm.fault("refuse", "*/data/update", code="11018013", message="超出范围")
    crm.go("crm", "parties", "accounts")
    (refused,) = crm.deliveries("dead")
    crm.accounts("crm", *several(1, "2026-02-03 08:00:00", capital="100"))
    crm.go("crm", "parties", "accounts")
    assert crm.letters() == []
    with crm.hub() as hub, hub.store.begin() as conn:
        assert delivery.retry_dead(conn, [refused.id]) == 0
    crm.go("accounts")
    assert crm.rows()[0]["capital__c"] == "100.00"


def test_f38_a_value_that_must_be_unique_and_is_taken_names_both(crm: CrmBench) -> None:
    crm.tenant.add("SaleContractObj", {"name": "HT-1"})
    crm.accounts("crm", *several(1))
    crm.contracts("crm", contract("HT-1", "1", "100"), contract("HT-2", "1", "200"))
    done = crm.go("crm", "parties", "accounts", "contracts")["contracts"]
    assert (done.counters.applied, done.counters.dead) == (1, 1)
    (letter,) = crm.letters()
    assert letter.key == written(crm.home("crm.contract", "HT-1"), "contract")
    assert "HT-1" in letter.message
    assert len(crm.rows("SaleContractObj")) == 2


def test_f40_each_row_of_a_batch_is_settled_by_its_own_result(crm: CrmBench) -> None:
    load(crm, 6)
    names = {n: f"甲{n:02}号" for n in range(1, 7)}
    crm.fault("refuse", code="11018013", message="不行", contains=names[2])
    crm.fault("lost", contains=names[3])
    crm.fault("unavailable", contains=names[4], count=None)
    done = crm.go("accounts")["accounts"]
    assert (done.counters.applied, done.counters.dead, done.counters.pending) == (3, 1, 2)
    states = {item.after["name"][2:6]: item.state for item in crm.deliveries()}
    assert [states[names[n]] for n in range(1, 7)] == ["done", "dead", "unknown", states[names[4]], "done", "done"]
    assert states[names[4]] in ("ready", "unknown")
    crm.tenant.faults.clear()
    later(crm)
    done = crm.go("accounts")["accounts"]
    assert (done.counters.applied, len(crm.rows())) == (2, 5)


def test_a_target_that_is_down_loses_nothing_and_every_account_adds_up(crm: CrmBench) -> None:
    load(crm, 5)
    crm.fault("unavailable", "*", count=None)
    first = crm.go("accounts")["accounts"]
    assert (first.counters.read, first.counters.pending, crm.rows()) == (5, 5, [])
    # Too early, and still down: nothing is tried, nothing is counted twice.
    second = crm.go("accounts")["accounts"]
    assert second.counters.applied == 0
    later(crm)
    third = crm.go("accounts")["accounts"]
    assert (third.counters.read, third.counters.pending) == (5, 5)
    crm.tenant.faults.clear()
    later(crm)
    done = crm.go("accounts")["accounts"]
    assert (done.counters.read, done.counters.applied, done.counters.pending) == (5, 5, 0)
    assert len(crm.rows()) == 5
    assert crm.deliveries("ready", "inflight", "unknown", "parked") == []


def test_a_run_that_takes_over_what_another_flow_queued_counts_it(crm: CrmBench) -> None:
    crm.accounts("crm", *several(1))
    crm.accounts("erp", *several(1))
    crm.contracts("crm", contract("a", "1", "100", number="HT-1"))
    crm.contracts("erp", contract("b", "1", "200", number="HT-2"))
    crm.go("crm", "erp", "parties", "accounts")
    crm.fault("unavailable", "*/data/create", count=None)
    crm.go("contracts")
    crm.tenant.faults.clear()
    later(crm)
    done = crm.go("orders")["orders"]
    assert done.counters.applied == 2
    assert len(crm.rows("SaleContractObj")) == 2


def test_a_newer_version_replaces_the_one_that_waits(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    load(crm, 1)
    crm.fault("unavailable", "*", count=None)
    crm.go("accounts")
    crm.tenant.faults.clear()
    crm.accounts("crm", *several(1, "2026-02-02 08:00:00", capital="700"))
    done = crm.go("crm", "parties", "accounts")["accounts"]
    assert (done.counters.applied, crm.rows()[0]["capital__c"], crm.writes) == (1, "700.00", 1)
    later(crm)
    assert crm.go("accounts")["accounts"].counters.read == 0


def test_a_newer_version_waits_until_the_unknown_one_is_known(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    load(crm, 1)
    crm.fault("lost")
    crm.go("accounts")
    crm.accounts("crm", *several(1, "2026-02-02 08:00:00", capital="700"))
    done = crm.go("crm", "parties", "accounts")["accounts"]
    assert (done.counters.applied, len(crm.rows()), crm.rows()[0]["capital__c"]) == (2, 1, "700.00")


def test_f82_credentials_that_are_refused_stop_the_run_and_leave_everything_waiting(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    load(crm, 2)
    crm.fault("refuse", code="20014", message="应用没有权限", count=None)
    with pytest.raises(Misconfigured):
        crm.go("accounts")
    crm.tenant.faults.clear()
    done = crm.go("accounts")["accounts"]
    assert (done.counters.applied, len(crm.rows())) == (2, 2)


def test_a_row_that_vanished_from_the_target_is_a_dead_letter_and_not_a_silent_success(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    load(crm, 1)
    crm.go("accounts")
    crm.tenant.remove("AccountObj", crm.rows()[0]["_id"])
    crm.accounts("crm", *several(1, "2026-02-02 08:00:00", capital="700"))
    done = crm.go("crm", "parties", "accounts")["accounts"]
    assert (done.counters.dead, len(crm.letters())) == (1, 1)
    # Read back, its row is known to be gone, and the next version makes a new one.
    crm.clock.wait(60)
    crm.accounts("crm", *several(1, "2026-02-03 08:00:00", capital="800"))
    crm.go("typed", "crm", "parties", "accounts")
    assert ([row["capital__c"] for row in crm.rows()], crm.letters()) == (["800.00"], [])


def test_contacts_of_a_batch_that_is_larger_than_one_call_are_all_written_once(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    crm.accounts("crm", *several(1))
    crm.people(*(person(f"p{n}", "1", f"张{n:03}", mobile=f"13800{n:06}") for n in range(260)))
    crm.go("crm", "people", "everyone", "accounts")
    crm.fault("lost", count=7)
    done = crm.go("contacts")["contacts"]
    assert done.counters.applied + done.counters.pending == 260
    crm.go("contacts")
    assert len({row["golden_id__c"] for row in crm.rows("ContactObj")}) == len(crm.rows("ContactObj")) == 260


class Scripted(Writer[ConnectorConfig]):
    """A target that does what a test says: `answers` makes the results of a batch, `rows` are read back."""

    kind = "scripted"
    config_model = ConnectorConfig

    def __init__(self, answers: Callable[[Sequence[Write]], list[WriteResult]], clock: Clock) -> None:
        config = ConnectorConfig(connector="scripted", writes="enabled")
        super().__init__(config, Context("new_crm", HttpFactory(clock), MemoryStore(), clock))
        self.answers = answers
        self.rows: dict[str, dict[str, Any]] = {}

    def write(self, stream: Stream, batch: Sequence[Write]) -> list[WriteResult]:
        return self.answers(batch)

    def read_back(self, stream: Stream, external_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {id: self.rows[id] for id in external_ids if id in self.rows}


STREAM = Stream("AccountObj", key="_id", writable=True, external_id="golden_id__c", write_batch=10)


def publish_to(crm: CrmBench, writer: Scripted, stream: Stream = STREAM) -> Counters:
    with crm.hub() as hub, running(hub.store, "accounts", "live", "") as run:
        publish(run, Target(writer, stream, hub.mapping("new_crm.account.out")), hub.project.model.entities["party"])
        return run.counters


def test_f41_answers_count_by_id_whatever_their_order_and_a_missing_one_is_unknown(sqlite_crm: CrmBench) -> None:
    crm = sqlite_crm
    load(crm, 3)

    def backwards(batch: Sequence[Write]) -> list[WriteResult]:
        return [WriteResult(one.external_id, "written", f"k-{one.external_id}") for one in batch[:0:-1]]

    writer = Scripted(backwards, crm.clock)
    counters = publish_to(crm, writer)
    assert (counters.applied, counters.pending) == (2, 1)
    (lost,) = crm.deliveries("unknown")
    assert {item.key for item in crm.deliveries("done")} == {f"k-{item.external_id}" for item in crm.deliveries("done")}
    writer.rows[lost.external_id] = {"_id": "k9", **lost.after}
    assert publish_to(crm, writer).applied == 1
    assert crm.deliveries("done")[0].key == "k9"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OutcomeUnknown("CON013", "no answer"), "unknown"),
        (Retry("CON013", "busy"), "ready"),
        (Reject("CON046", "not like this", field="tel"), "dead"),
    ],
)
def test_trouble_with_a_whole_batch_settles_every_record_of_it(
    sqlite_crm: CrmBench, error: Exception, state: str
) -> None:
    crm = sqlite_crm
    load(crm, 3)

    def broken(_: Sequence[Write]) -> list[WriteResult]:
        raise error

    counters = publish_to(crm, Scripted(broken, crm.clock))
    assert [item.state for item in crm.deliveries()] == [state] * 3
    assert (counters.pending, counters.dead) == ((0, 3) if state == "dead" else (3, 0))
    if state == "dead":
        assert {str(letter.rule) for letter in crm.letters()} == {"mappings/new_crm/account.out.yaml:9:8"}


@pytest.mark.parametrize(("one_by_one", "sizes"), [(False, [8]), (True, [2, 2, 2, 2])])
def test_a_small_batch_is_spread_over_the_threads_where_each_record_costs_a_call(
    sqlite_crm: CrmBench, one_by_one: bool, sizes: list[int]
) -> None:
    crm = sqlite_crm
    load(crm, 8)
    seen: list[int] = []

    def note(batch: Sequence[Write]) -> list[WriteResult]:
        seen.append(len(batch))
        return [WriteResult(one.external_id, "written", f"k-{one.external_id}") for one in batch]

    stream = dataclasses.replace(STREAM, one_by_one=one_by_one)
    assert publish_to(crm, Scripted(note, crm.clock), stream).applied == 8
    assert seen == sizes
