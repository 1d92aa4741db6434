"""What a cutover refuses while it runs, and what it lets a lead do between phases; the evidence of it all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.cutover import evidence
from flows.cutover.control import Control
from flows.cutover.member import enrol
from flows.cutover.office import control_of, plan, status
from flows.cutover.phase import RETURNING, Phase, grant
from flows.cutover.rollback import rollback
from flows.cutover.step import confirm
from flows.hub import Hub
from goldbridge import cli
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured
from goldbridge.state import cutover, ownership
from goldbridge.state.tables import cutover_event
from tests.flows.bench_crm import company, credit_code, person
from tests.flows.cutover.bench import CUTOVER, PATH, CutoverBench


@pytest.fixture
def bench(tmp_path: Path, sqlite_url: str, clock: FrozenClock) -> CutoverBench:
    return CutoverBench(tmp_path / "project", sqlite_url, clock)


@pytest.fixture
def hub(bench: CutoverBench) -> Iterator[Hub]:
    with bench.hub() as opened:
        yield opened


@pytest.fixture
def control(hub: Hub) -> Control:
    return control_of(hub)


def put(control: Control, phase: Phase, **more: Any) -> None:
    """The pilot in a phase, as if it had come there."""
    control.begun("pilot")
    with control.store.begin() as conn:
        cutover.change(conn, "pilot", phase=int(phase), **more)


REFUSED: list[tuple[str, str, Phase, dict[str, Any], Callable[[Control], Any]]] = [
    (
        "CUT023",
        "there is no phase 'flipp'; did you mean 'flip'?",
        Phase.DRAFT,
        {},
        lambda c: c.advance("pilot", to="flipp"),
    ),
    ("CUT023", "the next phase is profile, not flip", Phase.DRAFT, {}, lambda c: c.advance("pilot", to="flip")),
    ("CUT023", "only a frozen wave can carry", Phase.SHADOW, {}, lambda c: c.advance("pilot", carry=True)),
    ("CUT023", "the way back is `goldbridge cutover rollback pilot`", Phase.FLIP, {}, lambda c: c.abort("pilot", "no")),
    (
        "CUT023",
        "nothing was flipped; `goldbridge cutover abort` stops it",
        Phase.SHADOW,
        {},
        lambda c: rollback(c, "pilot"),
    ),
    ("CUT023", "it is done for good", Phase.DONE, {}, lambda c: rollback(c, "pilot")),
    (
        "CUT023",
        "`goldbridge cutover rollback pilot` goes on with it",
        Phase.FLIP,
        {"moving": "rollback"},
        lambda c: c.advance("pilot"),
    ),
    (
        "CUT024",
        "is held: auditors come; `goldbridge cutover release pilot`",
        Phase.DRAFT,
        {"held": "auditors come"},
        lambda c: c.advance("pilot"),
    ),
    ("CUT025", "takes no waiver; only one that says `|| waived` does", Phase.FREEZE, {}, lambda c: waive(c, "1")),
    ("CUT025", "phase draft has no gate '1'", Phase.DRAFT, {}, lambda c: waive(c, "1")),
    ("CUT025", "has an owner who answers for it and a reason", Phase.REHEARSE, {}, lambda c: waive(c, "1", owner=" ")),
    ("CUT025", "a waiver ends in the future", Phase.REHEARSE, {}, lambda c: waive(c, "1", until="2020")),
    (
        "CUT028",
        "no step 'login' waits for a person; did you mean 'logins'?",
        Phase.FLIP,
        {},
        lambda c: confirm(c, "pilot", "login", ""),
    ),
    ("CUT028", "step 'logins' is not due", Phase.SHADOW, {}, lambda c: confirm(c, "pilot", "logins", "")),
]


def waive(control: Control, gate: str, *, owner: str = "Chen", until: str = "2027-01-01") -> Any:
    return control.waive("pilot", gate, owner=owner, reason="known", until=until)


@pytest.mark.parametrize(
    ("code", "words", "phase", "more", "act"), REFUSED, ids=[f"{code}-{at}" for at, (code, *_) in enumerate(REFUSED)]
)
def test_refused(
    control: Control, code: str, words: str, phase: Phase, more: dict[str, Any], act: Callable[[Control], Any]
) -> None:
    put(control, phase, **more)
    with pytest.raises(Halt) as caught:
        act(control)
    assert caught.value.code == code
    assert words.lower() in caught.value.message.lower()
    assert control.state("pilot").phase == phase


def test_an_unknown_wave_is_refused(control: Control) -> None:
    with pytest.raises(Misconfigured, match="there is no wave 'pilt'; did you mean 'pilot'") as caught:
        control.advance("pilt")
    assert caught.value.code == "CUT020"


def test_the_last_door_asks_for_its_phrase(control: Control, clock: FrozenClock) -> None:
    """Guard: flows.cutover.control:Control.final"""
    put(control, Phase.REVERSE_SHADOW)
    clock.wait(15 * 86400)
    with pytest.raises(Halt, match="repeat the command with --phrase 'leave crm for good'") as caught:
        control.advance("pilot")
    assert caught.value.code == "CUT026"
    assert control.advance("pilot", phrase="leave crm for good").phase == Phase.DONE
    assert control.advance("pilot").message == "is done"


def test_without_a_way_back_the_flip_is_the_last_door(bench: CutoverBench) -> None:
    """Guard: flows.cutover.control:Control.final"""
    bench.write(
        PATH,
        CUTOVER.replace("rollback: {budget: 30 min, keep_reverse: 14 d}\n", "").replace(
            '  freeze: ["recon.hash.diff == 0"]\n', ""
        ),
    )
    with bench.hub() as hub:
        control = control_of(hub)
        put(control, Phase.FREEZE)
        with pytest.raises(Halt) as caught:
            control.advance("pilot")
        assert caught.value.code == "CUT026"
        assert control.advance("pilot", phrase="leave crm for good").phase == Phase.FLIP
        with pytest.raises(Halt, match="no way back"):
            rollback(control, "pilot")


def test_a_file_that_changed_after_its_rehearsal_is_refused_with_what_changed(bench: CutoverBench) -> None:
    """Guard: flows.cutover.control:Control.unchanged"""
    with bench.hub() as hub:
        control = control_of(hub)
        put(control, Phase.REHEARSE)
        waive(control, "1")
        assert control.advance("pilot").phase == Phase.BULK_LOAD  # from here on the file is what it is
    bench.edit(PATH, "lag.p99_s < 300", "lag.p99_s < 3000")
    with bench.hub() as hub:
        with pytest.raises(Halt) as caught:
            control_of(hub).advance("pilot")
        assert caught.value.code == "CUT022"
        assert 'gates.shadow: ["lag.p99_s < 300","hours_in_phase >= 1"] -> ["lag.p99_s < 3000"' in caught.value.message
        (told,) = status(control_of(hub), ["pilot"], measure=False)
        assert told["changed_since_rehearsal"]
        control_of(hub).abort("pilot", "another plan")  # back to the draft: it may change again
        assert control_of(hub).advance("pilot").phase == Phase.PROFILE


def test_a_state_holds_one_cutover(bench: CutoverBench) -> None:
    with bench.hub() as hub:
        control_of(hub).advance("pilot")
    bench.edit(PATH, "crm_2026", "crm_2027")
    with bench.hub() as hub, pytest.raises(Halt, match="this state holds the cutover 'crm_2026'") as caught:
        control_of(hub).advance("pilot")
    assert caught.value.code == "CUT032"


def test_hold_release_and_an_expired_waiver(control: Control, clock: FrozenClock) -> None:
    put(control, Phase.REHEARSE)
    control.hold("pilot", "wait for the bank")
    assert control.release("pilot").message == "released"
    assert control.release("pilot").message == "is not held"
    control.waive("pilot", "rehearsals.passed >= 1 || waived", owner="Chen", reason="no sandbox", until="2026-03-02")
    assert control.measured(control.wave("pilot"), control.state("pilot"))[0][0].excused
    clock.wait(2 * 86400)
    stayed = control.advance("pilot")
    assert (stayed.moved, stayed.needs_person) == (False, True)


def test_two_leads_do_not_move_one_wave_twice(control: Control) -> None:
    """Guard: flows.cutover.control:Control.changed"""
    seen = control.begun("pilot")
    control.advance("pilot")
    with pytest.raises(Halt, match="was moved by somebody else meanwhile") as caught:
        control.changed(seen, lambda conn, found: cutover.change(conn, "pilot", phase=9))
    assert caught.value.code == "CUT024"
    assert control.state("pilot").phase == Phase.PROFILE


def test_people_go_where_their_company_goes_and_stay_there(bench: CutoverBench) -> None:
    for wave in ("pilot", "rest"):
        bench.edit(PATH, f"{wave}: {{entities: [party]", f"{wave}: {{entities: [party, contact]")
    bench.accounts(
        "crm",
        company("1", "广州甲机械有限公司", code=credit_code(1), address="广东省广州市1号"),
        company("2", "宁波乙电子有限公司", code=credit_code(2), address="浙江省宁波市2号"),
    )
    bench.people(person("p1", "1", "张三"), person("p2", "2", "李四"), person("p3", "9", "王五"))
    bench.go("crm", "people", "parties", "everyone")

    def waves() -> dict[str, str]:
        with bench.hub() as hub:
            enrol(hub.store, hub.cutover)
            found = {f"{g.values['name']}": g.id for entity in ("party", "contact") for g in bench.goldens(entity)}
            with hub.store.read() as conn:
                known = ownership.waves_of(conn, found.values())
        return {name[:2]: known.get(id, "") for name, id in found.items()}

    assert waves() == {"广州": "pilot", "宁波": "rest", "张三": "pilot", "李四": "rest", "王五": ""}
    with bench.hub() as hub:
        control_of(hub).begun("pilot")
        with hub.store.begin() as conn:
            cutover.change(conn, "pilot", phase=int(Phase.BULK_LOAD))
    bench.edit(PATH, "广东", "浙江")  # whatever the file says now, who is in a wave stays in it
    assert waves()["广州"] == "pilot"


def test_plan_tells_who_may_write_when(control: Control) -> None:
    found = plan(control)
    (pilot, _) = found["waves"]
    assert (pilot["brought_by"], pilot["taken_back_by"]) == ({"party": ["accounts", "partners"]}, {"party": ["back"]})
    phases = {one["phase"]: (one["owner"], one["copies_to"]) for one in pilot["phases"]}
    assert phases["shadow"] == (["crm"], ["new_crm"])
    assert phases["freeze"] == ([], ["new_crm"])
    assert phases["reverse_shadow"] == (["new_crm"], ["crm"])
    assert "dual" not in phases


def test_evidence_is_a_chain_that_anybody_can_check(control: Control) -> None:
    """Guard: goldbridge.state.cutover:verify"""
    control.advance("pilot")
    control.hold("pilot", "<b>why</b>")
    found = json.loads(json.dumps(evidence.bundle(control)))
    assert evidence.verify(found) == len(found["events"]) == 3
    assert [event["action"] for event in found["events"]] == ["begin", "enter profile", "hold"]
    assert "&lt;b&gt;why&lt;/b&gt;" in evidence.page(found)
    with pytest.raises(Halt, match="no evidence"):
        evidence.verify({"events": [{}]})
    other = {**found, "by": "somebody"}
    with pytest.raises(Halt, match="changed after it was sealed"):
        evidence.verify(other)
    found["events"][1]["actor"] = "somebody"
    with pytest.raises(Halt, match="broken at event 2") as caught:
        evidence.verify({**found, "seal": evidence.seal(found)})
    assert caught.value.code == "CUT033"
    with control.store.begin() as conn:
        conn.execute(cutover_event.update().where(cutover_event.c.id == 1).values(actor="somebody"))
    with pytest.raises(Halt, match="broken at event 1"):
        evidence.bundle(control)


def test_what_the_evidence_keeps_has_no_values() -> None:
    """Guard: flows.cutover.outcome:kept"""
    from flows.cutover.outcome import kept

    loss = {"key": "1", "what": "CAPITAL", "expected": "7", "found": "8"}
    assert kept({"recon": [loss]}) == {"recon": [{"key": "1", "what": "CAPITAL"}]}


def test_the_commands(bench: CutoverBench, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        status = cli.main(["--project", str(bench.root), "cutover", *words])
        return status, capsys.readouterr().out

    assert run("plan")[1].startswith("crm_2026: crm -> new_crm")
    assert json.loads(run("plan", "--json")[1])["way_back"]
    assert run("status", "--no-measure")[0] == 0
    done, text = run("advance", "pilot", "--to", "profile", "--json")
    assert (done, json.loads(text)["phase"]) == (0, "profile")
    assert run("advance", "pilot", "--to", "profile") == (0, "pilot: is at profile already\n")
    run("advance", "pilot")
    done, text = run("advance", "pilot")
    assert done == 1
    assert "gate 1: rehearsals.passed >= 1 || waived: does not hold (rehearsals.passed 0)" in text
    assert run("status", "pilot")[0] == 1
    assert run("waive", "pilot", "1", "--owner", "Chen", "--reason", "none", "--until", "soon")[0] == 2
    assert run("waive", "pilot", "1", "--owner", "Chen", "--reason", "none", "--until", "2099-12-31")[0] == 0
    assert run("hold", "pilot", "--reason", "bank holiday")[0] == 0
    assert run("status", "pilot", "--no-measure")[0] == 1
    assert run("advance", "pilot")[0] == 1
    assert run("release", "pilot")[0] == 0
    assert run("advance", "pilot", "--to", "bulk_load")[0] == 0
    assert run("confirm", "pilot", "logins")[0] == 1
    assert run("rollback", "pilot")[0] == 1
    assert run("abort", "pilot", "--reason", "another plan") == (0, "pilot: aborted: bulk_load -> draft\n")
    assert run("evidence", "--out", str(tmp_path / "out"))[0] == 0
    done, text = run("evidence", "--verify", str(tmp_path / "out/evidence.json"))
    assert (done, text.endswith("events proven\n")) == (0, True)
    assert "<h2>Waivers</h2>" in (tmp_path / "out/evidence.html").read_text()
    assert run("evidence", "--verify", str(tmp_path / "missing"))[0] == 2
    assert json.loads(run("evidence")[1])["format"] == evidence.FORMAT
    assert run("advance", "pilt")[0] == 2


def test_what_is_mastered_here_goes_on_to_the_new_system_but_not_on_the_way_back(bench: CutoverBench) -> None:
    bench.write(PATH, CUTOVER + "keep: [party]\n")
    with bench.hub() as hub:
        control = control_of(hub)
        control.begun("pilot")
        for given, to in ((grant(Phase.DRAFT), (0, 0)), (grant(Phase.FLIP), (1, 1)), (RETURNING, (1, 0))):
            with control.store.begin() as conn:
                control.own(conn, control.wave("pilot"), given)
                (owner,) = ownership.load(conn, "pilot")
            assert (owner.to_old, owner.to_new) == to
