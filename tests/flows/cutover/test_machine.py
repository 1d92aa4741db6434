"""Whatever is done, in whatever order, and wherever the process dies: no write by a non-owner is accepted, the old side
holds every write after a rollback, to advance again changes nothing, and what `status` says is what is.

CI looks at a few short lives, always the same; `LIVES=300 STEPS=60 make test TESTS=tests/flows/cutover/test_machine.py`
at many.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flows.config import compile_flows
from flows.cutover import office
from flows.cutover.config import Cutover, compile_cutover
from flows.cutover.phase import WORDS, Phase
from flows.cutover.rollback import rollback
from flows.cutover.step import confirm
from goldbridge.clock import FrozenClock
from goldbridge.errors import Halt
from goldbridge.settings.project import load_project
from goldbridge.state import cutover, ownership
from goldbridge.state.audit import Audit
from tests.flows.cutover.bench import CUTOVER, PATH, CutoverBench
from tests.flows.cutover.machine import IDS, WAVE, Killed, Mortal, Systems, Worker

MEMORY = Path("/dev/shm")
LIVES, STEPS = int(os.environ.get("LIVES", "6")), int(os.environ.get("STEPS", "25"))
FILE = """\
cutover: crm_2026
from: crm
to: new_crm
waves: {pilot: {entities: [party]}}
steps:
  - {name: dns, do: [switch], undo: [back]}
  - {name: logins, confirm: people log in to the new CRM}
rollback: {budget: 30 min, keep_reverse: 14 d}
"""
fuses = st.one_of(st.none(), st.tuples(st.integers(0, 5), st.booleans()))


class Life(RuleBasedStateMachine):
    """What can happen to a wave."""

    template: Path
    plan: Cutover

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="life", dir=MEMORY if MEMORY.is_dir() else None)
        self.systems = Systems(Path(self.folder.name), self.template, self.plan, self._control)
        self.workers: list[Worker] = []
        self.under_way: list[tuple[Worker, Any]] = []
        self.epoch = 0

    def _control(self, systems: Systems) -> Mortal:
        return Mortal(systems.store, self.plan, Audit(b"k" * 32), "anna", systems)

    def teardown(self) -> None:
        self.systems.store.close()
        self.folder.cleanup()

    def doing(self, work: Callable[[Mortal], Any], fuse: tuple[int, bool] | None) -> Any:
        """One command in a process of its own, which may die."""
        self.systems.control = self._control(self.systems)
        self.systems.control.fuse, self.systems.control.late = fuse or (None, False)
        try:
            return work(self.systems.control)
        except (Killed, Halt):
            return None
        finally:
            self.systems.control.fuse = None

    @property
    def standing(self) -> cutover.Wave:
        return self.systems.standing()

    @initialize(phase=st.sampled_from([Phase.DRAFT, Phase.SHADOW, Phase.FREEZE, Phase.FLIP, Phase.REVERSE_SHADOW]))
    def the_wave_is_somewhere(self, phase: Phase) -> None:
        control = self.systems.control
        while self.standing.phase < phase:
            if self.standing.phase == Phase.REHEARSE:
                control.waive(WAVE, "1", owner="x", reason="y", until="2027")
            self.systems.catch_up(self.plan.waves[WAVE], "new")
            if control.advance(WAVE).waits:
                confirm(control, WAVE, "logins", "")
        for id in IDS if phase >= Phase.FLIP else ():
            self.systems.edit("new", id)
            self.systems.flipped[id] = self.systems.version

    # People and workers

    @rule(id=st.sampled_from(IDS))
    def people_write_where_they_may(self, id: int) -> None:
        at = self.standing
        if at.phase <= Phase.DUAL and not at.moving:
            self.systems.edit("old", id)
        elif at.phase in (Phase.FLIP, Phase.REVERSE_SHADOW) and at.moving != "rollback":
            self.systems.edit("new", id)
            self.systems.flipped[id] = self.systems.version

    @precondition(lambda self: self.standing.phase == Phase.FREEZE)
    @rule(id=st.sampled_from(IDS))
    def somebody_writes_after_the_freeze(self, id: int) -> None:
        self.systems.edit("old", id)
        self.systems.late.append(id)

    @rule(side=st.sampled_from(["old", "new"]))
    def a_worker_begins(self, side: Any) -> None:
        self.workers.append(Worker(self.systems, side))

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), dies=st.booleans())
    def a_worker_writes(self, data: Any, dies: bool) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        claimed = worker.claim()
        if claimed and dies:  # between its intent and the call
            self.under_way.append((worker, claimed))
        else:
            worker.write(claimed)

    @precondition(lambda self: self.under_way)
    @rule()
    def a_slow_worker_ends(self) -> None:
        worker, claimed = self.under_way.pop()
        worker.write(claimed)

    @rule(side=st.sampled_from(["old", "new"]))
    def a_system_goes_down_or_comes_back(self, side: Any) -> None:
        self.systems.down ^= {side}

    # The lead

    @rule(fuse=fuses, to=st.booleans())
    def advance(self, fuse: tuple[int, bool] | None, to: bool) -> None:
        before = self.standing
        following = WORDS[before.phase + 1] if before.phase < Phase.DONE else "done"
        following = "freeze" if following == "dual" else following
        if before.phase == Phase.REHEARSE:
            self.doing(lambda control: control.waive(WAVE, "1", owner="x", reason="y", until="2027"), None)
        for again in (fuse, None, None):
            self.doing(lambda control: control.advance(WAVE, to=following if to else ""), again)
            if not to:
                break
        if to:
            assert self.standing.phase <= before.phase + (2 if following == "freeze" else 1)
            told = self.standing
            self.doing(lambda control: control.advance(WAVE, to=following), None)
            if told.phase == Phase[following.upper()] and not told.moving:
                assert self.standing == told  # to advance again changes nothing

    @rule(fuse=fuses)
    def carry_over(self, fuse: tuple[int, bool] | None) -> None:
        if self.doing(lambda control: control.advance(WAVE, carry=True), fuse) is not None:
            self.systems.late = []

    @rule()
    def confirm_logins(self) -> None:
        self.doing(lambda control: confirm(control, WAVE, "logins", ""), None)

    @precondition(lambda self: self.standing.phase in (Phase.SHADOW, Phase.FREEZE) or self.standing.moving)
    @rule(fuse=fuses)
    def abort(self, fuse: tuple[int, bool] | None) -> None:
        before = dict(self.systems.rows["old"])
        self.doing(lambda control: control.abort(WAVE, "no"), fuse)
        if self.standing.phase < Phase.FREEZE:
            self.systems.late = []
        assert self.systems.rows["old"] == before

    @rule(held=st.sampled_from([False, False, True]))
    def hold_or_release(self, held: bool) -> None:
        self.doing(lambda control: control.hold(WAVE, "wait") if held else control.release(WAVE), None)

    @rule(fuse=fuses)
    def roll_back(self, fuse: tuple[int, bool] | None) -> None:
        before = self.standing
        told = self.doing(lambda control: rollback(control, WAVE, reason="no"), fuse)
        if (told is not None and told.moved) or (before.moving == "rollback" and not self.standing.moving):
            for id, value in self.systems.flipped.items():  # the old side holds every write since the flip
                assert self.systems.rows["old"][id] == value
        if self.standing.phase < Phase.FLIP:
            self.systems.flipped, self.systems.late = {}, []

    # What always holds

    @invariant()
    def no_write_by_a_non_owner_was_accepted(self) -> None:
        assert self.systems.wrong == []

    @invariant()
    def status_says_what_is(self) -> None:
        at = self.standing
        (told,) = office.status(self.systems.control, [WAVE], measure=False)
        assert told["phase"] == Phase(at.phase).word
        assert bool(told["half_done"]) == bool(at.moving)
        assert bool(told["held"]) == bool(at.held)
        with self.systems.store.read() as conn:
            (owner,) = ownership.load(conn, WAVE)
            events = cutover.events(conn)
        assert told["owners"]["party"]["owner"] == owner.owner.split()
        assert owner.owner == _owner(at)
        assert owner.epoch >= self.epoch
        self.epoch = owner.epoch
        assert cutover.verify(events) == len(events)


def _owner(at: cutover.Wave) -> str:
    """Who may write, by the table, written down a second time."""
    if at.moving in ("freeze", "rollback") or at.phase == Phase.FREEZE:
        return ""
    return "crm" if at.phase <= Phase.SHADOW else "new_crm"


def test_a_cutover_survives_whatever_happens(
    sqlite_template: Path, sqlite_url: str, tmp_path: Path, clock: FrozenClock
) -> None:
    """Guard: goldbridge.state.ownership:writable"""
    bench = CutoverBench(tmp_path / "project", sqlite_url, clock)
    bench.write(PATH, FILE)
    assert CUTOVER
    project = load_project(bench.root)
    Life.plan = compile_cutover(project, compile_flows(project))
    Life.template = sqlite_template
    lives = settings(
        max_examples=LIVES, stateful_step_count=STEPS, deadline=None, database=None, derandomize=LIVES == 6,
        print_blob=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Life, settings=lives)
