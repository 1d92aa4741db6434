"""A pretend OData service with companies, and what the tests of all connectors that speak OData need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from connectors.base import Page, Position, Reader, Reading, Window, Write
from connectors.odata import Odata as OdataConnector
from goldbridge.clock import FrozenClock
from goldbridge.simulators.odata import EntitySet, Odata
from goldbridge.state import cursor
from tests.connectors.rig import NOON, MemoryStore, connect, sim_clock

COMPANY = EntitySet(
    "Companies",
    "Company",
    ("ID",),
    {
        "ID": "Edm.String", "Name": "Edm.String", "ChangedAt": "Edm.DateTimeOffset", "Capital": "Edm.Decimal",
        "Number": "Edm.Int64", "Staff": "Edm.Int32", "Ours": "Edm.String", "Active": "Edm.Boolean",
    },
    changed=("ChangedAt",),
    numbered="1000",
    required=("Name",),
    alternate=(("Ours",),),
    longest={"Name": 40},
    children={"Lines": ("Lines", "Company")},
)  # fmt: skip
LINE = EntitySet(
    "Lines",
    "Line",
    ("Company", "Position"),
    {"Company": "Edm.String", "Position": "Edm.Int32", "Text": "Edm.String", "Version": "Edm.Int64"},
    changed=("Version",),
    alternate=(("Text",),),
)
STREAM = {
    "key": "ID", "cursor": "ChangedAt", "external_id": "Ours", "deactivate": {"Active": False},
    "deleted": {"Active": ["False"]},
}  # fmt: skip


def company(number: int, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    at = at or NOON - timedelta(seconds=1_000_000 - number)
    return {
        "ID": f"{number:06d}", "Name": f"示例{number:04d}号有限公司", "ChangedAt": at, "Capital": "3000000.10",
        "Number": 9_007_199_254_740_993 + number, "Staff": number, "Active": True, **more,
    }  # fmt: skip


class Desk:
    """A service with rows, and connectors in front of it."""

    def __init__(self, count: int = 0, *, version: int = 4, rows: Any = None, **options: Any) -> None:
        self.clock = FrozenClock(NOON)
        found = rows or {"Companies": [company(number) for number in range(count)]}
        self.sim = Odata((COMPANY, LINE), found, version=version, clock=sim_clock(self.clock), **options)
        self.store = MemoryStore()

    def connect(self, stream: Any = None, **more: Any) -> OdataConnector:
        settings = {
            "base_url": "http://127.0.0.1/odata", "user": "odata-sandbox", "password": "odata-sandbox-password",
            "writes": "enabled", "streams": {"Companies": {**STREAM, **(stream or {})}}, "page_size": 100, **more,
        }  # fmt: skip
        made: OdataConnector = connect(OdataConnector, self.sim, self.clock, store=self.store, **settings)
        return made

    def ids(self, name: str = "Companies") -> list[str]:
        return [row["ID"] for row in self.sim.rows(name)]


def read(
    reader: Reader[Any], stream: str = "Companies", start: Position | None = None, end: str | None = None
) -> tuple[list[dict[str, Any]], list[Page], Any]:
    """All rows of a window, its pages, and the verdict; positions only ever grow as the state store orders them."""
    found = reader.streams[stream]
    reading = Reading(reader.read(found, Window(start, end if end is not None else reader.bound(found))))
    pages = list(reading)
    positions = [start or Position(""), *(page.at for page in pages if page.at is not None)]
    for before, after in pairwise(positions):
        held = cursor.Cursor("f", "", before.cursor, before.tie, "", "", 0, "", False, 0, "")
        assert not cursor.behind(held, after.cursor, after.tie)
    return [row for page in pages for row in page.rows], pages, reading.completeness


def write(connector: Any, *batch: Write, stream: str = "Companies") -> list[Any]:
    results = connector.write(connector.streams[stream], batch)
    assert sorted(result.external_id for result in results) == sorted(write.external_id for write in batch)
    return sorted(results, key=lambda result: [write.external_id for write in batch].index(result.external_id))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
