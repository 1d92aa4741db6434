"""The archives and documents of the tenant. `pubts` moves with every change; codes are unique."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from goldbridge.simulators.kit import SimClock

Row = dict[str, Any]
_ZONE_S = 8 * 3600
_FIRST = 2_410_000_000_000_001


class Archive(NamedTuple):
    """One kind: how it is listed (a bare list or a record list) and where the time of change is asked for."""

    path: str
    since: str
    bare: bool = False
    required: tuple[str, ...] = ("name",)
    order: bool = False


ARCHIVES: Mapping[str, Archive] = {
    "customer": Archive("/yonbip/digitalModel/merchant/newlist", "pubts", bare=True),
    "supplier": Archive("/yonbip/digitalModel/vendor/list", "simple"),
    "product": Archive("/yonbip/digitalModel/product/listproductbycondition", "none"),
    "opportunity": Archive("/yonbip/crm/oppt/bill/list", "none"),
    "order": Archive("/yonbip/sd/voucherorder/list", "vos", required=(), order=True),
    "invoice": Archive("/yonbip/sd/vouchersaleinvoice/list", "vos", required=(), order=True),
}


class Wrong(Exception):
    """A record that is not taken."""


class Store:
    """All rows, in memory."""

    def __init__(self, clock: SimClock, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        self.clock = clock
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in ARCHIVES}
        self._next = _FIRST
        for name, items in rows.items():
            for item in items:
                self.put(name, {"pubts": self.now(), **item})

    def now(self) -> str:
        return datetime.fromtimestamp(self.clock.now() + _ZONE_S, UTC).strftime("%Y-%m-%d %H:%M:%S")

    def put(self, name: str, row: Row) -> Row:
        key = int(row.get("id") or self._next)
        self._next = max(self._next, key) + 1
        self.tables[name][key] = {**row, "id": key}
        return self.tables[name][key]

    def listed(self, name: str) -> list[Row]:
        """In the order of change: an edited row moves to the end, and those behind it move up."""
        return sorted(self.tables[name].values(), key=lambda row: (str(row["pubts"]), row["id"]))

    def by_code(self, name: str, code: Any) -> Row | None:
        return next((row for row in self.tables[name].values() if row.get("code") == code), None)

    def save(self, name: str, sent: Mapping[str, Any], status: str) -> tuple[Row, bool]:
        """The row, and whether it was there already (an insert of a code that is taken). Raises `Wrong`."""
        values = {key: value for key, value in sent.items() if key not in ("_status", "resubmitCheckKey", "id")}
        found = self.tables[name].get(int(sent["id"])) if sent.get("id") else None
        found = found or (self.by_code(name, sent.get("code")) if status != "Update" else None)
        if status == "Update" and found is None:
            raise Wrong("数据不存在")
        if status == "Insert" and found is not None:
            return found, True
        for children in (value for value in values.values() if isinstance(value, list)):
            if any(isinstance(child, dict) and "_status" not in child for child in children):
                raise Wrong("子表_status不能为空")
        merged = {**(found or {}), **values}
        for field in (*ARCHIVES[name].required, "code"):
            if not merged.get(field):
                raise Wrong(f"{field}不能为空")
        return self.put(name, {**merged, "pubts": self.now()}), False
