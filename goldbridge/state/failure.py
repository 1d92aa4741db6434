"""What the database's own errors mean for the person who must act."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from goldbridge.errors import GoldbridgeError, Halt, Retry
from goldbridge.log import redact

_AGAIN = frozenset({"40001", "40P01", "55P03", "57014"})
_GONE = frozenset({"57P01", "57P02", "57P03", "53300"})
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_TORN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def translate(error: DBAPIError | sqlite3.Error, path: Path | None) -> GoldbridgeError | None:
    """The error to raise instead, or None when it is a bug of ours and must stay as it is."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause, path)
    state = getattr(cause, "sqlstate", None) or ""
    if state in _AGAIN:
        return Retry("STA006", f"the database asked to repeat the transaction ({state}); it is tried again")
    if state == "53100":
        return Halt(
            "STA008", "the database server's disk is full; nothing of this page was kept; free space, then run again"
        )
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if state in _GONE or lost or (not state and type(cause).__name__ == "OperationalError"):
        said = redact(str(cause)).splitlines()[0]
        return Retry(
            "STA007",
            f"the database of the state does not answer: {said}; it is asked again, and when that does not help: "
            "check that it runs and that `state.url` names it",
        )
    return None


def _sqlite(cause: sqlite3.Error, path: Path | None) -> GoldbridgeError | None:
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in _LOCKED:
        pid = lock_holder(path) if path else None
        who = f"process {pid}" if pid else "another process"
        return Retry("STA006", f"{path}: {who} holds the write lock; end it or wait, the work is tried again")
    if code == sqlite3.SQLITE_FULL:
        return Halt("STA008", f"{path}: the disk is full; nothing of this page was kept; free space, then run again")
    if code in _TORN:
        return Halt("STA009", f"{path}: not a sound state file ({cause}); restore the last backup")
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM}:
        return Halt("STA009", f"{path}: cannot be read or written ({cause}); check the folder, its owner and its mode")
    return None


def lock_holder(path: Path) -> int | None:
    """The process that holds a lock on the SQLite file `path`, where the system tells (Linux does)."""
    try:
        nodes = {
            str(Path(f"{path}{suffix}").stat().st_ino)
            for suffix in ("", "-wal", "-shm")
            if Path(f"{path}{suffix}").exists()
        }
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if "WRITE" in words and words[words.index("WRITE") + 2].rsplit(":", 1)[-1] in nodes:
                pid = int(words[words.index("WRITE") + 1])
                if pid not in (os.getpid(), -1):
                    return pid
    except (OSError, ValueError, IndexError):
        return None
    return None
