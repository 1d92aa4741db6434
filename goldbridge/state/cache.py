"""Answers of look-ups (maps, registries), negative ones too, so that one question is paid for once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json


class CachedAnswer(NamedTuple):
    """What a look-up returned for `terms`, and when it was asked."""

    terms: Mapping[str, str]
    found: bool
    stream: str
    key: str
    row: dict[str, Json]
    reason: str
    asked_at: str


def terms_hash(terms: Mapping[str, str]) -> str:
    """The name of a question: equal for equal terms."""
    raise NotImplementedError


def load(
    conn: Connection, system: str, question: str, terms: Sequence[Mapping[str, str]], *, not_before: str = ""
) -> dict[str, CachedAnswer]:
    """terms_hash -> answer for those asked at or after `not_before` (ISO UTC)."""
    raise NotImplementedError


def save(conn: Connection, system: str, question: str, answers: Sequence[CachedAnswer]) -> None:
    """Keep answers; an older one to the same question is replaced."""
    raise NotImplementedError


def prune(conn: Connection, before: str) -> int:
    """Drop answers asked before `before`."""
    raise NotImplementedError
