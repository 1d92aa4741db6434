"""The front door: exit statuses, errors on stderr, global options anywhere, and a quick start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import typer

from goldbridge import cli, log
from goldbridge.errors import AlreadyRunning, Halt, Mark, Misconfigured, Problem, Reject, Retry

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("prefect", "cel", "phonenumbers", "opencc", "polars", "sqlalchemy", "httpx", "structlog", "yaml", "pydantic")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A command of the test's own: `try` raises or returns what the list holds; else it says what the options are."""
    says: list[object] = []

    def register(app: typer.Typer) -> None:
        @app.command("try")
        def attempt(ctx: typer.Context, name: str = "") -> object:
            """Try something."""
            if not says:
                state = cli.session(ctx)
                typer.echo(f"{state.directory} {state.env} {state.verbose} {state.log_json} {name}")
                return None
            if isinstance(says[0], BaseException):
                raise says[0]
            return says[0]

    module = types.ModuleType("goldbridge.cli.trial")
    module.register = register  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "goldbridge.cli.trial", module)
    monkeypatch.setattr(cli, "GROUPS", (*cli.GROUPS, cli.Group("trial", ("try",))))
    monkeypatch.setattr(cli, "_load", cli._load.__wrapped__)
    for name in ("GOLDBRIDGE_ENV", "GOLDBRIDGE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    return says


@pytest.mark.parametrize(
    ("outcome", "status", "said"),
    [
        (None, 0, "None None False False \n"),
        (0, 0, ""),
        (1, 1, ""),
        (typer.Exit(3), 3, ""),
        (typer.Abort(), 1, "stopped; nothing was done\n"),
        (Halt("STA002", "state belongs to another machine"), 1, "STA002 state belongs to another machine\n"),
        (Retry("CON001", "crm: unreachable"), 1, "CON001 crm: unreachable\n"),
        (Reject("MOD020", "name: no"), 1, "MOD020 name: no\n"),
        (AlreadyRunning("STA003", "another run holds it"), 75, "STA003 another run holds it\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (ValueError("x\ny"), 70, "unexpected ValueError: x; run again with --verbose to see where\n"),
    ],
)
def test_each_outcome_has_its_status_and_its_words(
    command: list[object], capsys: pytest.CaptureFixture[str], outcome: object, status: int, said: str
) -> None:
    command[:] = [] if outcome is None else [outcome]
    assert cli.main(["try"]) == status
    out, err = capsys.readouterr()
    assert (err or out) == said


def test_every_problem_stands_on_a_line_of_its_own(command: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    command[:] = [
        Misconfigured([Problem(Mark("b.yaml", 2, 1), "CFG010", "second"), Problem(Mark("a.yaml"), "CFG003", "first")])
    ]
    assert cli.main(["try"]) == 2
    assert capsys.readouterr() == ("", "a.yaml: CFG003 first\nb.yaml:2:1: CFG010 second\n")
    assert cli.main(["try", "--log-json"]) == 2
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines[1] == {"file": "b.yaml", "line": 2, "column": 1, "code": "CFG010", "message": "second"}


def test_a_path_in_a_message_can_be_opened_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "p/config").mkdir(parents=True)
    (tmp_path / "p/config/model.yaml").touch()
    problem = Problem(Mark("config/model.yaml", 3, 4), "MOD003", "no")
    state = cli.Session(found=tmp_path / "p")
    monkeypatch.chdir(tmp_path)
    assert state.place(problem) == "p/config/model.yaml:3:4: MOD003 no"
    monkeypatch.chdir(tmp_path / "p/config")
    assert state.place(problem) == "model.yaml:3:4: MOD003 no"
    assert state.place(Problem(Mark("elsewhere"), "X", "y")) == "elsewhere: X y"


def test_a_defect_shows_its_origin_on_request_and_never_a_secret(
    command: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    log.remember_secret("hunter2hunter2")
    command[:] = [RuntimeError("cannot open postgresql://u:hunter2hunter2@h/db with hunter2hunter2")]
    assert cli.main(["try"]) == 70
    assert "hunter2" not in capsys.readouterr().err
    assert cli.main(["try", "--verbose"]) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "RuntimeError" in err
    assert "hunter2" not in err
    assert cli.main(["--log-json", "try"]) == 70
    assert json.loads(capsys.readouterr().err)["message"].startswith("unexpected RuntimeError: cannot open")


@pytest.mark.parametrize(
    "line",
    [
        ["--project", "d", "--env", "e", "--verbose", "--log-json", "try", "--name", "n"],
        ["try", "--name", "n", "--project", "d", "--env", "e", "--verbose", "--log-json"],
        ["try", "--env=e", "--name", "n", "--log-json", "--project=d", "--verbose"],
    ],
)
def test_global_options_may_stand_anywhere(
    command: list[object], capsys: pytest.CaptureFixture[str], line: list[str]
) -> None:
    assert cli.main(line) == 0
    assert capsys.readouterr().out == "d e True True n\n"


def test_after_two_dashes_nothing_is_an_option() -> None:
    assert cli._hoist(["a", "--env", "e", "--", "--env", "f"]) == ["--env=e", "a", "--", "--env", "f"]


@pytest.mark.usefixtures("command")
def test_the_environment_may_name_project_and_overlay(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDBRIDGE_ENV", "prod")
    monkeypatch.setenv("GOLDBRIDGE_PROJECT", "/srv/p")
    assert cli.main(["try"]) == 0
    assert capsys.readouterr().out.startswith("/srv/p prod ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["chek"], "there is no command 'chek'; did you mean 'check'?"),
        (["zzz"], "there is no command 'zzz'\n"),
        (["check", "--jsn"], "--jsn"),
        (["check", "--env"], "'--env' requires an argument"),
    ],
)
def test_usage_errors_say_what_was_meant(capsys: pytest.CaptureFixture[str], line: list[str], said: str) -> None:
    assert cli.main(line) == 2
    assert said in capsys.readouterr().err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    for group in cli.GROUPS:
        for name in group.commands:
            assert f"\n  {name} " in out
    assert cli.main([]) == 2
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize("group", cli.GROUPS, ids=lambda group: group.module)
def test_a_group_brings_the_commands_it_is_listed_with(group: cli.Group) -> None:
    assert sorted(cli._load(group)) == sorted(group.commands)


def test_no_command_is_listed_twice() -> None:
    names = [name for group in cli.GROUPS for name in group.commands]
    assert len(names) == len(set(names))


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from goldbridge.cli import main; sys.exit(main())"
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=env, check=False
    )


def test_the_version_needs_nothing_heavy() -> None:
    code = (
        "import sys; from goldbridge.cli import main; assert main(['--version']) == 0; "
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]; sys.exit(', '.join(heavy) or 0)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("goldbridge ")


def test_a_terminal_that_cannot_show_a_name_does_not_end_the_run() -> None:
    done = run("check", "--project", "/没有", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 2
    assert "CFG014" in done.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    code = "import sys; from goldbridge.cli import main; sys.exit(main(['explain']))"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate()
    assert (process.returncode, err) == (141, "")
