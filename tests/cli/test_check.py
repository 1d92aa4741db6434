"""`goldbridge check` says everything that is wrong, once, in file order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldbridge import cli
from goldbridge.cli import checklist
from goldbridge.cli.checklist import CHECKS, Check, ask
from goldbridge.errors import Mark, Problem, Problems
from goldbridge.settings.project import examine

FILES = {
    "config/sources.yaml": "sources:\n  crm:\n    connector: sql\n    url: {secret: CRM_URL}\n"
    "    streams: {account: {table: T, key: ID, cursor: AT}}\n",
    "config/model.yaml": "entities:\n  party: {mastered: true, fields: {name: {type: text}}}\n"
    "  note: {fields: {text: {type: text}}}\n",
    "flows.yaml": "flows:\n  crm_parties: {ingest: crm.account, every: 5 min}\n",
    "mappings/crm/account.yaml": "mapping: crm.account\ntarget: party\nkey: ID\nfields: {name: {from: NAME}}\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in order, and the current folder."""
    for path, text in FILES.items():
        write(tmp_path, path, text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_URL", "sqlite:///crm.sqlite")
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    status = cli.main(["check", *arguments])
    return status, capsys.readouterr().err.splitlines()


@pytest.mark.usefixtures("root")
def test_a_project_in_order_takes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check"]) == 0
    assert capsys.readouterr() == ("ok: 1 system, 2 entities, 1 mapping, 0 tables, 1 flow\n", "")


def test_the_environment_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "config/env/prod.yaml", "settings: {zone: UTC}\n")
    assert cli.main(["check", "--env", "prod"]) == 0
    assert capsys.readouterr().out.endswith("1 flow (environment prod)\n")


def test_problems_of_all_checks_come_in_file_order(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "config/sources.yaml", FILES["config/sources.yaml"] + "    tabel: x\n")
    write(root, "config/survivorship.yaml", "party:\n  nam: {order: [recency]}\n")
    write(root, "config/matching.yaml", "note: {}\nprty: {}\n")
    write(root, "mappings/crm/account.yaml", FILES["mappings/crm/account.yaml"].replace("name:", "nmae:"))
    write(root, "flows.yaml", "flows:\n  a: {ingest: crm.acount}\n")
    status, lines = check(capsys)
    assert status == 2
    assert [line.split(":")[0] for line in lines] == sorted(line.split(":")[0] for line in lines)
    text = "\n".join(lines)
    assert "config/matching.yaml:1:1: CFG018 'note' is not mastered; set `mastered: true` in config/model.yaml" in text
    assert "config/matching.yaml:2:1: CFG018 the model has no entity 'prty'; did you mean 'party'?" in text
    assert "config/sources.yaml:6:5: CFG010 unknown key 'tabel'" in text
    assert "config/survivorship.yaml:2:3: MDM002" in text
    assert "flows.yaml:2:" in text
    assert "mappings/crm/account.yaml:4:10: MAP" in text


def test_a_missing_secret_is_a_problem_unless_nobody_asks(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CRM_URL")
    status, lines = check(capsys)
    assert (status, lines) == (
        2,
        [
            (
                "config/sources.yaml:4:10: CFG007 secret CRM_URL is not set; export it or add it to the secrets file "
                "config/secrets.env"
            )
        ],
    )
    assert check(capsys, "--no-secrets") == (0, [])
    # What does not hang on the secret is judged all the same.
    write(root, "config/sources.yaml", FILES["config/sources.yaml"] + "    tabel: x\n")
    assert [line.split(" ")[1] for line in check(capsys)[1]] == ["CFG007", "CFG010"]
    assert [line.split(" ")[1] for line in check(capsys, "--no-secrets")[1]] == ["CFG010"]


def test_a_broken_file_is_not_blamed_on_those_that_need_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "config/model.yaml", "entities: [\n")
    status, lines = check(capsys)
    assert status == 2
    assert lines == [
        "config/model.yaml:1:11: CFG001 the '[' opened here is not closed by ']'",
        "not checked until these are solved: mappings, matching, survivorship, quality, qualification, flows, cutover",
    ]


def test_one_part_can_be_checked(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root, "config/survivorship.yaml", "party:\n  nam: {order: [recency]}\n")
    assert check(capsys, "flows", "sources") == (0, [])
    assert check(capsys, "survivorship")[0] == 2
    status, lines = check(capsys, "flow")
    assert status == 2
    assert "there is no part 'flow'; did you mean 'flows'?" in lines[-1]


def test_json_for_programs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    write(root, "config/model.yaml", "entities:\n  party: {fields: {name: {type: txt}}}\n")
    assert cli.main(["check", "--json"]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)[0] == {
        "file": "config/model.yaml",
        "line": 2,
        "column": 33,
        "code": "MOD003",
        "message": "unknown type 'txt'; did you mean 'text'?",
    }


def test_from_elsewhere_the_paths_still_lead_to_the_files(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "config/model.yaml", "entities: 1\n")
    monkeypatch.chdir(root.parent)
    _, lines = check(capsys, "--project", root.name, "secrets")
    assert lines[0].startswith(f"{root.name}/config/model.yaml:1:11: MOD001")


def test_a_check_waits_only_for_what_it_needs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def question(name: str, *needs: str) -> Check:
        return Check(name, lambda _: asked.append(name) or [Problem(Mark("z.yaml", 1, 1), "CFG010", name)], needs)

    monkeypatch.setattr(
        checklist, "CHECKS", (question("b", "mappings/"), question("a", "flows.yaml"), question("c", "config/x.yaml"))
    )
    project, _ = examine(root)
    found = Problems([Problem(Mark("mappings/crm/account.yaml", 1, 1), "CFG001", "broken")])
    problems, waiting = ask(project, found)
    assert (asked, waiting) == (["a", "c"], ["b"])
    assert [problem.message for problem in problems] == ["broken", "a", "c"]
    asked.clear()
    assert ask(project, Problems(), ["c"])[1] == []
    assert asked == ["c"]
    asked.clear()
    assert ask(project, Problems([Problem(Mark("config/env/p.yaml"), "CFG013", "x")]))[1] == ["b", "a", "c"]
    assert asked == []


def test_every_check_has_its_own_name() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.ask.__doc__ for check in CHECKS)
