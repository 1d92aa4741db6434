"""What a command on a cutover did, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.cutover.gate import Verdict
from flows.cutover.phase import Phase
from goldbridge.ports import Json


@dataclass(slots=True)
class Outcome:
    """What a command did: `moved` says whether the wave stands elsewhere now, `waits` for whom it waits."""

    wave: str
    phase: Phase
    moved: bool = False
    message: str = ""
    waits: str = ""
    gates: list[Verdict] = field(default_factory=list)
    behind: dict[str, Json] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)

    @property
    def needs_person(self) -> bool:
        return bool(self.waits) or not all(gate.met for gate in self.gates)

    def as_json(self) -> dict[str, Any]:
        return {
            "wave": self.wave, "phase": self.phase.word, "moved": self.moved, "message": self.message,
            "waits": self.waits, "gates": [told(gate) for gate in self.gates], "behind": self.behind, "did": self.did,
        }  # fmt: skip


def told(verdict: Verdict) -> dict[str, Json]:
    """A verdict as it is kept and printed."""
    return {
        "gate": verdict.gate, "met": verdict.met, "waived": verdict.excused, "why": verdict.why,
        "numbers": dict(verdict.numbers),
    }  # fmt: skip


def numbers_of(verdicts: Sequence[Verdict], behind: Json) -> dict[str, Json]:
    """What a decision was taken on, as it is kept."""
    return {"gates": [told(verdict) for verdict in verdicts], "behind": kept(behind)}


_VALUES = ("expected", "found")


def kept(behind: Json) -> Json:
    """What stays in the evidence of the records behind a number: which they are and what is wrong, but no value of
    them, so that an erased one is not kept there."""
    if isinstance(behind, dict):
        return {key: kept(value) for key, value in behind.items() if key not in _VALUES}
    return [kept(one) for one in behind] if isinstance(behind, list) else behind
