"""`goldbridge explain` finds the page behind a code, however it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldbridge import cli
from goldbridge.cli import explain


@pytest.mark.parametrize(
    "asked",
    [
        ["CFG007"],
        ["cfg007"],
        ["cfg7"],
        ["CFG-007"],
        ["config/sources.yaml:4:13: CFG007 secret CRM_URL is not set; export it"],
        ["config/sources.yaml:4:13:", "CFG007", "secret", "CRM_URL"],
    ],
)
def test_a_page_is_found(capsys: pytest.CaptureFixture[str], asked: list[str]) -> None:
    assert cli.main(["explain", *asked]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# CFG007 A secret is not set\n")
    assert "## What to do" in out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("CFG070", "explain: CFG019 there is no code 'CFG070'; did you mean CFG0"),
        (
            "CFB007",
            "explain: CFG019 there is no code 'CFB007'; did you mean CFG007? `goldbridge explain` lists them all",
        ),
        ("nonsense", "explain: CFG019 there is no code 'NONSENSE'; `goldbridge explain` lists them all"),
    ],
)
def test_an_unknown_code_is_not_a_dead_end(capsys: pytest.CaptureFixture[str], asked: str, said: str) -> None:
    assert cli.main(["explain", asked]) == 2
    assert capsys.readouterr().err.startswith(said)


def test_all_codes_with_their_titles(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == sorted(lines)
    assert "CFG007  A secret is not set" in lines
    assert len(lines) == len(list(explain.folder().glob("*.md")))


def test_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "--json", "CFG007"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert (page["code"], page["title"]) == ("CFG007", "A secret is not set")
    assert page["text"].startswith("# CFG007 ")
    assert cli.main(["explain", "--json"]) == 0
    assert {"code": "CFG007", "title": "A secret is not set"} in json.loads(capsys.readouterr().out)


def test_an_installed_package_brings_its_own_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "__file__", str(tmp_path / "goldbridge/cli/explain.py"))
    assert explain.folder() == tmp_path / "docs/errors"
    (tmp_path / "goldbridge/_docs/errors").mkdir(parents=True)
    assert explain.folder() == tmp_path / "goldbridge/_docs/errors"


def test_every_page_begins_with_one_thing_to_do() -> None:
    from goldbridge.cli.explain import pages, remedy

    found = {code: remedy(code) for code in pages()}
    assert [code for code, text in found.items() if len(text) < 8 or "\n" in text or text.startswith("-")] == []
    assert found["CON072"] == "Correct the secret behind `url`."
    assert found["CON044"].endswith("in `config/sources.yaml`.")  # two lines of one paragraph
    assert remedy("XXX999") == ""
