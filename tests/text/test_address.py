"""Addresses: labelled cases, refusals, and every county of the table in many spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.address import parse_address
from goldbridge.text.division import by_code, stem, table
from tests.text.cases import read

LEVELS = ("province", "city", "county", "region")
COUNTIES = [division for division in table().values() if division.county]
ALONE = {name for name in {d.county for d in COUNTIES} if sum(d.county == name for d in COUNTIES) == 1}


@pytest.mark.parametrize("case", read("addresses.csv"), ids=lambda case: f"{case['address']}-{case['reason']}")
def test_labelled_addresses(case):
    found = parse_address(case["address"])
    assert {level: getattr(found, level) for level in LEVELS} == {level: case[level] for level in LEVELS}
    assert found.ambiguous == (case["ambiguous"] == "yes")
    if not found.county:
        assert found.reason or by_code(found.region)


@given(
    st.sampled_from(COUNTIES),
    st.sampled_from(["文一西路969号", "人民路1号", "南京路200号", "长江路18号3楼", "建设街5号A座"]),
    st.sampled_from(["", " ", "　", "/", ",", "-"]),
)
def test_every_county_is_found_in_full(division, road, sign):
    city = "" if division.city == division.province else division.city
    text = sign.join(part for part in (division.province, city, division.county, road) if part)
    found = parse_address(text)
    assert (found.region, found.province, found.city, found.county) == division[:4]
    assert found.road
    assert found.number in ("969", "1", "200", "18", "5")


@given(st.sampled_from(COUNTIES))
def test_a_county_alone_is_found_or_refused_but_never_another(division):
    found = parse_address(division.county + "人民路1号")
    assert found.region == division.code or found.ambiguous


def test_what_is_ambiguous_names_its_candidates_and_what_they_share():
    found = parse_address("鼓楼区中山路1号")
    assert found[:4] == ("", "", "", "")
    assert found.reason == "鼓楼区 may be 南京市鼓楼区、徐州市鼓楼区、福州市鼓楼区、开封市鼓楼区"
    assert parse_address("向阳区长安路").province == "黑龙江省"
    assert parse_address("向阳区长安路").region == "230000"


def test_a_hint_settles_what_is_ambiguous_and_contradicts_nothing():
    assert parse_address("鼓楼区中山路1号", "320100").county == "鼓楼区"
    assert parse_address("鼓楼区中山路1号", "320100").city == "南京市"
    assert parse_address("鼓楼区中山路1号", "330100").ambiguous
    assert parse_address("杭州市西湖区", "110000").city == "杭州市"


def test_former_names_say_so():
    assert parse_address("浙江省杭州市江干区").reason == "江干区 is a former name"
    assert "no one county" in parse_address("河北省石家庄市桥东区").reason
    assert parse_address("江苏省杭州市").reason == "杭州市 does not lie in 江苏省"


@pytest.mark.parametrize(
    ("text", "town", "road", "number"),
    [
        ("浙江省杭州市余杭区仓前街道文一西路969号", "仓前街道", "文一西路", "969"),
        ("北京市朝阳区建国门外大街甲6号", "", "建国门外大街", "甲6"),
        ("上海市徐汇区漕溪北路100弄5号", "", "漕溪北路", "100弄5"),
        ("成都市武侯区人民南路四段11号", "", "人民南路四段", "11"),
        ("苏州工业园区星湖街328号", "", "星湖街", "328"),
        ("浦东新区张江高科技园区博云路2-1号", "", "博云路", "2-1"),
        ("昆山市花桥镇绿地大道255号", "花桥镇", "绿地大道", "255"),
        ("广东省深圳市南山区", "", "", ""),
    ],
)
def test_street_is_read_out_of_the_rest(text, town, road, number):
    found = parse_address(text)
    assert (found.town, found.road, found.number) == (town, road, number)


def test_the_rest_keeps_its_script():
    assert parse_address("廣東省廣州市越秀區環市東路").rest == "環市東路"


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    | st.text("浙江省杭州市余杭区县上海南京路大道街镇北号123 (),吉林朝阳鼓楼", max_size=25)
)
def test_never_raises_and_never_invents(text):
    found = parse_address(text)
    if found.region:
        division = by_code(found.region)
        assert division.province == found.province
        assert division.county == found.county
    else:
        assert (found.province, found.city, found.county) == ("", "", "")
        assert found.reason


@given(st.sampled_from(COUNTIES))
def test_short_names_in_a_row_are_found(division):
    city = "" if division.city == division.province else stem(division.city) or division.city
    text = (
        (stem(division.province) or division.province) + city + (stem(division.county) or division.county) + "长江路1号"
    )
    found = parse_address(text)
    # 伊宁 is 伊宁市 or 伊宁县; 青岛市南 may be 市南区 or what lies south: the city is right, the county never wrong.
    assert found.region == division.code or (found.region[:2] == division.code[:2] and found.county in ("", "井陉县"))
