"""Kinds of values, one by one."""

from __future__ import annotations

import pytest

from goldbridge.mapping.recognise import KINDS, kinds_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("91330110MA2EXAMP5K", "credit_code"),
        ("91330110MA2EXAMP50", "credit_shape"),
        ("13800138001", "mobile"),
        ("0571-87654321/22", "phone"),
        ("Sales＠example.com", "email"),
        ("https://www.example.com", "url"),
        ("www.example.com.cn", "url"),
        ("2026-03-01", "date"),
        ("20260301", "date"),
        ("2026年3月1日", "date"),
        ("2026-03-01T08:00:00Z", "datetime"),
        ("1772294400000", "epoch_ms"),
        ("1772294400", "epoch_s"),
        ("万元", "unit"),
        ("300万元", "wan"),
        ("￥3,000.00", "money"),
        ("1,200.50", "number"),
        ("330110", "region"),
        ("浙江", "province"),
        ("杭州市", "city"),
        ("余杭区", "county"),
        ("杭州市余杭区示例路1号", "address"),
        ("12 High Street", "address"),
        ("杭州示例（集团）有限公司", "organisation"),
        ("Example Trading Co., Ltd.", "organisation"),
        ("王晓岚", "person"),
        ("John Smith", "person"),
        ("专用设备制造业", "industry"),
        ("存续（在营、开业、在册）", "reg_status"),
        ("120.1,30.2", "point"),
        ("Y", "boolean"),
    ],
)
def test_a_value_of_each_kind(text: str, kind: str) -> None:
    assert kind in kinds_of(text)
    assert kinds_of(text) <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("12000000.00", "phone"),
        ("1772294400000", "phone"),
        ("20260301", "phone"),
        ("C000001", "phone"),
        ("001AA0000000001AAA", "credit_code"),
        ("91330110MA2EXAMP50", "credit_code"),
        ("120.1#%$30.2#%$示例路1号", "address"),
        ("5", "date"),
        ("12000000.00", "industry"),
        ("", "boolean"),
    ],
)
def test_what_it_is_not(text: str, kind: str) -> None:
    assert kind not in kinds_of(text)
