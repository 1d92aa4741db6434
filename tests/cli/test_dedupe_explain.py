"""`--edges`, `--explain`, `--truth` and what joins unasked: every figure adds up, and every row can be named."""

import csv
import json
from decimal import Decimal

import pytest

from tests.cli.test_dedupe import COMPANIES, PEOPLE, refused, rows, run


@pytest.fixture
def people(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8", newline="")
    return file


@pytest.fixture
def companies(tmp_path):
    """One clear match, one question, a veto (a branch), and strangers."""
    file = tmp_path / "c.csv"
    file.write_text(
        COMPANIES + "5,上海华信供应链,,,\n6,杭州示例电子有限公司上海分公司,,0571-87654321,\n", encoding="utf-8"
    )
    return file


def parts(reasons):
    return sum((Decimal(part.rsplit(" ", 1)[1]) for part in reasons.split(" | ")), Decimal(0))


@pytest.mark.parametrize("source", ["people", "companies"])
def test_the_reasons_of_every_edge_add_up_exactly(request, source, tmp_path):
    file = request.getfixturevalue(source)
    assert run(file, "--edges", tmp_path / "e.csv", "--no-escape") == 0
    found = rows(tmp_path / "e.csv")
    assert found
    assert [parts(edge["reasons"]) for edge in found] == [Decimal(edge["weight"]) for edge in found]
    weights = [Decimal(edge["weight"]) for edge in found]
    assert weights == sorted(weights, reverse=True)
    clusters = [row["cluster_id"] for row in rows(file.with_name(f"{file.stem}.clusters.csv"))]
    for edge in found:
        one, two = int(edge["left"]), int(edge["right"])
        assert one < two
        assert (clusters[one - 1] == clusters[two - 1]) == (edge["together"] != "no")


def test_what_joins_unasked_is_a_part_of_the_guess(companies, tmp_path):
    assert run(companies, "--edges", tmp_path / "e.csv") == 0
    found = rows(companies.with_name("c.clusters.csv"))
    assert [row["cluster_id"] for row in found] == ["1", "1", "2", "3", "2", "4"]
    assert [row["auto_cluster_id"] for row in found] == ["1", "1", "2", "3", "4", "5"]
    told = {(edge["left"], edge["right"]): (edge["band"], edge["together"]) for edge in rows(tmp_path / "e.csv")}
    assert told["1", "2"] == ("auto", "auto")
    assert told["3", "5"] == ("review", "guess")


def test_why_two_rows_are_one(companies, capsys):
    assert run(companies, "--explain", "1", "2") == 0
    out = capsys.readouterr().out
    assert out.startswith("row 1 and row 2 are one: they join without a steward, by their own evidence\n")
    assert "brand: equal" in out
    assert "keys in common: " in out
    assert "phone=+8657187654321 (3 rows)" in out
    assert not companies.with_name("c.clusters.csv").exists()


def test_why_two_rows_are_apart(companies, capsys):
    assert run(companies, "--explain", "1", "6", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["together"] == "no"
    assert told["vetoes"] == [
        {"veto": "head_office_and_branch", "meaning": "a branch and its head office, or two branches"}
    ]
    assert told["why"] == "a veto keeps them apart: a branch and its head office, or two branches"
    assert told["compared"]
    assert run(companies, "--explain", "1", "4", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["compared"], told["keys"]) == (False, [])
    assert told["why"].startswith("no key brought them together, and the evidence is ")
    total = sum(Decimal(str(part["bits"])) for part in told["parts"])
    assert total == Decimal(str(told["bits"]))


def test_the_way_through_a_cluster_and_its_weakest_bridge(tmp_path, capsys):
    file = tmp_path / "c.csv"
    file.write_text(
        COMPANIES + "5,杭州示例电子有限公司,91330110MA27XLQK0L,,\n6,示例电子(杭州)有限公司,,,余杭区文一西路969号\n",
        encoding="utf-8",
    )
    assert run(file, "--id", "编号", "--explain", "5", "6", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["together"] == "auto"
    assert [told["path"][0]["left"], told["path"][-1]["right"]] == ["'5'", "'6'"]
    assert len(told["path"]) > 1
    assert told["weakest"]["bits"] == min(step["bits"] for step in told["path"])
    assert run(file, "--id", "编号", "--explain", "5", "6") == 0
    assert "<- the weakest bridge" in capsys.readouterr().out


def test_rows_are_named_by_a_column(people, capsys):
    assert run(people, "--id", "id", "--explain", "1", "2") == 0
    assert "'1' and '2' are one" in capsys.readouterr().out
    assert "DED037 --explain: there is no row '99'" in refused(capsys, people, "--id", "id", "--explain", "1", "99")
    assert "there is no row '0'; rows are numbered from 1 to 60" in refused(capsys, people, "--explain", "0", "1")
    assert "DED036 column 'system' (--id) holds 'x' 50 times" in refused(capsys, people, "--id", "system", "--force")
    assert "DED036 column 'town' (--id) is empty in 10 rows" in refused(capsys, people, "--id", "town", "--force")


def pairs_file(path, *found):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("a", "b"), *found])
    return path


def test_a_truth_of_pairs(people, tmp_path, capsys):
    right = [(str(at), str(at + 1)) for at in range(1, 61, 6)]
    file = pairs_file(tmp_path / "pairs.csv", *right[:-1], ("3", "4"))
    assert run(people, "--truth", file, "--columns", "ignore=true", "--json") == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert (metrics["true_pairs"], metrics["found_pairs"], metrics["right_pairs"]) == (10, 10, 9)
    (wrong,), (missed,) = metrics["worst"]["false_merges"], metrics["worst"]["missed"]
    assert (wrong["left"], wrong["right"]) == right[-1]
    assert parts(wrong["why"]) == Decimal(str(wrong["bits"]))
    assert (missed["left"], missed["right"]) == ("3", "4")
    assert metrics["recall_with_review"] == 0.9


def test_mistakes_in_a_file_of_pairs_have_their_line(people, tmp_path, capsys):
    file = pairs_file(tmp_path / "pairs.csv", ("1", "2"), ("1", "900"), ("7",))
    err = refused(capsys, people, "--truth", file)
    assert f"{file}:3:1: DED037 --truth: there is no row '900'" in err
    assert f"{file}:4:1: DED035 a line of --truth holds two ids" in err
    assert "DED035 the file (--truth) holds no pair" in refused(
        capsys, people, "--truth", pairs_file(tmp_path / "none.csv")
    )


def test_questions_are_counted_against_the_truth(companies, capsys):
    companies.write_text(
        "".join(
            f"{line},{truth}\n"
            for line, truth in zip(
                companies.read_text(encoding="utf-8").splitlines(),
                ("answer", "a", "a", "b", "c", "b", "d"),
                strict=True,
            )
        ),
        encoding="utf-8",
    )
    assert run(companies, "--truth", "answer", "--json") == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert (metrics["precision"], metrics["recall"]) == (1.0, 1.0)
    assert (metrics["auto"]["precision"], metrics["auto"]["recall"]) == (1.0, 0.5)
    assert metrics["recall_with_review"] == 1.0
    assert metrics["questions_right"] == 1
    assert metrics["rows_in_review"] >= 2
