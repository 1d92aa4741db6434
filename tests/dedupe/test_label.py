"""Labels together: an answer beats a doubt, and contradictions are named and count for nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dedupe.label import DIFFERENT, SAME, UNSURE, VERDICTS, Label, label, settle


def test_the_order_of_the_two_does_not_matter() -> None:
    assert label(5, 2, SAME) == label(2, 5, SAME) == Label(2, 5, SAME)


def test_answers_count_and_doubts_give_way() -> None:
    found = settle([label(1, 2, UNSURE, 1), label(2, 1, SAME, 2), label(3, 4, UNSURE, 3), label(1, 2, SAME, 4)])
    assert found.counted == (label(1, 2, SAME, 2),)
    assert found.unsure == (label(3, 4, UNSURE, 3),)
    assert found.contradictions == ()


def test_two_answers_to_one_pair_are_named_and_neither_counts() -> None:
    found = settle([label(1, 2, SAME, 7), label(2, 1, DIFFERENT, 9), label(3, 4, DIFFERENT, 1)])
    assert found.counted == (label(3, 4, DIFFERENT, 1),)
    (said,) = found.contradictions
    assert (said.against.mark, [each.mark for each in said.chain]) == (9, [7])


def test_a_chain_that_says_otherwise_is_named_link_by_link() -> None:
    said = [label(1, 2, SAME, 1), label(2, 3, SAME, 2), label(4, 3, SAME, 3), label(4, 1, DIFFERENT, 4)]
    found = settle([*said, label(7, 8, SAME, 5), label(1, 9, DIFFERENT, 6)])
    (one,) = found.contradictions
    assert one.against.mark == 4
    assert [each.mark for each in one.chain] == [1, 2, 3]
    assert [each.mark for each in found.counted] == [6, 5]
    assert found.set_aside == {(1, 2), (2, 3), (3, 4), (1, 4)}


SAID = st.lists(
    st.tuples(st.integers(0, 5), st.integers(6, 9), st.sampled_from(VERDICTS)).map(lambda each: label(*each)),
    max_size=20,
)


@given(SAID, st.randoms())
def test_any_order_of_the_labels_gives_the_same(said: list[Label], draw: object) -> None:
    marked = [each._replace(mark=at) for at, each in enumerate(said)]
    mixed = list(marked)
    draw.shuffle(mixed)  # type: ignore[attr-defined]
    assert settle(mixed) == settle(marked)


@given(SAID)
def test_what_counts_contradicts_nothing(said: list[Label]) -> None:
    again = settle(settle(said).counted)
    assert again.contradictions == ()
    assert again.counted == settle(said).counted
