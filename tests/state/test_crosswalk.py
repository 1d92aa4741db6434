"""One source record never points to two golden records, and the history says where it pointed when."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt
from goldbridge.state import crosswalk, landing
from goldbridge.state.crosswalk import Move
from goldbridge.state.engine import Store
from goldbridge.state.tables import membership
from tests.state.samples import CRM, NEW, RUN, land, number

A, B, C = number("A"), number("B"), number("C")
X, Y = number("X", NEW), number("Y", NEW)


@pytest.fixture(autouse=True)
def landed(store: Store) -> None:
    with store.begin() as conn:
        land(conn, ["A", "B", "C"])
        land(conn, ["X", "Y"], ref=NEW)


def test_records_are_found_both_ways(store: Store) -> None:
    with store.begin() as conn:
        assert crosswalk.move(conn, [Move(A, 1), Move(B, 1, "steward"), Move(X, 2)], "test", RUN) == 3
        assert crosswalk.members(conn, [1, 2, 3]) == {1: sorted([A, B]), 2: [X]}
        assert crosswalk.golden_of(conn, [A, B, C]) == {A: 1, B: 1}
        assert crosswalk.resolve_keys(conn, CRM.system, CRM.stream, ["A", "C", "nobody"]) == {"A": 1}
        assert crosswalk.keys_of(conn, [1, 2], CRM.system, CRM.stream) == {1: ["A", "B"]}
        at_home = {(CRM.system, CRM.stream): {1: sorted([A, B])}, (NEW.system, NEW.stream): {2: [X]}}
        assert crosswalk.homes(conn, [1, 2, 3]) == at_home
        assert crosswalk.homes(conn, []) == {}


def test_g1_live_mapped_records_without_a_golden_record_are_named(store: Store) -> None:
    with store.begin() as conn:
        crosswalk.move(conn, [Move(A, 1), Move(X, 2)], "test", RUN)
        landing.delete(conn, CRM, ["C"], RUN)
        assert crosswalk.homeless(conn, CRM.entity) == [
            (ref.system, ref.stream, key) for _, ref, key in sorted([(B, CRM, "B"), (Y, NEW, "Y")])
        ]
        assert len(crosswalk.homeless(conn, CRM.entity, limit=1)) == 1


def test_moving_closes_and_opens_and_standing_still_writes_nothing(store: Store, clock: FrozenClock) -> None:
    with store.begin() as conn:
        crosswalk.move(conn, [Move(A, 1)], "first", RUN)
        assert crosswalk.move(conn, [Move(A, 1, "steward")], "again", RUN) == 0
        clock.advance(1)
        assert crosswalk.move(conn, [Move(A, 2)], "second", 2) == 1
        clock.advance(1)
        assert crosswalk.move(conn, [Move(A, None)], "gone", 3) == 1
        assert crosswalk.move(conn, [Move(A, None), Move(B, None)], "gone", 3) == 0
        rows = crosswalk.history(conn, [A])
    assert [(row.golden, row.cause, row.tx_from[17:19], row.tx_to[17:19], row.run) for row in rows] == [
        (1, "first", "00", "01", 1),
        (2, "second", "01", "02", 2),
    ]


def test_the_past_is_kept(store: Store, clock: FrozenClock) -> None:
    times = []
    with store.begin() as conn:
        for golden in (1, 2, 3):
            crosswalk.move(conn, [Move(A, golden)], "test", RUN)
            times.append(f"2026-03-01T08:00:0{golden - 1}.500000Z")
            clock.advance(1)
        for golden, at in zip((1, 2, 3), times, strict=True):
            assert crosswalk.golden_of(conn, [A], as_of=at) == {A: golden}
            assert crosswalk.members(conn, [1, 2, 3], as_of=at) == {golden: [A]}
        assert crosswalk.golden_of(conn, [A], as_of="2026-01-01") == {}


def test_g1_two_open_rows_are_impossible(store: Store) -> None:
    row = {"record": A, "system": "s", "stream": "t", "basis": "auto", "ours": 0, "published": 0, "cause": "", "run": 1}
    row |= {"tx_from": "", "tx_to": ""}
    with pytest.raises(IntegrityError), store.begin() as conn:
        conn.execute(membership.insert(), [row | {"golden": 1}, row | {"golden": 2}])


def test_a_record_that_never_landed_is_refused(store: Store) -> None:
    with pytest.raises(Halt) as caught, store.begin() as conn:
        crosswalk.move(conn, [Move(99, 1)], "test", RUN)
    assert caught.value.code == "STA022"


def test_f35_references_to_a_deleted_record_still_find_its_last_golden(store: Store) -> None:
    with store.begin() as conn:
        crosswalk.move(conn, [Move(A, 1)], "test", RUN)
        crosswalk.move(conn, [Move(A, 2)], "test", RUN)
        landing.delete(conn, CRM, ["A"], RUN)
        crosswalk.move(conn, [Move(A, None)], "deleted", RUN)
        assert crosswalk.resolve_keys(conn, CRM.system, CRM.stream, ["A"]) == {}
        assert crosswalk.resolve_keys(conn, CRM.system, CRM.stream, ["A"], closed=True) == {"A": 2}


def test_a_reused_key_resolves_to_its_newest_owner(store: Store) -> None:
    with store.begin() as conn:
        crosswalk.move(conn, [Move(A, 1)], "test", RUN)
        (change,) = landing.changed(conn, CRM, [landing.Arrival("A", {"name": "other"})]).changes
        landing.save(conn, CRM, [change.reborn(CRM)], 2)
        crosswalk.move(conn, [Move(number("A", incarnation=1), 2)], "test", 2)
        assert crosswalk.resolve_keys(conn, CRM.system, CRM.stream, ["A"]) == {"A": 2}
        assert crosswalk.keys_of(conn, [1, 2], CRM.system, CRM.stream) == {2: ["A"]}


def test_the_row_we_wrote_is_the_published_one(store: Store) -> None:
    with store.begin() as conn:
        crosswalk.move(conn, [Move(X, 1, "auto")], "matched", RUN)
        assert crosswalk.published(conn, [1], *NEW[:2]) == {}
        assert crosswalk.keys_of(conn, [1], *NEW[:2]) == {1: ["X"]}
        assert crosswalk.move(conn, [Move(X, 1, "our_write")], "written", RUN) == 1
        assert crosswalk.move(conn, [Move(X, 1, "our_write")], "written", RUN) == 0
        assert crosswalk.published(conn, [1], *NEW[:2]) == {1: "X"}


def test_e23_merging_two_published_records_keeps_one_published_and_parting_restores_both(store: Store) -> None:
    """Guard: goldbridge.state.crosswalk:_publish"""
    with store.begin() as conn:
        crosswalk.move(conn, [Move(X, 1, "our_write"), Move(Y, 2, "our_write")], "written", RUN)
        crosswalk.move(conn, [Move(Y, 1, "steward")], "merge", RUN)
        assert crosswalk.published(conn, [1, 2], *NEW[:2]) == {1: "X"}
        assert crosswalk.keys_of(conn, [1], *NEW[:2]) == {1: ["X", "Y"]}
        crosswalk.move(conn, [Move(Y, 2, "steward")], "undo", RUN)
        assert crosswalk.published(conn, [1, 2], *NEW[:2]) == {1: "X", 2: "Y"}


def test_when_the_published_row_leaves_another_of_ours_takes_its_place(store: Store) -> None:
    with store.begin() as conn:
        crosswalk.move(conn, [Move(X, 1, "our_write"), Move(Y, 1, "our_write")], "written", RUN)
        first = crosswalk.published(conn, [1], *NEW[:2])[1]
        assert first == ("X" if X < Y else "Y"), "chosen by id, not by arrival"
        crosswalk.move(conn, [Move(number(first, NEW), None)], "gone", RUN)
        assert crosswalk.published(conn, [1], *NEW[:2]) == {1: "Y" if first == "X" else "X"}
        crosswalk.move(conn, [Move(number(first, NEW), 1, "auto")], "back", RUN)
        assert first in crosswalk.keys_of(conn, [1], *NEW[:2])[1]


def test_deleted_target_rows_are_not_written_to(store: Store) -> None:
    with store.begin() as conn:
        crosswalk.move(conn, [Move(X, 1, "our_write")], "written", RUN)
        landing.delete(conn, NEW, ["X"], RUN)
        assert crosswalk.published(conn, [1], *NEW[:2]) == {}
        assert crosswalk.keys_of(conn, [1], *NEW[:2]) == {}


records = st.sampled_from([A, B, C, X, Y])
moves = st.lists(
    st.lists(
        st.builds(Move, records, st.none() | st.integers(1, 3), st.sampled_from(["auto", "steward", "our_write"])),
        max_size=4,
    ),
    max_size=6,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves)
def test_the_crosswalk_follows_any_sequence_of_moves(store: Store, steps: list[list[Move]]) -> None:
    """A model: the last word per record counts; every golden record with rows of ours has exactly one published."""
    home: dict[int, int] = {}
    ours: set[int] = set()
    with store.begin() as conn:
        conn.execute(membership.delete())
        for step in steps:
            crosswalk.move(conn, step, "model", RUN)
            for one in {one.record: one for one in step}.values():
                if one.golden is None:
                    home.pop(one.record, None)
                    continue
                if one.basis == "our_write":
                    ours.add(one.record)
                home[one.record] = one.golden
            assert crosswalk.golden_of(conn, [A, B, C, X, Y]) == home
            goldens = crosswalk.members(conn, [1, 2, 3])
            assert sorted(record for held in goldens.values() for record in held) == sorted(home)
            for ref, mine in ((CRM, {A, B, C}), (NEW, {X, Y})):
                expected = {home[record] for record in ours & mine & home.keys()}
                assert set(crosswalk.published(conn, [1, 2, 3], *ref[:2])) == expected
        for row in crosswalk.history(conn, [A, B, C, X, Y]):
            assert not row.published or (row.ours and not row.tx_to)
