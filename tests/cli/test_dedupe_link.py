"""`goldbridge dedupe A B`: columns that mean the same come together, rows are linked across, what cannot be is said."""

import csv
import io
import json

import pytest

from tests.cli.test_dedupe import PEOPLE, refused, rows, run

LINES = list(csv.DictReader(io.StringIO(PEOPLE)))


def write(path, header, found, delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(found)
    return path


@pytest.fixture
def two(tmp_path):
    """The people of one system, and those of the other under other headers, behind another delimiter."""
    ours = ("id", "first name", "surname", "born", "phone", "town")
    first = write(tmp_path / "crm.csv", ours, [[row[name] for name in ours] for row in LINES if row["system"] == "x"])
    second = write(
        tmp_path / "erp.csv",
        ("nr", "given_name", "Family name", "dob", "telephone", "remark"),
        [[*(row[name] for name in ours[:5]), "-"] for row in LINES if row["system"] == "y"],
        ";",
    )
    return first, second


def test_two_files_with_other_headers_are_linked(two, capsys):
    first, second = two
    assert run(first, second, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(each["first"], each["second"]) for each in told["map"]] == [
        ("first name", "given_name"), ("surname", "Family name"), ("born", "dob"), ("phone", "telephone"),
    ]  # fmt: skip
    assert (told["rows"], told["duplicates"], told["largest_cluster"]) == (60, 10, 2)
    assert told["second_file"] == str(second)
    assert [each["reason"] for each in told["columns"] if each["column"] == "town"] == ["only in crm.csv"]
    found = rows(first.with_name("crm-erp.clusters.csv"))
    assert [row["source_file"] for row in found] == ["crm.csv"] * 50 + ["erp.csv"] * 10
    assert [row["cluster_id"] for row in found[50:]] == [str(at) for at in range(1, 51, 5)]
    assert found[50]["surname"] == LINES[1]["surname"]
    assert (found[50]["nr"], found[50]["town"], found[0]["nr"]) == ("2", "", "")


def test_the_pairing_is_told_with_its_reason(two, capsys):
    assert run(*two) == 0
    out = capsys.readouterr().out
    assert "born = dob (names that mean the same)" in out
    assert "phone = telephone (both phone, 100% of the values in common)" in out


def test_a_row_matches_one_other_unless_many_are_asked_for(two, capsys):
    first, second = two
    with second.open("a", encoding="utf-8") as file:
        file.write(second.read_text(encoding="utf-8").splitlines()[1] + "\n")
    assert run(first, second, "--columns", "name=first name") == 0
    assert "erp.csv has 1 rows that equal another of its rows" in capsys.readouterr().out
    out = first.with_name("crm-erp.clusters.csv")
    assert [row["cluster_id"] for row in rows(out)].count("1") == 2
    assert run(first, second, "--many", "--force") == 0
    assert [row["cluster_id"] for row in rows(out)].count("1") == 3


def test_explain_takes_one_row_of_each_file(two, capsys):
    assert run(*two, "--explain", "1", "1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["shown"] == ["row 1 of crm.csv", "row 1 of erp.csv"]
    assert told["together"] == "auto"
    assert run(*two, "--explain", "1", "1:2") == 0
    assert "both are of one source" in capsys.readouterr().out
    assert list(two[0].parent.glob("*clusters*")) == []


def test_a_truth_of_pairs_names_rows_of_both_files(two, tmp_path, capsys):
    first, second = two
    known = [(row["id"], str(int(row["id"]) + 1)) for row in LINES if int(row["true"][1:]) % 5 == 0]
    pairs = write(tmp_path / "pairs.csv", ("crm", "erp"), known[::2])
    assert run(first, second, "--id", "id", "--map", "id=nr", "--truth", pairs, "--json") == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert (metrics["true_pairs"], metrics["f1"], metrics["auto"]["f1"]) == (10, 1.0, 1.0)


def test_told_pairs_come_first_and_mistakes_are_told_at_once(two, capsys):
    err = refused(capsys, *two, "--map", "town=remark,fone=nr,x")
    assert "DED030 --map: there is no column 'fone'; did you mean 'phone'?" in err
    assert "DED030 --map: 'x' is not COLUMN=COLUMN" in err
    assert run(*two, "--map", "town=remark", "--json") == 0
    assert {"first": "town", "second": "remark", "reason": "told"} in json.loads(capsys.readouterr().out)["map"]
    assert "names a column that is mapped already" in refused(capsys, *two, "--force", "--map", "town=dob,born=dob")


def test_nothing_in_common(tmp_path, capsys):
    first = write(tmp_path / "a.csv", ("p", "q"), [("ann", "1900-01-01"), ("bob", "1901-02-02")])
    second = write(tmp_path / "b.csv", ("r", "s"), [("77", "x y z w"), ("78", "k l m n")])
    assert "a.csv:1:1: DED038 no column means what one of b.csv does; say which with --map" in refused(
        capsys, first, second
    )


def test_options_that_do_not_go_together(two, capsys):
    assert "DED030 one file or two, not 3" in refused(capsys, *two, two[0])
    assert "DED030 --map is for two files" in refused(capsys, two[0], "--map", "a=b")
    assert "DED030 --source-column is for one file" in refused(capsys, *two, "--source-column", "town")
