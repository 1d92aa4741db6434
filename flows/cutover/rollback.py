"""The way back from a flip: close the new system, drain what it has, prove that the old one holds it, hand over.

The owner goes back only when every write since the flip is in the old system, or when somebody has read the list of
those that are not and accepts their loss by a phrase that counts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from flows.cutover.config import Wave
from flows.cutover.outcome import Outcome
from flows.cutover.phase import RETURNING, Phase, grant
from flows.cutover.step import undo
from goldbridge.errors import Halt
from goldbridge.ports import Json
from goldbridge.state import cutover, ownership

if TYPE_CHECKING:
    from flows.cutover.control import Control


def rollback(control: Control, name: str, *, reason: str = "", phrase: str = "") -> Outcome:
    """Go back to following the old system, from wherever an earlier attempt stopped; repeat it until it says so."""
    state, wave = control.begun(name), control.wave(name)
    if state.moving != "rollback":
        _allowed(control, state)
        state = control.changed(state, lambda conn, found: _close(control, conn, wave, found, reason))
    told = Outcome(name, Phase(state.phase))
    told.did = control.world.catch_up(wave, "old")
    losses = _proof(control, wave, state)
    if losses:
        told.behind["losses"] = losses
        lost = len({(one["place"], one["key"]) for one in losses})
        accepted = f"lose {lost} records of {name}"
        if phrase != accepted:
            control.changed(
                state, lambda conn, found: control.note(conn, found, "rollback waits", detail={"losses": losses})
            )
            told.waits = (
                f"{control.plan.old} does not hold {lost} records as they were written since the flip; "
                f"let them through and repeat the command, or accept their loss with --phrase '{accepted}'"
            )
            told.message = "nobody may write; the way back is half gone"
            return told
        control.changed(
            state, lambda conn, found: control.note(conn, found, "losses accepted", detail={"losses": losses})
        )
    back = undo(control, wave, state, told)
    if back is None:
        told.message = "nobody may write; the way back is half gone"
        return told
    control.changed(back, lambda conn, found: _return(control, conn, wave, found, losses))
    told.phase, told.moved, told.message = (
        Phase.SHADOW,
        True,
        f"rolled back: {control.plan.old} owns wave '{name}' again",
    )
    return told


def _allowed(control: Control, state: cutover.Wave) -> None:
    if control.plan.settings.rollback is None:
        raise Halt("CUT023", "this programme has no way back: its file has no `rollback`")
    if state.phase not in (Phase.FLIP, Phase.REVERSE_SHADOW):
        way = (
            "nothing was flipped; `goldbridge cutover abort` stops it"
            if state.phase < Phase.FLIP
            else "it is done for good"
        )
        raise Halt("CUT023", f"wave '{state.wave}' is at {Phase(state.phase).word}: {way}")


def _close(control: Control, conn: Connection, wave: Wave, found: cutover.Wave, reason: str) -> None:
    ownership.touch(conn, wave.name)
    epoch = control.own(conn, wave, RETURNING)
    cutover.change(conn, wave.name, moving="rollback", step="drain")
    control.note(conn, found, "rollback", epoch=epoch, detail={"reason": reason})


def _proof(control: Control, wave: Wave, state: cutover.Wave) -> list[dict[str, Json]]:
    """What the old system lacks, record by record; writes that are still open are among it."""
    losses = control.world.losses(wave, state)
    with control.store.read() as conn:
        known = {one["key"] for one in losses}
        for key, object, what in cutover.open_list(conn, wave.name, control.plan.old):
            if key not in known:
                losses.append({"place": object, "key": key, "what": f"write is {what}", "expected": "", "found": ""})
    return losses


def _return(control: Control, conn: Connection, wave: Wave, found: cutover.Wave, losses: list[dict[str, Json]]) -> None:
    """Hand over, in one transaction: nothing towards the old system may be under way."""
    ownership.touch(conn, wave.name)
    open_now = cutover.open_list(conn, wave.name, control.plan.old)
    accepted = {one["key"] for one in losses}
    under_way = [one for one in open_now if one[0] not in accepted or one[2] in ("inflight", "unknown")]
    if under_way:
        raise Halt(
            "CUT027", f"writes to {control.plan.old} are open ({under_way[0][1]} {under_way[0][0]}); repeat the command"
        )
    epoch = control.own(conn, wave, grant(Phase.SHADOW))
    values: dict[str, Json] = {"phase": int(Phase.SHADOW), "moving": "", "step": "", "frozen_seq": 0, "frozen_row": 0}
    cutover.change(conn, wave.name, **values)
    detail = {"losses": losses, "snapshot": cutover.snapshot(conn, wave.name)}
    control.note(conn, found, "rolled back", phase=Phase.SHADOW, epoch=epoch, detail=detail)
