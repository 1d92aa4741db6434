"""Gates: expressions over recorded numbers that must hold before a phase is left.

A number that was never recorded meets no gate: what nobody measured is not nought. A gate takes a waiver only when it
says so (`... || waived`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from goldbridge.errors import Problems
from goldbridge.mapping.expression import Expression, compile_expression
from goldbridge.mapping.place import inside
from goldbridge.records.field import Entity
from goldbridge.records.hint import did_you_mean
from goldbridge.settings.document import Document

Number = int | float | None

METRICS: Mapping[str, str] = {
    "records.landed": "records of the wave's entities that were read from the old system",
    "records.members": "golden records of the wave",
    "dead_letters": "records set aside by the flows that move the wave's entities",
    "tasks.open": "open questions to stewards about the wave's entities",
    "deliveries.open": "writes to the side that is kept up to date which are not settled",
    "deliveries.parked": "of these, writes that wait for a parent",
    "deliveries.unknown": "of these, writes whose answer never came",
    "lag.p99_s": "seconds from queue to target that 99 of 100 writes of this phase kept; open ones count their age",
    "recon.count.expected": "rows that the golden records ask for in the new system",
    "recon.count.found": "rows of ours that are there",
    "recon.count.diff": "the difference of the two",
    "recon.hash.diff": "rows that are missing, extra, double, or show another value in any field",
    "rehearsals.passed": "rehearsals of exactly this file that went through",
    "rehearsal.rollback_s": "seconds that the rollback took in the last of them",
    "frozen.writes": "records that somebody changed in the old system after the freeze",
    "steps.open": "external steps that are not done",
    "hours_in_phase": "hours since the phase began",
}
"""Number -> what it is."""
SUM_PARTS = ("expected", "found", "diff")
SUM = "recon.sum('ENTITY.FIELD')"
WAIVED = "waived"

_REFERENCE = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?<![\w.])[A-Za-z_]\w*(?:\s*\(\s*(?:'[^']*'|"[^"]*")\s*\)|\.\w+)*"""
)
_SUM = re.compile(r"""recon\.sum\(['"]([\w.]+)['"]\)\.(\w+)""")
_WORDS = frozenset({"true", "false", "null", "in", WAIVED})


@dataclass(frozen=True, slots=True)
class Gate:
    """`text` names the gate, also in a waiver; `reads` are the numbers it looks at, in the order of its variables."""

    text: str
    reads: tuple[str, ...]
    waivable: bool
    expression: Expression

    def sums(self) -> set[str]:
        """The entity.field whose sums it reads."""
        return {found[1] for name in self.reads if (found := _SUM.fullmatch(name))}

    def decide(self, numbers: Mapping[str, Number], waived: bool) -> Verdict:
        """Whether it holds; `waived` counts only for a gate that takes waivers."""
        read = {name: numbers.get(name) for name in self.reads}
        unknown = sorted(name for name, value in read.items() if value is None)
        plain = not unknown and self._result(read, False)
        excused = not plain and waived and self.waivable and (bool(unknown) or self._result(read, True))
        why = f"not recorded yet: {', '.join(unknown)}" if unknown else "does not hold"
        return Verdict(self.text, plain or excused, excused, read, "" if plain else why)

    def _result(self, read: Mapping[str, Number], waived: bool) -> bool:
        bound = {f"m{at}": read[name] for at, name in enumerate(self.reads)} | {WAIVED: waived}
        return self.expression.evaluate(tuple(bound.get(name) for name in self.expression.names)) is True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate said: `excused` when only a waiver lets it through."""

    gate: str
    met: bool
    excused: bool
    numbers: Mapping[str, Number]
    why: str = ""


def compile_gate(
    document: Document,
    path: tuple[str | int, ...],
    text: str,
    entities: Mapping[str, Entity],
    moved: Collection[str],
    problems: Problems,
) -> Gate | None:
    """The gate at `path`; None when problems (CUT005) were noted."""
    reads: list[str] = []
    before = len(problems)

    def named(found: re.Match[str]) -> str:
        word = found[0]
        if word[0] in "'\"" or word in _WORDS:
            return word
        name = re.sub(r"\s+", "", word).replace('"', "'")
        wrong = _wrong(name, entities, moved)
        if wrong:
            problems.note(inside(document, path, found.start()), "CUT005", wrong)
            return "0".ljust(len(word))
        if name not in reads:
            reads.append(name)
        return f"m{reads.index(name)}".ljust(len(word))

    renamed = _REFERENCE.sub(named, text)
    if len(problems) > before:
        return None
    variables = frozenset({*(f"m{at}" for at in range(len(reads))), WAIVED})
    made = compile_expression(renamed, variables)
    if isinstance(made, Expression):
        if reads:
            return Gate(text, tuple(reads), WAIVED in made.names, made)
        problems.note(document.mark(*path), "CUT005", "a gate looks at a number at least; this one is always the same")
        return None
    for fault in made:
        problems.note(inside(document, path, fault.at), "CUT005", fault.message)
    return None


def built_in(text: str) -> Gate:
    """A gate of ours."""
    problems = Problems()
    made = compile_gate(Document.empty(""), (), text, {}, (), problems)
    if made is None:
        raise ValueError(problems)
    return made


def _wrong(name: str, entities: Mapping[str, Entity], moved: Collection[str]) -> str:
    """What is wrong with a name; empty when it is a number that is recorded."""
    found = _SUM.fullmatch(name)
    if found is None:
        if name in METRICS:
            return ""
        if name.startswith("recon.sum"):
            return f"a sum is written {SUM}.diff"
        return f"there is no number '{name}'{did_you_mean(name, [*METRICS, WAIVED])}"
    entity, _, field = found[1].partition(".")
    if entity not in moved:
        return f"no wave moves '{entity}'{did_you_mean(entity, moved)}"
    fields = entities[entity].fields if entity in entities else {}
    if field not in fields:
        return f"{entity} has no field '{field}'{did_you_mean(field, fields)}"
    if fields[field].type not in ("money", "decimal", "integer"):
        return f"{found[1]} is no number, so it has no sum"
    if found[2] not in SUM_PARTS:
        return f"a sum has {', '.join(SUM_PARTS)}, not '{found[2]}'{did_you_mean(found[2], SUM_PARTS)}"
    return ""
