"""A task never duplicates, never loses an answer, and comes back only when there is reason to."""

from __future__ import annotations

import pytest

from goldbridge.clock import FrozenClock
from goldbridge.errors import Reject
from goldbridge.state import task as tasks
from goldbridge.state.engine import Store
from goldbridge.state.task import NewTask, Task


def ask(*subject: int, kind: str = "review", evidence: str = "e1", **more: object) -> NewTask:
    return NewTask(kind, subject, {"pair": list(subject)}, "party", evidence_hash=evidence, **more)  # type: ignore[arg-type]


def open_(store: Store, *new: NewTask) -> list[int]:
    with store.begin() as conn:
        return tasks.open_tasks(conn, new)


def load(store: Store, id: int) -> Task:
    with store.read() as conn:
        return tasks.load(conn, [id])[id]


def test_a_task_is_opened_once_per_subject_in_any_order(store: Store) -> None:
    first, other, kind = open_(store, ask(2, 1), ask(3, 4), ask(1, 2, kind="conflict"))
    assert open_(store, ask(1, 2, 2), ask(1, 2)) == [first, first]
    assert len({first, other, kind}) == 3
    found = load(store, first)
    assert (found.subject, found.state, found.version, found.payload) == ([1, 2], "open", 1, {"pair": [2, 1]})
    assert open_(store) == []


def test_news_goes_into_the_task_that_is_there(store: Store, clock: FrozenClock) -> None:
    (id,) = open_(store, ask(1, 2))
    clock.advance(1)
    assert open_(store, ask(1, 2, evidence="e2", priority=5)) == [id]
    found = load(store, id)
    assert (found.evidence_hash, found.priority, found.version) == ("e2", 5, 2)
    assert found.changed_at > found.created_at


def test_without_evidence_the_payload_tells_news(store: Store) -> None:
    (id,) = open_(store, NewTask("dq", [1], {"a": 1}))
    open_(store, NewTask("dq", [1], {"a": 1}))
    assert load(store, id).version == 1
    open_(store, NewTask("dq", [1], {"a": 2}))
    assert load(store, id).payload == {"a": 2}


def test_a_closed_task_leaves_room_for_a_new_one(store: Store) -> None:
    (id,) = open_(store, ask(1, 2))
    with store.begin() as conn:
        closed = tasks.resolve(conn, id, version=1, resolution="different", decision=9)
    assert (closed.state, closed.resolution, closed.decision, closed.version) == ("done", "different", 9, 2)
    (again,) = open_(store, ask(1, 2))
    assert again != id
    with store.begin() as conn:
        assert tasks.reopen(conn, id).id == again
        tasks.withdraw(conn, [again], "question went away")
        assert tasks.reopen(conn, id).state == "open"


def test_e41_the_second_answer_is_told_of_the_first(store: Store) -> None:
    """Guard: goldbridge.state.task:_change"""
    (id,) = open_(store, ask(1, 2))
    with store.begin() as conn:
        tasks.resolve(conn, id, version=1, resolution="different", decision=9)
        with pytest.raises(Reject, match=r"done with 'different' \(decision 9\)") as caught:
            tasks.resolve(conn, id, version=1, resolution="same")
        assert caught.value.code == "STA033"
        with pytest.raises(Reject):
            tasks.update(conn, id, version=2, assignee="wu")


def test_e42_an_answer_to_a_case_that_changed_is_refused(store: Store) -> None:
    """Guard: goldbridge.state.task:_change"""
    (id,) = open_(store, ask(1, 2))
    open_(store, ask(1, 2, evidence="e2"))
    with store.begin() as conn, pytest.raises(Reject, match="version 2, you saw 1"):
        tasks.resolve(conn, id, version=1, resolution="same")
    with store.begin() as conn, pytest.raises(Reject) as caught:
        tasks.reopen(conn, 99)
    assert caught.value.code == "STA032"


def test_e47_a_deferred_task_comes_back_when_due_or_when_evidence_changes(store: Store, clock: FrozenClock) -> None:
    """Guard: goldbridge.state.task:_refresh"""
    due, changed = open_(store, ask(1, 2), ask(3, 4))
    with store.begin() as conn:
        for id in (due, changed):
            tasks.update(conn, id, version=1, state="deferred", due_at="2026-03-02T08:00:00.000000Z")
        assert tasks.list_tasks(conn) == []
        assert tasks.open_tasks(conn, [ask(1, 2), ask(3, 4, evidence="e2")]) == [due, changed]
        assert [one.id for one in tasks.list_tasks(conn)] == [changed]
        clock.advance(86_400)
        assert [one.id for one in tasks.list_tasks(conn)] == [due, changed]
        assert [one.id for one in tasks.list_tasks(conn, states=["deferred"])] == [due]


def test_tasks_are_listed_by_priority_then_age_and_by_what_is_asked(store: Store) -> None:
    low, high, other = open_(store, ask(1), ask(2, priority=9), ask(3, kind="dq", queue="data"))
    with store.begin() as conn:
        tasks.update(conn, low, version=1, assignee="lin", priority=1, queue="default")

        def listed(**which: object) -> list[int]:
            return [one.id for one in tasks.list_tasks(conn, **which)]  # type: ignore[arg-type]

        assert listed() == [high, low, other]
        assert listed(kinds=["dq"]) == listed(queue="data") == [other]
        assert listed(assignee="lin") == [low]
        assert listed(assignee="") == [high, other]
        assert listed(entity="contact") == []
        assert listed(limit=1, offset=1) == [low]
        assert tasks.count(conn) == {("default", "review", "open"): 2, ("data", "dq", "open"): 1}


def test_tasks_are_found_by_their_records(store: Store) -> None:
    first, second, _ = open_(store, ask(1, 2), ask(2, 3), ask(8, 9))
    with store.begin() as conn:
        assert [one.id for one in tasks.touching(conn, [2])] == [first, second]
        assert tasks.touching(conn, []) == []
        assert tasks.withdraw(conn, [first, 99], "merged") == 1
        assert tasks.withdraw(conn, [], "x") == 0
        assert [one.id for one in tasks.touching(conn, [2])] == [second]
        assert tasks.load(conn, [first])[first].resolution == "merged"


def test_e45_the_tasks_of_somebody_who_left_return_to_the_pool(store: Store) -> None:
    """Guard: goldbridge.state.task:unassign"""
    first, second = open_(store, ask(1), ask(2))
    with store.begin() as conn:
        tasks.update(conn, first, version=1, assignee="lin")
        tasks.update(conn, second, version=1, assignee="wu")
        assert tasks.unassign(conn, "lin") == 1
        assert [one.assignee for one in tasks.load(conn, [first, second]).values()] == ["", "wu"]


def test_comments_stay_in_order(store: Store) -> None:
    (id,) = open_(store, ask(1))
    with store.begin() as conn:
        tasks.comment(conn, id, "lin", "called them \0")
        tasks.comment(conn, id, "wu", "same owner")
        found = tasks.comments(conn, id)
    assert [(one.author, one.text) for one in found] == [("lin", "called them \\u0000"), ("wu", "same owner")]


def test_many_tasks_at_once(store: Store) -> None:
    ids = open_(store, *(ask(n, n + 1) for n in range(1200)))
    assert ids == sorted(set(ids))
    with store.read() as conn:
        assert tasks.load(conn, []) == {}
        assert tasks.load(conn, ids[700:701])[ids[700]].subject == [700, 701]
