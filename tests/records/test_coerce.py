"""Values in their canonical form: what each type makes of what people write, and what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.errors import Reject
from goldbridge.records.model import ADDRESS, Field, coerce, flaw

F = {
    "enum": Field("f", "enum", enum=("active", "inactive")),
    "money": Field("f", "money", currency="CNY"),
    "address": Field("f", "address", fields=ADDRESS),
    "group": Field("f", "group", fields={"n": Field("n", "integer"), "m": Field("m", "money", currency="CNY")}),
    "reference": Field("f", "reference", reference="party"),
}


def field(type: str, **options: Any) -> Field:
    return F.get(type) or Field("f", type, **options)


def refused(type: str, value: Any, **options: Any) -> Reject:
    with pytest.raises(Reject) as caught:
        coerce(field(type), value, **options)
    return caught.value


@pytest.mark.parametrize(
    ("type", "given", "form"),
    [
        ("text", " 上海 ", " 上海 "),
        ("text", 12, "12"),
        ("credit_code", "91330106ma2ax3j68l", "91330106MA2AX3J68L"),
        ("credit_code", "91330106-MA2AX3J68-L", "91330106MA2AX3J68L"),
        ("lei", "5493001kjtiigc8y1r12", "5493001KJTIIGC8Y1R12"),
        ("phone", "13805712345", "+8613805712345"),
        ("phone", "0571-87654321转12", "+8657187654321;ext=12"),
        ("phone", "+8657187654321;ext=12", "+8657187654321;ext=12"),
        ("phone", 13805712345, "+8613805712345"),
        ("email", "Sales@Example.COM", "sales@example.com"),
        ("url", "HTTPS://www.Example.com/Shop/", "https://www.example.com/Shop"),
        ("url", "www.Example.com", "www.example.com"),
        ("industry", "3599", "C3599"),
        ("region", "330110", "330110"),
        ("region", 330110, "330110"),
        ("point", "120.026, 30.279", "120.026,30.279"),
        ("money", "3000000.00", "3000000"),
        ("money", "300万元", "3000000"),
        ("money", 3000000.0, "3000000"),
        ("money", 0.1 + 0.2, "0.3"),
        ("money", 1e22, "10000000000000000000000"),
        ("money", Decimal("1E+3"), "1000"),
        ("money", "-0.50", "-0.5"),
        ("money", 0, "0"),
        ("decimal", "012.50", "12.5"),
        ("decimal", 0.1, "0.1"),
        ("integer", "12", 12),
        ("integer", 12.0, 12),
        ("integer", -(1 << 63), -(1 << 63)),
        ("boolean", True, True),
        ("boolean", "False", False),
        ("date", "2026年3月1日", "2026-03-01"),
        ("date", "2026-03-01T23:59:00+08:00", "2026-03-01"),
        ("date", date(2026, 3, 1), "2026-03-01"),
        ("date", datetime(2026, 3, 1, 23, tzinfo=UTC), "2026-03-01"),
        ("datetime", "2026-03-01T08:00:00Z", "2026-03-01T08:00:00.000000Z"),
        ("datetime", "2026-03-01 16:00:00+08:00", "2026-03-01T08:00:00.000000Z"),
        ("datetime", 1772352000, "2026-03-01T08:00:00.000000Z"),
        ("datetime", "1772352000123", "2026-03-01T08:00:00.123000Z"),
        (
            "datetime",
            datetime(2026, 3, 1, 16, tzinfo=timezone(timedelta(hours=8))),
            "2026-03-01T08:00:00.000000Z",
        ),
        ("enum", "active", "active"),
        ("address", "杭州市余杭区文一西路1号", {"line": "杭州市余杭区文一西路1号"}),
        ("address", {"line": "x", "region": 330110, "city": None}, {"line": "x", "region": "330110", "city": None}),
        ("group", {"n": "5", "m": "1万"}, {"n": 5, "m": "10000"}),
        ("reference", {"ref": "legacy_crm.account", "key": "C1"}, {"ref": "legacy_crm.account", "key": "C1"}),
    ],
)
def test_canonical_forms(type: str, given: Any, form: Any) -> None:
    made = coerce(field(type), given)
    assert made == form
    assert coerce(field(type), made) == made, "coercing again changes nothing"


@pytest.mark.parametrize(
    ("type", "given", "message"),
    [
        ("text", True, "MOD020 f: 'true' is not text"),
        ("text", 1.5, "MOD020 f: '1.5' is not text"),
        ("credit_code", "123", "MOD020 f: '123' is not a credit code"),
        ("credit_code", "无", "MOD020 f: '无' is not a credit code"),
        ("lei", "123", "MOD020 f: '123' is not an LEI"),
        ("phone", "87654321", "MOD020 f: '87654321' is not a telephone number"),
        ("email", "nobody", "MOD020 f: 'nobody' is not an e-mail address"),
        ("url", "see brochure", "MOD020 f: 'see brochure' is not a web address"),
        ("url", "http://[", "MOD020 f: 'http://[' is not a web address"),
        ("industry", "魔法", "MOD020 f: '魔法' is not an industry of GB/T 4754"),
        ("region", "3301", "MOD020 f: '3301' is not a region code of six digits"),
        ("point", "30.279", "MOD020 f: '30.279' is not a point written longitude,latitude"),
        ("point", "30.2,120.1", "MOD020 f: '30.2,120.1' is not a point written longitude,latitude"),
        ("money", "about a million", "MOD020 f: 'about a million' is not an amount"),
        ("money", "500 USD", "MOD020 f: '500 USD' is not an amount in CNY: it is in USD"),
        ("money", True, "MOD020 f: 'true' is not an amount"),
        ("money", 1e30, "MOD020 f: '1e+30' is not an amount"),
        ("money", float("nan"), "MOD020 f: 'nan' is not an amount"),
        ("decimal", "1,5", "MOD020 f: '1,5' is not a number"),
        ("integer", "1.5", "MOD020 f: '1.5' is not a whole number"),
        ("integer", 1.5, "MOD020 f: '1.5' is not a whole number"),
        ("integer", 1 << 63, "MOD020 f: '9223372036854775808' is not a whole number"),
        ("boolean", 1, "MOD020 f: '1' is not true or false"),
        ("boolean", "ja", "MOD020 f: 'ja' is not true or false"),
        ("date", "2026-02-30", "MOD020 f: '2026-02-30' is not a date"),
        ("date", "soon", "MOD020 f: 'soon' is not a date"),
        ("datetime", "soon Z", "MOD020 f: 'soon Z' is not a time"),
        (
            "datetime",
            "2026-03-01 08:00:00",
            "MOD020 f: '2026-03-01 08:00:00' is not a time with a zone: declare the zone of the source system",
        ),
        ("datetime", datetime(2026, 3, 1), "MOD020 f: '2026-03-01 00:00:00' is not a time with a zone"),  # noqa: DTZ001
        ("enum", "actve", "MOD021 f: 'actve' is none of its words; did you mean 'active'?"),
        ("enum", "9", "MOD021 f: '9' is none of its words (active, inactive)"),
        ("text", ["a"], "MOD022 f: has several values, but the model gives it one"),
        ("text", {"a": 1}, "MOD022 f: is a group, but the model says text"),
        ("address", {"lin": "x"}, "MOD022 f: has no part 'lin'; did you mean 'line'?"),
        ("address", 5, "MOD022 f: must be a group of line, region"),
        ("address", {"region": "x"}, "MOD020 f.region: 'x' is not a region code of six digits"),
        ("group", "x", "MOD022 f: must be a group of n, m"),
        ("reference", "C1", "MOD022 f: must be {ref: system.stream, key: ...}"),
        ("reference", {"ref": "crm", "key": "1"}, "MOD022 f: must be {ref: system.stream, key: ...}"),
        ("reference", {"ref": "crm.account", "key": ""}, "MOD022 f: must be {ref: system.stream, key: ...}"),
        ("reference", {"ref": "crm.account", "key": 1}, "MOD022 f: must be {ref: system.stream, key: ...}"),
    ],
)
def test_refusals_say_what_was_expected(type: str, given: Any, message: str) -> None:
    assert str(refused(type, given)).startswith(message)


def test_the_rejected_field_is_named_by_its_path() -> None:
    assert refused("address", {"region": "x"}).field == "f.region"
    assert refused("group", {"n": "x"}).field == "f.n"
    assert refused("money", "x").field == "f"


@pytest.mark.parametrize("type", ["text", "money", "date", "datetime", "enum", "address", "reference", "boolean"])
def test_null_and_empty_are_no_values(type: str) -> None:
    assert coerce(field(type), None) is None
    assert coerce(field(type), "") == ""


def test_a_local_time_takes_the_zone_of_its_source() -> None:
    at = coerce(field("datetime"), "2026-03-01 16:00:00", zone="Asia/Shanghai")
    assert at == "2026-03-01T08:00:00.000000Z"
    group = Field("g", "group", fields={"at": field("datetime")})
    assert coerce(group, {"at": "2026-03-01 16:00:00"}, zone="Asia/Shanghai") == {"at": at}


def test_many_values_keep_their_order_and_drop_blanks() -> None:
    phones = field("phone", many=True)
    assert coerce(phones, ["0571-87654321", "", None, "13805712345"]) == ["+8657187654321", "+8613805712345"]
    assert coerce(phones, "13805712345") == ["+8613805712345"]
    assert coerce(phones, []) == []
    assert coerce(phones, None) is None
    assert coerce(phones, "") == ""
    lines = Field("lines", "group", many=True, fields={"n": Field("n", "integer")})
    assert coerce(lines, [{"n": "1"}, {"n": 2}]) == [{"n": 1}, {"n": 2}]


def test_a_wrong_check_character_is_kept_and_noted() -> None:
    code = field("credit_code")
    good, bad = "91330106MA2AX3J68L", "91330106MA2AX3J68K"
    assert coerce(code, bad) == bad
    assert flaw(code, bad) != ""
    assert flaw(code, good) == ""
    assert flaw(code, None) == flaw(code, "") == ""
    lei = field("lei")
    assert flaw(lei, "5493001KJTIIGC8Y1R12") == ""
    assert flaw(lei, coerce(lei, "5493001KJTIIGC8Y1R13")) != ""
    assert flaw(field("credit_code", many=True), [good, bad]) != ""
    assert flaw(field("text"), "anything") == ""


def test_messages_show_no_more_than_a_glimpse_of_the_value() -> None:
    assert len(str(refused("money", "x" * 5000))) < 100


amounts = st.decimals(min_value=-(10**20), max_value=10**20, allow_nan=False, places=4)


@given(amounts)
def test_money_keeps_its_value_and_has_one_form(amount: Decimal) -> None:
    forms = {coerce(F["money"], given) for given in (amount, format(amount, "f"), format(amount, "f") + "00")}
    assert len(forms) == 1
    form = forms.pop()
    assert Decimal(form) == amount
    assert "E" not in form
    assert coerce(F["money"], form) == form


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.lists(st.text(), max_size=2)))
def test_any_value_is_brought_to_a_stable_form_or_rejected(value: Any) -> None:
    for type in ("text", "credit_code", "phone", "email", "url", "industry", "money", "integer", "date", "point"):
        try:
            form = coerce(field(type), value)
        except Reject:
            continue
        assert coerce(field(type), form) == form
