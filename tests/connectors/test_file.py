"""The file connector: nothing of a file that is not whole, everything of one that is, and bad rows by name."""

import csv
import gzip
import io
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.base import Reading, Window
from connectors.file.charset import choose, examine
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from tests.connectors.file_books import packed
from tests.connectors.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path, clock: FrozenClock) -> Shelf:
    return Shelf(tmp_path, clock)


def test_rows_come_in_pages_and_are_complete(shelf: Shelf) -> None:
    shelf.put("c.csv", "ID,NAME\n" + "".join(f"{number},公司{number}\n" for number in range(25)))
    pages, reading = shelf.reading(page_size=10)
    assert [len(page.rows) for page in pages] == [10, 10, 5]
    assert pages[0].rows[0] == {"ID": "0", "NAME": "公司0"}
    assert pages[0].at is None
    assert reading.completeness is not None
    assert reading.completeness.proven


def test_f22_values_are_what_stands_in_the_file(shelf: Shelf) -> None:
    shelf.put("c.csv", 'ID,NAME,MORE\n007," 甲 ""乙"",丙\n丁 ",\n8,\x00𠮷１２,NULL\n')
    assert shelf.rows() == [
        {"ID": "007", "NAME": ' 甲 "乙",丙\n丁 ', "MORE": ""},
        {"ID": "8", "NAME": "\x00𠮷１２", "MORE": "NULL"},
    ]


def test_other_delimiters_and_files_without_a_header(shelf: Shelf) -> None:
    shelf.put("c.tsv", "ID\tNAME\n1\t甲,乙\n")
    assert shelf.rows(path="c.tsv") == [{"ID": "1", "NAME": "甲,乙"}]
    shelf.put("c.txt", "1|'甲|乙'\n")
    assert shelf.rows(path="c.txt", delimiter="|", quote="'", columns=["ID", "NAME"]) == [{"ID": "1", "NAME": "甲|乙"}]


def test_f77_json_lines_keep_numbers_as_they_are(shelf: Shelf) -> None:
    shelf.put(
        "c.jsonl", '{"ID":1,"amount":1.10,"big":12345678901234567890123,"more":[true,null,{"x":0.1}]}\n\n{"ID":"2"}'
    )
    assert shelf.rows(path="c.jsonl") == [
        {"ID": 1, "amount": "1.10", "big": "12345678901234567890123", "more": [True, None, {"x": "0.1"}]},
        {"ID": "2"},
    ]


def test_bad_json_lines_are_rejected_one_by_one(shelf: Shelf) -> None:
    lines = ['{"ID":1}', "{bad", "[1]", '{"NAME":"x"}', '{"ID":5,"NAME":"\\ud800"}', '{"ID":6,"x":NaN}', '{"ID":7}']
    shelf.put("c.jsonl", "\n".join(lines))
    assert [row["ID"] for row in shelf.rows(path="c.jsonl")] == [1, 7]
    assert shelf.rejects(path="c.jsonl") == [
        ("c.jsonl:2", "CON087"),
        ("c.jsonl:3", "CON087"),
        ("c.jsonl:4", "CON086"),
        ("5", "CON088"),
        ("c.jsonl:6", "CON087"),
    ]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "NAME": st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12),
                "NOTE": st.text('甲,"\n '),
            }
        ),
        max_size=20,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read(
    tmp_path_factory: Any, rows: list[dict[str, str]], encoding: str, packed: bool
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), FrozenClock(datetime(2026, 3, 1, tzinfo=UTC)))
    written = [{"ID": str(number), **row} for number, row in enumerate(rows)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["ID", "NAME", "NOTE"])
    writer.writeheader()
    writer.writerows(written)
    content = text.getvalue().encode(encoding)
    name = "c.csv.gz" if packed else "c.csv"
    shelf.put(name, gzip.compress(content) if packed else content)
    assert shelf.rows(path=name, encoding=encoding) == written


# Encodings


@pytest.mark.parametrize("declared", [None, "gb18030", "gbk"])
def test_chinese_windows_files_are_read(shelf: Shelf, declared: str | None) -> None:
    shelf.put("c.csv", "ID,名称\n1,上海示例（集团）有限公司\n2,𠮷野\n", "gb18030")
    assert shelf.rows(encoding=declared)[1] == {"ID": "2", "名称": "𠮷野"}


@pytest.mark.parametrize("declared", [None, "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_header(shelf: Shelf, declared: str | None, encoding: str) -> None:
    shelf.put("c.csv", "ID,名称\n1,甲\n", encoding)
    assert shelf.rows(encoding=declared) == [{"ID": "1", "名称": "甲"}]


def test_utf8_declared_as_gb18030_would_be_nonsense_without_an_error(shelf: Shelf) -> None:
    shelf.put("c.csv", "ID,NAME\n1,上海示例有限公司\n")
    assert "its bytes are utf-8" in shelf.fails(Misconfigured, "CON083", encoding="gb18030")


def test_gb18030_declared_as_utf8_is_refused_as_a_whole(shelf: Shelf) -> None:
    shelf.put("c.csv", "ID,名称\n1,上海\n", "gb18030")
    assert "header" in shelf.fails(Misconfigured, "CON083", encoding="utf-8")
    shelf.put("c.csv", "ID,NAME\n" + "".join(f"{number},上海\n" for number in range(9)), "gb18030")
    assert "9 of 9 rows" in shelf.fails(Misconfigured, "CON083", encoding="utf-8")


def test_f21_one_bad_value_costs_one_row(shelf: Shelf) -> None:
    good = "".join(f"{number},上海示例有限公司\n" for number in range(50)).encode()
    shelf.put("c.csv", b"ID,NAME\n" + good + b"50,\xff\xfe\n51,ok\n")
    assert len(shelf.rows(encoding="utf-8")) == 51
    assert shelf.rejects(encoding="utf-8") == [("50", "CON088")]
    assert "neither utf-8 (wrong at byte" in shelf.fails(Misconfigured, "CON083")
    shelf.put("c.csv", b"ID,NAME\n" + "".join(f"{n},上海\n" for n in range(50)).encode("gb18030") + b"50,\xff\n")
    assert shelf.rejects(encoding="gb18030") == [("50", "CON088")]


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=6, max_size=40))
def test_the_encoding_is_found_whatever_the_text(text: str) -> None:
    assert choose(None, examine(io.BytesIO(text.encode()))).encoding == "utf-8-sig"
    assert choose("gb18030", examine(io.BytesIO(text.encode()))).problem
    found = examine(io.BytesIO(text.encode("gb18030")))
    assert choose("gb18030", found).encoding == "gb18030"
    if found.utf8_fails_at is not None:  # a few words (一一) are valid in both, and then UTF-8 is assumed
        assert choose(None, found).encoding == "gb18030"


# Files that are not whole


def test_a_missing_file_never_means_that_all_is_gone(shelf: Shelf) -> None:
    shelf.fails(Halt, "CON080")
    shelf.fails(Halt, "CON080", path="c_*.csv")


def test_f76_a_file_still_being_written_is_left_alone(shelf: Shelf, clock: FrozenClock) -> None:
    shelf.put("c.csv", "ID\n1\n", age_s=2)
    shelf.fails(Retry, "CON081")
    clock.advance(3)
    assert shelf.rows() == [{"ID": "1"}]
    shelf.put("c.csv", "ID\n1\n", age_s=2)
    assert shelf.rows(settle_s=0) == [{"ID": "1"}]


def test_f76_a_file_waits_for_its_marker(shelf: Shelf) -> None:
    shelf.put("c.csv", "ID\n1\n")
    assert "c.csv.done" in shelf.fails(Retry, "CON081", done="{name}.done")
    shelf.put("c.csv.done", "")
    assert shelf.rows(done="{name}.done") == [{"ID": "1"}]


def test_f76_the_trailer_must_be_there_and_count_the_rows(shelf: Shelf) -> None:
    shelf.put("c.csv", "ID\n1\n2\n")
    shelf.fails(Retry, "CON082", trailer="EOF {rows}")
    shelf.put("c.csv", "ID\n1\n2\nEOF 3\n")
    assert "2 rows where its trailer promises 3" in shelf.fails(Retry, "CON082", trailer="EOF {rows}")
    shelf.put("c.csv", 'ID,NOTE\n1,"a\n\nb"\n2,x\nEOF 2\n\n')
    assert [row["NOTE"] for row in shelf.rows(trailer="EOF {rows}")] == ["a\n\nb", "x"]
    shelf.put("c.jsonl", '{"ID":1}\n#end')
    assert shelf.rows(path="c.jsonl", trailer="#end") == [{"ID": 1}]


def test_a_cut_archive_is_refused_before_any_row(shelf: Shelf) -> None:
    packed = gzip.compress(("ID\n" + "\n".join(str(number) for number in range(5000))).encode())
    shelf.put("c.csv.gz", packed[:-30])
    shelf.fails(Retry, "CON082", path="c.csv.gz")
    shelf.put("c.csv.gz", b"ID\n1\n")
    shelf.fails(Retry, "CON082", path="c.csv.gz")


def test_a_file_changed_under_the_reader_is_noticed(shelf: Shelf) -> None:
    path = shelf.put("c.csv", "ID\n" + "".join(f"{number}\n" for number in range(20)))
    connector = shelf.connector(page_size=10)
    pages = connector.read(connector.streams["customers"], Window())
    next(pages)
    with path.open("a") as file:
        file.write("20\n")
    with pytest.raises(Retry, match="changed while it was read"):
        list(pages)


def test_a_file_replaced_by_rename_does_no_harm(shelf: Shelf) -> None:
    path = shelf.put("c.csv", "ID\n" + "".join(f"{number}\n" for number in range(20)))
    connector = shelf.connector(page_size=10)
    pages = Reading(connector.read(connector.streams["customers"], Window()))
    rows = next(pages).rows
    shelf.put("new", "ID\n99\n").rename(path)
    rows += [row for page in pages for row in page.rows]
    assert [row["ID"] for row in rows] == [str(number) for number in range(20)]


# Structure and keys


def test_wrong_headers_are_explained(shelf: Shelf) -> None:
    shelf.put("c.csv", "IDD,NAME\n1,x\n")
    assert "did you mean 'IDD'?" in shelf.fails(Misconfigured, "CON084")
    shelf.put("c.csv", "ID;NAME\n1;x\n")
    assert "is `delimiter` right?" in shelf.fails(Misconfigured, "CON084", key="NAME")
    shelf.put("c.csv", "ID,NAME,NAME\n1,x,y\n")
    shelf.fails(Halt, "CON084")
    shelf.put("c.csv", "")
    shelf.fails(Halt, "CON084")


def test_an_open_quote_would_swallow_the_rest_so_the_file_is_refused(shelf: Shelf) -> None:
    shelf.put("c.csv", 'ID,NAME\n1,x\n2,"y\n3,z\n')
    assert "c.csv:3 opens a quote" in shelf.fails(Halt, "CON084")
    shelf.put("c.csv", 'ID,NAME\n1,"' + "y\n" * 100_000)
    shelf.fails(Halt, "CON084")
    shelf.put("c.jsonl", b'{"ID": "' + b"x" * (17 << 20))
    shelf.fails(Halt, "CON084", path="c.jsonl")


def test_ragged_rows_are_rejected_and_leave_doubt_about_who_is_missing(shelf: Shelf) -> None:
    shelf.put("c.csv", 'ID,NAME,TEL\n1,a,b\n2,a\n3,a,b,c\n\n4,a,b\n,a,b\n5,"a"b,c\n6,a,b\n')
    pages, reading = shelf.reading()
    assert [row["ID"] for row in pages[0].rows] == ["1", "4", "6"]
    assert [(key, error.code) for key, error in pages[0].rejects] == [
        ("c.csv:3", "CON087"),
        ("c.csv:4", "CON087"),
        ("c.csv:7", "CON086"),
        ("c.csv:8", "CON087"),
    ]
    assert reading.completeness is not None
    assert not reading.completeness.proven
    assert "4 rows" in reading.completeness.reason


def test_of_rows_that_disagree_under_one_key_none_is_believed(shelf: Shelf) -> None:
    shelf.put("c.csv", "ID,NAME\n1,a\n2,b\n1,c\n3,d\n3,d\n")
    pages, reading = shelf.reading()
    assert [row["ID"] for row in pages[0].rows] == ["2", "3"]  # a row that stands twice, word for word, is one
    assert [(key, error.code) for key, error in pages[0].rejects] == [("1", "CON085"), ("1", "CON085")]
    assert reading.completeness is not None
    assert reading.completeness.proven  # both are known by their key


def test_keys_are_unique_over_all_files_of_a_pattern(shelf: Shelf) -> None:
    shelf.put("c_1.csv", "ID,NAME\n1,a\n2,b\n")
    shelf.put("c_2.csv", "ID,NAME\n3,a\n2,c\n")
    assert [row["ID"] for row in shelf.rows(path="c_*.csv", take="all")] == ["1", "3"]
    assert shelf.rejects(path="c_*.csv", take="all") == [("2", "CON085"), ("2", "CON085")]
    assert [row["ID"] for row in shelf.rows(path="c_*.csv")] == ["3", "2"]


@pytest.mark.parametrize("name", ["c.csv", "c.csv.zip", "c.jsonl", "c.parquet"])
def test_f67_memory_stays_flat(shelf: Shelf, name: str) -> None:
    def content(rows: int) -> bytes:
        records = [{"ID": str(number), "NAME": f"上海示例有限公司{number}"} for number in range(rows)]
        if name == "c.parquet":
            out = io.BytesIO()
            polars.DataFrame(records).write_parquet(out)
            return out.getvalue()
        if name == "c.jsonl":
            return "".join(json.dumps(record) + "\n" for record in records).encode()
        text = "ID,NAME\n" + "".join(f"{record['ID']},{record['NAME']}\n" for record in records)
        return packed({"c.csv": text}) if name == "c.csv.zip" else text.encode()

    def peak(rows: int) -> int:
        shelf.put(name, content(rows))
        connector = shelf.connector(page_size=500, path=name)
        tracemalloc.start()
        for page in connector.read(connector.streams["customers"], Window()):
            del page
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(100)
    small, large = peak(1_000), peak(10_000)
    assert large - small < 9_000 * 100  # two hashes a row and their sorting, not the rows


# Settings


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "c.xyz"},
        {"encoding": "latin-1"},
        {"delimiter": "||"},
        {"columns": ["ID", "ID"]},
        {"columns": ["NAME"]},
        {"kee": "x"},
    ],
)
def test_wrong_settings_are_refused(shelf: Shelf, entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        shelf.connector(**entry)


def test_the_stream_says_what_it_is(shelf: Shelf) -> None:
    shelf.put("c.csv", "ID,GONE\n1,Y\n")
    connector = shelf.connector(deleted={"GONE": ["Y"]}, volatile=["SEEN"])
    stream = connector.streams["customers"]
    assert (stream.walk, stream.key, stream.volatile) == ("full", "ID", ("SEEN",))
    assert stream.is_deleted({"ID": "1", "GONE": "Y"})
    assert connector.bound(stream) is None
    assert connector.probe() == "customers: c.csv"


def test_messages_hold_no_values(shelf: Shelf) -> None:
    shelf.put("c.csv", "ID,NAME\n1,秘密甲\n1,秘密乙\n2,秘密,丙\n")
    pages, _ = shelf.reading()
    assert "秘密" not in json.dumps([str(error) for _, error in pages[0].rejects], ensure_ascii=False)
