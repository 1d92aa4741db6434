"""`goldbridge dedupe` on whole files: what it finds, what it writes, and every refusal with its place."""

import csv
import gzip
import json
import os
import random
import subprocess
import sys

import pytest

from goldbridge import cli
from goldbridge.cli import dedupe_table, table
from goldbridge.cli.dedupe import representatives


def made_up(count):
    """People with a few seeded slips; every fifth stands in both systems, the second time without a town."""
    draw = random.Random(7)

    def word():
        return "".join(draw.choice("bklmnrst") + draw.choice("aeiou") for _ in range(3))

    lines = ["id,first name,surname,born,phone,town,true,system"]
    for person in range(count):
        first, last, town = word(), word(), word()
        born = f"19{draw.randint(10, 60)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        phone = f"555-{draw.randint(1000, 9999)}"
        lines.append(f"{len(lines)},{first},{last},{born},{phone},{town},p{person},x")
        if person % 5 == 0:
            lines.append(f"{len(lines)},{first[:-1]},{last},{born},{phone},,p{person},y")
    return "\n".join(lines) + "\n"


PEOPLE = made_up(50)
COMPANIES = """编号,企业名称,信用代码,电话,地址
1,杭州示例电子有限公司,91330110MA27XLQK0L,0571-87654321,浙江省杭州市余杭区文一西路969号
2,示例电子(杭州)有限公司,,0571-87654321,杭州市余杭区文一西路969号
3,上海华信供应链管理有限公司,,021-61234567,上海市浦东新区世纪大道100号
4,武汉宏达机械设备有限公司,,027-81234567,湖北省武汉市江汉区解放大道88号
"""


@pytest.fixture
def people(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8", newline="")
    return file


def rows(path, encoding="utf-8"):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def run(*arguments):
    return cli.main(["dedupe", *map(str, arguments)])


def refused(capsys, *arguments):
    """What a refusal says; nothing goes to stdout."""
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_the_rows_come_back_in_order_with_three_columns_more(people, capsys):
    assert run(people, "--truth", "true") == 0
    found = rows(people.with_name("people.clusters.csv"))
    assert list(found[0]) == [*PEOPLE.split("\n", 1)[0].split(","), "cluster_id", "match_weight", "golden",
        "auto_cluster_id",
    ]  # fmt: skip
    before = rows(people)
    assert [{name: row[name] for name in before[0]} for row in found] == before
    numbers = {}
    assert [row["cluster_id"] for row in found] == [
        str(numbers.setdefault(row["true"], len(numbers) + 1)) for row in before
    ]
    assert [row["golden"] for row in found] == ["1" if row["system"] == "x" else "0" for row in before]
    assert found[2]["match_weight"] == ""
    assert found[0]["match_weight"] == found[1]["match_weight"]
    assert float(found[0]["match_weight"]) > 10
    out = capsys.readouterr().out
    assert "60 rows are 50 things: 10 duplicates in 10 clusters, the largest of 2" in out
    assert "precision 1.0000  recall 1.0000  F1 1.0000  (10 of 10 pairs found, 10 to find)" in out


def test_it_says_what_it_took_the_columns_for(people, capsys):
    run(people, "--truth", "true")
    lines = {line.split("  ")[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "date" in lines["born"]
    assert "90%" in lines["born"]
    assert lines["surname"].split()[1] == "name"


def test_the_summary_as_one_json_object(people, capsys):
    assert run(people, "--truth", "true", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["clusters"], found["duplicates"], found["clusters_with_duplicates"]) == (
        60,
        50,
        10,
        10,
    )
    figures = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "true_pairs": 10, "found_pairs": 10, "right_pairs": 10}
    assert found["metrics"] == {
        **figures, "auto": figures, "recall_with_review": 1.0, "questions": 0, "questions_right": 0,
        "rows_in_review": 0, "worst": {"false_merges": [], "missed": []},
    }  # fmt: skip
    columns = {column["column"]: column for column in found["columns"]}
    assert columns["born"]["kind"] == "date"
    assert not columns["id"]["compared"]
    assert "true" not in columns
    assert sum(found["bands"].values()) == 20
    assert found["weights"]["surname"]["equal"] > 0 > found["weights"]["surname"]["different"]
    assert found["seconds"] >= 0


def test_companies_are_compared_by_what_their_names_say(tmp_path, capsys):
    file = tmp_path / "c.csv"
    file.write_text(COMPANIES, encoding="gb18030")
    assert run(file, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["encoding"] == "gb18030"
    assert found["method"] == "rules"
    assert [row["cluster_id"] for row in rows(tmp_path / "c.clusters.csv", "gb18030")] == ["1", "1", "2", "3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_and_gzip(tmp_path, capsys, encoding, packed):
    file = tmp_path / ("c.csv.gz" if packed else "c.csv")
    plain = COMPANIES.encode(encoding)
    file.write_bytes(gzip.compress(plain) if packed else plain)
    assert run(file, "--json") == 0
    assert json.loads(capsys.readouterr().out)["encoding"] == encoding
    found = rows(tmp_path / "c.clusters.csv", encoding)
    assert found[0]["企业名称"] == "杭州示例电子有限公司"
    assert found[1]["cluster_id"] == "1"


def test_a_result_can_be_packed(people, tmp_path):
    assert run(people, "--out", tmp_path / "o.csv.gz") == 0
    assert gzip.decompress((tmp_path / "o.csv.gz").read_bytes()).count(b"\r\n") == 61


def test_no_project_is_looked_for(people, monkeypatch):
    broken = people.parent / "config"
    broken.mkdir()
    (broken / "settings.yaml").write_text("{", encoding="utf-8")
    monkeypatch.chdir(people.parent)
    assert run("people.csv") == 0


def test_linking_joins_only_rows_of_different_sources(people, capsys):
    twin = PEOPLE.splitlines()[2].split(",", 1)[1]
    people.write_text(f"{PEOPLE}61,{twin}\n", encoding="utf-8")
    assert run(people, "--truth", "true", "--source-column", "system", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["duplicates"] == 10
    assert found["metrics"]["true_pairs"] == 11
    assert run(people, "--truth", "true", "--source-column", "system", "--many", "--force", "--json") == 0
    assert json.loads(capsys.readouterr().out)["duplicates"] == 11


def test_many_is_about_linking(people, capsys):
    assert "DED030 --many needs --source-column or a second file" in refused(capsys, people, "--many")


def test_columns_can_be_said(people, capsys):
    assert (
        run(people, "--truth", "true", "--columns", "code=phone,ignore=town", "--columns", "name=Surname", "--json")
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    columns = {column["column"]: column for column in found["columns"]}
    assert (columns["phone"]["kind"], columns["phone"]["sure"]) == ("code", 1.0)
    assert not columns["town"]["compared"]
    assert columns["surname"]["kind"] == "name"


def test_mistakes_in_columns_are_told_at_once(people, capsys):
    err = refused(capsys, people, "--columns", "nam=surname,phone=fone,town")
    assert f"{people}:1:1: DED030 --columns: no kind 'nam'; did you mean 'name'?" in err
    assert "there is no column 'fone'; did you mean 'phone'?" in err
    assert "'town' is not KIND=COLUMN" in err


@pytest.mark.parametrize("option", ["--truth", "--source-column"])
def test_an_unknown_column_gets_the_nearest(people, capsys, option):
    assert f"DED030 {option}: there is no column 'sytem'; did you mean 'system'?" in refused(
        capsys, people, option, "sytem"
    )


def test_a_column_with_two_kinds_or_set_aside(people, capsys):
    assert "'phone' is given two kinds" in refused(capsys, people, "--columns", "code=phone,name=phone")
    assert "never compared" in refused(capsys, people, "--columns", "name=true", "--truth", "true")


def test_a_result_is_never_overwritten_unasked(people, capsys):
    out = people.with_name("people.clusters.csv")
    out.write_text("mine", encoding="utf-8")
    assert f"{out}: DED034 exists already" in refused(capsys, people)
    assert out.read_text(encoding="utf-8") == "mine"
    assert run(people, "--force") == 0
    assert len(rows(out)) == 60


def test_the_input_is_never_the_output(people, capsys):
    assert "DED034 the result would replace the input" in refused(capsys, people, "--out", people, "--force")
    assert "DED034 is a folder" in refused(capsys, people, "--out", people.parent)
    assert "DED034 its folder does not exist" in refused(capsys, people, "--out", people.parent / "no" / "o.csv")
    assert people.read_text(encoding="utf-8") == PEOPLE


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "CFG090 the file has no header line"),
        (b"name,town\n", "CFG090 the file has a header and no rows"),
        (b"name,town\n\xff\xff\xff,b\n", "CFG090 not readable as text: utf-8 fails in line 2; gb18030 fails in line 2"),
        (b"name,town,name,town,x\n1,2,3,4,5\n", ":1:1: DED032 more than one column is called 'name', 'town'"),
        (b"name,town\na,b\nc\nd,e,f\n", ":3:1: DED033 1 cells, the header has 2, the first of 2 such rows"),
        (b"name,town\na,b\nc,d,e\n", ":3:1: DED033 3 cells, the header has 2; is"),
        (b"name,town\na,b\n\x00,d\n", ":3:1: DED033 a NUL character"),
        (b'name,town\na,b\n"c,d\n', ":3:1: CFG093 not CSV: unexpected end of data"),
        (b"name,town\nann,\nbob,\n", ":1:1: DED031 two columns or more must say something, usable: only 'name'"),
        (b"id,town\n1,\n2,\n", ":1:1: DED031"),
        (b"\x1f\x8b\x08damaged", "CFG090 cannot be read: damaged gzip"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used(tmp_path, capsys, content, message):
    file = tmp_path / "in.csv"
    file.write_bytes(content)
    err = refused(capsys, file)
    assert err.startswith(str(file))
    assert message in err
    assert not (tmp_path / "in.clusters.csv").exists()


def test_a_missing_file(tmp_path, capsys):
    assert "no.csv: CFG090 cannot be read: No such file" in refused(capsys, tmp_path / "no.csv")


def test_an_empty_truth(people, capsys):
    people.write_text(
        "".join(f"{line},\n" for line in PEOPLE.splitlines()).replace("system,", "system,answer", 1), "utf-8"
    )
    assert ":1:1: DED035 column 'answer' (--truth) is empty" in refused(capsys, people, "--truth", "answer")
    assert not people.with_name("people.clusters.csv").exists()


def test_cells_are_bounded(people, capsys, monkeypatch):
    monkeypatch.setattr(table, "MOST_CELL", 100)
    people.write_text(PEOPLE + f"61,{'x' * 200},a,,,,,\n", encoding="utf-8")
    assert ":62:1: CFG093 not CSV: field larger than field limit (100)" in refused(capsys, people)


def test_files_are_bounded(people, capsys, monkeypatch):
    monkeypatch.setattr(table, "MOST_BYTES", 100)
    assert "CFG090 holds more than" in refused(capsys, people)


def test_a_long_cell_is_compared_by_its_beginning_and_written_whole(people):
    long = "word " * 40_000
    text = "".join(
        f"{line},{'note' if at == 0 else long if at in (3, 5) else 'short ' + str(at)}\n"
        for at, line in enumerate(PEOPLE.splitlines())
    )
    people.write_text(text, encoding="utf-8")
    assert run(people) == 0
    found = rows(people.with_name("people.clusters.csv"))
    assert found[2]["note"] == long


def test_formulas_do_not_run_unless_asked_for(people):
    cells = ["=1+1", "a\nb", "'@x"]
    lines = PEOPLE.splitlines()
    for at, cell in enumerate(cells, 1):
        parts = lines[at].split(",")
        parts[5] = f'"{cell}"'
        lines[at] = ",".join(parts)
    people.write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = people.with_name("people.clusters.csv")
    assert run(people) == 0
    assert [row["town"] for row in rows(out)[:3]] == ["'=1+1", *cells[1:]]
    assert run(people, "--no-escape", "--force") == 0
    assert [row["town"] for row in rows(out)[:3]] == cells


def test_names_that_are_taken_are_not_used_again(people):
    assert run(people) == 0
    again = people.with_name("people.clusters.csv")
    assert run(again, "--json") == 0
    found = rows(again.with_name("people.clusters.clusters.csv"))
    assert list(found[0])[-4:] == [
        "dedupe_cluster_id", "dedupe_match_weight", "dedupe_golden", "dedupe_auto_cluster_id",
    ]  # fmt: skip
    assert [row["dedupe_cluster_id"] for row in found] == [row["cluster_id"] for row in found]


def test_the_fullest_row_stands_for_its_cluster_and_the_first_on_ties():
    table = [["a", ""], ["a", "b"], ["c", "d"], ["c", "e"], [" ", "x"]]
    assert representatives(table, [0, 0, 1, 1, 2]) == [False, True, True, False, True]


def test_one_row_is_one_thing(people):
    people.write_text("name,town\nann,rome\n", encoding="utf-8")
    assert run(people) == 0
    assert rows(people.with_name("people.clusters.csv")) == [
        {"name": "ann", "town": "rome", "cluster_id": "1", "match_weight": "", "golden": "1", "auto_cluster_id": "1"}
    ]


def test_progress_is_told_in_steps(people):
    told = []

    class Steps:
        def advance(self, done, total=None):
            told.append((done, total))

    read = dedupe_table.read(people, None)
    dedupe_table.resolve(read, dedupe_table.choose(read, (), ()), None, progress=Steps())
    assert sum(done for done, _ in told) == told[-1][1]


def test_the_result_does_not_depend_on_the_hash_seed(people):
    found = set()
    for seed in ("0", "4711"):
        out = people.with_name(f"{seed}.csv")
        subprocess.run(
            [sys.executable, "-m", "goldbridge", "dedupe", people, "--out", out, "--truth", "true"],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        found.add(out.read_bytes())
    assert len(found) == 1
