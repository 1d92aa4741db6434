"""Names in many spellings are read as the same words; a project adds its own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from goldbridge.errors import Misconfigured
from goldbridge.mapping.words import Words, load
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read

ROOT = Path(__file__).resolve().parents[2]


@cache
def words() -> Words:
    return load()


@pytest.mark.parametrize(
    "name",
    ["CUST_NAME", "custName", "customer-name", "客户名称", "客户名", "kehuMingcheng", "KHMC", "custname", "客户_名称"],
)
def test_one_name_in_many_spellings(name: str) -> None:
    assert ("customer", "name") in words().read(name)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("BillingCity", ("billing", "city")),
        ("account_no", ("account", "number")),
        ("uniform_social_credit_code", ("uscc",)),
        ("统一社会信用代码", ("uscc",)),
        ("TYSHXYDM", ("uscc",)),
        ("SIGNED_ON", ("sign", "date")),
        ("emailaddress1", ("email",)),
        ("capital__c", ("capital",)),
        ("form.合同编号", ("contract", "number")),
        ("created_by__r.name", ("create", "~by", "name")),
        ("accounts", ("account",)),
        ("opportunities", ("opportunity",)),
        ("注册资本（万元）", ("capital", "wan")),
        ("FROBNICATE", ("~frobnicate",)),
    ],
)
def test_how_names_are_cut(name: str, tokens: tuple[str, ...]) -> None:
    assert words().read(name)[0] == tokens


def test_what_pinyin_leaves_open_stays_open() -> None:
    assert {("customer", "address"), ("customer", "paid")} <= set(words().read("KHDZ"))


def test_every_listed_field_and_value_is_one_of_the_model() -> None:
    model = compile_model(read(ROOT / "config/model.yaml", "config/model.yaml"))
    data = read(ROOT / "goldbridge/mapping/data/field_words.yaml").data
    fields = {name for entity in model.entities.values() for name in entity.fields}
    enums = {word for entity in model.entities.values() for field in entity.fields.values() for word in field.enum}
    assert set(data["entities"]) <= set(model.entities)
    assert set(data["fields"]) - {"any"} <= set(model.entities)
    listed = {(entity, field) for entity, each in data["fields"].items() for field in each if entity != "any"}
    assert [one for one in listed if one[1] not in model.entities[one[0]].fields] == []
    assert set(data["fields"]["any"]) <= fields
    assert set(data["values"]) <= enums


def test_a_projects_own_words_are_added(tmp_path: Path) -> None:
    own = tmp_path / "words.yaml"
    own.write_text("words: {customer: [mandant]}\nfields: {party: {short_name: [rufname]}}\n", encoding="utf-8")
    found = load(own)
    assert found.read("MANDANT_NAME") == (("customer", "name"),)
    assert ("~rufname",) in found.field_phrases("party", "short_name")
    assert ("short", "name") in found.field_phrases("party", "short_name")
    assert words().read("MANDANT_NAME") != (("customer", "name"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a]", "a file of words has the keys"),
        ("word: {a: [b]}", "no key 'word'; did you mean 'words'?"),
        ("words: {customer: mandant}", "`words.customer` is a list of words"),
        ("fields: {party: [name]}", "`fields.party` is a table of names"),
        ("fields: {party: {name: [1]}}", "`fields.party.name` is a list of words"),
        ("modifiers: {a: b}", "`modifiers` is a list of words"),
    ],
)
def test_a_bad_file_of_words_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "words.yaml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        load(own)
    (problem,) = caught.value.problems
    assert problem.code == "MAP052"
    assert said in problem.message
