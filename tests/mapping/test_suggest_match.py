"""What is not placed: values that speak against a name, words that make something else of it, choices that are open."""

from __future__ import annotations

from typing import Any

import pytest

from goldbridge.mapping.profile import profile
from goldbridge.mapping.suggest import Seen, Suggestion, suggest
from tests.mapping.test_suggest_tables import model, words

NAMES = ["杭州西湖机械有限公司", "宁波港口物流有限公司", "温州鞋业集团有限公司", "绍兴纺织有限公司"]
PHONES = ["13800138001", "13800138002", "13800138003", "13800138004"]
DAYS = ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
PEOPLE = ["王强", "李娜", "赵敏", "陈静"]


def made(**columns: list[Any]) -> Suggestion:
    columns = {"ID": ["1", "2", "3", "4"], "CUST_NAME": NAMES, **columns}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    seen = Seen("crm.customer", ("customer",), tuple(profile(rows)), "ID", flat=frozenset(columns))
    return suggest(seen, model(), words())


@pytest.mark.parametrize(
    ("field", "column", "values"),
    [
        ("phones", "PHONE", DAYS),
        ("emails", "EMAIL", PHONES),
        ("website", "WEBSITE", DAYS),
        ("capital_cny", "CAPITAL", NAMES),
        ("credit_code", "TAX_NO", PHONES),
        ("phones", "FAX", PHONES),
        ("phones", "FAX_PHONE", PHONES),
        ("name", "LEGAL_PERSON_NAME", PEOPLE),
        ("name", "BANK_NAME", NAMES),
        ("owner", "OWNER_ID", ["7", "8", "9", "7"]),
        (
            "credit_code",
            "FOREIGN_ID",
            ["001AA000000000001A", "001AA000000000002A", "001AA000000000003A", "001AA000000000004A"],
        ),
    ],
)
def test_what_a_field_is_not(field: str, column: str, values: list[Any]) -> None:
    assert column not in made(**{column: values}).sources.get(field, frozenset())


def test_two_that_fit_as_well_are_said_and_not_chosen() -> None:
    found = made(INDUSTRY=["专用设备制造业"] * 4, SECTOR=["纺织业"] * 4)
    assert "industry" not in found.sources
    assert "# cannot tell industry: INDUSTRY (1.00) or SECTOR (1.00); name one" in found.text


def test_a_required_field_is_chosen_and_the_choice_is_said() -> None:
    found = made(COMPANY_NAME=NAMES)
    assert len(found.sources["name"]) == 1
    assert "# a choice: " in found.text


def test_what_is_missing_for_the_entity_is_said() -> None:
    found = made(CUST_NAME=DAYS, PHONE=PHONES, EMAIL=["a@x.cn", "b@x.cn", "c@x.cn", "d@x.cn"])
    assert "partial: true" in found.text
    assert "party requires name, and no field could be told to hold it" in " ".join(found.text.replace("#", "").split())
