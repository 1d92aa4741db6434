"""Every id ever issued leads somewhere, in one hop, and undoing a link restores what was behind it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt
from goldbridge.state import golden
from goldbridge.state.engine import Store
from goldbridge.state.golden import Golden, Redirect, recall, redirect, resolve
from goldbridge.state.tables import golden_redirect

RUN = 1


@pytest.fixture(autouse=True)
def issued(store: Store) -> None:
    with store.begin() as conn:
        golden.save(conn, [Golden(id, "party", id) for id in range(1, 7)], "test", RUN)


def ends(store: Store, *ids: int, as_of: str = "") -> dict[int, list[int]]:
    with store.read() as conn:
        return {id: found.ids for id, found in resolve(conn, ids, as_of=as_of).items()}


def test_an_id_leads_to_itself_and_an_unknown_one_nowhere(store: Store) -> None:
    with store.read() as conn:
        found = resolve(conn, [1, 99])
    assert found[1] == golden.Resolution([1], {}, False)
    assert 99 not in found


def test_e24_a_chain_of_merges_is_one_hop(store: Store, clock: FrozenClock) -> None:
    """Guard: goldbridge.state.redirect:_ends"""
    with store.begin() as conn:
        redirect(conn, [Redirect(1, {2: [11]})], "merge", RUN)
        clock.advance(1)
        redirect(conn, [Redirect(2, {3: [11, 12]})], "merge", RUN)
    assert ends(store, 1, 2, 3) == {1: [3], 2: [3], 3: [3]}
    assert ends(store, 1, as_of="2026-03-01T08:00:00.500000Z") == {1: [2]}
    assert ends(store, 1, as_of="2026-01-01") == {1: [1]}


def test_e24_two_links_of_a_chain_in_one_step(store: Store) -> None:
    """Guard: goldbridge.state.redirect:_ends"""
    with store.begin() as conn:
        redirect(conn, [Redirect(2, {3: []}), Redirect(1, {2: []}), Redirect(3, {4: []})], "merge", RUN)
    assert ends(store, 1, 2, 3) == {1: [4], 2: [4], 3: [4]}


def test_merging_into_something_merged_already(store: Store) -> None:
    with store.begin() as conn:
        redirect(conn, [Redirect(2, {3: []})], "merge", RUN)
        redirect(conn, [Redirect(1, {2: []})], "merge", RUN)
    assert ends(store, 1) == {1: [3]}


def test_e32_a_split_names_where_each_record_went(store: Store) -> None:
    """Guard: goldbridge.state.redirect:_relink"""
    with store.begin() as conn:
        redirect(conn, [Redirect(1, {2: [12, 11], 3: [13]})], "split", RUN)
        redirect(conn, [Redirect(3, {4: [13]})], "merge", RUN)
        found = resolve(conn, [1])[1]
    assert found == golden.Resolution([2, 4], {2: [11, 12], 4: [13]}, True)


def test_e27_recalling_a_middle_link_restores_what_led_to_it(store: Store) -> None:
    """Guard: goldbridge.state.redirect:_reaching"""
    with store.begin() as conn:
        redirect(conn, [Redirect(1, {2: []})], "merge", RUN)
        redirect(conn, [Redirect(2, {3: []})], "merge", RUN)
        redirect(conn, [Redirect(3, {4: []})], "merge", RUN)
        recall(conn, [2], "undo", RUN)
    assert ends(store, 1, 2, 3) == {1: [2], 2: [2], 3: [4]}
    with store.begin() as conn:
        recall(conn, [1, 3], "undo", RUN)
    assert ends(store, 1, 2, 3) == {1: [1], 2: [2], 3: [3]}


def test_g5_a_circle_is_refused(store: Store) -> None:
    with store.begin() as conn:
        redirect(conn, [Redirect(1, {2: []}), Redirect(2, {3: []})], "merge", RUN)
    with pytest.raises(Halt, match="1 -> 2 -> 3 -> 1") as caught, store.begin() as conn:
        redirect(conn, [Redirect(3, {1: []})], "merge", RUN)
    assert caught.value.code == "STA031"
    with pytest.raises(Halt), store.begin() as conn:
        redirect(conn, [Redirect(5, {5: []})], "merge", RUN)
    assert ends(store, 3, 5) == {3: [3], 5: [5]}


def test_saying_the_same_again_writes_nothing(store: Store) -> None:
    with store.begin() as conn:
        redirect(conn, [Redirect(1, {2: [11]})], "merge", RUN)
        redirect(conn, [Redirect(1, {2: [11]})], "merge", 2)
        recall(conn, [5], "undo", 2)
        redirect(conn, [], "merge", 2)
        assert conn.execute(select(golden_redirect.c.run)).scalars().all() == [1]


ids = st.integers(1, 6)
links = st.lists(
    st.tuples(st.booleans(), ids, st.sets(ids, min_size=1, max_size=2)),
    max_size=10,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(links)
def test_one_hop_equals_following_the_links(store: Store, steps: list[tuple[bool, int, set[int]]]) -> None:
    """A model that keeps only direct links and follows them; circles are refused and change nothing."""
    direct: dict[int, set[int]] = {}

    def follow(id: int) -> set[int]:
        return {end for to in direct[id] for end in follow(to)} if id in direct else {id}

    with store.begin() as conn:
        conn.execute(delete(golden_redirect))
    for undo, id, to in steps:
        with store.begin() as conn:
            if undo:
                recall(conn, [id], "undo", RUN)
                direct.pop(id, None)
            elif any(id in ({target} | reach(target, direct)) for target in to):
                with pytest.raises(Halt):
                    redirect(conn, [Redirect(id, {target: [] for target in to})], "merge", RUN)
            else:
                redirect(conn, [Redirect(id, {target: [] for target in to})], "merge", RUN)
                direct[id] = to
        assert ends(store, *range(1, 7)) == {one: sorted(follow(one)) for one in range(1, 7)}


def reach(id: int, direct: dict[int, set[int]]) -> set[int]:
    return {end for to in direct.get(id, ()) for end in {to} | reach(to, direct)}
