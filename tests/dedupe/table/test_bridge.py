"""The forest that ties clusters, the way through it, and the weakest edge on it."""

from __future__ import annotations

import numpy as np

from dedupe.table.bridge import Bridge, Step, bridges, forest, path
from dedupe.table.edge import AUTO, Edges


def made(*pairs: tuple[int, int, int]) -> Edges:
    left, right, weights = (np.array(each, dtype=np.int64) for each in zip(*pairs, strict=True))
    return Edges(left, right, weights, np.full(len(pairs), AUTO, dtype=np.int8))


EDGES = made((0, 1, 50), (0, 2, 10), (1, 2, 40), (2, 3, 30), (0, 3, 20), (4, 5, 5), (3, 4, 99))
LABELS = [0, 0, 0, 0, 1, 1]


def test_the_heaviest_edges_tie_a_cluster_and_none_leads_out_of_it() -> None:
    assert forest(LABELS, EDGES) == [Step(0, 1, 50), Step(1, 2, 40), Step(2, 3, 30), Step(4, 5, 5)]


def test_equal_weights_are_taken_by_row_numbers() -> None:
    assert forest([0, 0, 0], made((1, 2, 7), (0, 2, 7), (0, 1, 7))) == [Step(0, 1, 7), Step(0, 2, 7)]


def test_the_way_is_walked_from_end_to_end() -> None:
    tree = forest(LABELS, EDGES)
    assert path(tree, 3, 0) == [Step(3, 2, 30), Step(2, 1, 40), Step(1, 0, 50)]
    assert path(tree, 0, 5) == []
    assert path(tree, 2, 2) == []


def test_the_weakest_bridge_of_each_cluster() -> None:
    tree = forest(LABELS, EDGES)
    assert bridges(LABELS, tree, 9) == [Bridge(1, 2, 4, 5, 5), Bridge(0, 4, 2, 3, 30)]
    assert len(bridges(LABELS, tree, 1)) == 1


def test_a_table_without_edges() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert forest([0, 1], Edges(nothing, nothing, nothing, np.zeros(0, dtype=np.int8))) == []
