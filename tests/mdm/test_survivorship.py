"""Which source wins a field, and why: E48, E52-E56, E59, E62-E68 at the level of the rule."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    found = view(model, rules, claim(1, "crm", name="甲厂"), claim(2, "registry", None, name="甲机械有限公司"))
    assert found.values["name"] == "甲机械有限公司"
    assert found.lineage["name"] == {"rule": "source_rank", "record": 2, "version": 1, "challengers": [1]}


def test_e55_without_the_owner_the_fallback_ranks(model: Model, rules: Rules) -> None:
    old = claim(1, "crm", "2025-01-01T00:00:00.000000Z", industry="C34")
    new = claim(2, "erp", "2026-01-01T00:00:00.000000Z", industry="C35")
    assert view(model, rules, old, new).values["industry"] == "C35"
    found = view(model, rules, old, new, claim(3, "registry", None, industry="C36"))
    assert (found.values["industry"], found.lineage["industry"]["rule"]) == ("C36", "owner")


def test_e59_an_undated_value_ranks_below_a_dated_one(model: Model, rules: Rules) -> None:
    dated = claim(2, "erp", "1999-01-01T00:00:00.000000Z", industry="C2")
    found = view(model, rules, claim(1, "crm", None, industry="C1"), dated)
    assert found.values["industry"] == "C2"


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_e53_e54_nothing_never_beats_a_value(model: Model, rules: Rules, nothing: Any) -> None:
    found = view(model, rules, claim(1, "registry", name=nothing), claim(2, "crm", name="甲"))
    assert found.values["name"] == "甲"
    assert "name" not in view(model, rules, claim(1, "registry", name=nothing)).values


def test_e66_an_invalid_value_from_the_top_source_is_passed_over(model: Model, rules: Rules) -> None:
    bad = claim(1, "crm", email="nobody@", notes={"email": {"invalid": "no domain"}})
    found = view(model, rules, bad, claim(2, "erp", email="a@example.com"))
    assert (found.values["email"], found.lineage["email"]["rule"]) == ("a@example.com", "validity")
    alone = view(model, rules, bad)
    assert alone.lineage["email"]["invalid"] == "no domain"


def test_e68_an_inferred_value_loses_to_any_asserted_one(model: Model, rules: Rules) -> None:
    guess = claim(1, "registry", name="甲", notes={"name": {"inferred": True}})
    found = view(model, rules, guess, claim(2, "crm", name="乙"))
    assert (found.values["name"], found.lineage["name"]["rule"]) == ("乙", "asserted")


def test_e62_an_address_survives_whole(model: Model, rules: Rules) -> None:
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
    found = view(model, rules, claim(1, "erp", phones=["+861", "+862"]), claim(2, "crm", phones=["+862", "+863"]))
    assert found.values["phones"] == ["+862", "+863", "+861"]
    assert found.lineage["phones"]["items"] == [[1, 2], [2], [1]]


def test_e13_roles_are_collected(model: Model, rules: Rules) -> None:
    found = view(model, rules, claim(1, "crm", role="dealer"), claim(2, "erp", role="customer"))
    assert found.values["roles"] == ["customer", "dealer"]


def test_e48_a_pin_wins_and_a_suppression_hides(model: Model, rules: Rules) -> None:
    source = claim(1, "registry", name="甲", email="a@example.com")
    pins = (
        Override(1, 1, "name", "set", "钉", "2026-01-01"),
        Override(2, 1, "email", "suppress", None, "2026-01-01"),
    )
    found = view(model, rules, source, pins=pins)
    assert found.values["name"] == "钉"
    assert "email" not in found.values


def test_e51_of_two_pins_the_older_approved_one_shows(model: Model, rules: Rules) -> None:
    pins = (Override(2, 2, "name", "set", "新", "2026-02-01"), Override(1, 1, "name", "set", "旧", "2026-01-01"))
    assert view(model, rules, claim(1, "crm", name="甲"), pins=pins).values["name"] == "旧"


def test_e64_a_quorum_counts_systems_not_records(model: Model) -> None:
    quorum = compile_survivorship(read("party: {industry: {order: [quorum, recency]}}", "s.yaml"), model, SYSTEMS)
    repeated = [claim(n, "crm", "2026-02-01T00:00:00.000000Z", industry="C1") for n in range(4)]
    others = [claim(10, "erp", industry="C2"), claim(11, "registry", industry="C2")]
    assert view(model, quorum, *repeated, *others).values["industry"] == "C2"


def test_e56_equal_claims_end_in_a_total_order(model: Model, rules: Rules) -> None:
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
