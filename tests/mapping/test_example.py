"""Examples in a mapping file are its tests, and a failing one says what differs and where."""

from __future__ import annotations

import pytest

from goldbridge.mapping.example import check_examples, count_examples
from tests.mapping.small import FILE, HEAD, OUT_HEAD, compiled, document

FIELDS = (
    "  role: {from: type, lookup: {a: customer, b: dealer}, else: reject}\n"
    "  capital_cny: {from: capital, via: [money]}\n"
    "  phones: {from: tel, via: [phones]}\n"
    "  address.area: {from: area, default: '0571'}\n"
    "  credit_code: {from: code, via: [credit_code]}\n"
)
TEXT = HEAD + FIELDS + 'when: "gone != true"\nexamples:\n'


def failing(*examples: str) -> list[str]:
    text = TEXT + "".join(f"  - {example}\n" for example in examples)
    return [str(problem).removeprefix(f"{FILE}:") for problem in check_examples(compiled(text), document(text))]


def test_examples_that_come_true_say_nothing() -> None:
    found = failing(
        "{given: {id: 1, name: 甲, type: a, capital: 300万}, expect: {name: 甲, capital_cny: 3000000.0}}",
        "{given: {id: 1, name: 甲}, expect: {address.area: '0571', address: {area: '0571'}}, absent: [phones, role]}",
        "{given: {id: 1, name: 甲, capital: null, tel: ''}, expect: {capital_cny: null, phones: []}}",
        "{given: {id: 1, name: 甲, tel: 0571-87654321}, expect: {phones: [0571 8765 4321]}}",
        "{given: {id: 1, name: 甲, type: c}, dead_letter: \"role: no lookup entry for 'c'\"}",
        "{given: {id: 1, name: 甲, type: c}, dead_letter: true}",
        "{given: {id: 1, gone: true}, filtered: true}",
        "{given: {id: 1, name: 甲, tel: 无线}, notes: {phones: invalid, address: inferred, role: null}}",
        "{given: {id: 1, name: 甲, code: 91330110MA2EXAMP50}, notes: {credit_code: {invalid: check character}}}",
    )
    assert found == []


def test_a_difference_names_the_fields_and_the_examples_line() -> None:
    wrong = (
        "{given: {id: 1, name: 甲, type: b, tel: 0571-87654321},"
        " expect: {role: customer, phones: [], capital_cny: 5, nmae: 甲}}"
    )
    message = (
        "14:68: MAP031 example 2 gives something else:\n"
        "    role: expected 'customer', got 'dealer'\n"
        '    phones: expected [], got ["+8657187654321"]\n'
        "    capital_cny: expected '5', got absent\n"
        "    nmae: the mapping makes no such field; did you mean 'name'?"
    )
    assert failing("{given: {id: 1, name: 甲, type: a}, expect: {name: 甲}}", wrong) == [message]


NOTED = (
    "13:5: MAP031 example 1 gives something else:\n"
    '    note on phones: expected {"invalid":"area"}, got {"invalid":"\'无线\' holds no telephone number"}\n'
    "    note on role: expected 'inferred', got null"
)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ("{given: {id: 1, gone: true}, expect: {}}", "13:5: MAP031 example 1 should be applied, but it was filtered"),
        (
            "{given: {id: 1, name: ''}, filtered: true}",
            "13:5: MAP031 example 1 should be filtered, but it became a dead letter (name: required, but empty",
        ),
        (
            "{given: {id: 1, name: 甲}, dead_letter: x}",
            "13:5: MAP031 example 1 should become a dead letter, but it was applied",
        ),
        (
            "{given: {id: 1, name: ''}, dead_letter: 'role: '}",
            "13:45: MAP031 example 1 was refused for another reason: name: required, but empty in the source",
        ),
        (
            "{given: {id: 1, name: 甲, tel: 0571-87654321}, absent: [phones]}",
            '13:5: MAP031 example 1 gives something else:\n    phones: expected absent, got ["+8657187654321"]',
        ),
        (
            "{given: {id: 1, name: 甲, tel: 无线}, notes: {phones: {invalid: area}, role: inferred}}",
            NOTED,
        ),
        (
            "{given: {id: 1, name: 甲}, expect: {role: agent}}",
            "13:39: MAP031 example 1 gives something else:\n    role: expected 'agent', which does not fit its type",
        ),
        ("{expect: {}}", "13:5: MAP030 an example needs `given:` with the fields of a record"),
        ("just text", "13:5: MAP030 an example needs `given:`"),
        ("{given: {id: 1}}", "13:5: MAP030 an example says what becomes of it: one of expect, dead_letter, filtered"),
        ("{given: {id: 1}, expect: {}, filtered: true}", "13:5: MAP030 an example says what becomes of it"),
        ("{given: {id: 1}, expcet: {}}", "13:22: MAP030 an example has no key 'expcet'; did you mean 'expect'?"),
        ("{given: {id: 1}, expect: 甲}", "13:30: MAP030 `expect` must be a table of fields"),
        ("{given: {id: 1}, filtered: false}", "13:32: MAP030 `filtered` must be true"),
        ("{given: {id: 1}, dead_letter: 5}", "13:35: MAP030 `dead_letter` is a part of the reason, or true"),
    ],
)
def test_an_example_that_fails_says_how(example: str, message: str) -> None:
    assert any(line.startswith(message) for line in failing(example)), failing(example)


def test_examples_must_be_a_list() -> None:
    text = HEAD + "examples: {given: {}}\n"
    assert [problem.code for problem in check_examples(compiled(text), document(text))] == ["MAP030"]
    assert count_examples(document(text)) == 0
    assert count_examples(document(TEXT + "  - {}\n  - {}\n")) == 2


def test_types_are_compared_not_only_values() -> None:
    text = HEAD + "  listed: {from: x}\n  employees: {from: y}\nexamples:\n"
    wrong = text + "  - {given: {id: 1, name: 甲, x: true, y: 1}, expect: {listed: false, employees: 2}}\n"
    found = check_examples(compiled(wrong), document(wrong))
    assert "listed: expected false, got true" in found[0].message
    assert "employees: expected '2', got 1" not in found[0].message
    assert "employees: expected 2, got 1" in found[0].message


def test_an_out_mapping_has_examples_too() -> None:
    text = OUT_HEAD + "  tel: {from: phones, via: [first]}\nexamples:\n  - {given: {phones: [a]}, expect: {tel: b}}\n"
    found = check_examples(compiled(text), document(text))
    assert found[0].message.endswith("tel: expected 'b', got 'a'")


STYLE = """mapping: legacy_crm.account
target: party
key: id
when: "!isDeleted"
fields:
  name:          {from: accountName, via: [trim, fold_width], required: true}
  credit_code:   {from: creditCode, via: [trim, upper, credit_code]}
  role:          {from: accountType, lookup: {"1": customer, "2": dealer}, else: reject}
  status:        {expr: "level == '0' ? 'inactive' : 'active'"}
  phone:         {first_of: [tel, mobile], via: [digits]}
  capital_cny:   {expr: "capitalUnit == '万元' ? double(capital) * 10000.0 : double(capital)"}
  address.line:  {join: [province, city, street], with: ""}
  address.area:  {from: areaCode, default: "0571"}
  updated_at:    {from: updatedAt, via: [datetime]}
examples:
  - given:  {id: a1, accountName: " 上海示例（集团）有限公司", accountType: "2", level: "1",
             capital: "300", capitalUnit: 万元, isDeleted: false}
    expect: {name: 上海示例(集团)有限公司, role: dealer, capital_cny: 3000000.0, address.area: "0571"}
  - given:  {id: a2, accountName: 甲, accountType: "9", level: "1", isDeleted: false}
    dead_letter: "role: no lookup entry for '9'"
  - given:  {id: a3, isDeleted: true}
    filtered: true
"""
"""The example of the house guide, word for word."""


def test_the_guides_example_compiles_and_comes_true() -> None:
    mapping = compiled(STYLE)
    assert check_examples(mapping, document(STYLE)) == []
    batch = mapping.apply([example["given"] for example in document(STYLE).data["examples"]])
    assert batch.fates == ["applied", "dead", "filtered"]
    assert batch.values[0] == {
        "name": "上海示例(集团)有限公司",
        "role": "dealer",
        "status": "active",
        "capital_cny": "3000000",
        "address": {"area": "0571"},
    }
    assert mapping.reads >= {"id", "accountName", "creditCode", "level", "capital", "capitalUnit", "isDeleted", "tel"}


def test_the_guides_two_mistakes_are_told_as_it_says() -> None:
    from tests.mapping.small import problems

    text = STYLE.replace("upper,", "uper,").replace("level ==", "levle ==")
    fields = compiled(STYLE).reads
    assert problems(text, stream_fields=fields) == [
        "7:49: MAP014 unknown transform 'uper'; did you mean 'upper'?",
        "9:26: MAP021 stream 'account' has no field 'levle'; did you mean 'level'?",
    ]
