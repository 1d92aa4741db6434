"""Which rows are compared: keys split where too many rows share one, chosen by what they cost and find."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.grade import KINDS
from dedupe.table.frame import MISSING, Column, Ints
from dedupe.table.pairing import Key, choose, choose_first, closure, combine, derive, estimate, propose, rare_words
from tests.dedupe.table.people import people


def ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def key(codes: list[int], label: str = "k") -> Key:
    return Key(label, frozenset((label,)), ints(codes))


def column(name: str, kind: str, cells: list[str]) -> Column:
    return Column.encode(name, KINDS[kind], cells)


def pairs(left: Ints, right: Ints) -> list[tuple[int, int]]:
    return list(zip(left.tolist(), right.tolist(), strict=True))


CODES = st.lists(st.integers(-1, 4), min_size=1, max_size=12)


@given(CODES, st.integers(2, 20))
def test_rows_under_one_key_meet_once_and_missing_ones_never(codes: list[int], cap: int) -> None:
    left, right, report = propose([key(codes), key(codes, "again")], len(codes), cap, ())
    sizes = {code: codes.count(code) for code in codes}
    expected = [
        (a, b) for a, b in combinations(range(len(codes)), 2) if codes[a] == codes[b] >= 0 and sizes[codes[a]] <= cap
    ]
    assert pairs(left, right) == expected
    left_out = [size for code, size in sizes.items() if code >= 0 and size > cap]
    assert report.left_out == (
        [("k", len(left_out), sum(left_out)), ("again", len(left_out), sum(left_out))] if left_out else []
    )


@given(CODES, st.data())
def test_a_large_group_is_split_by_another_column_and_the_rest_is_reported(
    codes: list[int], data: st.DataObject
) -> None:
    town = data.draw(st.lists(st.sampled_from(["", "a", "b"]), min_size=len(codes), max_size=len(codes)))
    left, right, report = propose([key(codes)], len(codes), 3, [column("town", "name", town)])
    whole = {code for code in codes if code >= 0 and codes.count(code) <= 3}
    both = [(code, each) for code, each in zip(codes, town, strict=True)]
    expected = [
        (a, b)
        for a, b in combinations(range(len(codes)), 2)
        if codes[a] == codes[b] >= 0 and (codes[a] in whole or (town[a] == town[b] != "" and both.count(both[a]) <= 3))
    ]
    assert pairs(left, right) == expected
    over = [each for each in set(both) if each[0] >= 0 and each[0] not in whole and each[1] and both.count(each) > 3]
    assert report.left_out == ([("k", len(over), sum(map(both.count, over)))] if over else [])


def test_only_pairs_across_sources() -> None:
    left, right, report = propose([key([1, 1, 1, 1])], 4, 9, (), ints([0, 0, 1, 1]))
    assert pairs(left, right) == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert report.keys == [("k", 4)]


def test_no_keys_no_pairs() -> None:
    left, right, report = propose([], 5, 9, ())
    assert (pairs(left, right), report.keys, report.left_out) == ([], [], [])


def test_coarser_forms_survive_a_slip() -> None:
    names = ["barbara smith", "barbara smyth", "bob jones", "海康威视", "海康为视"]
    forms = {found.label: found.codes.tolist() for found in derive(column("n", "name", names))}
    assert set(forms) == {"n", "n~sound", "n~start"}
    assert forms["n~sound"][0] == forms["n~sound"][1] != forms["n~sound"][2]
    assert forms["n~sound"][3] == forms["n~sound"][4]
    assert forms["n~start"][0] == forms["n~start"][1] != forms["n~start"][2]
    codes = [f"{number:06d}" for number in range(60)]
    forms = {found.label: found.codes.tolist() for found in derive(column("c", "code", [*codes, "000059"]))}
    assert set(forms) == {"c", "c~start", "c~end"}
    assert [found.label for found in derive(column("c", "category", ["a", "b"]))] == ["c"]


def test_codes_are_combined_across_columns_and_never_within_one() -> None:
    cells, _ = people(80, 20)
    columns = [
        column("name", "name", cells["name"]),
        column("town", "name", cells["town"]),
        column("note", "text", cells["born"]),
    ]
    found = combine(columns)
    assert {frozenset(("name", "town"))} == {each.columns for each in found if len(each.columns) == 2}
    assert not [each for each in found if "note" in each.columns]
    assert "town" not in {each.label for each in found}  # twelve values are no key of their own
    for each in found:
        left, right, _ = propose([each], 100, 1000, ())
        assert each.pairs == len(left)
        assert each.agree(left, right).all()


def test_the_rarest_words_that_two_rows_share() -> None:
    texts = ["entity resolution at scale", "resolution of entities", "at scale", "unique words only", ""]
    found = rare_words(column("t", "text", texts))
    left, right, _ = propose([found], 5, 9, ())
    assert pairs(left, right) == [(0, 1), (0, 2)]


@given(st.lists(st.integers(-1, 5), max_size=40))
def test_the_estimate_of_a_small_table_is_exact(codes: list[int]) -> None:
    sizes = [codes.count(code) for code in set(codes) if code >= 0]
    assert estimate(ints(codes)) == sum(size * (size - 1) // 2 for size in sizes)


def test_the_estimate_of_a_large_table_is_near() -> None:
    neighbours = np.arange(200_000, dtype=np.int64) // 2
    assert estimate(neighbours) == pytest.approx(100_000, rel=0.1)
    few = np.arange(200_000, dtype=np.int64) % 50
    assert estimate(few) == pytest.approx(200_000 * 4_000 / 2, rel=0.1)


def test_cheap_keys_that_find_much_are_chosen_and_the_budget_holds() -> None:
    size = 40
    good = Key("good", frozenset("a"), ints([row // 2 for row in range(size)]), pairs=20)
    wide = Key("wide", frozenset("b"), ints([row // 20 for row in range(size)]), pairs=380)
    blind = Key("blind", frozenset("c"), ints(list(range(size))), pairs=1)
    left, right = ints(list(range(0, size, 2))), ints(list(range(1, size, 2)))
    assert [each.label for each in choose([wide, blind, good], left, right, size, 30)] == ["good"]
    assert [each.label for each in choose([wide, blind, good], left, right, size, 1000)] == ["good", "wide"]
    assert choose([good], ints([]), ints([]), size, 1000) == []
    assert choose([wide], left, right, size, 100) == []


def test_the_first_keys_are_of_many_columns() -> None:
    every = [Key(f"{name}{at}", frozenset(name), ints([0]), pairs=10 - at) for name in "abc" for at in range(3)]
    assert [each.label for each in choose_first(every, 10, 25)] == ["a0", "b0", "c0"]
    assert choose_first([Key("x", frozenset("x"), ints([0]), pairs=21)], 10, 100) == []


@settings(max_examples=60)
@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]), max_size=12))
def test_closure_gives_the_pairs_with_a_partner_in_common(given_pairs: set[tuple[int, int]]) -> None:
    ordered = sorted(given_pairs)
    left, right = closure(ints([a for a, _ in ordered]), ints([b for _, b in ordered]), 8, 60)
    beside = {
        row: {b for a, b in given_pairs if a == row} | {a for a, b in given_pairs if b == row} for row in range(8)
    }
    assert pairs(left, right) == [(a, b) for a, b in combinations(range(8), 2) if beside[a] & beside[b]]


def test_a_row_without_a_value_meets_nobody() -> None:
    assert key([MISSING, MISSING]).agree(ints([0]), ints([1])).tolist() == [False]
