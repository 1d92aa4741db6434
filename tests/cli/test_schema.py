"""`goldbridge schema` writes schemas that work offline, and says which file each is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from goldbridge import cli
from goldbridge.schema import kinds
from goldbridge.settings.yaml import read


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GOLDBRIDGE_ENV", "GOLDBRIDGE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["init", "crm"]) == 0
    monkeypatch.chdir(tmp_path / "crm")
    capsys.readouterr()
    return tmp_path / "crm"


def test_every_file_of_a_new_project_is_judged_by_what_the_settings_name(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["schema"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith(f"Wrote {len(kinds())} schemas to {project}/.goldbridge/schemas; ")
    judged = set()
    for schema, patterns in json.loads(said.out)["yaml.schemas"].items():
        assert schema.startswith("./.goldbridge/schemas/")
        validator = Draft202012Validator(json.loads((project / schema).read_text(encoding="utf-8")))
        for pattern in patterns:
            for path in project.glob(pattern):
                assert list(validator.iter_errors(read(path).data)) == []
                judged.add(path)
    assert judged == set(project.rglob("*.yaml"))
    assert (project / ".goldbridge").stat().st_mode & 0o077 == 0


def test_they_need_no_network(project: Path) -> None:
    assert cli.main(["schema"]) == 0
    for path in (project / ".goldbridge/schemas").iterdir():
        content = json.loads(path.read_text(encoding="utf-8"))
        assert content["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert '"$ref": "http' not in path.read_text(encoding="utf-8")


def test_one_alone_into_a_folder_and_without_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GOLDBRIDGE_PROJECT", raising=False)
    assert cli.main(["schema", "flows", "--out", "made"]) == 0
    assert json.loads(capsys.readouterr().out) == {"yaml.schemas": {"./made/flows.json": ["flows.yaml"]}}
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["flows.json"]


def test_a_broken_project_gets_them_all_the_same(project: Path) -> None:
    (project / "flows.yaml").write_text("flows: {")
    assert cli.main(["schema"]) == 0


def test_a_name_that_is_none(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "source"]) == 2
    assert "there is no schema 'source'; did you mean 'sources'?" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "file").touch()
    assert cli.main(["schema", "--out", "file/x"]) == 2
    assert "CFG003 cannot be written: not a directory" in capsys.readouterr().err
