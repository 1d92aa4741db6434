"""The short way says of an expression what the library says, or that it does not know."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldbridge.mapping.expression import Expression, compile_expression
from goldbridge.mapping.quick_expression import short_way
from tests.mapping.test_bulk import told

ODD = "|万元|元|0|1|12.50|-3|007|1e3| 1|+1|１２|1_0|nan|inf|-0|0.1|0.000000000000001|abc|True|.5|5."
TEXTS = st.sampled_from([*ODD.split("|"), "9" * 15, "9" * 16])
NAMES = ("a", "b")


def literal(value: str) -> str:
    return f"'{value}'"


texts = st.recursive(
    st.one_of(st.sampled_from(NAMES), st.sampled_from(["", "元", "万元", "1", "x y"]).map(literal)),
    lambda inner: st.tuples(inner, inner).map(lambda two: f"({two[0]} + {two[1]})"),
    max_leaves=3,
)
numbers = st.recursive(
    st.one_of(texts.map(lambda text: f"double({text})"), st.sampled_from(["10000.0", "0.1", "2.5", "-1.5"])),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=4,
)
truths = st.recursive(
    st.one_of(
        st.tuples(texts, st.sampled_from(["==", "!="]), texts).map(" ".join),
        st.tuples(numbers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers).map(" ".join),
        texts.map(lambda text: f"{text} in ['元', '1', '']"),
    ).map(lambda text: f"({text})"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"!{text}"),
    ),
    max_leaves=4,
)
choices = st.one_of(
    st.tuples(truths, texts, texts).map(lambda parts: f"{parts[0]} ? {parts[1]} : {parts[2]}"),
    st.tuples(truths, numbers, truths, numbers, numbers).map(
        lambda parts: f"{parts[0]} ? {parts[1]} : {parts[2]} ? {parts[3]} : {parts[4]}"
    ),
)


@settings(max_examples=400, deadline=None)
@given(
    source=st.one_of(texts, numbers, truths, choices), rows=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5)
)
def test_the_short_way_says_what_the_library_says(source: str, rows: list[tuple[str, str]]) -> None:
    made = compile_expression(source, frozenset(NAMES))
    assert isinstance(made, Expression)
    if not made.reads:
        return
    assert made.short is not None, "all that is drawn here is of the kind that is known"
    some = [tuple(value for name, value in zip(NAMES, row, strict=True) if name in made.reads) for row in rows]
    assert [told(value) for value in made.over(some)] == [told(made.evaluate(row)) for row in some]


@pytest.mark.parametrize(
    "source",
    [
        "a == 'x' ? 'inactive' : 'active'",
        "a == '万元' ? double(b) * 10000.0 : double(b)",
        "a in ['1', '2'] && b != ''",
        "double(a) + double(b) > 3.5",
        "a + '/' + b",
    ],
)
def test_what_mappings_say_most_is_known(source: str) -> None:
    assert short_way(source, NAMES) is not None


@pytest.mark.parametrize(
    "source",
    [
        "a == null", "int(a)", "double(a) / 2.0", "a.size() > 2", "size(a) > 2", "a == 'it\\'s'", "a == r'x'", "a < b",
        "a == '''x'''", "a ? 'x' : 'y'", "a == 1", "double(a) * 2", "-a", "!a", "a + double(b)", "a == 'x' ? a : true",
        "a in b", "a in [b]", "has(a.b)", "a.b == 'x'", "a[0] == 'x'", "row['a'] == 'x'", "a == 'x' == true",
        "a == b\"x\"", "double(double(a))", "[a]", "1e3 + double(a)", "a == 'x' || b", "string(a) == 'x'",
        "a.startsWith('x')",
    ],
)  # fmt: skip
def test_what_it_does_not_know_is_left_to_the_library(source: str) -> None:
    assert short_way(source, NAMES) is None


def test_a_constant_never_ends_by_itself_and_is_left_alone() -> None:
    assert short_way("'a' == 'b' ? 'x' : 'y'", ()) is None
    made: Any = compile_expression(
        "a == ('x' == 'y' ? 'u' : 'v') && double('1.5') > 1.0 && 'a' in ['a']", frozenset("a")
    )
    assert made.short is not None
    assert made.over([("v",), ("u",)]) == [True, False]


def test_a_row_it_cannot_tell_is_asked_of_the_library_alone() -> None:
    made: Any = compile_expression("double(a) * 2.0", frozenset("a"))
    calls: list[Any] = []

    def counting(bound: Any) -> Any:
        calls.append(bound)
        return made.run(bound)

    counted = Expression(made.source, made.names, made.keys, counting, made.short)
    assert [told(value) for value in counted.over([("1.5",), ("1e3",), ("x",)])] == [
        told(made.evaluate((text,))) for text in ("1.5", "1e3", "x")
    ]
    assert [bound["a"] for bound in calls] == ["1e3", "x"]
