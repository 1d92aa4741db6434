"""Four eyes: what is proposed changes nothing until somebody else approves exactly that."""

from __future__ import annotations

import pytest

from goldbridge.errors import Reject
from goldbridge.settings.setting import SecondPerson
from goldbridge.state import audit, decision, task
from mdm.steward import Decided, Returned, answer, approve, different, merge, reject, split, undo
from tests.flows.bench import row
from tests.mdm.town import BING, BING_ERP, DING, JIA, JIA_ERP, PHONE, YI, YI_ERP, Town, homes, record

ALWAYS = {kind: SecondPerson() for kind in ("merge", "split", "different", "undo")}


def proposed(town: Town, name: str = "anna") -> Decided:
    """A merge of 甲 and 乙 that waits for a second person."""
    with town.steward(name, ALWAYS) as (conn, who):
        made = merge(conn, who, [homes(conn, JIA), homes(conn, YI)], reason="one owner")
    assert made.approval is not None
    return made


def test_e43_mdm026_nobody_approves_their_own_proposal(town: Town) -> None:
    """Guard: mdm.steward.proposal:not_own"""
    before = town.canonical()
    made = proposed(town)
    assert town.home(JIA, YI) == town.home(JIA_ERP, YI_ERP)
    assert len(set(town.home(JIA, YI))) == 2
    with town.steward("anna", ALWAYS) as (conn, who), pytest.raises(Reject, match="MDM026"):
        approve(conn, who, _task(made))
    with town.steward("wu", ALWAYS) as (conn, who):
        done = approve(conn, who, _task(made), reason="I know them")
        assert isinstance(done, Decided)
        held = decision.load(conn, [made.decision])[made.decision]
        assert (held.state, held.proposer, held.approver) == ("applied", "anna", "wu")
        (said,) = decision.active_assertions(conn)
        assert said.author == "anna"
        assert [(one.actor, one.action) for one in audit.read(conn)] == [("anna", "merge"), ("wu", "approve")]
    assert len(set(town.home(JIA, YI))) == 1
    with town.steward("wu") as (conn, who):
        undo(conn, who, made.decision)
    assert town.canonical() == before


def _task(made: Decided) -> int:
    assert made.approval is not None
    return made.approval


def test_e44_what_changed_since_goes_back_to_its_author(town: Town) -> None:
    """Guard: mdm.steward.proposal:overtaken"""
    made = proposed(town)
    town.later()
    town.put("erp", row("9", "杭州甲机械有限公司", tel=PHONE, at="2026-02-03 08:00:00"))
    town.run("erp", "parties")
    with town.steward("wu") as (conn, who):
        done = approve(conn, who, _task(made))
        assert isinstance(done, Returned)
        assert len(done.changed) == 1
        assert "was joined by erp.partner/9" in done.changed[0], done.changed
        assert decision.load(conn, [made.decision])[made.decision].state == "returned"
        (back,) = task.list_tasks(conn, assignee="anna")
        assert (back.id, back.kind) == (done.task, "returned")
    assert len(set(town.home(JIA, YI))) == 2
    # Decided anew, the message is answered.
    again = proposed(town)
    with town.steward("wu") as (conn, who):
        assert task.list_tasks(conn, assignee="anna") == []
        assert isinstance(approve(conn, who, _task(again)), Decided)
    assert len(set(town.home(JIA, YI, "erp.partner/9"))) == 1


def test_e43_an_answer_that_waits_leaves_its_question_open_until_it_is_approved(sqlite_town: Town) -> None:
    """Guard: mdm.steward.proposal:second_person"""
    (asked,) = sqlite_town.tasks()
    with sqlite_town.steward("anna", ALWAYS) as (conn, who):
        made = answer(conn, who, asked.id, "same")
    assert made is not None
    sqlite_town.run("parties")
    assert [one.kind for one in sqlite_town.tasks()] == ["approval", "match"]
    with sqlite_town.steward("wu", ALWAYS) as (conn, who):
        for judgement in ("different", "unsure"):
            with pytest.raises(Reject, match=f"MDM025 decision {made.decision} "):
                answer(conn, who, asked.id, judgement)
        assert reject(conn, who, _task(made), reason="two shops") == made.decision
        assert [one.text for one in task.comments(conn, _task(made))] == ["two shops"]
        with pytest.raises(Reject, match="STA033"):
            approve(conn, who, _task(made))
        again = answer(conn, who, asked.id, "different")
    assert again is not None
    with sqlite_town.steward("anna", ALWAYS) as (conn, who):
        approve(conn, who, _task(again))
        assert task.load(conn, [asked.id])[asked.id].resolution == "different"
    assert sqlite_town.tasks() == []
    assert len(set(sqlite_town.home(BING, BING_ERP))) == 2


def test_the_settings_say_when_a_second_person_is_wanted(sqlite_town: Town) -> None:
    """Guard: mdm.steward.proposal:second_person"""
    with sqlite_town.steward() as (conn, who):
        home, ding = homes(conn, JIA), homes(conn, DING)
        leaving = [record(conn, JIA_ERP)]
    cases: list[tuple[SecondPerson, bool]] = [
        (SecondPerson(entities=("contact",)), False),
        (SecondPerson(entities=("party",)), True),
        (SecondPerson(published=True), False),
        (SecondPerson(over_bits=20), True),
        (SecondPerson(over_bits=500), False),
        (SecondPerson(records=2, under_bits=500), True),
        (SecondPerson(under_bits=20), False),
        (SecondPerson(records=9), False),
    ]
    for rule, wanted in cases:
        with sqlite_town.steward("anna", {"split": rule}) as (conn, who):
            made = split(conn, who, home, leaving)
            assert (made.approval is not None) is wanted, rule
            if made.approval is None:
                undo(conn, who, made.decision)
            else:
                reject(conn, who, made.approval)
    with sqlite_town.steward("anna", {"merge": SecondPerson(under_bits=8)}) as (conn, who):
        assert merge(conn, who, [home, ding]).approval is not None  # nothing speaks for it


def test_an_undo_can_want_a_second_person_too(sqlite_town: Town) -> None:
    with sqlite_town.steward() as (conn, who):
        made = different(conn, who, record(conn, JIA), record(conn, JIA_ERP))
    with sqlite_town.steward("anna", ALWAYS) as (conn, who):
        back = undo(conn, who, made.decision)
    assert len(set(sqlite_town.home(JIA, JIA_ERP))) == 2
    with sqlite_town.steward("wu", ALWAYS) as (conn, who):
        approve(conn, who, _task(back))
    assert len(set(sqlite_town.home(JIA, JIA_ERP))) == 1


def test_mdm014_only_a_proposal_is_approved(sqlite_town: Town) -> None:
    (asked,) = sqlite_town.tasks()
    with sqlite_town.steward() as (conn, who):
        for act in (approve, reject):
            with pytest.raises(Reject, match=f"MDM014 task {asked.id} asks for no approval"):
                act(conn, who, asked.id)
