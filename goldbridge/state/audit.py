"""Who did what, as a chain of keyed digests. It never holds content, so that an erase does not break it.

Each row's digest covers the row and the digest before it; a sealed head, kept apart, shows rows cut off at the end.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import Connection, select, text

from goldbridge.errors import Halt
from goldbridge.ports import Json
from goldbridge.state import document
from goldbridge.state.bulk import Insert
from goldbridge.state.engine import now
from goldbridge.state.instance import read_meta, write_meta
from goldbridge.state.tables import audit

BATCH = 5_000
_HEAD = "audit_head"


class AuditRow(NamedTuple):
    """`subject` names what was acted on (e.g. `decision:17`); `detail_digest` proves the detail without holding it."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail_digest: str
    digest: str


_append = Insert(audit, AuditRow._fields)


class Audit:
    """Appends to the chain and verifies it; `key` from `vault.derive(key, "audit")`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def append(self, conn: Connection, actor: str, action: str, subject: str, detail: Json = None) -> int:
        """Add one row; returns its seq."""
        if conn.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('goldbridge.audit'))"))
        query = select(audit.c.seq, audit.c.digest).order_by(audit.c.seq.desc()).limit(1)
        last = conn.execute(query).one_or_none()
        seq, before = (last.seq + 1, last.digest) if last else (1, "")
        row = AuditRow(seq, now(conn), actor, action, subject, self._digest(["detail", detail]), "")
        row = row._replace(digest=self._link(before, row))
        _append(conn, [row])
        write_meta(conn, {_HEAD: self._head(row)})
        return seq

    def verify(self, conn: Connection) -> int:
        """The number of rows proven; raises `Halt` STA019 naming the first broken row."""
        before, expected, last = "", 1, None
        while rows := read(conn, after=expected - 1, limit=BATCH):
            for row in rows:
                if row.seq != expected:
                    raise _broken(expected, "is missing")
                if not hmac.compare_digest(row.digest, self._link(before, row)):
                    raise _broken(row.seq, "was changed, or the row before it was")
                before, expected, last = row.digest, expected + 1, row
        sealed = read_meta(conn).get(_HEAD, "")
        if sealed != (self._head(last) if last else ""):
            raise _broken(expected, "is missing at the end")
        return expected - 1

    def proves(self, row: AuditRow, detail: Json) -> bool:
        """Whether `detail` is what the row was written for."""
        return hmac.compare_digest(row.detail_digest, self._digest(["detail", detail]))

    def _link(self, before: str, row: AuditRow) -> str:
        return self._digest(["row", before, *row[:-1]])

    def _head(self, row: AuditRow) -> str:
        return self._digest(["head", row.seq, row.digest])

    def _digest(self, value: Json) -> str:
        return blake2b(document.encode(value), key=self._key, digest_size=32).hexdigest()


def _broken(seq: int, why: str) -> Halt:
    return Halt(
        "STA019",
        f"the audit is broken at row {seq}: it {why}; what follows proves nothing. Keep a copy and find out who",
    )


def read(conn: Connection, *, after: int = 0, limit: int = 100) -> list[AuditRow]:
    """Rows by ascending seq after `after`."""
    query = select(*(audit.c[name] for name in AuditRow._fields)).where(audit.c.seq > after)
    return [AuditRow(*row) for row in conn.execute(query.order_by(audit.c.seq).limit(limit))]
