"""`goldbridge dedupe train`: what was learned is a file that `dedupe --config` reads; a report says if it helps."""

import csv
import json
import os
import random
import re
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from dedupe.bit import BIT
from goldbridge import cli
from goldbridge.cli import dedupe_lesson, dedupe_verdict
from goldbridge.schema import build
from goldbridge.settings.yaml import read as read_yaml
from tests.cli.test_dedupe import rows, run
from tests.cli.test_dedupe_label import kept, write
from tests.dedupe.table.people import families, people

HARD = families(150, 0.25)
EASY = people(80, 30)


def labelled(folder, made, count, name="t"):
    """A table with its labels, given by somebody who knows."""
    cells, truth = made
    file = write(folder / f"{name}.csv", cells, [("true", [str(who) for who in truth])])
    told = dedupe_lesson.Told([file], (), (), None, None, False, None, None, None, "true")
    lesson = dedupe_lesson.begin(told, None)
    lines = []
    for number in range(count):
        asked = lesson.course.next()
        verdict = "same" if truth[asked.left] == truth[asked.right] else "different"
        lines.append(
            dedupe_verdict.Entry(
                lesson.given.names[asked.left], lesson.given.names[asked.right], verdict,
                f"2026-11-28T10:{number // 60:02}:{number % 60:02}.000000Z", "wang", "1.0000", asked.why, "row",
                lesson.rows.content[asked.left], lesson.rows.content[asked.right],
            )
        )  # fmt: skip
        dedupe_verdict.append(lesson.file, lines[-1])
        lesson.labels()
    return file


@pytest.fixture(scope="module")
def hard(tmp_path_factory):
    return labelled(tmp_path_factory.mktemp("hard"), HARD, 90)


@pytest.fixture(scope="module")
def easy(tmp_path_factory):
    return labelled(tmp_path_factory.mktemp("easy"), EASY, 40)


def train(file, *options):
    return cli.main(["dedupe", "train", str(file), "--truth", "true", *map(str, options)])


def told(capsys, file, *options, status=0):
    assert train(file, "--json", *options) == status
    return json.loads(capsys.readouterr().out)


def test_labels_help_where_the_defaults_are_wrong(hard, tmp_path, capsys):
    saved = tmp_path / "trained.yaml"
    report = told(capsys, hard, "--save-config", saved)
    assert (report["choice"], report["proven"]) == ("weights", True)
    assert report["metrics"]["before"]["f1"] < 0.3
    assert report["metrics"]["after"]["f1"] > 0.9
    ways = {each["way"]: each for each in report["trials"]}
    assert ways["weights"]["wrong"] < ways["kept"]["wrong"]
    assert report["duplicates"]["after"]["guess"] < report["duplicates"]["before"]["guess"]
    # The file is what the next run is told, to the last digit; its parts add up.
    assert list(Draft202012Validator(build("dedupe")).iter_errors(read_yaml(saved).data)) == []
    out = tmp_path / "out.csv"
    assert run(hard, "--config", saved, "--truth", "true", "--out", out, "--json", "--edges", tmp_path / "e.csv") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["metrics"]["f1"] == report["metrics"]["after"]["f1"]
    assert again["bands_bits"]["auto"] == pytest.approx(report["bands_bits"]["auto"], abs=0.006)
    for column, levels in report["weights_bits"].items():
        assert again["weights"][column] == {level: pytest.approx(new, abs=0.006) for level, (_, new) in levels.items()}
    for edge in rows(tmp_path / "e.csv"):
        parts = [float(part.rsplit(" ", 1)[1]) for part in edge["reasons"].split(" | ")]
        assert sum(round(part * BIT) for part in parts) == round(float(edge["weight"]) * BIT)


def test_they_honestly_do_not_help_where_the_defaults_are_right(easy, tmp_path, capsys):
    saved = tmp_path / "t.yaml"
    report = told(capsys, easy, "--save-config", saved)
    assert (report["choice"], report["proven"]) == ("kept", False)
    assert report["reason"] == "on labels held out nothing did better"
    assert report["metrics"]["before"]["f1"] == report["metrics"]["after"]["f1"] == 1.0
    assert report["weights_bits"] == {}
    assert report["bands_bits"] == report["bands_before_bits"]
    data = read_yaml(saved).data
    assert "weights" not in data
    assert "guess" not in data["bands"]
    assert train(easy, "--save-config", saved, "--force") == 0
    out = capsys.readouterr().out
    assert "labels do not help for certain: the weights and the threshold stay as they were without labels" in out


def test_the_order_of_labels_rows_and_the_hash_seed_do_not_matter(hard, tmp_path, capsys):
    lines = kept(hard.with_name("t.labels.csv"))
    results = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        draw = random.Random(seed)
        head, *body = hard.read_text(encoding="utf-8").splitlines()
        draw.shuffle(body)
        (folder / "t.csv").write_text("\n".join([head, *body]) + "\n", encoding="utf-8")
        draw.shuffle(lines)
        with (folder / "t.labels.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, dedupe_verdict.HEADER)
            writer.writeheader()
            writer.writerows(lines)
        command = [sys.executable, "-c", "import sys; from goldbridge.cli import main; sys.exit(main())"]
        asked = [*command, "dedupe", "train", "t.csv", "--truth", "true", "--json"]
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        done = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, check=True)
        report = json.loads(done.stdout)
        for each in ("config", "wrong_in_auto", "metrics"):  # what names rows by their number
            report.pop(each)
        report["labels"].pop("file")
        results.append((report, read_yaml(folder / "t.trained.yaml").data))
    assert results[0] == results[1]


def test_an_undo_leaves_no_trace_in_what_is_learned(hard, tmp_path, capsys):
    before = told(capsys, hard, "--save-config", tmp_path / "a.yaml")
    file = tmp_path / "more.csv"
    file.write_bytes(hard.with_name("t.labels.csv").read_bytes())
    last = dedupe_verdict.read(file)[-1]
    wrong = last._replace(left=last.right, right=last.left, left_content=last.right_content,
                          right_content=last.left_content, verdict="unsure", at="later")  # fmt: skip
    dedupe_verdict.append(file, wrong)
    dedupe_verdict.append(file, wrong._replace(verdict="undo", at="still later", undoes="later"))
    after = told(capsys, hard, "--labels", file, "--save-config", tmp_path / "b.yaml")
    assert (before["weights_bits"], before["trials"]) == (after["weights_bits"], after["trials"])


def test_a_contradiction_is_named_and_ends_with_1(easy, tmp_path, capsys):
    file = tmp_path / "l.csv"
    file.write_bytes(easy.with_name("t.labels.csv").read_bytes())
    first = dedupe_verdict.read(file)[0]
    other = "same" if first.verdict == "different" else "different"
    dedupe_verdict.append(file, first._replace(verdict=other, at="later"))
    report = told(capsys, easy, "--labels", file, "--save-config", tmp_path / "t.yaml", status=1)
    (said,) = report["contradictions"]
    assert "(line 2)" in said
    assert "(line 42)" in said
    assert report["labels"]["same"] + report["labels"]["different"] == 39


def test_costs_move_the_bands(easy, tmp_path, capsys):
    report = told(capsys, easy, "--wrong-merge", 1025, "--missed", 17, "--save-config", tmp_path / "t.yaml")
    bands = report["bands_bits"]
    assert bands["auto"] - bands["guess"] == pytest.approx(10 / report["believed"]["above"], abs=0.001)
    assert bands["guess"] - bands["review"] == pytest.approx(4 / report["believed"]["below"], abs=0.001)
    assert train(easy, "--wrong-merge", 1) == 2
    assert "greater than or equal to 2" in capsys.readouterr().err


def test_learning_again_does_not_count_labels_twice(hard, tmp_path, capsys):
    saved = tmp_path / "trained.yaml"
    first = told(capsys, hard, "--save-config", saved)
    again = told(capsys, hard, "--config", saved, "--save-config", tmp_path / "again.yaml")
    assert again["weights_bits"] == first["weights_bits"]
    assert again["bands_before_bits"] == first["bands_before_bits"]
    # What was learned is carried on by an ordinary run that saves what it was told.
    kept_on = tmp_path / "kept.yaml"
    assert run(hard, "--config", saved, "--save-config", kept_on, "--truth", "true", "--out", tmp_path / "o.csv") == 0
    assert read_yaml(kept_on).data["weights"] == read_yaml(saved).data["weights"]
    assert read_yaml(kept_on).data["bands"] == read_yaml(saved).data["bands"]


def test_what_is_missing_is_told(easy, tmp_path, capsys):
    bare = tmp_path / "bare.csv"
    bare.write_bytes(easy.read_bytes())
    assert train(bare) == 2
    assert "bare.labels.csv: DED047 no labels to learn from; make some with: goldbridge dedupe label" in (
        capsys.readouterr().err
    )
    there = tmp_path / "there.yaml"
    there.write_text("id: a\n", encoding="utf-8")
    assert train(easy, "--save-config", there) == 2
    assert "DED034 exists already" in capsys.readouterr().err
    assert cli.main(["dedupe", "train"]) == 2
    assert "name the table that was labelled" in capsys.readouterr().err
    assert cli.main(["dedupe", "train", str(easy), "--from-decisions", "party"]) == 2
    assert "decisions are about a project's records" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("weights: {nmae: {equal: 1 bits}}\n", [":1:11: DED041 t.csv has no column 'nmae'; did you mean 'name'?"]),
        ("weights: {town: {}}\n", [":1:17: DED045 weights: 'town' needs its levels"]),
        ("weights: [town]\n", [":1:10: DED045 weights: expected columns"]),
        ("weights: {town: {equal: 3}}\n", [":1:25: DED045 weights: equal: expected bits"]),
        ("weights:\n  phone: {equal: 9 bits, equl: 1 bits}\n", [
            ":2:3: DED045 weights: 'phone' lacks one slip, close, alike, different",
            ":2:26: DED045 weights: 'phone' is compared as code, which has no level 'equl'; did you mean 'equal'?",
        ]),
        ("weights:\n  phone: {equal: 9 bits, one slip: 9.5 bits, close: 1 bits, alike: 0 bits, different: -2 bits}\n", [
            ":2:36: DED045 weights: 'phone': one slip weighs more than equal, which is closer",
        ]),
        ("bands: {auto: 9 bits, guess: 12 bits}\n", [":1:30: DED042 guess lies between review and auto"]),
    ],
)  # fmt: skip
def test_a_mistake_in_what_was_learned_has_its_place(easy, tmp_path, capsys, text, messages):
    file = tmp_path / "t.yaml"
    file.write_text(text, encoding="utf-8")
    assert run(easy, "--truth", "true", "--config", file, "--out", tmp_path / "o.csv") == 2
    err = capsys.readouterr().err
    for message in messages:
        assert f"{file}{message}" in err
    assert len(err.splitlines()) == len(messages)


def test_weights_of_a_table_that_rules_weigh_are_refused(tmp_path, capsys):
    from tests.cli.test_dedupe import COMPANIES

    file, config = tmp_path / "c.csv", tmp_path / "c.yaml"
    file.write_text(COMPANIES, encoding="utf-8")
    config.write_text("weights: {电话: {equal: 9 bits}}\n", encoding="utf-8")
    assert run(file, "--config", config) == 2
    assert f"{config}:1:11: DED045 weights: '电话' has none in c.csv: its rows are organisations" in (
        capsys.readouterr().err
    )


def test_the_file_says_what_it_is_worth(hard, tmp_path, capsys):
    saved = tmp_path / "t.yaml"
    assert train(hard, "--save-config", saved) == 0
    out = capsys.readouterr().out
    text = saved.read_text(encoding="utf-8")
    assert "labels help: the weights and the threshold move" in out
    assert "# labels help: the weights and the threshold move" in text
    assert re.search(r"drawn blindly are right, so at least \d", out)
    assert "drawn blindly are right" in text
