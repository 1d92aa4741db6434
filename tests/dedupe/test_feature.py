"""Packed features: what is read back is what was prepared, to the last field."""

from __future__ import annotations

from dedupe.feature import pack, unpack
from dedupe.prepare import Prepared, prepare
from dedupe.rule import Rules
from tests.dedupe.world import credit_code, crowd, shipped

FULL = {
    "name": "珠海格力电器股份有限公司（原名：海利空调有限公司）杭州第一分公司",
    "short_name": "格力",
    "former_names": ["珠海市海利冷气工程股份有限公司"],
    "credit_code": credit_code(5),
    "lei": "5493 00IBP32UQZ0KLY 25",
    "registration_no": "440400000000123",
    "phones": ["+8675612345678", "0571-87654321"],
    "emails": ["info@example.com.cn"],
    "website": "https://www.example.com.cn/about",
    "address": {"line": "前山金鸡西路6号3幢", "region": "440402", "province": "广东省", "city": "珠海市"},
}


def test_a_record_comes_back_whole(rules: Rules) -> None:
    soft = {**FULL, "credit_code": credit_code(5)[:-1] + "I"}
    for record in [FULL, soft, {}, {"name": "Acme Trading Ltd."}, {"phones": ["0571-87654321"]}, *crowd()]:
        made = prepare(rules, record, id=7)
        assert unpack(rules, pack(made), 7) == made


def test_a_person_and_what_he_refers_to(rules: Rules) -> None:
    contact = shipped("contact")
    made = prepare(contact, {"name": "王小明", "mobile": "13800138000", "email": "w@example.com", "party": "12"}, id=3)
    assert any(made.slots)
    assert unpack(contact, pack(made), 3) == made


def test_what_another_version_wrote_is_prepared_again(rules: Rules) -> None:
    text = pack(prepare(rules, FULL))
    assert unpack(rules, text.replace("[2,", "[1,", 1)) is None
    assert unpack(shipped("contact"), text) is None
    assert unpack(rules, "") is None


def test_half_a_surrogate_pair_is_not_kept() -> None:
    assert pack(Prepared(("3301\ud83d",))) == ""
