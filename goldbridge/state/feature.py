"""What matching compares of a record, as text, and who shares keys with a record that is not there yet. Rows only.

Features stand beside the keys of match_key and are written in the same transaction: a search reads candidates ready to
be compared. `rev` is the ruleset revision they were made under, `stamp` the state of the record they were made from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, delete, select

from goldbridge.state.bulk import Insert, fetch, one_of
from goldbridge.state.tables import match_feature


class Feature(NamedTuple):
    """A record's features under a revision."""

    record: int
    rev: int
    stamp: str
    features: str


class Near(NamedTuple):
    """A record that shares `shared` of the asked keys; `features` is None when they are of another revision."""

    record: int
    shared: int
    features: str | None


_row = match_feature.c
_put = Insert(match_feature, Feature._fields, conflict=("record",), update=("rev", "stamp", "features"))


def put(conn: Connection, features: Iterable[Feature]) -> None:
    """Keep these; a record has one row."""
    _put(conn, sorted(features))


def forget(conn: Connection, records: Collection[int]) -> None:
    """These records are no longer to be found."""
    if records:
        conn.execute(delete(match_feature).where(one_of(_row.record, records)))


def load(conn: Connection, rev: int, records: Collection[int]) -> dict[int, Feature]:
    """Record -> its features of this revision; records without are left out."""
    if not records:
        return {}
    query = select(_row.record, _row.rev, _row.stamp, _row.features).where(one_of(_row.record, records))
    return {row[0]: Feature._make(row) for row in conn.execute(query.where(_row.rev == rev)).all()}


_LISTED = {
    "sqlite": "{column} IN (SELECT value FROM json_each(?))",
    "postgresql": "{column} = ANY (ARRAY(SELECT json_array_elements_text(CAST(%s AS json))::{type}))",
}
_MARK = {"sqlite": "?", "postgresql": "%s"}


def _listed(name: str, column: str, type: str) -> str:
    return _LISTED[name].format(column=column, type=type)


def _near(name: str, having: str = "") -> str:
    mark, listed = _MARK[name], _listed(name, "k.key", "text")
    held = f"SELECT k.record FROM match_key k WHERE k.entity = {mark} AND {listed} LIMIT {mark}"  # noqa: S608
    grouped = f"SELECT x.record, count(*) AS shared FROM ({held}) x GROUP BY x.record{having}"  # noqa: S608
    return (
        f"SELECT n.record, n.shared, f.features FROM ({grouped}) n "  # noqa: S608
        f"LEFT JOIN match_feature f ON f.record = n.record AND f.rev = {mark}"
    )


_NEAR = {name: _near(name) for name in _MARK}
_COMPANIONS = {name: _near(name, " HAVING count(*) > 1") for name in _MARK}
_CROWDS = {
    "sqlite": "SELECT j.value, (SELECT count(*) FROM (SELECT 1 FROM match_key k WHERE k.entity = ? AND k.key = j.value"
    " LIMIT ?)) FROM json_each(?) j",
    "postgresql": "SELECT j.value, (SELECT count(*) FROM (SELECT 1 FROM match_key k WHERE k.entity = %s"
    " AND k.key = j.value LIMIT %s) x) FROM json_array_elements_text(CAST(%s AS json)) j(value)",
}
_HOMES = {
    name: f"SELECT record, golden FROM membership WHERE tx_to = '' AND {_listed(name, 'record', 'bigint')}"  # noqa: S608
    for name in _MARK
}
_MEMBERS = {
    name: f"SELECT m.golden, f.features FROM membership m JOIN match_feature f ON f.record = m.record "  # noqa: S608
    f"AND f.rev = {_MARK[name]} WHERE m.tx_to = '' AND {_listed(name, 'm.golden', 'bigint')}"
    for name in _MARK
}
_EVERY = 1_000_000


def near(conn: Connection, entity: str, rev: int, keys: Collection[str], cap: int) -> tuple[list[Near], dict[str, int]]:
    """Who shares any of these keys, in one question; and the keys that more than `cap` records hold, with `cap + 1`.

    While all keys together stay under three caps, nothing is counted and every record comes. Past that, a key over its
    cap brings only records that hold a second one of the crowded keys (or any other of the asked ones): the caller is
    told which keys these are.
    """
    if not keys:
        return [], {}
    most = 3 * cap
    found = _ask(conn, _NEAR, entity, rev, keys, most + 1)
    if sum(one.shared for one in found) <= most:
        return found, {}
    text = orjson.dumps(sorted(keys)).decode()
    counted = fetch(conn, _CROWDS, (entity, cap + 1, text))
    crowded = {key: count for key, count in counted if count > cap}
    every = {one.record: one for one in _ask(conn, _COMPANIONS, entity, rev, crowded, _EVERY)} if crowded else {}
    for one in _ask(conn, _NEAR, entity, rev, set(keys) - set(crowded), _EVERY):
        both = every.get(one.record)
        every[one.record] = one._replace(shared=one.shared + both.shared) if both else one
    return list(every.values()), crowded


def homes(conn: Connection, records: Collection[int]) -> dict[int, int]:
    """Record -> the golden record it belongs to now, as the crosswalk says it."""
    return dict(fetch(conn, _HOMES, (orjson.dumps(list(records)).decode(),))) if records else {}


def of_members(conn: Connection, rev: int, goldens: Collection[int]) -> list[tuple[int, str]]:
    """(golden id, features) of every record of these golden records."""
    return fetch(conn, _MEMBERS, (rev, orjson.dumps(list(goldens)).decode())) if goldens else []


def _ask(
    conn: Connection, how: Mapping[str, str], entity: str, rev: int, keys: Collection[str], most: int
) -> list[Near]:
    if not keys:
        return []
    return [Near(*row) for row in fetch(conn, how, (entity, orjson.dumps(list(keys)).decode(), most, rev))]
