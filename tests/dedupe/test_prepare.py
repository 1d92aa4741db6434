"""A record is cleaned once: what is valid, what is soft, what says nothing, and what it offers to blocking."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.facet import facets
from dedupe.fact import EMPTY
from dedupe.place import NOWHERE, Place
from dedupe.prepare import Identifiers, Names, Online, Prepared, Site, prepare, sites
from dedupe.rule import Rules, compile_rules
from goldbridge.settings.yaml import read
from tests.dedupe.world import Record, credit_code, shipped

CODE = credit_code(7)
BROKEN = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
WHOLE: Record = {
    "name": "杭州示例智能装备有限公司",
    "credit_code": CODE,
    "phones": ["0571-87654321", "+8613800138000;ext=1", "0571-87654321"],
    "emails": ["Sales@Example.com"],
    "website": "www.example.cn/about",
    "address": "浙江省杭州市滨江区江南大道3588号2幢",
}


def slot(rules: Rules, record: Record, kind: str) -> Any:
    """The slot of the first comparison of that kind."""
    prepared = prepare(rules, record)
    return next(
        found for item, found in zip(rules.comparisons, prepared.slots, strict=True) if kind in (item.kind, item.name)
    )


def test_a_whole_record(rules: Rules) -> None:
    found = prepare(rules, WHOLE, id=5)
    assert found.id == 5
    assert slot(rules, WHOLE, "identifier") == Identifiers("credit_code", (CODE,), (), (CODE[8:17],))
    assert slot(rules, WHOLE, "phone") == ("+8613800138000", "+8657187654321")
    assert slot(rules, WHOLE, "online") == Online(("sales@example.com",), ("example.cn", "example.com"))
    site = slot(rules, WHOLE, "address")
    assert isinstance(site, Site)
    assert (site.road, site.number, site.rest) == ("江南大道", "3588", "江南大道3588号2幢")
    assert site.towns == (("杭州", "330100"), ("滨江", "330108"))
    assert found.place == Place(frozenset({"33"}), frozenset({"3301"}), frozenset({"330108"}))
    assert found.facts.hard == (("credit_code", CODE),)
    assert (found.facts.kind, found.facts.brand, found.facts.named) == ("company", "示例", True)
    assert not found.facts.doubtful


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"name": None, "phones": [], "address": "", "emails": None},
        {"name": "无", "credit_code": "000000000000000000", "phones": ["0000000"], "emails": ["无"], "website": "-"},
        {"name": "测试", "phones": ["1"], "unknown": "x"},
        {"name": True, "phones": False},
    ],
)
def test_e09_placeholders_and_nothing_say_nothing(rules: Rules, record: Record) -> None:
    """Guard: dedupe.prepare:_texts"""
    found = prepare(rules, record)
    assert found == Prepared((None,) * len(rules.comparisons), EMPTY, NOWHERE)
    assert facets(rules, found) == {}


def test_e08_a_number_that_fails_its_check_is_soft_and_no_fact(rules: Rules) -> None:
    """Guard: dedupe.prepare:_identifiers"""
    found = slot(rules, {"credit_code": BROKEN}, "identifier")
    assert (found.valid, found.soft) == ((), (BROKEN,))
    assert prepare(rules, {"credit_code": BROKEN}).facts == EMPTY
    assert BROKEN not in facets(rules, prepare(rules, {"credit_code": BROKEN})).get("credit_code", ())


def test_an_identifier_without_a_check_digit_is_taken_as_it_is() -> None:
    rules = compile_rules(read("product: {compare: {code: identifier}}", file="m.yaml"), "product", {"code": "text"})
    assert slot(rules, {"code": " AB-12 "}, "identifier") == Identifiers("text", ("ab12",), ())
    assert prepare(rules, {"code": "AB-12"}).facts == EMPTY


@pytest.mark.parametrize(
    ("record", "doubtful"),
    [
        ({"name": "杭州示例科技有限公司", "credit_code": CODE}, False),
        ({"name": "上海示例科技有限公司", "credit_code": CODE}, True),
        ({"name": "示例科技有限公司", "credit_code": CODE}, False),  # nobody says where it is
        ({"credit_code": CODE, "address": "上海市浦东新区世纪大道100号"}, True),
    ],
)
def test_a_number_from_another_province_is_doubtful(rules: Rules, record: Record, doubtful: bool) -> None:
    assert prepare(rules, record).facts.doubtful is doubtful


def test_all_names_of_a_record_and_their_roles(rules: Rules) -> None:
    record = {
        "name": "厦门鼎丰物流有限公司（原厦门联运货运有限公司）",
        "short_name": "鼎丰",
        "former_names": ["厦门海达货运有限公司", "无"],
    }
    names = slot(rules, record, "organisation")
    assert isinstance(names, Names)
    assert [(name.brand, name.role) for name in names.names] == [
        ("鼎丰", "name"),
        ("联运", "former"),
        ("鼎丰", "short"),
        ("海达", "former"),
    ]
    facts = prepare(rules, {"short_name": "鼎丰", "former_names": ["厦门海达货运有限公司"]}).facts
    assert facts.brand == ""  # only the present legal name says what a record is


def test_a_branch_is_not_where_its_head_office_is(rules: Rules) -> None:
    assert prepare(rules, {"name": "杭州示例智能装备有限公司北京分公司"}).place == NOWHERE
    facts = prepare(rules, {"name": "杭州示例智能装备有限公司北京分公司"}).facts
    assert (facts.kind, facts.branch, facts.branch_kind) == ("company", "北京", "分公司")


def test_an_address_may_be_a_line_or_a_group_of_fields(rules: Rules) -> None:
    line = slot(rules, {"address": "浙江省杭州市滨江区江南大道3588号"}, "address")
    group = {"region": "330108", "province": "浙江省", "city": "杭州市", "county": "滨江区", "line": "江南大道3588号"}
    assert slot(rules, {"address": group}, "address") == line
    assert slot(rules, {"address": {**group, "line": "浙江省杭州市滨江区江南大道3588号"}}, "address") == line
    only_region = slot(rules, {"address": {"region": "330108"}}, "address")
    assert only_region is None or only_region.place.counties == {"330108"}


def test_keys_of_a_street_address(rules: Rules) -> None:
    there = slot(rules, {"address": "浙江省杭州市滨江区高新园区江南大道3588号2幢"}, "address")
    here = slot(rules, {"address": "杭州江南大道3588号"}, "address")
    assert sites(there) == sites(here) == ("3301 南大道 3588",)
    assert sites(slot(rules, {"address": "杭州市滨江区江南大道"}, "address")) == ()
    assert sites(slot(rules, {"address": "1 Main Street, Springfield 12345"}, "address"))


def test_what_a_record_offers_to_blocking(rules: Rules) -> None:
    found = facets(rules, prepare(rules, WHOLE))
    assert found["brand"] == ("示例",)
    assert found["brand_pinyin"] == ("sili",)
    assert found["short_name"] == ("示例", "示智", "示能")
    assert found["credit_code"] == (CODE[8:17], CODE)
    assert found["city"] == ("3301",)
    assert found["domain"] == ("example.cn", "example.com")
    assert "brand_near" not in found  # of a brand of two, one character left says nothing
    near = facets(rules, prepare(rules, {"name": "杭州天一达科技有限公司"}))["brand_near"]
    assert near == ("_一达", "天_达", "天一_")


def test_a_person_meets_under_his_pinyin_and_a_reference_under_its_key() -> None:
    contacts = shipped("contact")
    record = {"name": "王伟", "mobile": "13800138000", "party": {"ref": "party", "key": "C1"}}
    found = facets(contacts, prepare(contacts, record))
    assert found["name"] == ("王伟",)
    assert found["name_pinyin"] == ("wanwei",)
    assert found["phone"] == ("+8613800138000",)
    assert len(found["party"]) == 1
    assert (
        found["party"]
        != facets(contacts, prepare(contacts, {**record, "party": {"ref": "party", "key": "C2"}}))["party"]
    )


VALUES = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.lists(st.text(max_size=8), max_size=2),
    st.dictionaries(st.sampled_from(["region", "line", "city", "key", "ref"]), st.text(max_size=6), max_size=3),
    st.integers(),
)


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), VALUES), st.dictionaries(st.just("note"), VALUES))
def test_any_document_can_be_prepared_and_unknown_fields_say_nothing(record: Record, more: Record) -> None:
    rules = RULES
    found = prepare(rules, record)
    assert prepare(rules, {**more, **record}) == found
    offered = facets(rules, found)
    assert all(values and list(values) == sorted(set(values)) for values in offered.values())


RULES = shipped("party")
