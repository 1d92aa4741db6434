"""A small project to run flows on: two SQL sources in files of their own, a model, mappings, and any state store."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

from flows.hub import Hub
from flows.runner import Options, Result, run_flow
from goldbridge.clock import Clock
from goldbridge.settings.project import load_project

MODEL = """
entities:
  party:
    mastered: true
    roles: {customer: {}, dealer: {}}
    fields:
      name: {type: text, required: true}
      former_names: {type: text, many: true}
      credit_code: {type: credit_code, identifier: hard}
      phones: {type: phone, many: true, identifier: soft}
      address: {type: address}
"""
SOURCES = """
sources:
  crm:
    connector: sql
    url: {secret: CRM_URL}
    zone: Asia/Shanghai
    streams:
      account: {table: ACCOUNT, key: ID, cursor: AT, deleted: {GONE: ["1"]}}
  erp:
    connector: sql
    url: {secret: ERP_URL}
    zone: UTC
    streams:
      partner: {table: ACCOUNT, key: ID, cursor: AT, deleted: {GONE: ["1"]}}
"""
FLOWS = """
flows:
  crm: {ingest: crm.account}
  erp: {ingest: erp.partner}
  parties: {master: [party], after: [crm, erp]}
"""
MAPPING = """
mapping: %s
target: party
key: ID
fields:
  name: {from: NAME, via: [blank, organisation], required: true}
  role: {value: customer}
  credit_code: {from: CODE, via: [blank, credit_code]}
  phones: {from: [TEL], via: [blank, phones]}
  address: {from: ADDRESS, via: [blank, address]}
drop: [AT, GONE]
"""
COLUMNS = ("ID", "NAME", "CODE", "TEL", "ADDRESS", "GONE", "AT")


class Bench:
    """The project's folder, its sources' databases, and the flows to run on them."""

    def __init__(self, root: Path, state_url: str, clock: Clock) -> None:
        self.root, self.clock = root, clock
        root.mkdir()
        self.write("config/model.yaml", MODEL)
        self.write("config/sources.yaml", SOURCES)
        self.write("config/settings.yaml", f'state: {{url: "{state_url}"}}\n')
        self.write("config/survivorship.yaml", "party: {name: {order: [source_rank: [erp, crm], recency]}}\n")
        self.write("flows.yaml", FLOWS)
        self.write("mappings/crm/account.yaml", MAPPING % "crm.account")
        self.write("mappings/erp/partner.yaml", MAPPING % "erp.partner")
        for system in ("crm", "erp"):
            with sqlite3.connect(self.database(system)) as conn:
                conn.execute(f"CREATE TABLE ACCOUNT ({', '.join(COLUMNS)}, PRIMARY KEY (ID))")
        secrets = root / "config/secrets.env"
        secrets.write_text("".join(f"{s.upper()}_URL=sqlite:///{self.database(s)}\n" for s in ("crm", "erp")))
        secrets.chmod(0o600)

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(text), encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a file of the project; fails when there is nothing to change."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")

    def database(self, system: str) -> Path:
        return self.root / f"{system}.sqlite"

    def put(self, system: str, *rows: Sequence[str | None]) -> None:
        """Insert or replace rows: (ID, NAME, CODE, TEL, ADDRESS, GONE, AT)."""
        with sqlite3.connect(self.database(system)) as conn:
            conn.executemany(f"INSERT OR REPLACE INTO ACCOUNT VALUES ({', '.join('?' * len(COLUMNS))})", rows)

    def remove(self, system: str, *keys: str) -> None:
        with sqlite3.connect(self.database(system)) as conn:
            conn.executemany("DELETE FROM ACCOUNT WHERE ID = ?", [(key,) for key in keys])

    def hub(self) -> Hub:
        return Hub(load_project(self.root), self.clock)

    def run(self, *names: str, **options: bool) -> list[Result]:
        """Run flows in a hub of their own, as a command would."""
        with self.hub() as hub:
            return [run_flow(hub, name, options=Options(**options)) for name in names]


def row(key: str, name: str | None, **more: str | None) -> tuple[str | None, ...]:
    """One row of a source; `at` in the source's own zone."""
    return (
        key, name, more.get("code"), more.get("tel"), more.get("address"), more.get("gone", "0"),
        more.get("at", "2026-02-01 08:00:00"),
    )  # fmt: skip
