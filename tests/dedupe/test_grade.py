"""Kinds cut a similarity into levels; what is closer never counts for less."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.grade import KINDS, Kind, cosine, plain_kind, similar, similar_many, surprise, tokens, word_facet
from dedupe.similarity import FULL

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def rarity(word: str) -> float:
    """A word is the rarer the longer it is."""
    return float(len(word))


@EVERY_KIND
def test_a_kind_is_whole(kind: Kind) -> None:
    levels = len(kind.cuts) + 1
    assert len(kind.labels) == len(kind.weights) == len(kind.matches) == levels
    assert len(set(kind.labels)) == levels
    assert list(kind.cuts) == sorted(kind.cuts, reverse=True)
    assert kind.cuts[0] == FULL
    assert list(kind.weights) == sorted(kind.weights, reverse=True)
    assert sum(kind.matches) == pytest.approx(1)
    assert 0 <= kind.fuzzy < levels - 1
    assert 0 < kind.chance < 1
    assert kind.weights[0] > 0 > kind.weights[-1]


@EVERY_KIND
def test_lower_bounds_are_inclusive(kind: Kind) -> None:
    assert kind.level(FULL) == 0
    assert kind.level(0) == len(kind.cuts)
    for at, cut in enumerate(kind.cuts):
        assert kind.level(cut) == at
        assert kind.level(cut - 1) == at + 1


@EVERY_KIND
@settings(max_examples=20)
@given(st.integers(0, FULL), st.integers(0, FULL))
def test_more_alike_is_never_a_worse_level(kind: Kind, one: int, two: int) -> None:
    assert (kind.level(one) <= kind.level(two)) or one < two


TEXT = st.lists(st.sampled_from(["deep", "learning", "of", "codes", "海康威视", "a1", "2024-03-01", "12.5"])).map(
    " ".join
)


@EVERY_KIND
@settings(max_examples=25)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_one_by_one_and_many_at_once(kind: Kind, raw: list[tuple[str, str]]) -> None:
    cleaned = [(kind.clean(a), kind.clean(b)) for a, b in raw]
    pairs = [(a, b) for a, b in cleaned if a and b]
    found = [similar(kind, a, b, rarity) for a, b in pairs]
    assert similar_many(kind, [a for a, _ in pairs], [b for _, b in pairs], rarity).tolist() == found
    assert found == [similar(kind, b, a, rarity) for a, b in pairs]


def test_rare_words_in_common_count_more() -> None:
    text = KINDS["text"]
    rare = similar(text, "of entity resolution", "entity resolution at scale", rarity)
    common = similar(text, "of entity resolution", "of trees at scale", rarity)
    assert rare > common
    assert cosine("a b", "c d", rarity) == 0
    assert cosine("", "a", rarity) == 0
    assert cosine("a bb", "bb ccc", rarity) == int(4 / (5**0.5 * 13**0.5) * FULL)
    assert cosine("a b", "b a", rarity) == FULL - 1  # equal words are not an equal text


def test_words_of_a_script_without_blanks_are_pairs_of_characters() -> None:
    assert tokens("deep deep learning") == ("deep", "learning")
    assert tokens("海康威视 ab") == tuple(sorted(("海康", "康威", "威视", "ab")))
    assert tokens("海康") == ("海康",)
    assert tokens("") == ()


def test_surprise_falls_with_the_number_of_holders() -> None:
    assert surprise(1000, 1) > surprise(1000, 10) > surprise(1000, 1000) == 1
    assert surprise(1000, 0) == surprise(1000, 1)


def test_several_values_are_graded_as_names_and_unchecked_numbers_as_codes() -> None:
    assert plain_kind("set") is KINDS["name"]
    assert plain_kind("identifier") is KINDS["code"]
    assert all(plain_kind(name) is kind for name, kind in KINDS.items())
    assert word_facet("title") != "title"
