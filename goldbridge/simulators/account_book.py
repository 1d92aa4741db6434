"""The ERP's partners once more, as customers and suppliers of a Kingdee account book.

The database stays the one place where people work; the book follows it whenever it is asked after somebody wrote there.
Nothing is read before the first question, so that a landscape whose ERP is the database pays nothing for the book.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from goldbridge.simulators.kingdee import Kingdee
from goldbridge.simulators.kit import Answer, Call, Endpoint, SimClock
from goldbridge.simulators.world import World
from goldbridge.simulators.world.moment import local_text

CUSTOMER, SUPPLIER = "BD_Customer", "BD_Supplier"
_KINDS = {"C": "普通销售客户", "A": "经销商"}
_COLUMNS = "FNUMBER, FNAME, FTYPE, FTAXNO, FPHONE, FADDRESS, FCAPITAL, FSTATUS, FMODIFYTIME"
_ORGANISATION = "100"


class AccountBook(Kingdee):
    """A Kingdee account book over the ERP's database."""

    def __init__(self, erp: Path, *, clock: SimClock, limits: str, seed: int) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed)
        self._erp = erp
        self._kept: dict[str, tuple[Any, ...]] = {}
        self._read_at = (0, 0)

    def handle(self, call: Call, endpoint: Endpoint) -> Answer:
        self._follow()
        return super().handle(call, endpoint)

    def _follow(self) -> None:
        """Take over what changed in the database since the last call."""
        written_at = max(path.stat().st_mtime_ns for path in self._files() if path.exists())
        sizes = sum(path.stat().st_size for path in self._files() if path.exists())
        if (written_at, sizes) == self._read_at:
            return
        self._read_at = (written_at, sizes)
        with closing(sqlite3.connect(self._erp, timeout=30)) as database:
            rows = database.execute(f"SELECT {_COLUMNS} FROM BD_PARTNER ORDER BY FNUMBER").fetchall()  # noqa: S608
        for row in rows:
            if self._kept.get(row[0]) != row:
                self._take(row)
                self._kept[row[0]] = row

    def _files(self) -> tuple[Path, Path]:
        return self._erp, self._erp.with_name(f"{self._erp.name}-wal")

    def _take(self, row: tuple[Any, ...]) -> None:
        form, values = converted(row)
        key = values[self.book.form(form).key]
        if key in self.book.tables[form]:
            self.book.touch(form, self.book.row(form, key), values)
        else:
            self.book.load({form: [values]})


def converted(row: tuple[Any, ...]) -> tuple[str, dict[str, Any]]:
    """A partner as a record of the book: its form, its fields. Internal ids follow the partner's number."""
    number, name, kind, tax, phone, address, capital, status, modified = row
    values = {
        "FNumber": number,
        "FName": name,
        "FTAXREGISTERCODE": tax,
        "FSOCIALCRECODE": tax if tax and len(tax) == 18 else "",
        "FTEL": phone,
        "FADDRESS": address,
        "F_GB_CAPITAL": capital,
        "FForbidStatus": "B" if status == "F" else "A",
        "FUseOrgId": _ORGANISATION,
        "FModifyDate": local_text(datetime.fromisoformat(modified).replace(tzinfo=UTC)),
    }
    if kind == "V":
        return SUPPLIER, values | {"FSupplierId": internal_id(number)}
    return CUSTOMER, values | {"FCUSTID": internal_id(number), "FCUSTTYPE": _KINDS[kind]}


def internal_id(number: str) -> int:
    return 100_000 + int(number[2:])


def records(world: World) -> dict[str, dict[str, str]]:
    """Which company every record of the book is really about, by stream and internal id."""
    found: dict[str, dict[str, str]] = {"erp.customer": {}, "erp.supplier": {}}
    for entry in world.erp:
        stream = "erp.supplier" if entry.row["FTYPE"] == "V" else "erp.customer"
        found[stream][str(internal_id(str(entry.row["FNUMBER"])))] = entry.company.id
    return found
