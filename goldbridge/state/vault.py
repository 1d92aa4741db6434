"""Tokens and quotas that must survive a restart, encrypted (implements `ports.TokenStore`).

The key comes from GOLDBRIDGE_KEY or from a file of mode 0600 beside the state; a token is committed before it is used,
so that a rotated refresh token is never lost with the process (F18).
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, select

from goldbridge.errors import Halt
from goldbridge.log import remember_secret
from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert
from goldbridge.state.engine import now
from goldbridge.state.tables import vault

if TYPE_CHECKING:
    from goldbridge.state.engine import Store

VARIABLE = "GOLDBRIDGE_KEY"
KEY_FILE = "key"
_put = Insert(vault, ("system", "name", "box", "changed_at"), conflict=("system", "name"), update=("box", "changed_at"))


class Vault:
    """Load and save in transactions of their own: never call it while this thread holds one open.

    `key` is the hub's master key, see `load_key`.
    """

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._box = Fernet(base64.urlsafe_b64encode(derive(key, "vault")))

    def load(self, system: str, name: str) -> Json:
        """What was saved last, or None; raises `Halt` STA017 when the key does not fit."""
        query = select(vault.c.box).where(vault.c.system == system, vault.c.name == name)
        with self._store.read() as conn:
            box = conn.execute(query).scalar_one_or_none()
        if box is None:
            return None
        try:
            opened = document.load(self._box.decrypt(box.encode()).decode())
        except InvalidToken:
            opened = {}
        # The name is sealed in, so that an entry cannot be put in another's place.
        if opened.get("place") != [system, name]:
            raise Halt(
                "STA017",
                f"the vault's entry {name!r} of {system} was sealed with another key; set {VARIABLE} (or put the "
                f"key file back) as it was, or run `goldbridge state forget {system}` and authorise the system again",
            )
        return opened["value"]

    def save(self, system: str, name: str, value: Json) -> None:
        """Encrypt and commit."""
        sealed = self._box.encrypt(document.encode({"place": [system, name], "value": value})).decode()
        with self._store.begin() as conn:
            _put(conn, [(system, name, sealed, now(conn))])

    def forget(self, system: str, name: str = "") -> int:
        """Drop one entry, or all of a system; returns how many."""
        return forget(self._store, system, name)


def forget(store: Store, system: str, name: str = "") -> int:
    """The same without a key: what nobody can read any more can still be dropped."""
    query = delete(vault).where(vault.c.system == system)
    with store.begin() as conn:
        return conn.execute(query.where(vault.c.name == name) if name else query).rowcount


def load_key(state_dir: Path, environ: Mapping[str, str]) -> bytes:
    """The hub's master key (32 bytes) from GOLDBRIDGE_KEY, or from `state_dir/key`, which is made when it is missing.

    Raises `Halt` STA018 when the key is malformed or its file is readable by others.
    """
    if given := environ.get(VARIABLE):
        return _decode(given, VARIABLE)
    path = state_dir / KEY_FILE
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise Halt(
            "STA018", f"{path}: others may read the hub's key; run `chmod 600` on it, and change what it protected"
        )
    return _decode(path.read_text(), str(path))


def _decode(text: str, where: str) -> bytes:
    text = text.strip()
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise Halt("STA018", f"{where} is not a key: it must be 32 bytes in base64 (44 characters)")
    remember_secret(text)
    return key


def _make(path: Path) -> None:
    """A new key file, complete from the moment it is seen; somebody else's, made meanwhile, stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


def derive(key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (vault, audit, erase), so that no two uses share one."""
    return blake2b(purpose.encode(), key=key, digest_size=32).digest()
