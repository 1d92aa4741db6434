"""Consumers that keep the last seq they saw miss nothing and see nothing twice."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from goldbridge.state import outbox
from goldbridge.state.engine import Store, open_store
from goldbridge.state.outbox import NewEvent


def event(subject: int, kind: outbox.Kind = "golden", entity: str = "party", **more: object) -> NewEvent:
    return NewEvent(kind, subject, entity, 1, "changed", **more)  # type: ignore[arg-type]


def test_events_come_back_in_order_with_everything(store: Store) -> None:
    with store.begin() as conn:
        outbox.append(conn, [event(3), event(1, detail={"members": {"7": [1]}}), event(2)], run=5)
        found = outbox.read(conn)
    assert [one.subject for one in found] == [3, 1, 2]
    assert found[1].detail == {"members": {"7": [1]}}
    assert (found[0].run, found[0].at, found[0].detail) == (5, "2026-03-01T08:00:00.000000Z", None)


def test_readers_choose_what_they_read(store: Store) -> None:
    with store.begin() as conn:
        outbox.append(conn, [], run=1)
        outbox.append(
            conn,
            [
                event(1),
                event(2, entity="contact"),
                event(3, "record", system="legacy_crm", stream="account"),
                event(4, "record", system="legacy_crm", stream="contact"),
            ],
            run=1,
        )

        def subjects(**which: object) -> list[int]:
            return [one.subject for one in outbox.read(conn, **which)]  # type: ignore[arg-type]

        assert subjects(kind="golden") == [1, 2]
        assert subjects(entities=["contact", "other"]) == [2]
        assert subjects(system="legacy_crm") == [3, 4]
        assert subjects(system="legacy_crm", stream="contact") == [4]
        first = outbox.read(conn, limit=1)[0]
        assert subjects(after=first.seq) == [2, 3, 4]
        assert outbox.head(conn) == outbox.read(conn)[-1].seq


def test_pruning_never_lets_numbers_start_again(store: Store) -> None:
    with store.begin() as conn:
        assert outbox.head(conn) == 0
        outbox.append(conn, [event(1), event(2), event(3)], run=1)
        newest = outbox.head(conn)
        assert outbox.prune(conn, newest) == 2
        assert outbox.prune(conn, newest) == 0
        assert outbox.head(conn) == newest
        outbox.append(conn, [event(4)], run=1)
        assert [one.subject for one in outbox.read(conn, newest)] == [4]


@pytest.mark.postgres
def test_a_slow_writer_cannot_commit_behind_a_consumer(postgres_url: str) -> None:
    """Without the lock the second writer would commit first, and a consumer would pass the first event by."""
    first, second, reader = (open_store(postgres_url) for _ in range(3))
    for store in (first, second):
        store.transact(lambda conn: None)
    waiting, done = threading.Event(), threading.Event()

    def write() -> None:
        with second.begin() as conn:
            waiting.set()
            outbox.append(conn, [event(2)], run=1)
        done.set()

    with first.begin() as conn:
        outbox.append(conn, [event(1)], run=1)
        thread = threading.Thread(target=write)
        thread.start()
        waiting.wait(5)
        with reader.read() as other:
            blocked = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            for _ in range(500):
                if other.execute(blocked).scalar_one():
                    break
            assert outbox.read(other) == []
        assert not done.is_set()
    thread.join()
    with reader.read() as other:
        assert [one.subject for one in outbox.read(other)] == [1, 2]
    for store in (first, second, reader):
        store.close()
