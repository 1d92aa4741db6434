"""Blocking keys: the same for a record whenever it comes, split where too many share one, never dropped in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.block import candidate_pairs, keys, keys_of_facets
from dedupe.prepare import Prepared, prepare
from dedupe.rule import Limits, Rules
from dedupe.statistic import Statistics, statistics
from tests.dedupe.world import HOME, UNCOUNTED, Record, credit_code, shipped

RECORD: Record = {
    "name": "杭州示例智能装备有限公司",
    "credit_code": credit_code(7),
    "phones": ["0571-87654321"],
    "emails": ["sales@example.com"],
    "address": "浙江省杭州市滨江区江南大道3588号",
}


def test_the_keys_of_a_record(rules: Rules) -> None:
    found = keys(rules, UNCOUNTED, prepare(rules, RECORD))
    assert found == sorted(set(found))
    assert {
        f"credit_code={credit_code(7)}",
        "phone=+8657187654321",
        "email=sales@example.com",
        "domain=example.com",
        "site=3301 南大道 3588",
        "core=示例智能装备",
        "brand+city=示例/3301",
        "brand+trade=示例/智能装备",
        "brand_pinyin+city=sili/3301",
    } <= set(found)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"name": "杭州示例智能装备有限公司"}, {"name": "示例智能装备（杭州）有限公司"}),
        ({"name": "上海凌云管道工程有限公司"}, {"name": "上海凌芸管道工程有限公司"}),  # typed by ear
        ({"name": "杭州天一达科技有限公司"}, {"name": "杭州天一通科技有限公司"}),  # one wrong character
        ({"name": "深圳市博远精密机械有限公司"}, {"short_name": "博远精机", "address": "深圳市南山区"}),
        ({"name": "甲一有限公司", "phones": ["0571-87654321"]}, {"name": "乙二有限公司", "phones": ["057187654321"]}),
        ({"name": "Acme Trading Ltd."}, {"name": "ACME TRADING LIMITED"}),
        ({"credit_code": credit_code(7)}, {"registration_no": "x", "credit_code": credit_code(7).lower()}),
    ],
)
def test_who_meets_whom(rules: Rules, one: Record, two: Record) -> None:
    assert set(keys(rules, UNCOUNTED, prepare(rules, one))) & set(keys(rules, UNCOUNTED, prepare(rules, two)))


def test_strangers_do_not_meet(rules: Rules) -> None:
    two = {"name": "宁波样板食品有限公司", "phones": ["0574-12345678"], "credit_code": credit_code(8)}
    assert not set(keys(rules, UNCOUNTED, prepare(rules, RECORD))) & set(keys(rules, UNCOUNTED, prepare(rules, two)))


def test_e09_e12_a_value_shared_by_many_is_no_key(rules: Rules) -> None:
    """Guard: dedupe.block:keys_of_facets"""
    hubs = Statistics(hubs={"phone": frozenset({"+8657187654321"}), "credit_code": frozenset({credit_code(7)})})
    before = set(keys(rules, UNCOUNTED, prepare(rules, RECORD)))
    after = set(keys(rules, hubs, prepare(rules, RECORD)))
    assert before - after == {"phone=+8657187654321", f"credit_code={credit_code(7)}"}
    assert after < before


def small(rules: Rules, block: int) -> Rules:
    return replace(rules, limits=Limits(block=block))


def same_brand(count: int) -> list[Record]:
    """Companies of one brand and trade, in four cities; every seventh says nothing of a place."""
    cities = ("杭州", "宁波", "苏州", "无锡")
    return [
        {"name": f"{'' if at % 7 == 0 else cities[at % 4]}示例科技有限公司", "phones": [f"0571-8765{at:04d}"]}
        for at in range(count)
    ]


def under(rules: Rules, numbers: Statistics, records: list[Prepared]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at, record in enumerate(records):
        for key in keys(rules, numbers, record):
            found.setdefault(key, []).append(at)
    return found


def test_a_key_over_its_cap_is_split_and_nobody_loses_his_place(rules: Rules) -> None:
    capped = small(rules, 12)
    records = [prepare(capped, record) for record in same_brand(40)]
    numbers = statistics(capped, records)
    assert numbers.crowded["core=示例科技"] >= 1
    groups = under(capped, numbers, records)
    assert "core=示例科技" not in groups
    split = {key: members for key, members in groups.items() if key.startswith("core=示例科技|")}
    assert sorted(member for members in split.values() for member in members) == list(range(40))
    assert max(map(len, split.values())) < 40
    # Whoever shares what the key was split by still meets; who says nothing of it keeps a place of his own.
    cities = {key.split("|")[1] for key in split}
    assert cities == {"", "3202", "3205", "3301", "3302"}
    placeless = [member for key, members in split.items() if key.split("|")[1] == "" for member in members]
    assert sorted(placeless) == [at for at in range(40) if at % 7 == 0]


def test_a_key_that_one_split_does_not_help_is_split_again(rules: Rules) -> None:
    capped = small(rules, 12)
    trades = ("食品", "机械", "物流")
    records = [
        prepare(capped, {"name": f"杭州示例{trades[at % 3]}有限公司", "emails": [f"u{at}@example.com"]})
        for at in range(30)
    ]
    numbers = statistics(capped, records)
    assert numbers.crowded["domain=example.com"] == 2
    groups = under(capped, numbers, records)
    split = {key: len(members) for key, members in groups.items() if key.startswith("domain=")}
    assert split == {f"domain=example.com|3301|{trade}": 10 for trade in trades}


def test_a_key_under_its_cap_is_left_alone(rules: Rules) -> None:
    records = [prepare(rules, record) for record in same_brand(40)]
    assert statistics(rules, records).crowded == {}


def test_a_split_is_frozen_with_the_statistics(rules: Rules) -> None:
    capped = small(rules, 12)
    records = [prepare(capped, record) for record in same_brand(40)]
    numbers = statistics(capped, records)
    newcomer = prepare(capped, {"name": "杭州示例科技有限公司"})
    again = Statistics.from_json(numbers.as_json())
    assert keys(capped, again, newcomer) == keys(capped, numbers, newcomer)
    assert set(keys(capped, numbers, newcomer)) & set(keys(capped, numbers, records[4]))


def test_candidate_pairs() -> None:
    found, over = candidate_pairs({3: ["a", "b"], 1: ["a"], 2: ["b", "c"], 4: ["c", "a"]}, cap=3)
    assert (found, over) == ([(1, 3), (1, 4), (2, 3), (2, 4), (3, 4)], {})
    assert candidate_pairs({1: ["a"], 2: ["a"], 3: ["a"]}, cap=2) == ([], {"a": 3})
    assert candidate_pairs({}, cap=2) == ([], {})


@given(st.dictionaries(st.integers(0, 9), st.sets(st.sampled_from("abcd"), max_size=3)), st.integers(2, 6))
def test_candidate_pairs_equal_listing_every_key(keys_of: dict[int, set[str]], cap: int) -> None:
    sizes = {key: sum(key in held for held in keys_of.values()) for key in "abcd"}
    expected = sorted(
        (a, b) for a, b in combinations(sorted(keys_of), 2) if any(sizes[key] <= cap for key in keys_of[a] & keys_of[b])
    )
    found, over = candidate_pairs(keys_of, cap)
    assert found == expected
    assert over == {key: size for key, size in sizes.items() if size > cap}


RULES = shipped("party")
FACETS = st.dictionaries(
    st.sampled_from(["brand", "city", "trade", "core", "phone", "site", "road", "short_name"]),
    st.lists(st.sampled_from("甲乙丙"), unique=True, min_size=1, max_size=2).map(tuple),
)


@settings(max_examples=60)
@given(FACETS, st.dictionaries(st.sampled_from(["brand+city=甲/乙", "core=甲", "phone=丙"]), st.integers(1, 2)))
def test_keys_do_not_depend_on_the_order_of_facets(
    offered: dict[str, tuple[str, ...]], crowded: dict[str, int]
) -> None:
    numbers = Statistics(crowded=crowded)
    turned = {facet: values[::-1] for facet, values in reversed(offered.items())}
    found = keys_of_facets(RULES, numbers, offered)
    assert found == keys_of_facets(RULES, numbers, turned) == sorted(set(found))
    # splitting renames keys, it never takes one away
    stems = {key.partition("|")[0] for key in found}
    assert stems == set(keys_of_facets(RULES, UNCOUNTED, offered))


PIPELINE = """
import json, os, random, sys
from dedupe.block import candidate_pairs, keys
from dedupe.cluster import Edge, Node, cluster
from dedupe.prepare import prepare
from dedupe.score import score
from dedupe.statistic import statistics
from tests.dedupe.world import crowd, shipped

if "TESTS_WITHOUT_GUARD" in os.environ:
    from tests.mutants import switch_off

    switch_off(os.environ["TESTS_WITHOUT_GUARD"])
rules = shipped("party")
records = crowd()
random.Random(int(sys.argv[1])).shuffle(records)
prepared = {record["id"]: prepare(rules, record, id=record["id"]) for record in records}
numbers = statistics(rules, prepared.values())
pairs, over = candidate_pairs({id: keys(rules, numbers, each) for id, each in prepared.items()}, rules.limits.block)
scored = [(a, b, score(rules, numbers, prepared[a], prepared[b])) for a, b in pairs]
edges = [Edge(a, b, found.weight, found.band, found.vetoes) for a, b, found in scored]
clusters = cluster([Node(id, each.facts) for id, each in prepared.items()], edges, limits=rules.limits)
print(json.dumps([numbers.as_json(), over, [(a, b, *map(str, found)) for a, b, found in scored], clusters]))
"""


def test_e18_the_pipeline_gives_the_same_whatever_the_order_and_the_seed_of_hashes() -> None:
    """Guard: dedupe.block:candidate_pairs"""
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PIPELINE, order],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(HOME)},
            cwd=HOME,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, order in (("0", "1"), ("1", "2"))
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 20_000
