"""Faults of a cutover (F79 to F81): late writes are listed, nothing is lost on the way back, half a move goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from flows.cutover.config import Wave
from flows.cutover.office import control_of
from flows.cutover.phase import Side
from flows.cutover.world import HubWorld, Measured
from flows.replay import prepare
from flows.running import running
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt
from goldbridge.state import cutover, delivery, golden, ownership
from tests.flows.bench_crm import company, credit_code
from tests.flows.cutover.bench import CutoverBench

GUANGZHOU = company(
    "1", "广州甲机械有限公司", code=credit_code(1), capital="100000.10", address="广东省广州市天河区1号", status="A"
)
NINGBO = company(
    "2", "宁波乙电子有限公司", code=credit_code(2), capital="200000.20", address="浙江省宁波市2号", status="A"
)
LATE = {"AT": "2026-03-01 23:30:00", "BY": "wang"}


class Killed(Exception):
    """The process ends here without a word."""


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> CutoverBench:
    """On SQLite only, for what does not depend on the database."""
    return CutoverBench(tmp_path / "project", sqlite_url, clock)


FROZEN = ("profile", "rehearse", "bulk_load", "shadow", "freeze")
FLIPPED = (*FROZEN, "flip")


def test_f79_a_write_after_the_freeze_fails_the_gate_and_is_listed_by_user(bench: CutoverBench) -> None:
    """Guard: flows.cutover.tail:intrusions"""
    bench.edit("config/cutover.yaml", "rollback:", "freeze: {user: BY}\nrollback:")
    bench.accounts("crm", GUANGZHOU, NINGBO)
    bench.bring(*FROZEN)
    bench.accounts("crm", {**GUANGZHOU, **LATE, "CAPITAL": "5"}, {**NINGBO, **LATE, "CAPITAL": "6"})
    bench.clock.wait(24 * 3600)
    stayed = bench.advance("pilot", to="flip")
    assert (stayed.moved, stayed.phase.word) == (False, "freeze")
    (late,) = stayed.behind["frozen.writes"]  # the other company is of another wave
    assert (late["stream"], late["key"], late["by"]) == ("account", "1", "wang")
    assert bench.owner("pilot") == []
    # Carried over, and frozen anew behind it: the next one fails again.
    assert bench.advance("pilot", to="flip", carry=True).moved
    assert [row["capital__c"] for row in bench.rows()] == ["5.00"]
    assert bench.owner("pilot") == ["new_crm"]


def test_f79_a_write_between_the_gate_and_the_flip_stops_the_flip(bench: CutoverBench) -> None:
    """Guard: flows.cutover.tail:intrusions"""
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FROZEN)

    class Late(HubWorld):
        """Somebody saves a form while the gates are being measured."""

        def measure(self, wave: Wave, state: cutover.Wave, names: Collection[str]) -> Measured:
            found = super().measure(wave, state, names)
            bench.accounts("crm", {**GUANGZHOU, **LATE, "CAPITAL": "5"})
            self.watch(wave)
            return found

    bench.clock.wait(24 * 3600)
    with bench.hub() as hub:
        control = control_of(hub)
        control.world = Late(hub)
        with pytest.raises(Halt, match="was written after the freeze") as caught:
            control.advance("pilot", to="flip")
    assert caught.value.code == "CUT027"
    assert bench.owner("pilot") == []


def test_f80_a_rollback_waits_for_what_the_old_side_lacks_and_lists_it(bench: CutoverBench) -> None:
    """Guard: flows.cutover.rollback:_proof"""
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FLIPPED)
    (row,) = bench.rows()
    bench.clock.wait(60)
    bench.tenant.edit("AccountObj", row["_id"], {"capital__c": "7.00"})
    with bench.locked_old():  # the old CRM takes no write: the way back cannot drain
        waits = bench.rollback("pilot")
    assert not waits.moved
    letter, loss = waits.behind["losses"]
    assert letter["key"] == loss["key"]
    assert letter["what"].startswith("CON")
    assert (loss["place"], loss["what"], loss["expected"]) == ("crm.account", "CAPITAL", "7")
    assert bench.owner("pilot") == []
    assert bench.status("pilot")["half_done"] == "rollback: drain"
    # Once it drains, everything is there.
    with bench.hub() as hub:
        for work in prepare(hub, flows=[], ids=[]):
            work.run()
    assert bench.rollback("pilot").waits.startswith("logins")
    bench.confirm("pilot", "logins")
    assert bench.rollback("pilot").moved
    assert bench.old_rows()[0]["CAPITAL"] == "7"
    assert bench.owner("pilot") == ["crm"]


def test_f80_a_row_that_is_gone_in_the_new_system_must_be_gone_in_the_old_one(bench: CutoverBench) -> None:
    """Guard: flows.cutover.world:HubWorld.undead"""
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FLIPPED)
    bench.clock.wait(60)
    with bench.hub() as hub:
        world, wave = HubWorld(hub), hub.cutover.waves["pilot"]
        (one,) = bench.goldens()
        with hub.store.begin() as conn:
            (kept,) = golden.load(conn, [one.id]).values()
            assert world.undead(conn, wave, [one.id]) == []
            kept.state = "retired"
            golden.save(conn, [kept], "test", 1)
            (loss,) = world.undead(conn, wave, [one.id])
    assert (loss["place"], loss["key"], loss["what"]) == ("crm.account", "1", "is still there")


def test_f80_a_loss_is_accepted_only_by_a_phrase_that_counts_it(bench: CutoverBench) -> None:
    """Guard: flows.cutover.rollback:_proof"""
    bench.edit("config/cutover.yaml", "  - {name: logins, confirm: people log in to the new CRM}\n", "")
    bench.edit("config/cutover.yaml", "steps:\n", "")
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FLIPPED)
    (row,) = bench.rows()
    bench.clock.wait(60)
    bench.tenant.edit("AccountObj", row["_id"], {"capital__c": "7.00"})
    with bench.locked_old():
        assert bench.rollback("pilot", phrase="lose 2 records of pilot").waits
        assert bench.rollback("pilot", phrase="lose 1 records of pilot").moved
    assert bench.owner("pilot") == ["crm"]


@pytest.mark.parametrize(("at", "step"), [(2, "dns"), (3, "phones")])  # done and not noted; between the two
def test_f81_a_flip_that_dies_between_its_steps_goes_on_and_status_shows_it(
    bench: CutoverBench, tmp_path: Path, at: int, step: str
) -> None:
    """Guard: flows.cutover.control:Control.resume"""
    log = tmp_path / "done"
    program = '[sh, -c, "echo {0} >> {1}"]'
    check = '[sh, -c, "grep -q {0} {1}"]'
    steps = "".join(
        f"  - {{name: {name}, do: {program.format(name, log)}, check: {check.format(name, log)}}}\n"
        for name in ("dns", "phones")
    )
    bench.edit("config/cutover.yaml", "  - {name: logins, confirm: people log in to the new CRM}\n", steps)
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FROZEN)

    class Dying(HubWorld):
        calls = 0

        def act(self, program: Sequence[str], timeout_s: float) -> tuple[bool, str]:
            if self.calls == at:
                raise Killed
            self.calls += 1
            return super().act(program, timeout_s)

    with bench.hub() as hub:
        control = control_of(hub)
        control.world = Dying(hub)
        with pytest.raises(Killed):
            control.advance("pilot", to="flip")
    assert bench.owner("pilot") == ["new_crm"]
    assert bench.status("pilot")["half_done"] == f"flip: {step}"
    assert bench.advance("pilot", to="flip").message == "flipped"
    assert bench.advance("pilot", to="flip").message == "is at flip already"
    assert log.read_text().split() == ["dns", "phones"]
    assert bench.status("pilot")["half_done"] == ""


def test_f81_a_freeze_that_dies_in_its_drain_goes_on(bench: CutoverBench) -> None:
    """Guard: flows.cutover.control:Control.resume"""
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FROZEN[:-1])
    bench.clock.wait(3600)

    class Dying(HubWorld):
        def catch_up(self, wave: Wave, side: Side) -> list[str]:
            raise Killed

    with bench.hub() as hub:
        control = control_of(hub)
        control.world = Dying(hub)
        with pytest.raises(Killed):
            control.advance("pilot", to="freeze")
    found = bench.status("pilot")
    assert (found["phase"], found["half_done"]) == ("shadow", "freeze: drain")
    assert found["owners"]["party"]["owner"] == []  # nobody may write already
    assert bench.advance("pilot", to="freeze").phase.word == "freeze"


def test_a_writer_with_an_older_map_writes_nothing(bench: CutoverBench) -> None:
    """Guard: goldbridge.state.ownership:check"""
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FROZEN)
    with bench.hub() as hub, running(hub.store, "accounts", "live", "") as late:
        with hub.store.read() as conn:
            held = ownership.epochs(conn, "new_crm", "party")
        assert bench.advance("pilot", to="flip").moved  # meanwhile
        with late.page() as conn, pytest.raises(Halt, match="the owner in wave 'pilot' changed") as caught:
            ownership.check(conn, "new_crm", "party", held)
    assert caught.value.code == "CUT031"


def test_what_a_late_writer_queued_is_not_sent(bench: CutoverBench) -> None:
    """Guard: goldbridge.state.ownership:writable"""
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FLIPPED)
    before = bench.writes
    bench.accounts("crm", {**GUANGZHOU, **LATE, "CAPITAL": "5"})
    bench.clock.wait(24 * 3600)
    bench.go("crm", "parties", "accounts")
    assert [one.state for one in bench.deliveries("ready")] == ["ready"]
    assert bench.writes == before
    assert bench.status("pilot")["behind"]["frozen.writes"][0]["key"] == "1"


def test_a_flip_waits_for_writes_under_way(bench: CutoverBench) -> None:
    """Guard: goldbridge.state.cutover:open_writes"""
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FROZEN)
    (row,) = bench.deliveries("done")
    with bench.hub() as hub, running(hub.store, "accounts", "live", "") as run:
        with run.page() as conn:
            target = ("new_crm", "AccountObj", row.subject)
            order = delivery.Order(*target, 99, "update", row.external_id, {"name": "x"}, key=row.key, entity="party")
            delivery.enqueue(conn, "accounts", [order], run.id)
            (claimed,) = delivery.claim(conn, run.lease, "new_crm", "AccountObj", limit=10, run=run.id)
        stayed = bench.advance("pilot", to="flip")
        assert not stayed.moved
        with run.page() as conn:
            delivery.settle(conn, [delivery.Settlement(claimed.id, "done", row.key)])
    assert bench.status("pilot")["phase"] == "freeze"


def test_what_the_old_system_never_had_goes_on_to_the_new_one(bench: CutoverBench) -> None:
    """Guard: goldbridge.state.ownership:writable"""
    bench.accounts("crm", GUANGZHOU)
    bench.bring(*FLIPPED)
    bench.accounts("erp", company("e1", "广州丁贸易有限公司", code=credit_code(4), address="广东省广州市4号"))
    bench.accounts("crm", {**GUANGZHOU, **LATE, "CAPITAL": "5"})
    bench.clock.wait(24 * 3600)
    bench.go("erp", "crm", "parties", "accounts")
    assert sorted(row["name"] for row in bench.rows()) == ["广州丁贸易有限公司", "广州甲机械有限公司"]
    assert [row["capital__c"] for row in bench.rows() if row["name"].startswith("广州甲")] == ["100000.10"]
