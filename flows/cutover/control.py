"""Moves a wave through its phases. Every move is a row of steps, each committed before the next and safe to repeat.

A controller that dies leaves the wave where its last transaction put it: `moving` and `step` say what is half done, and
the same command goes on there. The flip itself is one transaction: no write may be under way, nobody may have written
on the closed side, and from its commit on no writer with the older map gets anything through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from flows.cutover.config import Cutover, Wave, differences
from flows.cutover.gate import Gate, Verdict, built_in
from flows.cutover.member import enrol
from flows.cutover.outcome import Outcome, numbers_of
from flows.cutover.phase import LAST_ABORT, WORDS, Grant, Phase, after, grant
from flows.cutover.step import go_on
from flows.cutover.tail import intrusions
from flows.cutover.world import World
from goldbridge.errors import Halt, Misconfigured
from goldbridge.ports import Json
from goldbridge.records.hint import did_you_mean
from goldbridge.state import cutover, ownership
from goldbridge.state.audit import Audit
from goldbridge.state.engine import Store, now

REHEARSED = built_in("rehearsals.passed >= 1 || waived")
_OURS: dict[Phase, tuple[Gate, ...]] = {
    Phase.REHEARSE: (REHEARSED,),
    Phase.FREEZE: (built_in("frozen.writes == 0"), built_in("deliveries.open == 0")),
    Phase.FLIP: (built_in("steps.open == 0"),),
    Phase.REVERSE_SHADOW: (built_in("deliveries.open == 0"),),
}
"""Gates that no file can leave out."""


class Control:
    """One programme. `actor` is whom the operating system authenticated; it answers for every move."""

    def __init__(self, store: Store, plan: Cutover, audit: Audit, actor: str, world: World) -> None:
        self.store, self.plan, self.audit, self.actor, self.world = store, plan, audit, actor, world

    # What there is

    def wave(self, name: str) -> Wave:
        """A wave of the file; raises `Misconfigured` CUT020 for another."""
        if name not in self.plan.waves:
            message = f"there is no wave '{name}'{did_you_mean(name, self.plan.waves)}"
            raise Misconfigured.one("CUT020", message, self.plan.document.mark("waves"))
        return self.plan.waves[name]

    def gates(self, phase: Phase) -> tuple[Gate, ...]:
        """What must hold before a phase is left: ours, then those of the file."""
        ours = list(_OURS.get(phase, ()))
        back = self.plan.settings.rollback
        if phase is Phase.REVERSE_SHADOW and back:
            ours.append(built_in(f"hours_in_phase >= {back.keep_reverse.total_seconds() / 3600:g} || waived"))
        texts = {gate.text for gate in ours}
        return (*ours, *(gate for gate in self.plan.gates.get(phase, ()) if gate.text not in texts))

    def state(self, name: str) -> cutover.Wave:
        """Where a wave stands; one that was never begun stands in its first phase."""
        self.wave(name)
        with self.store.read() as conn:
            return self.standing(conn, name)

    def standing(self, conn: Connection, name: str) -> cutover.Wave:
        found = cutover.load(conn, name)
        return found or cutover.Wave(name, self.plan.name, 0, "", "", "", "", 0, 0, 0, "", None)

    def begun(self, name: str) -> cutover.Wave:
        """The wave, known to the state from now on, with its owners in place."""
        wave = self.wave(name)
        with self.store.begin() as conn:
            other = next((one.cutover for one in cutover.waves(conn) if one.cutover != self.plan.name), "")
            if other:
                raise Halt(
                    "CUT032",
                    f"this state holds the cutover '{other}', and the file is about '{self.plan.name}'; "
                    "use a state of its own",
                )
            if cutover.load(conn, name) is None:
                cutover.begin(conn, self.plan.name, name, self.plan.fingerprint)
                state = self.standing(conn, name)
                epoch = self.own(conn, wave, grant(Phase.DRAFT))
                self.note(conn, state, "begin", epoch=epoch)
            return self.standing(conn, name)

    def own(self, conn: Connection, wave: Wave, given: Grant) -> int:
        """Put a grant in force for every entity of a wave; returns the epoch."""
        plan = self.plan
        names = {"old": plan.old, "new": plan.new}
        owner = " ".join(names[side] for side in sorted(given.owners, reverse=True))
        epoch = 0
        for kept in (False, True):
            entities = [entity for entity in wave.entities if (entity in plan.settings.keep) == kept]
            flipped = given.owners == {"new"}
            new = "new" in given.writes or (kept and flipped)
            if entities:
                to = (int("old" in given.writes), int(new))
                epoch = max(epoch, ownership.assign(conn, wave.name, entities, (plan.old, plan.new), owner, to))
        return epoch

    def note(
        self,
        conn: Connection,
        state: cutover.Wave,
        action: str,
        *,
        phase: Phase | None = None,
        epoch: int = 0,
        detail: dict[str, Json] | None = None,
    ) -> None:
        """Keep an event twice: in the chain that goes into the evidence, and in the keyed audit of the house."""
        at = state.phase if phase is None else phase
        print_ = self.plan.fingerprint
        cutover.record(conn, state, self.actor, action, phase=at, epoch=epoch, fingerprint=print_, detail=detail)
        subject = f"cutover:{self.plan.name}/{state.wave}"
        self.audit.append(
            conn, self.actor, f"cutover.{action.replace(' ', '_')}", subject,
            {"phase": int(at), "epoch": epoch, "fingerprint": print_, "detail": detail},
        )  # fmt: skip

    def changed(self, state: cutover.Wave, change: Callable[[Connection, cutover.Wave], None]) -> cutover.Wave:
        """One transaction on a wave that still stands as we saw it; raises `Halt` CUT024 otherwise."""
        with self.store.begin() as conn:
            found = cutover.load(conn, state.wave, lock=True)
            if found is None or (found.phase, found.moving, found.step) != (state.phase, state.moving, state.step):
                raise Halt(
                    "CUT024",
                    f"wave '{state.wave}' was moved by somebody else meanwhile; "
                    "look at `goldbridge cutover status` first",
                )
            change(conn, found)
            return self.standing(conn, state.wave)

    # Forward

    def advance(self, name: str, *, to: str = "", phrase: str = "", carry: bool = False) -> Outcome:
        """Go on with what is half done, or leave the phase when its gates hold; one phase at a time.

        With `to` it is safe to repeat: a wave that is there already stays there.
        """
        if to and to not in WORDS:
            raise Halt("CUT023", f"there is no phase '{to}'{did_you_mean(to, WORDS)}")
        state = self.begun(name)
        wave = self.wave(name)
        if to and not state.moving and state.phase >= Phase[to.upper()]:
            return Outcome(name, Phase(state.phase), message=f"is at {Phase(state.phase).word} already")
        if state.held:
            raise Halt(
                "CUT024", f"wave '{name}' is held: {state.held}; `goldbridge cutover release {name}` lets it go on"
            )
        if state.moving:
            return self.resume(wave, state)
        if state.phase == Phase.DONE:
            return Outcome(name, Phase.DONE, message="is done")
        target = after(Phase(state.phase), dual=wave.dual)
        if to and Phase[to.upper()] > target:
            raise Halt(
                "CUT023", f"wave '{name}' is at {Phase(state.phase).word}; the next phase is {target.word}, not {to}"
            )
        self.unchanged(state)
        if carry:
            state = self.carry(wave, state)
        if state.phase in (Phase.FREEZE, Phase.FLIP, Phase.REVERSE_SHADOW):
            self.world.watch(wave)
        enrol(self.store, self.plan)
        verdicts, behind = self.measured(wave, state)
        outcome = Outcome(name, Phase(state.phase), gates=verdicts, behind=behind)
        if not all(verdict.met for verdict in verdicts):
            self.changed(
                state, lambda conn, found: self.note(conn, found, "gates not met", detail=numbers_of(verdicts, behind))
            )
            outcome.message = f"stays at {Phase(state.phase).word}"
            return outcome
        self.final(state, target, phrase)
        moved = self.enter(wave, state, target, verdicts, behind)
        return replace(moved, gates=verdicts, behind=behind)

    def unchanged(self, state: cutover.Wave) -> None:
        """What was rehearsed is what runs; raises `Halt` CUT022 with what changed since."""
        if state.rehearsed is None or state.fingerprint == self.plan.fingerprint:
            return
        changes = "; ".join(differences(state.rehearsed, self.plan.document.data))
        raise Halt(
            "CUT022",
            f"{self.plan.document.file} changed since wave '{state.wave}' was rehearsed: {changes}. "
            f"Take the change back, or rehearse the new file: `goldbridge cutover rehearse {state.wave}`",
        )

    def measured(self, wave: Wave, state: cutover.Wave) -> tuple[list[Verdict], dict[str, Json]]:
        """Every gate of the phase, on fresh numbers."""
        gates = self.gates(Phase(state.phase))
        found = self.world.measure(wave, state, {name for gate in gates for name in gate.reads})
        with self.store.read() as conn:
            steps = cutover.steps(conn, wave.name)
            undone = sum(step.state != "done" for step in steps)
            found.numbers["steps.open"] = undone if steps else len(self.plan.settings.steps)
            if state.phase >= Phase.FLIP and not steps:
                found.numbers["steps.open"] = 0
            passed = [
                event.detail
                for event in cutover.events(conn, wave.name)
                if event.action == "rehearsed" and event.fingerprint == self.plan.fingerprint
            ]
            found.numbers["rehearsals.passed"] = sum(bool(one and one.get("passed")) for one in passed)
            if passed and passed[-1] and passed[-1].get("rollback_s") is not None:
                found.numbers["rehearsal.rollback_s"] = passed[-1]["rollback_s"]
            at = now(conn)
            excused = {one.gate for one in cutover.waivers(conn, wave.name, state.phase) if one.until > at}
        return [gate.decide(found.numbers, gate.text in excused) for gate in gates], found.behind

    def final(self, state: cutover.Wave, target: Phase, phrase: str) -> None:
        """The last moment at which everything can be taken back asks for a phrase; raises `Halt` CUT026 without it."""
        last = target is Phase.DONE or (target is Phase.FLIP and self.plan.settings.rollback is None)
        wanted = f"leave {self.plan.old} for good"
        if last and phrase != wanted:
            raise Halt(
                "CUT026",
                f"after this nobody can go back: wave '{state.wave}' leaves {Phase(state.phase).word} for "
                f"{target.word}. Every gate holds; to go on, repeat the command with --phrase '{wanted}'",
            )

    def enter(
        self, wave: Wave, state: cutover.Wave, target: Phase, verdicts: Sequence[Verdict], behind: dict[str, Json]
    ) -> Outcome:
        """Begin the next phase."""
        numbers = numbers_of(verdicts, behind)
        if target is Phase.FREEZE:
            return self.resume(wave, self.begin_freeze(wave, state, numbers))
        if target is Phase.FLIP:
            return self.resume(wave, self.flip(wave, state, numbers))

        def go(conn: Connection, found: cutover.Wave) -> None:
            epoch = self.own(conn, wave, grant(target))
            values: dict[str, Json] = {"phase": int(target)}
            if target is Phase.BULK_LOAD and found.rehearsed is None:  # from here on the file is what it is
                values |= {"rehearsed": self.plan.document.data, "fingerprint": self.plan.fingerprint}
            cutover.change(conn, wave.name, **values)
            detail = {**numbers, "snapshot": cutover.snapshot(conn, wave.name)}
            self.note(conn, found, f"enter {target.word}", phase=target, epoch=epoch, detail=detail)

        self.changed(state, go)
        return Outcome(wave.name, target, moved=True, message=f"{Phase(state.phase).word} -> {target.word}")

    def begin_freeze(self, wave: Wave, state: cutover.Wave, numbers: dict[str, Json]) -> cutover.Wave:
        def close(conn: Connection, found: cutover.Wave) -> None:
            ownership.touch(conn, wave.name)
            epoch = self.own(conn, wave, grant(Phase.FREEZE))
            cutover.change(conn, wave.name, moving="freeze", step="drain")
            self.note(conn, found, "close", epoch=epoch, detail=numbers)

        return self.changed(state, close)

    def flip(self, wave: Wave, state: cutover.Wave, numbers: dict[str, Json]) -> cutover.Wave:
        """Change the owner, in one transaction; raises `Halt` CUT027 when a write is under way after all."""

        def go(conn: Connection, found: cutover.Wave) -> None:
            ownership.touch(conn, wave.name)  # writers in a transaction end first, and no new one begins
            under_way = cutover.open_writes(conn, wave.name, self.plan.new)
            if under_way:
                what = ", ".join(f"{number} {name}" for name, number in sorted(under_way.items()))
                raise Halt("CUT027", f"wave '{wave.name}' is not flipped: writes to {self.plan.new} are open ({what})")
            late = intrusions(conn, self.plan, wave, found)
            if late:
                what = f"{late[0].stream} {late[0].key}" + (f" and {len(late) - 1} more" if len(late) > 1 else "")
                raise Halt(
                    "CUT027",
                    f"wave '{wave.name}' is not flipped: {self.plan.old} was written after the freeze ({what})",
                )
            epoch = self.own(conn, wave, grant(Phase.FLIP))
            seq, _ = cutover.place(conn)
            steps = self.plan.settings.steps
            cutover.clear_steps(conn, wave.name)
            for place, step in enumerate(steps):
                cutover.put_step(conn, wave.name, step.name, place, "waiting", "", self.actor)
            first = steps[0].name if steps else ""
            cutover.change(
                conn, wave.name, phase=int(Phase.FLIP), flip_seq=seq, moving="flip" if steps else "", step=first
            )
            detail = {**numbers, "snapshot": cutover.snapshot(conn, wave.name), "outbox": seq}
            self.note(conn, found, "flip", phase=Phase.FLIP, epoch=epoch, detail=detail)

        return self.changed(state, go)

    def resume(self, wave: Wave, state: cutover.Wave) -> Outcome:
        """Go on with what is half done, from the step it is at."""
        if state.moving == "freeze":
            did = self.world.catch_up(wave, "new")
            self.changed(state, lambda conn, found: self.frozen(conn, wave, found, did))
            return Outcome(wave.name, Phase.FREEZE, moved=True, message="frozen", did=did)
        if state.moving == "flip":
            return go_on(self, wave, state)
        if state.moving == "rollback":
            message = (
                f"wave '{wave.name}' is on its way back; `goldbridge cutover rollback {wave.name}` goes on with it"
            )
            raise Halt("CUT023", message)
        return Outcome(wave.name, Phase(state.phase), moved=True, message=f"at {Phase(state.phase).word}")

    def frozen(self, conn: Connection, wave: Wave, found: cutover.Wave, did: list[str]) -> None:
        """Everything is drained: what is read from the old system from now on was written by somebody."""
        seq, row = cutover.place(conn)
        cutover.change(conn, wave.name, phase=int(Phase.FREEZE), moving="", step="", frozen_seq=seq, frozen_row=row)
        detail = {"did": did, "outbox": seq, "versions": row, "snapshot": cutover.snapshot(conn, wave.name)}
        self.note(conn, found, "frozen", phase=Phase.FREEZE, detail=detail)

    def carry(self, wave: Wave, state: cutover.Wave) -> cutover.Wave:
        """Carry over what was written after the freeze, list it, and freeze anew behind it."""
        if state.phase != Phase.FREEZE:
            raise Halt(
                "CUT023",
                f"wave '{wave.name}' is at {Phase(state.phase).word}; only a frozen wave can carry writes over",
            )
        late = self.world.measure(wave, state, ()).behind.get("frozen.writes", [])
        did = self.world.catch_up(wave, "new")

        def again(conn: Connection, found: cutover.Wave) -> None:
            self.frozen(conn, wave, found, did)
            self.note(conn, found, "carried over", detail={"records": late})

        return self.changed(state, again)

    # Sideways

    def hold(self, name: str, reason: str) -> Outcome:
        """Nothing moves until it is released; only a rollback does."""
        state = self.begun(name)

        def go(conn: Connection, found: cutover.Wave) -> None:
            cutover.change(conn, name, held=reason)
            self.note(conn, found, "hold", detail={"reason": reason})

        self.changed(state, go)
        return Outcome(name, Phase(state.phase), message=f"held: {reason}")

    def release(self, name: str) -> Outcome:
        """Let a held wave go on; one that is not held stays as it is."""
        state = self.begun(name)
        if not state.held:
            return Outcome(name, Phase(state.phase), message="is not held")

        def go(conn: Connection, found: cutover.Wave) -> None:
            cutover.change(conn, name, held="")
            self.note(conn, found, "release", detail={"was": found.held})

        self.changed(state, go)
        return Outcome(name, Phase(state.phase), message="released")

    def waive(self, name: str, gate: str, *, owner: str, reason: str, until: str) -> Outcome:
        """Let a gate of today's phase pass until a moment; raises `Halt` CUT025 for one that takes no waiver."""
        state = self.begun(name)
        found = self.gate(state, gate)
        if not owner.strip() or not reason.strip():
            raise Halt("CUT025", "a waiver has an owner who answers for it and a reason; give both")
        with self.store.read() as conn:
            if until <= now(conn):
                raise Halt("CUT025", f"a waiver ends in the future; {until} is past")

        def go(conn: Connection, at: cutover.Wave) -> None:
            cutover.waive(conn, name, at.phase, found.text, owner=owner, reason=reason, until=until, actor=self.actor)
            self.note(conn, at, "waive", detail={"gate": found.text, "owner": owner, "reason": reason, "until": until})

        self.changed(state, go)
        return Outcome(name, Phase(state.phase), message=f"waived until {until}: {found.text}")

    def gate(self, state: cutover.Wave, said: str) -> Gate:
        """A gate of the phase by its text or its number in `status`."""
        gates = self.gates(Phase(state.phase))
        named = [one for one in gates if one.text == said.strip()]
        if said.strip().isdigit() and 0 < int(said) <= len(gates):
            named = [gates[int(said) - 1]]
        if not named:
            known = did_you_mean(said, [one.text for one in gates])
            raise Halt("CUT025", f"phase {Phase(state.phase).word} has no gate '{said}'{known}")
        if not named[0].waivable:
            raise Halt("CUT025", f"gate '{named[0].text}' takes no waiver; only one that says `|| waived` does")
        return named[0]

    def abort(self, name: str, reason: str) -> Outcome:
        """Stop: back to following the old system, or to the draft. Nothing was changed in the old system."""
        state = self.begun(name)
        wave = self.wave(name)
        if state.phase > LAST_ABORT or state.moving == "rollback":
            raise Halt(
                "CUT023",
                f"wave '{name}' is at {Phase(state.phase).word}: people work in {self.plan.new}. The way back is "
                f"`goldbridge cutover rollback {name}`",
            )
        target = Phase.SHADOW if state.phase > Phase.SHADOW or state.moving == "freeze" else Phase.DRAFT

        def go(conn: Connection, found: cutover.Wave) -> None:
            ownership.touch(conn, name)
            epoch = self.own(conn, wave, grant(target))
            values: dict[str, Json] = {"phase": int(target), "moving": "", "step": "", "frozen_seq": 0, "frozen_row": 0}
            if target is Phase.DRAFT:
                values |= {"rehearsed": None, "fingerprint": ""}
            cutover.change(conn, name, **values)
            self.note(conn, found, "abort", phase=target, epoch=epoch, detail={"reason": reason, "from": found.phase})

        self.changed(state, go)
        return Outcome(name, target, moved=True, message=f"aborted: {Phase(state.phase).word} -> {target.word}")
