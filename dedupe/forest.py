"""Clusters while they grow: a union-find whose roots know what may not meet them.

A cluster keeps the distinct facts of its members, not a check per pair of members, and the records that somebody said
are others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, product
from typing import Any

from dedupe.fact import EMPTY, Facts, conflict, hard_ids_differ, namesakes, share_hard_id
from dedupe.rule import Limits

Id = Any
"""Ids of records: hashable and ordered among themselves (the house uses 63-bit integers)."""


class Forest:
    """Union-find whose roots keep members, distinct facts and who they may not meet."""

    def __init__(
        self, facts: Mapping[Id, Facts], limits: Limits, vetoes: frozenset[str], different: Iterable[tuple[Id, Id]]
    ) -> None:
        self._parent: dict[Id, Id] = {key: key for key in facts}
        self._members: dict[Id, list[Id]] = {key: [key] for key in facts}
        self._facts: dict[Id, dict[Facts, Id]] = {key: {value: key} for key, value in facts.items() if value != EMPTY}
        self._own = facts
        self._limits, self._vetoes = limits, vetoes
        self._apart: dict[Id, set[Id]] = defaultdict(set)
        for a, b in different:
            self._apart[a].add(b)
            self._apart[b].add(a)
        self._memo: dict[tuple[Facts, Facts], str] = {}
        self._sources: dict[Id, dict[str, Id]] = {}

    def alone(self, sources: Mapping[Id, str]) -> None:
        """These records come from sources that hold each thing once."""
        self._sources = {key: {source: key} for key, source in sources.items()}

    def root(self, key: Id) -> Id:
        parent = self._parent
        top = key
        while parent[top] != top:
            top = parent[top]
        while parent[key] != top:
            parent[key], key = top, parent[key]
        return top

    def join(self, a: Id, b: Id) -> None:
        one, two = self.root(a), self.root(b)
        if one == two:
            return
        if len(self._members[one]) < len(self._members[two]):
            one, two = two, one
        self._parent[two] = one
        self._members[one].extend(self._members.pop(two))
        theirs = self._sources.pop(two, None)
        if theirs:
            self._sources[one] = {**theirs, **self._sources.get(one, {})}
        other = self._facts.pop(two, {})
        if other:
            mine = self._facts.setdefault(one, {})
            for fact, key in other.items():
                mine.setdefault(fact, key)

    def obstacle(self, a: Id, b: Id) -> tuple[str, tuple[Id, Id]]:
        """Why the clusters of these two may not be one, and the records it is about; ("", ...) when they may."""
        one, two = self.root(a), self.root(b)
        for left, right, flip in ((one, two, False), (two, one, True)):
            for member in sorted(self._members[left]) if self._apart else ():
                for other in sorted(self._apart.get(member, ())):
                    if other in self._parent and self.root(other) == right:
                        return "different", (other, member) if flip else (member, other)
        ours, others = self._sources.get(one, {}), self._sources.get(two, {})
        shared = sorted(ours.keys() & others.keys())
        if shared:
            return "one_source", (ours[shared[0]], others[shared[0]])
        mine, theirs = self._facts.get(one, {}), self._facts.get(two, {})
        if mine and theirs:
            if "different_hard_id" in self._vetoes and hard_ids_differ(mine, theirs):
                return "different_hard_id", self._holders(mine, theirs)
            for fact in mine:
                for other_fact in theirs:
                    reason = self._conflict(fact, other_fact)
                    if reason:
                        return reason, (mine[fact], theirs[other_fact])
            if "namesakes" in self._vetoes and not (self._own[a].cities and self._own[b].cities):
                apart = _disjoint_places(mine, theirs)
                if apart:
                    return "namesakes", apart
        if len(self._members[one]) + len(self._members[two]) > self._limits.cluster:
            return "cluster_cap", (a, b)
        return "", (a, b)

    def rivals(self, candidates: Iterable[Id]) -> Iterator[tuple[Id, Id, str]]:
        """Pairs among `candidates` that are known to be two: asserted different, a veto, namesakes; with the reason."""
        here = set(candidates)
        for key in here:
            for other in self._apart.get(key, set()) & here:
                if key < other:
                    yield key, other, "different"
        groups: dict[Facts, list[Id]] = defaultdict(list)
        for key in here:
            if self._own[key] != EMPTY:
                groups[self._own[key]].append(key)
        for one, two in combinations(groups, 2):
            if self._apart_by_facts(one, two):
                for left, right in product(groups[one], groups[two]):
                    yield left, right, "facts"

    def gives_way(self, one: Id, two: Id) -> bool:
        """Whether only the number of `one` is doubtful, and nothing but the numbers keeps the two apart."""
        mine, other = self._own[one], self._own[two]
        return mine.doubtful and not other.doubtful and not self._conflict(mine, other)

    def _apart_by_facts(self, one: Facts, two: Facts) -> bool:
        if "namesakes" in self._vetoes and namesakes(one, two):
            return True
        return ("different_hard_id" in self._vetoes and hard_ids_differ((one,), (two,))) or bool(
            self._conflict(one, two)
        )

    def clusters(self) -> tuple[tuple[Id, ...], ...]:
        return tuple(sorted(tuple(sorted(members)) for members in self._members.values()))

    def _conflict(self, left: Facts, right: Facts) -> str:
        key = (left, right)
        if key not in self._memo:
            # Numbers were compared cluster against cluster: an asserted merge may hold two of them.
            found = conflict(self._vetoes - {"different_hard_id"}, left, right)
            self._memo[key] = found[0] if found else ""
        return self._memo[key]

    @staticmethod
    def _holders(mine: Mapping[Facts, Id], theirs: Mapping[Facts, Id]) -> tuple[Id, Id]:
        return min(
            (key, other)
            for fact, key in mine.items()
            if fact.hard
            for other_fact, other in theirs.items()
            if other_fact.hard
        )


def _disjoint_places(mine: Mapping[Facts, Id], theirs: Mapping[Facts, Id]) -> tuple[Id, Id] | None:
    """Two members in different cities, when the clusters have no city and no official number in common."""
    if any(left.cities & right.cities or share_hard_id(left, right) for left, right in product(mine, theirs)):
        return None
    placed = [(mine[left], theirs[right]) for left, right in product(mine, theirs) if left.cities and right.cities]
    return min(placed, default=None)
