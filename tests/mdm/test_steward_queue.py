"""The queue: lanes, who works on what, until when, and many answers at once."""

from __future__ import annotations

import pytest

from flows.desk import Desk
from goldbridge.clock import iso
from goldbridge.errors import Reject
from goldbridge.state import decision, task
from mdm.steward import answer, different, queue, undo
from mdm.steward.bulk import answer_all
from tests.flows.bench import row
from tests.mdm.town import BING, BING_ERP, JIA, JIA_ERP, Town, record


def doubts(town: Town, number: int) -> None:
    """So many more companies that the CRM and the ERP may both know."""
    for key in range(10, 10 + number):
        name = "甲乙丙丁戊己庚辛壬癸"[key % 10]
        town.put("crm", row(str(key), f"温州{name}{name}阀门制造厂", tel=f"0577-8865{key:04d}"))
        town.put("erp", row(str(key), f"{name}{name}阀门有限公司", tel=f"0577-8712{key:04d}"))
    town.run("crm", "erp", "parties")


def test_e45_whoever_leaves_leaves_their_name_and_what_they_decided(town: Town) -> None:
    """Guard: goldbridge.state.task:unassign"""
    with town.steward("lin") as (conn, who):
        made = different(conn, who, record(conn, JIA), record(conn, JIA_ERP))
        (asked,) = task.list_tasks(conn)
        queue.assign(conn, who, asked.id, "lin")
        assert [one.id for one in task.list_tasks(conn, assignee="lin")] == [asked.id]
    with town.steward("wu") as (conn, who):
        assert queue.leave(conn, who, "lin") == 1
        assert [one.id for one in task.list_tasks(conn, assignee="")] == [asked.id]
        assert decision.load(conn, [made.decision])[made.decision].proposer == "lin"
    town.run("parties")
    jia, jia_erp = town.home(JIA, JIA_ERP)
    assert jia != jia_erp


def test_e46_of_many_answers_each_is_a_decision_and_a_bad_one_touches_no_other(town: Town) -> None:
    """Guard: mdm.steward.bulk:answer_all"""
    doubts(town, 5)
    asked = [one.id for one in town.tasks(kinds=["match"])]
    assert len(asked) >= 5
    with town.steward("wu") as (conn, who):
        answer(conn, who, asked[0], "unsure")
        different(conn, who, record(conn, BING), record(conn, BING_ERP))
    with town.hub() as hub:
        done = list(answer_all(hub.store, Desk(hub, "anna"), [*asked, 999], "same", reason="the same phones"))
    failed = {one.task: one.code for one in done if not one.done}
    assert failed == {asked[0]: "STA033", 999: "MDM014"} or len(failed) == 3
    good = [one for one in done if one.done]
    assert len({one.decision for one in good}) == len(good) >= len(asked) - 2
    before = town.canonical()
    with town.steward("anna") as (conn, who):
        undo(conn, who, good[0].decision or 0)
    after = town.canonical()
    assert len(after["golden"]) == len(before["golden"]) + 1
    assert [one.id for one in town.tasks(kinds=["match"]) if one.id == good[0].task] == [good[0].task]


def test_e47_what_is_put_aside_comes_back_on_its_day_or_with_other_evidence(town: Town) -> None:
    """Guard: mdm.steward.queue:defer"""
    (asked,) = town.tasks()
    until = iso(town.clock.now().replace(hour=23))
    with town.steward() as (conn, who):
        with pytest.raises(Reject, match="MDM029"):
            queue.defer(conn, who, asked.id, iso(town.clock.now()))
        queue.defer(conn, who, asked.id, until)
        assert task.list_tasks(conn) == []
    town.run("parties")
    assert town.tasks() == []
    town.put("erp", row("3", "丙阀门有限公司", tel="0577-88654321", at="2026-02-03 08:00:00"))
    town.run("erp", "parties")
    back = town.tasks()
    assert [one.id for one in back] in ([asked.id], [])  # with the same phone it may be sure by now
    with town.steward() as (conn, who):
        for one in back:
            queue.defer(conn, who, one.id, until)
    town.later(86_400)
    assert [one.id for one in town.tasks()] == [one.id for one in back]


def test_lanes_dates_and_comments(sqlite_town: Town) -> None:
    (asked,) = sqlite_town.tasks()
    with sqlite_town.steward() as (conn, who):
        assert asked.queue == "doubt"
        assert queue.lanes(conn) == {"doubt": 1}
        queue.due(conn, who, asked.id, "2026-03-05T00:00:00.000000Z")
        assert [one.id for one in task.list_tasks(conn, due_by="2026-03-05T00:00:00.000000Z")] == [asked.id]
        assert task.list_tasks(conn, due_by="2026-03-04T00:00:00.000000Z") == []
        assert task.list_tasks(conn, priority=3) == []
        queue.comment(conn, who, asked.id, "called them")
        assert [one.text for one in task.comments(conn, asked.id)] == ["called them"]
        with pytest.raises(Reject, match="MDM014"):
            queue.close(conn, who, asked.id)
        weight = asked.payload["weight"]
        assert [one.id for one in queue.weighing(conn, {}, weight, weight, 10)] == [asked.id]
        assert list(queue.weighing(conn, {}, weight + 1, None, 10)) == []
        with pytest.raises(Reject, match="STA033"):
            queue.assign(conn, who, asked.id, "wu", version=asked.version)
        with pytest.raises(Reject, match="MDM014"):
            queue.assign(conn, who, 99, "wu")
