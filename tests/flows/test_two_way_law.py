"""The law of two-way, on random histories: edits on both sides, echoes, a clock that is off, answers that are lost, a
target that is down, people who save while we write. In the end the sides agree on the last thing anybody said, or a
question shows every word and each side still has its own.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from goldbridge.clock import FrozenClock
from tests.flows.bench_two_way import TwoWayBench

FIELDS = st.sampled_from(["website", "website", "website", "phone"])
SIDES = ("crm.account", "new_crm.AccountObj")


class TwoWayMachine(RuleBasedStateMachine):
    """One record per history; all of them in one project, since a project costs more than a history."""

    bench: ClassVar[TwoWayBench]
    numbers: ClassVar[count[int]] = count(1)

    @initialize()
    def known_to_both(self) -> None:
        self.number = next(self.numbers)
        self.name = f"Company {self.number}"
        self.said = {side: {} for side in SIDES}  # type: ignore[var-annotated]
        self.last: dict[str, str] = {"website": "https://start.example", "phone": "+8657187650000"}
        self.bench.tenant.faults.clear()
        self.bench.app.act = None
        self.off = 0
        self.bench.type_in(self.number, name=self.name, website=self.last["website"], phone=self.last["phone"])
        self.bench.sync()
        self.somebody_works_in_the_new_system("website")  # so that both have said something
        self.bench.sync()

    def row(self) -> dict[str, str]:
        (found,) = [row for row in self.bench.rows() if row["name"] == self.name]
        return {"_id": found["_id"], "website": found.get("url") or "", "phone": found.get("tel") or ""}

    def legacy(self) -> dict[str, str]:
        found = self.bench.legacy(self.number)
        return {"website": found["website"] or "", "phone": found["phone"] or ""}

    def word(self, field: str, side: str) -> str:
        number = next(self.numbers)
        value = f"https://{number}.example" if field == "website" else f"+8657188{number:06d}"[:14]
        self.said[side][field] = self.last[field] = value
        return value

    @rule(field=FIELDS)
    def somebody_works_in_the_old_system(self, field: str) -> None:
        self.bench.type_in(self.number, **{field: self.word(field, SIDES[0])})

    @rule(field=FIELDS)
    def somebody_works_in_the_new_system(self, field: str) -> None:
        self.bench.edit_row(self.row()["_id"], **{field: self.word(field, SIDES[1])})

    @rule(field=FIELDS)
    def somebody_saves_while_we_write(self, field: str) -> None:
        key = self.row()["_id"]
        value = self.word(field, SIDES[1])
        self.bench.app.act = lambda: self.bench.edit_row(key, **{field: value})
        self.bench.sync()
        if self.bench.app.act is not None:  # nothing was to be written, so nobody was in between
            self.bench.app.act()
            self.bench.app.act = None

    @rule(kind=st.sampled_from(["lost", "unavailable", "reset"]))
    def the_next_write_goes_wrong(self, kind: str) -> None:
        self.bench.fault(kind, "*/data/update", count=1)

    @rule(seconds=st.sampled_from([-30, 30]))
    def the_clock_of_the_new_system_is_set(self, seconds: int) -> None:
        self.bench.tenant.clock.shift(seconds - self.off)
        self.off = seconds

    @rule()
    def a_round(self) -> None:
        self.bench.sync()

    def teardown(self) -> None:
        if not hasattr(self, "number"):
            return
        self.bench.tenant.faults.clear()
        self.bench.tenant.clock.shift(-self.off)
        self.bench.sync()
        self.somebody_works_in_the_old_system("website")
        written = [self.bench.sync() for _ in range(3)]
        assert written[-1] == {}, "it does not come to rest"
        shown = dict(zip(SIDES, (self.legacy(), self.row()), strict=True))
        asked = {
            field: said["said"]
            for one in self.bench.tasks("two_way")
            for field, said in one.payload["fields"].items()
            if one.payload["labels"][0]["name"] == self.name
        }
        for field, last in self.last.items():
            if field in asked:
                assert {side: row[field] for side, row in shown.items()} == asked[field]
                assert last in asked[field].values()
                assert all(shown[side][field] == said[field] for side, said in self.said.items() if field in said)
            else:
                assert [row[field] for row in shown.values()] == [last, last], field


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_f46_f48_random_histories_agree_or_ask_and_lose_nothing(sqlite_template: Path) -> None:
    """Guard: flows.agreement:Agreement.settle"""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        state.mkdir(mode=0o700)
        (state / "state.sqlite").write_bytes(sqlite_template.read_bytes())
        clock = FrozenClock(datetime(2026, 3, 1, 8, tzinfo=UTC))
        TwoWayMachine.bench = TwoWayBench(Path(folder) / "project", f"sqlite:///{state}/state.sqlite", clock)
        try:
            run_state_machine_as_test(
                TwoWayMachine,
                settings=settings(
                    max_examples=5, stateful_step_count=8, deadline=None, derandomize=True, database=None,
                    phases=[Phase.generate], suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
        finally:
            TwoWayMachine.bench.close()
