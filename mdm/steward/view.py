"""What a steward was shown of golden records, as a short text that a decision carries back.

Who decides on a screen that is no longer true is refused, with what changed meanwhile (E42). A golden record has
changed when it has another version or other records.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from goldbridge.errors import Reject
from goldbridge.state import crosswalk, golden
from goldbridge.state.document import digest
from goldbridge.state.engine import now
from mdm.identity import read_id, write_id

_ONE = re.compile(r"([0-9a-z]{13})\.(\d+)\.([0-9a-f]{8})")


class View(NamedTuple):
    """Golden id -> (version, digest of its records), and when it was looked at (ISO UTC)."""

    goldens: Mapping[int, tuple[int, str]]
    at: str


def view_of(conn: Connection, ids: Collection[int]) -> View:
    """These golden records as they are now."""
    heads = golden.load(conn, ids)
    members = crosswalk.members(conn, ids)
    return View({id: (heads[id].version, _members(members.get(id, ()))) for id in sorted(heads)}, now(conn))


def _members(records: Collection[int]) -> str:
    return digest(sorted(records))[:8]


def write_view(view: View) -> str:
    """The view as text for a command line or a form."""
    parts = [f"{write_id('g', id)[2:]}.{version}.{members}" for id, (version, members) in view.goldens.items()]
    return f"{'_'.join(parts)}@{view.at}"


def read_view(text: str) -> View:
    """The view behind the text; raises `Reject` MDM023 for anything else."""
    left, _, at = text.strip().partition("@")
    found = [_ONE.fullmatch(part) for part in left.split("_")]
    if not at or not all(found):
        raise Reject("MDM023", "this is no view of ours; take the one that --dry-run or `golden show --json` printed")
    return View({read_id(f"g-{one[1]}"): (int(one[2]), one[3]) for one in found if one}, at)


def unchanged(conn: Connection, entity: str, seen: View | None) -> None:
    """Raises `Reject` MDM023, naming what changed, when golden records are not what a steward was shown."""
    if seen is None:
        return
    changed = list(changes(conn, entity, seen))
    if changed:
        raise Reject("MDM023", f"{'; '.join(changed)}; nothing was decided, look again")


def changes(conn: Connection, entity: str, seen: View) -> Iterator[str]:
    """What happened to golden records since they were looked at, a sentence each."""
    current = view_of(conn, list(seen.goldens))
    heads = golden.load(conn, list(seen.goldens))
    for id, (version, members) in seen.goldens.items():
        shown = write_id(entity, id)
        if id not in heads:
            yield f"{shown} was never issued"
            continue
        if current.goldens[id] == (version, members):
            continue
        said = []
        if heads[id].state != "active":
            said.append(f"is {heads[id].state}")
        fields = {
            name for one in golden.history(conn, id) if one.version > version for name in (*one.values, *one.unset)
        }
        if fields:
            said.append(f"has another {', '.join(sorted(fields))}")
        said += _moved(conn, id, seen.at, current.goldens[id][1] != members)
        yield f"{shown} {' and '.join(said) or f'is at version {heads[id].version}, not {version}'}"


def _moved(conn: Connection, id: int, since: str, differs: bool) -> list[str]:
    """Who joined and who left a golden record since then."""
    if not differs:
        return []
    from mdm.steward.desk import names

    joined, left = crosswalk.moved_since(conn, id, since)
    known = names(conn, {*joined, *left})
    said = [f"was joined by {', '.join(known.get(one, str(one)) for one in joined)}"] if joined else []
    said += [f"was left by {', '.join(known.get(one, str(one)) for one in left)}"] if left else []
    return said or ["has other records"]
