"""Which source wins a field, and why: E48, E52-E56, E59, E62-E68 at the level of the rule."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.clock import iso
from goldbridge.errors import Misconfigured
from goldbridge.records.field import Model
from goldbridge.records.model import compile_model
from goldbridge.settings.yaml import read
from mdm.claim import Claimant, Override
from mdm.survivorship import Survived, survive
from mdm.survivorship_rule import Rules, compile_survivorship

MODEL = """
entities:
  party:
    mastered: true
    fields:
      name: {type: text}
      credit_code: {type: credit_code, identifier: hard}
      phones: {type: phone, many: true}
      address: {type: address}
      email: {type: email}
      industry: {type: text}
      level: {enum: [low, high, blocked]}
      limit: {type: money}
      blocked: {type: boolean}
    roles: {customer: {}, dealer: {}}
"""
RULES = """
party:
  name: {order: [source_rank: [registry, erp, crm], recency]}
  address: {group: true, order: [source_rank: [erp, crm], recency]}
  email: {order: [validity, source_rank: [crm, erp]]}
  industry: {owner: registry, else: [recency]}
  phones: {union: true, order: [source_rank: [crm, erp]]}
"""
SYSTEMS = ["crm", "erp", "map", "registry"]


@pytest.fixture(scope="module")
def model() -> Model:
    return compile_model(read(MODEL, "config/model.yaml"))


@pytest.fixture(scope="module")
def rules(model: Model) -> Rules:
    return compile_survivorship(read(RULES, "config/survivorship.yaml"), model, SYSTEMS)


def claim(number: int, system: str, event_at: str | None = "2026-01-01T00:00:00.000000Z", **more: Any) -> Claimant:
    notes, anchor = more.pop("notes", {}), more.pop("anchor", None)
    return Claimant(
        record=number, system=system, stream="s", key=f"K{number}", incarnation=0, version=1, first_run=1,
        event_at=event_at, received_at="2026-03-01T00:00:00.000000Z", values=more, notes=notes, anchor=anchor,
    )  # fmt: skip


def view(model: Model, rules: Rules, *claims: Claimant, pins: tuple[Override, ...] = ()) -> Survived:
    return survive(model.entities["party"], rules["party"], claims, pins)


def test_e65_the_registry_wins_the_name_by_rank(model: Model, rules: Rules) -> None:
    """Guard: mdm.criterion:grade"""
    found = view(model, rules, claim(1, "crm", name="甲厂"), claim(2, "registry", None, name="甲机械有限公司"))
    assert found.values["name"] == "甲机械有限公司"
    assert found.lineage["name"] == {"rule": "source_rank", "record": 2, "version": 1, "challengers": [1]}


def test_e55_without_the_owner_the_fallback_ranks(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_rank"""
    old = claim(1, "crm", "2025-01-01T00:00:00.000000Z", industry="C34")
    new = claim(2, "erp", "2026-01-01T00:00:00.000000Z", industry="C35")
    assert view(model, rules, old, new).values["industry"] == "C35"
    found = view(model, rules, old, new, claim(3, "registry", None, industry="C36"))
    assert (found.values["industry"], found.lineage["industry"]["rule"]) == ("C36", "owner")


def test_e59_an_undated_value_ranks_below_a_dated_one(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_rank"""
    dated = claim(2, "erp", "1999-01-01T00:00:00.000000Z", industry="C2")
    found = view(model, rules, claim(1, "crm", None, industry="C1"), dated)
    assert found.values["industry"] == "C2"


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_e53_e54_nothing_never_beats_a_value(model: Model, rules: Rules, nothing: Any) -> None:
    """Guard: mdm.criterion:says"""
    found = view(model, rules, claim(1, "registry", name=nothing), claim(2, "crm", name="甲"))
    assert found.values["name"] == "甲"
    assert "name" not in view(model, rules, claim(1, "registry", name=nothing)).values


def test_e66_an_invalid_value_from_the_top_source_is_passed_over(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_rank"""
    bad = claim(1, "crm", email="nobody@", notes={"email": {"invalid": "no domain"}})
    found = view(model, rules, bad, claim(2, "erp", email="a@example.com"))
    assert (found.values["email"], found.lineage["email"]["rule"]) == ("a@example.com", "validity")
    alone = view(model, rules, bad)
    assert alone.lineage["email"]["invalid"] == "no domain"


def test_e68_an_inferred_value_loses_to_any_asserted_one(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_inferred"""
    guess = claim(1, "registry", name="甲", notes={"name": {"inferred": True}})
    found = view(model, rules, guess, claim(2, "crm", name="乙"))
    assert (found.values["name"], found.lineage["name"]["rule"]) == ("乙", "asserted")


def test_e62_an_address_survives_whole(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_complete"""
    full = claim(1, "crm", address={"line": "甲路1号", "region": "330110", "point": "120,30"})
    found = view(model, rules, full, claim(2, "erp", address={"line": "乙路2号"}))
    assert found.values["address"] == {"line": "乙路2号"}


def test_an_answer_completes_only_the_address_it_was_asked_about(model: Model, rules: Rules) -> None:
    inferred = {"address": {"inferred": True}}
    ours = claim(2, "erp", address={"line": "乙路2号"})
    right = claim(3, "map", None, address={"line": "乙路2号", "region": "330106"}, notes=inferred, anchor=2)
    stale = claim(4, "map", None, address={"line": "丙路3号", "region": "110101"}, notes=inferred, anchor=2)
    other = claim(5, "map", None, address={"line": "乙路2号", "region": "310101"}, notes=inferred, anchor=1)
    found = view(model, rules, claim(1, "crm", address={"line": "甲路1号"}), ours, right, stale, other)
    assert found.values["address"] == {"line": "乙路2号", "region": "330106"}
    assert found.lineage["address"]["completed_by"] == {"region": 3}


def test_e63_phones_are_united_with_the_records_behind_each(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_unite"""
    found = view(model, rules, claim(1, "erp", phones=["+861", "+862"]), claim(2, "crm", phones=["+862", "+863"]))
    assert found.values["phones"] == ["+862", "+863", "+861"]
    assert found.lineage["phones"]["items"] == [[1, 2], [2], [1]]


def test_e13_roles_are_collected(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_collect_roles"""
    found = view(model, rules, claim(1, "crm", role="dealer"), claim(2, "erp", role="customer"))
    assert found.values["roles"] == ["customer", "dealer"]


def test_e48_a_pin_wins_and_a_suppression_hides(model: Model, rules: Rules) -> None:
    """Guard: mdm.pinned:lay"""
    source = claim(1, "registry", name="甲", email="a@example.com")
    pins = (
        Override(1, 1, "name", "set", "钉", "2026-01-01"),
        Override(2, 1, "email", "suppress", None, "2026-01-01"),
    )
    found = view(model, rules, source, pins=pins)
    assert found.values["name"] == "钉"
    assert "email" not in found.values


def test_e51_of_two_pins_the_older_approved_one_shows(model: Model, rules: Rules) -> None:
    """Guard: mdm.pinned:showing"""
    pins = (Override(2, 2, "name", "set", "新", "2026-02-01"), Override(1, 1, "name", "set", "旧", "2026-01-01"))
    assert view(model, rules, claim(1, "crm", name="甲"), pins=pins).values["name"] == "旧"


def test_e64_a_quorum_counts_systems_not_records(model: Model) -> None:
    """Guard: mdm.criterion:systems_per_value"""
    quorum = compile_survivorship(read("party: {industry: {order: [quorum, recency]}}", "s.yaml"), model, SYSTEMS)
    repeated = [claim(n, "crm", "2026-02-01T00:00:00.000000Z", industry="C1") for n in range(4)]
    others = [claim(10, "erp", industry="C2"), claim(11, "registry", industry="C2")]
    assert view(model, quorum, *repeated, *others).values["industry"] == "C2"


def test_e56_equal_claims_end_in_a_total_order(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_rank"""
    found = view(model, rules, claim(2, "crm", industry="C2"), claim(1, "crm", industry="C1"))
    assert (found.values["industry"], found.lineage["industry"]["rule"]) == ("C1", "total_order")


systems = st.sampled_from(SYSTEMS)
times = st.sampled_from([None, "2025-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"])
claims = st.lists(st.tuples(systems, times, st.sampled_from(["甲", "乙", "", None]), st.booleans()), max_size=7)


@given(claims, st.integers(0, 10_000))
def test_order_of_arrival_does_not_matter(drawn: list[tuple[str, str | None, str | None, bool]], seed: int) -> None:
    model = compile_model(read(MODEL, "config/model.yaml"))
    rules = compile_survivorship(read(RULES, "config/survivorship.yaml"), model, SYSTEMS)
    made = [
        claim(n, system, at, name=name, industry=name, phones=[name] if name else [],
              notes={"name": {"invalid": "x"}} if bad else {})
        for n, (system, at, name, bad) in enumerate(drawn)
    ]  # fmt: skip
    shuffled = made.copy()
    random.Random(seed).shuffle(shuffled)
    assert view(model, rules, *made) == view(model, rules, *shuffled)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("partie: {}", "MDM001", "1:1"),
        ("party:\n  nmae: {}", "MDM002", "2:3"),
        ("party:\n  name: {ordre: []}", "MDM003", "2:10"),
        ("party:\n  name: {union: true}", "MDM004", "2:10"),
        ("party:\n  name: {owner: regsitry}", "MDM005", "2:17"),
        ("party:\n  name: {order: [recent]}", "MDM006", "2:18"),
        ("party:\n  name: {order: [longest]}", "MDM007", "2:18"),
    ],
)
def test_a_broken_rule_is_refused_at_its_place(model: Model, text: str, code: str, place: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        compile_survivorship(read(text, "config/survivorship.yaml"), model, SYSTEMS)
    assert str(caught.value.problems[0]).startswith(f"config/survivorship.yaml:{place}: {code} ")


def compiled(model: Model, text: str) -> Rules:
    return compile_survivorship(read(f"party: {{{text}}}", "s.yaml"), model, SYSTEMS)


def one(model: Model, rule: str, *claims: Claimant, now: str = "", ends: dict[str, str] | None = None) -> Survived:
    document = read(f"party: {{{rule}}}", "s.yaml")
    rules = compile_survivorship(document, model, SYSTEMS, ends=ends)
    return survive(model.entities["party"], rules["party"], claims, now=now)


def test_e55_a_fallback_is_marked_until_the_owner_speaks(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:falls_back"""
    found = view(model, rules, claim(1, "crm", industry="C34"))
    assert found.lineage["industry"]["fallback"] == "registry"
    found = view(model, rules, claim(1, "crm", industry="C34"), claim(2, "registry", None, industry="C36"))
    assert "fallback" not in found.lineage["industry"]


def test_e53_a_null_wins_only_where_the_rule_says_so(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:clears"""
    said = claim(1, "registry", industry=None), claim(2, "crm", industry="C34")
    assert view(model, rules, *said).values["industry"] == "C34"
    found = one(model, "industry: {owner: registry, else: [recency], clears: true}", *said)
    assert "industry" not in found.values
    assert found.lineage["industry"] == {
        "rule": "owner", "record": 1, "version": 1, "cleared": True, "challengers": [2],
    }  # fmt: skip
    silent = one(model, "industry: {owner: registry, else: [recency], clears: true}", claim(1, "registry"), said[1])
    assert silent.values["industry"] == "C34"


def test_e67_the_longest_name_of_an_organisation_is_refused(model: Model) -> None:
    """Guard: mdm.survivorship_rule:names_an_organisation"""
    with pytest.raises(Misconfigured, match=r"s\.yaml:1:24: MDM007 `longest` on an organisation's name"):
        compiled(model, "name: {order: [longest]}")
    found = one(model, "industry: {order: [longest]}", claim(1, "crm", industry="C1"), claim(2, "erp", industry="C123"))
    assert found.values["industry"] == "C123"


def test_e68_an_inferred_value_is_labelled_and_ranks_lowest(model: Model, rules: Rules) -> None:
    """Guard: mdm.survivorship:_inferred"""
    guess = claim(1, "registry", industry="C36", notes={"industry": {"inferred": True}})
    assert view(model, rules, guess).lineage["industry"]["inferred"] is True
    old = claim(2, "crm", None, industry="C34", notes={"industry": {"invalid": "no such code"}})
    assert view(model, rules, guess, old).values["industry"] == "C34"


def test_e75_a_source_that_went_off_falls_on_its_date(model: Model) -> None:
    """Guard: mdm.survivorship:gone_off"""
    said = claim(1, "crm", "2026-05-01T00:00:00.000000Z", industry="C1"), claim(2, "erp", industry="C2")
    rule, ends = "industry: {order: [source_rank: [crm, erp]]}", {"crm": "2026-07-01T00:00:00.000000Z"}
    before = one(model, rule, *said, now="2026-06-30T23:59:59.999999Z", ends=ends)
    assert before.values["industry"] == "C1"
    after = one(model, rule, *said, now="2026-07-01T00:00:00.000000Z", ends=ends)
    assert (after.values["industry"], after.lineage["industry"]["rule"]) == ("C2", "source_ended")
    alone = one(model, rule, said[0], now="2027-01-01T00:00:00.000000Z", ends=ends)
    assert alone.values["industry"] == "C1"  # frozen, not forgotten


@pytest.mark.parametrize(
    ("days", "winner"),
    [(0, "C1"), (182, "C1"), (183, "C2"), (3000, "C2")],
    ids=["fresh", "still trusted", "a day later", "long ago"],
)
def test_trust_falls_in_a_straight_line(model: Model, days: int, winner: str) -> None:
    """Sixty points today, half of it after 182.5 days: from then on fifty points are more."""
    old = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=days)
    rule = "industry: {order: [trust: {crm: {at: 80, to: 20, over: 365 d}, erp: 50}]}"
    said = claim(1, "crm", iso(old), industry="C1"), claim(2, "erp", "2026-01-01T00:00:00.000000Z", industry="C2")
    found = one(model, rule, *said)
    assert (found.values["industry"], found.lineage["industry"]["rule"]) == (winner, "trust")


def test_trust_does_not_change_by_itself(model: Model) -> None:
    rule = "industry: {order: [trust: {crm: {at: 80, to: 20, over: 365 d}, erp: 50}]}"
    said = claim(1, "crm", industry="C1"), claim(2, "erp", industry="C2")
    assert one(model, rule, *said, now="2026-01-02") == one(model, rule, *said, now="2036-01-02")


@pytest.mark.parametrize(
    ("field", "rule", "values", "winner"),
    [
        ("limit", "[most_restrictive]", ["100000", "20000.50", "99"], "99"),
        ("blocked", "[most_restrictive]", [False, True, False], True),
        ("level", "[most_restrictive: [blocked, high, low]]", ["low", "blocked", "high"], "blocked"),
    ],
)
def test_e83_the_most_restrictive_value_survives(
    model: Model, field: str, rule: str, values: list[Any], winner: Any
) -> None:
    """Guard: mdm.criterion:restriction"""
    said = [
        claim(n, "registry" if n else "crm", f"2026-0{9 - n}-01T00:00:00.000000Z", **{field: value})
        for n, value in enumerate(values)
    ]
    found = one(model, f"{field}: {{order: {rule}}}", *said)
    assert (found.values[field], found.lineage[field]["rule"]) == (winner, "most_restrictive")


def test_an_expression_ranks(model: Model) -> None:
    rule = """industry: {order: [expr: "record.name == '甲' ? 2.5 : double(size(value))"]}"""
    said = claim(1, "crm", industry="C1", name="甲"), claim(2, "erp", industry="C22"), claim(3, "map", industry="C")
    found = one(model, rule, *said)
    assert (found.values["industry"], found.lineage["industry"]["rule"]) == ("C22", "expr")
    rule = """industry: {order: [expr: "system == 'map'"]}"""
    assert one(model, rule, *said).values["industry"] == "C"
    rule = """industry: {order: [expr: "value"]}"""  # no number: the total order decides
    assert one(model, rule, *said).lineage["industry"]["rule"] == "total_order"


def test_e62_fields_of_a_group_survive_together(model: Model) -> None:
    """Guard: mdm.survivorship:together"""
    rule = "licence: {fields: [industry, level], order: [source_rank: [erp, crm]]}"
    said = claim(1, "crm", industry="C1", level="low"), claim(2, "erp", industry="C2")
    found = one(model, rule, *said)
    assert (found.values.get("industry"), found.values.get("level")) == ("C2", None)
    assert found.lineage["industry"] == {
        "rule": "source_rank", "record": 2, "version": 1, "challengers": [1], "group": "licence",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("name: {order: [source_rank: [erp, erp]]}", "1:43", "MDM009 'erp' stands in two places of one order"),
        ("name: {order: [recency, recency]}", "1:33", "MDM009 `recency` is listed twice"),
        ("level: {order: [most_restrictive: [high, low]]}", "1:43", "MDM009 no order between blocked: list every word"),
        ("level: {order: [most_restrictive: [hihg, low, high, blocked]]}", "1:44", "MDM009 'level' is never 'hihg'"),
        ("level: {order: [most_restrictive]}", "1:25", "MDM006 `most_restrictive` needs a list"),
        ("address.line: {order: [recency]}", "1:9", "MDM010 'address' survives whole, so there is no rule for its"),
        (
            "industry: {order: [recency]}, g: {fields: [industry, name]}", "1:9",
            "MDM010 'industry' survives with the group 'g'; a rule for it alone would tear the group",
        ),
        ("name: {fields: [industry, level]}", "1:16", "MDM010 'name' is a field, so it cannot name a group"),
        (
            "g: {fields: [industry, level]}, h: {fields: [level, name]}", "1:54",
            "MDM010 'level' is in the group 'g' already",
        ),
        ("g: {fields: [industry, phones]}", "1:32", "MDM010 'phones' has many values"),
        ("g: {fields: [industry, nmae]}", "1:32", "MDM002 party has no field 'nmae'; did you mean 'name'?"),
        ("g: {fields: [industry]}", "1:21", "MDM003 `fields` lists the two fields or more"),
        ("name: {order: [trust: {erp: 1001}]}", "1:37", "MDM006 the trust in erp is points from 0 to 1000"),
        ("name: {order: [trust: {erp: {at: 1, to: 2, over: 5 d}}]}", "1:37", "MDM006 the trust in erp is points"),
        ("name: {order: [trust: {epr: 10}]}", "1:32", "MDM005 there is no source system 'epr'; did you mean 'erp'?"),
        ("name: {order: [expr: 'valeu == 1']}", "1:31", "MDM030 `expr`: a claim has no field 'valeu'; did you mean"),
        ("name: {order: [expr: 'value == 1 && sise(value) > 1']}", "1:45", "MDM030 `expr`: CEL has no function 'sise'"),
        ("name: {order: [expr: 'record.levle == value']}", "1:38", "MDM030 `expr`: party has no field 'levle'"),
        ("name: {order: [expr: '']}", "1:30", "MDM006 `expr` is a CEL expression"),
        ("name: {order: recency}", "1:23", "MDM003 `order` is a list of criteria"),
    ],
)  # fmt: skip
def test_a_rule_that_decides_nothing_is_refused_at_its_place(model: Model, text: str, place: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        compiled(model, text)
    assert str(caught.value.problems[0]).startswith(f"s.yaml:{place}: {message}"), caught.value.problems


def test_mdm008_a_source_that_brings_nothing_is_unreachable(model: Model) -> None:
    """Guard: mdm.survivorship_rule:reachable"""
    document = read("party: {name: {owner: map, else: [source_rank: [crm, registry]]}}", "s.yaml")
    with pytest.raises(Misconfigured) as caught:
        compile_survivorship(document, model, SYSTEMS, reach={"party": {"crm", "registry"}})
    (problem,) = caught.value.problems
    assert str(problem) == (
        "s.yaml:1:23: MDM008 no mapping brings a party from 'map', so it can never win here; "
        "map it in mappings/map/, or take it out"
    )
