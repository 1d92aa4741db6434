"""`goldbridge dead` says what was set aside without showing what is in it; `goldbridge state` says whose it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer

from goldbridge.cli import Session, state
from goldbridge.errors import Halt, Mark
from goldbridge.state import dead
from goldbridge.state.engine import open_store
from goldbridge.state.vault import Vault
from tests.cli.test_check import FILES, write

LETTERS = [
    dead.Letter(
        "crm", "account", "C1", "map", "MAP050", "role: no lookup entry for '9'", field="role",
        rule=Mark("mappings/crm/account.yaml", 9, 20), payload_src={"role": "9", "name": "杭州示例有限公司"},
    ),
    dead.Letter("crm", "account", "C2", "map", "MAP050", "role: no lookup entry for '8'", field="role",
        rule=Mark("mappings/crm/account.yaml", 9, 20),
    ),
    dead.Letter("new_crm", "AccountObj", "G1", "write", "CON042", "tel is too long", payload_out={"tel": "1"}),
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small project in order."""
    for path, text in FILES.items():
        write(tmp_path, path, text)
    return tmp_path


def url(root: Path) -> str:
    return f"sqlite:///{root / '.goldbridge' / 'state.sqlite'}"


@pytest.fixture
def filled(root: Path) -> Path:
    """The project after a run that set three records aside."""
    store = open_store(url(root))
    with store.begin() as conn:
        dead.put(conn, "crm_parties", LETTERS[:2], 7)
        dead.put(conn, "publish", LETTERS[2:], 8)
        dead.put(conn, "crm_parties", LETTERS[:1], 9)
    store.close()
    return root


def run(root: Path, *arguments: str) -> int:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    state.register(app)
    status = typer.main.get_command(app).main(
        list(arguments), "goldbridge", standalone_mode=False, obj=Session(directory=root)
    )
    return status if isinstance(status, int) else 0


def test_letters_are_listed_with_their_reason(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "dead", "list") == 1
    assert capsys.readouterr().out == (
        "     1  MAP050  crm account C1  role: no lookup entry for '9' (2 times)\n"
        "     2  MAP050  crm account C2  role: no lookup entry for '8'\n"
        "     3  CON042  new_crm AccountObj G1  tel is too long\n"
    )


def test_letters_are_narrowed_and_cut(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "dead", "list", "--limit", "1", "--code", "MAP050") == 1
    first, more = capsys.readouterr().out.splitlines()
    assert first.split() == ["1", *first.split()[1:]]
    assert more == "... and 1 more (--limit, or --groups to see the causes)"
    assert run(filled, "dead", "list", "--flow", "publish", "--json") == 1
    (only,) = json.loads(capsys.readouterr().out)
    assert (only["key"], only["payload_out"], only["rule"]) == ("G1", None, None)


def test_causes_are_counted(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "dead", "list", "--groups") == 1
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [["2", "MAP050"], ["1", "CON042"]]
    assert run(filled, "dead", "list", "--groups", "--json") == 1
    assert [one["count"] for one in json.loads(capsys.readouterr().out)] == [2, 1]
    assert run(filled, "dead", "list", "--groups", "--flow", "other") == 0
    assert capsys.readouterr().out == "no dead letters\n"


def test_a_letter_shows_the_value_at_fault_and_the_shape_of_the_rest(
    filled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(filled, "dead", "show", "1") == 0
    out = capsys.readouterr().out
    assert "rule    mappings/crm/account.yaml:9:20\n" in out
    assert '"role": "9"' in out
    assert "杭州" not in out
    assert '"name": "text of 8"' in out
    assert run(filled, "dead", "show", "1", "--payload") == 0
    assert "杭州示例有限公司" in capsys.readouterr().out
    assert run(filled, "dead", "show", "3", "--json") == 0
    assert json.loads(capsys.readouterr().out)["payload_out"] == {"tel": "text of 1"}


def test_a_letter_that_is_gone_is_said_to_be(filled: Path) -> None:
    with pytest.raises(typer.BadParameter, match="no dead letter 99"):
        run(filled, "dead", "show", "99")


def test_looking_makes_no_state(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root, "dead", "list") == 0
    assert run(root, "dead", "list", "--json") == 0
    assert run(root, "state", "adopt") == 0
    assert run(root, "state", "forget", "crm") == 0
    assert capsys.readouterr().out.splitlines() == [
        "no dead letters",
        "[]",
        "there is no state here yet; nothing to adopt",
        "forgot 0 entries of crm",
    ]
    assert not (root / ".goldbridge" / "state.sqlite").exists()


def test_a_copied_state_is_refused_until_it_is_adopted(
    filled: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(filled, copy)
    with pytest.raises(Halt, match="belongs to"):
        run(copy, "dead", "list")
    assert run(copy, "state", "adopt") == 0
    assert "read back" in capsys.readouterr().out
    assert run(copy, "dead", "list") == 1


def test_a_systems_tokens_can_be_dropped_without_the_key(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store(url(filled))
    vault = Vault(store, bytes(32))
    vault.save("crm", "token", "t")
    assert run(filled, "state", "forget", "crm") == 0
    assert capsys.readouterr().out == "forgot 1 entry of crm\n"
    assert vault.load("crm", "token") is None
    store.close()
    with pytest.raises(typer.BadParameter, match="did you mean"):
        run(filled, "state", "forget", "crmm")
