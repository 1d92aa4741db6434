"""A judge gives the weight that decided, with parts that add up to it, whichever way the rows were compared."""

from __future__ import annotations

import random

import numpy as np
import pytest

from dedupe.prepare import prepare
from dedupe.score import score
from dedupe.table import company, general
from dedupe.table.engine import guess_columns
from dedupe.table.resolution import Resolution, Wish
from tests.dedupe.table.people import people
from tests.dedupe.table.test_company import ROWS, table

KINDS = {"name": "name", "born": "date", "phone": "code", "town": "name"}


def resolved(rows: int, wish: Wish | None = None) -> tuple[dict[str, list[str]], Resolution]:
    cells, _ = people(rows, rows // 5)
    return cells, general.resolve(cells, KINDS, wish=wish or Wish())


@pytest.mark.parametrize("rows", [300, 3000])
def test_the_edges_have_the_weight_of_their_parts(rows: int) -> None:
    _, found = resolved(rows)
    edges, judge = found.edges, found.judge
    assert judge is not None
    assert len(edges.left) > 20
    matches = list(judge.matches(edges.left.tolist(), edges.right.tolist()))
    assert [match.weight for match in matches] == edges.weights.tolist()
    assert all(sum(part.weight for part in match.parts) == match.weight for match in matches)
    assert [match.band for match in matches] == [edges.band(at) for at in range(len(matches))]
    assert all(judge.compared(a, b) for a, b in zip(edges.left.tolist(), edges.right.tolist(), strict=True))


def test_the_same_weight_as_the_scorer_gives_one_pair() -> None:
    cells, found = resolved(300)
    assert found.model is not None
    assert found.judge is not None
    rules, numbers = found.model
    records = [
        prepare(rules, {name: cells[name][row] for name in cells}) for row in range(len(cells[next(iter(cells))]))
    ]
    for a, b in zip(found.edges.left.tolist()[:50], found.edges.right.tolist()[:50], strict=True):
        told = next(found.judge.matches([a], [b]))
        alone = score(rules, numbers, records[a], records[b])
        assert (told.weight, sorted(told.parts)) == (alone.weight, sorted(alone.parts))


def test_the_order_of_the_rows_does_not_matter() -> None:
    cells, found = resolved(3000)
    order = list(range(len(found.labels)))
    random.Random(5).shuffle(order)
    mixed = {name: [values[row] for row in order] for name, values in cells.items()}
    again = general.resolve(mixed, KINDS)

    def told(one: Resolution, names: list[int]) -> set[tuple[int, int, int, int]]:
        edges = one.edges
        return {
            (min(names[a], names[b]), max(names[a], names[b]), weight, band)
            for a, b, weight, band in zip(
                edges.left.tolist(), edges.right.tolist(), edges.weights.tolist(), edges.bands.tolist(), strict=True
            )
        }

    assert told(found, list(range(len(order)))) == told(again, order)
    for one, two in ((found.labels, again.labels), (found.auto_labels, again.auto_labels)):
        groups = {frozenset(row for row in range(len(one)) if one[row] == label) for label in set(one)}
        assert groups == {frozenset(order[at] for at in range(len(two)) if two[at] == label) for label in set(two)}


def test_what_joins_unasked_lies_inside_the_guess() -> None:
    for found in (resolved(3000)[1], company.resolve(table(ROWS), guess_columns(table(ROWS), {}))):
        home: dict[int, int] = {}
        for auto, guess in zip(found.auto_labels, found.labels, strict=True):
            assert home.setdefault(auto, guess) == guess


def test_keys_that_brought_a_pair_together_and_what_each_is_worth() -> None:
    _, found = resolved(3000)
    judge, edges = found.judge, found.edges
    assert judge is not None
    a, b = int(edges.left[0]), int(edges.right[0])
    assert judge.shared(a, b)
    told = judge.coverage(edges.left, edges.right)
    assert [each.key for each in told] == [key for key, _ in found.blocking.keys]
    assert max(each.matches for each in told) <= len(edges.left)
    assert all(each.alone <= each.matches for each in told)
    one = next(each for each in told if each.matches)
    met = [
        any(shared.key == one.key for shared in judge.shared(x, y))
        for x, y in zip(edges.left.tolist(), edges.right.tolist(), strict=True)
    ]
    assert sum(met) == one.matches


def test_a_wish_for_a_band_moves_what_joins() -> None:
    _, found = resolved(300)
    high = int(found.edges.weights.max()) + 1
    _, strict = resolved(300, Wish(auto=high))
    assert len(set(strict.auto_labels)) == len(strict.auto_labels)
    assert strict.labels == found.labels
    assert strict.bands.auto == high
    with pytest.raises(KeyError, match="nothing"):
        resolved(300, Wish(block=("nothing",)))


def test_companies_have_keys_vetoes_and_parts() -> None:
    cells = table(ROWS)
    found = company.resolve(cells, guess_columns(cells, {}))
    assert found.judge is not None
    weights = [match.weight for match in found.judge.matches(found.edges.left.tolist(), found.edges.right.tolist())]
    assert weights == found.edges.weights.tolist()
    inside = np.flatnonzero(np.array(found.labels)[found.edges.left] == np.array(found.labels)[found.edges.right])
    told = {each.key: each for each in found.judge.coverage(found.edges.left[inside], found.edges.right[inside])}
    assert told["core"].matches > 0
    a, b = int(found.edges.left[0]), int(found.edges.right[0])
    assert found.judge.compared(a, b)
    assert {shared.key.partition("=")[0] for shared in found.judge.shared(a, b)} <= set(told)
