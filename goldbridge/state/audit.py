"""Who did what, as a chain of keyed digests. It never holds content, so that an erase does not break it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from goldbridge.ports import Json


class AuditRow(NamedTuple):
    """`subject` names what was acted on (e.g. `decision:17`); `detail_digest` proves what the detail was, without it."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail_digest: str
    digest: str


class Audit:
    """Appends to the chain and verifies it; `key` from `vault.derive(key, "audit")`."""

    def __init__(self, key: bytes) -> None:
        raise NotImplementedError

    def append(self, conn: Connection, actor: str, action: str, subject: str, detail: Json = None) -> int:
        """Add one row; returns its seq."""
        raise NotImplementedError

    def verify(self, conn: Connection) -> int:
        """The number of rows proven; raises `Halt` STA019 naming the first broken row."""
        raise NotImplementedError

    def proves(self, row: AuditRow, detail: Json) -> bool:
        """Whether `detail` is what the row was written for."""
        raise NotImplementedError


def read(conn: Connection, *, after: int = 0, limit: int = 100) -> list[AuditRow]:
    """Rows by ascending seq."""
    raise NotImplementedError
