"""Where golden ids lead that no longer mean themselves: after a merge to the survivor, after a split to several.

Each row knows the id it was redirected to directly and the id where that ends today, so that reading takes one hop
whatever chain of merges made it, and undoing one link of a chain restores what was behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, or_, select, update

from goldbridge.errors import Halt
from goldbridge.state import document
from goldbridge.state.bulk import Insert, fixed, one_of
from goldbridge.state.engine import now
from goldbridge.state.tables import golden_record, golden_redirect


class Redirect(NamedTuple):
    """An id that now means others: one for a merge, several for a split, with the records that went to each."""

    from_id: int
    to: Mapping[int, Sequence[int]]


class Resolution(NamedTuple):
    """Where an id leads: itself (`moved` False), one survivor, or several with the records that went to each."""

    ids: list[int]
    members: dict[int, list[int]]
    moved: bool


_row = golden_redirect.c
_is_open = _row.tx_to == fixed("")
_add = Insert(golden_redirect, ("from_id", "direct", "to_id", "members", "cause", "run", "tx_from", "tx_to"))

Links = dict[int, dict[int, list[int]]]
"""from id -> direct target -> the records that went there."""


def redirect(conn: Connection, redirects: Sequence[Redirect], cause: str, run: int) -> None:
    """Let ids lead elsewhere; what led to them follows (one hop). Raises `Halt` STA031 on a circle."""
    wanted: Links = {one.from_id: {to: sorted(members) for to, members in one.to.items()} for one in redirects}
    _relink(conn, wanted, cause, run)


def recall(conn: Connection, ids: Collection[int], cause: str, run: int) -> None:
    """These ids mean themselves again (a merge was undone); what was merged into them leads to them again."""
    _relink(conn, {id: {} for id in ids}, cause, run)


def _relink(conn: Connection, wanted: Links, cause: str, run: int) -> None:
    """Give each id these direct targets (none: itself) and move every row whose end changes with it."""
    if not wanted:
        return
    held = _reaching(conn, wanted)
    links: Links = {}
    for row in held:
        links.setdefault(row.from_id, {})[row.direct] = row.members or []
    links.update(wanted)
    beyond = {to for targets in links.values() for to in targets} - links.keys()
    ahead: Links = {}
    for row in _open_from(conn, beyond):
        ahead.setdefault(row.from_id, {})[row.to_id] = row.members or []
    rows: dict[tuple[int, int, int], list[int]] = {}
    for id in sorted(links):
        for direct, members in sorted(links[id].items()):
            for end in sorted(_ends(direct, links, ahead, (id,))):
                rows[id, direct, end] = members
    current = {(row.from_id, row.direct, row.to_id): row for row in held}
    at = now(conn)
    stale = [row.seq for known, row in current.items() if known not in rows or (row.members or []) != rows[known]]
    if stale:
        conn.execute(update(golden_redirect).where(one_of(_row.seq, stale)).values(tx_to=at))
    kept = {known for known, row in current.items() if row.seq not in set(stale)}
    new = [(*known, document.dump(members), cause, run, at, "") for known, members in rows.items() if known not in kept]
    _add(conn, new)


def _reaching(conn: Connection, ids: Collection[int]) -> list[Row[Any]]:
    """The open rows of these ids and of everything that leads through them."""
    found: dict[int, Row[Any]] = {}
    fresh = set(ids)
    seen: set[int] = set()
    while fresh:
        seen |= fresh
        query = select(golden_redirect).where(_is_open, or_(one_of(_row.from_id, fresh), one_of(_row.direct, fresh)))
        rows = conn.execute(query.order_by(_row.seq)).all()
        found.update((row.seq, row) for row in rows)
        fresh = {row.from_id for row in rows} - seen
    return list(found.values())


def _open_from(conn: Connection, ids: Collection[int]) -> Sequence[Row[Any]]:
    if not ids:
        return []
    return conn.execute(select(golden_redirect).where(_is_open, one_of(_row.from_id, ids))).all()


def _ends(id: int, links: Links, ahead: Links, path: tuple[int, ...]) -> set[int]:
    """Where following the direct targets from `id` ends."""
    if id in path:
        chain = " -> ".join(map(str, (*path, id)))
        raise Halt("STA031", f"redirects would go in a circle: {chain}; recall one of them first")
    further = links[id] if id in links else ahead.get(id, {})
    if not further:
        return {id}
    return set().union(*(_ends(to, links, ahead, (*path, id)) for to in further))


def resolve(conn: Connection, ids: Collection[int], *, as_of: str = "") -> dict[int, Resolution]:
    """Where each id leads now or led then; ids never issued are left out."""
    if not ids:
        return {}
    issued = conn.execute(select(golden_record.c.id).where(one_of(golden_record.c.id, ids))).scalars()
    found = {id: Resolution([id], {}, False) for id in issued}
    when = _is_open if not as_of else and_(_row.tx_from <= as_of, or_(_is_open, _row.tx_to > as_of))
    query = select(_row.from_id, _row.to_id, _row.members).where(when, one_of(_row.from_id, ids))
    moved: dict[int, dict[int, list[int]]] = {}
    for row in conn.execute(query.order_by(_row.to_id)):
        moved.setdefault(row.from_id, {})[row.to_id] = row.members or []
    found.update((id, Resolution(sorted(to), to, True)) for id, to in moved.items())
    return found
