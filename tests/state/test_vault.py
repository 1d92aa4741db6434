"""Tokens survive a restart and are readable only with the key."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from sqlalchemy import select, update

from goldbridge.errors import Halt
from goldbridge.log import redact
from goldbridge.ports import TokenStore
from goldbridge.state.engine import Store, open_store
from goldbridge.state.tables import vault as table
from goldbridge.state.vault import Vault, derive, load_key

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


def test_f18_a_token_is_committed_when_save_returns(store: Store, store_url: str) -> None:
    vault: TokenStore = Vault(store, KEY)
    assert vault.load("new_crm", "token") is None
    vault.save("new_crm", "token", {"refresh": "r1"})
    vault.save("new_crm", "token", {"refresh": "r2"})
    other = open_store(store_url)
    assert Vault(other, KEY).load("new_crm", "token") == {"refresh": "r2"}
    other.close()


def test_what_is_stored_does_not_show_the_token(store: Store) -> None:
    Vault(store, KEY).save("new_crm", "token", "very-secret-token")
    with store.read() as conn:
        assert "very-secret" not in str(conn.execute(select(table)).all())


def test_another_key_or_a_moved_entry_is_refused(store: Store) -> None:
    vault = Vault(store, KEY)
    vault.save("new_crm", "token", "t")
    with pytest.raises(Halt, match="another key") as caught:
        Vault(store, bytes(32)).load("new_crm", "token")
    assert caught.value.code == "STA017"
    with store.begin() as conn:
        conn.execute(update(table).values(system="oa"))
    with pytest.raises(Halt):
        vault.load("oa", "token")


def test_entries_can_be_forgotten(store: Store) -> None:
    vault = Vault(store, KEY)
    for system, name in (("a", "x"), ("a", "y"), ("b", "x")):
        vault.save(system, name, 1)
    assert vault.forget("a", "x") == 1
    assert (vault.load("a", "x"), vault.load("a", "y")) == (None, 1)
    assert vault.forget("a") == 1
    assert (vault.load("a", "y"), vault.load("b", "x")) == (None, 1)


def test_the_key_comes_from_the_environment_and_is_never_logged(tmp_path: Path) -> None:
    assert load_key(tmp_path, {"GOLDBRIDGE_KEY": f"{TEXT}\n"}) == KEY
    assert load_key(tmp_path, {"GOLDBRIDGE_KEY": base64.urlsafe_b64encode(b"\xff" * 32).decode()}) == b"\xff" * 32
    assert list(tmp_path.iterdir()) == []
    assert TEXT not in redact(f"read {TEXT}")


def test_without_one_a_private_key_file_is_made_once(tmp_path: Path) -> None:
    home = tmp_path / ".goldbridge"
    key = load_key(home, {})
    assert len(key) == 32
    assert load_key(home, {}) == key
    assert [file.name for file in home.iterdir()] == ["key"]
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["short", "?" * 44, base64.b64encode(b"x" * 16).decode()])
def test_a_malformed_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(Halt) as caught:
        load_key(tmp_path, {"GOLDBRIDGE_KEY": text})
    assert caught.value.code == "STA018"
    assert text not in str(caught.value)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(TEXT)
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(Halt, match="chmod 600") as caught:
        load_key(tmp_path, {})
    assert caught.value.code == "STA018"


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert len({derive(KEY, purpose) for purpose in ("vault", "audit", "erase")} | {KEY}) == 4
