"""F73: an event is kept once, in order of arrival; the newest version of a key is known, however old it grows."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from goldbridge.ports import Json, Part
from goldbridge.state import inbox
from goldbridge.state.engine import Store
from goldbridge.state.inbox import Inbox
from goldbridge.state.tables import inbox as table

SHOP = "shop"


def record(key: str, version: str = "", stream: str = "order", **more: Json) -> Part:
    return Part("record", stream, key, version, content={"body": {"id": key, **more}})


def test_an_event_is_kept_once(store: Store) -> None:
    box = Inbox(store)
    assert box.put(SHOP, "e1", [record("A"), record("B")])
    assert not box.put(SHOP, "e1", [record("A"), record("B"), record("C")])
    assert box.put("other", "e1", [record("A")])
    kept = box.page(SHOP, "order", 0, box.last(SHOP), 10)
    assert [(one.event, one.key, one.content) for one in kept] == [
        ("e1", "A", {"body": {"id": "A"}}),
        ("e1", "B", {"body": {"id": "B"}}),
    ]


def test_pages_go_by_arrival_and_leave_out_what_is_no_record(store: Store) -> None:
    box = Inbox(store)
    for number in range(5):
        box.put(SHOP, f"e{number}", [record(f"K{number}"), Part("hint", "crm.account", "A"), Part("unclaimed")])
    box.put(SHOP, "broken", [Part("problem", "order", "broken", problem="CON354 no key")])
    until = box.last(SHOP)
    first = box.page(SHOP, "order", 0, until, 4)
    assert [one.key for one in first] == ["K0", "K1", "K2", "K3"]
    rest = box.page(SHOP, "order", first[-1].seq, until, 4)
    assert [(one.key, one.kind) for one in rest] == [("K4", "record"), ("broken", "problem")]
    assert box.page(SHOP, "order", 0, first[0].seq, 4) == first[:1]
    with store.read() as conn:
        assert inbox.streams(conn, SHOP) == ["crm.account", "order"]
        assert inbox.unclaimed(conn, SHOP) == 5
        assert inbox.hints(conn, SHOP, "crm.account", "") == 5
        assert inbox.waiting(conn, SHOP, "order", first[-1].seq) == 2


def test_the_newest_version_of_a_key_wins_and_of_equal_ones_the_later(store: Store) -> None:
    box = Inbox(store)
    for number, (key, version) in enumerate([("A", "02"), ("A", "03"), ("A", "01"), ("B", "01"), ("B", "01")]):
        box.put(SHOP, f"e{number}", [record(key, version)])
    seqs = [one.seq for one in box.page(SHOP, "order", 0, box.last(SHOP), 10)]
    assert box.newest(SHOP, "order", ["A", "B", "C"], box.last(SHOP)) == {"A": seqs[1], "B": seqs[4]}
    assert box.newest(SHOP, "order", ["A"], seqs[0]) == {"A": seqs[0]}
    assert box.newest(SHOP, "order", [], seqs[0]) == {}


def test_a_seq_is_never_seen_before_a_smaller_one(store: Store) -> None:
    """A reader that passed a seq would never meet one that is committed below it later."""
    box = Inbox(store)
    box.put(SHOP, "first", [record("A")])
    started, done = threading.Event(), threading.Event()

    def second() -> None:
        started.set()
        box.put("other", "second", [record("B")])
        done.set()

    with store.begin() as conn:
        assert inbox.put(conn, SHOP, "slow", [record("S")])
        thread = threading.Thread(target=second)
        thread.start()
        started.wait(5)
        assert not done.wait(0.2), "the second writer waits for the first one's commit"
        before = box.last(SHOP)
        assert [one.key for one in box.page(SHOP, "order", 0, before, 9)] == ["A"]
    thread.join(10)
    assert [one.key for one in box.page(SHOP, "order", before, box.last(SHOP), 9)] == ["S"]
    assert box.last("other") > before


def test_what_nobody_took_is_filed_anew_at_the_end(store: Store) -> None:
    box = Inbox(store)
    box.put(SHOP, "e1", [Part("unclaimed", content={"body": {"id": "A"}})])
    box.put(SHOP, "e2", [Part("problem", "order", "e2", problem="CON354 no key", content={"body": {"nr": "B"}})])
    box.put(SHOP, "e3", [Part("problem", "order", "e3", problem="CON353 cut", content={"text": "{"})])
    passed = box.last(SHOP)

    def route(content: Json) -> list[Part]:
        body = content.get("body", {})
        return [record(body["id"])] if "id" in body else [Part("unclaimed", content=content)]

    with store.begin() as conn:
        assert inbox.refile(conn, SHOP, route) == 1
        assert inbox.refile(conn, SHOP, route) == 0
    assert [one.key for one in box.page(SHOP, "order", passed, box.last(SHOP), 9)] == ["A"]
    assert not box.put(SHOP, "e1", [record("A")]), "it is still known"


def test_pruning_keeps_what_is_unread_and_the_newest_place_of_each_key(store: Store) -> None:
    box = Inbox(store)
    for number, version in enumerate(["02", "03", "01"]):
        box.put(SHOP, f"e{number}", [record("A", version), Part("hint", "crm.account", "A")])
    read = box.last(SHOP)
    box.put(SHOP, "unread", [record("B", "01")])
    with store.begin() as conn:
        assert inbox.prune(conn, SHOP, "order", read, before="2020") == 0
        assert inbox.prune(conn, SHOP, "order", read, before="9") == 3
        assert inbox.prune(conn, SHOP, "order", read, before="9") == 0
        assert inbox.prune(conn, SHOP, "crm.account", read, before="9") == 3
    kept = box.page(SHOP, "order", 0, box.last(SHOP), 9)
    assert [(one.key, one.version, one.content) for one in kept] == [
        ("A", "03", None),
        ("B", "01", {"body": {"id": "B"}}),
    ]
    box.put(SHOP, "late", [record("A", "02")])
    newest = box.newest(SHOP, "order", ["A"], box.last(SHOP))
    assert newest == {"A": kept[0].seq}, "an old version does not win because the newer one was pruned"


def test_counts_add_up(store: Store) -> None:
    with store.begin() as conn:
        inbox.tally(conn, SHOP, {"taken": 2, "CON350": 1})
        inbox.tally(conn, SHOP, {"taken": 3})
        assert {what: one.number for what, one in inbox.tallies(conn, SHOP).items()} == {"CON350": 1, "taken": 5}
        assert inbox.tallies(conn, "other") == {}


def test_places_by_time(store: Store) -> None:
    box = Inbox(store)
    box.put(SHOP, "e1", [record("A")])
    box.put(SHOP, "e2", [record("B")])
    first, second = (one.seq for one in box.page(SHOP, "order", 0, box.last(SHOP), 9))
    with store.begin() as conn:
        conn.execute(update(table).where(table.c.seq == first).values(received_at="2026-02-01T00:00:00.000000Z"))
        assert inbox.last_at(conn, SHOP) == "2026-03-01T08:00:00.000000Z"
        assert inbox.last_at(conn, "nobody") == ""
    assert box.place(SHOP, "2026-02-02") == first
    assert box.place(SHOP, "2026-04-01") == second
    assert box.place(SHOP, "2026-01-01") == 0


@pytest.mark.parametrize("question", ["page", "newest", "put"])
def test_no_question_of_a_page_walks_the_whole_inbox(sqlite_store: Store, question: str) -> None:
    statements: list[str] = []
    from sqlalchemy import event

    def note(conn: object, cursor: object, statement: str, parameters: object, context: object, many: bool) -> None:
        statements.append(statement)

    event.listen(sqlite_store.engine, "before_cursor_execute", note)
    with sqlite_store.begin() as conn:
        {
            "page": lambda: inbox.page(conn, SHOP, "order", 0, 9, 9),
            "newest": lambda: inbox.newest(conn, SHOP, "order", ["A"], 9),
            "put": lambda: inbox.put(conn, SHOP, "e", [record("A")]),
        }[question]()
    event.remove(sqlite_store.engine, "before_cursor_execute", note)
    asked = [one for one in statements if one.startswith("SELECT")]
    assert asked
    with sqlite_store.read() as conn:
        for one in asked:
            plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", tuple(["x"] * one.count("?"))).all()
            assert not [row for row in plan if row[3].startswith("SCAN inbox")], plan
