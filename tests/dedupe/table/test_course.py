"""A sitting of labelling on whole tables: it helps where defaults are wrong, and follows from rows and labels alone."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from dedupe.choose import AUTO
from dedupe.evaluate import pair_metrics
from dedupe.label import UNSURE, Label, label
from dedupe.learn import Learned
from dedupe.table import company, general
from dedupe.table.course import Course
from dedupe.table.engine import guess_columns
from dedupe.table.resolution import Resolution, Wish
from tests.dedupe.table.people import FAMILY, Cells, families, people
from tests.dedupe.table.test_company import ROWS, table
from tests.dedupe.table.test_judge import KINDS


def answers(course: Course, truth: Sequence[int], count: int, said: Sequence[Label] = ()) -> list[Label]:
    """Labels of somebody who knows."""
    given = list(said)
    while len(given) < count and (asked := course.next()) is not None:
        verdict = "same" if truth[asked.left] == truth[asked.right] else "different"
        given.append(label(asked.left, asked.right, verdict, len(given), asked.why))
        course.heed(given)
    return given


def taught(cells: Cells, kinds: dict[str, str], course: Course, learned: Learned) -> Resolution:
    assert course.found.model is not None
    names = [each.name for each in course.found.model.rules.comparisons]
    weights = dict(zip(names, learned.belief.model.weights, strict=True))
    return general.resolve(cells, kinds, wish=Wish(guess=learned.belief.model.even, weights=weights))


def test_labels_help_where_the_defaults_are_wrong() -> None:
    cells, truth = families(150, 0.25)
    found = general.resolve(cells, FAMILY)
    assert pair_metrics(truth, found.labels).f1 < 0.3
    course = Course(found)
    answers(course, truth, 100)
    learned = course.learn()
    assert learned.proven
    assert pair_metrics(truth, taught(cells, FAMILY, course, learned).labels).f1 > 0.93
    # The weights that were wrong are told: a first name says more, a roof less.
    before, after = course.start.weights, learned.belief.model.weights
    assert after[0][-1] < before[0][-1]


def test_labels_do_not_help_where_the_defaults_are_right() -> None:
    cells, truth = people(150, 40)
    found = general.resolve(cells, KINDS)
    assert pair_metrics(truth, found.labels).f1 == 1.0
    course = Course(found)
    answers(course, truth, 60)
    learned = course.learn()
    assert (learned.choice, learned.proven) == ("kept", False)
    assert learned.reason == "on labels held out nothing did better"
    assert learned.belief.model == course.start


def test_the_rule_says_enough_on_an_easy_table_before_all_is_answered() -> None:
    cells, truth = people(150, 60)
    course = Course(general.resolve(cells, KINDS))
    assert not course.standing.enough
    said: list[Label] = []
    while not course.standing.enough:
        said = answers(course, truth, len(said) + 10, said)
        assert len(said) < 250
    tested, right = course.tested(course.belief, course.bands)
    assert tested == right >= 50
    assert course.standing.least >= 0.95
    # One wrong merge among the tested takes it back.
    drawn = next(each for each in said if each.why == AUTO)
    course.heed([each if each != drawn else drawn._replace(verdict="different") for each in said])
    assert not course.standing.enough


def test_neither_the_order_of_labels_nor_of_rows_matters() -> None:
    cells, truth = families(40, 0.3)
    course = Course(general.resolve(cells, FAMILY))
    said = answers(course, truth, 25)
    order = list(range(len(truth)))
    random.Random(4).shuffle(order)
    mixed = {name: [values[row] for row in order] for name, values in cells.items()}
    again = Course(general.resolve(mixed, FAMILY))
    theirs = answers(again, [truth[row] for row in order], 25)

    def told(labels: Sequence[Label], rows: Sequence[int], of: Cells) -> list[tuple[object, str, str]]:
        def content(row: int) -> tuple[str, ...]:
            return tuple(values[row] for values in of.values())

        return [(frozenset((content(each.a), content(each.b))), each.verdict, each.why) for each in labels]

    assert told(said, order, cells) == told(theirs, order, mixed)
    assert course.learn().belief.model == again.learn().belief.model
    random.Random(5).shuffle(said)
    course.heed(said)
    assert course.learn().belief.model == again.learn().belief.model
    assert course.standing == again.standing


def test_who_takes_an_answer_back_is_where_he_was() -> None:
    cells, truth = families(40, 0.3)
    course = Course(general.resolve(cells, FAMILY))
    said = answers(course, truth, 10)
    asked, believed, standing = course.next(), course.belief.model, course.standing
    assert asked is not None
    course.heed([*said, label(asked.left, asked.right, "same", 99, asked.why)])
    assert course.belief.model != believed
    course.heed(said)
    assert (course.next(), course.belief.model, course.standing) == (asked, believed, standing)


def test_an_unsure_answer_is_not_asked_again_and_moves_nothing() -> None:
    cells, _ = families(40, 0.3)
    course = Course(general.resolve(cells, FAMILY))
    asked = course.next()
    assert asked is not None
    believed = course.belief.model
    course.heed([label(asked.left, asked.right, UNSURE, 0, asked.why)])
    assert course.belief.model == believed
    following = course.next()
    assert following is not None
    assert {following.left, following.right} != {asked.left, asked.right}


def test_the_parts_of_a_question_add_up_to_its_weight() -> None:
    cells, truth = families(60, 0.3)
    course = Course(general.resolve(cells, FAMILY))
    answers(course, truth, 15)
    assert course.belief.model.weights != course.start.weights
    for _ in range(5):
        asked = course.next()
        assert asked is not None
        assert sum(part.weight for part in asked.match.parts) == asked.match.weight
        at = course._of_pool(asked.left, asked.right)
        assert course.pool.pairs.weigh(course.belief.model.weights)[at] == asked.match.weight
        course.heed([*course.settled.counted, label(asked.left, asked.right, UNSURE, 0, asked.why)])


def test_learned_weights_are_those_that_decide_and_explain() -> None:
    cells, truth = families(50, 0.3)
    course = Course(general.resolve(cells, FAMILY))
    answers(course, truth, 30)
    learned = course.learn()
    again = taught(cells, FAMILY, course, learned)
    assert again.even == learned.belief.model.even
    assert again.judge is not None
    edges = again.edges
    matches = again.judge.matches(edges.left.tolist(), edges.right.tolist())
    assert [match.weight for match in matches] == edges.weights.tolist()
    assert again.model is not None
    assert tuple(again.model.statistics.weights.values()) == learned.belief.model.weights


def test_rules_are_asked_about_and_only_their_threshold_moves() -> None:
    cells = table(ROWS)
    found = company.resolve(cells, guess_columns(cells, {}))
    course = Course(found)
    assert course.start.weights == ()
    asked = course.next()
    assert asked is not None
    assert not asked.match.vetoes
    course.heed([label(asked.left, asked.right, "different", 0, asked.why)])
    assert course.belief.model.even > course.start.even
    assert course.belief.model.weights == ()


def test_rows_that_stand_for_many_equal_ones_can_be_labelled() -> None:
    cells, truth = people(120, 20)
    cells = {name: [*values, *[values[0]] * 30] for name, values in cells.items()}
    truth = [*truth, *[0] * 30]
    found = general.resolve(cells, KINDS)
    course = Course(found)
    said = answers(course, truth, 12)
    assert len({(each.a, each.b) for each in said}) == 12


@pytest.mark.parametrize("single", [True, False])
def test_linking_asks_across_sources_only(single: bool) -> None:
    cells, truth = people(120, 40)
    sources = ["a" if row < 120 else "b" for row in range(len(truth))]
    course = Course(general.resolve(cells, KINDS, sources=sources, one_to_one=single))
    said = answers(course, truth, 20)
    assert all(sources[each.a] != sources[each.b] for each in said)
    if single:  # a second best teaches nothing: its rows are taken
        assert course.pool.size < 200
