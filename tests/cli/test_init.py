"""`goldbridge init` writes a project that `goldbridge check` finds in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge import cli
from goldbridge.cli import project
from goldbridge.settings.project import examine


def test_a_new_project_can_be_checked_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "crm"]) == 0
    out = capsys.readouterr().out
    assert f"to {tmp_path / 'crm'}." in out
    assert "  cd crm\n" in out
    assert "goldbridge check" in out
    _, problems = examine(tmp_path / "crm", environ={})
    assert list(problems) == []
    assert (tmp_path / "crm/.gitignore").read_text() == ".goldbridge/\nconfig/secrets.env\n"
    for path in project.template_files(project.template_root()):
        assert (tmp_path / "crm" / path).read_bytes() == (project.template_root() / path).read_bytes()


def test_here_is_a_folder_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".gitignore").write_text("mine\n")
    assert cli.main(["init"]) == 0
    assert (tmp_path / "config/model.yaml").is_file()
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert "cd " not in capsys.readouterr().out


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "flows.yaml").write_text("mine")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/model.yaml").symlink_to(tmp_path / "nowhere")
    assert cli.main(["init", str(tmp_path)]) == 2
    said = "CFG020 the file exists and is not overwritten; choose another folder, or move it away"
    assert capsys.readouterr().err == f"{tmp_path}/config/model.yaml: {said}\n{tmp_path}/flows.yaml: {said}\n"
    assert (tmp_path / "flows.yaml").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["config", "flows.yaml", "model.yaml"]


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["init", str(tmp_path / "file")]) == 2
    assert "CFG003 cannot be written: not a directory" in capsys.readouterr().err


def test_secrets_and_hidden_files_stay_behind(tmp_path: Path) -> None:
    for path in ("config/secrets.env", "config/.x.yaml", "config/env/prod.yaml", "mappings/crm/a.yaml", "flows.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert list(project.template_files(tmp_path)) == ["config/env/prod.yaml", "mappings/crm/a.yaml", "flows.yaml"]


def test_an_installed_package_brings_its_own_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "__file__", str(tmp_path / "goldbridge/cli/project.py"))
    assert project.template_root() == tmp_path
    (tmp_path / "goldbridge/_template").mkdir(parents=True)
    assert project.template_root() == tmp_path / "goldbridge/_template"
