"""Opens a cutover for a command: its control, and what `plan` and `status` tell."""

from __future__ import annotations

from typing import Any

from flows.cutover.control import Control
from flows.cutover.outcome import told
from flows.cutover.phase import PURPOSE, Phase, after, grant
from flows.cutover.world import HubWorld
from flows.desk import actor
from flows.hub import Hub
from goldbridge.ports import Json
from goldbridge.state import cutover, ownership
from goldbridge.state.audit import Audit
from goldbridge.state.engine import now
from goldbridge.state.vault import derive


def control_of(hub: Hub) -> Control:
    """The control of a project's cutover; raises `Misconfigured` with everything wrong in its file."""
    return Control(hub.store, hub.cutover, Audit(derive(hub.key, "audit")), actor(), HubWorld(hub))


def plan(control: Control) -> dict[str, Any]:
    """What would happen, phase by phase, and what is asked for between them."""
    file = control.plan
    waves = []
    for name, wave in file.waves.items():
        phases = []
        at = Phase.DRAFT
        while True:
            given = grant(at)
            writes = [system for side, system in (("old", file.old), ("new", file.new)) if side in given.writes]
            phases.append(
                {
                    "phase": at.word,
                    "purpose": PURPOSE[at],
                    "owner": [
                        system for side, system in (("old", file.old), ("new", file.new)) if side in given.owners
                    ],
                    "copies_to": writes,
                    "gates": [gate.text for gate in control.gates(at)] if at is not Phase.DONE else [],
                }
            )
            if at is Phase.DONE:
                break
            at = after(at, dual=wave.dual)
        waves.append(
            {
                "wave": name,
                "entities": list(wave.entities),
                "where": wave.where.source if wave.where else None,
                "brought_by": _flows(control, wave.entities, file.new),
                "taken_back_by": _flows(control, wave.entities, file.old),
                "phases": phases,
            }
        )
    steps = [{"name": step.name, "by": "person" if step.confirm else "program"} for step in file.settings.steps]
    return {
        "cutover": file.name, "from": file.old, "to": file.new, "fingerprint": file.fingerprint, "waves": waves,
        "steps": steps, "way_back": file.settings.rollback is not None,
    }  # fmt: skip


def _flows(control: Control, entities: tuple[str, ...], system: str) -> dict[str, list[str]]:
    return {entity: [flow.name for flow in control.plan.writers(entity, system)] for entity in entities}


def status(control: Control, names: list[str], *, measure: bool = True) -> list[dict[str, Any]]:
    """Where each wave stands: the stored truth, and every gate of its phase on fresh numbers."""
    return [_status(control, name, measure) for name in names or control.plan.waves]


def _status(control: Control, name: str, measure: bool) -> dict[str, Any]:
    wave, state = control.wave(name), control.state(name)
    with control.store.read() as conn:
        owners = ownership.load(conn, name)
        steps = cutover.steps(conn, name)
        members = ownership.count(conn, name)
        at = now(conn)
        waivers = [one._asdict() for one in cutover.waivers(conn, name, state.phase) if one.until > at]
    gates: list[dict[str, Json]] = []
    behind: dict[str, Json] = {}
    if measure and state.phase != Phase.DONE and not state.moving:
        verdicts, behind = control.measured(wave, state)
        gates = [told(verdict) for verdict in verdicts]
    phase = Phase(state.phase)
    return {
        "wave": name,
        "phase": phase.word,
        "since": state.since,
        "half_done": f"{state.moving}: {state.step}" if state.moving else "",
        "held": state.held,
        "owners": {
            one.entity: {
                "owner": one.owner.split(),
                "copies_to": [system for system, to in ((one.old, one.to_old), (one.new, one.to_new)) if to],
                "epoch": one.epoch,
            }
            for one in owners
        },
        "records": members,
        "steps": [{"name": one.step, "state": one.state, "note": one.note, "by": one.actor} for one in steps],
        "waivers": waivers,
        "gates": gates,
        "behind": behind,
        "changed_since_rehearsal": state.rehearsed is not None and state.fingerprint != control.plan.fingerprint,
    }
