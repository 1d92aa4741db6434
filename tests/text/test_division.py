"""Division codes through the years, and short names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.division import by_code, changes, city_code, containing, current, stem, successor, table


def test_the_table_is_whole():
    levels = [division.level for division in table().values()]
    assert (levels.count(1), levels.count(2), levels.count(3)) == (34, 333, 2847)


def test_codes_are_read_in_any_length():
    assert by_code("330110") == ("330110", "浙江省", "杭州市", "余杭区")
    assert by_code("33") == ("330000", "浙江省", "", "")
    assert by_code("330110001000").county == "余杭区"
    assert by_code("330111") == by_code("330111000") == ("330111", "浙江省", "杭州市", "富阳区")
    assert by_code("999999") is None
    assert by_code("33011") is None
    assert by_code("") is None


def test_special_levels():
    assert by_code("110105") == ("110105", "北京市", "北京市", "朝阳区")
    assert by_code("419001") == ("419001", "河南省", "河南省", "济源市")
    assert by_code("441900") == ("441900", "广东省", "东莞市", "")
    assert [city_code(code) for code in ("330110", "110105", "419001", "441900", "330000", "999999")] == [
        "330100",
        "110000",
        "419001",
        "441900",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("code", "year", "now"),
    [
        ("330104", None, "330102"),  # 江干区 -> 上城区
        ("330110", None, "330110"),
        ("330184", 1999, "330110"),  # 余杭市 -> 余杭区
        ("110103", None, "110101"),  # 崇文区 -> 东城区
        ("310119", None, "310115"),  # 南汇区 -> 浦东新区
        ("500112", 2020, "500157"),  # 渝北区 -> 两江新区
        ("510211", 1990, "500157"),  # 江北区 of 四川 -> of 重庆 -> 两江新区
        ("341402", None, "340181"),  # 居巢区 -> 巢湖市
        ("532700", None, "530800"),  # 思茅地区 -> 普洱市
        ("420600", 2005, "420600"),  # 襄樊市 -> 襄阳市, the same code
        ("440102", None, "440104"),  # 东山区 -> 越秀区
        ("512301", 1990, "500102"),  # 涪陵市 -> 涪陵区 of 重庆
        ("130103", None, "130100"),  # 桥东区 was split up: its city
        ("362625", 1981, "360730"),  # the code was 宁都县's before it was 永修县's
    ],
)
def test_codes_are_followed_to_today(code, year, now):
    assert current(code, year).code == now


def test_unknown_codes_are_not_guessed():
    assert current("330199") is None
    assert current("999999") is None
    assert containing("330199").name == "杭州市"
    assert containing("999999") is None


@given(st.sampled_from(sorted(table())), st.one_of(st.none(), st.integers(1980, 2030)))
def test_a_current_code_never_leaves_its_province(code, year):
    found = current(code, year)
    assert year is not None or found.code == code
    assert found is None or found.code[:2] == code[:2]


@given(st.sampled_from(changes()))
def test_successors_exist_today(event):
    if event.old_code:
        code = successor(event.old_code, event.old_name)
        assert code == "" or code in table()
        assert successor(code, table()[code].name) == code if code else True


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("余杭区", "余杭"),
        ("景宁畲族自治县", "景宁"),
        ("双江拉祜族佤族布朗族傣族自治县", "双江"),
        ("巴音郭楞蒙古自治州", "巴音郭楞"),
        ("融水苗族自治县", "融水"),
        ("长白朝鲜族自治县", "长白"),
        ("东乡族自治县", "东乡"),
        ("内蒙古自治区", "内蒙古"),
        ("浦东新区", "浦东"),
        ("金林区", "金林"),
        ("沛县", ""),
        ("城区", ""),
    ],
)
def test_short_names(name, short):
    assert stem(name) == short
