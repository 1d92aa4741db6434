"""A change of rules is a review: simulated beside, let in case by case, taken back; what was decided holds."""

from __future__ import annotations

from typing import Any

import pytest

from flows import rule_review
from flows.hub import Hub
from flows.master import rules_in_force
from flows.rebuild import deviations
from flows.rule_change import Change, diff, load
from flows.rule_review import accept, activate, rollback
from goldbridge.errors import Halt, Reject
from goldbridge.state import crosswalk, decision, landing, ruleset
from goldbridge.state.audit import Audit
from goldbridge.state.vault import derive
from mdm.export import lines
from mdm.steward import Steward, merge, split
from mdm.verify import violations
from tests.flows.bench import Bench, row

STRICT = "party: {bands: {auto: 60 bits, review: 8 bits, margin: 2 bits}}\n"
NORMAL = "party: {bands: {auto: 20 bits, review: 8 bits, margin: 2 bits}}\n"
NAMES = {
    "crm": ("杭州甲机械有限公司", "宁波乙电子有限公司", "温州丙阀门有限公司"),
    "erp": ("杭州甲机械股份有限公司", "宁波乙电子科技有限公司", "温州丙阀门制造有限公司"),
}
LAST = "party: {name: {order: [source_rank: [crm, erp], recency]}}\n"


@pytest.fixture
def bench(bench: Bench) -> Bench:
    return filled(bench)


@pytest.fixture
def sqlite_bench(sqlite_bench: Bench) -> Bench:
    return filled(sqlite_bench)


def filled(bench: Bench) -> Bench:
    """Three companies, each in both systems under slightly other names."""
    phones = ("0571-87654321", "0574-87654321", "0577-88654321")
    for system, names in NAMES.items():
        rows = zip(names, phones, strict=True)
        bench.put(system, *(row(str(key), name, tel=tel) for key, (name, tel) in enumerate(rows, start=1)))
    bench.write("config/matching.yaml", NORMAL)
    bench.run("crm", "erp", "parties")
    return bench


def export(hub: Hub) -> list[str]:
    with hub.store.read() as conn:
        return list(lines(conn, ["party"]))


def homes(hub: Hub) -> dict[str, int]:
    with hub.store.read() as conn:
        names = landing.names(conn, landing.ids(conn, "party"))
        return {names[record]: golden for record, golden in crosswalk.of_entity(conn, "party")}


def steward(hub: Hub, conn: Any) -> Steward:
    core = rules_in_force(conn, hub.project, hub.survivorship, "party")
    return Steward("anna", core, Audit(derive(hub.key, "audit")))


def sound(hub: Hub) -> None:
    """Every invariant holds, and what is stored is what would be made anew."""
    with hub.store.read() as conn:
        assert violations(conn, hub.project.model, Audit(derive(hub.key, "audit"))) == []
    assert deviations(hub) == []


def changed(hub: Hub) -> Change:
    found = diff(hub, "lin")
    assert found is not None
    return found


def test_edited_rules_wait_for_a_review(bench: Bench) -> None:
    with bench.hub() as hub:
        before = homes(hub)
    bench.write("config/matching.yaml", STRICT)
    bench.run("parties")
    with bench.hub() as hub:
        assert homes(hub) == before
        with hub.store.read() as conn:
            assert ruleset.in_force(conn) == 1


def test_g14_what_is_applied_is_what_was_simulated_and_a_rollback_returns_everything(bench: Bench) -> None:
    with bench.hub() as hub:
        start = export(hub)
    bench.write("config/matching.yaml", STRICT)
    with bench.hub() as hub:
        found = changed(hub)
        assert export(hub) == start
        assert found.counts["split"] == 3
        assert found.counts["overridden"] == 0
        predicted = {id: golden for _, case in found.every() for golden, ids in case.after.items() for id in ids}
        accept(hub, "wu")
        with hub.store.read() as conn:
            assert dict(crosswalk.of_entity(conn, "party")) == predicted
            assert ruleset.in_force(conn) == found.rev
        sound(hub)
        rollback(hub, "wu")
        assert export(hub) == start
        sound(hub)
        with pytest.raises(Reject, match="MDM041 no change of rules is there to take back"):
            rollback(hub, "wu")


def test_cases_are_let_in_one_by_one_and_the_others_are_held(bench: Bench) -> None:
    before = homes(bench.hub())
    bench.write("config/matching.yaml", STRICT)
    with bench.hub() as hub:
        found = changed(hub)
        activate(hub, "wu")
        assert homes(hub) == before
        sound(hub)
        first = found.cases["party"][0]
        accept(hub, "wu", found.rev, [first.number])
        after = homes(hub)
        assert len({name for name in after if after[name] != before[name]}) == 1
        sound(hub)
    bench.put("crm", row("9", "嘉兴戊纸业有限公司", tel="0573-88654321"))
    bench.run("crm", "parties")
    with bench.hub() as hub:
        assert {name: home for name, home in homes(hub).items() if name in after} == after
        accept(hub, "wu")
        assert len(set(homes(hub).values())) == 7
        assert [case.state for _, case in load_newest(hub).every()] == ["accepted"] * 3
        sound(hub)


def load_newest(hub: Hub) -> Change:
    with hub.store.read() as conn:
        return load(conn)


def test_an_acceptance_that_dies_goes_on_where_it_stopped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write("config/matching.yaml", STRICT)
    monkeypatch.setattr(rule_review, "BATCH", 1)
    resolve, calls = rule_review._resolve, iter(range(9))

    def dies(*given: Any, **how: Any) -> None:
        resolve(*given, **how)
        if next(calls) == 1:
            raise KeyboardInterrupt

    with bench.hub() as hub:
        changed(hub)
        monkeypatch.setattr(rule_review, "_resolve", dies)
        with pytest.raises(KeyboardInterrupt):
            accept(hub, "wu")
        assert sorted(case.state for _, case in load_newest(hub).every()) == ["accepted", "held", "held"]
        assert len(set(homes(hub).values())) == 4
        sound(hub)
        monkeypatch.setattr(rule_review, "_resolve", resolve)
        accept(hub, "wu")
        assert len(set(homes(hub).values())) == 6
        sound(hub)


def test_e37_what_a_steward_split_stays_split_and_is_told(bench: Bench) -> None:
    """Guard: dedupe.forest:Forest.obstacle"""
    bench.write("config/matching.yaml", STRICT)
    with bench.hub() as hub:
        changed(hub)
        accept(hub, "wu")
        with hub.store.begin() as conn:
            ids = [landing.record_id("crm", "account", "1"), landing.record_id("erp", "partner", "1")]
            number = decision.add(conn, kind="different", judgement="different", payload={}, proposer="anna")
            decision.add_assertions(conn, [decision.Assertion("different", *ids, "anna", decision=number)])
    bench.write("config/matching.yaml", NORMAL)
    with bench.hub() as hub:
        found = changed(hub)
        assert (found.counts["merged"], found.counts["held"], found.counts["overridden"]) == (2, 1, 0)
        (held,) = found.held["party"]
        assert (held.decision, held.judgement, held.newly) == (number, "different", True)
        accept(hub, "wu")
        at = homes(hub)
        assert at["crm.account/1"] != at["erp.partner/1"]
        assert at["crm.account/2"] == at["erp.partner/2"]
        sound(hub)


def test_e38_what_a_steward_merged_stays_merged_and_is_told(bench: Bench) -> None:
    """Guard: dedupe.forest:Forest.join"""
    with bench.hub() as hub:
        at = homes(hub)
        with hub.store.begin() as conn:
            number = merge(conn, steward(hub, conn), [at["crm.account/1"], at["crm.account/2"]]).decision
            split_at = crosswalk.golden_of(conn, [landing.record_id("crm", "account", "1")])
    del split_at
    bench.write("config/matching.yaml", STRICT)
    with bench.hub() as hub:
        found = changed(hub)
        assert found.counts["overridden"] == 0
        assert [one.decision for one in found.held["party"]] == [number]
        accept(hub, "wu")
        at = homes(hub)
        assert at["crm.account/1"] == at["crm.account/2"]
        assert at["crm.account/3"] != at["erp.partner/3"]
        sound(hub)


def test_survivorship_is_reviewed_as_well(bench: Bench) -> None:
    with bench.hub() as hub:
        start = export(hub)
    bench.write("config/survivorship.yaml", LAST)
    bench.put("crm", row("9", "嘉兴戊纸业有限公司", tel="0573-88654321"))
    with bench.hub() as hub:
        assert changed(hub).counts["values_changed"] == 3
        accept(hub, "wu")
        names = {value for line in export(hub) for value in [line]}
        assert any("杭州甲机械有限公司" in one and '"rule":"source_rank"' in one for one in names)
        sound(hub)
        rollback(hub, "wu")
        assert export(hub) == start
        sound(hub)


def test_nothing_to_review(sqlite_bench: Bench) -> None:
    with sqlite_bench.hub() as hub:
        assert diff(hub, "lin") is None
        again = diff(hub, "lin", statistics=True)
        assert again is not None
        assert sum(again.counts[kind] for kind in ("merged", "split", "moved", "values_changed")) == 0


def test_mdm040_what_waits_to_be_mastered_comes_first(sqlite_bench: Bench) -> None:
    sqlite_bench.put("crm", row("9", "嘉兴戊纸业有限公司"))
    sqlite_bench.run("crm")
    sqlite_bench.write("config/matching.yaml", STRICT)
    with sqlite_bench.hub() as hub, pytest.raises(Halt, match="MDM040 records of party wait to be mastered"):
        diff(hub, "lin")


def test_mdm041_nothing_was_simulated(sqlite_bench: Bench) -> None:
    with sqlite_bench.hub() as hub:
        with pytest.raises(Reject, match="MDM041 no change of rules was simulated"):
            accept(hub, "wu")
        with pytest.raises(Reject, match="MDM041 revision 7 was never simulated"):
            accept(hub, "wu", 7)


def test_mdm042_a_case_that_is_none(sqlite_bench: Bench) -> None:
    sqlite_bench.write("config/matching.yaml", STRICT)
    with sqlite_bench.hub() as hub:
        changed(hub)
        with pytest.raises(Reject, match="MDM042 revision 2 has no case 8; it has 1 to 3"):
            accept(hub, "wu", None, [8])


def test_mdm043_the_state_moved_on(sqlite_bench: Bench) -> None:
    sqlite_bench.write("config/matching.yaml", STRICT)
    with sqlite_bench.hub() as hub:
        changed(hub)
    sqlite_bench.put("crm", row("9", "嘉兴戊纸业有限公司"))
    sqlite_bench.run("crm", "parties")
    with sqlite_bench.hub() as hub:
        with pytest.raises(Reject, match="MDM043 revision 2 was simulated 2 events ago"):
            accept(hub, "wu")
        changed(hub)
        with hub.store.begin() as conn:
            split(conn, steward(hub, conn), homes(hub)["crm.account/1"], [landing.record_id("crm", "account", "1")])
        with pytest.raises(Reject, match="MDM043 revision 3 was simulated"):
            accept(hub, "wu")


def test_mdm044_what_differs_from_the_simulation_is_not_kept(
    sqlite_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_bench.write("config/matching.yaml", STRICT)
    with sqlite_bench.hub() as hub:
        before = homes(hub)
        changed(hub)
        monkeypatch.setattr(rule_review, "_release", lambda *_: None)
        with pytest.raises(Halt, match="MDM044 case 1 of revision 2 would not become what was simulated"):
            accept(hub, "wu")
        assert homes(hub) == before
