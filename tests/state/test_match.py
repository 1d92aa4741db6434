"""The matching index gives back exactly the rows that belong to a record now."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text

from goldbridge.errors import Halt
from goldbridge.state import match
from goldbridge.state.engine import Store
from goldbridge.state.match import Candidate, Edge, Identifier
from goldbridge.state.tables import match_edge, match_key


def edge(a: int, b: int, band: match.Band = "auto", weight: int = 240_000) -> Edge:
    return Edge(a, b, weight, band, {"name": 7}, ("different_hard_id",) if band == "no" else ())


def test_keys_are_replaced_not_added(store: Store) -> None:
    with store.begin() as conn:
        assert match.replace_keys(conn, "party", {1: ["a", "b"], 2: ["b"], 3: ["c"]}) == 4
        assert match.replace_keys(conn, "contact", {9: ["b"]}) == 1
        assert match.replace_keys(conn, "party", {1: ["b", "d"], 2: ["b"]}) == 2
        assert match.keys_of(conn, [1, 2, 7]) == {1: ["b", "d"], 2: ["b"]}
        assert match.replace_keys(conn, "party", {3: []}) == 1
        assert match.replace_keys(conn, "party", {}) == 0
        assert match.keys_of(conn, [3]) == match.keys_of(conn, []) == {}
        assert match.lookup(conn, "party", ["b", "x"]) == {"b": [1, 2]}
        assert match.lookup(conn, "party", []) == {}


def test_candidates_share_a_key_of_one_entity(store: Store) -> None:
    with store.begin() as conn:
        match.replace_keys(conn, "party", {1: ["a", "b"], 2: ["a", "b"], 3: ["b"], 4: ["z"]})
        match.replace_keys(conn, "contact", {5: ["a"]})
        assert match.candidates(conn, "party", [1, 4]) == [
            Candidate(1, 2, "a"),
            Candidate(1, 2, "b"),
            Candidate(1, 3, "b"),
        ]
        assert match.candidates(conn, "party", []) == []


def test_e12_a_key_that_everybody_has_proposes_nobody(store: Store) -> None:
    """Guard: goldbridge.state.match:_hubs"""
    with store.begin() as conn:
        match.replace_keys(conn, "party", {record: ["hub", f"own{record // 2}"] for record in range(10)})
        assert len(match.candidates(conn, "party", [4])) == 10
        assert len(match.candidates(conn, "party", [4], cap=10)) == 10
        assert match.candidates(conn, "party", [4], cap=9) == [Candidate(4, 5, "own2")]
        assert match.lookup(conn, "party", ["hub", "own0"], cap=9) == {"own0": [0, 1]}
        assert match.lookup(conn, "party", ["hub"], cap=10) == {"hub": list(range(10))}


def test_identifiers_are_replaced_and_found_by_value(store: Store) -> None:
    good = Identifier(1, "credit_code", "91", "hard", True)
    bad = Identifier(2, "credit_code", "91", "hard", False)
    soft = Identifier(3, "credit_code", "91", "soft", True)
    with store.begin() as conn:
        assert match.replace_identifiers(conn, {1: [good], 2: [bad], 3: [soft]}) == 3
        assert match.replace_identifiers(conn, {1: [good]}) == 0
        assert match.identifiers_of(conn, [1, 9]) == {1: [good]}
        assert match.holders(conn, "credit_code", ["91", "92"]) == {"91": [1, 2, 3]}
        assert match.holders(conn, "credit_code", ["91"], hard=True) == {"91": [1]}
        assert match.holders(conn, "phone", ["91"]) == match.holders(conn, "phone", []) == {}
        phone = Identifier(1, "phone", "+861", "soft", True)
        assert match.replace_identifiers(conn, {1: [phone], 2: []}) == 3
        assert match.identifiers_of(conn, [1, 2]) == {1: [phone]}
        assert match.replace_identifiers(conn, {}) == 0
        assert match.identifiers_of(conn, []) == {}


def test_edges_touching_are_replaced_as_a_whole(store: Store) -> None:
    with store.begin() as conn:
        match.replace_edges(conn, 1, [1, 2], [edge(2, 1), edge(2, 3, "review"), edge(1, 4, "no")])
        match.replace_edges(conn, 2, [1], [edge(1, 9)])
        assert match.edges_touching(conn, 1, [1, 3]) == [edge(1, 2), edge(2, 3, "review")]
        assert match.edges_touching(conn, 1, [1], bands=["no"]) == [edge(1, 4, "no")]
        match.replace_edges(conn, 1, [2], [edge(5, 2)])
        assert match.edges_touching(conn, 1, [1, 2, 3, 4], bands=["auto", "review", "no"]) == [
            edge(1, 4, "no"),
            edge(2, 5),
        ]
        assert match.edges_touching(conn, 1, []) == []
        assert match.drop_revision(conn, 1) == 2
        assert match.edges_touching(conn, 2, [1]) == [edge(1, 9)]


def test_a_component_that_is_everything_is_refused(store: Store) -> None:
    with store.begin() as conn:
        match.replace_edges(conn, 1, [], [edge(n, n + 1) for n in range(20)])
        assert match.component(conn, 1, [3], limit=21)[0] == set(range(21))
        with pytest.raises(Halt, match="more than 20 records hang together") as caught:
            match.component(conn, 1, [3], limit=20)
        assert caught.value.code == "STA035"


nodes = st.integers(0, 12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sets(st.tuples(nodes, nodes).filter(lambda pair: pair[0] < pair[1])), st.sets(nodes, min_size=1))
def test_a_component_is_what_can_be_reached(store: Store, pairs: set[tuple[int, int]], seeds: set[int]) -> None:
    with store.begin() as conn:
        conn.execute(delete(match_edge))
        match.replace_edges(conn, 1, [], [edge(b, a) for a, b in pairs])
        reached, edges = match.component(conn, 1, seeds)
    expected = set(seeds)
    while more := {end for pair in pairs for end in pair if expected & set(pair)} - expected:
        expected |= more
    assert reached == expected
    assert [(one.a, one.b) for one in edges] == sorted(pair for pair in pairs if set(pair) & expected)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(nodes, st.sets(st.sampled_from("abcd")), max_size=4), max_size=4))
def test_the_index_is_what_was_said_last(store: Store, steps: list[dict[int, set[str]]]) -> None:
    held: dict[int, set[str]] = {}
    with store.begin() as conn:
        conn.execute(delete(match_key))
        for step in steps:
            match.replace_keys(conn, "party", step)
            held |= step
            assert match.keys_of(conn, range(13)) == {one: sorted(keys) for one, keys in sorted(held.items()) if keys}


def test_looking_up_uses_the_index(sqlite_store: Store) -> None:
    with sqlite_store.begin() as conn:
        match.replace_keys(conn, "party", {1: ["a"]})
        plan = conn.execute(
            text("EXPLAIN QUERY PLAN SELECT record FROM match_key WHERE entity = 'party' AND key IN (SELECT 'a')")
        ).all()
    assert any("SEARCH match_key USING PRIMARY KEY (entity=? AND key=?)" in row[3] for row in plan)


def test_edges_are_read_without_what_explains_them_and_explained_on_demand(store: Store) -> None:
    with store.begin() as conn:
        match.replace_edges(conn, 1, [], [edge(1, 2), edge(1, 3, "review"), edge(2, 3)])
        slim = match.edges_touching(conn, 1, [1], explained=False)
        assert [(found.a, found.b, found.parts) for found in slim] == [(1, 2, None), (1, 3, None)]
        full = {(found.a, found.b): found.parts for found in match.edges_touching(conn, 1, [1, 2])}
        assert full[1, 3] is not None
        assert match.parts_of(conn, 1, [(1, 3), (2, 3)]) == {pair: full[pair] for pair in ((1, 3), (2, 3))}
        assert match.parts_of(conn, 1, []) == {}


def test_a_component_is_not_gone_on_from_what_is_known(store: Store) -> None:
    with store.begin() as conn:
        match.replace_edges(conn, 1, [], [edge(1, 2), edge(2, 3), edge(3, 4)])
        assert match.component(conn, 1, [1], known={3})[0] == {1, 2, 3}
