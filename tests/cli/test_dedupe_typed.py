"""`goldbridge dedupe` on workbooks and Parquet: read by the connector's readers, written whole, formulas kept quiet."""

import csv
import json
import sys
import zipfile

import polars
import pytest
import python_calamine

from goldbridge.cli import dedupe_result, table
from tests.cli.test_dedupe import COMPANIES, PEOPLE, refused, rows, run
from tests.connectors.file_books import NA, Error, ods, ods_table, xls, xlsb, xlsx

CELLS = [line.split(",") for line in COMPANIES.splitlines()]
FORMULAS = ["=1+1", "+1+cmd|' /C calc'!A0", "-1-1", "@SUM(A1)", "\tx", "\rx", "=5", "@5"]
PLAIN = ["-5", "+5", "-5.25", "+8613812345678", "-", "a=b", "5", ""]


def sheet(path):
    return python_calamine.load_workbook(path).get_sheet_by_index(0).to_python(skip_empty_area=False)


@pytest.fixture
def formulas(tmp_path):
    file = tmp_path / "f.csv"
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["note", "name", "town"])
        writer.writerows([cell, f"name{at}", f"town{at}"] for at, cell in enumerate([*FORMULAS, *PLAIN]))
    return file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.xlsx", xlsx(*CELLS)),
        ("c.xls", xls(*CELLS)),
        ("c.xlsb", xlsb(*CELLS)),
        ("c.ods", ods(ods_table(*CELLS))),
    ],
    ids=["xlsx", "xls", "xlsb", "ods"],
)
def test_workbooks_of_every_format(tmp_path, capsys, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    assert run(file, "--json") == 0
    assert json.loads(capsys.readouterr().out)["method"] == "rules"
    found = sheet(tmp_path / "c.clusters.xlsx")
    assert found[0] == [*CELLS[0], "cluster_id", "match_weight", "golden", "auto_cluster_id"]
    assert [row[:5] for row in found[1:]] == CELLS[1:]
    assert [row[5] for row in found[1:]] == [1, 1, 2, 3]
    assert found[1][6] == found[2][6] > 10
    assert found[3][6] == ""
    assert [row[7] for row in found[1:]] == [1, 0, 1, 1]
    assert [row[8] for row in found[1:]] == [1, 1, 2, 3]


def test_parquet_in_and_out(tmp_path, capsys):
    file = tmp_path / "c.parquet"
    frame = polars.DataFrame({name: [row[at] for row in CELLS[1:]] for at, name in enumerate(CELLS[0])})
    frame = frame.with_columns(polars.col("编号").cast(polars.Int64), polars.Series("preis", [1.5, 2.0, None, 4.0]))
    frame.write_parquet(file)
    assert run(file, "--json") == 0
    assert json.loads(capsys.readouterr().out)["out"].endswith("c.clusters.parquet")
    found = polars.read_parquet(tmp_path / "c.clusters.parquet")
    assert found["编号"].to_list() == ["1", "2", "3", "4"]
    assert found["preis"].to_list() == ["1.5", "2", "", "4"]
    assert found["cluster_id"].to_list() == [1, 1, 2, 3]
    assert found["match_weight"].to_list()[2:] == [None, None]
    assert found["golden"].to_list() == [1, 0, 1, 1]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_every_format_says_the_same(tmp_path, ending):
    people = tmp_path / "people.csv"
    people.write_text(PEOPLE, encoding="utf-8", newline="")
    out = tmp_path / f"o.{ending}"
    assert run(people, "--truth", "true", "--out", out) == 0
    if ending == "csv":
        found = [list(row.values()) for row in rows(out)]
    elif ending == "xlsx":
        found = sheet(out)[1:]
    else:
        found = [list(row) for row in polars.read_parquet(out).rows()]
    assert [row[:8] for row in found] == [line.split(",") for line in PEOPLE.splitlines()[1:]]
    told = [(int(row[8]), float(row[9]) if row[9] not in ("", None) else None, int(row[10])) for row in found]
    assert told[:3] == [(1, told[1][1], 1), (1, told[0][1], 0), (2, None, 1)]


def test_a_workbook_of_numbers_and_dates(tmp_path, capsys):
    file = tmp_path / "c.xlsx"
    numbers = [[1, "杭州示例电子有限公司", 57187654321], [2, "武汉宏达机械有限公司", 2781234567]]
    file.write_bytes(xlsx(["编号", "企业名称", "电话"], *numbers))
    assert run(file, "--out", tmp_path / "o.csv", "--json") == 0
    assert [row["电话"] for row in rows(tmp_path / "o.csv", "utf-8-sig")] == ["57187654321", "2781234567"]
    assert (tmp_path / "o.csv").read_bytes().startswith(b"\xef\xbb\xbf")  # or Excel would not see that it is UTF-8


def test_formula_errors_are_empty_and_counted(tmp_path, capsys):
    file = tmp_path / "c.xlsx"
    file.write_bytes(xlsx(*CELLS, ["5", "天津港口物流有限公司", Error(NA), Error(NA), ""]))
    assert run(file) == 0
    assert "cells with a formula error, taken as empty: 2" in capsys.readouterr().out
    assert sheet(tmp_path / "c.clusters.xlsx")[5][2:4] == ["", ""]


def test_sheets_are_chosen_by_name_or_number(tmp_path, capsys):
    file = tmp_path / "c.xlsx"
    file.write_bytes(xlsx(["x"], Zwei=CELLS))
    for name in ("Zwei", "2"):
        assert run(file, "--sheet", name, "--force") == 0
        assert len(sheet(tmp_path / "c.clusters.xlsx")) == 5
    capsys.readouterr()
    assert f"{file}: CON333 c.xlsx has no sheet 'Zwo'" in refused(capsys, file, "--sheet", "Zwo", "--force")


# Formulas


def test_formulas_do_not_run_in_a_csv(formulas, tmp_path):
    assert run(formulas, "--out", tmp_path / "o.csv") == 0
    found = [row["note"] for row in rows(tmp_path / "o.csv")]
    assert found[: len(FORMULAS)] == [f"'{cell}" for cell in FORMULAS]
    assert found[len(FORMULAS) :] == PLAIN


def test_formulas_are_text_in_a_workbook_and_stay_what_they_were(formulas, tmp_path):
    assert run(formulas, "--out", tmp_path / "o.xlsx") == 0
    found = [row[0] for row in sheet(tmp_path / "o.xlsx")[1:]]
    assert found == [*FORMULAS, *PLAIN]
    with zipfile.ZipFile(tmp_path / "o.xlsx") as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
        assert 'quotePrefix="1"' in archive.read("xl/styles.xml").decode()
    assert "<f>" not in xml
    styled = [part for part in xml.split("<c ")[1:] if part.startswith('r="A') and ' s="1"' in part.partition(">")[0]]
    assert len(styled) == len(FORMULAS)


def test_parquet_is_written_as_it_is(formulas, tmp_path):
    assert run(formulas, "--out", tmp_path / "o.parquet") == 0
    assert polars.read_parquet(tmp_path / "o.parquet")["note"].to_list() == [*FORMULAS, *PLAIN]


# What cannot be read or written


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.xlsx", xlsx(*CELLS)[:-30], "CON082 c.xlsx is cut off or damaged"),
        ("c.xlsx", b"<html>", "CON084 c.xlsx is no workbook"),
        ("c.xlsx", xlsx(["a", "a"], ["x", "y"]), "CON084 c.xlsx: sheet 'Kunden':1 names the column 'a' twice"),
        ("c.xlsx", xlsx(["a"], ["x", "y"]), "DED033 row 2: B2 holds a value, but its column has no name"),
        ("c.xlsx", xlsx(["a", "b"]), "CFG090 the file has a header and no rows"),
        ("c.parquet", b"PAR1" + bytes(40), "CON082 c.parquet is cut off or damaged"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, capsys, name, content, message):
    file = tmp_path / name
    file.write_bytes(content)
    assert f"{file}: {message}" in refused(capsys, file)
    assert list(tmp_path.iterdir()) == [file]


def test_a_nul_character(tmp_path, capsys):
    file = tmp_path / "c.parquet"
    polars.DataFrame({"name": ["a", "b\0"], "town": ["x", "y"]}).write_parquet(file)
    assert f"{file}: DED033 row 2 holds a NUL character" in refused(capsys, file)


def test_a_missing_workbook(tmp_path, capsys):
    assert "no.xlsx: CFG090 cannot be read: No such file" in refused(capsys, tmp_path / "no.xlsx")


def test_options_of_other_formats(tmp_path, capsys):
    file = tmp_path / "c.xlsx"
    file.write_bytes(xlsx(*CELLS))
    assert "DED030 --encoding is for text" in refused(capsys, file, "--encoding", "utf-8")
    (tmp_path / "c.csv").write_text(COMPANIES, encoding="utf-8")
    assert "DED030 --sheet is for workbooks" in refused(capsys, tmp_path / "c.csv", "--sheet", "2")
    for ending in ("xls", "xlsb", "xlsm", "ods"):
        assert "is read, not written; name it .xlsx" in refused(capsys, file, "--out", tmp_path / f"o.{ending}")


def test_what_a_sheet_cannot_hold_is_said_before_any_work(tmp_path, capsys, monkeypatch):
    file = tmp_path / "c.csv"
    file.write_text(COMPANIES + f"5,{'x' * 32_768},,,\n", encoding="utf-8")
    out = tmp_path / "o.xlsx"
    assert f"{out}: DED034 row 6 has a cell of more than 32,767 characters" in refused(capsys, file, "--out", out)
    monkeypatch.setattr(dedupe_result, "MOST_ROWS", 5)
    assert "name it .csv or .parquet" in refused(capsys, file, "--out", out)
    assert run(file, "--out", tmp_path / "o.parquet") == 0
    assert not out.exists()


@pytest.mark.parametrize("module", ["python_calamine", "xlsxwriter"])
def test_without_the_extra(tmp_path, capsys, monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    file = tmp_path / "c.xlsx"
    file.write_bytes(xlsx(*CELLS))
    assert "install it with: pip install 'goldbridge[excel]'" in refused(capsys, file)


def test_the_same_input_gives_the_same_workbook(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(COMPANIES, encoding="utf-8")
    for name in ("a.xlsx", "b.xlsx"):
        assert run(file, "--out", tmp_path / name) == 0
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_result_that_fails_leaves_nothing(tmp_path):
    def half():
        with table.replacing(tmp_path / "o.parquet") as raw:
            raw.write(b"PAR1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert list(tmp_path.iterdir()) == []
