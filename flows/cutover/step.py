"""The external steps of a flip: a saga whose every step can be repeated, and taken back in the opposite order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from flows.cutover.config import StepSettings, Wave
from flows.cutover.outcome import Outcome
from flows.cutover.phase import Phase
from goldbridge.errors import Halt
from goldbridge.records.hint import did_you_mean
from goldbridge.state import cutover
from goldbridge.state.cutover import StepState

if TYPE_CHECKING:
    from flows.cutover.control import Control


def go_on(control: Control, wave: Wave, state: cutover.Wave) -> Outcome:
    """Do the steps that are not done, until one waits for a person or fails."""
    told = Outcome(wave.name, Phase.FLIP, moved=True)
    for step in control.plan.settings.steps:
        if _state(control, wave, step.name) == "done":
            continue
        if step.confirm is not None:
            _begin(control, wave, state, step, "waiting")
            told.waits = f"{step.name}: {step.confirm} (`goldbridge cutover confirm {wave.name} {step.name}`)"
            told.message = "flipped; an external step waits"
            return told
        state = _begin(control, wave, state, step, "doing")
        done, said = _do(control, step)
        word: StepState = "done" if done else "failed"
        state = _settle(control, wave, state, step, word, said)
        told.did.append(f"{step.name}: {word}: {said}")
        if not done:
            told.waits = f"{step.name} failed: {said}; correct it, and the same command goes on"
            told.message = "flipped; an external step failed"
            return told

    def end(conn: Connection, found: cutover.Wave) -> None:
        cutover.change(conn, wave.name, moving="", step="")
        control.note(conn, found, "steps done")

    control.changed(state, end)
    told.message = "flipped"
    return told


def _do(control: Control, step: StepSettings) -> tuple[bool, str]:
    """What is done already is not done again: whoever died in between does not know."""
    if step.check and control.world.act(step.check, step.timeout_s)[0]:
        return True, "was done already"
    done, said = control.world.act(step.do or (), step.timeout_s)
    if done and step.check:
        done, checked = control.world.act(step.check, step.timeout_s)
        said = said if done else f"`check` says it is not done: {checked}"
    return done, said


def confirm(control: Control, name: str, step: str, note: str) -> Outcome:
    """A person says that a step is done (or, on the way back, undone)."""
    state, wave = control.begun(name), control.wave(name)
    steps = [one.name for one in control.plan.settings.steps if one.confirm is not None]
    if step not in steps:
        raise Halt("CUT028", f"no step '{step}' waits for a person{did_you_mean(step, steps)}")
    back = state.moving == "rollback"
    word: StepState = "undone" if back else "done"
    if _state(control, wave, step) == word:
        return Outcome(name, Phase(state.phase), message=f"{step} is {word} already")
    if state.moving not in ("flip", "rollback") or (not back and step != state.step):
        waiting = f"; '{state.step}' comes first" if state.moving == "flip" else ""
        raise Halt("CUT028", f"step '{step}' is not due{waiting}")

    def go(conn: Connection, found: cutover.Wave) -> None:
        order = [one.name for one in control.plan.settings.steps]
        at = order.index(step)
        cutover.put_step(conn, name, step, at, word, note, control.actor)
        if not back:
            cutover.change(conn, name, step=order[min(at + 1, len(order) - 1)])
        control.note(conn, found, f"confirm {step}", detail={"note": note, "state": word})

    control.changed(state, go)
    return Outcome(name, Phase(state.phase), message=f"{step}: {word}")


def undo(control: Control, wave: Wave, state: cutover.Wave, told: Outcome) -> cutover.Wave | None:
    """Take the steps back, the last first; None when one waits for a person or fails."""
    for step in reversed(control.plan.settings.steps):
        if _state(control, wave, step.name) not in ("done", "doing", "failed"):
            continue
        if step.confirm is not None:
            told.waits = (
                f"{step.name}: take back: {step.confirm} (`goldbridge cutover confirm {wave.name} {step.name}`)"
            )
            return None
        done, said = control.world.act(step.undo, step.timeout_s) if step.undo else (True, "has no `undo`")
        told.did.append(f"{step.name}: {'undone' if done else 'not undone'}: {said}")
        if not done:
            told.waits = f"{step.name} was not undone: {said}; correct it, and the same command goes on"
            return None
        state = _settle(control, wave, state, step, "undone", said)
    return state


def _state(control: Control, wave: Wave, step: str) -> str:
    with control.store.read() as conn:
        return next((one.state for one in cutover.steps(conn, wave.name) if one.step == step), "waiting")


def _begin(control: Control, wave: Wave, state: cutover.Wave, step: StepSettings, word: StepState) -> cutover.Wave:
    """Say what comes next before it is done, so that `status` shows it when we die in it."""

    def go(conn: Connection, found: cutover.Wave) -> None:
        _put(control, conn, wave, step, word, "")
        cutover.change(conn, wave.name, step=step.name)

    return control.changed(state, go)


def _settle(
    control: Control, wave: Wave, state: cutover.Wave, step: StepSettings, word: StepState, said: str
) -> cutover.Wave:
    def go(conn: Connection, found: cutover.Wave) -> None:
        _put(control, conn, wave, step, word, said)
        control.note(conn, found, f"step {step.name}", detail={"state": word, "said": said})

    return control.changed(state, go)


def _put(control: Control, conn: Connection, wave: Wave, step: StepSettings, word: StepState, note: str) -> None:
    place = [one.name for one in control.plan.settings.steps].index(step.name)
    cutover.put_step(conn, wave.name, step.name, place, word, note, control.actor)
