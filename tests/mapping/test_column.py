"""Whole columns give what single cells give: names that reach into groups, joins, remembered results."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldbridge.mapping import Mapping, column
from goldbridge.mapping.column import Batch, Cells
from goldbridge.mapping.value import ABSENT
from tests.mapping.small import notes, one, party


def reach(row: dict[str, Any], name: str) -> Any:
    return Batch([row]).column(name)[0]


def test_dotted_names_reach_into_groups_and_lists() -> None:
    assert reach({"a": {"b": {"c": 1}}}, "a.b.c") == 1
    assert reach({"form": {"合同编号": "H1"}}, "form.合同编号") == "H1"
    assert reach({"a": [{"b": 1}, {"b": 2}]}, "a.1.b") == 2
    assert reach({"a.b": 1, "a": {"b": 2}}, "a.b") == 1, "a field of exactly that name wins"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, ABSENT),
        ({"a": {}}, ABSENT),
        ({"a": {"b": None}}, None),
        ({"a": None}, None),
        ({"a": ""}, None),
        ({"a": []}, None),
        ({"a": "text"}, ABSENT),
        ({"a": 5}, ABSENT),
        ({"a": [1]}, ABSENT),
        ({"a": {"b": ""}}, ""),
    ],
)
def test_what_is_not_there_is_absent_or_null_like_its_parent(row: dict[str, Any], expected: Any) -> None:
    assert reach(row, "a.b") is expected or reach(row, "a.b") == expected


def test_the_first_value_that_survives_its_steps_is_taken() -> None:
    mapping = party("phone: {first_of: [x, y, z], via: [blank, phone]}")
    assert one(mapping, x="-", y="0571-87654321", z="13800138001")["phone"] == "+8657187654321"
    assert one(mapping, x="12", y=None, z="13800138001")["phone"] == "+8613800138001"
    assert notes(mapping, x="12", y=None, z="13800138001") == {}
    assert one(mapping, x="12", y="")["phone"] is None
    assert notes(mapping, x="12", y="") == {"phone": {"invalid": "'12' is no telephone number"}}
    assert one(mapping, x=None, y="无")["phone"] == ""
    assert one(mapping, x=None)["phone"] is None
    assert "phone" not in one(mapping)


def test_a_source_in_a_list_may_have_steps_of_its_own() -> None:
    mapping = party("short_name: {first_of: [{from: x, via: [prefix: A]}, {from: y, via: [prefix: B]}], via: [lower]}")
    assert one(mapping, x="1", y="2")["short_name"] == "a1"
    assert one(mapping, y="2")["short_name"] == "b2"


def test_a_join_takes_the_parts_that_have_a_value() -> None:
    mapping = party("short_name: {join: [x, {from: y, via: [blank]}, z], with: '/'}")
    assert one(mapping, x="a", y="b", z="c")["short_name"] == "a/b/c"
    assert one(mapping, x="a", y="-", z=3)["short_name"] == "a/3"
    assert one(mapping, x=None, y="-")["short_name"] == ""
    assert one(mapping, x=None)["short_name"] is None
    assert "short_name" not in one(mapping)
    assert "invalid" in notes(mapping, x="a", y={"b": 1}, z="c").get("short_name", {"invalid": 1})
    assert "cannot be joined" in notes(mapping, x=["a"])["short_name"]["invalid"]


def test_fixed_texts_in_a_join_make_no_value_alone() -> None:
    mapping = party("short_name: {join: [{value: 电话}, x, {value: 转}, y], with: ''}")
    assert one(mapping, x="1", y="2")["short_name"] == "电话1转2"
    assert one(mapping, x="", y=None)["short_name"] == ""
    assert "short_name" not in one(mapping)


def wide() -> Mapping:
    return party(
        "short_name: {from: x, via: [trim, upper]}",
        "phones: {from: [x, y], via: [blank, phones]}",
        "phone: {first_of: [y, x], via: [phone]}",
        "status: {expr: \"x == null ? 'inactive' : 'active'\"}",
        'tags: {from: y, via: [split: ","], lookup: {a: red}}',
        "address: {join: [x, y], via: [address]}",
        "capital_cny: {expr: \"y == '1' ? 1.5 : 2.5\"}",
        "employees: {from: y}",
        "listed: {from: y, default: true}",
        "founded_on: {from: x, via: [date], inferred: true}",
    )


WIDE = wide()
cells = (
    st.none()
    | st.sampled_from(
        ["", "-", " a ", "1", "a,b", "13800138001", "0571-87654321", "2026-03-01", "浙江省杭州市示例路1号"]
    )
    | st.integers(-3, 3)
    | st.booleans()
    | st.floats(allow_nan=False, width=16)
    | st.lists(st.sampled_from(["a", "1", None]), max_size=2)
    | st.fixed_dictionaries({}, optional={"q": st.just("1")})
)
rows = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from(["甲", "", "乙"])}, optional={"x": cells, "y": cells}), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(rows=rows, cut=st.integers(0, 12))
def test_a_record_becomes_the_same_alone_or_in_any_batch(rows: list[dict[str, Any]], cut: int) -> None:
    records = [{"id": str(at), **row} for at, row in enumerate(rows)]
    whole = WIDE.apply(records)
    assert len(whole.fates) == len(whole.values) == len(whole.notes) == len(records)
    fresh = wide()
    for part in (records[:cut], records[cut:]):
        first = records.index(part[0]) if part else 0
        batch = fresh.apply(part)
        for at in range(len(part)):
            assert batch.fates[at] == whole.fates[first + at]
            assert batch.values[at] == whole.values[first + at]
            assert batch.notes[at] == whole.notes[first + at]
            assert str(batch.errors.get(at)) == str(whole.errors.get(first + at))
    for at, record in enumerate(records):
        alone = WIDE.apply([record])
        assert repr(alone.values[0]) == repr(whole.values[at])


def test_what_one_record_got_is_its_own() -> None:
    """Remembered lists and groups are copied: changing one record must not change the next."""
    mapping = party(
        "address: {from: x, via: [address]}", "phones: {from: y, via: [phones]}", "former_names: {value: [乙]}"
    )
    row = {"x": "浙江省杭州市余杭区示例路1号", "y": "0571-87654321"}
    first = one(mapping, **row)
    first["address"]["line"] = "changed"
    first["phones"].append("changed")
    first["former_names"].append("changed")
    second = one(mapping, **row)
    assert second["address"]["line"] == "浙江省杭州市余杭区示例路1号"
    assert second["phones"] == ["+8657187654321"]
    assert second["former_names"] == ["乙"]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column, "REMEMBERED", 10)
    cells = Cells(lambda value: value, costly=True)
    for start in range(0, 100, 5):
        values = [str(n) for n in range(start, start + 5)]
        assert cells(values) == values
        assert len(cells._memo) <= 10


def test_remembering_is_given_up_where_nearly_every_value_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column, "_TRIAL", 100)
    distinct, repeated, costly = (Cells(str.upper, costly=flag) for flag in (False, False, True))
    for start in range(0, 300, 50):
        fresh = [f"v{n}" for n in range(start, start + 50)]
        assert distinct(fresh) == [value.upper() for value in fresh]
        assert costly(fresh) == [value.upper() for value in fresh]
        assert repeated(["a", "b"] * 25) == ["A", "B"] * 25
    assert (distinct._direct, repeated._direct, costly._direct) == (True, False, False)


def test_a_column_of_mixed_kinds_keeps_them_apart() -> None:
    cells = Cells(lambda value: (type(value).__name__, value), costly=True)
    mixed = ["1", 1, True, 1.0, None, ["1"], ABSENT]
    assert [kind for kind, _ in cells(mixed)] == ["str", "int", "bool", "float", "NoneType", "list", "_Absent"]
