"""Tokens and quotas that must survive a restart, encrypted (implements `ports.TokenStore`).

The key comes from GOLDBRIDGE_KEY or from a file of mode 0600 beside the state; a token is committed before it is used,
so that a rotated refresh token is never lost with the process (F18).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from goldbridge.ports import Json

if TYPE_CHECKING:
    from goldbridge.state.engine import Store


class Vault:
    """Load and save in transactions of their own: never call it while this thread holds one open."""

    def __init__(self, store: Store, key: bytes) -> None:
        raise NotImplementedError

    def load(self, system: str, name: str) -> Json:
        """What was saved last, or None; raises `Halt` STA017 when the key does not fit."""
        raise NotImplementedError

    def save(self, system: str, name: str, value: Json) -> None:
        """Encrypt and commit."""
        raise NotImplementedError

    def forget(self, system: str, name: str = "") -> None:
        """Drop one entry, or all of a system."""
        raise NotImplementedError


def load_key(state_dir: Path, environ: Mapping[str, str]) -> bytes:
    """The hub's master key (32 bytes) from GOLDBRIDGE_KEY, or from `state_dir/key`, which is made when it is missing.

    Raises `Halt` STA018 when the key is malformed or its file is readable by others.
    """
    raise NotImplementedError


def derive(key: bytes, purpose: str) -> bytes:
    """A key for one purpose (vault, audit, erase), so that no two uses share one."""
    raise NotImplementedError
