"""What the steps of one field do with the four states, with codes nobody knows and with values that do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mapping.small import compiled, notes, one, party, refused, table

ABSENT = object()


def made(line: str, value: Any = ABSENT, **options: Any) -> Any:
    """What the field of one line becomes when the source field `x` is `value`, or is not there."""
    mapping = party(line, **options)
    row = {} if value is ABSENT else {"x": value}
    name = line.partition(":")[0]
    return one(mapping, **row).get(name, ABSENT)


@pytest.mark.parametrize("via", ["", ", via: [trim]", ", via: [trim, upper]", ", via: [trim, upper, fold_width]"])
@pytest.mark.parametrize("state", [ABSENT, None, ""])
def test_the_three_states_without_a_value_pass_through(via: str, state: Any) -> None:
    assert (
        made(f"short_name: {{from: x{via}}}", state) is state or made(f"short_name: {{from: x{via}}}", state) == state
    )


@pytest.mark.parametrize("line", ["phone: {from: x}", "industry: {from: x}", "capital_cny: {from: x, via: [money]}"])
@pytest.mark.parametrize("state", [ABSENT, None, ""])
def test_the_three_states_stay_apart_in_typed_fields(line: str, state: Any) -> None:
    assert made(line, state) == state
    assert notes(party(line), **({} if state is ABSENT else {"x": state})) == {}


def test_a_step_may_make_a_value_empty_and_then_nothing_follows() -> None:
    assert made("short_name: {from: x, via: [blank, prefix: A]}", " - ") == ""
    assert made("short_name: {from: x, via: [trim, prefix: A]}", "  ") == ""
    assert made("short_name: {from: x, via: [trim, prefix: A]}", " b") == "Ab"


@pytest.mark.parametrize("state", [ABSENT, None, "", "-"])
def test_a_default_stands_in_for_absent_null_and_empty(state: Any) -> None:
    line = "short_name: {from: x, via: [blank], default: 未知}"
    assert made(line, state) == "未知"
    assert notes(party(line), **({} if state is ABSENT else {"x": state})) == {"short_name": {"inferred": True}}


def test_e68_a_default_is_noted_as_inferred_a_constant_is_not() -> None:
    """Guard: goldbridge.mapping.chain:Finish._nothing"""
    mapping = party("short_name: {from: x, default: 未知}", "role: {value: dealer}")
    assert one(mapping, x="有") == {"name": "甲", "short_name": "有", "role": "dealer"}
    assert notes(mapping, x="有") == {}
    assert notes(mapping) == {"short_name": {"inferred": True}}


def test_a_default_comes_in_its_canonical_form() -> None:
    assert made("capital_cny: {from: x, default: 1000.50}") == "1000.5"
    assert made("former_names: {from: x, default: [乙, 丙]}") == ["乙", "丙"]
    assert made("listed: {from: x, default: false}") is False
    assert made("employees: {from: x, default: 0}") == 0


def test_a_default_does_not_hide_an_invalid_value() -> None:
    line = "phone: {from: x, via: [phone], default: '+8657187654321'}"
    assert made(line, "12") is None
    assert "invalid" in notes(party(line), x="12")["phone"]


@pytest.mark.parametrize(("state", "word"), [(ABSENT, "absent"), (None, "null"), ("", "empty"), (" ", "empty")])
def test_a_required_field_without_a_value_refuses_the_record(state: Any, word: str) -> None:
    mapping = party("short_name: {from: x, via: [trim], required: true}")
    row = {} if state is ABSENT else {"x": state}
    assert refused(mapping, **row) == f"MAP040 short_name: required, but {word} in the source"


def test_what_the_model_requires_is_required_without_saying_so() -> None:
    assert refused(party(), name=None) == "MAP040 name: required, but null in the source"


def test_a_required_value_that_cannot_be_read_refuses_the_record_at_its_place() -> None:
    mapping = party("founded_on: {from: x, via: [date], required: true}")
    batch = mapping.apply([{"id": "1", "name": "甲", "x": "昨天"}])
    error = batch.errors[0]
    assert str(error) == "MAP042 founded_on: '昨天' is no date that is certain"
    assert (error.field, str(error.mark)) == ("founded_on", "mappings/crm/account.yaml:6:15")


@pytest.mark.parametrize(
    ("line", "value", "reason"),
    [
        ("founded_on: {from: x, via: [date]}", "昨天", "'昨天' is no date that is certain"),
        ("founded_on: {from: x}", "昨天", "'昨天' is not a date"),
        ("capital_cny: {from: x}", "面议", "'面议' is not an amount"),
        ("employees: {from: x}", "一些", "'一些' is not a whole number"),
        ("listed: {from: x}", "也许", "'也许' is not true or false"),
        ("email: {from: x, via: [email]}", "info.example", "'info.example' is no e-mail address"),
        ("phone: {from: x, via: [phone]}", "8765", "'8765' is no telephone number"),
        ("short_name: {from: x}", ["a"], "has several values, but the model gives it one"),
        ("short_name: {from: x, via: [trim]}", {"a": 1}, "a group, where one value was expected"),
        ("address: {from: x}", 5, "must be a group of"),
    ],
)
def test_e66_an_optional_value_that_cannot_be_read_is_null_with_the_reason(line: str, value: Any, reason: str) -> None:
    """Guard: goldbridge.mapping.chain:Finish._flawed"""
    name = line.partition(":")[0]
    assert made(line, value) is None
    assert reason in notes(party(line), x=value)[name]["invalid"]


def test_e08_a_credit_code_that_fails_its_check_is_kept_and_noted() -> None:
    """Guard: goldbridge.mapping.chain:Finish._flawed"""
    for line in (
        "credit_code: {from: x, via: [credit_code]}",
        "credit_code: {from: x, via: [trim, upper, credit_code]}",
    ):
        assert made(line, "91330110MA2EXAMP50") == "91330110MA2EXAMP50"
        found = notes(party(line), x="91330110MA2EXAMP50")
        assert found == {"credit_code": {"invalid": "the check character is 0, the other 17 ask for K"}}
        assert notes(party(line), x="91330110MA2EXAMP5K") == {}
    assert made("credit_code: {from: x, via: [credit_code]}", "12345") is None, "its type cannot hold it"


def test_e08_a_required_credit_code_that_fails_refuses_the_record() -> None:
    """Guard: goldbridge.mapping.chain:Finish._flawed"""
    mapping = party("credit_code: {from: x, via: [credit_code], required: true}")
    assert refused(mapping, x="91330110MA2EXAMP50").startswith("MAP042 credit_code: the check character is 0")


def test_numbers_become_text_where_text_is_wanted() -> None:
    assert made("short_name: {from: x}", 300) == "300"
    assert made("short_name: {from: x}", 300.0) == "300"
    assert made("short_name: {from: x, via: [digits]}", 13800138001) == "13800138001"
    assert made("capital_cny: {from: x}", 1e7) == "10000000"
    assert made("employees: {from: x}", "12") == 12
    assert made("listed: {from: x}", 0) is None, "a number is no yes or no without the step `boolean`"
    assert made("listed: {from: x, via: [boolean]}", 0) is False


def test_zero_and_false_are_values() -> None:
    assert made("employees: {from: x, default: 5}", 0) == 0
    assert made("listed: {from: x, required: true}", False) is False


def test_e57_naive_times_take_the_zone_of_their_source() -> None:
    """Guard: goldbridge.text.date:parse_datetime"""
    assert made("updated_at: {from: x}", "2026-03-01 08:00:00") == "2026-03-01T00:00:00.000000Z"
    assert made("updated_at: {from: x}", "2026-03-01 08:00:00", zone="UTC") == "2026-03-01T08:00:00.000000Z"
    found = notes(party("updated_at: {from: x}", zone=None), x="2026-03-01 08:00:00")
    assert "declare the zone" in found["updated_at"]["invalid"]


# Tables


def test_lookup_finds_by_text() -> None:
    line = 'status: {from: x, lookup: {"1": active, "0": inactive, true: active}}'
    assert made(line, "1") == "active"
    assert made(line, 0) == "inactive"
    assert made(line, 1.0) == "active"
    assert made(line, True) == "active"
    assert made(line, "") == ""
    assert made(line, None) is None
    assert made(line) is ABSENT


def test_f52_e69_a_code_nobody_knows_is_null_and_noted() -> None:
    for line in ('status: {from: x, lookup: {"1": active}}', 'status: {from: x, lookup: {"1": active}, else: null}'):
        assert made(line, "9") is None
        assert notes(party(line), x="9") == {"status": {"unknown_code": "9"}}
    assert notes(party("status: {from: x}"), x="aktive") == {"status": {"unknown_code": "aktive"}}


def test_lookup_else() -> None:
    assert made('short_name: {from: x, lookup: {"1": 一}, else: keep}', "9") == "9"
    assert made('status: {from: x, lookup: {"1": active}, else: inactive}', "9") == "inactive"
    assert notes(party('status: {from: x, lookup: {"1": active}, else: inactive}'), x="9") == {}
    mapping = party('role: {from: x, lookup: {"1": customer}, else: reject}')
    assert refused(mapping, x="9") == "MAP041 role: no lookup entry for '9'"
    assert str(mapping.apply([{"id": "1", "name": "甲", "x": "9"}]).errors[0].mark) == "mappings/crm/account.yaml:6:27"
    assert one(mapping) == {"name": "甲"}, "a value that is not there is not looked up"


def test_an_unknown_code_takes_the_default_and_keeps_its_note() -> None:
    line = 'status: {from: x, lookup: {"1": active}, default: inactive}'
    assert made(line, "9") == "inactive"
    assert notes(party(line), x="9") == {"status": {"unknown_code": "9", "inferred": True}}


def test_a_table_may_say_that_a_code_means_nothing() -> None:
    assert made('status: {from: x, lookup: {"1": active, "0": null}}', "0") is None
    assert notes(party('status: {from: x, lookup: {"1": active, "0": null}}'), x="0") == {}
    assert refused(party('status: {from: x, lookup: {"0": null}, required: true}'), x="0").startswith("MAP040")


def test_a_shared_table_is_named() -> None:
    tables = table('table: states\nabout: x\nentries: {"1": active, "0": inactive}\n', "states")
    assert made("status: {from: x, via: [trim], lookup: states}", " 1", tables=tables) == "active"


def test_a_table_backwards() -> None:
    tables = table("table: states\nentries: {1a: active, 2b: inactive, 9: null}\n", "states")
    out = compiled(
        "mapping: n.a.out\nsource: party\ntarget: n.A\nfields:\n  s: {from: status, lookup: states, reverse: true}\n",
        tables=tables,
    )
    assert out.apply([{"status": "inactive"}, {"status": None}, {}]).values == [{"s": "2b"}, {"s": None}, {"s": None}]


# Many values


def test_many_values_from_several_sources_each_once_in_order() -> None:
    mapping = party("phones: {from: [x, y, z], via: [blank, phones]}")
    found = one(mapping, x="0571-87654321", y="-", z="13800138001、0571-87654321")
    assert found["phones"] == ["+8657187654321", "+8613800138001"]


def test_many_values_keep_the_states_of_their_sources() -> None:
    mapping = party("former_names: {from: [x, y]}")
    assert "former_names" not in one(mapping)
    assert one(mapping, x=None)["former_names"] is None
    assert one(mapping, x=None, y="")["former_names"] == []
    assert one(mapping, y="乙")["former_names"] == ["乙"]
    single = party("former_names: {from: x}")
    assert "former_names" not in one(single)
    assert one(single, x=None)["former_names"] is None
    assert one(single, x="")["former_names"] == []
    assert one(single, x=[])["former_names"] == []
    assert one(single, x=["乙", None, "", "乙", 3])["former_names"] == ["乙", "3"]


def test_e63_an_item_that_cannot_be_read_is_left_out_and_the_others_stay_good() -> None:
    """Guard: goldbridge.mapping.chain:Finish._without"""
    mapping = party("phones: {from: [x, y], via: [phone]}")
    assert one(mapping, x="12", y="0571-87654321")["phones"] == ["+8657187654321"]
    assert notes(mapping, x="12", y="0571-87654321") == {"phones": {"dropped": "'12' is no telephone number"}}
    assert one(mapping, x="12", y="34")["phones"] == []
    assert notes(mapping, x="12", y="34") == {"phones": {"invalid": "'12' is no telephone number"}}
    needed = party("phones: {from: x, via: [phone], required: true}")
    assert refused(needed, x="12") == "MAP042 phones: '12' is no telephone number"
    assert refused(needed, x=[]) == "MAP040 phones: required, but empty in the source"


def test_each_of_many_is_looked_up() -> None:
    line = 'tags: {from: x, via: [split: ","], lookup: {r: red, g: green}}'
    assert made(line, "r,g,r") == ["red", "green"]
    assert made(line, "r,b") == ["red"]
    assert notes(party(line), x="r,b")["tags"]["dropped"]
    assert notes(party(line), x="b") == {"tags": {"unknown_code": "b"}}
    assert refused(party(line.replace("}}", "}, else: reject}")), x="r,b") == "MAP041 tags: no lookup entry for 'b'"


def test_a_list_ends_as_one_value_by_first_and_concat() -> None:
    assert made("short_name: {from: x, via: [split: ',', first]}", "a, b") == "a"
    assert made("short_name: {from: [x, y], via: [concat: '/']}", "a") == "a"
    assert made("short_name: {from: x, via: [pluck: n, sort, concat: '+']}", [{"n": "b"}, {"n": "a"}]) == "a+b"


# References


def contact(*lines: str) -> Any:
    text = "".join(f"  {line}\n" for line in lines)
    return compiled(f"mapping: crm.contact\ntarget: contact\nkey: id\nfields:\n  name: {{from: name}}\n{text}")


def test_a_key_becomes_a_reference() -> None:
    mapping = contact("party: {from: x, via: [trim], ref: crm.account}")
    assert one(mapping, x=" C1 ")["party"] == {"ref": "crm.account", "key": "C1"}
    assert one(mapping, x=17)["party"] == {"ref": "crm.account", "key": "17"}
    assert refused(mapping, x="") == "MAP040 party: required, but empty in the source"


def test_a_key_of_one_stream_or_else_of_another() -> None:
    mapping = contact("party: {first_of: [{from: x, ref: n.Account}, {from: y, via: [trim], ref: n.Partner}]}")
    assert one(mapping, x="1", y="2")["party"] == {"ref": "n.Account", "key": "1"}
    assert one(mapping, x="", y=" 2")["party"] == {"ref": "n.Partner", "key": "2"}
    assert refused(mapping, x=None, y="").startswith("MAP040")


def test_many_keys_become_many_references() -> None:
    mapping = contact(
        "party: {from: x, ref: crm.account}", "friends: {from: [{from: y, via: [split: ','], ref: n.A}, z], ref: crm.b}"
    )
    found = one(
        contact("party: {from: x, ref: crm.account}", "friends: {from: y, via: [split: ','], ref: crm.b}"),
        x="1",
        y="2,3",
    )
    assert found["friends"] == [{"ref": "crm.b", "key": "2"}, {"ref": "crm.b", "key": "3"}]
    assert one(mapping, x="1")["party"] == {"ref": "crm.account", "key": "1"}


# Inferred


def test_e68_values_that_are_worked_out_are_noted() -> None:
    """Guard: goldbridge.mapping.chain:Finish._inferred"""
    mapping = party("short_name: {from: x, inferred: true}", "phone: {from: y, via: [phone], inferred: true}")
    assert notes(mapping, x="a", y="0571-87654321") == {"short_name": {"inferred": True}, "phone": {"inferred": True}}
    assert notes(mapping, x="", y=None) == {}
    assert set(notes(mapping, y="12")["phone"]) == {"invalid"}
