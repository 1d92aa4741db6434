"""Turns scored edges into clusters: a pure function, the same for any order of its inputs.

First every *different* assertion is forbidden and every *same* assertion joined; then automatic edges are taken from
the heaviest down (weight, then the two ids) and join unless something speaks against it: a *different* assertion, two
different valid official numbers, another veto anywhere across the two clusters, the size cap. What was refused comes
back with its reason, because each refusal is a question for a steward.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from dedupe.fact import EMPTY, Facts
from dedupe.forest import Forest, Id
from dedupe.graph import bridges
from dedupe.rule import VETOES, Bands, Limits
from goldbridge.errors import Reject


class Edge(NamedTuple):
    """A scored pair, a < b. `weight` in ten-thousandths of a bit; `vetoes` are the names of rule.VETOES that it met."""

    a: Id
    b: Id
    weight: int
    band: str
    vetoes: tuple[str, ...] = ()


class Assertion(NamedTuple):
    """What a steward (or a hold) said about two records; `id` is only for messages."""

    a: Id
    b: Id
    id: Any = None


class Node(NamedTuple):
    """A record as clustering sees it: what it says about its identity (`Prepared.facts`), and where it comes from."""

    id: Id
    facts: Facts = EMPTY
    source: str = ""


class Refusal(NamedTuple):
    """An automatic edge that did not join. `reason` is different, margin, one_source, cluster_cap or a veto's name;
    `against` are the records on the two sides that the reason is about (for a margin: the two rival candidates)."""

    a: Id
    b: Id
    weight: int
    reason: str
    against: tuple[Id, Id]


class Weak(NamedTuple):
    """A cluster that hangs on one edge: without (a, b) it falls in two, and the best other pair across scores
    `support`, below the review band."""

    members: tuple[Id, ...]
    a: Id
    b: Id
    weight: int
    support: int | None


class Clustering(NamedTuple):
    """`clusters`: every node once, members and clusters sorted. `refused` sorted by weight down. `capped`: clusters
    that met the size cap."""

    clusters: tuple[tuple[Id, ...], ...]
    refused: tuple[Refusal, ...] = ()
    weak: tuple[Weak, ...] = ()
    capped: tuple[tuple[Id, ...], ...] = ()


class Judge(Protocol):
    """Scores a pair that no edge was given for; used only where a decision hangs on it."""

    def __call__(self, a: Id, b: Id, /) -> Any: ...


def cluster(
    nodes: Iterable[Node],
    edges: Iterable[Edge],
    same: Iterable[Assertion | tuple[Id, Id]] = (),
    different: Iterable[Assertion | tuple[Id, Id]] = (),
    limits: Limits | None = None,
    *,
    bands: Bands | None = None,
    vetoes: frozenset[str] = frozenset(VETOES),
    unique: frozenset[str] = frozenset(),
    fresh: frozenset[Id] = frozenset(),
    judge: Judge | None = None,
    weak: bool = True,
) -> Clustering:
    """Cluster `nodes`; `limits`, `bands` and `vetoes` are those of the rules.

    `edges` may be of any band; only `auto` ones join, but the others tell what is known about a pair. `judge(a, b)`
    gives something with `.weight` for pairs without an edge. `unique` are the sources that hold each thing once: two
    of their records never share a cluster unless a steward said so (E17). `fresh` are records that had no cluster
    before: torn between two clusters that a steward keeps apart, such a record joins neither, however far apart the
    weights (E15). Nobody looks for clusters that hang on one edge where they are not asked for (`weak`).
    Raises `Reject` DED020 when the assertions contradict each other, naming the chain.
    """
    known_nodes = {node.id: node for node in nodes}
    facts = {key: node.facts for key, node in known_nodes.items()}
    same_list = [Assertion(*item) for item in same]
    different_list = [Assertion(*item) for item in different]
    check_assertions(same_list, different_list)
    work = Forest(facts, limits or Limits(), vetoes, [(item.a, item.b) for item in different_list])
    work.alone({key: node.source for key, node in known_nodes.items() if node.source in unique})
    for assertion in sorted(same_list, key=lambda item: _ordered(item.a, item.b)):
        if assertion.a in facts and assertion.b in facts:
            work.join(assertion.a, assertion.b)
    known = _unique(edges, facts)
    auto = sorted(
        (edge for edge in known.values() if edge.band == "auto" and not edge.vetoes),
        key=lambda edge: (-edge.weight, edge.a, edge.b),
    )
    torn = _torn(auto, work, (bands or Bands()).margin, fresh)
    refused: list[Refusal] = []
    for edge in auto:
        if work.root(edge.a) == work.root(edge.b):
            continue
        rivals = torn.get((edge.a, edge.b))
        reason, against = ("margin", rivals) if rivals else work.obstacle(edge.a, edge.b)
        if reason:
            refused.append(Refusal(edge.a, edge.b, edge.weight, reason, against))
        else:
            work.join(edge.a, edge.b)
    # A refused edge whose ends met later by another way is no question any more.
    open_ = tuple(item for item in refused if work.root(item.a) != work.root(item.b))
    clusters = work.clusters()
    capped = {work.root(item.a) for item in open_ if item.reason == "cluster_cap"} | {
        work.root(item.b) for item in open_ if item.reason == "cluster_cap"
    }
    return Clustering(
        clusters,
        open_,
        tuple(_weak(clusters, auto, same_list, known, (bands or Bands()).review, judge)) if weak else (),
        tuple(members for members in clusters if work.root(members[0]) in capped),
    )


def check_assertions(same: Iterable[Assertion], different: Iterable[Assertion]) -> None:
    """Raise `Reject` DED020 when a *different* assertion meets a chain of *same* ones.

    Call it before an assertion is written (E03, E04), so that nothing changes when it is refused.
    """
    linked: dict[Id, list[tuple[Id, Assertion]]] = defaultdict(list)
    for item in same:
        linked[item.a].append((item.b, item))
        linked[item.b].append((item.a, item))
    for item in sorted(different, key=lambda each: _ordered(each.a, each.b)):
        chain = _chain(linked, item.a, item.b)
        if chain is None:
            continue
        said = (
            ", ".join(f"{each.a} = {each.b}{_number(each)}" for each in chain)
            or "a record is not different from itself"
        )
        raise Reject(
            "DED020",
            f"assertions contradict each other: {item.a} and {item.b} are asserted different{_number(item)}, "
            f"but {said}; revoke one of them first",
        )


def _chain(linked: Mapping[Id, list[tuple[Id, Assertion]]], start: Id, end: Id) -> list[Assertion] | None:
    """The shortest chain of *same* assertions between two records; None when there is none."""
    came: dict[Id, tuple[Id, Assertion] | None] = {start: None}
    frontier = [start]
    while frontier and end not in came:
        following = []
        for node in frontier:
            for other, assertion in sorted(linked.get(node, ()), key=lambda pair: pair[0]):
                if other not in came:
                    came[other] = (node, assertion)
                    following.append(other)
        frontier = following
    if end not in came:
        return None
    chain: list[Assertion] = []
    step = came[end]
    while step is not None:
        chain.append(step[1])
        step = came[step[0]]
    return chain[::-1]


def _number(assertion: Assertion) -> str:
    return "" if assertion.id is None else f" (assertion {assertion.id})"


def _ordered(a: Id, b: Id) -> tuple[Id, Id]:
    return (a, b) if a <= b else (b, a)


def _unique(edges: Iterable[Edge], facts: Mapping[Id, Facts]) -> dict[tuple[Id, Id], Edge]:
    """One edge per pair of known nodes, the heaviest when there are several."""
    found: dict[tuple[Id, Id], Edge] = {}
    for edge in edges:
        if edge.a == edge.b or edge.a not in facts or edge.b not in facts:
            continue
        key = _ordered(edge.a, edge.b)
        before = found.get(key)
        if before is None or edge.weight > before.weight:
            found[key] = Edge(*key, edge.weight, edge.band, tuple(edge.vetoes))
    return found


def _torn(auto: list[Edge], work: Forest, margin: int, fresh: frozenset[Id]) -> dict[tuple[Id, Id], tuple[Id, Id]]:
    """Edges that wait because their record has another candidate that is known to be somebody else (E16, E15).

    They wait when the rival's weight is within the margin; and what is weaker than a waiting rival waits too, or the
    record would slip into one side by its second-best edge.
    """
    beside: dict[Id, dict[Id, int]] = defaultdict(dict)
    for edge in auto:
        beside[edge.a][edge.b] = beside[edge.b][edge.a] = edge.weight
    waiting: dict[tuple[Id, Id], tuple[Id, Id]] = {}
    for node, candidates in beside.items():
        if len(candidates) < 2:
            continue
        # A steward who said which one it is has settled the question.
        free = {key: weight for key, weight in candidates.items() if work.root(key) != work.root(node)}
        rivals: dict[Id, list[Id]] = defaultdict(list)
        held: dict[Id, Id] = {}
        for left, right, reason in work.rivals(free):
            rivals[left].append(right)
            rivals[right].append(left)
            if abs(free[left] - free[right]) <= margin or (node in fresh and reason == "different"):
                # Where only one of two numbers is doubtful, that rival gives way and the other is no question.
                if not (reason == "facts" and work.gives_way(right, left)):
                    held[left] = min(held.get(left, right), right)
                if not (reason == "facts" and work.gives_way(left, right)):
                    held[right] = min(held.get(right, left), left)
        for key in sorted(free, key=lambda each: (-free[each], each)):
            stronger = [
                each
                for each in rivals[key]
                if each in held and free[each] >= free[key] and not work.gives_way(each, key)
            ]
            if key not in held and stronger:
                held[key] = min(stronger)
        for key, rival in held.items():
            pair = _ordered(node, key)
            waiting[pair] = min(waiting.get(pair, _ordered(key, rival)), _ordered(key, rival))
    return waiting


def _weak(
    clusters: Iterable[tuple[Id, ...]],
    auto: Iterable[Edge],
    same: Iterable[Assertion],
    known: Mapping[tuple[Id, Id], Edge],
    review: int,
    judge: Judge | None,
) -> Iterable[Weak]:
    """Clusters in which one edge alone holds two parts together (E01); what a steward joined is no question."""
    home: dict[Id, int] = {}
    several = [members for members in clusters if len(members) > 2]
    for number, members in enumerate(several):
        home.update(dict.fromkeys(members, number))
    inside: dict[int, list[Edge]] = defaultdict(list)
    for edge in (*auto, *(Edge(*_ordered(item.a, item.b), 0, _SAID) for item in same)):
        if edge.a in home and home[edge.a] == home.get(edge.b):
            inside[home[edge.a]].append(edge)
    for number, members in enumerate(several):
        edges = inside[number]
        for at, side in bridges(members, [(edge.a, edge.b) for edge in edges]):
            edge = edges[at]
            if edge.band == _SAID:
                continue
            other = [member for member in members if member not in side]
            support = _support(side, other, edge, known, judge)
            if support is None or support < review:
                yield Weak(members, edge.a, edge.b, edge.weight, support)


_SAID = "said"
"""The band of an edge that a steward drew."""

_WEIGHED = 400
"""Pairs across a bridge that are looked at; more say nothing new and a large cluster must not cost a day."""


def _support(
    side: Iterable[Id], other: Iterable[Id], bridge: Edge, known: Mapping[tuple[Id, Id], Edge], judge: Judge | None
) -> int | None:
    best: int | None = None
    pairs = sorted(_ordered(a, b) for a in side for b in other)[:_WEIGHED]
    for pair in pairs:
        if pair == (bridge.a, bridge.b):
            continue
        edge = known.get(pair)
        weight = edge.weight if edge else judge(*pair).weight if judge else None
        if weight is not None and (best is None or weight > best):
            best = weight
    return best


def clusters_of(nodes: Iterable[Hashable], pairs: Iterable[tuple[Id, Id]]) -> tuple[tuple[Id, ...], ...]:
    """Plain connected components: which records must be looked at together when one of them changes."""
    work = Forest(dict.fromkeys(nodes, EMPTY), Limits(), frozenset(), ())
    for a, b in pairs:
        work.join(a, b)
    return work.clusters()
