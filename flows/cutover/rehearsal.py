"""The rehearsal: the same file, run from an empty state to the second flip against an environment, and timed.

It lives in a state of its own that is made anew each time, and never touches the systems of the programme: an
environment in which either side is the real one is refused. Programs of external steps are not run, and gates over
hours are not asked: no time passes here. Everything else is what will happen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Connection

from flows.config import IngestFlow
from flows.cutover.config import Wave
from flows.cutover.control import REHEARSED, Control
from flows.cutover.crowd import edit
from flows.cutover.gate import Gate
from flows.cutover.lane import carriers
from flows.cutover.outcome import Outcome, told
from flows.cutover.phase import Phase, Side
from flows.cutover.rollback import rollback
from flows.cutover.step import confirm
from flows.cutover.world import HubWorld
from flows.hub import Hub
from flows.runner import Options, run_flow
from goldbridge.clock import Clock
from goldbridge.errors import Halt
from goldbridge.http import HttpFactory
from goldbridge.ports import Json
from goldbridge.settings.project import Project
from goldbridge.state import cutover

T = TypeVar("T")
STATE = "rehearsal.sqlite"
NOT_REHEARSED = ("external programs", "gates over hours", "faults and kills", "people in both systems at once")
"""What a rehearsal leaves out, and says so."""


@dataclass(slots=True)
class Report:
    """How a rehearsal went; `stopped` is why it did not reach its end."""

    wave: str
    env: str
    seed: int
    passed: bool = False
    stopped: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    edits: dict[str, int] = field(default_factory=dict)
    gates: list[dict[str, Json]] = field(default_factory=list)
    behind: dict[str, Json] = field(default_factory=dict)
    rollback_s: float | None = None
    budget_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "wave": self.wave, "env": self.env, "seed": self.seed, "passed": self.passed, "stopped": self.stopped,
            "seconds": self.seconds, "edits": self.edits, "rollback_s": self.rollback_s, "budget_s": self.budget_s,
            "gates": self.gates, "behind": self.behind, "not_rehearsed": list(NOT_REHEARSED),
        }  # fmt: skip


class _Stopped(Exception):
    """The rehearsal goes no further."""


def rehearse(
    real: Control,
    sandbox: Project,
    name: str,
    clock: Clock,
    http: HttpFactory | None = None,
    *,
    seed: int = 1,
    edits: int = 20,
) -> Report:
    """Run the programme in an environment, and keep in the real state how it went; a pass pins the file.

    Raises `Halt` CUT034 when the environment is none to rehearse in.
    """
    wave, state = real.wave(name), real.begun(name)
    _apart(real, sandbox)
    report = Report(name, sandbox.env or "", seed)
    with Hub(_own_state(sandbox), clock, http) as hub:
        play = _Play(hub, real, wave, report, edits)
        try:
            play.run()
        except _Stopped as stopped:
            report.stopped = str(stopped)
    report.passed = not report.stopped

    def keep(conn: Connection, found: cutover.Wave) -> None:
        if report.passed:
            cutover.change(conn, name, rehearsed=real.plan.document.data, fingerprint=real.plan.fingerprint)
        real.note(
            conn, found, "rehearsed", detail={key: value for key, value in report.as_json().items() if key != "behind"}
        )

    real.changed(state, keep)
    return report


def _apart(real: Control, sandbox: Project) -> None:
    """Neither side may be the one of the programme, and the file must be the same."""
    plan = real.plan
    if sandbox.env is None:
        message = "a rehearsal needs an environment: give --env, e.g. --env sandbox after `goldbridge sandbox up`"
        raise Halt("CUT034", message)
    for system in (plan.old, plan.new):
        here, there = (project.sources[system].document.data["sources"][system] for project in (plan.project, sandbox))
        if here == there:
            raise Halt(
                "CUT034",
                f"in environment '{sandbox.env}' {system} is the same system as without it; a rehearsal flips and "
                f"edits, so give that environment a {system} of its own",
            )
    if sandbox.cutover.data != plan.document.data:
        raise Halt(
            "CUT034", f"environment '{sandbox.env}' changes the cutover itself; what is rehearsed must be what runs"
        )


def _own_state(sandbox: Project) -> Project:
    """The environment with an empty state beside the real one."""
    place = sandbox.state_dir / STATE
    for old in sandbox.state_dir.glob(f"{STATE}*"):
        old.unlink()
    state = sandbox.settings.state.model_copy(update={"url": f"sqlite:///{place}"})
    return replace(sandbox, settings=sandbox.settings.model_copy(update={"state": state}))


class _Control(Control):
    """Asks what can be asked here."""

    def gates(self, phase: Phase) -> tuple[Gate, ...]:
        asked = super().gates(phase)
        return tuple(gate for gate in asked if gate is not REHEARSED and "hours_in_phase" not in gate.reads)


class _World(HubWorld):
    """Reads everything each time, since edits here may not move a cursor, and runs no program."""

    def watch(self, wave: Wave) -> None:
        self.settle("old")

    def catch_up(self, wave: Wave, side: Side) -> list[str]:
        other: Side = "new" if side == "old" else "old"
        self.settle(other)
        names = carriers(self.hub, self.plan, wave, self.system(other), self.system(side))
        for name in names:
            run_flow(self.hub, name, options=Options(full=isinstance(self.hub.flow(name), IngestFlow)))
        return names

    def act(self, program: Sequence[str], timeout_s: float) -> tuple[bool, str]:
        return True, "not run in a rehearsal"


class _Play:
    def __init__(self, hub: Hub, real: Control, wave: Wave, report: Report, edits: int) -> None:
        self.hub, self.wave, self.report, self.edits = hub, wave, report, edits
        self.world = _World(hub)
        self.control = _Control(hub.store, hub.cutover, real.audit, real.actor, self.world)

    def run(self) -> None:
        """Load, edits, freeze, flip, edits, rollback, second flip."""
        self.to(Phase.DRAFT)
        self.timed("read", lambda: self.world.catch_up(self.wave, "new"))
        self.to(Phase.BULK_LOAD)
        self.timed("load", lambda: self.world.catch_up(self.wave, "new"))
        self.to(Phase.SHADOW)
        self.people("old", "new")
        self.flip("freeze", "flip")
        self.to(Phase.REVERSE_SHADOW)
        self.people("new", "old")
        if self.control.plan.settings.rollback is not None:
            self.back()
            self.flip("second_freeze", "second_flip")

    def people(self, side: Side, other: Side) -> None:
        system = self.world.system(side)
        self.report.edits[side] = edit(self.hub, self.control.plan, self.wave, system, self.report.seed, self.edits)
        self.timed(f"carry_to_{other}", lambda: self.world.catch_up(self.wave, other))

    def flip(self, freeze: str, flip: str) -> None:
        phase = Phase.DUAL if self.wave.dual else Phase.FREEZE
        if phase is Phase.DUAL:
            self.to(Phase.DUAL)
        self.timed(freeze, lambda: self.to(Phase.FREEZE))
        self.timed(flip, lambda: self.to(Phase.FLIP))

    def back(self) -> None:
        budget = self.control.plan.settings.rollback
        assert budget is not None
        outcome = self.timed("rollback", lambda: self.through(lambda: rollback(self.control, self.wave.name)))
        self.report.rollback_s, self.report.budget_s = self.report.seconds["rollback"], budget.budget.total_seconds()
        if not outcome.moved:
            self.report.behind = outcome.behind
            raise _Stopped(f"rollback: {outcome.waits}")
        if self.report.rollback_s > self.report.budget_s:
            raise _Stopped(f"the rollback took {self.report.rollback_s:g} s of {self.report.budget_s:g} s")

    def to(self, phase: Phase) -> None:
        """Advance until the wave stands there with nothing half done."""
        self.control.begun(self.wave.name)
        while True:
            at = self.control.state(self.wave.name)
            if at.phase >= phase and not at.moving:
                return
            outcome = self.through(self.onward)
            self.report.gates += [{"phase": Phase(at.phase).word, **told(gate)} for gate in outcome.gates]
            if outcome.needs_person:
                self.report.behind = outcome.behind
                unmet = [gate.gate for gate in outcome.gates if not gate.met]
                raise _Stopped(f"{Phase(at.phase).word}: {', '.join(unmet) or outcome.waits}")

    def onward(self) -> Outcome:
        return self.control.advance(self.wave.name, phrase=f"leave {self.control.plan.old} for good")

    def through(self, work: Callable[[], Outcome]) -> Outcome:
        """Do it, and confirm what a person would confirm."""
        outcome = work()
        for step in self.control.plan.settings.steps * 2:
            if outcome.waits.startswith(f"{step.name}: "):
                confirm(self.control, self.wave.name, step.name, "rehearsal")
                outcome = replace(work(), gates=outcome.gates)
        return outcome

    def timed(self, name: str, work: Callable[[], T]) -> T:
        start = self.hub.clock.monotonic()
        try:
            return work()
        finally:
            self.report.seconds[name] = round(self.hub.clock.monotonic() - start, 3)
