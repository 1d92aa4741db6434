"""Tables nobody would wish for: each ends in bounded time and memory, with a sentence that says what to do."""

import json
import random
import subprocess
import sys

import pytest

from goldbridge.cli import table
from tests.cli.test_dedupe import COMPANIES, PEOPLE, refused, rows, run


def written(path, header, found):
    path.write_text("\n".join([header, *found]) + "\n", encoding="utf-8")
    return path


def word(draw, length=7):
    return "".join(draw.choice("abcdefghijklmnop") for _ in range(length))


def test_ten_thousand_equal_rows(tmp_path, capsys):
    file = written(tmp_path / "in.csv", "id,name,phone", [f"{at},Acme,555-1234" for at in range(10_000)])
    assert f"{file}:1:1: DED044 all 10,000 rows are equal in every column" in refused(capsys, file)
    file = written(tmp_path / "in.csv", "id,name,phone", [f"{at},," for at in range(100)])
    assert "DED031" in refused(capsys, file)


def test_thousands_of_equal_rows_among_others_are_one_thing(tmp_path, capsys):
    draw = random.Random(3)
    same = "Acme Trading,555-1234,Springfield"
    others = [f"{word(draw)},555-{at:04},{word(draw, 4)}" for at in range(3000)]
    file = written(
        tmp_path / "in.csv",
        "name,phone,town",
        [each for pair in zip([same] * 3000, others, strict=True) for each in pair],
    )
    assert run(file, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["largest_cluster"]) == (6000, 3000)
    assert told["auto"]["duplicates"] >= 2999
    found = rows(tmp_path / "in.clusters.csv")
    assert len({row["cluster_id"] for row in found[::2]}) == 1
    assert [row["golden"] for row in found[::2]].count("1") == 1
    assert run(file, "--explain", "1", "3") == 0
    assert "they join without a steward: every compared cell is equal" in capsys.readouterr().out


def test_a_key_that_blocks_everything_together(tmp_path, capsys):
    draw = random.Random(4)
    lines = [f"杭州{word(draw, 3)}电子有限公司,0571-87654321,文一西路969号" for _ in range(1500)]
    file = written(tmp_path / "in.csv", "公司名称,电话,地址", [*lines, lines[0]])
    assert run(file, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pairs_compared"] < 400 * 1501
    found = rows(tmp_path / "in.clusters.csv")
    assert found[0]["cluster_id"] == found[-1]["cluster_id"]


EMPTY = ["NaN", "NULL", "无", "-", "000000", "N/A", "#N/A", "null", "暂无", "", " "]


@pytest.mark.parametrize("nothing", EMPTY)
def test_words_for_nothing_say_nothing(tmp_path, capsys, nothing):
    """Rows that have only a word for nothing in common stay apart, and it is no evidence."""
    lines = PEOPLE.splitlines()
    for at in range(1, len(lines), 3):
        parts = lines[at].split(",")
        parts[4] = parts[5] = nothing
        lines[at] = ",".join(parts)
    file = written(tmp_path / "in.csv", lines[0], lines[1:])
    options = ("--truth", "true", "--columns", "ignore=system")
    assert run(file, *options, "--explain", "1", "4", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {part["comparison"] for part in told["parts"]} & {"phone", "town"} == set()
    assert run(file, *options, "--json") == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["precision"] == 1.0


@pytest.mark.parametrize("nothing", EMPTY)
def test_words_for_nothing_say_nothing_of_companies(tmp_path, capsys, nothing):
    names = ["杭州示例电子有限公司", "上海华信供应链管理有限公司", "武汉宏达机械设备有限公司"]
    file = written(
        tmp_path / "c.csv", "企业名称,信用代码,电话,地址", [f"{name},{nothing},{nothing},{nothing}" for name in names]
    )
    assert run(file, "--json") == 0
    assert json.loads(capsys.readouterr().out)["duplicates"] == 0


def test_two_encodings_in_one_file(tmp_path, capsys):
    file = tmp_path / "c.csv"
    head, *lines = COMPANIES.splitlines(keepends=True)
    file.write_bytes((head + lines[0]).encode() + "".join(lines[1:]).encode("gb18030"))
    assert f"{file}:3:1: CFG090 mixed encodings: UTF-8 up to line 3, and another one in it" in refused(capsys, file)
    file.write_bytes(head.encode("gb18030") + "9,世界贸易电子有限责任,,,\n".encode() + lines[0].encode("gb18030"))
    assert "CFG090" in refused(capsys, file)


def test_utf_8_inside_gb18030_is_found_where_it_could_be_read(tmp_path, capsys):
    """Six characters of UTF-8 are nine of GB 18030: it decodes, to rubbish."""
    line = "1,世界世界世界,,,\n".encode()
    line.decode("gb18030")
    file = tmp_path / "c.csv"
    file.write_bytes("编号,企业名称,信用代码,电话,地址\n".encode("gb18030") + line)
    assert f"{file}:2:1: CFG090 mixed encodings: GB 18030, but UTF-8 in line 2" in refused(capsys, file)


def test_a_line_without_an_end_is_bounded(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(table, "MOST_CELL", 1 << 20)
    monkeypatch.setattr(table, "MOST_LINE", 1 << 21)
    file = written(tmp_path / "in.csv", "name,town", ["a,b", f'"{"x" * (3 << 20)}",y'])
    assert f"{file}:3:1: CFG093 a line of more than 2 million characters" in refused(capsys, file)


@pytest.mark.slow
def test_a_cell_of_300_megabytes_fits_into_little_memory(tmp_path):
    file = tmp_path / "in.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write('name,town\na,b\n"')
        for _ in range(300):
            out.write("x" * 1_000_000)
        out.write('",y\n')
    # The process tells its own peak: what its parent is told counts the parent's memory at the fork too.
    script = (
        "import re, sys; from goldbridge import cli; status = cli.main(sys.argv[1:]);"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]); sys.exit(status)"
    )
    run_ = subprocess.run(
        [sys.executable, "-c", script, "dedupe", file], capture_output=True, text=True, check=False, timeout=120
    )
    assert run_.returncode == 2
    assert "CFG093 a line of more than 64 million characters; a cell holds 16 at most" in run_.stderr
    assert int(run_.stdout.splitlines()[-1]) < 320_000


@pytest.mark.parametrize(
    ("header", "lines", "message"),
    [
        ("name", ["ann", "bob"], "DED031 two columns or more must say something, usable: only 'name'"),
        ("id,no", [f"{at},{at + 7}" for at in range(30)], "DED031"),
        ("a,b", [",", ","], "DED031 two columns or more must say something, usable: none ('a': empty; 'b': empty)"),
        ("a,b", [f"x{at % 7},y" for at in range(40)], "usable: only 'a' ('b': one value in every row)"),
    ],
    ids=["one column", "row numbers", "empty", "constant"],
)
def test_columns_that_say_too_little(tmp_path, capsys, header, lines, message):
    err = refused(capsys, written(tmp_path / "in.csv", header, lines))
    assert message in err
    assert "see --columns" in err


def test_two_guesses_that_are_close_are_said(tmp_path, capsys):
    draw = random.Random(5)
    lines = [f"{word(draw)},{draw.choice(['138', '139'])}{draw.randint(10**7, 10**8 - 1)},张三{at}" for at in range(40)]
    file = written(tmp_path / "in.csv", "name,phone,日期", lines)
    assert run(file) == 0
    out = capsys.readouterr().out
    assert "the header says date; or date? say --columns KIND=日期" in out
    assert "100% of the values fit" in out


def test_few_rows_are_handled_with_caution(tmp_path, capsys):
    file = written(tmp_path / "in.csv", "name,town", ["ann,rome", "anna,rome", "bob,oslo"])
    assert run(file, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["cautious"] == "3 rows are few to learn from"
    assert told["bands_bits"]["auto"] - told["threshold_bits"] == pytest.approx(10)
