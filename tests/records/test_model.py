"""The model compiles, or says everything that is wrong with it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from goldbridge.errors import Misconfigured
from goldbridge.records.model import Entity, Model, compile_model
from goldbridge.settings.yaml import read
from goldbridge.text.status import STATUSES

ROOT = Path(__file__).resolve().parents[2]
KINDS = (
    "party contact employee department lead product opportunity quote contract order revenue payment risk approval "
    "service_order activity attachment sales_target channel_stock sell_out rebate"
)
PARTY = (
    "name short_name former_names credit_code lei registration_no phones emails website address industry capital_cny "
    "status reg_status owner"
)


def model(text: str) -> Model:
    return compile_model(read(text, "m.yaml"))


def party(fields: str) -> Entity:
    return model(f"entities:\n  party:\n    fields:\n      {fields}\n").entities["party"]


def refused(text: str) -> list[str]:
    with pytest.raises(Misconfigured) as caught:
        model(text)
    return [str(problem).removeprefix("m.yaml:") for problem in caught.value.problems]


def one(fields: str) -> str:
    """The one problem of a party with these fields, written from line 4, column 7."""
    found = refused(f"entities:\n  party:\n    fields:\n      {fields}\n")
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(scope="module")
def shipped() -> Model:
    return compile_model(read(ROOT / "config/model.yaml", "config/model.yaml"))


def test_the_shipped_model_has_every_entity_of_the_trade(shipped: Model) -> None:
    assert set(shipped.entities) == set(KINDS.split())
    assert [name for name, entity in shipped.entities.items() if entity.mastered] == ["party", "contact"]
    assert all(entity.label for entity in shipped.entities.values())
    assert all(field.label for entity in shipped.entities.values() for _, field in entity.leaves())


def test_the_shipped_party_and_its_children(shipped: Model) -> None:
    found = shipped.entities["party"]
    assert {*PARTY.split(), "role"} == set(found.fields)
    assert [name for name, field in found.fields.items() if field.identifier == "hard"] == ["credit_code", "lei"]
    assert found.fields["reg_status"].enum == STATUSES
    assert found.fields["role"].enum == ("customer", "dealer", "supplier")
    assert found.roles["dealer"].qualification == "dealer_onboarding"
    assert found.fields["capital_cny"].currency == "CNY"
    assert shipped.entities["contact"].parent_field == "party"
    contract = shipped.entities["contract"]
    assert (contract.parent, contract.parent_field) == ("party", "customer")
    assert contract.fields["kind"].enum == ("agency", "framework", "sales")
    assert contract.fields["status"].enum == ("draft", "in_approval", "approved", "rejected", "closed")


def test_the_chain_from_lead_to_payment_can_be_followed(shipped: Model) -> None:
    chain = ["lead", "opportunity", "quote", "contract", "order", "revenue", "payment"]
    for before, after in itertools.pairwise(chain):
        assert before in {field.reference for field in shipped.entities[after].fields.values()}, (before, after)


def test_types_are_implied_and_written() -> None:
    found = party(
        "{a: {type: text, required: true, many: true, identifier: soft, label: 甲, description: x}, "
        "b: {enum: [x, on]}, c: {reference: party}, d: {fields: {e: {type: money, currency: USD}}}, "
        "f: {type: enum, enum: [y]}}"
    )
    a = found.fields["a"]
    assert (a.type, a.required, a.many, a.identifier, a.label, a.description) == ("text", True, True, "soft", "甲", "x")
    assert (found.fields["b"].type, found.fields["b"].enum) == ("enum", ("x", "on"))
    assert (found.fields["c"].type, found.fields["c"].reference) == ("reference", "party")
    assert found.fields["d"].type == "group"
    assert found.field("d.e") is found.fields["d"].fields["e"]
    assert found.fields["d"].fields["e"].currency == "USD"
    assert found.field("d.x") is None
    assert found.field("x") is None


def test_an_address_has_its_parts_and_takes_more() -> None:
    found = party("{address: {type: address, fields: {area: {type: text}}}}")
    assert [name for name, _ in found.leaves()] == [
        f"address.{part}" for part in ("line", "region", "province", "city", "county", "point", "precision", "area")
    ]
    assert found.field("address.region") is not None


def test_roles_make_the_field_role_and_a_parent_its_reference() -> None:
    found = model(
        "entities:\n  party: {fields: {a: {type: text}}, roles: {customer: {}, dealer: }}\n"
        "  contact: {parent: party, fields: {b: {type: text}}}\n"
        "  note: {parent: contact, fields: {c: {reference: contact, many: true}, who: {reference: contact}}}\n"
    )
    assert found.entities["party"].fields["role"].enum == ("customer", "dealer")
    contact = found.entities["contact"]
    assert (contact.parent_field, contact.fields["party"].reference) == ("party", "party")
    assert found.entities["note"].parent_field == "who"


def test_lists_of_groups_are_one_leaf() -> None:
    found = party("{lines: {many: true, fields: {product: {type: text}}}, a: {type: text}}")
    assert [name for name, _ in found.leaves()] == ["lines", "a"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("name: text", "4:13: MOD001 a field is a mapping, e.g. {type: text}"),
        ("name: {}", "4:7: MOD001 field 'name' needs a type, e.g. {type: text}"),
        ("name: {type: text, many: 1}", "4:32: MOD001 `many` is true or false"),
        ("name: {type: text, label: 1}", "4:33: MOD001 `label` is text; put it in quotes"),
        ("name: {type: money, currency: yuan}", "4:37: MOD001 a currency is a code of three capitals such as CNY"),
        ("name: {type: text, requird: true}", "4:26: MOD002 a field has no key 'requird'; did you mean 'required'?"),
        ("name: {type: txt}", "4:20: MOD003 unknown type 'txt'; did you mean 'text'?"),
        ("name: {type: 数字}", "4:20: MOD003 unknown type '数字'; there are address, boolean, credit_code"),
        ("name: {type: text, enum: [a]}", "4:26: MOD004 `enum` belongs to type enum, but the type is text"),
        ("name: {type: text, currency: CNY}", "4:26: MOD004 `currency` belongs to type money, but the type is text"),
        ("name: {type: enum}", "4:7: MOD004 type enum needs `enum:`"),
        ("name: {type: reference}", "4:7: MOD004 type reference needs `reference:`"),
        ("name: {type: group}", "4:7: MOD004 type group needs `fields:`"),
        (
            "name: {enum: [a], reference: party}",
            "4:7: MOD004 a field has one of `enum`, `reference`, `fields`, not several",
        ),
        (
            "up: {reference: party, relation: part_of}",
            "4:40: MOD011 there is no relation 'part_of'; did you mean 'parent_of'?",
        ),
        (
            "up: {reference: party, relation: branch_of, many: true}",
            "4:40: MOD011 `relation` belongs to a reference to one other party",
        ),
        ("name: {type: text, relation: formerly}", "4:36: MOD011 `relation` belongs to a reference to one other party"),
        ("name: {enum: []}", "4:20: MOD005 an enum is a list of words, e.g. [active, inactive]"),
        ("name: {enum: a}", "4:20: MOD005 an enum is a list of words"),
        ("name: {enum: [a, a]}", "4:24: MOD005 'a' is listed twice; remove one"),
        ("name: {enum: [1]}", "4:21: MOD005 a word of an enum is text; write '1' in quotes"),
        ("name: {enum: [true]}", "4:21: MOD005 a word of an enum is text; write 'true' in quotes"),
        ("name: {type: text, identifier: firm}", "4:38: MOD006 `identifier` is hard or soft, not 'firm'"),
        ("name: {type: money, identifier: soft}", "4:39: MOD006 a field of type money cannot identify a record"),
        ("name: {type: text, many: true, identifier: hard}", "4:50: MOD006 a hard identifier has one value"),
        ("g: {fields: {a: {type: text, identifier: soft}}}", "4:48: MOD006 a part of a group cannot identify a record"),
        (
            "{a: {type: lei, identifier: hard}, b: {type: lei, identifier: hard}}",
            "4:42: MOD006 'a' is a hard identifier of type lei already; make this one soft",
        ),
        ("name: {reference: parti}", "4:25: MOD009 there is no entity 'parti' to refer to; did you mean 'party'?"),
        ("Name: {type: text}", "4:7: MOD010 'Name' cannot be a name here; use small letters, digits and '_'"),
        ("名称: {type: text}", "4:7: MOD010 '名称' cannot be a name here"),
        ("id: {type: text}", "4:7: MOD010 'id' is taken: every golden record has an id; use another name"),
        ("roles: {type: text}", "4:7: MOD010 'roles' is taken: the golden record collects them from `role`"),
        (
            "a: {type: address, fields: {city: {type: text}}}",
            "4:35: MOD010 every address has 'city' already; remove it",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_place(fields: str, problem: str) -> None:
    assert one(fields).startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "MOD001 the model needs `entities:` with at least one entity"),
        ("entities: {}", "MOD001 the model needs `entities:` with at least one entity"),
        ("- a", "MOD001 the model needs `entities:` with at least one entity"),
        ("entities: {a: 1}", "1:15: MOD001 an entity is a mapping, e.g. {fields: {name: {type: text}}}"),
        ("entities: {a: {}}", "1:12: MOD001 entity 'a' has no fields"),
        ("entities: {a: {fields: [x]}}", "1:24: MOD001 fields are a mapping"),
        ("entities: {a: {fields: {b: {type: text}}, roles: [x]}}", "1:50: MOD001 roles are a mapping"),
        ("entities: {a: {fields: {b: {type: text}}, roles: {x: 1}}}", "1:54: MOD001 a role is a mapping"),
        ("entities: {a: {fields: {b: {type: text}}, roles: {x: {y: 1}}}}", "1:55: MOD002 a role has no key 'y'"),
        ("entities: {a: {fields: {b: {type: text}}, master: true}}", "1:43: MOD002 an entity has no key 'master'"),
        ("entities: {a: {fields: {b: {type: text}}}}\nentity: 1", "2:1: MOD002 unknown key 'entity'; did you mean"),
        (
            "entities: {a: {fields: {b: {type: text}}, parent: c}}",
            "1:51: MOD007 there is no entity 'c' to be the parent",
        ),
        (
            "entities: {a: {fields: {b: {type: text}}}, c: {parent: a, fields: {a: {type: text}}}}",
            "1:68: MOD007 field 'a' must lead to the parent; write {reference: a} or rename it",
        ),
        (
            "entities: {a: {fields: {role: {type: text}}, roles: {x: {}}}}",
            "1:25: MOD010 `role` is made from `roles:`; remove this field",
        ),
        ("entities: {A: {fields: {b: {type: text}}}}", "1:12: MOD010 'A' cannot be a name here"),
    ],
)
def test_a_wrong_entity_is_named_with_its_place(text: str, problem: str) -> None:
    assert problem in refused(text)[0]


def test_parents_in_a_circle_are_told_once() -> None:
    fields = "fields: {x: {type: text}}"
    assert refused(
        f"entities:\n  a: {{parent: b, {fields}}}\n  b: {{parent: c, {fields}}}\n  c: {{parent: a, {fields}}}\n"
        f"  d: {{parent: a, {fields}}}\n  e: {{parent: e, {fields}}}\n"
    ) == [
        "2:15: MOD008 parents go in a circle: a -> b -> c -> a; remove one of them",
        "6:15: MOD008 parents go in a circle: e -> e; remove one of them",
    ]


def test_everything_wrong_is_said_at_once_in_file_order() -> None:
    found = refused(
        "entities:\n  party: {fields: {a: {type: txt}, B: {type: text}}, parent: x}\n  contact: {feilds: {}}\n"
    )
    assert [line.split(" ")[1] for line in found] == ["MOD003", "MOD010", "MOD007", "MOD001", "MOD002"]
