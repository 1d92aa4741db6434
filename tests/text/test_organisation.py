"""Names of organisations: labelled cases, and the laws that make two spellings of one name meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.division import table
from goldbridge.text.fold import match_form
from goldbridge.text.organisation import parse_organisation
from tests.text.cases import read

PARTS = ("region", "region_text", "brand", "trade", "form", "branch", "branch_kind", "number_mark", "kind", "former")


@pytest.mark.parametrize("case", read("names.csv"), ids=lambda case: f"{case['name']}-{case['reason']}")
def test_labelled_names(case):
    found = parse_organisation(case["name"])
    assert {part: getattr(found, part) for part in PARTS} == {part: case[part] for part in PARTS}
    assert found.group == (case["group"] == "yes")
    assert found.original == case["name"]


CITIES = sorted(
    (division.code, division.city)
    for division in table().values()
    if division.level == 2 and division.city[-1] == "市" and division.city != "吉林市"  # short, it is the province
)
BRANDS = st.text("华信诚恒泰鑫瑞金龙德博远科联创智汇优品嘉禾润", min_size=2, max_size=3)
TRADES = st.sampled_from(["电子科技", "医药", "机械设备", "建筑工程", "食品", "供应链管理", "信息技术", "物流"])


@given(st.sampled_from(CITIES), BRANDS, TRADES)
def test_one_company_in_five_spellings(city, brand, trade):
    code, name = city
    short = name.removesuffix("市")
    spellings = [
        f"{name}{brand}{trade}有限公司",
        f"{name}{brand}{trade}有限责任公司",
        f"{brand}{trade}（{short}）有限公司",
        f"{brand}({name}){trade}有限公司",
        f" {name} {brand}{trade} 有限公司。",
    ]
    found = {(o.region, o.brand, o.trade, o.form, o.core) for o in map(parse_organisation, spellings)}
    if len(found) > 1:
        # A brand may begin like a trade word or end a county's name; then the spellings still share region and form.
        assert {(region, form) for region, _, _, form, _ in found} == {(code, "有限公司")}
    else:
        region, _, _, form, core = found.pop()
        assert (region, form) == (code, "有限公司")
        assert core.endswith(match_form(trade)) or trade in core


@given(st.sampled_from(CITIES), BRANDS, TRADES, st.sampled_from(["分公司", "办事处"]))
def test_a_branch_keeps_its_head_apart(city, brand, trade, kind):
    head = parse_organisation(f"{brand}{trade}有限公司")
    for place in (city[1], city[1].removesuffix("市")):
        branch = parse_organisation(f"{brand}{trade}有限公司{place}{kind}")
        assert (branch.kind, branch.branch_kind) == ("branch", kind)
        assert branch.branch == city[1].removesuffix("市")
        assert (branch.brand, branch.trade, branch.form, branch.core) == (head.brand, head.trade, head.form, head.core)


def test_full_width_and_traditional_script_share_the_core():
    assert (
        parse_organisation("臺灣積體電路製造股份有限公司").core
        == parse_organisation("台湾积体电路制造股份有限公司").core
    )
    assert parse_organisation("ＡＢＣ電子有限公司").core == parse_organisation("abc电子有限公司").core


def test_numbers_part_namesakes_however_written():
    marks = [
        parse_organisation(f"稳健{mark}股权投资基金(有限合伙)").number_mark for mark in ("二号", "2号", "Ⅱ期", "二期")
    ]
    assert marks == ["2", "2", "2", "2"]
    assert parse_organisation("稳健三号股权投资基金(有限合伙)").number_mark == "3"
    assert parse_organisation("三一重工股份有限公司").number_mark == ""


def test_notes_and_aliases_are_kept_apart():
    found = parse_organisation("某某有限公司 (Example Co., Ltd.)")
    assert (found.brand, found.alias) == ("某某", "Example Co., Ltd.")
    assert parse_organisation("杭州甲乙有限公司(已注销)").note == "已注销"
    assert parse_organisation("Example Ltd t/a The Shop").alias == "The Shop"
    assert parse_organisation("Example Ltd (formerly Sample Ltd)").former == "Sample Ltd"


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | st.text("上海市浦东(（）)原名集团有限公司分店第二号Ⅱ厂中国 A.Ltd", max_size=25)
)
def test_never_raises_and_keeps_the_original(text):
    found = parse_organisation(text)
    assert found.original == text
    assert found.script in ("cjk", "latin")
    assert found.kind in ("company", "branch", "cooperative", "individual", "public", "other")
    assert match_form(found.core) == found.core
