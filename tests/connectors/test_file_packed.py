"""Archives: the one file in them that is meant, and nothing that unpacks to more than it should."""

import bz2
import gzip
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.file import limit
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Retry
from tests.connectors.file_books import packed
from tests.connectors.shelf import Shelf

CSV = b"ID,NAME\n1,x\n2,y\n"
ROWS = [{"ID": "1", "NAME": "x"}, {"ID": "2", "NAME": "y"}]
ZEROS = 5 << 20


@pytest.fixture
def shelf(tmp_path: Path, clock: FrozenClock) -> Shelf:
    return Shelf(tmp_path, clock)


def test_the_one_file_of_a_zip(shelf: Shelf) -> None:
    shelf.put("c.csv.zip", packed({"whatever.dat": CSV}))
    assert shelf.rows(path="c.csv.zip") == ROWS
    shelf.put("c.zip", packed({"folder/": b"", "folder/c.jsonl": b'{"ID":1}\n'}))
    assert shelf.rows(path="c.zip", format="jsonl") == [{"ID": 1}]
    shelf.put("C.CSV.ZIP", packed({"c.csv": "ID,名称\n1,上海示例有限公司\n".encode("gb18030")}))
    assert shelf.rows(path="C.CSV.ZIP")[0]["名称"] == "上海示例有限公司"


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_ways_to_pack(shelf: Shelf, method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("c.csv", CSV)
    shelf.put("c.zip", out.getvalue())
    assert shelf.rows(path="c.zip", format="csv") == ROWS
    other = bytearray(out.getvalue())
    other[8] = other[other.index(b"PK\x01\x02") + 10] = 9  # deflate64, as Windows packs what is large
    shelf.put("c.zip", bytes(other))
    assert "pack it with deflate" in shelf.fails(Halt, "CON332", path="c.zip", format="csv")


def test_what_a_mac_adds_is_nothing(shelf: Shelf) -> None:
    shelf.put("c.zip", packed({"c.csv": CSV, "__MACOSX/._c.csv": b"?", ".DS_Store": b"?"}))
    assert shelf.rows(path="c.zip", format="csv") == ROWS


def test_of_several_files_one_must_be_named(shelf: Shelf) -> None:
    shelf.put("c.zip", packed({"readme.txt": b"?", "customers_2024.csv": CSV, "orders.csv": b"ID\n9\n"}))
    text = shelf.fails(Halt, "CON332", path="c.zip", format="csv")
    assert "holds 3 files" in text
    assert "name one with `member`" in text
    assert shelf.rows(path="c.zip", member="customers_*.csv") == ROWS
    assert "2 files that match '*.csv'" in shelf.fails(Halt, "CON332", path="c.zip", member="*.csv")
    assert "no file that matches" in shelf.fails(Halt, "CON332", path="c.zip", member="x.csv")
    shelf.put("c.zip", packed({}))
    assert "empty archive" in shelf.fails(Halt, "CON332", path="c.zip", format="csv")


def test_names_as_chinese_windows_writes_them(shelf: Shelf) -> None:
    raw = packed({"XXXX.csv": CSV, "b.csv": b"ID\n9\n"})
    shelf.put("c.zip", raw.replace(b"XXXX", "客户".encode("gb18030")))
    assert shelf.rows(path="c.zip", member="客户.csv") == ROWS
    assert "客户.csv" in shelf.fails(Halt, "CON332", path="c.zip", member="x.csv")


@pytest.mark.parametrize(
    "inside",
    [packed({"c.csv": CSV}), gzip.compress(CSV), bz2.compress(CSV), b"7z\xbc\xaf\x27\x1c??", b"Rar!??"],
    ids=["zip", "gzip", "bzip2", "7z", "rar"],
)
def test_an_archive_in_an_archive_is_not_opened(shelf: Shelf, inside: bytes) -> None:
    shelf.put("c.csv.zip", packed({"c.csv": inside}))
    assert "another archive" in shelf.fails(Halt, "CON332", path="c.csv.zip")
    shelf.put("c.csv.gz", gzip.compress(inside))
    assert "deliver the file packed once" in shelf.fails(Halt, "CON332", path="c.csv.gz")


def test_a_password_is_said_to_be_one(shelf: Shelf) -> None:
    raw = bytearray(packed({"c.csv": CSV}))
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    shelf.put("c.zip", bytes(raw))
    assert "encrypted with a password" in shelf.fails(Halt, "CON331", path="c.zip", format="csv")


@pytest.mark.parametrize("kept", [0, 10, 40, -1, -30])
def test_f76_half_a_zip_is_none(shelf: Shelf, kept: int) -> None:
    shelf.put("c.csv.zip", packed({"c.csv": CSV * 50})[:kept])
    shelf.fails(Retry, "CON082", path="c.csv.zip")


def test_the_sum_of_a_zip_is_checked_before_any_row(shelf: Shelf) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("c.csv", CSV)
    shelf.put("c.csv.zip", out.getvalue().replace(b"1,x", b"1,z"))
    shelf.fails(Retry, "CON082", path="c.csv.zip")


# Bombs


@pytest.mark.parametrize(
    ("name", "bomb"),
    [
        ("c.csv.gz", gzip.compress(b"ID\n" + bytes(ZEROS))),
        ("c.csv.gz", b"".join(gzip.compress(bytes(ZEROS // 8)) for _ in range(8))),
        ("c.csv.zip", packed({"c.csv": b"ID\n" + bytes(ZEROS)})),
    ],
    ids=["gzip", "many parts", "zip"],
)
def test_f67_a_bomb_is_not_unpacked(shelf: Shelf, name: str, bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put(name, bomb)
    text = shelf.fails(Halt, "CON330", path=name, max_unpacked_mb=1)
    assert "more than 1 MiB" in text
    assert "raise `max_unpacked_mb`" in text
    monkeypatch.setattr(limit, "FREE", 1 << 20)
    assert "200 times its size" in shelf.fails(Halt, "CON330", path=name)
    assert "raise `max_ratio`" in shelf.fails(Halt, "CON330", path=name)


def test_f67_sizes_that_a_zip_declares_are_not_believed(shelf: Shelf) -> None:
    raw = packed({"c.csv": b"ID\n" + bytes(ZEROS)})
    size = struct.pack("<I", ZEROS + 3)
    assert raw.count(size) == 2
    shelf.put("c.csv.zip", raw.replace(size, struct.pack("<I", 100)))
    shelf.fails(Retry, "CON082", path="c.csv.zip", max_unpacked_mb=1)  # what was promised does not add up
    shelf.put("c.csv.zip", raw.replace(size, struct.pack("<I", 0xFFFFFFF0)))
    shelf.fails(Halt, "CON330", path="c.csv.zip")


def test_small_files_of_equal_rows_are_no_bombs(shelf: Shelf) -> None:
    row = b"1," + b"x" * 100_000 + b"\n"
    content = b"ID,N\n" + row * 20
    assert len(gzip.compress(content)) * 200 < len(content)
    shelf.put("c.csv.gz", gzip.compress(content))
    assert len(shelf.rows(path="c.csv.gz")) == 1


@pytest.mark.parametrize(
    "entry",
    [{"path": "c.zip"}, {"path": "c.csv", "member": "c.csv"}, {"path": "c.csv.gz", "member": "c.csv"},
     {"path": "c.zip", "member": ""}, {"max_ratio": 0}, {"max_unpacked_mb": 0}],
    ids=str,
)  # fmt: skip
def test_wrong_settings_are_refused(shelf: Shelf, entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        shelf.connector(**entry)
