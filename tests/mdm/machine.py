"""A small world of golden records to do anything to: records come and go, stewards decide, rules change, runs die."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from flows import master as mastering
from flows import rebuild
from flows.hub import Hub
from flows.master import rules_in_force
from flows.rule_change import diff
from flows.rule_review import accept, rollback
from flows.runner import run_flow
from goldbridge.clock import FrozenClock, iso
from goldbridge.settings.project import load_project
from goldbridge.settings.yaml import read
from goldbridge.state import crosswalk, landing
from goldbridge.state.audit import Audit
from goldbridge.state.engine import open_store
from goldbridge.state.landing import Arrival, StreamRef
from goldbridge.state.vault import derive
from mdm.export import differences, lines
from mdm.steward import Steward
from mdm.verify import violations
from tests.flows.bench import Bench

CRM, ERP = StreamRef("crm", "account", "party"), StreamRef("erp", "partner", "party")
RULES = {
    "usual": "party: {bands: {auto: 20 bits, review: 8 bits, margin: 2 bits}}",
    "strict": "party: {bands: {auto: 45 bits, review: 8 bits, margin: 2 bits}}",
    "lax": "party: {bands: {auto: 12 bits, review: 4 bits, margin: 2 bits}}",
}
RELATED = """      address: {type: address}
      head_office: {reference: party, relation: branch_of}
      parent_company: {reference: party, relation: parent_of}
"""
Values = dict[str, Any]


class Row(NamedTuple):
    """A record by its name in the world (its system's and its key), and what it says; None: it is gone."""

    ref: StreamRef
    key: str
    values: Values | None

    @property
    def id(self) -> int:
        return landing.record_id(self.ref.system, self.ref.stream, self.key)


class Died(BaseException):
    """What a killed process raises."""


class World:
    """One state. `batch` is how many records a transaction of a run goes over."""

    def __init__(self, root: Path, template: Path, batch: int) -> None:
        self.clock = FrozenClock(datetime(2026, 3, 1, 8, 0, tzinfo=UTC))
        self.template, self.root, self.batch = template, root, batch
        home = root / "state"
        home.mkdir(parents=True, mode=0o700)
        shutil.copyfile(template, home / "state.sqlite")
        bench = Bench(root / "project", f"sqlite:///{home / 'state.sqlite'}", self.clock)
        bench.write("config/matching.yaml", RULES["usual"])
        bench.edit("config/model.yaml", "      address: {type: address}\n", RELATED)
        self.hub = Hub(load_project(root / "project"), self.clock)
        self.runs = 0

    def close(self) -> None:
        self.hub.__exit__(None, None, None)

    def land(self, rows: Sequence[Row], size: int) -> None:
        """What one run reads, `size` rows per transaction."""
        self.clock.wait(60)
        self.runs += 1
        at = iso(self.clock.now())
        for start in range(0, len(rows), size):
            with self.hub.store.begin() as conn:
                for row in rows[start : start + size]:
                    self._land(conn, row, at)

    def _land(self, conn: Connection, row: Row, at: str) -> None:
        if row.values is None:
            landing.delete(conn, row.ref, [row.key], self.runs)
            return
        compared = landing.changed(conn, row.ref, [Arrival(row.key, row.values)])
        for change in compared.changes:
            change.canonical = dict(change.raw)
        landing.save(conn, row.ref, compared.changes, self.runs, received_at=at)

    def master(self, dies_after: int | None = None) -> None:
        """Master what changed; with `dies_after`, the run dies after so many batches and is done again."""
        sizes = mastering.INDEX_BATCH, mastering.RESOLVE_BATCH
        real, calls = mastering.resolve, iter(range(10_000))
        mastering.INDEX_BATCH = mastering.RESOLVE_BATCH = self.batch

        def dying(*given: Any, **how: Any) -> Any:
            outcome = real(*given, **how)
            if next(calls) == dies_after:
                raise Died
            return outcome

        try:
            if dies_after is not None:
                mastering.resolve = dying  # type: ignore[assignment]
                with suppress(Died):
                    run_flow(self.hub, "parties")
                mastering.resolve = real
            run_flow(self.hub, "parties")
        finally:
            mastering.resolve = real
            mastering.INDEX_BATCH, mastering.RESOLVE_BATCH = sizes

    def steward(self, conn: Connection) -> Steward:
        core = rules_in_force(conn, self.hub.project, self.hub.survivorship, "party")
        return Steward("anna", core, Audit(derive(self.hub.key, "audit")))

    def change_rules(self, name: str, let_in: Sequence[bool]) -> bool:
        """Review other rules and let their cases in, some of them, then all; False when nothing would be new."""
        change = diff(self.hub, "lin", matching=read(RULES[name], "matching.yaml"))
        if change is None:
            return False
        assert change.counts["overridden"] == 0
        numbers = [case.number for _, case in change.every()]
        if any(let_in):
            accept(self.hub, "wu", change.rev, [n for n, yes in zip(numbers, let_in, strict=False) if yes])
            self.check()
        accept(self.hub, "wu", change.rev)
        predicted = {id: home for _, case in change.every() for home, ids in case.after.items() for id in ids}
        assert {id: home for id, home in self.homes().items() if id in predicted} == predicted  # G14
        return True

    def take_rules_back(self) -> None:
        rollback(self.hub, "wu")

    def homes(self) -> dict[int, int]:
        """Record -> golden id."""
        with self.hub.store.read() as conn:
            return dict(crosswalk.of_entity(conn, "party"))

    def export(self) -> list[str]:
        with self.hub.store.read() as conn:
            return list(lines(conn, ["party"]))

    def check(self) -> None:
        """Every invariant, and that what is stored is what would be made anew (G1-G7, G10, G11)."""
        with self.hub.store.read() as conn:
            assert violations(conn, self.hub.project.model) == []
        beside = self.root / "beside"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(mode=0o700)
        shutil.copyfile(self.template, beside / "state.sqlite")
        made = open_store(f"sqlite:///{beside / 'state.sqlite'}", self.clock, migrate=False)
        try:
            rebuild._beside(self.hub, made)
            with made.read() as conn:
                assert differences(iter(self.export()), lines(conn, ["party"])) == []
        finally:
            made.close()


def values(name: str, code: str | None, phone: str | None, above: tuple[str, str] | None = None) -> Values:
    """What a record says; `above` is a field, and the account of the CRM that it names."""
    said: dict[str, Any] = {"name": name, "credit_code": code, "phones": [phone] if phone else []}
    if above is not None:
        said[above[0]] = {"ref": "crm.account", "key": above[1]}
    return {field: value for field, value in said.items() if value} | {"role": "customer"}
