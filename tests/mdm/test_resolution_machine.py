"""Whatever happens, in whatever order: the invariants hold, and what is stored is what would be made anew.

Two worlds live through the same: one lands each run in a single transaction and masters it in one, the other in
shuffled pairs. Order and batches inside a run must not show (G7, E18); a decision and its undo neither (G9).

CI looks at a few short lives, always the same, and at many:
`LIVES=300 STEPS=40 make test TESTS=tests/mdm/test_resolution_machine.py`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from goldbridge.errors import Reject
from mdm.steward import different, merge, same, split, undo
from tests.flows.bench_crm import credit_code
from tests.mdm.machine import CRM, ERP, RULES, Row, World, values

NAMES = ("杭州甲机械有限公司", "杭州甲机械股份有限公司", "宁波乙电子有限公司", "宁波乙电子科技有限公司", "甲机械")
PHONES = (None, "057187654321", "057487654321")
CODES = (None, None, credit_code(1), credit_code(2))
ABOVE = (None, None, ("head_office", "0"), ("head_office", "1"), ("parent_company", "0"), ("parent_company", "2"))
MEMORY = Path("/dev/shm")
PLACES = tuple((ref, str(key)) for ref in (CRM, ERP) for key in range(4))

LIVES, STEPS = int(os.environ.get("LIVES", "5")), int(os.environ.get("STEPS", "10"))

rows = st.builds(
    lambda place, name, code, phone, above: Row(*place, values(name, code, phone, above)),
    st.sampled_from(PLACES), st.sampled_from(NAMES), st.sampled_from(CODES), st.sampled_from(PHONES),
    st.sampled_from(ABOVE),
)  # fmt: skip


class Life(RuleBasedStateMachine):
    """What can happen to golden records."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        # In memory where that is: what is tested is not the disk.
        self.folder = tempfile.TemporaryDirectory(prefix="life", dir=MEMORY if MEMORY.is_dir() else None)
        root = Path(self.folder.name)
        self.worlds = [World(root / name, self.template, batch) for name, batch in (("whole", 1000), ("pieces", 2))]
        self.rules, self.changed = "usual", ""
        self.decisions: list[int] = []
        self.known: dict[int, Row] = {}
        self._live([Row(CRM, "0", values(NAMES[0], None, PHONES[1]))], None, 1)

    def teardown(self) -> None:
        for world in self.worlds:
            world.close()
        self.folder.cleanup()

    def _live(self, news: list[Row], shuffled: Any, dies: int | None) -> None:
        last = {row.id: row for row in news}  # of several rows of one record in a run, the last counts
        whole, pieces = self.worlds
        whole.land(list(last.values()), 1000)
        whole.master()
        pieces.land(shuffled.draw(st.permutations(list(last.values()))) if shuffled else list(last.values()), 2)
        pieces.master(dies)
        self.known |= last

    @rule(news=st.lists(rows, min_size=1, max_size=6), shuffled=st.data(), dies=st.none() | st.integers(0, 2))
    def a_run_brings(self, news: list[Row], shuffled: Any, dies: int | None) -> None:
        self._live(news, shuffled, dies)

    @rule(gone=st.lists(st.sampled_from(PLACES), min_size=1, max_size=3), shuffled=st.data())
    def a_run_misses(self, gone: list[tuple[Any, str]], shuffled: Any) -> None:
        self._live([Row(*place, None) for place in gone], shuffled, None)

    @rule(shuffled=st.data(), dies=st.none() | st.integers(0, 2))
    def everything_comes_back(self, shuffled: Any, dies: int | None) -> None:
        back = {row.id: row for row in self.known.values() if row.values is not None}
        self._live(list(back.values()), shuffled, dies)

    @rule()
    def the_same_again(self) -> None:
        """A replay writes nothing (G8)."""
        before = [world.export() for world in self.worlds]
        self._live(list(self.known.values()), None, None)
        assert [world.export() for world in self.worlds] == before

    def _decide(self, act: Any) -> list[int] | None:
        """The same decision in both worlds; None when it is refused, which it must be in both."""
        made: list[int] = []
        for world in self.worlds:
            try:
                with world.hub.store.begin() as conn:
                    made.append(act(world, conn).decision)
            except Reject:
                continue
        assert len(made) in (0, len(self.worlds))
        return made or None

    def _two(self, data: Any, together: bool) -> tuple[int, int] | None:
        homes = self.worlds[0].homes()
        pairs = [(a, b) for a in sorted(homes) for b in sorted(homes) if a < b and (homes[a] == homes[b]) == together]
        return data.draw(st.sampled_from(pairs)) if pairs else None  # type: ignore[no-any-return]

    @rule(data=st.data(), back=st.booleans())
    def a_steward_merges(self, data: Any, back: bool) -> None:
        if pair := self._two(data, together=False):
            ids = [self.worlds[0].homes()[record] for record in pair]
            self._done(lambda world, conn: merge(conn, world.steward(conn), ids, reason="known"), back)

    @rule(data=st.data(), back=st.booleans())
    def a_steward_splits(self, data: Any, back: bool) -> None:
        if pair := self._two(data, together=True):
            leaves, home = pair[0], self.worlds[0].homes()[pair[0]]
            self._done(lambda world, conn: split(conn, world.steward(conn), home, [leaves], reason="known"), back)

    @rule(data=st.data(), judgement=st.sampled_from([same, different]), together=st.booleans(), back=st.booleans())
    def a_steward_judges(self, data: Any, judgement: Any, together: bool, back: bool) -> None:
        if pair := self._two(data, together):
            self._done(lambda world, conn: judgement(conn, world.steward(conn), *pair, reason="known"), back)

    def _done(self, act: Any, back: bool) -> None:
        before = self.worlds[0].export()
        made = self._decide(act)
        if made is None:
            assert self.worlds[0].export() == before
            return
        assert made[0] == made[1]
        self.changed = ""  # what was decided since is not what a rollback returns to
        if back:
            self.worlds[0].check()
            assert self._decide(lambda world, conn: undo(conn, world.steward(conn), made[0]))
            assert self.worlds[0].export() == before  # G9
        else:
            self.decisions.append(made[0])

    @precondition(lambda self: self.decisions)
    @rule(data=st.data())
    def a_steward_takes_back(self, data: Any) -> None:
        number = data.draw(st.sampled_from(self.decisions))
        if self._decide(lambda world, conn: undo(conn, world.steward(conn), number)):
            self.decisions.remove(number)
            self.changed = ""

    @rule(name=st.sampled_from(sorted(RULES)), let_in=st.lists(st.booleans(), max_size=4), back=st.booleans())
    def other_rules(self, name: str, let_in: list[bool], back: bool) -> None:
        before = self.worlds[0].export()
        whole, pieces = (world.change_rules(name, let_in) for world in self.worlds)
        assert whole == pieces
        if not whole:
            return
        if back:
            for world in self.worlds:
                world.check()
                world.take_rules_back()
            assert self.worlds[0].export() == before
        else:
            self.rules = name

    @invariant()
    def everything_holds(self) -> None:
        whole, pieces = self.worlds
        assert whole.export() == pieces.export()
        whole.check()


@pytest.mark.slow
def test_e18_whatever_happens_the_invariants_hold(sqlite_template: Path) -> None:
    """Guard: mdm.identity:assign"""
    Life.template = sqlite_template
    lives = settings(
        max_examples=LIVES, stateful_step_count=STEPS, deadline=None, database=None, derandomize=LIVES == 5,
        print_blob=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Life, settings=lives)  # type: ignore[no-untyped-call]
