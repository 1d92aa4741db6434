"""Two real taps of different families read a PostgreSQL through a flow: an old one with singer-python's habits, and one
of the Meltano SDK. Both say what they offer, read a table, read on from their STATE, and read the whole table again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

import orjson
import psycopg
import pytest

from connectors.singer.connector import VARIABLE
from flows.runner import Result
from flows.system import examine
from goldbridge.clock import FrozenClock
from goldbridge.settings.project import load_project
from goldbridge.state import cursor, landing
from tests.clients.environment import python
from tests.flows.bench import FLOWS, MAPPING, SOURCES, Bench

TABLE: LiteralString = """
CREATE SCHEMA shop;
CREATE TABLE shop.account (
    "ID" text PRIMARY KEY, "NAME" text, "CODE" text, "TEL" text, "ADDRESS" text, "GONE" text, "PRICE" numeric(38, 10),
    "AT" timestamptz NOT NULL
)
"""
INSERT: LiteralString = 'INSERT INTO shop.account ("ID", "NAME", "PRICE", "AT") VALUES (%s, %s, %s, %s)'
PRICE = "1234567890.1234567891"


@dataclass(frozen=True)
class Family:
    """How one tap wants to be told things. `repeats`: rows that it says again when it reads on from its STATE."""

    requirement: str
    stream: Mapping[str, Any]
    settings: Callable[[psycopg.ConnectionInfo], Mapping[str, Any]]
    repeats: int = 1


def _meltano(info: psycopg.ConnectionInfo) -> Mapping[str, Any]:
    url = f"postgresql+psycopg2://{info.user}:none@localhost:{info.port}/{info.dbname}?host={quote(info.host)}"
    return {"sqlalchemy_url": url, "filter_schemas": ["shop"], "emit_activate_version_messages": True}


def _pipelinewise(info: psycopg.ConnectionInfo) -> Mapping[str, Any]:
    where = {"host": info.host, "port": info.port, "user": info.user, "password": "none", "dbname": info.dbname}
    return {**where, "filter_schemas": "shop"}


FAMILIES = {
    "meltano sdk": Family("meltanolabs-tap-postgres==0.10.0", {"stream": "shop-account"}, _meltano),
    "singer python": Family("pipelinewise-tap-postgres==2.1.0", {"stream": "shop-account"}, _pipelinewise),
}


class Shop:
    def __init__(self, bench: Bench, family: Family, tap: Path, source: str) -> None:
        self.bench, self.family, self.tap, self.source = bench, family, tap, source
        bench.write("flows.yaml", FLOWS + "  shop: {ingest: shop.account}\n")
        bench.write("mappings/shop/account.yaml", (MAPPING % "shop.account").replace("[AT, GONE]", "[AT, GONE, PRICE]"))

    def reads(self, **stream: Any) -> None:
        with psycopg.connect(self.source) as conn:
            settings = self.family.settings(conn.info)
        entry = {
            "connector": "singer",
            "command": [str(self.tap)],
            "config": settings,
            "streams": {"account": {**self.family.stream, **stream}},
        }
        self.bench.write("config/sources.yaml", f"{SOURCES}\n  shop: {orjson.dumps(entry).decode()}\n")

    def put(self, *rows: tuple[str, str, str]) -> None:
        with psycopg.connect(self.source) as conn:
            conn.cursor().executemany(INSERT, [(id, name, PRICE, at) for id, name, at in rows])

    def run(self, **options: bool) -> Result:
        (result,) = self.bench.run("shop", **options)
        assert result.counters.balanced()
        return result

    def landed(self) -> dict[str, dict[str, Any]]:
        with self.bench.hub() as hub, hub.store.read() as conn:
            return {each.key: each.raw or {} for each in landing.scan_all(conn, raw=True)}

    def state(self) -> str:
        with self.bench.hub() as hub, hub.store.read() as conn:
            held = cursor.load(conn, "shop")
        return held.tie if held else ""


@pytest.fixture(params=FAMILIES)
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str, postgres_url: str, clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:  # fmt: skip
    family = FAMILIES[request.param]
    tap = python(family.requirement).parent / "tap-postgres"
    monkeypatch.setenv(VARIABLE, str(tap))
    with psycopg.connect(postgres_url) as conn:
        conn.execute(TABLE)
    return Shop(Bench(tmp_path / "project", sqlite_url, clock), family, tap, postgres_url)


@pytest.mark.client
@pytest.mark.postgres
@pytest.mark.slow
def test_it_reads_a_table_and_then_only_what_is_new(shop: Shop) -> None:
    shop.reads(key=["ID"], replication="incremental", replication_key="AT")
    shop.put(*((f"A{n}", f"杭州甲{n}号机械有限公司", f"2026-02-0{n}T08:00:00Z") for n in range(1, 6)))
    (examined,) = examine(load_project(shop.bench.root), ["shop"], limit_s=60)
    assert [(check.step, check.outcome, check.message) for check in examined.checks if check.outcome != "ok"] == []

    first = shop.run()
    assert first.counters.applied == 5
    assert shop.landed()["A1"]["PRICE"] == PRICE
    assert "2026-02-05" in shop.state()

    again = shop.run()
    assert (again.counters.applied, again.counters.read) == (0, shop.family.repeats)
    assert again.completeness.startswith("unproven: the tap went on from its STATE")

    shop.put(("B1", "杭州乙机械有限公司", "2026-02-07T08:00:00Z"))
    later = shop.run()
    assert (later.counters.applied, later.counters.read) == (1, 1 + shop.family.repeats)
    assert set(shop.landed()) == {"A1", "A2", "A3", "A4", "A5", "B1"}


@pytest.mark.client
@pytest.mark.postgres
@pytest.mark.slow
def test_a_whole_table_is_proven_by_its_version_and_finds_what_was_deleted(shop: Shop) -> None:
    shop.reads(key=["ID"], replication="full_table")
    shop.put(*((f"A{n:02}", f"杭州甲{n}号机械有限公司", "2026-02-01T08:00:00Z") for n in range(40)))
    assert shop.run().completeness == "proven"
    with psycopg.connect(shop.source) as conn:
        conn.execute("""DELETE FROM shop.account WHERE "ID" = 'A07'""")
    shop.bench.clock.wait(60)
    result = shop.run(full=True)
    assert (result.completeness, result.counters.other["deleted"]) == ("proven", 1)
    assert "A07" not in shop.landed()
