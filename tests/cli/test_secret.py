"""`goldbridge secrets` keeps, lists and removes; nobody ever sees a value."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from goldbridge import cli
from tests.architecture.tree import ROOT
from tests.settings.test_os_keyring import NAMED, FileKeyring, Locked

VALUE = "hunter22-long"


class Pipe(io.TextIOWrapper):
    """What is piped in."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with three references, and a keyring in a file."""
    root = tmp_path / "crm"
    (root / "config").mkdir(parents=True)
    for path in ("config/model.yaml", "flows.yaml"):
        (root / path).write_bytes((ROOT / path).read_bytes())
    (root / "config/sources.yaml").write_text(
        "sources:\n"
        "  a: {connector: sql, url: {secret: A_URL}, streams: {x: {table: T, key: ID}}}\n"
        "  b: {connector: sql, url: {secret: B_URL}, streams: {x: {table: T, key: ID}}}\n"
        "  c: {connector: sql, url: {secret: A_URL}, streams: {x: {table: T, key: ID}}}\n"
    )
    (root / "config/secrets.env").write_text(f"B_URL={VALUE}\nUNUSED=x\n")
    (root / "config/secrets.env").chmod(0o600)
    monkeypatch.chdir(root)
    for name, value in NAMED.items():
        monkeypatch.setenv(name, value)
    for name in ("A_URL", "B_URL", "GOLDBRIDGE_ENV", "GOLDBRIDGE_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    before = keyring.get_keyring()
    FileKeyring.path = tmp_path / "keyring.json"
    keyring.set_keyring(FileKeyring())
    yield root
    keyring.set_keyring(before)


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", Pipe(content))


def test_a_secret_from_a_pipe_is_kept_found_and_removed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(monkeypatch, f"{VALUE}\n".encode())
    assert cli.main(["secrets", "set", "A_URL"]) == 0
    assert capsys.readouterr().out == "A_URL is kept in the keyring under 'goldbridge'\n"
    assert json.loads(FileKeyring.path.read_text()) == {"goldbridge A_URL": VALUE}
    assert cli.main(["secrets", "list", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["A_URL"]["found"] == "keyring 'goldbridge'"
    assert cli.main(["secrets", "rm", "A_URL"]) == 0
    assert capsys.readouterr().out == "A_URL is no longer in the keyring under 'goldbridge'\n"
    assert cli.main(["secrets", "rm", "A_URL"]) == 2
    assert "CFG024 the keyring has no A_URL" in capsys.readouterr().err


def test_a_key_of_many_lines_stays_whole(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"-----BEGIN KEY-----\nabc\n-----END KEY-----\n")
    assert cli.main(["secrets", "set", "A_URL"]) == 0
    kept = json.loads(FileKeyring.path.read_text())["goldbridge A_URL"]
    assert kept == "-----BEGIN KEY-----\nabc\n-----END KEY-----"


def test_on_a_terminal_it_is_asked_for_without_an_echo(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bool]] = []

    def prompt(text: str, *, hide_input: bool, err: bool) -> str:
        asked.append((text, hide_input))
        return VALUE

    terminal = Pipe(b"")
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr("typer.prompt", prompt)
    assert cli.main(["secrets", "set", "A_URL"]) == 0
    assert asked == [("value of A_URL", True)]
    assert json.loads(FileKeyring.path.read_text()) == {"goldbridge A_URL": VALUE}


def test_what_is_set_elsewhere_is_said_to_come_first(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(monkeypatch, b"another")
    assert cli.main(["secrets", "set", "B_URL"]) == 0
    said = "note: B_URL is also set in the secrets file config/secrets.env, which comes first; remove it there\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_nothing_is_not_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    pipe(monkeypatch, content)
    assert cli.main(["secrets", "set", "A_URL"]) == 2
    assert capsys.readouterr().err == "stdin: CFG023 the value of A_URL is empty; nothing was kept\n"
    assert not FileKeyring.path.exists()


def test_a_value_in_the_place_of_the_name_is_refused_and_not_repeated(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["secrets", "set", "hunter22"]) == 2
    said = capsys.readouterr().err
    assert "a secret is called in capitals" in said
    assert "hunter22" not in said


def test_the_list_names_what_is_unset_and_where_and_shows_no_value(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["secrets", "list", "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out) == [
        {"name": "A_URL", "found": "", "references": ["config/sources.yaml:2:28", "config/sources.yaml:4:28"],
         "problem": ""},
        {"name": "B_URL", "found": "secrets file config/secrets.env", "references": ["config/sources.yaml:3:28"],
         "problem": ""},
        {"name": "UNUSED", "found": "secrets file config/secrets.env", "references": [], "problem": ""},
    ]  # fmt: skip
    assert cli.main(["secrets", "list"]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines() if not line.startswith(" ")][1:] == [
        "A_URL",
        "B_URL",
        "UNUSED",
    ]
    assert "nowhere" in shown
    assert VALUE not in out + shown


def test_a_mounted_file_that_is_gone_is_one_line_of_the_list(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("A_URL_FILE", str(project / "gone"))
    assert cli.main(["secrets", "list", "--json"]) == 0
    assert "A_URL_FILE names a file that cannot be read" in json.loads(capsys.readouterr().out)[0]["problem"]


def test_a_locked_keyring_is_told_below_the_list(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keyring.set_keyring(Locked())
    assert cli.main(["secrets", "list"]) == 0
    assert capsys.readouterr().err == "the keyring cannot be asked: KeyringLocked the collection is locked\n"


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows always have one")
def test_a_machine_without_a_keyring_says_so_only_when_it_is_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(project))
    for name in ("PYTHON_KEYRING_BACKEND", "DBUS_SESSION_BUS_ADDRESS", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["secrets", "list"]) == 0
    assert capsys.readouterr().err == ""
    pipe(monkeypatch, VALUE.encode())
    assert cli.main(["secrets", "set", "A_URL"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("keyring: CFG021 this machine has no keyring (no desktop session and no backend named); ")
    assert said.count("\n") == 1
    assert VALUE not in said
