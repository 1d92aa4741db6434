"""Systems, streams and connectors as flows name them; a connector of another package is one like ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import psycopg
import pytest

from flows.glance import Spending
from goldbridge.clock import FrozenClock
from goldbridge.settings.project import load_project
from tests.bad_input.desk import hear
from tests.flows.bench import Bench
from tests.flows.bench_crm import CrmBench, company

MAP = """
  map: {connector: amap, key: {secret: MAP_KEY}}
  new_crm:
"""
GEOCODE = """
mapping: %s
target: party
key: key
partial: true
fields: {address.line: {from: formatted_address}}
"""
PLUGIN = '''
from connectors.base import ConnectorConfig, Stream, WriteResult, Writer


class Warehouse(Writer[ConnectorConfig]):
    """Writes to a warehouse that never says what it has, and refuses who has a telephone."""

    kind = "warehouse"
    config_model = ConnectorConfig
    streams = {"partner": Stream("partner", key="id", writable=True, external_id="golden_id")}

    def write(self, stream, batch):
        return [
            WriteResult(one.external_id, "rejected", message="no telephones here", field="tel")
            if "tel" in one.values
            else WriteResult(one.external_id, "written", key=one.external_id)
            for one in batch
        ]

    def read_back(self, stream, external_ids):
        return {}
'''
OUT = """
mapping: warehouse.partner.out
source: party
target: warehouse.partner
fields:
  golden_id: {from: id}
  name: {from: name}
  tel: {from: phones, via: [first]}
"""


@pytest.fixture
def crm(sqlite_crm: CrmBench, monkeypatch: pytest.MonkeyPatch) -> CrmBench:
    monkeypatch.chdir(sqlite_crm.root)
    return sqlite_crm


def test_flw020_a_connector_that_nobody_brings(crm: CrmBench, capsys: pytest.CaptureFixture[str]) -> None:
    crm.edit("config/sources.yaml", "connector: fxiaoke", "connector: fxaioke")
    said = hear(crm.root, capsys, "check")
    assert said.status == 2
    assert said.error == ("config/sources.yaml:19:16: FLW020 there is no connector 'fxaioke'; did you mean 'fxiaoke'?")


@pytest.mark.parametrize(
    ("old", "new", "flow", "message"),
    [
        (
            "crm: {ingest: crm.account}", "crm: {ingest: crm.acount, mapping: crm.account}", "crm",
            "3:17: FLW021 'crm' has no stream 'acount'; did you mean 'account'?",
        ),
        (
            "people: {ingest: crm.contact}", "people: {ingest: map.geocode}", "people",
            "5:20: FLW021 map.geocode: connector 'amap' does not read streams",
        ),
        (
            "people: {ingest: crm.contact}", "people: {enrich: party, with: [map.geocode, map.geocod]}", "people",
            "5:47: FLW021 'map' does not answer 'geocod'; did you mean 'geocode'?",
        ),
        (
            "people: {ingest: crm.contact}", "people: {enrich: party, with: [crm.contact]}", "people",
            "5:34: FLW021 'crm' does not answer 'contact'; known: none",
        ),
        (
            "people: {ingest: crm.contact}", "people: {publish: party, to: erp.partner, mapping: erp.partner.out}",
            "people", "5:32: FLW021 erp.partner: connector 'sql' does not write it",
        ),
    ],
    ids=["no such stream", "no reader", "no such question", "no look-up", "no writer"],
)  # fmt: skip
def test_flw021_a_system_that_does_not_do_this(
    crm: CrmBench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    old: str, new: str, flow: str, message: str,
) -> None:  # fmt: skip
    crm.edit("config/sources.yaml", "\n  new_crm:\n", MAP)
    monkeypatch.setenv("MAP_KEY", "nobody-asks-it")
    for name in ("map.geocode", "map.geocod"):
        crm.write(f"mappings/{name.replace('.', '/')}.yaml", GEOCODE % name)
    crm.write("mappings/erp/partner.out.yaml", OUT.replace("warehouse", "erp"))
    crm.edit("flows.yaml", old, new)
    said = hear(crm.root, capsys, "run", flow)
    assert (said.status, said.error) == (2, f"flows.yaml:{message}")


@pytest.fixture
def warehouse(crm: CrmBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CrmBench]:
    """A project that writes to a system whose connector an installed package brings."""
    site = tmp_path / "site"
    info = site / "crm_warehouse-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "crm_warehouse.py").write_text(PLUGIN, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crm-warehouse\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[goldbridge.connectors]\nwarehouse = crm_warehouse:Warehouse\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(site)
    crm.edit(
        "config/sources.yaml", "\n  new_crm:\n", "\n  warehouse: {connector: warehouse, writes: enabled}\n  new_crm:\n"
    )
    crm.write("mappings/warehouse/partner.out.yaml", OUT)
    crm.write(
        "flows.yaml",
        dedent(
            """
            flows:
              crm: {ingest: crm.account}
              parties: {master: [party], after: [crm]}
              stock: {publish: party, to: warehouse.partner, mapping: warehouse.partner.out, after: [parties]}
              proof: {reconcile: [stock], after: [stock]}
            """
        ),
    )
    crm.accounts("crm", company("1", "杭州甲机械有限公司"), company("2", "宁波乙电子有限公司", tel="0574-87654321"))
    yield crm
    sys.modules.pop("crm_warehouse", None)


def test_flw040_what_a_target_refuses_without_a_code_is_set_aside_with_its_words(
    warehouse: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.go("crm", "parties")
    said = hear(warehouse.root, capsys, "run", "stock")
    assert (said.status, said.errors) == (1, [])
    assert said.out == "stock: 2 read = 1 applied, 1 dead letters; 1 target writes\n"
    (letter,) = warehouse.letters()
    assert (letter.code, letter.message, letter.field) == ("FLW040", "no telephones here", "tel")
    assert (letter.system, letter.stream, letter.stage) == ("warehouse", "partner", "write")
    assert str(letter.rule) == "mappings/warehouse/partner.out.yaml:8:8"
    told = hear(warehouse.root, capsys, "dead", "list")
    assert told.status == 1
    assert told.out.split() == [
        str(letter.id),
        "FLW040",
        "warehouse",
        "partner",
        letter.key,
        "no",
        "telephones",
        "here",
    ]


def test_flw050_a_target_that_cannot_be_read_cannot_be_reconciled(
    warehouse: CrmBench, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (("run", "proof"), ("reconcile",)):
        said = hear(warehouse.root, capsys, *words)
        assert said.status == 2
        assert said.error == (
            "flows.yaml:6:23: FLW050 warehouse.partner cannot be read back, so it cannot be compared; leave 'stock' out"
        )


@pytest.mark.postgres
def test_a_look_at_a_system_makes_no_state_in_an_empty_database(
    postgres_url: str, tmp_path: Path, clock: FrozenClock
) -> None:
    """On PostgreSQL the database is there before any state is."""
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute("DROP SCHEMA public CASCADE")
        conn.execute("CREATE SCHEMA public")
    bench = Bench(tmp_path / "project", postgres_url, clock)
    spending = Spending(load_project(bench.root), clock)
    spending.save("crm", "quota", {"used": 3})
    assert spending.load("crm", "quota") is None
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_look_at_a_system_keeps_what_it_spent_and_nothing_else(bench: Bench) -> None:
    spending = Spending(load_project(bench.root), bench.clock)
    spending.save("crm", "quota", {"used": 3})
    spending.save("crm", "token", "secret")
    assert spending.load("crm", "quota") == {"used": 3}
    assert spending.load("crm", "token") is None
