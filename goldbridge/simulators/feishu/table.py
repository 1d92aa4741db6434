"""Bitable tables: records of named fields, read in pages."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from goldbridge.simulators.kit import Call, Refused

MAX_PAGE = 500


class Table:
    """One table of an app; text is shown in pieces."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, Any]] = {}
        self._added = 0
        self._last: list[dict[str, Any]] = []

    def add(self, fields: dict[str, Any], at_ms: int) -> str:
        self._added += 1
        key = "rec" + blake2b(str(self._added).encode(), digest_size=6).hexdigest()
        shown = {
            name: [{"type": "text", "text": value}] if isinstance(value, str) else value
            for name, value in fields.items()
        }
        self._records[key] = {"record_id": key, "fields": shown, "created_time": at_ms, "last_modified_time": at_ms}
        return key

    def remove(self, key: str) -> None:
        del self._records[key]

    def keys(self) -> list[str]:
        return list(self._records)

    def search(self, call: Call) -> dict[str, Any]:
        """A page in the order of the table; times only when they are asked for."""
        body = call.json if isinstance(call.json, dict) else {}
        size, token = call.query.get("page_size", "20"), call.query.get("page_token", "")
        if not size.isdigit() or not 1 <= int(size) <= MAX_PAGE:
            raise Refused("99992351", "page_size is invalid")
        start = int(token.removeprefix("bt") or 0)
        found = list(self._records.values())
        page = found[start : start + int(size)]
        if (short := call.fault("short_page")) and page:
            page = page[: max(0, len(page) - short.rows)]
        following = start + len(page)
        if start and call.fault("duplicate_page"):
            page = self._last
        self._last = page
        hidden = () if body.get("automatic_fields") else ("created_time", "last_modified_time")
        items = [{name: value for name, value in record.items() if name not in hidden} for record in page]
        more = following < len(found)
        shown = {"items": items, "has_more": more, "total": len(found)}
        return shown | ({"page_token": f"bt{following}"} if more else {})
