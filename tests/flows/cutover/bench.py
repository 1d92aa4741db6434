"""The bench with a way back: the old CRM takes writes too, and a cutover moves companies and people in waves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.cutover.office import control_of, status
from flows.cutover.outcome import Outcome
from flows.cutover.rollback import rollback
from flows.cutover.step import confirm
from flows.runner import run_flow
from goldbridge.clock import Clock, iso
from tests.flows.bench_crm import DEFAULTS, FLOWS, SOURCES, TABLES, CrmBench

CUTOVER = """\
cutover: crm_2026
from: crm
to: new_crm
waves:
  pilot: {entities: [party], where: "address.line.startsWith('广东')"}
  rest: {entities: [party]}
gates:
  bulk_load: ["recon.count.diff == 0", "recon.sum('party.capital_cny').diff == 0", "dead_letters == 0 || waived"]
  shadow: ["lag.p99_s < 300", "hours_in_phase >= 1"]
  freeze: ["recon.hash.diff == 0"]
steps:
  - {name: logins, confirm: people log in to the new CRM}
rollback: {budget: 30 min, keep_reverse: 14 d}
"""
ACCOUNT_OUT = """
mapping: crm.account.out
source: party
target: crm.account
fields:
  NAME: {from: name, required: true}
  CODE: {from: credit_code}
  CAPITAL: {from: capital_cny}
  STATUS: {from: status, lookup: {active: A, inactive: I}}
"""
CONTACT_OUT = """
mapping: crm.contact.out
source: contact
target: crm.contact
fields:
  COMPANY: {from: party, resolve: account}
  NAME: {from: name, required: true}
  MOBILE: {from: mobile}
  TITLE: {from: title}
"""
BACK = """\
  back: {publish: party, to: crm.account, mapping: crm.account.out, after: [everyone]}
  back_people: {publish: contact, to: crm.contact, mapping: crm.contact.out, after: [back]}
"""
PATH = "config/cutover.yaml"


class CutoverBench(CrmBench):
    """`control` runs one command as its own process would: another hub each time."""

    def __init__(self, root: Path, state_url: str, clock: Clock) -> None:
        super().__init__(root, state_url, clock)
        sources = SOURCES % "http://127.0.0.1/fxiaoke"
        for table in ("account", "contact"):
            old = f"{table}: {{table: {table.upper()}, key: ID, cursor: AT"
            sources = sources.replace(old, f"{old}, external_id: GOLDEN", 1)
        sources = sources.replace("zone: Asia/Shanghai", "zone: Asia/Shanghai\n    writes: enabled", 1)
        self.write("config/sources.yaml", sources)
        self.write("flows.yaml", FLOWS.rstrip() + "\n" + BACK)
        self.write("mappings/crm/account.out.yaml", ACCOUNT_OUT)
        self.write("mappings/crm/contact.out.yaml", CONTACT_OUT)
        for name in ("crm/account", "crm/contact"):
            self.edit(f"mappings/{name}.yaml", "drop: [AT, GONE]", "drop: [AT, GONE, GOLDEN, BY]")
        self.write(PATH, CUTOVER)
        with sqlite3.connect(self.database("crm")) as conn:
            for table in ("ACCOUNT", "CONTACT"):
                conn.execute(f"ALTER TABLE {table} ADD COLUMN GOLDEN")
                conn.execute(f"ALTER TABLE {table} ADD COLUMN BY")
                conn.execute(f"CREATE UNIQUE INDEX {table}_GOLDEN ON {table} (GOLDEN)")

    def _fill(self, system: str, table: str, rows: Sequence[dict[str, str | None]]) -> None:
        columns = [*TABLES[table], *(["BY"] if system == "crm" and table != "CONTRACT" else [])]
        with sqlite3.connect(self.database(system)) as conn:
            for row in rows:
                said = {**DEFAULTS, **row}
                sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "ID")
                conn.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
                    f"ON CONFLICT (ID) DO UPDATE SET {sets}",
                    [said.get(name) for name in columns],
                )

    def old_rows(self, table: str = "ACCOUNT") -> list[dict[str, str | None]]:
        """The rows of the old CRM by key."""
        with sqlite3.connect(self.database("crm")) as conn:
            conn.row_factory = sqlite3.Row
            return [dict(row) for row in conn.execute(f"SELECT * FROM {table} ORDER BY ID")]

    # The programme

    def advance(self, wave: str, **options: str | bool) -> Outcome:
        with self.hub() as hub:
            return control_of(hub).advance(wave, **options)  # type: ignore[arg-type]

    def rollback(self, wave: str, **options: str) -> Outcome:
        with self.hub() as hub:
            return rollback(control_of(hub), wave, **options)

    def confirm(self, wave: str, step: str, note: str = "") -> Outcome:
        with self.hub() as hub:
            return confirm(control_of(hub), wave, step, note)

    def waive(self, wave: str, gate: str) -> Outcome:
        until = iso(self.clock.now() + timedelta(days=1))
        with self.hub() as hub:
            return control_of(hub).waive(wave, gate, owner="Chen", reason="no sandbox yet", until=until)

    def status(self, wave: str) -> dict[str, Any]:
        with self.hub() as hub:
            (found,) = status(control_of(hub), [wave])
        return found

    def owner(self, wave: str) -> list[str]:
        """Who may write the companies of a wave."""
        owner: list[str] = self.status(wave)["owners"]["party"]["owner"]
        return owner

    @contextmanager
    def locked_old(self) -> Iterator[None]:
        """The old CRM refuses every write for a while."""
        with sqlite3.connect(self.database("crm")) as conn:
            conn.execute("CREATE TRIGGER closed BEFORE UPDATE ON ACCOUNT BEGIN SELECT RAISE(ABORT, 'closed'); END")
        yield
        with sqlite3.connect(self.database("crm")) as conn:
            conn.execute("DROP TRIGGER closed")

    def bring(self, *phases: str, load: Sequence[str] = ("crm", "parties", "accounts")) -> None:
        """The pilot through these phases in one process, every gate met and every step confirmed."""
        until = iso(self.clock.now() + timedelta(days=1))
        with self.hub() as hub:
            control = control_of(hub)
            for phase in phases:
                if phase == "bulk_load":
                    control.waive("pilot", "1", owner="Chen", reason="no sandbox yet", until=until)
                self.clock.wait(3600)
                assert control.advance("pilot", to=phase).moved
                for name in load if phase == "bulk_load" else ():
                    run_flow(hub, name)
                if phase == "flip" and control.plan.settings.steps:
                    confirm(control, "pilot", "logins", "")
                    assert control.advance("pilot").message == "flipped"
