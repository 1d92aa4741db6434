"""Similarity is a whole number from 0 to 10,000, the same from either side, one by one or many at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe import similarity
from dedupe.similarity import FULL, Measure, sorted_words

WORDS = st.lists(st.text("abcdeé", min_size=1, max_size=6), min_size=1, max_size=4).map(" ".join)
PEOPLE = st.one_of(
    st.text("王欧阳李小明伟伪总经理工姐", min_size=1, max_size=4),
    st.builds(str.__add__, st.sampled_from(["王", "李", "欧", "欧阳"]), st.sampled_from(["总", "经理", "小姐", "工"])),
    WORDS,
)
NUMBERS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(lambda value: f"{value:f}")
VALUES: dict[str, tuple[Measure, st.SearchStrategy[str]]] = {
    "name": (similarity.name, WORDS),
    "person": (similarity.person, PEOPLE),
    "code": (similarity.code, st.text("0123AB", min_size=1, max_size=9)),
    "category": (similarity.category, WORDS),
    "number": (similarity.number, NUMBERS),
    "phrase": (similarity.phrase, WORDS),
}
MANY: dict[str, Callable[[list[str], list[str]], similarity.Ints]] = {
    "name": similarity.names,
    "person": similarity.each(similarity.person),
    "code": similarity.codes,
    "category": similarity.each(similarity.category),
    "number": similarity.each(similarity.number),
    "phrase": similarity.phrases,
}


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=40)
@given(st.data())
def test_symmetric_bounded_full_only_when_equal_and_alike_in_bulk(kind: str, data: st.DataObject) -> None:
    measure, values = VALUES[kind]
    pairs = data.draw(st.lists(st.tuples(values, values), max_size=6))
    found = [measure(a, b) for a, b in pairs]
    assert found == [measure(b, a) for a, b in pairs]
    for (a, b), similar in zip(pairs, found, strict=True):
        assert 0 <= similar <= FULL
        assert (similar == FULL) == (a == b)
    assert MANY[kind]([a for a, _ in pairs], [b for _, b in pairs]).tolist() == found


@pytest.mark.parametrize(
    ("one", "two", "least", "most"),
    [("barbara smith", "smith barbara", 9999, 9999), ("jon", "john", 9000, 9999), ("anna", "peter", 0, 5000)],
)
def test_names(one: str, two: str, least: int, most: int) -> None:
    assert least <= similarity.name(one, two) <= most


@pytest.mark.parametrize(
    ("one", "two", "similar"),
    [
        ("王伟", "王炜", 9500),  # sounds alike
        ("王小明", "王总", 8000),  # a surname with a title
        ("欧阳总", "欧阳明", 8000),  # a surname of two characters
        ("王总", "王经理", 8000),
        ("李总", "王经理", 0),
        ("欧总", "欧阳总", 0),  # two surnames of which one begins the other
        ("王小明", "王大明", 7000),  # one character of three
        ("王明", "王大", 0),  # one of two is another person
        ("王小明", "李小明", 0),
    ],
)
def test_people(one: str, two: str, similar: int) -> None:
    assert similarity.person(one, two) == similar
    assert similarity.person(two, one) == similar


def test_exchanged_digits_are_one_slip() -> None:
    assert similarity.code("12345678", "12435678") == similarity.code("12345678", "12945678") == 8750


@pytest.mark.parametrize(
    ("one", "two", "similar"),
    [("100", "99", 9900), ("0", "5", 0), ("-5", "5", 0), ("10.0", "10", FULL - 1), ("9" * 400, "8" * 400, 0)],
)
def test_quantities(one: str, two: str, similar: int) -> None:
    assert similarity.number(one, two) == similar


def test_the_order_of_words() -> None:
    assert sorted_words("b a c") == "a b c"
    assert sorted_words("one") == "one"
    assert similarity.phrase("deep learning of codes", "of codes deep learning") == FULL - 1
