"""What people said about pairs of records, taken together: who was taken back, who contradicts whom.

A label that contradicts another one is named and counts for nothing until a person settles it; nothing is averaged.
The order of the labels does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

SAME, DIFFERENT, UNSURE = "same", "different", "unsure"
VERDICTS = (SAME, DIFFERENT, UNSURE)


class Label(NamedTuple):
    """A verdict about two records, a before b. `mark` is where it was said, for messages; `why` it was asked."""

    a: Any
    b: Any
    verdict: str
    mark: Any = 0
    why: str = ""


def label(one: Any, other: Any, verdict: str, mark: Any = 0, why: str = "") -> Label:
    return Label(*((one, other) if one <= other else (other, one)), verdict, mark, why)


class Contradiction(NamedTuple):
    """`against` says different (or is the other answer to the same pair); `chain` says the same, link by link."""

    against: Label
    chain: tuple[Label, ...]


class Settled(NamedTuple):
    """One label per pair, sorted by the pair: those that count, and those where somebody was unsure. `contradictions`
    hold what was set aside."""

    counted: tuple[Label, ...]
    unsure: tuple[Label, ...]
    contradictions: tuple[Contradiction, ...]

    @property
    def set_aside(self) -> frozenset[tuple[Any, Any]]:
        return frozenset((each.a, each.b) for item in self.contradictions for each in (item.against, *item.chain))


def settle(labels: Iterable[Label]) -> Settled:
    """Put labels together. An unsure one gives way to an answer about the same pair."""
    held: dict[tuple[Any, Any], dict[str, Label]] = defaultdict(dict)
    for each in sorted(labels, key=lambda item: (item.a, item.b, item.mark)):
        held[each.a, each.b].setdefault(each.verdict, each)
    found: list[Contradiction] = []
    answered: dict[tuple[Any, Any], Label] = {}
    unsure = []
    for pair, said in sorted(held.items()):
        if SAME in said and DIFFERENT in said:
            found.append(Contradiction(said[DIFFERENT], (said[SAME],)))
        elif SAME in said or DIFFERENT in said:
            answered[pair] = said.get(SAME) or said[DIFFERENT]
        else:
            unsure.append(said[UNSURE])
    found += _chains(answered)
    aside = Settled((), (), tuple(found)).set_aside
    counted = tuple(each for pair, each in sorted(answered.items()) if pair not in aside)
    return Settled(counted, tuple(unsure), tuple(found))


def _chains(answered: Mapping[tuple[Any, Any], Label]) -> list[Contradiction]:
    """Pairs said to be different whose records are one by a chain of others."""
    beside: dict[Any, list[tuple[Any, Label]]] = defaultdict(list)
    for (a, b), each in sorted(answered.items()):
        if each.verdict == SAME:
            beside[a].append((b, each))
            beside[b].append((a, each))
    found = []
    for (a, b), each in sorted(answered.items()):
        if each.verdict == DIFFERENT and (chain := _way(beside, a, b)):
            found.append(Contradiction(each, tuple(chain)))
    return found


def _way(beside: Mapping[Any, Sequence[tuple[Any, Label]]], start: Any, end: Any) -> list[Label]:
    came: dict[Any, tuple[Any, Label] | None] = {start: None}
    frontier = [start]
    while frontier and end not in came:
        following = []
        for record in frontier:
            for other, each in beside.get(record, ()):
                if other not in came:
                    came[other] = (record, each)
                    following.append(other)
        frontier = following
    chain = []
    step = came.get(end)
    while step is not None:
        chain.append(step[1])
        step = came[step[0]]
    return chain[::-1]
