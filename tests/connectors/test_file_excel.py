"""Workbooks: exact text of every value, no error taken for an empty cell, and nothing of a file that is not whole."""

import io
import re
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.file import cells
from connectors.file.value import number
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt, Misconfigured, Retry
from tests.connectors.file_books import DIV0, NA, Error, compound, ods, ods_table, packed, rewritten, xls, xlsb, xlsx
from tests.connectors.shelf import Shelf

SHEET = "xl/worksheets/sheet1.xml"
ROWS = [["ID", "名称", "N"], ["a", "甲", 1.5], ["b", Error(NA), 5], ["c", "", Error(DIV0)], ["d", "丁", 7]]
BOOKS = {
    "c.xlsx": xlsx(*ROWS),
    "c.xlsb": xlsb(*ROWS),
    "c.xls": xls(*ROWS),
    "small.xls": xls(*ROWS, small=True),
    "old.xls": xls(*ROWS, stream="Book"),
    "c.ods": ods(ods_table(*ROWS)),
}


@pytest.fixture
def shelf(tmp_path: Path, clock: FrozenClock) -> Shelf:
    return Shelf(tmp_path, clock)


def formatted(value: float, form: str) -> Any:
    def touch(book: Any, sheet: Any) -> None:
        sheet.write_number(1, 1, value, book.add_format({"num_format": form}))

    return touch


def repeated(table: str, columns: int, rows: int) -> str:
    table = table.replace("<table:table-cell ", f'<table:table-cell table:number-columns-repeated="{columns}" ')
    return table.replace("<table:table-row>", f'<table:table-row table:number-rows-repeated="{rows}">')


@pytest.mark.parametrize("name", BOOKS)
def test_every_format_tells_the_same(shelf: Shelf, name: str) -> None:
    shelf.put(name, BOOKS[name])
    pages, reading = shelf.reading(path=name)
    assert pages[0].rows == [{"ID": "a", "名称": "甲", "N": "1.5"}, {"ID": "d", "名称": "丁", "N": "7"}]
    assert [(key, error.code) for key, error in pages[0].rejects] == [("b", "CON334"), ("c", "CON334")]
    assert f"{name}: sheet 'Kunden':3 holds #N/A in column '名称'" in str(pages[0].rejects[0][1])
    assert reading.completeness is not None
    assert reading.completeness.proven  # both are known by their key


@pytest.mark.parametrize("name", BOOKS)
def test_errors_can_be_taken_as_empty(shelf: Shelf, name: str) -> None:
    shelf.put(name, BOOKS[name])
    assert shelf.rows(path=name, formula_errors="empty")[1:3] == [
        {"ID": "b", "名称": "", "N": "5"},
        {"ID": "c", "名称": "", "N": ""},
    ]


def test_an_error_in_the_key_is_never_empty(shelf: Shelf) -> None:
    shelf.put("c.xlsx", xlsx(["ID"], ["a"], [Error(NA)]))
    pages, reading = shelf.reading(path="c.xlsx", formula_errors="empty")
    assert [(key, error.code) for key, error in pages[0].rejects] == [("c.xlsx:3", "CON334")]
    assert reading.completeness is not None
    assert not reading.completeness.proven


def test_a_number_keeps_all_of_its_digits(shelf: Shelf) -> None:
    change = {SHEET: lambda xml: xml.replace(b"<v>5</v>", b"<v>0.30000000000000004</v>")}
    shelf.put("c.xlsx", rewritten(xlsx(["ID", "N"], ["a", 5]), change))
    assert shelf.rows(path="c.xlsx") == [{"ID": "a", "N": "0.30000000000000004"}]


@pytest.mark.parametrize("empty", ["<v></v>", "<v/>", ""])
def test_a_formula_that_no_program_computed_is_no_empty_cell(shelf: Shelf, empty: str) -> None:
    def touch(xml: bytes) -> bytes:
        told = xml.decode().replace("<v>5</v>", f"<f>1+4</f>{empty}").replace("<v>6</v>", "<f>1+5</f><v>6</v>")
        return re.sub(r'<c r="B4"[^>]*><v>7</v>', '<c r="B4" t="str"><f>""</f><v></v>', told).encode()

    shelf.put("c.xlsx", rewritten(xlsx(["ID", "N"], ["a", 5], ["b", 6], ["c", 7]), {SHEET: touch}))
    assert shelf.rows(path="c.xlsx") == [{"ID": "b", "N": "6"}, {"ID": "c", "N": ""}]
    assert shelf.rejects(path="c.xlsx") == [("a", "CON334")]


def test_cells_without_references_and_names_with_prefixes(shelf: Shelf) -> None:
    def text(value: str) -> str:
        return f'<x:c t="inlineStr"><x:is><x:t>{value}</x:t></x:is></x:c>'

    rows = f'<x:row>{text("ID")}{text("N")}</x:row><x:row>{text("a")}<x:c t="e"><x:v>#REF!</x:v></x:c></x:row>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<x:worksheet xmlns:x="{space}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'.encode()
    shelf.put("c.xlsx", rewritten(xlsx(["ID"]), {SHEET: lambda _: xml}))
    assert shelf.rejects(path="c.xlsx") == [("a", "CON334")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"), (5.5, "5.5"), (-3, "-3"), (0, "0"), (0.1, "0.1"), (1e20, "100000000000000000000"), (1e-5, "0.00001"),
        (123456789012345, "123456789012345"), (True, True), ("007", "007"),
        ("=1+1", "=1+1"), (" x\n_x000D_ y", " x\n_x000D_ y"), ("#N/A", "#N/A"),
    ],
)  # fmt: skip
def test_f22_values_are_what_the_sheet_holds(shelf: Shelf, value: Any, text: Any) -> None:
    def touch(book: Any, sheet: Any) -> None:
        if isinstance(value, str):
            sheet.write_string(1, 1, value)

    shelf.put("c.xlsx", xlsx(["ID", "V"], ["a", value], touch=touch))
    assert shelf.rows(path="c.xlsx") == [{"ID": "a", "V": text}]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back_from_its_text(value: float) -> None:
    text = number(value)
    assert float(text) == value
    assert not text.endswith(".0")


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (45293, "yyyy-mm-dd", "2024-01-02"),
        (45293.12783564815, "yyyy-mm-dd hh:mm:ss", "2024-01-02T03:04:05"),
        (0.5, "hh:mm:ss", "12:00:00"),
        (1.5, "[h]:mm:ss", "PT36H00M00S"),
        (0.3, "0%", "0.3"),
        (42, "000000", "42"),
    ],
)
def test_dates_and_times_are_iso_text(shelf: Shelf, value: float, form: str, text: str) -> None:
    shelf.put("c.xlsx", xlsx(["ID", "V"], ["a"], touch=formatted(value, form)))
    assert shelf.rows(path="c.xlsx") == [{"ID": "a", "V": text}]


def test_dates_of_opendocument(shelf: Shelf) -> None:
    def cell(kind: str, value: str) -> str:
        typed = f'office:value-type="{kind}" office:{kind}-value="{value}"'
        return f"<table:table-cell {typed}><text:p>?</text:p></table:table-cell>"

    typed = cell("date", "2024-01-02") + cell("date", "2024-01-02T03:04:05") + cell("time", "PT36H00M00S")
    key = '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'
    table = ods_table(["ID", "D", "T", "L"]).replace(
        "</table:table>", f"<table:table-row>{key}{typed}</table:table-row></table:table>"
    )
    shelf.put("c.ods", ods(table))
    assert shelf.rows(path="c.ods") == [{"ID": "a", "D": "2024-01-02", "T": "2024-01-02T03:04:05", "L": "PT36H00M00S"}]


# Sheets and headers


def test_sheets_by_name_and_by_place_among_the_visible(shelf: Shelf) -> None:
    shelf.put(
        "c.xlsx", xlsx(["ID"], ["a"], touch=lambda book, sheet: book.add_chartsheet("Bild"), Zwei=[["ID"], ["b"]])
    )
    assert shelf.rows(path="c.xlsx") == [{"ID": "a"}]
    assert shelf.rows(path="c.xlsx", sheet=2) == [{"ID": "b"}]
    assert shelf.rows(path="c.xlsx", sheet="Zwei") == [{"ID": "b"}]
    assert "did you mean 'Zwei'?" in shelf.fails(Misconfigured, "CON333", path="c.xlsx", sheet="Zwie")
    assert "2 visible sheets (Kunden, Zwei)" in shelf.fails(Misconfigured, "CON333", path="c.xlsx", sheet=3)
    shelf.fails(Misconfigured, "CON333", path="c.xlsx", sheet="Bild")


def test_a_hidden_sheet_has_a_name_but_no_place(shelf: Shelf) -> None:
    def touch(book: Any, sheet: Any) -> None:
        book.get_worksheet_by_name("Zwei").activate()
        sheet.hide()

    shelf.put("c.xlsx", xlsx(["ID"], ["a"], touch=touch, Zwei=[["ID"], ["b"]]))
    assert shelf.rows(path="c.xlsx") == [{"ID": "b"}]
    assert shelf.rows(path="c.xlsx", sheet="Kunden") == [{"ID": "a"}]


def test_the_table_may_begin_anywhere(shelf: Shelf) -> None:
    shelf.put("c.xlsx", xlsx([], [], ["", "ID", "N"], [], ["", "a", 1], ["", "", ""], ["", "b", 2]))
    assert shelf.rows(path="c.xlsx") == [{"ID": "a", "N": "1"}, {"ID": "b", "N": "2"}]
    shelf.put("c.xlsx", xlsx([], [], ["", "ID", "N"], [], ["", "", 1]))
    assert shelf.rejects(path="c.xlsx") == [("c.xlsx:5", "CON086")]


def test_the_header_stands_where_it_is_said(shelf: Shelf) -> None:
    shelf.put("c.xlsx", xlsx(["客户清单"], ["2024"], ["ID", "N"], ["a", 1]))
    assert shelf.rows(path="c.xlsx", header_row=3) == [{"ID": "a", "N": "1"}]
    assert "is `header_row` right?" in shelf.fails(Misconfigured, "CON084", path="c.xlsx")
    assert "the row is empty" in shelf.fails(Halt, "CON084", path="c.xlsx", header_row=9)
    assert shelf.rows(path="c.xlsx", columns=["ID", "N"])[-1] == {"ID": "a", "N": "1"}


def test_cells_merged_in_the_header(shelf: Shelf) -> None:
    def touch(book: Any, sheet: Any) -> None:
        sheet.merge_range("A1:A2", "ID")
        sheet.merge_range("B1:C1", "联系人")

    shelf.put("c.xlsx", xlsx([], ["", "姓名", "电话"], ["a", "张三", "571"], touch=touch))
    assert shelf.rows(path="c.xlsx", header_row=2) == [{"ID": "a", "姓名": "张三", "电话": "571"}]
    assert "B1:C1 is one cell, merged over several columns" in shelf.fails(Halt, "CON084", path="c.xlsx")


def test_names_must_be_there_and_unique(shelf: Shelf) -> None:
    shelf.put("c.xlsx", xlsx(["ID", "N", "", "N"], ["a", 1]))
    assert "names the column 'N' twice (B and D)" in shelf.fails(Halt, "CON084", path="c.xlsx")
    shelf.put("c.xlsx", xlsx(["ID", "", "N"], ["a", "", 1], ["b", "lost", 2]))
    assert "3 has a value in B3, whose column has no name" in shelf.fails(Halt, "CON084", path="c.xlsx")
    shelf.put("c.xlsx", xlsx(["ID", "", "N"], ["a", "", 1]))
    assert shelf.rows(path="c.xlsx") == [{"ID": "a", "N": "1"}]
    shelf.put("c.xlsx", xlsx(["ID"], ["a", "lost"]))
    shelf.fails(Halt, "CON084", path="c.xlsx")
    assert shelf.rejects(path="c.xlsx", columns=["ID"]) == [("c.xlsx:2", "CON087")]


def test_a_sheet_without_anything(shelf: Shelf) -> None:
    shelf.put("c.xlsx", xlsx())
    shelf.fails(Halt, "CON084", path="c.xlsx")
    shelf.put("c.xlsx", xlsx(["ID"]))
    pages, reading = shelf.reading(path="c.xlsx")
    assert pages == []
    assert reading.completeness is not None
    assert reading.completeness.proven
    shelf.put("c.xlsx", xlsx(["IDD"]))
    shelf.fails(Misconfigured, "CON084", path="c.xlsx")


def test_keys_are_unique_and_of_digits_that_are_there(shelf: Shelf) -> None:
    shelf.put("c.xlsx", xlsx(["ID", "N"], [1, "a"], [1, "b"], [2, "c"], [110101199003074512, "d"]))
    assert shelf.rows(path="c.xlsx") == [{"ID": "2", "N": "c"}]
    assert shelf.rejects(path="c.xlsx") == [("1", "CON085"), ("1", "CON085"), ("c.xlsx:5", "CON337")]


# Files that are not whole, or do harm


def test_f76_the_last_row_can_promise_how_many_there_are(shelf: Shelf) -> None:
    shelf.put("c.xlsx", xlsx(["ID", "N"], ["a", 1], ["b", 2], ["合计", 2]))
    assert len(shelf.rows(path="c.xlsx", trailer="合计 {rows}")) == 2
    shelf.fails(Retry, "CON082", path="c.xlsx", trailer="EOF {rows}")
    shelf.put("c.xlsx", xlsx(["ID", "N"], ["a", 1], ["合计", 2]))
    assert "1 rows where its trailer promises 2" in shelf.fails(Retry, "CON082", path="c.xlsx", trailer="合计 {rows}")


@pytest.mark.parametrize("name", BOOKS)
def test_f76_half_a_workbook_is_none(shelf: Shelf, name: str) -> None:
    book = BOOKS[name]
    for size in (len(book) - 600, len(book) // 2, 512, 0):
        shelf.put(name, book[:size])
        shelf.fails(Retry, "CON082", path=name)
    shelf.put(name, bytes(len(book)))
    assert "was never filled" in shelf.fails(Retry, "CON082", path=name)


def test_a_damaged_part_is_noticed_whichever_it_is(shelf: Shelf) -> None:
    book = BOOKS["c.xlsx"]
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        places = {entry.filename: entry.header_offset + 30 + len(entry.filename) for entry in archive.infolist()}
    for name in (SHEET, "xl/sharedStrings.xml", "xl/styles.xml"):
        at = places[name] + 20
        shelf.put("c.xlsx", book[:at] + bytes([book[at] ^ 0xFF]) + book[at + 1 :])
        shelf.fails(Retry, "CON082", path="c.xlsx")
    shelf.put("c.xlsx", rewritten(book, {SHEET: lambda xml: xml[:-30]}))
    shelf.fails(Retry, "CON082", path="c.xlsx")


def test_what_only_calls_itself_a_workbook(shelf: Shelf) -> None:
    shelf.put("c.xls", "<html><table><tr><td>ID</td></tr></table></html>")
    assert "it begins like a web page" in shelf.fails(Halt, "CON084", path="c.xls")
    shelf.put("c.xls", "ID\tN\n1\t2\n")
    assert "save it as .xlsx" in shelf.fails(Halt, "CON084", path="c.xls")
    shelf.put("c.xlsx", packed({"a.txt": "x"}))
    shelf.fails(Halt, "CON084", path="c.xlsx")


def test_passwords_are_told_apart_from_damage(shelf: Shelf) -> None:
    shelf.put("c.xlsx", compound("EncryptedPackage", bytes(5000)))
    shelf.fails(Halt, "CON331", path="c.xlsx")
    shelf.put("c.xls", xls(*ROWS, lock=True))
    shelf.fails(Halt, "CON331", path="c.xls")
    shelf.put("c.ods", ods(ods_table(*ROWS), manifest="<m:encryption-data/>"))
    shelf.fails(Halt, "CON331", path="c.ods")


def test_a_workbook_that_unpacks_to_too_much(shelf: Shelf) -> None:
    shelf.put("c.xlsx", rewritten(BOOKS["c.xlsx"], {"xl/styles.xml": lambda xml: xml + bytes(2 << 20)}))
    assert "raise `max_unpacked_mb`" in shelf.fails(Halt, "CON330", path="c.xlsx", max_unpacked_mb=1)


def test_sizes_that_a_workbook_declares_are_not_believed(shelf: Shelf) -> None:
    strings = rewritten(BOOKS["c.xlsx"], {"xl/sharedStrings.xml": lambda xml: xml + b" " * (5 << 20)})
    with zipfile.ZipFile(io.BytesIO(strings)) as archive:
        size = struct.pack("<I", archive.getinfo("xl/sharedStrings.xml").file_size)
    assert strings.count(size) == 2
    shelf.put("c.xlsx", strings.replace(size, struct.pack("<I", 1000)))
    told = shelf.fails(Retry, "CON082", path="c.xlsx", max_unpacked_mb=1)
    assert "sharedStrings.xml" in told  # found by adding up, before the library unpacks it
    shelf.put("c.xlsx", strings.replace(size, struct.pack("<I", 0xFFFFFFF0)))
    shelf.fails(Halt, "CON330", path="c.xlsx")


@pytest.mark.parametrize(
    ("name", "book"),
    [
        ("c.xlsx", xlsx(["ID"], touch=lambda book, sheet: sheet.write(1_048_575, 16_383, "x"))),
        ("c.xlsx", rewritten(xlsx(["ID"], ["a"]), {SHEET: lambda xml: xml.replace(b'"A2"', b'"XFD1048576"')})),
        ("c.ods", ods(repeated(ods_table(["ID"]), columns=16_384, rows=1_048_576))),
        ("c.ods", ods(ods_table(["ID"]) + repeated(ods_table(["x"], name="Z"), columns=99_999_999, rows=1))),
    ],
)  # fmt: skip
def test_f67_two_cells_in_opposite_corners_do_not_take_all_memory(shelf: Shelf, name: str, book: bytes) -> None:
    shelf.put(name, book)
    shelf.fails(Halt, "CON338", path=name)


@pytest.mark.parametrize("name", BOOKS)
def test_every_format_is_bounded(shelf: Shelf, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_CELLS", 14)
    shelf.put(name, BOOKS[name])
    assert "reaches to C5" in shelf.fails(Halt, "CON338", path=name)


def test_without_the_extra(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    shelf.put("c.xlsx", BOOKS["c.xlsx"])
    assert "pip install 'goldbridge[excel]'" in shelf.fails(Misconfigured, "CON335", path="c.xlsx")


@pytest.mark.parametrize(
    "entry",
    [
        {"encoding": "utf-8"}, {"delimiter": ";"}, {"quote": "'"}, {"sheet": 0}, {"sheet": ""}, {"header_row": 0},
        {"columns": ["ID"], "header_row": 2}, {"path": "c.xlsx.gz"}, {"path": "c.zip", "member": "c.xlsx"},
        {"path": "c.csv", "sheet": 2}, {"path": "c.csv", "header_row": 2},
        {"path": "c.jsonl", "formula_errors": "empty"},
    ],
)  # fmt: skip
def test_settings_of_another_format_are_refused(shelf: Shelf, entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        shelf.connector(**({"path": "c.xlsx"} | entry))


def test_messages_hold_no_values(shelf: Shelf) -> None:
    shelf.put("c.xlsx", xlsx(["ID", "A", "B"], [1, "秘密", Error(NA)], [2, "秘密"], [2, "机密"]))
    pages, _ = shelf.reading(path="c.xlsx")
    assert len(pages[0].rejects) == 3
    assert not any("密" in str(error) for _, error in pages[0].rejects)
