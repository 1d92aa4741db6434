"""The edge cases of clustering that the golden-record core is built on; the numbers E01 ... are theirs."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.bit import BIT
from dedupe.cluster import Assertion, Edge, Node, check_assertions, cluster, clusters_of
from dedupe.fact import Facts, conflict
from dedupe.rule import VETOES, Bands, Limits
from goldbridge.errors import Reject

BANDS = Bands()
HEAD_OFFICE = Facts(kind="company", brand="示例", named=True)
BEIJING = HEAD_OFFICE._replace(branch="北京", branch_kind="分公司")
Graph = tuple[list[Node], list[Edge], list[tuple[int, int]]]


def edge(a: int, b: int, bits: float, vetoes: tuple[str, ...] = ()) -> Edge:
    weight = int(bits * BIT)
    return Edge(a, b, weight, BANDS.of(weight) if not vetoes else "review", vetoes)


def nodes(count: int, **facts: Facts) -> list[Node]:
    return [Node(number, facts.get(f"f{number}", Facts())) for number in range(1, count + 1)]


def coded(code: str) -> Facts:
    return Facts(hard=(("credit_code", code),))


def test_e01_a_chain_is_one_cluster_flagged_weak() -> None:
    """Guard: dedupe.cluster:_weak"""
    found = cluster(nodes(3), [edge(1, 2, 30), edge(2, 3, 26), edge(1, 3, 2)])
    assert found.clusters == ((1, 2, 3),)
    assert [(weak.a, weak.b, weak.support) for weak in found.weak] == [(1, 2, 2 * BIT), (2, 3, 2 * BIT)]


def test_e01_a_triangle_is_not_weak_and_the_judge_is_asked_for_unknown_pairs() -> None:
    """Guard: dedupe.cluster:_support"""
    chain = [edge(1, 2, 30), edge(2, 3, 26)]
    assert not cluster(nodes(3), [*chain, edge(1, 3, 25)]).weak
    assert not cluster(nodes(3), [*chain, edge(1, 3, 9)]).weak
    asked: list[tuple[int, int]] = []

    def judge(a: int, b: int) -> Edge:
        asked.append((a, b))
        return edge(a, b, 12)

    assert not cluster(nodes(3), chain, judge=judge).weak
    assert set(asked) == {(1, 3)}


def test_e01_a_pair_that_a_steward_joined_is_not_weak() -> None:
    """Guard: dedupe.graph:bridges"""
    chain = [edge(1, 2, 30), edge(2, 3, 26)]
    assert [(weak.a, weak.b) for weak in cluster(nodes(3), chain, same=[(3, 2)]).weak] == [(1, 2)]
    assert [(weak.a, weak.b) for weak in cluster(nodes(3), chain[:1], same=[(2, 3)]).weak] == [(1, 2)]


def test_e01_never_joined_when_the_ends_are_asserted_different() -> None:
    """Guard: dedupe.forest:Forest.obstacle"""
    found = cluster(nodes(3), [edge(1, 2, 30), edge(2, 3, 26)], different=[(1, 3)])
    assert found.clusters == ((1, 2), (3,))


def test_e02_the_heavier_side_wins_and_the_other_edge_is_a_question() -> None:
    """Guard: dedupe.forest:Forest.obstacle"""
    found = cluster(nodes(3), [edge(1, 2, 26), edge(2, 3, 30)], different=[Assertion(1, 3, 5)])
    assert found.clusters == ((1,), (2, 3))
    assert [(item.a, item.b, item.reason, item.against) for item in found.refused] == [(1, 2, "different", (1, 3))]


def test_e03_same_and_different_contradict_each_other() -> None:
    """Guard: dedupe.cluster:check_assertions"""
    with pytest.raises(
        Reject, match=r"DED020 .*1 and 2 are asserted different \(assertion 9\), but 1 = 2 \(assertion 7\)"
    ):
        cluster(nodes(2), [], same=[Assertion(1, 2, 7)], different=[Assertion(1, 2, 9)])


def test_e04_the_contradiction_names_the_chain() -> None:
    """Guard: dedupe.cluster:check_assertions"""
    with pytest.raises(Reject, match=r"1 = 2 \(assertion 7\), 2 = 3 \(assertion 8\); revoke one of them"):
        check_assertions([Assertion(2, 3, 8), Assertion(1, 2, 7)], [Assertion(1, 3, 9)])
    check_assertions([Assertion(1, 2, 7)], [Assertion(1, 3, 9)])


def test_e05_two_valid_numbers_never_meet_not_even_through_a_third() -> None:
    """Guard: dedupe.fact:hard_ids_differ"""
    facts = {"f1": coded("A"), "f3": coded("B")}
    found = cluster(nodes(3, **facts), [edge(1, 2, 40), edge(2, 3, 30)])
    assert found.clusters == ((1, 2), (3,))
    assert [(item.reason, item.against) for item in found.refused] == [("different_hard_id", (1, 3))]


def test_e05_only_an_asserted_merge_overrides_and_then_either_number_is_at_home() -> None:
    """Guard: dedupe.forest:Forest.join"""
    facts = {"f1": coded("A"), "f2": coded("B"), "f3": coded("B")}
    found = cluster(nodes(3, **facts), [edge(2, 3, 30)], same=[(1, 2)])
    assert found.clusters == ((1, 2, 3),)


def test_e10_a_veto_holds_across_the_whole_cluster() -> None:
    """Guard: dedupe.forest:Forest.obstacle"""
    facts = {"f1": HEAD_OFFICE, "f3": BEIJING}
    found = cluster(nodes(3, **facts), [edge(1, 2, 40), edge(2, 3, 30)])
    assert found.clusters == ((1, 2), (3,))
    assert found.refused[0].reason == "head_office_and_branch"


def test_a_vetoed_edge_never_joins() -> None:
    assert cluster(nodes(2), [Edge(1, 2, 50 * BIT, "auto", ("fund_number",))]).clusters == ((1,), (2,))


def test_e15_a_new_record_between_two_that_a_steward_parted_joins_neither() -> None:
    """Guard: dedupe.cluster:_torn"""
    edges = [edge(1, 2, 40), edge(2, 3, 26)]
    assert cluster(nodes(3), edges, different=[(1, 3)]).clusters == ((1, 2), (3,))
    found = cluster(nodes(3), edges, different=[(1, 3)], fresh=frozenset({2}))
    assert found.clusters == ((1,), (2,), (3,))
    assert {(item.a, item.b): item.reason for item in found.refused} == {(1, 2): "margin", (2, 3): "margin"}


def test_e16_rivals_within_the_margin_are_a_question_even_above_auto() -> None:
    """Guard: dedupe.cluster:_torn"""
    facts = {"f1": Facts(cities=frozenset({"3301"})), "f3": Facts(cities=frozenset({"3302"}))}
    close = [edge(1, 2, 30), edge(2, 3, 28)]
    found = cluster(nodes(3, **facts), close)
    assert found.clusters == ((1,), (2,), (3,))
    assert {item.against for item in found.refused} == {(1, 3)}
    apart = [edge(1, 2, 30), edge(2, 3, 27.9)]
    assert cluster(nodes(3, **facts), apart).clusters == ((1, 2), (3,))


def test_e16_the_second_best_record_of_a_rival_does_not_slip_in() -> None:
    """Guard: dedupe.cluster:_torn"""
    here, there = Facts(cities=frozenset({"3301"})), Facts(cities=frozenset({"3302"}))
    facts = {"f1": here, "f3": there, "f4": there}
    edges = [edge(1, 2, 40), edge(2, 3, 40), edge(2, 4, 25), edge(3, 4, 50)]
    found = cluster(nodes(4, **facts), edges)
    assert found.clusters == ((1,), (2,), (3, 4))


def test_e16_a_number_from_another_province_gives_way() -> None:
    """Guard: dedupe.forest:Forest.gives_way"""
    wrong = Facts(hard=(("credit_code", "X"),), doubtful=True)
    facts = {"f1": coded("A"), "f3": wrong}
    found = cluster(nodes(3, **facts), [edge(1, 2, 40), edge(2, 3, 40)])
    assert found.clusters == ((1, 2), (3,))


def test_a_record_without_a_place_does_not_tie_namesakes_together() -> None:
    facts = {"f1": Facts(cities=frozenset({"3301"})), "f3": Facts(cities=frozenset({"5101"}))}
    edges = [edge(1, 2, 40), edge(2, 3, 26)]
    assert cluster(nodes(3, **facts), edges).refused[0].reason == "namesakes"
    assert cluster(nodes(3, **facts), edges, vetoes=frozenset()).clusters == ((1, 2, 3),)


def test_e17_a_source_that_holds_each_thing_once_gets_no_two_into_a_cluster() -> None:
    """Guard: dedupe.forest:Forest.alone"""
    three = [Node(1, source="erp"), Node(2, source="crm"), Node(3, source="erp")]
    edges = [edge(1, 2, 30), edge(2, 3, 40)]
    assert cluster(three, edges).clusters == ((1, 2, 3),)
    found = cluster(three, edges, unique=frozenset({"erp"}))
    assert found.clusters == ((1,), (2, 3))
    assert (found.refused[0].reason, found.refused[0].against) == ("one_source", (1, 3))
    said = cluster(three, edges, same=[(1, 3)], unique=frozenset({"erp"}))
    assert said.clusters == ((1, 2, 3),)


def test_e20_the_threshold_is_inclusive() -> None:
    """Guard: dedupe.rule:Bands.of"""
    assert cluster(nodes(2), [edge(1, 2, 24)]).clusters == ((1, 2),)
    just_under = Edge(1, 2, 24 * BIT - 1, BANDS.of(24 * BIT - 1))
    assert cluster(nodes(2), [just_under]).clusters == ((1,), (2,))


def test_e21_no_cluster_grows_beyond_the_cap() -> None:
    """Guard: dedupe.forest:Forest.obstacle"""
    many = nodes(60)
    chain = [edge(a, b, 30 + (a % 7)) for a in range(1, 61) for b in range(a + 1, min(a + 4, 61))]
    found = cluster(many, chain, limits=Limits(cluster=10))
    assert max(map(len, found.clusters)) <= 10
    assert {item.reason for item in found.refused} == {"cluster_cap"}
    assert found.capped
    assert sum(map(len, found.clusters)) == 60


@pytest.mark.parametrize(("cap", "clusters"), [(3, ((1, 2), (3, 4))), (4, ((1, 2, 3, 4),))])
def test_e21_a_cluster_may_be_as_large_as_the_cap_and_no_larger(
    cap: int, clusters: tuple[tuple[int, ...], ...]
) -> None:
    """Guard: dedupe.forest:Forest.obstacle"""
    edges = [edge(1, 2, 40), edge(3, 4, 40), edge(2, 3, 30)]
    assert cluster(nodes(4), edges, limits=Limits(cluster=cap)).clusters == clusters


def test_what_met_by_another_way_is_no_question() -> None:
    facts = {"f1": Facts(cities=frozenset({"3301"})), "f3": Facts(cities=frozenset({"3302"}))}
    edges = [edge(1, 2, 30), edge(2, 3, 30)]
    assert cluster(nodes(3, **facts), edges, same=[(1, 2), (2, 3)]).refused == ()


def test_unknown_ends_and_loops_are_ignored_and_the_heavier_of_two_edges_counts() -> None:
    found = cluster(nodes(2), [edge(1, 1, 90), edge(1, 9, 90), edge(2, 1, 3), edge(1, 2, 30)])
    assert found.clusters == ((1, 2),)


def test_connected_components() -> None:
    assert clusters_of([1, 2, 3, 4], [(1, 2), (2, 3)]) == ((1, 2, 3), (4,))


FACTS = st.sampled_from(
    [
        Facts(), coded("A"), coded("B"), HEAD_OFFICE, HEAD_OFFICE._replace(group=True), BEIJING,
        BEIJING._replace(branch="上海"), HEAD_OFFICE._replace(number_mark="2"), Facts(brand="示例", kind="individual"),
        Facts(cities=frozenset({"3301"})), Facts(cities=frozenset({"3302"})),
    ]
)  # fmt: skip


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(2, 9))
    facts = draw(st.lists(FACTS, min_size=size, max_size=size))
    pairs = st.tuples(st.integers(1, size), st.integers(1, size)).filter(lambda pair: pair[0] < pair[1])
    weights = draw(st.dictionaries(pairs, st.sampled_from([2, 10, 24, 25, 26, 30, 40]), max_size=18))  # ties matter
    different = draw(st.lists(pairs, max_size=4))
    return (
        [Node(at, fact) for at, fact in enumerate(facts, 1)],
        [edge(a, b, w) for (a, b), w in weights.items()],
        different,
    )


@settings(max_examples=100, deadline=None)
@given(graphs(), st.integers(0, 2**32))
def test_e18_order_never_matters(graph: Graph, seed: int) -> None:
    """Guard: dedupe.forest:Forest.clusters"""
    all_nodes, edges, different = graph
    expected = cluster(all_nodes, edges, different=different, limits=Limits(cluster=4))
    shuffle = random.Random(seed).sample
    again = cluster(
        shuffle(all_nodes, len(all_nodes)),
        [Edge(e.b, e.a, e.weight, e.band) for e in shuffle(edges, len(edges))],
        different=[(b, a) for a, b in shuffle(different, len(different))],
        limits=Limits(cluster=4),
    )
    assert again == expected


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_no_assertion_no_number_no_veto_and_no_cap_is_ever_crossed(graph: Graph) -> None:
    all_nodes, edges, different = graph
    found = cluster(all_nodes, edges, different=different, limits=Limits(cluster=5))
    fact = {node.id: node.facts for node in all_nodes}
    assert sorted(member for members in found.clusters for member in members) == sorted(fact)
    for members in found.clusters:
        assert len(members) <= 5
        for a, b in combinations(members, 2):
            assert (a, b) not in different
            assert conflict(frozenset(VETOES), fact[a], fact[b]) == ()
