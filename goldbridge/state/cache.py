"""Answers of look-ups (maps, registries), negative ones too, so that one question is paid for once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert, one_of
from goldbridge.state.tables import lookup_cache


class CachedAnswer(NamedTuple):
    """What a look-up returned for `terms`, and when it was asked."""

    terms: Mapping[str, str]
    found: bool
    stream: str
    key: str
    row: dict[str, Json]
    reason: str
    asked_at: str


_row = lookup_cache.c
_FIELDS = tuple(lookup_cache.c.keys())
_PLACE = ("system", "question", "terms_hash")
_put = Insert(lookup_cache, _FIELDS, conflict=_PLACE, update=[name for name in _FIELDS if name not in _PLACE])


def terms_hash(terms: Mapping[str, str]) -> str:
    """The name of a question: equal for equal terms."""
    return document.digest(dict(terms))


def load(
    conn: Connection, system: str, question: str, terms: Sequence[Mapping[str, str]], *, not_before: str = ""
) -> dict[str, CachedAnswer]:
    """terms_hash -> answer for those asked at or after `not_before` (ISO UTC)."""
    if not terms:
        return {}
    query = select(_row.terms_hash, *(_row[name] for name in CachedAnswer._fields))
    query = query.where(_row.system == system, _row.question == question, _row.asked_at >= not_before)
    found = conn.execute(
        query.where(one_of(_row.terms_hash, {terms_hash(one) for one in terms})).order_by(_row.terms_hash)
    )
    return {row.terms_hash: CachedAnswer._make([row[1], bool(row.found), *row[3:]]) for row in found}


def save(conn: Connection, system: str, question: str, answers: Sequence[CachedAnswer]) -> None:
    """Keep answers; an older one to the same question is replaced."""
    rows = {}
    for one in answers:
        name = terms_hash(one.terms)
        what = (document.dump(dict(one.terms)), int(one.found), one.stream, one.key, document.dump(one.row))
        rows[name] = (system, question, name, *what, one.reason, one.asked_at)
    _put(conn, list(rows.values()))


def prune(conn: Connection, before: str) -> int:
    """Drop answers asked before `before`."""
    return conn.execute(delete(lookup_cache).where(_row.asked_at < before)).rowcount
