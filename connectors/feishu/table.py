"""Reads a bitable (多维表格), which tenants keep as a list of customers or contracts.

There is no feed of changes, and pages come with a token that nobody promises to stand still: the whole table is walked
until a walk meets nothing new. Each record comes once; what did not change is dropped by its hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.base import PROVEN, Completeness, Page, Pages, RawRow
from connectors.feishu.client import FeishuClient
from connectors.feishu.config import TableConfig
from goldbridge.errors import Halt
from goldbridge.ports import Json

_WALKS = 4
_REPEATS = 3


def read_table(client: FeishuClient, name: str, table: TableConfig) -> Pages:
    seen: set[str] = set()
    for _ in range(_WALKS):
        first, before, hollow, pages = not seen, len(seen), False, 0
        for rows, is_hollow in _walk(client, name, table):
            hollow, pages = hollow or is_hollow, pages + 1
            fresh = [row for row in rows if str(row.get("record_id") or "") not in seen]
            seen.update(str(row.get("record_id") or "") for row in fresh)
            if fresh:
                yield Page([_row(row) for row in fresh])
        if not hollow and (pages == 1 if first else len(seen) == before):
            return PROVEN
    return Completeness(False, f"table {name} did not stand still while it was read")


def _walk(client: FeishuClient, name: str, table: TableConfig) -> Iterator[tuple[list[RawRow], bool]]:
    """Pages until no more follow, each with whether it was empty although more should follow.

    Such a page, or one that comes twice, is asked for again.
    """
    token, tokens = "", {""}
    before: list[str] = []
    repeats = 0
    while True:
        records, following = client.table_page(name, table, token)
        keys = [str(record.get("record_id") or "") for record in records]
        suspect = keys == before if keys else bool(following)
        if suspect and repeats < _REPEATS:
            repeats += 1
            continue
        if (suspect and keys) or following in tokens - {""}:
            raise Halt("CON252", f"{client.http.system} {name}: paging loop: the table does not go on")
        repeats = 0
        yield records, suspect
        if not following:
            return
        tokens.add(following)
        token, before = following, keys


def _row(record: RawRow) -> RawRow:
    fields = record.get("fields")
    return {
        "record_id": str(record.get("record_id") or ""),
        "created_time": _text(record.get("created_time")),
        "last_modified_time": _text(record.get("last_modified_time")),
        "fields": {name: _plain(value) for name, value in fields.items()} if isinstance(fields, dict) else {},
    }


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _plain(value: Json) -> Any:
    """Text comes in pieces that differ in looks; their words are what counts. Anything else stays as it is."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(each, dict) and each.get("type") == "text" for each in value)
    ):
        return "".join(str(each.get("text") or "") for each in value if isinstance(each, dict))
    return value
