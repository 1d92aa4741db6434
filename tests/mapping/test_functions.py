"""Every transform does what its documented samples say, and refuses without raising."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goldbridge.mapping.functions import TRANSFORMS
from goldbridge.mapping.functions_value import wan
from goldbridge.mapping.transform import Sample, Transform
from goldbridge.mapping.value import Invalid, has_value
from goldbridge.records.field import TYPES

SAMPLES = [(transform, sample) for transform in TRANSFORMS.values() for sample in transform.samples]
ARGUMENTS: dict[str, Any] = {
    "integer": 3,
    "text": "CN",
    "texts": ["、", ";"],
    "zone": "Asia/Shanghai",
    "choice": "city",
    "table": {"甲": "乙"},
}


def run(transform: Transform, value: Any, argument: Any = None) -> Any:
    step = transform.bind(argument)
    return step.on_text(value) if isinstance(value, str) else step.on_any(value)


@pytest.mark.parametrize(("transform", "sample"), SAMPLES, ids=[f"{t.name}-{n}" for n, (t, _) in enumerate(SAMPLES)])
def test_a_sample_comes_true(transform: Transform, sample: Sample) -> None:
    found = run(transform, sample.given, sample.argument)
    if isinstance(sample.result, Invalid):
        assert isinstance(found, Invalid)
        assert (found.reason, found.code) == (sample.result.reason, sample.result.code)
    else:
        assert found == sample.result
        assert type(found) is type(sample.result)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=lambda transform: transform.name)
def test_a_transform_is_documented(transform: Transform) -> None:
    assert transform.samples
    assert transform.about.endswith(".")
    assert transform.of_type == "" or transform.of_type in TYPES
    wanted = transform.argument
    given = [sample for sample in transform.samples if sample.argument is not None]
    assert bool(given) == (wanted is not None and (wanted.required or bool(given)))
    assert all(wanted is not None and wanted.problem(sample.argument) == "" for sample in given)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=lambda transform: transform.name)
def test_a_text_transform_takes_lists_numbers_and_groups(transform: Transform) -> None:
    if transform.takes != "text":
        pytest.skip("takes more than text")
    argument = transform.samples[-1].argument if transform.argument else None
    assert isinstance(run(transform, [], argument), list)
    given = transform.samples[0]
    one = run(transform, given.given, given.argument)
    many = run(transform, [given.given, "", None, given.given], given.argument)
    expected = one if isinstance(one, list) else [one] if has_value(one) else []
    assert [str(item) for item in many] == [str(item) for item in (*expected, *expected)]
    found = run(transform, {"a": 1}, argument)
    assert isinstance(found, Invalid)
    assert found.reason == "a group, where one value was expected"
    assert run(transform, 123, argument) == run(transform, "123", argument) or isinstance(
        run(transform, 123, argument), Invalid
    )


nasty = st.text(max_size=40) | st.sampled_from(
    [
        "0" * 400,
        "９" * 30,
        "1e999",
        "-",
        "\x00",
        "無",
        "(",
        "((((((((",
        "+86",
        "2026-02-30",
        "24:00",
        "{" * 2000,
        "\ud800",
    ]
)


@settings(max_examples=40, deadline=None)
@given(text=nasty)
def test_no_text_makes_a_transform_raise(text: str) -> None:
    """F70 begins here: what cannot be used is refused with a reason, quoted short."""
    if not text:
        return
    for transform in TRANSFORMS.values():
        argument = ARGUMENTS[transform.argument.kind] if transform.argument else None
        if transform.argument and not transform.argument.required:
            argument = None
        found = run(transform, text, argument)
        if isinstance(found, Invalid):
            assert 0 < len(found.reason) < 200


@pytest.mark.parametrize(
    "marker", ["-", "—", "--", "无", "暂无", "N/A", "null", "NULL", "　", "/", ".", "None", "未填写"]
)
def test_e54_what_people_type_for_nothing_is_empty(marker: str) -> None:
    """Guard: goldbridge.mapping.functions:_is_blank"""
    assert run(TRANSFORMS["blank"], marker) == ""


@pytest.mark.parametrize("value", ["0", "无锡", "北京", "-1", "N", "NA公司", "a.b", "一", "否"])
def test_e54_a_short_value_is_still_a_value(value: str) -> None:
    """Guard: goldbridge.mapping.functions:_is_blank"""
    assert run(TRANSFORMS["blank"], value) == value


def test_amounts_in_ten_thousands_are_exact() -> None:
    assert wan("0.1") == "1000"
    assert wan("12345678901234.5678") == "123456789012345678"
    assert wan("-1.5") == "-15000"
    assert (
        run(TRANSFORMS["to_wan"], "1234567890123456789012345678901234567.8")
        == "123456789012345678901234567890123.45678"
    )
    assert run(TRANSFORMS["decimals"], "9" * 40, 2) == "9" * 40 + ".00"
    assert wan("1.2亿元") == "120000000"


def test_a_local_time_that_the_clocks_skipped_or_repeated() -> None:
    """F33: China had summer time in 1988; the repeated hour is read as the first of the two."""
    datetime = TRANSFORMS["datetime"]
    assert run(datetime, "1988-09-11 00:30:00", "Asia/Shanghai") == "1988-09-10T15:30:00.000000Z"
    assert run(datetime, "1988-07-01 08:00:00", "Asia/Shanghai") == "1988-06-30T23:00:00.000000Z"
    assert run(datetime, "2026-07-01 08:00:00", "America/New_York") == "2026-07-01T12:00:00.000000Z"
    assert run(datetime, "2026-01-01 08:00:00", "Asia/Kolkata") == "2026-01-01T02:30:00.000000Z"


def test_millisecond_dates_go_there_and_back() -> None:
    there = run(TRANSFORMS["to_epoch_ms"], "2026-03-01", "Asia/Shanghai")
    moment = run(TRANSFORMS["epoch_ms"], there)
    assert run(TRANSFORMS["local_date"], moment, "Asia/Shanghai") == "2026-03-01"


def test_twenty_digit_numbers_inside_json_stay_what_they_are() -> None:
    """F77: an id of twenty digits is no float."""
    found = run(TRANSFORMS["json"], '{"id": 12345678901234567890, "amount": 0.1, "n": 5}')
    assert found == {"id": "12345678901234567890", "amount": "0.1", "n": 5}


def test_credit_codes_keep_their_flaw() -> None:
    """E08: the value is evidence, the reason goes with it."""
    found = run(TRANSFORMS["credit_code"], "91330110MA2EXAMP50")
    assert isinstance(found, Invalid)
    assert found.kept == "91330110MA2EXAMP50"
    assert found.code == ""
    assert run(TRANSFORMS["credit_code"], "9133 0110 ma2examp5k") == "91330110MA2EXAMP5K"


def test_an_organisation_keeps_its_words() -> None:
    clean = TRANSFORMS["organisation"]
    assert run(clean, "上海　示例（中国）  有限公司；") == "上海示例(中国)有限公司"
    assert run(clean, "Example (Shanghai) Trading Co., Ltd.") == "Example (Shanghai) Trading Co., Ltd."
    assert run(clean, "张 三") == "张三"
    assert run(clean, "基金Ⅱ期") == "基金Ⅱ期"
    assert run(clean, "示例 ABC 公司") == "示例ABC公司"
