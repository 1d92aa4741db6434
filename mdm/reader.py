"""A golden record for somebody who may not see every source: as if the hidden records had never been landed.

Nothing is filtered out of the finished record, because a value, a challenger or a quorum may rest on a hidden source in
ways that a filter misses. What survives is computed anew from the records that the reader may see (G12).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection

from goldbridge.state import crosswalk, landing
from goldbridge.state.engine import now
from goldbridge.state.golden import Golden
from mdm.core import Core, claimant, speaks
from mdm.override import in_force, of_members
from mdm.survivorship import Survived, survive


def hidden(label: str, sees: Collection[str]) -> bool:
    """Whether a source with this `visibility` is kept from a reader who sees these labels (E85)."""
    return label not in sees


def view(
    conn: Connection, core: Core, head: Golden, label_of: Callable[[str], str], sees: Collection[str]
) -> tuple[Survived, list[int]] | None:
    """What the reader sees of a golden record, and of which records; None when they may see none of it.

    A steward's pin shows where its anchor record does.
    """
    members = landing.load(conn, crosswalk.members(conn, [head.id]).get(head.id, []))
    shown = {id: record for id, record in members.items() if not hidden(label_of(record.system), sees)}
    said = [claimant(record) for record in shown.values() if speaks(record)]
    own = [one for one in said if one.anchor is None]
    if not own:
        return None
    # An answer about a hidden record would tell what was asked.
    said = [one for one in said if one.anchor is None or one.anchor in shown]
    pins = of_members(in_force(conn, list(shown)), own)
    return survive(core.entity, core.survivorship, said, pins, now=now(conn)), sorted(shown)
