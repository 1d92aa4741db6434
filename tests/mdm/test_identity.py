"""Golden ids last: E22-E27, E29, E35, E36 at the level of the rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.state.golden import golden_id
from mdm.claim import Claimant
from mdm.identity import Assignment, Issued, assign, read_id, write_id


def record(number: int, first_run: int = 1) -> Claimant:
    return Claimant(
        record=number, system="crm", stream="account", key=f"K{number:03}", incarnation=0, version=1,
        first_run=first_run, event_at=None, received_at="2026-03-01T00:00:00.000000Z", values={},
    )  # fmt: skip


R = {number: record(number) for number in range(1, 9)}


def issue(assignment: Assignment, clusters: list[list[Claimant]]) -> tuple[dict[int, int], dict[int, Issued]]:
    current = {c.record: golden for golden, cluster in zip(assignment.ids, clusters, strict=True) for c in cluster}
    issued = {
        golden: Issued("active", min(c.seniority() for c in cluster))
        for golden, cluster in zip(assignment.ids, clusters, strict=True)
    }
    return current, issued


def test_e22_the_same_clusters_keep_their_ids() -> None:
    """Guard: mdm.identity:assign"""
    clusters = [[R[1], R[2]], [R[3]]]
    first = assign(clusters, {}, {})
    again = assign(clusters, *issue(first, clusters))
    assert again.ids == first.ids
    assert not again.redirects
    assert not again.retired


def test_e23_in_a_merge_the_older_id_survives_and_the_other_redirects() -> None:
    """Guard: mdm.identity:assign"""
    apart = [[R[1]], [R[2], R[3]]]
    first = assign(apart, {}, {})
    merged = assign([[R[1], R[2], R[3]]], *issue(first, apart))
    assert merged.ids == [first.ids[0]]
    assert merged.redirects == {first.ids[1]: [first.ids[0]]}


def test_e25_a_late_older_record_does_not_move_the_id() -> None:
    """Guard: mdm.identity:assign"""
    late = record(0, first_run=2)
    first = assign([[R[5]]], {}, {})
    joined = assign([[late, R[5]]], *issue(first, [[R[5]]]))
    assert joined.ids == first.ids


def test_e26_the_majority_keeps_the_id_when_the_founder_leaves() -> None:
    """Guard: mdm.identity:assign"""
    together = [[R[1], R[2], R[3]]]
    first = assign(together, {}, {})
    left = assign([[R[2], R[3]], [R[1]]], *issue(first, together))
    assert left.ids[0] == first.ids[0]
    assert left.ids[1] not in first.ids
    assert not left.redirects


def test_e26_a_leaver_takes_its_former_id_back() -> None:
    """Guard: mdm.identity:_whereabouts"""
    apart = [[R[1]], [R[2]]]
    first = assign(apart, {}, {})
    current, issued = issue(first, apart)
    merged = assign([[R[1], R[2]]], current, issued)
    current = dict.fromkeys((1, 2), merged.ids[0])
    issued[first.ids[1]] = Issued("redirected", R[2].seniority())
    parted = assign([[R[1]], [R[2]]], current, issued)
    assert parted.ids == first.ids


def test_e27_an_undo_restores_ids_against_the_majority() -> None:
    """Guard: mdm.identity:assign"""
    apart = [[R[1]], [R[2], R[3], R[4]]]
    first = assign(apart, {}, {})
    before, issued = issue(first, apart)
    merged = assign([[R[1], R[2], R[3], R[4]]], before, issued)
    current = dict.fromkeys((1, 2, 3, 4), merged.ids[0])
    issued[first.ids[1]] = Issued("redirected", R[2].seniority())
    undone = assign(apart, current, issued, restore=before)
    assert undone.ids == first.ids


def test_the_stewards_choice_of_survivor_wins_over_seniority() -> None:
    apart = [[R[1]], [R[2]]]
    first = assign(apart, {}, {})
    current, issued = issue(first, apart)
    merged = assign([[R[1], R[2]]], current, issued, chosen={2: first.ids[1]})
    assert merged.ids == [first.ids[1]]
    assert merged.redirects == {first.ids[0]: [first.ids[1]]}


def test_e32_a_redirect_of_a_scattered_golden_names_all_its_heirs() -> None:
    """Guard: mdm.identity:assign"""
    apart = [[R[1]], [R[2], R[3]], [R[4]]]
    first = assign(apart, {}, {})
    current, issued = issue(first, apart)
    scattered = assign([[R[1], R[2]], [R[3], R[4]]], current, issued)
    assert scattered.redirects == {first.ids[1]: [first.ids[0], first.ids[2]]}


def test_e35_a_golden_without_live_records_is_retired() -> None:
    """Guard: mdm.identity:assign"""
    first = assign([[R[1]]], {}, {})
    gone = assign([], *issue(first, [[R[1]]]))
    assert gone.retired == first.ids


def test_e36_a_returning_record_gets_its_retired_id_back() -> None:
    """Guard: mdm.identity:_new_id"""
    first = assign([[R[1]]], {}, {})
    back = assign([[R[1]]], {}, {first.ids[0]: Issued("retired", R[1].seniority())})
    assert back.ids == first.ids


@given(st.integers(0, 2**63 - 1))
def test_a_written_id_reads_back(golden: int) -> None:
    assert read_id(write_id("party", golden)) == golden


def test_a_word_that_is_no_id_is_refused() -> None:
    for text in ("party-123", "", "party-aaaaaaaaaaaal", "91330110MA27XL0A1B"):
        with pytest.raises(ValueError, match="golden id"):
            read_id(text)


def test_each_founding_makes_another_id() -> None:
    assert len({golden_id(n, c) for n in R for c in range(3)}) == 24


partitions = st.lists(st.integers(0, 3), min_size=8, max_size=8)


def cut(labels: list[int]) -> list[list[Claimant]]:
    groups: dict[int, list[Claimant]] = {}
    for number, label in zip(R, labels, strict=True):
        groups.setdefault(label, []).append(R[number])
    return list(groups.values())


@given(partitions, partitions, st.randoms(use_true_random=False))
def test_every_old_id_leads_somewhere_and_order_does_not_matter(
    before: list[int], after: list[int], rng: object
) -> None:
    old, new = cut(before), cut(after)
    first = assign(old, {}, {})
    current, issued = issue(first, old)
    second = assign(new, current, issued)
    assert len(set(second.ids)) == len(new)
    assert set(first.ids) <= set(second.ids) | set(second.redirects)
    assert all(set(heirs) <= set(second.ids) for heirs in second.redirects.values())
    shuffled = [sorted(cluster, key=lambda _: rng.random()) for cluster in new]  # type: ignore[attr-defined]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    third = assign(shuffled, current, issued)
    mine = {golden: {c.record for c in cluster} for golden, cluster in zip(second.ids, new, strict=True)}
    theirs = {golden: {c.record for c in cluster} for golden, cluster in zip(third.ids, shuffled, strict=True)}
    assert mine == theirs
    assert second.redirects == third.redirects
