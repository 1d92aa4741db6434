"""Fates: every record ends in exactly one, and no record touches its neighbours."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.transform import Sample, Transform
from tests.mapping.small import HEAD, OUT_HEAD, compiled, notes, one, party, refused


def test_each_record_ends_in_one_fate() -> None:
    mapping = compiled(HEAD + '  role: {from: type, lookup: {a: customer}, else: reject}\nwhen: "gone != true"\n')
    batch = mapping.apply(
        [
            {"id": "1", "name": "甲", "type": "a"},
            {"id": "2", "gone": True},
            {"id": "3", "name": "丙", "type": "b"},
            {"id": "4", "name": "", "type": "b"},
            {"name": "戊"},
            {"id": "6", "name": "己"},
        ]
    )
    assert batch.fates == ["applied", "filtered", "dead", "dead", "dead", "applied"]
    assert batch.values == [{"name": "甲", "role": "customer"}, None, None, None, None, {"name": "己"}]
    assert batch.notes == [None] * 6
    assert {at: str(error) for at, error in batch.errors.items()} == {
        2: "MAP041 role: no lookup entry for 'b'",
        3: "MAP040 name: required, but empty in the source",
        4: "MAP045 key: 'id' is absent; a record without a key cannot be kept",
    }


def test_the_first_field_in_the_file_speaks() -> None:
    mapping = compiled(
        "mapping: crm.account\ntarget: party\nkey: id\nfields:\n"
        "  role: {from: type, lookup: {a: customer}, else: reject}\n  name: {from: name}\n"
    )
    assert refused(mapping, name="", type="b").startswith("MAP041 role")
    assert refused(party("phone: {from: x, required: true}"), name="").startswith("MAP040 name")


@pytest.mark.parametrize(
    ("key", "state"),
    [
        (None, "empty"),
        ("", "empty"),
        ([], "empty"),
        (True, "neither text nor"),
        ({"a": 1}, "neither text nor"),
        (1.5, "neither text nor a whole number"),
    ],
)
def test_a_record_without_a_usable_key_is_a_dead_letter(key: Any, state: str) -> None:
    batch = party().apply([{"id": key, "name": "甲"}, {"id": 7, "name": "乙"}])
    assert batch.fates == ["dead", "applied"]
    assert state in batch.errors[0].message


@pytest.mark.parametrize(
    ("row", "fate", "reason"),
    [
        ({"x": True}, "applied", ""),
        ({"x": False}, "filtered", ""),
        ({"x": None}, "dead", "MAP047 when: a field it reads has no value"),
        ({}, "dead", "MAP047 when: a field it reads has no value"),
        ({"x": "yes"}, "dead", "MAP047 when: an operation in the expression does not fit its values"),
    ],
)
def test_when_decides_or_refuses(row: dict[str, Any], fate: str, reason: str) -> None:
    mapping = compiled(HEAD + 'when: "x ? true : false"\n')
    batch = mapping.apply([{"id": "1", "name": "甲", **row}])
    assert batch.fates == [fate]
    if reason:
        assert str(batch.errors[0]).startswith(reason)
        assert str(batch.errors[0].mark) == "mappings/crm/account.yaml:6:7"


def test_when_must_give_yes_or_no() -> None:
    assert refused(compiled(HEAD + 'when: "x"\n'), x="ja") == "MAP047 when: gives 'ja', neither true nor false"


def test_an_empty_batch() -> None:
    batch = compiled(HEAD + 'when: "x"\n').apply([])
    assert (batch.fates, batch.values, batch.notes, batch.errors) == ([], [], [], {})
    assert compiled(HEAD + 'when: "x"\n').apply([{"id": "1", "x": False}]).fates == ["filtered"]


# F70


def broken(value: str) -> str:
    """A transform with a defect: it falls over one kind of value."""
    if value == "poison":
        raise ZeroDivisionError("the whole record: secret")
    return value


@pytest.fixture
def _defect(monkeypatch: pytest.MonkeyPatch) -> None:
    from goldbridge.mapping import spec

    transform = Transform("broken", broken, "Falls over.", samples=(Sample("a", "a"),))
    monkeypatch.setattr(spec, "TRANSFORMS", {**TRANSFORMS, "broken": transform})


@pytest.mark.usefixtures("_defect")
@pytest.mark.parametrize(
    "line",
    [
        "short_name: {from: x, via: [trim, broken]}",
        "short_name: {first_of: [y, x], via: [broken]}",
        "short_name: {join: [{from: x, via: [broken]}, y]}",
        "former_names: {from: [x, y], via: [broken]}",
        'short_name: {expr: "x", via: [broken]}',
    ],
)
def test_f70_a_defect_costs_one_record(line: str) -> None:
    mapping = party(line)
    rows = [{"id": str(at), "name": "甲", "x": value} for at, value in enumerate(["a", "poison", "b"])]
    batch = mapping.apply(rows)
    assert batch.fates == ["applied", "dead", "applied"]
    error = batch.errors[1]
    assert error.code == "MAP044"
    assert "failed unexpectedly (ZeroDivisionError)" in error.message
    assert "secret" not in error.message
    assert error.mark == mapping.mark(line.partition(":")[0])
    if "expr" not in line:
        assert "transform 'broken'" in error.message


def test_f70_something_that_is_no_record_costs_only_itself() -> None:
    rows: list[Any] = [{"id": "1", "name": "甲"}, "text", None, {"id": "2", "name": "乙"}]
    batch = party().apply(rows)
    assert batch.fates == ["applied", "dead", "dead", "applied"]
    assert batch.errors[1].code == "MAP044"
    out = compiled(OUT_HEAD + "  a: {from: name}\n").apply(rows)
    assert out.fates == ["applied", "dead", "dead", "applied"]


def test_f70_values_nested_without_end() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = {"a": deep}
    mapping = party('listed: {expr: "x != null"}', "short_name: {from: x, via: [trim]}")
    batch = mapping.apply([{"id": "1", "name": "甲", "x": deep}, {"id": "2", "name": "乙", "x": "y"}])
    assert batch.fates[1] == "applied"
    assert batch.values[1] == {"name": "乙", "listed": True, "short_name": "y"}


def test_messages_show_no_whole_record() -> None:
    long = "长" * 5_000
    message = refused(party("role: {from: x, lookup: {a: customer}, else: reject}"), x=long)
    assert len(message) < 120
    assert len(notes(party("phone: {from: x, via: [phone]}"), x=long)["phone"]["invalid"]) < 120


# Groups


def test_dotted_targets_build_a_group() -> None:
    mapping = party(
        "address.line: {from: x}", "address.area: {from: y, via: [blank]}", "address.point: {from: z, via: [point]}"
    )
    assert one(mapping, x="示例路1号", y="0571", z="120.1,30.2")["address"] == {
        "line": "示例路1号",
        "area": "0571",
        "point": "120.1,30.2",
    }
    assert one(mapping, x="示例路1号", y="-", z=None)["address"] == {"line": "示例路1号"}
    assert one(mapping, x=None, z=None)["address"] is None
    assert one(mapping, x="", z=None)["address"] == ""
    assert "address" not in one(mapping)


def test_groups_inside_groups() -> None:
    mapping = party("place.inner.deep: {from: x}", "place.top: {from: y}")
    assert one(mapping, x="a", y="b")["place"] == {"inner": {"deep": "a"}, "top": "b"}
    assert one(mapping, x=None, y="b")["place"] == {"top": "b"}
    assert one(mapping, x=None, y=None)["place"] is None


def test_a_member_that_cannot_be_read_does_not_spoil_its_group() -> None:
    mapping = party("address.line: {from: x}", "address.region: {from: y, via: [region]}")
    assert one(mapping, x="示例路1号", y="9")["address"] == {"line": "示例路1号"}
    assert notes(mapping, x="示例路1号", y="9") == {"address.region": {"unknown_code": "9"}}


def test_e68_a_group_is_inferred_when_all_of_it_is() -> None:
    """Guard: goldbridge.mapping.assemble:_lift_all"""
    mapping = party("address.line: {from: x}", 'address.area: {from: y, default: "0571"}')
    assert notes(mapping, x="示例路1号") == {"address.area": {"inferred": True}}
    assert notes(mapping, x="") == {"address": {"inferred": True}}
    all_inferred = party("address.line: {from: x, inferred: true}", "address.area: {from: y, inferred: true}")
    assert notes(all_inferred, x="a") == {"address": {"inferred": True}}
    coded = party("address.line: {from: x, inferred: true}", 'address.area: {from: y, lookup: {a: b}, default: "1"}')
    assert notes(coded, x="a", y="z") == {"address": {"inferred": True}, "address.area": {"unknown_code": "z"}}


def test_a_group_may_come_whole() -> None:
    mapping = party("address: {from: x}")
    assert one(mapping, x={"line": "示例路1号", "region": "330110"})["address"] == {
        "line": "示例路1号",
        "region": "330110",
    }
    assert one(mapping, x="示例路1号")["address"] == {"line": "示例路1号"}
    assert "has no part 'street'" in notes(mapping, x={"street": "a"})["address"]["invalid"]


# Outwards


def test_an_out_mapping_tells_the_target_about_every_field() -> None:
    mapping = compiled(
        OUT_HEAD
        + "  id__c: {from: id}\n  tel: {from: phones, via: [first]}\n  line: {from: address.line}\n"
        "  emails: {from: emails_x}\n  active: {expr: \"status == 'active'\"}\n".replace("emails_x", "phones")
    )
    batch = mapping.apply(
        [{"id": "g1", "phones": ["+861", "+862"], "address": {"line": "示例路"}, "status": "active"}, {"id": "g2"}]
    )
    assert batch.values == [
        {"id__c": "g1", "tel": "+861", "line": "示例路", "emails": ["+861", "+862"], "active": True},
        {"id__c": "g2", "tel": None, "line": None, "emails": None, "active": False},
    ]


def test_an_out_mapping_may_filter_by_role_and_require() -> None:
    mapping = compiled(OUT_HEAD + "  name: {from: name, required: true}\nwhen: \"'dealer' in roles\"\n")
    rows = [{"roles": ["dealer"], "name": "甲"}, {"roles": ["customer"], "name": "乙"}, {"roles": ["dealer"]}]
    batch = mapping.apply(rows)
    assert batch.fates == ["applied", "filtered", "dead"]
    assert batch.errors[2].code == "MAP040"


CONTACT = "mapping: n.contact.out\nsource: contact\ntarget: n.Contact\nfields:\n"


def test_references_are_taken_by_object() -> None:
    mapping = compiled(
        CONTACT + "  a: {from: party, resolve: Account}\n  b: {from: party, resolve: Partner, via: [prefix: P]}\n"
    )
    rows = [
        {"party": {"Account": "1", "Partner": "2"}},
        {"party": {"Account": "1", "Partner": None}},
        {"party": "9"},
        {"party": None},
        {},
    ]
    assert mapping.apply(rows).values == [
        {"a": "1", "b": "P2"},
        {"a": "1", "b": None},
        {"a": "9", "b": "P9"},
        {"a": None, "b": None},
        {"a": None, "b": None},
    ]


def test_a_reference_nobody_resolved_is_never_written() -> None:
    mapping = compiled(CONTACT + "  a: {from: party, resolve: Account}\n  f: {from: friends, resolve: Account}\n")
    batch = mapping.apply([{"party": {"ref": "crm.account", "key": "C1"}}])
    assert str(batch.errors[0]) == "MAP046 a: the reference crm.account was not resolved to Account"
    batch = mapping.apply(
        [{"friends": [{"Account": "1"}, {"Account": None}, "3"]}, {"friends": [{"ref": "crm.b", "key": "1"}]}]
    )
    assert batch.values[0] == {"a": None, "f": ["1", "3"]}
    assert batch.errors[1].code == "MAP046"


def test_a_target_may_have_groups_or_dots_in_its_names() -> None:
    text = OUT_HEAD + "  addr.line: {from: address.line}\n  name: {from: name}\n"
    row = {"name": "甲", "address": {"line": "示例路"}}
    assert compiled(text).apply([row]).values == [{"addr": {"line": "示例路"}, "name": "甲"}]
    dotted = compiled(text, stream_fields=frozenset({"addr.line", "name"}))
    assert dotted.apply([row]).values == [{"addr.line": "示例路", "name": "甲"}]
    assert compiled(text, stream_fields=frozenset({"addr", "name"})).apply([row]).values[0] is not None


def test_codes_for_a_target_list() -> None:
    mapping = compiled(OUT_HEAD + "  tags: {from: tags, lookup: {red: r1, green: g1}, else: reject}\n")
    assert mapping.apply([{"tags": ["red", "green"]}]).values == [{"tags": ["r1", "g1"]}]
    assert mapping.apply([{"tags": ["blue"]}]).errors[0].code == "MAP041"


# Safety


def test_a_mapping_serves_several_threads() -> None:
    mapping = party("short_name: {from: x, via: [trim, upper]}", "listed: {expr: \"x == 'a1'\"}")
    rows = [{"id": str(n), "name": "甲", "x": f" a{n % 700} "} for n in range(6_000)]
    expected = mapping.apply(rows).values
    found: list[bool] = []

    def work() -> None:
        found.extend(
            mapping.apply(rows[at : at + 500]).values == expected[at : at + 500] for at in range(0, 6_000, 500)
        )

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 48


def test_rows_are_left_as_they_were() -> None:
    row = {"id": "1", "name": " 甲 ", "x": ["b", "a"]}
    party("former_names: {from: x, via: [sort]}").apply([row])
    assert row == {"id": "1", "name": " 甲 ", "x": ["b", "a"]}


def test_a_mapping_does_not_change() -> None:
    mapping = party()
    with pytest.raises(AttributeError):
        mapping.name = "other"  # type: ignore[misc]
    assert replace(mapping, name="other").name == "other"
