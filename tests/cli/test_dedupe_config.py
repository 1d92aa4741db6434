"""`--save-config` and `--config`: what was guessed is written, can be edited, and every mistake has its place."""

import json

import pytest
from jsonschema import Draft202012Validator

from goldbridge.schema import build
from goldbridge.settings.yaml import read as read_yaml
from tests.cli.test_dedupe import COMPANIES, PEOPLE, refused, rows, run


@pytest.fixture
def people(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8", newline="")
    return file


def config(people, text):
    file = people.with_name("people.dedupe.yaml")
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("content", [PEOPLE, COMPANIES], ids=["trained", "rules"])
def test_what_was_guessed_comes_back_the_same(tmp_path, content, capsys):
    file, saved = tmp_path / "in.csv", tmp_path / "in.dedupe.yaml"
    file.write_text(content, encoding="utf-8")
    options = ["--truth", "true"] if content is PEOPLE else []
    assert run(file, "--save-config", saved, *options, "--out", tmp_path / "a.csv", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert list(Draft202012Validator(build("dedupe")).iter_errors(read_yaml(saved).data)) == []
    assert run(file, "--config", saved, "--out", tmp_path / "b.csv", "--json") == 0
    second = json.loads(capsys.readouterr().out)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert first["bands_bits"] == second["bands_bits"]
    assert [each["kind"] for each in first["columns"]] == [each["kind"] for each in second["columns"]]
    assert "DED034 exists already" in refused(capsys, file, "--save-config", saved, "--out", tmp_path / "c.csv")


def test_what_is_said_counts(people, capsys):
    file = config(
        people, "columns: {phone: code}\ncompare: [surname, born, phone]\nbands: {auto: 25 bits, review: 12 bits}\n"
    )
    assert run(people, "--config", file, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    columns = {each["column"]: each for each in told["columns"]}
    assert (columns["phone"]["kind"], columns["phone"]["sure"]) == ("code", 1.0)
    assert (columns["town"]["compared"], columns["town"]["reason"]) == (False, "not in `compare`")
    assert told["bands_bits"] == {"auto": 25.0, "review": 12.0}
    assert run(people, "--config", file, "--columns", "name=phone", "--force", "--json") == 0
    assert {each["column"]: each["kind"] for each in json.loads(capsys.readouterr().out)["columns"]}["phone"] == "name"


def test_a_band_decides_what_joins_unasked(people):
    file = config(people, "bands: {auto: 60 bits}\n")
    assert run(people, "--config", file, "--truth", "true") == 0
    found = rows(people.with_name("people.clusters.csv"))
    assert found[0]["cluster_id"] == found[1]["cluster_id"]
    assert len({row["auto_cluster_id"] for row in found}) == 60


def test_the_keys_can_be_said(people, capsys):
    file = config(people, "block: [born, phone & surname]\n")
    assert run(people, "--config", file, "--truth", "true", "--explain", "1", "2", "--json") == 0
    assert [each["key"] for each in json.loads(capsys.readouterr().out)["keys"]] == ["born", "surname & phone"]
    file = config(people, "block: [town]\n")
    assert run(people, "--config", file, "--truth", "true", "--explain", "1", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["compared"], told["together"]) == (False, "no")
    assert "no key brought them together" in told["why"]
    file = config(people, "block: [fone]\n")
    assert "people.csv:1:1: DED039 there is no blocking key 'fone'" in refused(capsys, people, "--config", file)


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("column: {a: name}\n", [":1:1: DED040 unknown key 'column'; did you mean 'columns'?"]),
        ("- a\n", [":1:1: DED040 expected keys"]),
        ("columns: [a]\nblock: born\nmany: 3\nid: [x]\n", [
            ":1:10: DED040 columns: expected names, as", ":2:8: DED040 block: expected a list of names",
            ":3:7: DED040 many: expected true or false", ":4:5: DED040 id: expected a name",
        ]),
        ("columns:\n  fone: phone\n", [":2:3: DED041 people.csv has no column 'fone'; did you mean 'phone'?"]),
        ("compare: [born, tonw]\n", [":1:17: DED041 people.csv has no column 'tonw'; did you mean 'town'?"]),
        ("columns:\n  phone: fone\n  born: {}\n", [
            ":2:10: DED041 no kind 'fone'; did you mean 'phone'?; kinds: organisation,", ":3:9: DED040 columns: 'born'",
        ]),
        ("bands: {auto: 24, rewiev: 8 bits}\n", [
            ":1:15: DED042 auto: expected bits, as `24 bits`", ":1:19: DED042 no band 'rewiev'; did you mean 'review'?",
        ]),
        ("bands: {auto: 8 bits, review: 9 bits}\n", [":1:31: DED042 review lies above auto"]),
        ("bands: 3\n", [":1:8: DED042 bands: expected"]),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place(people, capsys, text, messages):
    file = config(people, text)
    err = refused(capsys, people, "--config", file)
    for message in messages:
        assert f"{file}{message}" in err
    assert len(err.splitlines()) == len(messages)
    data = read_yaml(file).data
    if "DED041 people" not in err and "above auto" not in err:
        assert list(Draft202012Validator(build("dedupe")).iter_errors(data)) != []


def test_names_that_yaml_would_misread_come_back(tmp_path, capsys):
    lines = PEOPLE.splitlines()
    lines[0] = 'id,"no: #1",yes,"a ""b""",1.5,"x\x7f",true,-'
    file, saved = tmp_path / "p.csv", tmp_path / "p.dedupe.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert run(file, "--save-config", saved, "--truth", "true", "--out", tmp_path / "a.csv") == 0
    assert list(read_yaml(saved).data["columns"]) == ["id", "no: #1", "yes", 'a "b"', "1.5", "x\x7f", "-"]
    assert run(file, "--config", saved, "--out", tmp_path / "b.csv") == 0
