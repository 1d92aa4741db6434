"""Secrets come from outside, are asked for by name, and are told to the log before anyone gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldbridge import log
from goldbridge.errors import Mark, Misconfigured
from goldbridge.settings.secret import Secrets
from goldbridge.settings.yaml import read


def secrets_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.env"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def refused(*args: object, **kwargs: object) -> str:
    with pytest.raises(Misconfigured) as caught:
        Secrets(*args, **kwargs)  # type: ignore[arg-type]
    return str(caught.value)


def test_the_environment_comes_first_then_a_mounted_file_then_the_secrets_file(tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.write_text("from-mount\n")
    path = secrets_file(tmp_path, "A=file-a\nB=file-b\nC=file-c\n")
    secrets = Secrets({"A": "env-a", "B_FILE": str(mounted)}, [path])
    assert [secrets.resolve({"secret": name}) for name in "ABC"] == ["env-a", "from-mount", "file-c"]
    assert secrets.find("D") is None


def test_lines_of_the_secrets_file(tmp_path: Path) -> None:
    path = secrets_file(tmp_path, "# note\n\nA = x=y # z\nexport B='quoted '\nC=\"q\"\nD=\nE=密码\n")
    secrets = Secrets({}, [path])
    assert [secrets.find(name) for name in "ABCDE"] == ["x=y # z", "quoted ", "q", None, "密码"]


def test_a_missing_secret_is_named_at_the_place_of_its_reference(tmp_path: Path) -> None:
    path = secrets_file(tmp_path, "KINGDEE_SECRT=x\nEMPTY=\n")
    secrets = Secrets({"BLANK": ""}, [path], root=tmp_path)
    with pytest.raises(Misconfigured) as caught:
        secrets.resolve({"secret": "KINGDEE_SECRET"}, Mark("config/sources.yaml", 4, 13))
    assert str(caught.value) == (
        "config/sources.yaml:4:13: CFG007 secret KINGDEE_SECRET is not set (the secrets file has KINGDEE_SECRT); "
        "export it or add it to the secrets file secrets.env"
    )
    for name in ("EMPTY", "BLANK"):
        with pytest.raises(Misconfigured, match=f"CFG007 secret {name} is empty"):
            secrets.resolve({"secret": name})


@pytest.mark.parametrize("reference", [{"secret": "hunter2"}, {"secret": 12}, {"secret": "A", "b": 1}, {}, "hunter2"])
def test_a_reference_without_a_name_is_refused_and_not_repeated(reference: object) -> None:
    with pytest.raises(Misconfigured, match="CFG017") as caught:
        Secrets({"hunter2": "x"}).resolve(reference)
    assert "hunter2" not in str(caught.value)


def test_whoever_gets_a_secret_cannot_print_it() -> None:
    Secrets({"A": "postgresql://u:p%40ssw0rd@h/db"}).resolve({"secret": "A"})
    assert "p%40ssw0rd" not in log.redact("cannot connect with p%40ssw0rd")
    assert "p@ssw0rd" not in log.redact("cannot connect with p@ssw0rd")
    assert log.redact("at postgresql://u:p%40ssw0rd@h/db !") == "at [secret] !"


def test_revealing_replaces_references_keeps_places_and_reports_all_that_is_missing() -> None:
    document = read("a: {url: {secret: A}, key: [{secret: B}]}\nb: {secret: C}\nsecret: {secret: A}", "f.yaml")
    secrets = Secrets({"A": "value-a", "B": "value-b"})
    revealed = secrets.reveal(document, "a")
    assert revealed.data == {
        "a": {"url": "value-a", "key": ["value-b"]},
        "b": {"secret": "C"},
        "secret": {"secret": "A"},
    }
    assert str(revealed.mark("a", "url")) == str(document.mark("a", "url"))
    assert document.data["a"]["url"] == {"secret": "A"}
    with pytest.raises(Misconfigured) as caught:
        Secrets({}).reveal(document)
    assert [str(p).split(";")[0] for p in caught.value.problems] == [
        "f.yaml:1:10: CFG007 secret A is not set",
        "f.yaml:1:29: CFG007 secret B is not set",
        "f.yaml:2:4: CFG007 secret C is not set",
        "f.yaml:3:9: CFG007 secret A is not set",
    ]
    assert len(Secrets({}).missing(document)) == 4
    assert secrets.missing(document)[0].mark == Mark("f.yaml", 2, 4)


def test_with_stand_ins_nothing_is_missing_but_nothing_set_is_hidden() -> None:
    document = read("a: {secret: A}\nb: {secret: B}", "f.yaml")
    revealed = Secrets({"A": "value-a"}).standing_in().reveal(document)
    assert revealed.data["a"] == "value-a"
    assert revealed.data["b"] != {"secret": "B"}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_secrets_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = secrets_file(tmp_path, "A=b\n", mode)
    assert refused({}, [path], root=tmp_path) == (
        f"secrets.env: CFG009 the secrets file is open to others (mode {mode:04o}); run: chmod 600 secrets.env"
    )


def test_a_broken_secrets_file_says_where_and_never_what(tmp_path: Path) -> None:
    path = secrets_file(tmp_path, "A=b\nhunter2\nA=c\n")
    assert refused({}, [path], root=tmp_path) == (
        "secrets.env:2:1: CFG009 a line must read NAME=value (or start with '#')\n"
        "secrets.env:3:1: CFG009 A is set twice; remove one of the lines"
    )
    path.write_bytes("A=密码".encode("gb18030"))
    assert "CFG004 the file seems to be GB18030" in refused({}, [path])
    folder = tmp_path / "folder"
    folder.mkdir(0o700)
    assert "CFG003 the secrets file cannot be read: is a directory" in refused({}, [folder])


def test_a_mounted_file_that_is_not_there() -> None:
    with pytest.raises(Misconfigured, match="CFG009 A_FILE names a file that cannot be read"):
        Secrets({"A_FILE": "/nope/a"}).find("A")


def test_a_secrets_file_that_does_not_exist_is_no_problem(tmp_path: Path) -> None:
    assert Secrets({}, [tmp_path / "none"]).find("A") is None


def test_the_repr_shows_nothing() -> None:
    assert repr(Secrets({"A": "hunter2"})) == "Secrets()"
