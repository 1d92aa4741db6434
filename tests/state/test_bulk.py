"""Bulk statements do what their slow counterparts would, for any number of rows, on both databases."""

from __future__ import annotations

from sqlalchemy import select

from goldbridge.state.bulk import BATCH, Insert, group, one_of
from goldbridge.state.engine import Store
from goldbridge.state.tables import meta, sighting

put = Insert(meta, ("name", "value"), conflict=("name",), update=("value",))
keep = Insert(meta, ("name", "value"), conflict=("name",))
see = Insert(sighting, ("generation", "record"))


def test_an_upsert_overwrites_and_an_insert_that_ignores_does_not(store: Store) -> None:
    with store.begin() as conn:
        put(conn, [("a", "1"), ("b", "1")])
        put(conn, [("b", "2"), ("c", "2")])
        keep(conn, [("c", "3"), ("d", "3")])
        found = dict(conn.execute(select(meta.c.name, meta.c.value).where(one_of(meta.c.name, "abcd"))).tuples().all())
    assert found == {"a": "1", "b": "2", "c": "2", "d": "3"}


def test_values_arrive_unchanged(store: Store) -> None:
    odd = {
        "quote": 'O\'Brien "x" \\ {a,b}',
        "wide": "１２３",
        "rare": "𠮷",
        "escape": r"\u0000",
        "json": '{"a": "\\n"}',
    }
    with store.begin() as conn:
        put(conn, list(odd.items()))
        found = dict(conn.execute(select(meta.c.name, meta.c.value).where(one_of(meta.c.name, odd))).tuples().all())
    assert found == odd


def test_more_rows_than_one_statement_takes(store: Store) -> None:
    rows = [(1, number) for number in range(2 * BATCH + 7)]
    with store.begin() as conn:
        see(conn, rows)
        wanted = range(0, 3 * BATCH, 1000)
        found = conn.execute(select(sighting.c.record).where(one_of(sighting.c.record, wanted))).scalars()
        assert sorted(found) == [number for number in wanted if number < len(rows)]


def test_one_compiled_list_serves_different_values(store: Store) -> None:
    with store.begin() as conn:
        see(conn, [(1, number) for number in (2**62, 5, 7)])
        for wanted in ([5], [7, 2**62], []):
            query = select(sighting.c.record).where(one_of(sighting.c.record, wanted))
            assert sorted(conn.execute(query).scalars()) == sorted(wanted)
        names = select(meta.c.name).where(one_of(meta.c.name, ["instance", 'o"dd']))
        assert list(conn.execute(names).scalars()) == ["instance"]


def test_no_rows_is_no_statement(store: Store) -> None:
    with store.begin() as conn:
        put(conn, [])


def test_group_keeps_the_order_met() -> None:
    assert group([(2, 9), (1, 5), (2, 3)]) == {2: [9, 3], 1: [5]}
