"""Values of both versions: what comes in becomes text, and goes out in the notation its type wants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldbridge.http.odata.value import decode, decode_rows, encode, literal

NIGHT = "2026-03-02T00:00:00.12Z"


@pytest.mark.parametrize(
    ("kind", "wire", "text"),
    [
        ("Edm.DateTime", "/Date(1772409600000)/", "2026-03-02T00:00:00"),
        ("Edm.DateTime", "/Date(-1)/", "1969-12-31T23:59:59.999"),
        ("Edm.DateTimeOffset", "/Date(1772409600000+0000)/", "2026-03-02T00:00:00Z"),
        ("Edm.DateTimeOffset", "/Date(1772409600000+0480)/", "2026-03-02T00:00:00Z"),
        ("Edm.Time", "PT10H20M30S", "10:20:30"),
        ("Edm.Time", "PT5M", "00:05:00"),
        ("Edm.Decimal", 5, "5"),
        ("Edm.Int64", 2**53 + 1, "9007199254740993"),
        ("Edm.Int32", 5, 5),
        ("Edm.String", "/Date(x)/", "/Date(x)/"),
        (
            "",
            {"results": [{"__metadata": {}, "A": "/Date(0)/", "to": {"__deferred": {}}}]},
            [{"A": "1970-01-01T00:00:00"}],
        ),
    ],
)
def test_what_comes_in(kind: str, wire: Any, text: Any) -> None:
    assert decode(wire, kind) == text


def test_a_row_keeps_its_etag_and_loses_its_links() -> None:
    row = {"__metadata": {"etag": 'W/"1"', "uri": "x"}, "A": "1", "to_B": {"__deferred": {"uri": "x"}}}
    assert decode_rows([row], {"A": "Edm.String"})[0] == {"A": "1", "@odata.etag": 'W/"1"'}
    row = {"@odata.etag": 'W/"2"', "A": 1, "b@odata.navigationLink": "x", "A@Label": "eins"}
    assert decode_rows([row], {"A": "Edm.Decimal"})[0] == {"A": "1", "@odata.etag": 'W/"2"', "A@Label": "eins"}


def test_rows_of_one_page_may_have_other_names_and_other_order() -> None:
    kinds = {"A": "Edm.DateTime", "B": "Edm.String", "C": "Edm.Int64"}
    rows = [{"A": "/Date(0)/", "B": "x"}, {"B": "y", "A": "/Date(1000)/"}, {"C": 5, "D": {"results": []}}, {"A": None}]
    assert decode_rows(rows, kinds) == [
        {"A": "1970-01-01T00:00:00", "B": "x"},
        {"B": "y", "A": "1970-01-01T00:00:01"},
        {"C": "5", "D": []},
        {"A": None},
    ]
    assert rows[0]["A"] == "/Date(0)/"


def test_a_text_that_looks_like_a_time_stays_a_text() -> None:
    assert decode_rows([{"A": "/Date(0)/"}], {"A": "Edm.String"}) == [{"A": "/Date(0)/"}]


@pytest.mark.parametrize(
    ("kind", "value", "v2", "v4"),
    [
        ("Edm.DateTime", "2026-03-02T08:00:00+08:00", "/Date(1772409600000)/", "2026-03-02T08:00:00+08:00"),
        ("Edm.DateTime", "2026-03-02", "/Date(1772409600000)/", "2026-03-02"),
        ("Edm.DateTimeOffset", "2026-03-02T08:00:00+08:00", "/Date(1772409600000+0000)/", "2026-03-02T00:00:00Z"),
        ("Edm.Time", "10:20", "PT10H20M00S", "PT10H20M00S"),
        ("Edm.Decimal", "1E+3", "1000", "1000"),
        ("Edm.Int64", 7, "7", "7"),
        ("Edm.Int32", "7", 7, 7),
        ("Edm.Boolean", "False", False, False),
        ("Edm.Double", "0.5", 0.5, 0.5),
        ("Edm.String", 7, "7", "7"),
        ("", True, True, True),
        ("Edm.Decimal", None, None, None),
    ],
)
def test_what_goes_out_in_a_body(kind: str, value: Any, v2: Any, v4: Any) -> None:
    assert encode(value, kind, 2) == v2
    assert encode(value, kind, 4) == v4


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Edm.Decimal", "much"), ("Edm.Decimal", "NaN"), ("Edm.Int32", "1.5"), ("Edm.Boolean", "yes"),
        ("Edm.DateTimeOffset", "soon"), ("Edm.Date", "x"), ("Edm.Int64", True), ("Edm.Time", "x:y"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(kind: str, value: Any) -> None:
    with pytest.raises(ValueError):
        encode(value, kind, 2)


@pytest.mark.parametrize(
    ("kind", "value", "v2", "v4"),
    [
        ("Edm.String", "o'n & +", "'o''n & +'", "'o''n & +'"),
        ("Edm.Guid", "1f", "guid'1f'", "1f"),
        ("Edm.DateTimeOffset", "2026-03-02T08:00:00.120+08:00", f"datetimeoffset'{NIGHT}'", NIGHT),
        ("Edm.Decimal", "12.30", "12.30M", "12.30"),
        ("Edm.Int64", "7", "7L", "7"),
        ("Edm.Int32", 7, "7", "7"),
        ("Edm.Boolean", True, "true", "true"),
        ("Edm.Time", "10:20:30", "time'PT10H20M30S'", "time'PT10H20M30S'"),
        ("Edm.Date", "2026-03-02", "2026-03-02", "2026-03-02"),
        ("Edm.String", None, "null", "null"),
    ],
)  # fmt: skip
def test_what_goes_out_in_a_filter(kind: str, value: Any, v2: str, v4: str) -> None:
    assert literal(value, kind, 2) == v2
    if kind != "Edm.Time":
        assert literal(value, kind, 4) == v4


def test_a_time_without_an_offset_is_written_in_its_zone() -> None:
    assert literal("2026-03-02T00:00:00Z", "Edm.DateTime", 2, "Asia/Shanghai") == "datetime'2026-03-02T08:00:00'"
    assert literal("2026-03-02T00:00:00", "Edm.DateTime", 2, "Asia/Shanghai") == "datetime'2026-03-02T00:00:00'"


@given(st.integers(-(10**12), 10**13))
def test_a_time_survives_both_ways(ms: int) -> None:
    text = decode(f"/Date({ms}+0000)/", "Edm.DateTimeOffset")
    assert datetime.fromisoformat(text) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert encode(text, "Edm.DateTimeOffset", 2) == f"/Date({ms}+0000)/"
