"""config/matching.yaml compiles, and every mistake in it is told with its place and a way out."""

from __future__ import annotations

import pytest

from dedupe.bit import bits
from dedupe.rule import DEFAULTS, Bands, Rules, compile_rules
from goldbridge.errors import Misconfigured
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read
from tests.dedupe.world import HOME, shipped

FIELDS = {"name": "text", "phones": "phone", "emails": "email", "address": "address", "credit_code": "credit_code"}
FACE = """
party:
  block:   [credit_code, phone, brand+city, brand_pinyin+trade]
  compare: {name: organisation, address: address, phones: set, credit_code: identifier}
  veto:    [different_hard_id, head_office_and_branch, fund_number]
  bands:   {auto: 24 bits, review: 8 bits, margin: 2 bits}
  limits:  {cluster: 200, hub: 20}
"""


def test_the_documented_shape_compiles() -> None:
    rules = compile_rules(read(FACE, file="config/matching.yaml"), "party", FIELDS)
    assert rules.bands == Bands(bits(24), bits(8), bits(2))
    assert (rules.limits.cluster, rules.limits.hub) == (200, 20)
    assert rules.blocks[2] == ("brand", "city")
    assert {item.kind for item in rules.comparisons} == {"organisation", "address", "phone", "identifier"}
    assert rules.reads() == {"name", "address", "phones", "credit_code"}


@pytest.mark.parametrize("entity", ["party", "contact"])
def test_the_shipped_file_says_what_the_defaults_say(entity: str) -> None:
    fields = compile_model(read(HOME / "config/model.yaml")).entities[entity].fields
    assert shipped(entity) == compile_rules(None, entity, fields)


def test_fields_that_the_entity_lacks_are_left_out_of_the_defaults_in_silence() -> None:
    rules = compile_rules(None, "party", {"name": "text"})
    assert [item.name for item in rules.comparisons] == ["organisation"]
    assert ("credit_code",) not in rules.blocks
    assert ("brand", "city") in rules.blocks


def test_an_entity_without_defaults_gets_usable_rules() -> None:
    document = read("product: {compare: {code: code, name: name}}", file="m.yaml")
    rules = compile_rules(document, "product", {"code": "text", "name": "text"})
    assert rules.blocks == (("code",), ("name",))
    assert rules.vetoes == {"different_hard_id"}


def test_a_set_is_what_its_type_or_its_name_says() -> None:
    text = "party: {compare: {name: organisation, phones: set, mails: set, tags: set}}"
    rules = compile_rules(
        read(text, file="m.yaml"), "party", {"name": "text", "phones": "phone", "mails": "text", "tags": "text"}
    )
    assert [item.kind for item in rules.comparisons] == ["organisation", "phone", "online", "set"]


def test_two_columns_of_one_pool_are_one_comparison() -> None:
    text = "party: {compare: {name: organisation, former_names: organisation, email: email, website: domain}}"
    rules = compile_rules(read(text, file="m.yaml"), "party")
    assert [(item.name, item.fields) for item in rules.comparisons] == [
        ("organisation", ("name", "former_names")),
        ("online", ("email", "website")),
    ]


def test_rules_survive_json_and_equal_rules_have_equal_revisions() -> None:
    rules = compile_rules(read(FACE, file="config/matching.yaml"), "party", FIELDS)
    assert Rules.from_json(rules.as_json()) == rules
    spaced = compile_rules(read(FACE.replace(" ", "  "), file="x.yaml"), "party", FIELDS)
    assert spaced.revision() == rules.revision()
    assert compile_rules(None, "party", FIELDS).revision() != rules.revision()


def test_a_file_that_holds_no_keys_is_told_whole() -> None:
    with pytest.raises(Misconfigured) as caught:
        compile_rules(read("[party]", file="config/matching.yaml"), "party", FIELDS)
    assert [str(problem) for problem in caught.value.problems] == [
        "config/matching.yaml:1:1: DED002 expected entities with their matching rules, as `party: {...}`"
    ]


def test_without_the_model_no_field_is_unknown() -> None:
    document = read("party: {compare: {nickname: name}, block: [nickname_pinyin]}", file="m.yaml")
    assert compile_rules(document, "party").reads() == {"nickname"}


def test_bands_are_inclusive_below() -> None:
    bands = Bands(auto=bits(24), review=bits(8))
    assert [bands.of(weight) for weight in (bits(24), bits(24) - 1, bits(8), bits(8) - 1)] == [
        "auto",
        "review",
        "review",
        "no",
    ]


@pytest.mark.parametrize("entity", DEFAULTS)
def test_every_shipped_block_comes_from_a_shipped_comparison(entity: str) -> None:
    rules = compile_rules(None, entity)
    assert ["+".join(parts) for parts in rules.blocks] == DEFAULTS[entity]["block"]
    assert rules.vetoes == set(DEFAULTS[entity]["veto"])
