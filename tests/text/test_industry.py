"""Industry codes and labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.text.industry import by_code, find, parents
from goldbridge.text.table import rows


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("C3599", "C3599"),
        ("3599", "C3599"),
        ("c35", "C35"),
        ("制造业", "C"),
        ("制造", "C"),
        ("房地产业", "K"),
        ("软件和信息技术服务业", "I65"),
        ("软件业", "I65"),
        ("C39-计算机、通信和其他电子设备制造业", "C39"),
        ("计算机,通信和其他电子设备制造业", "C39"),
        ("I65 软件和信息技术服务业", "I65"),
        ("制造业 > 汽车制造业", "C36"),
        ("批发和零售", "F"),
        ("零售業", "F52"),
        ("制造业/软件业", None),
        ("G3599", None),
        ("9999", None),
        ("未列明", None),
        ("无", None),
        ("", None),
    ],
)
def test_labels_and_codes(label, code):
    assert find(label) == code


def test_every_entry_is_found_by_its_code_and_means_its_name():
    for code, name, level in rows("industry_gbt4754.csv"):
        assert by_code(code) == (code, name, level)
        found = find(name)
        assert found is not None
        assert by_code(found).name == name or code.startswith(found) or found.startswith(code)


def test_own_labels_mean_what_they_say():
    for label, code in rows("industry_labels.csv"):
        assert by_code(code)
        assert find(label) == code


def test_parents_lead_from_the_section_down():
    assert [entry.code for entry in parents("3599")] == ["C", "C35", "C359", "C3599"]
    assert parents("nothing") == []


@given(st.text(max_size=20))
def test_never_raises(text):
    code = find(text)
    assert code is None or by_code(code).code == code
