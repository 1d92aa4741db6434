"""Names as evidence: labelled pairs judged by the shipped rules, and what each part of a name is read as.

tests/cases/name_pairs.csv: `same` is the truth, `alone` the band that the two names deserve with nothing beside them.
Two names of one company must reach it at least, those of two companies at most: a better engine breaks no label.
"""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.name import (
    Name,
    also_called,
    branch_key,
    brand_read_as_place,
    exchanged,
    likeness_of_brands,
    likeness_of_trades,
    read_name,
    read_placed,
    registered_elsewhere,
    series,
    subsequence,
    unit,
)
from tests.dedupe.world import HOME, Judging

BANDS = ("no", "review", "auto")
Pair = dict[str, str]


def pairs() -> list[Pair]:
    with (HOME / "tests/cases/name_pairs.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PAIRS = pairs()


def name(text: str, role: str = "name") -> Name:
    found = read_name(text, role)
    assert found is not None
    return found


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['left']}~{pair['right']}")
def test_labelled_pairs(pair: Pair, judge: Judging) -> None:
    found = judge({"name": pair["left"]}, {"name": pair["right"]})
    band, deserved = BANDS.index(found.band), BANDS.index(pair["alone"])
    if pair["same"] == "1":
        assert found.vetoes == ()
        assert band >= deserved
    else:
        assert found.band != "auto"
        assert band <= deserved
    assert judge({"name": pair["right"]}, {"name": pair["left"]}) == found


def test_the_labels_are_whole_and_each_pair_stands_once() -> None:
    assert len(PAIRS) >= 350
    assert all(pair["same"] in ("0", "1") and pair["alone"] in BANDS and len(pair["reason"]) > 3 for pair in PAIRS)
    assert not [pair for pair in PAIRS if pair["same"] == "0" and pair["alone"] == "auto"]
    assert len({frozenset((pair["left"], pair["right"])) for pair in PAIRS if pair["left"] != pair["right"]}) == len(
        [pair for pair in PAIRS if pair["left"] != pair["right"]]
    )


SURELY_TWO = [
    pair
    for pair in PAIRS
    if (pair["same"], pair["alone"]) == ("0", "no")
    and any(word in pair["reason"] for word in ("branch", "shops", "numbered", "fund", "group", "trades"))
]


@pytest.mark.parametrize("pair", SURELY_TWO, ids=lambda pair: f"{pair['left']}~{pair['right']}")
def test_e10_e11_relatives_with_one_phone_and_one_site_are_not_joined(pair: Pair, judge: Judging) -> None:
    """Guard: dedupe.fact:conflict"""
    shared = {"phones": ["+8657187654321"], "website": "https://www.example.com", "emails": ["info@example.com"]}
    assert judge({"name": pair["left"], **shared}, {"name": pair["right"], **shared}).band != "auto"


@pytest.mark.parametrize(
    ("text", "brand", "trade", "region", "branch", "mark", "group"),
    [
        ("杭州示例智能装备有限公司", "示例", "智能装备", "330100", "", "", False),
        ("示例智能装备（杭州）有限公司", "示例", "智能装备", "330100", "", "", False),
        ("★杭州示例智能装备有限公司", "示例", "智能装备", "330100", "", "", False),
        ("杭州示例智能装备有限公司(勿删)", "示例", "智能装备", "330100", "", "", False),
        ("杭州示例智能装备有限公司-王经理", "示例", "智能装备", "330100", "", "", False),
        ("邯郸市金湖建筑安装有限公司", "金湖", "建筑安装", "130400", "", "", False),
        ("上海安义电子科技有限公司", "安义", "电子科技", "310000", "", "", False),
        ("三一重工股份有限公司", "三一", "重工", "", "", "", False),
        ("青岛海之源食品集团有限公司", "海之源", "食品", "370200", "", "", True),
        ("青岛海尔集团公司", "海尔", "", "370200", "", "", True),
        ("杭州示例智能装备有限公司北京市分公司", "示例", "智能装备", "330100", "北京", "", False),
        ("杭州示例智能装备有限公司(北京分公司)", "示例", "智能装备", "330100", "北京", "", False),
        ("杭州示例智能装备有限公司第三分公司", "示例", "智能装备", "330100", "3", "", False),
        ("亚科达电机上海办", "亚科达", "电机", "", "上海", "", False),
        ("苏州嘉华Ⅱ期投资管理合伙企业(有限合伙)", "嘉华", "投资管理", "320500", "", "2", False),
        ("苏州嘉华II期投资管理合伙企业(有限合伙)", "嘉华", "投资管理", "320500", "", "2", False),
        ("苏州嘉华贰期投资管理合伙企业(有限合伙)", "嘉华", "投资管理", "320500", "", "2", False),
        ("百度在线网络技术(北京)有限公司", "百度", "在线网络技术", "110000", "", "", False),
    ],
)
def test_parts(text: str, brand: str, trade: str, region: str, branch: str, mark: str, group: bool) -> None:
    found = name(text)
    assert (found.brand, found.trade, found.region) == (brand, trade, region)
    assert (found.branch, found.mark, found.group) == (branch, mark, group)


@pytest.mark.parametrize("text", ["", "   ", "★☆", "（）", "---"])
def test_nothing_that_could_name_an_organisation(text: str) -> None:
    assert read_name(text) is None


def test_a_county_at_the_head_of_a_name_without_a_form_may_be_the_brand() -> None:
    assert name("海康威视").whole == "海康威视"
    assert name("海康威视数字技术股份有限公司").region_text == "海康"
    assert brand_read_as_place(name("海康威视数字技术股份有限公司"), name("杭州海康威视数字技术股份有限公司"))
    assert not brand_read_as_place(name("杭州海康威视数字技术股份有限公司"), name("海康威视数字技术股份有限公司"))
    assert not brand_read_as_place(name("金湖县建筑安装有限公司"), name("邯郸市金湖建筑安装有限公司"))


def test_a_town_in_the_middle_is_a_place_only_for_who_lives_there() -> None:
    towns = (("珠海", "440400"),)
    found = read_placed("诚鹏珠海机械有限公司", "name", towns)
    assert found is not None
    assert (found.core, found.region, found.region_text) == ("诚鹏机械", "440400", "珠海")
    assert found.full == name("诚鹏珠海机械有限公司").full
    stranger = read_placed("诚鹏珠海机械有限公司", "name", (("杭州", "330100"),))
    assert stranger == name("诚鹏珠海机械有限公司")
    at_home = read_placed("珠海诚鹏机械有限公司", "name", towns)
    assert at_home == name("珠海诚鹏机械有限公司")


def test_names_in_brackets_are_names_too() -> None:
    assert also_called("厦门鼎丰物流有限公司（原厦门联运货运有限公司）") == ("厦门联运货运有限公司",)
    assert also_called("厦门鼎丰物流有限公司") == ()
    assert name("厦门鼎丰物流有限公司（原厦门联运货运有限公司）").full == "厦门鼎丰物流有限公司原厦门联运货运有限公司"


def test_a_unit_says_everything_but_region_and_form() -> None:
    here, there = name("杭州示例智能装备有限公司"), name("示例智能装备(宁波)股份有限公司")
    assert unit(here) == unit(there)
    others = ("杭州示例智能装备有限公司北京分公司", "杭州示例智能装备集团有限公司", "杭州示例智能装备二号有限公司")
    assert len({unit(here), *(unit(name(text)) for text in others)}) == 4


@pytest.mark.parametrize(
    ("one", "two", "likeness"),
    [
        ("杭州示例科技有限公司", "示例科技(宁波)有限公司", "equal"),
        ("上海凌云管道工程有限公司", "上海凌芸管道工程有限公司", "sound"),
        ("杭州天一达科技有限公司", "杭州天一通科技有限公司", "another character"),
        ("杭州大华科技有限公司", "杭州华大科技有限公司", "slip of two"),
        ("杭州大华科技有限公司", "杭州华大食品有限公司", "different"),
        ("上海凌云管道工程有限公司", "凌云", "equal"),
        ("杭州海康威视数字技术股份有限公司", "海康威视", "start"),
        ("上海浦东发展银行股份有限公司", "浦发银行", "short"),
        ("中国东方航空股份有限公司", "东方航空股份有限公司", "end"),
        ("上海新希望实业有限公司", "上海希望实业有限公司", "different"),
        ("杭州天成科技有限公司", "杭州天成达科技有限公司", "different"),
        ("杭州海康威视数字技术股份有限公司", "杭州海康威视字数技术股份有限公司", "slip"),
        ("南京西博实业有限公司", "Nanjing Xibo Industrial Co. Ltd.", "transliterated"),
        ("南京西博实业有限公司", "Acme Trading Ltd.", "other script"),
    ],
)
def test_likeness_of_brands(one: str, two: str, likeness: str) -> None:
    assert likeness_of_brands(name(one), name(two)) == likeness
    assert likeness_of_brands(name(two), name(one)) == likeness


@pytest.mark.parametrize(
    ("one", "two", "likeness"),
    [
        ("杭州海威科技有限公司", "杭州海威科技有限公司", "equal"),
        ("温州永乐新材料科技有限公司", "温州永乐新材料技术有限公司", "close"),
        ("无锡天鼎贸易有限公司", "无锡天鼎商贸有限公司", "close"),
        ("杭州海威电子科技有限公司", "杭州海威科技有限公司", "part"),
        ("杭州海威科技有限公司", "杭州海威物流有限公司", "different"),
        ("杭州海威科技有限公司", "杭州海威集团有限公司", ""),
    ],
)
def test_likeness_of_trades(one: str, two: str, likeness: str) -> None:
    assert likeness_of_trades(name(one), name(two)) == likeness
    assert likeness_of_trades(name(two), name(one)) == likeness


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        ("杭州天成科技有限公司", "宁波天成科技有限公司", "another place"),
        ("浙江天成科技有限公司", "杭州天成科技有限公司", "another level"),
        ("浙江杭州天成科技有限公司", "杭州天成科技有限公司", ""),
        ("长沙市天成科技有限公司", "长沙县天成科技有限公司", "another level"),
        ("长沙天成科技有限公司", "长沙县天成科技有限公司", ""),
        ("杭州天成科技有限公司", "天成科技有限公司", ""),
        ("杭州天成", "浙江天成科技有限公司", ""),
        ("莱阳市团旺镇宏达食品厂", "莱阳市沐浴店镇宏达食品厂", "another place"),
        ("莱阳市团旺镇宏达食品厂", "山东省莱阳市团旺镇宏达食品厂", ""),
        ("莱阳市团旺镇宏达食品厂", "莱阳市宏达食品厂", ""),
        ("施耐德电气(中国)有限公司", "施耐德电气(苏州)有限公司", "another place"),
        ("施耐德电气(中国)有限公司", "施耐德电气有限公司", ""),
        ("恒大地产集团有限公司", "恒大地产集团武汉有限公司", "another place"),
        ("武汉恒大地产集团有限公司", "恒大地产集团(武汉)有限公司", ""),
        ("海康威视数字技术股份有限公司", "杭州海康威视数字技术股份有限公司", ""),
        ("茂名市疾病预防控制中心", "茂名市电白区疾病预防控制中心", ""),
    ],
)
def test_registered_elsewhere(one: str, two: str, apart: str) -> None:
    assert registered_elsewhere(name(one), name(two)) == apart
    assert registered_elsewhere(name(two), name(one)) == apart


@pytest.mark.parametrize(
    ("one", "two", "so"),
    [
        ("杭州示例智能装备有限公司", "杭州示例智能装备有公限司", True),
        ("杭州示例智能装备有限公司", "杭州示例智能备装有限公司", True),
        ("杭州示例智能装备有限公司", "杭州示例智能装备有限公司", False),
        ("杭州大华电子有限公司", "杭州华大电子有限公司", False),
        ("四川一二三商贸有限公司", "四川三二一商贸有限公司", False),
        ("大华公司", "大华司公", False),
    ],
)
def test_exchanged_neighbours(one: str, two: str, so: bool) -> None:
    assert exchanged(name(one), name(two)) is so
    assert exchanged(name(two), name(one)) is so


def test_what_a_number_counts() -> None:
    phase, number = name("上海鼎晖一期投资中心(有限合伙)"), name("上海鼎晖1号投资中心(有限合伙)")
    assert (phase.mark, number.mark) == ("1", "1")
    assert (series(phase), series(number)) == ("期", "号")
    assert series(name("上海鼎晖投资中心(有限合伙)")) == ""


@pytest.mark.parametrize(
    ("text", "key"),
    [("杭州市第一", "杭州一"), ("杭州第一分公司", "杭州一"), ("北京市", "北京"), ("西湖支行", "西湖"), ("", "")],
)
def test_branch_keys(text: str, key: str) -> None:
    assert branch_key(text) == key


def test_subsequence() -> None:
    assert subsequence("中国石化", "中国石油化工")
    assert subsequence("", "任何")
    assert not subsequence("化石", "石油化工")
    assert not subsequence("石石", "石油化工")


BRANDS = st.text("华信诚恒泰鑫瑞金龙德博远联创智汇优品嘉禾润", min_size=2, max_size=4)
PLACES = st.sampled_from(["", "杭州", "杭州市", "浙江省", "宁波市海曙区", "长沙县", "中国"])
TRADES = st.sampled_from(["科技", "电子科技", "食品", "商贸", "机械设备", ""])
FORMS = st.sampled_from(["有限公司", "股份有限公司", "集团有限公司", "", "厂", "经营部", "有限公司北京分公司"])
NAMES = st.tuples(PLACES, BRANDS, TRADES, FORMS).map("".join)


@given(NAMES, NAMES)
def test_likeness_is_symmetric(one: str, two: str) -> None:
    a, b = name(one), name(two)
    assert likeness_of_brands(a, b) == likeness_of_brands(b, a)
    assert likeness_of_trades(a, b) == likeness_of_trades(b, a)
    assert registered_elsewhere(a, b) == registered_elsewhere(b, a)
    assert exchanged(a, b) == exchanged(b, a)
    assert likeness_of_brands(a, a) == "equal"
    assert registered_elsewhere(a, a) == ""


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_and_read_the_same_again(text: str) -> None:
    found = read_name(text)
    assert found is None or (found.core and found.brand)
    read_name.cache_clear()
    assert read_name(text) == found
