"""Every way a mapping file can be wrong is told at its place, all at once."""

from __future__ import annotations

from typing import Any

import pytest

from goldbridge.errors import Misconfigured
from goldbridge.mapping import compile_mapping
from tests.mapping.small import HEAD, MODEL, OUT_HEAD, compiled, document, party, problems, table

FIELDS = frozenset({"id", "name", "level", "tel", "mobile", "form", "type", "客户名称"})
KINDS = table("table: kinds\nentries: {A: active, I: inactive}\n", "kinds")

CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("MAP001", "- a\n", {}, "1:1: MAP001 a mapping file needs `mapping:`, `target:`, `key:` and `fields:`"),
    (
        "MAP001",
        "mapping: crm.account\ntarget: party\nfields:\n  name: {from: name}\n",
        {},
        "1:1: MAP001 `key:` is missing: the source field that holds the record's key",
    ),
    (
        "MAP001",
        "mapping: crm.account\ntarget: party\nkey: id\nfields: []\n",
        {},
        "4:9: MAP001 a mapping needs `fields:`",
    ),
    ("MAP002", HEAD + "exmaples: []\n", {}, "6:1: MAP002 a mapping has no key 'exmaples'; did you mean 'examples'?"),
    (
        "MAP002",
        HEAD + "  phone: {from: tel, requird: true}\n",
        {},
        "6:22: MAP002 field 'phone' has no key 'requird'; did you mean 'required'?",
    ),
    ("MAP004", HEAD.replace("party", "prty"), {}, "2:9: MAP004 the model has no entity 'prty'; did you mean 'party'?"),
    (
        "MAP004",
        OUT_HEAD.replace("new.Account", "Account") + "  a: {from: name}\n",
        {},
        "3:9: MAP004 an out mapping's target is written system.Object",
    ),
    ("MAP005", HEAD + "  phnoe: {from: tel}\n", {}, "6:3: MAP005 party has no field 'phnoe'; did you mean 'phone'?"),
    (
        "MAP005",
        HEAD + "  address.lin: {from: tel}\n",
        {},
        "6:3: MAP005 party has no field 'address.lin'; did you mean 'address.line'?",
    ),
    (
        "MAP005",
        OUT_HEAD + "  nmae: {from: name}\n",
        {"stream_fields": frozenset({"name", "tel"})},
        "5:3: MAP005 new.Account has no field 'nmae'; did you mean 'name'?",
    ),
    (
        "MAP006",
        HEAD + "  phone: {via: [trim]}\n",
        {},
        "6:10: MAP006 field 'phone' says nothing about where it comes from; write one of from, first_of,",
    ),
    ("MAP006", HEAD + "  phone: {from: tel, value: x}\n", {}, "6:10: MAP006 field 'phone' has from and value;"),
    (
        "MAP007",
        HEAD + "  address: {from: tel}\n  address.line: {from: tel}\n",
        {},
        "7:3: MAP007 'address' is made as a whole already; drop one of the two",
    ),
    (
        "MAP008",
        HEAD.replace("name: {from", "phone: {from"),
        {},
        "4:1: MAP008 party requires name, which the mapping does not make; add it, or say `partial: true`",
    ),
    (
        "MAP009",
        OUT_HEAD.replace("fields:", "merged_into: name\nfields:") + "  name: {from: name}\n",
        {},
        "4:1: MAP009 `merged_into` belongs to a mapping that reads a stream",
    ),
    (
        "MAP021",
        HEAD.replace("fields:", "split_from: odl\nfields:"),
        {"stream_fields": frozenset({"id", "name", "old"})},
        "4:13: MAP021 stream 'account' has no field 'odl'; did you mean 'old'?",
    ),
    ("MAP009", HEAD + "  phone: tel\n", {}, "6:10: MAP009 a field is written as {from: SOURCE_FIELD, via: [...]}"),
    ("MAP009", HEAD + "  phone: {from: 12}\n", {}, "6:17: MAP009 the name of a source field is text, not 12"),
    ("MAP009", HEAD + "  phone: {from: tel, via: trim}\n", {}, "6:27: MAP009 `via` is a list of transforms"),
    ("MAP009", HEAD + "  phone: {from: tel, with: x}\n", {}, "6:22: MAP009 `with` belongs to `join`"),
    ("MAP009", HEAD + "  phone: {from: tel, else: x}\n", {}, "6:22: MAP009 `else` belongs to `lookup`"),
    ("MAP009", HEAD + "  phone: {expr: 1}\n", {}, "6:17: MAP009 `expr` is a CEL expression; put it in quotes, not 1"),
    ("MAP009", HEAD + "  phone: {from: tel, required: 1}\n", {}, "6:32: MAP009 `required` is true or false, not 1"),
    ("MAP009", HEAD + "  phone: {first_of: tel}\n", {}, "6:21: MAP009 `first_of` is a list of source fields"),
    ("MAP009", HEAD + "drop: [name]\n", {}, "6:8: MAP009 'name' is dropped here and read above; remove one of the two"),
    (
        "MAP010",
        HEAD + "  status: {from: type, lookup: kind}\n",
        {"tables": KINDS},
        "6:32: MAP010 there is no table 'kind' in mappings/tables; did you mean 'kinds'?",
    ),
    (
        "MAP013",
        OUT_HEAD + "  a: {from: status, reverse: true, lookup: {A: active, B: active}}\n",
        {},
        "5:44: MAP013 'active' stands for 'A' and for 'B'; `reverse` needs one code per value",
    ),
    (
        "MAP014",
        HEAD + "  phone: {from: tel, via: [trim, uper]}\n",
        {},
        "6:34: MAP014 unknown transform 'uper'; did you mean 'upper'?",
    ),
    (
        "MAP014",
        HEAD + "  phone: {from: tel, via: [truncat: 5]}\n",
        {},
        "6:28: MAP014 unknown transform 'truncat'; did you mean 'truncate'?",
    ),
    (
        "MAP015",
        HEAD + "  phone: {from: tel, via: [truncate]}\n",
        {},
        "6:28: MAP015 transform 'truncate' needs its length: `truncate: ...`",
    ),
    (
        "MAP015",
        HEAD + "  phone: {from: tel, via: [truncate: -1]}\n",
        {},
        "6:38: MAP015 truncate: length must be a whole number above 0, not -1",
    ),
    ("MAP015", HEAD + "  phone: {from: tel, via: [trim: 1]}\n", {}, "6:28: MAP015 transform 'trim' takes no argument"),
    (
        "MAP015",
        HEAD + "  updated_at: {from: tel, via: [datetime: Asia/Shanghia]}\n",
        {},
        "6:43: MAP015 datetime: no time zone is called 'Asia/Shanghia'",
    ),
    (
        "MAP016",
        HEAD + "  phone: {from: tel, via: [phones]}\n",
        {},
        "6:27: MAP016 'phone' takes one value, but the steps give a list; end with `first` or `concat`",
    ),
    (
        "MAP016",
        HEAD + "  phone: {from: tel, via: [address]}\n",
        {},
        "6:27: MAP016 'phone' is a phone, but the steps give a group of fields",
    ),
    (
        "MAP016",
        HEAD + "  phone: {from: [tel, mobile]}\n",
        {},
        "6:17: MAP016 'phone' takes one value; use first_of or join instead of a list of sources",
    ),
    (
        "MAP017",
        HEAD + "  updated_at: {from: tel, via: [datetime]}\n",
        {"zone": None},
        "6:33: MAP017 'datetime' needs a time zone: declare `zone:` of the system in config/sources.yaml",
    ),
    (
        "MAP018",
        HEAD + "  status: {from: type, default: activ}\n",
        {},
        "6:33: MAP018 the default does not fit 'status': 'activ' is none of its words; did you mean 'active'?",
    ),
    (
        "MAP018",
        HEAD + '  status: {from: type, lookup: {"1": actve}}\n',
        {},
        "6:38: MAP018 the entry for '1' does not fit 'status': 'actve' is none of its words; did you mean 'active'?",
    ),
    ("MAP018", HEAD + "  role: {value: agent}\n", {}, "6:17: MAP018 the value does not fit 'role': 'agent' is none of"),
    (
        "MAP020",
        HEAD + """  status: {expr: "level = '0'"}\n""",
        {"stream_fields": FIELDS},
        "6:25: MAP020 in the expression, '= ' cannot be read here; comparison is '=='",
    ),
    (
        "MAP020",
        HEAD + """  status: {expr: "level == "}\n""",
        {"stream_fields": FIELDS},
        "6:28: MAP020 in the expression, the expression ends too early",
    ),
    (
        "MAP020",
        HEAD + """  listed: {expr: "level.matches('[')"}\n""",
        {"stream_fields": FIELDS},
        "6:33: MAP020 '[' is no regular expression (RE2 syntax)",
    ),
    (
        "MAP020",
        HEAD + """  status: {expr: "row == null ? 'active' : ''"}\n""",
        {"stream_fields": FIELDS},
        "6:19: MAP020 'row' needs the name of a field in quotes: row['NAME']",
    ),
    (
        "MAP021",
        HEAD + """  status: {expr: "levle == '0' ? 'inactive' : 'active'"}\n""",
        {"stream_fields": FIELDS},
        "6:19: MAP021 stream 'account' has no field 'levle'; did you mean 'level'?",
    ),
    (
        "MAP021",
        HEAD + """  status: {expr: "row['客户名'] == '' ? 'inactive' : 'active'"}\n""",
        {"stream_fields": FIELDS},
        "6:24: MAP021 stream 'account' has no field '客户名'; did you mean '客户名称'?",
    ),
    (
        "MAP021",
        HEAD + "  phones: {from: [tel, mobil]}\n",
        {"stream_fields": FIELDS},
        "6:24: MAP021 stream 'account' has no field 'mobil'; did you mean 'mobile'?",
    ),
    (
        "MAP021",
        HEAD.replace("key: id", "key: idd") + "drop: [levl]\n",
        {"stream_fields": FIELDS},
        "3:6: MAP021 stream 'account' has no field 'idd'; did you mean 'id'?",
    ),
    (
        "MAP021",
        OUT_HEAD + "  a: {from: address.lin}\n",
        {},
        "5:13: MAP021 entity 'party' has no field 'address.lin'; did you mean 'address.line'?",
    ),
    (
        "MAP022",
        HEAD + f"""  status: {{expr: "{" + ".join(["level"] * 200)}"}}\n""",
        {},
        "6:19: MAP022 the expression has 1597 characters, more than 1000; make it a transform",
    ),
    (
        "MAP022",
        HEAD + f"""  status: {{expr: "{"(" * 40}level{")" * 40}"}}\n""",
        {},
        "6:19: MAP022 brackets are nested too deep; make it a transform",
    ),
    (
        "MAP023",
        HEAD + """  status: {expr: "substrng(level, 1)"}\n""",
        {},
        "6:19: MAP023 CEL has no function 'substrng'; did you mean 'string'?",
    ),
    (
        "MAP024",
        "mapping: crm.contact\ntarget: contact\nkey: id\nfields:\n  name: {from: n}\n  party: {from: p}\n",
        {},
        "6:10: MAP024 'party' is a reference; say which stream its key is of: `ref: ...`",
    ),
    (
        "MAP024",
        HEAD + "  phone: {from: tel, ref: crm.account}\n",
        {},
        "6:27: MAP024 'phone' is a phone in the model; `ref` needs a field of type reference",
    ),
    ("MAP024", HEAD + "  phone: {from: tel, ref: account}\n", {}, "6:27: MAP024 `ref` names a stream as system.stream"),
    (
        "MAP024",
        HEAD + "  phone: {from: tel, resolve: Account}\n",
        {},
        "6:31: MAP024 `resolve` belongs to out mappings; a source's key takes `ref`",
    ),
    (
        "MAP024",
        OUT_HEAD + "  a: {from: name, ref: crm.account}\n",
        {},
        "5:24: MAP024 `ref` belongs to mappings that read; an out mapping takes `resolve`",
    ),
    (
        "MAP024",
        OUT_HEAD + "  a: {first_of: [name, phone], resolve: Account}\n",
        {},
        "5:41: MAP024 `resolve` needs `from:` with the one reference it resolves",
    ),
]


@pytest.mark.parametrize(
    ("code", "text", "options", "message"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)]
)
def test_a_mistake_is_told_at_its_place(code: str, text: str, options: dict[str, Any], message: str) -> None:
    found = problems(text, **options)
    assert any(line.startswith(message) for line in found), "\n".join(found)
    assert {line.split(" ")[1] for line in found} <= {code, "MAP021"}


def test_all_mistakes_are_told_at_once_in_file_order() -> None:
    text = HEAD + '  phnoe: {from: tel, via: [uper]}\n  status: {expr: "levle", lookup: nowhere}\nkye: 1\n'
    found = problems(text, stream_fields=FIELDS)
    assert [line.split(" ")[1] for line in found] == ["MAP005", "MAP014", "MAP021", "MAP010", "MAP002"]
    lines = [tuple(int(part) for part in line.split(":")[:2]) for line in found]
    assert lines == sorted(lines)


def test_columns_are_right_in_block_style_and_lines_in_texts_over_several() -> None:
    quoted = HEAD + """  status:\n    expr: "level == levle ? 'active' : 'inactive'"\n"""
    assert problems(quoted, stream_fields=FIELDS) == [
        "7:21: MAP021 stream 'account' has no field 'levle'; did you mean 'level'?"
    ]
    folded = HEAD + "  listed:\n    expr: |\n      level ==\n      levle\n"
    assert problems(folded, stream_fields=FIELDS)[0].startswith("7:11: MAP021")


def test_without_known_fields_names_are_not_checked() -> None:
    assert problems(HEAD + """  status: {expr: "whatever == '0' ? 'inactive' : 'active'"}\n""") == []


def test_a_field_may_have_a_dot_in_its_name() -> None:
    mapping = party("short_name: {from: 合同.编号}", stream_fields=frozenset({"id", "name", "合同.编号"}))
    assert mapping.reads == {"id", "name", "合同.编号"}
    assert (
        problems(HEAD + "  short_name: {from: 合同.编}\n", stream_fields=frozenset({"id", "name", "合同.编号"})) != []
    )


def test_a_partial_mapping_need_not_make_what_the_model_requires() -> None:
    text = "mapping: map.geocode\ntarget: party\nkey: id\npartial: true\nfields:\n  address.line: {from: line}\n"
    assert compiled(text).reads == {"id", "line"}


def test_what_a_mapping_reads_and_leaves_out() -> None:
    mapping = compiled(
        HEAD
        + """  status: {expr: "level == '0' ? 'inactive' : 'active'"}\n"""
        + '  address.line: {join: [a.b, {from: c}], with: ""}\n'
        + 'drop: [created]\nwhen: "flag == true"\n'
    )
    assert mapping.reads == {"id", "name", "level", "a", "c", "flag"}
    assert mapping.dropped == {"created"}
    assert mapping.unmapped(frozenset({"id", "created", "fax", "mail"})) == ["fax", "mail"]
    assert mapping.inputs("address") == {"a", "c"}
    assert mapping.inputs("status") == {"level"}
    assert mapping.inputs("nothing") == frozenset()
    assert mapping.given({"a": {"b": 1}, "c": None, "level": "1"}, "address.line") == {"a.b": 1, "c": None}
    assert mapping.given({"a": {}}, "address.line") == {}
    assert mapping.given({"level": "1"}, "status") == {"level": "1"}


def test_lineage_tells_the_steps_in_words() -> None:
    mapping = party(
        'status: {from: type, via: [trim, truncate: 1], lookup: {"1": active}, else: reject, default: inactive}',
        "address.line: {join: [a, {value: 市}, {from: b, via: [blank]}], with: '-'}",
        "short_name: {first_of: [x, y], required: true, inferred: true}",
        "listed: {expr: \"level == '0'\"}",
        "role: {value: customer}",
        tables=KINDS,
    )
    assert mapping.lineage("status") == [
        "from type",
        "trim",
        "truncate: 1",
        "lookup 1 entries, else reject",
        "default 'inactive'",
    ]
    assert mapping.lineage("address") == ["address.line: join a, '市', b (blank) with '-'"]
    assert mapping.lineage("short_name") == ["first of x, y", "required", "inferred"]
    assert mapping.lineage("listed") == ["expr level == '0'"]
    assert mapping.lineage("role") == ["value 'customer'"]
    assert mapping.lineage("nothing") == []
    assert str(mapping.mark("status")) == "mappings/crm/account.yaml:6:11"
    assert str(mapping.mark("address")) == "mappings/crm/account.yaml:7:17"
    assert mapping.mark("nothing") == mapping.key_mark


def test_the_revision_changes_with_whatever_can_change_a_result() -> None:
    text = HEAD + "  status: {from: type, lookup: kinds}\n  updated_at: {from: at, via: [datetime]}\n"
    base = compiled(text, tables=KINDS).revision
    assert base == compiled(text, tables=KINDS).revision
    assert base == compiled("# a comment\n" + text + "examples: []\ndrop: [fax]\n", tables=KINDS).revision
    other_table = table("table: kinds\nentries: {A: active, I: inactive, X: active}\n", "kinds")
    changed = [
        compiled(text.replace("from: at", "from: on"), tables=KINDS),
        compiled(text, tables=other_table),
        compiled(text, tables=KINDS, zone="UTC"),
        compiled(text + 'when: "type != null"\n', tables=KINDS),
    ]
    assert len({base, *(mapping.revision for mapping in changed)}) == 5


def test_the_revision_changes_with_the_model_and_with_the_transforms(monkeypatch: pytest.MonkeyPatch) -> None:
    from goldbridge.records.model import compile_model
    from goldbridge.settings.yaml import read

    text = HEAD + "  short_name: {from: short}\n"
    base = compiled(text).revision
    other = compile_model(read("entities: {party: {fields: {name: {type: text}, short_name: {type: email}}}}"))
    assert compile_mapping(document(text), other, zone="Asia/Shanghai").revision != base
    monkeypatch.setattr("goldbridge.mapping.compile.EDITION", 10_000)
    assert compiled(text).revision != base


def test_nothing_of_a_broken_mapping_is_returned() -> None:
    with pytest.raises(Misconfigured) as caught:
        compile_mapping(document("text"), MODEL)
    assert caught.value.code == "MAP001"


def test_resolves_say_which_object_and_which_golden_field() -> None:
    mapping = compiled(
        "mapping: new.contact.out\nsource: contact\ntarget: new.Contact\nfields:\n"
        "  name: {from: name}\n  account_id: {from: party, resolve: Account}\n"
        "  partner_id: {from: party, resolve: Partner}\n"
    )
    assert mapping.resolves == {"account_id": "Account", "partner_id": "Partner"}
    assert mapping.resolve_from == {"account_id": "party", "partner_id": "party"}
    assert mapping.is_out
    assert (mapping.name, mapping.source, mapping.target) == ("new.contact.out", "contact", "new.Contact")
