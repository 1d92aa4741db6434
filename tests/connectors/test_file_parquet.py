"""Parquet: every type as text or exact number, nothing of a file that is not whole, memory by the slice."""

import io
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.file import footer, parquet
from connectors.file.column import readable
from connectors.file.limit import Limits
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from tests.connectors.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path, clock: FrozenClock) -> Shelf:
    return Shelf(tmp_path, clock)


def written(frame: polars.DataFrame, **options: Any) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out, **options)
    return out.getvalue()


def keyed(*values: Any, kind: Any = None) -> polars.DataFrame:
    names = [f"k{number}" for number in range(len(values))]
    return polars.DataFrame({"ID": names, "V": polars.Series(values, dtype=kind, strict=False)})


LONG = "1234567890123456789012345678.9012345670"
AT = datetime.fromisoformat("2024-01-02T03:04:05")
NS = 1_704_164_645_123_456_789


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (polars.Int64, 2**63 - 1, 2**63 - 1),
        (polars.Int64, -(2**63), -(2**63)),
        (polars.Int8, -1, -1),
        (polars.UInt64, 2**64 - 1, "18446744073709551615"),
        (polars.UInt64, 7, 7),
        (polars.Int128, 2**100, "1267650600228229401496703205376"),
        (polars.Boolean, True, True),
        (polars.String, " 007 ", " 007 "),
        (polars.Float64, 5.0, "5"),
        (polars.Float64, 0.1, "0.1"),
        (polars.Float32, 0.1, "0.1"),
        (polars.Float64, float("nan"), None),
        (polars.Float64, float("-inf"), "-Infinity"),
        (polars.Decimal(38, 10), Decimal(LONG), LONG),
        (polars.Decimal(10, 2), Decimal("1.10"), "1.10"),
        (polars.Date, date(2024, 1, 2), "2024-01-02"),
        (polars.Time, time(1, 2, 3, 4), "01:02:03.000004"),
        (polars.Datetime("ms"), AT.replace(microsecond=678000), "2024-01-02T03:04:05.678"),
        (polars.Datetime("us"), AT, "2024-01-02T03:04:05"),
        (polars.Duration("us"), timedelta(hours=36, seconds=1.5), "PT36H00M01.5S"),
        (polars.Duration("ms"), -timedelta(seconds=1), "-PT00H00M01S"),
        (polars.Binary, b"\x00\xff", "AP8="),
        (polars.Categorical, "x", "x"),
        (polars.Enum(["x"]), "x", "x"),
        (polars.List(polars.Float64), [0.1, None], ["0.1", None]),
        (polars.List(polars.String), [], []),
        (polars.Array(polars.Int64, 2), [1, 2], [1, 2]),
        (polars.Struct({"a": polars.Int64, "d": polars.List(polars.Date)}), {"a": 1, "d": [date(2024, 1, 2)]},
         {"a": 1, "d": ["2024-01-02"]}),
        (polars.Null, None, None),
    ],
    ids=str,
)  # fmt: skip
def test_f77_every_type_becomes_what_json_can_hold(shelf: Shelf, kind: Any, value: Any, expected: Any) -> None:
    shelf.put("c.parquet", written(keyed(value, None, kind=kind)))
    assert shelf.rows(path="c.parquet") == [{"ID": "k0", "V": expected}, {"ID": "k1", "V": None}]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (polars.Datetime("ns"), "2024-01-02T03:04:05.123456789"),
        (polars.Datetime("ns", "UTC"), "2024-01-02T03:04:05.123456789+00:00"),
        (polars.Datetime("ns", "Asia/Shanghai"), "2024-01-02T11:04:05.123456789+08:00"),
        (polars.Duration("ns"), f"PT{NS // 10**9 // 3600}H04M05.123456789S"),
    ],
    ids=str,
)
def test_nanoseconds_are_kept(shelf: Shelf, kind: Any, expected: str) -> None:
    numbers = polars.DataFrame({"ID": ["a"], "V": [NS], "L": [[NS]]})
    cast = numbers.with_columns(polars.col("V").cast(kind), polars.col("L").cast(polars.List(kind)))
    shelf.put("c.parquet", written(cast))
    assert shelf.rows(path="c.parquet") == [{"ID": "a", "V": expected, "L": [expected]}]


def test_times_outside_of_the_calendar_lose_nothing(shelf: Shelf) -> None:
    far = polars.Series([-(10**18), 10**18]).cast(polars.Datetime("ms"))
    day = polars.Series([-(10**9), 10**9], dtype=polars.Int32).cast(polars.Date)
    shelf.put("c.parquet", written(polars.DataFrame({"ID": [1, 2], "T": far, "D": day})))
    assert shelf.rows(path="c.parquet")[0] == {
        "ID": 1,
        "T": "-1000000000000000000 / 1000 s since 1970-01-01T00:00:00Z",
        "D": "-1000000000 days since 1970-01-01",
    }


def test_a_type_without_meaning_is_refused() -> None:
    for kind in (polars.Object, polars.List(polars.Object), polars.Struct({"a": polars.Object}), polars.Unknown):
        with pytest.raises(Misconfigured, match="column 'V' is of the type") as caught:
            readable("V", kind, "drop c: c.parquet")
        assert caught.value.code == "CON336"


@given(st.lists(st.fixed_dictionaries({"a": st.none() | st.text(), "b": st.none() | st.integers(-(2**63), 2**63 - 1)})))
@settings(max_examples=20, deadline=None)
def test_what_was_written_is_read(tmp_path_factory: Any, rows: list[dict[str, Any]]) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), FrozenClock(datetime.fromisoformat("2026-03-01T00:00:00+00:00")))
    rows = [{"ID": at, **row} for at, row in enumerate(rows)]
    frame = polars.DataFrame(rows, schema={"ID": polars.Int64, "a": polars.String, "b": polars.Int64})
    shelf.put("c.parquet", written(frame))
    assert shelf.rows(path="c.parquet") == rows


def test_pages_and_slices_and_row_groups_are_independent(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "SLICE", 7)
    monkeypatch.setattr(parquet, "_BLOCK", 3)
    shelf.put("c.parquet", written(polars.DataFrame({"ID": range(25)}), row_group_size=10))
    pages, reading = shelf.reading(path="c.parquet", page_size=10)
    assert [len(page.rows) for page in pages] == [10, 10, 5]
    assert [row["ID"] for page in pages for row in page.rows] == list(range(25))
    assert reading.completeness is not None
    assert reading.completeness.proven


def test_keys_are_unique_and_there(shelf: Shelf) -> None:
    shelf.put("c.parquet", written(polars.DataFrame({"ID": [1, 2, 2, None], "N": ["a", "b", "c", "d"]})))
    assert shelf.rows(path="c.parquet") == [{"ID": 1, "N": "a"}]
    assert shelf.rejects(path="c.parquet") == [("2", "CON085"), ("2", "CON085"), ("c.parquet:4", "CON086")]
    assert "did you mean 'ID'?" in shelf.fails(Misconfigured, "CON084", path="c.parquet", key="IDD")


def test_an_empty_table_is_a_table(shelf: Shelf) -> None:
    shelf.put("c.parquet", written(polars.DataFrame({"ID": []})))
    assert shelf.rows(path="c.parquet") == []
    shelf.fails(Misconfigured, "CON084", path="c.parquet", key="X")


def test_a_name_with_signs_of_a_pattern_is_a_name(shelf: Shelf) -> None:
    shelf.put("c[1].parquet", written(keyed("right")))
    shelf.put("c1.parquet", written(keyed("wrong")))
    assert shelf.rows(path="c?1*.parquet", take="all")[0]["V"] == "right"


# Files that are not whole, or do harm


@pytest.mark.parametrize("kept", [0, 3, 4, 11, 40, -1, -8, -20])
def test_f76_half_a_file_is_none(shelf: Shelf, kept: int) -> None:
    shelf.put("c.parquet", written(keyed(*range(500)))[:kept])
    assert "deliver it again" in shelf.fails(Retry, "CON082", path="c.parquet")


def test_f76_a_file_of_zeros_is_none(shelf: Shelf) -> None:
    shelf.put("c.parquet", bytes(500))
    shelf.fails(Retry, "CON082", path="c.parquet")


def test_what_only_calls_itself_parquet(shelf: Shelf) -> None:
    shelf.put("c.parquet", "ID,N\n1,2\n" * 10)
    assert "is no Parquet file" in shelf.fails(Halt, "CON084", path="c.parquet")


def test_damage_inside_is_noticed(shelf: Shelf) -> None:
    whole = written(keyed(*map(str, range(5000))), compression="zstd")
    at = 200
    shelf.put("c.parquet", whole[:at] + bytes(range(200)) + whole[at + 200 :])
    shelf.fails(Retry, "CON082", path="c.parquet")


@given(st.integers(1, 400), st.binary(min_size=1, max_size=8))
@settings(max_examples=20, deadline=None)
def test_no_footer_breaks_more_than_its_own_file(tmp_path_factory: Any, back: int, noise: bytes) -> None:
    whole = written(keyed(*range(50)))
    at = max(len(whole) - 8 - back, 4)
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), FrozenClock(datetime.fromisoformat("2026-03-01T00:00:00+00:00")))
    shelf.put("c.parquet", whole[:at] + noise + whole[at + len(noise) :])
    with suppress(Halt, Misconfigured, Retry):  # one of ours, or it is read: nothing else gets out
        shelf.reading(path="c.parquet")


def test_passwords_are_told_apart_from_damage(shelf: Shelf) -> None:
    whole = written(keyed(1))
    shelf.put("c.parquet", b"PARE" + whole[4:-4] + b"PARE")
    shelf.fails(Halt, "CON331", path="c.parquet")
    shelf.put("c.parquet", whole[:-4] + b"PARE")
    shelf.fails(Halt, "CON331", path="c.parquet")


def test_f67_a_file_that_unpacks_to_too_much(shelf: Shelf) -> None:
    many = polars.DataFrame({"ID": range(70_000), "V": [f"{number:0100}" for number in range(70_000)]})
    packed = written(many, compression="zstd", statistics=False)
    shelf.put("c.parquet", packed)
    shelf.fails(Halt, "CON330", path="c.parquet", max_unpacked_mb=1)
    one = written(polars.DataFrame({"ID": polars.repeat(1, 3_000_000, eager=True)}))
    assert len(one) < 100_000
    shelf.put("c.parquet", one)
    assert "1 MiB" in shelf.fails(Halt, "CON330", path="c.parquet", max_unpacked_mb=1)


def test_the_footer_says_what_the_library_says(tmp_path: Path) -> None:
    file = tmp_path / "c.parquet"
    frame = polars.DataFrame({"ID": range(1000), "V": ["甲" * 20] * 1000})
    frame.write_parquet(file, row_group_size=100)
    with file.open("rb") as opened:
        found = footer.footer(opened, file.stat().st_size, Limits(10, 200, "c"))
    assert found.rows == polars.scan_parquet(file).select(polars.len()).collect().item() == 1000
    assert found.unpacked > 8_000


@pytest.mark.parametrize(
    "entry",
    [{"encoding": "utf-8"}, {"columns": ["ID"]}, {"trailer": "EOF"}, {"path": "c.parquet.gz"}, {"sheet": 2}],
    ids=str,
)
def test_settings_of_another_format_are_refused(shelf: Shelf, entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        shelf.connector(**({"path": "c.parquet"} | entry))
