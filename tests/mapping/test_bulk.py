"""What is done to whole columns at once gives cell by cell what is done to one value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldbridge.mapping.assemble import Shape
from goldbridge.mapping.chain import Finish, over, transforms
from goldbridge.mapping.expression import MAX_TEXT, Expression, compile_expression
from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.transform import Step
from goldbridge.mapping.value import ABSENT, Invalid, Outcome, only_texts
from tests.mapping.small import one, party

TEXTS = st.sampled_from(
    ["", " ", "-", "a", " 上海 ", "万元", "12", "-3.5", "300万元", "２", "无", "x;y", "nan", "1e400"]
)
ANY = st.one_of(
    TEXTS, st.sampled_from([None, ABSENT, True, False, 0, 1, -7, 1.0, 0.5, [], ["a", "-"], {"b": 1}]), st.floats()
)
COLUMNS = st.one_of(st.lists(TEXTS, min_size=1, max_size=6), st.lists(ANY, min_size=1, max_size=6))
CHAINS: list[list[Any]] = [
    ["trim"],
    ["blank", "upper"],
    ["trim", "fold_width", "lower"],
    ["blank", "money"],
    ["number"],
    ["boolean"],
]
CHAINS += [[{"split": ";"}, "first"], [{"split": ";"}, "blank", "upper"], []]


def steps(chain: list[Any]) -> list[Step]:
    pairs = [each.popitem() if isinstance(each, dict) else (each, None) for each in map(_copied, chain)]
    return [TRANSFORMS[name].bind(argument) for name, argument in pairs]


def _copied(each: Any) -> Any:
    return dict(each) if isinstance(each, dict) else each


def told(value: Any) -> Any:
    """A cell in a form that compares: 1, 1.0 and True apart, NaN like itself, flaws by what they say."""
    if isinstance(value, Invalid):
        return ("invalid", value.reason, value.code)
    if isinstance(value, Outcome):
        return ("outcome", told(value.value), value.note, value.refusal)
    return (type(value).__name__, repr(value))


@pytest.mark.parametrize("chain", CHAINS, ids=str)
@settings(max_examples=60, deadline=None)
@given(column=COLUMNS)
def test_steps_over_a_column_give_what_they_give_one_value(chain: list[Any], column: list[Any]) -> None:
    alone, together = transforms(steps(chain)), over(steps(chain))
    before = list(column)
    assert [told(value) for value in together(column)] == [told(alone(value)) for value in column]
    assert [told(value) for value in column] == [told(value) for value in before], "the column itself is not touched"


FIELDS = [
    "short_name: {from: x}",
    "short_name: {from: x, required: true}",
    "short_name: {from: x, default: none}",
    "capital_cny: {from: x}",
    "capital_cny: {from: x, via: [money]}",
    "status: {from: x, lookup: {a: active}, else: null}",
    "tags: {from: x}",
    "employees: {from: x}",
]


@pytest.mark.parametrize("line", FIELDS)
@settings(max_examples=60, deadline=None)
@given(column=COLUMNS)
def test_a_column_is_finished_as_each_of_its_values(line: str, column: list[Any]) -> None:
    target = next(each for each in party(line).targets if each.label == line.partition(":")[0])
    finish: Finish = target.column.ending
    alone, together = finish.cell(), finish.column()
    assert [told(value) for value in together(column)] == [told(alone(value)) for value in column]


EXPRESSIONS = ["a + b", "a == 'a' ? b : null", "double(a)", "double(a) * 10.0", "a == b", "int(a)", "a.matches('^x')"]


@pytest.mark.parametrize("source", EXPRESSIONS)
@settings(max_examples=40, deadline=None)
@given(rows=st.one_of(st.lists(st.tuples(TEXTS, TEXTS), max_size=5), st.lists(st.tuples(ANY, ANY), max_size=5)))
def test_an_expression_over_rows_gives_what_it_gives_for_one(source: str, rows: list[tuple[Any, Any]]) -> None:
    made = compile_expression(source, frozenset({"a", "b"}))
    assert isinstance(made, Expression)
    some = [row[: len(made.reads)] for row in rows]
    assert [told(value) for value in made.over(some)] == [told(made.evaluate(row)) for row in some]


def test_a_text_that_is_too_long_spoils_its_own_row_only() -> None:
    made = compile_expression("a", frozenset({"a"}))
    assert isinstance(made, Expression)
    fine, spoilt = made.over([("short",), ("x" * (MAX_TEXT + 1),)])
    assert fine == "short"
    assert isinstance(spoilt, Invalid)


def test_only_texts_means_texts_that_are_not_empty() -> None:
    assert only_texts(["a", "b"])
    assert not only_texts(["a", ""])
    assert not only_texts(["a", None])
    assert not only_texts([])


def test_documents_of_a_batch_share_nothing() -> None:
    shape = Shape([("", "name"), ("place", "city")], closed=True)
    first, second = shape.documents([["甲", "乙"], ["上海", "北京"]], 2, {}, ())
    first["name"], first["place"]["city"] = "changed", "changed"
    assert second == {"name": "乙", "place": {"city": "北京"}}


def test_an_absent_field_is_left_out_of_its_own_document_only() -> None:
    shape = Shape([("", "name"), ("", "phone"), ("place", "city"), ("place", "street")], closed=True)
    columns: list[list[Any]] = [["甲", "乙", "丙"], [ABSENT, None, "1"], [ABSENT, "上海", ""], [ABSENT, ABSENT, None]]
    assert shape.documents(columns, 3, {}, {1, 2, 3}) == [
        {"name": "甲"},
        {"name": "乙", "phone": None, "place": {"city": "上海"}},
        {"name": "丙", "phone": "1", "place": ""},
    ]


def test_a_field_is_read_from_rows_that_lack_it() -> None:
    mapping = party("short_name: {from: x}")
    made = mapping.apply([{"id": "1", "name": "甲", "x": "a"}, {"id": "2", "name": "乙"}])
    assert [value and value.get("short_name", ABSENT) for value in made.values] == ["a", ABSENT]
    assert one(party("short_name: {first_of: [x, y]}"), x="a")["short_name"] == "a"
