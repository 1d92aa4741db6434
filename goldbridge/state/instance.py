"""Who this state belongs to, and whether it is newer or older than it should be.

A state knows its instance id and an epoch that rises with every process that writes, every run and every batch sent
to a target. The same numbers stand in a small marker file outside the database. A marker that is ahead means that the
database was restored from a backup (F66): targets must be read back before anything is written. A database file that
is not the file it was, while that one is still there, is a copy (F64): the second hub is refused.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from goldbridge.errors import Halt
from goldbridge.state.bulk import Insert
from goldbridge.state.tables import meta

_put = Insert(meta, ("name", "value"), conflict=("name",), update=("value",))
_TOUCHED = "epoch_raised"


class Place(NamedTuple):
    """Where a SQLite file lives; the inode tells a moved file from a copied one."""

    machine: str
    path: str
    inode: int


def read_meta(conn: Connection) -> dict[str, str]:
    """Everything the state says about itself."""
    return {row.name: row.value for row in conn.execute(select(meta.c.name, meta.c.value))}


def write_meta(conn: Connection, values: Mapping[str, str]) -> None:
    """Set some of it."""
    _put(conn, list(values.items()))


def forget_meta(conn: Connection, name: str) -> None:
    conn.execute(delete(meta).where(meta.c.name == name))


def raise_epoch(conn: Connection) -> None:
    """One more step that a restored backup would not know of; the store writes the marker after the commit."""
    known = read_meta(conn)
    write_meta(conn, {"epoch": str(int(known.get("epoch", "0")) + 1)})
    conn.info[_TOUCHED] = True


def take_touched(conn: Connection) -> bool:
    """Whether this transaction raised the epoch; asking forgets it."""
    return bool(conn.info.pop(_TOUCHED, False))


def place_of(path: Path) -> Place:
    """Where the file is now."""
    machine = Path("/etc/machine-id")
    try:
        name = machine.read_text().strip()
    except OSError:
        name = ""
    return Place(name, str(path.resolve()), path.stat().st_ino)


def settle(conn: Connection, place: Place | None, marker: Path | None) -> None:
    """Check the state against where it is and what the marker remembers; run once when a state is opened.

    Raises `Halt` STA002 for a copy of a state that still exists elsewhere.
    """
    known = read_meta(conn)
    changes: dict[str, str] = {}
    if "instance" not in known:
        changes = {"instance": secrets.token_hex(8), "epoch": "0"}
    elif _foreign(known, place) or _behind(known, marker):
        changes["verify_required"] = "1"
    if place and known.get("place") != (text := json.dumps(place)):
        changes["place"] = text
    if changes:
        write_meta(conn, changes)


def _foreign(known: Mapping[str, str], place: Place | None) -> bool:
    """True for a file that was put where it is by somebody else than us, and is the only one."""
    if place is None or "place" not in known:
        return False
    home = Place(*json.loads(known["place"]))
    if home.inode == place.inode and (home.machine == place.machine or not (home.machine and place.machine)):
        return False
    if home.machine and place.machine and home.machine != place.machine:
        raise _copied(known, place, f"another machine ({home.path})")
    original = Path(home.path)
    if home.path != place.path and original.exists() and original.stat().st_ino == home.inode:
        raise _copied(known, place, home.path)
    return True


def _copied(known: Mapping[str, str], place: Place, home: str) -> Halt:
    return Halt(
        "STA002",
        f"{place.path}: this state ({known['instance']}) belongs to {home}; two hubs on copies of one state would both "
        "write to the targets. Use the original, or run `goldbridge state adopt` here once the original is gone",
    )


def _behind(known: Mapping[str, str], marker: Path | None) -> bool:
    remembered = read_marker(marker)
    if not remembered:
        return False
    return remembered.get("instance") != known["instance"] or int(remembered.get("epoch", 0)) > int(known["epoch"])


def read_marker(marker: Path | None) -> dict[str, str]:
    """What the marker remembers; nothing when there is none or it is torn."""
    if marker is None:
        return {}
    try:
        found = json.loads(marker.read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def write_marker(marker: Path, conn: Connection) -> None:
    """Remember the committed epoch, in one atomic step; never lower than what is there."""
    known = read_meta(conn)
    remembered = read_marker(marker)
    if remembered.get("instance") == known["instance"] and int(remembered.get("epoch", 0)) >= int(known["epoch"]):
        return
    beside = marker.with_name(f"{marker.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"instance": known["instance"], "epoch": known["epoch"]}, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(marker)


def adopt(conn: Connection) -> None:
    """Make this copy a state of its own: a new instance id, and targets are read back before they are written to."""
    forget_meta(conn, "place")
    write_meta(conn, {"instance": secrets.token_hex(8), "verify_required": "1"})
