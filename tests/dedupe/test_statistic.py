"""Statistics are counted once and frozen: a score depends on them and on two records, never on what else arrived."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.bit import BIT, bits
from dedupe.evidence import Rare
from dedupe.prepare import prepare
from dedupe.rule import Bands, Comparison, Rules, compile_rules
from dedupe.score import score
from dedupe.statistic import Statistics, frequency_bits, statistics
from dedupe.statistic import count as keyed
from tests.dedupe.world import UNCOUNTED, Counting, Judging, Record, bits_of, credit_code, crowd, level_of

AGENT = "0571-87654321"


def test_e18_the_order_of_the_records_does_not_matter(rules: Rules) -> None:
    """Guard: dedupe.census:counted"""
    records = [prepare(rules, record) for record in crowd()]
    shuffled = random.Random(3).sample(records, len(records))
    assert statistics(rules, records) == statistics(rules, shuffled)
    assert statistics(rules, iter(records)).records == len(records)


def test_they_survive_json(count: Counting) -> None:
    found = count(crowd())
    trained = Statistics(
        records=2, weights={"code": (3, -1)}, bands=Bands(5, 4, 3), hubs={"phone": frozenset({"b", "a"})}
    )
    for each in (found, trained, UNCOUNTED):
        text = json.dumps(each.as_json())
        assert Statistics.from_json(json.loads(text)) == each
        assert json.dumps(Statistics.from_json(json.loads(text)).as_json()) == text


def test_a_score_does_not_depend_on_what_else_arrived(rules: Rules, count: Counting) -> None:
    frozen = count(crowd()[:60])
    later = [prepare(rules, record) for record in crowd()]
    alone = [prepare(rules, record) for record in crowd()]
    pairs = [(a, b) for a in range(0, 40, 3) for b in range(a + 1, 40, 5)]
    together = {(a, b): score(rules, frozen, later[a], later[b]) for a, b in pairs}
    for a, b in reversed(pairs):
        assert score(rules, frozen, alone[a], alone[b]) == together[a, b]


def test_what_was_counted_does_change_a_score(rules: Rules, judge: Judging, count: Counting) -> None:
    one, two = {"name": "杭州示例科技有限公司"}, {"name": "示例科技"}
    trades = ("食品", "机械", "物流", "科技")
    common = count(
        [{"name": f"{city}示例{trade}有限公司"} for city in ("杭州", "宁波", "上海") for trade in trades * 20]
    )
    assert judge(one, two, common).weight < judge(one, two).weight


def test_e12_a_phone_that_many_names_share_proves_nothing(rules: Rules, judge: Judging, count: Counting) -> None:
    """Guard: dedupe.census:shared_by_many"""
    brands = [a + b for a in "华信诚恒泰" for b in "鑫瑞金龙德"]
    many = count([{"name": f"杭州{brand}科技有限公司", "phones": [AGENT]} for brand in brands])
    assert many.is_hub("phone", "+8657187654321")
    one, two = {"name": "杭州华鑫科技有限公司", "phones": [AGENT]}, {"name": "杭州信瑞食品有限公司", "phones": [AGENT]}
    assert bits_of(judge(one, two, many), "phone") == 0
    assert bits_of(judge(one, two), "phone") > 0


def test_e12_a_house_full_of_companies_proves_only_by_the_room(judge: Judging, count: Counting) -> None:
    """Guard: dedupe.census:shared_by_many"""
    house = "浙江省杭州市滨江区江南大道3588号"
    brands = [a + b for a in "华信诚恒泰" for b in "鑫瑞金龙德"]
    busy = count([{"name": f"杭州{brand}科技有限公司", "address": f"{house}{at}室"} for at, brand in enumerate(brands)])
    one, two = {"address": house + "7幢801室"}, {"address": house + "9幢802室"}
    assert level_of(judge(one, two, busy), "address") == "shared by many"
    assert level_of(judge(one, one, busy), "address") == "same room in a busy house"
    assert level_of(judge(one, two), "address") == "equal"


def test_records_of_one_brand_that_share_a_phone_are_not_many(count: Counting) -> None:
    own = count([{"name": f"杭州示例科技有限公司第{at}分公司", "phones": [AGENT]} for at in range(1, 60)])
    assert not own.is_hub("phone", "+8657187654321")
    assert own.count("phone", "+8657187654321") == 59


@pytest.mark.parametrize(("names", "hub"), [(20, False), (21, True)])
def test_a_hub_is_over_the_limit_not_at_it(count: Counting, names: int, hub: bool) -> None:
    brands = [a + b for a in "华信诚恒泰" for b in "鑫瑞金龙德"][:names]
    found = count([{"name": f"杭州{brand}科技有限公司", "phones": [AGENT]} for brand in brands for _ in range(2)])
    assert found.is_hub("phone", "+8657187654321") is hub


def test_what_was_met_once_is_not_kept(count: Counting) -> None:
    found = count([{"name": f"杭州{brand}科技有限公司"} for brand in ("华鑫", "信瑞", "华鑫", "诚金", "华鑫")])
    assert found.counts["brand"] == {"华鑫": 3}
    assert (found.totals["brand"], found.squares["brand"]) == (5, 9 + 1 + 1)
    assert [found.count("brand", value) for value in ("华鑫", "信瑞", "never met")] == [3, 1, 1]


def test_a_column_called_like_a_facet_may_hold_hubs_too() -> None:
    """Words are chosen by their rarity after the hubs among them went, whatever column they come from."""
    party = compile_rules(None, "party", {"name": "text"})
    rules = replace(party, comparisons=(*party.comparisons, Comparison("token", "identifier", ("token",))))
    names = [f"{a}{b} Trading" for a in ("Kalo", "Mertin", "Braso", "Tinka", "Solme") for b in "abcde"]
    prepared = [prepare(rules, {"name": name, "token": "X-17"}) for name in names]
    numbers, _ = keyed(rules, prepared)
    assert "x17" in numbers.hubs["token"]


def test_what_no_record_has_is_not_counted(count: Counting) -> None:
    found = count([{"name": "杭州华鑫科技有限公司"}])
    assert "branch" not in found.totals
    assert "branch" not in found.squares


def test_namesakes_in_several_cities_are_known(rules: Rules, count: Counting) -> None:
    found = count(
        [
            {"name": "杭州示例科技有限公司"},
            {"name": "示例科技(上海)有限公司"},
            {"name": "示例科技有限公司", "address": "江苏省苏州市姑苏区人民路1号"},
            {"name": "杭州样板食品有限公司"},
            {"name": "杭州样板食品有限公司"},
        ]
    )
    assert list(found.spread.values()) == [3]


def registered(number: int, name: str, times: int = 2, city: str = "杭州市") -> list[Record]:
    return [{"name": name, "credit_code": credit_code(number), "address": f"浙江省{city}"} for _ in range(times)]


def test_e07_two_numbers_under_one_name_in_one_city_are_namesakes_next_door(judge: Judging, count: Counting) -> None:
    """Guard: dedupe.census:doubles"""
    name = "示例科技有限公司"
    assert list(count([*registered(1, name), *registered(2, name)]).doubles.values()) == [2]
    # A number seen once, or under two brands, may be typed on the wrong record.
    assert count([*registered(1, name), *registered(2, name, 1)]).doubles == {}
    assert count([*registered(1, name), *registered(2, name), *registered(2, "样板科技有限公司")]).doubles == {}
    assert count([*registered(1, name), *registered(2, name, city="宁波市")]).doubles == {}
    known = count([*registered(1, name), *registered(2, name)])
    plain = {"name": name, "address": "浙江省杭州市"}
    assert judge(plain, plain, known).band == "review"
    assert judge(plain, plain).band == "auto"


COUNTS = st.lists(st.integers(1, 10**6), min_size=1, max_size=20)


@given(COUNTS, st.integers(1, 10**6))
def test_frequency_is_bounded_and_falls_as_a_value_gets_common(counts: list[int], count: int) -> None:
    total, squares = sum(counts), sum(each * each for each in counts)
    found = frequency_bits(count, total, squares)
    assert bits(-8) <= found <= bits(4)
    assert frequency_bits(count + 1, total, squares) <= found
    assert frequency_bits(count, 0, 0) == 0


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.floats(1, 40))
def test_rarity_never_passes_its_most_and_falls_as_a_value_gets_common(count: int, total: int, most: float) -> None:
    def rarity(held: int) -> int:
        found = Statistics(counts={"brand": {"x": held}}, totals={"brand": total + held})
        return found.rarity(Rare("brand", 1 / 40_000, 20_000, most), "x")

    assert rarity(count + 1) <= rarity(count) <= bits(most)


def test_ten_records_do_not_make_a_value_common(judge: Judging, count: Counting) -> None:
    record: dict[str, Any] = {"name": "杭州示例科技有限公司"}
    twice = count([record, record])
    assert bits_of(judge(record, {"name": "示例"}, twice), "brand") > 8
    assert judge(record, record, twice).weight > 20 * BIT
