"""Headers in English and Chinese announce what a column holds."""

from __future__ import annotations

import pytest

from dedupe.table.header import announced_by


@pytest.mark.parametrize(
    ("header", "kind", "part"),
    [
        ("Company Name", "organisation", "name"),
        ("companyName", "organisation", "name"),
        ("COMPANY_NAME", "organisation", "name"),
        ("legal name", "organisation", "name"),
        ("former name", "organisation", "former_names"),
        ("Credit Code", "identifier", "credit_code"),
        ("LEI", "identifier", "lei"),
        ("customer phone", "phone", "phones"),
        ("contact_name", "person", "person"),
        ("full name", "person", ""),
        ("surname", "name", ""),
        ("E-mail", "email", "emails"),
        ("web site", "", ""),
        ("website", "domain", "website"),
        ("Address 1", "address", "line"),
        ("city", "place", "city"),
        ("dob", "date", ""),
        ("annual revenue", "number", ""),
        ("gender", "category", ""),
        ("id", "ignore", ""),
        ("企业名称", "organisation", "name"),
        ("客户名称", "organisation", "name"),
        ("公司", "organisation", "name"),
        ("供应商", "organisation", "name"),
        ("供应商名称", "organisation", "name"),
        ("公司电话", "phone", "phones"),
        ("企业地址", "address", "line"),
        ("客户邮箱", "email", "emails"),
        ("公司网址", "domain", "website"),
        ("企业类型", "category", ""),
        ("客户编号", "ignore", ""),
        ("客户ID", "ignore", ""),
        ("客户经理", "person", "person"),
        ("名称", "name", ""),
        ("简称", "organisation", "short_name"),
        ("曾用名", "organisation", "former_names"),
        ("统一社会信用代码", "identifier", "credit_code"),
        ("纳税人识别号", "identifier", "credit_code"),
        ("联系人", "person", "person"),
        ("法定代表人", "person", "person"),
        ("姓名", "person", ""),
        ("联系电话", "phone", "phones"),
        ("手机号", "phone", "phones"),
        ("电子邮箱", "email", "emails"),
        ("官网", "domain", "website"),
        ("详细地址", "address", "line"),
        ("省份", "place", "province"),
        ("所在城市", "place", "city"),
        ("区县", "place", "district"),
        ("注册资本", "number", ""),
        ("成立日期", "date", ""),
        ("所属行业", "category", ""),
        ("序号", "ignore", ""),
        ("ｎａｍｅ", "name", ""),  # full-width
        ("xyz", "", ""),
        ("", "", ""),
    ],
)
def test_announced(header: str, kind: str, part: str) -> None:
    assert announced_by(header) == (kind, part)


def test_blanks_around_a_header_say_nothing() -> None:
    assert announced_by(" 企业名称 ") == announced_by("企业名称")
    assert announced_by("former company name") == ("name", "")  # the last word of an unknown English header
