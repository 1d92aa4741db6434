"""A table nobody described: the right rows are found, in any order, and nothing is joined that the data do not tell."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.evaluate import PairMetrics, pair_metrics
from dedupe.prepare import prepare
from dedupe.score import score
from dedupe.table.general import Undecided, resolve
from dedupe.table.resolution import Resolution
from tests.dedupe.table.people import Cells, Maker, people

KINDS = {"name": "name", "born": "date", "phone": "code", "town": "name", "province": "category", "source": "category"}


def resolved(cells: Cells, **more: bool | Sequence[str]) -> Resolution:
    return resolve(cells, {name: KINDS[name] for name in cells}, **more)  # type: ignore[arg-type]


def measured(found: Resolution, truth: list[int]) -> PairMetrics:
    return pair_metrics(truth, found.labels)


def only(cells: Cells, *names: str) -> Cells:
    return {name: cells[name] for name in names}


def test_slips_are_found_and_strangers_left_alone() -> None:
    cells, truth = people(200, 60)
    found = resolved(cells)
    quality = measured(found, truth)
    assert quality.precision == 1
    assert quality.recall > 0.95
    assert found.method == "trained"
    assert found.expected_right == pytest.approx(quality.right_pairs, rel=0.1)
    assert found.pairs_compared == 260 * 259 // 2
    assert sum(found.golden) == len(set(found.labels))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    cells, _ = people(60, 20)
    order = random.Random(seed).sample(range(80), 80)
    found = resolved(cells)
    shuffled = resolved({name: [values[row] for row in order] for name, values in cells.items()})

    def groups(labels: list[int], rows: Sequence[int]) -> set[frozenset[int]]:
        return {frozenset(rows[at] for at, each in enumerate(labels) if each == label) for label in labels}

    assert groups(shuffled.labels, order) == groups(found.labels, range(80))
    assert [shuffled.weights[order.index(row)] for row in range(80)] == found.weights
    assert [shuffled.golden[order.index(row)] for row in range(80)] == found.golden


def test_blocking_a_larger_table_finds_what_comparing_all_pairs_would() -> None:
    cells, truth = people(1700, 200)
    found = resolved(cells)
    assert found.pairs_compared < 1900 * 1899 // 2 / 10
    assert found.blocking.keys
    quality = measured(found, truth)
    assert quality.precision > 0.99
    assert quality.recall > 0.95


def test_the_model_gives_each_pair_its_weight_again() -> None:
    cells, _ = people(60, 20)
    found = resolved(cells)
    assert found.model is not None
    rules, numbers = found.model
    records = [prepare(rules, {name: values[row] for name, values in cells.items()}) for row in range(80)]
    for row in range(60, 80):
        other = row - 60
        if found.labels[row] == found.labels[other]:
            assert score(rules, numbers, records[row], records[other]).weight == found.weights[row]
            assert found.weights[row] == found.weights[other]


@pytest.mark.parametrize("names", [("name", "town"), ("name", "born"), ("phone", "town")])
def test_two_columns_are_enough_when_one_tells_rows_apart(names: tuple[str, ...]) -> None:
    cells, truth = people(300, 40)
    quality = measured(resolved(only(cells, *names)), truth)
    assert quality.precision > 0.9
    assert quality.recall > 0.6


def test_a_table_without_duplicates_stays_as_it_is() -> None:
    cells, _ = people(300, 0)
    for names in (("name", "born", "phone", "town"), ("name", "town"), ("name", "born")):
        found = resolved(only(cells, *names))
        assert found.labels == list(range(300))
        assert set(found.weights) == {None}


def test_rows_that_agree_by_chance_are_not_joined() -> None:
    draw = random.Random(1)
    cells = {"name": [draw.choice(["anna", "bob", "carl", "dora", "emil"]) for _ in range(200)],
             "town": [draw.choice(["leeds", "york", "hull", "bath"]) for _ in range(200)]}  # fmt: skip
    assert resolved(cells).labels == list(range(200))


def test_what_follows_from_another_column_counts_once() -> None:
    cells, truth = people(300, 40)
    cells["province"] = [town[:1] for town in cells["town"]]
    found = resolved(only(cells, "name", "town", "province"))
    assert "province" in found.left_out_columns
    assert measured(found, truth).precision > 0.9


def test_a_table_that_cannot_tell_its_rows_apart_is_refused() -> None:
    draw = random.Random(4)
    towns = {"leeds": "north", "york": "north", "hull": "north", "bath": "south", "ely": "east", "ripon": "north"}
    cells: Cells = {"name": [], "town": [], "province": []}
    for _ in range(200):
        town = draw.choice(list(towns))
        for name, value in (
            ("name", draw.choice(["anna", "bob", "carl", "dora", "emil"])),
            ("town", town),
            ("province", towns[town]),
        ):
            cells[name].append(value)
    with pytest.raises(Undecided, match=r"by chance alone \d+ pairs of rows would agree in all of them, and \d+ do"):
        resolved(cells)


def test_equal_rows_are_one_thing() -> None:
    cells = {"name": ["anna smith"] * 5 + ["bob jones"], "town": ["leeds"] * 5 + ["york"]}
    assert resolved(cells).labels == [0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("rows", [0, 1])
def test_fewer_than_two_rows_have_nothing_to_learn_from(rows: int) -> None:
    found = resolved({"name": ["anna"] * rows, "town": ["leeds"] * rows})
    assert (found.labels, found.golden) == (list(range(rows)), [True] * rows)


def two_sources() -> tuple[Cells, list[int], list[str]]:
    """Sixty people in x, forty of them in y with slips, each a third time in y with another slip."""
    cells, truth = people(60, 40)
    make = Maker(9)
    for who in range(40):
        for name, values in cells.items():
            values.append(make.slip(values[who]) if name == "name" else values[who])
        truth.append(who)
    return cells, truth, ["x"] * 60 + ["y"] * 80


def test_linking_joins_only_rows_of_different_sources_each_once() -> None:
    cells, truth, sources = two_sources()
    found = resolved(cells, sources=sources, one_to_one=True)
    groups: dict[int, list[int]] = {}
    for row, label in enumerate(found.labels):
        groups.setdefault(label, []).append(row)
    sizes = {len(rows) for rows in groups.values()}
    assert sizes == {1, 2}
    for rows in groups.values():
        assert len({sources[row] for row in rows}) == len(rows)
        assert len({truth[row] for row in rows}) == 1
    assert sum(len(rows) == 2 for rows in groups.values()) == 40


def test_linking_to_many_lets_a_row_match_several() -> None:
    cells, truth, sources = two_sources()
    found = resolved(cells, sources=sources)
    assert found.pairs_compared >= 60 * 80
    quality = pair_metrics(truth, found.labels, sources=sources)
    assert (quality.precision, quality.true_pairs) == (1, 80)
    assert quality.recall > 0.95


CELLS = st.lists(st.tuples(*(st.sampled_from(["", "anna", "ana", "bob", "12", "x y"]) for _ in range(2))), max_size=7)


@settings(max_examples=15, deadline=None)
@given(CELLS)
def test_any_small_table_has_an_answer(rows: list[tuple[str, str]]) -> None:
    cells = {"name": [one for one, _ in rows], "town": [two for _, two in rows]}
    try:
        found = resolved(cells)
    except Undecided:
        return
    assert len(found.labels) == len(found.weights) == len(found.golden) == len(rows)
    assert sum(found.golden) == len(set(found.labels))
    assert list(dict.fromkeys(found.labels)) == list(range(len(set(found.labels))))  # numbered as they appear
    again = resolved({name: values[::-1] for name, values in cells.items()})
    assert sorted(map(found.labels.count, found.labels)) == sorted(map(again.labels.count, again.labels))
